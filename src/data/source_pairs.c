/* Two texts line by line: a source and its target, or a label and a text. */
#include "data/corpus.h"
#include <stdlib.h>
#include <string.h>

enum { LONG_ERROR, LONG_SKIP };
static const char *const long_choices[] = {"error", "skip", NULL};

typedef struct settings {
    tren_texts file, test;
    const char *tokenizer;
    int tokens, vocabulary, too_long;
    bool unlabeled;
} settings;

/* A file on its way: what is left of it, and the next line's number. */
typedef struct reader {
    const char *path;
    tren_bytes left;
    size_t line;
} reader;

static bool next_line(tren_bytes *line, reader *r) {
    r->line++;
    return tren_text_line(line, &r->left);
}

static bool is_blank(tren_bytes text) {
    for (size_t i = 0; i < text.n; i++)
        if (text.at[i] != ' ' && (text.at[i] < '\t' || text.at[i] > '\r')) return false;
    return true;
}

static tren_status empty(const reader *r, const char *what, const char *remove) {
    return tren_fail(TREN_ERR_DATA, "%s:%zu: %s is empty; %s", r->path, r->line, what, remove);
}

/* ---- two files ------------------------------------------------------------------------------- */

static size_t count_lines(reader r) {
    tren_bytes line;
    size_t n = 0;
    while (next_line(&line, &r)) n++;
    return n;
}

static tren_status add_lines(tren_corpus *c, reader *a, reader *b) {
    tren_bytes text[2];
    size_t n = count_lines(*a), m = count_lines(*b);
    if (n != m)
        return tren_fail(TREN_ERR_DATA,
                         "%s has %zu lines, but %s has %zu; the files belong together line by "
                         "line: give two files of the same length",
                         a->path, n, b->path, m);
    while (next_line(&text[0], a) && next_line(&text[1], b)) {
        const reader *r[] = {a, b};
        for (int k = 0; k < 2; k++)
            if (is_blank(text[k]))
                return empty(r[k], "the line", "fill it, or remove the line and its partner");
        tren_text_place place[] = {{a->path, a->line}, {b->path, b->line}};
        TREN_TRY(tren_corpus_add(c, text, place));
    }
    return TREN_OK;
}

/* ---- one file with a tab in each line -------------------------------------------------------- */

/* What a line has, and what is before its tab. */
static const char *const form_of[] = {[TREN_CORPUS_PAIRS] = "two texts with one tab between them",
                                      [TREN_CORPUS_LABELED] = "a label, a tab and a text"};
static const char *const field_of[] = {[TREN_CORPUS_PAIRS] = "the text before the tab",
                                       [TREN_CORPUS_LABELED] = "the label before the tab"};

static size_t tabs_in(tren_bytes line) {
    size_t tabs = 0;
    for (size_t i = 0; i < line.n; i++) tabs += line.at[i] == '\t';
    return tabs;
}

static tren_status split_line(tren_bytes field[2], tren_bytes line, const reader *r,
                              tren_corpus_kind kind) {
    size_t tabs = tabs_in(line);
    if (tabs == 0 && is_blank(line)) return empty(r, "the line", "remove it");
    if (tabs != 1)
        return tren_fail(TREN_ERR_DATA, "%s:%zu: has %zu tabs; make the line %s", r->path, r->line,
                         tabs, form_of[kind]);
    size_t n = (size_t)((const char *)memchr(line.at, '\t', line.n) - line.at);
    field[0] = (tren_bytes){line.at, n};
    field[1] = (tren_bytes){line.at + n + 1, line.n - n - 1};
    for (int k = 0; k < 2; k++)
        if (is_blank(field[k]))
            return empty(r, k ? "the text after the tab" : field_of[kind],
                         "fill it, or remove the line");
    return TREN_OK;
}

static tren_status add_fields(tren_corpus *c, reader *r) {
    tren_bytes line, field[2];
    while (next_line(&line, r)) {
        TREN_TRY(split_line(field, line, r, c->kind));
        tren_text_place place[] = {{r->path, r->line}, {r->path, r->line}};
        TREN_TRY(tren_corpus_add(c, field, place));
    }
    return TREN_OK;
}

/* ---- one file with a text in each line ---------------------------------------------------------
 */

static tren_status add_texts(tren_corpus *c, reader *r) {
    tren_bytes line;
    while (next_line(&line, r)) {
        size_t tabs = tabs_in(line);
        if (is_blank(line)) return empty(r, "the line", "fill it, or remove it");
        if (tabs > 0)
            return tren_fail(TREN_ERR_DATA,
                             "%s:%zu: has %zu tab%s; with --unlabeled a line contains only a text "
                             "('cut -f 2 OLD >NEW' removes the labels)",
                             r->path, r->line, tabs, tabs == 1 ? "" : "s");
        tren_text_place place = {r->path, r->line};
        TREN_TRY(tren_corpus_add(c, &line, &place));
    }
    return TREN_OK;
}

/* ---- reading --------------------------------------------------------------------------------- */

static tren_status open_file(reader *r, tren_source *source, char **memory, const char *path,
                             tren_digest_state *digest) {
    size_t n;
    TREN_TRY(tren_text_read(memory, 0, &n, path, digest));
    *r = (reader){.path = path, .left = {*memory, n}};
    tren_source_add_file(source, path);
    if (n > 0) return TREN_OK;
    return tren_fail(TREN_ERR_DATA, "%s: is empty; give a file with lines of text", path);
}

/* The rows of one file, or of two side by side. */
static tren_status read_rows(tren_source *source, const tren_texts *file, char **memory,
                             tren_digest_state *digest) {
    reader r[2];
    for (int k = 0; k < file->n; k++)
        TREN_TRY(open_file(&r[k], source, &memory[k], file->at[k], digest));
    if (source->corpus->n_columns == 1) return add_texts(source->corpus, &r[0]);
    return file->n == 2 ? add_lines(source->corpus, &r[0], &r[1])
                        : add_fields(source->corpus, &r[0]);
}

static tren_status read_all(tren_source *source, const settings *s, tren_digest_state *digest) {
    tren_corpus *c = source->corpus;
    TREN_TRY(read_rows(source, &s->file, c->memory, digest));
    source->n = c->n;
    if (s->test.n > 0) TREN_TRY(read_rows(source, &s->test, c->memory + 2, digest));
    source->n_test = c->n - source->n;
    return TREN_OK;
}

static tren_status open_and_read(tren_source *source, const settings *s, tren_corpus_kind kind) {
    tren_digest_state *digest;
    if (s->too_long == LONG_SKIP && s->tokens == 0 && !s->tokenizer)
        return tren_fail(TREN_ERR_USAGE,
                         "--long: skip, but without --tokens the longest text fits; "
                         "give --tokens, or remove --long");
    TREN_TRY(tren_corpus_open(source, kind));
    source->corpus->tokens = s->tokens;
    source->corpus->vocabulary = s->vocabulary;
    source->corpus->tokenizer = s->tokenizer;
    if (s->unlabeled) source->corpus->n_columns = 1;
    source->corpus->skip_long = s->too_long == LONG_SKIP;
    source->n_targets = 1;
    TREN_TRY(tren_digest_open(&digest));
    tren_source_add_origin(source, tren_corpus_layout[kind]);
    tren_status st = read_all(source, s, digest);
    source->digest = tren_digest_value(digest);
    tren_digest_close(digest);
    return st;
}

static tren_status check_files(const char *option, const tren_texts *file, int most) {
    if (file->n <= most) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE, "%s: %d files; give %s", option, file->n,
                     most == 2 ? "the source and the target, or one file with a tab in each line"
                               : "one file with a label, a tab and a text in each line");
}

static tren_status read_pairs(tren_source *source, const void *from, uint64_t seed) {
    const settings *s = from;
    (void)seed;
    TREN_TRY(check_files("FILE", &s->file, 2));
    TREN_TRY(check_files("--test", &s->test, 2));
    return open_and_read(source, s, TREN_CORPUS_PAIRS);
}

/* ---- labels ---------------------------------------------------------------------------------- */

enum { FEW_ROWS = 8 }; /* so few may well all differ */

static bool stands_again(char *const *label, size_t n, size_t first_test) {
    for (size_t i = 1; i < n; i++)
        if (i != first_test && strcmp(label[i], label[0]) == 0) return true;
    return false;
}

/* Columns that are swapped, and a line of headings, make classes like any others. */
static void note_odd_labels(tren_source *source, char *const *label, const char *path) {
    size_t n = tren_source_rows(source), classes = (size_t)source->n_classes;
    if (n < FEW_ROWS) return;
    if (2 * classes > n)
        tren_source_note(source,
                         "%s: its %zu lines have %zu different labels; a line is %s, in this "
                         "order: are they swapped?",
                         path, n, classes, form_of[TREN_CORPUS_LABELED]);
    else if (!stands_again(label, n, source->n))
        tren_source_note(source,
                         "%s:1: the label '%.60s' occurs in no other line; if this line contains "
                         "column headings, remove it",
                         path, label[0]);
}

/* The corpus keeps the field behind the tab; labels are before it. */
static tren_status take_labels(tren_source *source, const char *what) {
    tren_corpus *c = source->corpus;
    char **label = NULL;
    tren_status st;
    TREN_GOTO(tren_alloc(&label, c->n, sizeof *label, "labels"));
    for (size_t i = 0; i < c->n; i++) {
        tren_bytes text = c->text[2 * i];
        if (!(label[i] = strndup(text.at, text.n))) TREN_GOTO(tren_fail_memory(0, "labels"));
    }
    TREN_GOTO(tren_source_set_text_labels(source, label, what));
    note_odd_labels(source, label, what);
    for (size_t i = 0; i < c->n; i++) {
        c->text[i] = c->text[2 * i + 1];
        c->place[i] = c->place[2 * i + 1];
    }
    c->n_columns = 1;
done:
    for (size_t i = 0; label && i < c->n; i++) free(label[i]);
    free(label);
    return st;
}

static tren_status check_unlabeled(const settings *s) {
    if (!s->unlabeled || (s->test.n == 0 && s->vocabulary == 0)) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "--unlabeled imports rows to predict, all as the test part, with the tokens "
                     "of the training: remove %s%s",
                     s->test.n > 0 ? "--test" : "--vocabulary",
                     s->test.n > 0 ? "" : ", and give its dataset with --tokenizer");
}

static tren_status read_labeled(tren_source *source, const void *from, uint64_t seed) {
    const settings *s = from;
    (void)seed;
    TREN_TRY(check_files("FILE", &s->file, 1));
    TREN_TRY(check_files("--test", &s->test, 1));
    TREN_TRY(check_unlabeled(s));
    TREN_TRY(open_and_read(source, s, TREN_CORPUS_LABELED));
    if (!s->unlabeled) return take_labels(source, s->file.at[0]);
    tren_source_set_unlabeled(source);
    return TREN_OK;
}

#define SETTINGS(file_help)                                                                        \
    {"FILE",           TREN_SETTING_TEXTS, offsetof(settings, file), NULL, .help = (file_help),    \
     .required = true, .is_file = true},                                                           \
        {"test",                                                                                   \
         TREN_SETTING_TEXTS,                                                                       \
         offsetof(settings, test),                                                                 \
         "FILE[,FILE]",                                                                            \
         .help = "Test part of the source, in the same format.",                                   \
         .is_file = true},                                                                         \
        {"tokens",                                                                                 \
         TREN_SETTING_INT,                                                                         \
         offsetof(settings, tokens),                                                               \
         "T",                                                                                      \
         .help = "Maximum number of tokens of a text, without begin and end; default: the length " \
                 "of the longest text.",                                                           \
         .min = 1,                                                                                 \
         .max = 1 << 20},                                                                          \
        {"long",                                                                                   \
         TREN_SETTING_CHOICE,                                                                      \
         offsetof(settings, too_long),                                                             \
         "error|skip",                                                                             \
         .help = "What to do with a row whose text is longer.",                                    \
         .choices = long_choices},                                                                 \
        {"vocabulary",                                                                             \
         TREN_SETTING_INT,                                                                         \
         offsetof(settings, vocabulary),                                                           \
         "N",                                                                                      \
         .help = "Join frequent pairs of bytes until there are N tokens (byte-pair encoding of "   \
                 "the training part); default: each byte is a token.",                             \
         .min = 1,                                                                                 \
         .max = 1 << 20},                                                                          \
        TREN_TOKENIZER_SETTING(settings)

static const tren_setting pairs_setting[] = {
    SETTINGS("Source and target, line by line; or one file with a tab in each line.")};
static const tren_setting labeled_setting[] = {
    SETTINGS("File with a label, a tab and a text in each line."),
    {"unlabeled", TREN_SETTING_FLAG, offsetof(settings, unlabeled), NULL,
     .help = "Import texts to predict: each line is a text, and all go to the test part."}};

static const tren_refusal pairs_without[] = {TREN_CORPUS_WITHOUT,
                                             {"stratify", "pairs of texts have no classes"},
                                             {"class-names", "pairs of texts have no classes"},
                                             {0}};
static const tren_refusal labeled_without[] = {TREN_CORPUS_WITHOUT, {0}};

const tren_source_kind tren_source_pairs = {
    .name = "pairs",
    .summary = "pairs of texts, line by line, to learn to translate one into the other",
    .setting = pairs_setting,
    .n_settings = TREN_SETTING_COUNT(pairs_setting),
    .without = pairs_without,
    .settings_size = sizeof(settings),
    .read = read_pairs};

const tren_source_kind tren_source_labeled = {
    .name = "labeled",
    .summary = "texts with one label each, to learn to classify them",
    .setting = labeled_setting,
    .n_settings = TREN_SETTING_COUNT(labeled_setting),
    .without = labeled_without,
    .settings_size = sizeof(settings),
    .read = read_labeled};
