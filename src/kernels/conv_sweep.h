/* Private to the convolution's files: how a convolution walks over its input. */
#ifndef TREN_KERNELS_CONV_SWEEP_H
#define TREN_KERNELS_CONV_SWEEP_H

#include "tren/kernels.h"

/* One direction of a sweep: points i = 0..n-1 lie at first + step * i in the output, and tap t of
 * point i reads position in_step * i + at[t] of the input, for kernel row or column k[t]. */
typedef struct conv_axis {
    int n, first, step, in_step;
    int n_taps, at[TREN_CONV_KERNEL], k[TREN_CONV_KERNEL];
    int lo, hi; /* smallest and largest at[] */
} conv_axis;

/* A forward pass is one sweep. The data gradient at stride s is s * s sweeps, one for each
 * remainder of the output's position: each is a plain correlation of dy with some of the taps. */
typedef struct conv_sweep {
    conv_axis y, x;
} conv_sweep;

int tren_conv_sweeps(const tren_conv_shape *shape, int which);
void tren_conv_sweep_of(conv_sweep *sweep, const tren_conv_shape *shape, int which, int i);

/* Input rows [first, first + rows) and columns [x.lo, ...) of every channel, zeros where they lie
 * outside the picture. */
typedef struct conv_band {
    int c, h, w;     /* of the picture */
    int first, rows; /* may lie outside */
    int left, cols;
} conv_band;
void tren_conv_fill(real *restrict band, const real *restrict x, const conv_band *b);

size_t tren_conv_weight_scratch(const tren_conv_shape *shape);

/* The weight gradient by unfolding, where it pays: a matter of the shape alone. */
bool tren_conv_unfold_pays(const tren_conv_shape *shape);
size_t tren_conv_unfold_scratch(const tren_conv_shape *shape);
void tren_conv_unfold_weight(real *restrict dw, const real *restrict dy, const real *restrict x,
                             int n_blocks, const tren_conv_shape *shape, real *restrict scratch);

enum { CONV_WIDE = 8, CONV_NARROW = 4 }; /* output channels that a kernel computes at a time */
enum { CONV_WIDE_PIXELS = 3, CONV_NARROW_PIXELS = 6 };
/* The width of the block of output channels that begins at o. */
static inline int conv_block(int co, int o) {
    return co - o > CONV_NARROW ? CONV_WIDE : CONV_NARROW;
}

/* m [out, n, lanes] = sums over channels of v [in, n, lanes] times packed weights [blocks of
 * out][in]; size = {in, out, n}. */
void tren_conv_channels(real *restrict m, const real *restrict v, const real *restrict packed,
                        const int size[3]);

/* Winograd's way, where it pays: a matter of the shape alone. */
bool tren_winograd_pays(const tren_conv_shape *shape);
size_t tren_winograd_packed(int in, int out);
void tren_winograd_pack(real *restrict packed, const real *restrict w, const tren_conv_shape *shape,
                        int which);
size_t tren_winograd_scratch(const tren_conv_shape *shape);
typedef struct tren_winograd_call {
    real *y;                    /* [blocks][out, h, w, lanes] */
    const real *x, *packed, *b; /* [blocks][in, h, w, lanes]; b [out] or NULL */
    real *scratch;
    int in, out, h, w;
    bool add; /* onto y */
} tren_winograd_call;
void tren_winograd(const tren_winograd_call *call, int n_blocks);

#endif
