/* Stacked, separate, or spread over workers: the same bits, always those of the canonical tree. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "nn/work.h"
#include "support/net.h"
#include "tren/models.h"

enum { CLASSES = 10, MOST_SHARDS = 13 };

/* A random network: depth, widths, activations and dropout are functions of `seed`. */
static tren_graph *random_network(uint32_t seed, int *width) {
    static const tren_activation *const f[] = {&tren_relu, &tren_tanh, &tren_gelu, &tren_identity};
    static const int widths[] = {1, 5, 16, 33, 64, 100, 129};
    tren_graph *g = NULL;
    cr_assert_eq(tren_graph_open(&g, tren_kernels_best()), TREN_OK);
    *width = widths[test_pick(seed, 0, 0, 6)];
    tren_layer *x = tren_input(g, (tren_shape){*width, 1, 1});
    uint32_t depth = (uint32_t)test_pick(seed, 1, 0, 3);
    for (uint32_t i = 0; i < depth; i++) {
        x = tren_dropout(g, x, test_pick(seed, 10 + i, 0, 1) ? 0.3 : 0);
        x = tren_dense(g, x, widths[test_pick(seed, 20 + i, 0, 6)],
                       f[test_pick(seed, 30 + i, 0, 3)], (tren_init){.kind = TREN_DRAW_HE});
    }
    x = tren_dense(g, x, CLASSES, &tren_identity, (tren_init){.kind = TREN_DRAW_HE});
    tren_add_loss(g, x, &tren_loss_cross_entropy,
                  &(tren_loss_options){.label_smoothing = test_pick(seed, 2, 0, 1) ? 0.1 : 0});
    cr_assert_eq(tren_graph_complete(g), TREN_OK);
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

/* Each shard in a worker of its own, folded naively: what all else must equal. */
static void run_apart(bits *b, const test_run_spec *all) {
    size_t n = all->graph->n_values;
    real *leaf[MOST_SHARDS] = {NULL};
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
    test_fold_tree(b->gradient, leaf, (tren_node){0, shards}, n);
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

/* A worker that combines the last two sums of each part itself, as one rank does. */
static void take_combined(void *ctx, int param, tren_span at, const real *left, const real *right) {
    (void)param;
    real *gradient = ctx;
    for (size_t i = 0; i < at.len; i++) gradient[at.off + i] = right ? left[i] + right[i] : left[i];
}

static void run_combining(bits *b, const test_run_spec *all) {
    test_run run;
    test_run_open(&run, all);
    tren_work_close(run.work);
    b->gradient = calloc(all->graph->n_values, sizeof(real));
    tren_work_spec work = {.max_rows = all->batch->rows,
                           .train = true,
                           .stacking = all->stacking,
                           .shards = all->batch->shards,
                           .hi = all->hi,
                           .value = all->value,
                           .node = run.node,
                           .combine = take_combined,
                           .ctx = b->gradient};
    cr_assert_eq(tren_work_open(&run.work, all->graph, &work), TREN_OK);
    cr_assert_eq(tren_work_pattern(run.work, &run.pass.pattern, all->hi, run.row0), TREN_OK);
    test_run_both(&run);
    keep_results(b, &run);
    test_run_close(&run);
}

/* Every way to run these shards. `cut`: where two workers share them. */
static void check_ways(test_run_spec *all, const char *name, int cut) {
    char what[600];
    bits apart = {0}, other = {0};
    run_apart(&apart, all);
    for (int stacking = 0; stacking < 2; stacking++) {
        all->stacking = stacking;
        snprintf(what, sizeof what, "%s, %s", name, stacking ? "stacked" : "separate");
        run_together(&other, all);
        check_equal(&apart, &other, all, what);
        run_combining(&other, all);
        check_equal(&apart, &other, all, what);
        if (cut == 0) continue;
        run_in_two(&other, all, cut);
        check_equal(&apart, &other, all, what);
    }
    free(apart.gradient);
}

static void check_network(uint32_t seed) {
    int width, count[MOST_SHARDS];
    char name[32];
    tren_graph *graph = random_network(seed, &width);
    test_batch batch;
    test_batch_open(&batch, random_rows(seed, count), count, width, CLASSES);
    real *value = test_values_of(graph, seed);
    test_run_spec all = {
        .graph = graph, .value = value, .batch = &batch, .hi = batch.shards, .dropout = true};
    snprintf(name, sizeof name, "seed %u", seed);
    check_ways(&all, name, batch.shards > 1 ? test_pick(seed, 6, 1, batch.shards - 1) : 0);
    free(value);
    test_batch_close(&batch);
    tren_graph_close(graph);
}

/* Layers that a config's list may have, of tables and of images. */
static void check_list(const char *yaml, tren_shape shape, bool portable) {
    tren_config config;
    tren_graph *graph;
    test_batch batch;
    tren_dataset_info info = {
        .shape = shape, .is_image = shape.h > 1, .n_classes = CLASSES, .n_targets = 1};
    tren_config_defaults(&config);
    cr_assert_eq(tren_config_load_text(&config, yaml, strlen(yaml), "list"), TREN_OK);
    if (portable) config.gemm = TREN_GEMM_PORTABLE;
    cr_assert_eq(tren_model_build(&graph, &config, &info), TREN_OK, "%s", tren_error_text());
    test_batch_open(&batch, 5, (int[]){7, 0, 18, 2, 3}, tren_shape_size(shape), CLASSES);
    real *value = test_values_of(graph, 3);
    test_run_spec all = {
        .graph = graph, .value = value, .batch = &batch, .hi = batch.shards, .dropout = true};
    check_ways(&all, yaml, 2);
    free(value);
    test_batch_close(&batch);
    tren_graph_close(graph);
}

Test(bits, layers_of_lists_do_not_mind_how_they_run) {
    static const char of_images[] =
        "model.layers: [conv: {channels: 6, norm: group, norm_groups: 3, activation: silu}, "
        "residual: "
        "[conv: {channels: 8, stride: 2, norm: batch, activation: softplus, dropout: 0.2}], "
        "concat: "
        "[[], [layer_norm, conv: 5]], dense: {units: 20, norm: batch, activation: elu}, dense: "
        "outputs]";
    static const char of_tables[] =
        "model.layers: [concat: [[dense: {units: 30, norm: group, activation: sigmoid, "
        "norm_groups: "
        "5}], [dense: 20, leaky_relu], []], residual: [dense: {units: 33, norm: batch}], dense: "
        "outputs]";
    tren_blas_threads(1);
    for (int portable = 0; portable < 2; portable++) {
        check_list(of_images, (tren_shape){2, 7, 6}, portable);
        check_list(of_tables, (tren_shape){19, 1, 1}, portable);
    }
}

Test(bits, stacked_separate_and_spread_runs_are_equal) {
    tren_blas_threads(1);
    for (uint32_t seed = 1; seed <= 300; seed++) check_network(seed);
}

/* Weights of more than one tile, each folded by itself. */
Test(bits, large_weights_are_folded_in_tiles) {
    enum { IN = 300, HIDDEN = 803 };
    tren_blas_threads(1);
    tren_graph *g = NULL;
    cr_assert_eq(tren_graph_open(&g, tren_kernels_best()), TREN_OK);
    tren_layer *x = tren_input(g, (tren_shape){IN, 1, 1});
    x = tren_dense(g, x, HIDDEN, &tren_relu, (tren_init){0});
    tren_add_loss(g, tren_dense(g, x, CLASSES, &tren_identity, (tren_init){0}),
                  &tren_loss_cross_entropy, NULL);
    cr_assert_eq(tren_graph_complete(g), TREN_OK);
    cr_assert_lt(tren_tile_rows(&g->param[0]), HIDDEN, "this weight is but one tile");
    test_batch batch;
    test_batch_open(&batch, 5, (int[]){9, 8, 0, 8, 9}, IN, CLASSES);
    real *value = test_values_of(g, 1);
    test_run_spec all = {.graph = g, .value = value, .batch = &batch, .hi = 5};
    check_ways(&all, "tiles", 3);
    free(value);
    test_batch_close(&batch);
    tren_graph_close(g);
}

/* One weight for three layers, of more than one tile or of one. */
static void check_shared(int width, bool portable) {
    tren_graph *g = NULL;
    cr_assert_eq(tren_graph_open(&g, tren_kernels_best()), TREN_OK);
    g->portable = portable;
    tren_layer *x = tren_input(g, (tren_shape){width, 1, 1}), *first;
    x = first = tren_dense(g, x, width, &tren_relu, (tren_init){0});
    tren_dense_spec same = {.out = width, .f = &tren_tanh, .tied = first};
    for (int i = 0; i < 2; i++, same.no_bias = true) {
        x = tren_dense(g, x, width, &tren_gelu, (tren_init){0}); /* needs memory in between */
        x = tren_dense_with(g, x, same);
    }
    tren_add_loss(g, tren_dense(g, x, CLASSES, &tren_identity, (tren_init){0}),
                  &tren_loss_cross_entropy, NULL);
    cr_assert_eq(tren_graph_complete(g), TREN_OK);
    cr_assert_eq(g->n_params, 9);
    cr_assert_eq(g->param[0].n_users, 3);
    test_batch batch;
    test_batch_open(&batch, 6, (int[]){9, 8, 0, 8, 9, 1}, width, CLASSES);
    real *value = test_values_of(g, 1);
    test_run_spec all = {.graph = g, .value = value, .batch = &batch, .hi = 6};
    char name[64];
    snprintf(name, sizeof name, "width %d%s", width, portable ? ", portable" : "");
    for (int cut = 1; cut < 6; cut += 2) check_ways(&all, name, cut);
    free(value);
    test_batch_close(&batch);
    tren_graph_close(g);
}

Test(bits, shared_parameters) {
    tren_blas_threads(1);
    for (int portable = 0; portable < 2; portable++) {
        check_shared(7, portable);
        check_shared(70, portable);
    }
    check_shared(803, false);
}

/* The self-test must let some products stack, or the test above has shown little. */
Test(bits, wide_layers_do_stack) {
    tren_blas_threads(1);
    tren_graph *g = NULL;
    cr_assert_eq(tren_graph_open(&g, tren_kernels_best()), TREN_OK);
    tren_layer *x = tren_input(g, (tren_shape){256, 1, 1});
    for (int i = 0; i < 2; i++) x = tren_dense(g, x, 256, &tren_relu, (tren_init){0});
    tren_add_loss(g, x, &tren_loss_cross_entropy, NULL);
    cr_assert_eq(tren_graph_complete(g), TREN_OK);
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
