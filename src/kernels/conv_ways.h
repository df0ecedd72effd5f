/* Private to the convolution's files: its ways, each with what it needs. conv_plan.c chooses among
 * them and is the only one that knows all. */
#ifndef TREN_KERNELS_CONV_WAYS_H
#define TREN_KERNELS_CONV_WAYS_H

#include "kernels/product.h"

/* Each level has functions of its own. */
#define direct_scratch          LEVEL(direct_scratch)
#define direct_packed           LEVEL(direct_packed)
#define direct_pack             LEVEL(direct_pack)
#define direct_forward          LEVEL(direct_forward)
#define direct_input            LEVEL(direct_input)
#define direct_weight_scratch   LEVEL(direct_weight_scratch)
#define direct_weight           LEVEL(direct_weight)
#define unfold_scratch          LEVEL(unfold_scratch)
#define unfold_weight           LEVEL(unfold_weight)
#define winograd_scratch        LEVEL(winograd_scratch)
#define winograd_packed         LEVEL(winograd_packed)
#define winograd_pack           LEVEL(winograd_pack)
#define winograd_run            LEVEL(winograd_run)
#define winograd_weight_scratch LEVEL(winograd_weight_scratch)
#define winograd_weight         LEVEL(winograd_weight)

/* Elements of scratch, of packed weights (which = 0: forward, 1: data gradient), the packing, and
 * the three products of `n_blocks` blocks, as in tren/kernels.h. */

/* Directly: conv.c, conv_sweep.c, conv_weight.c. */
size_t direct_scratch(const tren_conv_shape *shape);
size_t direct_packed(const tren_conv_shape *shape, int which);
void direct_pack(real *restrict packed, const real *restrict w, const tren_conv_shape *shape,
                 int which);
void direct_forward(const tren_conv_call *call, const real *b);
void direct_input(const tren_conv_call *call, bool add);
size_t direct_weight_scratch(const tren_conv_shape *shape);
void direct_weight(real *restrict dw, const tren_conv_gradient *call);

/* By unfolding the input. */
size_t unfold_scratch(const tren_conv_shape *shape);
void unfold_weight(real *restrict dw, const tren_conv_gradient *call);

/* By Winograd's minimal filtering: 3 x 3 kernels at stride 1 with a padding of 1. */
size_t winograd_scratch(const tren_conv_shape *shape);
size_t winograd_packed(int in, int out);
void winograd_pack(real *restrict packed, const real *restrict w, const tren_conv_shape *shape,
                   int which);
/* Forward or the data gradient; `b` (or NULL) and `add` as there. */
void winograd_run(const tren_conv_call *call, int which, const real *b, bool add);
size_t winograd_weight_scratch(const tren_conv_shape *shape);
void winograd_weight(real *restrict dw, const tren_conv_gradient *call);

/* The products of a weight gradient, by whom the plan says. */
static inline void conv_gemm(real *c, const real *a, const real *b, tren_gemm_shape shape,
                             real beta, const tren_conv_gradient *call) {
    tren_product p = tren_product_of(shape, 1, beta);
    if (call->plan->portable)
        tren_product_run(c, a, b, &p,
                         call->scratch + call->plan->scratch - tren_product_scratch(NULL));
    else
        tren_gemm(c, a, b, shape, 1, beta);
}

#endif
