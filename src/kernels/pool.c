/* Pooling on lanes. */
#include "kernels/level.h"

static size_t at_of(int c, int y, int x, int h, int w) {
    return (((size_t)c * h + y) * w + x) * TREN_LANES;
}

void LEVEL(pool_max)(real *restrict y, const real *restrict x, const tren_pool_shape *s) {
    for (int c = 0; c < s->c; c++)
        for (int i = 0; i < s->oh; i++)
            for (int j = 0; j < s->ow; j++)
                for
                    EACH_PART(part) {
                        const real *from = x + part;
                        vec best = load(from + at_of(c, i * s->stride, j * s->stride, s->h, s->w));
                        for (int u = 0; u < s->kh; u++)
                            for (int v = 0; v < s->kw; v++) {
                                vec other = load(from + at_of(c, i * s->stride + u,
                                                              j * s->stride + v, s->h, s->w));
                                best = choose(other > best, other, best);
                            }
                        store(y + at_of(c, i, j, s->oh, s->ow) + part, best);
                    }
}

void LEVEL(pool_average)(real *restrict y, const real *restrict x, const tren_pool_shape *s) {
    const real share = (real)(1.0 / (s->kh * s->kw));
    for (int c = 0; c < s->c; c++)
        for (int i = 0; i < s->oh; i++)
            for (int j = 0; j < s->ow; j++)
                for
                    EACH_PART(part) {
                        vec sum = {0};
                        for (int u = 0; u < s->kh; u++)
                            for (int v = 0; v < s->kw; v++)
                                sum += load(
                                    x + at_of(c, i * s->stride + u, j * s->stride + v, s->h, s->w) +
                                    part);
                        store(y + at_of(c, i, j, s->oh, s->ow) + part, sum * share);
                    }
}

void LEVEL(pool_max_input)(real *restrict dx, const real *restrict dy, const real *restrict x,
                           const real *restrict y, const tren_pool_shape *s) {
    for (int c = 0; c < s->c; c++)
        for (int i = 0; i < s->oh; i++)
            for (int j = 0; j < s->ow; j++)
                for
                    EACH_PART(part) {
                        vec left = load(dy + at_of(c, i, j, s->oh, s->ow) + part);
                        vec best = load(y + at_of(c, i, j, s->oh, s->ow) + part);
                        for (int u = 0; u < s->kh; u++)
                            for (int v = 0; v < s->kw; v++) {
                                size_t at =
                                    at_of(c, i * s->stride + u, j * s->stride + v, s->h, s->w) +
                                    part;
                                vec_mask here = load(x + at) == best;
                                store(dx + at, load(dx + at) + where(here, left));
                                left = where(~here, left);
                            }
                    }
}

void LEVEL(pool_average_input)(real *restrict dx, const real *restrict dy,
                               const tren_pool_shape *s) {
    const real share = (real)(1.0 / (s->kh * s->kw));
    for (int c = 0; c < s->c; c++)
        for (int i = 0; i < s->oh; i++)
            for (int j = 0; j < s->ow; j++)
                for
                    EACH_PART(part) {
                        vec each = load(dy + at_of(c, i, j, s->oh, s->ow) + part) * share;
                        for (int u = 0; u < s->kh; u++)
                            for (int v = 0; v < s->kw; v++) {
                                size_t at =
                                    at_of(c, i * s->stride + u, j * s->stride + v, s->h, s->w) +
                                    part;
                                store(dx + at, load(dx + at) + each);
                            }
                    }
}
