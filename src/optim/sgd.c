#include "tren/optim.h"

static void sgd(real *w, const real *g, real *const *state, size_t n, const tren_update *u) {
    (void)state;
    real keep = (real)(1 - u->learning_rate * u->decay), rate = (real)(u->learning_rate * u->scale);
    u->kernels->update_sgd(w, g, keep, rate, n);
}

static tren_momentum_step step_of(const tren_update *u) {
    return (tren_momentum_step){.rate = (real)u->learning_rate,
                                .decay = (real)u->decay,
                                .mu = (real)u->momentum,
                                .scale = (real)u->scale};
}

static void momentum(real *w, const real *g, real *const *state, size_t n, const tren_update *u) {
    tren_momentum_step step = step_of(u);
    u->kernels->update_momentum(w, state[0], g, &step, n);
}

static void settle(real *w, real *v, size_t n, const tren_update *u) {
    tren_momentum_step step = step_of(u);
    u->kernels->update_settle(w, v, &step, n);
}

static void nesterov(real *w, const real *g, real *const *state, size_t n, const tren_update *u) {
    tren_momentum_step step = step_of(u);
    u->kernels->update_nesterov(w, state[0], g, &step, n);
}

const tren_optimizer tren_optimizer_sgd = {.name = "sgd", .update = sgd};
const tren_optimizer tren_optimizer_momentum = {.name = "momentum",
                                                .n_states = 1,
                                                .state_name = {"velocity"},
                                                .update = momentum,
                                                .settle = settle};
const tren_optimizer tren_optimizer_nesterov = {
    .name = "nesterov", .n_states = 1, .state_name = {"velocity"}, .update = nesterov};
