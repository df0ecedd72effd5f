#include "cli/sweep_plot.h"
#include "cli/sweep_seeds.h"
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

/* The key with the most numbers; where none has several, the one with the most values; seeds only
 * where there is nothing else. */
static int choose_axis(const tren_grid *grid) {
    int best = 0, most = -1;
    for (int i = 0; i < grid->n_axes; i++) {
        const tren_axis *axis = &grid->axis[i];
        int n =
            tren_is_seed(axis) ? 1 : 2 * axis->n + (is_numeric(axis) && axis->n > 1 ? 1 << 16 : 0);
        if (n <= most) continue;
        best = i;
        most = n;
    }
    return best;
}

static tren_status unknown_column(const char *option, const char *wanted,
                                  const tren_table *columns) {
    const char *names[TREN_TABLE_COLUMNS];
    for (int i = 0; i < columns->n_columns; i++) names[i] = columns->column[i];
    const char *nearest = tren_text_nearest(wanted, names, (size_t)columns->n_columns);
    if (!nearest)
        return tren_fail(TREN_ERR_USAGE, "--%s: sweep.csv has no column of results '%s'; it has %s",
                         option, wanted, TREN_SWEEP_COLUMNS);
    return tren_fail(TREN_ERR_USAGE, "--%s: sweep.csv has no column '%s'; did you mean '%s'?",
                     option, wanted, nearest);
}

static tren_status check_column(const char *option, const char *wanted) {
    tren_table columns;
    if (!wanted) return TREN_OK;
    TREN_TRY(tren_table_open(&columns, TREN_SWEEP_COLUMNS));
    return tren_table_find(&columns, wanted) < 0 ? unknown_column(option, wanted, &columns)
                                                 : TREN_OK;
}

tren_status tren_sweep_check_axes(const tren_grid_sweep *sweep, const tren_sweep_axes *axes) {
    TREN_TRY(check_column("y", axes->y));
    TREN_TRY(check_column("by", axes->by));
    if (!axes->x) return TREN_OK;
    int i = find_axis(sweep->grid, axes->x);
    if (i < 0)
        return tren_fail(TREN_ERR_USAGE,
                         "--x: '%s' is not a key of the grid; give one, such as '%s'", axes->x,
                         sweep->grid->axis[0].option->key);
    return TREN_OK;
}

/* Settings are chosen by validation; who chooses by the test part has no measure left. */
static tren_status choose_column(picture *p, const char *wanted) {
    static const char *const usual[] = {"validation_accuracy", "validation_loss", "train_loss"};
    p->y = wanted;
    for (size_t i = 0; !p->y && i < sizeof usual / sizeof *usual; i++)
        if (tren_table_count(&p->table, usual[i], NULL) > 0) p->y = usual[i];
    if (p->y && tren_table_count(&p->table, p->y, NULL) > 0) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "the column '%s' of sweep.csv contains no numbers; choose another with --y",
                     p->y ? p->y : "validation_loss");
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* Over the points of this line with value k of x. */
static tren_seeds seeds_at(const picture *p, const char *line, int k) {
    static double value[TREN_MOST_SEEDS];
    int index[TREN_MAX_AXES], n = 0;
    for (int i = 0; i < p->table.n_rows && n < TREN_MOST_SEEDS; i++) {
        char name[512];
        tren_grid_index(index, p->grid, i);
        tren_sweep_setting(name, sizeof name, p->grid, index, p->x);
        double y = tren_table_get(&p->table, i, p->y);
        if (index[p->x] == k && strcmp(name, line) == 0 && isfinite(y)) value[n++] = y;
    }
    return tren_seeds_of(value, n);
}

static int list_lines(char line[MAX_LINES][512], const picture *p) {
    int n = 0, index[TREN_MAX_AXES];
    for (int i = 0; i < p->table.n_rows && n < MAX_LINES; i++) {
        bool known = false;
        tren_grid_index(index, p->grid, i);
        tren_sweep_setting(line[n], sizeof line[n], p->grid, index, p->x);
        for (int k = 0; k < n; k++) known |= strcmp(line[k], line[n]) == 0;
        n += !known;
    }
    return n;
}

/* Along x: the value, or the number of the category, moved a little so that bars stand apart. */
static double place_of(const picture *p, int k, int line, int n_lines) {
    double x;
    const tren_axis *axis = &p->grid->axis[p->x];
    if (is_numeric(axis) && tren_text_real(&x, axis->text[k]) == TREN_TEXT_OK) return x;
    return k + 0.3 * (line - 0.5 * (n_lines - 1)) / n_lines;
}

typedef struct extent {
    double low, high; /* of what is drawn */
    int most;         /* seeds of a point */
} extent;

static void put_line(FILE *out, const picture *p, const char *line, int at, int n_lines,
                     extent *y) {
    const tren_axis *axis = &p->grid->axis[p->x];
    fprintf(out, "$line%d << EOD\n", at);
    for (int k = 0; k < axis->n; k++) {
        tren_seeds s = seeds_at(p, line, k);
        if (s.n == 0) continue;
        fprintf(out, "%.9g %.9g %.9g %.9g\n", place_of(p, k, at, n_lines), s.middle, s.low, s.high);
        y->low = fmin(y->low, s.low);
        y->high = fmax(y->high, s.high);
        if (s.n > y->most) y->most = s.n;
    }
    fputs("EOD\n", out);
}

/* Values that span more than a decade. */
static bool spans(double low, double high) {
    return low > 0 && high > 10 * low;
}

static bool x_spans(const tren_axis *axis) {
    double low = INFINITY, high = 0, x;
    for (int i = 0; i < axis->n; i++) {
        if (tren_text_real(&x, axis->text[i]) != TREN_TEXT_OK) return false;
        low = fmin(low, x);
        high = fmax(high, x);
    }
    return spans(low, high);
}

static void put_x(FILE *out, const picture *p, bool log) {
    const tren_axis *axis = &p->grid->axis[p->x];
    if (is_numeric(axis)) {
        fprintf(
            out,
            "%sset format x '%%g'\nset offsets graph 0.03, graph 0.03, graph 0.05, graph 0.05\n",
            log || x_spans(axis) ? "set logscale x\n" : "");
        return;
    }
    fputs("set xtics (", out);
    for (int k = 0; k < axis->n; k++) {
        if (k) fputs(", ", out);
        tren_plot_text(out, axis->text[k]);
        fprintf(out, " %d", k);
    }
    fprintf(out, ")\nset xrange [-0.5:%g]\nset offsets 0, 0, graph 0.05, graph 0.05\n",
            axis->n - 0.5);
}

/* "validation loss, median and quartiles of 10 seeds" */
static void put_y_label(FILE *out, const picture *p, const extent *y) {
    char words[128], label[192];
    tren_plot_words(words, sizeof words, p->y);
    if (y->most > 1)
        snprintf(label, sizeof label, "%s, median and %s of %d seeds", words,
                 y->most < TREN_FEW_SEEDS ? "range" : "quartiles", y->most);
    else
        snprintf(label, sizeof label, "%s", words);
    tren_plot_text(out, label);
}

static void put_script(FILE *out, tren_picture_kind kind, const picture *p,
                       const tren_sweep_axes *axes) {
    static char line[MAX_LINES][512];
    const tren_axis *axis = &p->grid->axis[p->x];
    extent y = {INFINITY, -INFINITY, 0};
    int n = list_lines(line, p);
    tren_picture_begin(out, kind, 760, 480);
    for (int i = 0; i < n; i++) put_line(out, p, line[i], i, n, &y);
    fputs(
        "set border 3 lc rgb '#777777'\nset tics nomirror scale 0.5\n"
        "set grid back lt 1 lw 1 lc rgb '#e6e6e6'\nset key outside right top samplen 2 noopaque\n",
        out);
    put_x(out, p, axes->log_x);
    fprintf(out, "%sset xlabel ",
            axes->log_y || spans(y.low, y.high) ? "set logscale y\nset format y '%g'\n" : "");
    tren_plot_text(out, axis->option->key);
    fputs("\nset ylabel ", out);
    put_y_label(out, p, &y);
    fputs("\nplot ", out);
    for (int i = 0; i < n; i++) {
        fprintf(out,
                "%s$line%d using 1:2 smooth unique with lines lw 2 lt %d notitle, $line%d using "
                "1:2:3:4 with yerrorbars lw 1.5 lt %d pt 7 ps 0.6 title ",
                i ? ", \\\n     " : "", i, i + 1, i, i + 1);
        tren_plot_text(out, line[i]);
    }
    fputc('\n', out);
}

static tren_status read_table(picture *p, const char *dir, const tren_sweep_axes *axes) {
    char path[TREN_MAX_PATH];
    snprintf(path, sizeof path, "%s/sweep.csv", dir);
    TREN_TRY(tren_table_read(&p->table, path));
    return choose_column(p, axes->y);
}

static tren_status draw(const char *path, const picture *p, const tren_sweep_axes *axes) {
    char notes[1024];
    FILE *script = tmpfile();
    if (!script)
        return tren_fail(TREN_ERR_ENV, "cannot write a temporary file: %s", tren_why(errno));
    put_script(script, tren_picture_kind_of(path), p, axes);
    tren_status st = tren_picture_draw(script, path, true, notes, sizeof notes);
    fclose(script);
    return st;
}

static void warn(FILE *said) {
    fprintf(said, "warning: no picture: %s\n", tren_cli_shown(tren_error_text()));
}

void tren_sweep_plot(const tren_grid_sweep *sweep, const tren_sweep_axes *axes) {
    char path[TREN_MAX_PATH];
    picture p = {.grid = sweep->grid};
    p.x = axes->x ? find_axis(sweep->grid, axes->x) : choose_axis(sweep->grid);
    if (read_table(&p, sweep->base->out, axes) != TREN_OK) {
        warn(axes->said);
        return;
    }
    for (int k = 0; k < TREN_PICTURE_KINDS; k++) {
        if (!tren_picture_has_format(axes->format, (tren_picture_kind)k)) continue;
        snprintf(path, sizeof path, "%s/sweep.%s", sweep->base->out, tren_picture_name[k]);
        if (draw(path, &p, axes) == TREN_OK)
            fprintf(axes->said, "%s\n", tren_cli_shown(path));
        else
            warn(axes->said);
    }
    tren_table_close(&p.table);
}
