/* HDF5: any file that holds the inputs in one dataset and the labels or targets in another. */
#include "data/prepare.h"
#include "data/schema.h"
#include "data/source.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct settings {
    const char *file, *x, *y, *weights, *test_x, *test_y, *test_file;
    tren_label_settings labels;
    tren_layout_settings layout;
    bool allow_external;
} settings;

/* One dataset of the pool, and its counterpart in the test part. */
typedef struct input {
    const char *name[2]; /* the second may be NULL */
    tren_h5 *file[2];    /* not owned */
    tren_h5_shape shape[2];
    tren_type type;
} input;

static size_t rows_of(const tren_h5_shape *shape) {
    return shape->rank ? shape->dim[0] : 0;
}

/* SIZE_MAX where it does not fit. */
static size_t width_of(const tren_h5_shape *shape) {
    size_t width = 1;
    for (int i = 1; i < shape->rank; i++) tren_size_mul(&width, width, shape->dim[i]);
    return width;
}

static const char *path_of(const input *in) {
    return tren_h5_path(in->file[0]);
}

/* "f32 [*, 3]" */
static const char *describe_rows(char out[256], const tren_h5_shape *shape, tren_type type) {
    size_t n = (size_t)snprintf(out, 256, "%s [*", tren_type_name(type));
    for (int i = 1; i < shape->rank; i++)
        n += (size_t)snprintf(out + n, 256 - n, ", %zu", shape->dim[i]);
    snprintf(out + n, 256 - n, "]");
    return out;
}

static tren_status check_alike(const input *in, tren_type test_type) {
    const tren_h5_shape *a = &in->shape[0], *b = &in->shape[1];
    bool alike = a->rank == b->rank && in->type == test_type;
    for (int i = 1; alike && i < a->rank; i++) alike = a->dim[i] == b->dim[i];
    if (alike) return TREN_OK;
    char one[256], other[256];
    return tren_fail(TREN_ERR_DATA,
                     "%s: %s and %s (%s) differ in type or shape: %s, and %s; convert one of them, "
                     "or import them separately",
                     path_of(in), in->name[0], in->name[1], tren_h5_path(in->file[1]),
                     describe_rows(one, a, in->type), describe_rows(other, b, test_type));
}

static tren_status input_open(input *in) {
    TREN_TRY(tren_h5_info(in->file[0], in->name[0], &in->shape[0], &in->type));
    if (in->shape[0].rank == 0)
        return tren_fail(TREN_ERR_DATA,
                         "%s: %s is a single value, not rows; give a dataset of rows", path_of(in),
                         in->name[0]);
    if (!in->name[1]) return TREN_OK;
    tren_type test_type;
    TREN_TRY(tren_h5_info(in->file[1], in->name[1], &in->shape[1], &test_type));
    return check_alike(in, test_type);
}

static tren_status input_read(void **out, const input *in, tren_type type) {
    size_t width = width_of(&in->shape[0]), n = rows_of(&in->shape[0]),
           n_test = rows_of(&in->shape[1]);
    size_t count;
    tren_size_mul(&count, n + n_test, width);
    TREN_TRY(tren_alloc(out, count, tren_type_size(type), "the rows of an HDF5 file"));
    TREN_TRY(tren_h5_read(in->file[0], in->name[0], n * width, type, *out));
    if (!in->name[1]) return TREN_OK;
    void *test = (char *)*out + n * width * tren_type_size(type);
    return tren_h5_read(in->file[1], in->name[1], n_test * width, type, test);
}

/* ---- inputs ---------------------------------------------------------------------------------- */

static bool is_real(tren_type type) {
    return type == TREN_F32 || type == TREN_F64;
}

/* Integers that fit I64 into it, and those of U64 into that. */
static tren_status read_wide(void **wide, const input *in) {
    return input_read(wide, in, in->type == TREN_U64 ? TREN_U64 : TREN_I64);
}

/* The first that does not fit I64, or how many there are. */
static size_t first_beyond(const void *wide, const input *in) {
    size_t n = (rows_of(&in->shape[0]) + rows_of(&in->shape[1])) * width_of(&in->shape[0]), i = 0;
    const uint64_t *value = wide;
    if (in->type != TREN_U64) return n;
    while (i < n && value[i] <= INT64_MAX) i++;
    return i;
}

/* By how much f64 changes a whole number, of I64 or U64. */
static double rounding_of(uint64_t bits, bool is_signed) {
    uint64_t value = is_signed && bits > INT64_MAX ? 0 - bits : bits; /* its size */
    double nearest = (double)value;
    if (nearest >= 0x1p64) return (double)(UINT64_MAX - value) + 1;
    uint64_t back = (uint64_t)nearest;
    return back > value ? (double)(back - value) : (double)(value - back);
}

/* The first that f64 changes by what matters in its column, or how many there are. */
static size_t first_rounded(const uint64_t *value, bool is_signed, const tren_source *source,
                            const double *mean, const double *sd) {
    size_t width = tren_source_width(source), per_stat = width / (size_t)source->shape.c, i = 0;
    for (; i < tren_source_rows(source) * width; i++) {
        double off = is_signed ? (double)(int64_t)value[i] : (double)value[i];
        size_t k = i % width / per_stat;
        if (rounding_of(value[i], is_signed) > 0x1p-16 * fmax(sd[k], fabs(off - mean[k]))) break;
    }
    return i;
}

static tren_status check_rounding(const tren_source *source, const input *in, const void *value) {
    size_t n_stats = (size_t)source->shape.c, width = tren_source_width(source),
           n = tren_source_rows(source) * width;
    bool is_signed = in->type != TREN_U64;
    double *mean;
    TREN_TRY(tren_alloc(&mean, 2 * n_stats, sizeof *mean, "mean and sd"));
    tren_status st = tren_statistics(mean, mean + n_stats, source, NULL, tren_source_rows(source));
    size_t i = n;
    if (st == TREN_OK) i = first_rounded(value, is_signed, source, mean, mean + n_stats);
    if (i < n)
        st = tren_fail(TREN_ERR_DATA,
                       "%s: %s: row %zu, column %zu: beyond 2^53, f64 would round %s%llu and lose "
                       "the differences within its column: subtract a constant before the import",
                       path_of(in), in->name[0], i / width, i % width,
                       is_signed && ((const int64_t *)value)[i] < 0 ? "-" : "",
                       is_signed && ((const int64_t *)value)[i] < 0
                           ? 0 - ((const unsigned long long *)value)[i]
                           : ((const unsigned long long *)value)[i]);
    free(mean);
    return st;
}

static tren_status read_integers(tren_source *source, const input *in) {
    void *wide = NULL;
    tren_status st;
    size_t n = tren_source_rows(source) * tren_source_width(source);
    TREN_GOTO(read_wide(&wide, in));
    if (first_beyond(wide, in) == n) {
        TREN_GOTO(tren_source_set_integers(source, wide));
        if (source->x_type == TREN_F64) st = check_rounding(source, in, wide);
    } else {
        source->x_type = TREN_F64;
        TREN_GOTO(input_read(&source->x, in, TREN_F64));
        st = check_rounding(source, in, wide);
    }
done:
    free(wide);
    return st;
}

/* "FILE: NAME" */
static const char *describe(char out[1024], const input *in) {
    snprintf(out, 1024, "%s: %s", path_of(in), in->name[0]);
    return out;
}

static tren_status read_x(tren_source *source, const input *in, const tren_layout_settings *want) {
    char what[1024];
    TREN_TRY(tren_source_set_layout(source, &in->shape[0], want, describe(what, in)));
    source->x_type = in->type;
    if (in->type == TREN_U8 || is_real(in->type))
        TREN_TRY(input_read(&source->x, in, in->type));
    else
        TREN_TRY(read_integers(source, in));
    return want->channels_last ? tren_source_put_channels_first(source) : TREN_OK;
}

/* ---- labels and targets ---------------------------------------------------------------------- */

static tren_status check_wide(const tren_answers *answers, const input *in) {
    size_t beyond = first_beyond(answers->value, in), width = answers->width;
    if (beyond == (rows_of(&in->shape[0]) + rows_of(&in->shape[1])) * width) return TREN_OK;
    return tren_fail(TREN_ERR_DATA,
                     "%s: row %zu: the label %llu is not a class number: number the classes from "
                     "0 up in the source (--relabel takes labels below 2^63), or give "
                     "--regression if it is a target",
                     answers->what, beyond / width,
                     (unsigned long long)((uint64_t *)answers->value)[beyond]);
}

/* Integers as targets are read as f64, which holds those of u64 too. */
static tren_status read_y(tren_source *source, const input *in, const tren_label_settings *want) {
    char what[1024];
    tren_answers answers = {.what = describe(what, in), .width = width_of(&in->shape[0])};
    bool wide = !is_real(in->type) && !want->regression;
    answers.type = wide ? TREN_I64 : in->type == TREN_F32 ? TREN_F32 : TREN_F64;
    tren_status st;
    TREN_GOTO(wide ? read_wide(&answers.value, in) : input_read(&answers.value, in, answers.type));
    if (wide) TREN_GOTO(check_wide(&answers, in));
    st = tren_source_set_answers(source, &answers, want);
done:
    free(answers.value);
    return st;
}

/* Rows of the source's own test part have none, and count 1. */
static tren_status read_weights(tren_source *source, const char *name, tren_h5 *file) {
    input in = {.name = {name}, .file = {file}};
    if (!name) return TREN_OK;
    TREN_TRY(input_open(&in));
    if (in.shape[0].rank != 1 || rows_of(&in.shape[0]) != source->n)
        return tren_fail(
            TREN_ERR_DATA,
            "%s: %s should have the shape [%zu], one weight per row of --x; give another dataset",
            path_of(&in), name, source->n);
    TREN_TRY(tren_alloc(&source->weight, tren_source_rows(source), sizeof *source->weight,
                        "weights of rows"));
    for (size_t i = source->n; i < tren_source_rows(source); i++) source->weight[i] = 1;
    return tren_h5_read(file, name, source->n, TREN_F64, source->weight);
}

/* ---- the source ------------------------------------------------------------------------------ */

static tren_status check_settings(const settings *want) {
    if (want->labels.unlabeled && (want->y || want->test_y))
        return tren_fail(TREN_ERR_USAGE, "--unlabeled and --y cannot be used together");
    if (!want->labels.unlabeled && !want->y)
        return tren_fail(TREN_ERR_USAGE, "--y is missing: give the dataset of the labels or "
                                         "targets; --unlabeled imports rows to predict");
    if (want->labels.unlabeled && want->weights)
        return tren_fail(TREN_ERR_USAGE, "--weights: rows to predict are not used for training; "
                                         "remove --weights or --unlabeled");
    if (!want->labels.unlabeled && !want->test_x != !want->test_y)
        return tren_fail(TREN_ERR_USAGE, "--test-x and --test-y must be given together");
    if (want->test_file && !want->test_x)
        return tren_fail(TREN_ERR_USAGE, "--test-file needs --test-x and --test-y");
    return TREN_OK;
}

static tren_status check_rows(const input *x, const input *y) {
    size_t n = rows_of(&x->shape[0]), n_test = rows_of(&x->shape[1]);
    if (n > TREN_MAX_ROWS || n_test > TREN_MAX_ROWS - n)
        return tren_fail(TREN_ERR_DATA,
                         "%s: %s has %zu rows, but at most %u are supported: import fewer",
                         path_of(x), x->name[0], n, TREN_MAX_ROWS);
    for (int i = 0; i < 2; i++) {
        if (!x->name[i] || rows_of(&x->shape[i]) == rows_of(&y->shape[i])) continue;
        return tren_fail(
            TREN_ERR_DATA,
            "%s: %s has %zu rows, but %s has %zu; give an --x and an --y that belong together",
            tren_h5_path(x->file[i]), x->name[i], rows_of(&x->shape[i]), y->name[i],
            rows_of(&y->shape[i]));
    }
    return TREN_OK;
}

static tren_status digest_content(tren_source *source) {
    tren_digest_state *digest;
    TREN_TRY(tren_digest_open(&digest));
    size_t n = tren_source_rows(source);
    tren_digest_add(digest, source->x,
                    n * tren_source_width(source) * tren_type_size(source->x_type));
    tren_digest_add(digest, source->y,
                    n * (size_t)source->n_targets * tren_type_size(source->y_type));
    if (source->weight) tren_digest_add(digest, source->weight, n * sizeof *source->weight);
    source->digest = tren_digest_value(digest);
    tren_digest_close(digest);
    return TREN_OK;
}

static tren_status read_inputs(tren_source *source, const settings *want, input *x, input *y) {
    bool labeled = !want->labels.unlabeled;
    TREN_TRY(input_open(x));
    if (labeled) TREN_TRY(input_open(y));
    if (labeled) TREN_TRY(check_rows(x, y));
    source->n = rows_of(&x->shape[0]);
    source->n_test = rows_of(&x->shape[1]);
    TREN_TRY(read_x(source, x, &want->layout));
    if (labeled)
        TREN_TRY(read_y(source, y, &want->labels));
    else
        tren_source_set_unlabeled(source);
    TREN_TRY(read_weights(source, want->weights, x->file[0]));
    tren_source_add_origin(source, "hdf5");
    tren_source_add_file(source, want->file);
    tren_source_add_origin(source, want->x);
    if (labeled) tren_source_add_origin(source, want->y);
    return digest_content(source);
}

static tren_status read_source(tren_source *source, const void *context, uint64_t seed) {
    (void)seed;
    const settings *want = context;
    tren_h5 *file = NULL, *test = NULL;
    tren_status st;
    TREN_GOTO(check_settings(want));
    TREN_GOTO(tren_h5_open(&file, want->file, TREN_ERR_DATA));
    if (want->test_file) TREN_GOTO(tren_h5_open(&test, want->test_file, TREN_ERR_DATA));
    if (want->allow_external) tren_h5_allow_external(file);
    if (want->allow_external && test) tren_h5_allow_external(test);
    tren_h5 *second = test ? test : file;
    input x = {.name = {want->x, want->test_x}, .file = {file, second}};
    input y = {.name = {want->y, want->test_y}, .file = {file, second}};
    st = read_inputs(source, want, &x, &y);
done:
    tren_h5_close(file);
    tren_h5_close(test);
    return st;
}

static const tren_setting settings_table[] = {
    {"FILE", TREN_SETTING_TEXT, offsetof(settings, file), NULL, .help = "Any HDF5 file.",
     .required = true, .is_file = true},
    {"x", TREN_SETTING_TEXT, offsetof(settings, x), "NAME",
     .help = "Dataset of the inputs: [n,f], [n,h,w] or [n,c,h,w].", .required = true},
    {"y", TREN_SETTING_TEXT, offsetof(settings, y), "NAME",
     .help = "Dataset of the labels (integers [n], or one-hot [n,k]) or targets (reals [n] or "
             "[n,k])."},
    {"weights", TREN_SETTING_TEXT, offsetof(settings, weights), "NAME",
     .help = "Dataset of the weight of each row in training: numbers [n] of at least 0."},
    {"test-x", TREN_SETTING_TEXT, offsetof(settings, test_x), "NAME",
     .help = "Inputs of the test part of the source."},
    {"test-y", TREN_SETTING_TEXT, offsetof(settings, test_y), "NAME",
     .help = "Labels or targets of that test part."},
    {"test-file", TREN_SETTING_TEXT, offsetof(settings, test_file), "FILE",
     .help = "File that contains --test-x and --test-y; default: the first file.", .is_file = true},
    TREN_LAYOUT_SETTINGS(settings),
    TREN_LABEL_SETTINGS(settings),
    {"allow-external", TREN_SETTING_FLAG, offsetof(settings, allow_external), NULL,
     .help = "Also read other files that FILE refers to: external storage, and links and sources "
             "outside its folder. Use it only for files that you trust."},
};

const tren_source_kind tren_source_hdf5 = {
    .name = "hdf5",
    .summary = "two datasets of any HDF5 file",
    .setting = settings_table,
    .n_settings = TREN_SETTING_COUNT(settings_table),
    .settings_size = sizeof(settings),
    .read = read_source,
};
