#include "tren/base.h"

#include <stdlib.h>
#include <string.h>

tren_status tren_arena_open(tren_arena *arena, size_t len) {
    *arena = (tren_arena){0};
    size_t bytes = (len * sizeof(real) + 63) / 64 * 64;
    if (bytes == 0) bytes = 64;
    arena->at = aligned_alloc(64, bytes);
    if (!arena->at)
        return tren_fail(TREN_ERR_INTERNAL,
                         "out of memory: %.3g GiB for weights and activations; make the model or "
                         "the batch smaller, or find a machine with more memory",
                         (double)bytes / 0x1p30);
    memset(arena->at, 0, bytes);
    arena->len = len;
    return TREN_OK;
}

void tren_arena_close(tren_arena *arena) {
    free(arena->at);
    *arena = (tren_arena){0};
}

tren_status tren_alloc(void *out, size_t count, size_t size, const char *what) {
    void *at = calloc(count ? count : 1, size);
    memcpy(out, &at, sizeof at);
    if (at) return TREN_OK;
    return tren_fail(TREN_ERR_INTERNAL,
                     "out of memory: %.3g GiB for %s; use less data or a machine with more memory",
                     (double)count * (double)size / 0x1p30, what);
}
