/* The weight gradient by Winograd's minimal filtering (Lavin & Gray 2016): both factors are
 * transformed, and the sum over tiles and images of each of the 36 points is one matrix product,
 * since the lanes of a channel's tiles lie in one row. */
#include "kernels/conv_ways.h"
#include "kernels/winograd.h"

#include <string.h>

enum { OUT = WINOGRAD_OUT, IN = WINOGRAD_IN, POINTS = WINOGRAD_POINTS };
enum { GROUP_BYTES = 1 << 20, GROUP_LEAST = 4, GROUP_MOST = 62 };

/* t = A y of four values that lie `from` apart. */
ALWAYS_INLINE void gradient_points(vec *t, const int to, const vec *y, const int from) {
    vec y0 = y[0], y1 = y[from], y2 = y[2 * from], y3 = y[3 * from];
    vec even = y0 + y2, odd = y1 + y3, even2 = y0 + 4 * y2, odd2 = 2 * y1 + 8 * y3;
    t[0] = y0;
    t[to] = even + odd;
    t[2 * to] = even - odd;
    t[3 * to] = even2 + odd2;
    t[4 * to] = even2 - odd2;
    t[5 * to] = y3;
}

/* d [point] = A dy A^T of one channel's tile; dy the channel's picture. */
ALWAYS_INLINE void gradient_part(real *d, const size_t point, const real *dy,
                                 const winograd_tiles *g, const winograd_place at) {
    vec y[OUT * OUT], t[IN * OUT], out[POINTS];
    for (int i = 0; i < OUT; i++)
        for (int j = 0; j < OUT; j++) {
            bool inside = at.y + i < g->h && at.x + j < g->w;
            y[i * OUT + j] = (vec){0};
            if (inside)
                y[i * OUT + j] = load(dy + ((size_t)(at.y + i) * g->w + at.x + j) * TREN_LANES);
        }
    for (int j = 0; j < OUT; j++) gradient_points(t + j, OUT, y + j, OUT);
    for (int i = 0; i < IN; i++) gradient_points(out + i * IN, 1, t + i * OUT, 1);
    for (int p = 0; p < POINTS; p++) store(d + p * point, out[p]);
}

/* d [point][channel][tile] of all tiles of a group. */
static void transform_gradients(real *d, size_t point, const real *dy, const winograd_tiles *g,
                                int channels) {
    size_t row = (size_t)g->n * TREN_LANES, area = (size_t)g->h * g->w * TREN_LANES;
    winograd_place place[WINOGRAD_GROUP];
    for (int i = 0; i < g->n; i++) place[i] = tile_place(g, i);
    for (int k = 0; k < channels; k++, dy += area, d += row)
        for (int i = 0; i < g->n; i++)
            for
                EACH_PART(part)
    gradient_part(d + i * TREN_LANES + part, point,
                  dy + (size_t)place[i].block * channels * area + part, g, place[i]);
}

/* g = G^T u of six values. */
ALWAYS_INLINE void kernel_points(vec *g, const int to, const vec *u) {
    const real quarter = (real)0.25, twelfth = (real)(1.0 / 12);
    const vec sixth = SPLAT((real)(1.0 / 6));
    vec a = u[1] + u[2], b = u[3] + u[4];
    g[0] = FMA(SPLAT((real)(1.0 / 24)), b, quarter * u[0] - sixth * a);
    g[to] = FMA(sixth, u[2] - u[1], twelfth * (u[3] - u[4]));
    g[2 * to] = FMA(sixth, b - a, u[5]);
}

/* dw [pairs, 3, 3] = G^T du G, du [point][pairs], the points `point` elements apart. */
static void back_to_kernels(real *restrict dw, const real *restrict du, size_t point,
                            size_t pairs) {
    for (size_t k = 0; k < pairs; k += VL) {
        vec half[3 * IN], g[3 * 3];
        for (int i = 0; i < IN; i++) {
            vec u[IN];
            for (int j = 0; j < IN; j++) u[j] = load(du + (size_t)(i * IN + j) * point + k);
            kernel_points(half + i, IN, u);
        }
        for (int j = 0; j < 3; j++) kernel_points(g + j, 3, half + j * IN);
        size_t n = pairs - k < VL ? pairs - k : VL;
        for (size_t i = 0; i < n; i++)
            for (int t = 0; t < 9; t++) dw[(k + i) * 9 + t] = ((const real *)&g[t])[i];
    }
}

static int tiles_of_group(const tren_conv_shape *s) {
    size_t tile = (size_t)POINTS * (s->ci + s->co) * TREN_LANES * sizeof(real);
    int n = (int)(GROUP_BYTES / tile);
    return (n < GROUP_LEAST ? GROUP_LEAST : n > GROUP_MOST ? GROUP_MOST : n) | 1;
}

/* Elements from the kernels of one point to the next one's. */
static size_t pairs_stride(const tren_conv_shape *s) {
    return winograd_stride(((size_t)s->co * s->ci + TREN_LANES - 1) / TREN_LANES);
}

size_t winograd_weight_scratch(const tren_conv_shape *s) {
    size_t n = (size_t)tiles_of_group(s);
    return POINTS * (pairs_stride(s) + winograd_stride(s->ci * n) + winograd_stride(s->co * n));
}

typedef struct weight_call {
    const tren_conv_gradient *call;
    const tren_conv_shape *s;
    const real *dy, *x;
    real *du, *room;
} weight_call;

static void add_group(const weight_call *c, const winograd_tiles *g, int all) {
    const tren_conv_shape *s = c->s;
    size_t row = (size_t)g->n * TREN_LANES;
    size_t v_point = winograd_stride((size_t)s->ci * g->n),
           d_point = winograd_stride((size_t)s->co * g->n);
    real *v = c->room, *d = c->room + POINTS * v_point;
    winograd_inputs(v, v_point, c->x, g, s->ci);
    transform_gradients(d, d_point, c->dy, g, s->co);
    tren_gemm_shape product = {.m = s->co, .n = s->ci, .k = (int)row, .tb = true};
    winograd_tiles next = winograd_next(g, all);
    for (int p = 0; p < POINTS; p++) {
        winograd_fetch(c->x, s->ci, &next, p);
        winograd_fetch(c->dy, s->co, &next, p);
        conv_gemm(c->du + p * pairs_stride(s), d + p * d_point, v + p * v_point, product,
                  g->first > 0, c->call);
    }
}

void winograd_weight(real *restrict dw, const tren_conv_gradient *call) {
    const tren_conv_shape *s = &call->plan->shape;
    weight_call c = {.call = call, .s = s, .dy = call->dy, .x = call->x, .du = call->scratch};
    c.room = call->scratch + POINTS * pairs_stride(s);
    winograd_tiles g = {.h = s->h, .w = s->w, .across = (s->w + OUT - 1) / OUT};
    g.a_block = g.across * ((s->h + OUT - 1) / OUT);
    int most = tiles_of_group(s), all = call->n_blocks * g.a_block;
    for (g.first = 0; g.first < all; g.first += most) {
        g.n = all - g.first < most ? all - g.first : most;
        add_group(&c, &g, all);
    }
    back_to_kernels(dw, c.du, pairs_stride(s), (size_t)s->co * s->ci);
}
