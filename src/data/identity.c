/* The digest by which a run knows its data again. */
#include "data/schema.h"
#include <string.h>

static void add_attribute_digest(tren_dataset *dataset, tren_digest_state *state,
                                 const char *object) {
    uint64_t value = 0;
    if (tren_h5_has_attr(dataset->file, object, TREN_SCHEMA_DIGEST))
        tren_h5_get_u64(dataset->file, object, TREN_SCHEMA_DIGEST, &value);
    tren_digest_add(state, &value, sizeof value);
}

/* Counts where it is there only: files without keep the digest they have always had. */
static void add_take_and_noise(tren_dataset *dataset, tren_digest_state *state) {
    tren_provenance from;
    tren_dataset_provenance(&from, dataset);
    if (from.take) {
        tren_digest_add(state, "take", 4);
        tren_digest_add(state, &from.take, sizeof from.take);
    }
    if (from.label_noise != 0) {
        tren_digest_add(state, &from.label_noise, sizeof from.label_noise);
        tren_digest_add(state, from.noise_kind, strlen(from.noise_kind));
    }
    if (dataset->has_clean) add_attribute_digest(dataset, state, TREN_SCHEMA_CLEAN);
    if (dataset->info.has_weights) add_attribute_digest(dataset, state, TREN_SCHEMA_WEIGHTS);
}

uint64_t tren_dataset_names_digest(const tren_dataset_info *info) {
    char *const *names[] = {info->class_name, info->column_name, info->target_name};
    const int n[] = {info->n_classes, info->shape.c, info->n_targets};
    uint64_t digest = 0;
    for (int kind = 0; kind < 3; kind++)
        for (int i = 0; names[kind] && i < n[kind]; i++) {
            uint64_t both[] = {digest, tren_digest(names[kind][i], strlen(names[kind][i]))};
            digest = tren_digest(both, sizeof both);
        }
    return digest;
}

/* Where every row has its digest, the dataset's digest tells of any change to them. */
static void add_row_digests(tren_dataset *dataset, tren_digest_state *state) {
    dataset->info.has_digests = true;
    for (int part = 0; part < TREN_N_PARTS; part++) {
        const tren_row_digests *of[] = {&dataset->x[part], &dataset->y[part],
                                        &dataset->length[part]};
        bool has[] = {true, tren_dataset_has_y(&dataset->info), dataset->info.vocabulary > 0};
        for (int i = 0; i < 3 && dataset->info.rows[part] > 0; i++) {
            if (!has[i]) continue;
            if (of[i]->rows == 0) dataset->info.has_digests = false;
            tren_digest_add(state, of[i]->at, of[i]->n * sizeof *of[i]->at);
        }
    }
    if (dataset->info.has_weights) {
        const tren_row_digests *weights = &dataset->weights[TREN_TRAIN];
        if (weights->rows == 0) dataset->info.has_digests = false;
        tren_digest_add(state, weights->at, weights->n * sizeof *weights->at);
    }
    uint64_t names = tren_dataset_names_digest(&dataset->info);
    if (dataset->info.has_digests) tren_digest_add(state, &names, sizeof names);
}

static void add_tokens(const tren_dataset_info *info, tren_digest_state *state) {
    int64_t fixed[] = {info->vocabulary, info->tokens[0], info->tokens[1], info->label_axis,
                       (int64_t)info->tokenizer};
    tren_digest_add(state, fixed, sizeof fixed);
}

/* What a run is pinned to: shapes, rows, statistics, source, and the digests of the parts where
 * stored. */
tren_status tren_dataset_identify(tren_dataset *dataset) {
    tren_dataset_info *info = &dataset->info;
    if (tren_h5_has_attr(dataset->file, "/", "source_digest"))
        TREN_TRY(tren_h5_get_u64(dataset->file, "/", "source_digest", &info->source_digest));
    tren_digest_state *state;
    TREN_TRY(tren_digest_open(&state));
    int64_t fixed[] = {info->shape.c,
                       info->shape.h,
                       info->shape.w,
                       info->is_image,
                       info->n_classes,
                       info->n_targets,
                       info->x_type,
                       (int64_t)info->rows[TREN_TRAIN],
                       (int64_t)info->rows[TREN_VALIDATION],
                       (int64_t)info->rows[TREN_TEST],
                       (int64_t)info->source_digest};
    tren_digest_add(state, fixed, sizeof fixed);
    if (info->vocabulary > 0) add_tokens(info, state);
    if (info->n_stats > 0) {
        tren_digest_add(state, info->mean, info->n_stats * sizeof *info->mean);
        tren_digest_add(state, info->sd, info->n_stats * sizeof *info->sd);
    }
    for (int part = 0; part < TREN_N_PARTS; part++) {
        add_attribute_digest(dataset, state, tren_part_x[part]);
        add_attribute_digest(dataset, state, tren_part_y[part]);
    }
    add_take_and_noise(dataset, state);
    add_row_digests(dataset, state);
    info->digest = tren_digest_value(state);
    tren_digest_close(state);
    return TREN_OK;
}
