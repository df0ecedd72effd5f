#include "base/quote.h"
#include "data/csv.h"
#include "base/text.h"
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BUFFER (1 << 20)
#define END    (-1)

tren_status tren_csv_open(tren_csv *csv, tren_stream *stream, tren_csv_format format) {
    *csv = (tren_csv){.stream = stream, .format = format, .next_line = 1};
    return tren_alloc(&csv->buffer, BUFFER, 1, "reading CSV");
}

void tren_csv_close(tren_csv *csv) {
    free(csv->buffer);
    free(csv->text);
    free(csv->field);
    *csv = (tren_csv){0};
}

tren_status tren_csv_fail(const tren_csv *csv, const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    tren_quote_message(text, sizeof text, format, args);
    va_end(args);
    return tren_fail(TREN_ERR_DATA, "%s:%zu: %s", tren_stream_path(csv->stream), csv->line, text);
}

/* ---- characters ------------------------------------------------------------------------------ */

static tren_status refill(tren_csv *csv) {
    if (csv->sampling && csv->hi > 0) { /* all of the file is there unless the buffer is full */
        csv->cut = csv->hi == BUFFER;
        return TREN_OK;
    }
    csv->lo = 0;
    TREN_TRY(tren_stream_read(csv->stream, csv->buffer, BUFFER, &csv->hi));
    csv->at_end = csv->hi == 0;
    return TREN_OK;
}

/* The next character without consuming it, or END. */
static tren_status peek(tren_csv *csv, int *c) {
    if (csv->lo == csv->hi && !csv->at_end) TREN_TRY(refill(csv));
    *c = csv->lo == csv->hi ? END : (unsigned char)csv->buffer[csv->lo];
    return TREN_OK;
}

static tren_status next(tren_csv *csv, int *c) {
    TREN_TRY(peek(csv, c));
    if (*c != END) csv->lo++;
    if (*c == '\n') csv->next_line++;
    return TREN_OK;
}

static tren_status put(tren_csv *csv, int c) {
    if (csv->text_n == csv->text_room)
        TREN_TRY(tren_grow(&csv->text, csv->text_n, &csv->text_room, 1, "a CSV record"));
    csv->text[csv->text_n++] = (char)c;
    return TREN_OK;
}

/* ---- fields and records ---------------------------------------------------------------------- */

static bool is_blank(int c) {
    return c == ' ' || c == '\t';
}

static bool is_separator(const tren_csv *csv, int c) {
    char separator = csv->format.separator;
    return c == (unsigned char)separator || (separator == TREN_CSV_BLANKS && is_blank(c));
}

static bool ends_field(const tren_csv *csv, int c) {
    return c == END || c == '\n' || c == '\r' || is_separator(csv, c);
}

/* Blanks that belong to no field: around it, or the separators of a run. *c: what follows. */
static tren_status skip_blanks(tren_csv *csv, int *c) {
    bool run = csv->format.separator == TREN_CSV_BLANKS;
    TREN_TRY(peek(csv, c));
    while (is_blank(*c) && (run || !is_separator(csv, *c))) {
        TREN_TRY(next(csv, c));
        TREN_TRY(peek(csv, c));
    }
    return TREN_OK;
}

/* After the opening quote, up to and with the closing one. */
static tren_status read_quoted(tren_csv *csv) {
    for (;;) {
        int c;
        TREN_TRY(next(csv, &c));
        if (c == END)
            return tren_csv_fail(csv, "a quoted field does not end: add the closing quote, or "
                                      "double the quote inside it");
        if (c == '"') {
            TREN_TRY(peek(csv, &c));
            if (c != '"') break;
            TREN_TRY(next(csv, &c));
        }
        TREN_TRY(put(csv, c));
    }
    int c;
    TREN_TRY(peek(csv, &c));
    if (!ends_field(csv, c)) TREN_TRY(skip_blanks(csv, &c));
    if (ends_field(csv, c)) return TREN_OK;
    return tren_csv_fail(csv,
                         "'%c' follows a closing quote: put quotes around whole fields, and double "
                         "the quotes inside them",
                         c);
}

static bool has_odd_end(const tren_csv *csv, size_t begin) {
    return (csv->text[begin] & 0x80) || (csv->text[csv->text_n - 1] & 0x80);
}

/* Blanks beyond ASCII, such as the no-break space that spreadsheets and web pages leave. */
static tren_status trim(tren_csv *csv, size_t begin) {
    TREN_TRY(put(csv, '\0'));
    char *text = csv->text + begin;
    size_t first = 0, end = 0;
    for (int n; (n = tren_utf8_blank(text + first)) > 0;) first += (size_t)n;
    for (size_t at = first; text[at];) {
        int blank = tren_utf8_blank(text + at);
        at += blank > 0 ? (size_t)blank : 1;
        if (blank == 0) end = at;
    }
    size_t n = end > first ? end - first : 0;
    memmove(text, text + first, n);
    csv->text_n = begin + n;
    return TREN_OK;
}

static tren_status read_plain(tren_csv *csv, size_t begin) {
    for (;;) {
        int c;
        TREN_TRY(peek(csv, &c));
        if (ends_field(csv, c)) break;
        TREN_TRY(next(csv, &c));
        if (c == '\0')
            return tren_csv_fail(
                csv, "contains a zero byte: this is not text in UTF-8; save it as UTF-8");
        TREN_TRY(put(csv, c));
    }
    while (csv->text_n > begin && is_blank(csv->text[csv->text_n - 1])) csv->text_n--;
    return csv->text_n > begin && has_odd_end(csv, begin) ? trim(csv, begin) : TREN_OK;
}

static tren_status read_field(tren_csv *csv) {
    TREN_TRY(tren_grow(&csv->field, csv->n, &csv->room, sizeof *csv->field, "a CSV record"));
    size_t begin = csv->text_n;
    csv->field[csv->n++] = begin;
    int c;
    TREN_TRY(skip_blanks(csv, &c));
    if (c == '"') {
        TREN_TRY(next(csv, &c));
        TREN_TRY(read_quoted(csv));
    } else {
        TREN_TRY(read_plain(csv, begin));
    }
    return put(csv, '\0');
}

/* Consumes what ends a field; *last says whether the record ends too. */
static tren_status read_separator(tren_csv *csv, bool *last) {
    int c;
    if (csv->format.separator == TREN_CSV_BLANKS) {
        TREN_TRY(skip_blanks(csv, &c));
        *last = ends_field(csv, c);
        if (!*last) return TREN_OK;
    }
    TREN_TRY(next(csv, &c));
    *last = !is_separator(csv, c);
    if (c != '\r') return TREN_OK;
    TREN_TRY(peek(csv, &c));
    if (c == '\n') return next(csv, &c);
    csv->next_line++; /* a lone CR ends a line too */
    return TREN_OK;
}

static tren_status read_record(tren_csv *csv) {
    csv->line = csv->next_line;
    csv->n = csv->text_n = 0;
    for (bool last = false; !last;) {
        TREN_TRY(read_field(csv));
        TREN_TRY(read_separator(csv, &last));
    }
    return TREN_OK;
}

/* What other files than texts begin with is told before it is taken for one odd column. */
static tren_status check_text(const tren_csv *csv) {
    enum { HEAD = 512 };
    const char *path = tren_stream_path(csv->stream);
    if (csv->hi >= 8 && !memcmp(csv->buffer, "\x89HDF\r\n\x1a\n", 8))
        return tren_fail(TREN_ERR_DATA, "%s: is an HDF5 file, not CSV: use 'tren data import hdf5'",
                         path);
    if (!memchr(csv->buffer, 0, csv->hi < HEAD ? csv->hi : HEAD)) return TREN_OK;
    const char *is = tren_text_foreign(csv->buffer, csv->hi);
    return tren_fail(TREN_ERR_DATA, "%s: %s (Excel: save as 'CSV UTF-8')", path,
                     is ? is : "contains a zero byte: this is not text in UTF-8; save it as UTF-8");
}

/* Excel may begin with a line that names the separator: "sep=;". */
static void take_separator(tren_csv *csv) {
    const char *at = csv->buffer + csv->lo;
    size_t n = csv->hi - csv->lo;
    if (n < 7 || memcmp(at, "sep=", 4) != 0) return;
    size_t end = at[5] == '\r' ? 6 : 5;
    if (at[end] != '\n') return;
    csv->format.separator = at[4];
    csv->lo += end + 1;
    csv->next_line++;
}

/* Excel begins its files with a byte order mark, and numpy its headers with "# ". */
static tren_status begin(tren_csv *csv) {
    int c;
    TREN_TRY(peek(csv, &c));
    TREN_TRY(check_text(csv));
    if (csv->hi >= 3 && !memcmp(csv->buffer, "\xEF\xBB\xBF", 3)) csv->lo = 3;
    take_separator(csv);
    csv->hash = csv->lo < csv->hi && csv->buffer[csv->lo] == '#';
    csv->lo += csv->hash;
    return TREN_OK;
}

static tren_status next_record(tren_csv *csv, bool *more) {
    if (csv->line == 0) TREN_TRY(begin(csv));
    for (;;) {
        int c;
        TREN_TRY(peek(csv, &c));
        *more = c != END;
        if (!*more) return TREN_OK;
        TREN_TRY(read_record(csv));
        if (csv->n > 1 || *tren_csv_field(csv, 0)) return TREN_OK;
    }
}

tren_status tren_csv_next(tren_csv *csv, bool *more) {
    tren_status st = next_record(csv, more);
    if (!csv->sampling) return st;
    *more = st == TREN_OK && *more && !csv->cut;
    return csv->line == 0 ? st : TREN_OK; /* the second reading tells what is wrong */
}

void tren_csv_sample(tren_csv *csv) {
    csv->sampling = true;
}

void tren_csv_rewind(tren_csv *csv) {
    csv->sampling = csv->cut = csv->at_end = false;
    csv->lo = csv->line = 0;
    csv->next_line = 1;
}

/* ---- numbers --------------------------------------------------------------------------------- */

/* Digits with at most one point, exact: up to 15 digits and a power of ten up to 10^15, both
 * without rounding, so that the quotient is the correctly rounded value (W. Clinger, "How to read
 * floating point numbers accurately", 1990). Nearly every field of a table is of this kind. */
static bool short_decimal(double *value, const char *text) {
    static const double power[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    bool negative = *text == '-', point = false;
    int64_t mantissa = 0;
    int digits = 0, decimals = 0;
    for (const char *p = text + negative; *p; p++) {
        if (*p == '.' && !point) {
            point = true;
            continue;
        }
        if (*p < '0' || *p > '9' || ++digits > 15) return false;
        mantissa = mantissa * 10 + (*p - '0');
        decimals += point;
    }
    if (digits == 0) return false;
    double quotient = (double)mantissa / power[decimals];
    *value = negative ? -quotient : quotient;
    return true;
}

/* With the decimal comma as a point; a point is then no part of a number. */
static bool with_point(char out[512], const char *text) {
    size_t n = strlen(text);
    if (n >= 512 || strchr(text, '.')) return false;
    for (size_t i = 0; i <= n; i++) out[i] = text[i] == ',' ? '.' : text[i];
    return true;
}

bool tren_csv_number(double *value, const char *text, char decimal) {
    char copy[512];
    if (decimal != '.' && strchr(text, decimal)) {
        if (!with_point(copy, text)) return false;
        text = copy;
    } else if (decimal != '.' && strchr(text, '.')) {
        return false;
    }
    if (short_decimal(value, text)) return true;
    tren_text_result result = tren_text_real(value, text);
    if (result == TREN_TEXT_OK) return true;
    const char *word = text + (*text == '-' || *text == '+');
    bool is_nan = strcasecmp(word, "nan") == 0;
    bool is_infinite = result == TREN_TEXT_RANGE || strcasecmp(word, "inf") == 0 ||
                       strcasecmp(word, "infinity") == 0;
    *value = is_nan ? (double)NAN : (double)(*text == '-' ? -INFINITY : INFINITY);
    return is_nan || is_infinite;
}
