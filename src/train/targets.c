/* Normalised targets: what a network learns, and the way back to the units of the data. */
#include "train/feed.h"

#include <stdlib.h>
#include <string.h>

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

void target_scale_learned(real *out, const tren_target_scale *scale, const real *target, int rows) {
    for (int i = 0; i < rows; i++)
        for (int k = 0; k < scale->n; k++)
            *out++ = (real)(((double)*target++ - scale->mean[k]) / scale->sd[k]);
}

void target_scale_undo(real *y, const tren_target_scale *scale, int rows) {
    for (int i = 0; i < rows; i++)
        for (int k = 0; k < scale->n; k++, y++)
            *y = (real)((double)*y * scale->sd[k] + scale->mean[k]);
}
