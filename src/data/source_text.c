/* Plain text, for models that predict each token from those before it. */
#include "data/corpus.h"
#include <stdlib.h>
#include <string.h>

enum { BY_FILES, BY_FORM_FEEDS, BY_BLANK_LINES, BY_LINES };
static const char *const document_choices[] = {"files", "form-feeds", "blank-lines", "lines", NULL};

typedef struct settings {
    tren_texts file;
    const char *tokenizer;
    int tokens, vocabulary, documents;
} settings;

/* What is left of a file, and the line that it begins at. */
typedef struct rest {
    tren_bytes bytes;
    tren_text_place place;
} rest;

static size_t lines_in(const char *text, size_t n) {
    size_t lines = 0;
    for (size_t i = 0; i < n; i++) lines += text[i] == '\n';
    return lines;
}

static void skip(rest *r, size_t n) {
    r->place.line += lines_in(r->bytes.at, n);
    r->bytes = (tren_bytes){r->bytes.at + n, r->bytes.n - n};
}

static bool is_blank(tren_bytes line) {
    for (size_t i = 0; i < line.n; i++)
        if (line.at[i] != ' ' && (line.at[i] < '\t' || line.at[i] > '\r')) return false;
    return true;
}

/* The bytes up to the first line, from the second on, that is blank. */
static size_t paragraph(tren_bytes left) {
    const char *begin = left.at;
    tren_bytes line;
    for (const char *at = begin; tren_text_line(&line, &left); at = left.at)
        if (is_blank(line)) return (size_t)(at - begin);
    return (size_t)(left.at - begin);
}

static size_t up_to(tren_bytes left, char end) {
    const char *at = memchr(left.at, end, left.n);
    return at ? (size_t)(at - left.at) : left.n;
}

/* The bytes of the next document, and of what separates it from the one behind. */
static size_t next_document(size_t *separator, tren_bytes left, int documents) {
    *separator = 0;
    if (documents == BY_FILES) return left.n;
    if (documents == BY_BLANK_LINES) return paragraph(left);
    size_t n = up_to(left, documents == BY_LINES ? '\n' : '\f');
    *separator = n < left.n;
    if (documents != BY_LINES || n == 0 || left.at[n - 1] != '\r') return n;
    ++*separator;
    return n - 1;
}

static tren_status add_documents(tren_corpus *c, rest left, int documents) {
    tren_bytes line;
    while (left.bytes.n > 0) {
        tren_bytes ahead = left.bytes;
        if (documents != BY_FILES && tren_text_line(&line, &ahead) && is_blank(line)) {
            skip(&left, (size_t)(ahead.at - left.bytes.at));
            continue;
        }
        size_t separator, n = next_document(&separator, left.bytes, documents);
        tren_bytes text = {left.bytes.at, n};
        if (!is_blank(text)) TREN_TRY(tren_corpus_add(c, &text, &left.place));
        skip(&left, n + separator);
    }
    return TREN_OK;
}

/* Documents of more than a line keep the ends of theirs as they are. */
static void note_line_ends(tren_source *source, rest file, int documents) {
    if (documents == BY_LINES || !memmem(file.bytes.at, file.bytes.n, "\r\n", 2)) return;
    tren_source_note(source,
                     "%s: has line ends of Windows, two bytes each, which are learned, too: 'sed "
                     "\"s/\\r$//\" OLD >NEW' makes a file without them",
                     file.place.path);
}

static tren_status read_files(tren_source *source, const settings *s, size_t *end,
                              tren_digest_state *digest) {
    tren_corpus *c = source->corpus;
    size_t have = 0, n;
    for (int i = 0; i < s->file.n; i++) {
        TREN_TRY(tren_text_read(&c->memory[0], have, &n, s->file.at[i], digest));
        if (n == 0)
            return tren_fail(TREN_ERR_DATA, "%s: is empty; give a file with text", s->file.at[i]);
        end[i] = have += n;
        tren_source_add_file(source, s->file.at[i]);
    }
    return TREN_OK;
}

static tren_status read_documents(tren_source *source, const settings *s,
                                  tren_digest_state *digest) {
    tren_corpus *c = source->corpus;
    size_t end[TREN_MAX_TEXTS], begin = 0;
    TREN_TRY(read_files(source, s, end, digest));
    for (int i = 0; i < s->file.n; begin = end[i++]) {
        rest file = {{c->memory[0] + begin, end[i] - begin}, {s->file.at[i], 1}};
        note_line_ends(source, file, s->documents);
        TREN_TRY(add_documents(c, file, s->documents));
    }
    if (c->n > 0) return TREN_OK;
    return tren_fail(TREN_ERR_DATA, "%s: has only white space; give a file with text",
                     s->file.at[0]);
}

static tren_status read(tren_source *source, const void *from, uint64_t seed) {
    const settings *s = from;
    (void)seed;
    if (s->tokens < 1)
        return tren_fail(TREN_ERR_USAGE, "--tokens is missing: give the number of tokens in a row");
    tren_digest_state *digest;
    TREN_TRY(tren_corpus_open(source, TREN_CORPUS_TEXT));
    source->corpus->tokens = s->tokens;
    source->corpus->vocabulary = s->vocabulary;
    source->corpus->tokenizer = s->tokenizer;
    TREN_TRY(tren_digest_open(&digest));
    tren_source_add_origin(source, "text");
    tren_status st = read_documents(source, s, digest);
    source->digest = tren_digest_value(digest);
    source->n = source->corpus->n;
    source->n_targets = 1;
    tren_digest_close(digest);
    return st;
}

static const char by_documents[] = "a text is split by documents, which have no classes";
static const tren_refusal without[] = {TREN_CORPUS_WITHOUT,
                                       {"stratify", by_documents},
                                       {"keep-test", by_documents},
                                       {"take", by_documents},
                                       {"class-names", "every token is a class"},
                                       {0}};

static const tren_setting setting[] = {
    {"FILE", TREN_SETTING_TEXTS, offsetof(settings, file), NULL,
     .help = "Text files in UTF-8, plain or gzipped.", .required = true, .is_file = true,
     .too_many = "join them ('cat A B >ALL'); with a form feed after each file, --documents "
                 "form-feeds keeps them separate"},
    {"tokens", TREN_SETTING_INT, offsetof(settings, tokens), "T",
     .help = "Number of tokens in a row, such as 128; each token predicts the next one.",
     .required = true, .min = 1, .max = 1 << 20},
    {"vocabulary", TREN_SETTING_INT, offsetof(settings, vocabulary), "N",
     .help = "Join frequent pairs of bytes until there are N tokens (byte-pair encoding of the "
             "training part); default: each byte is a token.",
     .min = 1, .max = 1 << 20},
    TREN_TOKENIZER_SETTING(settings),
    {"documents", TREN_SETTING_CHOICE, offsetof(settings, documents),
     "files|form-feeds|blank-lines|lines",
     .help = "What a document is: a file (default), or text separated by form feeds, blank lines "
             "or line ends. A document is never in two parts of the split, but a single document "
             "is cut into three.",
     .choices = document_choices},
};

const tren_source_kind tren_source_text = {
    .name = "text",
    .summary =
        "plain text, to learn to continue it: rows of tokens, each labeled with the next token",
    .setting = setting,
    .n_settings = TREN_SETTING_COUNT(setting),
    .without = without,
    .settings_size = sizeof(settings),
    .read = read};
