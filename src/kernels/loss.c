#include "kernels/level.h"
#include "kernels/table.h"
#include "base/series.h"
#include "kernels/vmath.h"

/* Subtracts each row's maximum; returns in `best` its first column. */
static inline int subtract_max(real *z, int m) {
    int best = 0;
    for (int j = 1; j < m; j++)
        if (z[j] > z[best]) best = j;
    real top = z[best];
    for (int j = 0; j < m; j++) z[j] -= top;
    return best;
}

static void map_exp(real *z, size_t size) {
    for (size_t i = 0; i < size; i++) z[i] = vexp(z[i]);
}

static inline real row_sum(const real *z, int m) {
    real sum = 0;
    for (int j = 0; j < m; j++) sum += z[j];
    return sum;
}

enum {
    BLOCK = 64
}; /* rows; the label's and the mean logit must be kept before exp overwrites them */

static void cross_entropy_block(real *z, double *loss, double *correct, const int32_t *label, int n,
                                int m, real smoothing, real scale) {
    double expected[BLOCK]; /* sum_j target_j * z_j */
    for (int i = 0; i < n; i++) {
        real *row = z + (size_t)i * m;
        *correct += subtract_max(row, m) == label[i];
        double mean = smoothing > 0 ? (double)row_sum(row, m) / m : 0;
        expected[i] = (1 - (double)smoothing) * (double)row[label[i]] + (double)smoothing * mean;
    }
    map_exp(z, (size_t)n * m);
    for (int i = 0; i < n; i++) {
        real *row = z + (size_t)i * m;
        real sum = row_sum(row, m);
        *loss += series_log((double)sum) - expected[i];
        real factor = scale / sum, off = scale * (smoothing / (real)m);
        for (int j = 0; j < m; j++) row[j] = row[j] * factor - off;
        row[label[i]] -= scale * (1 - smoothing);
    }
}

void LEVEL(softmax_cross_entropy)(real *z, double *loss, double *correct, const int32_t *label,
                                  int n, int m, real smoothing, real scale) {
    for (int i = 0; i < n; i += BLOCK)
        cross_entropy_block(z + (size_t)i * m, loss, correct, label + i,
                            n - i < BLOCK ? n - i : BLOCK, m, smoothing, scale);
}

/* sum_j weight_j (label_j (1 - e) + e/m) f_j, of one row. */
static inline double weighted(const real *f, const real *weight, int label, int m,
                              double smoothing) {
    double sum = 0;
    for (int j = 0; j < m; j++) sum += (double)weight[j] * (f ? (double)f[j] : 1);
    double own = (double)weight[label] * (f ? (double)f[label] : 1);
    return (1 - smoothing) * own + smoothing / m * sum;
}

void LEVEL(weighted_cross_entropy)(real *z, double *loss, double *correct, const int32_t *label,
                                   const real *weight, int n, int m, real smoothing, real scale) {
    for (int i = 0; i < n; i++) {
        real *row = z + (size_t)i * m;
        *correct += subtract_max(row, m) == label[i];
        double all = weighted(NULL, weight, label[i], m, (double)smoothing);
        double expected = weighted(row, weight, label[i], m, (double)smoothing);
        map_exp(row, (size_t)m);
        real sum = row_sum(row, m), factor = scale * (real)all / sum,
             off = scale * (smoothing / (real)m);
        *loss += all * series_log((double)sum) - expected;
        for (int j = 0; j < m; j++) row[j] = row[j] * factor - off * weight[j];
        row[label[i]] -= scale * (1 - smoothing) * weight[label[i]];
    }
}

void LEVEL(softmax)(real *z, int n, int m) {
    for (int i = 0; i < n; i++) subtract_max(z + (size_t)i * m, m);
    map_exp(z, (size_t)n * m);
    for (int i = 0; i < n; i++) {
        real *row = z + (size_t)i * m, sum = row_sum(row, m);
        for (int j = 0; j < m; j++) row[j] /= sum;
    }
}
