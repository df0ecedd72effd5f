/* Stacking: which products may serve several microbatches in one call. OpenBLAS gives the same bits
 * for the same shape, but not in general for other numbers of rows; so each shape that will occur
 * is tried on random numbers, both ways and more than once, and stacked only where every bit
 * agrees. */
#include "nn/work.h"

#include <stdlib.h>
#include <string.h>

void tren_work_product(const tren_work *w, tren_factors f, const tren_product *p) {
    if (w && w->graph->portable) {
        kernels_of(w)->product_run(f.c, f.a, f.b, p, w->scratch.at);
        return;
    }
    tren_gemm_shape shape = {p->m, p->n, p->k, p->ta, p->tb, p->lda, p->ldb, p->ldc};
    tren_gemm(f.c, f.a, f.b, shape, p->alpha, p->beta);
}

void tren_work_gemm(const tren_work *w, tren_factors f, tren_gemm_shape shape, real alpha,
                    real beta) {
    tren_product p = tren_product_of(shape, alpha, beta);
    tren_work_product(w, f, &p);
}

static void stacked_gemm(const tren_work *w, tren_factors f, tren_gemm_shape shape, int rows) {
    shape.m = rows;
    tren_work_gemm(w, f, shape, 1, 0);
}

static void gemm_by_group(const tren_work *w, tren_factors f, tren_gemm_shape shape, int n_groups,
                          const int *row0) {
    for (int g = 0; g < n_groups; g++) {
        size_t row = (size_t)row0[g];
        tren_factors mine = {f.c + row * shape.n, f.a + row * shape.k, f.b};
        if (row0[g + 1] > row0[g]) stacked_gemm(w, mine, shape, row0[g + 1] - row0[g]);
    }
}

int tren_cut_width(tren_gemm_shape s) {
    const double most = 8e8; /* FLOP: 5 ms at 160 GFLOP/s */
    double pieces = 2.0 * s.m * s.n * s.k / most;
    return pieces <= 1 ? s.n : (int)(s.n / pieces / 64 + 1) * 64;
}

/* In blocks of columns, between which messages move on. Forward (tb) waits for a block's weights.
 */
static void cut_gemm(tren_work *w, tren_factors f, tren_gemm_shape s) {
    int width = tren_cut_width(s);
    size_t step = s.tb ? (size_t)s.k : 1; /* from one column of op(b) to the next */
    tren_gemm_shape piece = s;
    piece.ldb = s.tb ? s.k : s.n;
    piece.ldc = s.n;
    for (int j = 0; j < s.n; j += width) {
        piece.n = s.n - j < width ? s.n - j : width;
        const real *b = f.b + (size_t)j * step;
        if (w && s.tb)
            w->spec.need(w->spec.ctx, (size_t)(b - w->spec.value) + (size_t)piece.n * step);
        tren_work_gemm(w, (tren_factors){f.c + j, f.a, b}, piece, 1, 0);
        if (w && !s.tb) tren_work_ready(w, w->ready);
    }
}

static bool is_cut(const tren_layer *l, const tren_work *w, const tren_pass *pass, int what) {
    if (what == TREN_STACK_FORWARD) return cuts_forward(l, w, pass);
    return w->spec.poked && (found_for(w, l, pass) & TREN_STACK_CUT_INPUT);
}

void tren_rows_gemm(const tren_layer *l, tren_work *w, tren_factors f, tren_gemm_shape shape,
                    const tren_pass *pass, int what) {
    shape.m = pass_rows(l, w, pass);
    bool cut = is_cut(l, w, pass, what);
    if (cut)
        cut_gemm(w, f, shape);
    else if (may_stack(w, l, pass, what))
        stacked_gemm(w, f, shape, shape.m);
    else
        gemm_by_group(w, f, shape, pass->n_groups, rows_of(l, w, pass));
    if (cut) tren_wait_for_values(w, l); /* the bias */
}

/* Cheap noise of mixed sign and size: only its rounding matters. In odd trials three of four are
 * zero, as behind a relu, for the sign of an exact zero is a bit too. */
static void fill(real *x, size_t n, uint32_t seed, uint32_t trial) {
    uint32_t state = (seed + 16 * trial) * 2654435761u + 12345u;
    for (size_t i = 0; i < n; i++) {
        state = state * 1664525u + 1013904223u;
        bool zero = trial % 2 == 1 && (state >> 13 & 3) != 0;
        x[i] = zero ? 0 : (real)((double)(int32_t)state * 0x1p-31);
    }
}

/* Another order of summation shows in a good part of the elements only, and an edge of a product
 * may hold but one: the smaller the product, the more often it is tried. */
static uint32_t trials_of(double m, double n, double k) {
    const double most = 64, least = 2, flop = 2e7;
    double trials = flop / (2 * m * n * k);
    return (uint32_t)(trials > most ? most : trials < least ? least : trials);
}

typedef struct trial {
    real *a, *b, *one, *many, *leaf; /* owned */
} trial;

static void trial_close(trial *t) {
    free(t->a);
    free(t->b);
    free(t->one);
    free(t->many);
    free(t->leaf);
}

static tren_status trial_open(trial *t, size_t a, size_t b, size_t c) {
    TREN_TRY(tren_alloc(&t->a, a, sizeof(real), "a self-test"));
    TREN_TRY(tren_alloc(&t->b, b, sizeof(real), "a self-test"));
    TREN_TRY(tren_alloc(&t->one, c, sizeof(real), "a self-test"));
    TREN_TRY(tren_alloc(&t->many, c, sizeof(real), "a self-test"));
    return tren_alloc(&t->leaf, c, sizeof(real), "a self-test");
}

tren_status tren_try_stacked(bool *equal, tren_gemm_shape shape, int n_groups, const int *row0) {
    size_t rows = (size_t)row0[n_groups], a = rows * shape.k, b = (size_t)shape.k * shape.n,
           c = rows * shape.n;
    uint32_t trials = trials_of((double)rows, shape.n, shape.k);
    trial t = {0};
    tren_status st = trial_open(&t, a, b, c);
    *equal = st == TREN_OK;
    for (uint32_t i = 0; i < trials && *equal; i++) {

        fill(t.a, a, 1, i);
        fill(t.b, b, 2, i);
        stacked_gemm(NULL, (tren_factors){t.one, t.a, t.b}, shape, (int)rows);
        gemm_by_group(NULL, (tren_factors){t.many, t.a, t.b}, shape, n_groups, row0);
        *equal = memcmp(t.one, t.many, c * sizeof(real)) == 0;
    }
    trial_close(&t);
    return st;
}

tren_status tren_try_cut(bool *equal, tren_gemm_shape s) {
    size_t a = (size_t)s.m * s.k, b = (size_t)s.k * s.n, c = (size_t)s.m * s.n;
    uint32_t trials = trials_of(s.m, s.n, s.k);
    trial t = {0};
    tren_status st = trial_open(&t, a, b, c);
    *equal = st == TREN_OK;
    for (uint32_t i = 0; i < trials && *equal; i++) {
        fill(t.a, a, 1, i);
        fill(t.b, b, 2, i);
        tren_gemm(t.one, t.a, t.b, s, 1, 0);
        cut_gemm(NULL, (tren_factors){t.many, t.a, t.b}, s);
        *equal = memcmp(t.one, t.many, c * sizeof(real)) == 0;
    }
    trial_close(&t);
    return st;
}

/* A tile of a weight gradient onto an older sum: by beta = 1, and by a separate sum. */
static tren_status try_tile(bool *equal, tren_gemm_shape shape) {
    size_t a = (size_t)shape.k * shape.lda, b = (size_t)shape.k * shape.n,
           c = (size_t)shape.m * shape.n;
    uint32_t trials = trials_of(shape.m, shape.n, shape.k);
    trial t = {0};
    tren_status st = trial_open(&t, a, b, c);
    *equal = st == TREN_OK;
    for (uint32_t i = 0; i < trials && *equal; i++) {
        fill(t.a, a, 1, i);
        fill(t.b, b, 2, i);
        fill(t.one, c, 3, i);
        memcpy(t.many, t.one, c * sizeof(real));
        tren_gemm(t.one, t.a, t.b, shape, 1, 1);
        tren_gemm(t.leaf, t.a, t.b, shape, 1, 0);
        tren_kernels_best()->add(t.many, t.leaf, c);
        *equal = memcmp(t.one, t.many, c * sizeof(real)) == 0;
    }
    trial_close(&t);
    return st;
}

tren_status tren_try_accumulate(bool *equal, const tren_param *weight, int n_groups,
                                const int *row0) {
    int out = weight->dim[0], tile = tren_tile_rows(weight),
        tried = 0; /* rows differ by one at most */
    tren_gemm_shape shape = {.n = weight->dim[1], .ta = true, .lda = out};
    *equal = true;
    for (int g = 0; g < n_groups; g++) {
        shape.k = row0[g + 1] - row0[g];
        if (shape.k == tried || shape.k == 0) continue;
        tried = shape.k;
        shape.m = tile;
        if (*equal) TREN_TRY(try_tile(equal, shape));
        shape.m = out % tile;
        if (*equal && shape.m > 0) TREN_TRY(try_tile(equal, shape));
    }
    return TREN_OK;
}
