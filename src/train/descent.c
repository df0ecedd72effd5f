/* Steps along the gradient of a batch, by any rule of optim: each rank folds and updates the pieces
 * that it owns, while they are in the cache, and all gather the values. */
#include "base/series.h"
#include "train/minimiser.h"
#include "train/noise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A stretch of my pieces within one parameter. */
typedef struct segment {
    tren_span at;
    size_t state; /* offset in the states */
    int param;
} segment;

typedef struct descent {
    segment *segment;
    int n_segments;
    bool at_once; /* update each layer as backward leaves it: one rank, nothing to look at first */
    bool blends;  /* gradient products take part in the update: see tren_take_up */
    bool noisy;   /* the sum of this step is measured, see noise.h */
    int average;  /* the state that is the average of the weights, or -1 */
    int64_t labels; /* of the step that is pending */
    tren_update update;
    /* layer-wise rules */
    double *trust;    /* [params] */
    int *first_chunk; /* [params + 1] */
    double *chunk;    /* [2][chunks] */
} descent;

/* ---- planning -------------------------------------------------------------------------------- */

static tren_status plan_segments(tren_minimiser *m, size_t *n_state) {
    descent *d = m->own;
    const tren_graph *graph = m->run->graph;
    const tren_span *piece;
    int n = tren_reducer_pieces(m->run->reducer, &piece);
    size_t most = (size_t)n + (size_t)graph->n_params + 1;
    TREN_TRY(tren_alloc(&d->segment, most, sizeof *d->segment, "the update plan"));
    for (int p = 0; p < n; *n_state += piece[p++].len)
        for (int i = 0; i < graph->n_params; i++) {
            tren_span at = graph->param[i].at;
            size_t lo = at.off > piece[p].off ? at.off : piece[p].off;
            size_t hi = at.off + at.len < piece[p].off + piece[p].len ? at.off + at.len
                                                                      : piece[p].off + piece[p].len;
            if (lo >= hi) continue;
            d->segment[d->n_segments++] =
                (segment){.at = {lo, hi - lo}, .state = *n_state + (lo - piece[p].off), .param = i};
        }
    return TREN_OK;
}

static int chunks_of(tren_span at) {
    return (int)((at.off + at.len - 1) / TREN_CHUNK - at.off / TREN_CHUNK) + 1;
}

static tren_status plan_chunks(descent *d, const tren_graph *graph) {
    size_t n = (size_t)graph->n_params;
    TREN_TRY(tren_alloc(&d->trust, n, sizeof *d->trust, "the update plan"));
    TREN_TRY(tren_alloc(&d->first_chunk, n + 1, sizeof *d->first_chunk, "the update plan"));
    for (int i = 0; i < graph->n_params; i++)
        d->first_chunk[i + 1] = d->first_chunk[i] + chunks_of(graph->param[i].at);
    return tren_alloc(&d->chunk, 2 * (size_t)d->first_chunk[n], sizeof *d->chunk,
                      "the update plan");
}

static void combine(void *ctx, int param, tren_span at, const real *left, const real *right);

static tren_status descent_open(tren_minimiser *m) {
    descent *d = NULL;
    size_t n_state = 0;
    TREN_TRY(tren_alloc(&d, 1, sizeof *d, "the minimiser"));
    m->own = d;
    const tren_run *run = m->run;
    const tren_optimizer *o = m->optimizer;
    const tren_optimizer_options *options = &run->config->optimizer;
    d->average = options->ema > 0 ? m->n_states : -1;
    if (options->ema > 0) m->state_name[m->n_states++] = "average";
    d->at_once = run->comm->size == 1 && options->clip_norm == 0 && !o->measure;
    d->blends = d->at_once && run->config->shards == 1 && o->blend && options->ema == 0;
    m->value = run->value;
    m->combine = d->at_once ? combine : NULL;
    TREN_TRY(plan_segments(m, &n_state));
    if (o->measure) TREN_TRY(plan_chunks(d, run->graph));
    for (int k = 0; k < m->n_states; k++) TREN_TRY(tren_arena_open(&m->state[k], n_state));
    return TREN_OK;
}

static void descent_close(tren_minimiser *m) {
    descent *d = m->own;
    free(d->segment);
    free(d->trust);
    free(d->first_chunk);
    free(d->chunk);
    free(d);
}

static void start(tren_minimiser *m) {
    const descent *d = m->own;
    for (int i = 0; i < d->n_segments && d->average >= 0; i++) {
        const segment *s = &d->segment[i];
        memcpy(m->state[d->average].at + s->state, m->run->value + s->at.off,
               s->at.len * sizeof(real));
    }
}

/* ---- a part of a parameter ------------------------------------------------------------------- */

static void move_statistics(real *value, const real *toward, size_t n) {
    for (size_t i = 0; i < n; i++)
        value[i] += (real)TREN_STATISTIC_MOMENTUM * (toward[i] - value[i]);
}

static void move_average(real *average, const real *value, size_t n, double ema) {
    real rest = (real)(1 - ema);
    for (size_t i = 0; i < n; i++) average[i] += rest * (value[i] - average[i]);
}

/* The states of a part of a segment, and the numbers of its parameter. */
static const tren_param *aim(tren_minimiser *m, real **state, const segment *s, tren_span at) {
    descent *d = m->own;
    const tren_param *p = &m->run->graph->param[s->param];
    for (int k = 0; k < m->n_states; k++)
        state[k] = m->state[k].at + s->state + (at.off - s->at.off);
    d->update.decay = p->decay ? m->decay : 0;
    d->update.trust = d->trust ? d->trust[s->param] : 1;
    return p;
}

static void update_part(tren_minimiser *m, const segment *s, tren_span at, const real *gradient) {
    descent *d = m->own;
    real *state[TREN_MAX_STATES + 1], *value = m->run->value + at.off;
    const tren_param *p = aim(m, state, s, at);
    if (p->statistic)
        move_statistics(value, gradient, at.len);
    else
        m->optimizer->update(value, gradient, state, at.len, &d->update);
    if (d->average >= 0)
        move_average(state[d->average], value, at.len, m->run->config->optimizer.ema);
}

static void settle_part(tren_minimiser *m, const segment *s, tren_span at) {
    real *state[TREN_MAX_STATES + 1];
    aim(m, state, s, at);
    m->optimizer->settle(m->run->value + at.off, state, at.len, &((descent *)m->own)->update);
}

enum { TILE = 4096 };

static tren_span tile_of(tren_span all, size_t off) {
    return (tren_span){all.off + off, all.len - off < TILE ? all.len - off : TILE};
}

/* Where nodes are to be folded, tile by tile: the sum is used in the cache and never stored. */
static void update_segment(tren_minimiser *m, const segment *s) {
    tren_reducer *reducer = m->run->reducer;
    real room[TILE];
    if (tren_reducer_folded(reducer)) {
        update_part(m, s, s->at, tren_reducer_sum(reducer) + s->at.off);
        return;
    }
    for (size_t off = 0; off < s->at.len; off += TILE) {
        tren_span at = tile_of(s->at, off);
        update_part(m, s, at, tren_reducer_fold(reducer, at, room));
    }
}

/* One rank has no sum to wait for: it folds and updates as backward goes. Its segments are the
 * parameters. */
static void combine(void *ctx, int param, tren_span at, const real *left, const real *right) {
    tren_minimiser *m = ctx;
    real room[TILE];
    const segment *s = &((descent *)m->own)->segment[param];
    clock_enter(m->run->clock, TREN_PHASE_UPDATE);
    if (((descent *)m->own)->noisy) {
        run_keep_sum(m->run, at, left, right);
        left = tren_reducer_node(m->run->reducer)[0] + at.off;
        right = NULL;
    }
    if (!left)
        settle_part(m, s, at);
    else if (!right)
        update_part(m, s, at, left);
    for (size_t off = 0; right && off < at.len; off += TILE) {
        tren_span tile = tile_of(at, off);
        m->run->graph->kernels->sum(room, left + off, right + off, tile.len);
        update_part(m, s, tile, room);
    }
    clock_enter(m->run->clock, TREN_PHASE_BACKWARD);
}

/* ---- what wants to see whole parameters first ------------------------------------------------ */

static void measure_segment(tren_minimiser *m, const segment *s) {
    descent *d = m->own;
    int n_chunks = d->first_chunk[m->run->graph->n_params];
    size_t end = s->at.off + s->at.len, first = m->run->graph->param[s->param].at.off / TREN_CHUNK;
    for (size_t off = s->at.off, next; off < end; off = next) {
        next =
            (off / TREN_CHUNK + 1) * TREN_CHUNK < end ? (off / TREN_CHUNK + 1) * TREN_CHUNK : end;
        real *state[TREN_MAX_STATES + 1];
        double sum[2] = {0};
        aim(m, state, s, (tren_span){off, next - off});
        m->optimizer->measure(sum, m->run->value + off, tren_reducer_sum(m->run->reducer) + off,
                              state, next - off, &d->update);
        double *chunk = d->chunk + d->first_chunk[s->param] + (off / TREN_CHUNK - first);
        chunk[0] = sum[0];
        chunk[n_chunks] = sum[1];
    }
}

/* Sums over a parameter: of fixed chunks, folded along the tree, so that it does not matter who
 * owns which. */
static void measure(tren_minimiser *m) {
    descent *d = m->own;
    const tren_graph *graph = m->run->graph;
    int n_chunks = d->first_chunk[graph->n_params];
    memset(d->chunk, 0, 2 * (size_t)n_chunks * sizeof *d->chunk);
    for (int i = 0; i < d->n_segments; i++)
        if (!graph->param[d->segment[i].param].statistic) measure_segment(m, &d->segment[i]);
    tren_reducer_share_sums(m->run->reducer, d->chunk, 2 * n_chunks);
    for (int i = 0; i < graph->n_params; i++) {
        double *chunk = d->chunk + d->first_chunk[i];
        int n = d->first_chunk[i + 1] - d->first_chunk[i];
        double sum[2] = {tren_tree_sum(chunk, n), tren_tree_sum(chunk + n_chunks, n)};
        d->update.decay = m->decay;
        d->trust[i] = graph->param[i].decay ? m->optimizer->trust(sum, &d->update) : 1;
    }
}

/* Norms come before the first update, so the sum is stored. */
static void look_first(tren_minimiser *m, tren_position *at) {
    descent *d = m->own;
    tren_run *run = m->run;
    double clip = run->config->optimizer.clip_norm, squares = 0;
    if (clip == 0 && !m->optimizer->measure && !d->noisy) return;
    tren_reducer_finish(run->reducer);
    if (clip > 0 || d->noisy)
        squares = tren_reducer_norm_squared(run->reducer, run->graph->n_learned);
    if (clip > 0) d->update.scale = tren_clip_scale(clip, sqrt(squares));
    if (d->noisy) noise_add(run, at, squares);
    if (m->optimizer->measure) measure(m);
}

/* ---- a step ---------------------------------------------------------------------------------- */

double tren_rate_at(const tren_rate_range *r, int64_t t) {
    double share = (double)t / (r->steps - 1);
    return r->from * series_exp(share * series_log(r->to / r->from));
}

static void plan_update(tren_minimiser *m, const tren_position *at) {
    const tren_run *run = m->run;
    const tren_config *c = run->config;
    int64_t done = run_steps(run, at), total = (int64_t)c->epochs * run->feed.steps_per_epoch;
    m->learning_rate = run->rates ? tren_rate_at(run->rates, done)
                                  : tren_learning_rate(c, done, (int)at->epoch, total);
    ((descent *)m->own)->update = (tren_update){.kernels = run->graph->kernels,
                                                .options = &c->optimizer,
                                                .learning_rate = m->learning_rate,
                                                .decay = m->decay,
                                                .scale = 1,
                                                .t = done + 1};
}

static tren_take_up take_up(const tren_minimiser *m) {
    const descent *d = m->own;
    if (!d->blends) return (tren_take_up){0};
    tren_blend b = m->optimizer->blend(&d->update);
    return (tren_take_up){.into = b.state == TREN_WEIGHTS ? m->run->value : m->state[b.state].at,
                          .alpha = b.alpha,
                          .beta = b.beta,
                          .combine = m->optimizer->settle != NULL};
}

/* The owner of the tail passes it on as values, which come to everybody. */
static void pass_tail_on(tren_run *run) {
    const tren_span *piece;
    int n = tren_reducer_pieces(run->reducer, &piece);
    for (int p = 0; p < n; p++) {
        size_t lo = piece[p].off > run->n_values ? piece[p].off : run->n_values,
               end = piece[p].off + piece[p].len;
        if (lo >= end) continue;
        real room[N_TAIL];
        const real *tail = tren_reducer_fold(run->reducer, (tren_span){lo, end - lo}, room);
        memcpy(run->value + lo, tail, (end - lo) * sizeof(real));
    }
}

/* What the values of a step brought with them. */
static void take_tail(const tren_minimiser *m, tren_position *at, double tail[N_TAIL],
                      const real *brought) {
    for (int i = 0; i < N_TAIL; i++) tail[i] += (double)brought[i];
    at->loss += (double)brought[TAIL_LOSS];
    at->correct += (double)brought[TAIL_CORRECT];
    at->rows += ((const descent *)m->own)->labels;
}

static int64_t step(tren_minimiser *m, tren_position *at, double tail[N_TAIL]) {
    descent *d = m->own;
    tren_run *run = m->run;
    int64_t rows = feed_rows_of_step(&run->feed, at->step);
    d->noisy = noise_is_due(run, at);
    if (d->noisy) noise_measure(run, at);
    plan_update(m, at);
    run_pass(run, at, take_up(m));
    memset(tail, 0, N_TAIL * sizeof *tail);
    if (m->pending) take_tail(m, at, tail, run->tail.last);
    clock_enter(run->clock, TREN_PHASE_UPDATE);
    look_first(m, at);
    for (int i = d->n_segments - 1; i >= 0 && !d->at_once; i--) update_segment(m, &d->segment[i]);
    pass_tail_on(run);
    clock_enter(run->clock, TREN_PHASE_REDUCE);
    tren_reducer_spread(run->reducer);
    m->pending = tren_reducer_lags(run->reducer);
    d->labels = feed_labels_of_step(&run->feed, at->step);
    at->step++;
    if (!m->pending) take_tail(m, at, tail, run->value + run->n_values);
    return rows;
}

static void finish(tren_minimiser *m, tren_position *at, double tail[N_TAIL]) {
    const tren_run *run = m->run;
    clock_enter(run->clock, TREN_PHASE_REDUCE);
    tren_reducer_need(run->reducer, run->n_values + N_TAIL);
    take_tail(m, at, tail, run->value + run->n_values);
}

/* ---- between steps --------------------------------------------------------------------------- */

static void swap_average(tren_minimiser *m) {
    const descent *d = m->own;
    if (d->average < 0) return;
    tren_comm_barrier(m->run->comm); /* the ranks may share the values */
    for (int i = 0; i < d->n_segments; i++) {
        real *value = m->run->value + d->segment[i].at.off,
             *average = m->state[d->average].at + d->segment[i].state;
        for (size_t k = 0; k < d->segment[i].at.len; k++) {
            real x = value[k];
            value[k] = average[k];
            average[k] = x;
        }
    }
    tren_reducer_gather(m->run->reducer);
}

static int pieces(const tren_minimiser *m, const tren_span **piece) {
    return tren_reducer_pieces(m->run->reducer, piece);
}
static void collect(const tren_minimiser *m, real *full, int state) {
    tren_reducer_collect(m->run->reducer, full, m->state[state].at);
}

const tren_minimiser_kind minimiser_descent = {.open = descent_open,
                                               .close = descent_close,
                                               .start = start,
                                               .step = step,
                                               .finish = finish,
                                               .pieces = pieces,
                                               .collect = collect,
                                               .swap_average = swap_average};
