/* Private to kernels: what the files of a level have in common with its table. */
#ifndef TREN_KERNELS_TABLE_H
#define TREN_KERNELS_TABLE_H

#include "kernels/level.h"

void LEVEL(add)(real *restrict y, const real *restrict x, size_t n);
void LEVEL(multiply)(real *restrict y, const real *restrict x, size_t n);
void LEVEL(sum)(real *y, const real *a, const real *b, size_t n);
double LEVEL(sum_squares)(const real *x, size_t n);
double LEVEL(sum_abs)(const real *x, size_t n);
double LEVEL(dot)(const real *x, const real *y, size_t n);
double LEVEL(dot_difference)(const real *x, const real *a, const real *b, size_t n);
double LEVEL(max_abs)(const real *x, size_t n);
bool LEVEL(all_finite)(const real *x, size_t n);
void LEVEL(column_sums)(real *restrict y, const real *restrict x, int n, int m);
void LEVEL(dropout_forward)(real *y, uint8_t *mask, const real *x, const uint32_t *sample, int n,
                            int m, const tren_dropout_key *key);
void LEVEL(dropout_backward)(real *dx, const real *dy, const uint8_t *mask, size_t size,
                             real scale);
void LEVEL(softmax_cross_entropy)(real *z, double *loss, double *correct, const int32_t *label,
                                  int n, int m, real smoothing, real scale);
void LEVEL(softmax)(real *z, int n, int m);
void LEVEL(weighted_cross_entropy)(real *z, double *loss, double *correct, const int32_t *label,
                                   const real *weight, int n, int m, real smoothing, real scale);
void LEVEL(layer_norm_forward)(real *restrict y, real *restrict kept, const real *restrict x,
                               const real *restrict w, const real *restrict b, int n, int m);
void LEVEL(layer_norm_input)(real *restrict dx, const real *restrict dy, const real *restrict x,
                             const real *restrict w, const real *restrict kept, int n, int m,
                             bool add);
void LEVEL(layer_norm_weight)(real *restrict dw, const real *restrict dy, const real *restrict x,
                              const real *restrict kept, int n, int m);
size_t LEVEL(attention_scratch)(const tren_attention_shape *shape);
void LEVEL(attention_forward)(real *restrict y, real *restrict kept, const real *restrict q,
                              const real *restrict k, const real *restrict v,
                              const tren_attention_shape *shape, real *restrict scratch);
void LEVEL(attention_input)(real *restrict dq, real *restrict dk, real *restrict dv,
                            const tren_attention_arrays *arrays, const tren_attention_shape *shape,
                            real *restrict scratch);
void LEVEL(scale_add)(real *y, const real *x, real scale, const real *p, size_t n);
void LEVEL(scale)(real *y, const real *x, real scale, size_t n);
void LEVEL(update_sgd)(real *w, const real *g, real keep, real rate, size_t n);
void LEVEL(update_momentum)(real *w, real *v, const real *g, const tren_momentum_step *step,
                            size_t n);
void LEVEL(update_settle)(real *w, real *v, const tren_momentum_step *step, size_t n);
void LEVEL(update_nesterov)(real *w, real *v, const real *g, const tren_momentum_step *step,
                            size_t n);
void LEVEL(update_adam)(real *w, real *m, real *v, const real *g, const tren_adam_step *step,
                        size_t n);
void LEVEL(walk)(real *restrict point, const real *restrict x, const real *restrict d, real step,
                 size_t n);
void LEVEL(turn)(real *restrict d, const real *restrict g, real gamma, size_t n);
void LEVEL(affine_from_u8)(real *restrict y, const uint8_t *restrict x, const real *restrict scale,
                           const real *restrict shift, size_t n);
void LEVEL(affine_from_f32)(real *restrict y, const float *restrict x, const real *restrict scale,
                            const real *restrict shift, size_t n);
void LEVEL(affine_from_f64)(real *restrict y, const double *restrict x, const real *restrict scale,
                            const real *restrict shift, size_t n);
void LEVEL(centred_from_u8)(real *restrict y, const uint8_t *restrict x,
                            const double *restrict mean, const double *restrict sd, size_t n);
void LEVEL(centred_from_f32)(real *restrict y, const float *restrict x, const double *restrict mean,
                             const double *restrict sd, size_t n);
void LEVEL(centred_from_f64)(real *restrict y, const double *restrict x,
                             const double *restrict mean, const double *restrict sd, size_t n);
void LEVEL(gaussian_add)(real *restrict y, const real *restrict scale, real sd, const tren_rng *rng,
                         size_t n);
void LEVEL(warp_put_u8)(real *restrict room, const uint8_t *restrict x, tren_shape shape);
void LEVEL(warp_put_f32)(real *restrict room, const float *restrict x, tren_shape shape);
void LEVEL(warp_put_f64)(real *restrict room, const double *restrict x, tren_shape shape);
void LEVEL(warp_bilinear)(real *restrict y, const real *restrict room, const tren_warp *map,
                          tren_shape shape, const real *restrict scale, const real *restrict shift);
void LEVEL(warp_whole)(real *restrict y, const real *restrict room, const tren_warp *map,
                       tren_shape shape, const real *restrict scale, const real *restrict shift);
extern const tren_activation_kernels LEVEL(activations)[TREN_N_ACTIVATIONS];
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
