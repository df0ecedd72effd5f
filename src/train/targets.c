/* Normalised targets: what a network learns, and the way back to the units of the data. */
#include "train/feed.h"

#include <stdlib.h>

tren_status target_scale_open(tren_target_scale *scale, const double *mean, const double *sd,
                              int n) {
    *scale = (tren_target_scale){0};
    if (n == 0) return TREN_OK;
    scale->n = n;
    TREN_TRY(tren_alloc(&scale->mean, (size_t)n, sizeof *mean, "targets"));
    TREN_TRY(tren_alloc(&scale->sd, (size_t)n, sizeof *sd, "targets"));
    TREN_TRY(tren_alloc(&scale->unit, (size_t)n, sizeof *scale->unit, "targets"));
    for (int k = 0; k < n; k++) {
        scale->mean[k] = mean[k];
        scale->sd[k] = sd[k] > 0 ? sd[k] : 1;
        scale->unit[k] = (real)scale->sd[k];
    }
    return TREN_OK;
}

void target_scale_close(tren_target_scale *scale) {
    free(scale->mean);
    free(scale->sd);
    free(scale->unit);
    *scale = (tren_target_scale){0};
}

/* In double: a mean may be so large that a real does not tell its targets apart. */
void target_scale_learned(real *out, const tren_target_scale *scale, const double *target,
                          size_t n) {
    size_t width = (size_t)scale->n;
    for (size_t i = 0; i < n; i++)
        out[i] = width == 0 ? (real)target[i]
                            : (real)((target[i] - scale->mean[i % width]) / scale->sd[i % width]);
}

void target_scale_undo(double *out, const tren_target_scale *scale, const real *y, size_t n) {
    size_t width = (size_t)scale->n;
    for (size_t i = 0; i < n; i++)
        out[i] = width == 0 ? (double)y[i]
                            : (double)y[i] * scale->sd[i % width] + scale->mean[i % width];
}
