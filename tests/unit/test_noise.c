/* The noise of gradients against closed forms: McCandlish et al. 2018, appendix A.1. */
#include <criterion/criterion.h>
#include <math.h>

#include "train/noise.h"

Test(noise, expected_squares_give_trace_and_square_back) {
    const double square = 3, trace = 700;
    for (double b = 1; b < 64; b *= 3) {
        tren_noise n = noise_estimate(square + trace / b, b, square + trace / 64, 64);
        cr_expect_float_eq(n.square, square, 1e-12);
        cr_expect_float_eq(n.trace, trace, 1e-9);
        cr_expect_float_eq(noise_rows(n), trace / square, 1e-9);
    }
}

Test(noise, what_is_no_number_of_rows_is_not_known) {
    cr_expect(isnan(noise_rows((tren_noise){.square = -1, .trace = 5})));
    cr_expect(isnan(noise_rows((tren_noise){.square = 1, .trace = -5})));
    tren_noise none = noise_of_epoch(&(tren_position){0});
    cr_expect(isnan(none.square) && isnan(none.trace) && isnan(noise_rows(none)));
}

enum { D = 4, B = 32, SHARDS = 4 };
static const double mean[D] = {0.5, -0.25, 0.1, 0}, sd[D] = {1, 0.5, 2, 0.3};

static double squares(const double *x, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += x[i] * x[i];
    return sum;
}

/* Gradients of B rows, normal with a diagonal covariance: the shard's mean and that of all. */
static tren_noise draw_step(uint32_t step) {
    double shard[D] = {0}, all[D] = {0};
    for (uint32_t row = 0; row < B; row++) {
        tren_rng rng = tren_rng_open(7, TREN_RNG_TEST, 0, step, row);
        for (uint32_t i = 0; i < D; i++) {
            double g = mean[i] + sd[i] * tren_rng_normal(&rng, i);
            all[i] += g / B;
            if (row < B / SHARDS) shard[i] += g * SHARDS / B;
        }
    }
    return noise_estimate(squares(shard, D), B / SHARDS, squares(all, D), B);
}

Test(noise, the_mean_over_steps_comes_near_the_covariance) {
    enum { STEPS = 4000 };
    tren_position at = {0};
    for (uint32_t s = 0; s < STEPS; s++) {
        tren_noise n = draw_step(s);
        at.noise_square += n.square;
        at.noise_trace += n.trace;
        at.noise_steps++;
    }
    tren_noise n = noise_of_epoch(&at);
    cr_expect_float_eq(n.trace, squares(sd, D), 0.15, "%g, not %g", n.trace, squares(sd, D));
    cr_expect_float_eq(n.square, squares(mean, D), 0.02, "%g, not %g", n.square, squares(mean, D));
}
