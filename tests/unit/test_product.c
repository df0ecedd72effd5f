/* The matrix product: every element has the bits of its stated order of sums, on every level. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tren/kernels.h"
#include "support/net.h"

typedef tren_kernels level;

static int levels(const level **of) {
    int n = 0;
    for (int i = 0; tren_kernels_at(i); i++)
        if (tren_kernels_run_here(tren_kernels_at(i))) of[n++] = tren_kernels_at(i);
    return n;
}

/* ---- the definition -------------------------------------------------------------------------- */

static real fused(real a, real b, real c) {
#ifdef TREN_DOUBLE
    return fma(a, b, c);
#else
    return fmaf(a, b, c);
#endif
}

typedef struct product_case {
    tren_product p;
    real *a, *b, *old, *right, *c; /* owned */
} product_case;

static real shard_sum(const product_case *t, int i, int j, int k0, int k1) {
    const tren_product *p = &t->p;
    int lda = p->lda ? p->lda : (p->ta ? p->m : p->k),
        ldb = p->ldb ? p->ldb : (p->tb ? p->k : p->n);
    real sum = 0;
    for (int from = k0; from < k1; from += TREN_PRODUCT_BLOCK) {
        int to = from + TREN_PRODUCT_BLOCK < k1 ? from + TREN_PRODUCT_BLOCK : k1;
        real chain = 0;
        for (int k = from; k < to; k++)
            chain = fused(t->a[p->ta ? k * lda + i : i * lda + k],
                          t->b[p->tb ? j * ldb + k : k * ldb + j], chain);
        sum = from == k0 ? chain : sum + chain;
    }
    return sum;
}

static real whole_sum(const product_case *t, int i, int j) {
    const tren_product *p = &t->p;
    real stack[40];
    int depth = 0;
    if (p->n_steps == 0) return shard_sum(t, i, j, 0, p->k);
    for (int s = 0; s < p->n_steps; s++) {
        int g = p->step[s], base = p->row0[p->step[0]];
        if (g == TREN_FOLD) {
            depth--;
            stack[depth - 1] += stack[depth];
        } else {
            stack[depth++] = shard_sum(t, i, j, p->row0[g] - base, p->row0[g + 1] - base);
        }
    }
    return stack[0];
}

static void define(product_case *t) {
    const tren_product *p = &t->p;
    int ldc = p->ldc ? p->ldc : p->n;
    for (int i = 0; i < p->m; i++)
        for (int j = 0; j < p->n; j++) {
            real sum = whole_sum(t, i, j), *c = t->right + (size_t)i * ldc + j;
            *c = p->beta == 0 ? p->alpha * sum : fused(p->alpha, sum, p->beta * *c);
        }
}

/* ---- cases ----------------------------------------------------------------------------------- */

static size_t size_of(int rows, int cols, int ld) {
    return (size_t)rows * (ld ? ld : cols);
}

static real *numbers(size_t n, uint32_t seed, double scale) {
    real *x = malloc(n * sizeof *x + 1);
    cr_assert_not_null(x);
    test_fill(x, n, seed);
    for (size_t i = 0; i < n; i++) x[i] = (real)(x[i] * scale);
    return x;
}

/* NaN: what is read before it is written shows. */
static real *room(size_t n) {
    size_t bytes = (n * sizeof(real) + 63) / 64 * 64;
    real *x = aligned_alloc(64, bytes ? bytes : 64);
    cr_assert_not_null(x);
    memset(x, 0xff, bytes);
    return x;
}

/* Bits, but for those of a NaN. */
static bool same(const real *a, const real *b, size_t n) {
    for (size_t i = 0; i < n; i++) {
        bool equal = a[i] == b[i] && signbit(a[i]) == signbit(b[i]);
        if (!equal && !(isnan(a[i]) && isnan(b[i]))) return false;
    }
    return true;
}

static void case_open(product_case *t, tren_product p, double scale) {
    *t = (product_case){.p = p};
    size_t c = size_of(p.m, p.n, p.ldc);
    t->a = numbers(p.ta ? size_of(p.k, p.m, p.lda) : size_of(p.m, p.k, p.lda), 1, scale);
    t->b = numbers(p.tb ? size_of(p.n, p.k, p.ldb) : size_of(p.k, p.n, p.ldb), 2, scale);
    t->old = numbers(c, 3, scale * scale);
    t->right = numbers(c, 3, scale * scale);
    t->c = numbers(c, 4, 1);
}

static void case_close(product_case *t) {
    free(t->a);
    free(t->b);
    free(t->old);
    free(t->right);
    free(t->c);
}

static void run_level(product_case *t, const level *l) {
    tren_product p = t->p;
    real *scratch = room(l->product_scratch(&p));
    size_t c = size_of(p.m, p.n, p.ldc);
    memcpy(t->c, t->old, c * sizeof(real));
    if (p.beta == 0 && !p.ldc) memset(t->c, 0xff, c * sizeof(real));
    l->product_run(t->c, t->a, t->b, &p, scratch);
    cr_expect(same(t->c, t->right, c), "%s: %d x %d x %d, ta %d, tb %d, %g %g, %d steps", l->level,
              p.m, p.n, p.k, p.ta, p.tb, (double)p.alpha, (double)p.beta, p.n_steps);
    free(scratch);
}

static void check_case(product_case *t) {
    const level *of[4];
    int n = levels(of);
    define(t);
    for (int i = 0; i < n; i++) run_level(t, of[i]);
}

static void check_product(tren_product p) {
    product_case t;
    case_open(&t, p, 1);
    check_case(&t);
    case_close(&t);
}

static const int shapes[][3] = {
    {1, 1, 1},    {1, 16, 3},    {2, 17, 5},    {5, 10, 61},   {6, 16, 256},  {7, 33, 257},
    {16, 61, 40}, {23, 100, 61}, {50, 49, 300}, {32, 10, 128}, {61, 61, 100}, {49, 7, 64},
    {133, 50, 9}, {3, 70, 600},  {12, 32, 0},   {13, 95, 320}, {8, 24, 321},  {291, 18, 7}};
enum { N_SHAPES = sizeof shapes / sizeof *shapes };

Test(product, has_the_bits_of_its_definition_on_every_level) {
    for (int i = 0; i < N_SHAPES; i++)
        for (int form = 0; form < 4; form++)
            check_product((tren_product){.m = shapes[i][0],
                                         .n = shapes[i][1],
                                         .k = shapes[i][2],
                                         .ta = form & 1,
                                         .tb = form & 2,
                                         .alpha = 1});
}

Test(product, scales_and_accumulates) {
    static const double by[][2] = {{1, 1}, {(real)-0.1, (real)0.9}, {2, 0}, {0, 1}, {-0.0, -1}};
    for (int i = 0; i < N_SHAPES; i++)
        for (int j = 0; j < 5; j++)
            check_product((tren_product){.m = shapes[i][0],
                                         .n = shapes[i][1],
                                         .k = shapes[i][2],
                                         .ta = i & 1,
                                         .tb = i & 2,
                                         .alpha = (real)by[j][0],
                                         .beta = (real)by[j][1]});
}

Test(product, works_on_parts_of_matrices) {
    for (int i = 0; i < N_SHAPES; i++)
        for (int form = 0; form < 4; form++)
            check_product((tren_product){.m = shapes[i][0],
                                         .n = shapes[i][1],
                                         .k = shapes[i][2],
                                         .ta = form & 1,
                                         .tb = form & 2,
                                         .lda = 611,
                                         .ldb = 623,
                                         .ldc = 103,
                                         .alpha = 1,
                                         .beta = (real)(i & 1)});
}

/* More columns, and rows of sums that wait, than are computed at a time. */
Test(product, works_block_by_block) {
    check_product((tren_product){.m = 3, .n = 2100, .k = 10, .alpha = 1});
    check_product((tren_product){.m = 1, .n = 4200, .k = 300, .tb = true, .alpha = 1});
    check_product((tren_product){.m = 600, .n = 3, .k = 5, .ta = true, .alpha = 1});
    check_product((tren_product){.m = 300, .n = 530, .k = 330, .ta = true, .alpha = 1, .beta = 1});
}

/* Rows that lie a multiple of 4 KiB apart, which are packed; and several groups of tiles with
 * several sets of panels, of which tiles are kept or not. */
Test(product, packs_rows_that_share_a_set_of_a_cache) {
    for (int beta = 0; beta < 2; beta++) {
        check_product((tren_product){.m = 50, .n = 100, .k = 1024, .alpha = 1, .beta = (real)beta});
        check_product((tren_product){
            .m = 13, .n = 70, .k = 9, .lda = 1024, .ldb = 2048, .alpha = 1, .beta = (real)beta});
        check_product((tren_product){.m = 20, .n = 1024, .k = 40, .alpha = 1, .beta = (real)beta});
        check_product((tren_product){.m = 10, .n = 4200, .k = 20, .tb = true, .alpha = 1});
        check_product((tren_product){.m = 4100, .n = 40, .k = 20, .alpha = 1});
        check_product((tren_product){.m = 700, .n = 600, .k = 60, .ta = true, .alpha = 1});
        check_product((tren_product){.m = 700, .n = 600, .k = 300, .ta = true, .alpha = 1});
        check_product((tren_product){.m = 310, .n = 530, .k = 600, .alpha = 1});
    }
}

/* Results below the normal numbers, where a product rounded before the sum is seen. */
Test(product, is_right_for_subnormal_numbers) {
    const double scale[] = {sizeof(real) == 4 ? 3e-22 : 1e-160, sizeof(real) == 4 ? 1e-20 : 1e-154};
    for (int i = 0; i < 2; i++)
        for (int k = 1; k < 40; k += 6) {
            product_case t;
            case_open(&t, (tren_product){.m = 9, .n = 21, .k = k, .alpha = 1, .beta = 1}, scale[i]);
            check_case(&t);
            case_close(&t);
        }
}

/* c + a b lies beside the middle of two floats, nearer to it than a double can tell: rounded to
 * double first, it would go to the wrong one. */
Test(product, rounds_once) {
    product_case t;
    case_open(&t, (tren_product){.m = 16, .n = 18, .k = 2, .alpha = 1}, 1);
    for (int i = 0; i < 16; i++) {
        t.a[2 * i] = (real)((i & 8 ? -1 : 1) * (1 + (i & 7) * 0x1p-23));
        t.a[2 * i + 1] = (real)(0x1p-12 + 0x1p-27);
    }
    for (int j = 0; j < 18; j++) {
        t.b[j] = 1;
        t.b[18 + j] = (real)((j & 1 ? -1 : 1) * (0x1p-12 - 0x1p-27));
    }
    check_case(&t);
    case_close(&t);
}

/* Zeros of both signs, numbers that cancel, infinities and NaN. */
Test(product, passes_zeros_and_infinities_on) {
    static const double odd[] = {0, -0.0, 1, -1, INFINITY, -INFINITY, NAN, 3e38, -3e38, 1e-38};
    for (int most = 2; most <= 10; most++) {
        product_case t;
        case_open(&t, (tren_product){.m = 19, .n = 37, .k = 3, .alpha = 1, .beta = 1}, 1);
        for (int i = 0; i < 19 * 3; i++) t.a[i] = (real)odd[test_pick(6, (uint32_t)i, 0, most - 1)];
        for (int i = 0; i < 37 * 3; i++) t.b[i] = (real)odd[test_pick(7, (uint32_t)i, 0, most - 1)];
        check_case(&t);
        case_close(&t);
    }
}

/* ---- shards ---------------------------------------------------------------------------------- */

static void check_shards(int n_shards, tren_node node, const int *rows, int m, int n, real beta) {
    int step[256], row0[129] = {0};
    for (int g = 0; g < n_shards; g++) row0[g + 1] = row0[g] + rows[g];
    tren_tree_program(step, node);
    check_product((tren_product){.m = m,
                                 .n = n,
                                 .k = row0[node.b] - row0[node.a],
                                 .ta = true,
                                 .alpha = beta == 0 ? 1 : (real)-0.1,
                                 .beta = beta,
                                 .n_steps = 2 * (node.b - node.a) - 1,
                                 .step = step,
                                 .row0 = row0});
}

Test(product, folds_shards_along_the_tree) {
    static const int size[] = {1, 16, 32, 100, 256, 300, 700};
    for (int i = 0; i < 7; i++)
        for (int n_shards = 1; n_shards <= 16; n_shards += n_shards < 6 ? 1 : 3) {
            int rows[16];
            for (int g = 0; g < n_shards; g++) rows[g] = size[i] + test_pick(8, (uint32_t)g, 0, 1);
            check_shards(n_shards, (tren_node){0, n_shards}, rows, 11, 19, 0);
            check_shards(n_shards, (tren_node){0, n_shards}, rows, 8, 40, (real)0.9);
        }
}

Test(product, folds_a_part_of_the_tree_and_shards_without_rows) {
    int rows[100];
    for (int g = 0; g < 100; g++) rows[g] = g % 3 == 0 ? 0 : test_pick(9, (uint32_t)g, 0, 40);
    check_shards(100, (tren_node){0, 100}, rows, 5, 18, 0);
    check_shards(100, (tren_node){50, 100}, rows, 5, 18, 1);
    check_shards(100, (tren_node){50, 75}, rows, 5, 18, 0);
    memset(rows, 0, sizeof rows);
    check_shards(100, (tren_node){0, 100}, rows, 5, 18, 1);
}

/* Many sums wait, of more rows and columns than one block has. */
Test(product, lets_sums_wait_between_chunks) {
    int rows[5] = {257, 600, 3, 300, 513};
    check_shards(5, (tren_node){0, 5}, rows, 310, 530, 0);
    check_shards(5, (tren_node){0, 5}, rows, 300, 20, (real)0.5);
}
