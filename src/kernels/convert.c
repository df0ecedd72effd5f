#include "kernels/level.h"
#include "kernels/table.h"

void LEVEL(affine_from_u8)(real *restrict y, const uint8_t *restrict x, const real *restrict scale,
                           const real *restrict shift, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = (real)x[i] * scale[i] + shift[i];
}

void LEVEL(affine_from_f32)(real *restrict y, const float *restrict x, const real *restrict scale,
                            const real *restrict shift, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = (real)x[i] * scale[i] + shift[i];
}

void LEVEL(affine_from_f64)(real *restrict y, const double *restrict x, const real *restrict scale,
                            const real *restrict shift, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = (real)x[i] * scale[i] + shift[i];
}

void LEVEL(centred_from_u8)(real *restrict y, const uint8_t *restrict x,
                            const double *restrict mean, const double *restrict sd, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = (real)(((double)x[i] - mean[i]) / sd[i]);
}

void LEVEL(centred_from_f32)(real *restrict y, const float *restrict x, const double *restrict mean,
                             const double *restrict sd, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = (real)(((double)x[i] - mean[i]) / sd[i]);
}

void LEVEL(centred_from_f64)(real *restrict y, const double *restrict x,
                             const double *restrict mean, const double *restrict sd, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = (real)(((double)x[i] - mean[i]) / sd[i]);
}
