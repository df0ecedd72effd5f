#include "cli/text_rows.h"
#include "base/quote.h"
#include <stdlib.h>

/* The tokens of one row along one axis. */
typedef struct tokens {
    const int32_t *at;
    size_t n;
} tokens;

static tokens tokens_of(const tren_sequence *s, size_t row) {
    return (tokens){s->token + row * (size_t)s->width, (size_t)s->length[row]};
}

/* What rows are written to: lines, or a JSON list. */
typedef struct writer {
    FILE *out;
    int indent;
    tren_json *json; /* not owned; NULL: lines */
} writer;

/* *text is the caller's to free. */
static tren_status decode(char **text, const tren_tokenizer *tokenizer, tokens t) {
    size_t n = tren_tokenizer_decode(tokenizer, NULL, 0, t.at, t.n);
    TREN_TRY(tren_alloc(text, n + 1, 1, "a text"));
    tren_tokenizer_decode(tokenizer, *text, n, t.at, t.n);
    return TREN_OK;
}

/* Text k of row i. */
static void print_text(const writer *to, const tren_rows *rows, size_t i, int k, const char *text,
                       const tren_dataset_info *info) {
    if (k == 0)
        fprintf(to->out, "%*s%8zu", to->indent, "", rows->first + i);
    else
        fprintf(to->out, "%*s%8s", to->indent, "", "");
    if (rows->label && info->class_name) {
        fputs("  ", to->out);
        tren_put_shown(to->out, info->class_name[rows->label[i]]);
    } else if (rows->label) {
        fprintf(to->out, "  class %d", rows->label[i]);
    }
    fprintf(to->out, " %6d  ", tren_sequence_length(&rows->sequence[k], i));
    tren_put_shown(to->out, text);
    fputc('\n', to->out);
}

static void json_text(tren_json *j, const tren_rows *rows, size_t i, int k, const char *text,
                      const tren_dataset_info *info) {
    tren_json_begin(j, NULL, '{');
    tren_json_whole(j, "row", (int64_t)(rows->first + i));
    if (rows->label) tren_json_whole(j, "class", rows->label[i]);
    if (rows->label && info->class_name)
        tren_json_text(j, "class_name", info->class_name[rows->label[i]]);
    if (info->tokens[1] > 0) tren_json_text(j, "side", k == 0 ? "source" : "target");
    tren_json_whole(j, "tokens", tren_sequence_length(&rows->sequence[k], i));
    tren_json_text(j, "text", text);
    tren_json_end(j);
}

static tren_status write_row(const writer *to, const tren_rows *rows, size_t i,
                             const tren_tokenizer *tokenizer, const tren_dataset_info *info) {
    for (int k = 0; k < TREN_SEQUENCES && info->tokens[k] > 0; k++) {
        char *text;
        TREN_TRY(decode(&text, tokenizer, tokens_of(&rows->sequence[k], i)));
        if (to->json)
            json_text(to->json, rows, i, k, text, info);
        else
            print_text(to, rows, i, k, text, info);
        free(text);
    }
    return TREN_OK;
}

static tren_status write_rows(const writer *to, const tren_dataset *dataset, tren_part part,
                              size_t first, size_t n) {
    const tren_dataset_info *info = tren_dataset_info_of(dataset);
    tren_tokenizer *tokenizer = NULL;
    tren_rows rows = {0};
    tren_status st;
    size_t left = info->rows[part] > first ? info->rows[part] - first : 0;
    TREN_GOTO(tren_tokenizer_open_of(&tokenizer, dataset));
    TREN_GOTO(tren_rows_read(&rows, dataset, part, first, n < left ? n : left));
    for (size_t i = 0; i < rows.n; i++) TREN_GOTO(write_row(to, &rows, i, tokenizer, info));
done:
    tren_rows_close(&rows);
    tren_tokenizer_close(tokenizer);
    return st;
}

tren_status tren_text_rows_print(FILE *out, const tren_dataset *dataset, tren_part part,
                                 size_t first, size_t n, int indent) {
    return write_rows(&(writer){.out = out, .indent = indent}, dataset, part, first, n);
}

tren_status tren_text_rows_json(tren_json *json, const tren_dataset *dataset, tren_part part,
                                size_t first, size_t n) {
    tren_json_begin(json, NULL, '[');
    tren_status st = write_rows(&(writer){.json = json}, dataset, part, first, n);
    tren_json_end(json);
    return st;
}
