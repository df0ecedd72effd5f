/* Twenty steps of a known training run, by the real trainer: initial weights from a checkpoint, the
 * rows laid out so that the steps see the batches of tests/reference, SGD with decay. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/mpi.h"
#include "support/reference.h"
#include "train/checkpoint.h"
#include "tren/io.h"
#include "tren/train.h"

static const char group[] = "mlp_sgd_decay";
enum { ROWS = 200, WIDTH = 12, BATCH = 10, STEPS = 20 };
static const double lambda = 3, rate = 0.2, allowed = 1e-5;

static char folder[64];

static const char *in_folder(const char *name) {
    static char path[4][128];
    static int next;
    next = (next + 1) % 4;
    snprintf(path[next], sizeof path[next], "%s/%s", folder, name);
    return path[next];
}

static void must(tren_status st) {
    cr_assert_eq(st, TREN_OK, "%s", tren_error_text());
}

/* ---- the dataset ------------------------------------------------------------------------------
 */

/* Where in the file the row of epoch position j lies: row j div S of shard j mod S. */
static size_t place_of(size_t j, int shards) {
    tren_sharding sharding = {.m = ROWS, .n = shards};
    return tren_shard_first(sharding, (int)(j % (size_t)shards)) + j / (size_t)shards;
}

static void put_attributes(tren_h5 *file) {
    static const double zero[WIDTH] = {0};
    double one[WIDTH];
    for (int i = 0; i < WIDTH; i++) one[i] = 1;
    must(tren_h5_put_text(file, "/", "schema", "tren dataset"));
    must(tren_h5_put_i64(file, "/", "schema_version", 1));
    must(tren_h5_put_text(file, "/", "layout", "table"));
    must(tren_h5_put_i64s(file, "/", "shape", (const int64_t[]){WIDTH}, 1));
    must(tren_h5_put_i64(file, "/", "n_classes", 4));
    must(tren_h5_put_f64s(file, "/", "mean", zero, WIDTH)); /* normalisation changes nothing */
    must(tren_h5_put_f64s(file, "/", "sd", one, WIDTH));
}

static void put_part(tren_h5 *file, const char *part, const double *x, const int32_t *y, size_t n) {
    char name[64];
    must(tren_h5_group(file, part));
    snprintf(name, sizeof name, "%s/x", part);
    must(tren_h5_write(file, name, (tren_h5_shape){.rank = 2, .dim = {n, WIDTH}}, TREN_F64, x));
    snprintf(name, sizeof name, "%s/y", part);
    must(tren_h5_write(file, name, (tren_h5_shape){.rank = 1, .dim = {n}}, TREN_I32, y));
}

static void write_dataset(const char *path, int shards) {
    test_values x = test_reference(group, "x");
    int32_t *label = test_reference_labels(group, "target"), placed_y[ROWS];
    double *placed_x = calloc(ROWS * WIDTH, sizeof *placed_x);
    for (size_t j = 0; j < ROWS; j++) {
        size_t at = place_of(j, shards);
        memcpy(placed_x + at * WIDTH, x.at + j * WIDTH, WIDTH * sizeof *placed_x);
        placed_y[at] = label[j];
    }
    tren_h5 *file = NULL;
    must(tren_h5_create(&file, path, TREN_ERR_DATA));
    put_attributes(file);
    put_part(file, "/train", placed_x, placed_y, ROWS);
    put_part(file, "/validation", placed_x, placed_y, BATCH);
    put_part(file, "/test", placed_x, placed_y, BATCH);
    must(tren_h5_finish(file));
    free(x.at);
    free(label);
    free(placed_x);
}

/* ---- the weights ------------------------------------------------------------------------------
 */

static tren_config make_config(int shards) {
    tren_config c;
    tren_config_defaults(&c);
    snprintf(c.data, sizeof c.data, "%s", in_folder("data.h5"));
    snprintf(c.out, sizeof c.out, "%s", in_folder("run"));
    snprintf(c.init_from, sizeof c.init_from, "%s", in_folder("initial.h5"));
    static const char *const setting[][2] = {{"model.hidden", "[16, 9]"},
                                             {"model.activation", "relu"},
                                             {"dropout", "[]"},
                                             {"optimizer.name", "sgd"},
                                             {"optimizer.momentum", "0"},
                                             {"optimizer.nesterov", "false"},
                                             {"shuffle", "false"},
                                             {"schedule.name", "constant"},
                                             {"schedule.warmup_steps", "0"},
                                             {"plots", "false"},
                                             {"early_stopping.rule", "none"}};
    for (size_t i = 0; i < sizeof setting / sizeof *setting; i++)
        must(tren_config_set(&c, setting[i][0], setting[i][1], "test"));
    c.shards = shards;
    c.batch_size = BATCH;
    c.optimizer.learning_rate = rate;
    c.optimizer.lambda = lambda;
    c.optimizer.weight_decay = -1;
    c.epochs = 1;
    must(tren_config_check(&c));
    return c;
}

static void for_each_parameter(const tren_graph *g, const char *stage, real *value,
                               void (*fn)(real *value, const test_values *v, const char *name)) {
    for (int i = 0; i < g->n_params; i++) {
        char name[32];
        snprintf(name, sizeof name, "%c%d_%s", i % 2 ? 'b' : 'w', i / 2, stage);
        test_values v = test_reference(group, name);
        cr_assert_eq(v.n, g->param[i].at.len);
        fn(value + g->param[i].at.off, &v, name);
        free(v.at);
    }
}

static void take(real *value, const test_values *v, const char *name) {
    (void)name;
    for (size_t i = 0; i < v->n; i++) value[i] = (real)v->at[i];
}

static void compare(real *value, const test_values *v, const char *name) {
    double error = test_error(value, v->at, v->n);
    if (getenv("TREN_TEST_VERBOSE"))
        fprintf(stderr, "np %d, %s: %.2e\n", test_comm.size, name, error);
    cr_assert(error <= allowed, "%s is off by %g", name, error);
}

static void write_initial(const tren_graph *graph) {
    real *value = calloc(graph->n_values, sizeof *value);
    for_each_parameter(graph, "initial", value, take);
    tren_checkpoint c = {.canonical = true, .optimizer = "sgd", .precision = TREN_REAL_NAME};
    tren_checkpoint_arrays arrays = {.graph = graph, .value = value};
    must(tren_checkpoint_write(folder, "initial.h5", NULL, &c, &arrays));
    free(value);
}

/* ---- the run ----------------------------------------------------------------------------------
 */

typedef struct seen {
    double loss[STEPS];
    int n;
    double sum; /* of the losses so far, times rows */
} seen;

static void note_step(void *ctx, const tren_progress *p) {
    seen *s = ctx;
    if (p->epoch_done) return;
    cr_assert_lt(s->n, STEPS);
    double sum = p->train_loss * (double)p->step * BATCH; /* a running mean */
    s->loss[s->n++] = (sum - s->sum) / BATCH;
    s->sum = sum;
}

/* Of rank 0: penalty of the one row of metrics.csv. */
static double penalty_of_run(void) {
    char line[1024];
    double penalty = NAN;
    FILE *file = fopen(in_folder("run/metrics.csv"), "r");
    cr_assert_not_null(file);
    for (int i = 0; i < 2; i++) cr_assert_not_null(fgets(line, sizeof line, file));
    cr_assert_eq(
        sscanf(line, "%*[^,],%*[^,],%*[^,],%*[^,],%*[^,],%*[^,],%*[^,],%*[^,],%lf", &penalty), 1);
    fclose(file);
    return penalty;
}

static void check_losses(const seen *s) {
    test_values loss = test_reference(group, "loss");
    cr_assert_eq(s->n, STEPS);
    for (int i = 0; i < STEPS; i++)
        cr_assert(fabs(s->loss[i] - loss.at[i]) <= allowed * loss.at[0], "step %d: %g, not %g", i,
                  s->loss[i], loss.at[i]);
    free(loss.at);
}

static void check_run(const tren_graph *graph, const seen *s) {
    real *value = calloc(graph->n_values, sizeof *value);
    must(tren_checkpoint_read_values(value, in_folder("run/last.h5"), graph));
    for_each_parameter(graph, "final", value, compare);
    double squares = 0;
    for (int i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof name, "w%d_final", i);
        test_values w = test_reference(group, name);
        for (size_t k = 0; k < w.n; k++) squares += w.at[k] * w.at[k];
        free(w.at);
    }
    double penalty = lambda / (2 * ROWS) * squares;
    cr_assert(fabs(penalty_of_run() / penalty - 1) <= allowed, "the penalty is %g, not %g",
              penalty_of_run(), penalty);
    check_losses(s);
    free(value);
}

static void train(int shards) {
    strcpy(folder, test_shared_folder());
    tren_config c = make_config(shards);
    tren_graph *graph = NULL;
    tren_dataset *dataset = NULL;
    if (test_comm.rank == 0) write_dataset(c.data, shards);
    tren_comm_barrier(&test_comm);
    must(tren_dataset_open(&dataset, c.data));
    must(tren_model_build(&graph, &c, tren_dataset_info_of(dataset)));
    if (test_comm.rank == 0) write_initial(graph);
    tren_comm_barrier(&test_comm);
    seen s = {.n = 0};
    tren_train_options options = {.progress = note_step, .ctx = &s, .started = tren_seconds()};
    tren_result result;
    must(tren_train(&test_comm, &c, &options, &result));
    cr_assert_eq(result.end.steps, STEPS);
    if (test_comm.rank == 0) check_run(graph, &s);
    tren_graph_close(graph);
    tren_dataset_close(dataset);
    test_comm_passed();
}

Test(reference_mlp, the_trainer_takes_the_known_steps, .init = test_comm_open,
     .fini = test_comm_close) {
    train(test_comm.size > 4 ? test_comm.size : 4);
}

/* As few shards as ranks: another order of rows in the file, the same batches. */
Test(reference_mlp, and_so_with_other_shards, .init = test_comm_open, .fini = test_comm_close) {
    train(test_comm.size);
}
