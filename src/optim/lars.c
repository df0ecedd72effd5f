#include "tren/optim.h"

#include <math.h>

static void measure(double sum[2], const real *w, const real *g, real *const *state, size_t n,
                    const tren_update *u) {
    (void)state;
    sum[0] += u->kernels->sum_squares(w, n);
    sum[1] += u->kernels->sum_squares(g, n);
}

static double trust(const double sum[2], const tren_update *u) {
    double w = sqrt(sum[0]), g = u->scale * sqrt(sum[1]);
    return w == 0 || g == 0 ? 1 : u->options->trust * w / (g + u->decay * w);
}

static void update(real *w, const real *g, real *const *state, size_t n, const tren_update *u) {
    real *v = state[0], mu = (real)u->options->momentum, scale = (real)u->scale,
         decay = (real)u->decay, rate = (real)(u->learning_rate * u->trust);
    for (size_t i = 0; i < n; i++) {
        v[i] = mu * v[i] + rate * (scale * g[i] + decay * w[i]);
        w[i] -= v[i];
    }
}

static const tren_optimizer lars = {.name = "lars",
                                    .n_states = 1,
                                    .state_name = {"velocity"},
                                    .update = update,
                                    .measure = measure,
                                    .trust = trust};

const tren_optimizer *const tren_optimizer_lars[] = {&lars, NULL};
