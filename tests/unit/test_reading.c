/* One process looks into a dataset for others, which read its rows by what they are told; and how
 * the reading is told of. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/schema.h"
#include "support/files.h"
#include "train/run.h"

TestSuite(head, .init = test_scratch_enter, .fini = test_scratch_leave);

static tren_dataset *make_and_open(const char *path, int n_classes) {
    tren_source source;
    tren_dataset *dataset;
    test_make_source(&source, 40, 0, 3, n_classes);
    tren_split split = {.percent = {50, 25, 25}, .seed = 1};
    cr_assert_eq(tren_dataset_write(path, &source, &split, false), TREN_OK, "%s",
                 tren_error_text());
    tren_source_close(&source);
    cr_assert_eq(tren_dataset_open(&dataset, path), TREN_OK, "%s", tren_error_text());
    return dataset;
}

typedef struct packed {
    char *bytes;
    size_t n;
} packed;

static packed pack(const tren_dataset *dataset) {
    packed p;
    cr_assert_eq(tren_dataset_pack(&p.bytes, &p.n, dataset), TREN_OK);
    return p;
}

static void expect_same_rows(const tren_dataset *a, const tren_dataset *b) {
    for (int part = 0; part < TREN_N_PARTS; part++) {
        uint64_t sum[2];
        size_t n = tren_dataset_info_of(a)->rows[part];
        cr_assert_eq(tren_dataset_digest_rows(&sum[0], a, (tren_part)part, 1, n - 1), TREN_OK);
        cr_assert_eq(tren_dataset_digest_rows(&sum[1], b, (tren_part)part, 1, n - 1), TREN_OK);
        cr_assert_eq(sum[0], sum[1]);
    }
}

static void count(void *ctx, size_t bytes) {
    *(size_t *)ctx += bytes;
}

Test(head, another_process_reads_the_same_rows_without_HDF5) {
    size_t got = 0;
    tren_dataset *a = make_and_open("a.h5", 2), *b;
    packed p = pack(a);
    cr_assert_eq(tren_dataset_unpack(&b, "a.h5", p.bytes, p.n), TREN_OK, "%s", tren_error_text());
    cr_expect_null(b->file);
    cr_expect_eq(b->info.digest, a->info.digest);
    cr_expect_arr_eq(b->info.mean, a->info.mean, a->info.n_stats * sizeof(double));
    tren_dataset_watch(b, count, &got);
    expect_same_rows(a, b);
    cr_expect_geq(got, 37u * 3, "told of %zu bytes", got);
    tren_dataset_close(b);
    tren_dataset_close(a);
    free(p.bytes);
}

Test(head, a_file_that_was_exchanged_meanwhile_is_refused) {
    tren_dataset *a = make_and_open("a.h5", 2), *c = make_and_open("c.h5", 3), *b;
    packed p = pack(a);
    cr_assert_eq(rename("c.h5", "a.h5"), 0);
    test_expect_error(tren_dataset_unpack(&b, "a.h5", p.bytes, p.n), TREN_ERR_DATA,
                      "was changed while the run was opening it");
    cr_expect_null(b);
    for (size_t n = 0; n < p.n; n += 7)
        cr_expect_neq(tren_dataset_unpack(&b, "a.h5", p.bytes, n), TREN_OK);
    tren_dataset_close(a);
    tren_dataset_close(c);
    free(p.bytes);
}

Test(head, rows_that_change_after_it_are_noticed) {
    tren_rows rows;
    tren_dataset *a = make_and_open("a.h5", 2), *b;
    packed p = pack(a);
    cr_assert_eq(tren_dataset_unpack(&b, "a.h5", p.bytes, p.n), TREN_OK);
    size_t n;
    unsigned char *bytes = test_read("a.h5", &n);
    bytes[b->place[TREN_SET_X][TREN_TRAIN].offset + 4] ^= 1;
    test_write("a.h5", bytes, n);
    test_expect_error(tren_rows_read(&rows, b, TREN_TRAIN, 0, 5), TREN_ERR_DATA,
                      "rows 0 to 19 are not those that were written");
    cr_assert_eq(truncate("a.h5", (off_t)b->place[TREN_SET_X][TREN_TRAIN].offset + 4), 0);
    test_expect_error(tren_rows_read(&rows, b, TREN_TRAIN, 0, 5), TREN_ERR_DATA,
                      "a.h5: /train/x: cannot read: the file has become shorter");
    tren_dataset_close(b);
    tren_dataset_close(a);
    free(p.bytes);
    free(bytes);
}

Test(reading, is_told_every_five_seconds_with_share_and_rate) {
    char text[READING_TEXT];
    tren_reading r = {.begun = 100, .told = 100, .all = 8e9};
    r.done = 1e9;
    cr_expect_str_eq(reading_tell(text, &r, 104.9), "");
    r.done = 2e9;
    cr_expect_str_eq(reading_tell(text, &r, 105), "reading rows: 25 % of 8 GB, 0.4 GB/s");
    cr_expect_str_eq(reading_tell(text, &r, 109), "");
    r.done = 8.4e9;
    cr_expect_str_eq(reading_tell(text, &r, 110), "reading rows: 8.4 GB so far, 0.84 GB/s");
}
