/* A pass: what backward tells while it runs, numbers that travel with the gradients, evaluation. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "support/net.h"
#include "tren/nn.h"

enum { MOST_SHARDS = 13 };

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
    cr_assert_eq(tren_graph_open(&g, tren_kernels_best()), TREN_OK);
    tren_layer *x = tren_input(g, (tren_shape){8, 1, 1});
    for (int i = 0; i < 3; i++) x = tren_dense(g, x, 8, &tren_tanh, (tren_init){0});
    x = tren_dense_with(g, x, (tren_dense_spec){.out = 8, .f = &tren_tanh, .tied = g->layer[2]});
    tren_add_loss(g, x, &tren_loss_cross_entropy, NULL);
    cr_assert_eq(tren_graph_complete(g), TREN_OK);
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
        cr_assert_eq(tren_graph_open(&g, tren_kernels_best()), TREN_OK);
        tren_dense(g, tren_input(g, (tren_shape){3, 1, 1}), 2, &tren_identity, (tren_init){0});
        cr_assert_eq(tren_graph_complete(g), TREN_OK);
        int count[MOST_SHARDS] = {1};
        test_batch batch;
        test_batch_open(&batch, shards, count, 3, 2);
        real *value = test_values_of(g, 1), leaf[MOST_SHARDS][NUMBERS], expected[NUMBERS];
        test_fill(leaf[0], (size_t)shards * NUMBERS, 5);
        real *at[MOST_SHARDS];
        for (int s = 0; s < shards; s++) at[s] = leaf[s];
        test_fold_tree(expected, at, (tren_node){0, shards}, NUMBERS);
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

/* ---- dropout --------------------------------------------------------------------------------- */

/* The mask of a row is that of its seed, layer, epoch and index in the training part. */
Test(dropout_layer, draws_by_seed_layer_epoch_and_sample) {
    enum { ROWS = 6, UNITS = 40 };
    tren_graph *g = NULL;
    cr_assert_eq(tren_graph_open(&g, tren_kernels_best()), TREN_OK);
    tren_layer *x = tren_input(g, (tren_shape){UNITS, 1, 1});
    tren_layer *first = tren_dropout(g, x, 0.5), *second = tren_dropout(g, first, 0.25);
    tren_add_loss(g, second, &tren_loss_cross_entropy, NULL);
    first->kept = second->kept = true;
    cr_assert_eq(tren_graph_complete(g), TREN_OK);
    test_batch batch;
    test_batch_open(&batch, 2, (int[]){4, 2}, UNITS, UNITS);
    real value[1], y[ROWS * UNITS], z[ROWS * UNITS];
    uint8_t mask[ROWS * UNITS];
    test_run run;
    test_run_open(&run, &(test_run_spec){.graph = g,
                                         .value = value,
                                         .batch = &batch,
                                         .hi = 2,
                                         .stacking = true,
                                         .dropout = true});
    for (uint32_t epoch = 0; epoch < 3; epoch++) {
        run.pass.epoch = epoch;
        run.pass.seed = 77 + epoch;
        test_run_forward(&run);
        tren_dropout_key key = {.seed = 77 + epoch, .layer = 1, .epoch = epoch, .rate = 0.5};
        tren_kernels_best()->dropout_forward(y, mask, batch.x, batch.sample, ROWS, UNITS, &key);
        cr_expect_arr_eq(test_output_of(&run, first), y, sizeof y);
        key.layer = 2;
        key.rate = 0.25;
        tren_kernels_best()->dropout_forward(z, mask, y, batch.sample, ROWS, UNITS, &key);
        cr_expect_arr_eq(test_output_of(&run, second), z, sizeof z);
    }
    test_run_close(&run);
    test_batch_close(&batch);
    tren_graph_close(g);
}

/* ---- evaluation ------------------------------------------------------------------------------ */

Test(evaluation, draws_nothing_and_smooths_nothing) {
    tren_graph *g = NULL;
    cr_assert_eq(tren_graph_open(&g, tren_kernels_best()), TREN_OK);
    tren_layer *x = tren_input(g, (tren_shape){12, 1, 1});
    x = tren_dense(g, tren_dropout(g, x, 0.5), 20, &tren_gelu, (tren_init){0});
    x = tren_dense(g, tren_dropout(g, x, 0.5), 3, &tren_identity, (tren_init){0});
    tren_add_loss(g, x, &tren_loss_cross_entropy, &(tren_loss_options){.label_smoothing = 0.3});
    cr_assert_eq(tren_graph_complete(g), TREN_OK);
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
    tren_kernels_best()->softmax_cross_entropy(tren_work_output(work), &loss, &correct, batch.label,
                                               9, 3, 0, 1);
    cr_expect_eq(loss, first.loss);
    cr_expect_eq(correct, first.correct);
    tren_work_close(work);
    free(value);
    test_batch_close(&batch);
    tren_graph_close(g);
}
