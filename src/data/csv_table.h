/* The rows of CSV files in memory. */
#ifndef TREN_DATA_CSV_TABLE_H
#define TREN_DATA_CSV_TABLE_H

#include "data/csv_columns.h"

/* What is seen of an input column while its values are read. */
typedef struct tren_csv_seen {
    double min, max, first;
    bool whole, in_f32; /* every value is a whole number; is exact in f32 */
    bool counts;        /* the values are first, first + 1, ... in each file */
    size_t line;        /* of the first whole number that is not exact in f64; 0: none */
} tren_csv_seen;

/* The labels that are numbers, or those that are not. */
typedef struct tren_csv_kind {
    size_t n;
    char *first; /* file, line, column and text of the first one; owned, or NULL */
} tren_csv_kind;

/* Everything read so far. Labels stay text until all are known. */
typedef struct tren_csv_table {
    const tren_csv_settings *want; /* not owned */
    tren_csv_format format;
    tren_type type;           /* of x: U8, F32, or F64 */
    tren_csv_columns columns; /* owned */
    tren_csv_seen *seen;      /* [n_inputs] owned */
    size_t n, room, n_test;
    size_t first;   /* row of the present file */
    char *x;        /* [n, n_inputs] owned */
    double *y;      /* [n, n_targets] owned */
    double *weight; /* [n] owned, or NULL */
    char **label;   /* [n] owned, or NULL */
    tren_csv_kind names, numbers;
    bool in_test; /* the files that follow are the test part */
} tren_csv_table;

/* Adds the rows of a file. The first one says what the columns are. Notes go into *source. */
tren_status tren_csv_table_read(tren_csv_table *table, const char *path, tren_digest_state *digest,
                                tren_source *source);
void tren_csv_table_close(tren_csv_table *table); /* accepts the empty value */

static inline bool tren_csv_has_classes(const tren_csv_table *table) {
    return table->want->label || table->columns.n_hot > 0;
}

#endif
