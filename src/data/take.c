/* Keeping a number of the pool's rows: each row has a draw of its own, and of each class those with
 * the smallest are kept. */
#include "data/prepare.h"
#include <stdlib.h>

/* A class of the pool; targets are one. */
typedef struct stratum {
    size_t class, n, kept;
    uint64_t remainder; /* of its exact share, in pool-ths of a row */
} stratum;

typedef struct candidate {
    uint64_t draw;
    size_t class;
    uint32_t row;
} candidate;

static size_t class_of(const tren_source *source, size_t row) {
    return source->n_classes > 0 ? (size_t)tren_source_label(source, row) : 0;
}

/* ---- how many of each class --------------------------------------------------------------------
 */

static int by_remainder(const void *a, const void *b) {
    const stratum *x = a, *y = b;
    if (x->remainder != y->remainder) return x->remainder > y->remainder ? -1 : 1;
    return x->class < y->class ? -1 : x->class > y->class;
}

static int by_class(const void *a, const void *b) {
    const stratum *x = a, *y = b;
    return x->class < y->class ? -1 : x->class > y->class;
}

/* The method of largest remainders: whole rows of each share, then one more for those that lack
 * least to it. */
static void set_kept(stratum *of, size_t n_classes, size_t n, size_t pool) {
    size_t left = n;
    for (size_t c = 0; c < n_classes; c++) {
        uint64_t share = (uint64_t)n * of[c].n;
        of[c].class = c;
        of[c].kept = share / pool;
        of[c].remainder = share % pool;
        left -= of[c].kept;
    }
    qsort(of, n_classes, sizeof *of, by_remainder);
    for (size_t i = 0; i < left; i++) of[i].kept++;
    qsort(of, n_classes, sizeof *of, by_class);
}

/* ---- which of them -----------------------------------------------------------------------------
 */

static int by_draw(const void *a, const void *b) {
    const candidate *x = a, *y = b;
    if (x->class != y->class) return x->class < y->class ? -1 : 1;
    if (x->draw != y->draw) return x->draw < y->draw ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static int by_row(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static uint64_t draw_of(uint64_t seed, size_t class, size_t index) {
    tren_rng rng = tren_rng_open(seed, TREN_RNG_TAKE, 0, (uint32_t) class, (uint32_t)index);
    uint32_t word[4];
    tren_rng_words(word, &rng, 0);
    return (uint64_t)word[0] << 32 | word[1];
}

/* Counts the classes, and gives each row the draw of its number within its class. */
static void draw_all(candidate *all, stratum *of, const tren_source *source, size_t pool,
                     uint64_t seed) {
    for (size_t i = 0; i < pool; i++) {
        size_t class = class_of(source, i);
        all[i] = (candidate){draw_of(seed, class, of[class].n++), class, (uint32_t)i};
    }
}

static void keep(uint32_t *row, const candidate *all, const stratum *of, size_t n_classes) {
    for (size_t c = 0, first = 0; c < n_classes; first += of[c++].n)
        for (size_t i = 0; i < of[c].kept; i++) *row++ = all[first + i].row;
}

tren_status tren_take(uint32_t *row, size_t n, const tren_source *source, size_t pool,
                      uint64_t seed) {
    size_t n_classes = source->n_classes > 0 ? (size_t)source->n_classes : 1;
    stratum *of = NULL;
    candidate *all = NULL;
    tren_status st;
    TREN_GOTO(tren_alloc(&of, n_classes, sizeof *of, "the classes of --take"));
    TREN_GOTO(tren_alloc(&all, pool, sizeof *all, "the rows of --take"));
    draw_all(all, of, source, pool, seed);
    set_kept(of, n_classes, n, pool);
    qsort(all, pool, sizeof *all, by_draw);
    keep(row, all, of, n_classes);
    qsort(row, n, sizeof *row, by_row);
done:
    free(of);
    free(all);
    return st;
}
