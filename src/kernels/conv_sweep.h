/* Private to the convolution's files: how a convolution walks over its input. */
#ifndef TREN_KERNELS_CONV_SWEEP_H
#define TREN_KERNELS_CONV_SWEEP_H

#include "kernels/level.h"

/* Each level has functions of its own. */
#define conv_sweeps   LEVEL(conv_sweeps)
#define conv_sweep_of LEVEL(conv_sweep_of)
#define conv_fill     LEVEL(conv_fill)
#define conv_channels LEVEL(conv_channels)

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

int conv_sweeps(const tren_conv_shape *shape, int which);
void conv_sweep_of(conv_sweep *sweep, const tren_conv_shape *shape, int which, int i);

/* Input rows [first, first + rows) and columns [x.lo, ...) of every channel, zeros where they lie
 * outside the picture. */
typedef struct conv_band {
    int c, h, w;     /* of the picture */
    int first, rows; /* may lie outside */
    int left, cols;
} conv_band;
void conv_fill(real *restrict band, const real *restrict x, const conv_band *b);

/* Output channels that a kernel computes at a time, and pixels: their sums fill the registers, of
 * which 64-byte ones are twice as many. */
enum { CONV_WIDE = VB == 64 ? 8 : 4, CONV_NARROW = CONV_WIDE / 2 };
enum { CONV_WIDE_PIXELS = 3, CONV_NARROW_PIXELS = 6 };
/* The width of the block of output channels that begins at o. */
static inline int conv_block(int co, int o) {
    return co - o > CONV_NARROW ? CONV_WIDE : CONV_NARROW;
}

/* m [out, n, lanes] = sums over channels of v [in, n, lanes] times packed weights [blocks of
 * out][in]; size = {in, out, n}. */
void conv_channels(real *restrict m, const real *restrict v, const real *restrict packed,
                   const int size[3]);

#endif
