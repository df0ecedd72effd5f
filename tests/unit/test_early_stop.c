/* When training stops, by each rule, on histories worked out by hand. */
#include <criterion/criterion.h>
#include <math.h>

#include "train/early_stop.h"

static tren_config rule(tren_stop_rule name) {
    tren_config c;
    tren_config_defaults(&c);
    c.early_stopping.rule = (int)name;
    c.early_stopping.patience = 3;
    c.early_stopping.start_epoch = 0;
    c.early_stopping.gl_alpha = 5;
    c.early_stopping.up_strips = 2;
    c.early_stopping.strip_epochs = 2;
    return c;
}

/* The epoch after which the rule stops, 0 if never. */
static int stops_after(const tren_config *c, const double *loss, int n) {
    for (int e = 1; e <= n; e++)
        if (tren_early_stop(c, (tren_judged){.value = loss, .n = (size_t)e})) return e;
    return 0;
}
#define STOPS(c, ...)                                                                              \
    stops_after(c, (double[]){__VA_ARGS__}, sizeof((double[]){__VA_ARGS__}) / sizeof(double))

Test(early_stop, stops_after_patience_bad_epochs) {
    tren_config c = rule(TREN_STOP_PATIENCE);
    cr_expect_eq(STOPS(&c, 5, 4, 4.1, 4.2, 4.3, 1), 5);
    cr_expect_eq(STOPS(&c, 5, 4, 4.1, 4.2, 3.9, 4, 4, 4), 8);
    cr_expect_eq(STOPS(&c, 5, 4, 4, 4, 4), 5); /* no better is bad */
    cr_expect_eq(STOPS(&c, 5, 4, 3, 2, 1), 0);
    c.early_stopping.patience = 1;
    cr_expect_eq(STOPS(&c, 5, 4, 4.1), 3);
}

Test(early_stop, never_before_the_start_epoch) {
    tren_config c = rule(TREN_STOP_PATIENCE);
    c.early_stopping.start_epoch = 6;
    cr_expect_eq(STOPS(&c, 1, 2, 2, 2, 2, 2, 2, 2), 6); /* epochs count from 1 */
    c.early_stopping.start_epoch = 8;
    cr_expect_eq(STOPS(&c, 1, 2, 2, 2, 2, 2, 2, 2), 8);
    c.early_stopping.start_epoch = 9;
    cr_expect_eq(STOPS(&c, 1, 2, 2, 2, 2, 2, 2, 2), 0);
}

/* Falls by 0.5 an epoch: with min_delta 1, every third epoch resets (0.5 and 1 are not more than
 * 1). */
Test(early_stop, patience_compares_with_the_loss_of_the_last_reset) {
    tren_config c = rule(TREN_STOP_PATIENCE);
    c.early_stopping.min_delta = 1;
    cr_expect_eq(STOPS(&c, 9, 8.5, 8, 7.5, 7, 6.5, 6, 5.5), 0);
    cr_expect_eq(STOPS(&c, 9, 8.75, 8.5, 8.25, 8), 4);
    cr_expect_eq(STOPS(&c, 9, 7, 8, 6, 7, 7), 5); /* 6 is lower than 7 by 1, not by more */
    cr_expect_eq(tren_bad_epochs(&c, (tren_judged){.value = (double[]){9, 8.5, 7.5, 7, 7}, .n = 5}),
                 2);
}

Test(early_stop, a_loss_that_is_not_finite_is_no_improvement) {
    tren_config c = rule(TREN_STOP_PATIENCE);
    cr_expect_eq(STOPS(&c, NAN, NAN, NAN, 1), 3);
    cr_expect_eq(STOPS(&c, NAN, NAN, 5, NAN, -INFINITY, NAN), 6);
    c.early_stopping.rule = TREN_STOP_GL;
    cr_expect_eq(STOPS(&c, NAN, 1, -INFINITY, 1.04, 1.06), 5);
}

/* GL = 100 (loss / best - 1) > alpha */
Test(early_stop, gl_stops_when_the_loss_is_alpha_percent_above_the_best) {
    tren_config c = rule(TREN_STOP_GL);
    cr_expect_eq(STOPS(&c, 2, 1, 1.04, 1.049, 1.051, 3), 5);
    cr_expect_eq(STOPS(&c, 2, 1, 1.04, 0.9, 0.94, 0.946), 6);
    cr_expect_eq(STOPS(&c, 2, 1, 0.5, 0.2), 0);
}

/* UP_2 with strips of 2 epochs: up over (2 -> 4) and (4 -> 6), judged after 6. */
Test(early_stop, up_stops_when_the_loss_rose_over_successive_strips) {
    tren_config c = rule(TREN_STOP_UP);
    cr_expect_eq(STOPS(&c, 5, 1, 0, 1.1, 0, 1.2), 6);
    cr_expect_eq(STOPS(&c, 5, 1, 9, 0.9, 9, 1.2), 0);         /* fell over the first strip */
    cr_expect_eq(STOPS(&c, 5, 1, 9, 1.1, 9, 1.1), 0);         /* level is not up */
    cr_expect_eq(STOPS(&c, 5, 1, 9, 0.9, 9, 1.2, 9, 1.3), 8); /* later strips count */
    cr_expect_eq(STOPS(&c, 5, 4, 5, 5, 6), 0);                /* no two strips yet */
    c.early_stopping.up_strips = 1;
    cr_expect_eq(STOPS(&c, 5, 1, 0, 1.1), 4);
}

Test(early_stop, none_never_stops) {
    tren_config c = rule(TREN_STOP_NONE);
    cr_expect_eq(STOPS(&c, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10), 0);
    cr_expect_not(tren_early_stop(&c, (tren_judged){0}));
}

Test(early_stop, nothing_known_is_no_reason_to_stop) {
    for (int r = TREN_STOP_NONE; r <= TREN_STOP_STANDARD_ERROR; r++) {
        tren_config c = rule((tren_stop_rule)r);
        cr_expect_not(tren_early_stop(&c, (tren_judged){0}));
    }
}

/* 7.9 is within the standard error 0.2 of 8; 7.7 is not, and is the next to be beaten, by 0.5. */
Test(early_stop, standard_error_counts_improvements_beyond_the_error_of_the_last_reset) {
    tren_config c = rule(TREN_STOP_STANDARD_ERROR);
    const double loss[] = {9, 8, 7.9, 7.7, 7.6, 7.4, 7.3, 7.1},
                 se[] = {0.3, 0.2, 9, 0.5, 9, 9, 9, 9};
    cr_expect_eq(tren_bad_epochs(&c, (tren_judged){loss, se, 3}), 1);
    cr_expect_eq(tren_bad_epochs(&c, (tren_judged){loss, se, 4}), 0);
    cr_expect_not(tren_early_stop(&c, (tren_judged){loss, se, 6}));
    cr_expect(tren_early_stop(&c, (tren_judged){loss, se, 7}));
    cr_expect_eq(tren_bad_epochs(&c, (tren_judged){loss, se, 8}), 0);
    const double unknown[] = {NAN, NAN, NAN};
    cr_expect_eq(tren_bad_epochs(&c, (tren_judged){loss, unknown, 3}), 0);
}

Test(early_stop, the_best_epoch_is_the_first_of_the_lowest) {
    cr_expect_eq(tren_best_epoch((tren_judged){.value = (double[]){NAN, 3, -0.5, -0.5, 1}, .n = 5}),
                 3);
    cr_expect_eq(tren_best_epoch((tren_judged){.value = (double[]){NAN, INFINITY}, .n = 2}), 0);
}
