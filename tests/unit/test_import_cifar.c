/* CIFAR files: both formats, told apart by size; planes, labels, names, and broken ones. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "support/files.h"

TestSuite(import_cifar, .init = test_scratch_enter, .fini = test_scratch_leave);

enum { PIXELS = 3072 };

/* Byte p of the pixels of record i. */
static unsigned char pixel(size_t i, size_t p) {
    return (unsigned char)(i * 31 + p / 1024 * 100 + p % 1024 % 97);
}

/* n records of n_labels bytes each, the kth of record i being (i + 3 k) % n_classes. */
static unsigned char *records(size_t n, size_t n_labels, int n_classes) {
    unsigned char *bytes = malloc(n * (n_labels + PIXELS) + 1), *at = bytes;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n_labels; k++)
            *at++ = (unsigned char)((i + 3 * k) % (size_t)n_classes);
        for (size_t p = 0; p < PIXELS; p++) *at++ = pixel(i, p);
    }
    return bytes;
}

static void write_records(const char *path, size_t n, size_t n_labels, int n_classes) {
    unsigned char *bytes = records(n, n_labels, n_classes);
    test_write(path, bytes, n * (n_labels + PIXELS));
    free(bytes);
}

static tren_status import(tren_source *source, const char *const *option) {
    return test_import(source, &tren_source_cifar, option);
}
#define IMPORT(source, ...) import(source, (const char *const[]){__VA_ARGS__, NULL})

static void expect_refused(tren_status expected, const char *part, const char *const *option) {
    tren_source source;
    test_expect_error(import(&source, option), expected, part);
    tren_source_close(&source);
}
#define REFUSED(part, ...)                                                                         \
    expect_refused(TREN_ERR_DATA, part, (const char *const[]){__VA_ARGS__, NULL})

static void check_pixels(const tren_source *source, size_t row, size_t record) {
    const uint8_t *x = (const uint8_t *)source->x + row * PIXELS;
    for (size_t p = 0; p < PIXELS; p++)
        cr_assert_eq(x[p], pixel(record, p), "row %zu, pixel %zu", row, p);
}

Test(import_cifar, records_of_one_label_are_cifar_10) {
    tren_source source;
    write_records("b", 7, 1, 10);
    cr_assert_eq(IMPORT(&source, "FILE", "b"), TREN_OK, "%s", tren_error_text());
    cr_assert(source.n == 7 && source.n_test == 0 && source.is_image && source.x_type == TREN_U8);
    cr_assert(source.shape.c == 3 && source.shape.h == 32 && source.shape.w == 32);
    cr_assert(source.n_classes == 10 && source.n_targets == 1 && source.y_type == TREN_U8);
    cr_assert_arr_eq(source.y, "\0\1\2\3\4\5\6", 7);
    for (size_t i = 0; i < 7; i++) check_pixels(&source, i, i);
    cr_assert_str_eq(source.class_name[0], "airplane");
    cr_assert_str_eq(source.class_name[9], "truck");
    cr_assert_str_eq(source.origin, "CIFAR-10 b");
    tren_source_close(&source);
}

Test(import_cifar, records_of_two_labels_are_cifar_100) {
    tren_source source;
    write_records("b", 5, 2, 20);
    cr_assert_eq(IMPORT(&source, "FILE", "b"), TREN_OK, "%s", tren_error_text());
    cr_assert(source.n == 5 && source.n_classes == 100 && !source.class_name);
    cr_assert_arr_eq(source.y, "\3\4\5\6\7", 5);
    for (size_t i = 0; i < 5; i++) check_pixels(&source, i, i);
    cr_assert_str_eq(source.origin, "CIFAR-100 fine b");
    tren_source_close(&source);
    cr_assert_eq(IMPORT(&source, "FILE", "b", "labels", "coarse"), TREN_OK);
    cr_assert_eq(source.n_classes, 20);
    cr_assert_arr_eq(source.y, "\0\1\2\3\4", 5);
    cr_assert_str_eq(source.origin, "CIFAR-100 coarse b");
    tren_source_close(&source);
}

Test(import_cifar, files_are_pooled_and_test_files_follow) {
    tren_source source;
    write_records("a", 3, 1, 10);
    write_records("b", 2, 1, 10);
    cr_assert_eq(IMPORT(&source, "FILE", "a", "FILE", "b", "test", "b"), TREN_OK, "%s",
                 tren_error_text());
    cr_assert(source.n == 5 && source.n_test == 2);
    cr_assert_arr_eq(source.y, "\0\1\2\0\1\0\1", 7);
    for (size_t i = 0; i < 7; i++) check_pixels(&source, i, i < 3 ? i : (i - 3) % 2);
    cr_assert_str_eq(source.origin, "CIFAR-10 a b b");
    tren_source_close(&source);
}

Test(import_cifar, gzipped_is_the_same_source) {
    tren_source plain, zipped;
    unsigned char *bytes = records(2000, 1, 10); /* more than is read at once */
    test_write("b", bytes, 2000 * 3073);
    test_write_gz("b.gz", bytes, 2000 * 3073);
    free(bytes);
    cr_assert_eq(IMPORT(&plain, "FILE", "b"), TREN_OK, "%s", tren_error_text());
    cr_assert_eq(IMPORT(&zipped, "FILE", "b.gz"), TREN_OK, "%s", tren_error_text());
    cr_assert(plain.n == 2000 && zipped.n == 2000 && plain.digest == zipped.digest);
    cr_assert_arr_eq(plain.x, zipped.x, 2000 * PIXELS);
    check_pixels(&plain, 1999, 1999);
    tren_source_close(&plain);
    tren_source_close(&zipped);
}

/* 3074 records of 3073 bytes are 3073 records of 3074 bytes. */
Test(import_cifar, a_size_that_says_nothing_needs_the_option) {
    tren_source source;
    unsigned char *zero = calloc(3073, 3074);
    test_write("both", zero, 3073 * 3074);
    free(zero);
    write_records("ten", 1, 1, 10);
    expect_refused(TREN_ERR_USAGE, "both: its 9446402 bytes could be",
                   (const char *const[]){"FILE", "both", NULL});
    cr_assert_eq(IMPORT(&source, "FILE", "both", "classes", "10"), TREN_OK);
    cr_assert(source.n == 3074 && source.n_classes == 10);
    tren_source_close(&source);
    cr_assert_eq(IMPORT(&source, "FILE", "both", "classes", "100"), TREN_OK);
    cr_assert(source.n == 3073 && source.n_classes == 100);
    tren_source_close(&source);
    cr_assert_eq(IMPORT(&source, "FILE", "both", "test", "ten"), TREN_OK, "the other file tells");
    cr_assert(source.n == 3074 && source.n_test == 1);
    tren_source_close(&source);
}

Test(import_cifar, names_come_from_a_file) {
    tren_source source;
    char text[2000] = "";
    write_records("c", 1, 2, 20);
    for (int i = 0; i < 20; i++) sprintf(text + strlen(text), "kind, %d\r\n", i);
    test_write_text("coarse.txt", text);
    cr_assert_eq(IMPORT(&source, "FILE", "c", "labels", "coarse", "names", "coarse.txt"), TREN_OK,
                 "%s", tren_error_text());
    cr_assert_str_eq(source.class_name[0], "kind, 0");
    cr_assert_str_eq(source.class_name[19], "kind, 19");
    tren_source_close(&source);
    write_records("b", 1, 1, 10);
    test_write_text("ten.txt", "0\n1\n2\n3\n4\n5\n6\n7\n8\nlast\n\n"); /* as batches.meta.txt */
    cr_assert_eq(IMPORT(&source, "FILE", "b", "names", "ten.txt"), TREN_OK);
    cr_assert_str_eq(source.class_name[9], "last");
    tren_source_close(&source);
    REFUSED("coarse.txt: has 20 names, but the data has 100 classes", "FILE", "c", "names",
            "coarse.txt");
    REFUSED("c: contains a zero byte", "FILE", "b", "names", "c");
    REFUSED("gone: cannot open", "FILE", "b", "names", "gone");
}

Test(import_cifar, broken_files_are_named) {
    unsigned char *bytes = records(4, 1, 10);
    test_write("empty", bytes, 0);
    test_write("good", bytes, 4 * 3073);
    test_write("cut", bytes, 4 * 3073 - 1);
    test_write("one", bytes, 1);
    bytes[2 * 3073] = 10;
    test_write("label", bytes, 4 * 3073);
    free(bytes);
    REFUSED("empty: is empty: copy or make it again", "FILE", "empty");
    REFUSED("cut: its 12291 bytes are not a whole number of records, neither", "FILE", "cut");
    REFUSED("cut: its 12291 bytes are not a whole number", "FILE", "good", "test", "cut");
    REFUSED("one: its 1 bytes", "FILE", "one");
    REFUSED("cut: its 12291 bytes are 3 records of CIFAR-10 (3073 bytes each) and 3072 more bytes",
            "FILE", "cut", "classes", "10");
    REFUSED("good: its 12292 bytes are 4 records of CIFAR-10, not of CIFAR-100", "FILE", "good",
            "classes", "100");
    REFUSED("label: record 2: the label 10 is outside 0 to 9 of CIFAR-10", "FILE", "label");
    REFUSED("none: cannot open: No such file", "FILE", "none");
}

Test(import_cifar, labels_of_cifar_100_are_checked_both) {
    unsigned char *bytes = records(2, 2, 20);
    bytes[0] = 20;
    test_write("coarse", bytes, 2 * 3074);
    bytes[0] = 0, bytes[3074 + 1] = 100;
    test_write("fine", bytes, 2 * 3074);
    free(bytes);
    REFUSED("coarse: record 0: the coarse label 20 is outside 0 to 19", "FILE", "coarse");
    REFUSED("fine: record 1: the fine label 100 is outside 0 to 99", "FILE", "fine", "labels",
            "coarse");
}

Test(import_cifar, the_two_do_not_mix) {
    write_records("ten", 2, 1, 10);
    write_records("hundred", 2, 2, 20);
    REFUSED("ten and hundred have records of different sizes", "FILE", "ten", "FILE", "ten", "test",
            "hundred");
    expect_refused(TREN_ERR_USAGE, "--labels coarse: CIFAR-10 has one label",
                   (const char *const[]){"FILE", "ten", "labels", "coarse", NULL});
}
