/* The weight gradient on lanes: for some output and input channels, the sums of one tap stay in
 * registers while pixels go by; lanes are added up at the end. */
#include "kernels/conv_sweep.h"
#include "kernels/conv_ways.h"

#include <string.h>

/* Channels of a tile: their sums fill the registers, of which 64-byte ones are twice as many. */
enum { OUT = 4, IN = VB == 64 ? 6 : 3, TILE = OUT * IN * TREN_LANES };
enum {
    FAR_BYTES = 1536 * 1024, /* of padded input at a time */
    FAR_PIXELS = 128,        /* at least: adding up the lanes costs one reduction a weight */
    NEAR_BYTES = 48 * 1024   /* of what a tile reads before it goes on to the next tap */
};

/* Some output rows of some blocks. */
typedef struct weight_area {
    const tren_conv_shape *s;
    int n_blocks, rows;
    size_t dy_channel, dy_row, dy_block; /* elements from one to the next */
    size_t x_channel, x_row, x_block;    /* of the padded input, by output rows */
} weight_area;

ALWAYS_INLINE void add_area(real *at, const weight_area *a, const real *const *dy, const real *x,
                            const int in) {
    const size_t n = TREN_LANES, step = a->s->stride * n;
    for
        EACH_PART(part) {
            vec sum[OUT][IN];
            UNROLL
            for (int o = 0; o < OUT; o++) {
                UNROLL
                for (int c = 0; c < in; c++) sum[o][c] = load(at + (o * IN + c) * n + part);
            }
            for (int b = 0; b < a->n_blocks; b++)
                for (int r = 0; r < a->rows; r++) {
                    const size_t from = b * a->dy_block + r * a->dy_row + part;
                    const real *row = x + b * a->x_block + r * a->x_row + part;
                    for (int j = 0; j < a->s->ow; j++) {
                        vec d[OUT];
                        UNROLL
                        for (int o = 0; o < OUT; o++) d[o] = load(dy[o] + from + j * n);
                        UNROLL
                        for (int c = 0; c < in; c++) {
                            vec v = load(row + c * a->x_channel + j * step);
                            UNROLL
                            for (int o = 0; o < OUT; o++) sum[o][c] = FMA(d[o], v, sum[o][c]);
                        }
                    }
                }
            UNROLL
            for (int o = 0; o < OUT; o++) {
                UNROLL
                for (int c = 0; c < in; c++) store(at + (o * IN + c) * n + part, sum[o][c]);
            }
        }
}

/* A constant number of input channels keeps the sums in registers. */
static void add_near(real *at, const weight_area *a, const real *const *dy, const real *x, int in) {
    if (in == IN)
        add_area(at, a, dy, x, IN);
    else if (IN > 5 && in == 5)
        add_area(at, a, dy, x, IN > 5 ? 5 : 1);
    else if (IN > 4 && in == 4)
        add_area(at, a, dy, x, IN > 4 ? 4 : 1);
    else if (IN > 3 && in == 3)
        add_area(at, a, dy, x, IN > 3 ? 3 : 1);
    else if (in == 2)
        add_area(at, a, dy, x, 2);
    else
        add_area(at, a, dy, x, 1);
}

/* One tile of channels over an area, tap by tap in pieces that stay near. */
typedef struct weight_tile {
    weight_area area;
    const real *dy[OUT], *x;
    int in;
    real *sum; /* [taps][TILE] */
} weight_tile;

static void add_taps(const weight_tile *t, const weight_area *near, size_t dy_at, size_t x_at) {
    int k = t->area.s->kernel, tap = 0;
    const real *dy[OUT];
    for (int o = 0; o < OUT; o++) dy[o] = t->dy[o] + dy_at;
    for (int ky = 0; ky < k; ky++)
        for (int kx = 0; kx < k; kx++, tap++) {
            size_t line = t->area.x_row / (size_t)t->area.s->stride;
            add_near(t->sum + (size_t)tap * TILE, near, dy,
                     t->x + x_at + ky * line + kx * TREN_LANES, t->in);
        }
}

static void add_tile(const weight_tile *t) {
    const weight_area *a = &t->area;
    size_t row = (OUT * a->dy_row + IN * a->x_row) * sizeof(real);
    int rows = (int)(NEAR_BYTES / row), blocks = 1;
    if (rows < 1) rows = 1;
    if (rows >= a->rows) {
        blocks = rows / a->rows;
        rows = a->rows;
    }
    weight_area near = *a;
    for (int b = 0; b < a->n_blocks; b += blocks)
        for (int r = 0; r < a->rows; r += rows) {
            near.n_blocks = a->n_blocks - b < blocks ? a->n_blocks - b : blocks;
            near.rows = a->rows - r < rows ? a->rows - r : rows;
            add_taps(t, &near, b * a->dy_block + r * a->dy_row, b * a->x_block + r * a->x_row);
        }
}

static void add_lanes(real *dw, const real *sum, int out, int in, const tren_conv_shape *s) {
    int taps = s->kernel * s->kernel;
    for (int o = 0; o < out; o++)
        for (int c = 0; c < in; c++)
            for (int t = 0; t < taps; t++) {
                const real *at = sum + ((size_t)t * OUT * IN + o * IN + c) * TREN_LANES;
                vec part[PARTS];
                for (int p = 0; p < PARTS; p++) part[p] = load(at + p * VL);
                dw[((size_t)o * s->ci + c) * taps + t] += lanes_sum(part);
            }
}

/* The whole product of one area: every tile of channels. */
static void add_all(real *dw, const real *dy, const real *x, const weight_area *a, real *sum) {
    const tren_conv_shape *s = a->s;
    int taps = s->kernel * s->kernel;
    for (int o = 0; o < s->co; o += OUT)
        for (int c = 0; c < s->ci; c += IN) {
            int out = s->co - o < OUT ? s->co - o : OUT;
            weight_tile t = {.area = *a, .x = x + c * a->x_channel, .sum = sum};
            t.in = s->ci - c < IN ? s->ci - c : IN;
            for (int i = 0; i < OUT; i++) /* beyond the last channel: the first one again */
                t.dy[i] = dy + (o + (i < out ? i : 0)) * a->dy_channel;
            memset(sum, 0, (size_t)taps * TILE * sizeof *sum);
            add_tile(&t);
            add_lanes(dw + ((size_t)o * s->ci + c) * taps, sum, out, t.in, s);
        }
}

static int padded_rows(const tren_conv_shape *s, int rows) {
    return (rows - 1) * s->stride + s->kernel;
}
static int padded_columns(const tren_conv_shape *s) {
    return (s->ow - 1) * s->stride + s->kernel;
}

/* How much of the input is padded at a time: rows of one block, or several blocks. */
static void plan_far(int *rows, int *blocks, const tren_conv_shape *s) {
    size_t line = (size_t)s->ci * padded_columns(s) * TREN_LANES * sizeof(real);
    *rows = *blocks = 1;
    while (*rows < s->oh &&
           (*rows * s->ow < FAR_PIXELS || padded_rows(s, *rows + 1) * line <= FAR_BYTES))
        ++*rows;
    if (*rows < s->oh) return;
    size_t block = padded_rows(s, s->oh) * line;
    while (*blocks < 64 &&
           (*blocks * s->oh * s->ow < FAR_PIXELS || (*blocks + 1) * block <= FAR_BYTES))
        ++*blocks;
}

size_t direct_weight_scratch(const tren_conv_shape *s) {
    int rows, blocks;
    plan_far(&rows, &blocks, s);
    return (size_t)s->kernel * s->kernel * TILE +
           (size_t)blocks * s->ci * padded_rows(s, rows) * padded_columns(s) * TREN_LANES;
}

void direct_weight(real *restrict dw, const tren_conv_gradient *call) {
    const tren_conv_shape *s = &call->plan->shape;
    const real *dy = call->dy, *x = call->x;
    const int n_blocks = call->n_blocks;
    const size_t n = TREN_LANES, taps = (size_t)s->kernel * s->kernel;
    int rows, blocks, cols = padded_columns(s);
    real *sum = call->scratch, *padded = call->scratch + taps * TILE;
    plan_far(&rows, &blocks, s);
    memset(dw, 0, (size_t)s->co * s->ci * taps * sizeof *dw);
    weight_area a = {.s = s,
                     .dy_channel = (size_t)s->oh * s->ow * n,
                     .dy_row = s->ow * n,
                     .dy_block = (size_t)s->co * s->oh * s->ow * n,
                     .x_row = (size_t)s->stride * cols * n};
    for (int b = 0; b < n_blocks; b += blocks)
        for (int r = 0; r < s->oh; r += rows) {
            a.n_blocks = n_blocks - b < blocks ? n_blocks - b : blocks;
            a.rows = s->oh - r < rows ? s->oh - r : rows;
            conv_band band = {.c = s->ci, .h = s->h, .w = s->w, .left = -s->pad, .cols = cols};
            band.first = r * s->stride - s->pad;
            band.rows = padded_rows(s, a.rows);
            a.x_channel = (size_t)band.rows * cols * n;
            a.x_block = s->ci * a.x_channel;
            for (int i = 0; i < a.n_blocks; i++)
                conv_fill(padded + i * a.x_block, x + (size_t)(b + i) * s->ci * s->h * s->w * n,
                          &band);
            add_all(dw, dy + b * a.dy_block + r * a.dy_row, padded, &a, sum);
        }
}
