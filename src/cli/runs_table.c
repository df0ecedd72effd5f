#include "cli/runs_table.h"
#include "base/config_table.h"
#include "base/text.h"
#include "cli/console.h"
#include "base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static tren_run_cell *cell_at(const tren_runs_table *t, int row, int column) {
    return &t->cell[(size_t)row * (size_t)t->n_columns + (size_t)column];
}

/* ---- filling --------------------------------------------------------------------------------- */

static tren_status fill_cell(tren_run_cell *cell, tren_run_view *view, const char *name) {
    char value[TREN_RUN_VALUE];
    *cell = (tren_run_cell){.number = NAN};
    if (!tren_run_view_get(value, &cell->text, view, name)) return TREN_OK;
    if (!cell->text && tren_text_real(&cell->number, value) != TREN_TEXT_OK) cell->number = NAN;
    cell->at = strdup(value);
    return cell->at ? TREN_OK : tren_fail_memory(0, "the table of runs");
}

static tren_status fill_row(tren_runs_table *t, int row, const char *path) {
    tren_run_view view;
    tren_status st = TREN_OK;
    tren_run_view_open(&view, path);
    for (int i = 0; i < t->n_columns && st == TREN_OK; i++)
        st = fill_cell(cell_at(t, row, i), &view, t->column[i]);
    tren_run_view_close(&view);
    return st;
}

enum { MOST_NAMES = 256 };

typedef struct names {
    char text[MOST_NAMES][64];
    const char *at[MOST_NAMES];
    size_t n;
} names;

static void note_name(void *ctx, const char *name) {
    names *all = ctx;
    if (all->n == MOST_NAMES) return;
    snprintf(all->text[all->n], sizeof *all->text, "%.60s", name);
    all->at[all->n] = all->text[all->n];
    all->n++;
}

static tren_status unknown(const char *name, const tren_run_paths *paths) {
    static const char *const own[] = {"path", "name", "status", "modified"};
    enum { ENOUGH = 4 }; /* they mostly have the same names */
    static names all;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) note_name(&all, own[i]);
    for (int i = 0; i < paths->n && i < ENOUGH; i++) {
        tren_run_view view;
        tren_run_view_open(&view, paths->at[i]);
        tren_run_view_names(&view, note_name, &all);
        tren_run_view_close(&view);
    }
    const char *nearest = tren_text_nearest(name, all.at, all.n);
    if (!nearest) nearest = tren_option_nearest(name);
    if (nearest)
        return tren_fail(TREN_ERR_USAGE, "no run has the column '%s'; did you mean '%s'?", name,
                         nearest);
    return tren_fail(TREN_ERR_USAGE,
                     "no run has the column '%s'; give a name from result.json, a column of "
                     "metrics.csv or a key of the config",
                     name);
}

static bool is_known(const tren_runs_table *t, int column) {
    static const char *const always[] = {
        "modified",     "epochs",          "train_loss",          "train_accuracy",
        "test_loss",    "validation_loss", "validation_accuracy", "test_accuracy",
        "total_seconds"};
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        if (strcmp(always[i], t->column[column]) == 0) return true;
    const char *name = t->column[column];
    if (strncmp(name, TREN_RUN_CONFIG, strlen(TREN_RUN_CONFIG)) == 0)
        name += strlen(TREN_RUN_CONFIG);
    return tren_option_find(name) != NULL;
}

static tren_status check_columns(const tren_runs_table *t, const tren_run_paths *paths) {
    for (int i = 0; i < t->n_columns; i++) {
        bool any = t->n_rows == 0 || is_known(t, i);
        for (int row = 0; row < t->n_rows && !any; row++) any = cell_at(t, row, i)->at != NULL;
        if (!any) return unknown(t->column[i], paths);
    }
    return TREN_OK;
}

tren_status tren_runs_table_fill(tren_runs_table *t, const tren_run_paths *paths) {
    size_t n = (size_t)paths->n;
    if (n == 0) return TREN_OK;
    TREN_TRY(tren_alloc(&t->cell, n * (size_t)t->n_columns, sizeof *t->cell, "the table of runs"));
    TREN_TRY(tren_alloc(&t->order, n, sizeof *t->order, "the table of runs"));
    for (t->n_rows = 0; t->n_rows < paths->n; t->n_rows++) {
        t->order[t->n_rows] = t->n_rows;
        TREN_TRY(fill_row(t, t->n_rows, paths->at[t->n_rows]));
    }
    return check_columns(t, paths);
}

void tren_runs_table_close(tren_runs_table *t) {
    for (size_t i = 0; t->cell && i < (size_t)t->n_rows * (size_t)t->n_columns; i++)
        free(t->cell[i].at);
    free(t->cell);
    free(t->order);
    *t = (tren_runs_table){0};
}

/* ---- order ----------------------------------------------------------------------------------- */

typedef struct key {
    const tren_run_cell *cell;
    int row, sign;
} key;

static int kind_of(const tren_run_cell *cell) {
    return !cell->at ? 2 : isnan(cell->number);
}

static int compare(const void *a, const void *b) {
    const key *x = a, *y = b;
    int kind = kind_of(x->cell), other = kind_of(y->cell), order = 0;
    if (kind != other) return kind - other;
    if (kind == 0)
        order = (x->cell->number > y->cell->number) - (x->cell->number < y->cell->number);
    else if (kind == 1)
        order = strverscmp(x->cell->at, y->cell->at);
    return order != 0 ? x->sign * order : x->row - y->row;
}

tren_status tren_runs_table_sort(tren_runs_table *t, int column, bool down) {
    key *keys;
    if (t->n_rows == 0) return TREN_OK;
    TREN_TRY(tren_alloc(&keys, (size_t)t->n_rows, sizeof *keys, "the table of runs"));
    for (int i = 0; i < t->n_rows; i++) keys[i] = (key){cell_at(t, i, column), i, down ? -1 : 1};
    qsort(keys, (size_t)t->n_rows, sizeof *keys, compare);
    for (int i = 0; i < t->n_rows; i++) t->order[i] = keys[i].row;
    free(keys);
    return TREN_OK;
}

/* ---- printing -------------------------------------------------------------------------------- */

/* As it is shown: numbers short, other text without control characters. */
static const char *shown(char out[TREN_RUN_VALUE], const tren_run_cell *cell) {
    if (!cell->at) return "-";
    bool whole = isnan(cell->number) || cell->number == rint(cell->number);
    if (whole) return tren_shown(out, TREN_RUN_VALUE, cell->at);
    snprintf(out, TREN_RUN_VALUE, "%.5g", cell->number);
    return out;
}

static int width_of(const char *text) {
    return tren_text_columns(text, strlen(text));
}

typedef struct layout {
    int width[TREN_RUNS_COLUMNS];  /* 0: not printed */
    bool right[TREN_RUNS_COLUMNS]; /* of numbers */
    int last;                      /* column that is printed */
} layout;

static void lay_out_column(layout *l, const tren_runs_table *t, int n, int i) {
    char room[TREN_RUN_VALUE];
    bool any = !t->hide_empty;
    l->width[i] = width_of(t->column[i]);
    for (int k = 0; k < n; k++) {
        const tren_run_cell *cell = cell_at(t, t->order[k], i);
        int width = width_of(shown(room, cell));
        if (width > l->width[i]) l->width[i] = width;
        l->right[i] |= !isnan(cell->number);
        any |= cell->at != NULL;
    }
    if (any)
        l->last = i;
    else
        l->width[i] = 0;
}

static void put_cell(FILE *out, const char *text, const layout *l, int i) {
    int blanks = l->width[i] - width_of(text);
    bool last = i == l->last;
    if (l->width[i] == 0) return;
    if (l->right[i]) fprintf(out, "%*s", blanks, "");
    fputs(text, out);
    if (!l->right[i] && !last) fprintf(out, "%*s", blanks, "");
    fputs(last ? "\n" : "  ", out);
}

static int most_rows(const tren_runs_table *t, int n) {
    return n > 0 && n < t->n_rows ? n : t->n_rows;
}

void tren_runs_table_print(FILE *out, const tren_runs_table *t, int n) {
    char room[TREN_RUN_VALUE];
    n = most_rows(t, n);
    layout l = {.last = 0};
    for (int i = 0; i < t->n_columns; i++) lay_out_column(&l, t, n, i);
    fputs(tren_style_on(out, TREN_STYLE_BOLD), out);
    for (int i = 0; i < t->n_columns; i++) put_cell(out, t->column[i], &l, i);
    fputs(tren_style_on(out, TREN_STYLE_NONE), out);
    for (int k = 0; k < n; k++)
        for (int i = 0; i < t->n_columns; i++)
            put_cell(out, shown(room, cell_at(t, t->order[k], i)), &l, i);
}

void tren_runs_table_json(FILE *out, const tren_runs_table *t, int n) {
    n = most_rows(t, n);
    fputs("[", out);
    for (int k = 0; k < n; k++) {
        fputs(k ? ",\n  {" : "\n  {", out);
        for (int i = 0; i < t->n_columns; i++) {
            const tren_run_cell *cell = cell_at(t, t->order[k], i);
            if (i) fputs(", ", out);
            tren_put_json(out, t->column[i]);
            fputs(": ", out);
            if (!cell->at)
                fputs("null", out);
            else if (cell->text)
                tren_put_json(out, cell->at);
            else
                tren_json_value(out, cell->at);
        }
        fputc('}', out);
    }
    fputs(n > 0 ? "\n]\n" : "]\n", out);
}
