/* Datasets of tokens: what their files have, and their rows in memory. */
#include "data/tokens.h"
#include "data/corpus.h"
#include "data/row_digests.h"
#include <stdlib.h>
#include <string.h>

const char *const tren_part_length[TREN_N_PARTS] = {"/train/length", "/validation/length",
                                                    "/test/length"};

/* ---- the file -------------------------------------------------------------------------------- */

static tren_status read_merges(tren_merge **merge, int *n, const tren_dataset *dataset) {
    tren_h5_shape shape;
    tren_type type;
    *n = 0;
    *merge = NULL;
    if (!tren_h5_has(dataset->file, TREN_SCHEMA_MERGES)) return TREN_OK;
    TREN_TRY(tren_h5_info(dataset->file, TREN_SCHEMA_MERGES, &shape, &type));
    if (shape.rank != 2 || shape.dim[1] != 2 || shape.dim[0] > TREN_MAX_CLASSES ||
        type == TREN_F32 || type == TREN_F64)
        return tren_fail(TREN_ERR_DATA,
                         "%s: " TREN_SCHEMA_MERGES " is not a list of pairs of tokens",
                         dataset->path);
    TREN_TRY(tren_alloc(merge, shape.dim[0], sizeof **merge, "merges"));
    *n = (int)shape.dim[0];
    return tren_h5_read(dataset->file, TREN_SCHEMA_MERGES, 2 * shape.dim[0], TREN_I32, *merge);
}

static tren_status open_tokenizer(tren_tokenizer **tokenizer, const tren_dataset *dataset) {
    tren_merge *merge;
    int n;
    tren_status st = read_merges(&merge, &n, dataset);
    if (st == TREN_OK) {
        st = tren_tokenizer_open(tokenizer, merge, n);
        if (st == TREN_ERR_DATA)
            tren_fail(st, "%s: " TREN_SCHEMA_MERGES ": %s", dataset->path, tren_error_text());
    }
    free(merge);
    return st;
}

tren_status tren_tokenizer_open_of(tren_tokenizer **tokenizer, const tren_dataset *dataset) {
    *tokenizer = NULL;
    if (dataset->info.vocabulary > 0) return open_tokenizer(tokenizer, dataset);
    return tren_fail(TREN_ERR_USAGE, "%s: its rows are numbers, not text; give a dataset of text",
                     dataset->path);
}

static tren_status check_tokenizer(tren_dataset *dataset) {
    tren_dataset_info *info = &dataset->info;
    tren_tokenizer *t;
    uint64_t stored;
    TREN_TRY(open_tokenizer(&t, dataset));
    int vocabulary = tren_tokenizer_vocabulary(t);
    info->tokenizer = tren_tokenizer_digest(t);
    tren_tokenizer_close(t);
    if (vocabulary != info->vocabulary)
        return tren_fail(TREN_ERR_DATA,
                         "%s: the attribute vocabulary is %d, but 3 special tokens, 256 bytes and "
                         "%d merges are %d",
                         dataset->path, info->vocabulary, vocabulary - TREN_TOKEN_MERGE,
                         vocabulary);
    if (!tren_h5_has_attr(dataset->file, TREN_SCHEMA_TOKENIZER, TREN_SCHEMA_DIGEST)) return TREN_OK;
    TREN_TRY(tren_h5_get_u64(dataset->file, TREN_SCHEMA_TOKENIZER, TREN_SCHEMA_DIGEST, &stored));
    if (stored == info->tokenizer) return TREN_OK;
    return tren_fail(TREN_ERR_DATA,
                     "%s: " TREN_SCHEMA_MERGES
                     " has changed since the file was written; restore the file",
                     dataset->path);
}

static tren_status read_shape(tren_dataset *dataset, int columns) {
    tren_dataset_info *info = &dataset->info;
    int64_t shape[TREN_SEQUENCES], all = 0;
    size_t n = TREN_SEQUENCES;
    TREN_TRY(tren_h5_get_i64s(dataset->file, "/", "shape", shape, &n));
    if (n != (size_t)columns)
        return tren_fail(TREN_ERR_DATA,
                         "%s: the attribute shape has %zu values, expected %d: the maximum number "
                         "of tokens of each text in a row",
                         dataset->path, n, columns);
    for (int k = 0; k < columns; k++) {
        if (shape[k] < 1 || shape[k] > TREN_MAX_TOKENS)
            return tren_fail(TREN_ERR_DATA,
                             "%s: the attribute shape has the value %lld, expected 1 to %d tokens",
                             dataset->path, (long long)shape[k], TREN_MAX_TOKENS);
        info->tokens[k] = (int)shape[k];
        all += tren_tokens_width(info, k);
    }
    info->shape = (tren_shape){(int)all, 1, 1};
    info->x_type = TREN_I32;
    return TREN_OK;
}

static tren_status read_vocabulary(tren_dataset *dataset) {
    tren_dataset_info *info = &dataset->info;
    int64_t vocabulary, classes;
    TREN_TRY(tren_h5_get_i64(dataset->file, "/", "vocabulary", &vocabulary));
    TREN_TRY(tren_h5_get_i64(dataset->file, "/", "n_classes", &classes));
    if (vocabulary < TREN_TOKEN_MERGE || vocabulary > TREN_MAX_CLASSES)
        return tren_fail(TREN_ERR_DATA, "%s: the attribute vocabulary is %lld, expected %d to %d",
                         dataset->path, (long long)vocabulary, TREN_TOKEN_MERGE, TREN_MAX_CLASSES);
    info->vocabulary = (int)vocabulary;
    if (info->label_axis && classes != vocabulary)
        return tren_fail(TREN_ERR_DATA,
                         "%s: n_classes is %lld, but vocabulary %lld: each token is a class, so "
                         "they must be equal",
                         dataset->path, (long long)classes, (long long)vocabulary);
    return check_tokenizer(dataset);
}

tren_status tren_tokens_read_layout(bool *is, tren_dataset *dataset, const char *layout) {
    static const int label_axis[] = {1, 2, 0};
    *is = false;
    for (int kind = TREN_CORPUS_TEXT; kind <= TREN_CORPUS_LABELED; kind++) {
        if (strcmp(layout, tren_corpus_layout[kind]) != 0) continue;
        *is = true;
        dataset->info.label_axis = label_axis[kind];
        TREN_TRY(read_shape(dataset, kind == TREN_CORPUS_PAIRS ? 2 : 1));
        return read_vocabulary(dataset);
    }
    return TREN_OK;
}

/* ---- arrays ---------------------------------------------------------------------------------- */

static tren_status check_array(const tren_dataset *dataset, const char *name, size_t *rows,
                               size_t width) {
    tren_h5_shape shape;
    tren_type type;
    TREN_TRY(tren_h5_info(dataset->file, name, &shape, &type));
    if (type != TREN_I32)
        return tren_fail(TREN_ERR_DATA, "%s: %s has type %s, expected i32", dataset->path, name,
                         tren_type_name(type));
    if (shape.rank != 2 || shape.dim[1] != width)
        return tren_fail(TREN_ERR_DATA, "%s: %s should have the shape [rows, %zu]", dataset->path,
                         name, width);
    if (*rows != SIZE_MAX && shape.dim[0] != *rows)
        return tren_fail(TREN_ERR_DATA, "%s: %s has %zu rows, but x of this part has %zu",
                         dataset->path, name, shape.dim[0], *rows);
    *rows = shape.dim[0];
    return TREN_OK;
}

static size_t columns_of(const tren_dataset_info *info) {
    return info->tokens[1] > 0 ? 2 : 1;
}

tren_status tren_tokens_check_part(tren_dataset *dataset, tren_part part) {
    tren_dataset_info *info = &dataset->info;
    size_t rows = SIZE_MAX;
    TREN_TRY(check_array(dataset, tren_part_x[part], &rows, (size_t)tren_tokens_width(info, 0)));
    TREN_TRY(check_array(dataset, tren_part_length[part], &rows, columns_of(info)));
    info->rows[part] = rows;
    if (info->tokens[1] == 0) return TREN_OK;
    return check_array(dataset, tren_part_y[part], &rows, (size_t)tren_tokens_width(info, 1));
}

/* ---- rows in memory -------------------------------------------------------------------------- */

static tren_row_array array_of(int kind, const tren_dataset *dataset, tren_part part,
                               size_t width) {
    const char *name[] = {tren_part_x[part], tren_part_y[part], tren_part_length[part]};
    return (tren_row_array){
        name[kind], kind, (int)part, TREN_I32, dataset->info.rows[part], width * sizeof(int32_t)};
}

static tren_status read_array(int32_t **out, const tren_rows *rows, const tren_dataset *dataset,
                              tren_row_array array, const tren_row_digests *digests) {
    TREN_TRY(tren_alloc(out, rows->n, array.row_bytes, "the tokens of a dataset"));
    TREN_TRY(tren_row_array_read(*out, dataset, &array, rows->first, rows->n));
    return tren_row_digests_verify(digests, dataset, &array, rows->first, rows->n, *out);
}

static tren_status read_lengths(tren_rows *rows, const tren_dataset *dataset, tren_part part) {
    size_t columns = columns_of(&dataset->info);
    int32_t *both = NULL;
    tren_status st =
        read_array(&both, rows, dataset, array_of(TREN_SET_LENGTH, dataset, part, columns),
                   &dataset->length[part]);
    for (size_t k = 0; k < columns && st == TREN_OK; k++) {
        st = tren_alloc(&rows->sequence[k].length, rows->n, sizeof *both, "lengths of rows");
        for (size_t i = 0; i < rows->n && st == TREN_OK; i++)
            rows->sequence[k].length[i] = both[i * columns + k];
    }
    free(both);
    return st;
}

/* Why a row's tokens along one axis cannot be; NULL: they can. */
static const char *find_odd(char why[TREN_TOKENS_WHY], const tren_sequence *s, size_t row,
                            int vocabulary) {
    const int32_t *token = s->token + row * (size_t)s->width;
    int n = s->length[row], least = 1 + s->labeled, i = 0;
    if (n < least || n > s->width) {
        snprintf(why, TREN_TOKENS_WHY, "the length %d is outside %d to %d", n, least, s->width);
        return why;
    }
    while (i < n && token[i] > TREN_TOKEN_PAD && token[i] < vocabulary) i++;
    if (i < n) {
        snprintf(why, TREN_TOKENS_WHY, "the token %d is outside %d to %d", token[i],
                 TREN_TOKEN_PAD + 1, vocabulary - 1);
        return why;
    }
    while (i < s->width && token[i] == TREN_TOKEN_PAD) i++;
    if (i == s->width) return NULL;
    snprintf(why, TREN_TOKENS_WHY, "the token %d is after the row's %d tokens", token[i], n);
    return why;
}

size_t tren_tokens_find_bad(char why[TREN_TOKENS_WHY], const tren_rows *rows,
                            const tren_dataset_info *info) {
    for (size_t i = 0; i < rows->n; i++)
        for (int k = 0; k < (int)columns_of(info); k++)
            if (find_odd(why, &rows->sequence[k], i, info->vocabulary)) return i;
    return rows->n;
}

tren_status tren_tokens_read(tren_rows *rows, const tren_dataset *dataset, tren_part part) {
    const tren_dataset_info *info = &dataset->info;
    const tren_row_digests *digests[] = {&dataset->x[part], &dataset->y[part]};
    char why[TREN_TOKENS_WHY];
    for (int k = 0; k < (int)columns_of(info); k++) {
        tren_sequence *s = &rows->sequence[k];
        s->width = tren_tokens_width(info, k);
        s->labeled = info->label_axis == k + 1;
        TREN_TRY(
            read_array(&s->token, rows, dataset,
                       array_of(k == 0 ? TREN_SET_X : TREN_SET_Y, dataset, part, (size_t)s->width),
                       digests[k]));
    }
    TREN_TRY(read_lengths(rows, dataset, part));
    size_t bad = tren_tokens_find_bad(why, rows, info);
    if (bad == rows->n) return TREN_OK;
    return tren_fail(TREN_ERR_DATA, "%s: %s: row %zu: %s: make the file again", dataset->path,
                     tren_part_name[part], rows->first + bad, why);
}

uint64_t tren_tokens_digest(const tren_rows *rows, size_t row) {
    uint64_t digest = 0;
    for (int k = 0; k < TREN_SEQUENCES && rows->sequence[k].token; k++) {
        const tren_sequence *s = &rows->sequence[k];
        uint64_t all[] = {
            digest, (uint64_t)s->length[row],
            tren_digest(s->token + row * (size_t)s->width, (size_t)s->width * sizeof *s->token)};
        digest = tren_digest(all, sizeof all);
    }
    return digest;
}

/* ---- what a network reads -------------------------------------------------------------------- */

size_t tren_sequence_fetch(int32_t *token, int *length, const tren_sequence *s, const uint32_t *row,
                           int n) {
    size_t all = 0;
    for (int i = 0; i < n; i++) {
        length[i] = tren_sequence_length(s, row[i]);
        memcpy(token + all, s->token + (size_t)row[i] * (size_t)s->width,
               (size_t)length[i] * sizeof *token);
        all += (size_t)length[i];
    }
    return all;
}

size_t tren_sequence_fetch_next(int32_t *label, const tren_sequence *s, const uint32_t *row,
                                int n) {
    size_t all = 0;
    for (int i = 0; i < n; i++) {
        size_t here = (size_t)tren_sequence_length(s, row[i]);
        memcpy(label + all, s->token + (size_t)row[i] * (size_t)s->width + 1, here * sizeof *label);
        all += here;
    }
    return all;
}

void tren_sequence_close(tren_sequence *s) {
    free(s->token);
    free(s->length);
    *s = (tren_sequence){0};
}
