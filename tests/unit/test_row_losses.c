/* Weights of rows, losses of rows, and losses in the units of the data, against closed forms. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "support/net.h"

enum { ROWS = 3, WIDTH = 2 };

static const double inputs[ROWS][WIDTH] = {{0.5, -1}, {2, 0.25}, {-3, 4}};
static const double answers[ROWS][WIDTH] = {{0, -1.5}, {-1, 0.25}, {-1, 0}};
static const double weights[ROWS] = {0.5, 3, 0};
static const double units[WIDTH] = {2, 10};

typedef struct trial {
    test_batch batch;
    test_run run;
    tren_graph *graph;
    tren_layer *x;
    real *value, weight[ROWS], unit[WIDTH];
    double row_loss[ROWS];
} trial;

static void begin(trial *t) {
    test_batch_open(&t->batch, 1, (int[]){ROWS}, WIDTH, WIDTH);
    for (int i = 0; i < ROWS * WIDTH; i++) {
        t->batch.x[i] = (real)inputs[i / WIDTH][i % WIDTH];
        t->batch.target[i] = (real)answers[i / WIDTH][i % WIDTH];
    }
    for (int i = 0; i < ROWS; i++) t->weight[i] = (real)weights[i];
    for (int k = 0; k < WIDTH; k++) t->unit[k] = (real)units[k];
    cr_assert_eq(tren_graph_open(&t->graph, tren_kernels_best()), TREN_OK);
    t->x = test_input_with_gradient(t->graph, WIDTH);
}

static void forward_and_backward(trial *t, bool weighted, bool in_units) {
    cr_assert_eq(tren_graph_complete(t->graph), TREN_OK, "%s", tren_error_text());
    t->value = test_values_of(t->graph, 1);
    test_run_spec spec = {.graph = t->graph, .value = t->value, .batch = &t->batch, .hi = 1};
    test_run_open(&t->run, &spec);
    t->run.pass.scale = (real)0.25;
    t->run.pass.row_weight = weighted ? t->weight : NULL;
    t->run.pass.target_unit = in_units ? t->unit : NULL;
    t->run.pass.row_loss = t->row_loss;
    test_run_both(&t->run);
}

static void end(trial *t) {
    test_run_close(&t->run);
    free(t->value);
    tren_graph_close(t->graph);
    test_batch_close(&t->batch);
}

static void expect(const trial *t, double loss, double objective, const double row_loss[ROWS],
                   const double gradient[ROWS][WIDTH]) {
    const tren_group_result *r = tren_work_result(t->run.work);
    const real *dx = test_gradient_of(&t->run, t->x);
    cr_expect_float_eq(r->loss, loss, 1e-5, "loss %.9g, not %.9g", r->loss, loss);
    cr_expect_float_eq(r->objective, objective, 1e-5, "objective %.9g", r->objective);
    for (int i = 0; i < ROWS; i++) {
        cr_expect_float_eq(t->row_loss[i], row_loss[i], 1e-5, "row %d: %.9g", i, t->row_loss[i]);
        for (int k = 0; k < WIDTH; k++)
            cr_expect_float_eq((double)dx[i * WIDTH + k], gradient[i][k], 1e-6, "%d, %d: %.9g", i,
                               k, (double)dx[i * WIDTH + k]);
    }
}

/* Errors are (0.5, 0.5), (3, 0) and (-2, 4); with the units (1, 5), (6, 0) and (-4, 40). */
Test(row_losses, weights_are_factors_of_loss_and_gradient) {
    const double row[ROWS] = {0.25, 4.5, 10}, sum = 0.5 * 0.25 + 3 * 4.5;
    const double gradient[ROWS][WIDTH] = {{0.0625, 0.0625}, {2.25, 0}, {0, 0}};
    trial t;
    begin(&t);
    tren_add_loss(t.graph, t.x, &tren_loss_half_squares, NULL);
    forward_and_backward(&t, true, false);
    expect(&t, sum, sum, row, gradient);
    end(&t);
}

Test(row_losses, squares_are_told_in_units_and_minimised_without) {
    const double row[ROWS] = {13, 18, 808}, told = 0.5 * 13 + 3 * 18;
    const double gradient[ROWS][WIDTH] = {{0.0625, 0.0625}, {2.25, 0}, {0, 0}};
    trial t;
    begin(&t);
    tren_add_loss(t.graph, t.x, &tren_loss_half_squares, NULL);
    forward_and_backward(&t, true, true);
    expect(&t, told, 0.5 * 0.25 + 3 * 4.5, row, gradient);
    end(&t);
}

Test(row_losses, absolute_errors_in_units) {
    const double row[ROWS] = {6, 6, 44};
    const double gradient[ROWS][WIDTH] = {{0.25, 0.25}, {0.25, 0}, {-0.25, 0.25}};
    trial t;
    begin(&t);
    tren_add_loss(t.graph, t.x, &tren_loss_absolute, NULL);
    forward_and_backward(&t, false, true);
    expect(&t, 56, 1 + 3 + 6, row, gradient);
    end(&t);
}

/* Beyond delta = 1 in the network's units the loss is |d| - 1/2, times the square of the unit. */
Test(row_losses, huber_in_units) {
    const double row[ROWS] = {0.125 * 4 + 0.125 * 100, 2.5 * 4, 1.5 * 4 + 3.5 * 100};
    const double gradient[ROWS][WIDTH] = {{0.125, 0.125}, {0.25, 0}, {-0.25, 0.25}};
    trial t;
    begin(&t);
    tren_add_loss(t.graph, t.x, &tren_loss_huber, NULL);
    forward_and_backward(&t, false, true);
    expect(&t, row[0] + row[1] + row[2], 0.25 + 2.5 + 5, row, gradient);
    end(&t);
}

/* log(1 + e^-1.5), log(1 + e^1.75), log(1 + e^-7) for labels 0, 1 and 1. */
Test(row_losses, cross_entropy_of_weighted_rows) {
    const double row[ROWS] = {0.201413278, 1.910224150, 0.000911466};
    const double p[ROWS] = {0.182425524, 0.851952802, 0.000911051}; /* of the wrong class */
    const double gradient[ROWS][WIDTH] = {
        {-0.125 * p[0], 0.125 * p[0]}, {0.75 * p[1], -0.75 * p[1]}, {0, 0}};
    trial t;
    begin(&t);
    t.batch.label[0] = 0;
    t.batch.label[1] = t.batch.label[2] = 1;
    tren_add_loss(t.graph, t.x, &tren_loss_cross_entropy, NULL);
    forward_and_backward(&t, true, false);
    double sum = 0.5 * row[0] + 3 * row[1];
    expect(&t, sum, sum, row, gradient);
    end(&t);
}
