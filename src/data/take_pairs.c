/* A smaller dataset of pairs of texts out of a large one. */
#include "data/corpus.h"

#include <stdlib.h>

/* The text of a row's sequence, behind what `memory` holds. */
static tren_bytes decode(char *memory, size_t *used, const tren_tokenizer *tokenizer,
                         const tren_sequence *s, size_t row, size_t room) {
    size_t n = tren_tokenizer_decode(tokenizer, memory + *used, room - *used,
                                     s->token + row * (size_t)s->width, (size_t)s->length[row]);
    tren_bytes text = {memory + *used, n};
    *used += n;
    return text;
}

static size_t count_bytes(const tren_rows *rows, const tren_tokenizer *tokenizer) {
    size_t sum = 0;
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < rows->n; i++)
            sum += tren_tokenizer_decode(
                tokenizer, NULL, 0, rows->sequence[k].token + i * (size_t)rows->sequence[k].width,
                (size_t)rows->sequence[k].length[i]);
    return sum;
}

static tren_status fill(tren_source *source, const tren_rows *rows, const uint32_t *order,
                        const tren_tokenizer *tokenizer, size_t train, size_t test) {
    size_t room = count_bytes(rows, tokenizer), used = 0, n = train + test;
    tren_corpus *c = source->corpus;
    TREN_TRY(tren_alloc(&c->memory[0], room + 1, 1, "sentences"));
    for (size_t i = 0; i < n; i++) {
        size_t row = order[i < train ? i : rows->n - n + i];
        tren_bytes text[2];
        for (int k = 0; k < 2; k++)
            text[k] = decode(c->memory[0], &used, tokenizer, &rows->sequence[k], row, room);
        tren_text_place place[2] = {{"a row of the dataset", row}, {"a row of the dataset", row}};
        TREN_TRY(tren_corpus_add(c, text, place));
    }
    source->n = train;
    source->n_test = test;
    source->n_targets = 1;
    return TREN_OK;
}

static tren_status check_large(const tren_dataset_info *info, const char *from, size_t n) {
    if (info->vocabulary == 0 || info->tokens[1] == 0)
        return tren_fail(TREN_ERR_USAGE,
                         "--data: %s holds no pairs of sentences, such as "
                         "datasets/german-english.h5; name a dataset that does",
                         from);
    if (info->rows[TREN_TRAIN] >= n) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE, "--data: %s has %zu training pairs; %zu are needed", from,
                     info->rows[TREN_TRAIN], n);
}

tren_status tren_source_take_pairs(tren_source *source, const char *path, size_t train, size_t test,
                                   uint64_t seed) {
    tren_dataset *dataset;
    TREN_TRY(tren_dataset_open(&dataset, path));
    const tren_dataset_info *info = tren_dataset_info_of(dataset);
    size_t all = info->rows[TREN_TRAIN];
    tren_tokenizer *tokenizer = NULL;
    tren_rows rows = {0};
    uint32_t *order = NULL;
    tren_status st = TREN_OK;
    TREN_GOTO(check_large(info, path, train + test));
    TREN_GOTO(tren_tokenizer_open_of(&tokenizer, dataset));
    TREN_GOTO(tren_alloc(&order, all, sizeof *order, "pairs"));
    TREN_GOTO(tren_rows_read(&rows, dataset, TREN_TRAIN, 0, all));
    TREN_GOTO(tren_corpus_open(source, TREN_CORPUS_PAIRS));
    source->corpus->tokenizer = path;
    tren_rng rng = tren_rng_open(seed, TREN_RNG_TAKE, 0, UINT32_MAX, 0);
    tren_rng_permutation(order, &rng, (uint32_t)all);
    TREN_GOTO(fill(source, &rows, order, tokenizer, train, test));
    TREN_GOTO(tren_dataset_content(&source->digest, dataset));
    snprintf(source->origin, sizeof source->origin, "%zu of the training pairs of %s",
             source->n + source->n_test, path);
done:
    free(order);
    tren_rows_close(&rows);
    tren_tokenizer_close(tokenizer);
    tren_dataset_close(dataset);
    return st;
}
