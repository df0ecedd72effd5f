/* Scaled conjugate gradients. An epoch is one iteration, which evaluates the loss and its gradient
 * on all training rows as often as the algorithm asks: each time one pass over the shards and one
 * reduction. What comes of it, every rank works out for itself, on all of the vectors. */
#include "train/trainer.h"

#include <string.h>

tren_status trainer_iterate_open(tren_trainer *t) {
    size_t n = t->n_values + N_TAIL;
    for (int k = 0; k < t->optimizer->n_states; k++) TREN_TRY(tren_arena_open(&t->state[k], n));
    TREN_TRY(tren_arena_open(&t->accepted, n));
    TREN_TRY(tren_arena_open(&t->point, n));
    TREN_TRY(tren_arena_open(&t->gradient, n));
    t->scg = (tren_scg){.kernels = t->graph->kernels,
                        .n = t->n_values,
                        .x = t->accepted.at,
                        .g = t->state[0].at,
                        .d = t->state[1].at,
                        .point = t->point.at,
                        .tolerance_x = t->config->optimizer.tolerance_x,
                        .tolerance_f = t->config->optimizer.tolerance_f};
    tren_scg_reset(&t->scg);
    return TREN_OK;
}

void trainer_iterate_begin(tren_trainer *t) {
    memcpy(t->accepted.at, t->value, t->n_values * sizeof(real));
}

/* The gradient of the penalty is added to that of the parameters that decay. Returns the penalty.
 */
static double add_penalty(tren_trainer *t) {
    if (t->decay == 0) return 0;
    for (int i = 0; i < t->graph->n_params; i++) {
        tren_span at = t->graph->param[i].at;
        for (size_t k = at.off; t->graph->param[i].decay && k < at.off + at.len; k++)
            t->gradient.at[k] += (real)t->decay * t->point.at[k];
    }
    return 0.5 * t->decay * tren_graph_weight_squares(t->graph, t->point.at);
}

/* J_R, with its gradient in t->gradient, at t->point. */
static double evaluate(tren_trainer *t, double tail[N_TAIL]) {
    trainer_pass(t);
    tren_reducer_sum_everywhere(t->reducer, t->gradient.at);
    clock_enter(&t->clock, TREN_PHASE_UPDATE);
    for (int i = 0; i < N_TAIL; i++) tail[i] = (double)t->gradient.at[t->n_values + (size_t)i];
    t->trained_rows += (int64_t)t->order.sharding.m;
    return tail[TAIL_LOSS] / (double)t->order.sharding.m + add_penalty(t);
}

/* A trial may fail in any way; where the algorithm starts from, and close by, the loss is finite or
 * there is nothing to be done. */
static void add_tail(double sum[N_TAIL], const double tail[N_TAIL], bool trial) {
    if (!trial) sum[TAIL_LOSS] += tail[TAIL_LOSS];
    for (int i = TAIL_SIGNAL; i < N_TAIL; i++) sum[i] += tail[i];
}

void trainer_iterate(tren_trainer *t, double tail[N_TAIL]) {
    tren_position *at = &t->state_of.at;
    memset(tail, 0, N_TAIL * sizeof *tail);
    tren_scg_begin(&t->scg);
    for (bool complete = false; !complete;) {
        double now[N_TAIL];
        bool trial = t->scg.stage == TREN_SCG_TRIAL;
        double f = evaluate(t, now);
        complete = tren_scg_tell(&t->scg, f, t->gradient.at);
        add_tail(tail, now, trial);
        if (!t->scg.accepted) continue;
        at->loss = now[TAIL_LOSS];
        at->correct = now[TAIL_CORRECT];
        at->rows = (int64_t)t->order.sharding.m;
    }
    tren_reducer_set_values(t->reducer, t->accepted.at);
    t->step_update.learning_rate = t->scg.accepted ? t->scg.alpha : 0;
    at->step++;
}
