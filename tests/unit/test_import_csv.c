/* CSV files: quoting, headers, labels, and errors with their line. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/csv.h"
#include "support/files.h"

TestSuite(import_csv, .init = test_scratch_enter, .fini = test_scratch_leave);

#define OPTIONS(...) ((const char *const[]){"FILE", "t.csv", __VA_ARGS__, NULL})

static void read_text(tren_source *source, const char *text, const char *const *option) {
    test_write_text("t.csv", text);
    cr_assert_eq(test_import(source, &tren_source_csv, option), TREN_OK, "%s", tren_error_text());
}

static void expect_values(const tren_source *source, const float *x, size_t n) {
    cr_assert_eq(source->x_type, TREN_F32);
    for (size_t i = 0; i < n; i++)
        cr_assert_eq(((float *)source->x)[i], x[i], "%zu: %g", i, (double)((float *)source->x)[i]);
}

Test(import_csv, header_is_found_and_columns_have_names) {
    tren_source source;
    read_text(&source, "a,kind,b\n1,0,2\n3.5,1,-4e2\n", OPTIONS("label", "kind"));
    cr_assert(source.n == 2 && source.shape.c == 2 && !source.is_image && source.n_classes == 2);
    cr_assert_null(source.class_name, "0 and 1 are class numbers already");
    expect_values(&source, (float[]){1, 2, 3.5f, -400}, 4);
    cr_assert_arr_eq(source.y, "\0\1", 2);
    tren_source_close(&source);
}

Test(import_csv, header_is_not_taken_from_numbers_unless_told) {
    tren_source source;
    read_text(&source, "1,2,a\n3,4,b\n", OPTIONS("label", "3"));
    cr_assert_eq(source.n, 2);
    tren_source_close(&source);
    read_text(&source, "1,2,a\n3,4,b\n", OPTIONS("label", "3", "header", "yes"));
    cr_assert_eq(source.n, 1);
    tren_source_close(&source);
    test_write_text("t.csv", "x,y,z\n3,4,b\n");
    test_expect_error(test_import(&source, &tren_source_csv, OPTIONS("label", "3", "header", "no")),
                      TREN_ERR_DATA, "t.csv:1: column 1: 'x' is not a number");
    tren_source_close(&source);
}

Test(import_csv, text_labels_become_classes_in_order_of_their_names) {
    tren_source source;
    read_text(&source, "1,virginica\n2,setosa\n3,versicolor\n4,setosa\n", OPTIONS("label", "2"));
    cr_assert_eq(source.n_classes, 3);
    cr_assert_str_eq(source.class_name[0], "setosa");
    cr_assert_str_eq(source.class_name[2], "virginica");
    cr_assert_arr_eq(source.y, "\2\0\1\0", 4);
    const char *const order[] = {"virginica", "versicolor", "setosa", "other"};
    cr_assert_eq(tren_source_name_classes(&source, order, 4), TREN_OK);
    cr_assert_arr_eq(source.y, "\0\2\1\2", 4);
    cr_assert_eq(source.n_classes, 4);
    test_expect_error(tren_source_name_classes(&source, order + 1, 4 - 1), TREN_ERR_USAGE,
                      "names 3 classes");
    tren_source_close(&source);
}

Test(import_csv, integer_labels_with_gaps_are_ordered_by_value) {
    tren_source source;
    read_text(&source, "1,10\n2,9\n3,-1\n", OPTIONS("label", "2"));
    cr_assert_eq(source.n_classes, 3);
    cr_assert_str_eq(source.class_name[0], "-1");
    cr_assert_str_eq(source.class_name[2], "10");
    cr_assert_arr_eq(source.y, "\2\1\0", 3);
    tren_source_close(&source);
}

Test(import_csv, quotes_line_breaks_blanks_and_crlf_are_understood) {
    tren_source source;
    read_text(&source,
              "\xEF\xBB\xBF\"a\"\"b\",\"the\r\nkind, quoted\"\r\n 1 ,\"x, y\"\r\n\r\n\"2\",\"say "
              "\"\"hi\"\"\"\r\n3,z",
              OPTIONS("label", "the\r\nkind, quoted"));
    cr_assert_eq(source.n, 3);
    expect_values(&source, (float[]){1, 2, 3}, 3);
    cr_assert_str_eq(source.class_name[0], "say \"hi\"");
    cr_assert_str_eq(source.class_name[1], "x, y");
    cr_assert_str_eq(source.class_name[2], "z");
    tren_source_close(&source);
}

Test(import_csv, targets_are_columns_in_order_and_others_can_be_ignored) {
    tren_source source;
    read_text(&source, "id;u;a;v\nfirst;1;2;3\nsecond;4;5;6\n",
              OPTIONS("separator", ";", "target", "v", "target", "u", "ignore", "1"));
    cr_assert(source.n == 2 && source.n_classes == 0 && source.n_targets == 2 &&
              source.y_type == TREN_F64);
    expect_values(&source, (float[]){2, 5}, 2);
    static const double y[] = {1, 3, 4, 6}; /* in the file's order */
    cr_assert_arr_eq(source.y, y, sizeof y);
    tren_source_close(&source);
}

Test(import_csv, files_are_pooled_and_test_files_follow) {
    tren_source source;
    size_t n;
    test_write_text("a", "x\ty\n1\t0\n");
    test_write_text("b", "x\ty\n2\t1\n");
    unsigned char *bytes = test_read("b", &n);
    test_write_gz("c", bytes, n);
    free(bytes);
    const char *const option[] = {"FILE",  "a", "FILE",      "c",   "test", "b",
                                  "label", "y", "separator", "tab", NULL};
    cr_assert_eq(test_import(&source, &tren_source_csv, option), TREN_OK, "%s", tren_error_text());
    cr_assert(source.n == 2 && source.n_test == 1);
    expect_values(&source, (float[]){1, 2, 2}, 3);
    tren_source_close(&source);
    test_write_text("d", "z\ty\n2\t1\n");
    const char *const other[] = {"FILE", "a", "FILE", "d", "label", "y", "separator", "tab", NULL};
    test_expect_error(test_import(&source, &tren_source_csv, other), TREN_ERR_DATA,
                      "d:1: column 1 is 'z', but in a");
    tren_source_close(&source);
}

Test(import_csv, types_and_shapes_are_as_told) {
    tren_source source;
    read_text(&source, "7,0,255,1,2\n",
              OPTIONS("label", "1", "type", "u8", "shape", "2x2", "header", "no"));
    cr_assert(source.x_type == TREN_U8 && source.is_image && source.shape.h == 2 &&
              source.shape.c == 1);
    cr_assert_arr_eq(source.x, "\0\xFF\1\2", 4);
    tren_source_close(&source);
    read_text(&source, "7,0.1\n", OPTIONS("label", "1", "type", "f64"));
    cr_assert_eq(((double *)source.x)[0], 0.1);
    tren_source_close(&source);
}

static void expect_refused(const char *text, tren_status status, const char *part,
                           const char *const *option) {
    tren_source source;
    test_write_text("t.csv", text);
    test_expect_error(test_import(&source, &tren_source_csv, option), status, part);
    tren_source_close(&source);
}

Test(import_csv, errors_name_the_line_the_column_and_the_value) {
    const char *const *kind = OPTIONS("label", "kind"), *const *two = OPTIONS("label", "2");
    expect_refused("a,kind\n1,x\n\n2,y\nthree,z\n", TREN_ERR_DATA,
                   "t.csv:5: column 1 (a): 'three' is not a number", kind);
    expect_refused("a,kind\n1,x\n2,\"y\n\"\nnan,z\n", TREN_ERR_DATA,
                   "t.csv:5: column 1 (a): 'nan' is not a finite", kind);
    expect_refused("a,kind\n,x\n", TREN_ERR_DATA, "t.csv:2: column 1 (a): '' is not a number",
                   kind);
    expect_refused("a,kind\n1,\n", TREN_ERR_DATA, "t.csv:2: column 2 (kind): '' is not a label",
                   kind);
    expect_refused("a,kind\n1,x\n2\n", TREN_ERR_DATA,
                   "t.csv:3: has 1 fields, but the first line has 2", kind);
    expect_refused("1,x\n2,\"y\n3,z\n", TREN_ERR_DATA, "t.csv:2: a quoted field does not end", two);
    expect_refused("1,\"x\"y\n", TREN_ERR_DATA, "t.csv:1: 'y' follows a closing quote", two);
    expect_refused("1e39,x\n", TREN_ERR_DATA,
                   "t.csv:1: column 1: '1e39' is not in the range of f32",
                   OPTIONS("label", "2", "type", "f32"));
    expect_refused("1e999,x\n", TREN_ERR_DATA, "t.csv:1", two);
    expect_refused("", TREN_ERR_DATA, "t.csv: has no rows", two);
    expect_refused("a,kind\n", TREN_ERR_DATA, "t.csv: has no rows below its header", kind);
    expect_refused("256,x\n", TREN_ERR_DATA, "'256' is not a whole number from 0 to 255",
                   OPTIONS("label", "2", "type", "u8"));
}

Test(import_csv, wrong_options_are_named) {
    const char *text = "alpha,kind\n1,x\n";
    expect_refused(text, TREN_ERR_USAGE, "no column 'knd': did you mean 'kind'",
                   OPTIONS("label", "knd"));
    expect_refused(text, TREN_ERR_USAGE, "no column '3': give one of 2 columns",
                   OPTIONS("label", "3"));
    expect_refused(text, TREN_ERR_USAGE, "two purposes", OPTIONS("label", "kind", "ignore", "2"));
    expect_refused(text, TREN_ERR_USAGE, "cannot be used together",
                   OPTIONS("label", "kind", "target", "alpha"));
    expect_refused(text, TREN_ERR_USAGE, "--label COLUMN (classes) or --target",
                   OPTIONS("header", "yes"));
    expect_refused(text, TREN_ERR_USAGE, "'::' is not one character",
                   OPTIONS("label", "2", "separator", "::"));
    expect_refused(text, TREN_ERR_USAGE, "2x2 has 4 values", OPTIONS("label", "2", "shape", "2x2"));
    expect_refused(text, TREN_ERR_USAGE, "'2x' is not HxW", OPTIONS("label", "2", "shape", "2x"));
    expect_refused(text, TREN_ERR_DATA, "no column is left",
                   OPTIONS("label", "kind", "ignore", "alpha"));
    expect_refused("a,b,a\n1,2,x\n", TREN_ERR_USAGE, "columns 1 and 3 are both called 'a'",
                   OPTIONS("label", "a"));
}

Test(import_csv, another_separator_is_seen) {
    expect_refused("a;b\n1;x\n", TREN_ERR_USAGE, "contains a ';': give --separator ';'",
                   OPTIONS("label", "2"));
    expect_refused("1\t2\n3\t4\n", TREN_ERR_USAGE, "give --separator tab", OPTIONS("label", "2"));
    expect_refused("1\n2\n", TREN_ERR_USAGE, "no column '2': give one of 1 columns",
                   OPTIONS("label", "2"));
}

Test(import_csv, short_decimals_are_rounded_correctly) {
    static const char *const text[] = {"0.1",
                                       "123456789012345",
                                       "0.000000000000001",
                                       "-2.5",
                                       "99999.9999999999",
                                       "1.",
                                       ".5",
                                       "9007199254740993",
                                       "1e-5",
                                       "0.30000000000000004",
                                       "-0.0",
                                       "2.2250738585072014e-308"};
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        double value, expected = strtod(text[i], NULL);
        cr_assert(tren_csv_number(&value, text[i], '.'), "%s", text[i]);
        cr_assert_arr_eq(&value, &expected, sizeof value, "%s", text[i]);
    }
    double value;
    cr_assert(tren_csv_number(&value, "-inf", '.') && value < 0 && isinf(value));
    cr_assert(tren_csv_number(&value, "NaN", '.') && isnan(value));
    static const char *const not [] = {"",     "-",  ".",   "1,5", "1.2.3",
                                       "0x10", "1e", "one", "--1", "infinite"};
    for (size_t i = 0; i < sizeof not / sizeof *not ; i++)
        cr_assert_not(tren_csv_number(&value, not [i], '.'), "%s", not [i]);
}
