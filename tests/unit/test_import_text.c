/* Text, pairs and labeled texts: documents, windows, lengths, and errors with their line. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "data/schema.h"
#include "data/tokenizer.h"
#include "support/files.h"

TestSuite(import_text, .init = test_scratch_enter, .fini = test_scratch_leave);

#define OPTIONS(...) ((const char *const[]){"FILE", __VA_ARGS__, NULL})

static const tren_split whole = {.percent = {100, 0, 0}, .seed = 1};

static tren_dataset *made(const tren_source_kind *kind, const char *const *option,
                          const tren_split *split) {
    tren_source source;
    tren_dataset *dataset;
    cr_assert_eq(test_import(&source, kind, option), TREN_OK, "%s", tren_error_text());
    cr_assert_eq(tren_dataset_write("t.h5", &source, split, true), TREN_OK, "%s",
                 tren_error_text());
    tren_source_close(&source);
    cr_assert_eq(tren_dataset_open(&dataset, "t.h5"), TREN_OK, "%s", tren_error_text());
    return dataset;
}

static void expect_failure(const tren_source_kind *kind, const char *const *option,
                           const tren_split *split, tren_status code, const char *part) {
    tren_source source;
    tren_status st = test_import(&source, kind, option);
    if (st == TREN_OK) st = tren_dataset_write("t.h5", &source, split, true);
    test_expect_error(st, code, part);
    tren_source_close(&source);
}

/* The text of a part, window after window, without what two windows share. */
static char *text_of(const tren_dataset *dataset, tren_part part) {
    const tren_dataset_info *info = tren_dataset_info_of(dataset);
    tren_tokenizer *t;
    tren_rows rows;
    char *text = calloc(1 << 16, 1);
    size_t at = 0;
    cr_assert_eq(tren_tokenizer_open_of(&t, dataset), TREN_OK);
    cr_assert_eq(tren_rows_read(&rows, dataset, part, 0, info->rows[part]), TREN_OK);
    const tren_sequence *s = &rows.sequence[0];
    for (size_t i = 0; i < rows.n; i++) {
        const int32_t *token = s->token + i * (size_t)s->width;
        if (token[0] == TREN_TOKEN_BEGIN && at > 0) text[at++] = '|';
        size_t n = (size_t)tren_sequence_length(s, i);
        at += tren_tokenizer_decode(t, text + at, (1 << 16) - at, token + 1, n);
    }
    tren_rows_close(&rows);
    tren_tokenizer_close(t);
    return text;
}

static void expect_text(const tren_dataset *dataset, tren_part part, const char *want) {
    char *text = text_of(dataset, part);
    cr_assert_str_eq(text, want);
    free(text);
}

Test(import_text, windows_share_one_token_and_lose_none) {
    test_write_text("a.txt", "abcdefghij");
    tren_dataset *d = made(&tren_source_text, OPTIONS("a.txt", "tokens", "4"), &whole);
    const tren_dataset_info *info = tren_dataset_info_of(d);
    cr_assert(info->vocabulary == TREN_TOKEN_MERGE && info->n_classes == info->vocabulary);
    cr_assert(info->tokens[0] == 4 && info->tokens[1] == 0 && info->label_axis == 1);
    cr_assert_eq(info->rows[TREN_TRAIN], 3, "11 predictions in windows of 4");
    tren_rows rows;
    cr_assert_eq(tren_rows_read(&rows, d, TREN_TRAIN, 0, 3), TREN_OK);
    const tren_sequence *s = &rows.sequence[0];
    const int a = TREN_TOKEN_BYTE + 'a';
    const int32_t want[] = {TREN_TOKEN_BEGIN,
                            a,
                            a + 1,
                            a + 2,
                            a + 3,
                            a + 3,
                            a + 4,
                            a + 5,
                            a + 6,
                            a + 7,
                            a + 7,
                            a + 8,
                            a + 9,
                            TREN_TOKEN_END,
                            TREN_TOKEN_PAD};
    cr_assert_eq(s->width, 5);
    cr_assert_arr_eq(s->token, want, sizeof want);
    cr_assert(s->length[0] == 5 && s->length[1] == 5 && s->length[2] == 4);
    int32_t token[8], label[8];
    int length[2];
    cr_assert_eq(tren_sequence_fetch(token, length, s, (uint32_t[]){2, 0}, 2), 7);
    cr_assert(length[0] == 3 && length[1] == 4);
    cr_assert_eq(tren_sequence_fetch_next(label, s, (uint32_t[]){2, 0}, 2), 7);
    cr_assert_arr_eq(token, ((int32_t[]){a + 7, a + 8, a + 9, TREN_TOKEN_BEGIN, a, a + 1, a + 2}),
                     7 * sizeof *token);
    cr_assert_arr_eq(label, ((int32_t[]){a + 8, a + 9, TREN_TOKEN_END, a, a + 1, a + 2, a + 3}),
                     7 * sizeof *label);
    tren_rows_close(&rows);
    expect_text(d, TREN_TRAIN, "abcdefghij");
    tren_dataset_close(d);
}

Test(import_text, a_single_document_is_cut_at_ends_of_lines) {
    tren_split split = {.percent = {50, 25, 25}, .seed = 1, .shuffle = true};
    test_write_text("a.txt", "\xEF\xBB\xBFone one\ntwo two\nthree three\nfour\nfive\nsix\n");
    tren_dataset *d = made(&tren_source_text, OPTIONS("a.txt", "tokens", "3"), &split);
    expect_text(d, TREN_TRAIN, "one one\ntwo two\n");
    expect_text(d, TREN_VALIDATION, "three three\nfour\n");
    expect_text(d, TREN_TEST, "five\nsix\n");
    tren_dataset_close(d);
}

Test(import_text, documents_are_never_in_two_parts) {
    static const char *const by[] = {"form-feeds", "blank-lines", "lines"};
    static const char *const separator[] = {"\f", "\n \n\n", "\n"};
    tren_split split = {.percent = {60, 20, 20}, .seed = 3, .shuffle = true};
    for (int k = 0; k < 3; k++) {
        char text[4096] = "", all[4096] = "";
        for (int i = 0; i < 40; i++)
            sprintf(text + strlen(text), "document %d %.*s%s", i, i % 7, "xxxxxxx", separator[k]);
        test_write_text("a.txt", text);
        tren_dataset *d =
            made(&tren_source_text, OPTIONS("a.txt", "tokens", "5", "documents", by[k]), &split);
        for (int part = 0; part < TREN_N_PARTS; part++) {
            char *here = text_of(d, (tren_part)part);
            strcat(strcat(all, here), "|");
            free(here);
        }
        for (int i = 0; i < 40; i++) {
            char one[64];
            sprintf(one, "document %d %.*s", i, i % 7, "xxxxxxx");
            char *at = strstr(all, one);
            cr_assert(at && (at[strlen(one)] == '|' || at[strlen(one)] == '\n'), "%s: %s in %s",
                      by[k], one, all);
        }
        tren_dataset_close(d);
    }
}

Test(import_text, line_ends_of_windows) {
    static const char *const by[] = {"lines", "files", "form-feeds", "blank-lines"};
    for (int k = 0; k < 4; k++) {
        tren_source source;
        test_write_text("a.txt", "one\r\ntwo\r\n\r\nthree\r\n\ffour\rs\r");
        cr_assert_eq(test_import(&source, &tren_source_text,
                                 OPTIONS("a.txt", "tokens", "2", "documents", by[k])),
                     TREN_OK);
        cr_assert_eq(strstr(source.notes, "a.txt: has line ends of Windows") != NULL, k > 0);
        tren_source_close(&source);
    }
    tren_dataset *d =
        made(&tren_source_text, OPTIONS("a.txt", "tokens", "2", "documents", "lines"), &whole);
    expect_text(d, TREN_TRAIN, "one|two|three|\ffour\rs");
    tren_dataset_close(d);
}

Test(import_text, a_document_goes_where_its_middle_lies) {
    tren_split split = {.percent = {60, 10, 30}, .seed = 1};
    char text[128];
    sprintf(text, "%050d\n%016d\n%04d\n%030d\n", 1, 2, 3, 4);
    test_write_text("a.txt", text);
    tren_dataset *d =
        made(&tren_source_text, OPTIONS("a.txt", "tokens", "9", "documents", "lines"), &split);
    expect_text(d, TREN_VALIDATION, "0003");
    sprintf(text, "%030d", 4);
    expect_text(d, TREN_TEST, text);
    tren_dataset_close(d);
}

Test(import_text, merges_come_of_the_training_part_alone) {
    tren_split split = {.percent = {50, 25, 25}, .seed = 1};
    test_write_text("a.txt", "ababab\nababab\nab\nzyzyzyzyzyzy\nzyzyzy\n");
    tren_dataset *d =
        made(&tren_source_text, OPTIONS("a.txt", "tokens", "3", "vocabulary", "261"), &split);
    tren_tokenizer *t;
    int32_t token[8];
    cr_assert_eq(tren_tokenizer_open_of(&t, d), TREN_OK);
    cr_assert_eq(tren_tokenizer_encode(t, token, "abab", 4), 1, "ab, then abab");
    cr_assert_eq(tren_tokenizer_encode(t, token, "zyzy", 4), 4, "no merge of the test part");
    tren_tokenizer_close(t);
    tren_dataset_close(d);
}

Test(import_text, pairs_have_lengths_and_targets_begin_and_end) {
    test_write_text("de", "ein Haus\r\nja\n");
    test_write_text("en", "a house\nyes, of course\n");
    tren_source source;
    test_write_text("p.tsv", "ein Haus\ta house\nja\tyes, of course\n");
    tren_dataset *d = made(&tren_source_pairs, OPTIONS("p.tsv"), &whole);
    const tren_dataset_info *info = tren_dataset_info_of(d);
    cr_assert(info->tokens[0] == 8 && info->tokens[1] == 15 && info->label_axis == 2);
    tren_rows rows;
    cr_assert_eq(tren_rows_read(&rows, d, TREN_TRAIN, 0, 2), TREN_OK);
    const tren_sequence *x = &rows.sequence[0], *y = &rows.sequence[1];
    cr_assert(x->width == 8 && y->width == 16 && !x->labeled && y->labeled);
    cr_assert(x->length[0] == 8 && x->length[1] == 2 && y->length[0] == 9 && y->length[1] == 16);
    cr_assert_eq(x->token[8], TREN_TOKEN_BYTE + 'j');
    cr_assert(y->token[0] == TREN_TOKEN_BEGIN && y->token[8] == TREN_TOKEN_END &&
              y->token[9] == TREN_TOKEN_PAD);
    tren_rows_close(&rows);
    uint64_t digest = info->digest;
    tren_dataset_close(d);
    cr_assert_eq(test_import(&source, &tren_source_pairs, OPTIONS("gone")), TREN_ERR_DATA);
    tren_source_close(&source);
    cr_assert_neq(digest, 0);
}

Test(import_text, long_rows_are_an_error_or_left_out) {
    test_write_text("p.tsv", "a\tb\nlonger\tc\nd\te\n");
    expect_failure(&tren_source_pairs, OPTIONS("p.tsv", "tokens", "3"), &whole, TREN_ERR_DATA,
                   "p.tsv:2: has 6 tokens, more than --tokens 3");
    tren_dataset *d =
        made(&tren_source_pairs, OPTIONS("p.tsv", "tokens", "3", "long", "skip"), &whole);
    const tren_dataset_info *info = tren_dataset_info_of(d);
    cr_assert(info->rows[TREN_TRAIN] == 2 && info->tokens[0] == 3 && info->tokens[1] == 4);
    tren_dataset_close(d);
}

Test(import_text, rows_that_are_not_taken_do_not_widen_the_others) {
    tren_split split = {.percent = {100, 0, 0}, .seed = 1, .take = 2};
    test_write_text("p.tsv", "a\tb\nlonger and longer\tand longer\nd\te\nf\tg\n");
    for (split.seed = 1; split.seed <= 8; split.seed++) {
        tren_dataset *d = made(&tren_source_pairs, OPTIONS("p.tsv"), &split);
        const tren_dataset_info *info = tren_dataset_info_of(d);
        tren_rows rows;
        cr_assert_eq(tren_rows_read(&rows, d, TREN_TRAIN, 0, 2), TREN_OK);
        const tren_sequence *s = &rows.sequence[0];
        bool has_long = s->length[0] > 1 || s->length[1] > 1;
        cr_assert(info->tokens[0] == (has_long ? 17 : 1) && info->tokens[1] == (has_long ? 11 : 2));
        tren_rows_close(&rows);
        tren_dataset_close(d);
    }
}

Test(import_text, labeled_texts_have_classes) {
    test_write_text("l.tsv", "good\tI like it\nbad\tno\ngood\tfine\n");
    tren_dataset *d = made(&tren_source_labeled, OPTIONS("l.tsv"), &whole);
    const tren_dataset_info *info = tren_dataset_info_of(d);
    cr_assert(info->n_classes == 2 && info->label_axis == 0 && info->tokens[0] == 9);
    cr_assert_str_eq(info->class_name[0], "bad");
    tren_rows rows;
    cr_assert_eq(tren_rows_read(&rows, d, TREN_TRAIN, 0, 3), TREN_OK);
    cr_assert(rows.label[0] == 1 && rows.label[1] == 0 && rows.label[2] == 1);
    cr_assert_eq(rows.sequence[0].length[1], 2);
    tren_rows_close(&rows);
    tren_dataset_close(d);
}

Test(import_text, impossible_texts_are_refused) {
    static const tren_split parts = {.percent = {80, 10, 10}, .seed = 1, .shuffle = true};
    test_write_text("a.txt", "abc def\nabc def\nabc def\n");
    expect_failure(&tren_source_text, OPTIONS("a.txt"), &whole, TREN_ERR_USAGE,
                   "--tokens is missing");
    expect_failure(&tren_source_text, OPTIONS("a.txt", "tokens", "50"), &whole, TREN_ERR_USAGE,
                   "the longest document of the training part has 26 tokens, including begin and "
                   "end; give at most 25");
    expect_failure(&tren_source_text, OPTIONS("a.txt", "tokens", "4", "vocabulary", "258"), &whole,
                   TREN_ERR_USAGE, "--vocabulary 258: 256 bytes and 3 special tokens need 259");
    expect_failure(&tren_source_text, OPTIONS("a.txt", "tokens", "4", "vocabulary", "999"), &whole,
                   TREN_ERR_USAGE, "give at most 264, or more text");
    test_write_text("b.txt", "abc\nd\xff\xff");
    expect_failure(&tren_source_text, OPTIONS("b.txt", "tokens", "4"), &whole, TREN_ERR_DATA,
                   "b.txt:2: byte 2 of the line is 0xff, which begins no character of UTF-8");
    test_write("c.txt", "abc\0d", 5);
    expect_failure(&tren_source_text, OPTIONS("c.txt", "tokens", "4"), &whole, TREN_ERR_DATA,
                   "c.txt:1: byte 4 of the line is 0x00, which does not occur in text");
    test_write_text("d.txt", "one two three\fsmall");
    expect_failure(&tren_source_text, OPTIONS("d.txt", "tokens", "4", "documents", "form-feeds"),
                   &parts, TREN_ERR_USAGE,
                   "would be empty: the 2 documents are never cut: join the files");
}

static void expect_note(const char *text, const char *part) {
    tren_source source;
    test_write_text("n.tsv", text);
    cr_assert_eq(test_import(&source, &tren_source_labeled, OPTIONS("n.tsv")), TREN_OK);
    if (part)
        cr_assert(strstr(source.notes, part), "'%s' lacks '%s'", source.notes, part);
    else
        cr_assert_str_eq(source.notes, "");
    tren_source_close(&source);
}

Test(import_text, labels_that_look_like_something_else_are_noted) {
    char swapped[512] = "", heading[512] = "label\ttext\n", plain[512] = "", real_ones[512] = "";
    for (int i = 0; i < 10; i++) {
        sprintf(swapped + strlen(swapped), "text %d\tclass %d\n", i, i % 2);
        sprintf(heading + strlen(heading), "class %d\ttext %d\n", i % 2, i);
        sprintf(plain + strlen(plain), "class %d\ttext %d\n", i % 2, i);
        sprintf(real_ones + strlen(real_ones), "%d.5\ttext %d\n", i % 2, i);
    }
    expect_note(plain, NULL);
    expect_note(swapped, "n.tsv: its 10 lines have 10 different labels; a line is a label, a tab "
                         "and a text, in this order: are they swapped?");
    expect_note(heading,
                "n.tsv:1: the label 'label' occurs in no other line; if this line contains "
                "column headings, remove it");
    expect_note(real_ones, "used as a class; targets need rows of numbers");
}
