/* Reading what a run left in its folder, running ones included. Not collective. */
#ifndef TREN_CLI_RUN_FILES_H
#define TREN_CLI_RUN_FILES_H

#include "tren/config.h"

/* metrics.csv: a column of numbers for each of its names, NaN where a cell is empty or no number
 * (the digest). docs/metrics.md lists the columns. */
typedef struct tren_metrics {
    int n_columns, n_rows;
    char **name;   /* [n_columns] into text */
    double *value; /* [n_rows][n_columns] owned */
    char *text;    /* the header; owned */
} tren_metrics;

/* TREN_ERR_DATA: no such folder or file, no epoch yet, a broken line (with its number). A last line
 * that is still being written is left out. */
tren_status tren_metrics_read(tren_metrics *metrics, const char *run_dir);
void tren_metrics_close(tren_metrics *metrics); /* accepts the empty value */
int tren_metrics_column(const tren_metrics *metrics, const char *name); /* -1: none */
/* NaN where the column is missing. */
double tren_metrics_at(const tren_metrics *metrics, int row, const char *name);
/* Whether any row has a number there. */
bool tren_metrics_has(const tren_metrics *metrics, const char *name);

/* A number of result.json's first level; NaN where there is none, or no result.json yet. */
double tren_result_number(const char *run_dir, const char *key);
/* Whether this text of the first level is this word. */
bool tren_result_is(const char *run_dir, const char *key, const char *word);
/* The last name of a path: "runs/a/" gives "a". */
void tren_run_name(char *out, size_t n, const char *run_dir);
/* What was trained, from config.yaml: "mlp 512-256, relu, adam 0.001, ..."; "" where it cannot be
 * read. */
void tren_run_caption(char *out, size_t n, const char *run_dir);

#endif
