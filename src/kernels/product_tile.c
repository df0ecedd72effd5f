/* The register tile of the matrix product. */
#include "kernels/product_tile.h"

#include <assert.h>

#ifdef __clang__
#define UNROLL_4 _Pragma("clang loop unroll_count(4)")
#else
#define UNROLL_4 _Pragma("GCC unroll 4")
#endif

/* While chains run, memory brings the pending sums of the last chunk: at once to the second-level
 * cache, and to the first, where they would not last so long, SOON terms before they are added. */
enum { SOON = 96 };
ALWAYS_INLINE void fetch_line(const real *at, const bool soon) {
    if (soon) /* the level is a constant for the compiler */
        __builtin_prefetch(at, 1, 3);
    else
        __builtin_prefetch(at, 0, 2);
}

ALWAYS_INLINE void fetch(const product_tile *t, const int rows, const bool soon) {
    UNROLL
    for (int r = 0; r < rows; r++) {
        const real *at = t->first + r * t->first_ld;
        fetch_line(at, soon);
        fetch_line(at + TILE_COLS - 1, soon);
    }
}

/* sum += the chain over the terms from k0 to end. by_row: a.k is 1, else a.row is. */
ALWAYS_INLINE void multiply(vec sum[TILE_ROWS][TILE_WIDE], const product_tile *t, const int rows,
                            const bool by_row, int k0, int end) {
    ptrdiff_t a_row = by_row ? t->a.row : 1, a_k = by_row ? 1 : t->a.k;
    const real *a = t->a.at + k0 * a_k, *b = t->b + k0 * t->b_k;
    UNROLL_4
    for (int i = k0; i < end; i++) {
        vec w[TILE_WIDE];
        UNROLL
        for (int v = 0; v < TILE_WIDE; v++) w[v] = load_anywhere(b + v * VL);
        UNROLL
        for (int r = 0; r < rows; r++) {
            UNROLL
            for (int v = 0; v < TILE_WIDE; v++)
                sum[r][v] = FMA(SPLAT(a[r * a_row]), w[v], sum[r][v]);
        }
        a += a_k;
        b += t->b_k;
    }
}

/* sum = the chain over k terms from k0 on. */
ALWAYS_INLINE void chain(vec sum[TILE_ROWS][TILE_WIDE], const product_tile *t, const int rows,
                         const bool by_row, int k0, int k) {
    int end = k0 + k, stop = t->depth > 0 && k > SOON ? end - SOON : end;
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < TILE_WIDE; v++) sum[r][v] = (vec){0};
    }
    multiply(sum, t, rows, by_row, k0, stop);
    if (stop == end) return;
    fetch(t, rows, true);
    multiply(sum, t, rows, by_row, stop, end);
}

ALWAYS_INLINE void add(vec sum[TILE_ROWS][TILE_WIDE], const real *x, ptrdiff_t ld, const int rows) {
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < TILE_WIDE; v++)
            sum[r][v] = load_anywhere(x + r * ld + v * VL) + sum[r][v];
    }
}

ALWAYS_INLINE void store_tile(real *x, ptrdiff_t ld, vec sum[TILE_ROWS][TILE_WIDE],
                              const int rows) {
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < TILE_WIDE; v++) store_anywhere(x + r * ld + v * VL, sum[r][v]);
    }
}

/* alpha sum + beta d, from d on. */
ALWAYS_INLINE vec finished(vec sum, const product_tile *t, const real *d) {
    vec alpha = t->alpha - (vec){0}, beta = t->beta - (vec){0};
    if (t->beta == 0) return sum * alpha;
    return FMA(sum, alpha, load_anywhere(d) * beta);
}

ALWAYS_INLINE void finish(vec sum[TILE_ROWS][TILE_WIDE], const product_tile *t, const int rows) {
    if (t->beta == 0 && t->alpha == 1) return;
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < TILE_WIDE; v++)
            sum[r][v] = finished(sum[r][v], t, t->d + r * t->c_ld + v * VL);
    }
}

typedef struct place {
    real *at;
    ptrdiff_t ld;
} place;

/* Of pending sum i between chunks. */
ALWAYS_INLINE place between(const product_tile *t, int i) {
    if (i == 0) return (place){t->first, t->first_ld};
    return (place){t->more + (i - 1) * t->more_len, t->more_ld};
}

/* Pending sums below `from` lie where the last chunk left them, the others in `here`. */
ALWAYS_INLINE void tile(const product_tile *t, const int rows, const bool by_row) {
    _Alignas(VB) real here[PRODUCT_DEPTH][TILE_ROWS * TILE_COLS];
    int depth = t->depth, from = depth, k0 = 0;
    if (depth > 0) fetch(t, rows, false);
    for (int s = 0;; s++) {
        vec sum[TILE_ROWS][TILE_WIDE];
        chain(sum, t, rows, by_row, k0, t->step[s].k);
        k0 += t->step[s].k;
        for (int i = 0; i < t->step[s].adds; i++) {
            depth--;
            place p = depth >= from ? (place){here[depth], TILE_COLS} : between(t, depth);
            if (depth < from) from = depth;
            add(sum, p.at, p.ld, rows);
        }
        if (s < t->n_steps - 1) {
            store_tile(here[depth++], TILE_COLS, sum, rows);
            continue;
        }
        if (t->last) finish(sum, t, rows);
        place to = t->last ? (place){t->c, t->c_ld} : between(t, depth);
        store_tile(to.at, to.ld, sum, rows);
        break;
    }
    for (int i = from; i < depth; i++) {
        place to = between(t, i);
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < TILE_COLS; v += VL)
                store_anywhere(to.at + r * to.ld + v, load_anywhere(here[i] + r * TILE_COLS + v));
    }
}

#define ROWS(n)                                                                                    \
    case n:                                                                                        \
        if (t->a.row == 1)                                                                         \
            tile(t, n, false);                                                                     \
        else                                                                                       \
            tile(t, n, true);                                                                      \
        break;

void product_tile_run(const product_tile *t, int rows) {
    assert(t->n_steps > 0 && (t->a.row == 1 || t->a.k == 1));
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
