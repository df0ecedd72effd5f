/* Tables as pandas, R, numpy and Excel write them: headers of numbers, index columns, separators,
 * decimal commas, whole numbers, one-hot columns. */
#include <criterion/criterion.h>
#include <string.h>

#include "support/files.h"

TestSuite(import_tables, .init = test_scratch_enter, .fini = test_scratch_leave);

#define OPTIONS(...) ((const char *const[]){"FILE", "t.csv", __VA_ARGS__, NULL})

static void read_text(tren_source *source, const char *text, const char *const *option) {
    test_write_text("t.csv", text);
    cr_assert_eq(test_import(source, &tren_source_csv, option), TREN_OK, "%s", tren_error_text());
}

static void expect_refused(const char *text, tren_status status, const char *part,
                           const char *const *option) {
    tren_source source;
    test_write_text("t.csv", text);
    test_expect_error(test_import(&source, &tren_source_csv, option), status, part);
    tren_source_close(&source);
}

/* Reads a table and compares its inputs [n], as f32, and its column names "a b". */
static void expect_table(const char *text, const char *const *option, const float *x, size_t n,
                         const char *names) {
    tren_source source;
    char found[256] = "";
    read_text(&source, text, option);
    cr_assert_eq(source.x_type, TREN_F32);
    cr_assert_eq(tren_source_rows(&source) * tren_source_width(&source), n, "%zu x %zu",
                 tren_source_rows(&source), tren_source_width(&source));
    for (size_t i = 0; i < n; i++)
        cr_assert_eq(((float *)source.x)[i], x[i], "%zu: %g", i, (double)((float *)source.x)[i]);
    for (int i = 0; source.column_name && i < source.shape.c; i++)
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s%s", i ? " " : "",
                 source.column_name[i]);
    cr_assert_str_eq(found, names);
    tren_source_close(&source);
}

static void expect_note(const char *text, const char *const *option, const char *part) {
    tren_source source;
    read_text(&source, text, option);
    if (part)
        cr_assert_not_null(strstr(source.notes, part), "\"%s\" lacks \"%s\"", source.notes, part);
    else
        cr_assert_str_eq(source.notes, "");
    tren_source_close(&source);
}

/* ---- headers --------------------------------------------------------------------------------- */

#define VALUES ((const float[]){1.5f, 2.5f, 3.5f, -1})

Test(import_tables, header_of_numbers_over_reals_is_a_header) {
    const char *pandas = "0,1,2\n1.5,2.5,1\n3.5,-1.0,0\n";
    expect_table(pandas, OPTIONS("label", "2"), VALUES, 4, "0 1");
    expect_note(pandas, OPTIONS("label", "2"),
                "--label 2: there is a column with this name, which is used: column 3");
    expect_note(pandas, OPTIONS("label", "3"),
                "no column has this name; the number is used: column 3, '2'");
    expect_note(pandas, OPTIONS("label", "2"), "give --header no if it is a row");
    expect_table("400,402,404\n1.5,2.5,1\n3.5,-1.0,0\n", OPTIONS("label", "404"), VALUES, 4,
                 "400 402");
    expect_table("1,2,3\n1.5,2.5,b\n3.5,-1.0,a\n", OPTIONS("label", "3"), VALUES, 4, "1 2");
    expect_table("0,1,kind\n1.5,2.5,b\n3.5,-1.0,a\n", OPTIONS("label", "3"), VALUES, 4, "0 1");
}

Test(import_tables, header_of_numbers_that_may_be_a_row_is_asked_about) {
    static const char *const text[] = {
        "0,1,2\n3,4,1\n5,6,0\n",
        "1,2,3\n4,5,6\n",
        "10,20,30,40\n4,5,6,1\n4,5,6,1\n",
        "0,1\n5,1\n6,0\n",
        "0,1,2\n",
        "7,4,9,3\n.5,.5,.5,.5\n.1,.1,.1,.1\n.2,.2,.2,.2\n",
        ",7,3\n1,5,6\n2,7,8\n",
    };
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        expect_refused(text[i], TREN_ERR_USAGE, "give --header yes if it names the",
                       OPTIONS("label", "2"));
    expect_table("0,1,2\n3,4,1\n5,6,0\n", OPTIONS("label", "2", "header", "yes"),
                 (const float[]){3, 4, 5, 6}, 4, "0 1");
    expect_table("0,1,2\n3,4,1\n5,6,0\n", OPTIONS("label", "3", "header", "no"),
                 (const float[]){0, 1, 3, 4, 5, 6}, 6, "");
}

/* Wavelengths, years. */
Test(import_tables, numbers_that_rise_in_the_first_line_alone_are_asked_about) {
    const char *const *y = OPTIONS("label", "6");
    expect_refused("400.5,401.2,402.0,402.5,404.0,a\n.5,.4,.6,.1,.2,a\n.2,.3,.1,.6,.7,b\n",
                   TREN_ERR_USAGE, "give --header yes if it names the 6 columns", y);
    tren_source source;
    read_text(&source, "1990,1995,2003,2010,2015,a\n.5,.4,.6,.1,.2,a\n.2,.3,.1,.6,.7,b\n", y);
    cr_assert(source.n == 2 && source.column_name);
    tren_source_close(&source);
    read_text(&source, "1,2,4,7,9,a\n2,4,5,7,8,a\n5,3,2,6,7,b\n", y); /* others rise too */
    cr_assert(source.n == 3 && !source.column_name);
    tren_source_close(&source);
}

Test(import_tables, rows_of_numbers_are_rows) {
    expect_table("1,2,0\n3,4,1\n", OPTIONS("label", "3"), (const float[]){1, 2, 3, 4}, 4, "");
    expect_table("1,2.5,0\n3,4.5,1\n", OPTIONS("label", "3"), (const float[]){1, 2.5f, 3, 4.5f}, 4,
                 "");
    expect_table("5,2\n7,2\n", OPTIONS("target", "2"), (const float[]){5, 7}, 2, "");
    expect_table("x,1.5,a\ny,2.5,b\n", OPTIONS("label", "3", "ignore", "1"),
                 (const float[]){1.5f, 2.5f}, 2, "");
    expect_refused(
        "1.5,NA,a\n2.5,1.5,b\n3.5,1.5,b\n", TREN_ERR_DATA,
        "t.csv:1: column 2: 'NA' is not a number: fill it, or remove this line, or ignore "
        "the column with --ignore 2",
        OPTIONS("label", "3"));
}

Test(import_tables, later_files_are_seen_to_have_the_header_of_the_first) {
    tren_source source;
    test_write_text("u.csv", "0,1,2\n3,4,1\n");
    test_write_text("t.csv", "0,1,2\n1.5,2.5,1\n3.5,-1.0,0\n");
    cr_assert_eq(test_import(&source, &tren_source_csv, OPTIONS("label", "2", "test", "u.csv")),
                 TREN_OK, "%s", tren_error_text());
    cr_assert(source.n == 2 && source.n_test == 1);
    tren_source_close(&source);
}

/* ---- the index ------------------------------------------------------------------------------- */

Test(import_tables, index_columns_are_left_out_and_said) {
    const char *const *y = OPTIONS("label", "y");
    expect_table(",a,b,y\n0,1.5,2.5,p\n1,3.5,-1,q\n", y, VALUES, 4, "a b");
    expect_table("Unnamed: 0,a,b,y\n7,1.5,2.5,p\n3,3.5,-1,q\n", y, VALUES, 4, "a b");
    expect_table("\"\",\"a\",\"b\",\"y\"\n\"Fiat\",1.5,2.5,p\n\"Audi\",3.5,-1,q\n", y, VALUES, 4,
                 "a b");
    expect_table("a,b,y\nFiat,1.5,2.5,p\nAudi,3.5,-1,q\n", y, VALUES, 4,
                 "a b"); /* write.table of R */
    expect_refused("a,b,y\n0,1.5,2.5,p\n3.5,-1,q\n", TREN_ERR_DATA, "t.csv:2: has 4 fields", y);
    expect_table(",0,1,2\n0,1.5,2.5,1\n1,3.5,-1.0,0\n", OPTIONS("label", "2"), VALUES, 4, "0 1");
    expect_note(",a,y\n0,1,p\n1,3,q\n", y,
                "column 1 (without a name) is the index of the rows and is ignored");
    expect_table(",a,y\n0,1,p\n1,3,q\n", OPTIONS("label", "y", "index", "keep"),
                 (const float[]){0, 1, 1, 3}, 4, "index a");
    expect_note(",a,y\n0,1,p\n1,3,q\n", OPTIONS("label", "y", "ignore", "1"), NULL);
}

Test(import_tables, columns_that_count_the_rows_are_named) {
    const char *counted = "id,a,y\n1,5,p\n2,3,q\n3,8,p\n4,8,p\n5,1,q\n";
    expect_note(counted, OPTIONS("label", "y"),
                "column 1 (id): counts the rows from 1: if it is an index, ignore it with "
                "--ignore id");
    expect_note(counted, OPTIONS("label", "y", "ignore", "id"), NULL);
    expect_note("id,a,y\n1,5,p\n2,3,q\n3,8,p\n5,8,p\n4,1,q\n", OPTIONS("label", "y"), NULL);
}

/* ---- separators and quotes ------------------------------------------------------------------- */

Test(import_tables, decimal_commas_by_option) {
    const char *const *y = OPTIONS("label", "y", "decimal", ",");
    expect_table("a;b;y\n1,5;2,5;p\n3,5;-1;q\n", y, VALUES, 4, "a b");
    expect_table("a,b,y\n\"1,5\",\"2,5\",p\n\"3,5\",-1,q\n",
                 OPTIONS("label", "y", "decimal", ",", "separator", ","), VALUES, 4, "a b");
    expect_refused("a;y\n1.5;p\n", TREN_ERR_DATA,
                   "'1.5' is not a number: remove --decimal if this is a decimal point", y);
    expect_refused("a;y\n1.000,5;p\n", TREN_ERR_DATA, "'1.000,5' is not a number", y);
    expect_refused("a;y\n1,5;p\n", TREN_ERR_DATA,
                   "'1,5' is not a number: give --decimal ',' if this is a decimal comma",
                   OPTIONS("label", "y", "separator", ";"));
    expect_refused("a;y\n1;p\n", TREN_ERR_USAGE, "--decimal: ';' is neither",
                   OPTIONS("label", "y", "decimal", ";"));
}

Test(import_tables, runs_of_blanks_by_option) {
    const char *const *y = OPTIONS("label", "y", "separator", "blanks");
    expect_table("  a  b\ty\n1.5   2.5 p \r\n \n\t3.5 -1   q", y, VALUES, 4, "a b");
    expect_table("# a b y\n1.5 2.5 \"p q\"\n3.5 -1 r\n", y, VALUES, 4, "a b"); /* numpy.savetxt */
    expect_table("#a,b,y\n1.5,2.5,p\n3.5,-1,q\n", OPTIONS("label", "y"), VALUES, 4, "a b");
    expect_table("a b y\n\"Fiat 500\" 1.5 2.5 p\nAudi 3.5 -1 q\n", y, VALUES, 4, "a b");
    expect_refused("1.5 2.5 1\n", TREN_ERR_USAGE, "contains a blank: give --separator blanks",
                   OPTIONS("label", "3"));
}

Test(import_tables, quotes_may_stand_between_blanks) {
    tren_source source;
    read_text(&source, "a, \"b, c\" ,\t\"y\"\n1.5, \"2.5\" , \"p, \"\"q\"\"\"\n3.5 ,-1,q \n",
              OPTIONS("label", "y"));
    cr_assert_str_eq(source.column_name[1], "b, c");
    cr_assert_str_eq(source.class_name[0], "p, \"q\"");
    cr_assert_eq(((float *)source.x)[1], 2.5f);
    tren_source_close(&source);
    expect_refused("a,y\n1, \"p\" q\n", TREN_ERR_DATA, "t.csv:2: 'q' follows a closing quote",
                   OPTIONS("label", "y"));
}

Test(import_tables, excel_may_name_the_separator_first) {
    expect_table("\xEF\xBB\xBFsep=;\r\na;b;y\r\n1.5;2.5;p\r\n3.5;-1;q\r\n", OPTIONS("label", "y"),
                 VALUES, 4, "a b");
    expect_refused("a,b,y\n1.5,2.5,p,\n", TREN_ERR_DATA, "do not end lines with a separator",
                   OPTIONS("label", "y"));
}

Test(import_tables, sampling_ends_within_a_record) {
    size_t room = 3 << 20, n = 0;
    char *text = malloc(room);
    n += (size_t)snprintf(text, room, "0,1\n");
    while (n < (2 << 20)) n += (size_t)snprintf(text + n, room - n, "%zu.5,\"c\"\n", n % 1000);
    test_write_text("t.csv", text);
    tren_source source;
    cr_assert_eq(test_import(&source, &tren_source_csv, OPTIONS("label", "2")), TREN_OK, "%s",
                 tren_error_text());
    cr_assert(source.n > 100000 && source.n_classes == 1);
    tren_source_close(&source);
    /* One record is longer than the sample. */
    n = (size_t)snprintf(text, room, "a,y\n1,\"");
    memset(text + n, 'x', 2 << 20);
    strcpy(text + n + (2 << 20), "\"\n2,b\n");
    test_write_text("t.csv", text);
    cr_assert_eq(test_import(&source, &tren_source_csv, OPTIONS("label", "y")), TREN_OK, "%s",
                 tren_error_text());
    cr_assert(source.n == 2 && source.n_classes == 2);
    tren_source_close(&source);
    free(text);
}

/* ---- numbers --------------------------------------------------------------------------------- */

static void expect_doubles(const char *text, const double *x, size_t n) {
    tren_source source;
    read_text(&source, text, OPTIONS("label", "y"));
    cr_assert_eq(source.x_type, TREN_F64);
    cr_assert_arr_eq(source.x, x, n * sizeof *x);
    tren_source_close(&source);
}

Test(import_tables, whole_numbers_keep_their_value) {
    expect_doubles("a,b,y\n16777217,0.1,p\n1,0.2,q\n", (const double[]){16777217, 0.1, 1, 0.2}, 4);
    expect_doubles("a,y\n1700000000.0,p\n1700000001.0,q\n",
                   (const double[]){1700000000, 1700000001}, 2);
    expect_doubles("a,y\n1700000000.25,p\n1700000000.5,q\n",
                   (const double[]){1700000000.25, 1700000000.5}, 2);
    expect_note("a,y\n16777217,p\n1,q\n", OPTIONS("label", "y"),
                "column 1 (a): its numbers (up to 16777217) are not exact in f32");
    expect_table("a,y\n16777216,p\n1,q\n", OPTIONS("label", "y"), (const float[]){16777216, 1}, 2,
                 "a");
    expect_table("a,y\n0.1,p\n1e10,q\n", OPTIONS("label", "y"), (const float[]){0.1f, 1e10f}, 2,
                 "a");
    expect_table("a,y\n0.1,p\n0.1,q\n", OPTIONS("label", "y"), (const float[]){0.1f, 0.1f}, 2, "a");
    expect_refused("a,y\n1,p\n9007199254740993,q\n", TREN_ERR_DATA,
                   "t.csv:3: column 1 (a): a whole number beyond 2^53 has no exact value in f64: "
                   "divide the column, or ignore it with --ignore a",
                   OPTIONS("label", "y"));
}

/* ---- classes and rows ------------------------------------------------------------------------ */

Test(import_tables, whole_labels_with_a_point_are_whole) {
    tren_source source;
    read_text(&source, "1,0.0\n2,1.0\n3,2.0\n", OPTIONS("label", "2"));
    cr_assert(source.n_classes == 3 && !source.class_name);
    tren_source_close(&source);
    read_text(&source, "1,10.0\n2,9.\n3,10\n", OPTIONS("label", "2"));
    cr_assert_eq(source.n_classes, 2);
    cr_assert_str_eq(source.class_name[0], "9");
    cr_assert_str_eq(source.class_name[1], "10");
    tren_source_close(&source);
    read_text(&source, "1.5 0.0000e+00\n2.5 2.0000e+00\n3.5 1.0000e+00\n",
              OPTIONS("label", "2", "separator", "blanks"));
    cr_assert(source.n_classes == 3 && !source.class_name);
    tren_source_close(&source);
    read_text(&source, "1,5;1,0\n2,5;0\n", OPTIONS("label", "2", "decimal", ","));
    cr_assert(source.n_classes == 2 && !source.class_name);
    tren_source_close(&source);
    expect_note("1,0.5\n2,1.0\n", OPTIONS("label", "2"), "give --target instead of --label");
}

Test(import_tables, one_hot_columns_are_classes_in_their_order) {
    tren_source source;
    const char *const *hot = OPTIONS("one-hot", "red", "one-hot", "blue", "one-hot", "amber");
    read_text(&source, "red,a,blue,amber\n0,1.5,1,0\nFalse,2.5,False,True\n0.0,3.5,1.0,0\n", hot);
    cr_assert(source.n_classes == 3 && source.shape.c == 1);
    cr_assert_str_eq(source.class_name[0], "red");
    cr_assert_str_eq(source.class_name[2], "amber");
    cr_assert_arr_eq(source.y, "\1\2\1", 3);
    tren_source_close(&source);
    expect_refused("red,a,blue,amber\n0,1,1,1\n", TREN_ERR_DATA,
                   "t.csv:2: column 3 (blue) and column 4 (amber) are both 1", hot);
    expect_refused("red,a,blue,amber\n0,1,0,0\n", TREN_ERR_DATA, "no column of --one-hot is 1",
                   hot);
    expect_refused("red,a,blue,amber\n2,1,0,0\n", TREN_ERR_DATA, "'2' is not 0 or 1", hot);
}

Test(import_tables, rows_without_labels) {
    tren_source source;
    read_text(&source, "a,b\n1.5,2.5\n", OPTIONS("unlabeled", ""));
    cr_assert(source.n == 1 && source.n_classes == 0 && source.n_targets == 0 && !source.y);
    tren_source_close(&source);
    expect_refused("a,b\n1.5,2.5\n", TREN_ERR_USAGE, "cannot be used together",
                   OPTIONS("unlabeled", "", "label", "a"));
}

Test(import_tables, many_columns) {
    enum { COLUMNS = 5000 };
    char *text = calloc(COLUMNS, 16), *at = text;
    for (int i = 0; i < COLUMNS; i++) at += sprintf(at, "%sc%d", i ? "," : "", i);
    at += sprintf(at, "\n");
    for (int i = 0; i < COLUMNS; i++) at += sprintf(at, "%s%d", i ? "," : "", i % 2);
    test_write_text("t.csv", text);
    tren_source source;
    cr_assert_eq(test_import(&source, &tren_source_csv, OPTIONS("label", "c4999")), TREN_OK, "%s",
                 tren_error_text());
    cr_assert_eq(source.shape.c, COLUMNS - 1);
    cr_assert_str_eq(source.column_name[4998], "c4998");
    tren_source_close(&source);
    free(text);
}
