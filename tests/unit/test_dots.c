/* Roughness and distances of experiment I1, for functions whose own are known. */
#include <criterion/criterion.h>
#include <math.h>

#include "lab/dots.h"

/* The parabola x^2 at twelve places 0.8 apart. */
static lab_dots parabola(void) {
    lab_dots d;
    for (int i = 0; i < LAB_DOTS; i++) {
        d.x[i] = 0.8 * (i - 5.5);
        d.y[i] = d.x[i] * d.x[i];
    }
    return d;
}

Test(dots, both_interpolants_pass_through_the_points) {
    lab_dots d = parabola();
    for (int i = 0; i < LAB_DOTS; i++) {
        cr_expect_float_eq(lab_dots_spline(&d, d.x[i]), d.y[i], 1e-12);
        cr_expect_float_eq(lab_dots_polynomial(&d, d.x[i]), d.y[i], 1e-9);
    }
    cr_expect_float_eq(lab_dots_spline(&d, 0), 0.16, 1e-12);
    cr_expect_float_eq(lab_dots_polynomial(&d, 0.1), 0.01, 1e-9);
}

Test(dots, lines_between_points_of_a_parabola_bend_by_its_slopes) {
    lab_dots d = parabola(); /* from slope -8 to slope 8 */
    cr_expect_float_eq(lab_dots_least_roughness(&d), 16, 1e-12);
    cr_expect_leq(lab_dots_seen_roughness(&d), 16 + 1e-12);
    cr_expect_gt(lab_dots_seen_roughness(&d), 14);
}

Test(dots, a_network_bends_at_its_kinks_and_not_beyond_the_points) {
    const real w[] = {1, -2, 1, 1}, b[] = {0, 2, 9, 0}, v[] = {3, 0.5, 7, -1};
    lab_one_layer net = {.m = 4, .relu = true, .w = w, .b = b, .v = v, .c = 0.25};
    lab_dots d = parabola();
    lab_fit fit = {.dots = &d};
    lab_fit_look(&fit, &net);
    /* 3 - 1 at 0, where two units meet, and 0.5 |-2| at 1; the third bends at -9. */
    cr_expect_float_eq(fit.roughness, 3, 1e-6);
    cr_expect_leq(fit.seen, fit.roughness + 1e-6);
    double sum = 0;
    for (int i = 0; i < LAB_DOTS; i++)
        sum += pow(lab_one_layer_at(&net, d.x[i]) - d.y[i], 2) / LAB_DOTS;
    cr_expect_float_eq(fit.mse, sum, 1e-9);
    cr_expect_leq(fit.to_truth, fit.largest);
}
