/* Box-Muller on vectors of Philox words. The functions are polynomials of our own (Cephes' logf,
 * sinf and cosf), since those of a C library differ with the CPU. */
#include "kernels/level.h"
#include "kernels/table.h"
#include "kernels/philox.h"

#include <math.h>

enum { LANES = PHILOX_LANES, SWEEP = 4 * LANES };

#define INLINE static inline __attribute__((always_inline))

/* log(x) of a normal x > 0: x = 2^e m, m from sqrt(1/2) to sqrt(2). */
INLINE float log_of(float x) {
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    int32_t exponent = (bits - 0x3f3504f3) >> 23;
    bits -= exponent * (1 << 23);
    memcpy(&x, &bits, sizeof x);
    float m = x - 1.0f, e = (float)exponent, p = 7.0376836292e-2f;
    p = p * m - 1.1514610310e-1f;
    p = p * m + 1.1676998740e-1f;
    p = p * m - 1.2420140846e-1f;
    p = p * m + 1.4249322787e-1f;
    p = p * m - 1.6668057665e-1f;
    p = p * m + 2.0000714765e-1f;
    p = p * m - 2.4999993993e-1f;
    p = p * m + 3.3333331174e-1f;
    float square = m * m;
    float y = p * m * square + e * -2.12194440e-4f - 0.5f * square;
    return m + y + e * 0.693359375f;
}

/* Two independent draws: a radius from 24 bits of one word; from the other an angle in a quarter of
 * the circle around (1, 0), by 24 bits, and which quarter, by two. */
INLINE void draw_pair(float *a, float *b, uint32_t radius_bits, uint32_t angle_bits) {
    float u = (float)((int32_t)(radius_bits >> 8) + 1) * 0x1p-24f; /* in (0, 1] */
    float radius = sqrtf(-2.0f * log_of(u));
    int32_t t = (int32_t)(angle_bits & 0xffffffu) - (1 << 23);
    float angle = ((float)t + 0.5f) * (1.57079632679f * 0x1p-24f), z = angle * angle;
    float sine =
        ((-1.9515295891e-4f * z + 8.3321608736e-3f) * z - 1.6666654611e-1f) * z * angle + angle;
    float cosine =
        ((2.443315711809948e-5f * z - 1.388731625493765e-3f) * z + 4.166664568298827e-2f) * z * z -
        0.5f * z + 1.0f;
    radius = angle_bits & 0x80000000u ? -radius : radius;
    bool swap = (angle_bits & 0x40000000u) != 0;
    *a = radius * (swap ? sine : cosine);
    *b = radius * (swap ? cosine : sine);
}

INLINE void sweep_of(float g[SWEEP], const tren_rng *rng, uint32_t block) {
    uint32_t word[4][LANES];
    philox_lanes(word, rng, block);
    for (int l = 0; l < LANES; l++) draw_pair(&g[l], &g[LANES + l], word[0][l], word[1][l]);
    for (int l = 0; l < LANES; l++)
        draw_pair(&g[2 * LANES + l], &g[3 * LANES + l], word[2][l], word[3][l]);
}

void LEVEL(gaussian_add)(real *restrict y, const real *restrict scale, real sd, const tren_rng *rng,
                         size_t n) {
    float g[SWEEP];
    for (size_t at = 0; at < n; at += SWEEP) {
        size_t count = n - at < SWEEP ? n - at : SWEEP;
        sweep_of(g, rng, (uint32_t)(at / SWEEP) * LANES);
        for (size_t i = 0; i < count; i++) y[at + i] += sd * scale[at + i] * (real)g[i];
    }
}
