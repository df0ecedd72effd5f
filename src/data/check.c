#include "data/prepare.h"
#include "data/tokens.h"
#include "data/weights.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES (4u << 20)

/* The digest of one row of x, and where it lies. */
typedef struct mark {
    uint64_t digest;
    uint32_t row;
    int part;
} mark;

/* One array of one part, read in blocks of rows. */
typedef struct array {
    const char *name;
    tren_part part;
    tren_type type;
    size_t n, width;
    tren_part_check *found; /* not owned */
} array;

static size_t row_bytes(const array *a) {
    return a->width * tren_type_size(a->type);
}

static bool is_finite(const void *block, tren_type type, size_t i) {
    if (type == TREN_F32) return isfinite(((const float *)block)[i]);
    if (type == TREN_F64) return isfinite(((const double *)block)[i]);
    return true;
}

static void count_not_finite(tren_part_check *part, const array *a, const void *block, size_t first,
                             size_t n) {
    if (a->type != TREN_F32 && a->type != TREN_F64) return;
    for (size_t i = 0; i < n * a->width; i++) {
        if (is_finite(block, a->type, i)) continue;
        if (part->not_finite++ == 0) part->first_bad_row = first + i / a->width;
    }
}

static void count_labels(tren_dataset_check *check, const array *a, const void *block, size_t first,
                         size_t n) {
    tren_part_check *part = a->found;
    for (size_t i = 0; i < n; i++) {
        int64_t label = tren_label_at(block, a->type, i);
        if (label >= 0 && label < check->n_classes)
            part->class_rows[label]++;
        else if (part->labels_outside++ == 0)
            part->first_bad_label = first + i;
    }
}

static tren_status compare_digest(tren_intact *intact, const tren_dataset *dataset,
                                  const char *name, uint64_t digest) {
    *intact = TREN_INTACT_UNKNOWN;
    if (!tren_h5_has_attr(dataset->file, name, TREN_SCHEMA_DIGEST)) return TREN_OK;
    uint64_t stored;
    TREN_TRY(tren_h5_get_u64(dataset->file, name, TREN_SCHEMA_DIGEST, &stored));
    *intact = stored == digest ? TREN_INTACT : TREN_DAMAGED;
    return TREN_OK;
}

static void mark_rows(mark *at, const array *a, const char *block, size_t first, size_t n) {
    for (size_t i = 0; i < n; i++)
        at[first + i] = (mark){tren_digest(block + i * row_bytes(a), row_bytes(a)),
                               (uint32_t)(first + i), (int)a->part};
}

/* What is done with each block: x is marked, labels are counted, reals are looked at. */
static void look_at(tren_dataset_check *check, const array *a, mark *marks, const char *block,
                    size_t first, size_t n) {
    if (marks)
        mark_rows(marks, a, block, first, n);
    else if (check->n_classes > 0 && a->width == 1 && a->name != tren_part_length[a->part])
        count_labels(check, a, block, first, n);
    count_not_finite(a->found, a, block, first, n);
}

static tren_status read_array(tren_dataset_check *check, const tren_dataset *dataset,
                              const array *a, mark *marks, tren_intact *intact) {
    size_t room = BLOCK_BYTES / row_bytes(a) + 1;
    char *block = NULL;
    tren_digest_state *digest = NULL;
    tren_status st;
    TREN_GOTO(tren_digest_open(&digest));
    TREN_GOTO(tren_alloc(&block, room, row_bytes(a), "checking a dataset"));
    for (size_t first = 0; first < a->n; first += room) {
        size_t n = a->n - first < room ? a->n - first : room;
        TREN_GOTO(tren_h5_read_rows(dataset->file, a->name, first, n, a->type, block));
        tren_digest_add(digest, block, n * row_bytes(a));
        look_at(check, a, marks, block, first, n);
    }
    st = compare_digest(intact, dataset, a->name, tren_digest_value(digest));
done:
    free(block);
    tren_digest_close(digest);
    return st;
}

/* x, or y, of a part. */
static array array_of(const tren_dataset_info *info, tren_part part, int which,
                      tren_part_check *found) {
    size_t width = which == 0 ? (size_t)tren_shape_size(info->shape) : (size_t)info->n_targets;
    if (info->tokens[which] > 0) width = (size_t)tren_tokens_width(info, which);
    return (array){which == 0 ? tren_part_x[part] : tren_part_y[part],
                   part,
                   which == 0 ? info->x_type : TREN_I32,
                   info->rows[part],
                   width,
                   found};
}

/* Lengths, and whether the tokens are such as can be. */
static tren_status read_tokens(tren_dataset_check *check, const tren_dataset *dataset,
                               tren_part part) {
    enum { BLOCK = 65536 };
    const tren_dataset_info *info = &dataset->info;
    tren_part_check *found = &check->part[part];
    array length = {tren_part_length[part],      part, TREN_I32, found->n_rows,
                    info->tokens[1] > 0 ? 2 : 1, found};
    TREN_TRY(read_array(check, dataset, &length, NULL, &found->length));
    for (size_t first = 0; first < found->n_rows; first += BLOCK) {
        tren_rows rows;
        size_t n = found->n_rows - first < BLOCK ? found->n_rows - first : BLOCK;
        tren_status st = tren_rows_read(&rows, dataset, part, first, n);
        if (st == TREN_ERR_DATA)
            snprintf(found->bad_tokens, sizeof found->bad_tokens, "%s", tren_error_text());
        if (st != TREN_OK) return st == TREN_ERR_DATA ? TREN_OK : st;
        tren_rows_close(&rows);
    }
    return TREN_OK;
}

static tren_status read_part(tren_dataset_check *check, const tren_dataset *dataset, tren_part part,
                             mark *marks) {
    const tren_dataset_info *info = &dataset->info;
    tren_part_check *found = &check->part[part];
    found->n_rows = info->rows[part];
    TREN_TRY(
        tren_alloc(&found->class_rows, (size_t)info->n_classes, sizeof(size_t), "the classes"));
    array x = array_of(info, part, 0, found), y = array_of(info, part, 1, found);
    if (!info->label_axis) y.type = dataset->y_type;
    TREN_TRY(tren_h5_chunk(dataset->file, x.name, &found->x_chunk));
    TREN_TRY(read_array(check, dataset, &x, marks, &found->x));
    if (tren_dataset_has_y(info)) TREN_TRY(read_array(check, dataset, &y, NULL, &found->y));
    return info->vocabulary > 0 ? read_tokens(check, dataset, part) : TREN_OK;
}

/* ---- labels before noise -----------------------------------------------------------------------
 */

static tren_status count_changed(size_t *n_changed, const tren_dataset *dataset) {
    enum { BLOCK = 65536 };
    size_t n = dataset->info.rows[TREN_TRAIN];
    int64_t *y, *clean;
    TREN_TRY(tren_alloc(&y, 2 * BLOCK, sizeof *y, "comparing labels"));
    clean = y + BLOCK;
    tren_status st = TREN_OK;
    for (size_t first = 0; first < n; first += BLOCK) {
        size_t here = n - first < BLOCK ? n - first : BLOCK;
        TREN_GOTO(
            tren_h5_read_rows(dataset->file, tren_part_y[TREN_TRAIN], first, here, TREN_I64, y));
        TREN_GOTO(
            tren_h5_read_rows(dataset->file, TREN_SCHEMA_CLEAN, first, here, TREN_I64, clean));
        for (size_t i = 0; i < here; i++) *n_changed += y[i] != clean[i];
    }
done:
    free(y);
    return st;
}

static tren_status read_clean(tren_dataset_check *check, const tren_dataset *dataset) {
    tren_part_check *found = &check->clean;
    check->has_clean = dataset->has_clean;
    if (!check->has_clean) return TREN_OK;
    found->n_rows = dataset->info.rows[TREN_TRAIN];
    TREN_TRY(
        tren_alloc(&found->class_rows, (size_t)check->n_classes, sizeof(size_t), "the classes"));
    array y = {TREN_SCHEMA_CLEAN, TREN_TRAIN, dataset->y_type, found->n_rows, 1, found};
    TREN_TRY(read_array(check, dataset, &y, NULL, &found->y));
    return count_changed(&check->n_changed, dataset);
}

static tren_status read_weights(tren_dataset_check *check, const tren_dataset *dataset) {
    tren_part_check ignored = {0};
    double sum;
    check->has_weights = dataset->info.has_weights;
    if (!check->has_weights) return TREN_OK;
    array a = {TREN_SCHEMA_WEIGHTS,
               TREN_TRAIN,
               dataset->weights_type,
               dataset->info.rows[TREN_TRAIN],
               1,
               &ignored};
    tren_dataset_check none = {0}; /* these are no labels */
    TREN_TRY(read_array(&none, dataset, &a, NULL, &check->weights));
    tren_status st = tren_dataset_weights_sum(&sum, dataset);
    if (st != TREN_ERR_DATA) return st;
    snprintf(check->bad_weights, sizeof check->bad_weights, "%s", tren_error_text());
    return TREN_OK;
}

/* ---- mean and sd ----------------------------------------------------------------------------- */

static bool is_normalised(const tren_dataset_info *info) {
    for (size_t k = 0; k < info->n_stats; k++)
        if (info->mean[k] != 0 || info->sd[k] != 1) return true;
    return false;
}

static tren_status find_statistics(tren_dataset_check *check, const tren_dataset *dataset) {
    const tren_dataset_info *info = &dataset->info;
    if (dataset->has_stats_digest || info->rows[TREN_TRAIN] == 0 || !is_normalised(info))
        return TREN_OK;
    TREN_TRY(tren_alloc(&check->mean, info->n_stats, sizeof *check->mean, "mean and sd"));
    TREN_TRY(tren_alloc(&check->sd, info->n_stats, sizeof *check->sd, "mean and sd"));
    return tren_dataset_statistics(check->mean, check->sd, dataset);
}

/* ---- duplicates ------------------------------------------------------------------------------ */

static int by_digest(const void *a, const void *b) {
    const mark *x = a, *y = b;
    if (x->digest != y->digest) return x->digest < y->digest ? -1 : 1;
    return x->part != y->part ? x->part - y->part : (x->row > y->row) - (x->row < y->row);
}

/* Rows [0, n) of marks are alike. */
static void count_alike(tren_dataset_check *check, const mark *marks, size_t n) {
    size_t rows[TREN_N_PARTS] = {0};
    for (size_t i = 0; i < n; i++) rows[marks[i].part]++;
    for (int a = 0; a < TREN_N_PARTS; a++) {
        if (rows[a] == 0) continue;
        check->part[a].duplicates += rows[a] - 1;
        for (int b = a + 1; b < TREN_N_PARTS; b++) check->shared[a][b] += rows[b];
    }
}

static void count_duplicates(tren_dataset_check *check, mark *marks, size_t n) {
    qsort(marks, n, sizeof *marks, by_digest);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && marks[end].digest == marks[i].digest;) end++;
        count_alike(check, marks + i, end - i);
    }
}

tren_status tren_dataset_check_open(tren_dataset_check *check, const tren_dataset *dataset) {
    const tren_dataset_info *info = &dataset->info;
    *check = (tren_dataset_check){.n_classes = info->label_axis ? 0 : info->n_classes,
                                  .normalization = dataset->has_stats_digest};
    size_t n = info->rows[TREN_TRAIN] + info->rows[TREN_VALIDATION] + info->rows[TREN_TEST], at = 0;
    mark *marks;
    TREN_TRY(tren_alloc(&marks, n, sizeof *marks, "the digests of all rows"));
    tren_status st = TREN_OK;
    for (int part = 0; part < TREN_N_PARTS && st == TREN_OK; part++) {
        st = read_part(check, dataset, (tren_part)part, marks + at);
        at += info->rows[part];
    }
    if (st == TREN_OK) st = read_clean(check, dataset);
    if (st == TREN_OK) st = read_weights(check, dataset);
    if (st == TREN_OK) st = find_statistics(check, dataset);
    if (st == TREN_OK)
        count_duplicates(check, marks, n);
    else
        tren_dataset_check_close(check);
    free(marks);
    return st;
}

void tren_dataset_check_close(tren_dataset_check *check) {
    for (int part = 0; part < TREN_N_PARTS; part++) free(check->part[part].class_rows);
    free(check->clean.class_rows);
    free(check->mean);
    free(check->sd);
    *check = (tren_dataset_check){0};
}
