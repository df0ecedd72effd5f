#include "cli/lr_find.h"

#include <criterion/criterion.h>
#include <math.h>

/* The loss falls as a step of log(rate) at `fall`, by `depth`, and rises beyond `rise`. */
static tren_lr_curve curve_of(double fall, double rise) {
    enum { STEPS = 200 };
    tren_lr_curve c;
    cr_assert_eq(tren_lr_curve_open(&c, STEPS), TREN_OK);
    for (int t = 0; t < STEPS && !c.diverged; t++) {
        double rate = 1e-6 * pow(1e7, t / (STEPS - 1.0));
        double loss = 2 - 1 / (1 + pow(fall / rate, 2)) + pow(rate / rise, 3);
        tren_lr_curve_add(&c, rate, loss);
    }
    return c;
}

Test(lr_find, suggests_where_the_loss_falls_fastest) {
    tren_lr_curve c = curve_of(1e-3, 1);
    tren_lr_advice a = tren_lr_advise(&c);
    cr_assert(c.diverged);
    cr_assert(!a.by_tenth);
    /* smoothing comes some steps late */
    cr_assert(a.rate > 1e-3 && a.rate < 8e-3, "%g", a.rate);
    cr_assert(a.minimum > a.rate && a.limit > a.minimum);
    tren_lr_curve_close(&c);
}

Test(lr_find, stays_a_tenth_below_divergence) {
    tren_lr_curve c = curve_of(0.1, 0.12);
    tren_lr_advice a = tren_lr_advise(&c);
    cr_assert(c.diverged);
    cr_assert(a.rate <= a.limit / 10 * (1 + 1e-12), "%g, %g", a.rate, a.limit);
    tren_lr_curve_close(&c);
}

Test(lr_find, suggests_nothing_where_the_loss_only_rises) {
    tren_lr_curve c;
    cr_assert_eq(tren_lr_curve_open(&c, 60), TREN_OK);
    for (int t = 0; t < 60; t++) tren_lr_curve_add(&c, 1e-6 * pow(1.2, t), 1 + 0.01 * t);
    cr_assert(isnan(tren_lr_advise(&c).rate));
    tren_lr_curve_close(&c);
}

Test(lr_find, takes_a_loss_that_is_not_finite_for_divergence) {
    tren_lr_curve c;
    cr_assert_eq(tren_lr_curve_open(&c, 60), TREN_OK);
    for (int t = 0; t < 40; t++) tren_lr_curve_add(&c, 1e-6 * pow(1.2, t), 1 - 0.01 * t);
    tren_lr_curve_add(&c, 1, INFINITY);
    cr_assert(c.diverged);
    cr_assert(tren_lr_advise(&c).rate <= 0.1);
    tren_lr_curve_close(&c);
}
