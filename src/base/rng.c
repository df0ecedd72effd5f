#include "tren/base.h"
#include "base/series.h"

#include <math.h>

enum { PHILOX_ROUNDS = 10 };

tren_rng tren_rng_open(uint64_t seed, tren_purpose purpose, uint32_t sub, uint32_t a, uint32_t b) {
    return (tren_rng){.key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
                      .counter = {(uint32_t)purpose << 24 | (sub & 0xffffffu), a, b}};
}

void tren_rng_words(uint32_t out[4], const tren_rng *rng, uint32_t block) {
    uint32_t c0 = block, c1 = rng->counter[0], c2 = rng->counter[1], c3 = rng->counter[2];
    uint32_t k0 = rng->key[0], k1 = rng->key[1];
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0;
        uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

static double uniform53(uint32_t hi, uint32_t lo) {
    return (double)(((uint64_t)hi << 32 | lo) >> 11) * 0x1p-53;
}

double tren_rng_uniform(const tren_rng *rng, uint32_t index) {
    uint32_t w[4];
    tren_rng_words(w, rng, index / 2);
    return index % 2 ? uniform53(w[2], w[3]) : uniform53(w[0], w[1]);
}

double tren_rng_normal(const tren_rng *rng, uint32_t index) {
    uint32_t w[4];
    tren_rng_words(w, rng, index);
    double u = 1.0 - uniform53(w[0], w[1]); /* in (0, 1] */
    return sqrt(-2.0 * series_log(u)) *
           series_cos(6.283185307179586476925286766559 * uniform53(w[2], w[3]));
}

uint32_t tren_rng_below(const tren_rng *rng, uint32_t index, uint32_t n) {
    uint32_t w[4];
    tren_rng_words(w, rng, index / 2);
    uint64_t draw = index % 2 ? (uint64_t)w[2] << 32 | w[3] : (uint64_t)w[0] << 32 | w[1];
    return (uint32_t)((unsigned __int128)draw * n >> 64);
}

void tren_rng_permutation(uint32_t *out, const tren_rng *rng, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) out[i] = i;
    for (uint32_t i = n; i > 1; i--) {
        uint32_t j = tren_rng_below(rng, i, i);
        uint32_t swap = out[i - 1];
        out[i - 1] = out[j];
        out[j] = swap;
    }
}
