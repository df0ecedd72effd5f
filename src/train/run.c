#include "train/run.h"
#include "train/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static tren_status check_shards(const tren_run *r) {
    int shards = r->config->shards;
    if (r->comm->size <= shards) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "%d ranks for %d shards: a rank needs at least one; start at most %d "
                     "ranks, or train with --shards %d or more (shards are part of the recipe: "
                     "other shards give other bits)",
                     r->comm->size, shards, shards, r->comm->size);
}

static tren_status check_validation(const tren_config *config, const tren_dataset_info *info) {
    if (info->rows[TREN_VALIDATION] > 0) return TREN_OK;
    if (config->early_stopping.rule != TREN_STOP_NONE)
        return tren_fail(TREN_ERR_USAGE,
                         "early_stopping.rule: %s has no validation rows, which the rule needs; "
                         "split the data with --split 96/2/2, or set early_stopping.rule: none",
                         config->data);
    if (config->optimizer.ema > 0)
        return tren_fail(
            TREN_ERR_USAGE,
            "optimizer.ema: the average of the weights is only used by validation, but %s has no "
            "validation rows; split the data with --split 96/2/2, or remove optimizer.ema",
            config->data);
    return TREN_OK;
}

static tren_status check_metric(const tren_config *config, const tren_graph *graph,
                                const tren_dataset_info *info, int metric, const char *key) {
    TREN_TRY(tren_metric_check(metric, graph, info, key, config->data));
    if (info->rows[TREN_VALIDATION] > 0) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "%s: %s has no validation rows to compute %s; split the data with --split "
                     "96/2/2, or remove the key",
                     key, config->data, tren_metric_name[metric]);
}

static tren_status check_monitor(const tren_config *config, const tren_graph *graph,
                                 const tren_dataset_info *info) {
    int monitor = config->early_stopping.monitor - 1, rule = config->early_stopping.rule;
    if (monitor < 0) return TREN_OK;
    const char *name = tren_metric_name[monitor];
    TREN_TRY(check_metric(config, graph, info, monitor, "early_stopping.monitor"));
    if (rule == TREN_STOP_STANDARD_ERROR)
        return tren_fail(
            TREN_ERR_USAGE,
            "early_stopping.monitor: %s, but the rule standard_error compares losses with their "
            "standard error; give early_stopping.rule: patience, or remove the key",
            name);
    if (rule != TREN_STOP_GL || !tren_metric_table[monitor].larger) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "early_stopping.monitor: %s is better when larger, but the rule gl measures "
                     "percents above the lowest value; give early_stopping.rule: patience or up",
                     name);
}

tren_status run_check(const tren_config *config, const tren_graph *graph,
                      const tren_dataset_info *info) {
    const tren_int_list *list = &config->metrics;
    TREN_TRY(check_validation(config, info));
    for (int i = 0; i < list->n; i++)
        TREN_TRY(check_metric(config, graph, info, list->at[i], "metrics"));
    return check_monitor(config, graph, info);
}

static tren_status open_network(tren_run *r) {
    TREN_TRY(check_shards(r));
    TREN_TRY(feed_check(&r->feed, r->config, r->info));
    TREN_TRY(tren_model_build(&r->graph, r->config, r->info));
    r->n_values = r->graph->n_values;
    TREN_TRY(run_check(r->config, r->graph, r->info));
    return tren_memory_check(r->config, r->graph, r->info, r->comm);
}

static tren_status read_rows(tren_run *r) {
    char name[TREN_COMM_TEXT];
    r->stamp.file = tren_dataset_stamp(r->dataset);
    reading_begin(r);
    tren_status st = feed_open(&r->feed, r->config, r->dataset, r->comm, r->graph->kernels);
    if (st == TREN_OK && r->graph->loss->takes == TREN_TAKES_SHARES)
        st = tren_rows_check_unit(&r->feed.rows, r->graph->loss->name);
    if (st == TREN_OK) st = run_stamp_rows(r);
    reading_end(r);
    if (st == TREN_OK || r->comm->size == 1) return st;
    return tren_fail_in(st, "%s", tren_comm_name(name, r->comm));
}

static void count_labels(tren_run *r) {
    double n = (double)feed_labels(&r->feed);
    tren_comm_sum(r->comm, &n, 1);
    r->n_labels = (int64_t)n;
}

/* How much a row of each class counts, from the number of training rows of each, count [n]: so that
 * a row counts 1 in the mean; where nothing is given, so that each class has the same sum. */
static void weigh_classes(real *weight, const size_t *count, const tren_real_list *given, int n) {
    double rows = 0, sum = 0;
    for (int c = 0; c < n; c++) {
        rows += (double)count[c];
        sum += given->n > 0 ? given->at[c] * (double)count[c] : count[c] > 0;
    }
    for (int c = 0; c < n; c++) {
        double w = given->n > 0 ? given->at[c] : count[c] > 0 ? 1 / (double)count[c] : 0;
        weight[c] = sum > 0 ? (real)(w * rows / sum) : 0;
    }
}

static tren_status check_class_weights(const tren_real_list *given, const size_t *count) {
    for (int c = 0; c < given->n; c++)
        if (given->at[c] > 0 && count[c] > 0) return TREN_OK;
    if (given->n < 0) return TREN_OK; /* auto */
    return tren_fail(TREN_ERR_USAGE, "loss.class_weights: every class that has training rows "
                                     "weighs 0, so there is nothing to learn; give one more");
}

static tren_status open_class_weights(tren_run *r) {
    const tren_real_list *given = &r->config->loss.class_weights;
    size_t n = (size_t)r->info->n_classes, *count = NULL;
    if (given->n == 0) return TREN_OK;
    tren_status st = tren_alloc(&count, n, sizeof *count, "class weights");
    if (st == TREN_OK) st = tren_alloc(&r->class_weight, n, sizeof(real), "class weights");
    if (st == TREN_OK && r->comm->rank == 0)
        st = tren_dataset_count_classes(count, r->dataset, TREN_TRAIN);
    TREN_GOTO(tren_comm_agree(r->comm, st));
    tren_comm_bcast(r->comm, count, n * sizeof *count);
    st = check_class_weights(given, count);
    TREN_GOTO(st);
    weigh_classes(r->class_weight, count, given, (int)n);
done:
    free(count);
    return st;
}

static tren_status open_row_weights(tren_run *r) {
    double sum = 0;
    tren_status st = TREN_OK;
    if (!r->info->has_weights) return TREN_OK;
    if (r->comm->rank == 0) st = tren_dataset_weights_sum(&sum, r->dataset);
    TREN_TRY(tren_comm_agree(r->comm, st));
    tren_comm_bcast(r->comm, &sum, sizeof sum);
    return tren_comm_agree(r->comm, feed_weigh(&r->feed, sum, r->info->rows[TREN_TRAIN]));
}

/* Classes, and targets that are yes or no, stay as they are. */
static bool normalizes_targets(const tren_run *r) {
    return r->config->normalize_targets && r->graph->loss->takes == TREN_TAKES_TARGETS;
}

static tren_status find_target_scale(double *mean, double *sd, const tren_run *r) {
    TREN_TRY(tren_target_statistics(mean, sd, r->dataset));
    for (int k = 0; k < r->info->n_targets; k++)
        if (!isfinite(mean[k]) || !isfinite(sd[k]) || !isfinite((real)sd[k]))
            return tren_fail(TREN_ERR_DATA,
                             "normalize_targets: target %d of %s has values so large that its mean "
                             "and standard deviation are not finite; rescale it, or give "
                             "normalize_targets: false",
                             k, r->config->data);
    return TREN_OK;
}

static tren_status open_target_scale(tren_run *r) {
    size_t n = (size_t)r->info->n_targets;
    double *mean = NULL;
    if (!normalizes_targets(r)) return TREN_OK;
    tren_status st = tren_alloc(&mean, 2 * n, sizeof *mean, "targets");
    if (st == TREN_OK && r->comm->rank == 0) st = find_target_scale(mean, mean + n, r);
    TREN_GOTO(tren_comm_agree(r->comm, st));
    tren_comm_bcast(r->comm, mean, 2 * n * sizeof *mean);
    st = tren_comm_agree(r->comm, target_scale_open(&r->targets, mean, mean + n, (int)n));
done:
    free(mean);
    return st;
}

tren_status run_open_data(tren_run *r, uint64_t *rows_digest, uint64_t *content) {
    TREN_TRY(tren_dataset_share(&r->dataset, r->comm, r->config->data));
    r->info = tren_dataset_info_of(r->dataset);
    TREN_TRY(tren_agree_on_dataset(r->comm, r->config->data, r->dataset));
    TREN_TRY(tren_comm_agree(r->comm, open_network(r)));
    TREN_TRY(tren_comm_agree(r->comm, read_rows(r)));
    count_labels(r);
    TREN_TRY(open_class_weights(r));
    TREN_TRY(open_row_weights(r));
    r->feed.targets = &r->targets;
    TREN_TRY(open_target_scale(r));
    run_pin_rows(r, rows_digest, content);
    return TREN_OK;
}

tren_status run_open_reducer(tren_run *r) {
    tren_reduce_spec spec = {.n = r->n_values + N_TAIL,
                             .shards = r->config->shards,
                             .kernels = r->graph->kernels,
                             .engine = r->config->reduction,
                             .bucket = (size_t)r->config->bucket_kib * 1024 / sizeof(real)};
    TREN_TRY(tren_reducer_open(&r->reducer, r->comm, &spec));
    r->value = tren_reducer_value(r->reducer);
    return TREN_OK;
}

static tren_status find_patterns(tren_run *r) {
    const tren_feed *f = &r->feed;
    TREN_TRY(
        tren_alloc(&r->pattern, (size_t)f->steps_per_epoch, sizeof *r->pattern, "row patterns"));
    for (int64_t s = 0; s < f->steps_per_epoch; s++) {
        int pattern;
        feed_plan(f, s, f->row0);
        tren_status st = tren_work_pattern(r->work, &pattern, f->hi - f->lo, f->row0);
        if (st != TREN_OK)
            return tren_fail_in(st, "batch_size: %zu, shards: %d", f->batch, r->config->shards);
        r->pattern[s] = pattern;
    }
    return TREN_OK;
}

/* A shard alone, with as many rows as one can have. */
static tren_status find_lone(tren_run *r) {
    const tren_feed *f = &r->feed;
    int most = 0, groups = f->hi - f->lo;
    if (r->config->gradient_noise == 0 || r->config->shards == 1) return TREN_OK;
    feed_plan(f, 0, f->row0);
    for (int g = 0; g < groups; g++)
        if (f->row0[g + 1] - f->row0[g] > most) most = f->row0[g + 1] - f->row0[g];
    for (int g = 1; g <= groups; g++) f->row0[g] = most;
    return tren_work_pattern(r->work, &r->alone.pattern, groups, f->row0);
}

/* Values of the last step that are still on their way. */
static void work_need(void *ctx, size_t end) {
    tren_run *r = ctx;
    if (tren_reducer_here(r->reducer, end)) return;
    clock_enter(r->clock, TREN_PHASE_REDUCE);
    tren_reducer_need(r->reducer, end);
    clock_enter(r->clock, TREN_PHASE_FORWARD);
}

static void work_ready(void *ctx, size_t lo) {
    tren_run *r = ctx;
    if (!r->alone.held) tren_reducer_ready(r->reducer, lo);
}

void run_keep_sum(const tren_run *r, tren_span at, const real *left, const real *right) {
    real *sum = tren_reducer_node(r->reducer)[0] + at.off;
    if (right)
        r->graph->kernels->sum(sum, left, right, at.len);
    else if (left != sum)
        memcpy(sum, left, at.len * sizeof *sum);
}

static void work_combine(void *ctx, int param, tren_span at, const real *left, const real *right) {
    tren_run *r = ctx;
    if (r->alone.held) {
        run_keep_sum(r, at, left, right);
        return;
    }
    r->combine.call(r->combine.ctx, param, at, left, right);
}

tren_status run_open_work(tren_run *r, real *value, tren_combine_fn combine, void *ctx) {
    const tren_feed *f = &r->feed;
    tren_trace *trace = r->clock->trace;
    tren_work_spec spec = {.max_rows = (int)f->max_rows,
                           .train = true,
                           .stacking = r->config->stacking,
                           .poked = tren_reducer_sends(r->reducer),
                           .shards = r->config->shards,
                           .lo = f->lo,
                           .hi = f->hi,
                           .value = value,
                           .node = tren_reducer_node(r->reducer),
                           .ready = work_ready,
                           .need = tren_reducer_sends(r->reducer) ? work_need : NULL,
                           .combine = combine ? work_combine : NULL,
                           .layer = trace && trace->layers ? trace_layer : NULL,
                           .layer_ctx = trace,
                           .ctx = r};
    r->combine.call = combine;
    r->combine.ctx = ctx;
    TREN_TRY(tren_work_open(&r->work, r->graph, &spec));
    TREN_TRY(tren_alloc(&r->tail.leaf, (size_t)(f->hi - f->lo) * N_TAIL, sizeof *r->tail.leaf,
                        "a batch"));
    TREN_TRY(find_patterns(r));
    return find_lone(r);
}

void run_close(tren_run *r) {
    tren_work_close(r->work);
    tren_reducer_close(r->reducer);
    tren_graph_close(r->graph);
    feed_close(&r->feed);
    tren_dataset_close(r->dataset);
    free(r->pattern);
    free(r->tail.leaf);
    free(r->class_weight);
    target_scale_close(&r->targets);
}

/* What this rank asks for rides on its first shard, so that the fold counts the ranks that ask. */
static void fold_tail(tren_run *r) {
    const tren_group_result *result = tren_work_result(r->work);
    const tren_asks *asks = &r->asks;
    int groups = r->feed.hi - r->feed.lo;
    memset(r->tail.leaf, 0, (size_t)groups * N_TAIL * sizeof *r->tail.leaf);
    for (int g = 0; g < groups; g++) {
        r->tail.leaf[g * N_TAIL + TAIL_LOSS] = (real)result[g].loss;
        r->tail.leaf[g * N_TAIL + TAIL_CORRECT] = (real)result[g].correct;
        r->tail.leaf[g * N_TAIL + TAIL_OBJECTIVE] = (real)result[g].objective;
    }
    r->tail.leaf[TAIL_SIGNAL] = asks->signal && *asks->signal;
    if (r->comm->rank == 0) {
        double now = r->clock->since;
        r->tail.leaf[TAIL_SAVE] = now - asks->last_save >= asks->save_period;
        r->tail.leaf[TAIL_TIME] = asks->max_time > 0 && now - asks->started >= asks->max_time;
    }
    tren_work_fold(r->work, r->n_values, r->tail.leaf, N_TAIL);
}

/* A step whose rows all have the weight 0 moves nothing. */
static real scale_of(const tren_feed *f, int64_t step) {
    double weight = feed_weight_of_step(f, step);
    return weight > 0 ? (real)(1.0 / weight) : 0;
}

static tren_pass pass_of(const tren_run *r, const tren_position *at, int pattern) {
    const tren_feed *f = &r->feed;
    const int *const *length = (const int *const *)f->tokens.length;
    return (tren_pass){.n_groups = f->hi - f->lo,
                       .row0 = f->row0,
                       .pattern = pattern,
                       .train = true,
                       .dropout = r->dropout,
                       .seed = r->config->seed,
                       .epoch = (uint32_t)at->epoch,
                       .sample = f->sample,
                       .length = {length[0], length[1]},
                       .label = f->tokens.label ? f->tokens.label : f->label,
                       .class_weight = r->class_weight,
                       .target = f->target,
                       .target_unit = r->targets.unit,
                       .row_weight = f->weight,
                       .scale = scale_of(f, at->step)};
}

void run_pass(tren_run *r, const tren_position *at, tren_take_up take_up) {
    clock_enter(r->clock, TREN_PHASE_DATA);
    feed_take(&r->feed, r->work, r->graph, at->epoch, at->step, -1);
    tren_pass pass = pass_of(r, at, r->pattern[at->step]);
    pass.take_up = take_up;
    clock_enter(r->clock, TREN_PHASE_FORWARD);
    tren_forward(r->work, &pass);
    work_need(r, r->n_values + N_TAIL);
    memcpy(r->tail.last, r->value + r->n_values, sizeof r->tail.last);
    clock_enter(r->clock, TREN_PHASE_BACKWARD);
    tren_reducer_begin(r->reducer);
    fold_tail(r);
    tren_backward(r->work, &pass);
    clock_enter(r->clock, TREN_PHASE_REDUCE);
    tren_reducer_wait(r->reducer);
}

void run_pass_of_shard(tren_run *r, const tren_position *at, int shard) {
    clock_enter(r->clock, TREN_PHASE_DATA);
    feed_take(&r->feed, r->work, r->graph, at->epoch, at->step, shard);
    tren_pass pass = pass_of(r, at, r->alone.pattern);
    clock_enter(r->clock, TREN_PHASE_FORWARD);
    tren_forward(r->work, &pass);
    clock_enter(r->clock, TREN_PHASE_BACKWARD);
    r->alone.held = true;
    tren_backward(r->work, &pass);
    r->alone.held = false;
}
