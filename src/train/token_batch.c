/* Rows of tokens on their way into a network, for training and evaluation. */
#include "train/feed.h"

#include <stdlib.h>

tren_status token_batch_open(tren_token_batch *b, const tren_dataset_info *info, size_t rows) {
    for (int k = 0; k < TREN_SEQUENCES; k++)
        if (info->tokens[k] > 0)
            TREN_TRY(tren_alloc(&b->length[k], rows, sizeof **b->length, "a batch"));
    if (info->label_axis == 0) return TREN_OK;
    size_t most = (size_t)info->tokens[info->label_axis - 1];
    return tren_alloc(&b->label, rows * most, sizeof *b->label, "a batch");
}

void token_batch_close(tren_token_batch *b) {
    for (int k = 0; k < TREN_SEQUENCES; k++) free(b->length[k]);
    free(b->label);
    *b = (tren_token_batch){0};
}

void token_batch_take(tren_token_batch *b, tren_work *work, const tren_graph *graph,
                      const tren_rows *rows, const uint32_t *row, int n) {
    for (int k = 0; k < TREN_SEQUENCES; k++) {
        const tren_sequence *s = &rows->sequence[k];
        const tren_layer *input = tren_graph_tokens_input(graph, k + 1);
        if (input) tren_sequence_fetch(tren_work_tokens(work, input), b->length[k], s, row, n);
        if (s->labeled) tren_sequence_fetch_next(b->label, s, row, n);
    }
}

int64_t row_labels(const tren_rows *rows, size_t row) {
    for (int k = 0; k < TREN_SEQUENCES; k++)
        if (rows->sequence[k].labeled) return tren_sequence_length(&rows->sequence[k], row);
    return 1;
}
