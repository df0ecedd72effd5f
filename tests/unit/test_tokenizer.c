/* Tokens and merges: against merges.py, which does the same naively, and there and back. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "data/tokenizer.h"
#include "support/files.h"
#include "support/net.h"

#define REFERENCE TREN_TEST_DIR "/reference/"
enum { MERGES = 400 };

/* What merges.py has found: merges, and the tokens of the text. */
typedef struct expected {
    tren_merge merge[MERGES];
    int32_t token[4096];
    int n_merges;
    size_t n;
} expected;

static void read_expected(expected *e) {
    FILE *file = fopen(REFERENCE "merges.expected", "r");
    char word[16];
    cr_assert_not_null(file);
    *e = (expected){0};
    while (fscanf(file, "%d %d", &e->merge[e->n_merges].left, &e->merge[e->n_merges].right) == 2)
        e->n_merges++;
    cr_assert(fscanf(file, "%15s", word) == 1 && strcmp(word, "tokens") == 0);
    while (fscanf(file, "%d", &e->token[e->n]) == 1) e->n++;
    fclose(file);
}

static unsigned char *read_text(size_t *n) {
    return test_read(REFERENCE "merges.txt", n);
}

Test(tokenizer, merges_are_those_of_the_naive_way) {
    static expected e;
    static tren_merge merge[MERGES + 1000];
    size_t n;
    int found;
    read_expected(&e);
    unsigned char *text = read_text(&n);
    tren_bytes all = {(const char *)text, n};
    cr_assert_eq(tren_merges_find(merge, &found, MERGES, &all, 1), TREN_OK);
    cr_assert_eq(found, e.n_merges);
    for (int i = 0; i < found; i++)
        cr_assert(merge[i].left == e.merge[i].left && merge[i].right == e.merge[i].right,
                  "merge %d is %d %d, expected %d %d", i, merge[i].left, merge[i].right,
                  e.merge[i].left, e.merge[i].right);
    cr_assert_eq(tren_merges_find(merge, &found, MERGES + 1000, &all, 1), TREN_OK);
    cr_assert(found >= e.n_merges && found < MERGES + 1000, "no pair stands twice after %d", found);
    free(text);
}

Test(tokenizer, text_becomes_the_tokens_of_the_naive_way) {
    static expected e;
    static int32_t token[4096];
    tren_tokenizer *t;
    size_t n;
    read_expected(&e);
    unsigned char *text = read_text(&n);
    cr_assert_eq(tren_tokenizer_open(&t, e.merge, e.n_merges), TREN_OK);
    cr_assert_eq(tren_tokenizer_vocabulary(t), TREN_TOKEN_MERGE + e.n_merges);
    cr_assert_eq(tren_tokenizer_encode(t, token, (char *)text, n), e.n);
    cr_assert_arr_eq(token, e.token, e.n * sizeof *token);
    tren_tokenizer_close(t);
    free(text);
}

static void expect_round_trip(const tren_tokenizer *t, const char *text, size_t n) {
    static int32_t token[4096];
    static char back[4096];
    size_t tokens = tren_tokenizer_encode(t, token, text, n);
    cr_assert_leq(tokens, n);
    cr_assert_eq(tren_tokenizer_decode(t, back, sizeof back, token, tokens), n);
    cr_assert_arr_eq(back, text, n);
}

Test(tokenizer, any_bytes_go_there_and_back) {
    static expected e;
    static char text[2048];
    tren_tokenizer *t;
    read_expected(&e);
    for (int merges = 0; merges <= e.n_merges; merges += e.n_merges) {
        cr_assert_eq(tren_tokenizer_open(&t, e.merge, merges), TREN_OK);
        for (uint32_t trial = 0; trial < 50; trial++) {
            size_t n = (size_t)test_pick(1, trial, 0, sizeof text);
            int most = trial % 3 == 0 ? 255 : trial % 3 == 1 ? 'z' : ' ' + 1;
            for (size_t i = 0; i < n; i++)
                text[i] = (char)test_pick(2 + trial, (uint32_t)i, most < 64 ? 9 : 0, most);
            expect_round_trip(t, text, n);
        }
        tren_tokenizer_close(t);
    }
}

Test(tokenizer, special_tokens_are_no_text_and_room_is_kept) {
    tren_tokenizer *t;
    char text[8] = "........";
    const int32_t token[] = {TREN_TOKEN_BEGIN, TREN_TOKEN_BYTE + 'a', 259,   -1, TREN_TOKEN_PAD,
                             TREN_TOKEN_END,   TREN_TOKEN_BYTE + 'd', 100000};
    cr_assert_eq(
        tren_tokenizer_open(&t, &(tren_merge){TREN_TOKEN_BYTE + 'b', TREN_TOKEN_BYTE + 'c'}, 1),
        TREN_OK);
    cr_assert_eq(tren_tokenizer_decode(t, text, 8, token, 8), 4);
    cr_assert_arr_eq(text, "abcd....", 8);
    memset(text, '.', 8);
    cr_assert_eq(tren_tokenizer_decode(t, text, 2, token, 8), 4);
    cr_assert_arr_eq(text, "ab......", 8);
    cr_assert_eq(tren_tokenizer_decode(t, NULL, 0, token, 8), 4);
    tren_tokenizer_close(t);
}

Test(tokenizer, impossible_merges_are_refused) {
    tren_tokenizer *t;
    test_expect_error(tren_tokenizer_open(&t, &(tren_merge){2, 10}, 1), TREN_ERR_DATA,
                      "merge 0 joins the tokens 2 and 10, expected tokens from 3 to 258");
    test_expect_error(tren_tokenizer_open(&t, &(tren_merge){10, 259}, 1), TREN_ERR_DATA,
                      "merge 0 joins the tokens 10 and 259");
    test_expect_error(tren_tokenizer_open(&t, (tren_merge[]){{10, 11}, {10, 11}}, 2), TREN_ERR_DATA,
                      "merge 1 occurs twice");
    tren_merge doubling[30];
    for (int i = 0; i < 30; i++) doubling[i] = (tren_merge){i ? 258 + i : 70, i ? 258 + i : 70};
    test_expect_error(tren_tokenizer_open(&t, doubling, 30), TREN_ERR_DATA,
                      "merge 20 makes a token of 2097152 bytes");
    cr_assert_null(t);
}

Test(tokenizer, pieces_hold_to_their_rule) {
    static const struct {
        const char *text;
        size_t n;
    } piece[] = {{"word 12", 4},
                 {" word", 5},
                 {"  word", 1},
                 {"\n word", 1},
                 {"12ab", 2},
                 {" 12,", 3},
                 {"...a", 3},
                 {" \n", 2},
                 {" ", 1},
                 {"\t\tx", 2},
                 {"\xc3\xa4x1", 3},
                 {"a\xc3\xa4 ", 3},
                 {"a\xe2\x80\x9c", 1},
                 {"\xe2\x80\x9e"
                  "a",
                  3},
                 {" \xe2\x80\x93 a", 4},
                 {"1\xc2\xa0"
                  "2",
                  1},
                 {"\xc2\xa0,1", 3},
                 {"\xe3\x80\x82\xe4\xbd\xa0", 3},
                 {"a\xe2\x80\x8d"
                  "b",
                  5},
                 {"\xe2\x82\xac"
                  "a",
                  4},
                 {"a\xe2\x80", 3}};
    for (size_t i = 0; i < sizeof piece / sizeof *piece; i++)
        cr_assert_eq(tren_text_piece(piece[i].text, strlen(piece[i].text)), piece[i].n, "'%s'",
                     piece[i].text);
    char long_one[200];
    memset(long_one, 'x', sizeof long_one);
    cr_assert_eq(tren_text_piece(long_one, sizeof long_one), TREN_PIECE_BYTES);
    for (size_t lead = 0; lead < 4; lead++) { /* characters of three bytes behind so many letters */
        for (size_t i = lead; i < sizeof long_one; i++)
            long_one[i] = "\xe4\xbd\xa0"[(i - lead) % 3];
        cr_assert_eq(tren_text_piece(long_one, sizeof long_one), lead + (64 - lead) / 3 * 3);
    }
    memset(long_one, 0x80, sizeof long_one);
    cr_assert_eq(tren_text_piece(long_one, sizeof long_one), TREN_PIECE_BYTES);
}

/* Where the whole run was looked at for each piece, this took minutes. */
Test(tokenizer, a_long_run_takes_time_by_its_length, .timeout = 20) {
    enum { LONG = 8 << 20 };
    static char text[LONG];
    static int32_t token[LONG];
    tren_tokenizer *t;
    const char *const kind[] = {"x", " ", "7", ".", "ACGT"};
    cr_assert_eq(tren_tokenizer_open(&t, NULL, 0), TREN_OK);
    for (int k = 0; k < 5; k++) {
        for (size_t i = 0; i < LONG; i++) text[i] = kind[k][i % strlen(kind[k])];
        cr_assert_eq(tren_tokenizer_encode(t, token, text, LONG), LONG);
    }
    tren_tokenizer_close(t);
}
