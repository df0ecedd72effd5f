/* Attention in tiles against its definition, and the gradients of networks with it. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/work.h"
#include "support/net.h"
#include "support/tokens.h"

/* ---- the kernel --------------------------------------------------------------------------------
 */

enum { MOST = 150, WIDTH = 40, PAD = 3, LD = WIDTH + PAD };

#ifdef TREN_DOUBLE
static const double kernel_allowed = 1e-12;
#else
static const double kernel_allowed = 5e-5;
#endif

typedef struct example {
    tren_attention_shape shape;
    real q[MOST * LD], k[MOST * LD], v[MOST * LD], dy[MOST * LD];
    real y[MOST * LD], dq[MOST * LD], dk[MOST * LD], dv[MOST * LD], kept[2 * MOST];
    real *scratch;
} example;

static void run(const tren_kernels *kernels, example *e) {
    tren_arena scratch;
    cr_assert_eq(tren_arena_open(&scratch, kernels->attention_scratch(&e->shape)), TREN_OK);
    memset(scratch.at, 0xff, scratch.len * sizeof(real));
    kernels->attention_forward(e->y, e->kept, e->q, e->k, e->v, &e->shape, scratch.at);
    tren_attention_arrays x = {e->q, e->k, e->v, e->y, e->kept, e->dy};
    memset(scratch.at, 0xff, scratch.len * sizeof(real));
    kernels->attention_input(e->dq, e->dk, e->dv, &x, &e->shape, scratch.at);
    tren_arena_close(&scratch);
}

static double dot(const real *a, const real *b, int n) {
    double sum = 0;
    for (int c = 0; c < n; c++) sum += (double)a[c] * (double)b[c];
    return sum;
}

/* By the definition, in double. */
typedef struct expected {
    double y[MOST * LD], dq[MOST * LD], dk[MOST * LD], dv[MOST * LD];
} expected;

static void define(expected *x, const example *e) {
    const tren_attention_shape *s = &e->shape;
    memset(x, 0, sizeof *x);
    for (int i = 0; i < s->queries; i++) {
        double p[MOST], dp[MOST], top = -INFINITY, sum = 0, mean = 0, scale = (double)s->scale;
        int n = s->causal ? i + 1 : s->keys;
        for (int j = 0; j < n; j++) {
            p[j] = scale * dot(e->q + i * LD, e->k + j * LD, s->width);
            if (p[j] > top) top = p[j];
        }
        for (int j = 0; j < n; j++) sum += exp(p[j] - top);
        for (int j = 0; j < n; j++) {
            p[j] = exp(p[j] - top) / sum;
            dp[j] = dot(e->dy + i * LD, e->v + j * LD, s->width);
            mean += p[j] * dp[j];
        }
        for (int j = 0; j < n; j++)
            for (int c = 0; c < s->width; c++) {
                double ds = scale * p[j] * (dp[j] - mean);
                x->y[i * LD + c] += p[j] * (double)e->v[j * LD + c];
                x->dv[j * LD + c] += p[j] * (double)e->dy[i * LD + c];
                x->dq[i * LD + c] += ds * (double)e->k[j * LD + c];
                x->dk[j * LD + c] += ds * (double)e->q[i * LD + c];
            }
    }
}

/* Columns past the width are not touched. */
static void compare(const real *x, const double *wanted, int rows, int width, const char *what) {
    double worst = 0, size = 1;
    for (int i = 0; i < rows; i++)
        for (int c = 0; c < LD; c++) {
            double off = fabs((double)x[i * LD + c] - wanted[i * LD + c]);
            if (c >= width) cr_expect_eq(x[i * LD + c], 7, "%s, row %d", what, i);
            if (c < width && !(off <= worst)) worst = off;
            if (c < width) size = fmax(size, fabs(wanted[i * LD + c]));
        }
    cr_expect_leq(worst / size, kernel_allowed, "%s is off by %g", what, worst / size);
}

static void check(int queries, int keys, int width, bool causal, double size) {
    static example e;
    static expected x;
    real *in[] = {e.q, e.k, e.v, e.dy}, *out[] = {e.y, e.dq, e.dk, e.dv};
    for (int a = 0; a < 4; a++) {
        test_fill(in[a], MOST * LD, 20 + (uint32_t)a);
        for (int i = 0; i < MOST * LD; i++) out[a][i] = 7;
    }
    for (int i = 0; i < MOST * LD; i++) e.q[i] *= (real)size;
    e.shape = (tren_attention_shape){queries, keys, width, LD, LD, LD, causal, (real)0.4};
    run(tren_kernels_best(), &e);
    define(&x, &e);
    compare(e.y, x.y, queries, width, "y");
    compare(e.dq, x.dq, queries, width, "dq");
    compare(e.dk, x.dk, keys, width, "dk");
    compare(e.dv, x.dv, keys, width, "dv");
}

Test(attention, agrees_with_its_definition_whatever_the_tiles) {
    static const int length[] = {1, 5, 16, 31, 32, 33, 64, 65, 128, 150};
    static const int width[] = {1, 3, 8, 16, 20, 32, 40};
    for (size_t i = 0; i < 10; i++)
        for (size_t w = 0; w < 7; w++) {
            check(length[i], length[i], width[w], true, 1);
            check(length[i], length[9 - i], width[w], false, 1);
        }
}

/* Scores of 1000 and more, whose exponentials alone would overflow. */
Test(attention, of_large_scores_is_finite) {
    check(70, 70, 8, true, 1e3);
}

Test(attention, without_keys_is_zero) {
    check(5, 0, 8, false, 1);
}

/* A query is computed by itself: among others, and alone. */
Test(attention, of_a_query_does_not_depend_on_the_others) {
    static example all, one;
    test_fill(all.q, MOST * LD, 1);
    test_fill(all.k, MOST * LD, 2);
    test_fill(all.v, MOST * LD, 3);
    one = all;
    all.shape = (tren_attention_shape){100, 90, 20, LD, LD, LD, false, 1};
    one.shape = all.shape;
    one.shape.queries = 1;
    memcpy(one.q, all.q + (ptrdiff_t)71 * LD, LD * sizeof *one.q);
    run(tren_kernels_best(), &all);
    run(tren_kernels_best(), &one);
    cr_expect_eq(memcmp(one.y, all.y + (ptrdiff_t)71 * LD, 20 * sizeof *one.y), 0);
    cr_expect_eq(memcmp(one.dq, all.dq + (ptrdiff_t)71 * LD, 20 * sizeof *one.y), 0);
}

/* ---- in networks: finite differences, shards ---------------------------------------------------
 */

enum { TOKENS = 7, ROWS = 5, D = 6, CLASSES = 3, SHARDS = 3 };
static const tren_init any = {.kind = TREN_DRAW_HE};

/* Source and target with self- and cross-attention; the mean over the target's tokens is
 * classified. */
static tren_graph *open_network(bool portable) {
    tren_graph *g = NULL;
    cr_assert_eq(tren_graph_open(&g, tren_kernels_best()), TREN_OK);
    g->portable = portable;
    tren_tensor t = {.axis = 1, .tokens = TOKENS, .c = 1, .h = 1, .w = 1, .element = TREN_TOKENS};
    tren_layer *source = tren_typed_input(g, t);
    t.axis = 2;
    t.tokens = TOKENS - 1;
    tren_layer *target = tren_typed_input(g, t);
    tren_embedding_spec spec = {.vocabulary = 11, .width = D, .init = any};
    tren_layer *memory = tren_embedding(g, source, spec);
    spec.tied = memory;
    memory = tren_sinusoid(g, memory, 2);
    memory = tren_attention(g, tren_dense(g, memory, 3 * D, &tren_identity, any), NULL,
                            (tren_attention_spec){.heads = 2});
    tren_layer *x = tren_embedding(g, target, spec), *past = x;
    x = tren_attention(g, tren_dense(g, x, 3 * D, &tren_identity, any), NULL,
                       (tren_attention_spec){.heads = 3, .causal = true});
    x = tren_add_layers(g, x, past);
    x = tren_attention(g, tren_dense(g, x, D, &tren_identity, any),
                       tren_dense(g, memory, 2 * D, &tren_identity, any),
                       (tren_attention_spec){.heads = 2});
    x = tren_dense(g, tren_token_mean(g, x), CLASSES, &tren_identity, any);
    tren_add_loss(g, x, &tren_loss_cross_entropy, NULL);
    cr_assert_eq(tren_graph_complete(g), TREN_OK, "%s", tren_error_text());
    return g;
}

typedef struct batch {
    test_sequences side[TREN_AXES];
    double token[TREN_AXES][ROWS * TOKENS];
    int32_t label[ROWS];
} batch;

static void choose(batch *b) {
    static const int length[TREN_AXES][ROWS] = {{7, 1, 4, 6, 2}, {6, 3, 1, 5, 6}};
    for (int a = 0; a < TREN_AXES; a++) {
        b->side[a] = (test_sequences){
            .rows = ROWS, .tokens = TOKENS - a, .width = 1, .at = b->token[a], .total = 0};
        for (int i = 0; i < ROWS; i++) {
            b->side[a].length[i] = length[a][i];
            for (int t = 0; t < length[a][i]; t++)
                b->token[a][b->side[a].total++] =
                    test_pick(30 + (uint32_t)a, (uint32_t)(i * TOKENS + t), 0, 10);
            b->label[i] = test_pick(40, (uint32_t)i, 0, CLASSES - 1);
        }
    }
}

static void open_run(test_token_run *run, tren_graph *g, real *value, batch *b, int shards) {
    const test_sequences *axis[TREN_AXES] = {&b->side[0], &b->side[1]};
    test_token_run_open(run, g, value, axis, shards);
    run->pass.label = b->label;
    run->pass.scale = (real)0.25;
}

static double loss_of(test_token_run *run, const batch *b) {
    double counted;
    memset(run->work->act.at, 0xff, run->work->act.len * sizeof(real));
    for (int a = 0; a < TREN_AXES; a++) test_token_input(run, a, &b->side[a]);
    return 0.25 * test_token_forward(run, &counted);
}

static double slope(test_token_run *run, const batch *b, real *x) {
    static const double weight[] = {1, -8, 8, -1}, at[] = {-2, -1, 1, 2}, h = 1e-3;
    double sum = 0;
    real before = *x;
    for (int i = 0; i < 4; i++) {
        *x = (real)((double)before + at[i] * h);
        sum += weight[i] * loss_of(run, b);
    }
    *x = before;
    return sum / (12 * h);
}

Test(attention, gradients_agree_with_finite_differences) {
#ifdef TREN_DOUBLE
    const double allowed = 1e-8;
#else
    const double allowed = 2e-3;
#endif
    tren_blas_threads(1);
    batch b;
    choose(&b);
    tren_graph *g = open_network(false);
    real *value = test_values_of(g, 7);
    test_token_run run;
    open_run(&run, g, value, &b, SHARDS);
    loss_of(&run, &b);
    tren_backward(run.work, &run.pass);
    for (size_t i = 0; i < g->n_values; i++) {
        double s = slope(&run, &b, &value[i]);
        cr_expect_float_eq((double)run.node[i], s, allowed, "value %zu: %g, not %g", i,
                           (double)run.node[i], s);
    }
    test_token_run_close(&run);
    free(value);
    tren_graph_close(g);
}

/* The gradient of all shards is the fold of each one's, computed by itself. */
Test(attention, bits_do_not_depend_on_the_other_rows) {
    tren_blas_threads(1);
    for (int portable = 0; portable < 2; portable++) {
        batch b, part;
        choose(&b);
        tren_graph *g = open_network(portable);
        real *value = test_values_of(g, 7), *leaf[ROWS], *sum = calloc(g->n_values, sizeof *sum);
        test_token_run run;
        for (int i = 0; i < ROWS; i++) {
            part = b;
            for (int a = 0; a < TREN_AXES; a++) {
                int first = 0;
                for (int k = 0; k < i; k++) first += b.side[a].length[k];
                part.side[a].rows = 1;
                part.side[a].total = part.side[a].length[0] = b.side[a].length[i];
                part.side[a].at = b.token[a] + first;
            }
            part.label[0] = b.label[i];
            open_run(&run, g, value, &part, 1);
            loss_of(&run, &part);
            tren_backward(run.work, &run.pass);
            leaf[i] = malloc(g->n_values * sizeof(real));
            memcpy(leaf[i], run.node, g->n_values * sizeof(real));
            test_token_run_close(&run);
        }
        test_fold_tree(sum, leaf, (tren_node){0, ROWS}, g->n_values);
        open_run(&run, g, value, &b, ROWS);
        loss_of(&run, &b);
        tren_backward(run.work, &run.pass);
        cr_expect_eq(memcmp(run.node, sum, g->n_values * sizeof(real)), 0, "portable %d", portable);
        test_token_run_close(&run);
        for (int i = 0; i < ROWS; i++) free(leaf[i]);
        free(sum);
        free(value);
        tren_graph_close(g);
    }
}

/* ---- construction ------------------------------------------------------------------------------
 */

static void expect_refused(const char *text, tren_layer *(*build)(tren_graph *g, tren_layer *x)) {
    tren_graph *g = NULL;
    tren_tensor t = {.axis = 1, .tokens = TOKENS, .c = 12, .h = 1, .w = 1};
    cr_assert_eq(tren_graph_open(&g, tren_kernels_best()), TREN_OK);
    cr_expect_null(build(g, tren_typed_input(g, t)));
    cr_expect_eq(tren_graph_complete(g), TREN_ERR_USAGE);
    cr_expect_str_eq(tren_error_text(), text);
    tren_graph_close(g);
}

static tren_layer *of_heads(tren_graph *g, tren_layer *x) {
    return tren_attention(g, x, NULL, (tren_attention_spec){.heads = 5});
}
static tren_layer *of_a_table(tren_graph *g, tren_layer *x) {
    (void)x;
    tren_layer *table = tren_input(g, (tren_shape){12, 1, 1});
    return tren_attention(g, table, NULL, (tren_attention_spec){.heads = 2});
}
static tren_layer *of_other_width(tren_graph *g, tren_layer *x) {
    tren_layer *kv = tren_dense(g, x, 12, &tren_identity, any);
    return tren_attention(g, x, kv, (tren_attention_spec){.heads = 2});
}
static tren_layer *causal_to_another(tren_graph *g, tren_layer *x) {
    tren_tensor t = {.axis = 2, .tokens = TOKENS, .c = 24, .h = 1, .w = 1};
    return tren_attention(g, x, tren_typed_input(g, t),
                          (tren_attention_spec){.heads = 2, .causal = true});
}
static tren_layer *mean_of_a_table(tren_graph *g, tren_layer *x) {
    (void)x;
    return tren_token_mean(g, tren_input(g, (tren_shape){12, 1, 1}));
}

Test(attention, refuses_what_does_not_fit) {
    expect_refused("attention: input1 is up to 7 tokens of 12; it takes tokens of a width that 3 x "
                   "5 heads divide",
                   of_heads);
    expect_refused("attention: input2 is 12; it takes tokens of a width that 3 x 2 heads divide",
                   of_a_table);
    expect_refused("attention: 12 columns of keys and values for queries of 12; give 24",
                   of_other_width);
    expect_refused("attention: tokens of one axis cannot be causal to those of another",
                   causal_to_another);
    expect_refused("a mean over tokens needs tokens, but input2 is 12", mean_of_a_table);
}
