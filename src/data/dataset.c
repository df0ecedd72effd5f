/* Opening a dataset: the schema is checked once, here, so that everything after may rely on it. */
#include "base/quote.h"
#include "base/text.h"
#include "data/row_digests.h"
#include "data/source.h"
#include "data/tokens.h"
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const tren_part_name[TREN_N_PARTS] = {"train", "validation", "test"};

const char *const tren_part_x[TREN_N_PARTS] = {"/train/x", "/validation/x", "/test/x"};
const char *const tren_part_y[TREN_N_PARTS] = {"/train/y", "/validation/y", "/test/y"};

static tren_status refuse(const tren_dataset *dataset, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static tren_status refuse(const tren_dataset *dataset, const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    tren_quote_message(text, sizeof text, format, args);
    va_end(args);
    return tren_fail(TREN_ERR_DATA, "%s: %s", dataset->path, text);
}

static tren_status check_schema(tren_dataset *dataset) {
    char name[64];
    int64_t version;
    if (!tren_h5_has_attr(dataset->file, "/", "schema"))
        return refuse(dataset, "is not a tren dataset (it has no attribute schema); make one with "
                               "'tren data import hdf5'");
    TREN_TRY(tren_h5_get_text(dataset->file, "/", "schema", name, sizeof name));
    if (strcmp(name, TREN_SCHEMA_NAME) != 0)
        return refuse(dataset,
                      "its schema is '%s', expected '%s'; make one with 'tren data import hdf5'",
                      name, TREN_SCHEMA_NAME);
    TREN_TRY(tren_h5_get_i64(dataset->file, "/", "schema_version", &version));
    if (version != TREN_SCHEMA_VERSION)
        return refuse(
            dataset,
            "has schema version %lld, but this program reads version %d: import the data again",
            (long long)version, TREN_SCHEMA_VERSION);
    return TREN_OK;
}

static tren_status read_layout(tren_dataset *dataset) {
    tren_dataset_info *info = &dataset->info;
    char layout[16];
    TREN_TRY(tren_h5_get_text(dataset->file, "/", "layout", layout, sizeof layout));
    bool is_tokens;
    TREN_TRY(tren_tokens_read_layout(&is_tokens, dataset, layout));
    if (is_tokens) return TREN_OK;
    info->is_image = !strcmp(layout, "image");
    if (!info->is_image && strcmp(layout, "table") != 0)
        return refuse(dataset,
                      "layout is '%s', expected 'image', 'table', 'text', 'pairs' or 'labeled'",
                      layout);
    int64_t shape[3];
    size_t n = 3;
    TREN_TRY(tren_h5_get_i64s(dataset->file, "/", "shape", shape, &n));
    int64_t size = 1;
    for (size_t i = 0; i < n; i++) {
        if (shape[i] < 1 || shape[i] > INT32_MAX / size)
            return refuse(
                dataset,
                "the attribute shape has the value %lld, which is not a valid size of a row",
                (long long)shape[i]);
        size *= shape[i];
    }
    if (n != (info->is_image ? 3 : 1))
        return refuse(dataset, "the attribute shape has %zu values, expected %s", n,
                      info->is_image ? "channels, height, width" : "columns");
    info->shape = info->is_image ? (tren_shape){(int)shape[0], (int)shape[1], (int)shape[2]}
                                 : (tren_shape){(int)shape[0], 1, 1};
    info->n_stats = (size_t)info->shape.c;
    return TREN_OK;
}

static tren_status read_classes(tren_dataset *dataset) {
    tren_dataset_info *info = &dataset->info;
    int64_t n_classes, n_targets = 1;
    TREN_TRY(tren_h5_get_i64(dataset->file, "/", "n_classes", &n_classes));
    if (n_classes < 0 || n_classes > TREN_MAX_CLASSES)
        return refuse(dataset, "n_classes is %lld, expected 0 to %d", (long long)n_classes,
                      TREN_MAX_CLASSES);
    if (n_classes == 0) TREN_TRY(tren_h5_get_i64(dataset->file, "/", "n_targets", &n_targets));
    if (n_targets < 0 || n_targets > TREN_MAX_CLASSES)
        return refuse(dataset, "n_targets is %lld, expected 1 to %d, or 0: rows without labels",
                      (long long)n_targets, TREN_MAX_CLASSES);
    info->n_classes = (int)n_classes;
    info->n_targets = (int)n_targets;
    if (!tren_h5_has_attr(dataset->file, "/", "class_names")) return TREN_OK;
    size_t n;
    TREN_TRY(tren_h5_get_texts(dataset->file, "/", "class_names", &info->class_name, &n));
    info->n_classes = (int)n; /* what there is to free */
    for (size_t i = 0; i < n; i++)
        TREN_TRY(tren_class_name_check(TREN_ERR_DATA, dataset->path, info->class_name[i]));
    if (n == (size_t)n_classes) return TREN_OK;
    return refuse(dataset, "has %lld classes, but %zu class names", (long long)n_classes, n);
}

/* The attribute of names, where it is there, of `wanted` things. */
static tren_status read_names(char ***name, const tren_dataset *dataset, const char *attribute,
                              int wanted, const char *things) {
    size_t n;
    if (!tren_h5_has_attr(dataset->file, "/", attribute)) return TREN_OK;
    TREN_TRY(tren_h5_get_texts(dataset->file, "/", attribute, name, &n));
    if (n == (size_t)wanted) return TREN_OK;
    tren_text_free_list(*name, n);
    *name = NULL;
    return refuse(dataset, "has %d %ss, but %zu %s names", wanted, things, n, things);
}

static tren_status read_column_names(tren_dataset *dataset) {
    tren_dataset_info *info = &dataset->info;
    if (info->vocabulary > 0) return TREN_OK;
    if (info->n_classes == 0 && info->n_targets > 0)
        TREN_TRY(
            read_names(&info->target_name, dataset, "target_names", info->n_targets, "target"));
    if (info->is_image) return TREN_OK;
    return read_names(&info->column_name, dataset, "column_names", info->shape.c, "column");
}

static tren_status read_stat(tren_dataset *dataset, const char *name, double **value) {
    size_t n_stats = dataset->info.n_stats, n = n_stats;
    TREN_TRY(tren_alloc(value, n_stats, sizeof **value, "mean and sd"));
    TREN_TRY(tren_h5_get_f64s(dataset->file, "/", name, *value, &n));
    if (n != n_stats)
        return refuse(dataset, "the attribute %s has %zu values, expected %zu", name, n, n_stats);
    for (size_t i = 0; i < n; i++)
        if (!isfinite((*value)[i]))
            return refuse(dataset, "the attribute %s has a value that is not finite, at %zu", name,
                          i);
    return TREN_OK;
}

/* Rows are held to their digests, and so is what they are normalised by. */
static tren_status check_stats(tren_dataset *dataset) {
    const tren_dataset_info *info = &dataset->info;
    size_t bytes = info->n_stats * sizeof *info->mean;
    uint64_t stored;
    tren_digest_state *now;
    TREN_TRY(tren_h5_get_u64(dataset->file, "/", TREN_SCHEMA_STATS, &stored));
    TREN_TRY(tren_digest_open(&now));
    tren_digest_add(now, info->mean, bytes);
    tren_digest_add(now, info->sd, bytes);
    bool same = tren_digest_value(now) == stored;
    tren_digest_close(now);
    if (same) return TREN_OK;
    return refuse(
        dataset,
        "the attributes mean and sd have changed since the file was written; restore the file");
}

static tren_status read_stats(tren_dataset *dataset) {
    const tren_dataset_info *info = &dataset->info;
    if (info->vocabulary > 0) return TREN_OK;
    TREN_TRY(read_stat(dataset, "mean", &dataset->info.mean));
    TREN_TRY(read_stat(dataset, "sd", &dataset->info.sd));
    for (size_t i = 0; i < info->n_stats; i++)
        if (info->sd[i] < 0)
            return refuse(dataset, "the attribute sd has the negative value %g, at %zu",
                          info->sd[i], i);
    dataset->has_stats_digest = tren_h5_has_attr(dataset->file, "/", TREN_SCHEMA_STATS);
    return dataset->has_stats_digest ? check_stats(dataset) : TREN_OK;
}

static tren_status check_x(tren_dataset *dataset, tren_part part) {
    tren_dataset_info *info = &dataset->info;
    const char *name = tren_part_x[part];
    tren_h5_shape shape;
    tren_type type;
    TREN_TRY(tren_h5_info(dataset->file, name, &shape, &type));
    int want = info->is_image ? 4 : 2;
    size_t dim[] = {(size_t)info->shape.c, (size_t)info->shape.h, (size_t)info->shape.w};
    bool right = shape.rank == want;
    for (int i = 1; right && i < want; i++) right = shape.dim[i] == dim[i - 1];
    if (!right)
        return refuse(dataset, "%s does not have the shape given by the attribute shape", name);
    if (type != TREN_U8 && type != TREN_F32 && type != TREN_F64)
        return refuse(dataset, "%s has type %s, expected u8, f32 or f64", name,
                      tren_type_name(type));
    if (part != TREN_TRAIN && type != info->x_type)
        return refuse(dataset, "%s has type %s, but /train/x has %s", name, tren_type_name(type),
                      tren_type_name(info->x_type));
    info->x_type = type;
    info->rows[part] = shape.dim[0];
    return TREN_OK;
}

static tren_status check_y(tren_dataset *dataset, tren_part part) {
    const tren_dataset_info *info = &dataset->info;
    const char *name = tren_part_y[part];
    tren_h5_shape shape;
    tren_type first = dataset->y_type;
    TREN_TRY(tren_h5_info(dataset->file, name, &shape, &dataset->y_type));
    if (part != TREN_TRAIN && dataset->y_type != first)
        return refuse(dataset, "%s has type %s, but /train/y has %s", name,
                      tren_type_name(dataset->y_type), tren_type_name(first));
    bool is_real = dataset->y_type == TREN_F32 || dataset->y_type == TREN_F64;
    if (is_real != (info->n_classes == 0))
        return refuse(dataset, "%s has type %s, expected %s", name, tren_type_name(dataset->y_type),
                      info->n_classes ? "integers (class labels)" : "f32 or f64 (targets)");
    if (shape.rank < 1 || shape.dim[0] != info->rows[part])
        return refuse(dataset, "%s has %zu rows, but %s has %zu", name,
                      shape.rank ? shape.dim[0] : 0, tren_part_x[part], info->rows[part]);
    bool right = info->n_classes ? shape.rank == 1
                                 : shape.rank == 2 && shape.dim[1] == (size_t)info->n_targets;
    if (!right)
        return refuse(dataset, "%s should have the shape [rows%s]", name,
                      info->n_classes ? "" : ", n_targets");
    return TREN_OK;
}

/* The labels before noise are optional, and like those of the training part. */
static tren_status check_clean(tren_dataset *dataset) {
    const tren_dataset_info *info = &dataset->info;
    const char *name = TREN_SCHEMA_CLEAN;
    tren_h5_shape shape;
    tren_type type;
    dataset->has_clean = tren_h5_has(dataset->file, name);
    if (!dataset->has_clean) return TREN_OK;
    TREN_TRY(tren_h5_info(dataset->file, name, &shape, &type));
    if (info->n_classes == 0 || type != dataset->y_type)
        return refuse(dataset, "%s has type %s, expected %s", name, tren_type_name(type),
                      info->n_classes ? "that of /train/y" : "to be in datasets with classes only");
    if (shape.rank != 1 || shape.dim[0] != info->rows[TREN_TRAIN])
        return refuse(dataset, "%s does not have the shape of /train/y", name);
    return TREN_OK;
}

static tren_status check_weights(tren_dataset *dataset) {
    tren_dataset_info *info = &dataset->info;
    const char *name = TREN_SCHEMA_WEIGHTS;
    tren_h5_shape shape;
    if (!tren_h5_has(dataset->file, name)) return TREN_OK;
    TREN_TRY(tren_h5_info(dataset->file, name, &shape, &dataset->weights_type));
    if (info->vocabulary > 0)
        return refuse(dataset, "%s: rows of text cannot have weights: remove it", name);
    if (dataset->weights_type != TREN_F32 && dataset->weights_type != TREN_F64)
        return refuse(dataset, "%s has type %s, expected f32 or f64", name,
                      tren_type_name(dataset->weights_type));
    if (shape.rank != 1 || shape.dim[0] != info->rows[TREN_TRAIN])
        return refuse(dataset, "%s should have the shape [%zu], one weight per training row", name,
                      info->rows[TREN_TRAIN]);
    info->has_weights = true;
    return TREN_OK;
}

static tren_status check_parts(tren_dataset *dataset) {
    for (int part = 0; part < TREN_N_PARTS; part++) {
        TREN_TRY(dataset->info.vocabulary > 0 ? tren_tokens_check_part(dataset, (tren_part)part)
                                              : check_x(dataset, (tren_part)part));
        if (dataset->info.n_targets > 0 && !dataset->info.label_axis)
            TREN_TRY(check_y(dataset, (tren_part)part));
    }
    TREN_TRY(check_clean(dataset));
    TREN_TRY(check_weights(dataset));
    if (dataset->info.rows[TREN_TRAIN] == 0 && dataset->info.n_targets > 0)
        return refuse(dataset, "the training part has no rows");
    for (int part = 0; part < TREN_N_PARTS; part++)
        if (dataset->info.rows[part] > TREN_MAX_ROWS)
            return refuse(dataset, "%s has %zu rows, but at most %u are supported",
                          tren_part_x[part], dataset->info.rows[part], TREN_MAX_ROWS);
    return TREN_OK;
}

static tren_status read_row_digests(tren_dataset *dataset) {
    TREN_TRY(tren_row_digests_read(&dataset->weights[TREN_TRAIN], dataset->file,
                                   TREN_SCHEMA_WEIGHTS, dataset->info.rows[TREN_TRAIN]));
    for (int part = 0; part < TREN_N_PARTS; part++) {
        size_t n = dataset->info.rows[part];
        TREN_TRY(tren_row_digests_read(&dataset->x[part], dataset->file, tren_part_x[part], n));
        TREN_TRY(tren_row_digests_read(&dataset->y[part], dataset->file, tren_part_y[part], n));
        TREN_TRY(tren_row_digests_read(&dataset->length[part], dataset->file,
                                       tren_part_length[part], n));
    }
    return TREN_OK;
}

static tren_status read_content(tren_dataset *dataset) {
    TREN_TRY(read_layout(dataset));
    TREN_TRY(read_classes(dataset));
    TREN_TRY(read_column_names(dataset));
    TREN_TRY(read_stats(dataset));
    TREN_TRY(check_parts(dataset));
    TREN_TRY(read_row_digests(dataset));
    return tren_dataset_identify(dataset);
}

static tren_status open_file(tren_dataset *dataset) {
    tren_status st = tren_h5_open(&dataset->file, dataset->path, TREN_ERR_DATA);
    if (st == TREN_OK || !strstr(tren_error_text(), "not an HDF5 file")) return st;
    return tren_fail(
        st, "%s: convert text, tables and images into a dataset first: 'tren data import --help'",
        tren_error_text());
}

static tren_status dataset_read(tren_dataset *dataset) {
    TREN_TRY(open_file(dataset));
    TREN_TRY(check_schema(dataset));
    tren_status st = read_content(dataset);
    if (st != TREN_ERR_DATA || strstr(tren_error_text(), "make it again")) return st;
    return tren_fail(st, "%s; make it again with 'tren data'", tren_error_text());
}

tren_status tren_dataset_open(tren_dataset **dataset, const char *path) {
    TREN_TRY(tren_dataset_open_rows(dataset, path));
    if ((*dataset)->info.n_targets > 0) return TREN_OK;
    tren_dataset_close(*dataset);
    *dataset = NULL;
    return tren_fail(
        TREN_ERR_DATA,
        "%s: contains rows without labels, which only 'tren predict' uses; import it with labels",
        path);
}

tren_status tren_dataset_open_rows(tren_dataset **dataset, const char *path) {
    *dataset = NULL;
    tren_dataset *opened;
    TREN_TRY(tren_alloc(&opened, 1, sizeof *opened, "a dataset"));
    opened->fd = -1;
    opened->path = strdup(path);
    tren_status st = opened->path ? dataset_read(opened) : tren_fail_memory(0, path);
    if (st != TREN_OK) {
        tren_dataset_close(opened);
        return st;
    }
    *dataset = opened;
    return TREN_OK;
}

void tren_dataset_close(tren_dataset *dataset) {
    if (!dataset) return;
    tren_h5_close(dataset->file);
    if (dataset->fd >= 0) close(dataset->fd);
    tren_text_free_list(dataset->info.class_name, (size_t)dataset->info.n_classes);
    tren_text_free_list(dataset->info.column_name, (size_t)dataset->info.shape.c);
    tren_text_free_list(dataset->info.target_name, (size_t)dataset->info.n_targets);
    for (int part = 0; part < TREN_N_PARTS; part++) {
        tren_row_digests_close(&dataset->x[part]);
        tren_row_digests_close(&dataset->y[part]);
        tren_row_digests_close(&dataset->length[part]);
        tren_row_digests_close(&dataset->weights[part]);
    }
    free(dataset->info.mean);
    free(dataset->info.sd);
    free(dataset->path);
    free(dataset);
}

const tren_dataset_info *tren_dataset_info_of(const tren_dataset *dataset) {
    return &dataset->info;
}

tren_file_stamp tren_dataset_stamp(const tren_dataset *dataset) {
    if (dataset->file) return tren_h5_stamp(dataset->file);
    tren_file_stamp stamp = tren_path_stamp(dataset->path);
    if (stamp.inode) stamp.elsewhere = dataset->elsewhere;
    return stamp;
}

const char *tren_dataset_shape(char out[TREN_SHAPE_TEXT], const tren_dataset_info *info) {
    const tren_shape s = info->shape;
    if (info->tokens[1] > 0)
        snprintf(out, TREN_SHAPE_TEXT, "up to %d and %d tokens", info->tokens[0], info->tokens[1]);
    else if (info->tokens[0] > 0)
        snprintf(out, TREN_SHAPE_TEXT, "up to %d tokens", info->tokens[0]);
    else if (info->is_image)
        snprintf(out, TREN_SHAPE_TEXT, "%d x %d x %d", s.c, s.h, s.w);
    else
        snprintf(out, TREN_SHAPE_TEXT, "%d column%s", s.c, s.c == 1 ? "" : "s");
    return out;
}
