#include "tren/optim.h"
#include "base/series.h"

#include <math.h>

/* PyTorch's form: w -= rate / (1-beta1^t) * m / (sqrt(v) / sqrt(1-beta2^t) + epsilon). */
static tren_adam_step step_of(const tren_update *u, bool apart) {
    double correction1 = 1 - series_power(u->options->beta1, (uint64_t)u->t),
           correction2 = 1 - series_power(u->options->beta2, (uint64_t)u->t);
    return (tren_adam_step){.keep = (real)(apart ? 1 - u->learning_rate * u->decay : 1),
                            .l2 = (real)(apart ? 0 : u->decay),
                            .beta1 = (real)u->options->beta1,
                            .beta2 = (real)u->options->beta2,
                            .one_less1 =
                                (real)(1 - u->options->beta1), /* 1 - (float)0.999 is off by 1e-5 */
                            .one_less2 = (real)(1 - u->options->beta2),
                            .rate = (real)(u->learning_rate / correction1),
                            .root_correction = (real)(1 / sqrt(correction2)),
                            .epsilon = (real)u->options->epsilon,
                            .scale = (real)u->scale};
}

static void adam(real *w, const real *g, real *const *state, size_t n, const tren_update *u) {
    tren_adam_step step = step_of(u, false);
    u->kernels->update_adam(w, state[0], state[1], g, &step, n);
}

static void adamw(real *w, const real *g, real *const *state, size_t n, const tren_update *u) {
    tren_adam_step step = step_of(u, true);
    u->kernels->update_adam(w, state[0], state[1], g, &step, n);
}

static const tren_optimizer coupled = {
    .name = "adam", .n_states = 2, .state_name = {"mean", "square"}, .update = adam};
static const tren_optimizer decoupled = {
    .name = "adamw", .n_states = 2, .state_name = {"mean", "square"}, .update = adamw};

const tren_optimizer *const tren_optimizer_adam[] = {&coupled, NULL};
const tren_optimizer *const tren_optimizer_adamw[] = {&decoupled, NULL};
