/* Batch normalisation of one channel at a time, so that what the second pass reads is still in the
 * cache. Compiled with contraction, the sign of a x + b is the same forward and backward. */
#include "kernels/lanes.h"

enum { WAYS = 4 }; /* sums side by side */

/* Lanes of block b that hold an image. */
static int images_of(tren_norm_span s, int b) {
    int left = s.n_images - b * TREN_LANES;
    return left < TREN_LANES ? left : TREN_LANES;
}
static int blocks_of(tren_norm_span s) {
    return (s.n_images + TREN_LANES - 1) / TREN_LANES;
}

/* Sums of x - shift, or of its squares, of each lane. */
ALWAYS_INLINE void plane_sum(real *out, const real *x, int area, real shift, const bool square) {
    lanes sum[WAYS] = {{0}};
    for (int i = 0; i < area; i += WAYS)
        for (int k = 0; k < WAYS && i + k < area; k++) {
            lanes v = LANES_LOAD(x + (size_t)(i + k) * TREN_LANES) - shift;
            if (square) v *= v;
            sum[k] += v;
        }
    LANES_STORE(out, (sum[0] + sum[1]) + (sum[2] + sum[3]));
}

ALWAYS_INLINE double first_lanes(const real *lane, int n) {
    double sum = 0;
    for (int l = 0; l < n; l++) sum += (double)lane[l];
    return sum;
}

TREN_KERNEL void tren_norm_statistics(double *mean, double *m2, const real *x, tren_norm_span s) {
    double count = 0;
    *mean = *m2 = 0;
    for (int b = 0; b < blocks_of(s); b++) {
        const real *plane = x + b * s.stride;
        real lane[TREN_LANES] __attribute__((aligned(TREN_LANES * sizeof(real))));
        int n = images_of(s, b);
        double size = (double)n * s.area;
        plane_sum(lane, plane, s.area, 0, false);
        double own = first_lanes(lane, n) / size;
        plane_sum(lane, plane, s.area, (real)own, true);
        double rest = own - (double)(real)own; /* what rounding the shift left */
        double own_m2 = first_lanes(lane, n) - size * rest * rest, delta = own - *mean;
        *mean += delta * size / (count + size);
        *m2 += own_m2 + delta * delta * count * size / (count + size);
        count += size;
    }
}

TREN_KERNEL void tren_norm_forward(real *restrict y, const real *restrict x, tren_norm_span s,
                                   real a, real b, bool relu) {
    for (int k = 0; k < blocks_of(s); k++) {
        const real *from = x + k * s.stride;
        real *to = y + k * s.stride;
        size_t n = (size_t)s.area * TREN_LANES;
        if (relu)
            for (size_t i = 0; i < n; i++) {
                real v = a * from[i] + b;
                to[i] = v < 0 ? 0 : v; /* keeps what is not a number */
            }
        else
            for (size_t i = 0; i < n; i++) to[i] = a * from[i] + b;
    }
}

/* dy where the relu let a x + b through. A macro, as vectors cannot be passed. */
#define PASSED(dy, x, k, relu)                                                                     \
    ((relu) ? LANES_WHERE((k)->a * (x) + (k)->b > 0, LANES_LOAD(dy)) : LANES_LOAD(dy))

ALWAYS_INLINE void plane_sums(double sum[2], const real *dy, const real *x, int area,
                              const tren_norm_backward *k, const bool relu) {
    lanes g_sum[2] = {{0}}, x_sum[2] = {{0}};
    for (int i = 0; i < area; i++) {
        lanes v = LANES_LOAD(x + (size_t)i * TREN_LANES);
        lanes g = PASSED(dy + (size_t)i * TREN_LANES, v, k, relu);
        g_sum[i & 1] += g;
        x_sum[i & 1] += g * (v - k->mean);
    }
    real one, two;
    LANES_SUM(one, g_sum[0] + g_sum[1]);
    LANES_SUM(two, x_sum[0] + x_sum[1]);
    sum[0] += (double)one;
    sum[1] += (double)two;
}

TREN_KERNEL void tren_norm_sums(double sum[2], const real *dy, const real *x, tren_norm_span s,
                                const tren_norm_backward *k) {
    sum[0] = sum[1] = 0;
    for (int b = 0; b < blocks_of(s); b++)
        if (k->relu)
            plane_sums(sum, dy + b * s.stride, x + b * s.stride, s.area, k, true);
        else
            plane_sums(sum, dy + b * s.stride, x + b * s.stride, s.area, k, false);
}

ALWAYS_INLINE void plane_input(real *dx, const real *dy, const real *x, const tren_norm_backward *k,
                               const real *mask, int area, const bool relu, const bool add) {
    lanes keep = LANES_LOAD(mask);
    for (int i = 0; i < area; i++) {
        size_t at = (size_t)i * TREN_LANES;
        lanes v = LANES_LOAD(x + at), g = PASSED(dy + at, v, k, relu);
        lanes d = (k->a * g - k->slope * (v - k->mean) - k->offset) * keep;
        if (add) d += LANES_LOAD(dx + at);
        LANES_STORE(dx + at, d);
    }
}

TREN_KERNEL void tren_norm_input(real *restrict dx, const real *restrict dy, const real *restrict x,
                                 tren_norm_span s, const tren_norm_backward *k) {
    for (int b = 0; b < blocks_of(s); b++) {
        real mask[TREN_LANES] __attribute__((aligned(TREN_LANES * sizeof(real))));
        size_t at = b * s.stride;
        for (int l = 0; l < TREN_LANES; l++) mask[l] = l < images_of(s, b);
        if (k->relu && k->add)
            plane_input(dx + at, dy + at, x + at, k, mask, s.area, true, true);
        else if (k->relu)
            plane_input(dx + at, dy + at, x + at, k, mask, s.area, true, false);
        else if (k->add)
            plane_input(dx + at, dy + at, x + at, k, mask, s.area, false, true);
        else
            plane_input(dx + at, dy + at, x + at, k, mask, s.area, false, false);
    }
}
