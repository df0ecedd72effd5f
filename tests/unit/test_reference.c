/* Layers, losses and update rules against values computed elsewhere in float64: norm-wise to 1e-6
 * in float, 1e-12 in double. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "nn/work.h"
#include "support/net.h"
#include "support/reference.h"
#include "tren/optim.h"

/* ---- layers ---------------------------------------------------------------------------------- */

/* A case of the file with its rows in the batch and its dy behind the layer. */
typedef struct layer_case {
    const char *name;
    test_batch batch;
    tren_graph *graph;
    tren_layer *input, *layer;
    real *value, *dy;
    test_run run;
} layer_case;

static void put_parameter(layer_case *c, int i, const char *name) {
    real *from = test_reference_real(c->name, name);
    memcpy(c->value + c->graph->param[i].at.off, from, c->graph->param[i].at.len * sizeof *from);
    free(from);
}

static void open_rows(layer_case *c, int shards, const int *count) {
    test_values x = test_reference(c->name, "x");
    test_batch_open(&c->batch, shards, count, x.dim[1], 1);
    cr_assert_eq((size_t)c->batch.rows * (size_t)x.dim[1], x.n);
    for (size_t i = 0; i < x.n; i++) c->batch.x[i] = (real)x.at[i];
    free(x.at);
}

static void open_case(layer_case *c, const char *name, const tren_activation *f, int shards,
                      const int *count) {
    *c = (layer_case){.name = name};
    open_rows(c, shards, count);
    c->dy = test_reference_real(name, "dy");
    cr_assert_eq(tren_graph_open(&c->graph, tren_kernels_best()), TREN_OK);
    c->input = test_input_with_gradient(c->graph, c->batch.width);
    c->layer = f ? tren_activate(c->graph, c->input, f)
                 : tren_dense(c->graph, c->input, 5, &tren_identity, (tren_init){0});
    c->layer->kept = true;
    test_given_gradient(c->graph, c->layer, c->dy);
    cr_assert_eq(tren_graph_complete(c->graph), TREN_OK);
    c->value = calloc(c->graph->n_values + 1, sizeof *c->value);
    if (!f) {
        put_parameter(c, 0, "weight");
        put_parameter(c, 1, "bias");
    }
    test_run_open(&c->run, &(test_run_spec){.graph = c->graph,
                                            .value = c->value,
                                            .batch = &c->batch,
                                            .hi = shards,
                                            .stacking = true});
    test_run_both(&c->run);
}

static void close_case(layer_case *c) {
    test_run_close(&c->run);
    tren_graph_close(c->graph);
    test_batch_close(&c->batch);
    free(c->value);
    free(c->dy);
}

static void check_layer(const char *name, const tren_activation *f, int shards, const int *count) {
    layer_case c;
    open_case(&c, name, f, shards, count);
    test_agrees(test_output_of(&c.run, c.layer), name, "y");
    test_agrees(test_gradient_of(&c.run, c.input), name, "dx");
    if (!f) {
        test_agrees(c.run.node[0] + c.graph->param[0].at.off, name, "dweight");
        test_agrees(c.run.node[0] + c.graph->param[1].at.off, name, "dbias");
    }
    close_case(&c);
}

/* The 7 rows of each case, as one microbatch and as five, one of them empty. */
static void check_layers(const char *name, const tren_activation *f) {
    check_layer(name, f, 1, (int[]){7});
    check_layer(name, f, 5, (int[]){2, 1, 0, 3, 1});
}

Test(reference, dense) {
    check_layers("dense", NULL);
}

Test(reference, relu) {
    check_layers("relu", &tren_relu);
}

Test(reference, tanh) {
    check_layers("tanh", &tren_tanh);
}

Test(reference, gelu) {
    check_layers("gelu", &tren_gelu);
}

/* 15 rows of 12, in as many microbatches as shall be. */
static void check_layer_norm(int shards, const int *count) {
    static const char name[] = "layernorm";
    test_values x = test_reference(name, "x");
    real *dy = test_reference_real(name, "dy"), *weight = test_reference_real(name, "weight"),
         *bias = test_reference_real(name, "bias"), value[24];
    memcpy(value, weight, 12 * sizeof *value);
    memcpy(value + 12, bias, 12 * sizeof *value);
    test_batch batch;
    test_batch_open(&batch, shards, count, 12, 1);
    for (size_t i = 0; i < x.n; i++) batch.x[i] = (real)x.at[i];
    tren_graph *g = NULL;
    cr_assert_eq(tren_graph_open(&g, tren_kernels_best()), TREN_OK);
    tren_layer *input = test_input_with_gradient(g, 12), *y = tren_layer_norm(g, input);
    y->kept = true;
    test_given_gradient(g, y, dy);
    cr_assert_eq(tren_graph_complete(g), TREN_OK);
    test_run run;
    test_run_open(&run,
                  &(test_run_spec){.graph = g, .value = value, .batch = &batch, .hi = shards});
    test_run_both(&run);
    test_agrees(test_output_of(&run, y), name, "y");
    test_agrees(test_gradient_of(&run, input), name, "dx");
    test_agrees(run.node[0], name, "dweight");
    test_agrees(run.node[0] + 12, name, "dbias");
    test_run_close(&run);
    tren_graph_close(g);
    test_batch_close(&batch);
    free(x.at);
    free(dy);
    free(weight);
    free(bias);
}

Test(reference, layer_norm) {
    check_layer_norm(1, (int[]){15});
    check_layer_norm(4, (int[]){4, 0, 5, 6});
}

/* Three rows of six tokens. */
Test(reference, embedding) {
    static const char name[] = "embedding";
    int32_t *token = test_reference_labels(name, "x");
    real *dy = test_reference_real(name, "dy"), *value = test_reference_real(name, "weight"),
         dw[88], *node[] = {dw};
    tren_graph *g = NULL;
    cr_assert_eq(tren_graph_open(&g, tren_kernels_best()), TREN_OK);
    tren_tensor numbers = {.axis = 1, .tokens = 6, .c = 1, .h = 1, .w = 1, .element = TREN_TOKENS};
    tren_layer *x = tren_typed_input(g, numbers);
    tren_layer *y = tren_embedding(g, x, (tren_embedding_spec){.vocabulary = 11, .width = 8});
    y->kept = true;
    test_given_gradient(g, y, dy);
    cr_assert_eq(tren_graph_complete(g), TREN_OK);
    cr_assert_eq(g->n_values, 88);
    tren_work *work = NULL;
    tren_work_spec spec = {
        .max_rows = 3, .train = true, .shards = 2, .hi = 2, .value = value, .node = node};
    tren_pass pass = {.n_groups = 2, .row0 = (int[]){0, 1, 3}, .train = true};
    cr_assert_eq(tren_work_open(&work, g, &spec), TREN_OK);
    cr_assert_eq(tren_work_pattern(work, &pass.pattern, 2, pass.row0), TREN_OK);
    memcpy(tren_work_tokens(work, x), token, 18 * sizeof *token);
    tren_forward(work, &pass);
    tren_backward(work, &pass);
    test_agrees(layer_y(work, y), name, "y");
    test_agrees(dw, name, "dweight");
    tren_work_close(work);
    tren_graph_close(g);
    free(token);
    free(dy);
    free(value);
}

/* ---- losses ---------------------------------------------------------------------------------- */

static void check_cross_entropy(const char *group, double smoothing) {
    test_values z = test_reference(group, "logits");
    int n = z.dim[0], m = z.dim[1];
    int32_t *label = test_reference_labels(group, "target");
    real *dz = test_reference_real(group, "logits");
    double loss = 0, correct = 0;
    tren_kernels_best()->softmax_cross_entropy(dz, &loss, &correct, label, n, m, (real)smoothing,
                                               (real)(1.0 / n));
    real mean = (real)(loss / n);
    test_agrees(&mean, group, "loss");
    test_agrees(dz, group, "dlogits");
    free(z.at);
    free(dz);
    free(label);
}

Test(reference, softmax_cross_entropy) {
    check_cross_entropy("softmax_cross_entropy", 0);
}

Test(reference, softmax_cross_entropy_with_label_smoothing) {
    check_cross_entropy("softmax_cross_entropy_smooth", 0.1);
}

/* ---- update rules ---------------------------------------------------------------------------- */

enum { W = 6, STEPS = 10 };

typedef struct rule_case {
    const char *name, *rule;
    double learning_rate, decay;
    tren_optimizer_options options;
} rule_case;

#define ADAM                                                                                       \
    { .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8 }
static const rule_case rules[] = {{"sgd", "sgd", 0.1, 0, {0}},
                                  {"sgd_decay", "sgd", 0.1, 0.05, {0}},
                                  {"momentum", "momentum", 0.05, 0, {.momentum = 0.9}},
                                  {"momentum_decay", "momentum", 0.05, 0.02, {.momentum = 0.9}},
                                  {"nesterov", "nesterov", 0.05, 0, {.momentum = 0.9}},
                                  {"adam", "adam", 0.1, 0, ADAM},
                                  {"adam_l2", "adam", 0.1, 0.05, ADAM},
                                  {"adamw", "adamw", 0.1, 0.05, ADAM}};

static const tren_optimizer *rule_named(const char *name) {
    const tren_optimizer *o = tren_optimizer_named(name);
    cr_assert_not_null(o, "no rule is called %s", name);
    return o;
}

/* Ten steps on f(w) = w'Aw/2 - b'w; path [STEPS, W] the weights after each. */
static void descend(real *path, const rule_case *c) {
    test_values a = test_reference("optimizers", "a"), b = test_reference("optimizers", "b");
    real *w = test_reference_real("optimizers", "w0"), g[W], state[2][W] = {{0}};
    for (int t = 0; t < STEPS; t++) {
        for (int i = 0; i < W; i++) {
            double sum = -b.at[i];
            for (int j = 0; j < W; j++) sum += a.at[i * W + j] * (double)w[j];
            g[i] = (real)sum;
        }
        tren_update u = {.kernels = tren_kernels_best(),
                         .options = &c->options,
                         .learning_rate = c->learning_rate,
                         .decay = c->decay,
                         .scale = 1,
                         .t = t + 1};
        rule_named(c->rule)->update(w, g, (real *[]){state[0], state[1]}, W, &u);
        memcpy(path + t * W, w, W * sizeof *w);
    }
    free(a.at);
    free(b.at);
    free(w);
}

Test(reference, every_update_rule) {
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        real path[STEPS * W];
        descend(path, &rules[i]);
        test_agrees(path, "optimizers", rules[i].name);
    }
}

/* ---- rules on given gradients of a matrix and two vectors, of which the matrix decays
 * ------------
 */

static const rule_case tensor_rules[] = {
    {"rmsprop", "rmsprop", 0.01, 0, {.beta2 = 0.9, .epsilon = 1e-8}},
    {"rmsprop_momentum",
     "rmsprop_momentum",
     0.01,
     0,
     {.momentum = 0.9, .beta2 = 0.9, .epsilon = 1e-8}},
    {"lars_vector_ratio_one", "lars", 0.5, 0.05, {.momentum = 0.9, .trust = 0.02}},
    {"lamb_vector_ratio_one", "lamb", 0.02, 0.1, {.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-6}},
    {"adamw_masked_decay", "adamw", 0.05, 0.1, ADAM},
};

/* path [STEPS, n]: the tensor after each step. */
static void follow(const rule_case *c, const char *tensor, bool decays) {
    enum { MOST = 20 };
    char name[64], gradients[64];
    real state[2][MOST] = {{0}}, path[STEPS * MOST];
    const tren_optimizer *o = rule_named(c->rule);
    snprintf(name, sizeof name, "%s_initial", tensor);
    snprintf(gradients, sizeof gradients, "%s_gradient", tensor);
    test_values from = test_reference("optimizers", name);
    real *w = test_reference_real("optimizers", name),
         *g = test_reference_real("optimizers", gradients);
    for (int t = 0; t < STEPS; t++) {
        tren_update u = {.kernels = tren_kernels_best(),
                         .options = &c->options,
                         .learning_rate = c->learning_rate,
                         .decay = decays ? c->decay : 0,
                         .scale = 1,
                         .trust = 1,
                         .t = t + 1};
        double sum[2] = {0};
        const real *now = g + (size_t)t * from.n;
        real *states[] = {state[0], state[1]};
        if (o->measure) o->measure(sum, w, now, states, from.n, &u);
        if (o->measure && decays) u.trust = o->trust(sum, &u);
        o->update(w, now, states, from.n, &u);
        memcpy(path + (size_t)t * from.n, w, from.n * sizeof *w);
    }
    snprintf(name, sizeof name, "optimizers/%s", c->name);
    test_agrees(path, name, tensor);
    free(from.at);
    free(w);
    free(g);
}

Test(reference, every_update_rule_on_tensors) {
    for (size_t i = 0; i < sizeof tensor_rules / sizeof *tensor_rules; i++) {
        follow(&tensor_rules[i], "matrix", true);
        follow(&tensor_rules[i], "vector", false);
        follow(&tensor_rules[i], "zero_vector", false);
    }
}

static bool has_case(const char *rule) {
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strcmp(rules[i].rule, rule) == 0) return true;
    for (size_t i = 0; i < sizeof tensor_rules / sizeof *tensor_rules; i++)
        if (strcmp(tensor_rules[i].rule, rule) == 0) return true;
    return false;
}

Test(reference, no_update_rule_is_without_a_case) {
    for (int name = 0; name < TREN_N_OPTIMIZERS; name++)
        for (const tren_optimizer *const *o = tren_optimizers[name]; *o; o++)
            cr_expect(name == TREN_SCG || has_case((*o)->name), "%s has no case", (*o)->name);
}
