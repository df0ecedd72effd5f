/* Mean and standard deviation of the training part: constants, long sums, and the ends of the
 * range. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "data/prepare.h"

Test(statistics, are_those_of_the_definition_per_channel) {
    float x[2][2][3] = {{{1, 2, 3}, {-5, 0, 5}}, {{4, 5, 6}, {0, 0, 0}}};
    tren_source source = {.n = 3, .shape = {2, 1, 3}, .is_image = true, .x_type = TREN_F32, .x = x};
    double mean[2], sd[2];
    cr_assert_eq(tren_statistics(mean, sd, &source, (uint32_t[]){1, 0}, 2), TREN_OK);
    cr_assert_float_eq(mean[0], 3.5, 1e-15);
    cr_assert_float_eq(sd[0], 1.707825127659933, 1e-15); /* sqrt(17.5 / 6) */
    cr_assert_float_eq(mean[1], 0, 1e-15);
    cr_assert_float_eq(sd[1], 2.886751345948129, 1e-15); /* sqrt(50 / 6) */
}

Test(statistics, survive_a_large_mean) {
    double x[4] = {1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9 + 4};
    tren_source source = {.n = 4, .shape = {1, 1, 1}, .x_type = TREN_F64, .x = x};
    double mean, sd;
    cr_assert_eq(tren_statistics(&mean, &sd, &source, (uint32_t[]){0, 1, 2, 3}, 4), TREN_OK);
    cr_assert_eq(mean, 1e9 + 2.5);
    cr_assert_float_eq(sd, 1.118033988749895, 1e-12);
}

/* Mean and sd of n values, x[i] = value(i). */
static void column_statistics(double *mean, double *sd, tren_type type, size_t n,
                              double (*value)(size_t)) {
    tren_source source = {.n = n, .shape = {1, 1, 1}, .x_type = type};
    source.x = malloc(n * tren_type_size(type));
    for (size_t i = 0; i < n; i++) {
        if (type == TREN_U8) ((uint8_t *)source.x)[i] = (uint8_t)value(i);
        if (type == TREN_F32) ((float *)source.x)[i] = (float)value(i);
        if (type == TREN_F64) ((double *)source.x)[i] = value(i);
    }
    cr_assert_eq(tren_statistics(mean, sd, &source, NULL, n), TREN_OK, "%s", tren_error_text());
    free(source.x);
}

static double constant(size_t i) {
    return (void)i, 31.37;
}
static double whole(size_t i) {
    return (void)i, 255;
}

Test(statistics, a_constant_has_its_value_as_mean_and_sd_0) {
    double mean, sd;
    column_statistics(&mean, &sd, TREN_F64, 1201, constant);
    cr_assert(mean == 31.37 && sd == 0, "%.17g, %g", mean, sd);
    column_statistics(&mean, &sd, TREN_F32, 1201, constant);
    cr_assert(mean == (double)31.37f && sd == 0, "%.17g, %g", mean, sd);
    column_statistics(&mean, &sd, TREN_U8, 1201, whole);
    cr_assert(mean == 255 && sd == 0);
}

static double last_bit(size_t i) {
    return i % 2 ? 31.37 : nextafter(31.37, 32);
}
static double last_bit_f32(size_t i) {
    return (double)(i % 2 ? 31.37f : nextafterf(31.37f, 32));
}
static double some_bits(size_t i) {
    return i % 2 ? 31.37 : 31.37 * (1 + 1e-12);
}
static double whole_1e7(size_t i) {
    return 1e7 + (double)(i % 2);
}
static double whole_1e15(size_t i) {
    return 1e15 + (double)(i % 2);
}

Test(statistics, a_spread_at_the_rounding_of_the_type_is_none) {
    double mean, sd;
    column_statistics(&mean, &sd, TREN_F64, 1000, last_bit);
    cr_assert_eq(sd, 0, "%g", sd);
    column_statistics(&mean, &sd, TREN_F32, 1000, last_bit_f32);
    cr_assert_eq(sd, 0, "%g", sd);
    column_statistics(&mean, &sd, TREN_F64, 1000, last_bit_f32);
    cr_assert_float_eq(sd, 0x1p-20, 1e-12, "f64 tells them apart: %g", sd);
    column_statistics(&mean, &sd, TREN_F32, 1000, whole_1e7);
    cr_assert_eq(sd, 0.5, "whole numbers are exact");
    column_statistics(&mean, &sd, TREN_F64, 1000, whole_1e15);
    cr_assert_eq(sd, 0.5, "whole numbers are exact");
}

Test(statistics, the_rounding_of_a_long_sum_does_not_count) {
    double mean, sd, spread = 31.37 * 1e-12;
    column_statistics(&mean, &sd, TREN_F64, 1000000, some_bits);
    cr_assert_float_eq(sd, spread / 2, spread * 1e-3, "%g", sd);
    cr_assert_float_eq(mean, 31.37 + spread / 2, spread * 1e-3, "%.17g", mean);
}

static double tiny(size_t i) {
    return 1e-170 * (double)(i % 3);
}
static double subnormal(size_t i) {
    return 0x1p-1070 * (double)(i % 3);
}

Test(statistics, tiny_values_have_a_spread) {
    double mean, sd;
    column_statistics(&mean, &sd, TREN_F64, 300, tiny);
    cr_assert_float_eq(sd / 1e-170, 0.816496580927726, 1e-12, "%g", sd);
    column_statistics(&mean, &sd, TREN_F64, 300, subnormal);
    cr_assert_float_eq(sd / 0x1p-1070, 0.816496580927726, 0.05, "%g", sd);
}
