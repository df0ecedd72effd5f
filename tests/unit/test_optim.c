/* Learning rates by their formulas, clipping, and what an update may not depend on. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "support/net.h"
#include "tren/optim.h"

static tren_config with(tren_schedule_id name, int warmup, int period) {
    tren_config c;
    tren_config_defaults(&c);
    c.optimizer.learning_rate = 0.8;
    c.schedule.name = (int)name;
    c.schedule.warmup_steps = warmup;
    c.schedule.period = period;
    c.schedule.gamma = 0.5;
    c.schedule.final_factor = 0.1;
    return c;
}

static void expect_rate(const tren_config *c, int64_t t, int epoch, double expected) {
    double rate = tren_learning_rate(c, t, epoch, 100);
    cr_expect(fabs(rate - expected) <= 1e-14 * expected, "update %lld: %.17g, expected %.17g",
              (long long)t, rate, expected);
}

Test(schedule, constant_is_constant) {
    tren_config c = with(TREN_SCHEDULE_CONSTANT, 0, 10);
    for (int t = 0; t < 200; t += 7) expect_rate(&c, t, t / 10, 0.8);
}

Test(schedule, step_falls_by_gamma_every_period_of_epochs) {
    tren_config c = with(TREN_SCHEDULE_STEP, 0, 3);
    for (int epoch = 0; epoch < 12; epoch++)
        expect_rate(&c, 5 * epoch, epoch, 0.8 * pow(0.5, floor(epoch / 3.0)));
}

Test(schedule, cosine_goes_from_1_to_the_final_factor) {
    tren_config c = with(TREN_SCHEDULE_COSINE, 0, 1);
    expect_rate(&c, 0, 0, 0.8);
    expect_rate(&c, 25, 0, 0.8 * (0.1 + 0.45 * (1 + sqrt(0.5))));
    expect_rate(&c, 50, 0, 0.8 * 0.55);
    expect_rate(&c, 100, 0, 0.8 * 0.1);
    expect_rate(&c, 140, 0, 0.8 * 0.1); /* longer than planned: stays there */
    tren_config warm = with(TREN_SCHEDULE_COSINE, 20, 1);
    expect_rate(&warm, 20, 0, 0.8);
    expect_rate(&warm, 60, 0, 0.8 * 0.55); /* half way between warm-up and end */
}

Test(schedule, sqrt_is_1_over_sqrt_1_plus_floor_t_over_period) {
    tren_config c = with(TREN_SCHEDULE_SQRT, 0, 7);
    for (int t = 0; t < 100; t++) expect_rate(&c, t, 0, 0.8 / sqrt(1 + floor(t / 7.0)));
}

Test(schedule, inverse_sqrt_follows_the_warm_up) {
    tren_config c = with(TREN_SCHEDULE_INVERSE_SQRT, 16, 1);
    expect_rate(&c, 15, 0, 0.8); /* the peak: both branches meet */
    for (int t = 16; t < 100; t++) expect_rate(&c, t, 0, 0.8 * sqrt(16.0 / (t + 1)));
}

Test(schedule, every_schedule_warms_up_linearly) {
    for (int name = TREN_SCHEDULE_CONSTANT; name <= TREN_SCHEDULE_INVERSE_SQRT; name++) {
        tren_config c = with((tren_schedule_id)name, 10, 1000);
        for (int t = 0; t < 10; t++) expect_rate(&c, t, 0, 0.8 * (t + 1) / 10);
    }
}

Test(clip, leaves_small_gradients_alone_and_cuts_large_ones) {
    cr_expect_eq(tren_clip_scale(0, 1e30), 1);
    cr_expect_eq(tren_clip_scale(5, 4.9), 1);
    cr_expect_eq(tren_clip_scale(5, 0), 1);
    cr_expect_float_eq(tren_clip_scale(5, 50), 5 / (50 + 1e-6), 1e-15);
    cr_expect(isnan(tren_clip_scale(5, NAN)) || tren_clip_scale(5, NAN) <= 1);
}

/* ---- updates --------------------------------------------------------------------------------- */

enum { N = 1003 };

typedef struct values {
    real w[N], g[N], state[2][N];
} values;

static void start(values *v) {
    test_fill(v->w, N, 1);
    test_fill(v->g, N, 2);
    memset(v->state, 0, sizeof v->state);
}

static tren_update some_update(int64_t t) {
    static const tren_optimizer_options options = {
        .momentum = 0.9, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .trust = 0.001};
    return (tren_update){.kernels = tren_kernels_best(),
                         .options = &options,
                         .learning_rate = 0.1,
                         .decay = 0.01,
                         .scale = 0.25,
                         .trust = 0.5,
                         .t = t};
}

/* Every rule, NULL behind the last one. scg has its own tests. */
static const tren_optimizer *rule(int i) {
    for (int name = 0; name < TREN_N_OPTIMIZERS; name++)
        for (const tren_optimizer *const *o = tren_optimizers[name]; *o; o++)
            if (name != TREN_SCG && i-- == 0) return *o;
    return NULL;
}

/* As the trainer does: all parts are measured before any is updated. */
static void apply(const tren_optimizer *o, real *w, const real *g, real *const *state, size_t n,
                  const tren_update *u) {
    double sum[2] = {0};
    if (o->measure) o->measure(sum, w, g, state, n, u);
    o->update(w, g, state, n, u);
}

static void update(values *v, const tren_optimizer *o, size_t lo, size_t hi, int64_t t) {
    tren_update u = some_update(t);
    real *state[] = {v->state[0] + lo, v->state[1] + lo};
    apply(o, v->w + lo, v->g + lo, state, hi - lo, &u);
}

/* Each rank updates its own pieces: where they are cut must not matter. */
Test(update, bits_do_not_depend_on_the_pieces) {
    for (int i = 0; rule(i); i++) {
        values whole, cut;
        start(&whole);
        start(&cut);
        for (int t = 1; t <= 3; t++) {
            update(&whole, rule(i), 0, N, t);
            for (size_t at = 0, len = 1; at < N; at += len, len = len * 2 + 1)
                update(&cut, rule(i), at, at + len < N ? at + len : N, t);
        }
        cr_expect_eq(memcmp(&whole, &cut, sizeof whole), 0, "%s", rule(i)->name);
    }
}

/* Clipping scales the gradient and nothing else: not the decay. */
Test(update, scale_is_that_of_the_gradient) {
    for (int i = 0; rule(i); i++) {
        values scaled, before;
        start(&scaled);
        start(&before);
        for (int k = 0; k < N; k++) before.g[k] *= (real)0.25; /* a power of two: exact */
        update(&scaled, rule(i), 0, N, 1);
        tren_update u = some_update(1);
        u.scale = 1;
        apply(rule(i), before.w, before.g, (real *[]){before.state[0], before.state[1]}, N, &u);
        cr_expect_eq(memcmp(scaled.w, before.w, sizeof scaled.w), 0, "%s", rule(i)->name);
    }
}

Test(update, adamw_decays_the_weights_and_not_the_gradient) {
    const tren_optimizer *adamw = tren_optimizer_named("adamw");
    real w[] = {2}, g[] = {0}, mean[] = {0}, square[] = {0};
    tren_update u = some_update(1);
    adamw->update(w, g, (real *[]){mean, square}, 1, &u);
    cr_expect_eq(mean[0], 0);
    cr_expect_float_eq(w[0], 2 * (1 - 0.1 * 0.01), 1e-6);
}

Test(optimizer, a_config_names_its_rule) {
    tren_config c;
    tren_config_defaults(&c);
    c.optimizer.name = TREN_SGD;
    c.optimizer.momentum = 0;
    c.optimizer.nesterov = false;
    cr_expect_str_eq(tren_optimizer_find(&c)->name, "sgd");
    c.optimizer.momentum = 0.5;
    cr_expect_str_eq(tren_optimizer_find(&c)->name, "momentum");
    c.optimizer.nesterov = true;
    cr_expect_str_eq(tren_optimizer_find(&c)->name, "nesterov");
    c.optimizer.name = TREN_ADAM;
    cr_expect_str_eq(tren_optimizer_find(&c)->name, "adam");
    c.optimizer.name = TREN_ADAMW;
    cr_expect_str_eq(tren_optimizer_find(&c)->name, "adamw");
    c.optimizer.name = TREN_RMSPROP;
    cr_expect_str_eq(tren_optimizer_find(&c)->name, "rmsprop_momentum");
    c.optimizer.momentum = 0;
    cr_expect_str_eq(tren_optimizer_find(&c)->name, "rmsprop");
    c.optimizer.name = TREN_SCG;
    cr_expect_str_eq(tren_optimizer_find(&c)->name, "scg");
    cr_expect_null(tren_optimizer_named("sgd "));
}
