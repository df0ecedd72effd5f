/* Normalisation: from rows in memory to what a network reads, near zero and far from it. */
#include <criterion/criterion.h>
#include <math.h>

#include "tren/data.h"

static void check_fetch(tren_type type, void *x) {
    double mean[2] = {100, -1}, sd[2] = {50, 0};
    tren_dataset_info info = {
        .shape = {2, 1, 3}, .is_image = true, .n_stats = 2, .mean = mean, .sd = sd};
    tren_rows rows = {.n = 3, .width = 6, .x_type = type, .x = x};
    tren_normalizer normalizer;
    const uint32_t row[4] = {2, 0, 2, 1};
    real out[24];
    cr_assert_eq(tren_normalizer_open(&normalizer, &info), TREN_OK);
    tren_rows_fetch(out, &rows, row, 4, &normalizer);
    for (int i = 0; i < 24; i++) {
        double v = row[i / 6] * 6 + i % 6, expected = i % 6 < 3 ? (v - 100) / 50 : 0;
        cr_assert_float_eq(out[i], expected, 1e-6, "%d: %g, expected %g", i, (double)out[i],
                           expected);
    }
    tren_normalizer_close(&normalizer);
    tren_normalizer_close(&normalizer);
}

Test(normalizer, gathers_converts_and_normalises_every_type) {
    uint8_t u8[18];
    float f32[18];
    double f64[18];
    for (int i = 0; i < 18; i++) f64[i] = f32[i] = u8[i] = (uint8_t)i;
    check_fetch(TREN_U8, u8);
    check_fetch(TREN_F32, f32);
    check_fetch(TREN_F64, f64);
}

/* Rows of one column, normalised. */
static void fetch_column(real *out, tren_type type, void *x, int n, double mean, double sd) {
    tren_dataset_info info = {.shape = {1, 1, 1}, .n_stats = 1, .mean = &mean, .sd = &sd};
    tren_rows rows = {.n = (size_t)n, .width = 1, .x_type = type, .x = x};
    tren_normalizer normalizer;
    cr_assert_eq(tren_normalizer_open(&normalizer, &info), TREN_OK);
    for (uint32_t i = 0; i < (uint32_t)n; i++) tren_rows_fetch(out + i, &rows, &i, 1, &normalizer);
    tren_normalizer_close(&normalizer);
}

static void expect_column(tren_type type, void *x, double mean, double sd, const double *want) {
    real out[4];
    fetch_column(out, type, x, 4, mean, sd);
    for (int i = 0; i < 4; i++)
        cr_assert_float_eq(out[i], want[i], 1e-6, "%d: %g, expected %g", i, (double)out[i],
                           want[i]);
}

Test(normalizer, values_far_from_zero_keep_what_they_differ_by) {
    static const double want[4] = {-1, 0, 0.25, 2};
    double stamp[4], tiny[4], huge[4];
    float offset[4], small[4];
    for (int i = 0; i < 4; i++) {
        stamp[i] = 1.7e9 + 60 * want[i];
        tiny[i] = 1e-170 * want[i];
        huge[i] = 1e120 * want[i];
        offset[i] = (float)(1e6 + 4 * want[i]);
        small[i] = (float)(0x1p-135 * want[i]);
    }
    expect_column(TREN_F64, stamp, 1.7e9, 60, want);
    expect_column(TREN_F64, tiny, 0, 1e-170, want);
    expect_column(TREN_F64, huge, 0, 1e120, want);
    expect_column(TREN_F32, offset, 1e6, 4, want);
    expect_column(TREN_F32, small, 0, 0x1p-135, want);
    uint8_t white[4] = {254, 255, 255, 255};
    const double steps[4] = {-999.0 / 1024, 25.0 / 1024, 25.0 / 1024, 25.0 / 1024};
    expect_column(TREN_U8, white, 255 - 25.0 / 1024, 1, steps);
    const double apart[4] = {-999, 25, 25, 25};
    expect_column(TREN_U8, white, 255 - 25.0 / 1024, 1.0 / 1024, apart);
}

Test(normalizer, near_zero_is_one_multiplication_and_one_addition_in_real) {
    float x[3] = {1.1f, -7.3f, 1999.7f};
    double mean = 2047, sd = 8.1; /* as far as it goes: 253 */
    real out[3], scale = (real)(1 / sd), shift = (real)(-mean * (1 / sd));
    fetch_column(out, TREN_F32, x, 3, mean, sd);
    for (int i = 0; i < 3; i++) {
        volatile real product = (real)x[i] * scale;
        cr_assert_eq(out[i], product + shift, "recorded digests would change");
    }
}

Test(normalizer, a_constant_column_is_0_whatever_stands_in_other_rows) {
    double x[4] = {31.37, 31.37, -5, 1e9};
    float y[4] = {31.37f, 31.37f, -5, 1e9f};
    expect_column(TREN_F64, x, 31.37, 0, (double[4]){0});
    expect_column(TREN_F32, y, 31.37, 0, (double[4]){0});
}
