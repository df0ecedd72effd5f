#include "tren/optim.h"

static tren_blend into_weights(const tren_update *u) {
    double rate = u->learning_rate;
    return (tren_blend){
        .state = TREN_WEIGHTS, .alpha = (real)-rate, .beta = (real)(1 - rate * u->decay)};
}

static void sgd(real *w, const real *g, real *const *state, size_t n, const tren_update *u) {
    (void)state;
    real keep = (real)(1 - u->learning_rate * u->decay), rate = (real)(u->learning_rate * u->scale);
    u->kernels->update_sgd(w, g, keep, rate, n);
}

static tren_momentum_step step_of(const tren_update *u) {
    return (tren_momentum_step){.rate = (real)u->learning_rate,
                                .decay = (real)u->decay,
                                .mu = (real)u->options->momentum,
                                .scale = (real)u->scale};
}

static void momentum(real *w, const real *g, real *const *state, size_t n, const tren_update *u) {
    tren_momentum_step step = step_of(u);
    u->kernels->update_momentum(w, state[0], g, &step, n);
}

static tren_blend into_velocity(const tren_update *u) {
    return (tren_blend){.state = 0, .alpha = 1, .beta = (real)u->options->momentum};
}

static void settle(real *w, real *const *state, size_t n, const tren_update *u) {
    tren_momentum_step step = step_of(u);
    u->kernels->update_settle(w, state[0], &step, n);
}

static void nesterov(real *w, const real *g, real *const *state, size_t n, const tren_update *u) {
    tren_momentum_step step = step_of(u);
    u->kernels->update_nesterov(w, state[0], g, &step, n);
}

static bool without_momentum(const tren_optimizer_options *options) {
    return options->momentum == 0;
}
static bool with_nesterov(const tren_optimizer_options *options) {
    return options->nesterov;
}

static const tren_optimizer plain = {
    .name = "sgd", .serves = without_momentum, .update = sgd, .blend = into_weights};
static const tren_optimizer with_nesterovs = {.name = "nesterov",
                                              .n_states = 1,
                                              .state_name = {"velocity"},
                                              .serves = with_nesterov,
                                              .update = nesterov};
static const tren_optimizer with_polyaks = {.name = "momentum",
                                            .n_states = 1,
                                            .state_name = {"velocity"},
                                            .update = momentum,
                                            .blend = into_velocity,
                                            .settle = settle};

const tren_optimizer *const tren_optimizer_sgd[] = {&plain, &with_nesterovs, &with_polyaks, NULL};
