/* IDX files: byte order, compression, pools, and broken ones. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "support/files.h"

TestSuite(import_idx, .init = test_scratch_enter, .fini = test_scratch_leave);

static const uint8_t pixels[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255}, labels[3] = {2, 0, 1};

static tren_status import(tren_source *source, const char *images, const char *labels_path) {
    return test_import(source, &tren_source_idx,
                       (const char *const[]){"images", images, "labels", labels_path, NULL});
}

static void write_pair(void) {
    test_write_idx("i", 0x08, 3, (uint32_t[]){3, 2, 2}, pixels, 12);
    test_write_idx("l", 0x08, 1, (uint32_t[]){3}, labels, 3);
}

Test(import_idx, three_dimensions_are_images_of_one_channel) {
    tren_source source;
    write_pair();
    cr_assert_eq(import(&source, "i", "l"), TREN_OK, "%s", tren_error_text());
    cr_assert(source.n == 3 && source.n_test == 0 && source.is_image && source.x_type == TREN_U8);
    cr_assert(source.shape.c == 1 && source.shape.h == 2 && source.shape.w == 2);
    cr_assert(source.n_classes == 3 && source.n_targets == 1 && source.y_type == TREN_U8);
    cr_assert_arr_eq(source.x, pixels, 12);
    cr_assert_arr_eq(source.y, labels, 3);
    cr_assert_str_eq(source.origin, "idx i");
    tren_source_close(&source);
}

Test(import_idx, four_dimensions_have_channels_and_two_are_a_table) {
    tren_source source;
    write_pair();
    test_write_idx("i4", 0x08, 4, (uint32_t[]){3, 2, 1, 2}, pixels, 12);
    test_write_idx("i2", 0x08, 2, (uint32_t[]){3, 4}, pixels, 12);
    cr_assert_eq(import(&source, "i4", "l"), TREN_OK);
    cr_assert(source.is_image && source.shape.c == 2 && source.shape.h == 1 && source.shape.w == 2);
    tren_source_close(&source);
    cr_assert_eq(import(&source, "i2", "l"), TREN_OK);
    cr_assert(!source.is_image && source.shape.c == 4 && source.shape.h == 1);
    tren_source_close(&source);
}

Test(import_idx, gzipped_is_the_same_source) {
    tren_source plain, zipped;
    size_t n;
    write_pair();
    unsigned char *bytes = test_read("i", &n);
    test_write_gz("i.gz", bytes, n);
    cr_assert_eq(import(&plain, "i", "l"), TREN_OK);
    cr_assert_eq(import(&zipped, "i.gz", "l"), TREN_OK, "%s", tren_error_text());
    cr_assert_arr_eq(plain.x, zipped.x, 12);
    cr_assert_eq(plain.digest, zipped.digest);
    free(bytes);
    tren_source_close(&plain);
    tren_source_close(&zipped);
}

Test(import_idx, numbers_are_big_endian) {
    tren_source source;
    test_write_idx("l", 0x0C, 1, (uint32_t[]){2}, "\0\0\1\2\0\0\0\0", 8); /* 258, 0 */
    test_write_idx("f", 0x0D, 2, (uint32_t[]){2, 1}, "\x3F\x80\0\0\xC0\x49\x0F\xDB", 8);
    cr_assert_eq(import(&source, "f", "l"), TREN_OK, "%s", tren_error_text());
    cr_assert(source.x_type == TREN_F32 && source.y_type == TREN_I32 && source.n_classes == 259);
    cr_assert(((float *)source.x)[0] == 1 && ((float *)source.x)[1] == -3.14159274f);
    cr_assert(((int32_t *)source.y)[0] == 258 && ((int32_t *)source.y)[1] == 0);
    tren_source_close(&source);

    test_write_idx("d", 0x0E, 1, (uint32_t[]){2}, "\x3F\xF0\0\0\0\0\0\0\xC0\0\0\0\0\0\0\0", 16);
    test_write_idx("s", 0x0B, 2, (uint32_t[]){2, 2}, "\xFF\xFE\x01\0\x7F\xFF\x80\0", 8);
    cr_assert_eq(import(&source, "s", "d"), TREN_OK, "%s", tren_error_text());
    cr_assert(source.x_type == TREN_F32 && source.y_type == TREN_F64 && source.n_classes == 0);
    static const float shorts[4] = {-2, 256, 32767, -32768};
    cr_assert_arr_eq(source.x, shorts, sizeof shorts);
    cr_assert(((double *)source.y)[0] == 1 && ((double *)source.y)[1] == -2);
    tren_source_close(&source);

    test_write_idx("w", 0x0C, 1, (uint32_t[]){2}, "\x7F\xFF\xFF\xFF\0\0\0\1", 8);
    cr_assert_eq(import(&source, "w", "l"), TREN_OK, "%s", tren_error_text());
    cr_assert_eq(source.x_type, TREN_F64, "2147483647 is not exact in f32");
    cr_assert_eq(((double *)source.x)[0], 2147483647);
    tren_source_close(&source);
}

Test(import_idx, pairs_are_pooled_and_test_pairs_follow) {
    tren_source source;
    write_pair();
    test_write_idx("i1", 0x08, 3, (uint32_t[]){1, 2, 2}, "wxyz", 4);
    test_write_idx("l1", 0x08, 1, (uint32_t[]){1}, "\1", 1);
    const char *const option[] = {"images",      "i",      "images", "i1",          "labels",
                                  "l",           "labels", "l1",     "test-images", "i1",
                                  "test-labels", "l1",     NULL};
    cr_assert_eq(test_import(&source, &tren_source_idx, option), TREN_OK, "%s", tren_error_text());
    cr_assert(source.n == 4 && source.n_test == 1);
    cr_assert_arr_eq((char *)source.x + 12, "wxyzwxyz", 8);
    cr_assert_arr_eq(source.y, "\2\0\1\1\1", 5);
    cr_assert_str_eq(source.origin, "idx i i1 i1");
    tren_source_close(&source);
}

static void expect_refused(const char *images, const char *labels_path, const char *part) {
    tren_source source;
    test_expect_error(import(&source, images, labels_path), TREN_ERR_DATA, part);
    tren_source_close(&source);
}

Test(import_idx, broken_files_are_named) {
    size_t n;
    write_pair();
    unsigned char *bytes = test_read("i", &n);
    test_write("empty", bytes, 0);
    test_write("head", bytes, 7);
    test_write("half", bytes, 16 + 6);
    test_write("last", bytes, n - 1);
    bytes[n] = 7;
    test_write("long", bytes, n + 1);
    bytes[0] = 'P';
    test_write("magic", bytes, n);
    bytes[0] = 0, bytes[2] = 0x0A;
    test_write("code", bytes, n);
    bytes[2] = 0x08, bytes[3] = 5;
    test_write("rank", bytes, n);
    bytes[3] = 3, memset(bytes + 8, 0xFF, 8);
    test_write("huge", bytes, n);
    free(bytes);
    expect_refused("empty", "l", "empty: truncated: 4 more bytes");
    expect_refused("head", "l", "head: truncated");
    expect_refused("half", "l", "half: truncated: 6 more bytes");
    expect_refused("last", "l", "last: truncated: 1 more bytes");
    expect_refused("long", "l", "long: longer than its header says");
    expect_refused("magic", "l", "magic: not an IDX file: it begins with 50 00 08 03");
    expect_refused("code", "l", "not an IDX file");
    expect_refused("rank", "l", "rank: has 5 dimensions");
    expect_refused("huge", "l", "huge: dimension 1 is 4294967295");
    expect_refused("none", "l", "none: cannot open: No such file");
    expect_refused(".", "l", "is a folder");
    expect_refused("i", "i", "has 3 dimensions, but labels have 1");
}

/* A header alone takes no memory, and no product of its sizes overflows. */
Test(import_idx, sizes_beyond_the_file_are_not_believed) {
    size_t n;
    test_write_idx("many", 0x08, 3, (uint32_t[]){0x7fffffff, 8, 8}, pixels, 12);
    test_write_idx("many-labels", 0x08, 1, (uint32_t[]){0x7fffffff}, labels, 3);
    expect_refused("many", "many-labels", "many: truncated: 137438953396 more bytes");
    test_write_idx("wide", 0x0C, 2, (uint32_t[]){3, 0x7fffffff}, pixels, 12);
    test_write_idx("l", 0x08, 1, (uint32_t[]){3}, labels, 3);
    expect_refused("wide", "l", "wide: truncated: 25769803752 more bytes");
    test_write_idx("both", 0x08, 2, (uint32_t[]){0x7fffffff, 0x7fffffff}, pixels, 12);
    expect_refused("both", "many-labels", "both: its header says 2147483647 rows of 2147483647 el");
    test_write_idx("more", 0x08, 1, (uint32_t[]){0x80000000}, pixels, 12);
    expect_refused("more", "more", "2147483648 rows, but at most 2147483647 are supported");
    unsigned char *bytes = test_read("many", &n);
    test_write_gz("many.gz", bytes, n);
    free(bytes);
    expect_refused("many.gz", "many-labels", "many.gz: truncated: 137438953396 more bytes");
}

/* More than is taken at first. */
Test(import_idx, memory_grows_with_what_is_read) {
    enum { WIDTH = 1000, N = 5000 };
    tren_source source;
    unsigned char *raw = malloc(2 * WIDTH * N), *label = calloc(N, 1);
    for (int i = 0; i < WIDTH * N; i++) raw[2 * i] = (unsigned char)(i % 7), raw[2 * i + 1] = 1;
    test_write_idx("big", 0x0B, 2, (uint32_t[]){N, WIDTH}, raw, 2 * WIDTH * N);
    test_write_idx("l", 0x08, 1, (uint32_t[]){N}, label, N);
    cr_assert_eq(import(&source, "big", "l"), TREN_OK, "%s", tren_error_text());
    for (int i = 0; i < WIDTH * N; i++)
        cr_assert_eq(((float *)source.x)[i], (float)(i % 7 * 256 + 1));
    tren_source_close(&source);
    free(raw);
    free(label);
}

Test(import_idx, damaged_gzip_is_named) {
    size_t n;
    write_pair();
    unsigned char *bytes = test_read("i", &n), *zipped;
    test_write_gz("good.gz", bytes, n);
    free(bytes);
    zipped = test_read("good.gz", &n);
    test_write("half.gz", zipped, n / 2);
    test_write("last.gz", zipped, n - 1);
    zipped[n - 6] ^= 1; /* in the checksum of the content */
    test_write("crc.gz", zipped, n);
    free(zipped);
    expect_refused("half.gz", "l", "half.gz");
    expect_refused("last.gz", "l", "last.gz: cannot read: the compressed file is truncated");
    expect_refused("crc.gz", "l", "crc.gz: cannot read");
}

/* Members may follow each other, and zeros the last one; nothing else. */
Test(import_idx, what_follows_gzip_is_read_or_refused) {
    tren_source plain, zipped;
    size_t n, n1, n2;
    write_pair();
    unsigned char *bytes = test_read("i", &n), all[4096] = {0};
    test_write_gz("1.gz", bytes, n / 2);
    test_write_gz("2.gz", bytes + n / 2, n - n / 2);
    free(bytes);
    unsigned char *one = test_read("1.gz", &n1), *two = test_read("2.gz", &n2);
    memcpy(all, one, n1);
    memcpy(all + n1, two, n2);
    test_write("zeros.gz", all, sizeof all);
    all[n1 + n2] = 'x';
    test_write("junk.gz", all, n1 + n2 + 1);
    all[n1] ^= 1; /* no second member */
    test_write("other.gz", all, n1 + n2);
    free(one);
    free(two);
    cr_assert_eq(import(&plain, "i", "l"), TREN_OK);
    cr_assert_eq(import(&zipped, "zeros.gz", "l"), TREN_OK, "%s", tren_error_text());
    cr_assert_eq(plain.digest, zipped.digest);
    tren_source_close(&plain);
    tren_source_close(&zipped);
    expect_refused("junk.gz", "l",
                   "junk.gz: cannot read: the compressed file has other bytes after");
    expect_refused("other.gz", "l", "other.gz: cannot read: the compressed file has other bytes");
}

Test(import_idx, files_that_do_not_belong_together_are_refused) {
    tren_source source;
    write_pair();
    test_write_idx("l2", 0x08, 1, (uint32_t[]){2}, labels, 2);
    test_write_idx("wide", 0x08, 3, (uint32_t[]){1, 3, 4}, pixels, 12);
    test_write_idx("neg", 0x09, 1, (uint32_t[]){3}, "\0\xFF\1", 3);
    expect_refused("i", "l2", "i has 3 rows, but l2 has 2");
    expect_refused("i", "neg", "neg: row 1: the label -1");
    const char *const one[] = {"images", "i", "images", "i", "labels", "l", NULL};
    test_expect_error(test_import(&source, &tren_source_idx, one), TREN_ERR_USAGE,
                      "2 image files and 1 label files");
    tren_source_close(&source);
    const char *const two[] = {"images", "i", "images", "wide", "labels", "l", "labels", "l", NULL};
    test_expect_error(test_import(&source, &tren_source_idx, two), TREN_ERR_DATA,
                      "i holds u8 [*, 2, 2], but wide u8 [*, 3, 4]: only files of the same type");
    tren_source_close(&source);
}
