#include "tren/optim.h"
#include "base/series.h"

#include "optim/root.h"

/* How the states move; then Adam's direction and the decay's. */
typedef struct direction {
    real scale, keep1, rest1, keep2, rest2;
    real correction1, root_correction2, epsilon, decay;
} direction;

static direction direction_of(const tren_update *u) {
    double beta1 = u->options->beta1, beta2 = u->options->beta2;
    double correction1 = 1 - series_power(beta1, (uint64_t)u->t),
           correction2 = 1 - series_power(beta2, (uint64_t)u->t);
    return (direction){.scale = (real)u->scale,
                       .keep1 = (real)beta1,
                       .rest1 = (real)(1 - beta1),
                       .keep2 = (real)beta2,
                       .rest2 = (real)(1 - beta2),
                       .correction1 = (real)(1 / correction1),
                       .root_correction2 = (real)(1 / sqrt(correction2)),
                       .epsilon = (real)u->options->epsilon,
                       .decay = (real)u->decay};
}

static inline real along(const direction *d, real w, real mean, real square) {
    return d->correction1 * mean / (d->root_correction2 * root(square) + d->epsilon) + d->decay * w;
}

enum { BLOCK = 32 };

/* x [n] = the direction, from states that move; n <= BLOCK. */
static void move(real *restrict x, const real *restrict w, const real *restrict g,
                 real *const *state, size_t n, const direction *along_it) {
    direction d = *along_it;
    real *restrict mean = state[0], *restrict square = state[1];
    for (size_t i = 0; i < n; i++) {
        real gradient = d.scale * g[i];
        mean[i] = d.keep1 * mean[i] + d.rest1 * gradient;
        square[i] = d.keep2 * square[i] + d.rest2 * (gradient * gradient);
        x[i] = along(&d, w[i], mean[i], square[i]);
    }
}

/* The sum is one chain of additions. Apart from it, roots and divisions are vectors; in small
 * blocks, the CPU does both at a time. */
static void measure(double sum[2], const real *w, const real *g, real *const *state, size_t n,
                    const tren_update *u) {
    direction d = direction_of(u);
    real x[BLOCK];
    sum[0] += u->kernels->sum_squares(w, n);
    for (size_t off = 0, part; off < n; off += part) {
        part = n - off < BLOCK ? n - off : BLOCK;
        move(x, w + off, g + off, (real *[]){state[0] + off, state[1] + off}, part, &d);
        for (size_t i = 0; i < part; i++) sum[1] += (double)x[i] * (double)x[i];
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
