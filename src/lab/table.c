/* Tables of numbers: CSV in, CSV out, and what is said of their rows. */
#include "base/input.h"
#include "base/whole.h"
#include "tren/lab.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static tren_status too_many(const char *what, const char *columns) {
    return tren_fail(TREN_ERR_INTERNAL, "%s: '%.60s'", what, columns);
}

tren_status tren_table_open(tren_table *t, const char *columns) {
    *t = (tren_table){0};
    for (const char *c = columns; *c; c += *c == ',') {
        size_t n = strcspn(c, ",\r\n");
        if (t->n_columns == TREN_TABLE_COLUMNS) return too_many("too many columns", columns);
        if (n == 0 || n >= TREN_TABLE_NAME) return too_many("no name for a column", c);
        memcpy(t->column[t->n_columns], c, n);
        t->column[t->n_columns++][n] = '\0';
        c += n;
        if (*c == '\r' || *c == '\n') break;
    }
    return TREN_OK;
}

void tren_table_close(tren_table *t) {
    free(t->at);
    *t = (tren_table){0};
}

tren_status tren_table_add(tren_table *t, const double *row) {
    size_t n = (size_t)t->n_columns;
    TREN_TRY(tren_grow(&t->at, (size_t)t->n_rows, &t->room, n * sizeof *t->at, "a table"));
    memcpy(t->at + (size_t)t->n_rows++ * n, row, n * sizeof *row);
    return TREN_OK;
}

int tren_table_find(const tren_table *t, const char *column) {
    for (int i = 0; i < t->n_columns; i++)
        if (strcmp(t->column[i], column) == 0) return i;
    return -1;
}

static double cell(const tren_table *t, int row, int column) {
    return column < 0 ? NAN : t->at[(size_t)row * (size_t)t->n_columns + (size_t)column];
}

double tren_table_get(const tren_table *t, int row, const char *column) {
    return cell(t, row, tren_table_find(t, column));
}

/* ---- CSV ------------------------------------------------------------------------------------- */

/* The shortest of the usual two that reads back as the same number. */
static void print_number(FILE *out, double x) {
    char text[40];
    snprintf(text, sizeof text, "%.15g", x);
    if (strtod(text, NULL) != x) snprintf(text, sizeof text, "%.17g", x);
    fputs(isfinite(x) ? text : "nan", out);
}

void tren_table_print(FILE *out, const tren_table *t) {
    for (int i = 0; i < t->n_rows; i++)
        for (int j = 0; j < t->n_columns; j++) {
            print_number(out, cell(t, i, j));
            fputc(j + 1 < t->n_columns ? ',' : '\n', out);
        }
}

/* The next field, of a line that is cut up; a comma within quotes belongs to the field. */
static char *next_field(char **rest) {
    char *field = *rest;
    bool quoted = false;
    if (!field) return NULL;
    for (char *c = field;; c++) {
        if (*c == '"') quoted = !quoted;
        if (*c && (quoted || *c != ',')) continue;
        *rest = *c ? c + 1 : NULL;
        *c = '\0';
        return field;
    }
}

static tren_status read_row(tren_table *t, char *line) {
    double row[TREN_TABLE_COLUMNS];
    char *rest = line;
    for (int j = 0; j < t->n_columns; j++) {
        char *field = next_field(&rest), *end = field;
        row[j] = field ? strtod(field, &end) : NAN;
        if (!field || end == field) row[j] = NAN;
    }
    return tren_table_add(t, row);
}

int tren_table_cells(const char *line) {
    int n = 1;
    bool quoted = false;
    for (; *line && *line != '\n'; line++) {
        if (*line == '"') quoted = !quoted;
        n += *line == ',' && !quoted;
    }
    return n;
}

#define REMEDY "the file is damaged; remove it, and it is made again"

static tren_status read_header(tren_table *t, const char *line, const char *path) {
    if (tren_table_open(t, line) == TREN_OK) return TREN_OK;
    return tren_fail(TREN_ERR_DATA, "%s:1: the header of a table is missing (%s): " REMEDY, path,
                     tren_error_text());
}

static tren_status read_rows(tren_table *t, FILE *file, const char *path) {
    char *line = NULL;
    size_t room = 0;
    tren_status st = TREN_OK;
    if (getline(&line, &room, file) < 0)
        TREN_GOTO(tren_fail(TREN_ERR_DATA, "%s: is empty; remove it, and it is made again", path));
    TREN_GOTO(read_header(t, line, path));
    for (int number = 2; getline(&line, &room, file) >= 0; number++) {
        int n = tren_table_cells(line);
        if (line[0] == '\n') continue;
        if (n != t->n_columns)
            TREN_GOTO(tren_fail(TREN_ERR_DATA, "%s:%d: %d cells, but the header has %d: " REMEDY,
                                path, number, n, t->n_columns));
        TREN_GOTO(read_row(t, line));
    }
done:
    free(line);
    return st;
}

tren_status tren_table_read(tren_table *t, const char *path) {
    *t = (tren_table){0};
    FILE *file;
    TREN_TRY(tren_input_fopen(&file, path, TREN_ERR_DATA, "a table"));
    tren_status st = read_rows(t, file, path);
    fclose(file);
    if (st != TREN_OK) tren_table_close(t);
    return st;
}

static void put_table(FILE *out, void *ctx) {
    const tren_table *t = ctx;
    for (int j = 0; j < t->n_columns; j++)
        fprintf(out, "%s%c", t->column[j], j + 1 < t->n_columns ? ',' : '\n');
    tren_table_print(out, t);
}

tren_status tren_table_write(const tren_table *t, const char *path) {
    return tren_whole_write(path, TREN_ERR_ENV, put_table, (void *)t);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static bool is_meant(const tren_table *t, int row, const tren_where *where) {
    for (; where && where->column; where++) {
        double x = tren_table_get(t, row, where->column);
        if (fabs(x - where->is) > 1e-9 * fmax(1, fabs(where->is)) || isnan(x)) return false;
    }
    return true;
}

/* The finite values meant, in `out` [n_rows] or only counted. */
static int choose(double *out, const tren_table *t, const char *column, const tren_where *where) {
    int n = 0, j = tren_table_find(t, column);
    for (int i = 0; i < t->n_rows; i++) {
        double x = cell(t, i, j);
        if (!isfinite(x) || !is_meant(t, i, where)) continue;
        if (out) out[n] = x;
        n++;
    }
    return n;
}

int tren_table_count(const tren_table *t, const char *column, const tren_where *where) {
    return choose(NULL, t, column, where);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Calls fn with the values in ascending order, so that a mean does not depend on theirs. */
static double of_values(const tren_table *t, const char *column, const tren_where *where,
                        double (*fn)(const double *x, int n, double q), double q) {
    double *x = malloc(((size_t)t->n_rows + 1) * sizeof *x);
    if (!x) return NAN;
    int n = choose(x, t, column, where);
    qsort(x, (size_t)n, sizeof *x, ascending);
    double result = n > 0 ? fn(x, n, q) : NAN;
    free(x);
    return result;
}

static double mean(const double *x, int n, double q) {
    (void)q;
    return tren_tree_sum(x, n) / n;
}

static double sd(const double *x, int n, double q) {
    double m = mean(x, n, q), sum = 0;
    for (int i = 0; i < n; i++) sum += (x[i] - m) * (x[i] - m);
    return n > 1 ? sqrt(sum / (n - 1)) : NAN;
}

static double quantile(const double *x, int n, double q) {
    double at = q * (n - 1);
    int i = (int)at;
    return i + 1 < n ? x[i] + (at - i) * (x[i + 1] - x[i]) : x[n - 1];
}

double tren_table_mean(const tren_table *t, const char *column, const tren_where *where) {
    return of_values(t, column, where, mean, 0);
}

double tren_table_sd(const tren_table *t, const char *column, const tren_where *where) {
    return of_values(t, column, where, sd, 0);
}

double tren_table_quantile(const tren_table *t, const char *column, const tren_where *where,
                           double q) {
    return of_values(t, column, where, quantile, q);
}
