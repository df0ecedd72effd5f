/* MNIST-1D: the signals are those of the paper's templates, and a sample is a function of its
 * number alone. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "data/source.h"
#include "support/files.h"

enum { POINTS = 40 };

static void make(tren_source *source, const char *const *option) {
    cr_assert_eq(test_import(source, &tren_source_mnist1d, option), TREN_OK, "%s",
                 tren_error_text());
}

static const float *row(const tren_source *source, size_t i) {
    return (const float *)source->x + i * POINTS;
}

Test(mnist1d, samples_do_not_depend_on_how_many_there_are) {
    tren_source few = {0}, many = {0};
    make(&few, (const char *[]){"n", "30", "n-test", "10", NULL});
    make(&many, (const char *[]){"n", "300", "n-test", "50", NULL});
    cr_assert_eq(memcmp(row(&few, 0), row(&many, 0), 30 * POINTS * sizeof(float)), 0);
    cr_assert_eq(memcmp(row(&few, 30), row(&many, 300), 10 * POINTS * sizeof(float)), 0);
    cr_assert_neq(memcmp(row(&few, 0), row(&few, 30), POINTS * sizeof(float)), 0,
                  "the test part repeats the training part");
    cr_assert_neq(few.digest, many.digest);
    tren_source_close(&few);
    tren_source_close(&many);
}

Test(mnist1d, every_class_is_there_as_often) {
    tren_source s = {0};
    int count[10] = {0};
    make(&s, (const char *[]){"n", "200", NULL});
    for (size_t i = 0; i < 200; i++) count[((const uint8_t *)s.y)[i]]++;
    for (int c = 0; c < 10; c++) cr_assert_eq(count[c], 20);
    cr_assert(s.is_image && s.shape.w == POINTS && s.n_classes == 10);
    tren_source_close(&s);
}

/* Without noise, slope and scale a signal is its template, stretched and moved: highest and lowest
 * value are the template's, within what interpolating to fewer points can cut off. */
Test(mnist1d, without_noise_a_signal_has_its_template_s_extremes) {
    static const struct {
        int class;
        double low, high, sd;
    } known[] = {
        {0, 0, 2, 0.7034}, {1, -2, 0.8, 0.9012}, {4, -2.4, 0, 0.9434}, {7, -0.8, 2, 0.9012}};
    tren_source s = {0};
    make(&s, (const char *[]){"n", "400", "scale", "0", "shear", "0", "background", "0", "noise",
                              "0", NULL});
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        double low = 0, high = 0;
        for (size_t i = (size_t)known[k].class; i < 400; i += 10)
            for (int j = 0; j < POINTS; j++) {
                low = fmin(low, row(&s, i)[j]);
                high = fmax(high, row(&s, i)[j]);
            }
        double unit = 1 / known[k].sd / 6;
        cr_assert_float_eq(low, known[k].low * unit, 0.02, "class %d: low %g", known[k].class, low);
        cr_assert_float_eq(high, known[k].high * unit, 0.02, "class %d: high %g", known[k].class,
                           high);
    }
    tren_source_close(&s);
}

/* Smooth noise of standard deviation 0.25 through the filter has 0.25 / sqrt(2 sqrt(pi) 2). */
Test(mnist1d, the_background_has_the_filter_s_standard_deviation) {
    tren_source s = {0};
    double sum = 0;
    size_t n = 0;
    make(&s, (const char *[]){"n", "3000", "scale", "0", "shear", "0", "noise", "0", NULL});
    tren_source flat = {0};
    make(&flat, (const char *[]){"n", "3000", "scale", "0", "shear", "0", "noise", "0",
                                 "background", "0", NULL});
    for (size_t i = 0; i < 3000 * POINTS; i++) {
        if (row(&flat, 0)[i] != 0) continue; /* signal */
        sum += (double)row(&s, 0)[i] * (double)row(&s, 0)[i];
        n++;
    }
    double expected = 0.25 / sqrt(2 * sqrt(M_PI) * 2);
    cr_assert_gt(n, 40000);
    cr_assert_float_eq(sqrt(sum / (double)n), expected, 0.06 * expected, "%g, not %g",
                       sqrt(sum / (double)n), expected);
    tren_source_close(&s);
    tren_source_close(&flat);
}
