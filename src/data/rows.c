/* Rows in memory: read once, checked once, kept in the file's type. */
#include "data/schema.h"
#include <math.h>
#include <stdlib.h>

/* Rows per read where a temporary of another type is needed. */
#define BLOCK 65536

static tren_status not_finite(const tren_dataset *dataset, const char *name, size_t row,
                              size_t column) {
    return tren_fail(
        TREN_ERR_DATA,
        "%s: %s: row %zu, column %zu is not finite: clean the source and import it again",
        dataset->path, name, row, column);
}

static size_t first_not_finite_f32(const float *value, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!isfinite(value[i])) return i;
    return n;
}

static size_t first_not_finite_f64(const double *value, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!isfinite(value[i])) return i;
    return n;
}

static tren_status read_x(tren_rows *rows, const tren_dataset *dataset, const char *name) {
    size_t width = (size_t)rows->width, count = rows->n * width;
    TREN_TRY(tren_alloc(&rows->x, count, tren_type_size(rows->x_type), "the rows of a dataset"));
    TREN_TRY(tren_h5_read_rows(dataset->file, name, rows->first, rows->n, rows->x_type, rows->x));
    size_t bad = count;
    if (rows->x_type == TREN_F32) bad = first_not_finite_f32(rows->x, count);
    if (rows->x_type == TREN_F64) bad = first_not_finite_f64(rows->x, count);
    if (bad < count) return not_finite(dataset, name, rows->first + bad / width, bad % width);
    return TREN_OK;
}

static tren_status narrow_labels(tren_rows *rows, const tren_dataset *dataset, const char *name,
                                 size_t at, const int64_t *wide, size_t n) {
    int n_classes = dataset->info.n_classes;
    for (size_t i = 0; i < n; i++) {
        if (wide[i] < 0 || wide[i] >= n_classes)
            return tren_fail(TREN_ERR_DATA,
                             "%s: %s: row %zu: the label %lld is outside 0 to %d: clean the source "
                             "and import it again",
                             dataset->path, name, rows->first + at + i, (long long)wide[i],
                             n_classes - 1);
        rows->label[at + i] = (int32_t)wide[i];
    }
    return TREN_OK;
}

static tren_status read_labels(tren_rows *rows, const tren_dataset *dataset, const char *name) {
    TREN_TRY(tren_alloc(&rows->label, rows->n, sizeof *rows->label, "the labels of a dataset"));
    int64_t *wide;
    TREN_TRY(tren_alloc(&wide, rows->n < BLOCK ? rows->n : BLOCK, sizeof *wide, "labels"));
    tren_status st = TREN_OK;
    for (size_t at = 0; at < rows->n && st == TREN_OK; at += BLOCK) {
        size_t n = rows->n - at < BLOCK ? rows->n - at : BLOCK;
        st = tren_h5_read_rows(dataset->file, name, rows->first + at, n, TREN_I64, wide);
        if (st == TREN_OK) st = narrow_labels(rows, dataset, name, at, wide, n);
    }
    free(wide);
    return st;
}

static tren_status read_targets(tren_rows *rows, const tren_dataset *dataset, const char *name) {
    size_t width = (size_t)rows->n_targets, count = rows->n * width;
    TREN_TRY(tren_alloc(&rows->target, count, sizeof *rows->target, "the targets of a dataset"));
    TREN_TRY(tren_h5_read_rows(dataset->file, name, rows->first, rows->n, TREN_REAL, rows->target));
    for (size_t i = 0; i < count; i++)
        if (!isfinite(rows->target[i]))
            return not_finite(dataset, name, rows->first + i / width, i % width);
    return TREN_OK;
}

tren_status tren_rows_read(tren_rows *rows, const tren_dataset *dataset, tren_part part,
                           size_t first, size_t n) {
    const tren_dataset_info *info = &dataset->info;
    *rows = (tren_rows){.first = first,
                        .n = n,
                        .width = tren_shape_size(info->shape),
                        .n_targets = info->n_targets,
                        .x_type = info->x_type};
    tren_status st;
    TREN_GOTO(read_x(rows, dataset, tren_part_x[part]));
    if (info->n_targets == 0) return TREN_OK;
    TREN_GOTO(info->n_classes ? read_labels(rows, dataset, tren_part_y[part])
                              : read_targets(rows, dataset, tren_part_y[part]));
    return TREN_OK;
done:
    tren_rows_close(rows);
    return st;
}

tren_status tren_dataset_count_classes(size_t *n, const tren_dataset *dataset, tren_part part) {
    tren_rows rows = {.n = dataset->info.rows[part]};
    for (int c = 0; c < dataset->info.n_classes; c++) n[c] = 0;
    tren_status st = read_labels(&rows, dataset, tren_part_y[part]);
    for (size_t i = 0; st == TREN_OK && i < rows.n; i++) n[rows.label[i]]++;
    tren_rows_close(&rows);
    return st;
}

uint64_t tren_rows_digest(const tren_rows *rows) {
    size_t x = (size_t)rows->width * tren_type_size(rows->x_type);
    size_t y = (size_t)rows->n_targets * sizeof(real);
    uint64_t sum = 0;
    for (size_t i = 0; i < rows->n; i++) {
        uint64_t row[3] = {rows->first + i, tren_digest((const char *)rows->x + i * x, x)};
        row[2] = rows->label ? (uint64_t)rows->label[i]
                             : tren_digest(rows->target + i * (size_t)rows->n_targets, y);
        sum += tren_digest(row, sizeof row);
    }
    return sum;
}

void tren_rows_close(tren_rows *rows) {
    free(rows->x);
    free(rows->label);
    free(rows->target);
    *rows = (tren_rows){0};
}
