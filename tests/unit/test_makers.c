/* Makers of regression problems: what theory says of them. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "data/source.h"
#include "support/files.h"

static tren_source make(const tren_source_kind *kind, const char *const *option) {
    tren_source s = {0};
    cr_assert_eq(test_import(&s, kind, option), TREN_OK, "%s", tren_error_text());
    return s;
}

Test(makers, the_sinusoid_is_evenly_spaced_and_noisy) {
    tren_source s =
        make(&tren_source_bishop_sinusoid, (const char *[]){"n", "2001", "n-test", "2000", NULL});
    const double *x = s.x, *t = s.y;
    double sum = 0, mean = 0;
    cr_assert_eq(x[0], 0);
    cr_assert_eq(x[2000], 1);
    cr_assert_float_eq(x[500], 0.25, 1e-15);
    for (int i = 0; i < 4001; i++) sum += pow(t[i] - sin(2 * M_PI * x[i]), 2) / 4001;
    for (int i = 2001; i < 4001; i++) mean += x[i] / 2000;
    cr_assert_float_eq(sqrt(sum), 0.3, 0.015);
    cr_assert_float_eq(mean, 0.5, 0.03);
    tren_source_close(&s);
}

Test(makers, the_points_to_interpolate_lie_on_their_function) {
    tren_source s = make(&tren_source_interpolation, (const char *[]){"grid", "2001", NULL});
    const double *x = s.x, *y = s.y;
    cr_assert_eq(s.n, 12);
    cr_assert_eq(s.n_test, 2001);
    cr_assert_eq(x[12], -5);
    cr_assert_eq(x[2012], 5);
    for (int i = 0; i < 2013; i++) {
        cr_assert(fabs(x[i]) <= 5);
        cr_assert_float_eq(y[i], 2 * (1 - exp(-fabs(x[i] + sin(x[i])))), 1e-15);
    }
    tren_source_close(&s);
}

/* E y^2 = |b|^2 + sd^2; test targets have no noise. */
Test(makers, an_isotropic_target_has_its_variance) {
    tren_source s =
        make(&tren_source_isotropic, (const char *[]){"n", "4000", "n-test", "4000", "d", "50",
                                                      "norm", "2", "sd", "1.5", NULL});
    const double *y = s.y;
    double with = 0, without = 0;
    for (int i = 0; i < 4000; i++) {
        with += y[i] * y[i] / 4000;
        without += y[4000 + i] * y[4000 + i] / 4000;
    }
    cr_assert_float_eq(with, 6.25, 0.4);
    cr_assert_float_eq(without, 4, 0.3);
    tren_source_close(&s);
}

Test(makers, slow_columns_are_small_and_matter) {
    tren_source s = make(&tren_source_two_scales, (const char *[]){"n", "4000", NULL});
    const double *x = s.x;
    double fast = 0, slow = 0;
    cr_assert_eq(s.shape.c, 45);
    for (int i = 0; i < 4000; i++) {
        fast += x[i * 45] * x[i * 45] / 4000;
        slow += x[i * 45 + 44] * x[i * 45 + 44] / 4000;
    }
    cr_assert_float_eq(fast, 1, 0.1);
    cr_assert_float_eq(sqrt(slow), 0.05, 0.005);
    tren_source_close(&s);
}

Test(makers, rows_do_not_depend_on_how_many_there_are) {
    tren_source few = make(&tren_source_isotropic, (const char *[]){"n", "5", NULL});
    tren_source many = make(&tren_source_isotropic, (const char *[]){"n", "9", NULL});
    cr_assert_eq(memcmp(few.x, many.x, 5 * 200 * sizeof(double)), 0);
    cr_assert_eq(memcmp(few.y, many.y, 5 * sizeof(double)), 0);
    tren_source_close(&few);
    tren_source_close(&many);
}

TestSuite(as_is, .init = test_scratch_enter, .fini = test_scratch_leave);

Test(as_is, a_dataset_without_normalisation_keeps_its_values) {
    tren_source s = make(&tren_source_isotropic, (const char *[]){"n", "20", "d", "3", NULL});
    tren_split split = {.percent = {100, 0, 0}, .as_is = true, .seed = 1};
    tren_dataset *dataset;
    cr_assert_eq(tren_dataset_write("d.h5", &s, &split, false), TREN_OK, "%s", tren_error_text());
    cr_assert_eq(tren_dataset_open(&dataset, "d.h5"), TREN_OK, "%s", tren_error_text());
    for (int k = 0; k < 3; k++) {
        cr_assert_eq(tren_dataset_info_of(dataset)->mean[k], 0);
        cr_assert_eq(tren_dataset_info_of(dataset)->sd[k], 1);
    }
    tren_dataset_close(dataset);
    tren_source_close(&s);
}
