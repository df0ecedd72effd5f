/* The plan of what lies where: less memory, the same bits. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "nn/work.h"
#include "support/net.h"
#include "tren/models.h"

static const tren_init no_init = {.kind = TREN_DRAW_HE};

static tren_graph *open_graph(void) {
    tren_graph *g = NULL;
    cr_assert_eq(tren_graph_open(&g, tren_kernels_best()), TREN_OK);
    return g;
}

static tren_graph *stack(int layers, int width, const tren_activation *f) {
    tren_graph *g = open_graph();
    tren_layer *x = tren_input(g, (tren_shape){width, 1, 1});
    for (int i = 0; i < layers; i++) x = tren_dense(g, x, width, f, no_init);
    tren_add_loss(g, x, &tren_loss_cross_entropy, NULL);
    cr_assert_eq(tren_graph_complete(g), TREN_OK);
    return g;
}

/* A layer needs its input and its output at a time; the loss works in place. */
Test(plan, evaluation_needs_two_outputs_however_deep_the_network) {
    for (int layers = 1; layers < 20; layers += 6) {
        tren_graph *g = stack(layers, 100, &tren_relu);
        cr_expect_eq(g->per_row[false], 200, "%d layers: %zu", layers, g->per_row[false]);
        tren_graph_close(g);
    }
}

/* All outputs wait for their backward, and the gradients of two of them. That of the loss lies
 * where the last output was, which an identity does not read again. */
Test(plan, training_needs_every_output_and_two_gradients) {
    tren_graph *g = stack(9, 100, &tren_relu);
    cr_expect_eq(g->per_row[true], 100 * (10 + 2), "%zu", g->per_row[true]);
    tren_graph_close(g);
    g = stack(9, 100, &tren_identity);
    cr_expect_leq(g->per_row[true], 100 * (10 + 1), "%zu", g->per_row[true]);
    tren_graph_close(g);
}

/* ---- the same bits as if every array had a place of its own ------------------------------------
 */

/* Outputs with several readers, sums in place and not. */
static tren_graph *branches(void) {
    tren_graph *g = open_graph();
    tren_layer *x = tren_input(g, (tren_shape){20, 1, 1});
    tren_layer *a = tren_dense(g, tren_dropout(g, x, 0.2), 20, &tren_identity, no_init),
               *b = tren_dense(g, a, 20, &tren_tanh, no_init),
               *c = tren_add_layers(g, tren_activate(g, b, &tren_gelu), a),
               *d = tren_add_layers(g, tren_dropout(g, c, 0.3), b);
    x = tren_add_layers(g, tren_activate(g, tren_dense(g, d, 20, &tren_gelu, no_init), &tren_tanh),
                        c); /* c's output is read after the sum that could have been in place */
    tren_add_loss(g, tren_dense(g, x, 3, &tren_tanh, no_init), &tren_loss_half_squares, NULL);
    return g;
}

static tren_graph *images(const char *model) {
    tren_config config;
    tren_config_defaults(&config);
    tren_graph *g = NULL;
    tren_dataset_info info = {
        .shape = {2, 9, 10}, .is_image = true, .n_classes = 3, .n_targets = 1};
    snprintf(config.model.name, sizeof config.model.name, "%s", model);
    config.model.width = 3;
    config.model.activation = TREN_GELU;
    config.dropout = (tren_real_list){.n = 1, .at = {0.4}};
    if (strcmp(model, "cnn") != 0) config.dropout.n = 0;
    cr_assert_eq(tren_model_build(&g, &config, &info), TREN_OK, "%s", tren_error_text());
    return g;
}

/* Layers of every kind in a list. */
static tren_graph *list(void) {
    static const char yaml[] =
        "model.layers: [conv: {channels: 4, norm: group, norm_groups: 2, activation: silu}, "
        "residual: "
        "[conv: {channels: 6, stride: 2, dropout: 0.2}, layer_norm, gelu], concat: [[], [conv: 3, "
        "sigmoid]], flatten, concat: [[], [dense: 20, softplus, dropout: 0.1]], dense: outputs]";
    tren_config config;
    tren_config_defaults(&config);
    tren_graph *g = NULL;
    tren_dataset_info info = {.shape = {2, 9, 1}, .is_image = true, .n_classes = 3, .n_targets = 1};
    cr_assert_eq(tren_config_load_text(&config, yaml, strlen(yaml), "list"), TREN_OK);
    cr_assert_eq(tren_model_build(&g, &config, &info), TREN_OK, "%s", tren_error_text());
    return g;
}

typedef struct results {
    real *gradient;
    double loss;
} results;

static results run(tren_graph *g, const test_batch *batch) {
    real *value = test_values_of(g, 3);
    test_run run;
    test_run_open(&run, &(test_run_spec){.graph = g,
                                         .value = value,
                                         .batch = batch,
                                         .hi = batch->shards,
                                         .stacking = true,
                                         .dropout = true});
    results r = {.loss = test_run_both(&run)};
    r.gradient = malloc(g->n_values * sizeof(real));
    memcpy(r.gradient, run.node[0], g->n_values * sizeof(real));
    test_run_close(&run);
    free(value);
    return r;
}

static void check_same(tren_graph *g, const char *name) {
    test_batch batch;
    cr_assert_eq(tren_graph_complete(g), TREN_OK, "%s", tren_error_text());
    test_batch_open(&batch, 4, (int[]){5, 0, 18, 3}, tren_tensor_size(g->layer[0]->out), 3);
    results shared = run(g, &batch);
    size_t before = g->per_row[true];
    for (int i = 0; i < g->n_layers; i++) g->layer[i]->kept = true;
    cr_assert_eq(tren_graph_complete(g), TREN_OK);
    cr_expect_lt(before, g->per_row[true], "%s: nothing is shared", name);
    results apart = run(g, &batch);
    cr_expect_eq(shared.loss, apart.loss, "%s: another loss", name);
    cr_expect_eq(memcmp(shared.gradient, apart.gradient, g->n_values * sizeof(real)), 0,
                 "%s: other gradients", name);
    free(shared.gradient);
    free(apart.gradient);
    test_batch_close(&batch);
    tren_graph_close(g);
}

Test(plan, shared_memory_gives_the_same_bits) {
    tren_blas_threads(1);
    check_same(stack(4, 20, &tren_tanh), "tanh");
    check_same(stack(4, 20, &tren_gelu), "gelu");
    check_same(branches(), "branches");
    check_same(images("cnn"), "cnn");
    check_same(images("cnn5"), "cnn5");
    check_same(images("resnet18"), "resnet18");
    check_same(list(), "a list of layers");
}

Test(plan, an_output_that_nobody_reads_is_refused) {
    tren_graph *g = open_graph();
    tren_layer *x = tren_input(g, (tren_shape){4, 1, 1});
    tren_dense(g, x, 5, &tren_relu, no_init);
    tren_add_loss(g, x, &tren_loss_cross_entropy, NULL);
    cr_assert_eq(tren_graph_complete(g), TREN_ERR_USAGE);
    cr_expect_str_eq(tren_error_text(),
                     "dense1: no layer reads its output; use the output, or remove the layer");
    tren_graph_close(g);
}
