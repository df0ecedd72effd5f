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

static tren_status print_text(FILE *out, const tren_tokenizer *tokenizer, tokens t) {
    size_t n = tren_tokenizer_decode(tokenizer, NULL, 0, t.at, t.n);
    char *text;
    TREN_TRY(tren_alloc(&text, n + 1, 1, "a text"));
    tren_tokenizer_decode(tokenizer, text, n, t.at, t.n);
    tren_put_shown(out, text);
    fputc('\n', out);
    free(text);
    return TREN_OK;
}

static tren_status print_row(FILE *out, const tren_rows *rows, size_t i, int indent,
                             const tren_tokenizer *tokenizer, const tren_dataset_info *info) {
    for (int k = 0; k < TREN_SEQUENCES && info->tokens[k] > 0; k++) {
        tokens t = tokens_of(&rows->sequence[k], i);
        if (k == 0)
            fprintf(out, "%*s%8zu", indent, "", rows->first + i);
        else
            fprintf(out, "%*s%8s", indent, "", "");
        if (rows->label && info->class_name) {
            fputs("  ", out);
            tren_put_shown(out, info->class_name[rows->label[i]]);
        } else if (rows->label) {
            fprintf(out, "  class %d", rows->label[i]);
        }
        fprintf(out, " %6d  ", tren_sequence_length(&rows->sequence[k], i));
        TREN_TRY(print_text(out, tokenizer, t));
    }
    return TREN_OK;
}

tren_status tren_text_rows_print(FILE *out, const tren_dataset *dataset, tren_part part,
                                 size_t first, size_t n, int indent) {
    const tren_dataset_info *info = tren_dataset_info_of(dataset);
    tren_tokenizer *tokenizer = NULL;
    tren_rows rows = {0};
    tren_status st;
    size_t left = info->rows[part] > first ? info->rows[part] - first : 0;
    TREN_GOTO(tren_tokenizer_open_of(&tokenizer, dataset));
    TREN_GOTO(tren_rows_read(&rows, dataset, part, first, n < left ? n : left));
    for (size_t i = 0; i < rows.n; i++)
        TREN_GOTO(print_row(out, &rows, i, indent, tokenizer, info));
done:
    tren_rows_close(&rows);
    tren_tokenizer_close(tokenizer);
    return st;
}
