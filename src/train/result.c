#include "train/trainer.h"
#include "base/input.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *tren_stop_reason_name(tren_stop_reason reason) {
    static const char *const name[] = {"epochs", "early_stopping", "max_steps", "max_time",
                                       "signal", "diverged",       "stop_loss", "converged"};
    return name[reason];
}

static double peak_memory(void) {
    FILE *file = fopen("/proc/self/status", "r");
    if (!file) return 0;
    char line[256];
    double kib = 0;
    while (fgets(line, sizeof line, file))
        if (strncmp(line, "VmHWM:", 6) == 0) kib = strtod(line + 6, NULL);
    fclose(file);
    return kib * 1024;
}

static tren_spread spread_of(const double *all, int n, int stride) {
    tren_spread s = {.min = all[0], .max = all[0]};
    for (int q = 0; q < n; q++) {
        double x = all[q * stride];
        if (x < s.min) s.min = x;
        if (x > s.max) s.max = x;
        s.mean += x / n;
    }
    return s;
}

/* The clock ends here: wall time and its split are taken at one moment. */
static void fill_times(tren_trainer *t) {
    enum { MEMORY = TREN_N_PHASES, WALL, N };
    double mine[N], *all = NULL;
    clock_enter(&t->report.clock, TREN_PHASE_SETUP);
    memcpy(mine, t->report.clock.spent, sizeof t->report.clock.spent);
    mine[MEMORY] = peak_memory();
    mine[WALL] = t->report.clock.since - t->options->started;
    if (tren_alloc(&all, (size_t)t->run.comm->size * N, sizeof *all, "times") != TREN_OK)
        tren_comm_abort(t->run.comm, TREN_ERR_INTERNAL);
    tren_comm_allgather(t->run.comm, all, mine, N);
    for (int i = 0; i < TREN_N_PHASES; i++)
        t->report.result->costs.phase[i] = spread_of(all + i, t->run.comm->size, N);
    t->report.result->costs.memory_bytes = spread_of(all + MEMORY, t->run.comm->size, N).max;
    t->report.result->costs.wall_seconds =
        spread_of(all + WALL, t->run.comm->size, N).mean; /* like its phases */
    free(all);
}

void trainer_fill_result(tren_trainer *t) {
    tren_result *r = t->report.result;
    const tren_position *at = &t->stands.at;
    r->end.epochs = (int)at->epoch;
    r->end.steps = at->epoch * t->run.feed.steps_per_epoch + at->step;
    r->end.best_epoch = (int)at->best_epoch;
    r->scores.train_loss = at->epoch > 0 ? at->last_train_loss : NAN;
    r->scores.train_accuracy = at->epoch > 0 ? at->last_train_accuracy : NAN;
    r->scores.validation_loss = at->best_epoch > 0 ? at->best_loss : NAN;
    r->scores.validation_accuracy = at->best_epoch > 0 ? at->best_accuracy : NAN;
    r->end.best_digest = at->best_digest;
    r->run.ranks = t->run.comm->size;
    r->run.shards = t->run.config->shards;
    r->run.nodes_per_rank = tren_reducer_max_nodes(t->run.reducer);
    r->run.parameters = t->run.graph->n_learned;
    r->costs.samples_per_second = t->report.trained_seconds > 0
                                      ? (double)t->report.trained_rows / t->report.trained_seconds
                                      : NAN;
    snprintf(r->run.blas_core, sizeof r->run.blas_core, "%s", tren_blas_core());
    snprintf(r->run.out, sizeof r->run.out, "%s", t->saver.folder.path);
    snprintf(r->run.engine, sizeof r->run.engine, "%s", tren_reducer_engine(t->run.reducer));
    fill_times(t);
}

/* ---- result.json ------------------------------------------------------------------------------
 */

enum { ROOM = 8192 };

typedef struct json {
    char text[ROOM];
    int n;
} json;

__attribute__((format(printf, 2, 3))) static void put(json *j, const char *format, ...) {
    va_list args;
    va_start(args, format);
    j->n += vsnprintf(j->text + j->n, sizeof j->text - (size_t)j->n, format, args);
    va_end(args);
}

static void put_number(json *j, const char *key, double x) {
    if (isfinite(x))
        put(j, "  \"%s\": %.9g,\n", key, x);
    else
        put(j, "  \"%s\": null,\n", key);
}

static void put_text(json *j, const char *key, const char *text) {
    put(j, "  \"%s\": \"%s\",\n", key, text);
}

static void put_digest(json *j, const char *key, uint64_t digest) {
    put(j, "  \"%s\": \"%016llx\",\n", key, (unsigned long long)digest);
}

static void put_computed_with(json *j, const tren_checkpoint *c) {
    put(j, "  \"computed_with\": [");
    for (int i = 0; i < c->n_computed_with; i++)
        put(j, "%s\"%s\"", i ? ", " : "", c->computed_with[i]);
    put(j, "],\n  \"mixed\": %s,\n", c->n_computed_with > 1 ? "true" : "false");
}

static void put_phases(json *j, const tren_result *r) {
    put(j, "  \"seconds\": {\n");
    for (int i = 0; i < TREN_N_PHASES; i++)
        put(j, "    \"%s\": {\"min\": %.6f, \"mean\": %.6f, \"max\": %.6f}%s\n", tren_phase_name[i],
            r->costs.phase[i].min, r->costs.phase[i].mean, r->costs.phase[i].max,
            i + 1 < TREN_N_PHASES ? "," : "");
    put(j, "  }\n");
}

static const char *status_name(tren_status st) {
    switch (st) {
    case TREN_OK:
        return "finished";
    case TREN_REQUEUE:
        return "requeue";
    case TREN_ERR_DIVERGED:
        return "diverged";
    default:
        return "failed";
    }
}

/* text "": there is none. */
static void read_result(char text[ROOM], const tren_trainer *t) {
    char path[TREN_MAX_PATH + 16];
    FILE *file;
    tren_folder_path(path, sizeof path, &t->saver.folder, "result.json");
    text[0] = '\0';
    if (tren_input_fopen(&file, path, TREN_ERR_ENV, "a result") != TREN_OK) return;
    text[fread(text, 1, ROOM - 1, file)] = '\0';
    fclose(file);
}

bool trainer_has_status(const tren_trainer *t, tren_status st) {
    char text[ROOM], status[64];
    read_result(text, t);
    snprintf(status, sizeof status, "\"status\": \"%s\"", status_name(st));
    return strstr(text, status);
}

bool trainer_has_result(const tren_trainer *t) {
    char text[ROOM], digest[64];
    read_result(text, t);
    snprintf(digest, sizeof digest, "\"digest\": \"%016llx\"",
             (unsigned long long)tren_digest(t->run.value, t->run.n_values * sizeof(real)));
    return strstr(text, "\"status\": \"finished\"") && strstr(text, digest);
}

/* Somebody may have removed it. */
static tren_status restore_config(tren_trainer *t) {
    char path[TREN_MAX_PATH + 16];
    tren_folder_path(path, sizeof path, &t->saver.folder, "config.yaml");
    if (!t->saver.folder.path[0] || tren_folder_is_gone(&t->saver.folder) ||
        access(path, F_OK) == 0)
        return TREN_OK;
    return tren_folder_write(&t->saver.folder, "config.yaml", t->stands.config);
}

tren_status trainer_write_result(tren_trainer *t, tren_status st) {
    const tren_result *r = t->report.result;
    json j = {.n = 0};
    if (tren_folder_is_others(&t->saver.folder)) return tren_folder_check(&t->saver.folder);
    put(&j, "{\n");
    put_text(&j, "status", status_name(st));
    put_text(&j, "stop_reason", tren_stop_reason_name(r->end.reason));
    put_number(&j, "epochs", r->end.epochs);
    put_number(&j, "steps", (double)r->end.steps);
    put_number(&j, "best_epoch", r->end.best_epoch);
    put_number(&j, "train_loss", r->scores.train_loss);
    put_number(&j, "train_accuracy", r->scores.train_accuracy);
    put_number(&j, "validation_loss", r->scores.validation_loss);
    put_number(&j, "validation_accuracy", r->scores.validation_accuracy);
    put_number(&j, "test_loss", r->scores.test_loss);
    put_number(&j, "test_accuracy", r->scores.test_accuracy);
    put_digest(&j, "digest", r->end.digest);
    put_digest(&j, "best_digest", r->end.best_digest);
    put_number(&j, "ranks", r->run.ranks);
    put_number(&j, "shards", r->run.shards);
    put_number(&j, "nodes_per_rank", r->run.nodes_per_rank);
    put_text(&j, "reduction", r->run.engine);
    put_number(&j, "parameters", (double)r->run.parameters);
    put_number(&j, "samples_per_second", r->costs.samples_per_second);
    put_number(&j, "first_step_seconds", r->costs.first_step_seconds);
    put_number(&j, "wall_seconds", r->costs.wall_seconds);
    put_number(&j, "total_seconds", t->report.resumed_seconds + r->costs.wall_seconds);
    put_number(&j, "memory_bytes", r->costs.memory_bytes);
    put_text(&j, "precision", TREN_REAL_NAME);
    put_text(&j, "blas_core", r->run.blas_core);
    put_computed_with(&j, &t->stands);
    put_text(&j, "gemm", t->run.config->gemm == TREN_GEMM_PORTABLE ? "portable" : "openblas");
    put_text(&j, "cpu_level", t->run.graph->kernels->level);
    put_phases(&j, r);
    put(&j, "}\n");
    tren_status written = tren_folder_write(&t->saver.folder, "result.json", j.text);
    if (written != TREN_OK && tren_folder_check(&t->saver.folder) != TREN_OK) return TREN_ERR_ENV;
    if (written != TREN_OK || st == TREN_ERR_DIVERGED) return written;
    metrics_check(t);
    TREN_TRY(restore_config(t));
    return tren_folder_check_end(&t->saver.folder);
}
