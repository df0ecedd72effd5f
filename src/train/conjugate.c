/* Scaled conjugate gradients. An epoch is one iteration, which evaluates the loss and its gradient
 * on all training rows as often as the algorithm asks: each time one pass over the shards and one
 * reduction. What comes of it, every rank works out for itself, on all of the vectors. */
#include "train/minimiser.h"

#include <stdlib.h>
#include <string.h>

typedef struct conjugate {
    tren_scg scg;
    tren_arena accepted, point, gradient; /* [n_values + N_TAIL] */
    tren_span all;
} conjugate;

static tren_status conjugate_open(tren_minimiser *m) {
    conjugate *c = NULL;
    TREN_TRY(tren_alloc(&c, 1, sizeof *c, "the minimiser"));
    m->own = c;
    size_t n = m->run->n_values + N_TAIL;
    for (int k = 0; k < m->n_states; k++) TREN_TRY(tren_arena_open(&m->state[k], n));
    TREN_TRY(tren_arena_open(&c->accepted, n));
    TREN_TRY(tren_arena_open(&c->point, n));
    TREN_TRY(tren_arena_open(&c->gradient, n));
    m->value = c->point.at;
    c->all = (tren_span){0, m->run->n_values};
    c->scg = (tren_scg){.kernels = m->run->graph->kernels,
                        .n = m->run->n_values,
                        .x = c->accepted.at,
                        .g = m->state[0].at,
                        .d = m->state[1].at,
                        .point = c->point.at,
                        .tolerance_x = m->run->config->optimizer.tolerance_x,
                        .tolerance_f = m->run->config->optimizer.tolerance_f};
    tren_scg_reset(&c->scg);
    return TREN_OK;
}

static void conjugate_close(tren_minimiser *m) {
    conjugate *c = m->own;
    tren_arena_close(&c->accepted);
    tren_arena_close(&c->point);
    tren_arena_close(&c->gradient);
    free(c);
}

static void begin(tren_minimiser *m) {
    conjugate *c = m->own;
    memcpy(c->accepted.at, m->run->value, m->run->n_values * sizeof(real));
}

/* The gradient of the penalty is added to that of the parameters that decay. Returns the penalty.
 */
static double add_penalty(tren_minimiser *m) {
    conjugate *c = m->own;
    const tren_graph *graph = m->run->graph;
    if (m->decay == 0) return 0;
    for (int i = 0; i < graph->n_params; i++) {
        tren_span at = graph->param[i].at;
        for (size_t k = at.off; graph->param[i].decay && k < at.off + at.len; k++)
            c->gradient.at[k] += (real)m->decay * c->point.at[k];
    }
    return 0.5 * m->decay * tren_graph_weight_squares(graph, c->point.at);
}

/* J_R, with its gradient in c->gradient, at c->point. */
static double evaluate(tren_minimiser *m, const tren_position *at, double tail[N_TAIL]) {
    conjugate *c = m->own;
    tren_run *run = m->run;
    run_pass(run, at, (tren_take_up){0});
    tren_reducer_sum_everywhere(run->reducer, c->gradient.at);
    clock_enter(run->clock, TREN_PHASE_UPDATE);
    for (int i = 0; i < N_TAIL; i++) tail[i] = (double)c->gradient.at[run->n_values + (size_t)i];
    return tail[TAIL_OBJECTIVE] / feed_weight_of_step(&run->feed, at->step) + add_penalty(m);
}

/* A trial may fail in any way; where the algorithm starts from, and close by, the loss is finite or
 * there is nothing to be done. */
static void add_tail(double sum[N_TAIL], const double tail[N_TAIL], bool trial) {
    if (!trial) sum[TAIL_LOSS] += tail[TAIL_LOSS];
    for (int i = TAIL_SIGNAL; i < N_TAIL; i++) sum[i] += tail[i];
}

static int64_t step(tren_minimiser *m, tren_position *at, double tail[N_TAIL]) {
    conjugate *c = m->own;
    int64_t rows = (int64_t)m->run->info->rows[TREN_TRAIN], seen = 0;
    memset(tail, 0, N_TAIL * sizeof *tail);
    tren_scg_begin(&c->scg);
    for (bool complete = false; !complete; seen += rows) {
        double now[N_TAIL];
        bool trial = c->scg.stage == TREN_SCG_TRIAL;
        double f = evaluate(m, at, now);
        complete = tren_scg_tell(&c->scg, f, c->gradient.at);
        add_tail(tail, now, trial);
        if (!c->scg.accepted) continue;
        at->loss = now[TAIL_LOSS];
        at->correct = now[TAIL_CORRECT];
        at->rows = m->run->n_labels;
    }
    tren_reducer_set_values(m->run->reducer, c->accepted.at);
    m->learning_rate = c->scg.accepted ? c->scg.alpha : 0;
    at->step++;
    return seen;
}

/* Every rank has all of the states. */
static int pieces(const tren_minimiser *m, const tren_span **piece) {
    *piece = &((conjugate *)m->own)->all;
    return 1;
}
static void collect(const tren_minimiser *m, real *full, int state) {
    memcpy(full, m->state[state].at, m->run->n_values * sizeof *full);
}

static void put(const tren_minimiser *m, double scalar[TREN_MAX_SCALARS]) {
    tren_scg_put(scalar, &((conjugate *)m->own)->scg);
}
static void get(tren_minimiser *m, const double scalar[TREN_MAX_SCALARS]) {
    tren_scg_get(&((conjugate *)m->own)->scg, scalar);
}
static bool converged(const tren_minimiser *m) {
    return ((conjugate *)m->own)->scg.converged;
}

const tren_minimiser_kind minimiser_conjugate = {.whole = true,
                                                 .save_period = 1,
                                                 .open = conjugate_open,
                                                 .close = conjugate_close,
                                                 .begin = begin,
                                                 .step = step,
                                                 .pieces = pieces,
                                                 .collect = collect,
                                                 .put = put,
                                                 .get = get,
                                                 .converged = converged};
