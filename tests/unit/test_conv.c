/* Convolution against its definition, in double, for shapes of every way it is computed; the bits
 * of an image must not depend on which images are computed with it, nor on the level of the CPU. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/net.h"
#include "tren/kernels.h"

#ifdef TREN_DOUBLE
static const double allowed = 1e-12;
#else
static const double allowed = 3e-6;
#endif

enum { DIRECT = TREN_CONV_DIRECT, WINOGRAD = TREN_CONV_WINOGRAD, UNFOLDED = TREN_CONV_UNFOLDED };

typedef struct conv_case {
    int ci, h, w, co, kernel, stride, pad;
    int way; /* UNFOLDED: of the weight gradient */
} conv_case;

static const conv_case cases[] = {
    {1, 9, 7, 3, 3, 1, 1, DIRECT},       {3, 8, 8, 20, 3, 1, 1, DIRECT},
    {5, 7, 9, 6, 5, 2, 2, DIRECT},       {4, 6, 6, 9, 1, 1, 0, DIRECT},
    {7, 5, 5, 2, 1, 2, 0, DIRECT},       {2, 11, 6, 5, 4, 3, 1, DIRECT},
    {3, 40, 33, 4, 3, 1, 1, DIRECT},     {2, 3, 3, 3, 3, 1, 2, DIRECT},
    {13, 3, 3, 8, 3, 2, 1, DIRECT},      {6, 20, 21, 7, 7, 1, 3, DIRECT},
    {20, 8, 12, 24, 3, 1, 1, WINOGRAD},  {32, 4, 4, 32, 3, 1, 1, WINOGRAD},
    {21, 28, 28, 19, 3, 1, 1, WINOGRAD}, {40, 9, 11, 33, 3, 1, 1, WINOGRAD},
    {64, 7, 7, 70, 3, 1, 1, WINOGRAD},   {130, 5, 16, 24, 3, 1, 1, WINOGRAD},
    {66, 15, 13, 64, 3, 1, 1, WINOGRAD}, /* more tiles than the weight
                                        gradient takes at a time */
    {33, 9, 11, 18, 3, 2, 1, UNFOLDED},  {40, 8, 8, 17, 1, 2, 0, UNFOLDED},
    {9, 13, 7, 16, 1, 3, 0, UNFOLDED},   {35, 6, 6, 20, 5, 2, 2, UNFOLDED},
    {32, 69, 23, 16, 3, 2, 1, UNFOLDED}, /* several pieces, the last one shorter */
};
enum { BLOCKS = 3 };

typedef struct conv_data {
    const tren_kernels *k;
    tren_conv_shape s;
    tren_conv_plan plan;
    size_t nx, ny, nw;
    real *x, *y, *w, *b, *dy, *dx, *dw, *packed, *scratch;
} conv_data;

static real *room(size_t n) {
    real *at = aligned_alloc(128, (n * sizeof *at + 127) / 128 * 128 + 128);
    memset(at, 0, n * sizeof *at);
    return at;
}
static real *noise(size_t n, uint32_t seed) {
    real *at = room(n);
    test_fill(at, n, seed);
    return at;
}

static void data_open(conv_data *d, const conv_case *c, const tren_kernels *k) {
    tren_conv_shape s = {.ci = c->ci, .h = c->h, .w = c->w, .co = c->co};
    s.kernel = c->kernel;
    s.stride = c->stride;
    s.pad = c->pad;
    s.oh = (c->h + 2 * c->pad - c->kernel) / c->stride + 1;
    s.ow = (c->w + 2 * c->pad - c->kernel) / c->stride + 1;
    *d = (conv_data){.k = k, .s = s};
    k->conv_plan(&d->plan, &s, false);
    d->nx = (size_t)s.ci * s.h * s.w * TREN_LANES;
    d->ny = (size_t)s.co * s.oh * s.ow * TREN_LANES;
    d->nw = (size_t)s.co * s.ci * s.kernel * s.kernel;
    d->x = noise(BLOCKS * d->nx, 1);
    d->dy = noise(BLOCKS * d->ny, 2);
    d->w = noise(d->nw, 3);
    d->b = noise((size_t)s.co, 4);
    d->y = room(BLOCKS * d->ny);
    d->dx = room(BLOCKS * d->nx);
    d->dw = room(d->nw);
    d->packed = room(d->plan.packed[0] + d->plan.packed[1]);
    d->scratch = room(d->plan.scratch);
}

static void data_close(conv_data *d) {
    real *all[] = {d->x, d->dy, d->w, d->b, d->y, d->dx, d->dw, d->packed, d->scratch};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

static void run(conv_data *d, int first, int n) {
    tren_conv_call call = {.packed = d->packed, .plan = &d->plan, .scratch = d->scratch};
    call.n_blocks = n;
    d->k->conv_pack(d->packed, d->w, &d->plan, 0);
    call.y = d->y + first * d->ny;
    call.x = d->x + first * d->nx;
    d->k->conv_forward(&call, d->b);
    d->k->conv_pack(d->packed, d->w, &d->plan, 1);
    call.y = d->dx + first * d->nx;
    call.x = d->dy + first * d->ny;
    d->k->conv_input(&call, false);
}

static void run_weight(conv_data *d) {
    tren_conv_gradient call = {
        .dy = d->dy, .x = d->x, .plan = &d->plan, .scratch = d->scratch, .n_blocks = BLOCKS};
    d->k->conv_weight(d->dw, &call);
}

/* One tap of one output of one lane: adds to y, dx and dw what the definition says. */
typedef struct truth {
    double *y, *dx, *dw;
} truth;

static void add_output(const truth *t, const conv_data *d, const int at[5]) {
    const tren_conv_shape *s = &d->s;
    int block = at[0], o = at[1], i = at[2], j = at[3], l = at[4], k = s->kernel;
    size_t y = block * d->ny + (((size_t)o * s->oh + i) * s->ow + j) * TREN_LANES + l;
    t->y[y] = (double)d->b[o];
    for (int c = 0; c < s->ci; c++)
        for (int u = 0; u < k; u++)
            for (int v = 0; v < k; v++) {
                int row = i * s->stride + u - s->pad, column = j * s->stride + v - s->pad;
                if (row < 0 || row >= s->h || column < 0 || column >= s->w) continue;
                size_t x = block * d->nx + (((size_t)c * s->h + row) * s->w + column) * TREN_LANES +
                           l,
                       w = (((size_t)o * s->ci + c) * k + u) * k + v;
                t->y[y] += (double)d->w[w] * (double)d->x[x];
                t->dx[x] += (double)d->w[w] * (double)d->dy[y];
                t->dw[w] += (double)d->x[x] * (double)d->dy[y];
            }
}

static void add_all(const truth *t, const conv_data *d) {
    for (int block = 0; block < BLOCKS; block++)
        for (int o = 0; o < d->s.co; o++)
            for (int i = 0; i < d->s.oh; i++)
                for (int j = 0; j < d->s.ow; j++)
                    for (int l = 0; l < TREN_LANES; l++)
                        add_output(t, d, (int[]){block, o, i, j, l});
}

static void agrees(const real *a, const double *b, size_t n, int number, const char *what) {
    double worst = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        double off = fabs((double)a[i] - b[i]);
        if (!(off <= worst)) worst = off;
        size = fmax(size, fabs(b[i]));
    }
    if (getenv("TREN_TEST_VERBOSE"))
        fprintf(stderr, "case %d %s: %.2e\n", number, what, worst / size);
    cr_expect(worst <= allowed * size * (cases[number].way == WINOGRAD ? 10 : 1),
              "case %d: %s is off by %g", number, what, worst / size);
}

static void check(int number) {
    conv_data d;
    data_open(&d, &cases[number], tren_kernels_best());
    int images = cases[number].way == UNFOLDED ? DIRECT : cases[number].way;
    cr_expect((int)d.plan.way[0] == images && (int)d.plan.way[1] == images, "case %d", number);
    cr_expect_eq((int)d.plan.way[2], cases[number].way, "case %d", number);
    truth t = {calloc(BLOCKS * d.ny, sizeof *t.y), calloc(BLOCKS * d.nx, sizeof *t.dx),
               calloc(d.nw, sizeof *t.dw)};
    add_all(&t, &d);
    run(&d, 0, BLOCKS);
    run_weight(&d);
    agrees(d.y, t.y, BLOCKS * d.ny, number, "y");
    agrees(d.dx, t.dx, BLOCKS * d.nx, number, "dx");
    agrees(d.dw, t.dw, d.nw, number, "dw");
    free(t.y);
    free(t.dx);
    free(t.dw);
    data_close(&d);
}

Test(conv, is_what_its_definition_says) {
    for (int i = 0; i < (int)(sizeof cases / sizeof *cases); i++) check(i);
}

Test(conv, an_image_has_the_same_bits_whatever_is_computed_with_it) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        conv_data one, many;
        data_open(&one, &cases[i], tren_kernels_best());
        data_open(&many, &cases[i], tren_kernels_best());
        run(&many, 0, BLOCKS);
        for (int b = BLOCKS - 1; b >= 0; b--) run(&one, b, 1);
        cr_expect_eq(memcmp(one.y, many.y, BLOCKS * one.ny * sizeof(real)), 0, "case %zu: y", i);
        cr_expect_eq(memcmp(one.dx, many.dx, BLOCKS * one.nx * sizeof(real)), 0, "case %zu: dx", i);
        data_close(&one);
        data_close(&many);
    }
}

Test(conv, adds_onto_a_gradient_where_asked) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        conv_data d;
        data_open(&d, &cases[i], tren_kernels_best());
        run(&d, 0, BLOCKS);
        real *before = noise(BLOCKS * d.nx, 9), *sum = noise(BLOCKS * d.nx, 9);
        tren_conv_call call = {.y = sum,
                               .x = d.dy,
                               .packed = d.packed,
                               .plan = &d.plan,
                               .scratch = d.scratch,
                               .n_blocks = BLOCKS};
        d.k->conv_input(&call, true);
        double worst = 0;
        for (size_t k = 0; k < BLOCKS * d.nx; k++) {
            double off = fabs((double)sum[k] - (double)before[k] - (double)d.dx[k]);
            if (!(off <= worst)) worst = off; /* so that a NaN stays */
        }
        cr_expect_lt(worst, 200 * allowed, "case %zu: %g", i, worst);
        free(before);
        free(sum);
        data_close(&d);
    }
}

static void same(const real *a, const real *b, size_t n, size_t number, const char *what) {
    cr_expect(memcmp(a, b, n * sizeof *a) == 0, "case %zu: other bits of %s", number, what);
}

Test(conv, every_level_has_the_same_bits) {
    const tren_kernels *k;
    for (int level = 0; (k = tren_kernels_at(level)); level++)
        for (size_t i = 0; i < sizeof cases / sizeof *cases && tren_kernels_run_here(k); i++) {
            conv_data best, other;
            data_open(&best, &cases[i], tren_kernels_best());
            data_open(&other, &cases[i], k);
            run(&best, 0, BLOCKS);
            run(&other, 0, BLOCKS);
            run_weight(&best);
            run_weight(&other);
            same(other.y, best.y, BLOCKS * best.ny, i, "y");
            same(other.dx, best.dx, BLOCKS * best.nx, i, "dx");
            same(other.dw, best.dw, best.nw, i, "dw");
            data_close(&best);
            data_close(&other);
        }
}
