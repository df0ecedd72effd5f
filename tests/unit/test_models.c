/* Models: the network that a config asks for, and how its weights begin. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tren/models.h"

static tren_dataset_info table(int columns, int classes, int targets) {
    return (tren_dataset_info){
        .shape = {columns, 1, 1}, .n_classes = classes, .n_targets = targets};
}

static tren_config config_with(const char *hidden, const char *dropout) {
    tren_config c;
    tren_config_defaults(&c);
    cr_assert_eq(tren_config_set(&c, "model.hidden", hidden, "test"), TREN_OK);
    cr_assert_eq(tren_config_set(&c, "dropout", dropout, "test"), TREN_OK);
    return c;
}

/* The layers' names in order, joined by blanks. */
static void check_layers(const tren_config *c, tren_dataset_info info, const char *expected) {
    tren_graph *graph = NULL;
    char names[512] = "";
    cr_assert_eq(tren_model_build(&graph, c, &info), TREN_OK, "%s", tren_error_text());
    for (int i = 0; i < graph->n_layers; i++) {
        if (i) strcat(names, " ");
        strcat(names, graph->layer[i]->name);
    }
    cr_expect_str_eq(names, expected);
    tren_graph_close(graph);
}

Test(mlp, has_the_layers_the_config_asks_for) {
    tren_config c = config_with("[]", "[]");
    check_layers(&c, table(5, 3, 1), "input1 dense1 loss1");
    check_layers(&c, table(5, 0, 2), "input1 dense1 loss1");
    c = config_with("[8, 4]", "[]");
    check_layers(&c, table(5, 3, 1), "input1 dense1 dense2 dense3 loss1");
}

Test(mlp, one_rate_is_for_the_hidden_layers_and_a_list_begins_with_the_input) {
    tren_config c = config_with("[8, 4]", "[0.5]");
    check_layers(&c, table(5, 3, 1), "input1 dense1 dropout1 dense2 dropout2 dense3 loss1");
    c = config_with("[8, 4]", "[0.1, 0, 0.5]");
    check_layers(&c, table(5, 3, 1), "input1 dropout1 dense1 dense2 dropout2 dense3 loss1");
}

Test(mlp, has_shapes_and_decay_of_its_parameters) {
    tren_config c = config_with("[8]", "[]");
    tren_dataset_info info = {.shape = {1, 4, 5}, .is_image = true, .n_classes = 3, .n_targets = 1};
    tren_graph *g = NULL;
    cr_assert_eq(tren_model_build(&g, &c, &info), TREN_OK);
    cr_assert_eq(g->n_params, 4);
    cr_expect_str_eq(g->param[0].name, "dense1/weight");
    cr_expect_eq(g->param[0].dim[0], 8);
    cr_expect_eq(g->param[0].dim[1], 20);
    cr_expect_str_eq(g->param[3].name, "dense2/bias");
    size_t off = 0;
    for (int i = 0; i < 4; i++) {
        cr_expect_eq(g->param[i].decay, i % 2 == 0);
        cr_expect_eq(g->param[i].at.off, off);
        off += g->param[i].at.len;
    }
    cr_expect_eq(g->n_values, off);
    cr_expect_eq(off, 8 * 20 + 8 + 3 * 8 + 3);
    double train, evaluate;
    tren_graph_cost(g, &train, &evaluate);
    cr_expect_eq(evaluate, 2.0 * (8 * 20 + 3 * 8));
    cr_expect_eq(train, 2.0 * (2 * 8 * 20 + 3 * 3 * 8)); /* no input gradient of the first */
    tren_graph_close(g);
}

static void expect_refused(const tren_config *c, tren_dataset_info info, const char *part) {
    tren_graph *graph = (tren_graph *)-1;
    cr_expect_eq(tren_model_build(&graph, c, &info), TREN_ERR_USAGE);
    cr_expect_null(graph);
    cr_expect_not_null(strstr(tren_error_text(), part), "\"%s\" lacks \"%s\"", tren_error_text(),
                       part);
}

Test(models, contradictions_are_refused_with_their_key) {
    tren_config c = config_with("[8, 4]", "[0.1, 0.2]");
    expect_refused(&c, table(5, 3, 1), "dropout");
    c = config_with("[8]", "[]");
    c.loss.name = 1;
    expect_refused(&c, table(5, 0, 1), "cross_entropy");
    c.loss.name = 2;
    expect_refused(&c, table(5, 3, 1), "half_squares");
    c.loss.name = 0;
    c.loss.label_smoothing = 0.1;
    expect_refused(&c, table(5, 0, 1), "label_smoothing");
    strcpy(c.model.name, "mpl");
    expect_refused(&c, table(5, 3, 1), "mlp");
}

/* ---- initial weights ------------------------------------------------------------------------- */

enum { IN = 300, OUT = 200 };

typedef struct moments {
    double mean, variance, most;
} moments;

static moments of(const real *x, size_t n) {
    moments m = {0};
    for (size_t i = 0; i < n; i++) {
        m.mean += (double)x[i] / (double)n;
        m.variance += (double)x[i] * (double)x[i] / (double)n;
        m.most = fmax(m.most, fabs((double)x[i]));
    }
    return m;
}

static void check_init(int init, double variance, double bound, double bias_variance) {
    tren_config c = config_with("[]", "[]");
    c.model.init = init;
    c.model.init_variance = 0.04;
    tren_dataset_info info = table(IN, OUT, 1);
    tren_graph *g = NULL;
    cr_assert_eq(tren_model_build(&g, &c, &info), TREN_OK);
    real *value = calloc(g->n_values, sizeof *value), *again = calloc(g->n_values, sizeof *again);
    tren_graph_init(g, value, 7);
    moments w = of(value, IN * OUT), b = of(value + IN * OUT, OUT);
    cr_expect(fabs(w.mean) < 4 * sqrt(variance / (IN * OUT)), "mean %g", w.mean);
    cr_expect(fabs(w.variance / variance - 1) < 4 * sqrt(2.0 / (IN * OUT)), "variance %g, not %g",
              w.variance, variance);
    if (bound > 0) cr_expect(w.most <= bound && w.most > 0.99 * bound, "%g", w.most);
    cr_expect(fabs(b.variance - bias_variance) <= 4 * sqrt(2.0 / OUT) * bias_variance, "%g",
              b.variance);
    tren_graph_init(g, again, 7);
    cr_expect_eq(memcmp(value, again, g->n_values * sizeof *value), 0);
    tren_graph_init(g, again, 8);
    cr_expect_neq(memcmp(value, again, g->n_values * sizeof *value), 0);
    free(value);
    free(again);
    tren_graph_close(g);
}

Test(init, draws_have_the_variance_of_their_rule) {
    double glorot = sqrt(6.0 / (IN + OUT)), pytorch = 1 / sqrt(IN);
    check_init(TREN_INIT_HE, 2.0 / IN, 0, 0);
    check_init(TREN_INIT_GLOROT, glorot * glorot / 3, glorot, 0);
    check_init(TREN_INIT_GAUSSIAN, 0.04, 0, 0.04);
    check_init(TREN_INIT_PYTORCH, pytorch * pytorch / 3, pytorch, pytorch * pytorch / 3);
}

Test(init, weight_squares_leave_the_biases_out) {
    tren_config c = config_with("[2]", "[]");
    tren_dataset_info info = table(3, 2, 1);
    tren_graph *g = NULL;
    cr_assert_eq(tren_model_build(&g, &c, &info), TREN_OK);
    real value[2 * 3 + 2 + 2 * 2 + 2];
    for (size_t i = 0; i < g->n_values; i++) value[i] = 2;
    cr_expect_eq(tren_graph_weight_squares(g, value), 4 * (6 + 4));
    tren_graph_close(g);
}
