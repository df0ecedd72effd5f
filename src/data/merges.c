/* Byte-pair encoding (Sennrich et al. 2016): the merges of some texts. Pieces that are equal are
 * looked at once; a merge changes the counts of pairs only where it is made. */
#include "data/tokenizer.h"
#include <stdlib.h>
#include <string.h>

/* A piece, how often it stands in the texts, and its tokens. */
typedef struct piece {
    const char *text; /* not owned; NULL: a free place */
    int64_t count;
    int32_t *token; /* in `memory` of the pieces */
    int n;
} piece;

typedef struct pieces {
    piece *at; /* [room] owned: by open addressing, then one after the other */
    size_t room, n, bytes;
    int32_t *memory; /* owned */
} pieces;

static void pieces_close(pieces *p) {
    free(p->at);
    free(p->memory);
}

static piece *place_of(const pieces *p, const char *text, int n) {
    size_t i = (size_t)tren_digest(text, (size_t)n) & (p->room - 1);
    while (p->at[i].text && (p->at[i].n != n || memcmp(p->at[i].text, text, (size_t)n) != 0))
        i = (i + 1) & (p->room - 1);
    return &p->at[i];
}

static tren_status make_room(pieces *p) {
    pieces more = {.room = p->room ? 2 * p->room : 1 << 12, .n = p->n, .bytes = p->bytes};
    TREN_TRY(tren_alloc(&more.at, more.room, sizeof *more.at, "pieces of text"));
    for (size_t i = 0; i < p->room; i++)
        if (p->at[i].text) *place_of(&more, p->at[i].text, p->at[i].n) = p->at[i];
    free(p->at);
    *p = more;
    return TREN_OK;
}

static tren_status count_pieces(pieces *p, tren_bytes text) {
    for (size_t at = 0, n; at < text.n; at += n) {
        n = tren_text_piece(text.at + at, text.n - at);
        if (2 * p->n >= p->room) TREN_TRY(make_room(p));
        piece *here = place_of(p, text.at + at, (int)n);
        if (!here->text) {
            *here = (piece){.text = text.at + at, .n = (int)n};
            p->n++;
            p->bytes += n;
        }
        here->count++;
    }
    return TREN_OK;
}

/* The places become a list, and each piece its bytes as tokens. */
static tren_status spell_out(pieces *p) {
    TREN_TRY(tren_alloc(&p->memory, p->bytes, sizeof *p->memory, "pieces of text"));
    int32_t *token = p->memory;
    size_t n = 0;
    for (size_t i = 0; i < p->room; i++)
        if (p->at[i].text) p->at[n++] = p->at[i];
    for (size_t i = 0; i < n; i++) {
        piece *q = &p->at[i];
        q->token = token;
        for (int k = 0; k < q->n; k++) *token++ = TREN_TOKEN_BYTE + (unsigned char)q->text[k];
    }
    return TREN_OK;
}

/* Adds the piece's pairs, `sign` times. */
static tren_status count_pairs(tren_pairs *pairs, const piece *q, int sign) {
    for (int i = 0; i + 1 < q->n; i++)
        TREN_TRY(tren_pairs_add(pairs, q->token[i], q->token[i + 1], sign * q->count));
    return TREN_OK;
}

static bool goes_before(const tren_pair *a, const tren_pair *b) {
    if (a->value != b->value) return a->value > b->value;
    return a->left != b->left ? a->left < b->left : a->right < b->right;
}

static const tren_pair *most_frequent(const tren_pairs *pairs) {
    const tren_pair *best = NULL;
    for (size_t i = 0; i < pairs->room; i++) {
        const tren_pair *pair = &pairs->at[i];
        if (pair->left >= 0 && pair->value > 1 && (!best || goes_before(pair, best))) best = pair;
    }
    return best;
}

static bool has_pair(const piece *q, tren_merge m) {
    for (int i = 0; i + 1 < q->n; i++)
        if (q->token[i] == m.left && q->token[i + 1] == m.right) return true;
    return false;
}

static tren_status apply(tren_pairs *pairs, pieces *p, tren_merge m, int32_t merged) {
    for (size_t i = 0; i < p->n; i++) {
        piece *q = &p->at[i];
        if (!has_pair(q, m)) continue;
        TREN_TRY(count_pairs(pairs, q, -1));
        q->n = tren_pair_merge(q->token, q->n, m, merged);
        TREN_TRY(count_pairs(pairs, q, 1));
    }
    return TREN_OK;
}

tren_status tren_merges_find(tren_merge *merge, int *found, int most, const tren_bytes *text,
                             size_t n) {
    pieces p = {0};
    tren_pairs pairs = {0};
    tren_status st = TREN_OK;
    *found = 0;
    for (size_t i = 0; i < n; i++) TREN_GOTO(count_pieces(&p, text[i]));
    TREN_GOTO(spell_out(&p));
    TREN_GOTO(tren_pairs_open(&pairs, 1 << 12));
    for (size_t i = 0; i < p.n; i++) TREN_GOTO(count_pairs(&pairs, &p.at[i], 1));
    for (const tren_pair *best; *found < most && (best = most_frequent(&pairs)); ++*found) {
        merge[*found] = (tren_merge){best->left, best->right};
        TREN_GOTO(apply(&pairs, &p, merge[*found], TREN_TOKEN_MERGE + *found));
    }
done:
    tren_pairs_close(&pairs);
    pieces_close(&p);
    return st;
}
