/* What the weights of a checkpoint were trained on: enough to build the network and to normalise
 * its input without the dataset. The attributes bear the names they have in a dataset
 * (docs/data-format.md). */
#include "train/checkpoint.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GROUP "/normalization"

void tren_checkpoint_close_data(tren_dataset_info *data) {
    tren_text_free_list(data->class_name, data->n_classes);
    tren_text_free_list(data->column_name, data->shape.c);
    tren_text_free_list(data->target_name, data->n_targets);
    free(data->mean);
    free(data->sd);
    free(data->target_mean);
    free(data->target_sd);
    *data = (tren_dataset_info){0};
}

static tren_status copy_stats(tren_dataset_info *to, const tren_dataset_info *from) {
    if (from->n_stats == 0) return TREN_OK;
    TREN_TRY(tren_alloc(&to->mean, from->n_stats, sizeof *to->mean, "a checkpoint"));
    TREN_TRY(tren_alloc(&to->sd, from->n_stats, sizeof *to->sd, "a checkpoint"));
    memcpy(to->mean, from->mean, from->n_stats * sizeof *to->mean);
    memcpy(to->sd, from->sd, from->n_stats * sizeof *to->sd);
    return TREN_OK;
}

static tren_status copy_names(char ***to, char *const *from, int n) {
    if (!from) return TREN_OK;
    TREN_TRY(tren_alloc(to, (size_t)n, sizeof **to, "a checkpoint"));
    for (int i = 0; i < n; i++) {
        (*to)[i] = strdup(from[i]);
        if (!(*to)[i]) return tren_fail(TREN_ERR_INTERNAL, "out of memory: names");
    }
    return TREN_OK;
}

tren_status tren_checkpoint_set_data(tren_checkpoint *checkpoint, const tren_dataset_info *info) {
    tren_dataset_info *data = &checkpoint->data;
    tren_checkpoint_close_data(data);
    *data = *info;
    data->mean = data->sd = data->target_mean = data->target_sd = NULL;
    data->class_name = data->column_name = data->target_name = NULL;
    tren_status st = copy_stats(data, info);
    if (st == TREN_OK) st = copy_names(&data->class_name, info->class_name, info->n_classes);
    if (st == TREN_OK) st = copy_names(&data->column_name, info->column_name, info->shape.c);
    if (st == TREN_OK) st = copy_names(&data->target_name, info->target_name, info->n_targets);
    if (st != TREN_OK) tren_checkpoint_close_data(data);
    return st;
}

static tren_status copy_values(double **to, const double *from, size_t n) {
    TREN_TRY(tren_alloc(to, n, sizeof **to, "a checkpoint"));
    memcpy(*to, from, n * sizeof *from);
    return TREN_OK;
}

tren_status tren_checkpoint_set_targets(tren_checkpoint *checkpoint, const double *mean,
                                        const double *sd) {
    tren_dataset_info *data = &checkpoint->data;
    if (!sd) return TREN_OK;
    TREN_TRY(copy_values(&data->target_mean, mean, (size_t)data->n_targets));
    return copy_values(&data->target_sd, sd, (size_t)data->n_targets);
}

/* ---- the file ---------------------------------------------------------------------------------
 */

static tren_status put_class_names(tren_h5 *file, const tren_dataset_info *data) {
    if (!data->class_name) return TREN_OK;
    return tren_h5_put_texts(file, "/", "class_names", (const char *const *)data->class_name,
                             (size_t)data->n_classes);
}

static tren_status put_tokens(tren_h5 *file, const tren_dataset_info *data) {
    int64_t tokens[] = {data->tokens[0], data->tokens[1]};
    TREN_TRY(tren_h5_put_i64(file, "/", "vocabulary", data->vocabulary));
    TREN_TRY(tren_h5_put_i64s(file, "/", "tokens", tokens, TREN_SEQUENCES));
    TREN_TRY(tren_h5_put_i64(file, "/", "label_axis", data->label_axis));
    TREN_TRY(tren_h5_put_u64(file, "/", "tokenizer", data->tokenizer));
    TREN_TRY(tren_h5_put_i64(file, "/", "n_classes", data->n_classes));
    return put_class_names(file, data);
}

static tren_status put_targets(tren_h5 *file, const tren_dataset_info *data) {
    tren_h5_shape targets = {.rank = 1, .dim = {(size_t)data->n_targets}};
    if (!data->target_sd) return TREN_OK;
    TREN_TRY(tren_h5_write(file, GROUP "/target_mean", targets, TREN_F64, data->target_mean));
    return tren_h5_write(file, GROUP "/target_sd", targets, TREN_F64, data->target_sd);
}

tren_status tren_checkpoint_put_data(tren_h5 *file, const tren_dataset_info *data) {
    if (data->vocabulary > 0) return put_tokens(file, data);
    if (data->n_stats == 0) return TREN_OK;
    int64_t shape[] = {data->shape.c, data->shape.h, data->shape.w};
    tren_h5_shape stats = {.rank = 1, .dim = {data->n_stats}};
    TREN_TRY(tren_h5_group(file, GROUP));
    TREN_TRY(tren_h5_write(file, GROUP "/mean", stats, TREN_F64, data->mean));
    TREN_TRY(tren_h5_write(file, GROUP "/sd", stats, TREN_F64, data->sd));
    TREN_TRY(put_targets(file, data));
    TREN_TRY(tren_h5_put_text(file, "/", "layout", data->is_image ? "image" : "table"));
    TREN_TRY(tren_h5_put_i64s(file, "/", "shape", shape, data->is_image ? 3 : 1));
    TREN_TRY(tren_h5_put_text(file, "/", "x_type", tren_type_name(data->x_type)));
    TREN_TRY(tren_h5_put_i64(file, "/", "n_classes", data->n_classes));
    TREN_TRY(tren_h5_put_i64(file, "/", "n_targets", data->n_targets));
    if (data->column_name)
        TREN_TRY(tren_h5_put_texts(file, "/", "column_names",
                                   (const char *const *)data->column_name, (size_t)data->shape.c));
    if (data->target_name)
        TREN_TRY(tren_h5_put_texts(file, "/", "target_names",
                                   (const char *const *)data->target_name,
                                   (size_t)data->n_targets));
    return put_class_names(file, data);
}

/* As in a dataset: a row has at most 2^31 - 1 values. */
static tren_status check_layout(const char *path, const char *layout, const int64_t *shape,
                                size_t n) {
    bool is_image = strcmp(layout, "image") == 0;
    if (!is_image && strcmp(layout, "table") != 0)
        return tren_checkpoint_damaged(path, "layout is '%s', expected image or table", layout);
    if (n != (is_image ? 3 : 1))
        return tren_checkpoint_damaged(path, "shape has %zu values in the layout %s", n, layout);
    int64_t size = 1;
    for (size_t i = 0; i < n; i++) {
        if (shape[i] < 1 || shape[i] > INT32_MAX / size)
            return tren_checkpoint_damaged(path, "shape has the value %lld, no size of a row",
                                           (long long)shape[i]);
        size *= shape[i];
    }
    return TREN_OK;
}

static tren_status find_type(const char *path, const char *name, tren_type *type) {
    for (*type = TREN_U8; *type <= TREN_U64; (*type)++)
        if (strcmp(name, tren_type_name(*type)) == 0) return TREN_OK;
    return tren_checkpoint_damaged(path, "x_type is '%s', no type of a dataset", name);
}

static tren_status get_layout(tren_h5 *file, const char *path, tren_dataset_info *data) {
    char layout[16], type[16];
    int64_t shape[] = {1, 1, 1}, n_classes, n_targets;
    size_t n = 3;
    TREN_TRY(tren_h5_get_text(file, "/", "layout", layout, sizeof layout));
    TREN_TRY(tren_h5_get_text(file, "/", "x_type", type, sizeof type));
    TREN_TRY(tren_h5_get_i64s(file, "/", "shape", shape, &n));
    TREN_TRY(tren_h5_get_i64(file, "/", "n_classes", &n_classes));
    TREN_TRY(tren_h5_get_i64(file, "/", "n_targets", &n_targets));
    TREN_TRY(check_layout(path, layout, shape, n));
    if (n_classes < 0 || n_classes > TREN_MAX_CLASSES || n_targets < 0 ||
        n_targets > TREN_MAX_CLASSES)
        return tren_checkpoint_damaged(path, "n_classes is %lld and n_targets %lld",
                                       (long long)n_classes, (long long)n_targets);
    data->is_image = strcmp(layout, "image") == 0;
    data->shape = (tren_shape){(int)shape[0], (int)shape[1], (int)shape[2]};
    data->n_classes = (int)n_classes;
    data->n_targets = (int)n_targets;
    return find_type(path, type, &data->x_type);
}

static tren_status get_stat(tren_h5 *file, const char *name, size_t n, double **value) {
    const tren_h5_shape shape = {.rank = 1, .dim = {n}};
    size_t count;
    TREN_TRY(tren_checkpoint_expect(file, name, &shape, TREN_F64, &count));
    TREN_TRY(tren_alloc(value, n, sizeof **value, "a checkpoint"));
    TREN_TRY(tren_h5_read(file, name, n, TREN_F64, *value));
    for (size_t i = 0; i < n; i++)
        if (!isfinite((*value)[i]))
            return tren_checkpoint_damaged(tren_h5_path(file), "%s has a value that is not finite",
                                           name);
    return TREN_OK;
}

/* Names in the attribute, of which there must be n. */
static tren_status get_names(tren_h5 *file, const char *path, const char *attribute, char ***name,
                             int n) {
    if (!tren_h5_has_attr(file, "/", attribute)) return TREN_OK;
    size_t found;
    TREN_TRY(tren_h5_get_texts(file, "/", attribute, name, &found));
    if (found == (size_t)n) return TREN_OK;
    tren_text_free_list(*name, found);
    *name = NULL;
    return tren_fail(TREN_ERR_CHECKPOINT, "%s: the attribute %s has %zu names, expected %d", path,
                     attribute, found, n);
}

static tren_status get_targets(tren_h5 *file, const char *path, tren_dataset_info *data) {
    size_t n = (size_t)data->n_targets;
    if (!tren_h5_has(file, GROUP "/target_sd") && !tren_h5_has(file, GROUP "/target_mean"))
        return TREN_OK;
    TREN_TRY(get_stat(file, GROUP "/target_mean", n, &data->target_mean));
    TREN_TRY(get_stat(file, GROUP "/target_sd", n, &data->target_sd));
    for (size_t k = 0; k < n; k++)
        if (!(data->target_sd[k] > 0) || data->n_classes > 0)
            return tren_checkpoint_damaged(path, GROUP "/target_sd has the value %g",
                                           data->target_sd[k]);
    return TREN_OK;
}

static bool tokens_can_be(const int64_t value[3], const int64_t tokens[TREN_SEQUENCES]) {
    bool good = value[0] > 0 && value[0] <= TREN_MAX_CLASSES && value[1] >= 0 &&
                value[1] <= TREN_SEQUENCES && value[2] > 0 && value[2] <= TREN_MAX_CLASSES;
    good &= value[1] == 0 || (value[2] == value[0] && tokens[value[1] - 1] > 0);
    for (int k = 0; k < TREN_SEQUENCES; k++)
        good &= tokens[k] >= (k == 0) && tokens[k] <= TREN_MAX_TOKENS;
    return good;
}

static tren_status get_tokens(tren_h5 *file, const char *path, tren_dataset_info *data) {
    int64_t value[3], tokens[TREN_SEQUENCES];
    size_t n = TREN_SEQUENCES;
    TREN_TRY(tren_h5_get_i64(file, "/", "vocabulary", &value[0]));
    TREN_TRY(tren_h5_get_i64(file, "/", "label_axis", &value[1]));
    TREN_TRY(tren_h5_get_i64(file, "/", "n_classes", &value[2]));
    TREN_TRY(tren_h5_get_u64(file, "/", "tokenizer", &data->tokenizer));
    TREN_TRY(tren_h5_get_i64s(file, "/", "tokens", tokens, &n));
    if (n != TREN_SEQUENCES || !tokens_can_be(value, tokens))
        return tren_checkpoint_damaged(
            path, "vocabulary is %lld, label_axis %lld, n_classes %lld, and tokens are no lengths",
            (long long)value[0], (long long)value[1], (long long)value[2]);
    data->vocabulary = (int)value[0];
    data->label_axis = (int)value[1];
    data->n_classes = (int)value[2];
    data->n_targets = 1;
    data->x_type = TREN_I32;
    data->shape = (tren_shape){0, 1, 1};
    for (int k = 0; k < TREN_SEQUENCES; k++) {
        data->tokens[k] = (int)tokens[k];
        data->shape.c += data->tokens[k] + (data->label_axis == k + 1);
    }
    return get_names(file, path, "class_names", &data->class_name, data->n_classes);
}

tren_status tren_checkpoint_get_data(tren_h5 *file, const char *path, tren_dataset_info *data) {
    if (tren_h5_has_attr(file, "/", "vocabulary")) return get_tokens(file, path, data);
    if (!tren_h5_has(file, GROUP)) return TREN_OK;
    TREN_TRY(get_layout(file, path, data));
    data->n_stats = (size_t)data->shape.c;
    TREN_TRY(get_stat(file, GROUP "/mean", data->n_stats, &data->mean));
    TREN_TRY(get_stat(file, GROUP "/sd", data->n_stats, &data->sd));
    TREN_TRY(get_targets(file, path, data));
    TREN_TRY(get_names(file, path, "column_names", &data->column_name, data->shape.c));
    TREN_TRY(get_names(file, path, "target_names", &data->target_name, data->n_targets));
    return get_names(file, path, "class_names", &data->class_name, data->n_classes);
}

/* ---- the digest -------------------------------------------------------------------------------
 */

void tren_checkpoint_digest_data(const tren_dataset_info *data, tren_digest_state *digest) {
    if (data->n_stats == 0 && data->vocabulary == 0) return;
    char text[160];
    int n = snprintf(text, sizeof text, "%s %d %d %d %s %d %d\n",
                     data->is_image ? "image" : "table", data->shape.c, data->shape.h,
                     data->shape.w, tren_type_name(data->x_type), data->n_classes, data->n_targets);
    if (data->vocabulary > 0)
        n = snprintf(text, sizeof text, "tokens %d %d %d %d %d %016llx\n", data->vocabulary,
                     data->tokens[0], data->tokens[1], data->label_axis, data->n_classes,
                     (unsigned long long)data->tokenizer);
    tren_digest_add(digest, text, (size_t)n);
    for (int i = 0; data->class_name && i < data->n_classes; i++)
        tren_digest_add(digest, data->class_name[i], strlen(data->class_name[i]) + 1);
    for (int i = 0; data->column_name && i < data->shape.c; i++)
        tren_digest_add(digest, data->column_name[i], strlen(data->column_name[i]) + 1);
    for (int i = 0; data->target_name && i < data->n_targets; i++)
        tren_digest_add(digest, data->target_name[i], strlen(data->target_name[i]) + 1);
    tren_digest_add(digest, data->mean, data->n_stats * sizeof *data->mean);
    tren_digest_add(digest, data->sd, data->n_stats * sizeof *data->sd);
    if (!data->target_sd) return;
    tren_digest_add(digest, data->target_mean, (size_t)data->n_targets * sizeof *data->target_mean);
    tren_digest_add(digest, data->target_sd, (size_t)data->n_targets * sizeof *data->target_sd);
}

/* ---- against the dataset ----------------------------------------------------------------------
 */

tren_status tren_checkpoint_check_data(const tren_checkpoint *checkpoint,
                                       const tren_dataset_info *info, const char *path) {
    const tren_dataset_info *data = &checkpoint->data;
    size_t bytes = info->n_stats * sizeof *info->mean;
    if ((data->n_stats == 0 && data->vocabulary == 0) || checkpoint->dataset_digest != info->digest)
        return TREN_OK;
    bool same = data->n_stats == info->n_stats && data->is_image == info->is_image &&
                data->x_type == info->x_type && data->n_classes == info->n_classes &&
                data->n_targets == info->n_targets &&
                memcmp(&data->shape, &info->shape, sizeof info->shape) == 0 &&
                data->vocabulary == info->vocabulary && data->tokenizer == info->tokenizer &&
                data->label_axis == info->label_axis &&
                memcmp(data->tokens, info->tokens, sizeof info->tokens) == 0 &&
                (bytes == 0 || (memcmp(data->mean, info->mean, bytes) == 0 &&
                                memcmp(data->sd, info->sd, bytes) == 0)) &&
                (!info->has_digests || /* then its digest does not cover the names */
                 tren_dataset_names_digest(data) == tren_dataset_names_digest(info));
    if (same) return TREN_OK;
    return tren_fail(TREN_ERR_CHECKPOINT,
                     "%s is damaged: its normalisation, shape or names differ from those of the "
                     "dataset that it was trained on; give another checkpoint, or train again",
                     path);
}
