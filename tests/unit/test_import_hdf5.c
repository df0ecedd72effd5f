/* Datasets of foreign HDF5 files, and synthetic sources. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/files.h"

TestSuite(import_hdf5, .init = test_scratch_enter, .fini = test_scratch_leave);

#define OPTIONS(...) ((const char *const[]){"FILE", "f.h5", __VA_ARGS__, NULL})

static const float numbers[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
static const int32_t negative[3] = {5, 0, -7};
static const int32_t integers[12] = {2, 0, 1, 3, 4, 5, 1 << 25, -7, 8, 9, 10, 11};

static void write_file(void) {
    tren_h5 *file;
    cr_assert_eq(tren_h5_create(&file, "f.h5", TREN_ERR_DATA), TREN_OK);
    tren_h5_write(file, "/table", (tren_h5_shape){2, {3, 4}}, TREN_F32, numbers);
    tren_h5_write(file, "/deep/pixels", (tren_h5_shape){4, {3, 1, 2, 2}}, TREN_F32, numbers);
    tren_h5_write(file, "/wide", (tren_h5_shape){2, {3, 4}}, TREN_I32, integers);
    tren_h5_write(file, "/label", (tren_h5_shape){1, {3}}, TREN_I32, integers);
    tren_h5_write(file, "/label2", (tren_h5_shape){1, {2}}, TREN_I32, integers);
    tren_h5_write(file, "/negative", (tren_h5_shape){1, {3}}, TREN_I32, negative);
    tren_h5_write(file, "/one", (tren_h5_shape){0, {0}}, TREN_I32, integers);
    tren_h5_write(file, "/five", (tren_h5_shape){5, {3, 1, 1, 1, 4}}, TREN_F32, numbers);
    cr_assert_eq(tren_h5_finish(file), TREN_OK);
}

static void import(tren_source *source, const char *const *option) {
    write_file();
    cr_assert_eq(test_import(source, &tren_source_hdf5, option), TREN_OK, "%s", tren_error_text());
}

Test(import_hdf5, takes_two_datasets_by_name) {
    tren_source source;
    import(&source, OPTIONS("x", "/table", "y", "/label"));
    cr_assert(source.n == 3 && source.shape.c == 4 && !source.is_image && source.n_classes == 3);
    cr_assert_arr_eq(source.x, numbers, sizeof numbers);
    cr_assert_arr_eq(source.y, "\2\0\1", 3);
    cr_assert_str_eq(source.origin, "hdf5 f.h5 /table /label");
    tren_source_close(&source);
}

Test(import_hdf5, test_part_may_lie_elsewhere_in_the_file) {
    tren_source source;
    import(&source, OPTIONS("x", "table", "y", "label", "test-x", "table", "test-y", "label"));
    cr_assert(source.n == 3 && source.n_test == 3);
    cr_assert_arr_eq((float *)source.x + 12, numbers, sizeof numbers);
    cr_assert_arr_eq((uint8_t *)source.y + 3, "\2\0\1", 3);
    tren_source_close(&source);
}

Test(import_hdf5, channels_move_to_the_front) {
    tren_source source;
    import(&source, OPTIONS("x", "/deep/pixels", "y", "/label", "channels-last", "yes"));
    static const float expected[12] = {0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11};
    cr_assert(source.is_image && source.shape.c == 2 && source.shape.h == 1 && source.shape.w == 2);
    cr_assert_arr_eq(source.x, expected, sizeof expected);
    tren_source_close(&source);
}

Test(import_hdf5, reals_and_told_integers_are_targets) {
    tren_source source;
    import(&source, OPTIONS("x", "/table", "y", "/table"));
    cr_assert(source.n_classes == 0 && source.n_targets == 4 && source.y_type == TREN_F32);
    tren_source_close(&source);
    import(&source, OPTIONS("x", "/wide", "y", "/wide", "regression", "yes"));
    cr_assert(source.n_targets == 4 && source.y_type == TREN_F64 && source.x_type == TREN_F64);
    cr_assert_eq(((double *)source.y)[7], -7);
    cr_assert_eq(((double *)source.x)[6], 1 << 25);
    tren_source_close(&source);
}

static void expect_refused(tren_status status, const char *part, const char *const *option) {
    tren_source source;
    test_expect_error(test_import(&source, &tren_source_hdf5, option), status, part);
    tren_source_close(&source);
}

Test(import_hdf5, integers_beyond_63_bits_keep_their_values) {
    static const uint64_t far[3] = {1, (1ull << 63) + 1, 2}, near[3] = {1, 1 << 24, 2};
    tren_h5 *file;
    write_file();
    cr_assert_eq(tren_h5_create(&file, "u.h5", TREN_ERR_DATA), TREN_OK);
    tren_h5_write(file, "/far", (tren_h5_shape){1, {3}}, TREN_U64, far);
    tren_h5_write(file, "/near", (tren_h5_shape){1, {3}}, TREN_U64, near);
    tren_h5_write(file, "/label", (tren_h5_shape){1, {3}}, TREN_I32, integers);
    cr_assert_eq(tren_h5_finish(file), TREN_OK);
    expect_refused(TREN_ERR_DATA, "u.h5: /far: row 1: the label 9223372036854775809 is not",
                   (const char *const[]){"FILE", "u.h5", "x", "/near", "y", "/far", NULL});
    tren_source source;
    cr_assert_eq(
        test_import(&source, &tren_source_hdf5,
                    (const char *const[]){"FILE", "u.h5", "x", "/far", "y", "/label", NULL}),
        TREN_OK);
    cr_assert(source.x_type == TREN_F64 && ((double *)source.x)[1] == 0x1p63);
    tren_source_close(&source);
    cr_assert_eq(
        test_import(&source, &tren_source_hdf5,
                    (const char *const[]){"FILE", "u.h5", "x", "/near", "y", "/label", NULL}),
        TREN_OK);
    cr_assert(source.x_type == TREN_F32 && ((float *)source.x)[1] == 1 << 24);
    tren_source_close(&source);
}

static tren_status import_stamps(tren_source *source, int64_t first, int64_t step) {
    int64_t stamp[3] = {first, first + step, first + 2 * step};
    tren_h5 *file;
    cr_assert_eq(tren_h5_create(&file, "f.h5", TREN_ERR_DATA), TREN_OK);
    tren_h5_write(file, "/stamp", (tren_h5_shape){2, {3, 1}}, TREN_I64, stamp);
    tren_h5_write(file, "/label", (tren_h5_shape){1, {3}}, TREN_I32, integers);
    cr_assert_eq(tren_h5_finish(file), TREN_OK);
    return test_import(source, &tren_source_hdf5, OPTIONS("x", "/stamp", "y", "/label"));
}

Test(import_hdf5, whole_numbers_that_f64_cannot_tell_apart_are_refused) {
    const int64_t nanoseconds = 1700000000000000000;
    tren_source source;
    cr_assert_eq(import_stamps(&source, nanoseconds, 60000000000), TREN_OK, "%s",
                 tren_error_text());
    cr_assert_eq(source.x_type, TREN_F64);
    tren_source_close(&source);
    test_expect_error(import_stamps(&source, nanoseconds, 100), TREN_ERR_DATA,
                      "f.h5: /stamp: row 1, column 0: beyond 2^53, f64 would round "
                      "1700000000000000100 and lose the differences within its column: subtract");
    tren_source_close(&source);
    test_expect_error(import_stamps(&source, INT64_MAX - 2, 1), TREN_ERR_DATA, "subtract");
    tren_source_close(&source);
}

Test(import_hdf5, what_does_not_fit_is_named) {
    write_file();
    expect_refused(TREN_ERR_DATA, "f.h5: /tabel: there is no such dataset",
                   OPTIONS("x", "/tabel", "y", "/label"));
    expect_refused(TREN_ERR_DATA, "f.h5: /table has 3 rows, but /label2 has 2",
                   OPTIONS("x", "/table", "y", "/label2"));
    expect_refused(TREN_ERR_DATA, "f.h5: /negative: row 2: the label -7",
                   OPTIONS("x", "/table", "y", "/negative"));
    expect_refused(TREN_ERR_DATA, "f.h5: /wide has 4 integers per row",
                   OPTIONS("x", "/table", "y", "/wide"));
    expect_refused(TREN_ERR_DATA, "f.h5: /one is a single value",
                   OPTIONS("x", "/one", "y", "/label"));
    expect_refused(TREN_ERR_DATA,
                   "f.h5: /five: expected [n], [n,f], [n,h,w] or [n,c,h,w], but it has 5 dim",
                   OPTIONS("x", "/five", "y", "/label"));
    expect_refused(TREN_ERR_USAGE, "--channels-last: f.h5: /table has 2",
                   OPTIONS("x", "/table", "y", "/label", "channels-last", ""));
    expect_refused(TREN_ERR_USAGE, "must be given together",
                   OPTIONS("x", "/table", "y", "/label", "test-x", "/table"));
    expect_refused(TREN_ERR_DATA, "f.h5: /table and /wide (f.h5) differ in type or shape",
                   OPTIONS("x", "/table", "y", "/label", "test-x", "/wide", "test-y", "/label"));
}

Test(sinusoid, is_what_it_says) {
    tren_source source, again;
    const char *const option[] = {"n", "20000", "sd", "0.25", NULL};
    cr_assert_eq(test_import(&source, &tren_source_sinusoid, option), TREN_OK);
    cr_assert_eq(test_import(&again, &tren_source_sinusoid, option), TREN_OK);
    const double *x = source.x, *t = source.y;
    double mean = 0, square = 0, noise = 0, noise_square = 0;
    for (size_t i = 0; i < source.n; i++) {
        cr_assert(x[i] >= 0 && x[i] < 1);
        double e = t[i] - sin(2 * M_PI * x[i]);
        mean += x[i], square += x[i] * x[i], noise += e, noise_square += e * e;
    }
    double n = (double)source.n; /* five standard errors each */
    cr_assert_float_eq(mean / n, 0.5, 5 * 0.2887 / sqrt(n));
    cr_assert_float_eq(square / n, 1.0 / 3, 5 * 0.2981 / sqrt(n));
    cr_assert_float_eq(noise / n, 0, 5 * 0.25 / sqrt(n));
    cr_assert_float_eq(noise_square / n, 0.0625, 5 * 0.0625 * M_SQRT2 / sqrt(n));
    cr_assert_arr_eq(source.x, again.x, source.n * sizeof *x);
    cr_assert_eq(source.digest, again.digest);
    cr_assert_str_eq(source.origin, "sinusoid n=20000 sd=0.25 seed=1");
    tren_source_close(&source);
    tren_source_close(&again);
}

Test(sinusoid, sources_are_found_by_name_or_nearly) {
    const tren_source_kind *kind;
    cr_assert_eq(tren_source_find(&kind, "sinusoid", true), TREN_OK);
    cr_assert_eq(kind, &tren_source_sinusoid);
    test_expect_error(tren_source_find(&kind, "sinusoid", false), TREN_ERR_USAGE, "unknown source");
    test_expect_error(tren_source_find(&kind, "cvs", false), TREN_ERR_USAGE, "did you mean 'csv'");
}
