/* One affine map of an image, with what lies outside taken as the value of its margin. The image is
 * first put into a room of its own, with a margin, so that no pixel needs a check of its bounds. */
#ifndef TREN_KERNELS_WARP_H
#define TREN_KERNELS_WARP_H

#include "tren/base.h"

/* Row i, column j of the result is what the image has at column xx j + xy i + x0 and row
 * yx j + yy i + y0. */
typedef struct tren_warp {
    double xx, xy, x0, yx, yy, y0;
} tren_warp;

enum { TREN_WARP_MARGIN = 3 }; /* one row and column before, two after */

static inline size_t tren_warp_room(tren_shape shape) {
    return (size_t)shape.c * (size_t)(shape.h + TREN_WARP_MARGIN) *
           (size_t)(shape.w + TREN_WARP_MARGIN);
}

/* The inside of room [c, h + 3, w + 3] = x [c, h, w]. The margin stays as it is; all of a channel's
 * must have one value. */
void tren_warp_put_u8(real *restrict room, const uint8_t *restrict x, tren_shape shape);
void tren_warp_put_f32(real *restrict room, const float *restrict x, tren_shape shape);
void tren_warp_put_f64(real *restrict room, const double *restrict x, tren_shape shape);

/* Shifts and flips by whole pixels: no value is between two. */
bool tren_warp_is_whole(const tren_warp *map);

/* y [c, h, w] = (the mapped image) * scale [c, h, w] + shift [c, h, w]: bilinear, or for whole
 * pixels. Where both may be asked they give the same bits. */
void tren_warp_bilinear(real *restrict y, const real *restrict room, const tren_warp *map,
                        tren_shape shape, const real *restrict scale, const real *restrict shift);
void tren_warp_whole(real *restrict y, const real *restrict room, const tren_warp *map,
                     tren_shape shape, const real *restrict scale, const real *restrict shift);

#endif
