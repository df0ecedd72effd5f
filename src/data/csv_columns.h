/* The columns of a CSV table: whether its first line names them, and what each is for. */
#ifndef TREN_DATA_CSV_COLUMNS_H
#define TREN_DATA_CSV_COLUMNS_H

#include "data/csv.h"

typedef struct tren_csv_settings {
    tren_texts file, test, target, one_hot, ignore;
    const char *label, *weight, *separator, *decimal, *shape;
    int header, index, type;
    bool unlabeled;
    tren_layout_settings layout;
} tren_csv_settings;

enum { TREN_CSV_HEADER_AUTO, TREN_CSV_HEADER_YES, TREN_CSV_HEADER_NO };
enum { TREN_CSV_INDEX_DROP, TREN_CSV_INDEX_KEEP };

typedef enum tren_csv_role {
    TREN_CSV_INPUT,
    TREN_CSV_LABEL,
    TREN_CSV_TARGET,
    TREN_CSV_HOT, /* one of the columns that mark the class by a 1 */
    TREN_CSV_WEIGHT,
    TREN_CSV_IGNORED
} tren_csv_role;

typedef struct tren_csv_columns {
    const tren_csv_settings *want; /* not owned */
    size_t n, n_inputs, n_targets, n_hot;
    tren_csv_role *role; /* [n] owned */
    char **name;         /* [n] owned, or NULL: there is no header */
} tren_csv_columns;

/* What the beginning of a file tells. */
typedef struct tren_csv_head {
    bool has_header;
    bool row_names; /* lines have one field more than the header, the first, as R writes them */
} tren_csv_head;

/* Reads ahead. A first line of numbers is a header where it cannot be a row (said in *source);
 * where it may be both, TREN_ERR_USAGE with both readings. columns: of an earlier file, or empty.
 */
tren_status tren_csv_head_read(tren_csv_head *head, tren_csv *csv, tren_source *source,
                               const tren_csv_columns *columns);

/* From the first record of the first file. */
tren_status tren_csv_columns_set(tren_csv_columns *columns, const tren_csv *csv, tren_csv_head head,
                                 tren_source *source);
/* The header of another file must be that of the first. */
tren_status tren_csv_columns_check(const tren_csv_columns *columns, const tren_csv *csv,
                                   tren_csv_head head);
void tren_csv_columns_close(tren_csv_columns *columns); /* accepts the empty value */

/* "column 3 (age)" */
#define TREN_CSV_COLUMN_ROOM 128
const char *tren_csv_column(char out[TREN_CSV_COLUMN_ROOM], const tren_csv_columns *columns,
                            size_t i);
/* What an option calls column i: its name, or its number. */
const char *tren_csv_column_option(char out[TREN_CSV_COLUMN_ROOM], const tren_csv_columns *columns,
                                   size_t i);

#endif
