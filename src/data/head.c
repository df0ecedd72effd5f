/* What opening a dataset has found out, as bytes: one process looks into the file for many. */
#include "base/input.h"
#include "data/row_digests.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const weights[TREN_N_PARTS] = {[TREN_TRAIN] = TREN_SCHEMA_WEIGHTS};
static const char *const *const names[TREN_N_SETS] = {tren_part_x, tren_part_y, tren_part_length,
                                                      weights};

/* What has a fixed size; its pointers mean nothing elsewhere. */
typedef struct fixed {
    tren_dataset value;
    tren_file_stamp stamp;
} fixed;

static tren_type type_of(const tren_dataset *dataset, int kind) {
    const tren_dataset_info *info = &dataset->info;
    if (kind == TREN_SET_WEIGHT) return dataset->weights_type;
    if (kind == TREN_SET_Y && info->label_axis == 0) return dataset->y_type;
    return info->vocabulary > 0 ? TREN_I32 : info->x_type;
}

static tren_row_digests *digests_of(tren_dataset *dataset, int kind) {
    tren_row_digests *of[] = {dataset->x, dataset->y, dataset->length, dataset->weights};
    return of[kind];
}

/* ---- writing --------------------------------------------------------------------------------- */

static void put_texts(FILE *out, char **text, int n) {
    for (int i = 0; text && i < n; i++) fwrite(text[i], 1, strlen(text[i]) + 1, out);
}

static void put(FILE *out, const tren_dataset *dataset) {
    const tren_dataset_info *info = &dataset->info;
    fixed f = {.value = *dataset, .stamp = tren_dataset_stamp(dataset)};
    f.value.elsewhere = f.stamp.elsewhere;
    for (int kind = 0; kind < TREN_N_SETS; kind++)
        for (int part = 0; part < TREN_N_PARTS && names[kind][part]; part++)
            f.value.place[kind][part] =
                tren_h5_find_place(dataset->file, names[kind][part], type_of(dataset, kind));
    fwrite(&f, sizeof f, 1, out);
    if (info->mean) fwrite(info->mean, sizeof *info->mean, info->n_stats, out);
    if (info->sd) fwrite(info->sd, sizeof *info->sd, info->n_stats, out);
    put_texts(out, info->class_name, info->n_classes);
    put_texts(out, info->column_name, info->shape.c);
    put_texts(out, info->target_name, info->n_targets);
    for (int kind = 0; kind < TREN_N_SETS; kind++)
        for (int part = 0; part < TREN_N_PARTS; part++) {
            const tren_row_digests *d = &digests_of(&f.value, kind)[part];
            if (d->n > 0) fwrite(d->at, sizeof *d->at, d->n, out);
        }
}

tren_status tren_dataset_pack(char **bytes, size_t *n, const tren_dataset *dataset) {
    *bytes = NULL;
    FILE *out = open_memstream(bytes, n);
    if (!out) return tren_fail_memory(0, "the head of a dataset");
    put(out, dataset);
    bool failed = ferror(out) != 0;
    if (fclose(out) == 0 && !failed) return TREN_OK;
    free(*bytes);
    *bytes = NULL;
    return tren_fail_memory(0, "the head of a dataset");
}

/* ---- reading --------------------------------------------------------------------------------- */

typedef struct cursor {
    const char *at, *end;
    tren_status st;
} cursor;

static void take(void *out, cursor *from, size_t bytes) {
    if (from->st != TREN_OK) return;
    if ((size_t)(from->end - from->at) < bytes) {
        from->st = tren_fail(TREN_ERR_INTERNAL, "the start of a dataset file was incomplete");
        return;
    }
    memcpy(out, from->at, bytes);
    from->at += bytes;
}

static void *take_array(cursor *from, size_t n, size_t size) {
    void *array = NULL;
    if (from->st == TREN_OK) from->st = tren_alloc(&array, n, size, "a dataset");
    if (n > 0) take(array, from, n * size);
    return array;
}

static char **take_texts(cursor *from, int n) {
    char **text = NULL;
    if (from->st == TREN_OK) from->st = tren_alloc(&text, (size_t)n, sizeof *text, "names");
    for (int i = 0; i < n && from->st == TREN_OK; i++)
        text[i] = take_array(from, strnlen(from->at, (size_t)(from->end - from->at)) + 1, 1);
    return text;
}

/* Each pointer is first forgotten, so that what is half read can be closed. */
static void take_all(tren_dataset *dataset, cursor *from) {
    tren_dataset_info *info = &dataset->info;
    bool has_mean = info->mean, has_sd = info->sd, has_names = info->class_name,
         has_columns = info->column_name, has_targets = info->target_name;
    info->mean = info->sd = NULL;
    info->class_name = info->column_name = info->target_name = NULL;
    for (int kind = 0; kind < TREN_N_SETS; kind++)
        for (int part = 0; part < TREN_N_PARTS; part++) digests_of(dataset, kind)[part].at = NULL;
    if (has_mean) info->mean = take_array(from, info->n_stats, sizeof *info->mean);
    if (has_sd) info->sd = take_array(from, info->n_stats, sizeof *info->sd);
    if (has_names) info->class_name = take_texts(from, info->n_classes);
    if (has_columns) info->column_name = take_texts(from, info->shape.c);
    if (has_targets) info->target_name = take_texts(from, info->n_targets);
    for (int kind = 0; kind < TREN_N_SETS; kind++)
        for (int part = 0; part < TREN_N_PARTS; part++) {
            tren_row_digests *d = &digests_of(dataset, kind)[part];
            d->at = take_array(from, d->n, sizeof *d->at);
        }
}

/* ---- the file -------------------------------------------------------------------------------- */

/* Whether rows can be read without HDF5: all arrays that have rows. */
static bool all_in_place(const tren_dataset *dataset) {
    const tren_dataset_info *info = &dataset->info;
    bool has[] = {true, tren_dataset_has_y(info), info->vocabulary > 0, info->has_weights};
    for (int kind = 0; kind < TREN_N_SETS; kind++)
        for (int part = 0; part < TREN_N_PARTS && has[kind] && names[kind][part]; part++)
            if (info->rows[part] > 0 && dataset->place[kind][part].rows != info->rows[part])
                return false;
    return true;
}

static bool is_same_file(const tren_file_stamp *a, const tren_file_stamp *b) {
    return a->inode == b->inode && a->size == b->size &&
           memcmp(a->modified, b->modified, sizeof a->modified) == 0;
}

static tren_status attach(tren_dataset *dataset, const tren_file_stamp *stamp) {
    if (all_in_place(dataset))
        TREN_TRY(tren_input_open(&dataset->fd, dataset->path, TREN_ERR_DATA, "a dataset"));
    else
        TREN_TRY(tren_h5_open(&dataset->file, dataset->path, TREN_ERR_DATA));
    tren_file_stamp now = tren_path_stamp(dataset->path);
    if (is_same_file(&now, stamp)) return TREN_OK;
    return tren_fail(
        TREN_ERR_DATA,
        "%s was changed while the run was opening it; start again when the file is complete",
        dataset->path);
}

tren_status tren_dataset_unpack(tren_dataset **dataset, const char *path, const char *bytes,
                                size_t n) {
    fixed f;
    cursor from = {bytes, bytes + n, TREN_OK};
    *dataset = NULL;
    take(&f, &from, sizeof f);
    TREN_TRY(from.st);
    tren_dataset *d;
    TREN_TRY(tren_alloc(&d, 1, sizeof *d, "a dataset"));
    *d = f.value;
    d->file = NULL;
    d->fd = -1;
    d->read = NULL;
    take_all(d, &from);
    d->path = strdup(path);
    if (from.st == TREN_OK && !d->path) from.st = tren_fail_memory(0, path);
    if (from.st == TREN_OK) from.st = attach(d, &f.stamp);
    if (from.st == TREN_OK)
        *dataset = d;
    else
        tren_dataset_close(d);
    return from.st;
}
