#include "train/feed.h"
#include "train/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LABELS_SLICE = 1 << 20 }; /* steps whose labels are summed at a time */

tren_status feed_check(tren_feed *f, const tren_config *config, const tren_dataset_info *info) {
    return tren_augment_open(&f->augment, config, info);
}

static tren_status open_labels(tren_feed *f) {
    return tren_alloc(&f->labels, (size_t)f->steps_per_epoch, sizeof *f->labels, "labels of steps");
}

tren_status feed_weigh(tren_feed *f, double sum, size_t rows) {
    TREN_TRY(open_labels(f));
    TREN_TRY(tren_alloc(&f->row_weight, f->rows.n, sizeof *f->row_weight, "weights of rows"));
    TREN_TRY(tren_alloc(&f->weight, f->max_rows, sizeof *f->weight, "a batch"));
    for (size_t i = 0; i < f->rows.n; i++) {
        double share = f->rows.weight[i] / sum * (double)rows;
        f->row_weight[i] = (real)(rint(share / TREN_WEIGHT_UNIT) * TREN_WEIGHT_UNIT);
    }
    return TREN_OK;
}

/* Rows of like length come together. */
static tren_status open_tokens(tren_feed *f, const tren_dataset_info *info) {
    if (info->vocabulary == 0) return TREN_OK;
    TREN_TRY(token_batch_open(&f->tokens, info, f->max_rows));
    TREN_TRY(tren_alloc(&f->row_length, f->rows.n, sizeof *f->row_length, "lengths of rows"));
    for (size_t i = 0; i < f->rows.n; i++)
        for (int k = 0; k < TREN_SEQUENCES && f->rows.sequence[k].token; k++)
            f->row_length[i] += tren_sequence_length(&f->rows.sequence[k], i);
    TREN_TRY(tren_order_by_length(&f->order, f->row_length, f->batch));
    return f->tokens.label ? open_labels(f) : TREN_OK;
}

static tren_status open_batch(tren_feed *f, const tren_dataset_info *info) {
    size_t groups = (size_t)(f->hi - f->lo);
    TREN_TRY(tren_alloc(&f->row, f->max_rows, sizeof *f->row, "a batch"));
    TREN_TRY(tren_alloc(&f->sample, f->max_rows, sizeof *f->sample, "a batch"));
    if (info->n_classes > 0 && info->label_axis == 0)
        TREN_TRY(tren_alloc(&f->label, f->max_rows, sizeof *f->label, "a batch"));
    else if (info->n_classes == 0)
        TREN_TRY(tren_alloc(&f->target, f->max_rows * (size_t)info->n_targets, sizeof *f->target,
                            "a batch"));
    return tren_alloc(&f->row0, groups + 1, sizeof *f->row0, "a batch");
}

tren_status feed_open(tren_feed *f, const tren_config *config, const tren_dataset *dataset,
                      const tren_comm *comm, const tren_kernels *kernels) {
    const tren_dataset_info *info = tren_dataset_info_of(dataset);
    tren_sharding sharding = {.m = info->rows[TREN_TRAIN], .n = config->shards};
    tren_node mine = tren_comm_shards(comm, config->shards, comm->rank);
    f->lo = mine.a;
    f->hi = mine.b;
    f->order.sharding = sharding;
    f->batch = tren_config_batch(config, sharding.m);
    f->max_rows = tren_batch_rows(config, sharding.m, f->hi - f->lo);
    f->steps_per_epoch = (int64_t)((sharding.m + f->batch - 1) / f->batch);
    size_t first = tren_shard_first(sharding, f->lo), end = tren_shard_first(sharding, f->hi);
    TREN_TRY(tren_rows_read(&f->rows, dataset, TREN_TRAIN, first, end - first));
    if (info->vocabulary == 0) TREN_TRY(tren_normalizer_open(&f->normalizer, info));
    f->normalizer.kernels = f->augment.kernels = kernels;
    TREN_TRY(tren_order_open(&f->order, sharding, f->lo, f->hi, config->seed,
                             config->shuffle && !tren_config_whole(config)));
    TREN_TRY(open_tokens(f, info));
    return open_batch(f, info);
}

void feed_close(tren_feed *f) {
    tren_order_close(&f->order);
    tren_augment_close(&f->augment);
    tren_normalizer_close(&f->normalizer);
    tren_rows_close(&f->rows);
    free(f->row);
    free(f->sample);
    free(f->label);
    free(f->target);
    free(f->row0);
    token_batch_close(&f->tokens);
    free(f->row_length);
    free(f->labels);
    free(f->row_weight);
    free(f->weight);
}

void feed_plan(const tren_feed *f, int64_t step, int *row0) {
    int n = 0;
    for (int s = f->lo; s < f->hi; s++) {
        size_t lo, hi;
        tren_shard_step(&lo, &hi, f->order.sharding, s, f->batch, (size_t)step);
        row0[s - f->lo] = n;
        n += (int)(hi - lo);
    }
    row0[f->hi - f->lo] = n;
}

int64_t feed_rows_of_step(const tren_feed *f, int64_t step) {
    int64_t m = (int64_t)f->order.sharding.m, b = (int64_t)f->batch, at = step * b;
    return m - at < b ? m - at : b;
}

int64_t feed_labels_of_step(const tren_feed *f, int64_t step) {
    return f->labels && !f->row_weight ? (int64_t)f->labels[step] : feed_rows_of_step(f, step);
}

double feed_weight_of_step(const tren_feed *f, int64_t step) {
    return f->labels ? f->labels[step] : (double)feed_rows_of_step(f, step);
}

int64_t feed_labels(const tren_feed *f) {
    int64_t n = 0;
    for (size_t i = 0; i < f->rows.n; i++) n += row_labels(&f->rows, i);
    return n;
}

static void choose_rows(tren_feed *f, int64_t step) {
    size_t base = tren_shard_first(f->order.sharding, f->lo);
    feed_plan(f, step, f->row0);
    for (int s = f->lo; s < f->hi; s++) {
        size_t lo, hi;
        tren_shard_step(&lo, &hi, f->order.sharding, s, f->batch, (size_t)step);
        const uint32_t *perm = f->order.perm + (tren_shard_first(f->order.sharding, s) - base);
        int n = f->row0[s - f->lo];
        for (size_t j = lo; j < hi; j++, n++) {
            f->row[n] = perm[j];
            f->sample[n] = (uint32_t)(base + perm[j]);
        }
    }
}

static void copy_answers(tren_feed *f, int n) {
    size_t width = (size_t)f->rows.n_targets;
    for (int i = 0; i < n && f->weight; i++) f->weight[i] = f->row_weight[f->row[i]];
    for (int i = 0; i < n && f->label; i++) f->label[i] = f->rows.label[f->row[i]];
    for (int i = 0; i < n && f->target; i++)
        target_scale_learned(f->target + (size_t)i * width, f->targets,
                             f->rows.target + (size_t)f->row[i] * width, width);
}

static double count_of(const tren_feed *f, uint32_t row) {
    return f->row_weight ? (double)f->row_weight[row] : (double)row_labels(&f->rows, row);
}

double feed_weight_of_shard(const tren_feed *f) {
    double n = 0;
    for (int i = 0; i < f->row0[1]; i++) n += count_of(f, f->row[i]);
    return n;
}

/* All sums are exact, so that it does not matter who counts which. */
static void count_labels(tren_feed *f, const tren_comm *comm) {
    for (int64_t step = 0; step < f->steps_per_epoch; step++) {
        choose_rows(f, step);
        f->labels[step] = 0;
        for (int i = 0; i < f->row0[f->hi - f->lo]; i++) f->labels[step] += count_of(f, f->row[i]);
    }
    for (int64_t at = 0; at < f->steps_per_epoch; at += LABELS_SLICE) {
        int64_t left = f->steps_per_epoch - at;
        int n = left < LABELS_SLICE ? (int)left : LABELS_SLICE;
        tren_comm_sum(comm, f->labels + at, n);
    }
}

void feed_begin_epoch(tren_feed *f, const tren_comm *comm, int64_t epoch) {
    tren_order_epoch(&f->order, (uint32_t)epoch);
    if (f->labels) count_labels(f, comm);
}

/* Leaves one of my shards its rows, which count as those of the first. */
static void keep_shard(tren_feed *f, int shard) {
    int from = f->row0[shard - f->lo], n = f->row0[shard - f->lo + 1] - from;
    memmove(f->row, f->row + from, (size_t)n * sizeof *f->row);
    memmove(f->sample, f->sample + from, (size_t)n * sizeof *f->sample);
    for (int g = 1; g <= f->hi - f->lo; g++) f->row0[g] = n;
}

void feed_take(tren_feed *f, tren_work *work, const tren_graph *graph, int64_t epoch, int64_t step,
               int shard) {
    choose_rows(f, step);
    if (shard >= 0) keep_shard(f, shard);
    int n = f->row0[f->hi - f->lo];
    copy_answers(f, n);
    f->augment.epoch = (uint32_t)epoch;
    if (f->row_length)
        token_batch_take(&f->tokens, work, graph, &f->rows, f->row, n);
    else
        tren_rows_fetch_augmented(tren_work_input(work), &f->rows, f->row, n, &f->normalizer,
                                  &f->augment);
}
