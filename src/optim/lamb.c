#include "tren/optim.h"
#include "base/series.h"

#include "optim/root.h"

/* Adam's direction and the decay's, from the moved states. */
typedef struct direction {
    real correction1, root_correction2, epsilon, decay;
} direction;

static direction direction_of(const tren_update *u) {
    double correction1 = 1 - series_power(u->options->beta1, (uint64_t)u->t),
           correction2 = 1 - series_power(u->options->beta2, (uint64_t)u->t);
    return (direction){.correction1 = (real)(1 / correction1),
                       .root_correction2 = (real)(1 / sqrt(correction2)),
                       .epsilon = (real)u->options->epsilon,
                       .decay = (real)u->decay};
}

static inline real along(const direction *d, real w, real mean, real square) {
    return d->correction1 * mean / (d->root_correction2 * root(square) + d->epsilon) + d->decay * w;
}

static void measure(double sum[2], const real *w, const real *g, real *const *state, size_t n,
                    const tren_update *u) {
    direction d = direction_of(u);
    real *mean = state[0], *square = state[1], scale = (real)u->scale,
         keep1 = (real)u->options->beta1, rest1 = (real)(1 - u->options->beta1),
         keep2 = (real)u->options->beta2, rest2 = (real)(1 - u->options->beta2);
    sum[0] += u->kernels->sum_squares(w, n);
    for (size_t i = 0; i < n; i++) {
        real gradient = scale * g[i];
        mean[i] = keep1 * mean[i] + rest1 * gradient;
        square[i] = keep2 * square[i] + rest2 * (gradient * gradient);
        double x = (double)along(&d, w[i], mean[i], square[i]);
        sum[1] += x * x;
    }
}

static double trust(const double sum[2], const tren_update *u) {
    (void)u;
    return sum[0] == 0 || sum[1] == 0 ? 1 : sqrt(sum[0]) / sqrt(sum[1]);
}

static void update(real *w, const real *g, real *const *state, size_t n, const tren_update *u) {
    (void)g;
    direction d = direction_of(u);
    real rate = (real)(u->learning_rate * u->trust);
    for (size_t i = 0; i < n; i++) w[i] -= rate * along(&d, w[i], state[0][i], state[1][i]);
}

static const tren_optimizer lamb = {.name = "lamb",
                                    .n_states = 2,
                                    .state_name = {"mean", "square"},
                                    .update = update,
                                    .measure = measure,
                                    .trust = trust};

const tren_optimizer *const tren_optimizer_lamb[] = {&lamb, NULL};
