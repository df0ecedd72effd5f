/* A run from beginning to end. */
#include "train/trainer.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

/* 0.1 is made for sgd; rules that divide by the gradient's size take much less. */
static void say_default_rate(const tren_trainer *t) {
    const tren_config *c = t->run.config;
    ptrdiff_t rate = tren_option_find("optimizer.learning_rate") - tren_options(NULL);
    int name = c->optimizer.name;
    bool small =
        name == TREN_ADAM || name == TREN_ADAMW || name == TREN_RMSPROP || name == TREN_LAMB;
    if (!small || c->given[rate] || t->run.rates) return;
    trainer_say(t,
                "note: optimizer.learning_rate is the default, %g, which is high for %s (usual: "
                "%s); set it, for example with the help of 'tren lr-find'",
                c->optimizer.learning_rate, t->minimiser.optimizer->name,
                name == TREN_LAMB ? "0.01" : "0.001");
}

static void say_plan(const tren_trainer *t) {
    if (t->run.comm->rank > 0) return;
    const tren_config *c = t->run.config;
    char dimensions[256], stacking[64], shape[TREN_SHAPE_TEXT];
    double train, evaluate;
    tren_graph_describe(dimensions, sizeof dimensions, t->run.graph);
    tren_graph_cost(t->run.graph, &train, &evaluate);
    tren_work_describe(t->run.work, stacking, sizeof stacking);
    const char *core = c->gemm == TREN_GEMM_PORTABLE ? "portable" : tren_blas_core();
    trainer_say(t, "tren %s (%s): CPU level %s, %s%s, %d rank%s on %d node%s, reduction %s",
                TREN_VERSION, TREN_REAL_NAME, t->run.graph->kernels->level,
                c->gemm == TREN_GEMM_PORTABLE ? "gemm " : "OpenBLAS core ", core, t->run.comm->size,
                t->run.comm->size > 1 ? "s" : "", t->run.comm->n_nodes,
                t->run.comm->n_nodes > 1 ? "s" : "", tren_reducer_engine(t->run.reducer));
    trainer_say(t, "data: %s, %zu training / %zu validation / %zu test rows of %s", c->data,
                t->run.info->rows[0], t->run.info->rows[1], t->run.info->rows[2],
                tren_dataset_shape(shape, t->run.info));
    trainer_say(t, "model: %s %s, %zu parameters, %.3g MFLOP a row; %s", c->model.name, dimensions,
                t->run.graph->n_learned, train * 1e-6, t->minimiser.optimizer->name);
    trainer_say(t, "recipe: batch of %zu rows in %d shard%s, %lld step%s an epoch, %s",
                t->run.feed.batch, c->shards, c->shards > 1 ? "s" : "",
                (long long)t->run.feed.steps_per_epoch, t->run.feed.steps_per_epoch > 1 ? "s" : "",
                stacking);
    if (!t->minimiser.kind->whole && (size_t)c->batch_size > t->run.info->rows[TREN_TRAIN])
        trainer_say(
            t,
            "note: batch_size %d is more than the %zu training rows: every step uses all of them",
            c->batch_size, t->run.info->rows[TREN_TRAIN]);
    say_default_rate(t);
    char note[TREN_MAX_NOTES][TREN_NOTE];
    int n = tren_config_late_keys(note, c, t->run.feed.steps_per_epoch);
    for (int i = 0; i < n; i++) trainer_say(t, "note: %s", note[i]);
    if (t->run.feed.augment.warps && t->run.feed.normalizer.mean)
        trainer_say(t,
                    "note: augment: pixels from outside an image are the mean of the channel, not "
                    "0, where 0 is more than %d sd from the mean",
                    TREN_FAR);
    if (tren_reducer_max_nodes(t->run.reducer) > 1)
        trainer_say(t,
                    "note: up to %d tree nodes per rank, so more data to send; a number of ranks "
                    "that is a power of two has one",
                    tren_reducer_max_nodes(t->run.reducer));
    if (tren_reducer_note(t->run.reducer)[0])
        trainer_say(t, "warning: %s; auto has taken %s", tren_reducer_note(t->run.reducer),
                    tren_reducer_engine(t->run.reducer));
    if (t->run.comm->crowded)
        trainer_say(t,
                    "warning: %d ranks share fewer CPUs on this node: the run is slower, but has "
                    "the same bits",
                    t->run.comm->local_size);
}

static const char *way_on(const tren_trainer *t) {
    tren_stop_rule rule = t->run.config->early_stopping.rule;
    switch (t->report.result->end.reason) {
    case TREN_STOP_EARLY:
        if (rule == TREN_STOP_GL || rule == TREN_STOP_UP)
            return "train again with another --early_stopping.rule and another --out";
        return "raise --early_stopping.patience";
    case TREN_STOP_MAX_STEPS:
        return "raise --max_steps";
    case TREN_STOP_LOSS:
        return "lower --stop_loss";
    case TREN_STOP_CONVERGED:
        return "lower --optimizer.tolerance_x and --optimizer.tolerance_f";
    default:
        return "raise --epochs";
    }
}

/* Nothing is left to do, not even what comes after the last step. */
static bool ended_before(tren_trainer *t) {
    bool over = trainer_is_over(t);
    if (over && t->run.comm->rank == 0) over = trainer_has_result(t);
    tren_comm_bcast(t->run.comm, &over, sizeof over);
    t->report.result->end.ended_before = over;
    if (over)
        trainer_say(
            t,
            "this run has already ended (%s) after %lld epochs: nothing to do. To continue, "
            "%s",
            tren_stop_reason_name(t->report.result->end.reason), (long long)t->stands.at.epoch,
            way_on(t));
    return over;
}

/* Rank 0. */
static tren_status leave_ended(tren_trainer *t) {
    TREN_TRY(metrics_restore(t));
    if (!t->saver.best_lost) return TREN_OK;
    return tren_fail(TREN_ERR_CHECKPOINT,
                     "this run has ended, but %s/best.h5 is lost; evaluate the last weights with "
                     "'tren eval %s --which last', or train again with another --out",
                     t->run.config->out, t->run.config->out);
}

/* Where the labels of all validation rows are alike, some metrics have no value. Nothing else would
 * tell it before the end of the first epoch. */
static tren_status check_monitor_varies(tren_trainer *t) {
    int monitor = t->run.config->early_stopping.monitor - 1;
    tren_scores scores;
    tren_status st = TREN_OK;
    if (monitor < 0 || !tren_metric_table[monitor].varied) return TREN_OK;
    clock_enter(&t->report.clock, TREN_PHASE_EVALUATE);
    TREN_TRY(tren_evaluate(&scores, t->validation, t->run.comm));
    clock_enter(&t->report.clock, TREN_PHASE_SETUP);
    if (t->run.comm->rank == 0 && isfinite(scores.loss) && isnan(scores.metric[monitor]))
        st = tren_fail(TREN_ERR_USAGE,
                       "early_stopping.monitor: %s has no value for the validation rows of %s, "
                       "because their labels are all alike; import the data again with --stratify "
                       "or more validation rows, or remove the key",
                       tren_metric_name[monitor], t->run.config->data);
    return tren_comm_agree(t->run.comm, st);
}

static tren_status begin(tren_trainer *t) {
    bool resumed = false;
    tren_checkpoint from = {0};
    if (t->options->resume) TREN_TRY(trainer_resume(t, &from, &resumed));
    if (resumed && ended_before(t))
        return tren_comm_agree(t->run.comm, t->run.comm->rank == 0 ? leave_ended(t) : TREN_OK);
    if (resumed && t->run.comm->rank == 0) trainer_go_on_with(t, &from);
    if (t->saver.best_lost)
        trainer_say(t, "The run continues. A better epoch writes best.h5 again; without one, the "
                       "run ends with exit code 7 and without a test");
    if (!resumed) {
        TREN_TRY(trainer_start(t));
        if (t->run.config->check_without_dropout > 0) {
            TREN_TRY(trainer_check_without_dropout(t));
            TREN_TRY(trainer_start(t));
        }
    }
    TREN_TRY(check_monitor_varies(t));
    tren_status st = TREN_OK;
    if (t->run.comm->rank == 0) {
        tren_folder_remove(&t->saver.folder, "result.json"); /* stale: training continues */
        st = tren_folder_write(&t->saver.folder, "config.yaml", t->stands.config);
        if (st == TREN_OK && resumed) st = metrics_restore(t);
        if (st == TREN_OK) st = metrics_begin(t);
    }
    return tren_comm_agree(t->run.comm, st);
}

/* The best weights on the test part, once. */
static tren_status test(tren_trainer *t) {
    tren_result *r = t->report.result;
    if (!t->run.config->evaluate_test || t->run.info->rows[TREN_TEST] == 0) return TREN_OK;
    clock_enter(&t->report.clock, TREN_PHASE_EVALUATE);
    bool missing = false;
    if (t->stands.at.best_epoch > 0) TREN_TRY(trainer_restore_best(t, &missing));
    if (missing) return TREN_OK;
    tren_evaluator *evaluator = NULL;
    tren_eval_spec spec = {.dataset = t->run.dataset,
                           .part = TREN_TEST,
                           .graph = t->run.graph,
                           .value = t->run.value,
                           .trained_on = &t->stands.data,
                           .shared = true};
    TREN_TRY(tren_evaluator_open(&evaluator, t->run.comm, &spec));
    tren_scores scores;
    tren_status st = tren_evaluate(&scores, evaluator, t->run.comm);
    tren_evaluator_close(evaluator);
    TREN_TRY(st);
    r->scores.test_loss = scores.loss;
    r->scores.test_accuracy = scores.accuracy;
    return TREN_OK;
}

/* A run that has trained is not lost for its timeline. */
static void write_trace(tren_trainer *t) {
    tren_trace *trace = &t->report.trace;
    char text[512];
    if (!trace->at) return;
    snprintf(text, sizeof text, "%s", tren_error_text());
    clock_enter(&t->report.clock, TREN_PHASE_SETUP);
    if (trace_write(trace, t->run.comm, t->run.graph) != TREN_OK)
        trainer_say(t, "warning: %s", tren_error_text());
    else if (trace->lost > 0)
        trainer_say(t,
                    "note: the trace %s has the first %lld events of each rank; %lld later events "
                    "of rank 0 are missing: trace fewer steps (--max_steps)",
                    t->options->trace, (long long)trace->room, (long long)trace->lost);
    tren_fail(TREN_OK, "%s", text); /* what ended the run */
}

static tren_status run(tren_trainer *t) {
    tren_result *r = t->report.result;
    tren_status st = begin(t);
    if (st == TREN_OK && !r->end.ended_before) {
        say_plan(t);
        t->run.asks.last_save = tren_seconds();
        st = trainer_run(t);
    }
    r->end.digest = tren_digest(t->run.value, t->run.n_values * sizeof(real));
    if (st == TREN_OK && t->run.comm->rank == 0 && t->options->finished)
        t->options->finished(t->options->ctx, t->run.graph, t->run.value);
    tren_status tested = st == TREN_OK && !r->end.ended_before ? test(t) : TREN_OK;
    if (tested != TREN_OK && tested != TREN_ERR_CHECKPOINT) return tested;
    if (st == TREN_OK && !r->end.ended_before) st = run_confirm_data(&t->run);
    if (st != TREN_OK && st != TREN_REQUEUE && st != TREN_ERR_DIVERGED) return st;
    if (t->run.comm->rank == 0) trainer_follow_folder(t);
    write_trace(t);
    trainer_fill_result(t);
    if (r->end.ended_before) return TREN_OK;
    tren_status written = TREN_OK;
    if (t->run.comm->rank == 0) {
        char text[512];
        snprintf(text, sizeof text, "%s", tren_error_text());
        written = trainer_write_result(t, st);
        if (written == TREN_OK) tren_fail(st, "%s", text);
    }
    written = tren_comm_agree(t->run.comm, written);
    if (written != TREN_OK && st != TREN_ERR_DIVERGED) return written;
    return st == TREN_OK ? tested : st; /* without the best weights the rest is there */
}

static tren_status agree(const tren_comm *comm, const tren_config *config,
                         const tren_train_options *options) {
    tren_facts facts = {0};
    if (comm->size == 1) return TREN_OK;
    TREN_TRY(tren_agree_on_program(comm, "train"));
    tren_facts_add_config(&facts, config);
    tren_facts_add(&facts, "--resume", "%s", options->resume ? "given" : "not given");
    tren_facts_add(&facts, "--trace", "%s", options->trace ? options->trace : "not given");
    tren_facts_add(&facts, "--trace-layers", "%s", options->trace_layers ? "given" : "not given");
    return tren_agree_on_config(comm, &facts);
}

/* Rank 0: what the newest readable checkpoint of the folder says; else what the config does. */
static bool normalized_before(const tren_config *config) {
    static const char *const name[] = {"last.h5", "previous.h5"};
    bool normalized = config->normalize_targets;
    for (int i = 0; i < 2; i++) {
        char path[TREN_MAX_PATH + 16];
        tren_checkpoint c = {0};
        tren_config before;
        snprintf(path, sizeof path, "%s/%s", config->out, name[i]);
        if (access(path, F_OK) != 0 || tren_checkpoint_read(&c, path) != TREN_OK) continue;
        bool read = tren_checkpoint_config(&before, &c, path) == TREN_OK;
        if (read) normalized = before.normalize_targets;
        tren_checkpoint_close(&c);
        if (read) break;
    }
    return normalized;
}

/* A run whose config does not say so goes on with targets as it began, also one that began before
 * targets were normalised. */
static void keep_targets(tren_config *config, const tren_comm *comm, bool resume) {
    bool said = config->given[tren_option_find("normalize_targets") - tren_options(NULL)];
    if (!resume || said || !config->out[0]) return;
    if (comm->rank == 0) config->normalize_targets = normalized_before(config);
    tren_comm_bcast(comm, &config->normalize_targets, sizeof config->normalize_targets);
}

tren_status tren_train(tren_comm *comm, const tren_config *given, const tren_train_options *options,
                       tren_result *result) {
    tren_config resolved = *given, *config = &resolved;
    *result = (tren_result){.scores = {.test_loss = NAN, .test_accuracy = NAN}};
    tren_trainer t = {.options = options,
                      .run = {.comm = comm,
                              .config = config,
                              .clock = &t.report.clock,
                              .asks = {.signal = options->signal,
                                       .started = options->started,
                                       .max_time = config->max_time},
                              .rates = options->rates,
                              .dropout = true},
                      .report.result = result,
                      .saver.folder.lock = -1};
    TREN_TRY(agree(comm, config, options));
    keep_targets(config, comm, options->resume);
    atomic_store(&t.report.watch.peer, -1);
    clock_start(&t.report.clock, options->started, &t.report.watch);
    tren_watch *before = comm->watch;
    comm->watch = &t.report.watch;
    tren_status st = tren_comm_agree(comm, tren_watchdog_open(&t.report.watchdog, &t.report.watch,
                                                              comm->rank, config->stall_timeout));
    if (st == TREN_OK) st = trainer_open(&t);
    if (st == TREN_OK) st = run(&t);
    comm->watch = before;
    trainer_close(&t);
    return st;
}
