/* metrics.csv: one row an epoch. All columns but those ending in seconds are the same on any number
 * of ranks, killed or not. */
#include "base/own.h"
#include "base/whole.h"
#include "train/noise.h"
#include "train/trainer.h"
#include "base/why.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NOISE ",noise_trace,noise_square,noise_rows"
static const char header[] =
    "epoch,steps,train_loss,train_accuracy,validation_loss,validation_accuracy,"
    "learning_rate,weight_norm,penalty,mean_abs_z,best,digest" NOISE;
static const char header_of_seconds[] =
    ",seconds,setup_seconds,data_seconds,forward_seconds,backward_seconds,reduce_seconds,"
    "update_seconds,evaluate_seconds,checkpoint_seconds\n";

unsigned metrics_wanted(const tren_config *c) {
    unsigned wanted = 0;
    for (int i = 0; i < c->metrics.n; i++) wanted |= 1u << c->metrics.at[i];
    if (c->early_stopping.monitor > 0) wanted |= 1u << (c->early_stopping.monitor - 1);
    if (c->early_stopping.rule == TREN_STOP_STANDARD_ERROR) wanted |= 1u << TREN_METRIC_LOSS_SE;
    return wanted;
}

int metrics_shown(const tren_config *c) {
    if (c->early_stopping.monitor > 0) return c->early_stopping.monitor - 1;
    return c->metrics.n > 0 ? c->metrics.at[0] : -1;
}

/* Of each metric that is wanted, in the table's order, `cell`. */
static int put_metrics(char *out, size_t n, unsigned wanted,
                       void (*cell)(char out[64], int metric, const tren_scores *scores),
                       const tren_scores *scores) {
    char text[64];
    int at = 0;
    out[0] = '\0';
    for (int k = 0; k < TREN_N_METRICS; k++) {
        if (!(wanted & 1u << k)) continue;
        cell(text, k, scores);
        at += snprintf(out + at, n - (size_t)at, ",%s", text);
    }
    return at;
}

static void name_of(char out[64], int metric, const tren_scores *scores) {
    (void)scores;
    snprintf(out, 64, "val_%s", tren_metric_name[metric]);
}

static tren_status append(tren_checkpoint *c, const char *line) {
    size_t have = c->n_metrics, more = strlen(line);
    TREN_TRY(tren_resize(&c->metrics, have + more + 1, 1, "metrics"));
    memcpy(c->metrics + have, line, more + 1);
    c->n_metrics = have + more;
    return TREN_OK;
}

static tren_status lost(const tren_trainer *t, const char *why) {
    return tren_fail(TREN_ERR_ENV, "cannot write %s/metrics.csv: %s", t->saver.folder.path, why);
}

/* All rows anew, and the file left open for the next ones. */
static tren_status write_rows(tren_trainer *t) {
    if (t->saver.folder.metrics) fclose(t->saver.folder.metrics);
    t->saver.folder.metrics = NULL;
    TREN_TRY(tren_folder_write(&t->saver.folder, "metrics.csv", t->stands.metrics));
    char path[TREN_MAX_PATH + 16];
    tren_folder_path(path, sizeof path, &t->saver.folder, "metrics.csv");
    const char *why;
    t->saver.folder.metrics = tren_own_fopen(path, TREN_OWN_APPEND, &why);
    return t->saver.folder.metrics ? TREN_OK : lost(t, why);
}

static bool holds_rows(const tren_trainer *t) {
    char path[TREN_MAX_PATH + 16], *text = NULL;
    tren_folder_path(path, sizeof path, &t->saver.folder, "metrics.csv");
    if (tren_whole_read(&text, path, TREN_ERR_ENV) != TREN_OK) return false;
    bool holds = strncmp(text, t->stands.metrics, t->stands.n_metrics) == 0;
    free(text);
    return holds;
}

tren_status metrics_restore(tren_trainer *t) {
    if (!t->saver.folder.path[0] || t->stands.n_metrics == 0 || holds_rows(t)) return TREN_OK;
    TREN_TRY(write_rows(t));
    trainer_say(t,
                "warning: %s/metrics.csv did not have the rows of the checkpoint; it was written "
                "again from the checkpoint",
                t->saver.folder.path);
    return TREN_OK;
}

void metrics_check(tren_trainer *t) {
    if (!t->saver.folder.metrics || tren_folder_is_gone(&t->saver.folder) ||
        tren_folder_keeps_metrics(&t->saver.folder, t->stands.n_metrics))
        return;
    if (write_rows(t) == TREN_OK)
        trainer_say(t,
                    "warning: %s/metrics.csv was changed or removed during the run; it was written "
                    "again with all rows",
                    t->saver.folder.path);
    else if (!trainer_folder_explains(t))
        trainer_say(t, "warning: %s", tren_error_text());
}

/* What TensorBoard shows is no reason to stop. */
static void tell_of_events(tren_trainer *t, tren_status st) {
    bool *told = &t->saver.events.told;
    if (st == TREN_OK || *told || trainer_folder_explains(t)) return;
    *told = true;
    trainer_say(t, "warning: tensorboard: %s; training continues, and each epoch tries again",
                tren_error_text());
}

/* Rows after the checkpoint are written again, by the steps that are done again. */
tren_status metrics_begin(tren_trainer *t) {
    char columns[64 * TREN_N_METRICS];
    put_metrics(columns, sizeof columns, metrics_wanted(t->run.config), name_of, NULL);
    if (t->stands.n_metrics == 0) {
        TREN_TRY(append(&t->stands, header));
        TREN_TRY(append(&t->stands, columns));
        TREN_TRY(append(&t->stands, header_of_seconds));
    }
    if (t->run.config->tensorboard)
        tell_of_events(t, tren_events_begin(&t->saver.events, &t->saver.folder, t->stands.metrics));
    return t->saver.folder.path[0] ? write_rows(t) : TREN_OK;
}

/* After a failure (a full disk) part of a row may be in the file: the next attempt writes all rows
 * anew. */
static tren_status write_row(tren_trainer *t, const char *line) {
    FILE *file = t->saver.folder.metrics;
    if (!file) return write_rows(t);
    if (fputs(line, file) >= 0 && fflush(file) == 0) return TREN_OK;
    tren_status st = lost(t, tren_why(errno));
    fclose(file);
    t->saver.folder.metrics = NULL;
    return st;
}

static const char *number(char out[32], double x) {
    if (isnan(x))
        out[0] = '\0'; /* an empty cell: does not apply */
    else
        snprintf(out, 32, "%.9g", x);
    return out;
}

/* A run that was begun before there were these columns goes on without them. */
static int put_noise(char *out, size_t room, const tren_trainer *t) {
    const char *first = t->stands.metrics;
    char cell[3][32];
    if (memmem(first, strcspn(first, "\n"), NOISE, sizeof NOISE - 1) == NULL) return 0;
    tren_noise noise = noise_of_epoch(&t->stands.at);
    return snprintf(out, room, ",%s,%s,%s", number(cell[0], noise.trace),
                    number(cell[1], noise.square), number(cell[2], noise_rows(noise)));
}

static void value_of(char out[64], int metric, const tren_scores *scores) {
    number(out, scores->metric[metric]);
}

tren_status metrics_row(tren_trainer *t, const tren_scores *v, bool best, uint64_t digest,
                        const double spent[TREN_N_PHASES]) {
    const tren_position *at = &t->stands.at;
    if (!t->saver.folder.path[0]) return TREN_OK; /* there is nobody to read it */
    double squares = tren_graph_weight_squares(t->run.graph, t->run.value), total = 0;
    double value[] = {at->last_train_loss,
                      at->last_train_accuracy,
                      v->loss,
                      v->accuracy,
                      t->minimiser.learning_rate,
                      sqrt(squares),
                      0.5 * t->minimiser.decay * squares,
                      v->mean_abs_z};
    char line[1024], cell[32];
    int n = snprintf(line, sizeof line, "%lld,%lld", (long long)at->epoch + 1,
                     (long long)(at->epoch * t->run.feed.steps_per_epoch + at->step));
    for (size_t i = 0; i < sizeof value / sizeof *value; i++)
        n += snprintf(line + n, sizeof line - (size_t)n, ",%s", number(cell, value[i]));
    for (int i = 0; i < TREN_N_PHASES; i++) total += spent[i];
    n += snprintf(line + n, sizeof line - (size_t)n, ",%d,%016llx", best,
                  (unsigned long long)digest);
    n += put_noise(line + n, sizeof line - (size_t)n, t);
    n += put_metrics(line + n, sizeof line - (size_t)n, metrics_wanted(t->run.config), value_of, v);
    n += snprintf(line + n, sizeof line - (size_t)n, ",%.4f", total);
    for (int i = 0; i < TREN_N_PHASES; i++)
        n += snprintf(line + n, sizeof line - (size_t)n, ",%.4f", spent[i]);
    snprintf(line + n, sizeof line - (size_t)n, "\n");
    TREN_TRY(append(&t->stands, line));
    trainer_follow_folder(t);
    if (write_row(t, line) == TREN_OK)
        metrics_check(t);
    else if (!trainer_folder_explains(t))
        trainer_say(t, "warning: %s; its rows are kept and written with the next one",
                    tren_error_text());
    if (t->run.config->tensorboard)
        tell_of_events(t, tren_events_row(&t->saver.events, &t->saver.folder, t->stands.metrics));
    return TREN_OK;
}
