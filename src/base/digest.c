#include "tren/base.h"

#include <xxhash.h>

uint64_t tren_digest(const void *bytes, size_t n) {
    return XXH3_64bits(bytes, n);
}

tren_status tren_digest_open(tren_digest_state **state) {
    XXH3_state_t *xxh = XXH3_createState();
    *state = (tren_digest_state *)xxh;
    if (!xxh) return tren_fail_memory(0, "a digest");
    XXH3_64bits_reset(xxh);
    return TREN_OK;
}

void tren_digest_add(tren_digest_state *state, const void *bytes, size_t n) {
    XXH3_64bits_update((XXH3_state_t *)state, bytes, n);
}

uint64_t tren_digest_value(const tren_digest_state *state) {
    return XXH3_64bits_digest((const XXH3_state_t *)state);
}

void tren_digest_close(tren_digest_state *state) {
    XXH3_freeState((XXH3_state_t *)state);
}
