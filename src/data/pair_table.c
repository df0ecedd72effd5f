/* Numbers of pairs of tokens, by open addressing. */
#include "data/tokenizer.h"
#include <stdlib.h>

tren_status tren_pairs_open(tren_pairs *pairs, size_t n) {
    *pairs = (tren_pairs){.room = 64};
    while (pairs->room < 2 * n) pairs->room *= 2;
    TREN_TRY(tren_alloc(&pairs->at, pairs->room, sizeof *pairs->at, "pairs of tokens"));
    for (size_t i = 0; i < pairs->room; i++) pairs->at[i].left = -1;
    return TREN_OK;
}

void tren_pairs_close(tren_pairs *pairs) {
    free(pairs->at);
    *pairs = (tren_pairs){0};
}

/* Where the pair is, or would be. */
static tren_pair *place_of(const tren_pairs *pairs, int32_t left, int32_t right) {
    uint64_t key = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
    size_t i = (size_t)(key * 0x9E3779B97F4A7C15u >> 20) & (pairs->room - 1);
    while (pairs->at[i].left >= 0 && (pairs->at[i].left != left || pairs->at[i].right != right))
        i = (i + 1) & (pairs->room - 1);
    return &pairs->at[i];
}

tren_pair *tren_pairs_find(const tren_pairs *pairs, int32_t left, int32_t right) {
    tren_pair *pair = place_of(pairs, left, right);
    return pair->left < 0 ? NULL : pair;
}

static tren_status grow(tren_pairs *pairs) {
    tren_pairs more;
    TREN_TRY(tren_pairs_open(&more, pairs->room));
    for (size_t i = 0; i < pairs->room; i++)
        if (pairs->at[i].left >= 0)
            *place_of(&more, pairs->at[i].left, pairs->at[i].right) = pairs->at[i];
    more.n = pairs->n;
    tren_pairs_close(pairs);
    *pairs = more;
    return TREN_OK;
}

tren_status tren_pairs_add(tren_pairs *pairs, int32_t left, int32_t right, int64_t value) {
    tren_pair *pair = place_of(pairs, left, right);
    if (pair->left >= 0) {
        pair->value += value;
        return TREN_OK;
    }
    *pair = (tren_pair){left, right, value};
    return 2 * ++pairs->n > pairs->room ? grow(pairs) : TREN_OK;
}

int tren_pair_merge(int32_t *token, int n, tren_merge merge, int32_t merged) {
    int kept = 0;
    for (int i = 0; i < n; i++) {
        bool here = i + 1 < n && token[i] == merge.left && token[i + 1] == merge.right;
        token[kept++] = here ? merged : token[i];
        i += here;
    }
    return kept;
}
