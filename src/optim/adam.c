#include "tren/optim.h"
#include "base/series.h"
#include "kernels/clones.h"

#include <math.h>

#ifdef TREN_DOUBLE
#define root sqrt
#else
#define root sqrtf
#endif

typedef struct adam_step {
    real keep, l2, beta1, beta2, one_less1, one_less2, rate, root_correction, epsilon, scale;
} adam_step;

/* PyTorch's form: w -= rate / (1-beta1^t) * m / (sqrt(v) / sqrt(1-beta2^t) + epsilon). */
static adam_step step_of(const tren_update *u, bool decoupled) {
    double correction1 = 1 - series_power(u->beta1, (uint64_t)u->t),
           correction2 = 1 - series_power(u->beta2, (uint64_t)u->t);
    return (adam_step){.keep = (real)(decoupled ? 1 - u->learning_rate * u->decay : 1),
                       .l2 = (real)(decoupled ? 0 : u->decay),
                       .beta1 = (real)u->beta1,
                       .beta2 = (real)u->beta2,
                       .one_less1 = (real)(1 - u->beta1), /* 1 - (float)0.999 is off by 1e-5 */
                       .one_less2 = (real)(1 - u->beta2),
                       .rate = (real)(u->learning_rate / correction1),
                       .root_correction = (real)(1 / sqrt(correction2)),
                       .epsilon = (real)u->epsilon,
                       .scale = (real)u->scale};
}

TREN_KERNEL static void update(real *w, const real *g, real *m, real *v, size_t n,
                               const adam_step *s) {
    adam_step a = *s;
#pragma GCC ivdep
    for (size_t i = 0; i < n; i++) {
        real d = a.scale * g[i] + a.l2 * w[i];
        m[i] = a.beta1 * m[i] + a.one_less1 * d;
        v[i] = a.beta2 * v[i] + a.one_less2 * (d * d);
        w[i] = a.keep * w[i] - a.rate * (m[i] / (root(v[i]) * a.root_correction + a.epsilon));
    }
}

static void adam(real *w, const real *g, real *const *state, size_t n, const tren_update *u) {
    adam_step step = step_of(u, false);
    update(w, g, state[0], state[1], n, &step);
}

static void adamw(real *w, const real *g, real *const *state, size_t n, const tren_update *u) {
    adam_step step = step_of(u, true);
    update(w, g, state[0], state[1], n, &step);
}

const tren_optimizer tren_optimizer_adam = {
    .name = "adam", .n_states = 2, .state_name = {"mean", "square"}, .update = adam};
const tren_optimizer tren_optimizer_adamw = {
    .name = "adamw", .n_states = 2, .state_name = {"mean", "square"}, .update = adamw};
