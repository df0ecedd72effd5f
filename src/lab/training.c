#include "lab/training.h"

#include <assert.h>
#include <math.h>
#include <string.h>

int lab_next_epoch(int epoch) {
    int more = (int)(epoch * 1.08);
    return more <= epoch ? epoch + 1 : more;
}

tren_status lab_draw_epochs(tren_table *curve, const tren_table *points, const char *key,
                            const double *value, int n, int epochs) {
    enum { MOST = 8 };
    double row[1 + 2 * MOST];
    assert(n <= MOST);
    for (int e = 1; e <= epochs; e = lab_next_epoch(e)) {
        row[0] = e;
        for (int k = 0; k < n; k++) {
            const tren_where *here = TREN_WHERE({key, value[k]}, {"epoch", e});
            row[1 + k] = tren_table_mean(points, "test_error", here);
            row[1 + n + k] = tren_table_mean(points, "train_error", here);
        }
        TREN_TRY(tren_table_add(curve, row));
    }
    return TREN_OK;
}

tren_status lab_config(tren_config *config, const tren_lab *lab, const char *recipe) {
    tren_config_defaults(config);
    config->shards = 1;
    config->stall_timeout = 0;
    config->normalize_targets = false; /* the published experiments have targets as they are */
    config->plots = config->tensorboard = false;
    config->checkpoint_seconds = 0;
    config->precision =
        sizeof(real) == sizeof(double) ? TREN_PRECISION_DOUBLE : TREN_PRECISION_FLOAT;
    return tren_config_load_text(config, recipe, strlen(recipe), lab->experiment->name);
}

static void report(void *ctx, const tren_progress *progress) {
    const lab_watch *watch = ctx;
    if (progress->epoch_done && watch->epoch) watch->epoch(watch->ctx, progress);
}

static void finish(void *ctx, const tren_graph *graph, const real *value) {
    const lab_watch *watch = ctx;
    if (watch->finished) watch->finished(watch->ctx, graph, value);
}

static lab_outcome outcome_of(const tren_result *r) {
    return (lab_outcome){.train_loss = r->scores.train_loss,
                         .train_error = 1 - r->scores.train_accuracy,
                         .test_loss = r->scores.test_loss,
                         .test_error = 1 - r->scores.test_accuracy,
                         .best_epoch = r->end.best_epoch,
                         .epochs = r->end.epochs};
}

tren_status lab_train(lab_outcome *outcome, const tren_lab *lab, tren_comm *group,
                      const tren_config *config, const lab_watch *watch) {
    static const lab_watch nobody;
    tren_result result;
    tren_train_options options = {.signal = lab->options->signal,
                                  .progress = watch && watch->epoch ? report : NULL,
                                  .finished = finish,
                                  .ctx = (void *)(watch ? watch : &nobody),
                                  .started = tren_seconds()};
    TREN_TRY(tren_comm_agree(group, tren_config_check(config)));
    tren_status st = tren_train(group, config, &options, &result);
    *outcome = outcome_of(&result);
    if (st != TREN_ERR_DIVERGED) return st;
    *outcome = (lab_outcome){true, NAN, NAN, NAN, NAN, NAN, NAN};
    return TREN_OK;
}

tren_status lab_score(tren_scores *scores, const char *data, tren_part part,
                      const tren_graph *graph, const real *value) {
    tren_comm self;
    tren_dataset *dataset = NULL;
    tren_evaluator *evaluator = NULL;
    tren_status st = TREN_OK;
    *scores = (tren_scores){.loss = NAN, .accuracy = NAN};
    TREN_TRY(tren_comm_self(&self));
    TREN_GOTO(tren_dataset_open(&dataset, data));
    tren_eval_spec spec = {
        .dataset = dataset, .part = part, .graph = graph, .value = (real *)value};
    TREN_GOTO(tren_evaluator_open(&evaluator, &self, &spec));
    TREN_GOTO(tren_evaluate(scores, evaluator, &self));
done:
    tren_evaluator_close(evaluator);
    tren_dataset_close(dataset);
    tren_comm_close(&self);
    return st;
}
