/* The area under the ROC curve, by ranks. */
#include "tren/train.h"

#include <math.h>
#include <stdlib.h>

static int by_score(const void *a, const void *b) {
    double x = ((const tren_scored_row *)a)->score, y = ((const tren_scored_row *)b)->score;
    return (x > y) - (x < y);
}

/* Twice the rank of rows [lo, hi), which have one score, counted from 1: a whole number. */
static double twice_rank(size_t lo, size_t hi) {
    return (double)(lo + hi + 1);
}

double tren_area_under_curve(tren_scored_row *row, size_t n) {
    double positives = 0, ranks = 0; /* twice their sum */
    for (size_t i = 0; i < n; i++) {
        if (isnan(row[i].score)) return NAN;
        positives += row[i].positive;
    }
    if (n > 0) qsort(row, n, sizeof *row, by_score);
    for (size_t lo = 0, hi; lo < n; lo = hi) {
        double here = 0;
        for (hi = lo; hi < n && row[hi].score == row[lo].score; hi++) here += row[hi].positive;
        ranks += here * twice_rank(lo, hi);
    }
    double negatives = (double)n - positives;
    return (ranks - positives * (positives + 1)) / (2 * positives * negatives);
}
