/* Rows in memory: read once, checked once, kept in the file's type. */
#include "data/row_digests.h"
#include "data/tokens.h"
#include "data/weights.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

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

/* Rows as the file has them, verified. */
static tren_status read_verified(void *out, const tren_dataset *dataset,
                                 const tren_row_array *array, const tren_row_digests *digests,
                                 size_t first, size_t n) {
    TREN_TRY(tren_row_array_read(out, dataset, array, first, n));
    return tren_row_digests_verify(digests, dataset, array, first, n, out);
}

static tren_status read_x(tren_rows *rows, const tren_dataset *dataset, tren_part part) {
    size_t width = (size_t)rows->width, count = rows->n * width;
    size_t bytes = width * tren_type_size(rows->x_type);
    tren_row_array x = {tren_part_x[part],        TREN_SET_X, (int)part, rows->x_type,
                        dataset->info.rows[part], bytes};
    TREN_TRY(tren_alloc(&rows->x, rows->n, bytes, "the rows of a dataset"));
    TREN_TRY(read_verified(rows->x, dataset, &x, &dataset->x[part], rows->first, rows->n));
    size_t bad = count;
    if (rows->x_type == TREN_F32) bad = first_not_finite_f32(rows->x, count);
    if (rows->x_type == TREN_F64) bad = first_not_finite_f64(rows->x, count);
    if (bad < count) return not_finite(dataset, x.name, rows->first + bad / width, bad % width);
    return TREN_OK;
}

int64_t tren_label_at(const void *block, tren_type type, size_t i) {
    switch (type) {
    case TREN_U8:
        return ((const uint8_t *)block)[i];
    case TREN_I32:
        return ((const int32_t *)block)[i];
    case TREN_U64:
        return (int64_t)((const uint64_t *)block)[i]; /* too large: negative, so refused */
    default:
        return ((const int64_t *)block)[i];
    }
}

static tren_status take_labels(tren_rows *rows, const tren_dataset *dataset, const char *name,
                               size_t at, const void *block, size_t n) {
    int n_classes = dataset->info.n_classes;
    for (size_t i = 0; i < n; i++) {
        int64_t label = tren_label_at(block, dataset->y_type, i);
        if (label < 0 || label >= n_classes)
            return tren_fail(TREN_ERR_DATA,
                             "%s: %s: row %zu: the label %lld is outside 0 to %d: clean the source "
                             "and import it again",
                             dataset->path, name, rows->first + at + i, (long long)label,
                             n_classes - 1);
        rows->label[at + i] = (int32_t)label;
    }
    return TREN_OK;
}

static tren_status take_targets(tren_rows *rows, const tren_dataset *dataset, const char *name,
                                size_t at, const void *block, size_t n) {
    size_t width = (size_t)rows->n_targets;
    double *target = rows->target + at * width;
    for (size_t i = 0; i < n * width; i++) {
        target[i] = dataset->y_type == TREN_F32 ? (double)((const float *)block)[i]
                                                : ((const double *)block)[i];
        if (isfinite(target[i]) && !isfinite((real)target[i]))
            return tren_fail(TREN_ERR_DATA,
                             "%s: %s: row %zu has the target %g, which is too large for numbers in "
                             "float: train with --precision double, or divide the targets by a "
                             "constant and import them again",
                             dataset->path, name, rows->first + at + i / width, target[i]);
        if (!isfinite(target[i]))
            return not_finite(dataset, name, rows->first + at + i / width, i % width);
    }
    return TREN_OK;
}

/* In blocks, so that no second array of a whole part is needed. */
static tren_status read_y(tren_rows *rows, const tren_dataset *dataset, tren_part part) {
    bool classes = dataset->info.n_classes > 0;
    size_t width = (size_t)rows->n_targets, bytes = width * tren_type_size(dataset->y_type);
    tren_row_array y = {tren_part_y[part],        TREN_SET_Y, (int)part, dataset->y_type,
                        dataset->info.rows[part], bytes};
    void *block = NULL;
    tren_status st = TREN_OK;
    if (classes)
        TREN_GOTO(
            tren_alloc(&rows->label, rows->n, sizeof *rows->label, "the labels of a dataset"));
    else
        TREN_GOTO(tren_alloc(&rows->target, rows->n * width, sizeof *rows->target,
                             "the targets of a dataset"));
    TREN_GOTO(tren_alloc(&block, rows->n < BLOCK ? rows->n : BLOCK, bytes, "labels"));
    for (size_t at = 0; at < rows->n; at += BLOCK) {
        size_t n = rows->n - at < BLOCK ? rows->n - at : BLOCK;
        TREN_GOTO(read_verified(block, dataset, &y, &dataset->y[part], rows->first + at, n));
        TREN_GOTO(classes ? take_labels(rows, dataset, y.name, at, block, n)
                          : take_targets(rows, dataset, y.name, at, block, n));
    }
done:
    free(block);
    return st;
}

static tren_status read_weights(tren_rows *rows, const tren_dataset *dataset, tren_part part) {
    if (part != TREN_TRAIN || !dataset->info.has_weights) return TREN_OK;
    TREN_TRY(tren_alloc(&rows->weight, rows->n, sizeof *rows->weight, "weights of rows"));
    return tren_weights_read(rows->weight, dataset, rows->first, rows->n);
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
    TREN_GOTO(info->vocabulary ? tren_tokens_read(rows, dataset, part)
                               : read_x(rows, dataset, part));
    TREN_GOTO(read_weights(rows, dataset, part));
    if (info->n_targets == 0 || info->label_axis) return TREN_OK;
    TREN_GOTO(read_y(rows, dataset, part));
    return TREN_OK;
done:
    tren_rows_close(rows);
    return st;
}

tren_status tren_rows_check_unit(const tren_rows *rows, const char *loss) {
    size_t width = (size_t)rows->n_targets;
    for (size_t i = 0; i < rows->n * width; i++)
        if (!(rows->target[i] >= 0 && rows->target[i] <= 1))
            return tren_fail(
                TREN_ERR_DATA,
                "loss.name: %s needs targets from 0 (no) to 1 (yes), but target %zu of row %zu, "
                "both counted from 0, is %g; give these columns as 0 and 1, or use another loss",
                loss, i % width, rows->first + i / width, rows->target[i]);
    return TREN_OK;
}

tren_status tren_dataset_count_classes(size_t *n, const tren_dataset *dataset, tren_part part) {
    tren_rows rows = {.n = dataset->info.rows[part], .n_targets = 1};
    for (int c = 0; c < dataset->info.n_classes; c++) n[c] = 0;
    tren_status st = read_y(&rows, dataset, part);
    for (size_t i = 0; st == TREN_OK && i < rows.n; i++) n[rows.label[i]]++;
    tren_rows_close(&rows);
    return st;
}

uint64_t tren_rows_digest(const tren_rows *rows) {
    size_t x = (size_t)rows->width * tren_type_size(rows->x_type);
    size_t y = (size_t)rows->n_targets * sizeof *rows->target;
    uint64_t sum = 0;
    for (size_t i = 0; i < rows->n; i++) {
        uint64_t row[3] = {rows->first + i, rows->x ? tren_digest((const char *)rows->x + i * x, x)
                                                    : tren_tokens_digest(rows, i)};
        if (rows->label)
            row[2] = (uint64_t)rows->label[i];
        else if (rows->x)
            row[2] = tren_digest(rows->target + i * (size_t)rows->n_targets, y);
        sum += tren_digest(row, sizeof row);
        if (rows->weight) { /* without weights the sum is what it always was */
            uint64_t both[] = {rows->first + i,
                               tren_digest(&rows->weight[i], sizeof *rows->weight)};
            sum += tren_digest(both, sizeof both);
        }
    }
    return sum;
}

tren_status tren_dataset_digest_rows(uint64_t *sum, const tren_dataset *dataset, tren_part part,
                                     size_t first, size_t n) {
    enum { BLOCK_ROWS = 8192 };
    *sum = 0;
    for (size_t at = 0; at < n; at += BLOCK_ROWS) {
        tren_rows rows;
        size_t here = n - at < BLOCK_ROWS ? n - at : BLOCK_ROWS;
        TREN_TRY(tren_rows_read(&rows, dataset, part, first + at, here));
        *sum += tren_rows_digest(&rows);
        tren_rows_close(&rows);
    }
    return TREN_OK;
}

uint64_t tren_dataset_digest_of(const tren_dataset_info *info, const uint64_t sum[TREN_N_PARTS]) {
    uint64_t all[TREN_N_PARTS + 1] = {[TREN_N_PARTS] = tren_dataset_names_digest(info)};
    memcpy(all, sum, TREN_N_PARTS * sizeof *sum);
    return tren_digest(all, sizeof all);
}

tren_status tren_dataset_digest_all(uint64_t *digest, const tren_dataset *dataset) {
    const tren_dataset_info *info = &dataset->info;
    uint64_t sum[TREN_N_PARTS];
    for (int part = 0; part < TREN_N_PARTS; part++)
        TREN_TRY(
            tren_dataset_digest_rows(&sum[part], dataset, (tren_part)part, 0, info->rows[part]));
    *digest = tren_dataset_digest_of(info, sum);
    return TREN_OK;
}

uint64_t tren_dataset_content_of(const tren_dataset_info *info, uint64_t all_rows) {
    uint64_t both[] = {info->digest, all_rows};
    return info->has_digests ? info->digest : tren_digest(both, sizeof both);
}

tren_status tren_dataset_content(uint64_t *digest, const tren_dataset *dataset) {
    uint64_t all_rows = 0;
    if (!dataset->info.has_digests) TREN_TRY(tren_dataset_digest_all(&all_rows, dataset));
    *digest = tren_dataset_content_of(&dataset->info, all_rows);
    return TREN_OK;
}

void tren_rows_close(tren_rows *rows) {
    free(rows->x);
    for (int k = 0; k < TREN_SEQUENCES; k++) tren_sequence_close(&rows->sequence[k]);
    free(rows->label);
    free(rows->target);
    free(rows->weight);
    *rows = (tren_rows){0};
}
