/* One step: my rows, forward, backward while buckets leave, fold, clip, update what I own, gather.
 */
#include "train/trainer.h"

#include <math.h>
#include <string.h>

void trainer_rows_of_step(const tren_trainer *t, int64_t step, int *row0) {
    int n = 0;
    for (int s = t->lo; s < t->hi; s++) {
        size_t lo, hi;
        tren_shard_step(&lo, &hi, t->order.sharding, s, t->batch, (size_t)step);
        row0[s - t->lo] = n;
        n += (int)(hi - lo);
    }
    row0[t->hi - t->lo] = n;
}

/* Which rows of the training part this step takes from my shards, and their labels or targets. */
static void choose_rows(tren_trainer *t) {
    size_t base = tren_shard_first(t->order.sharding, t->lo);
    int n = 0;
    for (int s = t->lo; s < t->hi; s++) {
        size_t lo, hi;
        tren_shard_step(&lo, &hi, t->order.sharding, s, t->batch, (size_t)t->state_of.at.step);
        const uint32_t *perm = t->order.perm + (tren_shard_first(t->order.sharding, s) - base);
        t->row0[s - t->lo] = n;
        for (size_t j = lo; j < hi; j++, n++) {
            t->row[n] = perm[j];
            t->sample[n] = (uint32_t)(base + perm[j]);
        }
    }
    t->row0[t->hi - t->lo] = n;
    int width = t->rows.n_targets;
    for (int i = 0; i < n && t->label; i++) t->label[i] = t->rows.label[t->row[i]];
    for (int i = 0; i < n && t->target; i++)
        memcpy(t->target + (size_t)i * width, t->rows.target + (size_t)t->row[i] * width,
               (size_t)width * sizeof(real));
}

static int64_t rows_of_global_step(const tren_trainer *t) {
    int64_t m = (int64_t)t->order.sharding.m, b = (int64_t)t->batch, at = t->state_of.at.step * b;
    return m - at < b ? m - at : b;
}

static int64_t updates_before(const tren_trainer *t) {
    return t->state_of.at.epoch * t->steps_per_epoch + t->state_of.at.step;
}

static void plan_update(tren_trainer *t) {
    const tren_config *c = t->config;
    int64_t done = updates_before(t), total = (int64_t)c->epochs * t->steps_per_epoch;
    t->step_update = (tren_update){
        .kernels = t->graph->kernels,
        .learning_rate = tren_learning_rate(c, done, (int)t->state_of.at.epoch, total),
        .momentum = c->optimizer.momentum,
        .beta1 = c->optimizer.beta1,
        .beta2 = c->optimizer.beta2,
        .epsilon = c->optimizer.epsilon,
        .scale = 1,
        .t = done + 1};
}

static tren_take_up take_up(const tren_trainer *t) {
    if (!t->fused) return (tren_take_up){0};
    if (t->optimizer->settle)
        return (tren_take_up){.into = t->state[0].at,
                              .alpha = 1,
                              .beta = (real)t->step_update.momentum,
                              .combine = true};
    double rate = t->step_update.learning_rate;
    return (tren_take_up){
        .into = t->value, .alpha = (real)-rate, .beta = (real)(1 - rate * t->decay)};
}

static tren_pass fill_pass(tren_trainer *t) {
    choose_rows(t);
    int n = t->row0[t->hi - t->lo];
    t->augment.epoch = (uint32_t)t->state_of.at.epoch;
    tren_rows_fetch_augmented(tren_work_input(t->work), &t->rows, t->row, n, &t->normalizer,
                              &t->augment);
    return (tren_pass){.n_groups = t->hi - t->lo,
                       .row0 = t->row0,
                       .pattern = t->pattern[t->state_of.at.step],
                       .train = true,
                       .dropout = t->dropout,
                       .seed = t->config->seed,
                       .epoch = (uint32_t)t->state_of.at.epoch,
                       .sample = t->sample,
                       .label = t->label,
                       .target = t->target,
                       .scale = (real)(1.0 / (double)rows_of_global_step(t)),
                       .take_up = take_up(t)};
}

/* Iterations of scg are too short for a checkpoint after each. */
static double seconds_between_saves(const tren_trainer *t) {
    if (t->config->checkpoint_seconds > 0) return t->config->checkpoint_seconds;
    return trainer_iterates(t) ? 1 : INFINITY;
}

/* Requests of this rank ride on its first shard, so that the fold counts the ranks that ask. */
static void fold_tail(tren_trainer *t) {
    const tren_config *c = t->config;
    const tren_group_result *result = tren_work_result(t->work);
    int groups = t->hi - t->lo;
    memset(t->leaf, 0, (size_t)groups * N_TAIL * sizeof *t->leaf);
    for (int g = 0; g < groups; g++) {
        t->leaf[g * N_TAIL + TAIL_LOSS] = (real)result[g].loss;
        t->leaf[g * N_TAIL + TAIL_CORRECT] = (real)result[g].correct;
    }
    t->leaf[TAIL_SIGNAL] = t->options->signal && *t->options->signal;
    if (t->comm->rank == 0) {
        double now = t->clock.since;
        t->leaf[TAIL_SAVE] = now - t->last_save >= seconds_between_saves(t);
        t->leaf[TAIL_TIME] = c->max_time > 0 && now - t->options->started >= c->max_time;
    }
    tren_work_fold(t->work, t->n_values, t->leaf, N_TAIL);
}

static void move_statistics(real *value, const real *toward, size_t n) {
    for (size_t i = 0; i < n; i++)
        value[i] += (real)TREN_STATISTIC_MOMENTUM * (toward[i] - value[i]);
}

static void update_part(tren_trainer *t, const trainer_segment *s, tren_span at,
                        const real *gradient) {
    if (s->statistic) {
        move_statistics(t->value + at.off, gradient, at.len);
        return;
    }
    real *state[TREN_MAX_STATES];
    for (int k = 0; k < t->optimizer->n_states; k++)
        state[k] = t->state[k].at + s->state + (at.off - s->at.off);
    t->step_update.decay = s->decay ? t->decay : 0;
    t->optimizer->update(t->value + at.off, gradient, state, at.len, &t->step_update);
}

enum { TILE = 4096 };

static tren_span tile_of(tren_span all, size_t off) {
    return (tren_span){all.off + off, all.len - off < TILE ? all.len - off : TILE};
}

/* Where nodes are to be folded, tile by tile: the sum is used in the cache and never stored. */
static void update_segment(tren_trainer *t, const trainer_segment *s) {
    real room[TILE];
    if (tren_reducer_folded(t->reducer)) {
        update_part(t, s, s->at, tren_reducer_sum(t->reducer) + s->at.off);
        return;
    }
    for (size_t off = 0; off < s->at.len; off += TILE) {
        tren_span at = tile_of(s->at, off);
        update_part(t, s, at, tren_reducer_fold(t->reducer, at, room));
    }
}

/* One rank has no sum to wait for: it folds and updates as backward goes. Its segments are the
 * parameters. */
void trainer_combine(tren_trainer *t, int param, tren_span at, const real *left,
                     const real *right) {
    real room[TILE];
    const trainer_segment *s = &t->segment[param];
    clock_enter(&t->clock, TREN_PHASE_UPDATE);
    if (t->fused && t->optimizer->settle && left == t->state[0].at + at.off) {
        t->step_update.decay = s->decay ? t->decay : 0;
        t->optimizer->settle(t->value + at.off, t->state[0].at + at.off, at.len, &t->step_update);
    } else if (!right) {
        update_part(t, s, at, left);
    }
    for (size_t off = 0; right && off < at.len; off += TILE) {
        tren_span tile = tile_of(at, off);
        t->graph->kernels->sum(room, left + off, right + off, tile.len);
        update_part(t, s, tile, room);
    }
    clock_enter(&t->clock, TREN_PHASE_BACKWARD);
}

static void update(tren_trainer *t) {
    double clip = t->config->optimizer.clip_norm;
    if (clip > 0) {
        tren_reducer_finish(
            t->reducer); /* the norm comes before the first update, so the sum is stored */
        t->step_update.scale =
            tren_clip_scale(clip, sqrt(tren_reducer_norm_squared(t->reducer, t->graph->n_learned)));
    }
    for (int i = t->n_segments - 1; i >= 0 && !t->at_once; i--) update_segment(t, &t->segment[i]);
}

/* The owner of the tail passes it on as values; gather brings it to everybody. */
static void pass_tail_on(tren_trainer *t) {
    const tren_span *piece;
    int n = tren_reducer_pieces(t->reducer, &piece);
    for (int p = 0; p < n; p++) {
        size_t lo = piece[p].off > t->n_values ? piece[p].off : t->n_values,
               end = piece[p].off + piece[p].len;
        if (lo >= end) continue;
        real room[N_TAIL];
        const real *tail = tren_reducer_fold(t->reducer, (tren_span){lo, end - lo}, room);
        memcpy(t->value + lo, tail, (end - lo) * sizeof(real));
    }
}

void trainer_pass(tren_trainer *t) {
    atomic_store_explicit(&t->watch.step, t->state_of.at.step, memory_order_relaxed);
    clock_enter(&t->clock, TREN_PHASE_DATA);
    tren_pass pass = fill_pass(t);
    clock_enter(&t->clock, TREN_PHASE_FORWARD);
    tren_forward(t->work, &pass);
    clock_enter(&t->clock, TREN_PHASE_BACKWARD);
    tren_reducer_begin(t->reducer);
    fold_tail(t);
    tren_backward(t->work, &pass);
    clock_enter(&t->clock, TREN_PHASE_REDUCE);
    tren_reducer_wait(t->reducer);
}

void trainer_step(tren_trainer *t, double tail[N_TAIL]) {
    plan_update(t);
    trainer_pass(t);
    clock_enter(&t->clock, TREN_PHASE_UPDATE);
    update(t);
    pass_tail_on(t);
    clock_enter(&t->clock, TREN_PHASE_REDUCE);
    tren_reducer_gather(t->reducer);
    for (int i = 0; i < N_TAIL; i++) tail[i] = (double)t->value[t->n_values + i];
    t->state_of.at.loss += tail[TAIL_LOSS];
    t->state_of.at.correct += tail[TAIL_CORRECT];
    t->state_of.at.rows += rows_of_global_step(t);
    t->trained_rows += rows_of_global_step(t);
    t->state_of.at.step++;
}
