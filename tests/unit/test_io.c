/* HDF5 files: what goes in comes out, and what is broken is named. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <signal.h>
#include <unistd.h>

#include "support/files.h"

TestSuite(io, .init = test_scratch_enter, .fini = test_scratch_leave);

static tren_h5 *create(const char *path) {
    tren_h5 *file;
    cr_assert_eq(tren_h5_create(&file, path, TREN_ERR_DATA), TREN_OK, "%s", tren_error_text());
    return file;
}

static tren_h5 *reopen(tren_h5 *written, const char *path) {
    tren_h5 *file;
    cr_assert_eq(tren_h5_finish(written), TREN_OK, "%s", tren_error_text());
    cr_assert_eq(tren_h5_open(&file, path, TREN_ERR_DATA), TREN_OK, "%s", tren_error_text());
    return file;
}

static const uint8_t twelve[12] = {0, 255, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

static void write_small(const char *path) {
    tren_h5 *file = create(path);
    cr_assert_eq(tren_h5_write(file, "/a/b/x", (tren_h5_shape){2, {3, 4}}, TREN_U8, twelve),
                 TREN_OK);
    cr_assert_eq(tren_h5_finish(file), TREN_OK);
}

Test(io, every_type_comes_back_bit_for_bit) {
    static const union {
        int64_t i64[2];
        uint64_t u64[2];
        double f64[2];
        unsigned char byte[16];
    } values = {.u64 = {0xFEDCBA9876543210u, 0x0123456789ABCDEFu}};
    tren_h5 *file = create("t.h5");
    for (int type = TREN_U8; type <= TREN_U64; type++) {
        tren_h5_shape shape = {1, {16 / tren_type_size((tren_type)type)}};
        cr_assert_eq(
            tren_h5_write(file, tren_type_name((tren_type)type), shape, (tren_type)type, &values),
            TREN_OK);
    }
    file = reopen(file, "t.h5");
    for (int i = TREN_U8; i <= TREN_U64; i++) {
        unsigned char back[16];
        tren_h5_shape shape;
        tren_type type;
        const char *name = tren_type_name((tren_type)i);
        cr_assert_eq(tren_h5_info(file, name, &shape, &type), TREN_OK);
        cr_assert_eq((int)type, i);
        cr_assert_eq(tren_h5_read(file, name, shape.dim[0], type, back), TREN_OK);
        cr_assert_arr_eq(back, values.byte, 16, "%s", name);
    }
    tren_h5_close(file);
}

Test(io, files_are_little_endian) {
    const int32_t number = 0x01020304;
    size_t n;
    tren_h5 *file = create("little.h5");
    cr_assert_eq(tren_h5_write(file, "/x", (tren_h5_shape){1, {1}}, TREN_I32, &number), TREN_OK);
    cr_assert_eq(tren_h5_finish(file), TREN_OK);
    unsigned char *bytes = test_read("little.h5", &n);
    cr_assert_not_null(memmem(bytes, n, "\4\3\2\1", 4));
    free(bytes);
}

Test(io, rows_are_read_and_converted) {
    write_small("r.h5");
    tren_h5 *file;
    cr_assert_eq(tren_h5_open(&file, "r.h5", TREN_ERR_DATA), TREN_OK);
    double row[8];
    cr_assert_eq(tren_h5_read_rows(file, "/a/b/x", 0, 2, TREN_F64, row), TREN_OK);
    for (int i = 0; i < 8; i++) cr_assert_eq(row[i], twelve[i]);
    cr_assert_eq(tren_h5_read_rows(file, "/a/b/x", 3, 0, TREN_F64, row), TREN_OK);
    test_expect_error(tren_h5_read_rows(file, "/a/b/x", 2, 2, TREN_F64, row), TREN_ERR_DATA,
                      "r.h5: /a/b/x: rows 2 to 4 are wanted, it has 3");
    test_expect_error(tren_h5_read(file, "/a/b/x", 11, TREN_F64, row), TREN_ERR_DATA,
                      "12 elements, 11");
    test_expect_error(tren_h5_read(file, "/a/c/x", 1, TREN_F64, row), TREN_ERR_DATA,
                      "no such dataset");
    cr_assert(tren_h5_has(file, "/a/b") && tren_h5_has(file, "/") &&
              !tren_h5_has(file, "/a/b/x/y"));
    tren_h5_close(file);
}

Test(io, rows_are_written_piece_by_piece) {
    tren_h5 *file = create("p.h5");
    tren_h5_shape shape = {2, {3, 4}}, back, chunk;
    tren_type type;
    uint8_t all[12];
    cr_assert_eq(tren_h5_create_dataset(file, "/x", shape, TREN_U8), TREN_OK);
    cr_assert_eq(tren_h5_write_rows(file, "/x", 1, 2, TREN_U8, twelve + 4), TREN_OK);
    cr_assert_eq(tren_h5_write_rows(file, "/x", 0, 1, TREN_U8, twelve), TREN_OK);
    file = reopen(file, "p.h5");
    cr_assert_eq(tren_h5_info(file, "/x", &back, &type), TREN_OK);
    cr_assert(back.rank == 2 && back.dim[0] == 3 && back.dim[1] == 4);
    cr_assert_eq(tren_h5_chunk(file, "/x", &chunk), TREN_OK);
    cr_assert_eq(chunk.rank, 0);
    cr_assert_eq(tren_h5_read(file, "/x", 12, TREN_U8, all), TREN_OK);
    cr_assert_arr_eq(all, twelve, 12);
    tren_h5_close(file);
}

Test(io, attributes_come_back) {
    enum { MANY = 20000 }; /* 160 kB: beyond what an object header can hold */
    double *many = calloc(MANY, sizeof *many);
    many[MANY - 1] = 0.1;
    const char *const name[] = {"cat", "größer", ""};
    int64_t shape[] = {1, -2, INT64_MAX};
    tren_h5 *file = create("a.h5");
    cr_assert_eq(tren_h5_put_text(file, "/", "text", "héllo"), TREN_OK);
    cr_assert_eq(tren_h5_put_text(file, "/", "empty", ""), TREN_OK);
    cr_assert_eq(tren_h5_put_texts(file, "/", "names", name, 3), TREN_OK);
    cr_assert_eq(tren_h5_put_i64(file, "/", "i", INT64_MIN), TREN_OK);
    cr_assert_eq(tren_h5_put_u64(file, "/", "u", UINT64_MAX), TREN_OK);
    cr_assert_eq(tren_h5_put_i64s(file, "/", "shape", shape, 3), TREN_OK);
    cr_assert_eq(tren_h5_put_f64s(file, "/", "many", many, MANY), TREN_OK);
    file = reopen(file, "a.h5");

    char text[16], **names;
    int64_t i, back[3];
    uint64_t u;
    size_t n;
    cr_assert_eq(tren_h5_get_text(file, "/", "text", text, sizeof text), TREN_OK);
    cr_assert_str_eq(text, "héllo");
    cr_assert_eq(tren_h5_get_text(file, "/", "empty", text, sizeof text), TREN_OK);
    cr_assert_str_eq(text, "");
    cr_assert_eq(tren_h5_get_i64(file, "/", "i", &i), TREN_OK);
    cr_assert_eq(i, INT64_MIN);
    cr_assert_eq(tren_h5_get_u64(file, "/", "u", &u), TREN_OK);
    cr_assert_eq(u, UINT64_MAX);
    n = 3;
    cr_assert_eq(tren_h5_get_i64s(file, "/", "shape", back, &n), TREN_OK);
    cr_assert_arr_eq(back, shape, sizeof shape);
    n = MANY;
    many[MANY - 1] = 0;
    cr_assert_eq(tren_h5_get_f64s(file, "/", "many", many, &n), TREN_OK);
    cr_assert(n == MANY && many[MANY - 1] == 0.1);
    cr_assert_eq(tren_h5_get_texts(file, "/", "names", &names, &n), TREN_OK);
    cr_assert_eq(n, 3);
    for (size_t k = 0; k < n; k++) {
        cr_assert_str_eq(names[k], name[k]);
        free(names[k]);
    }
    free(names);
    free(many);
    tren_h5_close(file);
}

Test(io, wrong_attributes_are_refused) {
    tren_h5 *file = create("w.h5");
    double value = 1.5, room[1];
    int64_t i;
    char text[4];
    size_t n = 1;
    tren_h5_put_f64s(file, "/", "f", &value, 1);
    tren_h5_put_f64s(file, "/", "two", (double[]){1, 2}, 2);
    tren_h5_put_text(file, "/", "text", "four");
    file = reopen(file, "w.h5");
    test_expect_error(tren_h5_get_i64(file, "/", "none", &i), TREN_ERR_DATA,
                      "has no attribute none");
    test_expect_error(tren_h5_get_i64(file, "/", "f", &i), TREN_ERR_DATA, "should hold integers");
    test_expect_error(tren_h5_get_i64(file, "/", "text", &i), TREN_ERR_DATA,
                      "should hold integers");
    test_expect_error(tren_h5_get_f64s(file, "/", "two", room, &n), TREN_ERR_DATA, "has 2 values");
    test_expect_error(tren_h5_get_text(file, "/", "text", text, sizeof text), TREN_ERR_DATA,
                      "longer than 3 bytes");
    test_expect_error(tren_h5_get_text(file, "/", "f", text, sizeof text), TREN_ERR_DATA,
                      "should hold text");
    tren_h5_close(file);
}

static tren_status list_names(void *context, const char *name, bool is_group) {
    strcat(context, is_group ? "/" : ".");
    strcat(context, name);
    return strcmp(name, "stop") == 0 ? TREN_ERR_USAGE : TREN_OK;
}

Test(io, children_are_visited_in_name_order_until_one_refuses) {
    tren_h5 *file = create("e.h5");
    char names[64] = "";
    cr_assert_eq(tren_h5_group(file, "/b"), TREN_OK);
    cr_assert_eq(tren_h5_write(file, "/a", (tren_h5_shape){0, {0}}, TREN_U8, twelve), TREN_OK);
    cr_assert_eq(tren_h5_group(file, "/stop"), TREN_OK);
    cr_assert_eq(tren_h5_group(file, "/z"), TREN_OK);
    file = reopen(file, "e.h5");
    cr_assert_eq(tren_h5_each(file, "/", list_names, names), TREN_ERR_USAGE);
    cr_assert_str_eq(names, ".a/b/stop");
    tren_h5_close(file);
}

Test(io, equal_content_is_equal_bytes) {
    size_t n, m;
    write_small("one.h5");
    sleep(1); /* a time stamp would show */
    write_small("two.h5");
    unsigned char *one = test_read("one.h5", &n), *two = test_read("two.h5", &m);
    cr_assert_eq(n, m);
    cr_assert_arr_eq(one, two, n);
    free(one);
    free(two);
}

Test(io, cut_and_foreign_files_are_named) {
    size_t n;
    tren_h5 *file;
    write_small("whole.h5");
    unsigned char *bytes = test_read("whole.h5", &n);
    test_write("empty.h5", bytes, 0);
    test_write("half.h5", bytes, n / 2);
    test_write("last.h5", bytes, n - 1);
    test_write_text("text.h5", "this is not HDF5, is it? no, it is not.");
    bytes[20] ^= 1;
    test_write("superblock.h5", bytes, n);
    test_expect_error(tren_h5_open(&file, "empty.h5", TREN_ERR_DATA), TREN_ERR_DATA,
                      "empty.h5: the file is empty");
    test_expect_error(tren_h5_open(&file, "half.h5", TREN_ERR_DATA), TREN_ERR_DATA,
                      "truncated file");
    test_expect_error(tren_h5_open(&file, "last.h5", TREN_ERR_CHECKPOINT), TREN_ERR_CHECKPOINT,
                      "truncated file");
    test_expect_error(tren_h5_open(&file, "text.h5", TREN_ERR_DATA), TREN_ERR_DATA,
                      "this is not an HDF5 file");
    test_expect_error(tren_h5_open(&file, "superblock.h5", TREN_ERR_DATA), TREN_ERR_DATA,
                      "checksum");
    test_expect_error(tren_h5_open(&file, "none.h5", TREN_ERR_DATA), TREN_ERR_DATA, "No such file");
    test_expect_error(tren_h5_open(&file, ".", TREN_ERR_DATA), TREN_ERR_DATA, "is a folder");
    test_expect_error(tren_h5_create(&file, "no/folder.h5", TREN_ERR_DATA), TREN_ERR_DATA,
                      "No such file");
    free(bytes);
}

Test(io, giving_up_leaves_no_file) {
    tren_h5 *file = create("gone.h5");
    tren_h5_write(file, "/x", (tren_h5_shape){1, {12}}, TREN_U8, twelve);
    tren_h5_close(file);
    cr_assert_not(test_exists("gone.h5"));
    tren_h5_close(NULL);
}

/* The file size limit acts as a full disk does: a write is refused. */
Test(io, a_refused_write_fails_and_leaves_no_file) {
    enum { BYTES = 1 << 20 };
    char *data = calloc(BYTES, 1);
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){BYTES / 2, RLIM_INFINITY});
    tren_h5 *file = create("full.h5");
    tren_status written = tren_h5_write(file, "/x", (tren_h5_shape){1, {BYTES}}, TREN_U8, data);
    test_expect_error(written, TREN_ERR_DATA, "full.h5: /x: cannot write: File too large");
    tren_fail(TREN_ERR_USAGE, "something else in between");
    test_expect_error(tren_h5_finish(file), TREN_ERR_DATA,
                      "full.h5: /x: cannot write: File too large");
    cr_assert_not(test_exists("full.h5"));
    write_small("next.h5"); /* and the library still works */
    free(data);
}
