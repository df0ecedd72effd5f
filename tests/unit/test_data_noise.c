/* Noise in the labels of the training part: how much, where, and what is kept. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/prepare.h"
#include "data/schema.h"
#include "support/files.h"

TestSuite(label_noise, .init = test_scratch_enter, .fini = test_scratch_leave);

static tren_split split_of(const char *text) {
    tren_split split = {.shuffle = true, .seed = 1};
    cr_assert_eq(tren_split_parse(&split, text), TREN_OK, "%s", tren_error_text());
    return split;
}

/* A count of n trials with probability p lies within 4 standard errors of the expected one. */
static void check_count(size_t count, size_t n, double p, const char *what) {
    double expected = (double)n * p, error = sqrt((double)n * p * (1 - p));
    cr_expect(fabs((double)count - expected) < 4 * error, "%s: %zu of %zu, expected %g +- %g", what,
              count, n, expected, error);
}

/* The noisy labels of all rows of a source with these labels, as if all were trained on. */
static uint8_t *noisy_labels(uint8_t *y, size_t n, int n_classes, const tren_split *split) {
    tren_source source = {.n = n, .n_classes = n_classes, .y_type = TREN_U8, .y = y};
    tren_noise noise;
    uint32_t *row = malloc(n * sizeof *row);
    for (size_t i = 0; i < n; i++) row[i] = (uint32_t)i;
    cr_assert_eq(tren_noise_open(&noise, &source, split, row, n), TREN_OK, "%s", tren_error_text());
    size_t changed = 0;
    uint8_t *noisy = noise.y;
    for (size_t i = 0; i < n; i++) {
        cr_assert_lt(noisy[i], n_classes);
        changed += noisy[i] != y[i];
    }
    cr_assert_eq(noise.n_changed, changed);
    free(row);
    return noisy;
}

enum { LABELS = 40000, CLASSES = 5 };

/* How often each label became which: [true][noisy], the labels being 0, 1, ... in turn. */
static void count_noise(size_t count[CLASSES][CLASSES], double p, tren_noise_kind kind) {
    static uint8_t y[LABELS];
    tren_split split = {.seed = 11, .label_noise = p, .noise_kind = kind};
    for (int i = 0; i < LABELS; i++) y[i] = (uint8_t)(i % CLASSES);
    uint8_t *noisy = noisy_labels(y, LABELS, CLASSES, &split);
    memset(count, 0, CLASSES * sizeof *count);
    for (int i = 0; i < LABELS; i++) count[y[i]][noisy[i]]++;
    free(noisy);
}

Test(label_noise, incorrect_classes_are_even_and_as_frequent_as_said) {
    size_t count[CLASSES][CLASSES], kept = 0;
    count_noise(count, 0.3, TREN_NOISE_INCORRECT);
    for (int a = 0; a < CLASSES; a++) {
        kept += count[a][a];
        for (int b = 0; b < CLASSES; b++)
            check_count(count[a][b], LABELS / CLASSES, a == b ? 0.7 : 0.3 / 4, "from one to one");
    }
    check_count(LABELS - kept, LABELS, 0.3, "changed");
}

Test(label_noise, any_class_may_be_the_true_one) {
    size_t count[CLASSES][CLASSES], kept = 0;
    count_noise(count, 0.5, TREN_NOISE_ANY);
    for (int a = 0; a < CLASSES; a++) {
        kept += count[a][a];
        for (int b = 0; b < CLASSES; b++)
            check_count(count[a][b], LABELS / CLASSES, a == b ? 0.6 : 0.1, "from one to one");
    }
    check_count(LABELS - kept, LABELS, 0.4, "changed");
}

Test(label_noise, of_probability_1_leaves_no_label_or_chance_alone) {
    size_t count[CLASSES][CLASSES];
    count_noise(count, 1, TREN_NOISE_INCORRECT);
    for (int a = 0; a < CLASSES; a++) cr_assert_eq(count[a][a], 0);
    count_noise(count, 1, TREN_NOISE_ANY);
    for (int a = 0; a < CLASSES; a++)
        for (int b = 0; b < CLASSES; b++)
            check_count(count[a][b], LABELS / CLASSES, 1.0 / CLASSES, "pure chance");
}

Test(label_noise, is_a_function_of_seed_and_place) {
    enum { N = 1000 };
    uint8_t y[N], other[N];
    for (int i = 0; i < N; i++) y[i] = (uint8_t)(i % 7), other[i] = (uint8_t)(i / 150);
    tren_split split = {.seed = 2, .label_noise = 0.4};
    uint8_t *all = noisy_labels(y, N, 7, &split), *few = noisy_labels(y, 100, 7, &split),
            *others = noisy_labels(other, N, 7, &split);
    cr_assert_arr_eq(all, few, 100);
    for (int i = 0; i < N; i++)
        cr_assert_eq(all[i] != y[i], others[i] != other[i], "row %d: its label has a say", i);
    split.seed = 3;
    uint8_t *later = noisy_labels(y, N, 7, &split);
    cr_assert_arr_neq(all, later, N);
    free(all), free(few), free(others), free(later);
}

Test(label_noise, wide_labels_keep_their_type) {
    int32_t y32[300];
    int64_t y64[300];
    uint32_t row[300];
    for (int i = 0; i < 300; i++) y32[i] = i, y64[i] = i, row[i] = (uint32_t)i;
    tren_split split = {.seed = 2, .label_noise = 1};
    tren_source source = {.n = 300, .n_classes = 300, .y_type = TREN_I32, .y = y32};
    tren_noise a, b;
    cr_assert_eq(tren_noise_open(&a, &source, &split, row, 300), TREN_OK);
    source.y_type = TREN_I64, source.y = y64;
    cr_assert_eq(tren_noise_open(&b, &source, &split, row, 300), TREN_OK);
    for (int i = 0; i < 300; i++) {
        int32_t noisy = ((int32_t *)a.y)[i];
        cr_assert(noisy >= 0 && noisy < 300 && noisy != i && ((int64_t *)b.y)[i] == noisy);
    }
    tren_noise_close(&a);
    tren_noise_close(&b);
    tren_noise_close(&b); /* accepts the empty value */
}

static void expect_refused(int n_classes, double p, const char *part) {
    double y[2] = {0};
    tren_source source = {.n = 2, .n_classes = n_classes, .y_type = TREN_F64, .y = y};
    tren_split split = {.label_noise = p};
    tren_noise noise;
    test_expect_error(tren_noise_open(&noise, &source, &split, (uint32_t[]){0, 1}, 2),
                      TREN_ERR_USAGE, part);
    cr_assert_null(noise.y);
}

Test(label_noise, that_makes_no_sense_is_refused) {
    tren_noise_kind kind;
    expect_refused(0, 0.5, "--label-noise 0.5: the source has targets, not classes");
    expect_refused(1, 0.5, "--label-noise 0.5: the data has 1 class, but label noise needs 2");
    expect_refused(3, -0.1, "--label-noise: -0.1 is not a probability: give one from 0 to 1");
    expect_refused(3, 1.1, "--label-noise: 1.1 is not a probability");
    expect_refused(3, (double)NAN, "nan is not a probability");
    test_expect_error(tren_noise_kind_parse(&kind, "some"), TREN_ERR_USAGE,
                      "'some' is none of incorrect|any");
    cr_assert(tren_noise_kind_parse(&kind, "any") == TREN_OK && kind == TREN_NOISE_ANY);
    cr_assert(tren_noise_kind_parse(&kind, "incorrect") == TREN_OK && kind == TREN_NOISE_INCORRECT);
}

/* ---- files ----------------------------------------------------------------------------------- */

/* 1000 rows, of which 100 are the source's own test part, in five classes; the row's number is in
 * its x. */
static void write_noisy(const char *path, tren_split split) {
    tren_source source;
    test_make_source(&source, 900, 100, 4, 5);
    cr_assert_eq(tren_dataset_write(path, &source, &split, false), TREN_OK, "%s",
                 tren_error_text());
    tren_source_close(&source);
}

static tren_split noisy_split(double p) {
    tren_split split = split_of("80/20/0");
    split.keep_test = true;
    split.label_noise = p;
    return split;
}

/* Counts the labels of a dataset that are not those of its rows. */
static size_t count_wrong(tren_h5 *file, const char *x_name, const char *y_name, size_t n) {
    uint8_t *x = malloc(n * 4), *y = malloc(n);
    cr_assert_eq(tren_h5_read(file, x_name, n * 4, TREN_U8, x), TREN_OK, "%s", tren_error_text());
    cr_assert_eq(tren_h5_read(file, y_name, n, TREN_U8, y), TREN_OK, "%s", tren_error_text());
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++) wrong += (x[4 * i] + 256 * x[4 * i + 1]) % 5 != y[i];
    free(x), free(y);
    return wrong;
}

Test(label_noise, touches_training_labels_alone_and_keeps_the_true_ones) {
    int64_t said;
    double p;
    size_t one = 1;
    char kind[16];
    tren_h5 *file;
    write_noisy("n.h5", noisy_split(0.25));
    cr_assert_eq(tren_h5_open(&file, "n.h5", TREN_ERR_DATA), TREN_OK);
    size_t wrong = count_wrong(file, "/train/x", "/train/y", 720);
    check_count(wrong, 720, 0.25, "wrong labels");
    cr_assert_eq(count_wrong(file, "/train/x", "/train/y_clean", 720), 0);
    cr_assert_eq(count_wrong(file, "/validation/x", "/validation/y", 180), 0);
    cr_assert_eq(count_wrong(file, "/test/x", "/test/y", 100), 0);
    cr_assert(!tren_h5_has(file, "/validation/y_clean") && !tren_h5_has(file, "/test/y_clean"));
    cr_assert_eq(tren_h5_get_i64(file, "/", "label_noise_changed", &said), TREN_OK);
    cr_assert_eq((size_t)said, wrong);
    cr_assert_eq(tren_h5_get_f64s(file, "/", "label_noise", &p, &one), TREN_OK);
    cr_assert_eq(p, 0.25);
    cr_assert_eq(tren_h5_get_text(file, "/", "label_noise_kind", kind, sizeof kind), TREN_OK);
    cr_assert_str_eq(kind, "incorrect");
    tren_h5_close(file);
}

static bool same_files(const char *a, const char *b) {
    size_t n, m;
    unsigned char *x = test_read(a, &n), *y = test_read(b, &m);
    bool same = n == m && !memcmp(x, y, n);
    free(x), free(y);
    return same;
}

Test(label_noise, of_nothing_leaves_no_trace) {
    tren_h5 *file;
    tren_split split = noisy_split(0);
    write_noisy("a.h5", split);
    split.noise_kind = TREN_NOISE_ANY;
    write_noisy("b.h5", split);
    cr_assert(same_files("a.h5", "b.h5"));
    cr_assert_eq(tren_h5_open(&file, "a.h5", TREN_ERR_DATA), TREN_OK);
    cr_assert(!tren_h5_has(file, "/train/y_clean") && !tren_h5_has_attr(file, "/", "take") &&
              !tren_h5_has_attr(file, "/", "label_noise"));
    tren_h5_close(file);
    write_noisy("c.h5", noisy_split(0.1));
    write_noisy("d.h5", noisy_split(0.1));
    cr_assert(same_files("c.h5", "d.h5"));
}

static uint64_t digest_of(tren_split split) {
    tren_dataset *dataset;
    remove("digest.h5");
    write_noisy("digest.h5", split);
    cr_assert_eq(tren_dataset_open(&dataset, "digest.h5"), TREN_OK, "%s", tren_error_text());
    uint64_t digest = tren_dataset_info_of(dataset)->digest;
    tren_dataset_close(dataset);
    return digest;
}

Test(label_noise, and_take_are_part_of_the_datasets_identity) {
    uint64_t digest[9];
    tren_split split = noisy_split(0);
    digest[0] = digest_of(split);
    cr_assert_eq(digest[0], digest_of(split));
    const double noise[] = {1e-9, 2e-9, 0.1, 0.1, 0.2}; /* the first two change nothing */
    for (int i = 0; i < 5; i++) {
        split.label_noise = noise[i];
        split.noise_kind = i == 3 ? TREN_NOISE_ANY : TREN_NOISE_INCORRECT;
        digest[i + 1] = digest_of(split);
    }
    split = noisy_split(0);
    const size_t take[] = {900, 899, 450}; /* the first takes all there is */
    for (int i = 0; i < 3; i++) {
        split.take = take[i];
        digest[i + 6] = digest_of(split);
    }
    for (int i = 0; i < 9; i++)
        for (int j = 0; j < i; j++) cr_expect_neq(digest[i], digest[j], "recipes %d and %d", i, j);
}

Test(label_noise, provenance_tells_it) {
    tren_dataset *dataset;
    tren_provenance from;
    tren_split split = noisy_split(0.5);
    split.noise_kind = TREN_NOISE_ANY;
    split.take = 300;
    write_noisy("n.h5", split);
    cr_assert_eq(tren_dataset_open(&dataset, "n.h5"), TREN_OK, "%s", tren_error_text());
    tren_dataset_provenance(&from, dataset);
    cr_assert(from.take == 300 && from.label_noise == 0.5 && from.n_changed > 0);
    cr_assert_str_eq(from.noise_kind, "any");
    cr_assert_eq(tren_dataset_info_of(dataset)->rows[TREN_TRAIN], 240);
    tren_dataset_close(dataset);
}

static tren_dataset_check look_over(const char *path) {
    tren_dataset_check check;
    tren_dataset *dataset;
    cr_assert_eq(tren_dataset_open(&dataset, path), TREN_OK, "%s", tren_error_text());
    cr_assert_eq(tren_dataset_check_open(&check, dataset), TREN_OK, "%s", tren_error_text());
    tren_dataset_close(dataset);
    return check;
}

Test(label_noise, check_looks_at_the_true_labels_too) {
    tren_split split = noisy_split(0.5);
    split.shuffle = false; /* true labels 0 1 2 3 4 0 1 ... */
    write_noisy("n.h5", split);
    tren_dataset_check check = look_over("n.h5");
    cr_assert(check.has_clean && check.clean.y == TREN_INTACT && check.clean.labels_outside == 0);
    for (int c = 0; c < 5; c++) cr_assert_eq(check.clean.class_rows[c], 144);
    check_count(check.n_changed, 720, 0.5, "changed");
    size_t changed = check.n_changed, n, at = 0;
    tren_dataset_check_close(&check);

    unsigned char *bytes = test_read("n.h5", &n), clean[720];
    for (int i = 0; i < 720; i++) clean[i] = (unsigned char)(i % 5);
    while (at + 720 <= n && memcmp(bytes + at, clean, 720) != 0) at++;
    cr_assert_leq(at + 720, n);
    bytes[at + 7] = 9;
    test_write("flipped.h5", bytes, n);
    free(bytes);
    check = look_over("flipped.h5");
    cr_assert(check.clean.y == TREN_DAMAGED && check.part[TREN_TRAIN].y == TREN_INTACT);
    cr_assert(check.clean.labels_outside == 1 && check.clean.first_bad_label == 7);
    cr_assert(check.n_changed == changed || check.n_changed == changed + 1);
    cr_assert_eq(check.part[TREN_TRAIN].labels_outside, 0);
    tren_dataset_check_close(&check);
}
