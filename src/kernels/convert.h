/* From how a row lies in memory to the normalised values a network reads. */
#ifndef TREN_KERNELS_CONVERT_H
#define TREN_KERNELS_CONVERT_H

#include "tren/base.h"

/* y [n] = x [n] * scale [n] + shift [n], in two roundings whatever the vector width. */
void tren_affine_from_u8(real *restrict y, const uint8_t *restrict x, const real *restrict scale,
                         const real *restrict shift, size_t n);
void tren_affine_from_f32(real *restrict y, const float *restrict x, const real *restrict scale,
                          const real *restrict shift, size_t n);
void tren_affine_from_f64(real *restrict y, const double *restrict x, const real *restrict scale,
                          const real *restrict shift, size_t n);

/* y [n] = (x [n] - mean [n]) / sd [n], subtracted and divided in double, then rounded once. */
void tren_centred_from_u8(real *restrict y, const uint8_t *restrict x, const double *restrict mean,
                          const double *restrict sd, size_t n);
void tren_centred_from_f32(real *restrict y, const float *restrict x, const double *restrict mean,
                           const double *restrict sd, size_t n);
void tren_centred_from_f64(real *restrict y, const double *restrict x, const double *restrict mean,
                           const double *restrict sd, size_t n);

#endif
