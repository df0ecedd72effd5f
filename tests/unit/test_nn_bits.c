/* Stacked, separate, or spread over workers: the same bits, always those of the canonical tree. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "support/net.h"
#include "tren/nn.h"

enum { CLASSES = 10, MOST_SHARDS = 13 };

/* A random network: depth, widths, activations and dropout are functions of `seed`. */
static tren_graph *random_network(uint32_t seed, int *width) {
    static const tren_activation *const f[] = {&tren_relu, &tren_tanh, &tren_gelu, &tren_identity};
    static const int widths[] = {1, 5, 16, 33, 64, 100, 129};
    tren_graph *g = NULL;
    cr_assert_eq(tren_graph_open(&g), TREN_OK);
    *width = widths[test_pick(seed, 0, 0, 6)];
    tren_layer *x = tren_input(g, (tren_shape){*width, 1, 1});
    uint32_t depth = (uint32_t)test_pick(seed, 1, 0, 3);
    for (uint32_t i = 0; i < depth; i++) {
        x = tren_dropout(g, x, test_pick(seed, 10 + i, 0, 1) ? 0.3 : 0);
        x = tren_dense(g, x, widths[test_pick(seed, 20 + i, 0, 6)],
                       f[test_pick(seed, 30 + i, 0, 3)], (tren_init){.kind = TREN_DRAW_HE});
    }
    x = tren_dense(g, x, CLASSES, &tren_identity, (tren_init){.kind = TREN_DRAW_HE});
    tren_softmax_loss(g, x, test_pick(seed, 2, 0, 1) ? 0.1 : 0);
    cr_assert_eq(tren_graph_check(g), TREN_OK);
    return g;
}

/* Rows of each shard: level, off by one, or anything, empty ones among them. */
static int random_rows(uint32_t seed, int *count) {
    int shards = test_pick(seed, 3, 1, MOST_SHARDS), most = 1 << test_pick(seed, 4, 0, 6), any = 0;
    int kind = test_pick(seed, 5, 0, 2);
    for (int s = 0; s < shards; s++) {
        uint32_t i = 100 + (uint32_t)s;
        if (kind == 0) count[s] = most;
        if (kind == 1) count[s] = most + (s < shards / 2);
        if (kind == 2) count[s] = test_pick(seed, i, 0, 2) ? test_pick(seed, i + 50, 0, most) : 0;
        any |= count[s];
    }
    if (!any) count[shards - 1] = 1;
    return shards;
}

typedef struct bits {
    real *gradient; /* [n_values] of all shards */
    double loss[MOST_SHARDS], correct[MOST_SHARDS];
} bits;

static void keep_results(bits *b, const test_run *run) {
    for (int g = 0; g < run->hi - run->lo; g++) {
        b->loss[run->lo + g] = tren_work_result(run->work)[g].loss;
        b->correct[run->lo + g] = tren_work_result(run->work)[g].correct;
    }
}

/* The tree over leaves, as its definition says. */
static void fold_tree(real *out, real *const *leaf, tren_node x, size_t n) {
    if (x.b - x.a == 1) {
        memcpy(out, leaf[x.a], n * sizeof *out);
        return;
    }
    real *right = calloc(n, sizeof *right);
    fold_tree(out, leaf, (tren_node){x.a, tren_node_mid(x)}, n);
    fold_tree(right, leaf, (tren_node){tren_node_mid(x), x.b}, n);
    for (size_t i = 0; i < n; i++) out[i] += right[i];
    free(right);
}

/* Each shard in a worker of its own, folded naively: what all else must equal. */
static void run_apart(bits *b, const test_run_spec *all) {
    size_t n = all->graph->n_values;
    real *leaf[MOST_SHARDS];
    int shards = all->batch->shards;
    for (int s = 0; s < shards; s++) {
        test_run run;
        test_run_spec one = *all;
        one.lo = s;
        one.hi = s + 1;
        test_run_open(&run, &one);
        test_run_both(&run);
        cr_assert_eq(run.n_nodes, 1);
        leaf[s] = malloc(n * sizeof(real));
        memcpy(leaf[s], run.node[0], n * sizeof(real));
        keep_results(b, &run);
        test_run_close(&run);
    }
    b->gradient = calloc(n, sizeof(real));
    fold_tree(b->gradient, leaf, (tren_node){0, shards}, n);
    for (int s = 0; s < shards; s++) free(leaf[s]);
}

static void run_together(bits *b, const test_run_spec *all) {
    test_run run;
    test_run_open(&run, all);
    /* Twice, for leftovers of one step must not reach into the next. */
    test_run_both(&run);
    test_run_both(&run);
    cr_assert_eq(run.n_nodes, 1);
    b->gradient = malloc(all->graph->n_values * sizeof(real));
    memcpy(b->gradient, run.node[0], all->graph->n_values * sizeof(real));
    keep_results(b, &run);
    test_run_close(&run);
}

/* The nodes of several workers, left to right. */
typedef struct owned_nodes {
    tren_node of[2 * TREN_TREE_MAX_NODES];
    real *at[2 * TREN_TREE_MAX_NODES];
    int n;
} owned_nodes;

/* Folds what lies below x onto its leftmost node, by the definition of the tree. */
static real *fold_owned(owned_nodes *nodes, tren_node x, size_t n) {
    for (int k = 0; k < nodes->n; k++)
        if (nodes->of[k].a == x.a && nodes->of[k].b == x.b) return nodes->at[k];
    real *left = fold_owned(nodes, (tren_node){x.a, tren_node_mid(x)}, n);
    const real *right = fold_owned(nodes, (tren_node){tren_node_mid(x), x.b}, n);
    for (size_t i = 0; i < n; i++) left[i] += right[i];
    return left;
}

/* Two workers, cut anywhere. */
static void run_in_two(bits *b, const test_run_spec *all, int cut) {
    size_t n = all->graph->n_values;
    int shards = all->batch->shards;
    test_run run[2];
    owned_nodes nodes = {0};
    for (int w = 0; w < 2; w++) {
        test_run_spec part = *all;
        part.lo = w ? cut : 0;
        part.hi = w ? shards : cut;
        test_run_open(&run[w], &part);
        test_run_both(&run[w]);
        tren_tree_nodes(nodes.of + nodes.n, shards, part.lo, part.hi);
        for (int k = 0; k < run[w].n_nodes; k++) nodes.at[nodes.n++] = run[w].node[k];
        keep_results(b, &run[w]);
    }
    b->gradient = malloc(n * sizeof(real));
    memcpy(b->gradient, fold_owned(&nodes, (tren_node){0, shards}, n), n * sizeof(real));
    test_run_close(&run[0]);
    test_run_close(&run[1]);
}

static void check_equal(const bits *a, bits *b, const test_run_spec *all, const char *what) {
    for (int i = 0; i < all->graph->n_params; i++) {
        const tren_param *p = &all->graph->param[i];
        cr_expect_eq(
            memcmp(a->gradient + p->at.off, b->gradient + p->at.off, p->at.len * sizeof(real)), 0,
            "%s: other bits in the gradient of %s", what, p->name);
    }
    size_t n = (size_t)all->batch->shards * sizeof(double);
    cr_expect_eq(memcmp(a->loss, b->loss, n), 0, "%s: other losses", what);
    cr_expect_eq(memcmp(a->correct, b->correct, n), 0, "%s: other counts", what);
    free(b->gradient);
    b->gradient = NULL;
}

static void check_network(uint32_t seed) {
    int width, count[MOST_SHARDS];
    tren_graph *graph = random_network(seed, &width);
    test_batch batch;
    test_batch_open(&batch, random_rows(seed, count), count, width, CLASSES);
    real *value = test_values_of(graph, seed);
    test_run_spec all = {
        .graph = graph, .value = value, .batch = &batch, .hi = batch.shards, .dropout = true};
    char what[64];
    bits apart = {0}, other = {0};
    run_apart(&apart, &all);
    for (int stacking = 0; stacking < 2; stacking++) {
        all.stacking = stacking;
        snprintf(what, sizeof what, "seed %u, %s", seed, stacking ? "stacked" : "separate");
        run_together(&other, &all);
        check_equal(&apart, &other, &all, what);
        if (batch.shards < 2) continue;
        run_in_two(&other, &all, test_pick(seed, 6, 1, batch.shards - 1));
        check_equal(&apart, &other, &all, what);
    }
    free(apart.gradient);
    free(value);
    test_batch_close(&batch);
    tren_graph_close(graph);
}

Test(bits, stacked_separate_and_spread_runs_are_equal) {
    tren_blas_threads(1);
    for (uint32_t seed = 1; seed <= 300; seed++) check_network(seed);
}

/* The self-test must let some products stack, or the test above has shown little. */
Test(bits, wide_layers_do_stack) {
    tren_blas_threads(1);
    tren_graph *g = NULL;
    cr_assert_eq(tren_graph_open(&g), TREN_OK);
    tren_layer *x = tren_input(g, (tren_shape){256, 1, 1});
    for (int i = 0; i < 2; i++) x = tren_dense(g, x, 256, &tren_relu, (tren_init){0});
    tren_softmax_loss(g, x, 0);
    test_batch batch;
    test_batch_open(&batch, 4, (int[]){32, 32, 32, 32}, 256, 10);
    real *value = test_values_of(g, 1);
    test_run run;
    test_run_open(
        &run,
        &(test_run_spec){.graph = g, .value = value, .batch = &batch, .hi = 4, .stacking = true});
    char text[128];
    tren_work_describe(run.work, text, sizeof text);
    int stacked = 0, calls = 0;
    cr_assert_eq(sscanf(text, "%d of %d", &stacked, &calls), 2, "%s", text);
    cr_expect_geq(stacked, 1, "%s", text);
    test_run_close(&run);
    free(value);
    test_batch_close(&batch);
    tren_graph_close(g);
}

/* ---- what backward tells, and the few numbers that travel with the gradients ------------------
 */

enum { MOST_CALLS = 64 };
typedef struct ready_log {
    size_t lo[MOST_CALLS];
    int n;
    const test_run *run;
    real snapshot[MOST_CALLS][600];
} ready_log;

static void note_ready(void *ctx, size_t lo) {
    ready_log *log = ctx;
    log->lo[log->n] = lo;
    memcpy(log->snapshot[log->n++], log->run->node[0], log->run->graph->n_values * sizeof(real));
}

/* What has been called final stays as it is, to the end of the pass. */
Test(backward, says_what_is_final_and_means_it) {
    static ready_log log;
    tren_graph *g = NULL;
    cr_assert_eq(tren_graph_open(&g), TREN_OK);
    tren_layer *x = tren_input(g, (tren_shape){8, 1, 1});
    for (int i = 0; i < 3; i++) x = tren_dense(g, x, 8, &tren_tanh, (tren_init){0});
    tren_softmax_loss(g, x, 0);
    test_batch batch;
    test_batch_open(&batch, 3, (int[]){2, 3, 0}, 8, 8);
    real *value = test_values_of(g, 1);
    test_run run, plain;
    test_run_spec spec = {.graph = g, .value = value, .batch = &batch, .hi = 3};
    test_run_open(&plain, &spec);
    test_run_open(&run, &spec);
    tren_work_close(run.work);
    log.run = &run;
    tren_work_spec work = {.max_rows = 5,
                           .train = true,
                           .shards = 3,
                           .hi = 3,
                           .value = value,
                           .node = run.node,
                           .ready = note_ready,
                           .ctx = &log};
    cr_assert_eq(tren_work_open(&run.work, g, &work), TREN_OK);
    cr_assert_eq(tren_work_pattern(run.work, &run.pass.pattern, 3, run.row0), TREN_OK);
    test_run_both(&run);
    test_run_both(&plain);
    cr_assert_geq(log.n, 3);
    cr_expect_eq(log.lo[log.n - 1], 0);
    for (int i = 0; i < log.n; i++) {
        if (i > 0) cr_expect_leq(log.lo[i], log.lo[i - 1]);
        cr_expect_eq(memcmp(log.snapshot[i] + log.lo[i], plain.node[0] + log.lo[i],
                            (g->n_values - log.lo[i]) * sizeof(real)),
                     0, "call %d", i);
    }
    test_run_close(&run);
    test_run_close(&plain);
    free(value);
    test_batch_close(&batch);
    tren_graph_close(g);
}

Test(work_fold, folds_numbers_like_gradients) {
    enum { NUMBERS = 5 };
    for (int shards = 1; shards <= MOST_SHARDS; shards++) {
        tren_graph *g = NULL;
        cr_assert_eq(tren_graph_open(&g), TREN_OK);
        tren_dense(g, tren_input(g, (tren_shape){3, 1, 1}), 2, &tren_identity, (tren_init){0});
        int count[MOST_SHARDS] = {1};
        test_batch batch;
        test_batch_open(&batch, shards, count, 3, 2);
        real *value = test_values_of(g, 1), leaf[MOST_SHARDS][NUMBERS], expected[NUMBERS];
        test_fill(leaf[0], (size_t)shards * NUMBERS, 5);
        real *at[MOST_SHARDS];
        for (int s = 0; s < shards; s++) at[s] = leaf[s];
        fold_tree(expected, at, (tren_node){0, shards}, NUMBERS);
        test_run run;
        test_run_open(&run,
                      &(test_run_spec){.graph = g, .value = value, .batch = &batch, .hi = shards});
        tren_work_fold(run.work, 2, leaf[0], NUMBERS);
        cr_expect_eq(memcmp(run.node[0] + 2, expected, sizeof expected), 0, "%d shards", shards);
        test_run_close(&run);
        free(value);
        test_batch_close(&batch);
        tren_graph_close(g);
    }
}

/* ---- evaluation ------------------------------------------------------------------------------ */

Test(evaluation, draws_nothing_and_smooths_nothing) {
    tren_graph *g = NULL;
    cr_assert_eq(tren_graph_open(&g), TREN_OK);
    tren_layer *x = tren_input(g, (tren_shape){12, 1, 1});
    x = tren_dense(g, tren_dropout(g, x, 0.5), 20, &tren_gelu, (tren_init){0});
    x = tren_dense(g, tren_dropout(g, x, 0.5), 3, &tren_identity, (tren_init){0});
    tren_softmax_loss(g, x, 0.3);
    test_batch batch;
    test_batch_open(&batch, 1, (int[]){9}, 12, 3);
    real *value = test_values_of(g, 1);
    tren_work *work = NULL;
    tren_work_spec spec = {.max_rows = 9, .shards = 1, .hi = 1, .value = value};
    cr_assert_eq(tren_work_open(&work, g, &spec), TREN_OK);
    tren_group_result first = {0};
    for (uint64_t seed = 0; seed < 3; seed++) {
        memcpy(tren_work_input(work), batch.x, 9 * 12 * sizeof(real));
        tren_pass pass = {.n_groups = 1,
                          .row0 = (int[]){0, 9},
                          .stats = true,
                          .seed = seed,
                          .epoch = (uint32_t)seed,
                          .sample = batch.sample,
                          .label = batch.label,
                          .scale = 1};
        tren_forward(work, &pass);
        if (seed == 0) first = tren_work_result(work)[0];
        cr_expect_eq(memcmp(&first, tren_work_result(work), sizeof first), 0);
    }
    cr_expect_eq(first.n_z, 9 * 20);
    cr_expect_gt(first.abs_z, 0);
    /* The loss without smoothing, from the outputs themselves. */
    double loss = 0, correct = 0;
    memcpy(tren_work_input(work), batch.x, 9 * 12 * sizeof(real));
    tren_forward(work, &(tren_pass){.n_groups = 1, .row0 = (int[]){0, 9}});
    tren_softmax_cross_entropy(tren_work_output(work), &loss, &correct, batch.label, 9, 3, 0, 1);
    cr_expect_eq(loss, first.loss);
    cr_expect_eq(correct, first.correct);
    tren_work_close(work);
    free(value);
    test_batch_close(&batch);
    tren_graph_close(g);
}
