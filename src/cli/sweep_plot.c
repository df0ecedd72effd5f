#include "cli/sweep_plot.h"
#include "base/text.h"
#include "cli/gnuplot.h"
#include "cli/out_file.h"
#include "cli/plot_script.h"
#include "base/why.h"
#include "cli/console.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LINES = 24 };

typedef struct picture {
    const tren_grid *grid;
    tren_table table; /* one row for each point, in order */
    int x;            /* axis */
    const char *y;
} picture;

/* ---- which axis, which column ---------------------------------------------------------------- */

static bool is_seed(const tren_axis *axis) {
    return strcmp(axis->option->key, "seed") == 0;
}

static bool is_numeric(const tren_axis *axis) {
    double ignored;
    for (int i = 0; i < axis->n; i++)
        if (tren_text_real(&ignored, axis->text[i]) != TREN_TEXT_OK) return false;
    return true;
}

static int find_axis(const tren_grid *grid, const char *key) {
    for (int i = 0; i < grid->n_axes; i++)
        if (strcmp(grid->axis[i].option->key, key) == 0) return i;
    return -1;
}

/* The key with the most numbers; seeds only where there is nothing else. -1: none has numbers. */
static int choose_axis(const tren_grid *grid) {
    int best = -1, most = 0;
    for (int i = 0; i < grid->n_axes; i++) {
        int n = is_seed(&grid->axis[i]) ? 1 : grid->axis[i].n;
        if (!is_numeric(&grid->axis[i]) || n < most) continue;
        if (n == most && best >= 0) continue;
        best = i;
        most = n;
    }
    return best;
}

static tren_status unknown_column(const char *wanted, const tren_table *columns) {
    const char *names[TREN_TABLE_COLUMNS];
    for (int i = 0; i < columns->n_columns; i++) names[i] = columns->column[i];
    const char *nearest = tren_text_nearest(wanted, names, (size_t)columns->n_columns);
    if (!nearest)
        return tren_fail(TREN_ERR_USAGE, "--y: sweep.csv has no column '%s'; it has %s", wanted,
                         TREN_SWEEP_COLUMNS);
    return tren_fail(TREN_ERR_USAGE, "--y: sweep.csv has no column '%s'; did you mean '%s'?",
                     wanted, nearest);
}

static tren_status check_column(const char *wanted) {
    tren_table columns;
    if (!wanted) return TREN_OK;
    TREN_TRY(tren_table_open(&columns, TREN_SWEEP_COLUMNS));
    return tren_table_find(&columns, wanted) < 0 ? unknown_column(wanted, &columns) : TREN_OK;
}

tren_status tren_sweep_check_axes(const tren_grid_sweep *sweep, const tren_sweep_axes *axes) {
    TREN_TRY(check_column(axes->y));
    if (!axes->x) return TREN_OK;
    int i = find_axis(sweep->grid, axes->x);
    if (i < 0)
        return tren_fail(TREN_ERR_USAGE, "--x: '%s' is no key of the grid; such as '%s' is",
                         axes->x, sweep->grid->axis[0].option->key);
    if (!is_numeric(&sweep->grid->axis[i]))
        return tren_fail(TREN_ERR_USAGE,
                         "--x: the values of '%s' are no numbers; give a key whose values are",
                         axes->x);
    return TREN_OK;
}

static tren_status choose_column(picture *p, const char *wanted) {
    static const char *const usual[] = {"test_accuracy", "test_loss", "validation_accuracy",
                                        "validation_loss", "train_loss"};
    p->y = wanted;
    for (size_t i = 0; !p->y && i < sizeof usual / sizeof *usual; i++)
        if (tren_table_count(&p->table, usual[i], NULL) > 0) p->y = usual[i];
    if (p->y && tren_table_count(&p->table, p->y, NULL) > 0) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "the column '%s' of sweep.csv holds no numbers; choose another with --y",
                     p->y ? p->y : "test_loss");
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* What tells the lines apart: the axes that are neither x nor the seed. */
static void name_line(char *out, size_t n, const picture *p, const int *index) {
    out[0] = '\0';
    for (int i = 0; i < p->grid->n_axes; i++) {
        const tren_axis *axis = &p->grid->axis[i];
        size_t at = strlen(out);
        if (i == p->x || is_seed(axis) || axis->n == 1) continue;
        snprintf(out + at, n - at, "%s%s %s", at ? ", " : "", axis->option->key,
                 axis->text[index[i]]);
    }
}

/* The mean over the points of this line with value k of x; NaN: none. */
static double mean_at(const picture *p, const char *line, int k) {
    int index[TREN_MAX_AXES], n = 0;
    double sum = 0;
    for (int i = 0; i < p->table.n_rows; i++) {
        char name[512];
        tren_grid_index(index, p->grid, i);
        name_line(name, sizeof name, p, index);
        double y = tren_table_get(&p->table, i, p->y);
        if (index[p->x] != k || strcmp(name, line) != 0 || !isfinite(y)) continue;
        sum += y;
        n++;
    }
    return n > 0 ? sum / n : NAN;
}

static int list_lines(char line[MAX_LINES][512], const picture *p) {
    int n = 0, index[TREN_MAX_AXES];
    for (int i = 0; i < p->table.n_rows && n < MAX_LINES; i++) {
        bool known = false;
        tren_grid_index(index, p->grid, i);
        name_line(line[n], sizeof line[n], p, index);
        for (int k = 0; k < n; k++) known |= strcmp(line[k], line[n]) == 0;
        n += !known;
    }
    return n;
}

static void put_line(FILE *out, const picture *p, const char *line, int at) {
    const tren_axis *axis = &p->grid->axis[p->x];
    fprintf(out, "$line%d << EOD\n", at);
    for (int k = 0; k < axis->n; k++) {
        double y = mean_at(p, line, k);
        if (isfinite(y)) fprintf(out, "%s %.9g\n", axis->text[k], y);
    }
    fputs("EOD\n", out);
}

static void put_script(FILE *out, const picture *p, const tren_sweep_axes *axes) {
    static char line[MAX_LINES][512];
    int n = list_lines(line, p);
    char words[128];
    tren_plot_words(words, sizeof words, p->y);
    fputs("set encoding utf8\nset term svg noenhanced size 760,480 dynamic font 'Arial,13' "
          "background '#ffffff'\n",
          out);
    for (int i = 0; i < n; i++) put_line(out, p, line[i], i);
    fputs(
        "set border 3 lc rgb '#777777'\nset tics nomirror scale 0.5\n"
        "set grid back lt 1 lw 1 lc rgb '#e6e6e6'\nset key outside right top samplen 2 noopaque\n",
        out);
    fprintf(out, "%s%sset xlabel ", axes->log_x ? "set logscale x\n" : "",
            axes->log_y ? "set logscale y\n" : "");
    tren_plot_text(out, p->grid->axis[p->x].option->key);
    fputs("\nset ylabel ", out);
    tren_plot_text(out, words);
    fputs("\nplot ", out);
    for (int i = 0; i < n; i++) {
        fprintf(out, "%s$line%d using 1:2 smooth unique with linespoints lw 2 pt 7 ps 0.5 title ",
                i ? ", \\\n     " : "", i);
        tren_plot_text(out, line[i]);
    }
    fputc('\n', out);
}

static tren_status draw(picture *p, const char *dir, const tren_sweep_axes *axes,
                        char path[TREN_MAX_PATH]) {
    char notes[1024];
    tren_out_file file;
    snprintf(path, TREN_MAX_PATH, "%s/sweep.csv", dir);
    TREN_TRY(tren_table_read(&p->table, path));
    TREN_TRY(choose_column(p, axes->y));
    snprintf(path, TREN_MAX_PATH, "%s/sweep.svg", dir);
    FILE *script = tmpfile();
    if (!script)
        return tren_fail(TREN_ERR_ENV, "cannot write a temporary file: %s", tren_why(errno));
    put_script(script, p, axes);
    tren_status st = tren_out_check(&file, path, true);
    if (st == TREN_OK) st = tren_out_open_text(&file);
    if (st == TREN_OK) st = tren_gnuplot(script, file.text, notes, sizeof notes);
    if (st == TREN_OK) st = tren_gnuplot_check(&file);
    if (st == TREN_OK) st = tren_out_finish(&file);
    tren_out_close(&file);
    fclose(script);
    return st;
}

void tren_sweep_plot(const tren_grid_sweep *sweep, const tren_sweep_axes *axes) {
    char path[TREN_MAX_PATH];
    picture p = {.grid = sweep->grid};
    p.x = axes->x ? find_axis(sweep->grid, axes->x) : choose_axis(sweep->grid);
    if (p.x < 0) return; /* no key has numbers: the table tells all */
    tren_status st = draw(&p, sweep->base->out, axes, path);
    tren_table_close(&p.table);
    if (st == TREN_OK)
        printf("%s\n", tren_cli_shown(path));
    else
        printf("warning: no picture: %s\n", tren_cli_shown(tren_error_text()));
}
