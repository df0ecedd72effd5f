/* Records of a CSV file: quoted fields, doubled quotes, CRLF, line breaks inside quotes (RFC 4180).
 */
#ifndef TREN_DATA_CSV_H
#define TREN_DATA_CSV_H

#include "data/source.h"

typedef struct tren_csv {
    tren_stream *stream; /* not owned */
    char separator;
    size_t line; /* where the current record begins, from 1 */
    size_t next_line;
    char *buffer; /* owned: input not yet consumed */
    size_t lo, hi;
    bool at_end;
    char *text; /* owned: the fields of the current record, each zero-terminated */
    size_t text_n, text_room;
    size_t *field; /* owned: where each begins in text */
    size_t n, room;
} tren_csv;

tren_status tren_csv_open(tren_csv *csv, tren_stream *stream, char separator);
void tren_csv_close(tren_csv *csv); /* accepts the empty value */
/* The next record that is not an empty line; *more is false at the end. */
tren_status tren_csv_next(tren_csv *csv, bool *more);
/* Field i of the current record, valid until the next one; surrounding blanks of unquoted fields
 * are cut. */
static inline const char *tren_csv_field(const tren_csv *csv, size_t i) {
    return csv->text + csv->field[i];
}

/* "PATH:LINE: " and the text, as TREN_ERR_DATA. */
tren_status tren_csv_fail(const tren_csv *csv, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A decimal number, finite or not ("nan", "inf"); false when the text is not one. */
bool tren_csv_number(double *value, const char *text);

#endif
