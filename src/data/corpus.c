/* Reading text: files as UTF-8, lines, and what is kept of them. */
#include "data/corpus.h"
#include "base/quote.h"
#include <stdlib.h>
#include <string.h>

const char *const tren_corpus_layout[] = {"text", "pairs", "labeled"};

tren_status tren_corpus_open(tren_source *source, tren_corpus_kind kind) {
    TREN_TRY(tren_alloc(&source->corpus, 1, sizeof *source->corpus, "a text"));
    *source->corpus = (tren_corpus){.kind = kind, .n_columns = kind == TREN_CORPUS_TEXT ? 1 : 2};
    return TREN_OK;
}

void tren_corpus_close(tren_corpus *c) {
    if (!c) return;
    free(c->text);
    free(c->place);
    for (int i = 0; i < 4; i++) free(c->memory[i]);
    free(c);
}

tren_status tren_corpus_add(tren_corpus *c, const tren_bytes *text, const tren_text_place *place) {
    size_t columns = (size_t)c->n_columns;
    if (c->n == c->room) {
        c->room = c->room ? 2 * c->room : 1024;
        TREN_TRY(tren_resize(&c->text, c->room * columns, sizeof *c->text, "a text"));
        TREN_TRY(tren_resize(&c->place, c->room * columns, sizeof *c->place, "a text"));
    }
    for (size_t k = 0; k < columns; k++) {
        c->text[c->n * columns + k] = text[k];
        c->place[c->n * columns + k] = place[k];
    }
    c->n++;
    return TREN_OK;
}

/* ---- files ----------------------------------------------------------------------------------- */

/* Files that are no UTF-8, by what they begin with. */
static const struct {
    const char *bytes;
    size_t n;
    const char *is;
} foreign[] = {
    {"\xff\xfe\0\0", 4, "is text in UTF-32; convert it: 'iconv -f UTF-32 -t UTF-8 OLD >NEW'"},
    {"\xff\xfe", 2, "is text in UTF-16; convert it: 'iconv -f UTF-16 -t UTF-8 OLD >NEW'"},
    {"\xfe\xff", 2, "is text in UTF-16; convert it: 'iconv -f UTF-16 -t UTF-8 OLD >NEW'"},
    {"\xfd"
     "7zXZ",
     5, "is compressed by xz; unpack it: 'xz -dc OLD >NEW'"},
    {"BZh", 3, "is compressed by bzip2; unpack it: 'bzip2 -dc OLD >NEW'"},
    {"\x28\xb5\x2f\xfd", 4, "is compressed by zstd; unpack it: 'zstd -dc OLD >NEW'"},
    {"PK\3\4", 4, "is a zip archive; unpack it: 'unzip OLD', and give a text file from it"},
    {"%PDF-", 5, "is a PDF; convert it to text: 'pdftotext OLD NEW'"},
    {"\x89HDF\r\n", 6,
     "is an HDF5 file, not a text; 'tren data info' shows what a dataset contains, 'tren data "
     "import hdf5' reads arrays"},
};

const char *tren_text_foreign(const char *text, size_t n) {
    for (size_t k = 0; k < sizeof foreign / sizeof *foreign; k++)
        if (n >= foreign[k].n && memcmp(text, foreign[k].bytes, foreign[k].n) == 0)
            return foreign[k].is;
    return NULL;
}

static tren_status not_utf8(const char *text, size_t n, size_t at, const char *path) {
    size_t line = 1, start = 0;
    const char *is = tren_text_foreign(text, n);
    if (is) return tren_fail(TREN_ERR_DATA, "%s: %s", path, is);
    for (size_t i = 0; i < at; i++)
        if (text[i] == '\n') line++, start = i + 1;
    return tren_fail(TREN_ERR_DATA, "%s:%zu: byte %zu of the line is 0x%02x, which %s", path, line,
                     at - start + 1, (unsigned char)text[at],
                     text[at]
                         ? "begins no character of UTF-8; text is UTF-8: convert it ('iconv -f "
                           "ISO-8859-1 -t UTF-8'), or give another file"
                         : "does not occur in text: this is a binary file, or UTF-16 without a "
                           "byte order mark ('iconv -f UTF-16LE -t UTF-8'); give a text in UTF-8");
}

static tren_status check_utf8(const char *text, size_t n, const char *path) {
    uint32_t code;
    for (size_t i = 0; i < n;) {
        int bytes = tren_utf8_next(&code, text + i);
        if (bytes == 0 || text[i] == '\0') return not_utf8(text, n, i, path);
        i += (size_t)bytes;
    }
    return TREN_OK;
}

static tren_status read_all(char **memory, size_t have, size_t *n, tren_stream *stream) {
    size_t got, room = 1 << 16;
    for (*n = 0;; room *= 2) {
        TREN_TRY(tren_resize(memory, have + room + 1, 1, "a text"));
        TREN_TRY(tren_stream_read(stream, *memory + have + *n, room - *n, &got));
        *n += got;
        if (*n < room) break;
    }
    (*memory)[have + *n] = '\0';
    return TREN_OK;
}

tren_status tren_text_read(char **memory, size_t have, size_t *n, const char *path,
                           tren_digest_state *digest) {
    static const char mark[] = "\xef\xbb\xbf";
    tren_stream *stream;
    TREN_TRY(tren_stream_open(&stream, path, digest));
    tren_status st = read_all(memory, have, n, stream);
    tren_stream_close(stream);
    TREN_TRY(st);
    char *text = *memory + have;
    if (*n >= 3 && memcmp(text, mark, 3) == 0) {
        *n -= 3;
        memmove(text, text + 3, *n + 1);
    }
    return check_utf8(text, *n, path);
}

bool tren_text_line(tren_bytes *line, tren_bytes *left) {
    if (left->n == 0) return false;
    const char *end = memchr(left->at, '\n', left->n);
    *line = (tren_bytes){left->at, end ? (size_t)(end - left->at) : left->n};
    size_t taken = line->n + (end != NULL);
    *left = (tren_bytes){left->at + taken, left->n - taken};
    if (line->n > 0 && line->at[line->n - 1] == '\r') line->n--;
    return true;
}
