/* Networks written as lists of layers: what they become, what is refused, and their gradients. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/layers.h"
#include "nn/work.h"
#include "support/net.h"

static const tren_dataset_info images = {
    .shape = {2, 6, 5}, .is_image = true, .n_classes = 3, .n_targets = 1};
static const tren_dataset_info table = {.shape = {6, 1, 1}, .n_classes = 4, .n_targets = 1};

static tren_config config_of(const char *yaml) {
    tren_config c;
    tren_config_defaults(&c);
    cr_assert_eq(tren_config_load_text(&c, yaml, strlen(yaml), "run.yaml"), TREN_OK, "%s",
                 tren_error_text());
    snprintf(c.data, sizeof c.data, "d.h5");
    return c;
}

static tren_graph *graph_of(const char *yaml, const tren_dataset_info *info) {
    tren_config c = config_of(yaml);
    tren_graph *g = NULL;
    cr_assert_eq(tren_config_check(&c), TREN_OK, "%s", tren_error_text());
    cr_assert_eq(tren_model_build(&g, &c, info), TREN_OK, "%s: %s", yaml, tren_error_text());
    return g;
}

/* ---- what a list becomes -----------------------------------------------------------------------
 */

static void check_layers(const char *yaml, const tren_dataset_info *info, const char *expected) {
    char names[1024] = "", text[TREN_TENSOR_TEXT];
    tren_graph *g = graph_of(yaml, info);
    for (int i = 1; i < g->n_layers - 1; i++) {
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s %s", i > 1 ? ", " : "",
                 g->layer[i]->ops->name, tren_tensor_text(text, g->layer[i]->out));
    }
    cr_expect_str_eq(names, expected, "%s\n%s\n%s", yaml, names, expected);
    tren_graph_close(g);
}

Test(networks, short_and_long_forms_mean_the_same) {
    static const char expected[] = "dense 5, dropout 5, activate 5, dense 4";
    check_layers("model.layers: [dense: {units: 5, activation: relu}, dropout: 0.5, tanh, dense: "
                 "outputs]",
                 &table, expected);
    check_layers("model:\n  layers:\n    - dense:\n        units: 5\n        activation: relu\n"
                 "        dropout: 0.5\n    - tanh:\n    - dense: {units: outputs}\n",
                 &table, expected);
    check_layers("model.layers: [layers: [{repeat: 1, dense: 5}], dropout: {rate: .5}, tanh: null, "
                 "dense: outputs]",
                 &table, expected);
}

Test(networks, norms_take_the_bias_and_come_before_the_activation) {
    check_layers("model.layers: [dense: {units: 8, norm: layer, activation: gelu}, dense: "
                 "{units: 8, norm: batch, activation: relu}, dense: {units: 4, norm: group, "
                 "norm_groups: 2}]",
                 &table,
                 "dense 8, layer_norm 8, activate 8, dense 8, lanes 8, batch_norm 8, rows 8, dense "
                 "4, group_norm 4");
    tren_graph *g = graph_of("model.layers: [dense: {units: 5, norm: layer}, dense: {units: 5, "
                             "norm: layer, bias: yes}, dense: {units: outputs, bias: false}]",
                             &table);
    cr_expect_eq(g->n_params, 1 + 2 + 2 + 2 + 1);
    tren_graph_close(g);
}

Test(networks, images_keep_their_shape_until_they_are_flattened) {
    check_layers(
        "model.layers: [conv: {channels: 4, stride: 2, dropout: 0.5}, layer_norm, "
        "conv: {channels: 4, kernel: 2, padding: 1}, max_pool: {size: 2, stride: 1}, "
        "flatten, dense: outputs]",
        &images,
        "lanes 2 x 6 x 5, conv2d 4 x 3 x 3, rows 4 x 3 x 3, dropout 4 x 3 x 3, layer_norm 4 "
        "x 3 x 3, lanes 4 x 3 x 3, conv2d 4 x 4 x 4, max_pool 4 x 3 x 3, rows 36, dense 3");
    check_layers("model.layers: [flatten, dense: outputs]", &images, "flatten 60, dense 3");
    check_layers("model.layers: [conv: outputs, global_average_pool]", &images,
                 "lanes 2 x 6 x 5, conv2d 3 x 6 x 5, average_pool 3, rows 3");
}

Test(networks, residuals_project_where_shapes_differ) {
    check_layers("model.layers: [residual: [dense: 6], residual: [dense: 5, relu], dense: outputs]",
                 &table, "dense 6, add 6, dense 5, activate 5, dense 5, add 5, dense 4");
    check_layers(
        "model.layers: [conv: 4, residual: [conv: {channels: 8, stride: 2}], flatten, "
        "dense: outputs]",
        &images,
        "lanes 2 x 6 x 5, conv2d 4 x 6 x 5, conv2d 8 x 3 x 3, conv2d 8 x 3 x 3, add 8 x 3 x "
        "3, rows 72, dense 3");
    check_layers(
        "model.layers: [conv: 4, residual: {before: [batch_norm], shortcut: [max_pool: 2], "
        "layers: [conv: {channels: 4, kernel: 2, stride: 2, padding: 0}]}, flatten, dense: "
        "outputs]",
        &images,
        "lanes 2 x 6 x 5, conv2d 4 x 6 x 5, batch_norm 4 x 6 x 5, max_pool 4 x 3 x 2, conv2d "
        "4 x 3 x 2, add 4 x 3 x 2, rows 24, dense 3");
}

Test(networks, a_hundred_layers_and_more_fit) {
    char yaml[16384] = "model:\n  layers:\n";
    for (int i = 0; i < 150; i++)
        strcat(yaml, "    - dense: {units: 6, norm: layer, activation: gelu, dropout: 0.1}\n");
    strcat(yaml, "    - {repeat: 150, residual: [dense: 6]}\n    - dense: outputs\n");
    tren_graph *g = graph_of(yaml, &table);
    cr_expect_eq(g->n_layers, 1 + 4 * 150 + 2 * 150 + 2);
    tren_graph_close(g);
}

Test(networks, init_is_the_models_unless_a_layer_has_its_own) {
    tren_graph *g = graph_of("model: {init: pytorch, layers: [dense: 6, dense: {units: 6, init: "
                             "gaussian, init_variance: 1e-12}, dense: {units: outputs, init: he}]}",
                             &table);
    real *value = calloc(g->n_values, sizeof *value);
    tren_graph_init(g, value, 3);
    cr_expect_neq(value[g->param[1].at.off], 0); /* biases: pytorch draws them, */
    cr_expect_lt(fabs((double)value[g->param[2].at.off]), 1e-5);
    cr_expect_eq(value[g->param[5].at.off], 0); /* he does not */
    free(value);
    tren_graph_close(g);
}

/* ---- what is refused ---------------------------------------------------------------------------
 */

static void check_refused(const char *yaml, const tren_dataset_info *info, const char *part) {
    tren_config c = config_of(yaml);
    tren_graph *g = NULL;
    cr_expect_eq(tren_model_build(&g, &c, info), TREN_ERR_USAGE, "%s", yaml);
    cr_expect_null(g);
    cr_expect_not_null(strstr(tren_error_text(), part), "%s\n%s lacks\n%s", yaml, tren_error_text(),
                       part);
}

Test(networks, errors_say_line_and_path) {
    check_refused(
        "model:\n  layers:\n    - conv: 4\n    - residual:\n        - conv: {channels: 4,\n"
        "            kernl: 3}\n",
        &images,
        "run.yaml:6: model.layers[1].residual[0].conv: unknown key 'kernl'; did you mean "
        "'kernel'?");
    check_refused("model:\n  layers:\n\n    # shortcut\n    - residual:\n        layers: [relu]\n"
                  "        shortcut:\n          - dens: 4\n",
                  &table,
                  "run.yaml:8: model.layers[0].residual.shortcut[0]: there is no layer 'dens'; did "
                  "you mean 'dense'?");
    check_refused(
        "model:\n  layers:\n    - concat:\n        - []\n        - - relu\n          - max_pool: "
        "2\n",
        &table,
        "run.yaml:6: model.layers[0].concat[1][1].max_pool: max_pool takes images of more "
        "than one pixel, but activate1 is 6");
}

Test(networks, shapes_that_do_not_fit_are_shown) {
    check_refused(
        "model.layers: [residual: {projection: none, layers: [dense: 5]}, dense: outputs]", &table,
        "the branch turns 6 into 5, which cannot be added without a projection");
    check_refused(
        "model.layers: [conv: 4, residual: [conv: 8, global_max_pool], dense: outputs]", &images,
        "the branch turns 4 x 6 x 5 into 8, which cannot be added, and no projection leads");
    check_refused("model.layers: [conv: 4, concat: [[], [max_pool: 2]], flatten, dense: outputs]",
                  &images, "is 4 x 6 x 5, and max_pool1 4 x 3 x 2");
    check_refused("model.layers: [dense: 8]", &table, "gives 8, but d.h5 has 4 classes");
    check_refused("model.layers: [{repeat: 4, max_pool: 2}, dense: outputs]", &images,
                  "takes images of more than one pixel, but max_pool2 is 2");
}

/* Aliases of YAML: a list within itself, and one that doubles at each level. */
Test(networks, lists_without_end_are_refused) {
    static const char *const bad[] = {
        "model.layers: &a [layers: *a]",
        "model:\n  layers:\n    - layers: &a [relu, relu, relu, relu]\n"
        "    - layers: &b [layers: *a, layers: *a, layers: *a, layers: *a]\n"
        "    - layers: &c [layers: *b, layers: *b, layers: *b, layers: *b]\n"
        "    - layers: &d [layers: *c, layers: *c, layers: *c, layers: *c]\n"
        "    - layers: &e [layers: *d, layers: *d, layers: *d, layers: *d]\n"
        "    - layers: &f [layers: *e, layers: *e, layers: *e, layers: *e]\n"
        "    - layers: &g [layers: *f, layers: *f, layers: *f, layers: *f]\n"
        "    - layers: [layers: *g, layers: *g, layers: *g, layers: *g]\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tren_config c;
        tren_config_defaults(&c);
        cr_expect_eq(tren_config_load_text(&c, bad[i], strlen(bad[i]), "run.yaml"), TREN_ERR_USAGE);
    }
    check_refused("model.layers: [{repeat: 1000, layers: [{repeat: 1000, relu: null}]}, dense: "
                  "outputs]",
                  &table, "more than 4096 layers");
}

/* ---- built-in models as lists ------------------------------------------------------------------
 */

Test(networks, built_in_models_expand_to_the_same_graph) {
    static const char *const models[] = {
        "model: {name: mlp, hidden: [5, 7], activation: gelu}\ndropout: [0.1, 0, 0.3]",
        "dropout: .2\nmodel: {name: cnn, channels: [3,4], activation: tanh, norm: none, kernel: 5}",
        "model: {name: cnn, channels: [3], activation: identity, hidden: []}",
        "model: {name: cnn5, width: 2}", "model: {name: resnet18, width: 2, init: pytorch}"};
    for (size_t k = 0; k < sizeof models / sizeof *models; k++) {
        tren_config c = config_of(models[k]);
        tren_graph *a = graph_of(models[k], &images), *b = NULL;
        cr_assert_eq(tren_model_expand(&c), TREN_OK, "%s", tren_error_text());
        cr_assert_eq(tren_config_check(&c), TREN_OK, "%s", tren_error_text());
        cr_assert_str_eq(c.model.name, "layers");
        cr_assert_eq(tren_model_build(&b, &c, &images), TREN_OK, "%s", tren_error_text());
        cr_assert_eq(a->n_layers, b->n_layers);
        cr_assert_eq(a->n_values, b->n_values);
        for (int i = 0; i < a->n_layers; i++) {
            cr_expect_str_eq(a->layer[i]->name, b->layer[i]->name);
            cr_expect(tren_tensor_equal(a->layer[i]->out, b->layer[i]->out));
        }
        tren_graph_close(a);
        tren_graph_close(b);
    }
}

/* Masks of dropout are drawn by a layer's number, and weights by a parameter's. */
Test(networks, built_in_models_keep_their_layers) {
    check_layers(
        "model: {name: cnn, channels: [3], activation: identity, norm: none, hidden: [5]}\n"
        "dropout: 0.3",
        &images,
        "lanes 2 x 6 x 5, conv2d 3 x 6 x 5, activate 3 x 6 x 5, max_pool 3 x 3 x 2, rows 18, "
        "dense 5, dropout 5, dense 3");
    check_layers(
        "model: {name: cnn, channels: [3], hidden: []}", &images,
        "lanes 2 x 6 x 5, conv2d 3 x 6 x 5, batch_norm 3 x 6 x 5, max_pool 3 x 3 x 2, rows "
        "18, dense 3");
    check_layers("model: {name: cnn, channels: [], hidden: []}", &images, "dense 3");
    check_layers(
        "model: {name: cnn5, width: 1}", &images,
        "lanes 2 x 6 x 5, conv2d 1 x 6 x 5, batch_norm 1 x 6 x 5, conv2d 2 x 6 x 5, "
        "batch_norm 2 x 6 x 5, max_pool 2 x 3 x 2, conv2d 4 x 3 x 2, batch_norm 4 x 3 x 2, "
        "max_pool 4, conv2d 8, batch_norm 8, max_pool 8, rows 8, dense 3");
}

/* ---- gradients by finite differences -----------------------------------------------------------
 */

enum { SHARDS = 4 };

typedef struct net {
    test_batch batch;
    tren_graph *graph;
    real *value;
    test_run run;
} net;

static void net_open(net *t, const char *yaml, const tren_dataset_info *info) {
    t->graph = graph_of(yaml, info);
    test_batch_open(&t->batch, SHARDS, (int[]){3, 2, 0, 4}, tren_shape_size(info->shape),
                    info->n_classes);
    t->value = test_values_of(t->graph, 21);
    test_run_open(&t->run, &(test_run_spec){.graph = t->graph,
                                            .value = t->value,
                                            .batch = &t->batch,
                                            .hi = SHARDS,
                                            .stacking = true,
                                            .dropout = true});
}

static void net_close(net *t) {
    test_run_close(&t->run);
    tren_graph_close(t->graph);
    test_batch_close(&t->batch);
    free(t->value);
}

/* dJ/dx by five points. */
static double slope(net *t, real *x) {
    const double h = sizeof(real) == sizeof(double) ? 1e-4 : 1e-2;
    static const double weight[] = {1, -8, 8, -1}, at[] = {-2, -1, 1, 2};
    double sum = 0;
    real before = *x;
    for (int i = 0; i < 4; i++) {
        *x = (real)((double)before + at[i] * h);
        sum += weight[i] * test_run_forward(&t->run) * (double)t->run.pass.scale;
    }
    *x = before;
    return sum / (12 * h);
}

static void check_gradient(const char *yaml, const tren_dataset_info *info, int params) {
    const double allowed = sizeof(real) == sizeof(double) ? 1e-7 : 2e-2;
    net t;
    net_open(&t, yaml, info);
    cr_expect_eq(t.graph->n_params, params, "%d", t.graph->n_params);
    test_run_both(&t.run);
    real *dw = calloc(t.graph->n_values, sizeof *dw);
    memcpy(dw, t.run.node[0], t.graph->n_values * sizeof *dw);
    for (int i = 0; i < t.graph->n_params; i++) {
        const tren_param *p = &t.graph->param[i];
        double worst = 0, size = 0;
        size_t step = p->at.len / 12 + 1;
        for (size_t k = p->at.off; k < p->at.off + p->at.len && !p->statistic; k += step) {
            double exact = slope(&t, &t.value[k]);
            worst = fmax(worst, fabs((double)dw[k] - exact));
            size = fmax(size, fabs(exact));
        }
        if (!p->statistic) cr_expect_gt(size, 1e-5, "%s has no gradient to speak of", p->name);
        cr_expect_leq(worst, allowed * fmax(size, 1), "%s is off by %g of %g", p->name, worst,
                      size);
    }
    free(dw);
    net_close(&t);
}

/* Smooth activations: differences would see the kinks of others. */
Test(networks, gradients_of_a_nested_network_of_images) {
    check_gradient("model:\n"
                   "  layers:\n"
                   "    - conv: {channels: 4, norm: batch, activation: tanh, dropout: 0.2}\n"
                   "    - residual:\n"
                   "        before: [group_norm: 2, silu]\n"
                   "        layers:\n"
                   "          - conv: {channels: 6, stride: 2, norm: group, norm_groups: 3, "
                   "activation: softplus}\n"
                   "          - residual: [conv: {channels: 6, kernel: 1}, gelu]\n"
                   "    - concat:\n"
                   "        - []\n"
                   "        - [average_pool: {size: 2, stride: 1}, conv: {channels: 2, kernel: 2, "
                   "padding: 1}]\n"
                   "        - [conv: {channels: 2, norm: layer}, sigmoid]\n"
                   "    - repeat: 2\n"
                   "      residual: [layer_norm, conv: {channels: 10, bias: false}]\n"
                   "    - flatten\n"
                   "    - dense: {units: 9, norm: layer, activation: elu}\n"
                   "    - dense: outputs\n",
                   &images, 29);
}

Test(networks, gradients_of_a_nested_network_of_tables) {
    check_gradient("model:\n"
                   "  layers:\n"
                   "    - dense: {units: 8, norm: batch, activation: silu}\n"
                   "    - concat:\n"
                   "        - [residual: [dense: {units: 8, norm: group, norm_groups: 4}, gelu]]\n"
                   "        - [dense: {units: 3, activation: sigmoid, dropout: 0.3}, layer_norm]\n"
                   "        - []\n"
                   "    - residual: {shortcut: [dense: {units: 20, bias: false}], layers: [dense: "
                   "{units: 20, activation: softplus}]}\n"
                   "    - residual: [batch_norm: tanh, dense: 17]\n"
                   "    - dense: outputs\n",
                   &table, 24);
}
