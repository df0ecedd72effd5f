/* Private to kernels: what the files of a level have in common with its table. */
#ifndef TREN_KERNELS_TABLE_H
#define TREN_KERNELS_TABLE_H

#include "kernels/level.h"

void LEVEL(narrow_forward)(real *restrict y, const real *restrict x, const real *restrict w,
                           tren_narrow_shape shape);
void LEVEL(narrow_input)(real *restrict dx, const real *restrict dy, const real *restrict w,
                         tren_narrow_shape shape);
void LEVEL(narrow_weight)(real *restrict dw, const real *restrict dy, const real *restrict x,
                          tren_narrow_shape shape, bool accumulate);
void LEVEL(lanes_pack)(real *restrict block, const real *restrict row, int n, int size);
void LEVEL(lanes_unpack)(real *restrict row, const real *restrict block, int n, int size);
void LEVEL(lanes_bias)(real *db, const real *dy, int n_blocks, int c, int area);
void LEVEL(conv_plan)(tren_conv_plan *plan, const tren_conv_shape *shape, bool portable);
void LEVEL(conv_pack)(real *restrict packed, const real *restrict w, const tren_conv_plan *plan,
                      int which);
void LEVEL(conv_forward)(const tren_conv_call *call, const real *b);
void LEVEL(conv_input)(const tren_conv_call *call, bool add);
void LEVEL(conv_weight)(real *restrict dw, const tren_conv_gradient *call);
void LEVEL(norm_statistics)(double *mean, double *m2, const real *x, tren_norm_span span);
void LEVEL(norm_forward)(real *restrict y, const real *restrict x, tren_norm_span span, real a,
                         real b, bool relu);
void LEVEL(norm_sums)(double sum[2], const real *dy, const real *x, tren_norm_span span,
                      const tren_norm_backward *k);
void LEVEL(norm_input)(real *restrict dx, const real *restrict dy, const real *restrict x,
                       tren_norm_span span, const tren_norm_backward *k);
void LEVEL(pool_max)(real *restrict y, const real *restrict x, const tren_pool_shape *shape);
void LEVEL(pool_average)(real *restrict y, const real *restrict x, const tren_pool_shape *shape);
void LEVEL(pool_max_input)(real *restrict dx, const real *restrict dy, const real *restrict x,
                           const real *restrict y, const tren_pool_shape *shape);
void LEVEL(pool_average_input)(real *restrict dx, const real *restrict dy,
                               const tren_pool_shape *shape);
void LEVEL(fma_chains)(real *restrict out, const real *restrict a, const real *restrict b, int n,
                       bool half);
void LEVEL(triad)(real *restrict a, const real *restrict b, const real *restrict c, real s,
                  size_t n);

#endif
