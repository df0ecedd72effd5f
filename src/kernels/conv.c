/* Direct convolution on lanes: a few output channels by a few pixels of sums stay in registers
 * while input channels and taps go by. Each element is one chain of fused multiply-adds, input
 * channels outside, taps inside. */
#include "kernels/conv_sweep.h"
#include "kernels/conv_ways.h"

enum { WIDE_PIXELS = CONV_WIDE_PIXELS, NARROW_PIXELS = CONV_NARROW_PIXELS };
enum { MAX_TAPS = TREN_CONV_KERNEL * TREN_CONV_KERNEL };
/* Bytes of a band: it should stay in the second-level cache. */
enum { BAND_BYTES = 384 * 1024 };

/* A run of output pixels of one row, for one block of output channels. */
typedef struct conv_run {
    real *y;
    size_t y_channel, y_pixel; /* elements from one to the next */
    const real *x;
    size_t x_channel, x_pixel;
    const real *w;
    const size_t *tap; /* [n_taps] elements */
    int ci, n_taps;
    int co;        /* channels to store */
    const real *b; /* or NULL */
    bool add;
} conv_run;

ALWAYS_INLINE void run_part(const conv_run *r, real *y, const real *x0, const int co,
                            const int pixels) {
    vec sum[CONV_WIDE][NARROW_PIXELS];
    UNROLL
    for (int o = 0; o < co; o++) {
        UNROLL
        for (int p = 0; p < pixels; p++) {
            sum[o][p] = (vec){0};
            if (o >= r->co) continue;
            if (r->b) sum[o][p] += r->b[o];
            if (r->add) sum[o][p] = load(y + o * r->y_channel + p * r->y_pixel);
        }
    }
    const real *w = r->w;
    for (int c = 0; c < r->ci; c++) {
        const real *x = x0 + c * r->x_channel;
        for (int t = 0; t < r->n_taps; t++) {
            const real *from = x + r->tap[t];
            vec v[NARROW_PIXELS];
            UNROLL
            for (int p = 0; p < pixels; p++) v[p] = load(from + p * r->x_pixel);
            UNROLL
            for (int o = 0; o < co; o++) {
                vec weight = SPLAT(w[o]);
                UNROLL
                for (int p = 0; p < pixels; p++) sum[o][p] = FMA(v[p], weight, sum[o][p]);
            }
            w += co;
        }
    }
    UNROLL
    for (int o = 0; o < co; o++) {
        if (o >= r->co) continue;
        UNROLL
        for (int p = 0; p < pixels; p++) store(y + o * r->y_channel + p * r->y_pixel, sum[o][p]);
    }
}

ALWAYS_INLINE void run_tile(const conv_run *r, int at, const int co, const int pixels) {
    for
        EACH_PART(part)
    run_part(r, r->y + (size_t)at * r->y_pixel + part, r->x + (size_t)at * r->x_pixel + part, co,
             pixels);
}

/* A constant number of pixels keeps the sums in registers. */
static void run_wide(const conv_run *r, int n) {
    int i = 0;
    for (; i + WIDE_PIXELS <= n; i += WIDE_PIXELS) run_tile(r, i, CONV_WIDE, WIDE_PIXELS);
    if (n - i == 2)
        run_tile(r, i, CONV_WIDE, 2);
    else if (n - i == 1)
        run_tile(r, i, CONV_WIDE, 1);
}

static void run_narrow(const conv_run *r, int n) {
    int i = 0;
    for (; i + NARROW_PIXELS <= n; i += NARROW_PIXELS) run_tile(r, i, CONV_NARROW, NARROW_PIXELS);
    for (; i + 4 <= n; i += 4) run_tile(r, i, CONV_NARROW, 4);
    for (; i + 2 <= n; i += 2) run_tile(r, i, CONV_NARROW, 2);
    if (i < n) run_tile(r, i, CONV_NARROW, 1);
}

void conv_channels(real *restrict m, const real *restrict v, const real *restrict packed,
                   const int size[3]) {
    static const size_t here = 0;
    int in = size[0], out = size[1], n = size[2];
    size_t row = (size_t)n * TREN_LANES;
    conv_run r = {.y_channel = row,
                  .y_pixel = TREN_LANES,
                  .x = v,
                  .x_channel = row,
                  .x_pixel = TREN_LANES,
                  .w = packed,
                  .tap = &here,
                  .ci = in,
                  .n_taps = 1};
    for (int o = 0; o < out; o += conv_block(out, o)) {
        int block = conv_block(out, o);
        r.y = m + o * row;
        r.co = out - o < block ? out - o : block;
        if (block == CONV_WIDE)
            run_wide(&r, n);
        else
            run_narrow(&r, n);
        r.w += (size_t)in * block;
    }
}

/* One sweep over one block of images. */
typedef struct sweep_call {
    conv_sweep sweep;
    real *y;
    int co, oh, ow; /* of y */
    const real *x, *packed, *b;
    conv_band band; /* c, h, w of x, left and cols; first and rows per call */
    real *room;
    bool add;
} sweep_call;

static int input_rows(const conv_axis *y, int n) {
    return (n - 1) * y->in_step + y->hi - y->lo + 1;
}

/* Output rows that one band of input serves. */
static int rows_of_band(const conv_sweep *s, int c, int cols) {
    size_t row = (size_t)c * cols * TREN_LANES * sizeof(real);
    int n = 1;
    while (n < s->y.n && input_rows(&s->y, n + 1) * row <= BAND_BYTES) n++;
    return n;
}

static int columns(const conv_axis *x) {
    return (x->n - 1) * x->in_step + x->hi - x->lo + 1;
}

static void run_row(const sweep_call *c, int row, int in_band) {
    const conv_sweep *s = &c->sweep;
    const size_t lanes_n = TREN_LANES, line = c->band.cols * lanes_n;
    size_t tap[MAX_TAPS];
    int n_taps = 0;
    for (int ty = 0; ty < s->y.n_taps; ty++)
        for (int tx = 0; tx < s->x.n_taps; tx++)
            tap[n_taps++] = (s->y.at[ty] - s->y.lo) * line + (s->x.at[tx] - s->x.lo) * lanes_n;
    conv_run r = {.y_channel = (size_t)c->oh * c->ow * lanes_n,
                  .y_pixel = s->x.step * lanes_n,
                  .x = c->room + (size_t)in_band * s->y.in_step * line,
                  .x_channel = c->band.rows * line,
                  .x_pixel = s->x.in_step * lanes_n,
                  .w = c->packed,
                  .tap = tap,
                  .ci = c->band.c,
                  .n_taps = n_taps,
                  .add = c->add};
    size_t first = (size_t)(s->y.first + s->y.step * row) * c->ow + s->x.first;
    for (int o = 0; o < c->co; o += conv_block(c->co, o)) {
        int block = conv_block(c->co, o);
        r.y = c->y + o * r.y_channel + first * lanes_n;
        r.b = c->b ? c->b + o : NULL;
        r.co = c->co - o < block ? c->co - o : block;
        if (block == CONV_WIDE)
            run_wide(&r, s->x.n);
        else
            run_narrow(&r, s->x.n);
        r.w += (size_t)c->band.c * n_taps * block;
    }
}

static void run_sweep(sweep_call *c) {
    const conv_sweep *s = &c->sweep;
    c->band.left = s->x.lo;
    c->band.cols = columns(&s->x);
    int most = rows_of_band(s, c->band.c, c->band.cols);
    for (int row = 0; row < s->y.n; row += most) {
        int n = s->y.n - row < most ? s->y.n - row : most;
        c->band.first = row * s->y.in_step + s->y.lo;
        c->band.rows = input_rows(&s->y, n);
        conv_fill(c->room, c->x, &c->band);
        for (int i = 0; i < n; i++) run_row(c, row + i, i);
    }
}

static void forward_block(real *restrict y, const real *restrict x, const real *restrict packed,
                          const real *b, const tren_conv_shape *s, real *restrict scratch) {
    sweep_call c = {.y = y,
                    .co = s->co,
                    .oh = s->oh,
                    .ow = s->ow,
                    .x = x,
                    .packed = packed,
                    .b = b,
                    .band = {.c = s->ci, .h = s->h, .w = s->w},
                    .room = scratch};
    conv_sweep_of(&c.sweep, s, 0, 0);
    run_sweep(&c);
}

/* Pixels that no tap reaches, as behind a 1 x 1 kernel at stride 2. */
static void clear_points(const sweep_call *c) {
    for (int o = 0; o < c->co && !c->add; o++)
        for (int i = 0; i < c->sweep.y.n; i++)
            for (int j = 0; j < c->sweep.x.n; j++) {
                int y = c->sweep.y.first + c->sweep.y.step * i;
                int x = c->sweep.x.first + c->sweep.x.step * j;
                real *at = c->y + (((size_t)o * c->oh + y) * c->ow + x) * TREN_LANES;
                for
                    EACH_PART(part) store(at + part, (vec){0});
            }
}

static void input_block(real *restrict dx, const real *restrict dy, const real *restrict packed,
                        const tren_conv_shape *s, real *restrict scratch, bool add) {
    sweep_call c = {.y = dx,
                    .co = s->ci,
                    .oh = s->h,
                    .ow = s->w,
                    .x = dy,
                    .packed = packed,
                    .band = {.c = s->co, .h = s->oh, .w = s->ow},
                    .room = scratch,
                    .add = add};
    for (int i = 0; i < conv_sweeps(s, 1); i++) {
        conv_sweep_of(&c.sweep, s, 1, i);
        size_t taps = (size_t)c.sweep.y.n_taps * c.sweep.x.n_taps;
        if (c.sweep.y.n < 1 || c.sweep.x.n < 1) continue;
        if (taps == 0)
            clear_points(&c);
        else
            run_sweep(&c);
        for (int o = 0; o < s->ci; o += conv_block(s->ci, o))
            c.packed += (size_t)s->co * taps * conv_block(s->ci, o);
    }
}

/* ---- all blocks ------------------------------------------------------------------------------ */

void direct_forward(const tren_conv_call *c, const real *b) {
    const tren_conv_shape *s = &c->plan->shape;
    size_t x = (size_t)s->ci * s->h * s->w * TREN_LANES,
           y = (size_t)s->co * s->oh * s->ow * TREN_LANES;
    for (int i = 0; i < c->n_blocks; i++)
        forward_block(c->y + i * y, c->x + i * x, c->packed, b, s, c->scratch);
}

void direct_input(const tren_conv_call *c, bool add) {
    const tren_conv_shape *s = &c->plan->shape;
    size_t dx = (size_t)s->ci * s->h * s->w * TREN_LANES,
           dy = (size_t)s->co * s->oh * s->ow * TREN_LANES;
    for (int i = 0; i < c->n_blocks; i++)
        input_block(c->y + i * dx, c->x + i * dy, c->packed, s, c->scratch, add);
}

size_t direct_scratch(const tren_conv_shape *s) {
    size_t most = 0;
    for (int which = 0; which < 2; which++)
        for (int i = 0; i < conv_sweeps(s, which); i++) {
            conv_sweep sweep;
            conv_sweep_of(&sweep, s, which, i);
            if (sweep.y.n < 1 || sweep.x.n < 1 || sweep.y.n_taps * sweep.x.n_taps == 0) continue;
            int c = which == 0 ? s->ci : s->co, cols = columns(&sweep.x);
            int rows = input_rows(&sweep.y, rows_of_band(&sweep, c, cols));
            size_t need = (size_t)c * rows * cols * TREN_LANES;
            if (need > most) most = need;
        }
    return most;
}
