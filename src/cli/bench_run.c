/* Whole steps through the real trainer, on random rows. */
#include "cli/bench_run.h"
#include "cli/bench.h"
#include "tren/sources.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_STEPS = 4000 };
typedef struct step_times {
    double at[MAX_STEPS];
    int n;
} step_times;

static void note_step(void *ctx, const tren_progress *p) {
    step_times *t = ctx;
    if (!p->epoch_done && t->n < MAX_STEPS) t->at[t->n++] = tren_seconds();
}

tren_status bench_make_data(const char *path, const step_case *c) {
    enum { ROWS = 8192 };
    int classes = atoi(strrchr(c->dims, '-') + 1);
    bool images = c->image.c > 0;
    tren_source s = {.n = ROWS,
                     .shape = images ? c->image : (tren_shape){atoi(c->dims), 1, 1},
                     .is_image = images,
                     .n_classes = classes,
                     .n_targets = 1,
                     .x_type = TREN_U8,
                     .y_type = TREN_U8};
    tren_split split = {.percent = {100, 0, 0}, .seed = 1};
    size_t bytes = (size_t)ROWS * (size_t)tren_shape_size(s.shape);
    tren_status st = TREN_OK;
    TREN_GOTO(tren_alloc(&s.x, bytes, 1, "noise"));
    TREN_GOTO(tren_alloc(&s.y, ROWS, 1, "noise"));
    tren_rng rng = tren_rng_open(1, TREN_RNG_TEST, 0, 0, 0);
    for (size_t i = 0; i < bytes / 16; i++) {
        uint32_t word[4];
        tren_rng_words(word, &rng, (uint32_t)i);
        memcpy((uint8_t *)s.x + 16 * i, word, sizeof word);
    }
    for (int i = 0; i < ROWS; i++) ((uint8_t *)s.y)[i] = (uint8_t)(i % classes);
    st = tren_dataset_write(path, &s, &split, true);
done:
    tren_source_close(&s);
    return st;
}

/* "784-512-10" -> width 784, hidden "[512]", classes 10 */
static void split_dims(const char *dims, int *width, char *hidden, size_t n, int *classes) {
    const char *first = strchr(dims, '-'), *last = strrchr(dims, '-');
    *width = atoi(dims);
    *classes = atoi(last + 1);
    snprintf(hidden, n, "[%.*s]", first == last ? 0 : (int)(last - first - 1), first + 1);
    for (char *c = hidden; *c; c++)
        if (*c == '-') *c = ',';
}

static tren_status fill_given(tren_config *config, const step_case *c, const char *data) {
    char hidden[128], number[32], more[256];
    int width, classes;
    tren_config_defaults(config);
    split_dims(c->dims, &width, hidden, sizeof hidden, &classes);
    TREN_TRY(tren_config_set(config, "data", data, "bench"));
    TREN_TRY(tren_config_set(config, "model.hidden", hidden, "bench"));
    snprintf(number, sizeof number, "%d", c->batch);
    TREN_TRY(tren_config_set(config, "batch_size", number, "bench"));
    snprintf(number, sizeof number, "%d", c->shards);
    TREN_TRY(tren_config_set(config, "shards", number, "bench"));
    TREN_TRY(tren_config_set(config, "optimizer.learning_rate", "0.01", "bench"));
    snprintf(more, sizeof more, "%s", c->more);
    for (char *save = NULL, *key = strtok_r(more, " ", &save); key;
         key = strtok_r(NULL, " ", &save))
        TREN_TRY(tren_config_set(config, key, strtok_r(NULL, " ", &save), "bench"));
    return TREN_OK;
}

/* That of a user, without what it writes. */
static void take_config(tren_config *config, const tren_config *users) {
    *config = *users;
    config->out[0] = '\0';
    config->plots = false;
}

tren_status bench_config(tren_config *config, const step_case *c, const char *data) {
    if (c->config)
        take_config(config, c->config);
    else
        TREN_TRY(fill_given(config, c, data));
    if (c->gemm) TREN_TRY(tren_config_set(config, "gemm", c->gemm, "--gemm"));
    if (c->cpu) TREN_TRY(tren_config_set(config, "cpu", c->cpu, "--cpu"));
    if (c->reduction) TREN_TRY(tren_config_set(config, "reduction", c->reduction, "--reduction"));
    config->epochs = 1000000;
    return TREN_OK;
}

static tren_status plan_config(tren_graph **graph, const step_case *c) {
    tren_config config;
    tren_dataset *dataset = NULL;
    tren_status st;
    TREN_GOTO(bench_config(&config, c, NULL));
    TREN_GOTO(tren_dataset_open(&dataset, config.data));
    st = tren_model_build(graph, &config, tren_dataset_info_of(dataset));
done:
    tren_dataset_close(dataset);
    return st;
}

static tren_status plan(tren_graph **graph, const step_case *c) {
    if (c->config) return plan_config(graph, c);
    tren_config config;
    tren_dataset_info info = {.shape =
                                  c->image.c > 0 ? c->image : (tren_shape){atoi(c->dims), 1, 1},
                              .is_image = c->image.c > 0,
                              .n_classes = atoi(strrchr(c->dims, '-') + 1),
                              .n_targets = 1};
    TREN_TRY(bench_config(&config, c, ""));
    return tren_model_build(graph, &config, &info);
}

double bench_flop(const step_case *c) {
    tren_graph *graph = NULL;
    double train = 0, evaluate = 0;
    if (plan(&graph, c) == TREN_OK) tren_graph_cost(graph, &train, &evaluate);
    tren_graph_close(graph);
    return train * c->batch;
}

size_t bench_values(const step_case *c) {
    tren_graph *graph = NULL;
    size_t n = plan(&graph, c) == TREN_OK ? graph->n_values : 0;
    tren_graph_close(graph);
    return n;
}

double bench_reduction(tren_reducer *r, const tren_comm *comm) {
    const tren_span *piece;
    int n = tren_reducer_pieces(r, &piece);
    tren_comm_barrier(comm);
    double since = tren_seconds();
    tren_reducer_begin(r);
    tren_reducer_finish(r);
    for (int p = 0; p < n; p++)
        memcpy(tren_reducer_value(r) + piece[p].off, tren_reducer_sum(r) + piece[p].off,
               piece[p].len * sizeof(real));
    tren_reducer_gather(r);
    return tren_seconds() - since;
}

static int steps_for(const step_case *c, double seconds) {
    double steps = seconds * 100e9 / bench_flop(c);
    if (steps < 30) steps = 30;
    return steps < MAX_STEPS ? (int)steps : MAX_STEPS;
}

tren_status bench_measure(double *median, tren_comm *comm, const step_case *c, const char *data,
                          double seconds) {
    static step_times times;
    tren_config config;
    tren_result result;
    TREN_TRY(bench_config(&config, c, data));
    config.max_steps = steps_for(c, seconds);
    times.n = 0;
    tren_train_options options = {.progress = note_step, .ctx = &times, .started = tren_seconds()};
    TREN_TRY(tren_train(comm, &config, &options, &result));
    int n = times.n - 1;
    for (int i = 0; i < n; i++) times.at[i] = times.at[i + 1] - times.at[i];
    *median = comm->rank == 0 && n > 0 ? bench_median(times.at, n) : 0;
    return TREN_OK;
}
