/* The loop over steps and epochs, and the decisions, which rank 0 makes once for all. */
#include "train/early_stop.h"
#include "train/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The seconds of an epoch by phase, of this rank. */
static void spent_since(double out[TREN_N_PHASES], tren_clock *clock,
                        const double before[TREN_N_PHASES]) {
    clock_enter(clock, clock->phase);
    for (int i = 0; i < TREN_N_PHASES; i++) out[i] = clock->spent[i] - before[i];
}

static tren_status same_digest(tren_trainer *t, uint64_t digest) {
    uint64_t first = digest;
    tren_comm_bcast(t->run.comm, &first, sizeof first);
    tren_status st = TREN_OK;
    if (first != digest)
        st = tren_fail(TREN_ERR_INTERNAL,
                       "the weights of rank %d differ from those of rank 0 after epoch %lld "
                       "(digest %016llx, not %016llx): memory or network damage; resume from the "
                       "last checkpoint, on other nodes",
                       t->run.comm->rank, (long long)t->stands.at.epoch + 1,
                       (unsigned long long)digest, (unsigned long long)first);
    return tren_comm_agree(t->run.comm, st);
}

static tren_status remember(double **history, size_t n, double value) {
    TREN_TRY(tren_resize(history, n + 1, sizeof **history, "the history of losses"));
    (*history)[n] = value;
    return TREN_OK;
}

static tren_status remember_scores(tren_checkpoint *c, const tren_config *config,
                                   const tren_scores *scores) {
    int monitor = config->early_stopping.monitor - 1;
    TREN_TRY(remember(&c->history, c->n_history, scores->loss));
    if (monitor >= 0) {
        double value = scores->metric[monitor];
        if (tren_metric_table[monitor].larger) value = -value;
        TREN_TRY(remember(&c->monitored, c->n_history, value));
    }
    if (config->early_stopping.rule == TREN_STOP_STANDARD_ERROR)
        TREN_TRY(remember(&c->history_se, c->n_history, scores->metric[TREN_METRIC_LOSS_SE]));
    c->n_history++;
    return TREN_OK;
}

static tren_judged judged_of(const tren_checkpoint *c) {
    return (tren_judged){c->monitored ? c->monitored : c->history, c->history_se, c->n_history};
}

static const char *monitor_name(const tren_config *config) {
    return tren_metric_name[config->early_stopping.monitor - 1];
}

/* The best weights are those of the lowest loss, or of the best metric that is monitored, whatever
 * patience counts. */
static void judge(tren_trainer *t, tren_verdict *v, const tren_scores *scores) {
    tren_position *at = &t->stands.at;
    v->loss = scores->loss;
    v->accuracy = scores->accuracy;
    v->mean_abs_z = scores->mean_abs_z;
    if (metrics_shown(t->run.config) >= 0) v->metric = scores->metric[metrics_shown(t->run.config)];
    if (scores->rows == 0) return;
    tren_judged judged = judged_of(&t->stands);
    v->best = tren_best_epoch(judged) == judged.n;
    if (!isfinite(judged.value[judged.n - 1]))
        trainer_say(t,
                    "warning: the %s of epoch %lld is not finite and is not an improvement: look "
                    "for extreme values in the validation rows, or lower optimizer.learning_rate",
                    t->stands.monitored ? monitor_name(t->run.config) : "validation loss",
                    (long long)at->epoch + 1);
    at->bad_epochs = tren_bad_epochs(t->run.config, judged);
    if (v->best) {
        at->best_loss = v->loss;
        at->best_accuracy = v->accuracy;
        at->best_epoch = at->epoch + 1;
        at->best_digest = v->digest;
    }
    v->stop = tren_early_stop(t->run.config, judged);
}

static tren_status decide(tren_trainer *t, tren_verdict *v, const double before[TREN_N_PHASES]) {
    tren_scores scores;
    tren_status st = TREN_OK;
    double spent[TREN_N_PHASES];
    clock_enter(&t->report.clock, TREN_PHASE_EVALUATE);
    TREN_TRY(tren_evaluate(&scores, t->validation, t->run.comm));
    *v = (tren_verdict){.digest = tren_digest(t->run.value, t->run.n_values * sizeof(real))};
    TREN_TRY(same_digest(t, v->digest));
    if (t->run.comm->rank == 0) {
        st = remember_scores(&t->stands, t->run.config, &scores);
        if (st == TREN_OK) judge(t, v, &scores);
    }
    spent_since(spent, &t->report.clock, before);
    straggler_look(&t->report.straggler, t->run.comm, &t->report.log, spent);
    if (t->run.comm->rank == 0 && st == TREN_OK)
        st = metrics_row(t, &scores, v->best, v->digest, spent);
    TREN_TRY(tren_comm_agree(t->run.comm, st));
    tren_comm_bcast(t->run.comm, v, sizeof *v);
    tren_comm_bcast(t->run.comm, &t->stands.at, sizeof t->stands.at);
    trainer_report(t, v);
    return TREN_OK;
}

static void begin_epoch(tren_trainer *t) {
    clock_enter(&t->report.clock, TREN_PHASE_DATA);
    atomic_store(&t->report.watch.epoch, (int)t->stands.at.epoch);
    feed_begin_epoch(&t->run.feed, t->run.comm, t->stands.at.epoch);
}

static bool max_steps_done(const tren_trainer *t) {
    int64_t most = t->run.config->max_steps,
            done = t->stands.at.epoch * t->run.feed.steps_per_epoch + t->stands.at.step;
    return most > 0 && done >= most;
}

/* Nothing is left to do at this position: the same answer for a run that came here and one that is
 * resumed here. */
static bool is_over(const tren_trainer *t, bool stop, tren_stop_reason *reason) {
    if (stop)
        *reason = TREN_STOP_EARLY;
    else if (t->run.config->stop_loss > 0 && t->stands.at.epoch > 0 &&
             t->stands.at.last_train_loss <= t->run.config->stop_loss)
        *reason = TREN_STOP_LOSS;
    else if (t->minimiser.kind->converged && t->minimiser.kind->converged(&t->minimiser))
        *reason = TREN_STOP_CONVERGED;
    else if (t->stands.at.epoch >= t->run.config->epochs)
        *reason = TREN_STOP_EPOCHS;
    else if (max_steps_done(t))
        *reason = TREN_STOP_MAX_STEPS;
    else
        return false;
    return true;
}

/* The checkpoint that a run ends with must be good; one on the way may fail. */
static tren_status end_epoch(tren_trainer *t, bool leave, bool *stop,
                             const double before[TREN_N_PHASES]) {
    tren_position *at = &t->stands.at;
    tren_verdict v;
    at->last_train_loss = at->loss / (double)at->rows;
    at->last_train_accuracy = t->run.info->n_classes > 0 ? at->correct / (double)at->rows : NAN;
    minimiser_swap_average(&t->minimiser); /* the average is evaluated and kept */
    TREN_TRY(decide(t, &v, before));
    if (v.best) TREN_TRY(trainer_save_best(t));
    minimiser_swap_average(&t->minimiser);
    at->epoch++;
    at->step = 0;
    if (!t->minimiser.kind->whole) at->loss = at->correct = 0, at->rows = 0;
    at->noise_square = at->noise_trace = 0;
    at->noise_steps = 0;
    *stop = v.stop;
    tren_stop_reason ignored;
    bool must = leave || is_over(t, v.stop, &ignored);
    return must || t->saver.due ? trainer_save(t, must) : TREN_OK;
}

const char *trainer_remedy(char out[TRAINER_REMEDY], const tren_trainer *t) {
    double rate = t->minimiser.learning_rate;
    if (rate * t->minimiser.decay > 1) /* a step turns weights around, and beyond 2 they grow */
        snprintf(out, TRAINER_REMEDY,
                 "lower %s (each step subtracts %g times each weight: this factor is its product "
                 "with the learning rate, %g)",
                 t->run.config->optimizer.lambda > 0 ? "optimizer.lambda"
                                                     : "optimizer.weight_decay",
                 rate * t->minimiser.decay, rate);
    else
        snprintf(out, TRAINER_REMEDY, "lower optimizer.learning_rate (%g now)", rate);
    return out;
}

static tren_status diverged(tren_trainer *t, int64_t step) {
    t->report.result->end.reason = TREN_STOP_DIVERGED;
    const tren_position *at = &t->stands.at;
    char where[64], remedy[TRAINER_REMEDY];
    bool updated = !t->minimiser.kind->whole && (at->epoch > 0 || step > 1);
    if (updated)
        return tren_fail(TREN_ERR_DIVERGED,
                         "the training loss is not finite in epoch %lld, step %lld: training has "
                         "diverged; %s, or set optimizer.clip_norm%s",
                         (long long)at->epoch + 1, (long long)step, trainer_remedy(remedy, t),
                         t->saver.has_saved ? "; the previous checkpoint is kept" : "");
    if (t->minimiser.kind->whole)
        snprintf(where, sizeof where, "where iteration %lld of %s begins", (long long)at->epoch + 1,
                 t->minimiser.optimizer->name);
    else
        snprintf(where, sizeof where, "in epoch 1, step 1, before any update");
    return tren_fail(TREN_ERR_DIVERGED,
                     "the training loss is not finite %s: make the initial weights smaller "
                     "(model.init, model.init_variance), or look for extreme values in the "
                     "training rows and for too strong augment.*%s",
                     where,
                     t->run.info->n_targets > 0 && t->run.info->n_classes == 0
                         ? "; squares of large targets are finite with --precision double"
                         : "");
}

static bool asked_to_leave(tren_trainer *t, const double tail[N_TAIL]) {
    bool asked = tail[TAIL_SIGNAL] > 0 || tail[TAIL_TIME] > 0;
    if (asked)
        t->report.result->end.reason =
            tail[TAIL_SIGNAL] > 0 ? TREN_STOP_SIGNAL : TREN_STOP_MAX_TIME;
    return asked;
}

/* A step's tail comes during the next one, or here: where it must, where the one before asks for
 * anything, and at the end of an epoch. */
static tren_status settle(tren_trainer *t, double tail[N_TAIL], bool must) {
    tren_position *at = &t->stands.at;
    bool finite = isfinite(tail[TAIL_LOSS]), late = t->minimiser.pending && !finite;
    bool asks = tail[TAIL_SIGNAL] > 0 || tail[TAIL_TIME] > 0 || tail[TAIL_SAVE] > 0 || !finite;
    if (must || asks || at->step == t->run.feed.steps_per_epoch)
        minimiser_finish(&t->minimiser, at, tail);
    return isfinite(tail[TAIL_LOSS]) ? TREN_OK : diverged(t, at->step - late);
}

/* What the folded tail asks for, the same on every rank. *leave: stop here. */
static tren_status obey(tren_trainer *t, double tail[N_TAIL], bool *leave) {
    int64_t done = t->stands.at.epoch * t->run.feed.steps_per_epoch + t->stands.at.step;
    int every = t->run.config->checkpoint_steps;
    bool counted = every > 0 && done % every == 0;
    TREN_TRY(settle(t, tail, counted || max_steps_done(t)));
    *leave = asked_to_leave(t, tail);
    bool due = tail[TAIL_SAVE] > 0 || counted;
    t->saver.due = due || t->minimiser.kind->save_period == 0;
    if (t->stands.at.step == t->run.feed.steps_per_epoch)
        return TREN_OK; /* the end of an epoch saves by itself */
    bool must = *leave || max_steps_done(t);
    return must || due ? trainer_save(t, must) : TREN_OK;
}

static void step(tren_trainer *t, double tail[N_TAIL]) {
    atomic_store_explicit(&t->report.watch.step, t->stands.at.step, memory_order_relaxed);
    const tren_run *run = &t->run;
    int64_t before = t->stands.at.rows;
    int64_t rows = t->minimiser.kind->step(&t->minimiser, &t->stands.at, tail);
    int64_t passes = rows / (int64_t)run->info->rows[TREN_TRAIN];
    t->report.trained_rows += rows;
    t->report.trained_labels +=
        t->minimiser.kind->whole ? passes * run->n_labels : t->stands.at.rows - before;
}

/* Ends the present phase here, for what is told of it. Returns the time. */
static double mark(tren_trainer *t) {
    clock_enter(&t->report.clock, t->report.clock.phase);
    return t->report.clock.since;
}

/* One step, and a report of it to options->stepped and the trace. */
static void step_told(tren_trainer *t, double tail[N_TAIL]) {
    double before[TREN_N_PHASES], spent[TREN_N_PHASES], since = mark(t);
    int64_t rows = t->report.trained_rows;
    memcpy(before, t->report.clock.spent, sizeof before);
    step(t, tail);
    trace_add(t->report.clock.trace, TRACE_STEP, (int)t->stands.at.step - 1, since, mark(t));
    if (!t->options->stepped) return;
    spent_since(spent, &t->report.clock, before);
    t->options->stepped(t->options->ctx, t->report.trained_rows - rows, spent);
}

static tren_status make_steps(tren_trainer *t, bool *leave) {
    while (!*leave && !max_steps_done(t) && t->stands.at.step < t->run.feed.steps_per_epoch) {
        double tail[N_TAIL], since = t->report.clock.since;
        if (t->options->stepped || t->options->trace)
            step_told(t, tail);
        else
            step(t, tail);
        if (t->report.result->costs.first_step_seconds == 0)
            t->report.result->costs.first_step_seconds = tren_seconds() - t->options->started;
        TREN_TRY(obey(t, tail, leave));
        t->report.trained_seconds += t->report.clock.since - since;
        trainer_report(t, NULL);
    }
    return TREN_OK;
}

static tren_status run_epoch(tren_trainer *t, bool *leave, bool *stop) {
    double before[TREN_N_PHASES], since;
    int64_t epoch = t->stands.at.epoch;
    begin_epoch(t);
    since = mark(t);
    memcpy(before, t->report.clock.spent, sizeof before);
    if (t->stands.at.step == 0) spent_since(before, &t->report.clock, (double[TREN_N_PHASES]){0});
    TREN_TRY(make_steps(t, leave));
    if (t->stands.at.step == t->run.feed.steps_per_epoch)
        TREN_TRY(end_epoch(t, *leave, stop, before));
    trace_add(t->report.clock.trace, TRACE_EPOCH, (int)epoch, since, mark(t));
    return TREN_OK;
}

/* Collective: only rank 0 has the history. */
static bool stopped_before(const tren_trainer *t) {
    bool stop = tren_early_stop(t->run.config, judged_of(&t->stands));
    tren_comm_bcast(t->run.comm, &stop, sizeof stop);
    return stop;
}

bool trainer_is_over(tren_trainer *t) {
    return is_over(t, stopped_before(t), &t->report.result->end.reason);
}

tren_status trainer_run(tren_trainer *t) {
    bool leave = false, stop = stopped_before(t);
    if (t->minimiser.kind->begin) t->minimiser.kind->begin(&t->minimiser);
    while (!leave && !is_over(t, stop, &t->report.result->end.reason))
        TREN_TRY(run_epoch(t, &leave, &stop));
    if (is_over(t, stop, &t->report.result->end.reason))
        return TREN_OK; /* a signal in the last step asks for nothing more */
    return tren_fail(TREN_REQUEUE, "saved at epoch %lld, step %lld; continue with --resume",
                     (long long)t->stands.at.epoch + 1, (long long)t->stands.at.step);
}

static tren_status left_the_check(tren_trainer *t) {
    t->stands.at = (tren_position){0};
    return tren_fail(TREN_REQUEUE, "stopped during check_without_dropout, before there was "
                                   "anything to save; start again with --resume");
}

tren_status trainer_check_without_dropout(tren_trainer *t) {
    int epochs = t->run.config->check_without_dropout;
    double first = NAN, last = NAN;
    t->run.dropout = false;
    for (int e = 0; e < epochs; e++) {
        begin_epoch(t);
        while (t->stands.at.step < t->run.feed.steps_per_epoch) {
            double tail[N_TAIL];
            step(t, tail);
            TREN_TRY(settle(t, tail, false));
            if (asked_to_leave(t, tail)) return left_the_check(t);
        }
        last = t->stands.at.loss / (double)t->stands.at.rows;
        if (e == 0) first = last;
        trainer_say(t, "check without dropout: epoch %d of %d, training loss %.6g", e + 1, epochs,
                    last);
        t->stands.at = (tren_position){.epoch = e + 1};
        if (t->run.comm->rank == 0 && t->options->hook) t->options->hook(t->options->ctx, "check");
    }
    bool falls = last < first;
    trainer_say(
        t,
        falls ? "check without dropout: the loss falls (%.6g -> %.6g); the training now starts, "
                "with dropout and from the initial weights"
              : "warning: check without dropout: the loss does NOT fall (%.6g -> %.6g): check the "
                "learning rate and the data before you trust the noisy curve with dropout",
        first, last);
    t->run.dropout = true;
    t->stands.at = (tren_position){0};
    t->report.trained_rows = t->report.trained_labels = 0;
    t->report.trained_seconds = 0;
    return TREN_OK;
}
