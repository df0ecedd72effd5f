/* Labels as foreign files have them: reals, one-hot, not from 0, none; and images with the channels
 * last.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "support/files.h"

TestSuite(answers, .init = test_scratch_enter, .fini = test_scratch_leave);

enum { ROWS = 4 };

/* Imports ROWS rows with these labels [ROWS, width] from an HDF5 file. */
static tren_status import(tren_source *source, tren_type type, const void *y, size_t width,
                          const char *option, const char *value) {
    static const float x[ROWS] = {1, 2, 3, 4};
    tren_h5 *file;
    cr_assert_eq(tren_h5_create(&file, "f.h5", TREN_ERR_DATA), TREN_OK);
    tren_h5_write(file, "/x", (tren_h5_shape){1, {ROWS}}, TREN_F32, x);
    tren_h5_write(file, "/y", (tren_h5_shape){width > 1 ? 2 : 1, {ROWS, width}}, type, y);
    cr_assert_eq(tren_h5_finish(file), TREN_OK);
    const char *const options[] = {"FILE", "f.h5", "x", "/x", "y", "/y", option, value, NULL};
    return test_import(source, &tren_source_hdf5, options);
}

#define I64(...) TREN_I64, ((const int64_t[]){__VA_ARGS__})
#define F32(...) TREN_F32, ((const float[]){__VA_ARGS__})

static void expect_classes(tren_status st, tren_source *source, const char *y, int n,
                           const char *names) {
    char found[128] = "";
    cr_assert_eq(st, TREN_OK, "%s", tren_error_text());
    cr_assert_eq(source->n_classes, n);
    cr_assert_arr_eq(source->y, y, ROWS);
    for (int i = 0; source->class_name && i < n; i++)
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s ", source->class_name[i]);
    cr_assert_str_eq(found, names);
    tren_source_close(source);
}

static void expect_targets(tren_status st, tren_source *source, int width, double first) {
    cr_assert_eq(st, TREN_OK, "%s", tren_error_text());
    cr_assert(source->n_classes == 0 && source->n_targets == width);
    double value =
        source->y_type == TREN_F32 ? (double)((float *)source->y)[0] : ((double *)source->y)[0];
    cr_assert_eq(value, first);
    tren_source_close(source);
}

Test(answers, labels_that_do_not_begin_at_0_are_asked_about_and_renumbered) {
    tren_source s;
    test_expect_error(
        import(&s, I64(2, 1, 3, 1), 1, NULL, NULL), TREN_ERR_DATA,
        "f.h5: /y: row 1: the label 1 is the lowest, 3 the highest, but classes are numbered "
        "from 0: give --relabel yes");
    tren_source_close(&s);
    test_expect_error(import(&s, I64(-1, 1, 1, -1), 1, "relabel", "no"), TREN_ERR_DATA,
                      "the label -1 is the lowest");
    tren_source_close(&s);
    expect_classes(import(&s, I64(2, 1, 3, 1), 1, "relabel", "yes"), &s, "\1\0\2\0", 3, "1 2 3 ");
    expect_classes(import(&s, I64(2, 1, 3, 1), 1, "relabel", "no"), &s, "\2\1\3\1", 4, "");
    expect_classes(import(&s, I64(-1, 1, 1, -1), 1, "relabel", "yes"), &s, "\0\1\1\0", 2, "-1 1 ");
    expect_classes(import(&s, I64(40, 1 << 30, 7, 40), 1, "relabel", "yes"), &s, "\1\2\0\1", 3,
                   "7 40 1073741824 ");
    expect_classes(import(&s, I64(2, 0, 1, 2), 1, "relabel", "yes"), &s, "\2\0\1\2", 3, "");
    expect_classes(import(&s, I64(0, 2, 2, 0), 1, NULL, NULL), &s, "\0\2\2\0", 3, "");
}

Test(answers, whole_reals_are_asked_about) {
    tren_source s;
    test_expect_error(
        import(&s, F32(0, 2, 1, 0), 1, NULL, NULL), TREN_ERR_USAGE,
        "f.h5: /y: its reals are all whole numbers, which may be classes or targets: give "
        "--classification or --regression");
    tren_source_close(&s);
    test_expect_error(import(&s, F32(-1, 1, 1, -1), 1, NULL, NULL), TREN_ERR_USAGE,
                      "may be classes");
    tren_source_close(&s);
    expect_classes(import(&s, F32(0, 2, 1, 0), 1, "classification", ""), &s, "\0\2\1\0", 3, "");
    expect_targets(import(&s, F32(0, 2, 1, 0), 1, "regression", ""), &s, 1, 0);
    expect_targets(import(&s, F32(0.5f, 2, 1, 0), 1, NULL, NULL), &s, 1, 0.5);
    expect_targets(import(&s, F32(1990, 1991, 1990, 1992), 1, NULL, NULL), &s, 1, 1990);
    test_expect_error(import(&s, F32(0, 2, 1.5f, 0), 1, "classification", ""), TREN_ERR_DATA,
                      "f.h5: /y: row 2: 1.5 is not a class");
    tren_source_close(&s);
    test_expect_error(import(&s, F32(1, 2, 1, 3), 1, "classification", ""), TREN_ERR_DATA,
                      "give --relabel yes");
    tren_source_close(&s);
}

#define HOT 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0

Test(answers, one_hot_rows_are_classes) {
    tren_source s;
    expect_classes(import(&s, F32(HOT), 3, NULL, NULL), &s, "\1\0\1\1", 3, "");
    cr_assert_eq(import(&s, I64(HOT), 3, NULL, NULL), TREN_OK);
    cr_assert_not_null(strstr(s.notes, "each row has a single 1 among zeros"));
    tren_source_close(&s);
    expect_targets(import(&s, I64(HOT), 3, "regression", ""), &s, 3, 0);
    expect_targets(import(&s, F32(1, 1, 0, 1, 1, 0, 0, 1), 2, NULL, NULL), &s, 2, 1);
    test_expect_error(import(&s, I64(1, 0, 1, 1, 1, 0, 0, 1), 2, NULL, NULL), TREN_ERR_DATA,
                      "f.h5: /y has 2 integers per row, but row 1 is not one-hot");
    tren_source_close(&s);
    test_expect_error(import(&s, F32(1, 0, .5f, .5f, 1, 0, 0, 1), 2, "classification", ""),
                      TREN_ERR_DATA, "row 1 does not have a single 1 among zeros");
    tren_source_close(&s);
}

Test(answers, idx_files_are_read_alike) {
    tren_source s;
    test_write_idx("x", 0x08, 2, (uint32_t[]){3, 1}, "\1\2\3", 3);
    test_write_idx("one", 0x08, 1, (uint32_t[]){3}, "\2\1\1", 3);
    test_write_idx("hot", 0x08, 2, (uint32_t[]){3, 2}, "\1\0\0\1\0\1", 6);
    test_write_idx("real", 0x0D, 1, (uint32_t[]){3}, "\0\0\0\0\x3F\x80\0\0\0\0\0\0",
                   12); /* 0 1 0 */
    const char *option[] = {"images", "x", "labels", "one", NULL, NULL, NULL};
    test_expect_error(test_import(&s, &tren_source_idx, option), TREN_ERR_DATA,
                      "give --relabel yes");
    tren_source_close(&s);
    option[3] = "real";
    test_expect_error(test_import(&s, &tren_source_idx, option), TREN_ERR_USAGE, "may be classes");
    tren_source_close(&s);
    option[3] = "hot";
    cr_assert_eq(test_import(&s, &tren_source_idx, option), TREN_OK, "%s", tren_error_text());
    cr_assert_arr_eq(s.y, "\0\1\1", 3);
    tren_source_close(&s);
    const char *const none[] = {"images", "x", "unlabeled", "", NULL};
    cr_assert_eq(test_import(&s, &tren_source_idx, none), TREN_OK, "%s", tren_error_text());
    cr_assert(s.n == 3 && s.n_targets == 0);
    tren_source_close(&s);
}

/* ---- channels -------------------------------------------------------------------------------- */

static tren_status import_images(tren_source *source, size_t a, size_t b, size_t c,
                                 const char *option) {
    static const uint8_t y[2] = {0, 1};
    uint8_t *x = malloc(2 * a * b * c);
    for (size_t i = 0; i < 2 * a * b * c; i++) x[i] = (uint8_t)i;
    tren_h5 *file;
    cr_assert_eq(tren_h5_create(&file, "f.h5", TREN_ERR_DATA), TREN_OK);
    tren_h5_write(file, "/x", (tren_h5_shape){4, {2, a, b, c}}, TREN_U8, x);
    tren_h5_write(file, "/y", (tren_h5_shape){1, {2}}, TREN_U8, y);
    cr_assert_eq(tren_h5_finish(file), TREN_OK);
    free(x);
    const char *const options[] = {"FILE", "f.h5", "x", "/x", "y", "/y", option, "", NULL};
    return test_import(source, &tren_source_hdf5, options);
}

Test(answers, channels_that_seem_last_are_asked_about) {
    tren_source s;
    static const size_t last[][3] = {{8, 8, 3}, {28, 28, 1}, {4, 4, 3}, {9, 7, 4}, {5, 9, 2}};
    for (size_t i = 0; i < sizeof last / sizeof *last; i++) {
        test_expect_error(
            import_images(&s, last[i][0], last[i][1], last[i][2], NULL), TREN_ERR_USAGE,
            "give --channels-last for the first case, --channels-first for the second");
        tren_source_close(&s);
    }
    cr_assert_eq(import_images(&s, 8, 8, 3, "channels-last"), TREN_OK);
    cr_assert(s.shape.c == 3 && s.shape.h == 8 && s.shape.w == 8);
    cr_assert_eq(((uint8_t *)s.x)[64], 1, "the second channel follows the first");
    tren_source_close(&s);
    cr_assert_eq(import_images(&s, 8, 8, 3, "channels-first"), TREN_OK);
    cr_assert(s.shape.c == 8 && s.shape.w == 3);
    tren_source_close(&s);
    static const size_t first[][3] = {{3, 8, 8},  {1, 28, 28}, {3, 4, 4},
                                      {3, 32, 3}, {16, 8, 8},  {1, 5, 1}};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        cr_assert_eq(import_images(&s, first[i][0], first[i][1], first[i][2], NULL), TREN_OK);
        tren_source_close(&s);
    }
}

Test(answers, shape_of_a_table_may_have_the_channels_last_too) {
    tren_source s;
    const char *option[] = {"FILE", "t.csv", "label", "13", "shape", "2x2x3", NULL, NULL, NULL};
    test_write_text("t.csv", "0,1,2,3,4,5,6,7,8,9,10,11,a\n5,1,2,3,4,5,6,7,8,9,10,11,b\n");
    option[5] = "2x2x3"; /* no channels fewer than all else: 2 < 3 */
    option[6] = "header", option[7] = "no";
    cr_assert_eq(test_import(&s, &tren_source_csv, option), TREN_OK, "%s", tren_error_text());
    cr_assert(s.shape.c == 2 && s.shape.w == 3);
    tren_source_close(&s);
    option[5] = "3x4x1";
    test_expect_error(test_import(&s, &tren_source_csv, option), TREN_ERR_USAGE,
                      "--shape 3x4x1: [n,3,4,1] may be images of 3 x 4 with 1 channel, or");
    tren_source_close(&s);
}
