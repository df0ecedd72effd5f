#include "kernels/level.h"
#include "kernels/table.h"
#include "kernels/philox.h"

enum { LANES = PHILOX_LANES, UNITS = 8 * LANES }; /* one sweep: 16 blocks of 8 draws of 16 bits */

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
static inline __attribute__((always_inline)) void drop(real *y, uint8_t *mask, const real *x,
                                                       const uint8_t *sweep, int m, real scale) {
    memcpy(mask, sweep, (size_t)m);
    IVDEP
    for (int u = 0; u < m; u++) y[u] = x[u] * ((real)sweep[u] * scale);
}

void LEVEL(dropout_forward)(real *y, uint8_t *mask, const real *x, const uint32_t *sample, int n,
                            int m, const tren_dropout_key *key) {
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

void LEVEL(dropout_backward)(real *dx, const real *dy, const uint8_t *mask, size_t size,
                             real scale) {
    IVDEP
    for (size_t i = 0; i < size; i++) dx[i] = dy[i] * ((real)mask[i] * scale);
}
