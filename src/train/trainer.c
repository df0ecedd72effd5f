/* Setting a run up, and taking it down. */
#include "train/memory.h"
#include "train/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The lock dies with its holder, and ranks of a killed mpirun may outlive it by a second: hence the
 * patience. All ranks wait together and make progress: else the watchdogs would take rank 0, which
 * waits for the lock, for stuck. */
static tren_status wait_for_lock(tren_trainer *t) {
    enum { TRIES = 50 };
    for (int i = 0; i < TRIES; i++) {
        bool locked = t->comm->rank > 0 || tren_folder_lock(&t->folder);
        tren_comm_bcast(t->comm, &locked, sizeof locked);
        if (locked) return TREN_OK;
        atomic_fetch_add(&t->watch.beat, 1);
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    return tren_fail(TREN_ERR_ENV,
                     "the run folder %s is in use by another run (its .lock is held); wait for it, "
                     "or choose another folder with --out",
                     t->config->out);
}

static tren_status open_folder(tren_trainer *t) {
    bool writes = t->comm->rank == 0;
    TREN_TRY(
        tren_comm_agree(t->comm, writes ? tren_folder_open(&t->folder, t->config->out) : TREN_OK));
    TREN_TRY(wait_for_lock(t));
    tren_status st = writes ? tren_folder_begin(&t->folder, t->options->resume) : TREN_OK;
    if (writes && t->options->log) t->log = *t->options->log;
    t->log.file = t->folder.log;
    return tren_comm_agree(t->comm, st);
}

static tren_status check_shards(const tren_trainer *t) {
    int shards = t->config->shards;
    if (t->comm->size > shards)
        return tren_fail(TREN_ERR_USAGE,
                         "%d ranks for %d shards: a rank needs at least one; start at most %d "
                         "ranks, or train with "
                         "--shards %d or more (shards are part of the recipe: other bits)",
                         t->comm->size, shards, shards, t->comm->size);
    if (t->config->early_stopping.rule != TREN_STOP_NONE && t->info->rows[TREN_VALIDATION] == 0)
        return tren_fail(
            TREN_ERR_USAGE,
            "early_stopping.rule: %s has no validation rows to judge by; split the data with "
            "--split 96/2/2, or set early_stopping.rule: none",
            t->config->data);
    return TREN_OK;
}

static tren_status open_dataset(tren_trainer *t) {
    char name[TREN_COMM_TEXT];
    tren_status st = tren_dataset_open(&t->dataset, t->config->data);
    if (st != TREN_OK && t->comm->rank > 0) /* rank 0 may well have one */
        return tren_fail_in(st, "%s", tren_comm_name(name, t->comm));
    if (st == TREN_OK) t->info = tren_dataset_info_of(t->dataset);
    return st;
}

/* What can be known to fail is refused before the rows are read. */
static tren_status open_plan(tren_trainer *t) {
    TREN_TRY(check_shards(t));
    TREN_TRY(tren_augment_open(&t->augment, t->config, t->info));
    TREN_TRY(tren_model_build(&t->graph, t->config, t->info));
    return tren_memory_check(t->config, t->graph, t->info, t->comm);
}

static tren_status open_data(tren_trainer *t) {
    const tren_config *c = t->config;
    tren_sharding sharding = {.m = t->info->rows[TREN_TRAIN], .n = c->shards};
    tren_node mine = tren_comm_shards(t->comm, c->shards, t->comm->rank);
    t->lo = mine.a;
    t->hi = mine.b;
    t->order.sharding = sharding;
    TREN_TRY(trainer_read_data(t));
    TREN_TRY(tren_normalizer_open(&t->normalizer, t->info));
    t->normalizer.kernels = t->augment.kernels = t->graph->kernels;
    /* The order of the sums is part of the function that scg minimises. */
    bool shuffle = c->shuffle && c->optimizer.name != TREN_SCG;
    TREN_TRY(tren_order_open(&t->order, sharding, t->lo, t->hi, c->seed, shuffle));
    t->batch = tren_config_batch(c, sharding.m);
    t->steps_per_epoch = (int64_t)((sharding.m + t->batch - 1) / t->batch);
    return TREN_OK;
}

static tren_status open_batch(tren_trainer *t, int *max_rows) {
    size_t groups = (size_t)(t->hi - t->lo);
    size_t rows = tren_batch_rows(t->config, t->order.sharding.m, t->hi - t->lo);
    *max_rows = (int)rows;
    TREN_TRY(tren_alloc(&t->row, rows, sizeof *t->row, "a batch"));
    TREN_TRY(tren_alloc(&t->sample, rows, sizeof *t->sample, "a batch"));
    if (t->rows.label || t->info->n_classes > 0)
        TREN_TRY(tren_alloc(&t->label, rows, sizeof *t->label, "a batch"));
    else
        TREN_TRY(tren_alloc(&t->target, rows * (size_t)t->info->n_targets, sizeof *t->target,
                            "a batch"));
    TREN_TRY(tren_alloc(&t->row0, groups + 1, sizeof *t->row0, "a batch"));
    TREN_TRY(tren_alloc(&t->leaf, groups * N_TAIL, sizeof *t->leaf, "a batch"));
    return tren_alloc(&t->pattern, (size_t)t->steps_per_epoch, sizeof *t->pattern, "row patterns");
}

static void work_ready(void *ctx, size_t lo) {
    tren_reducer_ready(((tren_trainer *)ctx)->reducer, lo);
}
static void work_combine(void *ctx, int param, tren_span at, const real *left, const real *right) {
    trainer_combine(ctx, param, at, left, right);
}

static tren_status open_work(tren_trainer *t) {
    int max_rows = 0;
    TREN_TRY(open_batch(t, &max_rows));
    tren_work_spec spec = {.max_rows = max_rows,
                           .train = true,
                           .stacking = t->config->stacking,
                           .poked = tren_reducer_sends(t->reducer),
                           .shards = t->config->shards,
                           .lo = t->lo,
                           .hi = t->hi,
                           .value = trainer_iterates(t) ? t->point.at : t->value,
                           .node = tren_reducer_node(t->reducer),
                           .ready = work_ready,
                           .combine = t->at_once ? work_combine : NULL,
                           .ctx = t};
    TREN_TRY(tren_work_open(&t->work, t->graph, &spec));
    for (int64_t s = 0; s < t->steps_per_epoch; s++) {
        int pattern;
        trainer_rows_of_step(t, s, t->row0);
        tren_status st = tren_work_pattern(t->work, &pattern, t->hi - t->lo, t->row0);
        if (st != TREN_OK)
            return tren_fail_in(st, "batch_size: %zu, shards: %d",
                                tren_config_batch(t->config, t->order.sharding.m),
                                t->config->shards);
        t->pattern[s] = pattern;
    }
    return TREN_OK;
}

/* My pieces cut where decay changes, without the tail. */
static tren_status plan_segments(tren_trainer *t) {
    const tren_span *piece;
    int n = tren_reducer_pieces(t->reducer, &piece);
    size_t most = (size_t)n + (size_t)t->graph->n_params + 1, state = 0;
    TREN_TRY(tren_alloc(&t->segment, most, sizeof *t->segment, "the update plan"));
    for (int p = 0; p < n; state += piece[p++].len)
        for (int i = 0; i < t->graph->n_params; i++) {
            tren_span at = t->graph->param[i].at;
            size_t lo = at.off > piece[p].off ? at.off : piece[p].off;
            size_t hi = at.off + at.len < piece[p].off + piece[p].len ? at.off + at.len
                                                                      : piece[p].off + piece[p].len;
            if (lo >= hi) continue;
            t->segment[t->n_segments++] =
                (trainer_segment){.at = {lo, hi - lo},
                                  .state = state + (lo - piece[p].off),
                                  .decay = t->graph->param[i].decay,
                                  .statistic = t->graph->param[i].statistic};
        }
    for (int k = 0; k < t->optimizer->n_states; k++) TREN_TRY(tren_arena_open(&t->state[k], state));
    return TREN_OK;
}

static tren_status open_update(tren_trainer *t) {
    const tren_config *c = t->config;
    double m = (double)t->order.sharding.m;
    t->decay = c->optimizer.lambda > 0
                   ? c->optimizer.lambda / m
                   : (c->optimizer.weight_decay > 0 ? c->optimizer.weight_decay : 0);
    t->optimizer = tren_optimizer_find(c);
    t->at_once = t->comm->size == 1 && c->optimizer.clip_norm == 0 && !trainer_iterates(t);
    t->fused =
        t->at_once && c->shards == 1 && (t->optimizer->n_states == 0 || t->optimizer->settle);
    tren_checkpoint *now = &t->state_of;
    now->canonical = c->reduction != TREN_ENGINE_MPI;
    now->dataset_digest = t->info->digest;
    TREN_TRY(tren_checkpoint_set_data(now, t->info));
    snprintf(now->optimizer, sizeof now->optimizer, "%s", t->optimizer->name);
    snprintf(now->blas_core, sizeof now->blas_core, "%s", tren_blas_core());
    tren_blas_version(now->blas_version, sizeof now->blas_version);
    snprintf(now->cpu_level, sizeof now->cpu_level, "%s", t->graph->kernels->level);
    snprintf(now->precision, sizeof now->precision, "%s", TREN_REAL_NAME);
    TREN_TRY(tren_config_format(&now->config, c));
    return trainer_iterates(t) ? trainer_iterate_open(t) : plan_segments(t);
}

/* Once rank 0 alone would cost the epoch more than 2 %, all ranks share the validation rows. */
static bool worth_sharing(const tren_trainer *t) {
    double train, evaluate;
    tren_graph_cost(t->graph, &train, &evaluate);
    double alone = evaluate * (double)t->info->rows[TREN_VALIDATION];
    return alone > 0.02 * train * (double)t->info->rows[TREN_TRAIN] / t->comm->size;
}

static tren_status open_local(tren_trainer *t) {
    TREN_TRY(open_update(t));
    TREN_TRY(open_work(t));
    if (t->comm->rank == 0 && !t->config->out[0]) TREN_TRY(tren_arena_open(&t->best, t->n_values));
    return TREN_OK;
}

tren_status trainer_open(tren_trainer *t) {
    tren_blas_threads(t->config->blas_threads);
    TREN_TRY(tren_agree_on_core(t->comm, t->config, t->options->log));
    TREN_TRY(tren_comm_agree(t->comm, open_dataset(t)));
    TREN_TRY(tren_agree_on_dataset(t->comm, t->config->data, t->dataset));
    TREN_TRY(tren_comm_agree(t->comm, open_plan(t)));
    TREN_TRY(tren_comm_agree(t->comm, open_data(t)));
    TREN_TRY(trainer_pin_rows(t));
    TREN_TRY(open_folder(t));
    t->n_values = t->graph->n_values;
    tren_reduce_spec spec = {.n = t->n_values + N_TAIL,
                             .shards = t->config->shards,
                             .kernels = t->graph->kernels,
                             .engine = t->config->reduction,
                             .bucket = (size_t)t->config->bucket_kib * 1024 / sizeof(real)};
    TREN_TRY(tren_reducer_open(&t->reducer, t->comm, &spec));
    t->value = tren_reducer_value(t->reducer);
    TREN_TRY(tren_comm_agree(t->comm, open_local(t)));
    t->validation_shared = worth_sharing(t);
    tren_eval_spec evaluation = {.dataset = t->dataset,
                                 .part = TREN_VALIDATION,
                                 .graph = t->graph,
                                 .value = t->value,
                                 .shared = t->validation_shared};
    return tren_evaluator_open(&t->validation, t->comm, &evaluation);
}

void trainer_initial_values(tren_trainer *t) {
    if (t->comm->rank == 0) tren_graph_init(t->graph, t->value, t->config->seed);
    for (int k = 0; k < t->optimizer->n_states; k++)
        memset(t->state[k].at, 0, t->state[k].len * sizeof(real));
    tren_reducer_share_values(t->reducer);
}

void trainer_close(tren_trainer *t) {
    tren_watchdog_close(t->watchdog);
    tren_evaluator_close(t->validation);
    tren_work_close(t->work);
    tren_reducer_close(t->reducer);
    tren_graph_close(t->graph);
    tren_order_close(&t->order);
    tren_augment_close(&t->augment);
    tren_normalizer_close(&t->normalizer);
    tren_rows_close(&t->rows);
    tren_dataset_close(t->dataset);
    for (int k = 0; k < TREN_MAX_STATES; k++) tren_arena_close(&t->state[k]);
    tren_arena_close(&t->accepted);
    tren_arena_close(&t->point);
    tren_arena_close(&t->gradient);
    tren_arena_close(&t->best);
    tren_checkpoint_close(&t->state_of);
    free(t->row);
    free(t->sample);
    free(t->label);
    free(t->target);
    free(t->row0);
    free(t->leaf);
    free(t->pattern);
    free(t->segment);
    if (t->comm->rank == 0) tren_folder_close(&t->folder);
}
