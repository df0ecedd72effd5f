/* Writing a dataset: all of it to a temporary file, then one rename. */
#include "data/write.h"
#include "data/row_digests.h"
#include "base/temporary.h"
#include "base/text.h"
#include "base/why.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_BYTES (4u << 20)

/* What goes into the file. */
typedef struct content {
    const tren_source *source;
    const tren_split *split;
    tren_partition partition; /* owned */
    tren_token_rows tokens;   /* of a corpus; owned */
    tren_noise noise;         /* owned */
} content;

/* Rows of a block that is written at once: a whole number of those that have a digest. */
static size_t block_rows(const tren_column *c) {
    size_t each = tren_row_digests_rows(c->row_bytes);
    return (BLOCK_BYTES / c->row_bytes / each + 1) * each;
}

static tren_status write_rows(tren_h5 *file, const tren_column *c, const uint32_t *row, char *block,
                              tren_digest_state *digest, tren_row_digests *blocks) {
    size_t n = c->shape.dim[0], room = block_rows(c);
    TREN_TRY(tren_h5_create_dataset(file, c->name, c->shape, c->type));
    for (size_t at = 0; at < n; at += room) {
        size_t here = n - at < room ? n - at : room;
        for (size_t i = 0; i < here; i++)
            memcpy(block + i * c->row_bytes, (const char *)c->data + row[at + i] * c->row_bytes,
                   c->row_bytes);
        TREN_TRY(tren_h5_write_rows(file, c->name, at, here, c->type, block));
        tren_digest_add(digest, block, here * c->row_bytes);
        tren_row_digests_add(blocks, at, here, block, c->row_bytes);
    }
    TREN_TRY(tren_row_digests_write(file, c->name, blocks));
    return tren_h5_put_u64(file, c->name, TREN_SCHEMA_DIGEST, tren_digest_value(digest));
}

tren_status tren_column_write(tren_h5 *file, const tren_column *c, const uint32_t *row) {
    char *block = NULL;
    tren_digest_state *digest = NULL;
    tren_row_digests blocks = {0};
    tren_status st;
    TREN_GOTO(tren_digest_open(&digest));
    TREN_GOTO(tren_row_digests_open(&blocks, c->shape.dim[0], c->row_bytes));
    TREN_GOTO(tren_alloc(&block, block_rows(c), c->row_bytes, "writing a dataset"));
    st = write_rows(file, c, row, block, digest, &blocks);
done:
    tren_row_digests_close(&blocks);
    free(block);
    tren_digest_close(digest);
    return st;
}

static tren_h5_shape x_shape(const tren_source *source, size_t n) {
    tren_shape s = source->shape;
    if (!source->is_image) return (tren_h5_shape){2, {n, (size_t)s.c}};
    return (tren_h5_shape){4, {n, (size_t)s.c, (size_t)s.h, (size_t)s.w}};
}

static tren_h5_shape y_shape(const tren_source *source, size_t n) {
    return (tren_h5_shape){source->n_classes ? 1 : 2, {n, (size_t)source->n_targets}};
}

static tren_status write_labels(tren_h5 *file, const char *name, const void *y, const content *all,
                                tren_part part) {
    const tren_source *source = all->source;
    tren_column c = {.name = name,
                     .data = y,
                     .type = source->y_type,
                     .row_bytes = (size_t)source->n_targets * tren_type_size(source->y_type),
                     .shape = y_shape(source, all->partition.n[part])};
    return tren_column_write(file, &c, all->partition.row[part]);
}

/* Only training rows have weights. */
static tren_status write_weights(tren_h5 *file, const content *all, tren_part part) {
    tren_column c = {.name = TREN_SCHEMA_WEIGHTS,
                     .data = all->source->weight,
                     .type = TREN_F64,
                     .row_bytes = sizeof(double),
                     .shape = {1, {all->partition.n[part]}}};
    if (part != TREN_TRAIN || !c.data) return TREN_OK;
    return tren_column_write(file, &c, all->partition.row[part]);
}

static tren_status write_part(tren_h5 *file, const content *all, tren_part part) {
    const tren_source *source = all->source;
    const void *noisy = all->noise.y;
    if (source->corpus)
        return tren_tokens_write_part(file, source, &all->tokens, &all->partition, part);
    tren_column x = {.name = tren_part_x[part],
                     .data = source->x,
                     .type = source->x_type,
                     .row_bytes = tren_source_width(source) * tren_type_size(source->x_type),
                     .shape = x_shape(source, all->partition.n[part])};
    TREN_TRY(tren_column_write(file, &x, all->partition.row[part]));
    TREN_TRY(write_weights(file, all, part));
    if (source->n_targets == 0) return TREN_OK;
    TREN_TRY(write_labels(file, tren_part_y[part], noisy ? noisy : source->y, all, part));
    if (!noisy || part != TREN_TRAIN) return TREN_OK;
    return write_labels(file, TREN_SCHEMA_CLEAN, source->y, all, part);
}

/* ---- attributes ------------------------------------------------------------------------------ */

static tren_status write_layout(tren_h5 *file, const tren_source *source) {
    int64_t shape[] = {source->shape.c, source->shape.h, source->shape.w};
    TREN_TRY(tren_h5_put_text(file, "/", "layout", source->is_image ? "image" : "table"));
    TREN_TRY(tren_h5_put_i64s(file, "/", "shape", shape, source->is_image ? 3 : 1));
    TREN_TRY(tren_h5_put_i64(file, "/", "n_classes", source->n_classes));
    TREN_TRY(tren_h5_put_i64(file, "/", "n_targets", source->n_targets));
    if (source->column_name)
        TREN_TRY(tren_h5_put_texts(file, "/", "column_names",
                                   (const char *const *)source->column_name,
                                   (size_t)source->shape.c));
    if (source->target_name)
        TREN_TRY(tren_h5_put_texts(file, "/", "target_names",
                                   (const char *const *)source->target_name,
                                   (size_t)source->n_targets));
    if (!source->class_name) return TREN_OK;
    return tren_h5_put_texts(file, "/", "class_names", (const char *const *)source->class_name,
                             (size_t)source->n_classes);
}

static tren_status write_split(tren_h5 *file, const tren_split *split) {
    char part[TREN_N_PARTS][40], text[128];
    for (int i = 0; i < TREN_N_PARTS; i++)
        tren_text_from_real(part[i], sizeof part[i], split->percent[i]);
    snprintf(text, sizeof text, "%s/%s/%s", part[0], part[1], part[2]);
    TREN_TRY(tren_h5_put_text(file, "/", "split", text));
    TREN_TRY(tren_h5_put_u64(file, "/", "seed", split->seed));
    TREN_TRY(tren_h5_put_i64(file, "/", "shuffle", split->shuffle));
    TREN_TRY(tren_h5_put_i64(file, "/", "stratify", split->stratify));
    return tren_h5_put_i64(file, "/", "keep_test", split->keep_test);
}

/* Only where they are used, so that a file without them is what it always was. */
static tren_status write_take_and_noise(tren_h5 *file, const content *all) {
    const tren_split *split = all->split;
    if (split->take) TREN_TRY(tren_h5_put_i64(file, "/", "take", (int64_t)split->take));
    if (!all->noise.y) return TREN_OK;
    TREN_TRY(tren_h5_put_f64s(file, "/", "label_noise", &split->label_noise, 1));
    TREN_TRY(
        tren_h5_put_text(file, "/", "label_noise_kind", tren_noise_kind_name[split->noise_kind]));
    return tren_h5_put_i64(file, "/", "label_noise_changed", (int64_t)all->noise.n_changed);
}

static tren_status choose_statistics(double *mean, double *sd, const content *all) {
    const tren_partition *partition = &all->partition;
    if (!all->split->as_is)
        return tren_statistics(mean, sd, all->source, partition->row[TREN_TRAIN],
                               partition->n[TREN_TRAIN]);
    for (int k = 0; k < all->source->shape.c; k++) {
        mean[k] = 0;
        sd[k] = 1;
    }
    return TREN_OK;
}

static tren_status write_statistics(tren_h5 *file, const content *all) {
    const tren_source *source = all->source;
    size_t n_stats = (size_t)source->shape.c;
    double *mean;
    TREN_TRY(tren_alloc(&mean, 2 * n_stats, sizeof *mean, "mean and sd"));
    double *sd = mean + n_stats;
    tren_status st;
    TREN_GOTO(choose_statistics(mean, sd, all));
    TREN_GOTO(tren_h5_put_f64s(file, "/", "mean", mean, n_stats));
    TREN_GOTO(tren_h5_put_f64s(file, "/", "sd", sd, n_stats));
    TREN_GOTO(tren_h5_put_u64(file, "/", TREN_SCHEMA_STATS,
                              tren_digest(mean, 2 * n_stats * sizeof *mean)));
done:
    free(mean);
    return st;
}

static tren_status write_attributes(tren_h5 *file, const content *all) {
    const tren_source *source = all->source;
    TREN_TRY(tren_h5_put_text(file, "/", "schema", TREN_SCHEMA_NAME));
    TREN_TRY(tren_h5_put_i64(file, "/", "schema_version", TREN_SCHEMA_VERSION));
    TREN_TRY(source->corpus ? tren_tokens_write_layout(file, source, &all->tokens)
                            : write_layout(file, source));
    TREN_TRY(write_split(file, all->split));
    TREN_TRY(write_take_and_noise(file, all));
    TREN_TRY(tren_h5_put_text(file, "/", "origin", source->origin));
    TREN_TRY(tren_h5_put_u64(file, "/", "source_digest", source->digest));
    return source->corpus ? TREN_OK : write_statistics(file, all);
}

/* ---- the file -------------------------------------------------------------------------------- */

tren_status tren_dataset_check_absent(const char *path, bool overwrite) {
    struct stat about;
    if (!path[0]) return tren_fail(TREN_ERR_USAGE, "--out: the path is empty; give a file");
    if (stat(path, &about) != 0) return TREN_OK;
    if (S_ISDIR(about.st_mode))
        return tren_fail(TREN_ERR_USAGE, "%s: is a folder; give a file in it", path);
    if (!S_ISREG(about.st_mode))
        return tren_fail(TREN_ERR_USAGE, "%s: is a device or a pipe; give a file", path);
    if (overwrite) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE, "%s: exists already: --force replaces it", path);
}

/* Makes the new name last: the folder is a file too. */
static tren_status sync_folder(const char *path) {
    char folder[4096];
    const char *slash = strrchr(path, '/');
    int length = slash ? (int)(slash - path) + 1 : 1;
    snprintf(folder, sizeof folder, "%.*s", length, slash ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    int why = errno;
    if (fd >= 0) close(fd);
    /* Some network file systems cannot sync a folder, and need not. */
    if (synced || why == EINVAL || why == ENOTSUP) return TREN_OK;
    return tren_fail(TREN_ERR_ENV, "%s: cannot sync the folder: %s", folder, tren_why(why));
}

static tren_status write_file(const char *path, const content *all) {
    tren_h5 *file = NULL;
    tren_status st;
    TREN_GOTO(tren_h5_create(&file, path, TREN_ERR_ENV));
    TREN_GOTO(write_attributes(file, all));
    for (int part = 0; part < TREN_N_PARTS; part++)
        TREN_GOTO(write_part(file, all, (tren_part)part));
    return tren_h5_finish(file);
done:
    tren_h5_close(file);
    return st;
}

static tren_status write_and_rename(const char *path, const content *all) {
    char *temporary;
    size_t room = strlen(path) + TREN_TEMPORARY_ROOM;
    TREN_TRY(tren_alloc(&temporary, room, 1, "a file name"));
    tren_status st = tren_temporary_make(temporary, room, path, TREN_ERR_ENV);
    if (st == TREN_OK) {
        st = write_file(temporary, all);
        if (st == TREN_OK && rename(temporary, path) != 0)
            st = tren_fail(TREN_ERR_ENV, "%s: cannot rename to %s: %s", temporary, path,
                           tren_why(errno));
        if (st != TREN_OK) unlink(temporary);
    }
    free(temporary);
    return st;
}

/* Of the rows that are trained on, some must count. */
static tren_status check_weights(const content *all) {
    const double *weight = all->source->weight;
    size_t n = all->partition.n[TREN_TRAIN];
    if (!weight) return TREN_OK;
    for (size_t i = 0; i < n; i++)
        if (weight[all->partition.row[TREN_TRAIN][i]] > 0) return TREN_OK;
    return tren_fail(
        TREN_ERR_DATA,
        "%s: the weights of all %zu training rows are 0; give some rows a weight above "
        "0",
        all->source->origin, n);
}

static tren_status open_content(content *all) {
    tren_partition *p = &all->partition;
    if (all->source->corpus) return tren_token_rows_open(&all->tokens, p, all->source, all->split);
    TREN_TRY(tren_source_check(all->source));
    TREN_TRY(tren_partition_open(p, all->source, all->split));
    TREN_TRY(check_weights(all));
    return tren_noise_open(&all->noise, all->source, all->split, p->row[TREN_TRAIN],
                           p->n[TREN_TRAIN]);
}

tren_status tren_dataset_write(const char *path, const tren_source *source, const tren_split *split,
                               bool overwrite) {
    TREN_TRY(tren_dataset_check_absent(path, overwrite));
    content all = {.source = source, .split = split};
    tren_status st;
    TREN_GOTO(open_content(&all));
    TREN_GOTO(write_and_rename(path, &all));
    st = sync_folder(path);
done:
    tren_partition_close(&all.partition);
    tren_token_rows_close(&all.tokens);
    tren_noise_close(&all.noise);
    return st;
}
