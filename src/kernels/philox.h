/* Philox for kernels: sixteen blocks at once, one a vector lane. */
#ifndef TREN_KERNELS_PHILOX_H
#define TREN_KERNELS_PHILOX_H

#include "tren/base.h"

#include <string.h>

enum { PHILOX_LANES = 16 };

typedef uint32_t lanes32 __attribute__((vector_size(4 * PHILOX_LANES)));
typedef uint64_t lanes64 __attribute__((vector_size(4 * PHILOX_LANES)));

/* The low and high words of factor * c, lane by lane: even lanes by a 64-bit product, odd ones by
 * another. */
static inline __attribute__((always_inline)) void multiply(lanes32 *low, lanes32 *high,
                                                           const lanes32 *c, uint64_t factor) {
    const lanes64 low_half = (lanes64){0} + 0xffffffffu;
    lanes64 even = ((lanes64)*c & low_half) * factor, odd = ((lanes64)*c >> 32) * factor;
    *low = (lanes32)((even & low_half) | odd << 32);
    *high = (lanes32)((even >> 32) | (odd & ~low_half));
}

/* Philox4x32-10 of blocks [block, block + 16) as in tren_rng_words, one lane each; word w of lane l
 * lands in out[w][l]. */
static inline __attribute__((always_inline)) void philox_lanes(uint32_t out[4][PHILOX_LANES],
                                                               const tren_rng *rng,
                                                               uint32_t block) {
    const lanes32 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, zero = {0};
    lanes32 c0 = lane + block, c1 = zero + rng->counter[0], c2 = zero + rng->counter[1],
            c3 = zero + rng->counter[2];
    uint32_t k0 = rng->key[0], k1 = rng->key[1];
    for (int round = 0; round < 10; round++) {
        lanes32 low0, high0, low1, high1;
        multiply(&low0, &high0, &c0, 0xD2511F53u);
        multiply(&low1, &high1, &c2, 0xCD9E8D57u);
        c0 = high1 ^ c1 ^ k0;
        c2 = high0 ^ c3 ^ k1;
        c1 = low1;
        c3 = low0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    memcpy(out[0], &c0, sizeof c0);
    memcpy(out[1], &c1, sizeof c1);
    memcpy(out[2], &c2, sizeof c2);
    memcpy(out[3], &c3, sizeof c3);
}

#endif
