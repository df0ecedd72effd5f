#include "tren/kernels.h"
#include "kernels/clones.h"

enum { LANES = 16, UNITS = 8 * LANES }; /* one sweep of Philox: 16 blocks of 8 draws of 16 bits */

/* Philox4x32-10 of blocks [block, block + 16) as in tren_rng_words, one lane each; word w of lane l lands in
 * out[w][l]. */
static inline __attribute__((always_inline)) void philox_lanes(uint32_t out[4][LANES], const tren_rng *rng,
                                                               uint32_t block) {
    uint32_t c0[LANES], c1[LANES], c2[LANES], c3[LANES];
    for (int l = 0; l < LANES; l++) {
        c0[l] = block + (uint32_t)l;
        c1[l] = rng->counter[0];
        c2[l] = rng->counter[1];
        c3[l] = rng->counter[2];
    }
    uint32_t k0 = rng->key[0], k1 = rng->key[1];
    for (int round = 0; round < 10; round++) {
        for (int l = 0; l < LANES; l++) {
            uint64_t p0 = (uint64_t)0xD2511F53u * c0[l];
            uint64_t p1 = (uint64_t)0xCD9E8D57u * c2[l];
            c0[l] = (uint32_t)(p1 >> 32) ^ c1[l] ^ k0;
            c2[l] = (uint32_t)(p0 >> 32) ^ c3[l] ^ k1;
            c1[l] = (uint32_t)p1;
            c3[l] = (uint32_t)p0;
        }
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    for (int l = 0; l < LANES; l++) {
        out[0][l] = c0[l];
        out[1][l] = c1[l];
        out[2][l] = c2[l];
        out[3][l] = c3[l];
    }
}

/* mask[i] for the 128 units of one sweep: draw h of word w of lane l is unit (2w + h) * 16 + l. */
static inline __attribute__((always_inline)) void mask_sweep(uint8_t *mask, const tren_rng *rng, uint32_t block,
                                                             uint32_t threshold) {
    uint32_t word[4][LANES];
    philox_lanes(word, rng, block);
    for (int w = 0; w < 4; w++)
        for (int l = 0; l < LANES; l++) {
            mask[2 * w * LANES + l] = (word[w][l] & 0xffffu) >= threshold;
            mask[(2 * w + 1) * LANES + l] = (word[w][l] >> 16) >= threshold;
        }
}

TREN_KERNEL void tren_dropout_forward(real *restrict y, uint8_t *restrict mask, const real *restrict x,
                                      const uint32_t *sample, int n, int m, const tren_dropout_key *key) {
    uint32_t threshold = (uint32_t)(key->rate * 65536.0 + 0.5);
    real scale = (real)(1.0 / (1.0 - key->rate));
    uint8_t sweep[UNITS];
    for (int i = 0; i < n; i++) {
        tren_rng rng = tren_rng_open(key->seed, TREN_RNG_DROPOUT, key->layer, key->epoch, sample[i]);
        size_t row = (size_t)i * m;
        for (int j = 0; j < m; j += UNITS) {
            mask_sweep(sweep, &rng, (uint32_t)(j / UNITS) * LANES, threshold);
            int count = m - j < UNITS ? m - j : UNITS;
            for (int u = 0; u < count; u++) {
                mask[row + j + u] = sweep[u];
                y[row + j + u] = sweep[u] ? x[row + j + u] * scale : 0;
            }
        }
    }
}

TREN_KERNEL void tren_dropout_backward(real *restrict dx, const real *restrict dy, const uint8_t *restrict mask,
                                       size_t size, real scale) {
    for (size_t i = 0; i < size; i++) dx[i] = mask[i] ? dy[i] * scale : 0;
}
