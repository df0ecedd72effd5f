/* Which output points, taps and input positions belong together, and weights in that order. */
#include "kernels/conv_sweep.h"
#include "kernels/conv_ways.h"

#include <string.h>

static void forward_axis(conv_axis *a, int n, const tren_conv_shape *s) {
    *a = (conv_axis){.n = n, .step = 1, .in_step = s->stride, .n_taps = s->kernel};
    for (int t = 0; t < s->kernel; t++) {
        a->at[t] = t - s->pad;
        a->k[t] = t;
    }
    a->lo = -s->pad;
    a->hi = s->kernel - 1 - s->pad;
}

/* Position p + s i of the input got its value into output (p + s i + pad - k) / s, where s divides.
 */
static void input_axis(conv_axis *a, int size, int p, const tren_conv_shape *s) {
    *a = (conv_axis){
        .n = (size - p + s->stride - 1) / s->stride, .first = p, .step = s->stride, .in_step = 1};
    for (int k = s->kernel - 1; k >= 0; k--) {
        int from = p + s->pad - k;
        if (from % s->stride != 0) continue;
        a->at[a->n_taps] = from / s->stride;
        a->k[a->n_taps++] = k;
    }
    a->lo = a->n_taps > 0 ? a->at[0] : 0;
    a->hi = a->n_taps > 0 ? a->at[a->n_taps - 1] : 0;
}

int conv_sweeps(const tren_conv_shape *s, int which) {
    return which == 0 ? 1 : s->stride * s->stride;
}

void conv_sweep_of(conv_sweep *sweep, const tren_conv_shape *s, int which, int i) {
    if (which == 0) {
        forward_axis(&sweep->y, s->oh, s);
        forward_axis(&sweep->x, s->ow, s);
    } else {
        input_axis(&sweep->y, s->h, i / s->stride, s);
        input_axis(&sweep->x, s->w, i % s->stride, s);
    }
}

void conv_fill(real *restrict band, const real *restrict x, const conv_band *b) {
    const size_t lanes = TREN_LANES;
    int lo = b->left < 0 ? -b->left : 0; /* columns [lo, hi) of the band lie inside */
    int hi = b->w - b->left < b->cols ? b->w - b->left : b->cols;
    if (hi < lo) hi = lo;
    for (int c = 0; c < b->c; c++)
        for (int r = 0; r < b->rows; r++) {
            real *row = band + ((size_t)c * b->rows + r) * b->cols * lanes;
            int y = b->first + r;
            if (y < 0 || y >= b->h || hi == lo) {
                memset(row, 0, (size_t)b->cols * lanes * sizeof *row);
                continue;
            }
            memset(row, 0, (size_t)lo * lanes * sizeof *row);
            memcpy(row + lo * lanes, x + (((size_t)c * b->h + y) * b->w + b->left + lo) * lanes,
                   (size_t)(hi - lo) * lanes * sizeof *row);
            memset(row + hi * lanes, 0, (size_t)(b->cols - hi) * lanes * sizeof *row);
        }
}

size_t direct_packed(const tren_conv_shape *s, int which) {
    int in = which == 0 ? s->ci : s->co, out = which == 0 ? s->co : s->ci;
    size_t n = 0;
    for (int i = 0; i < conv_sweeps(s, which); i++) {
        conv_sweep sweep;
        conv_sweep_of(&sweep, s, which, i);
        for (int o = 0; o < out; o += conv_block(out, o))
            n += (size_t)in * sweep.y.n_taps * sweep.x.n_taps * conv_block(out, o);
    }
    return n;
}

/* The weights of output channel o, input channel c at one tap, for a block of outputs. */
static void pack_tap(real *packed, const real *w, const tren_conv_shape *s, int which,
                     const int at[4]) {
    int o = at[0], c = at[1], ky = at[2], kx = at[3];
    int out = which == 0 ? s->co : s->ci, k = s->kernel, block = conv_block(out, o);
    for (int j = 0; j < block; j++) {
        size_t row = which == 0 ? (size_t)(o + j) * s->ci + c : (size_t)c * s->ci + o + j;
        packed[j] = o + j < out ? w[(row * k + ky) * k + kx] : 0;
    }
}

void direct_pack(real *restrict packed, const real *restrict w, const tren_conv_shape *s,
                 int which) {
    int in = which == 0 ? s->ci : s->co, out = which == 0 ? s->co : s->ci;
    for (int i = 0; i < conv_sweeps(s, which); i++) {
        conv_sweep sweep;
        conv_sweep_of(&sweep, s, which, i);
        for (int o = 0; o < out; o += conv_block(out, o))
            for (int c = 0; c < in; c++)
                for (int ty = 0; ty < sweep.y.n_taps; ty++)
                    for (int tx = 0; tx < sweep.x.n_taps; tx++) {
                        pack_tap(packed, w, s, which, (int[]){o, c, sweep.y.k[ty], sweep.x.k[tx]});
                        packed += conv_block(out, o);
                    }
    }
}
