/* Byte-pair encoding (Sennrich et al. 2016): the merges of some texts. Pieces that are equal are
 * looked at once; a merge visits the pieces that have its pair, and changes counts only there. */
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

/* ---- pairs and where they stand ----------------------------------------------------------------
 */

enum { NOWHERE = -1 };

typedef struct pair {
    int32_t left, right;
    int64_t count, waits; /* the count with which it stands in the heap last */
    int64_t first;        /* its pieces, a list in `place`; some may have lost it since */
} pair;

/* A list element: a piece that has, or had, a pair. */
typedef struct place {
    uint32_t piece;
    int64_t next;
} place;

/* A pair in the heap, with a count that may be out of date: then it was more than it is. */
typedef struct entry {
    int64_t count, pair;
} entry;

typedef struct trainer {
    pieces pieces;
    tren_pairs number; /* of each pair in `pair` */
    pair *pair;        /* owned, as the others */
    place *place;
    entry *heap;
    size_t n_pairs, n_places, n_heap, pair_room, place_room, heap_room;
} trainer;

static void trainer_close(trainer *t) {
    pieces_close(&t->pieces);
    tren_pairs_close(&t->number);
    free(t->pair);
    free(t->place);
    free(t->heap);
}

static tren_status number_of(int64_t *number, trainer *t, int32_t left, int32_t right) {
    const tren_pair *known = tren_pairs_find(&t->number, left, right);
    *number = known ? known->value : (int64_t)t->n_pairs;
    if (known) return TREN_OK;
    TREN_TRY(tren_grow(&t->pair, t->n_pairs, &t->pair_room, sizeof *t->pair, "pairs of tokens"));
    t->pair[t->n_pairs++] = (pair){.left = left, .right = right, .first = NOWHERE};
    return tren_pairs_add(&t->number, left, right, *number);
}

static tren_status note_place(trainer *t, pair *p, uint32_t at) {
    if (p->first != NOWHERE && t->place[p->first].piece == at) return TREN_OK;
    TREN_TRY(
        tren_grow(&t->place, t->n_places, &t->place_room, sizeof *t->place, "pairs of tokens"));
    t->place[t->n_places] = (place){at, p->first};
    p->first = (int64_t)t->n_places++;
    return TREN_OK;
}

/* ---- the heap: the pair to be merged next on top -----------------------------------------------
 */

static bool goes_before(const trainer *t, entry x, entry y) {
    const pair *a = &t->pair[x.pair], *b = &t->pair[y.pair];
    if (x.count != y.count) return x.count > y.count;
    return a->left != b->left ? a->left < b->left : a->right < b->right;
}

static tren_status push(trainer *t, int64_t number) {
    pair *p = &t->pair[number];
    if (p->count < 2 || p->waits == p->count) return TREN_OK;
    p->waits = p->count;
    TREN_TRY(tren_grow(&t->heap, t->n_heap, &t->heap_room, sizeof *t->heap, "pairs of tokens"));
    entry e = {p->count, number};
    size_t i = t->n_heap++;
    for (; i > 0 && goes_before(t, e, t->heap[(i - 1) / 2]); i = (i - 1) / 2)
        t->heap[i] = t->heap[(i - 1) / 2];
    t->heap[i] = e;
    return TREN_OK;
}

static entry pop(trainer *t) {
    entry top = t->heap[0], last = t->heap[--t->n_heap];
    size_t i = 0;
    for (size_t k; (k = 2 * i + 1) < t->n_heap; i = k) {
        if (k + 1 < t->n_heap && goes_before(t, t->heap[k + 1], t->heap[k])) k++;
        if (!goes_before(t, t->heap[k], last)) break;
        t->heap[i] = t->heap[k];
    }
    t->heap[i] = last;
    return top;
}

/* The pair that stands most often, or NOWHERE where none stands twice. */
static tren_status most_frequent(int64_t *number, trainer *t) {
    while (t->n_heap > 0) {
        entry top = pop(t);
        pair *p = &t->pair[top.pair];
        *number = top.pair;
        if (p->count == top.count) return TREN_OK;
        p->waits = 0;
        TREN_TRY(push(t, top.pair));
    }
    *number = NOWHERE;
    return TREN_OK;
}

/* ---- merging ----------------------------------------------------------------------------------
 */

/* Adds the piece's pairs, `sign` times; those with the token `merged` (of all pieces: any) gain a
 * place. */
static tren_status count_pairs(trainer *t, uint32_t at, int sign, int32_t merged) {
    const piece *q = &t->pieces.at[at];
    for (int i = 0; i + 1 < q->n; i++) {
        int64_t number;
        TREN_TRY(number_of(&number, t, q->token[i], q->token[i + 1]));
        t->pair[number].count += sign * q->count;
        bool is_new = merged < 0 || q->token[i] == merged || q->token[i + 1] == merged;
        if (sign > 0 && is_new) TREN_TRY(note_place(t, &t->pair[number], at));
    }
    return TREN_OK;
}

static bool has_pair(const piece *q, tren_merge m) {
    for (int i = 0; i + 1 < q->n; i++)
        if (q->token[i] == m.left && q->token[i + 1] == m.right) return true;
    return false;
}

static tren_status apply(trainer *t, int64_t number, tren_merge m, int32_t merged) {
    size_t before = t->n_pairs; /* pairs with the new token come behind */
    for (int64_t at = t->pair[number].first; at != NOWHERE; at = t->place[at].next) {
        uint32_t i = t->place[at].piece;
        piece *q = &t->pieces.at[i];
        if (!has_pair(q, m)) continue;
        TREN_TRY(count_pairs(t, i, -1, merged));
        q->n = tren_pair_merge(q->token, q->n, m, merged);
        TREN_TRY(count_pairs(t, i, 1, merged));
    }
    for (size_t k = before; k < t->n_pairs; k++) TREN_TRY(push(t, (int64_t)k));
    return TREN_OK;
}

static tren_status begin(trainer *t, const tren_bytes *text, size_t n) {
    for (size_t i = 0; i < n; i++) TREN_TRY(count_pieces(&t->pieces, text[i]));
    TREN_TRY(spell_out(&t->pieces));
    TREN_TRY(tren_pairs_open(&t->number, 1 << 12));
    for (size_t i = 0; i < t->pieces.n; i++) TREN_TRY(count_pairs(t, (uint32_t)i, 1, NOWHERE));
    for (size_t k = 0; k < t->n_pairs; k++) TREN_TRY(push(t, (int64_t)k));
    return TREN_OK;
}

tren_status tren_merges_find(tren_merge *merge, int *found, int most, const tren_bytes *text,
                             size_t n) {
    trainer t = {0};
    int64_t number = NOWHERE;
    tren_status st;
    *found = 0;
    TREN_GOTO(begin(&t, text, n));
    while (*found < most) {
        TREN_GOTO(most_frequent(&number, &t));
        if (number == NOWHERE) break;
        merge[*found] = (tren_merge){t.pair[number].left, t.pair[number].right};
        TREN_GOTO(apply(&t, number, merge[*found], TREN_TOKEN_MERGE + *found));
        ++*found;
    }
done:
    trainer_close(&t);
    return st;
}
