/* tren runs: the runs below some folders, side by side. */
#include "base/config_table.h"
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/console.h"
#include "cli/runs_table.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_DIRS = 256 };

typedef struct runs_args {
    const char *dir[MAX_DIRS];
    int n_dirs, limit;
    const char *sort;
    char columns[4096];              /* --columns, cut at its commas */
    bool chosen, differ, json, help; /* chosen: --columns was given */
} runs_args;

static const char usual[] = "path,status,epochs,train_loss,validation_loss,validation_accuracy,"
                            "test_loss,test_accuracy,modified";

static tren_status parse(runs_args *a, int argc, char **argv) {
    const char *columns = usual;
    const tren_arg options[] = {
        {"columns", TREN_ARG_TEXT, &columns, "NAME[,...]",
         .help = "Columns to show instead of the usual ones: path, name, status, modified; names "
                 "from result.json; columns of metrics.csv (value of the last epoch, or of the "
                 "best epoch if the name begins with validation_); keys of the config such as "
                 "optimizer.learning_rate; config.epochs is the key, not the epochs that were "
                 "trained. A + before a name adds it to the usual columns."},
        {"differ", TREN_ARG_FLAG, &a->differ, NULL,
         .help = "Also show each config key in which these runs differ."},
        {"sort", TREN_ARG_TEXT, &a->sort, "[-]NAME",
         .help = "Sort by this column, smallest value first; with - before the name, largest "
                 "first. Default: by path."},
        {"limit", TREN_ARG_INT, &a->limit, "N", .help = "Show only the first N runs.", .min = 1,
         .max = 1 << 30},
        {"json", TREN_ARG_FLAG, &a->json, NULL,
         .help = "Print JSON: a list with one object per run."},
        {.name = NULL}};
    tren_args args = {
        .command = "runs",
        .synopsis = "[DIR ...] [--columns NAME,...] [--sort [-]NAME] [--json]",
        .summary = "List the runs below some folders (default: runs), one per line. Status: live "
                   "(still training), finished, saved (on a signal or at max_time), stopped "
                   "(killed; --resume continues from its checkpoint), dead (killed before its "
                   "first checkpoint), diverged, failed, damaged (its files cannot be read).",
        .options = options,
        .positional = a->dir,
        .max_positional = MAX_DIRS};
    TREN_TRY(tren_args_parse(&args, argc, argv));
    a->help = args.help;
    if (a->help) return TREN_OK;
    a->n_dirs = args.n_positional;
    if (a->n_dirs == 0) a->dir[a->n_dirs++] = "runs";
    a->chosen = columns != usual;
    int n = snprintf(a->columns, sizeof a->columns, "%s%s%s", *columns == '+' ? usual : "",
                     *columns == '+' ? "," : "", columns + (*columns == '+'));
    if (n < (int)sizeof a->columns) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE, "--columns is too long; give fewer columns");
}

/* ---- columns --------------------------------------------------------------------------------- */

static tren_status add_column(tren_runs_table *t, const char *name, int *at) {
    for (*at = 0; *at < t->n_columns; ++*at)
        if (strcmp(t->column[*at], name) == 0) return TREN_OK;
    if (t->n_columns == TREN_RUNS_COLUMNS)
        return tren_fail(TREN_ERR_USAGE, "more than %d columns; give fewer with --columns",
                         TREN_RUNS_COLUMNS);
    t->column[t->n_columns++] = name;
    return TREN_OK;
}

/* Keys that say where a run lies, or how it is shown, always differ or never matter. */
static bool is_outward(const tren_option *option) {
    static const char *const outward[] = {"out", "progress", "plots"};
    for (size_t i = 0; i < sizeof outward / sizeof *outward; i++)
        if (strcmp(option->key, outward[i]) == 0) return true;
    return false;
}

/* The values of the first run, and which keys have another one elsewhere. */
typedef struct differences {
    char first[TREN_MAX_KEYS][TREN_RUN_VALUE];
    bool differs[TREN_MAX_KEYS];
} differences;

static void compare_run(differences *d, const char *path, bool first) {
    size_t n;
    const tren_option *option = tren_options(&n);
    tren_run_view view = {.path = path};
    for (size_t i = 0; i < n; i++) {
        char value[TREN_RUN_VALUE] = "";
        if (d->differs[i]) continue;
        if (!tren_run_view_config(value, &view, option[i].key)) value[0] = '\0';
        if (first)
            memcpy(d->first[i], value, sizeof value);
        else
            d->differs[i] = strcmp(d->first[i], value) != 0;
    }
    tren_run_view_close(&view);
}

/* Whether something else of a run has the name of this key, such as epochs, those that were
 * trained. */
static bool is_hidden(const tren_run_paths *paths, const char *key) {
    bool hidden = false;
    for (int i = 0; i < paths->n && !hidden; i++) {
        char shown[TREN_RUN_VALUE] = "", value[TREN_RUN_VALUE] = "";
        bool text;
        tren_run_view view;
        tren_run_view_open(&view, paths->at[i]);
        if (!tren_run_view_get(shown, &text, &view, key)) shown[0] = '\0';
        if (!tren_run_view_config(value, &view, key)) value[0] = '\0';
        hidden = strcmp(shown, value) != 0;
        tren_run_view_close(&view);
    }
    return hidden;
}

static tren_status add_key(tren_runs_table *t, const tren_run_paths *paths, const char *key) {
    static char name[TREN_RUNS_COLUMNS][64]; /* columns are not owned */
    static int n;
    int ignored;
    if (n == TREN_RUNS_COLUMNS || !is_hidden(paths, key)) return add_column(t, key, &ignored);
    snprintf(name[n], sizeof name[n], TREN_RUN_CONFIG "%s", key);
    return add_column(t, name[n++], &ignored);
}

static tren_status add_differences(tren_runs_table *t, const tren_run_paths *paths) {
    differences *d;
    size_t n;
    const tren_option *option = tren_options(&n);
    TREN_TRY(tren_alloc(&d, 1, sizeof *d, "the differences of runs"));
    for (int i = 0; i < paths->n; i++) compare_run(d, paths->at[i], i == 0);
    tren_status st = TREN_OK;
    for (size_t i = 0; i < n && st == TREN_OK; i++)
        if (d->differs[i] && !is_outward(&option[i])) st = add_key(t, paths, option[i].key);
    free(d);
    return st;
}

static tren_status choose_columns(tren_runs_table *t, runs_args *a, const tren_run_paths *paths) {
    char *rest = NULL;
    int at;
    for (char *c = strtok_r(a->columns, ", ", &rest); c; c = strtok_r(NULL, ", ", &rest))
        TREN_TRY(add_column(t, c, &at));
    if (t->n_columns == 0)
        return tren_fail(TREN_ERR_USAGE,
                         "--columns is empty; give a column, such as test_accuracy");
    return a->differ ? add_differences(t, paths) : TREN_OK;
}

/* ---- the list -------------------------------------------------------------------------------- */

static void tell_rest(const runs_args *a, const tren_run_paths *paths) {
    if (paths->n == 0)
        fprintf(stderr,
                "tren runs: there is no run below '%s'%s; 'tren train' makes a run folder\n",
                tren_cli_shown(a->dir[0]), a->n_dirs > 1 ? " and the other folders" : "");
    if (paths->unreadable > 0)
        fprintf(stderr, "tren runs: warning: %d folder%s could not be read: %s%s\n",
                paths->unreadable, paths->unreadable > 1 ? "s" : "",
                paths->first_why ? tren_cli_shown(paths->first_why) : "",
                paths->unreadable > 1 ? ", ..." : "");
}

static tren_status show(runs_args *a, const tren_run_paths *paths, tren_runs_table *t) {
    int by = -1;
    TREN_TRY(choose_columns(t, a, paths));
    if (a->sort) TREN_TRY(add_column(t, a->sort + (*a->sort == '-'), &by));
    TREN_TRY(tren_runs_table_fill(t, paths));
    if (a->sort) TREN_TRY(tren_runs_table_sort(t, by, *a->sort == '-'));
    t->hide_empty = !a->chosen;
    if (a->json)
        tren_runs_table_json(stdout, t, a->limit);
    else if (paths->n > 0)
        tren_runs_table_print(stdout, t, a->limit);
    return tren_cli_flush();
}

static tren_status list(runs_args *a) {
    tren_run_paths paths = {0};
    tren_runs_table table = {0};
    tren_status st = TREN_OK;
    for (int i = 0; i < a->n_dirs && st == TREN_OK; i++) st = tren_run_paths_add(&paths, a->dir[i]);
    if (st == TREN_OK) st = show(a, &paths, &table);
    if (st == TREN_OK) tell_rest(a, &paths);
    tren_runs_table_close(&table);
    tren_run_paths_close(&paths);
    return st;
}

int tren_cmd_runs(int argc, char **argv) {
    runs_args a = {0};
    tren_status st = parse(&a, argc, argv);
    if (st == TREN_OK && !a.help) st = list(&a);
    return tren_cli_fail("runs", st);
}
