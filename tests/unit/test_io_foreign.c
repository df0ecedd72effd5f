/* HDF5 files of other programs: values that are nowhere stored, that lie in other files, and chunks
 * that crash the library. Made with HDF5 itself, as ours are none of this. */
#include <criterion/criterion.h>
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/files.h"

TestSuite(io_foreign, .init = test_scratch_enter, .fini = test_scratch_leave);

enum { ROWS = 40, WIDTH = 4 };
static const hsize_t whole[2] = {ROWS, WIDTH};

/* Values r * WIDTH + k from row `first` on. */
static void fill(float *value, size_t first, size_t rows) {
    for (size_t i = 0; i < rows * WIDTH; i++) value[i] = (float)(first * WIDTH + i);
}

static hid_t create_list(H5D_layout_t layout, hsize_t chunk) {
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_layout(list, layout);
    if (chunk) H5Pset_chunk(list, 2, (hsize_t[]){chunk, WIDTH});
    return list;
}

/* A file with /x of ROWS rows, of which the first `written` are written. Closes `list`. */
static void make(const char *path, hid_t list, hsize_t rows, hsize_t written) {
    float value[ROWS * WIDTH];
    const hsize_t dim[2] = {rows, WIDTH}, start[2] = {0, 0}, count[2] = {written, WIDTH};
    fill(value, 0, ROWS);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t space = H5Screate_simple(2, dim, NULL), memory = H5Screate_simple(2, count, NULL);
    hid_t set = H5Dcreate2(file, "x", H5T_IEEE_F32LE, space, H5P_DEFAULT, list, H5P_DEFAULT);
    cr_assert_geq(set, 0);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL);
    if (written)
        cr_assert_geq(H5Dwrite(set, H5T_NATIVE_FLOAT, memory, space, H5P_DEFAULT, value), 0);
    H5Dclose(set);
    H5Sclose(space);
    H5Sclose(memory);
    H5Pclose(list);
    H5Fclose(file);
}

/* v.h5 with a virtual /x: rows [0, end) are those of the dataset "x" of file `source`. */
static void make_virtual(const char *source, const char *name, hsize_t source_rows, hsize_t end) {
    const hsize_t dim[2] = {source_rows, WIDTH}, start[2] = {0, 0}, count[2] = {end, WIDTH};
    hid_t list = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(2, whole, NULL);
    hid_t from = H5Screate_simple(2, dim, NULL);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL);
    H5Sselect_hyperslab(from, H5S_SELECT_SET, start, NULL, count, NULL);
    cr_assert_geq(H5Pset_virtual(list, space, source, name, from), 0);
    H5Sclose(space);
    H5Sclose(from);
    make("v.h5", list, ROWS, 0);
}

static tren_status read_x(const char *path, bool allow, float *value) {
    tren_h5 *file;
    TREN_TRY(tren_h5_open(&file, path, TREN_ERR_DATA));
    if (allow) tren_h5_allow_external(file);
    tren_status st = tren_h5_read(file, "/x", ROWS * WIDTH, TREN_F32, value);
    tren_h5_close(file);
    return st;
}

static void expect_values(const char *path, bool allow) {
    float value[ROWS * WIDTH], wanted[ROWS * WIDTH];
    fill(wanted, 0, ROWS);
    memset(value, 1, sizeof value);
    cr_assert_eq(read_x(path, allow, value), TREN_OK, "%s", tren_error_text());
    cr_assert_arr_eq(value, wanted, sizeof wanted);
}

static void expect_refused(const char *path, const char *part) {
    float value[ROWS * WIDTH];
    test_expect_error(read_x(path, false, value), TREN_ERR_DATA, part);
    tren_h5 *file;
    tren_h5_shape shape;
    tren_type type;
    cr_assert_eq(tren_h5_open(&file, path, TREN_ERR_DATA), TREN_OK);
    test_expect_error(tren_h5_info(file, "/x", &shape, &type), TREN_ERR_DATA, part);
    tren_h5_close(file);
}

/* ---- never written --------------------------------------------------------------------------- */

Test(io_foreign, chunked_and_compressed_rows_are_read) {
    hid_t list = create_list(H5D_CHUNKED, 7); /* the last chunk is cut */
    make("plain.h5", list, ROWS, ROWS);
    list = create_list(H5D_CHUNKED, 16);
    H5Pset_shuffle(list);
    H5Pset_deflate(list, 1);
    H5Pset_fletcher32(list);
    make("packed.h5", list, ROWS, ROWS);
    make("compact.h5", create_list(H5D_COMPACT, 0), ROWS, ROWS);
    expect_values("plain.h5", false);
    expect_values("packed.h5", false);
    expect_values("compact.h5", false);

    tren_h5 *file;
    float value[3 * WIDTH], wanted[3 * WIDTH];
    fill(wanted, 15, 3);
    cr_assert_eq(tren_h5_open(&file, "packed.h5", TREN_ERR_DATA), TREN_OK);
    cr_assert_eq(tren_h5_read_rows(file, "/x", 15, 3, TREN_F32, value), TREN_OK);
    cr_assert_arr_eq(value, wanted, sizeof wanted);
    test_expect_error(tren_h5_read_rows(file, "/x", 38, 3, TREN_F32, value), TREN_ERR_DATA,
                      "rows 38 to 41 are wanted, it has 40");
    tren_h5_close(file);
}

Test(io_foreign, rows_that_were_never_written_are_named) {
    make("never.h5", create_list(H5D_CONTIGUOUS, 0), ROWS, 0);
    make("none.h5", create_list(H5D_CHUNKED, 10), ROWS, 0);
    make("half.h5", create_list(H5D_CHUNKED, 10), ROWS, 20);
    hid_t list = create_list(H5D_CHUNKED, 10);
    H5Pset_deflate(list, 1);
    make("last.h5", list, ROWS, 30);
    expect_refused("never.h5", "never.h5: /x: none of its 40 rows was ever written");
    expect_refused("none.h5", "none.h5: /x: rows 0 to 9 of 40 are not all stored");
    expect_refused("half.h5", "half.h5: /x: rows 20 to 29 of 40 are not all stored");
    expect_refused("last.h5", "last.h5: /x: rows 30 to 39 of 40 are not all stored");
}

Test(io_foreign, no_dataset_is_larger_than_its_file) {
    const hsize_t beyond = UINT64_MAX / WIDTH + 2; /* times WIDTH it is 4 */
    make("huge.h5", create_list(H5D_CHUNKED, 10), (hsize_t)1 << 40, 10);
    expect_refused("huge.h5", "huge.h5: /x: rows 10 to 19 of 1099511627776 are not all stored");
    hid_t list = create_list(H5D_CHUNKED, 10);
    H5Pset_fill_time(list, H5D_FILL_TIME_NEVER);
    make("overflow.h5", list, beyond, 10);
    expect_refused("overflow.h5", "overflow.h5: /x: claims 4611686018427387905 rows");
}

/* ---- virtual datasets ------------------------------------------------------------------------ */

Test(io_foreign, virtual_rows_are_read_from_their_sources) {
    make("s.h5", create_list(H5D_CHUNKED, 10), ROWS, ROWS);
    make_virtual("s.h5", "x", ROWS, ROWS);
    expect_values("v.h5", false);
    mkdir("folder", 0777);
    rename("v.h5", "folder/v.h5");
    rename("s.h5", "folder/s.h5");
    expect_values("folder/v.h5", false);
    cr_assert_eq(symlink("folder/v.h5", "link.h5"), 0);
    expect_values("link.h5", false);
}

Test(io_foreign, virtual_rows_without_a_source_are_named) {
    make("short.h5", create_list(H5D_CONTIGUOUS, 0), 15, 15);
    make("half.h5", create_list(H5D_CHUNKED, 10), ROWS, 20);
    make_virtual("gone.h5", "x", ROWS, ROWS);
    expect_refused("v.h5", "v.h5: /x: rows 0 to 39 lie in another file: gone.h5 is missing");
    make_virtual("short.h5", "y", ROWS, ROWS);
    expect_refused("v.h5", "another file: short.h5: y: there is no such dataset");
    make_virtual("short.h5", "x", ROWS, ROWS);
    expect_refused("v.h5", "short.h5: x: is smaller than the rows that are taken from it: it has "
                           "15 rows");
    make_virtual("half.h5", "x", ROWS, ROWS);
    expect_refused("v.h5", "half.h5: x: rows 20 to 29 of 40 are not all stored");
    make_virtual("short.h5", "x", 15, 15);
    expect_refused("v.h5", "v.h5: /x: values of rows 15 to 39 have no source");
    make_virtual("v.h5", "x", ROWS, ROWS);
    expect_refused(
        "v.h5",
        "v.h5: is made of virtual datasets in more than 8 levels, or of itself in a circle");
}

/* ---- other files ----------------------------------------------------------------------------- */

static void make_link(const char *target) {
    hid_t file = H5Fcreate("l.h5", H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    cr_assert_geq(H5Lcreate_external(target, "x", file, "x", H5P_DEFAULT, H5P_DEFAULT), 0);
    H5Fclose(file);
}

Test(io_foreign, other_files_lie_in_the_folder_or_are_allowed) {
    mkdir("in", 0777);
    make("out.h5", create_list(H5D_CHUNKED, 10), ROWS, ROWS);
    make_link("../out.h5");
    make_virtual("../out.h5", "x", ROWS, ROWS);
    rename("l.h5", "in/l.h5");
    rename("v.h5", "in/v.h5");
    expect_refused("in/l.h5", "in/l.h5: /x: all rows lie in another file: in/../out.h5 is outside");
    expect_refused("in/v.h5", "rows 0 to 39 lie in another file: in/../out.h5 is outside");
    expect_values("in/l.h5", true);
    expect_values("in/v.h5", true);
    cr_assert_eq(symlink("../out.h5", "in/s.h5"), 0); /* a link that leaves the folder */
    make_link("s.h5");
    rename("l.h5", "in/l.h5");
    expect_refused("in/l.h5", "in/s.h5 is outside the folder of in/l.h5");
}

Test(io_foreign, links_lead_to_files_and_datasets_that_are_there) {
    make("s.h5", create_list(H5D_CONTIGUOUS, 0), ROWS, ROWS);
    make_link("s.h5");
    expect_values("l.h5", false);
    make_link("gone.h5");
    expect_refused("l.h5", "l.h5: /x: all rows lie in another file: gone.h5 is missing");
    make_link("text");
    test_write_text("text", "not HDF5");
    expect_refused("l.h5",
                   "l.h5: /x: is a link to x in text, which is no HDF5 file or has no such");
}

Test(io_foreign, pipes_are_never_opened, .timeout = 20) {
    cr_assert_eq(mkfifo("pipe", 0666), 0);
    float value[ROWS * WIDTH];
    make_link("pipe");
    test_expect_error(read_x("l.h5", true, value), TREN_ERR_DATA, "pipe: is a device or a pipe");
    make_virtual("pipe", "x", ROWS, ROWS);
    test_expect_error(read_x("v.h5", true, value), TREN_ERR_DATA, "pipe: is a device or a pipe");
    test_expect_error(read_x("pipe", true, value), TREN_ERR_DATA, "pipe: is a device or a pipe");
}

Test(io_foreign, external_storage_is_read_only_when_allowed) {
    float value[ROWS * WIDTH];
    fill(value, 0, ROWS);
    test_write("raw", value, sizeof value);
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(list, "raw", 0, sizeof value);
    make("e.h5", list, ROWS, 0);
    expect_refused("e.h5", "e.h5: /x: its values are in another file, raw (external storage)");
    expect_values("e.h5", true);
    test_write("raw", value, sizeof value - 1);
    test_expect_error(read_x("e.h5", true, value), TREN_ERR_DATA,
                      "raw, which has 639 bytes instead of 640");
    unlink("raw");
    test_expect_error(read_x("e.h5", true, value), TREN_ERR_DATA, "raw is missing");
}

/* ---- damage ---------------------------------------------------------------------------------- */

/* A chunk has 10 rows of 4 values of 4 bytes, says the file. With more values in a row HDF5 1.10
 * reads past the end of what it unpacked. */
Test(io_foreign, a_crash_of_the_library_is_an_error) {
    static const unsigned char old[] = {10, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0};
    size_t n;
    hid_t list = create_list(H5D_CHUNKED, 10);
    H5Pset_deflate(list, 1);
    make("d.h5", list, ROWS, ROWS);
    unsigned char *bytes = test_read("d.h5", &n), *at = memmem(bytes, n, old, sizeof old);
    cr_assert_not_null(at);
    at[5] = 64;
    test_write("d.h5", bytes, n);
    free(bytes);
    float value[ROWS * WIDTH];
    cr_assert_eq(read_x("d.h5", false, value), TREN_ERR_DATA);
    make("good.h5", create_list(H5D_CHUNKED, 10), ROWS, ROWS);
    expect_values("good.h5", false);
}
