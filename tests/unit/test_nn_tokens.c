/* Rows with a token axis: each has a length of its own, and nothing depends on the others. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/work.h"
#include "support/net.h"

enum { VOCABULARY = 11, WIDTH = 6, MOST = 5, SHARDS = 4, ROWS = 9, TOKENS = ROWS * MOST };
static const int shard0[SHARDS + 1] = {0, 3, 3, 7, 9}; /* the second has no rows */
static const int mixed[ROWS] = {5, 1, 3, 2, 0, 5, 4, 3, 1},
                 all_full[ROWS] = {5, 5, 5, 5, 5, 5, 5, 5, 5};

static const tren_tensor numbers = {
    .axis = 1, .tokens = MOST, .c = 1, .h = 1, .w = 1, .element = TREN_TOKENS};
static const tren_init no_init = {.kind = TREN_DRAW_HE};

/* A network of every kind of layer that takes tokens; its head is tied to the embedding. */
static tren_graph *open_network(bool portable) {
    tren_graph *g = NULL;
    cr_assert_eq(tren_graph_open(&g, tren_kernels_best()), TREN_OK);
    g->portable = portable;
    tren_layer *x = tren_typed_input(g, numbers), *e;
    e = tren_embedding(
        g, x, (tren_embedding_spec){.vocabulary = VOCABULARY, .width = WIDTH, .init = no_init});
    x = tren_positions(g, e, no_init);
    x = tren_dropout(g, tren_dense(g, x, 20, &tren_gelu, no_init), 0.3);
    x = tren_activate(g, tren_dense(g, x, WIDTH, &tren_identity, no_init), &tren_tanh);
    x = tren_layer_norm(g, tren_add_layers(g, x, e));
    tren_dense_spec head = {.out = VOCABULARY, .f = &tren_identity, .no_bias = true, .tied = e};
    tren_add_loss(g, tren_dense_with(g, x, head), &tren_loss_cross_entropy,
                  &(tren_loss_options){.label_smoothing = 0.1});
    cr_assert_eq(tren_graph_complete(g), TREN_OK, "%s", tren_error_text());
    cr_assert_eq(g->param[0].n_users, 2);
    return g;
}

/* Shards [lo, hi) of the batch in one worker. */
typedef struct run {
    tren_graph *graph;
    tren_work *work;
    tren_pass pass;
    int row0[SHARDS + 1], length[ROWS], lo, n_tokens;
    int32_t token[TOKENS], label[TOKENS];
    uint32_t sample[ROWS];
    real *node[8];
    int n_nodes;
} run;

static void choose_rows(run *r, const int *length, int lo, int hi) {
    int first = shard0[lo];
    for (int s = lo; s <= hi; s++) r->row0[s - lo] = shard0[s] - first;
    for (int i = first; i < shard0[hi]; i++) {
        r->length[i - first] = length[i];
        r->sample[i - first] = 100 + (uint32_t)i;
        for (int t = 0; t < length[i]; t++) {
            uint32_t at = (uint32_t)(i * MOST + t);
            r->token[r->n_tokens] = test_pick(1, at, 0, VOCABULARY - 1);
            r->label[r->n_tokens++] = test_pick(2, at, -1, VOCABULARY - 1);
        }
    }
}

static void open_run(run *r, tren_graph *g, real *value, const int *length, int lo, int hi,
                     bool stacking) {
    *r = (run){.graph = g, .lo = lo};
    choose_rows(r, length, lo, hi);
    r->n_nodes = tren_tree_nodes(NULL, SHARDS, lo, hi);
    for (int k = 0; k < r->n_nodes; k++) r->node[k] = calloc(g->n_values, sizeof(real));
    tren_work_spec spec = {.max_rows = ROWS,
                           .train = true,
                           .stacking = stacking,
                           .shards = SHARDS,
                           .lo = lo,
                           .hi = hi,
                           .value = value,
                           .node = r->node};
    cr_assert_eq(tren_work_open(&r->work, g, &spec), TREN_OK);
    r->pass = (tren_pass){.n_groups = hi - lo,
                          .row0 = r->row0,
                          .train = true,
                          .dropout = true,
                          .seed = 5,
                          .sample = r->sample,
                          .length = {length == all_full ? NULL : r->length},
                          .label = r->label,
                          .scale = (real)0.05};
    cr_assert_eq(tren_work_pattern(r->work, &r->pass.pattern, hi - lo, r->row0), TREN_OK);
}

static double forward(run *r) {
    memset(r->work->act.at, 0xff, r->work->act.len * sizeof(real));
    memcpy(tren_work_tokens(r->work, r->graph->layer[0]), r->token,
           (size_t)r->n_tokens * sizeof *r->token);
    tren_forward(r->work, &r->pass);
    double loss = 0;
    for (int g = 0; g < r->pass.n_groups; g++) loss += tren_work_result(r->work)[g].loss;
    return loss;
}

static void close_run(run *r) {
    tren_work_close(r->work);
    for (int k = 0; k < r->n_nodes; k++) free(r->node[k]);
}

/* ---- gradients ---------------------------------------------------------------------------------
 */

#ifdef TREN_DOUBLE
static const double allowed = 1e-8;
#else
static const double allowed = 2e-3;
#endif

static double slope(run *r, real *x) {
    const double h = 1e-3;
    static const double weight[] = {1, -8, 8, -1}, at[] = {-2, -1, 1, 2};
    double sum = 0;
    real before = *x;
    for (int i = 0; i < 4; i++) {
        *x = (real)((double)before + at[i] * h);
        sum += weight[i] * forward(r) * (double)r->pass.scale;
    }
    *x = before;
    return sum / (12 * h);
}

static void check_gradient(bool portable, const int *length) {
    tren_graph *g = open_network(portable);
    real *value = test_values_of(g, 7);
    run r;
    open_run(&r, g, value, length, 0, SHARDS, true);
    forward(&r);
    tren_backward(r.work, &r.pass);
    for (size_t i = 0; i < g->n_values; i++) {
        double s = slope(&r, &value[i]);
        cr_expect_float_eq((double)r.node[0][i], s, allowed, "value %zu: %g, not %g", i,
                           (double)r.node[0][i], s);
    }
    close_run(&r);
    free(value);
    tren_graph_close(g);
}

Test(tokens, gradients_agree_with_finite_differences) {
    tren_blas_threads(1);
    for (int portable = 0; portable < 2; portable++) {
        check_gradient(portable, mixed);
        check_gradient(portable, all_full);
    }
}

/* ---- bits --------------------------------------------------------------------------------------
 */

static void check_bits(bool portable, const int *length) {
    tren_graph *g = open_network(portable);
    size_t n = g->n_values;
    real *value = test_values_of(g, 7), *leaf[SHARDS] = {NULL}, *sum = calloc(n, sizeof *sum);
    run one, all;
    for (int s = 0; s < SHARDS; s++) {
        open_run(&one, g, value, length, s, s + 1, false);
        forward(&one);
        tren_backward(one.work, &one.pass);
        leaf[s] = malloc(n * sizeof(real));
        memcpy(leaf[s], one.node[0], n * sizeof(real));
        close_run(&one);
    }
    test_fold_tree(sum, leaf, (tren_node){0, SHARDS}, n);
    for (int stacking = 0; stacking < 2; stacking++) {
        open_run(&all, g, value, length, 0, SHARDS, stacking);
        forward(&all);
        tren_backward(all.work, &all.pass);
        cr_expect_eq(memcmp(all.node[0], sum, n * sizeof(real)), 0, "stacking %d, portable %d",
                     stacking, portable);
        close_run(&all);
    }
    for (int s = 0; s < SHARDS; s++) free(leaf[s]);
    free(sum);
    free(value);
    tren_graph_close(g);
}

Test(tokens, bits_depend_on_neither_stacking_nor_the_other_rows) {
    tren_blas_threads(1);
    for (int portable = 0; portable < 2; portable++) {
        check_bits(portable, mixed);
        check_bits(portable, all_full);
    }
}

/* ---- the loss ----------------------------------------------------------------------------------
 */

Test(tokens, the_loss_counts_tokens_with_a_label) {
    tren_graph *g = open_network(true);
    real *value = test_values_of(g, 7);
    run r;
    open_run(&r, g, value, mixed, 0, SHARDS, true);
    double all = forward(&r), counted = 0, expected = 0;
    for (int s = 0; s < SHARDS; s++) counted += tren_work_result(r.work)[s].counted;
    for (int i = 0; i < r.n_tokens; i++) expected += r.label[i] >= 0;
    cr_assert_lt(expected, r.n_tokens);
    cr_expect_eq(counted, expected);
    double apart = 0; /* one label at a time */
    int32_t label[TOKENS];
    memcpy(label, r.label, sizeof label);
    for (int i = 0; i < r.n_tokens; i++) {
        for (int k = 0; k < r.n_tokens; k++) r.label[k] = k == i ? label[k] : -1;
        apart += forward(&r);
    }
    cr_expect_float_eq(apart, all, 1e-4);
    for (int k = 0; k < r.n_tokens; k++) r.label[k] = -1;
    cr_expect_eq(forward(&r), 0);
    tren_backward(r.work, &r.pass);
    for (size_t i = 0; i < g->n_values; i++) cr_assert_eq(r.node[0][i], 0, "value %zu", i);
    close_run(&r);
    free(value);
    tren_graph_close(g);
}

/* ---- construction ------------------------------------------------------------------------------
 */

static void expect_refused(const char *text, tren_layer *(*build)(tren_graph *g, tren_layer *x)) {
    tren_graph *g = NULL;
    cr_assert_eq(tren_graph_open(&g, tren_kernels_best()), TREN_OK);
    cr_expect_null(build(g, tren_typed_input(g, numbers)));
    cr_expect_eq(tren_graph_complete(g), TREN_ERR_USAGE);
    cr_expect_str_eq(tren_error_text(), text);
    tren_graph_close(g);
}

static tren_layer *embed(tren_graph *g, tren_layer *x) {
    return tren_embedding(g, x, (tren_embedding_spec){.vocabulary = 7, .width = 3});
}
static tren_layer *dense_on_numbers(tren_graph *g, tren_layer *x) {
    return tren_dense(g, x, 3, &tren_relu, no_init);
}
static tren_layer *embedding_twice(tren_graph *g, tren_layer *x) {
    return embed(g, embed(g, x));
}
static tren_layer *pool_on_tokens(tren_graph *g, tren_layer *x) {
    return tren_max_pool(g, embed(g, x), 2, 2);
}
static tren_layer *other_width(tren_graph *g, tren_layer *x) {
    x = embed(g, x);
    return tren_add_layers(g, x, tren_dense(g, x, 4, &tren_relu, no_init));
}
static tren_layer *positions_of_a_table(tren_graph *g, tren_layer *x) {
    (void)x;
    return tren_positions(g, tren_input(g, (tren_shape){7, 1, 1}), no_init);
}
static tren_layer *other_length(tren_graph *g, tren_layer *x) {
    (void)x;
    tren_tensor longer = numbers;
    longer.tokens = 8;
    return tren_typed_input(g, longer);
}
static tren_layer *no_axis(tren_graph *g, tren_layer *x) {
    (void)x;
    return tren_typed_input(g, (tren_tensor){.tokens = 8, .c = 1, .h = 1, .w = 1});
}

Test(tokens, what_does_not_fit_is_refused_with_both_shapes) {
    expect_refused("dense takes reals, as an embedding gives, and input1 is up to 5 token numbers",
                   dense_on_numbers);
    expect_refused("embedding takes token numbers, and embedding1 is up to 5 tokens of 3",
                   embedding_twice);
    expect_refused("embedding1 is up to 5 tokens of 3, and a layer of images was put on it; images "
                   "are channels x height x width",
                   pool_on_tokens);
    expect_refused("add: embedding1 is up to 5 tokens of 3, and dense1 up to 5 tokens of 4; give "
                   "two outputs of one shape",
                   other_width);
    expect_refused("positions need tokens, but input2 is 7", positions_of_a_table);
    expect_refused("two inputs along axis 1: of 5 tokens, and up to 8 token numbers", other_length);
    expect_refused("no input can be up to 8 tokens of 1 along axis 0", no_axis);
}
