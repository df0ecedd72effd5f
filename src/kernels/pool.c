/* Pooling on lanes. */
#include "kernels/lanes.h"

static size_t at_of(int c, int y, int x, int h, int w) {
    return (((size_t)c * h + y) * w + x) * TREN_LANES;
}

TREN_KERNEL void tren_pool_max(real *restrict y, const real *restrict x, const tren_pool_shape *s) {
    for (int c = 0; c < s->c; c++)
        for (int i = 0; i < s->oh; i++)
            for (int j = 0; j < s->ow; j++) {
                lanes best = LANES_LOAD(x + at_of(c, i * s->stride, j * s->stride, s->h, s->w));
                for (int u = 0; u < s->kh; u++)
                    for (int v = 0; v < s->kw; v++) {
                        lanes other = LANES_LOAD(
                            x + at_of(c, i * s->stride + u, j * s->stride + v, s->h, s->w));
                        best = LANES_SELECT(other > best, other, best);
                    }
                LANES_STORE(y + at_of(c, i, j, s->oh, s->ow), best);
            }
}

TREN_KERNEL void tren_pool_average(real *restrict y, const real *restrict x,
                                   const tren_pool_shape *s) {
    const real share = (real)(1.0 / (s->kh * s->kw));
    for (int c = 0; c < s->c; c++)
        for (int i = 0; i < s->oh; i++)
            for (int j = 0; j < s->ow; j++) {
                lanes sum = {0};
                for (int u = 0; u < s->kh; u++)
                    for (int v = 0; v < s->kw; v++)
                        sum += LANES_LOAD(
                            x + at_of(c, i * s->stride + u, j * s->stride + v, s->h, s->w));
                LANES_STORE(y + at_of(c, i, j, s->oh, s->ow), sum * share);
            }
}

TREN_KERNEL void tren_pool_max_input(real *restrict dx, const real *restrict dy,
                                     const real *restrict x, const real *restrict y,
                                     const tren_pool_shape *s) {
    for (int c = 0; c < s->c; c++)
        for (int i = 0; i < s->oh; i++)
            for (int j = 0; j < s->ow; j++) {
                lanes left = LANES_LOAD(dy + at_of(c, i, j, s->oh, s->ow));
                lanes best = LANES_LOAD(y + at_of(c, i, j, s->oh, s->ow));
                for (int u = 0; u < s->kh; u++)
                    for (int v = 0; v < s->kw; v++) {
                        size_t at = at_of(c, i * s->stride + u, j * s->stride + v, s->h, s->w);
                        lane_mask here = (lane_mask)(LANES_LOAD(x + at) == best);
                        LANES_STORE(dx + at, LANES_LOAD(dx + at) + LANES_WHERE(here, left));
                        left = LANES_WHERE(~here, left);
                    }
            }
}

TREN_KERNEL void tren_pool_average_input(real *restrict dx, const real *restrict dy,
                                         const tren_pool_shape *s) {
    const real share = (real)(1.0 / (s->kh * s->kw));
    for (int c = 0; c < s->c; c++)
        for (int i = 0; i < s->oh; i++)
            for (int j = 0; j < s->ow; j++) {
                lanes part = LANES_LOAD(dy + at_of(c, i, j, s->oh, s->ow)) * share;
                for (int u = 0; u < s->kh; u++)
                    for (int v = 0; v < s->kw; v++) {
                        size_t at = at_of(c, i * s->stride + u, j * s->stride + v, s->h, s->w);
                        LANES_STORE(dx + at, LANES_LOAD(dx + at) + part);
                    }
            }
}
