/* From the texts of a corpus to rows of tokens. */
#include "data/corpus.h"
#include "data/schema.h"
#include <stdlib.h>
#include <string.h>

/* Every text as tokens, one after the other; of what is to be predicted with begin and end. */
typedef struct encoded {
    int32_t *token; /* owned */
    size_t *first;  /* [texts + 1] owned */
} encoded;

static void encoded_close(encoded *e) {
    free(e->token);
    free(e->first);
}

/* ---- the tokenizer --------------------------------------------------------------------------- */

static tren_status check_vocabulary(const tren_corpus *c) {
    if (c->vocabulary == 0 || c->vocabulary >= TREN_TOKEN_MERGE) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "--vocabulary %d: 256 bytes and 3 special tokens need %d; give at least that, "
                     "or remove the option",
                     c->vocabulary, TREN_TOKEN_MERGE);
}

static tren_status find_merges(tren_merge *merge, int *found, int most, const tren_corpus *c,
                               const uint32_t *row, size_t n) {
    size_t columns = (size_t)c->n_columns;
    tren_bytes *text;
    TREN_TRY(tren_alloc(&text, n * columns, sizeof *text, "the training part"));
    for (size_t i = 0; i < n; i++)
        memcpy(text + i * columns, c->text + row[i] * columns, columns * sizeof *text);
    tren_status st = tren_merges_find(merge, found, most, text, n * columns);
    free(text);
    if (st != TREN_OK || *found == most) return st;
    return tren_fail(TREN_ERR_USAGE,
                     "--vocabulary %d: after %d tokens, no pair of tokens occurs twice in the "
                     "training text; give at most %d, or more text",
                     c->vocabulary, TREN_TOKEN_MERGE + *found, TREN_TOKEN_MERGE + *found);
}

/* Of the training part: row [n]. */
static tren_status make_tokenizer(tren_tokenizer **tokenizer, const tren_corpus *c,
                                  const uint32_t *row, size_t n) {
    int most = c->vocabulary - TREN_TOKEN_MERGE, found = 0;
    tren_merge *merge = NULL;
    tren_status st;
    TREN_TRY(check_vocabulary(c));
    if (most <= 0) return tren_tokenizer_open(tokenizer, NULL, 0);
    TREN_GOTO(tren_alloc(&merge, (size_t)most, sizeof *merge, "merges"));
    TREN_GOTO(find_merges(merge, &found, most, c, row, n));
    st = tren_tokenizer_open(tokenizer, merge, found);
done:
    free(merge);
    return st;
}

static tren_status take_tokenizer(tren_tokenizer **tokenizer, const tren_corpus *c) {
    tren_dataset *dataset;
    if (c->vocabulary > 0)
        return tren_fail(TREN_ERR_USAGE,
                         "--tokenizer and --vocabulary cannot be used together: the tokenizer of "
                         "%s has its own vocabulary; remove --vocabulary",
                         c->tokenizer);
    TREN_TRY(tren_dataset_open_rows(&dataset, c->tokenizer));
    tren_status st = tren_tokenizer_open_of(tokenizer, dataset);
    tren_dataset_close(dataset);
    return st;
}

/* ---- tokens ---------------------------------------------------------------------------------- */

/* The network predicts this column, token by token. */
static bool is_predicted(const tren_corpus *c, size_t column) {
    return c->kind == TREN_CORPUS_TEXT || (c->kind == TREN_CORPUS_PAIRS && column == 1);
}

static tren_status encode_all(encoded *e, const tren_corpus *c, const tren_tokenizer *t) {
    size_t columns = (size_t)c->n_columns, texts = c->n * columns, room = 0, n = 0;
    for (size_t i = 0; i < texts; i++) room += c->text[i].n + 2;
    TREN_TRY(tren_alloc(&e->token, room, sizeof *e->token, "the tokens of a text"));
    TREN_TRY(tren_alloc(&e->first, texts + 1, sizeof *e->first, "the tokens of a text"));
    for (size_t i = 0; i < texts; i++) {
        bool ends = is_predicted(c, i % columns);
        if (ends) e->token[n++] = TREN_TOKEN_BEGIN;
        n += tren_tokenizer_encode(t, e->token + n, c->text[i].at, c->text[i].n);
        if (ends) e->token[n++] = TREN_TOKEN_END;
        e->first[i + 1] = n;
    }
    return TREN_OK;
}

static tren_status alloc_rows(tren_token_rows *r, size_t n) {
    r->n = n;
    if (n > TREN_MAX_ROWS)
        return tren_fail(TREN_ERR_DATA, "%zu rows: at most %u are supported; import less text", n,
                         TREN_MAX_ROWS);
    for (int k = 0; k < r->n_columns; k++)
        TREN_TRY(tren_alloc(&r->token[k], n * (size_t)r->width[k], sizeof **r->token,
                            "the rows of a text"));
    return tren_alloc(&r->length, n * (size_t)r->n_columns, sizeof *r->length,
                      "the rows of a text");
}

static void put_row(tren_token_rows *r, size_t row, int column, const int32_t *token, size_t n) {
    memcpy(r->token[column] + row * (size_t)r->width[column], token, n * sizeof *token);
    r->length[row * (size_t)r->n_columns + (size_t)column] = (int32_t)n;
}

/* ---- documents: windows ---------------------------------------------------------------------- */

static size_t longest(const encoded *e, const uint32_t *row, size_t n) {
    size_t most = 0;
    for (size_t i = 0; i < n; i++) {
        size_t here = e->first[row[i] + 1] - e->first[row[i]];
        if (here > most) most = here;
    }
    return most;
}

static size_t windows_of(const encoded *e, size_t document, size_t tokens) {
    return (e->first[document + 1] - e->first[document] - 1 + tokens - 1) / tokens;
}

/* Each window has one token more than is read, with which the next one begins. */
static void put_windows(tren_token_rows *r, size_t *row, const encoded *e, size_t document) {
    size_t tokens = (size_t)r->width[0] - 1;
    for (size_t at = e->first[document], end = e->first[document + 1]; at + 1 < end; at += tokens) {
        size_t n = end - at < tokens + 1 ? end - at : tokens + 1;
        put_row(r, (*row)++, 0, e->token + at, n);
    }
}

static tren_status cut_windows(tren_token_rows *r, tren_partition *p, const tren_corpus *c,
                               const encoded *e) {
    size_t tokens = (size_t)c->tokens, most = longest(e, p->row[TREN_TRAIN], p->n[TREN_TRAIN]),
           n = 0, row = 0;
    if (tokens > most - 1)
        return tren_fail(TREN_ERR_USAGE,
                         "--tokens %zu: the longest document of the training part has %zu tokens, "
                         "including begin and end; give at most %zu",
                         tokens, most, most - 1);
    r->width[0] = c->tokens + 1;
    for (int part = 0; part < TREN_N_PARTS; part++)
        for (size_t i = 0; i < p->n[part]; i++) n += windows_of(e, p->row[part][i], tokens);
    TREN_TRY(alloc_rows(r, n));
    tren_partition windows = {0};
    TREN_TRY(tren_alloc(&windows.memory, n, sizeof *windows.memory, "the split"));
    for (size_t i = 0; i < n; i++) windows.memory[i] = (uint32_t)i;
    for (int part = 0; part < TREN_N_PARTS; part++) {
        windows.row[part] = windows.memory + row;
        for (size_t i = 0; i < p->n[part]; i++) put_windows(r, &row, e, p->row[part][i]);
        windows.n[part] = row - (size_t)(windows.row[part] - windows.memory);
    }
    tren_partition_close(p);
    *p = windows;
    return TREN_OK;
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* Tokens of a text itself, without begin and end. */
static size_t tokens_of(const encoded *e, const tren_corpus *c, size_t text) {
    size_t n = e->first[text + 1] - e->first[text];
    return is_predicted(c, text % (size_t)c->n_columns) ? n - 2 : n;
}

/* The column of a row that has too many, or -1. */
static int too_long(const encoded *e, const tren_corpus *c, size_t row) {
    size_t columns = (size_t)c->n_columns;
    for (size_t k = 0; k < columns && c->tokens > 0; k++)
        if (tokens_of(e, c, row * columns + k) > (size_t)c->tokens) return (int)k;
    return -1;
}

/* Tells of the first such row of the file. */
static tren_status check_long(const tren_partition *p, const encoded *e, const tren_corpus *c) {
    size_t row = SIZE_MAX;
    for (int part = 0; part < TREN_N_PARTS && !c->skip_long; part++)
        for (size_t i = 0; i < p->n[part]; i++)
            if (p->row[part][i] < row && too_long(e, c, p->row[part][i]) >= 0)
                row = p->row[part][i];
    if (row == SIZE_MAX) return TREN_OK;
    size_t text = row * (size_t)c->n_columns + (size_t)too_long(e, c, row);
    return tren_fail(TREN_ERR_DATA,
                     "%s:%zu: has %zu tokens, more than --tokens %d; give more, or ignore such "
                     "rows with --long skip",
                     c->place[text].path, c->place[text].line, tokens_of(e, c, text), c->tokens);
}

static void skip_rows(tren_token_rows *r, tren_partition *p, const encoded *e,
                      const tren_corpus *c) {
    for (int part = 0; part < TREN_N_PARTS; part++) {
        size_t kept = 0;
        for (size_t i = 0; i < p->n[part]; i++)
            if (too_long(e, c, p->row[part][i]) < 0) p->row[part][kept++] = p->row[part][i];
        r->n_skipped += p->n[part] - kept;
        p->n[part] = kept;
    }
}

static tren_status check_left(const tren_partition *p, const tren_corpus *c, tren_part part) {
    if (p->n[part] > 0) return TREN_OK;
    return tren_fail(TREN_ERR_DATA, "--tokens %d: every row of the %s part is longer; give more",
                     c->tokens, tren_part_name[part]);
}

/* The widest text of a column among those that are dealt, or what was asked for, with begin and end
 * where it has them. */
static int width_of(const encoded *e, const tren_corpus *c, const tren_partition *p, int column) {
    size_t most = 1, columns = (size_t)c->n_columns;
    for (int part = 0; part < TREN_N_PARTS; part++)
        for (size_t i = 0; i < p->n[part]; i++) {
            size_t n = tokens_of(e, c, p->row[part][i] * columns + (size_t)column);
            if (n > most) most = n;
        }
    return (c->tokens > 0 ? c->tokens : (int)most) + (is_predicted(c, (size_t)column) ? 2 : 0);
}

static void lay_row(tren_token_rows *r, const encoded *e, size_t row) {
    for (int k = 0; k < r->n_columns; k++) {
        const size_t *first = e->first + row * (size_t)r->n_columns + (size_t)k;
        put_row(r, row, k, e->token + first[0], first[1] - first[0]);
    }
}

/* Rows keep their numbers; those that are not dealt stay empty. */
static tren_status lay_rows(tren_token_rows *r, tren_partition *p, const tren_corpus *c,
                            const encoded *e) {
    TREN_TRY(check_long(p, e, c));
    tren_part needed = p->n[TREN_TRAIN] > 0 ? TREN_TRAIN : TREN_TEST; /* rows to predict */
    skip_rows(r, p, e, c);
    TREN_TRY(check_left(p, c, needed));
    for (int k = 0; k < r->n_columns; k++) r->width[k] = width_of(e, c, p, k);
    TREN_TRY(alloc_rows(r, c->n));
    for (int part = 0; part < TREN_N_PARTS; part++)
        for (size_t i = 0; i < p->n[part]; i++) lay_row(r, e, p->row[part][i]);
    return TREN_OK;
}

/* ---- all of it ------------------------------------------------------------------------------- */

tren_status tren_token_rows_open(tren_token_rows *r, tren_partition *p, const tren_source *source,
                                 const tren_split *split) {
    tren_corpus *c = source->corpus;
    encoded e = {0};
    tren_status st;
    *r = (tren_token_rows){.n_columns = c->n_columns};
    if (split->label_noise > 0)
        return tren_fail(TREN_ERR_USAGE,
                         "--label-noise: is for labels of rows of numbers; remove it for text");
    TREN_GOTO(c->kind == TREN_CORPUS_TEXT ? tren_documents_deal(p, c, split)
                                          : tren_partition_open(p, source, split));
    TREN_GOTO(c->tokenizer
                  ? take_tokenizer(&r->tokenizer, c)
                  : make_tokenizer(&r->tokenizer, c, p->row[TREN_TRAIN], p->n[TREN_TRAIN]));
    TREN_GOTO(encode_all(&e, c, r->tokenizer));
    st = c->kind == TREN_CORPUS_TEXT ? cut_windows(r, p, c, &e) : lay_rows(r, p, c, &e);
done:
    encoded_close(&e);
    return st;
}

void tren_token_rows_close(tren_token_rows *r) {
    tren_tokenizer_close(r->tokenizer);
    for (int k = 0; k < TREN_SEQUENCES; k++) free(r->token[k]);
    free(r->length);
    *r = (tren_token_rows){0};
}
