/* Runs side by side: a row for each, a column for each name that was asked for. Not collective. */
#ifndef TREN_CLI_RUNS_TABLE_H
#define TREN_CLI_RUNS_TABLE_H

#include "cli/runs.h"

enum { TREN_RUNS_COLUMNS = 64 };

typedef struct tren_run_cell {
    char *at;      /* owned; NULL: the run has no such value */
    bool text;     /* also where it looks like a number */
    double number; /* NaN: it is none */
} tren_run_cell;

typedef struct tren_runs_table {
    int n_columns, n_rows;
    bool hide_empty;                       /* columns in which no run has a value are not printed */
    const char *column[TREN_RUNS_COLUMNS]; /* not owned */
    tren_run_cell *cell;                   /* [n_rows][n_columns] owned */
    int *order;                            /* [n_rows] of the rows; owned */
} tren_runs_table;

/* Fills the cells of the columns that are named. TREN_ERR_USAGE: a column that no run has, with the
 * nearest name; out of memory. */
tren_status tren_runs_table_fill(tren_runs_table *table, const tren_run_paths *paths);
/* Orders the rows by a column, numbers before texts, missing values last.
 * TREN_ERR_INTERNAL: out of memory. */
tren_status tren_runs_table_sort(tren_runs_table *table, int column, bool down);
/* The first n rows: all of them where n is 0. */
void tren_runs_table_print(FILE *out, const tren_runs_table *table, int n);
void tren_runs_table_json(FILE *out, const tren_runs_table *table, int n);
void tren_runs_table_close(tren_runs_table *table); /* accepts the empty value */

#endif
