/* Scaled conjugate gradients by the trainer, in this process and without a run folder: what a
 * caller that makes many small fits relies on. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/mpi.h"
#include "tren/sources.h"
#include "tren/train.h"

enum { ROWS = 40, HIDDEN = 3, N_VALUES = 3 * HIDDEN + 1 };

static void must(tren_status st) {
    cr_assert_eq(st, TREN_OK, "%s", tren_error_text());
}

/* One period of a sine, as training rows alone. */
static void write_dataset(const char *path) {
    double *x = calloc(ROWS, sizeof *x), *t = calloc(ROWS, sizeof *t);
    for (int i = 0; i < ROWS; i++) {
        x[i] = (i + 0.5) / ROWS;
        t[i] = sin(6.283185307179586 * x[i]);
    }
    tren_source source = {.n = ROWS,
                          .shape = {1, 1, 1},
                          .n_targets = 1,
                          .x_type = TREN_F64,
                          .x = x,
                          .y_type = TREN_F64,
                          .y = t,
                          .digest = 1};
    tren_split split = {0};
    must(tren_split_parse(&split, "100/0/0"));
    must(tren_dataset_write(path, &source, &split, true));
    tren_source_close(&source);
}

typedef struct last_weights {
    int calls;
    size_t n;
    real value[N_VALUES];
} last_weights;

static void keep_weights(void *ctx, const tren_graph *graph, const real *value) {
    last_weights *last = ctx;
    last->calls++;
    last->n = graph->n_values;
    memcpy(last->value, value, sizeof last->value);
}

static tren_result train(tren_comm *comm, const char *data, double lambda, last_weights *last) {
    tren_config c;
    tren_config_defaults(&c);
    snprintf(c.data, sizeof c.data, "%s", data);
    c.model.hidden = (tren_int_list){.n = 1, .at = {HIDDEN}};
    c.model.activation = TREN_TANH;
    c.model.init = TREN_INIT_GAUSSIAN;
    c.model.init_variance = 1;
    c.optimizer.name = TREN_SCG;
    c.normalize_targets = false;
    c.optimizer.lambda = lambda;
    c.shards = 8;
    c.epochs = 60;
    *last = (last_weights){0};
    tren_train_options options = {.finished = keep_weights, .ctx = last, .started = tren_seconds()};
    tren_result result;
    must(tren_config_check(&c));
    must(tren_train(comm, &c, &options, &result));
    return result;
}

/* The mean of (y - t)^2/2 at these weights, by the formulas of the network. */
static double loss_at(const real *w, const char *data) {
    tren_dataset *dataset = NULL;
    tren_rows rows;
    must(tren_dataset_open(&dataset, data));
    must(tren_rows_read(&rows, dataset, TREN_TRAIN, 0, ROWS));
    const tren_dataset_info *info = tren_dataset_info_of(dataset);
    double sum = 0;
    for (int i = 0; i < ROWS; i++) {
        double x = (((const double *)rows.x)[i] - info->mean[0]) / info->sd[0];
        double y = (double)w[3 * HIDDEN];
        for (int j = 0; j < HIDDEN; j++)
            y += (double)w[2 * HIDDEN + j] * tanh((double)w[j] * x + (double)w[HIDDEN + j]);
        sum += 0.5 * pow(y - rows.target[i], 2);
    }
    tren_rows_close(&rows);
    tren_dataset_close(dataset);
    return sum / ROWS;
}

static const char *shared_dataset(char path[256]) {
    snprintf(path, 256, "%s/sine.h5", test_shared_folder());
    if (test_comm.rank == 0) write_dataset(path);
    tren_comm_barrier(&test_comm);
    return path;
}

Test(scg, tells_the_last_weights_and_the_loss_at_them, .init = test_comm_open,
     .fini = test_comm_close) {
    char path[256];
    const char *data = shared_dataset(path);
    for (int decays = 0; decays < 2; decays++) {
        last_weights last;
        tren_result r = train(&test_comm, data, decays ? 0.1 : -1, &last);
        cr_assert_eq(last.calls, test_comm.rank == 0);
        cr_assert(isnan(r.scores.validation_loss) && isnan(r.scores.test_loss) &&
                  r.end.best_epoch == 0);
        if (test_comm.rank > 0) continue;
        cr_assert_eq(last.n, N_VALUES);
        cr_assert_eq(tren_digest(last.value, sizeof last.value), r.end.digest);
        double loss = loss_at(last.value, data);
        cr_assert(fabs(r.scores.train_loss - loss) <= 1e-5 * loss + 1e-8, "%.9g, not %.9g",
                  r.scores.train_loss, loss);
        cr_assert_lt(loss, 0.05, "it has hardly learned: %g", loss);
    }
    test_comm_passed();
}

/* Sub-communicators of one job train each by itself, and come to the same. */
Test(scg, every_rank_by_itself_comes_to_the_same_bits, .init = test_comm_open,
     .fini = test_comm_close) {
    char path[256];
    const char *data = shared_dataset(path);
    last_weights last;
    tren_comm self;
    tren_result all = train(&test_comm, data, 0.01, &last);
    must(tren_comm_self(&self));
    for (int i = 0; i < 3; i++) {
        tren_result mine = train(&self, data, 0.01, &last);
        cr_assert_eq(last.calls, 1);
        cr_assert_eq(mine.end.digest, all.end.digest, "rank %d: %016llx, all together %016llx",
                     test_comm.rank, (unsigned long long)mine.end.digest,
                     (unsigned long long)all.end.digest);
        cr_assert_eq(mine.scores.train_loss, all.scores.train_loss);
        cr_assert_eq(mine.end.epochs, all.end.epochs);
    }
    tren_comm_close(&self);
    test_comm_passed();
}
