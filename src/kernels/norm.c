/* Batch normalisation of one channel at a time, so that what the second pass reads is still in the
 * cache. The sign of a x + b, fused, is the same forward and backward. */
#include "kernels/level.h"

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
    for
        EACH_PART(part) {
            vec sum[WAYS] = {{0}};
            for (int i = 0; i < area; i += WAYS)
                for (int k = 0; k < WAYS && i + k < area; k++) {
                    vec v = load(x + (size_t)(i + k) * TREN_LANES + part) - shift;
                    if (square)
                        sum[k] = FMA(v, v, sum[k]);
                    else
                        sum[k] += v;
                }
            store(out + part, (sum[0] + sum[1]) + (sum[2] + sum[3]));
        }
}

ALWAYS_INLINE double first_lanes(const real *lane, int n) {
    double sum = 0;
    for (int l = 0; l < n; l++) sum += (double)lane[l];
    return sum;
}

void LEVEL(norm_statistics)(double *mean, double *m2, const real *x, tren_norm_span s) {
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
        double own_m2 = __builtin_fma(-(size * rest), rest, first_lanes(lane, n));
        double delta = own - *mean;
        *mean += delta * size / (count + size);
        *m2 += own_m2 + delta * delta * count * size / (count + size);
        count += size;
    }
}

/* y [n] = max(a x + b, 0), which keeps what is not a number; or a x + b. */
ALWAYS_INLINE void map_plane(real *y, const real *x, size_t n, real a, real b, const bool relu) {
    vec slope = SPLAT(a), offset = SPLAT(b);
    for (size_t i = 0; i < n; i += VL) {
        vec v = FMA(slope, load(x + i), offset);
        store(y + i, relu ? where(~(vec_mask)(v < 0), v) : v);
    }
}

void LEVEL(norm_forward)(real *restrict y, const real *restrict x, tren_norm_span s, real a, real b,
                         bool relu) {
    size_t n = (size_t)s.area * TREN_LANES;
    for (int k = 0; k < blocks_of(s); k++)
        if (relu)
            map_plane(y + k * s.stride, x + k * s.stride, n, a, b, true);
        else
            map_plane(y + k * s.stride, x + k * s.stride, n, a, b, false);
}

/* dy where the relu let a x + b through. */
ALWAYS_INLINE vec passed(const real *dy, vec x, const tren_norm_backward *k, const bool relu) {
    vec g = load(dy);
    return relu ? where(FMA(SPLAT(k->a), x, SPLAT(k->b)) > 0, g) : g;
}

ALWAYS_INLINE void plane_sums(double sum[2], const real *dy, const real *x, int area,
                              const tren_norm_backward *k, const bool relu) {
    vec g_sum[2][PARTS] = {{{0}}}, x_sum[2][PARTS] = {{{0}}};
    for (int i = 0; i < area; i++)
        for (int p = 0; p < PARTS; p++) {
            size_t at = (size_t)i * TREN_LANES + p * VL;
            vec v = load(x + at), g = passed(dy + at, v, k, relu);
            g_sum[i & 1][p] += g;
            x_sum[i & 1][p] = FMA(g, v - k->mean, x_sum[i & 1][p]);
        }
    for (int p = 0; p < PARTS; p++) {
        g_sum[0][p] += g_sum[1][p];
        x_sum[0][p] += x_sum[1][p];
    }
    sum[0] += (double)lanes_sum(g_sum[0]);
    sum[1] += (double)lanes_sum(x_sum[0]);
}

void LEVEL(norm_sums)(double sum[2], const real *dy, const real *x, tren_norm_span s,
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
    for
        EACH_PART(part) {
            vec keep = load(mask + part), a = SPLAT(k->a);
            for (int i = 0; i < area; i++) {
                size_t at = (size_t)i * TREN_LANES + part;
                vec v = load(x + at), g = passed(dy + at, v, k, relu);
                vec d = (FMA(a, g, -(k->slope * (v - k->mean))) - k->offset) * keep;
                if (add) d += load(dx + at);
                store(dx + at, d);
            }
        }
}

void LEVEL(norm_input)(real *restrict dx, const real *restrict dy, const real *restrict x,
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
