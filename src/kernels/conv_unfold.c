/* The weight gradient by unfolding: each weight's input pixels are laid out beside each other, some
 * output rows of a block at a time, and all weights are one matrix product. */
#include "kernels/conv_ways.h"

#include <string.h>

enum { PIECE_BYTES = 512 << 10, LEAST_PIXELS = 64 };

static int rows_at_a_time(const tren_conv_shape *s) {
    size_t row = (size_t)s->ci * s->kernel * s->kernel * s->ow * TREN_LANES * sizeof(real);
    int least = (LEAST_PIXELS + s->ow - 1) / s->ow, rows = (int)(PIECE_BYTES / row);
    if (rows < least) rows = least;
    return rows < s->oh ? rows : s->oh;
}

/* Elements from one weight's pixels to the next one's: an odd number of vectors, lest all of them
 * fall into one set of the first-level cache. */
static size_t unfolded_row(const tren_conv_shape *s, int rows) {
    return ((size_t)rows * s->ow | 1) * TREN_LANES;
}

size_t unfold_scratch(const tren_conv_shape *s) {
    return (size_t)s->ci * s->kernel * s->kernel * unfolded_row(s, rows_at_a_time(s));
}

/* What output row y reads of one channel through kernel row ky and column kx. */
ALWAYS_INLINE void unfold_row(real *to, const real *x, const tren_conv_shape *s, int y, int kx) {
    if (y < 0 || y >= s->h) {
        memset(to, 0, (size_t)s->ow * TREN_LANES * sizeof *to);
        return;
    }
    for (int j = 0, at = kx - s->pad; j < s->ow; j++, at += s->stride) {
        bool inside = at >= 0 && at < s->w;
        const real *from = x + ((size_t)y * s->w + (inside ? at : 0)) * TREN_LANES;
        for
            EACH_PART(part)
        store(to + j * TREN_LANES + part, inside ? load(from + part) : (vec){0});
    }
}

/* to [ci, kernel, kernel][rows, ow, lanes]; x of one block. */
static void unfold(real *to, const real *x, const tren_conv_shape *s, int first, int rows) {
    for (int c = 0; c < s->ci; c++, x += (size_t)s->h * s->w * TREN_LANES)
        for (int ky = 0; ky < s->kernel; ky++)
            for (int kx = 0; kx < s->kernel; kx++, to += unfolded_row(s, rows))
                for (int r = 0; r < rows; r++)
                    unfold_row(to + (size_t)r * s->ow * TREN_LANES, x, s,
                               (first + r) * s->stride + ky - s->pad, kx);
}

void unfold_weight(real *restrict dw, const tren_conv_gradient *call) {
    const tren_conv_shape *s = &call->plan->shape;
    const real *dy = call->dy, *x = call->x;
    real *scratch = call->scratch;
    const size_t line = (size_t)s->ow * TREN_LANES;
    int most = rows_at_a_time(s);
    tren_gemm_shape product = {
        .m = s->co, .n = s->ci * s->kernel * s->kernel, .tb = true, .lda = (int)(s->oh * line)};
    for (int b = 0; b < call->n_blocks; b++, x += (size_t)s->ci * s->h * s->w * TREN_LANES)
        for (int r = 0; r < s->oh; r += most) {
            int rows = s->oh - r < most ? s->oh - r : most;
            unfold(scratch, x, s, r, rows);
            product.k = (int)(rows * line);
            product.ldb = (int)unfolded_row(s, rows);
            conv_gemm(dw, dy + (size_t)b * s->co * s->oh * line + r * line, scratch, product,
                      b > 0 || r > 0, call);
        }
}
