#include "tren/kernels.h"
#include "kernels/clones.h"

#include <string.h>

enum { LANES = 16, UNITS = 8 * LANES }; /* one sweep of Philox: 16 blocks of 8 draws of 16 bits */

typedef uint32_t lanes32 __attribute__((vector_size(4 * LANES)));
typedef uint64_t lanes64 __attribute__((vector_size(4 * LANES)));

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
static inline __attribute__((always_inline)) void philox_lanes(uint32_t out[4][LANES],
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

/* mask[i] for the 128 units of one sweep: draw h of word w of lane l is unit (2w + h) * 16 + l. */
static inline __attribute__((always_inline)) void mask_sweep(uint8_t *mask, const tren_rng *rng,
                                                             uint32_t block, uint32_t threshold) {
    uint32_t word[4][LANES];
    philox_lanes(word, rng, block);
    for (int w = 0; w < 4; w++) {
        for (int l = 0; l < LANES; l++)
            mask[2 * w * LANES + l] = (word[w][l] & 0xffffu) >= threshold;
        for (int l = 0; l < LANES; l++)
            mask[(2 * w + 1) * LANES + l] = (word[w][l] >> 16) >= threshold;
    }
}

/* m units from one sweep on; m <= UNITS. */
static inline __attribute__((always_inline)) void drop(real *restrict y, uint8_t *restrict mask,
                                                       const real *restrict x,
                                                       const uint8_t *restrict sweep, int m,
                                                       real scale) {
    memcpy(mask, sweep, (size_t)m);
    for (int u = 0; u < m; u++) y[u] = x[u] * ((real)sweep[u] * scale);
}

TREN_KERNEL void tren_dropout_forward(real *restrict y, uint8_t *restrict mask,
                                      const real *restrict x, const uint32_t *sample, int n, int m,
                                      const tren_dropout_key *key) {
    uint32_t threshold = (uint32_t)(key->rate * 65536.0 + 0.5);
    real scale = (real)(1.0 / (1.0 - key->rate));
    uint8_t sweep[UNITS];
    for (int i = 0; i < n; i++) {
        tren_rng rng =
            tren_rng_open(key->seed, TREN_RNG_DROPOUT, key->layer, key->epoch, sample[i]);
        size_t row = (size_t)i * m;
        for (int j = 0; j < m; j += UNITS) {
            mask_sweep(sweep, &rng, (uint32_t)(j / UNITS) * LANES, threshold);
            if (m - j >= UNITS)
                drop(y + row + j, mask + row + j, x + row + j, sweep, UNITS, scale);
            else
                drop(y + row + j, mask + row + j, x + row + j, sweep, m - j, scale);
        }
    }
}

TREN_KERNEL void tren_dropout_backward(real *restrict dx, const real *restrict dy,
                                       const uint8_t *restrict mask, size_t size, real scale) {
    for (size_t i = 0; i < size; i++) dx[i] = dy[i] * ((real)mask[i] * scale);
}
