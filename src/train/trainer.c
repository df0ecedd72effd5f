/* Setting a run up, and taking it down. */
#include "train/checkpoint.h"
#include "train/trainer.h"

#include <math.h>
#include <string.h>
#include <time.h>

/* The lock dies with its holder, and ranks of a killed mpirun may outlive it by a second: hence the
 * patience. All ranks wait together and make progress: else the watchdogs would take rank 0, which
 * waits for the lock, for stuck. */
static tren_status wait_for_lock(tren_trainer *t) {
    enum { TRIES = 50 };
    tren_comm *comm = t->run.comm;
    for (int i = 0; i < TRIES; i++) {
        bool locked = comm->rank > 0 || tren_folder_lock(&t->saver.folder);
        tren_comm_bcast(comm, &locked, sizeof locked);
        if (locked) return TREN_OK;
        atomic_fetch_add(&t->report.watch.beat, 1);
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    return tren_fail(TREN_ERR_ENV,
                     "the run folder %s is in use by another run (its .lock is held); wait for it, "
                     "or choose another folder with --out",
                     t->run.config->out);
}

static tren_status open_folder(tren_trainer *t) {
    tren_comm *comm = t->run.comm;
    tren_folder *folder = &t->saver.folder;
    bool writes = comm->rank == 0;
    TREN_TRY(
        tren_comm_agree(comm, writes ? tren_folder_open(folder, t->run.config->out) : TREN_OK));
    TREN_TRY(wait_for_lock(t));
    tren_status st = writes ? tren_folder_begin(folder, t->options->resume) : TREN_OK;
    if (writes && t->options->log) t->report.log = *t->options->log;
    t->report.log.file = folder->log;
    return tren_comm_agree(comm, st);
}

/* What a checkpoint says of this run at any moment. */
static tren_status describe_run(tren_trainer *t) {
    tren_checkpoint *now = &t->stands;
    const tren_run *run = &t->run;
    now->canonical = run->config->reduction != TREN_ENGINE_MPI;
    now->dataset_digest = run->info->digest;
    TREN_TRY(tren_checkpoint_set_data(now, run->info));
    TREN_TRY(tren_checkpoint_set_targets(now, run->targets.mean, run->targets.sd));
    snprintf(now->optimizer, sizeof now->optimizer, "%s", t->minimiser.optimizer->name);
    snprintf(now->blas_core, sizeof now->blas_core, "%s", tren_blas_core());
    tren_blas_version(now->blas_version, sizeof now->blas_version);
    snprintf(now->cpu_level, sizeof now->cpu_level, "%s", run->graph->kernels->level);
    if (run->config->gemm != TREN_GEMM_PORTABLE) tren_checkpoint_add_arithmetic(now, now);
    snprintf(now->precision, sizeof now->precision, "%s", TREN_REAL_NAME);
    return tren_config_format(&now->config, run->config);
}

/* Once rank 0 alone would cost the epoch more than 2 %, all ranks share the validation rows. */
static bool worth_sharing(const tren_run *run) {
    double train, evaluate;
    tren_graph_cost(run->graph, &train, &evaluate);
    double alone = evaluate * (double)run->info->rows[TREN_VALIDATION];
    return alone > 0.02 * train * (double)run->info->rows[TREN_TRAIN] / run->comm->size;
}

static tren_status open_local(tren_trainer *t) {
    tren_run *run = &t->run;
    tren_minimiser *m = &t->minimiser;
    TREN_TRY(minimiser_open(m, run));
    TREN_TRY(describe_run(t));
    TREN_TRY(run_open_work(run, m->value, m->combine, m));
    double period = run->config->checkpoint_seconds;
    if (period == 0) period = m->kind->save_period;
    run->asks.save_period = period > 0 ? period : INFINITY;
    if (run->comm->rank == 0 && !run->config->out[0])
        TREN_TRY(tren_arena_open(&t->saver.best, run->n_values));
    return TREN_OK;
}

/* Before the rows are read: a file that cannot be written is refused at once. */
static tren_status open_trace(tren_trainer *t) {
    tren_trace *trace = &t->report.trace;
    if (!t->options->trace) return TREN_OK;
    TREN_TRY(trace_open(trace, t->run.comm, t->options->trace, t->options->trace_layers));
    t->report.clock.trace = trace;
    t->report.watch.ctx = trace;
    t->report.watch.waits = trace_waits;
    return TREN_OK;
}

tren_status trainer_open(tren_trainer *t) {
    tren_run *run = &t->run;
    TREN_TRY(open_trace(t));
    TREN_TRY(straggler_open(&t->report.straggler, run->comm));
    tren_blas_threads(run->config->blas_threads);
    TREN_TRY(tren_agree_on_core(run->comm, run->config, t->options->log));
    if (run->comm->rank == 0) run->reading.log = t->options->log;
    TREN_TRY(run_open_data(run, &t->stands.rows_digest, &t->report.result->run.content));
    TREN_TRY(open_folder(t));
    TREN_TRY(run_open_reducer(run));
    TREN_TRY(tren_comm_agree(run->comm, open_local(t)));
    tren_eval_spec evaluation = {.dataset = run->dataset,
                                 .part = TREN_VALIDATION,
                                 .graph = run->graph,
                                 .value = run->value,
                                 .trained_on = &t->stands.data,
                                 .shared = worth_sharing(run),
                                 .metrics = metrics_wanted(run->config)};
    return tren_evaluator_open(&t->validation, run->comm, &evaluation);
}

tren_status trainer_start(tren_trainer *t) {
    tren_run *run = &t->run;
    if (run->comm->rank == 0) tren_graph_init(run->graph, run->value, run->config->seed);
    tren_reducer_share_values(run->reducer);
    if (run->config->init_from[0]) TREN_TRY(trainer_init_from(t));
    minimiser_start(&t->minimiser);
    return TREN_OK;
}

void trainer_close(tren_trainer *t) {
    tren_watchdog_close(t->report.watchdog);
    tren_evaluator_close(t->validation);
    minimiser_close(&t->minimiser);
    run_close(&t->run);
    tren_arena_close(&t->saver.best);
    tren_checkpoint_close(&t->stands);
    trace_close(&t->report.trace);
    straggler_close(&t->report.straggler);
    tren_events_close(&t->saver.events);
    if (t->run.comm->rank == 0) tren_folder_close(&t->saver.folder);
}
