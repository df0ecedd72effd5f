/* F(4x4, 3x3) of Lavin & Gray 2016 (arXiv 1509.09308) on lanes: a tile of 4 x 4 outputs takes 36
 * multiplications a pair of channels instead of 144. Tiles are transformed a few at a time, so that
 * they stay in the second-level cache between the transforms and the 36 products over channels.
 * An element is one chain over input channels, whichever tiles are computed with it. */
#include "kernels/conv_sweep.h"
#include "kernels/conv_ways.h"
#include "kernels/winograd.h"

#include <string.h>

enum { OUT = WINOGRAD_OUT, IN = WINOGRAD_IN, POINTS = WINOGRAD_POINTS };
enum { GROUP_BYTES = 640 * 1024, GROUP_MOST = 12 };

/* t = B^T d of six values that lie `from` apart, to values `to` apart. */
ALWAYS_INLINE void input_points(vec *t, const int to, const vec *d, const int from) {
    vec d0 = d[0], d1 = d[from], d2 = d[2 * from], d3 = d[3 * from], d4 = d[4 * from],
        d5 = d[5 * from];
    vec even = d4 - 4 * d2, odd = d3 - 4 * d1, near = d4 - d2, far = 2 * (d3 - d1);
    t[0] = 4 * d0 - 5 * d2 + d4;
    t[to] = even + odd;
    t[2 * to] = even - odd;
    t[3 * to] = near + far;
    t[4 * to] = near - far;
    t[5 * to] = 4 * d1 - 5 * d3 + d5;
}

/* y = A^T m. */
ALWAYS_INLINE void output_points(vec *y, const int to, const vec *m, const int from) {
    vec a = m[from] + m[2 * from], b = m[from] - m[2 * from];
    vec c = m[3 * from] + m[4 * from], d = m[3 * from] - m[4 * from];
    y[0] = m[0] + a + c;
    y[to] = b + 2 * d;
    y[2 * to] = a + 4 * c;
    y[3 * to] = b + 8 * d + m[5 * from];
}

/* u = G g. */
ALWAYS_INLINE void weight_points(vec *u, const int to, const vec *g, const int from) {
    const real quarter = (real)(1.0 / 4), twelfth = (real)(1.0 / 12);
    const vec sixth = SPLAT((real)(1.0 / 6));
    vec a = g[0], b = g[from], c = g[2 * from];
    vec sum = a + c, third = sixth * b, far = FMA(SPLAT((real)(1.0 / 24)), a, sixth * c);
    u[0] = quarter * a;
    u[to] = -FMA(sixth, sum, third);
    u[2 * to] = FMA(-sixth, sum, third);
    u[3 * to] = FMA(SPLAT(twelfth), b, far);
    u[4 * to] = FMA(SPLAT(-twelfth), b, far);
    u[5 * to] = c;
}

/* Elements from the kernels of one point to the next one's. */
static size_t packed_point(int in, int out) {
    size_t n = 0;
    for (int o = 0; o < out; o += conv_block(out, o)) n += (size_t)in * conv_block(out, o);
    return winograd_stride((n + TREN_LANES - 1) / TREN_LANES);
}

size_t winograd_packed(int in, int out) {
    return POINTS * packed_point(in, out);
}

/* The kernels of one block of outputs, of one input after the other. */
typedef struct kernels {
    const real *w;          /* of the block's first output */
    size_t in, out;         /* elements from the kernel of an input or output to the next one's */
    int n_in, n_out, width; /* outputs there are, and that are packed */
    bool turned;
} kernels;

/* The taps of kernel e of the block, counted as they are packed, into lane l; 0 where there is no
 * such output. */
ALWAYS_INLINE void take_kernel(vec g[9], int l, const kernels *k, int e) {
    int c = e / k->width, j = e % k->width;
    bool there = c < k->n_in && j < k->n_out;
    const real *w = k->w + (there ? c * k->in + j * k->out : 0);
    for (int t = 0; t < 9; t++) ((real *)&g[t])[l] = there ? w[k->turned ? 8 - t : t] : 0;
}

static void pack_kernels(real *packed, size_t point, const kernels *k) {
    int n = k->n_in * k->width;
    for (int e = 0; e < n; e += VL) {
        vec g[9], half[IN * 3], u[POINTS];
        for (int l = 0; l < VL; l++) take_kernel(g, l, k, e + l);
        for (int i = 0; i < 3; i++) weight_points(half + i, 3, g + i, 3);
        for (int i = 0; i < IN; i++) weight_points(u + i * IN, 1, half + i * 3, 1);
        size_t here = (size_t)(n - e < VL ? n - e : VL) * sizeof *packed;
        for (int p = 0; p < POINTS; p++) memcpy(packed + p * point + e, &u[p], here);
    }
}

/* packed [point][block of outputs][in][outputs] */
void winograd_pack(real *restrict packed, const real *restrict w, const tren_conv_shape *s,
                   int which) {
    bool turned = which != 0;
    int in = turned ? s->co : s->ci, out = turned ? s->ci : s->co;
    size_t row = (size_t)s->ci * 9, point = packed_point(in, out);
    kernels k = {.in = turned ? row : 9, .out = turned ? 9 : row, .n_in = in, .turned = turned};
    for (int o = 0; o < out; o += k.width) {
        k.w = w + o * k.out;
        k.width = conv_block(out, o);
        k.n_out = out - o < k.width ? out - o : k.width;
        pack_kernels(packed, point, &k);
        packed += (size_t)in * k.width;
    }
}

typedef struct winograd_call {
    real *y;                    /* [blocks][out, h, w, lanes] */
    const real *x, *packed, *b; /* [blocks][in, h, w, lanes]; b [out] or NULL */
    real *scratch;
    int in, out;
    bool add; /* onto y */
} winograd_call;

/* ---- tiles -------------------------------------------------------------------------------------
 */

/* Inside the picture, or at its border, where what lies outside is zero. */
ALWAYS_INLINE void input_part(real *v, const size_t point, const real *x, const winograd_tiles *g,
                              const winograd_place at, const bool inside) {
    vec d[POINTS], t[POINTS];
    const real *from = x + ((ptrdiff_t)(at.y - 1) * g->w + at.x - 1) * TREN_LANES;
    for (int i = 0; i < IN; i++)
        for (int j = 0; j < IN; j++) {
            int y = at.y + i - 1, u = at.x + j - 1;
            bool there = inside || (y >= 0 && y < g->h && u >= 0 && u < g->w);
            d[i * IN + j] = (vec){0};
            if (there) d[i * IN + j] = load(from + (i * g->w + j) * TREN_LANES);
        }
    for (int j = 0; j < IN; j++) input_points(t + j, IN, d + j, IN);
    for (int i = 0; i < IN; i++) input_points(d + i * IN, 1, t + i * IN, 1);
    for (int p = 0; p < POINTS; p++) store(v + p * point, d[p]);
}

/* v [point][channel][tile] of all tiles of a group. */
void winograd_inputs(real *v, size_t point, const real *x, const winograd_tiles *g, int channels) {
    size_t row = (size_t)g->n * TREN_LANES, area = (size_t)g->h * g->w * TREN_LANES;
    winograd_place place[WINOGRAD_GROUP];
    bool inside[WINOGRAD_GROUP];
    for (int i = 0; i < g->n; i++) {
        winograd_place at = place[i] = tile_place(g, i);
        inside[i] = at.y > 0 && at.x > 0 && at.y + IN - 1 <= g->h && at.x + IN - 1 <= g->w;
    }
    for (int k = 0; k < channels; k++, x += area, v += row)
        for (int i = 0; i < g->n; i++)
            for
                EACH_PART(part) {
                    const real *from = x + (size_t)place[i].block * channels * area + part;
                    real *to = v + i * TREN_LANES + part;
                    if (inside[i])
                        input_part(to, point, from, g, place[i], true);
                    else
                        input_part(to, point, from, g, place[i], false);
                }
}

/* The picture's outputs of one channel and tile, from m. */
ALWAYS_INLINE void output_part(real *y, const real *m, const size_t point, const winograd_tiles *g,
                               const winograd_place at, const real b, const bool add) {
    vec d[POINTS], t[OUT * IN], out[OUT * OUT];
    for (int p = 0; p < POINTS; p++) d[p] = load(m + p * point);
    for (int j = 0; j < IN; j++) output_points(t + j, IN, d + j, IN);
    for (int i = 0; i < OUT; i++) output_points(out + i * OUT, 1, t + i * IN, 1);
    for (int i = 0; i < OUT && at.y + i < g->h; i++)
        for (int j = 0; j < OUT && at.x + j < g->w; j++) {
            real *to = y + ((size_t)(at.y + i) * g->w + at.x + j) * TREN_LANES;
            vec value = out[i * OUT + j] + b;
            if (add) value += load(to);
            store(to, value);
        }
}

static void transform_outputs(const winograd_call *c, const real *m, size_t point,
                              const winograd_tiles *g) {
    size_t row = (size_t)g->n * TREN_LANES, area = (size_t)g->h * g->w * TREN_LANES;
    for (int i = 0; i < g->n; i++) {
        winograd_place at = tile_place(g, i);
        real *to = c->y + (size_t)at.block * c->out * area;
        const real *from = m + i * TREN_LANES;
        for (int k = 0; k < c->out; k++, from += row, to += area)
            for
                EACH_PART(part)
        output_part(to + part, from + part, point, g, at, c->b ? c->b[k] : 0, c->add);
    }
}

static int tiles_of_group(int in, int out) {
    size_t bytes = (size_t)POINTS * (in + out) * TREN_LANES * sizeof(real);
    int n = (int)(GROUP_BYTES / bytes) / CONV_WIDE_PIXELS * CONV_WIDE_PIXELS;
    return n < CONV_WIDE_PIXELS ? CONV_WIDE_PIXELS : n > GROUP_MOST ? GROUP_MOST : n;
}

size_t winograd_scratch(const tren_conv_shape *s) {
    int n = tiles_of_group(s->ci, s->co);
    return POINTS * (winograd_stride((size_t)s->ci * n) + winograd_stride((size_t)s->co * n));
}

/* One call: y (+)= x * the packed kernels + b, where x has `in` channels and y `out`. */
static void run_group(const winograd_call *c, const winograd_tiles *g, int all) {
    size_t v_point = winograd_stride((size_t)c->in * g->n),
           m_point = winograd_stride((size_t)c->out * g->n);
    real *v = c->scratch, *m = c->scratch + POINTS * v_point;
    size_t kernel = packed_point(c->in, c->out);
    winograd_inputs(v, v_point, c->x, g, c->in);
    winograd_tiles next = winograd_next(g, all);
    for (int p = 0; p < POINTS; p++) {
        winograd_fetch(c->y, c->out, g, p);
        winograd_fetch(c->x, c->in, &next, p);
        conv_channels(m + p * m_point, v + p * v_point, c->packed + p * kernel,
                      (int[]){c->in, c->out, g->n});
    }
    transform_outputs(c, m, m_point, g);
}

void winograd_run(const tren_conv_call *call, int which, const real *b, bool add) {
    const tren_conv_shape *s = &call->plan->shape;
    winograd_call c = {.y = call->y,
                       .x = call->x,
                       .packed = call->packed,
                       .b = b,
                       .scratch = call->scratch,
                       .in = which == 0 ? s->ci : s->co,
                       .out = which == 0 ? s->co : s->ci,
                       .add = add};
    winograd_tiles g = {.h = s->h, .w = s->w, .across = (s->w + OUT - 1) / OUT};
    g.a_block = g.across * ((s->h + OUT - 1) / OUT);
    int most = tiles_of_group(c.in, c.out), all = call->n_blocks * g.a_block;
    for (g.first = 0; g.first < all; g.first += most) {
        g.n = all - g.first < most ? all - g.first : most;
        run_group(&c, &g, all);
    }
}
