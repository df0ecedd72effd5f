
#include "kernels/level.h"
#include "kernels/table.h"
#include <math.h>

#define INLINE static inline __attribute__((always_inline))

/* ---- into the room --------------------------------------------------------------------------- */

INLINE real *row_of(real *room, tren_shape shape, int channel, int row) {
    size_t stride = (size_t)(shape.w + TREN_WARP_MARGIN),
           plane = stride * (size_t)(shape.h + TREN_WARP_MARGIN);
    return room + (size_t)channel * plane + (size_t)(row + 1) * stride + 1;
}

void LEVEL(warp_put_u8)(real *restrict room, const uint8_t *restrict x, tren_shape shape) {
    for (int c = 0; c < shape.c; c++)
        for (int i = 0; i < shape.h; i++, x += shape.w) {
            real *row = row_of(room, shape, c, i);
            for (int j = 0; j < shape.w; j++) row[j] = (real)x[j];
        }
}

void LEVEL(warp_put_f32)(real *restrict room, const float *restrict x, tren_shape shape) {
    for (int c = 0; c < shape.c; c++)
        for (int i = 0; i < shape.h; i++, x += shape.w) {
            real *row = row_of(room, shape, c, i);
            for (int j = 0; j < shape.w; j++) row[j] = (real)x[j];
        }
}

void LEVEL(warp_put_f64)(real *restrict room, const double *restrict x, tren_shape shape) {
    for (int c = 0; c < shape.c; c++)
        for (int i = 0; i < shape.h; i++, x += shape.w) {
            real *row = row_of(room, shape, c, i);
            for (int j = 0; j < shape.w; j++) row[j] = (real)x[j];
        }
}

/* ---- bilinear -------------------------------------------------------------------------------- */

enum { COLUMNS = 64 };

/* Where a stretch of a row comes from: the upper left of four neighbours, as an offset in a plane
 * of the room, and how far to the right of it and below. */
typedef struct places {
    int n, stride;
    int32_t at[COLUMNS];
    real right[COLUMNS], below[COLUMNS];
} places;

/* Beyond the margin the image goes on with its value, so a place there is as good as one in it. */
INLINE real clamp(real value, real most) {
    value = value > 0 ? value : 0;
    return value < most ? value : most;
}

/* Columns [j0, j0 + p->n) of row i, in the room's coordinates, which are never negative: so
 * truncation rounds down. */
INLINE void locate(places *p, const tren_warp *map, tren_shape shape, int i, int j0) {
    real x0 = (real)(map->xy * i + map->x0 + 1), xx = (real)map->xx, most_x = (real)(shape.w + 1);
    real y0 = (real)(map->yy * i + map->y0 + 1), yx = (real)map->yx, most_y = (real)(shape.h + 1);
    for (int k = 0; k < p->n; k++) {
        real j = (real)(j0 + k);
        real x = clamp(xx * j + x0, most_x), y = clamp(yx * j + y0, most_y);
        int32_t column = (int32_t)x, row = (int32_t)y;
        p->at[k] = row * p->stride + column;
        p->right[k] = x - (real)column;
        p->below[k] = y - (real)row;
    }
}

INLINE void blend(real *restrict y, const real *restrict plane, const places *restrict p,
                  const real *restrict scale, const real *restrict shift) {
    for (int k = 0; k < p->n; k++) {
        const real *upper = plane + p->at[k], *lower = upper + p->stride;
        real right = p->right[k], below = p->below[k];
        real top = upper[0] * (1 - right) + upper[1] * right;
        real bottom = lower[0] * (1 - right) + lower[1] * right;
        y[k] = (top * (1 - below) + bottom * below) * scale[k] + shift[k];
    }
}

void LEVEL(warp_bilinear)(real *restrict y, const real *restrict room, const tren_warp *map,
                          tren_shape shape, const real *restrict scale,
                          const real *restrict shift) {
    size_t size = (size_t)shape.h * (size_t)shape.w, plane = tren_warp_room(shape) / shape.c;
    places p = {.stride = shape.w + TREN_WARP_MARGIN};
    for (int i = 0; i < shape.h; i++)
        for (int j = 0; j < shape.w; j += COLUMNS) {
            p.n = shape.w - j < COLUMNS ? shape.w - j : COLUMNS;
            locate(&p, map, shape, i, j);
            for (int c = 0; c < shape.c; c++) {
                size_t at = (size_t)c * size + (size_t)i * (size_t)shape.w + (size_t)j;
                blend(y + at, room + (size_t)c * plane, &p, scale + at, shift + at);
            }
        }
}

/* ---- whole pixels ---------------------------------------------------------------------------- */

static int within(int value, int least, int most) {
    return value < least ? least : value > most ? most : value;
}

/* y[j] = row[first + step j], row [-1 ... w] of the room; what lies beyond is the margin. */
INLINE void copy_row(real *restrict y, const real *restrict row, int first, int step, int w,
                     const real *restrict factors[2]) {
    const real *restrict scale = factors[0], *restrict shift = factors[1];
    const real outside = row[-1];
    int lo = within(step > 0 ? -first : first - w + 1, 0, w);
    int hi = within(step > 0 ? w - first : first + 1, lo, w);
    for (int j = 0; j < lo; j++) y[j] = outside * scale[j] + shift[j];
    if (step > 0)
        for (int j = lo; j < hi; j++) y[j] = row[first + j] * scale[j] + shift[j];
    else
        for (int j = lo; j < hi; j++) y[j] = row[first - j] * scale[j] + shift[j];
    for (int j = hi; j < w; j++) y[j] = outside * scale[j] + shift[j];
}

void LEVEL(warp_whole)(real *restrict y, const real *restrict room, const tren_warp *map,
                       tren_shape shape, const real *restrict scale, const real *restrict shift) {
    int x0 = (int)map->x0, y0 = (int)map->y0, xx = (int)map->xx, yy = (int)map->yy;
    for (int c = 0; c < shape.c; c++)
        for (int i = 0; i < shape.h; i++) {
            size_t at = ((size_t)c * (size_t)shape.h + (size_t)i) * (size_t)shape.w;
            const real *restrict factors[2] = {scale + at, shift + at};
            const real *row = row_of((real *)room, shape, c, within(yy * i + y0, -1, shape.h));
            copy_row(y + at, row, x0, xx, shape.w, factors);
        }
}
