/* What a dataset of tokens has in its file: docs/data-format.md. */
#include "data/schema.h"
#include "data/write.h"

static tren_status write_merges(tren_h5 *file, const tren_token_rows *r) {
    const char *name = TREN_SCHEMA_MERGES;
    int n;
    const tren_merge *merge = tren_tokenizer_merges(r->tokenizer, &n);
    TREN_TRY(tren_h5_group(file, TREN_SCHEMA_TOKENIZER));
    TREN_TRY(tren_h5_put_u64(file, TREN_SCHEMA_TOKENIZER, TREN_SCHEMA_DIGEST,
                             tren_tokenizer_digest(r->tokenizer)));
    if (n == 0) return TREN_OK;
    tren_h5_shape shape = {2, {(size_t)n, 2}};
    return tren_h5_write(file, name, shape, TREN_I32, merge);
}

/* What a network reads of a row: where tokens are labeled, one less than is stored. */
static void fill_shape(int64_t shape[TREN_SEQUENCES], const tren_source *source,
                       const tren_token_rows *r) {
    for (int k = 0; k < r->n_columns; k++) shape[k] = r->width[k];
    if (source->corpus->kind == TREN_CORPUS_TEXT) shape[0]--;
    if (source->corpus->kind == TREN_CORPUS_PAIRS) shape[1]--;
}

tren_status tren_tokens_write_layout(tren_h5 *file, const tren_source *source,
                                     const tren_token_rows *r) {
    int64_t shape[TREN_SEQUENCES];
    int vocabulary = tren_tokenizer_vocabulary(r->tokenizer);
    bool labeled = source->corpus->kind == TREN_CORPUS_LABELED;
    fill_shape(shape, source, r);
    TREN_TRY(tren_h5_put_text(file, "/", "layout", tren_corpus_layout[source->corpus->kind]));
    TREN_TRY(tren_h5_put_i64s(file, "/", "shape", shape, (size_t)r->n_columns));
    TREN_TRY(tren_h5_put_i64(file, "/", "vocabulary", vocabulary));
    TREN_TRY(tren_h5_put_i64(file, "/", "n_classes", labeled ? source->n_classes : vocabulary));
    TREN_TRY(tren_h5_put_i64(file, "/", "n_targets", source->n_targets));
    if (r->n_skipped > 0) TREN_TRY(tren_h5_put_i64(file, "/", "skipped", (int64_t)r->n_skipped));
    TREN_TRY(write_merges(file, r));
    if (!source->class_name) return TREN_OK;
    return tren_h5_put_texts(file, "/", "class_names", (const char *const *)source->class_name,
                             (size_t)source->n_classes);
}

static tren_status write_lengths(tren_h5 *file, const tren_token_rows *r, const tren_partition *p,
                                 tren_part part) {
    size_t columns = (size_t)r->n_columns;
    tren_column c = {.name = tren_part_length[part],
                     .data = r->length,
                     .type = TREN_I32,
                     .row_bytes = columns * sizeof *r->length,
                     .shape = {2, {p->n[part], columns}}};
    return tren_column_write(file, &c, p->row[part]);
}

static tren_status write_sequence(tren_h5 *file, const char *name, const tren_token_rows *r, int k,
                                  const tren_partition *p, tren_part part) {
    size_t width = (size_t)r->width[k];
    tren_column c = {.name = name,
                     .data = r->token[k],
                     .type = TREN_I32,
                     .row_bytes = width * sizeof **r->token,
                     .shape = {2, {p->n[part], width}}};
    return tren_column_write(file, &c, p->row[part]);
}

tren_status tren_tokens_write_part(tren_h5 *file, const tren_source *source,
                                   const tren_token_rows *r, const tren_partition *p,
                                   tren_part part) {
    TREN_TRY(write_sequence(file, tren_part_x[part], r, 0, p, part));
    TREN_TRY(write_lengths(file, r, p, part));
    if (source->corpus->kind == TREN_CORPUS_TEXT) return TREN_OK;
    if (source->corpus->kind == TREN_CORPUS_PAIRS)
        return write_sequence(file, tren_part_y[part], r, 1, p, part);
    if (source->n_targets == 0) return TREN_OK;
    tren_column c = {.name = tren_part_y[part],
                     .data = source->y,
                     .type = source->y_type,
                     .row_bytes = tren_type_size(source->y_type),
                     .shape = {1, {p->n[part]}}};
    return tren_column_write(file, &c, p->row[part]);
}
