/* Attention in tiles: a block of queries lies in the lanes of vectors, keys go by in blocks. Each
 * query is by itself then, and sums over keys are plain chains. The products of a tile are those of
 * the register tile of the matrix product. */
#include "kernels/product_tile.h"
#include "kernels/table.h"
#include "kernels/transpose.h"
#include "kernels/vmath.h"

#include <float.h>
#include <string.h>

#define PADDED(n) (((n) + TILE_COLS - 1) / TILE_COLS * TILE_COLS)
/* Queries and keys of a block, and elements from one row of an array with queries in lanes to the
 * next. */
/* Rows of one head lie apart in memory, and no CPU foresees them: they are asked for so many rows
 * before. */
enum { SOON = 12, LINE = 64 / sizeof(real) };
enum { QUERIES = 32, KEYS = 64, STRIDE = PADDED(QUERIES) };
#ifdef TREN_DOUBLE
#define LOWEST (-DBL_MAX)
#else
#define LOWEST (-FLT_MAX)
#endif

typedef struct tile_size {
    int m, n, k;
} tile_size;

/* c [m,n] (+)= a [m,k] b [k,n]; c and b may be written and read up to PADDED(n). */
static void multiply(real *c, int c_ld, product_rows a, const real *b, int b_ld, tile_size size,
                     bool add) {
    product_step step = {.k = size.k};
    product_tile t = {.b_k = b_ld,
                      .step = &step,
                      .n_steps = 1,
                      .last = true,
                      .alpha = 1,
                      .beta = add,
                      .c_ld = c_ld};
    for (int j = 0; j < size.n; j += TILE_COLS)
        for (int i = 0; i < size.m; i += TILE_ROWS) {
            t.a = a;
            t.a.at += i * a.row;
            t.b = b + j;
            t.c = c + (ptrdiff_t)i * c_ld + j;
            t.d = t.c;
            product_tile_run(&t, size.m - i < TILE_ROWS ? size.m - i : TILE_ROWS, size.n - j);
        }
}

/* to [n,m] = scale from [m,n] */
static void transpose_array(real *to, ptrdiff_t to_ld, const real *from, ptrdiff_t from_ld, int m,
                            int n, real scale) {
    int whole_m = m / VL * VL, whole_n = n / VL * VL;
    for (int i = 0; i < whole_m; i += VL)
        for (int j = 0; j < whole_n; j += VL) {
            vec x[VL];
            UNROLL
            for (int u = 0; u < VL; u++)
                x[u] = load_anywhere(from + (i + u) * from_ld + j) * (scale - (vec){0});
            transpose(x);
            UNROLL
            for (int u = 0; u < VL; u++) store_anywhere(to + (j + u) * to_ld + i, x[u]);
        }
    for (int i = 0; i < m; i++)
        for (int j = i < whole_m ? whole_n : 0; j < n; j++)
            to[j * to_ld + i] = scale * from[i * from_ld + j];
}

/* A block of queries. */
typedef struct block {
    const tren_attention_shape *shape;
    int first, n; /* queries */
    int end;      /* keys that its last query sees */
    real *q;      /* [width, STRIDE] scaled */
    real *sum;    /* [width, STRIDE] of values by weights; of keys by gradients */
    real *k, *v;  /* [keys, width] copied: rows that lie apart would push each other out of the
                     cache */
} block;

static int smaller(int a, int b) {
    return a < b ? a : b;
}

/* Queries of a block in lanes; lanes without one hold zeros. */
static void in_lanes(real *to, const real *from, int ld, const block *b, real scale) {
    int width = b->shape->width;
    if (b->n < QUERIES) memset(to, 0, (size_t)width * STRIDE * sizeof *to);
    transpose_array(to, STRIDE, from + (ptrdiff_t)b->first * ld, ld, b->n, width, scale);
}

static void ask_for(const real *x, ptrdiff_t ld, int n, int width) {
    for (int i = 0; i < n; i++)
        for (int l = 0; l < width; l += LINE) __builtin_prefetch(x + i * ld + l, 1);
}

static void copy_rows(real *to, ptrdiff_t to_ld, const real *from, ptrdiff_t from_ld, int n,
                      int width, real scale) {
    for (int i = 0; i < n; i++, to += to_ld, from += from_ld) {
        int c = 0;
        for (int l = 0; l < width; l += LINE) {
            __builtin_prefetch(from + SOON * from_ld + l);
            __builtin_prefetch(to + SOON * to_ld + l, 1);
        }
        for (; c + VL <= width; c += VL)
            store_anywhere(to + c, SPLAT(scale) * load_anywhere(from + c));
        for (; c < width; c++) to[c] = scale * from[c];
    }
}

static size_t block_room(const tren_attention_shape *s) {
    return 2 * (size_t)s->width * ((size_t)s->keys + STRIDE);
}

/* Returns what is left of the scratch. */
static real *open_head(block *b, const tren_attention_shape *s, const real *k, const real *v,
                       real *scratch) {
    size_t lanes = (size_t)s->width * STRIDE, keys = (size_t)s->width * (size_t)s->keys;
    *b = (block){.shape = s,
                 .q = scratch,
                 .sum = scratch + lanes,
                 .k = scratch + 2 * lanes,
                 .v = scratch + 2 * lanes + keys};
    copy_rows(b->k, s->width, k, s->kv_ld, s->keys, s->width, 1);
    copy_rows(b->v, s->width, v, s->kv_ld, s->keys, s->width, 1);
    return scratch + block_room(s);
}

static void open_block(block *b, const real *q, int first) {
    const tren_attention_shape *s = b->shape;
    b->first = first;
    b->n = smaller(QUERIES, s->queries - first);
    b->end = s->causal ? smaller(s->keys, first + b->n) : s->keys;
    ask_for(q + (ptrdiff_t)(first + b->n) * s->q_ld, s->q_ld,
            smaller(QUERIES, s->queries - first - b->n), s->width);
    in_lanes(b->q, q, s->q_ld, b, s->scale);
}

/* Lanes of key `j` whose query comes before it: [0, this). */
static int hidden_lanes(const block *b, int j) {
    return b->shape->causal && j > b->first ? smaller(j - b->first, QUERIES) : 0;
}

/* out [n, STRIDE] = rows [j0, j0 + n) of x [keys, width] by what lies in lanes */
static void by_keys(real *out, const block *b, const real *x, const real *lanes, int j0, int n) {
    int width = b->shape->width;
    product_rows keys = {x + (ptrdiff_t)j0 * width, width, 1};
    multiply(out, STRIDE, keys, lanes, STRIDE, (tile_size){n, b->n, width}, false);
}

/* sum [width, STRIDE] += rows of x by weights p [n, STRIDE] of keys [j0, j0 + n) */
static void add_keys(const block *b, const real *x, const real *p, int j0, int n) {
    int width = b->shape->width;
    product_rows columns = {x + (ptrdiff_t)j0 * width, 1, width};
    multiply(b->sum, STRIDE, columns, p, STRIDE, (tile_size){width, b->n, n}, true);
}

/* ---- forward -----------------------------------------------------------------------------------
 */

typedef struct online {
    real top[QUERIES], total[QUERIES]; /* the largest score so far, the sum of e^(score - top) */
} online;

static void hide(real *x, const block *b, int j0, int n, real value) {
    for (int j = 0; j < n; j++)
        for (int l = 0; l < hidden_lanes(b, j0 + j); l++) x[j * STRIDE + l] = value;
}

/* What earlier blocks of keys have summed is scaled to the new largest score. */
static void raise_top(online *o, real *sum, int width, const real *score, int n) {
    real factor[QUERIES], top[QUERIES];
    memcpy(top, o->top, sizeof top);
    for (int j = 0; j < n; j++)
        for (int l = 0; l < QUERIES; l++) {
            real s = score[j * STRIDE + l];
            top[l] = s > top[l] ? s : top[l];
        }
    for (int l = 0; l < QUERIES; l++) factor[l] = vexp(o->top[l] - top[l]);
    for (int l = 0; l < QUERIES; l++) o->total[l] *= factor[l];
    for (int c = 0; c < width; c++)
        for (int l = 0; l < QUERIES; l++) sum[c * STRIDE + l] *= factor[l];
    memcpy(o->top, top, sizeof top);
}

/* What is hidden adds less than 1e-37 to a total of 1 and more. */
static void weights(online *restrict o, real *restrict score, int n) {
    for (int j = 0; j < n; j++)
        for (int l = 0; l < QUERIES; l++) {
            real p = vexp(score[j * STRIDE + l] - o->top[l]);
            score[j * STRIDE + l] = p;
            o->total[l] += p;
        }
}

static void attend(const block *b, online *o) {
    _Alignas(64) real score[KEYS * STRIDE];
    for (int j0 = 0; j0 < b->end; j0 += KEYS) {
        int n = smaller(KEYS, b->end - j0);
        by_keys(score, b, b->k, b->q, j0, n);
        hide(score, b, j0, n, LOWEST);
        raise_top(o, b->sum, b->shape->width, score, n);
        weights(o, score, n);
        hide(score, b, j0, n, 0);
        add_keys(b, b->v, score, j0, n);
    }
}

void LEVEL(attention_forward)(real *restrict y, real *restrict kept, const real *restrict q,
                              const real *restrict k, const real *restrict v,
                              const tren_attention_shape *s, real *restrict scratch) {
    block b;
    open_head(&b, s, k, v, scratch);
    for (int first = 0; first < s->queries; first += QUERIES) {
        online o = {{0}, {0}};
        real inverse[QUERIES];
        open_block(&b, q, first);
        ask_for(y + (ptrdiff_t)first * s->y_ld, s->y_ld, b.n, s->width);
        for (int l = 0; l < QUERIES; l++) o.top[l] = LOWEST;
        memset(b.sum, 0, (size_t)s->width * STRIDE * sizeof *b.sum);
        attend(&b, &o);
        for (int l = 0; l < QUERIES; l++) inverse[l] = o.total[l] > 0 ? 1 / o.total[l] : o.total[l];
        for (int c = 0; c < s->width; c++)
            for (int l = 0; l < QUERIES; l++) b.sum[c * STRIDE + l] *= inverse[l];
        transpose_array(y + (ptrdiff_t)first * s->y_ld, s->y_ld, b.sum, STRIDE, s->width, b.n, 1);
        memcpy(kept + first, o.top, (size_t)b.n * sizeof *kept);
        memcpy(kept + s->queries + first, inverse, (size_t)b.n * sizeof *kept);
    }
}

/* ---- backward ----------------------------------------------------------------------------------
 */

/* What backward of a block needs besides. */
typedef struct back {
    block b;
    int padded;             /* width, for rows below */
    real *dy;               /* [width, STRIDE] */
    real *q_rows, *dy_rows; /* [QUERIES, padded] */
    bool wants_q, wants_kv;
    real *dk, *dv;                                      /* [keys, padded] */
    real top[QUERIES], inverse[QUERIES], mean[QUERIES]; /* mean: of dp by the weights, sum_c dy y */
} back;

size_t LEVEL(attention_scratch)(const tren_attention_shape *s) {
    return block_room(s) + (size_t)s->width * STRIDE +
           (size_t)PADDED(s->width) * 2 * (QUERIES + (size_t)s->keys);
}

static void open_back(back *t, const tren_attention_arrays *x, const tren_attention_shape *s,
                      real *scratch) {
    t->padded = PADDED(s->width);
    size_t rows = (size_t)QUERIES * (size_t)t->padded, keys = (size_t)s->keys * (size_t)t->padded;
    t->dy = open_head(&t->b, s, x->k, x->v, scratch);
    t->q_rows = t->dy + (size_t)s->width * STRIDE;
    t->dy_rows = t->q_rows + rows;
    t->dk = t->dy_rows + rows;
    t->dv = t->dk + keys;
    if (t->padded > s->width) memset(t->q_rows, 0, 2 * rows * sizeof *scratch);
    memset(t->dk, 0, 2 * keys * sizeof *scratch);
}

static void open_back_block(back *t, const tren_attention_arrays *x, int first) {
    block *b = &t->b;
    const tren_attention_shape *s = b->shape;
    open_block(b, x->q, first);
    int next = first + b->n, more = smaller(QUERIES, s->queries - next);
    ask_for(x->dy + (ptrdiff_t)next * s->y_ld, s->y_ld, more, s->width);
    ask_for(x->y + (ptrdiff_t)next * s->y_ld, s->y_ld, more, s->width);
    const real *q = x->q + (ptrdiff_t)first * s->q_ld, *dy = x->dy + (ptrdiff_t)first * s->y_ld;
    copy_rows(t->q_rows, t->padded, q, s->q_ld, b->n, s->width, s->scale);
    copy_rows(t->dy_rows, t->padded, dy, s->y_ld, b->n, s->width, 1);
    in_lanes(t->dy, x->dy, s->y_ld, b, 1);
    in_lanes(b->sum, x->y, s->y_ld, b, 1);
    memset(t->top, 0, sizeof t->top);
    memset(t->inverse, 0, sizeof t->inverse);
    memset(t->mean, 0, sizeof t->mean);
    memcpy(t->top, x->kept + first, (size_t)b->n * sizeof *t->top);
    memcpy(t->inverse, x->kept + s->queries + first, (size_t)b->n * sizeof *t->top);
    for (int c = 0; c < s->width; c++)
        for (int l = 0; l < QUERIES; l++)
            t->mean[l] += t->dy[c * STRIDE + l] * b->sum[c * STRIDE + l];
    memset(b->sum, 0, (size_t)s->width * STRIDE * sizeof *b->sum);
}

/* Scores become weights, and gradients of weights those of scores. */
static void score_gradients(const back *restrict t, real *restrict p, real *restrict dp, int n) {
    for (int j = 0; j < n; j++)
        for (int l = 0; l < QUERIES; l++) {
            size_t at = (size_t)j * STRIDE + l;
            real weight = vexp(p[at] - t->top[l]) * t->inverse[l];
            p[at] = weight;
            dp[at] = weight * (dp[at] - t->mean[l]);
        }
}

static void attend_back(const back *t) {
    _Alignas(64) real p[KEYS * STRIDE], dp[KEYS * STRIDE];
    const block *b = &t->b;
    const tren_attention_shape *s = b->shape;
    for (int j0 = 0; j0 < b->end; j0 += KEYS) {
        int n = smaller(KEYS, b->end - j0);
        ptrdiff_t at = (ptrdiff_t)j0 * t->padded;
        by_keys(p, b, b->k, b->q, j0, n);
        by_keys(dp, b, b->v, t->dy, j0, n);
        score_gradients(t, p, dp, n);
        hide(p, b, j0, n, 0);
        hide(dp, b, j0, n, 0);
        if (t->wants_q) add_keys(b, b->k, dp, j0, n);
        if (!t->wants_kv) continue;
        tile_size by_query = {n, s->width, b->n};
        multiply(t->dv + at, t->padded, (product_rows){p, STRIDE, 1}, t->dy_rows, t->padded,
                 by_query, true);
        multiply(t->dk + at, t->padded, (product_rows){dp, STRIDE, 1}, t->q_rows, t->padded,
                 by_query, true);
    }
}

void LEVEL(attention_input)(real *restrict dq, real *restrict dk, real *restrict dv,
                            const tren_attention_arrays *x, const tren_attention_shape *s,
                            real *restrict scratch) {
    back t = {.wants_q = dq != NULL, .wants_kv = dk != NULL};
    open_back(&t, x, s, scratch);
    for (int first = 0; first < s->queries; first += QUERIES) {
        open_back_block(&t, x, first);
        if (t.wants_q) ask_for(dq + (ptrdiff_t)first * s->q_ld, s->q_ld, t.b.n, s->width);
        attend_back(&t);
        if (t.wants_q)
            transpose_array(dq + (ptrdiff_t)first * s->q_ld, s->q_ld, t.b.sum, STRIDE, s->width,
                            t.b.n, s->scale);
    }
    if (!t.wants_kv) return;
    copy_rows(dk, s->kv_ld, t.dk, t.padded, s->keys, s->width, 1);
    copy_rows(dv, s->kv_ld, t.dv, t.padded, s->keys, s->width, 1);
}
