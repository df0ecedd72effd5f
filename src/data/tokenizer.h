/* Private to data: what encoding and training merges share. */
#ifndef TREN_DATA_TOKENIZER_H
#define TREN_DATA_TOKENIZER_H

#include "tren/data.h"

enum { TREN_PIECE_BYTES = 64 };

/* The bytes of the piece that a text of n > 0 bytes begins with. */
size_t tren_text_piece(const char *text, size_t n);

/* Pairs of tokens with a number each: open addressing. */
typedef struct tren_pair {
    int32_t left, right;
    int64_t value;
} tren_pair;
typedef struct tren_pairs {
    tren_pair *at; /* [room] owned; left < 0: free */
    size_t room, n;
} tren_pairs;
tren_status tren_pairs_open(tren_pairs *pairs, size_t n); /* with room for n, more or less */
void tren_pairs_close(tren_pairs *pairs);                 /* accepts the empty value */
/* NULL: there is none. */
tren_pair *tren_pairs_find(const tren_pairs *pairs, int32_t left, int32_t right);
/* Adds to its number, which begins at 0. */
tren_status tren_pairs_add(tren_pairs *pairs, int32_t left, int32_t right, int64_t value);
/* token [n]: each pair left, right becomes `merged`, from left to right. Returns what is left of n.
 */
int tren_pair_merge(int32_t *token, int n, tren_merge merge, int32_t merged);

/* merge [most] <- the merges of n texts: again and again the pair that occurs most often in their
 * pieces, counted with overlaps; of equals the one with the smaller left token, then the smaller
 * right one. *found < most where no pair occurs twice any more. */
tren_status tren_merges_find(tren_merge *merge, int *found, int most, const tren_bytes *text,
                             size_t n);

#endif
