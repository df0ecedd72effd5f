/* Numbers about numbers that are not normally distributed: medians, ranks, intervals. */
#include "tren/scale.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void sort(double *x, int n) {
    qsort(x, (size_t)n, sizeof *x, by_value);
}

/* Between neighbours of sorted values. */
static double at_quantile(const double *sorted, int n, double q) {
    double at = q * (n - 1);
    int i = (int)floor(at);
    if (i + 1 >= n) return sorted[n - 1];
    return sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]);
}

double tren_quantile(double *x, int n, double q) {
    if (n == 0) return NAN;
    sort(x, n);
    return at_quantile(x, n, q);
}

double tren_mean(const double *x, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += x[i];
    return n > 0 ? sum / n : NAN;
}

double tren_harmonic_mean(const double *x, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += 1 / x[i];
    return n > 0 ? n / sum : NAN;
}

/* The largest k such that fewer than k of n values lie below the median with a probability of at
 * most 2.5 %; 0: there is none. Then the k-th smallest and the k-th largest value enclose it. */
static int rank_of_lower_end(int n) {
    double term = 1, below = 0;
    for (int i = 0; i < n; i++) term /= 2;
    for (int k = 0; k <= n; k++) {
        below += term; /* P(at most k values) */
        if (below > 0.025) return k;
        term *= (double)(n - k) / (k + 1);
    }
    return 0;
}

tren_interval tren_interval_of(const double *x, int n) {
    tren_interval out = {NAN, NAN, NAN};
    double *sorted = n > 0 ? malloc((size_t)n * sizeof *sorted) : NULL;
    if (!sorted) return out;
    memcpy(sorted, x, (size_t)n * sizeof *sorted);
    sort(sorted, n);
    out.median = at_quantile(sorted, n, 0.5);
    int k = rank_of_lower_end(n);
    if (k > 0) {
        out.lo = sorted[k - 1];
        out.hi = sorted[n - k];
    }
    free(sorted);
    return out;
}

bool tren_interval_narrow(const tren_interval *i, double width) {
    double most = width * fabs(i->median);
    return i->hi - i->median <= most && i->median - i->lo <= most; /* false for NaN */
}

tren_interval tren_interval_ratio(const tren_interval *a, const tren_interval *b) {
    return (tren_interval){a->median / b->median, a->lo / b->hi, a->hi / b->lo};
}

tren_relation tren_interval_compare(const tren_interval *a, const tren_interval *b) {
    if (isnan(a->lo) || isnan(b->lo)) return TREN_UNKNOWN;
    if (a->hi < b->lo) return TREN_LESS;
    return a->lo > b->hi ? TREN_MORE : TREN_NOT_DISTINGUISHABLE;
}
