/* Layer normalisation (Ba, Kiros & Hinton 2016): rows by themselves. */
#include "kernels/level.h"
#include "kernels/table.h"

static const double eps = 1e-5;

/* Sums along a row in 16 lanes, folded in halves. */
enum { LANES = 16 };

static real fold_lanes(real *lane) {
    for (int width = LANES / 2; width > 0; width /= 2)
        for (int i = 0; i < width; i++) lane[i] += lane[i + width];
    return lane[0];
}

/* The lanes in registers; what is left of a row is added to the first ones. */
enum { LANE_PARTS = LANES / VL };

static real row_sum(const real *x, int m) {
    vec part[LANE_PARTS] = {{0}};
    int j = 0;
    for (; j + LANES <= m; j += LANES)
        for (int p = 0; p < LANE_PARTS; p++) part[p] += load_anywhere(x + j + p * VL);
    real lane[LANES];
    for (int p = 0; p < LANE_PARTS; p++) store_anywhere(lane + p * VL, part[p]);
    for (int l = 0; j < m; j++, l++) lane[l] += x[j];
    return fold_lanes(lane);
}

static real row_squares(const real *x, real mean, int m) {
    vec part[LANE_PARTS] = {{0}}, all = SPLAT(mean);
    int j = 0;
    for (; j + LANES <= m; j += LANES)
        for (int p = 0; p < LANE_PARTS; p++) {
            vec d = load_anywhere(x + j + p * VL) - all;
            part[p] += d * d;
        }
    real lane[LANES];
    for (int p = 0; p < LANE_PARTS; p++) store_anywhere(lane + p * VL, part[p]);
    for (int l = 0; j < m; j++, l++) lane[l] += (x[j] - mean) * (x[j] - mean);
    return fold_lanes(lane);
}

void LEVEL(layer_norm_forward)(real *restrict y, real *restrict kept, const real *restrict x,
                               const real *restrict w, const real *restrict b, int n, int m) {
    for (int i = 0; i < n; i++, x += m, y += m) {
        real mean = row_sum(x, m) / (real)m;
        real var = row_squares(x, mean, m) / (real)m;
        real inverse = (real)(1 / sqrt((double)var + eps));
        kept[2 * i] = mean;
        kept[2 * i + 1] = inverse;
        for (int j = 0; j < m; j++) y[j] = (x[j] - mean) * inverse * w[j] + b[j];
    }
}

/* Of g = dy w: the sums of g and of g xhat. */
static void gradient_sums(real sum[2], const real *dy, const real *x, const real *w, real mean,
                          real inverse, int m) {
    vec part[LANE_PARTS] = {{0}}, part_x[LANE_PARTS] = {{0}};
    int j = 0;
    for (; j + LANES <= m; j += LANES)
        for (int p = 0; p < LANE_PARTS; p++) {
            int at = j + p * VL;
            vec g = load_anywhere(dy + at) * load_anywhere(w + at);
            part[p] += g;
            part_x[p] += g * ((load_anywhere(x + at) - SPLAT(mean)) * SPLAT(inverse));
        }
    real lane[LANES], by_x[LANES];
    for (int p = 0; p < LANE_PARTS; p++) {
        store_anywhere(lane + p * VL, part[p]);
        store_anywhere(by_x + p * VL, part_x[p]);
    }
    for (int l = 0; j < m; j++, l++) {
        real g = dy[j] * w[j];
        lane[l] += g;
        by_x[l] += g * ((x[j] - mean) * inverse);
    }
    sum[0] = fold_lanes(lane);
    sum[1] = fold_lanes(by_x);
}

ALWAYS_INLINE void input_row(real *restrict dx, const real *restrict dy, const real *restrict x,
                             const real *restrict w, const real *kept, int m, const bool add) {
    real sum[2], mean = kept[0], inverse = kept[1];
    gradient_sums(sum, dy, x, w, mean, inverse, m);
    real off = sum[0] / (real)m, slope = sum[1] / (real)m;
    for (int j = 0; j < m; j++) {
        real d = inverse * (dy[j] * w[j] - off - (x[j] - mean) * inverse * slope);
        dx[j] = add ? dx[j] + d : d;
    }
}

void LEVEL(layer_norm_input)(real *restrict dx, const real *restrict dy, const real *restrict x,
                             const real *restrict w, const real *restrict kept, int n, int m,
                             bool add) {
    for (int i = 0; i < n; i++) {
        size_t at = (size_t)i * m;
        if (add)
            input_row(dx + at, dy + at, x + at, w, kept + 2 * i, m, true);
        else
            input_row(dx + at, dy + at, x + at, w, kept + 2 * i, m, false);
    }
}

void LEVEL(layer_norm_weight)(real *restrict dw, const real *restrict dy, const real *restrict x,
                              const real *restrict kept, int n, int m) {
    for (int j = 0; j < m; j++) dw[j] = 0;
    for (int i = 0; i < n; i++, x += m, dy += m) {
        real mean = kept[2 * i], inverse = kept[2 * i + 1];
        for (int j = 0; j < m; j++) dw[j] += dy[j] * ((x[j] - mean) * inverse);
    }
}
