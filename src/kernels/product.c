/* The loops around the register tile: chunks of k, groups of rows, panels of columns. */
#include "kernels/product_tile.h"

#include <assert.h>
#include <string.h>

/* CHUNK terms of k at a time (and up to TAIL more where they are the last). PANELS panels of b,
 * CHUNK x TILE_COLS each, are packed together. They take 512 KiB at v4 and 256 KiB below, and stay
 * in the second-level cache while each tile of a, CHUNK x TILE_ROWS, meets all of them. If a has at
 * most GROUP tiles, these stay there instead, and the panels are packed one after the other. At v4
 * a chunk is longer, so that sums wait in c half as often. */
#if TREN_LEVEL_VB == 64
enum { CHUNK = 2 * TREN_PRODUCT_BLOCK, GROUP = 24, PANELS = 8 };
#else
enum { CHUNK = TREN_PRODUCT_BLOCK, GROUP = 48, PANELS = 16 };
#endif
enum { TAIL = 64, STEPS = 64 };
/* All tiles of a group, or some panels, are packed PIECE terms of k at a time if the terms of one
 * row lie far apart: neighbours share lines of memory, which then stay in the first-level cache. */
enum { PIECE = 32 };
/* From LEAST_TURN to TURN rows of a it is cheaper to pack a than op(b); up to DIRECT rows, b is
 * read where it lies. ALIAS: bytes of one way of a first-level cache. */
enum { LEAST_TURN = 8, TURN = 48, DIRECT = 11 * TILE_ROWS, ALIAS = 4096 };
/* Rows that are packed at a time; rows and columns where sums must wait between chunks. */
enum { MOST_TILES = 14 * GROUP, MOST_ROWS = MOST_TILES * TILE_ROWS };
enum { WAIT_ROWS = GROUP * TILE_ROWS, WAIT_COLS = 32 * TILE_COLS };

static int smaller(int a, int b) {
    return a < b ? a : b;
}
static int panels(int n) {
    return n / TILE_COLS + (n % TILE_COLS != 0);
}
static int tiles(int m) {
    return m / TILE_ROWS + (m % TILE_ROWS != 0);
}

/* ---- the terms of the sums ------------------------------------------------------------------- */

typedef struct terms {
    const int *step, *row0;
    int n_steps, at;
    int left, adds; /* of the shard: terms that are left, pending sums that are added at its end */
    bool begun;
} terms;

typedef struct chunk {
    product_step step[STEPS];
    int n_steps, k0, k;
    int before, after; /* pending sums */
    bool last;
} chunk;

static void next_shard(terms *t) {
    int g = t->step[t->at++];
    t->left = t->row0[g + 1] - t->row0[g];
    t->begun = false;
    for (t->adds = 0; t->at < t->n_steps && t->step[t->at] == TREN_FOLD; t->at++) t->adds++;
}

static void terms_open(terms *t, chunk *c, const tren_product *p) {
    *t = (terms){.step = p->step, .row0 = p->row0, .n_steps = p->n_steps, .left = p->k};
    *c = (chunk){0};
    if (p->n_steps > 0) next_shard(t);
}

/* The next chunk, after the one that c is. */
static void next_chunk(chunk *c, terms *t) {
    c->k0 += c->k;
    c->before = c->after;
    c->k = c->n_steps = 0;
    c->last = false;
    while (!c->last && c->n_steps < STEPS) {
        int k = smaller(t->left, TREN_PRODUCT_BLOCK);
        bool tail = t->left <= TAIL && t->at >= t->n_steps;
        if (c->n_steps > 0 && c->k + k > CHUNK + (tail ? TAIL : 0)) return;
        product_step *s = &c->step[c->n_steps++];
        *s = (product_step){k, t->begun ? 1 : 0};
        c->k += k;
        t->left -= k;
        t->begun = true;
        if (t->left == 0) {
            s->adds += t->adds;
            c->last = t->at >= t->n_steps;
            if (!c->last) next_shard(t);
        }
        c->after += 1 - s->adds;
        assert(c->after < PRODUCT_DEPTH);
    }
}

/* ---- the plan -------------------------------------------------------------------------------- */

/* The product as it is computed: vectors run along n. `turned`: of its transpose. */
typedef struct plan {
    product_rows a, b;
    int m, n, k;
    bool turned, copies_a, copies_b;
    bool waits;     /* sums may not wait in c between chunks */
    int n_more;     /* sums that wait elsewhere */
    int rows, cols; /* of a block */
    int panels;     /* of b at a time */
    bool keeps_a;   /* packed tiles, for the next panels */
} plan;

static product_rows rows_of(const real *at, ptrdiff_t ld, bool together) {
    return together ? (product_rows){at, 1, ld} : (product_rows){at, ld, 1};
}

/* Any shards of a tree, which is ceil(log2(shards)) + 1 sums deep at most. */
static int most_pending(const tren_product *p) {
    int shards = (p->n_steps + 1) / 2, most = 1;
    while (1 << (most - 1) < shards) most++;
    return p->k <= CHUNK && shards <= STEPS ? 0 : most;
}

/* How many sums wait between chunks, at most. */
static int most_waiting(const tren_product *p) {
    if (p->n_steps > 0 && !p->step) return most_pending(p);
    terms t;
    chunk c;
    int most = 0;
    terms_open(&t, &c, p);
    for (next_chunk(&c, &t); !c.last; next_chunk(&c, &t))
        if (c.after > most) most = c.after;
    return most;
}

/* Rows so far apart share one set of a cache, so that few of them stay there. */
static bool collide(ptrdiff_t ld) {
    return ld * (ptrdiff_t)sizeof(real) % ALIAS == 0;
}

static plan plan_of(const real *a, const real *b, const tren_product *p) {
    int lda = p->lda ? p->lda : (p->ta ? p->m : p->k),
        ldb = p->ldb ? p->ldb : (p->tb ? p->k : p->n);
    plan x = {.m = p->m, .n = p->n, .k = p->k};
    x.a = rows_of(a, lda, p->ta);
    x.b = rows_of(b, ldb, !p->tb);
    x.turned = p->tb && !p->ta && p->m >= LEAST_TURN && p->m <= TURN && p->n > TILE_COLS;
    if (x.turned) {
        product_rows swap = x.a;
        x.a = x.b;
        x.b = swap;
        x.m = p->n;
        x.n = p->m;
    }
    x.copies_a = x.n > 2 * TILE_COLS && !x.turned && (x.a.k != 1 || collide(x.a.row));
    bool across = x.b.row == 1;
    x.copies_b = !across || x.m > DIRECT || collide(x.b.k);
    int waiting = most_waiting(p);
    x.waits = waiting > 0 && p->beta != 0;
    x.n_more = waiting - (x.waits ? 0 : 1);
    if (x.n_more < 0) x.n_more = 0;
    x.rows = smaller(x.m, x.n_more > 0 ? WAIT_ROWS : MOST_ROWS);
    x.cols = x.n_more > 0 ? smaller(x.n, WAIT_COLS) : x.n;
    /* Where all tiles of a stay in a cache, each panel may meet them before the next is packed. */
    bool one = tiles(x.rows) <= GROUP && !(x.copies_b && across);
    x.panels = one ? 1 : smaller(PANELS, panels(x.cols));
    x.keeps_a = x.panels < panels(x.cols);
    return x;
}

/* Where the parts of scratch begin. */
typedef struct room {
    real *a, *b, *more;
    size_t len; /* of all */
} room;

enum { LINE = 64 / sizeof(real) };
static size_t lines(size_t n) {
    return (n + LINE - 1) / LINE * LINE;
}

/* Elements of a packed tile of a or panel of b, and what packing may write beyond. */
static size_t tile_len(int k) {
    return lines((size_t)TILE_ROWS * k + VL);
}
static size_t panel_len(int k) {
    return lines((size_t)TILE_COLS * k + VL);
}

static room room_of(const plan *x, real *scratch) {
    int k = smaller(x->k, CHUNK + TAIL);
    /* One panel at least: the last is always copied where it is not whole. */
    int kept = smaller(tiles(x->rows), x->keeps_a ? MOST_TILES : GROUP);
    size_t a = x->copies_a ? kept * tile_len(k) : 0, b = x->panels * panel_len(k);
    size_t more = (size_t)x->n_more * WAIT_ROWS * WAIT_COLS;
    return (room){scratch, scratch + a, scratch + a + b, a + b + more};
}

size_t tren_product_scratch(const tren_product *p) {
    if (!p) return MOST_TILES * tile_len(CHUNK + TAIL) + PANELS * panel_len(CHUNK + TAIL);
    plan x = plan_of(NULL, NULL, p);
    return room_of(&x, NULL).len;
}

/* ---- one block of c -------------------------------------------------------------------------- */

typedef struct block {
    const plan *plan;
    const tren_product *p;
    const room *room;
    real *c;
    int i0, m, j0, n; /* rows and columns of c */
} block;

/* Tile i of the rows of a block; their sizes differ by one at most. */
static int tile_first(const block *b, int i) {
    return (int)((int64_t)b->m * i / tiles(b->m));
}

typedef struct panel {
    const real *at;
    ptrdiff_t k;
    int j, n; /* its columns, within the block */
} panel;

static product_rows columns_from(const block *b, const chunk *c, int col, int k) {
    product_rows x = b->plan->b;
    x.at += (b->j0 + col) * x.row + (c->k0 + k) * x.k;
    return x;
}

/* Panel j of the block: where it lies, or its copy in place `slot`. The last is copied if it is not
 * whole. */
static panel panel_of(const block *b, const chunk *c, int j, int slot) {
    const plan *x = b->plan;
    panel y = {.j = j * TILE_COLS, .n = smaller(TILE_COLS, b->n - j * TILE_COLS)};
    bool copied = x->copies_b || y.n < TILE_COLS;
    y.at = copied ? b->room->b + slot * panel_len(c->k) : columns_from(b, c, y.j, 0).at;
    y.k = copied ? TILE_COLS : x->b.k;
    return y;
}

/* A tile whose columns are not whole, or do not lie together in c. */
typedef struct edge {
    real c[TILE_ROWS * TILE_COLS], d[TILE_ROWS * TILE_COLS];
} edge;

static void gather(real *to, const real *from, ptrdiff_t row, ptrdiff_t col, int rows, int cols) {
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++) to[i * TILE_COLS + j] = from[i * row + j * col];
}

static void scatter(real *to, const real *from, ptrdiff_t row, ptrdiff_t col, int rows, int cols) {
    if (row == 1)
        for (int j = 0; j < cols; j++)
            for (int i = 0; i < rows; i++) to[i + j * col] = from[i * TILE_COLS + j];
    else
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < cols; j++) to[i * row + j] = from[i * TILE_COLS + j];
}

/* One tile of c, from row i and the panel's first column on. */
static void run_tile(const block *b, const chunk *c, product_tile *t, const panel *y, int i,
                     int rows) {
    const plan *x = b->plan;
    const tren_product *p = b->p;
    ptrdiff_t ldc = p->ldc ? p->ldc : p->n, row = x->turned ? 1 : ldc, col = x->turned ? ldc : 1;
    real *at = b->c + (b->i0 + i) * row + (b->j0 + y->j) * col;
    edge e;
    bool direct = y->n == TILE_COLS && !x->turned, reads = c->last && t->beta != 0;
    t->c = direct ? at : e.c;
    t->c_ld = direct ? row : TILE_COLS;
    t->d = direct ? at : e.d;
    if (!direct && reads) gather(e.d, at, row, col, rows, y->n);
    t->first = t->c;
    t->first_ld = t->c_ld;
    t->more = b->room->more + (size_t)i * WAIT_COLS + y->j;
    if (x->waits) {
        t->first = t->more;
        t->first_ld = WAIT_COLS;
        t->more += t->more_len;
    } else if (!direct && c->before > 0) {
        gather(e.c, at, row, col, rows, y->n);
    }
    product_tile_run(t, rows, y->n);
    if (!direct && (c->last || (!x->waits && c->after > 0))) scatter(at, e.c, row, col, rows, y->n);
}

/* Rows of a from `row` of the block and element k of the chunk on. */
static product_rows rows_from(const block *b, const chunk *c, int row, int k) {
    product_rows a = b->plan->a;
    a.at += (b->i0 + row) * a.row + (c->k0 + k) * a.k;
    return a;
}

static void pack_panels(const block *b, const chunk *c, int j0, int j1) {
    const plan *x = b->plan;
    int piece = x->b.k == 1 ? c->k : PIECE;
    if (!x->copies_b && j1 * TILE_COLS <= b->n) return;
    for (int k = 0; k < c->k; k += piece)
        for (int j = x->copies_b ? j0 : j1 - 1; j < j1; j++) {
            product_rows from = columns_from(b, c, j * TILE_COLS, k);
            product_pack_rows(b->room->b + (j - j0) * panel_len(c->k) + (ptrdiff_t)k * TILE_COLS,
                              &from, x->n - b->j0 - j * TILE_COLS, TILE_COLS,
                              smaller(piece, c->k - k));
        }
}

static real *packed_tile(const block *b, const chunk *c, int i) {
    return b->room->a + (b->plan->keeps_a ? i : i % GROUP) * tile_len(c->k);
}

static void pack_group(const block *b, const chunk *c, int first, int end) {
    int piece = b->plan->a.k == 1 ? c->k : PIECE;
    for (int k = 0; k < c->k; k += piece)
        for (int i = first; i < end; i++) {
            int row = tile_first(b, i), rows = tile_first(b, i + 1) - row;
            product_rows from = rows_from(b, c, row, k);
            product_pack_rows(packed_tile(b, c, i) + (ptrdiff_t)k * rows, &from,
                              b->plan->m - b->i0 - row, rows, smaller(piece, c->k - k));
        }
}

/* Tiles from `first` to `end` with the panels from j0 to j1. */
static void run_group(const block *b, const chunk *c, int first, int end, int j0, int j1) {
    const plan *x = b->plan;
    const tren_product *p = b->p;
    if (x->copies_a && j0 == 0) pack_group(b, c, first, end);
    if (first == 0) pack_panels(b, c, j0, j1);
    product_tile t = {.step = c->step,
                      .n_steps = c->n_steps,
                      .depth = c->before,
                      .more_ld = WAIT_COLS,
                      .more_len = (ptrdiff_t)WAIT_ROWS * WAIT_COLS,
                      .last = c->last,
                      .alpha = p->alpha,
                      .beta = p->beta};
    for (int i = first; i < end; i++) {
        int row = tile_first(b, i), rows = tile_first(b, i + 1) - row;
        if (x->copies_a)
            t.a = (product_rows){packed_tile(b, c, i), 1, rows};
        else
            t.a = rows_from(b, c, row, 0);
        for (int j = j0; j < j1; j++) {
            panel y = panel_of(b, c, j, j - j0);
            t.b = y.at;
            t.b_k = y.k;
            run_tile(b, c, &t, &y, row, rows);
        }
    }
}

static void run_block(const block *b) {
    terms t;
    chunk c;
    int n_tiles = tiles(b->m), n_panels = panels(b->n), some = b->plan->panels;
    terms_open(&t, &c, b->p);
    do {
        next_chunk(&c, &t);
        for (int j = 0; j < n_panels; j += some)
            for (int i = 0; i < n_tiles; i += GROUP)
                run_group(b, &c, i, smaller(i + GROUP, n_tiles), j, smaller(j + some, n_panels));
    } while (!c.last);
}

void tren_product_run(real *restrict c, const real *a, const real *b, const tren_product *p,
                      real *restrict scratch) {
    plan x = plan_of(a, b, p);
    room r = room_of(&x, scratch);
    block k = {.plan = &x, .p = p, .room = &r, .c = c};
    for (int j = 0; j < x.n; j += x.cols)
        for (int i = 0; i < x.m; i += x.rows) {
            k.i0 = i;
            k.j0 = j;
            k.m = smaller(x.rows, x.m - i);
            k.n = smaller(x.cols, x.n - j);
            run_block(&k);
        }
}
