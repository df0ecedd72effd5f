#include "train/minimiser.h"

#include <string.h>

const tren_minimiser_kind *minimiser_kind_of(const tren_config *config) {
    return tren_config_whole(config) ? &minimiser_conjugate : &minimiser_descent;
}

static double decay_of(const tren_run *run) {
    const tren_optimizer_options *o = &run->config->optimizer;
    if (o->lambda > 0) return o->lambda / (double)run->n_labels;
    return o->weight_decay > 0 ? o->weight_decay : 0;
}

tren_status minimiser_open(tren_minimiser *m, tren_run *run) {
    m->kind = minimiser_kind_of(run->config);
    m->optimizer = tren_optimizer_find(run->config);
    m->run = run;
    m->decay = decay_of(run);
    m->n_states = m->optimizer->n_states;
    memcpy(m->state_name, m->optimizer->state_name, sizeof m->optimizer->state_name);
    return m->kind->open(m);
}

void minimiser_close(tren_minimiser *m) {
    if (m->own) m->kind->close(m);
    for (int k = 0; k < m->n_states; k++) tren_arena_close(&m->state[k]);
}

void minimiser_start(tren_minimiser *m) {
    for (int k = 0; k < m->n_states; k++) memset(m->state[k].at, 0, m->state[k].len * sizeof(real));
    if (m->kind->start) m->kind->start(m);
}

void minimiser_finish(tren_minimiser *m, tren_position *at, double tail[N_TAIL]) {
    if (m->pending) m->kind->finish(m, at, tail);
    m->pending = false;
}

void minimiser_swap_average(tren_minimiser *m) {
    if (m->kind->swap_average) m->kind->swap_average(m);
}
