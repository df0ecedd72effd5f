/* tren plot: the curves of one run or several, finished or not. */
#include "base/text.h"
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/console.h"
#include "cli/out_file.h"
#include "cli/plot.h"

#include <string.h>

typedef struct plot_args {
    const char *run[TREN_PLOT_MAX_RUNS];
    int n_runs;
    const char *out;
    char columns[1024]; /* --y, cut at its commas */
    bool log_x, log_y, help;
} plot_args;

static tren_status parse(plot_args *a, int argc, char **argv) {
    const char *y = "";
    const tren_arg options[] = {
        {"out", TREN_ARG_TEXT, &a->out, "FILE",
         .help = "Picture to write, SVG, PNG or PDF by its ending; default: curves.svg, in the run "
                 "folder for one run, in the current folder for several."},
        {"y", TREN_ARG_TEXT, &y, "COLUMN[,...]",
         .help = "Columns of metrics.csv, one panel each; default: for one run the panels of "
                 "docs/metrics.md, for several runs validation_loss and validation_accuracy."},
        {"logx", TREN_ARG_FLAG, &a->log_x, NULL, .help = "Logarithmic axis of epochs."},
        {"logy", TREN_ARG_FLAG, &a->log_y, NULL, .help = "Logarithmic axis of values."},
        {.name = NULL}};
    tren_args args = {.command = "plot",
                      .synopsis = "RUN_DIR ... [--out FILE.svg|.png|.pdf] [--y COLUMN,...]",
                      .summary =
                          "Draw the curves of a run, or of several runs in one picture. Runs that "
                          "are still training show their epochs so far. Needs gnuplot.",
                      .options = options,
                      .positional = a->run,
                      .max_positional = TREN_PLOT_MAX_RUNS};
    TREN_TRY(tren_args_parse(&args, argc, argv));
    a->help = args.help;
    if (a->help) return TREN_OK;
    a->n_runs = args.n_positional;
    if (a->n_runs == 0)
        return tren_fail(TREN_ERR_USAGE, "a run folder is missing: tren plot RUN_DIR ...");
    if (strlen(y) >= sizeof a->columns)
        return tren_fail(TREN_ERR_USAGE, "--y is longer than %zu bytes; give fewer columns",
                         sizeof a->columns - 1);
    strcpy(a->columns, y);
    return TREN_OK;
}

/* ---- which columns --------------------------------------------------------------------------- */

static bool any_has(const tren_plot *plot, const char *column) {
    for (int i = 0; i < plot->n_runs; i++)
        if (tren_metrics_has(&plot->run[i].metrics, column)) return true;
    return false;
}

static bool any_names(const tren_plot *plot, const char *column) {
    for (int i = 0; i < plot->n_runs; i++)
        if (tren_metrics_column(&plot->run[i].metrics, column) >= 0) return true;
    return false;
}

static tren_status add_column(tren_plot *plot, const char *column) {
    const tren_metrics *first = &plot->run[0].metrics;
    if (any_has(plot, column)) {
        if (plot->n_columns == TREN_PLOT_MAX_PANELS)
            return tren_fail(TREN_ERR_USAGE, "--y: more than %d columns; give fewer",
                             TREN_PLOT_MAX_PANELS);
        plot->column[plot->n_columns++] = column;
        return TREN_OK;
    }
    if (any_names(plot, column))
        return tren_fail(
            TREN_ERR_USAGE,
            "--y: the column '%s' contains no numbers; docs/metrics.md lists those that do",
            column);
    const char *nearest =
        tren_text_nearest(column, (const char *const *)first->name, (size_t)first->n_columns);
    if (nearest)
        return tren_fail(TREN_ERR_USAGE, "--y: metrics.csv has no column '%s'; did you mean '%s'?",
                         column, nearest);
    return tren_fail(TREN_ERR_USAGE,
                     "--y: metrics.csv has no column '%s'; docs/metrics.md lists them", column);
}

static tren_status choose_columns(tren_plot *plot, char *columns) {
    char *rest = NULL;
    for (char *c = strtok_r(columns, ", ", &rest); c; c = strtok_r(NULL, ", ", &rest))
        TREN_TRY(add_column(plot, c));
    if (plot->n_columns > 0 || plot->n_runs == 1) return TREN_OK;
    TREN_TRY(add_column(plot, any_has(plot, "validation_loss") ? "validation_loss" : "train_loss"));
    if (any_has(plot, "validation_accuracy")) return add_column(plot, "validation_accuracy");
    return any_has(plot, "train_accuracy") ? add_column(plot, "train_accuracy") : TREN_OK;
}

/* ---- where to -------------------------------------------------------------------------------- */

static tren_status choose_file(char *path, size_t n, const plot_args *a) {
    if (a->out) TREN_TRY(tren_picture_check_ending("--out", a->out));
    int length = a->out           ? snprintf(path, n, "%s", a->out)
                 : a->n_runs == 1 ? snprintf(path, n, "%s/curves.svg", a->run[0])
                                  : snprintf(path, n, "curves.svg");
    if ((size_t)length < n) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "the path of the picture is longer than %zu bytes; choose a shorter one",
                     n - 1);
}

static tren_status draw(plot_args *a) {
    char path[TREN_MAX_PATH];
    tren_plot plot = {.log_x = a->log_x, .log_y = a->log_y};
    tren_status st = TREN_OK;
    TREN_GOTO(choose_file(path, sizeof path, a));
    plot.kind = tren_picture_kind_of(path);
    TREN_GOTO(tren_plot_open(&plot, a->run, a->n_runs));
    TREN_GOTO(choose_columns(&plot, a->columns));
    TREN_GOTO(tren_plot_draw(&plot, path));
    printf("%s\n", tren_cli_shown(path));
done:
    tren_plot_close(&plot);
    return st;
}

int tren_cmd_plot(int argc, char **argv) {
    plot_args a = {0};
    tren_status st = parse(&a, argc, argv);
    if (st == TREN_OK && !a.help) st = draw(&a);
    return tren_cli_fail("plot", st);
}
