/* From text to tokens and back. */
#include "data/schema.h"
#include "data/tokenizer.h"
#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 1 << 20 }; /* of one token */

struct tren_tokenizer {
    int n_merges;
    tren_merge *merge; /* [n_merges] owned */
    tren_pairs rank;   /* the number of each merge */
    char *text;        /* the bytes of all tokens, one after the other; owned */
    size_t *first;     /* [vocabulary + 1] owned: token k is text[first[k]..first[k + 1]) */
};

/* ---- pieces ---------------------------------------------------------------------------------- */

typedef enum kind { LETTER, DIGIT, SPACE, OTHER } kind;

static kind kind_of(char byte) {
    unsigned char c = (unsigned char)byte;
    if (c >= 0x80 || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) return LETTER;
    if (c >= '0' && c <= '9') return DIGIT;
    return c == ' ' || (c >= '\t' && c <= '\r') ? SPACE : OTHER;
}

/* The bytes of a sign above 127 that the text begins with: U+00A0 to U+00BF, U+2000 to U+206F but
 * for the joiners within words (U+200C, U+200D), U+3000 to U+303F; 0: there is none. */
static size_t sign_of(const char *text, size_t n) {
    unsigned char c[3] = {0};
    memcpy(c, text, n < 3 ? n : 3);
    bool second = c[1] >= 0x80 && c[1] < 0xc0, third = c[2] >= 0x80 && c[2] < 0xc0;
    if (c[0] == 0xc2) return second && c[1] >= 0xa0 ? 2 : 0;
    if (!third) return 0;
    if (c[0] == 0xe2 && c[1] == 0x80) return c[2] == 0x8c || c[2] == 0x8d ? 0 : 3;
    if (c[0] == 0xe2 && c[1] == 0x81) return c[2] < 0xb0 ? 3 : 0;
    return c[0] == 0xe3 && c[1] == 0x80 ? 3 : 0;
}

static kind kind_at(size_t *bytes, const char *text, size_t n) {
    size_t sign = sign_of(text, n);
    *bytes = sign ? sign : 1;
    return sign ? OTHER : kind_of(text[0]);
}

static size_t run_of(kind k, const char *text, size_t n) {
    size_t i = 0, bytes;
    while (i < n && kind_at(&bytes, text + i, n - i) == k) i += bytes;
    return i;
}

/* Where a piece that is too long ends: before a character of UTF-8 that would be cut. */
static size_t cut(const char *text) {
    for (int back = 0; back < 4; back++)
        if (((unsigned char)text[TREN_PIECE_BYTES - back] & 0xc0) != 0x80)
            return TREN_PIECE_BYTES - (size_t)back;
    return TREN_PIECE_BYTES; /* this is no UTF-8 */
}

/* The last blank of white space belongs to the word behind it. No more is looked at than the
 * longest piece and a character: a text may be a single run. */
size_t tren_text_piece(const char *text, size_t n) {
    if (n > TREN_PIECE_BYTES + 4) n = TREN_PIECE_BYTES + 4;
    size_t space = run_of(SPACE, text, n), end = space, bytes;
    bool joins = space > 0 && space < n && text[space - 1] == ' ';
    if (joins && space > 1)
        end = space - 1;
    else if (space == 0 || joins)
        end += run_of(kind_at(&bytes, text + space, n - space), text + space, n - space);
    return end <= TREN_PIECE_BYTES ? end : cut(text);
}

/* ---- opening --------------------------------------------------------------------------------- */

static tren_status check_merge(const tren_tokenizer *t, int i) {
    tren_merge m = t->merge[i];
    int first = TREN_TOKEN_BYTE, here = TREN_TOKEN_MERGE + i;
    if (m.left < first || m.left >= here || m.right < first || m.right >= here)
        return tren_fail(TREN_ERR_DATA,
                         "merge %d joins the tokens %d and %d, expected tokens from %d to %d", i,
                         m.left, m.right, first, here - 1);
    size_t n = t->first[m.left + 1] - t->first[m.left] + t->first[m.right + 1] - t->first[m.right];
    if (n > MOST_BYTES)
        return tren_fail(TREN_ERR_DATA,
                         "merge %d makes a token of %zu bytes, but at most %d are allowed", i, n,
                         MOST_BYTES);
    if (tren_pairs_find(&t->rank, m.left, m.right))
        return tren_fail(TREN_ERR_DATA, "merge %d occurs twice: of the tokens %d and %d", i, m.left,
                         m.right);
    return TREN_OK;
}

static size_t put_token(char *to, const tren_tokenizer *t, int token) {
    size_t n = t->first[token + 1] - t->first[token];
    memcpy(to, t->text + t->first[token], n);
    return n;
}

/* The text grows by doubling, token by token. */
static tren_status add_merge(tren_tokenizer *t, int i, size_t *room) {
    TREN_TRY(check_merge(t, i));
    size_t at = t->first[TREN_TOKEN_MERGE + i];
    if (at + MOST_BYTES > *room) {
        *room = 2 * (at + MOST_BYTES);
        TREN_TRY(tren_resize(&t->text, *room, 1, "the tokens' text"));
    }
    at += put_token(t->text + at, t, t->merge[i].left);
    at += put_token(t->text + at, t, t->merge[i].right);
    t->first[TREN_TOKEN_MERGE + i + 1] = at;
    return tren_pairs_add(&t->rank, t->merge[i].left, t->merge[i].right, i);
}

static tren_status fill(tren_tokenizer *t, const tren_merge *merge) {
    size_t n = (size_t)t->n_merges, room = MOST_BYTES;
    TREN_TRY(tren_alloc(&t->merge, n, sizeof *merge, "merges"));
    TREN_TRY(tren_alloc(&t->first, TREN_TOKEN_MERGE + n + 1, sizeof *t->first, "merges"));
    TREN_TRY(tren_alloc(&t->text, room, 1, "the tokens' text"));
    TREN_TRY(tren_pairs_open(&t->rank, n));
    if (n > 0) memcpy(t->merge, merge, n * sizeof *merge);
    for (int b = 0; b < 256; b++) {
        t->text[b] = (char)b;
        t->first[TREN_TOKEN_BYTE + b + 1] = (size_t)b + 1;
    }
    for (int i = 0; i < t->n_merges; i++) TREN_TRY(add_merge(t, i, &room));
    return TREN_OK;
}

tren_status tren_tokenizer_open(tren_tokenizer **tokenizer, const tren_merge *merge, int n) {
    *tokenizer = NULL;
    tren_tokenizer *t;
    TREN_TRY(tren_alloc(&t, 1, sizeof *t, "a tokenizer"));
    t->n_merges = n;
    tren_status st = fill(t, merge);
    if (st == TREN_OK)
        *tokenizer = t;
    else
        tren_tokenizer_close(t);
    return st;
}

void tren_tokenizer_close(tren_tokenizer *t) {
    if (!t) return;
    tren_pairs_close(&t->rank);
    free(t->merge);
    free(t->text);
    free(t->first);
    free(t);
}

int tren_tokenizer_vocabulary(const tren_tokenizer *t) {
    return TREN_TOKEN_MERGE + t->n_merges;
}

const tren_merge *tren_tokenizer_merges(const tren_tokenizer *t, int *n) {
    *n = t->n_merges;
    return t->merge;
}

uint64_t tren_tokenizer_digest(const tren_tokenizer *t) {
    return tren_digest(t->merge, (size_t)t->n_merges * sizeof *t->merge);
}

/* ---- encoding and decoding ------------------------------------------------------------------- */

/* The earliest merge that applies, or NULL. */
static const tren_pair *earliest(const tren_tokenizer *t, const int32_t *token, int n) {
    const tren_pair *best = NULL;
    for (int i = 0; i + 1 < n; i++) {
        const tren_pair *pair = tren_pairs_find(&t->rank, token[i], token[i + 1]);
        if (pair && (!best || pair->value < best->value)) best = pair;
    }
    return best;
}

static int encode_piece(const tren_tokenizer *t, int32_t *token, const char *text, int n) {
    const tren_pair *pair;
    for (int i = 0; i < n; i++) token[i] = TREN_TOKEN_BYTE + (unsigned char)text[i];
    while ((pair = earliest(t, token, n)))
        n = tren_pair_merge(token, n, (tren_merge){pair->left, pair->right},
                            TREN_TOKEN_MERGE + (int32_t)pair->value);
    return n;
}

size_t tren_tokenizer_encode(const tren_tokenizer *t, int32_t *token, const char *text, size_t n) {
    size_t have = 0;
    for (size_t at = 0, piece; at < n; at += piece) {
        piece = tren_text_piece(text + at, n - at);
        have += (size_t)encode_piece(t, token + have, text + at, (int)piece);
    }
    return have;
}

const char *tren_tokenizer_bytes(const tren_tokenizer *t, int32_t token, size_t *n) {
    *n = 0;
    if (token < TREN_TOKEN_BYTE || token >= tren_tokenizer_vocabulary(t)) return "";
    *n = t->first[token + 1] - t->first[token];
    return t->text + t->first[token];
}

size_t tren_tokenizer_decode(const tren_tokenizer *t, char *text, size_t room, const int32_t *token,
                             size_t n) {
    size_t all = 0;
    for (size_t i = 0; i < n; i++) {
        size_t bytes, left = all < room ? room - all : 0;
        const char *at = tren_tokenizer_bytes(t, token[i], &bytes);
        size_t here = bytes < left ? bytes : left;
        if (here > 0) memcpy(text + all, at, here);
        all += bytes;
    }
    return all;
}
