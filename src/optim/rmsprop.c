#include "tren/optim.h"

#include "optim/root.h"

/* v NULL: without momentum, which then has nothing to remember. */
static void move(real *w, const real *g, real *s, real *v, size_t n, const tren_update *u) {
    real keep = (real)u->options->beta2, rest = (real)(1 - u->options->beta2),
         epsilon = (real)u->options->epsilon, mu = (real)u->options->momentum,
         rate = (real)u->learning_rate, decay = (real)u->decay, scale = (real)u->scale;
    for (size_t i = 0; i < n; i++) {
        real gradient = scale * g[i] + decay * w[i];
        s[i] = keep * s[i] + rest * (gradient * gradient);
        real step = gradient / (root(s[i]) + epsilon);
        if (v) step = v[i] = mu * v[i] + step;
        w[i] -= rate * step;
    }
}

static void plain(real *w, const real *g, real *const *state, size_t n, const tren_update *u) {
    move(w, g, state[0], NULL, n, u);
}

static void with_momentum(real *w, const real *g, real *const *state, size_t n,
                          const tren_update *u) {
    move(w, g, state[0], state[1], n, u);
}

static bool has_none(const tren_optimizer_options *options) {
    return options->momentum == 0;
}

static const tren_optimizer rmsprop = {.name = "rmsprop",
                                       .n_states = 1,
                                       .state_name = {"square"},
                                       .serves = has_none,
                                       .update = plain};
static const tren_optimizer rmsprop_momentum = {.name = "rmsprop_momentum",
                                                .n_states = 2,
                                                .state_name = {"square", "velocity"},
                                                .update = with_momentum};

const tren_optimizer *const tren_optimizer_rmsprop[] = {&rmsprop, &rmsprop_momentum, NULL};
