/* Metrics against numbers that numpy computed from their definitions. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "support/files.h"
#include "train/tally.h"

enum { ROWS = 12, CLASSES = 3, TARGETS = 2, BLOCK = 5, BLOCKS = 3 };

/* Rows 3 and 4 are equal, with different labels. */
static const double logits[ROWS][CLASSES] = {
    {0.0, 0.6, -0.5},  {-1.8, -0.9, -2.0}, {0.1, 2.7, -1.0},   {0.2, -1.9, -0.1},
    {0.2, -1.9, -0.1}, {1.4, -2.7, -0.9},  {-3.8, -2.6, -3.7}, {-0.5, -2.5, 0.5},
    {0.3, -0.4, -5.0}, {-1.1, -0.1, 0.2},  {-3.1, -1.0, -2.0}, {-1.6, 2.1, -1.6}};
static const int32_t labels[ROWS] = {1, 0, 1, 0, 1, 0, 1, 0, 2, 2, 0, 1};
static const double losses[ROWS] = {0.6321664402303956, 1.4535636497457378, 0.09439804091817156,
                                    0.6223355036924051, 2.722335503692405,  0.11049567533954176,
                                    0.4910709562332155, 1.3490122167681862, 5.706515821048154,
                                    0.6998000082024382, 2.4990015102761514, 0.0482634092114231};
static const double targets[ROWS][TARGETS] = {
    {96.3, -4.8}, {104.1, -9.6}, {102.6, -4.6}, {98.1, 1.0},   {102.3, -8.6}, {100.2, -3.3},
    {99.4, -3.0}, {99.8, -3.0},  {104.3, -7.0}, {100.6, -6.4}, {100.4, -8.6}, {98.3, -5.6}};
static const double predicted[ROWS][TARGETS] = {
    {97.2, -3.7}, {102.8, -10.4}, {103.2, -6.6}, {97.6, 0.9},   {103.6, -7.9}, {99.9, -3.7},
    {99.1, -1.5}, {99.4, -3.3},   {104.7, -7.1}, {100.4, -7.5}, {100.4, -9.0}, {99.5, -4.9}};

/* A dataset of this kind: what it holds does not matter. */
static tren_dataset *dataset_of(int n_classes, int n_targets) {
    tren_dataset *dataset = NULL;
    tren_source source;
    tren_split split = {.percent = {50, 50, 0}, .seed = 1};
    test_make_source(&source, 4 * ROWS, 0, 3, n_classes > 0 ? n_classes : 1);
    if (n_classes == 0) {
        free(source.y);
        source.n_classes = 0;
        source.n_targets = n_targets;
        source.y_type = TREN_F64;
        source.y = calloc(4 * ROWS * (size_t)n_targets, sizeof(double));
    }
    cr_assert_eq(tren_dataset_write("data.h5", &source, &split, true), TREN_OK, "%s",
                 tren_error_text());
    tren_source_close(&source);
    cr_assert_eq(tren_dataset_open(&dataset, "data.h5"), TREN_OK, "%s", tren_error_text());
    return dataset;
}

typedef struct trial {
    tren_dataset *dataset;
    tren_graph *graph;
    tally t;
    double *leaf, column[BLOCKS];
    tally_leaves leaves;
} trial;

static void begin(trial *x, int n_classes, int n_targets, bool columns) {
    int outputs = n_classes > 0 ? n_classes : n_targets;
    *x = (trial){.dataset = dataset_of(n_classes, n_targets)};
    cr_assert_eq(tren_graph_open(&x->graph, tren_kernels_best()), TREN_OK);
    tren_layer *y = tren_input(x->graph, (tren_shape){outputs, 1, 1});
    if (n_classes > 0)
        tren_add_loss(x->graph, y, &tren_loss_cross_entropy, NULL);
    else if (columns)
        tren_add_loss(x->graph, y, &tren_loss_binary_cross_entropy, NULL);
    else
        tren_add_loss(x->graph, y, &tren_loss_half_squares, NULL);
    cr_assert_eq(tren_graph_complete(x->graph), TREN_OK);
    tren_eval_spec spec = {
        .dataset = x->dataset, .graph = x->graph, .metrics = TREN_ALL_METRICS, .tally = true};
    cr_assert_eq(tally_open(&x->t, &spec, ROWS, BLOCK), TREN_OK, "%s", tren_error_text());
    int stride = 2 + x->t.n_leaf;
    x->leaf = calloc((size_t)(BLOCKS * stride), sizeof *x->leaf);
    x->leaves = (tally_leaves){x->leaf, x->column, BLOCKS, stride, 2, BLOCK, ROWS};
    tally_begin(&x->t);
}

static void look(trial *x, const double *outputs, const double *answers, int width) {
    double sum = 0;
    real output[ROWS * CLASSES];
    for (int i = 0; i < ROWS * width; i++) output[i] = (real)outputs[i];
    for (int b = 0; b < BLOCKS; b++) {
        int first = b * BLOCK, n = ROWS - first < BLOCK ? ROWS - first : BLOCK;
        double *leaf = x->leaf + b * x->leaves.stride;
        x->t.now = (tally_block){.first = (size_t)first,
                                 .rows = n,
                                 .label = answers ? NULL : labels + first,
                                 .target = answers ? answers + first * width : NULL,
                                 .leaf = leaf + 2};
        tally_look(&x->t, output + first * width);
        for (int i = 0; i < n; i++) leaf[0] += x->t.row_loss[i] = losses[first + i];
        leaf[1] = n;
        sum += leaf[0];
        tally_end_block(&x->t);
    }
    tally_tell(&x->t, &x->leaves, sum / ROWS, ROWS);
    for (int k = 0; k < x->t.n_areas; k++) {
        tren_scored_row row[ROWS];
        for (int i = 0; i < ROWS; i++)
            row[i] = (tren_scored_row){x->t.score[k * ROWS + i], x->t.positive[k * ROWS + i] > 0};
        x->t.told.of_class[k].area = tren_area_under_curve(row, ROWS);
    }
}

static void end(trial *x) {
    tally_close(&x->t);
    free(x->leaf);
    tren_graph_close(x->graph);
    tren_dataset_close(x->dataset);
}

static double value(const trial *x, int metric) {
    const tren_metric *m = &tren_metric_table[metric];
    return m->value ? m->value(&x->t.told) : x->t.told.row_mean[metric];
}

#define NEAR(is, want) cr_expect_float_eq(is, want, 1e-6, "%.17g, not %.17g", is, want)

Test(metrics, of_classes, .init = test_scratch_enter, .fini = test_scratch_leave) {
    trial x;
    begin(&x, CLASSES, 1, false);
    look(&x, logits[0], NULL, CLASSES);
    const double count[CLASSES][3] = {{5, 4, 2}, {5, 6, 4}, {2, 2, 1}};
    const double area[CLASSES] = {0.6428571428571429, 0.7857142857142857, 0.45};
    for (int k = 0; k < CLASSES; k++) {
        const tren_class_tally *of = &x.t.told.of_class[k];
        cr_expect(of->rows == count[k][0] && of->taken == count[k][1] && of->right == count[k][2]);
        NEAR(of->area, area[k]);
        cr_expect_eq(x.t.told.confusion[k * CLASSES + k], count[k][2]);
    }
    NEAR(value(&x, TREN_METRIC_ACCURACY), 0.5833333333333334);
    NEAR(value(&x, TREN_METRIC_PRECISION), 0.5555555555555555);
    NEAR(value(&x, TREN_METRIC_RECALL), 0.5666666666666668);
    NEAR(value(&x, TREN_METRIC_F1), 0.5572390572390572);
    NEAR(value(&x, TREN_METRIC_AUC), 0.6261904761904762);
    NEAR(value(&x, TREN_METRIC_LOSS_SE), 0.47034660312703974);
    end(&x);
}

Test(metrics, of_targets, .init = test_scratch_enter, .fini = test_scratch_leave) {
    trial x;
    begin(&x, 0, TARGETS, false);
    look(&x, predicted[0], targets[0], TARGETS);
    const double squares[] = {0.565, 0.89333333333333}, variance[] = {5.42388888888, 8.28909722222},
                 absolute[] = {0.616666666666, 0.7666666666666};
    for (int k = 0; k < TARGETS; k++) {
        const tren_target_tally *of = &x.t.told.of_target[k];
        cr_expect_float_eq(of->squares, squares[k], 2e-5);
        cr_expect_float_eq(of->variance, variance[k], 2e-4);
        cr_expect_float_eq(of->absolute, absolute[k], 2e-5);
    }
    cr_expect_float_eq(value(&x, TREN_METRIC_R2), 0.8940295546238535, 1e-5);
    cr_expect_float_eq(value(&x, TREN_METRIC_MAE), 0.6916666666666669, 1e-5);
    end(&x);
}

/* Yes in 5, 5 and 2 rows; taken where the number is above 0. */
Test(metrics, of_columns_of_yes_and_no, .init = test_scratch_enter, .fini = test_scratch_leave) {
    trial x;
    double yes[ROWS][CLASSES] = {{0}};
    for (int i = 0; i < ROWS; i++) yes[i][labels[i]] = 1;
    begin(&x, 0, CLASSES, true);
    look(&x, logits[0], yes[0], CLASSES);
    const double taken[CLASSES] = {5, 3, 2}, right[CLASSES] = {2, 3, 1},
                 area[CLASSES] = {0.5, 0.7, 0.45};
    for (int k = 0; k < CLASSES; k++) {
        const tren_class_tally *of = &x.t.told.of_class[k];
        cr_expect(of->taken == taken[k] && of->right == right[k], "%g %g", of->taken, of->right);
        NEAR(of->area, area[k]);
    }
    end(&x);
}

Test(metrics, area_counts_ties_as_half) {
    tren_scored_row row[] = {{1, true}, {1, false}, {1, false}, {2, true}, {0, false}, {3, false}};
    NEAR(tren_area_under_curve(row, 6), 5.0 / 8); /* pairs: 2 ties, 4 won of 8 */
    tren_scored_row all[] = {{1, true}, {2, true}}, none[] = {{NAN, true}, {2, false}};
    cr_expect(isnan(tren_area_under_curve(all, 2)) && isnan(tren_area_under_curve(none, 2)));
    cr_expect(isnan(tren_area_under_curve(NULL, 0)));
}

Test(metrics, top5_and_accuracy_take_the_first_of_equals) {
    const real z[] = {3, 5, 3, 3, 4, 3, 3};
    const double first[] = {0, 1, 0, 0, 0, 0, 0}, five[] = {1, 1, 1, 1, 1, 0, 0};
    for (int k = 0; k < 7; k++) {
        cr_expect_eq(tren_metric_table[TREN_METRIC_ACCURACY].row(z, 7, k), first[k]);
        cr_expect_eq(tren_metric_table[TREN_METRIC_TOP5].row(z, 7, k), five[k]);
    }
}

/* A class that is never taken counts 0, one that is not there at all not. */
Test(metrics, means_over_classes_leave_out_what_is_not_there) {
    tren_class_tally of[] = {{4, 6, 4, 0.9}, {2, 0, 0, NAN}, {0, 0, 0, NAN}};
    tren_tally t = {.n_classes = 3, .of_class = of};
    NEAR(tren_metric_table[TREN_METRIC_PRECISION].value(&t), (4.0 / 6 + 0) / 2);
    NEAR(tren_metric_table[TREN_METRIC_RECALL].value(&t), 0.5);
    NEAR(tren_metric_table[TREN_METRIC_F1].value(&t), 0.4);
    NEAR(tren_metric_table[TREN_METRIC_AUC].value(&t), 0.9);
}

/* Sequences of 2, 5, 3 and 3 tokens with these sums of losses, in two blocks. */
Test(metrics, standard_error_of_tokens_goes_by_sequences, .init = test_scratch_enter,
     .fini = test_scratch_leave) {
    trial x;
    const int length[] = {2, 5, 3, 3};
    const double loss[] = {1, 2, 2, 2, 2, 2, 2, 1, 1.5, 2, 2, 2, 2};
    const int32_t label[13] = {0};
    begin(&x, CLASSES, 1, false);
    x.t.classes = x.t.areas = false;
    x.leaves.n_blocks = 2;
    x.leaves.n = 4;
    free(x.t.row_loss);
    x.t.row_loss = calloc(13, sizeof(double));
    for (int b = 0, token = 0; b < 2; b++) {
        int tokens = length[2 * b] + length[2 * b + 1];
        double *leaf = x.leaf + b * x.leaves.stride;
        real z[13 * CLASSES] = {0};
        x.t.now =
            (tally_block){.rows = 2, .length = length + 2 * b, .label = label, .leaf = leaf + 2};
        tally_look(&x.t, z);
        for (int i = 0; i < tokens; i++) leaf[0] += x.t.row_loss[i] = loss[token++];
        leaf[1] = tokens;
        tally_end_block(&x.t);
    }
    tally_tell(&x.t, &x.leaves, 23.5 / 13, 13);
    NEAR(x.t.told.loss_se, 0.14010888075091157);
    NEAR(value(&x, TREN_METRIC_PERPLEXITY), 6.096362657608358);
    end(&x);
}

Test(metrics, every_metric_has_a_name_and_a_value) {
    for (int k = 0; k < TREN_N_METRICS; k++) {
        const tren_metric *m = &tren_metric_table[k];
        cr_expect(m->suits && !m->value != !m->row, "%s", tren_metric_name[k]);
    }
}

Test(metrics, wilson_1927) {
    double low, high;
    tren_wilson(&low, &high, 0.85, 40);
    NEAR(low, 0.709276756335103);
    NEAR(high, 0.9293881228267964);
    tren_wilson(&low, &high, 0, 7);
    NEAR(low, 0.0);
    NEAR(high, 0.3543304350666875);
}
