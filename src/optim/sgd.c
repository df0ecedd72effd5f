#include "tren/optim.h"
#include "kernels/clones.h"

TREN_KERNEL static void sgd(real *w, const real *g, real *const *state, size_t n,
                            const tren_update *u) {
    (void)state;
    real keep = (real)(1 - u->learning_rate * u->decay), rate = (real)(u->learning_rate * u->scale);
#pragma GCC ivdep
    for (size_t i = 0; i < n; i++) w[i] = keep * w[i] - rate * g[i];
}

TREN_KERNEL static void momentum(real *w, const real *g, real *const *state, size_t n,
                                 const tren_update *u) {
    real *v = state[0];
    real rate = (real)u->learning_rate, decay = (real)u->decay, mu = (real)u->momentum,
         scale = (real)u->scale;
#pragma GCC ivdep
    for (size_t i = 0; i < n; i++) {
        v[i] = mu * v[i] + (scale * g[i] + decay * w[i]);
        w[i] -= rate * v[i];
    }
}

TREN_KERNEL static void settle(real *w, real *v, size_t n, const tren_update *u) {
    real rate = (real)u->learning_rate, decay = (real)u->decay;
#pragma GCC ivdep
    for (size_t i = 0; i < n; i++) {
        v[i] += decay * w[i];
        w[i] -= rate * v[i];
    }
}

TREN_KERNEL static void nesterov(real *w, const real *g, real *const *state, size_t n,
                                 const tren_update *u) {
    real *v = state[0];
    real rate = (real)u->learning_rate, decay = (real)u->decay, mu = (real)u->momentum,
         scale = (real)u->scale;
#pragma GCC ivdep
    for (size_t i = 0; i < n; i++) {
        real d = scale * g[i] + decay * w[i];
        v[i] = mu * v[i] + d;
        w[i] -= rate * (d + mu * v[i]);
    }
}

const tren_optimizer tren_optimizer_sgd = {.name = "sgd", .update = sgd};
const tren_optimizer tren_optimizer_momentum = {.name = "momentum",
                                                .n_states = 1,
                                                .state_name = {"velocity"},
                                                .update = momentum,
                                                .settle = settle};
const tren_optimizer tren_optimizer_nesterov = {
    .name = "nesterov", .n_states = 1, .state_name = {"velocity"}, .update = nesterov};
