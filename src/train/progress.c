/* Reports to options->progress after each step and each epoch. */
#include "train/trainer.h"

#include <math.h>

/* The mean loss of the rows since the last report, mostly of one step. */
static double step_loss(tren_trainer *t) {
    const tren_position *at = &t->stands.at;
    tren_told *told = &t->report.told;
    if (t->minimiser.kind->whole) return at->loss / (double)at->rows;
    if (at->epoch != told->epoch) *told = (tren_told){.mean = told->mean, .epoch = at->epoch};
    if (at->rows > told->rows)
        told->mean = (at->loss - told->loss) / (double)(at->rows - told->rows);
    told->loss = at->loss;
    told->rows = at->rows;
    return told->mean;
}

void trainer_report(tren_trainer *t, const tren_verdict *v) {
    const tren_position *at = &t->stands.at;
    if (t->run.comm->rank > 0 || !t->options->progress || at->rows == 0) return;
    bool classes = t->run.info->n_classes > 0;
    double rows = (double)at->rows;
    int shown = metrics_shown(t->run.config);
    tren_progress p = {.epoch = (int)at->epoch,
                       .epochs = t->run.config->epochs,
                       .step = at->step - t->minimiser.pending,
                       .steps = t->run.feed.steps_per_epoch,
                       .train_loss = at->loss / rows,
                       .train_accuracy = classes ? at->correct / rows : NAN,
                       .step_loss = step_loss(t),
                       .samples_per_second =
                           (double)t->report.trained_rows / t->report.trained_seconds};
    if (t->run.info->label_axis > 0)
        p.tokens_per_second = (double)t->report.trained_labels / t->report.trained_seconds;
    if (v) {
        p.epoch_done = true;
        p.validation_loss = v->loss;
        p.validation_accuracy = v->accuracy;
        p.weight_norm = sqrt(tren_graph_weight_squares(t->run.graph, t->run.value));
        p.mean_abs_z = v->mean_abs_z;
        p.best = v->best;
        p.metric_name = shown < 0 ? NULL : tren_metric_name[shown];
        p.metric = v->metric;
    }
    t->options->progress(t->options->ctx, &p);
}
