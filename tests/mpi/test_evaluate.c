/* Evaluation: who evaluates which block makes no difference to any bit. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/files.h"
#include "support/mpi.h"
#include "support/net.h"
#include "tren/train.h"

enum { ROWS = 2000, WIDTH = 19, CLASSES = 7 };

/* A dataset of random rows, of which `percent` is the validation part. */
static void make_dataset(char *path, size_t n, int percent) {
    snprintf(path, n, "%s/data%d.h5", test_shared_folder(), percent);
    tren_status st = TREN_OK;
    if (test_comm.rank == 0) {
        tren_source source;
        test_make_source(&source, ROWS, 0, WIDTH, CLASSES);
        uint8_t *x = source.x;
        for (uint32_t i = 0; i < ROWS * WIDTH; i++) x[i] = (uint8_t)test_pick(3, i, 0, 255);
        tren_split split = {.percent = {100 - percent, percent, 0}, .shuffle = true, .seed = 1};
        st = tren_dataset_write(path, &source, &split, true);
        tren_source_close(&source);
    }
    cr_assert_eq(tren_comm_agree(&test_comm, st), TREN_OK, "%s", tren_error_text());
}

static tren_graph *make_network(void) {
    tren_graph *g = NULL;
    cr_assert_eq(tren_graph_open(&g, tren_kernels_best()), TREN_OK);
    tren_layer *x = tren_input(g, (tren_shape){WIDTH, 1, 1});
    x = tren_dense(g, tren_dropout(g, x, 0.4), 30, &tren_gelu, (tren_init){0});
    tren_add_loss(g, tren_dense(g, x, CLASSES, &tren_identity, (tren_init){0}),
                  &tren_loss_cross_entropy, &(tren_loss_options){.label_smoothing = 0.1});
    cr_assert_eq(tren_graph_complete(g), TREN_OK);
    return g;
}

typedef struct trial {
    const tren_dataset *dataset;
    const tren_graph *graph;
    real *value;
    const tren_comm *comm;
} trial;

static tren_scores score(const trial *t, bool shared) {
    tren_evaluator *evaluator = NULL;
    tren_eval_spec spec = {.dataset = t->dataset,
                           .part = TREN_VALIDATION,
                           .graph = t->graph,
                           .value = t->value,
                           .shared = shared};
    cr_assert_eq(tren_evaluator_open(&evaluator, t->comm, &spec), TREN_OK, "%s", tren_error_text());
    tren_scores first, again;
    cr_assert_eq(tren_evaluate(&first, evaluator, t->comm), TREN_OK, "%s", tren_error_text());
    cr_assert_eq(tren_evaluate(&again, evaluator, t->comm), TREN_OK, "%s", tren_error_text());
    cr_assert_eq(memcmp(&first, &again, sizeof first), 0, "a second evaluation differs");
    tren_evaluator_close(evaluator);
    return first;
}

/* Row by row, without blocks: to rounding, the same. */
static void check_plainly(const trial *t, const tren_scores *s) {
    const tren_dataset_info *info = tren_dataset_info_of(t->dataset);
    tren_rows rows = {0};
    tren_normalizer normalizer = {0};
    tren_work *work = NULL;
    tren_work_spec spec = {.max_rows = 1, .shards = 1, .hi = 1, .value = t->value};
    cr_assert_eq(tren_rows_read(&rows, t->dataset, TREN_VALIDATION, 0, s->rows), TREN_OK);
    cr_assert_eq(tren_normalizer_open(&normalizer, info), TREN_OK);
    cr_assert_eq(tren_work_open(&work, t->graph, &spec), TREN_OK);
    double loss = 0, correct = 0;
    for (uint32_t i = 0; i < rows.n; i++) {
        tren_rows_fetch(tren_work_input(work), &rows, &i, 1, &normalizer);
        tren_forward(work, &(tren_pass){.n_groups = 1, .row0 = (int[]){0, 1}});
        tren_kernels_best()->softmax_cross_entropy(tren_work_output(work), &loss, &correct,
                                                   &rows.label[i], 1, CLASSES, 0, 1);
    }
    cr_assert_float_eq(s->loss, loss / (double)rows.n, 1e-5);
    cr_assert_float_eq(s->accuracy, correct / (double)rows.n, 1e-9);
    tren_work_close(work);
    tren_normalizer_close(&normalizer);
    tren_rows_close(&rows);
}

static void check_part(int percent, size_t rows) {
    char path[128];
    tren_dataset *dataset = NULL;
    make_dataset(path, sizeof path, percent);
    cr_assert_eq(tren_dataset_open(&dataset, path), TREN_OK, "%s", tren_error_text());
    tren_graph *graph = make_network();
    trial t = {.dataset = dataset, .graph = graph, .comm = &test_comm};
    t.value = test_values_of(graph, 4);
    tren_scores alone = score(&t, false), shared = score(&t, true);
    if (test_comm.rank == 0) {
        cr_assert_eq(alone.rows, rows);
        cr_assert_eq(memcmp(&alone, &shared, sizeof alone), 0, "loss %.17g alone, %.17g shared",
                     alone.loss, shared.loss);
        if (rows > 0) {
            check_plainly(&t, &alone);
            cr_assert_gt(alone.mean_abs_z, 0);
        } else {
            cr_assert(isnan(alone.loss) && isnan(alone.accuracy));
        }
    }
    free(t.value);
    tren_graph_close(graph);
    tren_dataset_close(dataset);
}

/* 1400 rows are six blocks, fewer than eight ranks; 100 are less than one. */
Test(evaluate, shared_or_alone_gives_the_same_bits, .init = test_comm_open,
     .fini = test_comm_close) {
    check_part(70, 1400);
    check_part(5, 100);
    check_part(0, 0);
    test_comm_passed();
}
