/* Records of a CSV file: quoted fields, doubled quotes, CRLF, line breaks inside quotes (RFC 4180),
 * blanks around quotes; and what Excel writes: a byte order mark, a first line "sep=;". */
#ifndef TREN_DATA_CSV_H
#define TREN_DATA_CSV_H

#include "data/source.h"

#define TREN_CSV_BLANKS ' ' /* as a separator: any run of spaces and tabs */

typedef struct tren_csv_format {
    char separator, decimal; /* decimal: '.' or ',' */
} tren_csv_format;

typedef struct tren_csv {
    tren_stream *stream; /* not owned */
    tren_csv_format format;
    bool sampling; /* between tren_csv_sample and tren_csv_rewind */
    bool hash;     /* the file begins with #, which was passed over */
    bool cut;      /* the sample ends within a record */
    size_t line;   /* where the current record begins, from 1 */
    size_t next_line;
    char *buffer; /* owned: input not yet consumed */
    size_t lo, hi;
    bool at_end;
    char *text; /* owned: the fields of the current record, each zero-terminated */
    size_t text_n, text_room;
    size_t *field; /* owned: where each begins in text */
    size_t n, room;
} tren_csv;

tren_status tren_csv_open(tren_csv *csv, tren_stream *stream, tren_csv_format format);
void tren_csv_close(tren_csv *csv); /* accepts the empty value */
/* The next record that is not an empty line; *more is false at the end. */
tren_status tren_csv_next(tren_csv *csv, bool *more);
/* Reads ahead, before the first record: tren_csv_next then gives the records that lie whole in the
 * first megabyte, up to one that cannot be read. After the rewind it begins again. */
void tren_csv_sample(tren_csv *csv);
void tren_csv_rewind(tren_csv *csv);
/* Field i of the current record, valid until the next one; blanks around it are cut. */
static inline const char *tren_csv_field(const tren_csv *csv, size_t i) {
    return csv->text + csv->field[i];
}

/* "PATH:LINE: " and the text, as TREN_ERR_DATA. */
tren_status tren_csv_fail(const tren_csv *csv, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A number, finite or not ("nan", "inf"); false when the text is not one. decimal: '.' or ','. */
bool tren_csv_number(double *value, const char *text, char decimal);

#endif
