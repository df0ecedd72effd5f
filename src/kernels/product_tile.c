/* The register tile of the matrix product. */
#include "kernels/product_tile.h"

#include <assert.h>

#ifdef __clang__
#define UNROLL_4 _Pragma("clang loop unroll_count(4)")
#else
#define UNROLL_4 _Pragma("GCC unroll 4")
#endif

/* What the compiler knows of a tile: each kind has code of its own. */
typedef struct kind {
    int rows, wide; /* vectors of a row that are computed */
    bool by_row;    /* a.k is 1, else a.row is */
} kind;

/* While chains run, memory brings the pending sums of the last chunk: at once to the second-level
 * cache, and to the first, where they would not last so long, SOON terms before they are added. */
enum { SOON = 96 };
ALWAYS_INLINE void fetch_line(const real *at, const bool soon) {
    if (soon) /* the level is a constant for the compiler */
        __builtin_prefetch(at, 1, 3);
    else
        __builtin_prefetch(at, 0, 2);
}

ALWAYS_INLINE void fetch(const product_tile *t, const kind x, const bool soon) {
    UNROLL
    for (int r = 0; r < x.rows; r++) {
        const real *at = t->first + r * t->first_ld;
        fetch_line(at, soon);
        fetch_line(at + x.wide * VL - 1, soon);
    }
}

/* Where the elements of one k lie together, those of the next k may be far away: the elements that
 * later tiles read there are fetched now. */
enum { AHEAD = 256 / sizeof(real) };

/* sum += the chain over the terms from k0 to end. */
ALWAYS_INLINE void multiply(vec sum[TILE_ROWS][TILE_WIDE], const product_tile *t, const kind x,
                            int k0, int end) {
    ptrdiff_t a_row = x.by_row ? t->a.row : 1, a_k = x.by_row ? 1 : t->a.k;
    const real *a = t->a.at + k0 * a_k, *b = t->b + k0 * t->b_k;
    UNROLL_4
    for (int i = k0; i < end; i++) {
        if (!x.by_row) __builtin_prefetch(a + AHEAD);
        vec w[TILE_WIDE];
        UNROLL
        for (int v = 0; v < x.wide; v++) w[v] = load_anywhere(b + v * VL);
        UNROLL
        for (int r = 0; r < x.rows; r++) {
            UNROLL
            for (int v = 0; v < x.wide; v++) sum[r][v] = FMA(SPLAT(a[r * a_row]), w[v], sum[r][v]);
        }
        a += a_k;
        b += t->b_k;
    }
}

/* sum = the chain over k terms from k0 on. */
ALWAYS_INLINE void chain(vec sum[TILE_ROWS][TILE_WIDE], const product_tile *t, const kind x, int k0,
                         int k) {
    int end = k0 + k, stop = t->depth > 0 && k > SOON ? end - SOON : end;
    UNROLL
    for (int r = 0; r < x.rows; r++) {
        UNROLL
        for (int v = 0; v < x.wide; v++) sum[r][v] = (vec){0};
    }
    multiply(sum, t, x, k0, stop);
    if (stop == end) return;
    fetch(t, x, true);
    multiply(sum, t, x, stop, end);
}

typedef struct place {
    real *at;
    ptrdiff_t ld;
} place;

ALWAYS_INLINE void add(vec sum[TILE_ROWS][TILE_WIDE], place from, const kind x) {
    UNROLL
    for (int r = 0; r < x.rows; r++) {
        UNROLL
        for (int v = 0; v < x.wide; v++)
            sum[r][v] = load_anywhere(from.at + r * from.ld + v * VL) + sum[r][v];
    }
}

ALWAYS_INLINE void store_tile(place to, vec sum[TILE_ROWS][TILE_WIDE], const kind x) {
    UNROLL
    for (int r = 0; r < x.rows; r++) {
        UNROLL
        for (int v = 0; v < x.wide; v++) store_anywhere(to.at + r * to.ld + v * VL, sum[r][v]);
    }
}

/* alpha sum + beta d, from d on. */
ALWAYS_INLINE vec finished(vec sum, const product_tile *t, const real *d) {
    vec alpha = t->alpha - (vec){0}, beta = t->beta - (vec){0};
    if (t->beta == 0) return sum * alpha;
    return FMA(sum, alpha, load_anywhere(d) * beta);
}

ALWAYS_INLINE void finish(vec sum[TILE_ROWS][TILE_WIDE], const product_tile *t, const kind x) {
    if (t->beta == 0 && t->alpha == 1) return;
    UNROLL
    for (int r = 0; r < x.rows; r++) {
        UNROLL
        for (int v = 0; v < x.wide; v++)
            sum[r][v] = finished(sum[r][v], t, t->d + r * t->c_ld + v * VL);
    }
}

/* Of pending sum i between chunks. */
ALWAYS_INLINE place between(const product_tile *t, int i) {
    if (i == 0) return (place){t->first, t->first_ld};
    return (place){t->more + (i - 1) * t->more_len, t->more_ld};
}

/* Pending sums below `from` lie where the last chunk left them, the others in `here`. */
ALWAYS_INLINE void tile(const product_tile *t, const kind x) {
    _Alignas(VB) real here[PRODUCT_DEPTH][TILE_ROWS * TILE_COLS];
    int depth = t->depth, from = depth, k0 = 0;
    if (depth > 0) fetch(t, x, false);
    for (int s = 0;; s++) {
        vec sum[TILE_ROWS][TILE_WIDE];
        chain(sum, t, x, k0, t->step[s].k);
        k0 += t->step[s].k;
        for (int i = 0; i < t->step[s].adds; i++) {
            depth--;
            place p = depth >= from ? (place){here[depth], TILE_COLS} : between(t, depth);
            if (depth < from) from = depth;
            add(sum, p, x);
        }
        if (s < t->n_steps - 1) {
            store_tile((place){here[depth++], TILE_COLS}, sum, x);
            continue;
        }
        if (t->last) finish(sum, t, x);
        store_tile(t->last ? (place){t->c, t->c_ld} : between(t, depth), sum, x);
        break;
    }
    for (int i = from; i < depth; i++) {
        place to = between(t, i);
        for (int r = 0; r < x.rows; r++)
            for (int v = 0; v < x.wide * VL; v += VL)
                store_anywhere(to.at + r * to.ld + v, load_anywhere(here[i] + r * TILE_COLS + v));
    }
}

#define ROWS(n)                                                                                    \
    case n:                                                                                        \
        if (t->a.row == 1)                                                                         \
            tile(t, (kind){n, wide, false});                                                       \
        else                                                                                       \
            tile(t, (kind){n, wide, true});                                                        \
        break;

ALWAYS_INLINE void run_rows(const product_tile *t, int rows, const int wide) {
    switch (rows) {
        ROWS(1)
        ROWS(2)
        ROWS(3)
        ROWS(4)
        ROWS(5)
        ROWS(6)
#if TILE_ROWS > 6
        ROWS(7)
        ROWS(8)
#endif
#if TILE_ROWS > 8
        ROWS(9)
        ROWS(10)
        ROWS(11)
        ROWS(12)
#endif
    default:
        assert(false);
    }
}

void product_tile_run(const product_tile *t, int rows, int cols) {
    assert(t->n_steps > 0 && (t->a.row == 1 || t->a.k == 1));
    if (cols > VL)
        run_rows(t, rows, TILE_WIDE);
    else
        run_rows(t, rows, 1);
}
