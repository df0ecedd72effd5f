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

static tren_status grow(void *list, size_t n, size_t size) {
    void *at;
    memcpy(&at, list, sizeof at);
    at = realloc(at, n * size);
    if (!at) return tren_fail_memory((double)n * (double)size, "the rows of a text");
    memcpy(list, &at, sizeof at);
    return TREN_OK;
}

tren_status tren_corpus_add(tren_corpus *c, const tren_bytes *text, const tren_text_place *place) {
    size_t columns = (size_t)c->n_columns;
    if (c->n == c->room) {
        c->room = c->room ? 2 * c->room : 1024;
        TREN_TRY(grow(&c->text, c->room * columns, sizeof *c->text));
        TREN_TRY(grow(&c->place, c->room * columns, sizeof *c->place));
    }
    for (size_t k = 0; k < columns; k++) {
        c->text[c->n * columns + k] = text[k];
        c->place[c->n * columns + k] = place[k];
    }
    c->n++;
    return TREN_OK;
}

/* ---- files ----------------------------------------------------------------------------------- */

static tren_status check_utf8(const char *text, size_t n, const char *path) {
    size_t line = 1, start = 0;
    uint32_t code;
    for (size_t i = 0; i < n;) {
        int bytes = tren_utf8_next(&code, text + i);
        if (bytes == 0 || text[i] == '\0')
            return tren_fail(TREN_ERR_DATA,
                             "%s:%zu: byte %zu of the line is 0x%02x, which %s; text is UTF-8: "
                             "convert it ('iconv -f ISO-8859-1 -t UTF-8'), or name another file",
                             path, line, i - start + 1, (unsigned char)text[i],
                             text[i] ? "begins no character of UTF-8" : "stands in no text");
        if (text[i] == '\n') line++, start = i + 1;
        i += (size_t)bytes;
    }
    return TREN_OK;
}

static tren_status read_all(char **memory, size_t have, size_t *n, tren_stream *stream) {
    size_t got, room = 1 << 16;
    for (*n = 0;; room *= 2) {
        TREN_TRY(grow(memory, have + room + 1, 1));
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
