/* The weight gradient by unfolding: each weight's input pixels are laid out beside each other, some
 * output rows of a block at a time, and all weights are one matrix product. */
#include "kernels/conv_sweep.h"
#include "kernels/lanes.h"

#include <string.h>

enum { PIECE_BYTES = 512 << 10, LEAST_PIXELS = 64 };

bool tren_conv_unfold_pays(const tren_conv_shape *s) {
    return s->stride > 1 && s->co >= 16 && s->ci >= (s->kernel > 1 ? 32 : 8); /* measured */
}

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

size_t tren_conv_unfold_scratch(const tren_conv_shape *s) {
    return (size_t)s->ci * s->kernel * s->kernel * unfolded_row(s, rows_at_a_time(s));
}

/* What output row y reads of one channel through kernel row ky and column kx. */
ALWAYS_INLINE void unfold_row(real *to, const real *x, const tren_conv_shape *s, int y, int kx) {
    if (y < 0 || y >= s->h) {
        memset(to, 0, (size_t)s->ow * TREN_LANES * sizeof *to);
        return;
    }
    for (int j = 0, at = kx - s->pad; j < s->ow; j++, at += s->stride) {
        lanes v = {0};
        if (at >= 0 && at < s->w) v = LANES_LOAD(x + ((size_t)y * s->w + at) * TREN_LANES);
        LANES_STORE(to + j * TREN_LANES, v);
    }
}

/* to [ci, kernel, kernel][rows, ow, lanes]; x of one block. */
TREN_KERNEL static void unfold(real *to, const real *x, const tren_conv_shape *s, int first,
                               int rows) {
    for (int c = 0; c < s->ci; c++, x += (size_t)s->h * s->w * TREN_LANES)
        for (int ky = 0; ky < s->kernel; ky++)
            for (int kx = 0; kx < s->kernel; kx++, to += unfolded_row(s, rows))
                for (int r = 0; r < rows; r++)
                    unfold_row(to + (size_t)r * s->ow * TREN_LANES, x, s,
                               (first + r) * s->stride + ky - s->pad, kx);
}

void tren_conv_unfold_weight(real *restrict dw, const real *restrict dy, const real *restrict x,
                             int n_blocks, const tren_conv_shape *s, real *restrict scratch) {
    const size_t line = (size_t)s->ow * TREN_LANES;
    int most = rows_at_a_time(s);
    tren_gemm_shape product = {
        .m = s->co, .n = s->ci * s->kernel * s->kernel, .tb = true, .lda = (int)(s->oh * line)};
    for (int b = 0; b < n_blocks; b++, x += (size_t)s->ci * s->h * s->w * TREN_LANES)
        for (int r = 0; r < s->oh; r += most) {
            int rows = s->oh - r < most ? s->oh - r : most;
            unfold(scratch, x, s, r, rows);
            product.k = (int)(rows * line);
            product.ldb = (int)unfolded_row(s, rows);
            tren_gemm(dw, dy + (size_t)b * s->co * s->oh * line + r * line, scratch, product, 1,
                      b > 0 || r > 0);
        }
}
