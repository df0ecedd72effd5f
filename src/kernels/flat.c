
#include "kernels/level.h"
#include "kernels/table.h"
#include <math.h>

enum { LANES = 16 };

void LEVEL(add)(real *restrict y, const real *restrict x, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] += x[i];
}

void LEVEL(sum)(real *y, const real *a, const real *b, size_t n) {
    IVDEP
    for (size_t i = 0; i < n; i++) y[i] = a[i] + b[i];
}

void LEVEL(multiply)(real *restrict y, const real *restrict x, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] *= x[i];
}

void LEVEL(scale_add)(real *y, const real *x, real scale, const real *p, size_t n) {
    IVDEP
    for (size_t i = 0; i < n; i++) y[i] = x[i] * scale + p[i];
}

void LEVEL(scale)(real *y, const real *x, real scale, size_t n) {
    IVDEP
    for (size_t i = 0; i < n; i++) y[i] = x[i] * scale;
}

static double fold_lanes(double *lane) {
    for (int width = LANES / 2; width > 0; width /= 2)
        for (int i = 0; i < width; i++) lane[i] += lane[i + width];
    return lane[0];
}

static inline __attribute__((always_inline)) double chunk_sum(const real *x, size_t n,
                                                              bool squares) {
    double lane[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++) {
            double v = (double)x[i + j];
            lane[j] += squares ? v * v : fabs(v);
        }
    for (int j = 0; i < n; i++, j++) {
        double v = (double)x[i];
        lane[j] += squares ? v * v : fabs(v);
    }
    return fold_lanes(lane);
}

double LEVEL(sum_squares)(const real *x, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i += TREN_CHUNK)
        sum += chunk_sum(x + i, n - i < TREN_CHUNK ? n - i : TREN_CHUNK, true);
    return sum;
}

double LEVEL(sum_abs)(const real *x, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i += TREN_CHUNK)
        sum += chunk_sum(x + i, n - i < TREN_CHUNK ? n - i : TREN_CHUNK, false);
    return sum;
}

static inline __attribute__((always_inline)) double chunk_dot(const real *x, const real *a,
                                                              const real *b, size_t n) {
    double lane[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            lane[j] += (double)x[i + j] * ((double)a[i + j] - (b ? (double)b[i + j] : 0));
    for (int j = 0; i < n; i++, j++)
        lane[j] += (double)x[i] * ((double)a[i] - (b ? (double)b[i] : 0));
    return fold_lanes(lane);
}

double LEVEL(dot)(const real *x, const real *y, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i += TREN_CHUNK)
        sum += chunk_dot(x + i, y + i, NULL, n - i < TREN_CHUNK ? n - i : TREN_CHUNK);
    return sum;
}

double LEVEL(dot_difference)(const real *x, const real *a, const real *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i += TREN_CHUNK)
        sum += chunk_dot(x + i, a + i, b + i, n - i < TREN_CHUNK ? n - i : TREN_CHUNK);
    return sum;
}

double LEVEL(max_abs)(const real *x, size_t n) {
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        double size = fabs((double)x[i]);
        most = size > most ? size : most;
    }
    return most;
}

/* x * 0 is 0 for finite x and NaN otherwise. */
bool LEVEL(all_finite)(const real *x, size_t n) {
    int bad = 0;
    for (size_t i = 0; i < n; i++) bad |= x[i] * 0 != 0;
    return !bad;
}

void LEVEL(column_sums)(real *restrict y, const real *restrict x, int n, int m) {
    for (int j = 0; j < m; j++) y[j] = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < m; j++) y[j] += x[(size_t)i * m + j];
}
