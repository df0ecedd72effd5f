/* Gradients of whole networks against finite differences of their loss, in double: every layer,
 * every activation, both losses, in microbatches of unequal sizes, one of them empty. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "support/net.h"
#include "tren/nn.h"

enum { WIDTH = 6, OUT = 4, SHARDS = 5 };

/* How a case builds its network on the input; returns what the loss stands on. */
typedef tren_layer *(*build_fn)(tren_graph *g, tren_layer *x);

typedef struct gradient_case {
    const char *name;
    build_fn build;
    bool squares; /* the loss: half squares, else softmax cross-entropy */
    double smoothing;
    bool dropout;
} gradient_case;

static const tren_init no_init = {.kind = TREN_DRAW_HE};

static tren_layer *build_linear(tren_graph *g, tren_layer *x) {
    return tren_dense(g, x, OUT, &tren_identity, no_init);
}

static tren_layer *two_layers(tren_graph *g, tren_layer *x, const tren_activation *f) {
    x = tren_dense(g, x, 7, f, no_init);
    return tren_dense(g, x, OUT, &tren_identity, no_init);
}
static tren_layer *build_relu(tren_graph *g, tren_layer *x) {
    return two_layers(g, x, &tren_relu);
}
static tren_layer *build_tanh(tren_graph *g, tren_layer *x) {
    return two_layers(g, x, &tren_tanh);
}
static tren_layer *build_gelu(tren_graph *g, tren_layer *x) {
    return two_layers(g, x, &tren_gelu);
}
/* Fused with a layer, and by itself. */
static tren_layer *twice(tren_graph *g, tren_layer *x, const tren_activation *f) {
    x = tren_activate(g, tren_dense(g, x, 7, f, no_init), f);
    return tren_dense(g, x, OUT, &tren_identity, no_init);
}
static tren_layer *build_leaky_relu(tren_graph *g, tren_layer *x) {
    return twice(g, x, &tren_leaky_relu);
}
static tren_layer *build_elu(tren_graph *g, tren_layer *x) {
    return twice(g, x, &tren_elu);
}
static tren_layer *build_silu(tren_graph *g, tren_layer *x) {
    return twice(g, x, &tren_silu);
}
static tren_layer *build_sigmoid(tren_graph *g, tren_layer *x) {
    return twice(g, x, &tren_sigmoid);
}
static tren_layer *build_softplus(tren_graph *g, tren_layer *x) {
    return twice(g, x, &tren_softplus);
}
static tren_layer *build_identity(tren_graph *g, tren_layer *x) {
    return two_layers(g, x, &tren_identity);
}

static tren_layer *build_own_activations(tren_graph *g, tren_layer *x) {
    x = tren_activate(g, x, &tren_gelu);
    x = tren_activate(g, tren_dense(g, x, 5, &tren_identity, no_init), &tren_tanh);
    x = tren_activate(g, tren_dense(g, x, 7, &tren_identity, no_init), &tren_relu);
    return tren_dense(g, x, OUT, &tren_identity, no_init);
}

static tren_layer *build_activated_output(tren_graph *g, tren_layer *x) {
    return tren_dense(g, x, OUT, &tren_tanh, no_init);
}

static tren_layer *build_deep_with_dropout(tren_graph *g, tren_layer *x) {
    x = tren_dense(g, tren_dropout(g, x, 0.2), 9, &tren_gelu, no_init);
    x = tren_dense(g, tren_dropout(g, x, 0.5), 8, &tren_tanh, no_init);
    return tren_dense(g, tren_dropout(g, x, 0.3), OUT, &tren_identity, no_init);
}

/* Outputs with two and three readers, of every kind that takes rows. */
static tren_layer *build_branches(tren_graph *g, tren_layer *x) {
    tren_layer *a = tren_dense(g, x, 20, &tren_gelu, no_init),
               *b = tren_dense(g, x, 20, &tren_tanh, no_init),
               *c = tren_dense(g, tren_activate(g, a, &tren_tanh), 20, &tren_identity, no_init),
               *d = tren_dropout(g, a, 0.3);
    x = tren_add_layers(g, tren_add_layers(g, c, b), tren_add_layers(g, d, a));
    tren_layer *e = tren_dense(g, x, OUT, &tren_identity, no_init);
    return tren_add_layers(g, e, tren_dense(g, x, OUT, &tren_tanh, no_init));
}

/* One weight for three layers, of which one has no bias. */
static tren_layer *tied(tren_graph *g, tren_layer *x, int width) {
    x = tren_dense(g, x, width, &tren_tanh, no_init);
    tren_layer *first = tren_dense(g, x, width, &tren_gelu, no_init);
    tren_dense_spec same = {.out = width, .f = &tren_tanh, .tied = first};
    x = tren_dense_with(g, tren_dense(g, first, width, &tren_tanh, no_init), same);
    x = tren_add_layers(g, x, first);
    x = tren_dense(g, x, width, &tren_identity, no_init); /* others need memory in between */
    same.no_bias = true;
    x = tren_add_layers(g, tren_dense_with(g, x, same), first);
    return tren_dense(g, x, OUT, &tren_identity, no_init);
}
static tren_layer *build_tied(tren_graph *g, tren_layer *x) {
    return tied(g, x, 20);
}
static tren_layer *build_tied_narrow(tren_graph *g, tren_layer *x) {
    return tied(g, x, 5);
}

static tren_layer *build_layer_norm(tren_graph *g, tren_layer *x) {
    tren_layer *y = tren_layer_norm(g, tren_dense(g, x, 20, &tren_tanh, no_init));
    y = tren_add_layers(g, tren_dense(g, tren_layer_norm(g, y), 20, &tren_gelu, no_init), y);
    return tren_dense(g, y, OUT, &tren_identity, no_init);
}

static const gradient_case cases[] = {
    {"softmax regression", build_linear, false, 0, false},
    {"linear regression", build_linear, true, 0, false},
    {"identity", build_identity, false, 0, false},
    {"relu", build_relu, false, 0, false},
    {"relu, squares", build_relu, true, 0, false},
    {"tanh", build_tanh, false, 0, false},
    {"tanh, squares", build_tanh, true, 0, false},
    {"gelu", build_gelu, false, 0, false},
    {"gelu, squares", build_gelu, true, 0, false},
    {"gelu, label smoothing", build_gelu, false, 0.1, false},
    {"activations of their own", build_own_activations, false, 0, false},
    {"leaky relu", build_leaky_relu, true, 0, false},
    {"elu", build_elu, true, 0, false},
    {"silu", build_silu, false, 0, false},
    {"sigmoid", build_sigmoid, true, 0, false},
    {"softplus", build_softplus, false, 0, false},
    {"activated output", build_activated_output, true, 0, false},
    {"dropout", build_deep_with_dropout, false, 0, true},
    {"dropout, squares, smoothing off", build_deep_with_dropout, true, 0, true},
    {"branches", build_branches, false, 0, true},
    {"layer norm", build_layer_norm, false, 0, false},
    {"one weight for three layers", build_tied, true, 0, false},
    {"one weight for three narrow layers", build_tied_narrow, false, 0, false},
    {"dropout passes through", build_deep_with_dropout, false, 0.2, false},
};

typedef struct gradient_test {
    const gradient_case *c;
    test_batch batch;
    tren_graph *graph;
    tren_layer *input;
    real *value;
    test_run run;
} gradient_test;

static void test_open(gradient_test *t, const gradient_case *c) {
    *t = (gradient_test){.c = c};
    test_batch_open(&t->batch, SHARDS, (int[]){3, 1, 0, 4, 2}, WIDTH, OUT);
    cr_assert_eq(tren_graph_open(&t->graph, tren_kernels_best()), TREN_OK);
    t->input = test_input_with_gradient(t->graph, WIDTH);
    tren_layer *output = c->build(t->graph, t->input);
    if (c->squares)
        tren_add_loss(t->graph, output, &tren_loss_half_squares, NULL);
    else
        tren_add_loss(t->graph, output, &tren_loss_cross_entropy,
                      &(tren_loss_options){.label_smoothing = c->smoothing});
    cr_assert_eq(tren_graph_complete(t->graph), TREN_OK);
    t->value = test_values_of(t->graph, 21);
    test_run_open(&t->run, &(test_run_spec){.graph = t->graph,
                                            .value = t->value,
                                            .batch = &t->batch,
                                            .hi = SHARDS,
                                            .stacking = true,
                                            .dropout = c->dropout});
    if (c->squares) t->run.pass.label = NULL;
}

static void test_close(gradient_test *t) {
    test_run_close(&t->run);
    tren_graph_close(t->graph);
    test_batch_close(&t->batch);
    free(t->value);
}

/* dJ/dx by five points, J the mean loss. */
static double slope(gradient_test *t, real *x) {
    const double h = 1e-3, scale = (double)t->run.pass.scale;
    static const double weight[] = {1, -8, 8, -1}, at[] = {-2, -1, 1, 2};
    double sum = 0;
    real before = *x;
    for (int i = 0; i < 4; i++) {
        *x = (real)((double)before + at[i] * h);
        sum += weight[i] * test_run_forward(&t->run) * scale;
    }
    *x = before;
    return sum / (12 * h);
}

/* The five-point error of these losses is about 1e-10, away from relu's kink. */
#ifdef TREN_DOUBLE
static const double allowed = 1e-8;
#else
static const double allowed = 2e-3; /* float: the loss has 7 digits, so only mistakes show */
#endif

static void compare(gradient_test *t, real *x, const real *gradient, size_t n, const char *what) {
    double worst = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        worst = fmax(worst, fabs((double)gradient[i] - slope(t, &x[i])));
        size = fmax(size, fabs((double)gradient[i]));
    }
    if (getenv("TREN_TEST_VERBOSE"))
        fprintf(stderr, "%s, %s: %.2e of %.2e\n", t->c->name, what, worst, size);
    cr_expect(size > 0.001, "%s: %s has no gradient to speak of", t->c->name, what);
    cr_expect(worst <= allowed * fmax(size, 1), "%s: %s is off by %g, its size is %g", t->c->name,
              what, worst, size);
}

static void check_case(const gradient_case *c) {
    gradient_test t;
    test_open(&t, c);
    test_run_both(&t.run);
    size_t n = (size_t)t.batch.rows * WIDTH;
    real *dx = calloc(n, sizeof *dx), *dw = calloc(t.graph->n_values, sizeof *dw);
    for (size_t i = 0; i < n; i++) dx[i] = test_gradient_of(&t.run, t.input)[i];
    for (size_t i = 0; i < t.graph->n_values; i++) dw[i] = t.run.node[0][i];
    compare(&t, t.batch.x, dx, n, "input");
    for (int i = 0; i < t.graph->n_params; i++) {
        tren_span at = t.graph->param[i].at;
        compare(&t, t.value + at.off, dw + at.off, at.len, t.graph->param[i].name);
    }
    free(dx);
    free(dw);
    test_close(&t);
}

Test(gradient, agrees_with_finite_differences) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_case(&cases[i]);
}
