/* Datasets: written, read back, refused, looked over. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/prepare.h"
#include "support/files.h"

TestSuite(dataset, .init = test_scratch_enter, .fini = test_scratch_leave);

static const tren_split plain = {.percent = {80, 10, 10}, .shuffle = true, .seed = 3};

static void write_source(const char *path, tren_source *source, tren_split split) {
    cr_assert_eq(tren_dataset_write(path, source, &split, false), TREN_OK, "%s", tren_error_text());
    tren_source_close(source);
}

static void write_classes(const char *path, tren_split split) {
    tren_source source;
    test_make_source(&source, 100, 0, 4, 5);
    write_source(path, &source, split);
}

static tren_dataset *open_dataset(const char *path) {
    tren_dataset *dataset;
    cr_assert_eq(tren_dataset_open(&dataset, path), TREN_OK, "%s", tren_error_text());
    return dataset;
}

/* Two columns and two targets, all of them functions of the row. */
static void make_regression(tren_source *source, size_t n, tren_type type) {
    *source = (tren_source){
        .n = n, .shape = {2, 1, 1}, .n_targets = 2, .x_type = type, .y_type = TREN_F64};
    strcpy(source->origin, "made by a test");
    source->x = calloc(n * 2, tren_type_size(type));
    double *y = source->y = calloc(n * 2, sizeof *y);
    for (size_t i = 0; i < n * 2; i++) {
        y[i] = (double)i / 7;
        if (type == TREN_F32) ((float *)source->x)[i] = (float)i / 3;
        if (type == TREN_F64) ((double *)source->x)[i] = (double)i / 3;
    }
}

Test(dataset, keeps_every_row_with_its_label_in_the_sources_type) {
    write_classes("c.h5", plain);
    tren_dataset *dataset = open_dataset("c.h5");
    const tren_dataset_info *info = tren_dataset_info_of(dataset);
    cr_assert(info->x_type == TREN_U8 && info->n_classes == 5 && !info->is_image &&
              info->source_digest == 7);
    cr_assert(info->rows[0] == 80 && info->rows[1] == 10 && info->rows[2] == 10);
    char seen[100] = {0};
    for (int part = 0; part < TREN_N_PARTS; part++) {
        tren_rows rows;
        cr_assert_eq(tren_rows_read(&rows, dataset, (tren_part)part, 0, info->rows[part]), TREN_OK);
        cr_assert_null(rows.target);
        for (size_t i = 0; i < rows.n; i++) {
            const uint8_t *x = (const uint8_t *)rows.x + 4 * i;
            cr_assert_eq(x[0] % 5, rows.label[i]);
            cr_assert_eq(seen[x[0]]++, 0);
        }
        tren_rows_close(&rows);
    }
    tren_dataset_close(dataset);
}

Test(dataset, targets_come_back_and_a_slab_is_the_rows_asked_for) {
    tren_source source;
    make_regression(&source, 40, TREN_F32);
    tren_split split = {.percent = {50, 25, 25}};
    write_source("r.h5", &source, split);
    tren_dataset *dataset = open_dataset("r.h5");
    tren_rows rows;
    cr_assert_eq(tren_rows_read(&rows, dataset, TREN_VALIDATION, 3, 4), TREN_OK);
    cr_assert(rows.first == 3 && rows.n == 4 && rows.width == 2 && rows.n_targets == 2 &&
              !rows.label);
    for (size_t i = 0; i < 8; i++) {
        cr_assert_eq(((float *)rows.x)[i], (float)(46 + i) / 3);
        cr_assert_eq(rows.target[i], (double)(46 + i) / 7);
    }
    tren_rows_close(&rows);
    test_expect_error(tren_rows_read(&rows, dataset, TREN_VALIDATION, 8, 3), TREN_ERR_DATA,
                      "/validation/x: rows 8");
    cr_assert_eq(tren_rows_read(&rows, dataset, TREN_TEST, 10, 0), TREN_OK);
    tren_rows_close(&rows);
    tren_rows_close(&rows); /* accepts the empty value */
    tren_dataset_close(dataset);
}

Test(dataset, same_seed_is_the_same_bytes) {
    size_t n, m;
    write_classes("a.h5", plain);
    write_classes("b.h5", plain);
    tren_split other = plain;
    other.seed = 4;
    write_classes("c.h5", other);
    unsigned char *a = test_read("a.h5", &n), *b = test_read("b.h5", &m);
    cr_assert_eq(n, m);
    cr_assert_arr_eq(a, b, n);
    free(b);
    b = test_read("c.h5", &m);
    cr_assert(n == m && memcmp(a, b, n) != 0);
    free(a);
    free(b);
}

Test(dataset, digest_follows_the_data) {
    write_classes("a.h5", plain);
    write_classes("b.h5", plain);
    tren_split other = plain;
    other.seed = 4;
    write_classes("c.h5", other);
    tren_dataset *a = open_dataset("a.h5"), *b = open_dataset("b.h5"), *c = open_dataset("c.h5");
    cr_assert_eq(tren_dataset_info_of(a)->digest, tren_dataset_info_of(b)->digest);
    cr_assert_neq(tren_dataset_info_of(a)->digest, tren_dataset_info_of(c)->digest);
    tren_dataset_close(a);
    tren_dataset_close(b);
    tren_dataset_close(c);
}

Test(dataset, an_existing_file_is_kept_unless_told_otherwise) {
    tren_source source;
    test_write_text("a.h5", "precious");
    test_make_source(&source, 100, 0, 4, 5);
    test_expect_error(tren_dataset_write("a.h5", &source, &plain, false), TREN_ERR_USAGE,
                      "--force");
    size_t n;
    unsigned char *bytes = test_read("a.h5", &n);
    cr_assert_eq(n, 8);
    free(bytes);
    cr_assert_eq(tren_dataset_write("a.h5", &source, &plain, true), TREN_OK, "%s",
                 tren_error_text());
    tren_dataset_close(open_dataset("a.h5"));
    cr_assert_eq(test_count("*.tmp"), 0);
    tren_source_close(&source);
}

Test(dataset, values_unfit_for_training_are_refused_on_writing) {
    tren_source source;
    test_make_source(&source, 100, 0, 4, 5);
    ((uint8_t *)source.y)[17] = 5;
    test_expect_error(tren_dataset_write("a.h5", &source, &plain, false), TREN_ERR_DATA,
                      "row 17: the label 5 is outside 0 to 4");
    tren_source_close(&source);
    make_regression(&source, 40, TREN_F32);
    ((float *)source.x)[7] = NAN;
    test_expect_error(tren_dataset_write("a.h5", &source, &plain, false), TREN_ERR_DATA,
                      "row 3, column 1");
    ((float *)source.x)[7] = 0;
    ((double *)source.y)[10] = INFINITY;
    test_expect_error(tren_dataset_write("a.h5", &source, &plain, false), TREN_ERR_DATA,
                      "row 5, target 0");
    tren_source_close(&source);
    cr_assert_not(test_exists("a.h5"));
    cr_assert_eq(test_count("*.tmp"), 0);
}

/* ---- files made by hand -----------------------------------------------------------------------
 */

/* What to spoil in an otherwise good dataset of two columns. */
typedef struct recipe {
    const char *schema, *layout;
    int64_t version, n_classes;
    size_t n_shape, n_mean, n_train, n_label;
    tren_type x_type, y_type;
    double x, mean;
    int64_t label;
} recipe;

static const recipe good = {.schema = "tren dataset",
                            .layout = "table",
                            .version = 1,
                            .n_classes = 2,
                            .n_shape = 1,
                            .n_mean = 2,
                            .n_train = 4,
                            .n_label = 4,
                            .x_type = TREN_F32,
                            .y_type = TREN_U8,
                            .x = 1,
                            .mean = 0,
                            .label = 1};

static void put_part(tren_h5 *file, const recipe *r, int part) {
    double x[8] = {r->x, 1, 2, 3, 4, 5, 6, 7}, y[4] = {(double)r->label};
    size_t n = part == TREN_TRAIN ? r->n_train : 1, n_y = part == TREN_TRAIN ? r->n_label : 1;
    tren_h5_create_dataset(file, tren_part_x[part], (tren_h5_shape){2, {n, 2}}, r->x_type);
    tren_h5_write_rows(file, tren_part_x[part], 0, n, TREN_F64, x);
    tren_h5_create_dataset(file, tren_part_y[part], (tren_h5_shape){1, {n_y}}, r->y_type);
    tren_h5_write_rows(file, tren_part_y[part], 0, n_y, TREN_F64, y);
}

static void write_recipe(const char *path, const recipe *r) {
    tren_h5 *file;
    int64_t shape[] = {2, 1};
    double mean[] = {r->mean, 0, 0}, sd[] = {1, 1, 1};
    cr_assert_eq(tren_h5_create(&file, path, TREN_ERR_DATA), TREN_OK);
    if (r->schema) tren_h5_put_text(file, "/", "schema", r->schema);
    tren_h5_put_i64(file, "/", "schema_version", r->version);
    tren_h5_put_text(file, "/", "layout", r->layout);
    tren_h5_put_i64s(file, "/", "shape", shape, r->n_shape);
    tren_h5_put_i64(file, "/", "n_classes", r->n_classes);
    tren_h5_put_f64s(file, "/", "mean", mean, r->n_mean);
    tren_h5_put_f64s(file, "/", "sd", sd, 2);
    for (int part = 0; part < TREN_N_PARTS; part++) put_part(file, r, part);
    cr_assert_eq(tren_h5_finish(file), TREN_OK, "%s", tren_error_text());
}

static void expect_refused(recipe r, const char *part) {
    tren_dataset *dataset;
    write_recipe("bad.h5", &r);
    test_expect_error(tren_dataset_open(&dataset, "bad.h5"), TREN_ERR_DATA, part);
    cr_assert_null(dataset);
}

#define SPOILT(...)                                                                                \
    ({                                                                                             \
        recipe r_ = good;                                                                          \
        __VA_ARGS__;                                                                               \
        r_;                                                                                        \
    })

Test(dataset, made_by_hand_opens_without_the_optional_attributes) {
    write_recipe("good.h5", &good);
    tren_dataset_close(open_dataset("good.h5"));
}

Test(dataset, whatever_breaks_the_schema_is_named) {
    expect_refused(SPOILT(r_.schema = NULL), "is not a tren dataset");
    expect_refused(SPOILT(r_.schema = "other"), "its schema is 'other'");
    expect_refused(SPOILT(r_.version = 2), "schema version 2, but this program reads version 1");
    expect_refused(SPOILT(r_.layout = "list"), "layout is 'list'");
    expect_refused(SPOILT(r_.layout = "image"), "expected channels, height, width");
    expect_refused(SPOILT(r_.n_shape = 2), "shape has 2 values");
    expect_refused(SPOILT(r_.n_mean = 1), "mean has 1 values, expected 2");
    expect_refused(SPOILT(r_.n_mean = 3), "mean has 3 values");
    expect_refused(SPOILT(r_.mean = NAN),
                   "the attribute mean has a value that is not finite, at 0");
    expect_refused(SPOILT(r_.n_classes = -1), "n_classes is -1");
    expect_refused(SPOILT(r_.n_classes = 0), "has no attribute n_targets");
    expect_refused(SPOILT(r_.n_train = r_.n_label = 0), "the training part has no rows");
    expect_refused(SPOILT(r_.n_label = 3), "/train/y has 3 rows, but /train/x has 4");
    expect_refused(SPOILT(r_.x_type = TREN_I32), "/train/x has type i32");
    expect_refused(SPOILT(r_.y_type = TREN_F32), "expected integers (class labels)");
}

Test(dataset, labels_out_of_range_and_nan_are_named_with_their_row) {
    tren_rows rows;
    recipe r = SPOILT(r_.label = 2);
    write_recipe("label.h5", &r);
    tren_dataset *dataset = open_dataset("label.h5");
    test_expect_error(tren_rows_read(&rows, dataset, TREN_TRAIN, 0, 4), TREN_ERR_DATA,
                      "label.h5: /train/y: row 0: the label 2 is outside 0 to 1");
    cr_assert_eq(tren_rows_read(&rows, dataset, TREN_TRAIN, 1, 3), TREN_OK);
    tren_rows_close(&rows);
    tren_dataset_close(dataset);
    r = SPOILT(r_.x = -INFINITY);
    write_recipe("nan.h5", &r);
    dataset = open_dataset("nan.h5");
    test_expect_error(tren_rows_read(&rows, dataset, TREN_TEST, 0, 1), TREN_ERR_DATA,
                      "nan.h5: /test/x: row 0, column 0 is not finite");
    tren_dataset_close(dataset);
}

/* ---- looking over ---------------------------------------------------------------------------- */

static tren_dataset_check look_over(const char *path) {
    tren_dataset_check check;
    tren_dataset *dataset = open_dataset(path);
    cr_assert_eq(tren_dataset_check_open(&check, dataset), TREN_OK, "%s", tren_error_text());
    tren_dataset_close(dataset);
    return check;
}

Test(dataset, check_finds_nothing_in_a_good_one) {
    write_classes("g.h5", plain);
    tren_dataset_check check = look_over("g.h5");
    size_t rows = 0;
    for (int part = 0; part < TREN_N_PARTS; part++) {
        const tren_part_check *p = &check.part[part];
        cr_assert(p->x == TREN_INTACT && p->y == TREN_INTACT && p->x_chunk.rank == 0);
        cr_assert(p->duplicates == 0 && p->not_finite == 0 && p->labels_outside == 0);
        for (int class = 0; class < 5; class ++) rows += p->class_rows[class];
    }
    cr_assert_eq(rows, 100);
    cr_assert(check.shared[0][1] == 0 && check.shared[0][2] == 0 && check.shared[1][2] == 0);
    tren_dataset_check_close(&check);
}

/* Byte `at` of the file's last copy of `what` is changed. */
static void flip(const char *path, const void *what, size_t n) {
    size_t size, at = 0;
    bool found = false;
    unsigned char *bytes = test_read(path, &size);
    for (size_t i = 0; i + n <= size; i++)
        if (!memcmp(bytes + i, what, n)) at = i, found = true;
    cr_assert(found);
    bytes[at] ^= 1;
    test_write(path, bytes, size);
    free(bytes);
}

Test(dataset, check_sees_a_flipped_byte_that_hdf5_does_not) {
    tren_split split = {.percent = {80, 10, 10}};
    write_classes("f.h5", split);
    flip("f.h5", (uint8_t[]){95, 0, 0, 0, 96, 0, 0, 0, 97, 0, 0, 0},
         12); /* rows 95 to 97: test part */
    tren_dataset_check check = look_over("f.h5");
    cr_assert_eq(check.part[TREN_TEST].x, TREN_DAMAGED);
    cr_assert(check.part[TREN_TRAIN].x == TREN_INTACT && check.part[TREN_TEST].y == TREN_INTACT);
    tren_dataset_check_close(&check);
}

Test(dataset, check_counts_rows_that_repeat) {
    tren_source source;
    test_make_source(&source, 100, 0, 4, 5);
    uint8_t *x = source.x;
    memcpy(x + 4 * 1, x, 4);  /* train repeats itself */
    memcpy(x + 4 * 85, x, 4); /* validation twice, test once */
    memcpy(x + 4 * 86, x, 4);
    memcpy(x + 4 * 95, x, 4);
    tren_split split = {.percent = {80, 10, 10}};
    write_source("d.h5", &source, split);
    tren_dataset_check check = look_over("d.h5");
    cr_assert(check.part[0].duplicates == 1 && check.part[1].duplicates == 1 &&
              check.part[2].duplicates == 0);
    cr_assert(check.shared[0][1] == 2 && check.shared[0][2] == 1 && check.shared[1][2] == 1);
    tren_dataset_check_close(&check);
}

Test(dataset, check_counts_bad_values_and_labels) {
    recipe r = SPOILT(r_.x = NAN, r_.label = 9);
    write_recipe("b.h5", &r);
    tren_dataset_check check = look_over("b.h5");
    cr_assert(check.part[0].not_finite == 1 && check.part[0].first_bad_row == 0);
    cr_assert(check.part[0].labels_outside == 1 && check.part[0].class_rows[0] == 3);
    cr_assert(check.part[0].x == TREN_INTACT_UNKNOWN);
    tren_dataset_check_close(&check);
}

/* ---- what rows are normalised by --------------------------------------------------------------
 */

/* A copy of c.h5 in which one value of mean or sd was changed by hand, and the digests were not. */
static void edit_statistic(const char *name) {
    char command[256];
    snprintf(command, sizeof command,
             "/usr/bin/python3 -c \"import h5py; a = h5py.File('c.h5', 'r+').attrs; v = a['%s']; "
             "v[1] += 0.5; a['%s'] = v\"",
             name, name);
    cr_assert_eq(system(command), 0);
}

Test(dataset, refuses_statistics_that_were_changed_by_hand) {
    if (system("/usr/bin/python3 -c 'import h5py' 2>/dev/null") != 0) return;
    static const char *const name[] = {"mean", "sd"};
    for (int i = 0; i < 2; i++) {
        tren_dataset *dataset;
        write_classes("c.h5", plain);
        tren_dataset_close(open_dataset("c.h5"));
        edit_statistic(name[i]);
        cr_assert_eq(tren_dataset_open(&dataset, "c.h5"), TREN_ERR_DATA);
        cr_assert(strstr(tren_error_text(), "mean and sd have changed since the file was written"),
                  "%s", tren_error_text());
        remove("c.h5");
    }
}
