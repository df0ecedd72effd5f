/* tren sweep: a grid of settings, trained by groups of ranks. */
#include "base/text.h"
#include "cli/cmd.h"
#include "cli/console.h"
#include "cli/gnuplot.h"
#include "cli/launch.h"
#include "cli/mpi_start.h"
#include "cli/own_args.h"
#include "cli/runs.h"
#include "cli/sweep_plot.h"
#include "cli/sweep_seeds.h"
#include "cli/stop_signal.h"
#include "tren/kernels.h"

#include <stdlib.h>
#include <string.h>

typedef struct sweep_args {
    const char *part, *y, *x, *by, *format;
    int ranks_per_run;
    bool keep_runs, dry_run, help, log_x, log_y, json;
} sweep_args;

/* ---- arguments: the sweep's own, and the config's ---------------------------------------------
 */

enum { N_OWN = 11 };

static void list_own(tren_arg own[N_OWN + 1], sweep_args *a) {
    const tren_arg all[N_OWN + 1] = {
        {"ranks-per-run", TREN_ARG_INT, &a->ranks_per_run, "R",
         .help = "Number of ranks that share one training, at most its shards; default: 1. This "
                 "does not change the result.",
         .min = 1, .max = 65536},
        {"part", TREN_ARG_TEXT, &a->part, "K/N",
         .help = "Train only part K of N (from 1) of the points, divided by cost. Use it on file "
                 "systems without locks: jobs that share DIR then never train the same point "
                 "twice. The last job to finish writes the table."},
        {"keep-runs", TREN_ARG_FLAG, &a->keep_runs, NULL,
         .help = "Keep a run folder for each point, so that an interrupted point continues at its "
                 "exact step. Without it, the point starts again."},
        {"y", TREN_ARG_TEXT, &a->y, "COLUMN",
         .help = "Column for the y axis of the picture; default: validation_accuracy, or the loss "
                 "if there is no accuracy."},
        {"by", TREN_ARG_TEXT, &a->by, "COLUMN",
         .help = "Column by which the settings are ranked; default: validation_accuracy, or "
                 "validation_loss. The test part is used only if it is named here."},
        {"x", TREN_ARG_TEXT, &a->x, "KEY",
         .help = "Grid key for the x axis; default: the key with the most numbers. The other keys "
                 "give one line each; several values of seed give error bars."},
        {"logx", TREN_ARG_FLAG, &a->log_x, NULL,
         .help = "Logarithmic x axis; the default if the values span more than a factor of ten."},
        {"logy", TREN_ARG_FLAG, &a->log_y, NULL,
         .help = "Logarithmic y axis; the default if the values span more than a factor of ten."},
        {"format", TREN_ARG_TEXT, &a->format, "LIST",
         .help = "File formats of the picture: svg, png, pdf; default: svg."},
        {"dry-run", TREN_ARG_FLAG, &a->dry_run, NULL, .help = "List the points and exit."},
        {"json", TREN_ARG_FLAG, &a->json, NULL,
         .help = "Print the counts and the ranking as JSON; progress goes to standard error."},
    };
    memcpy(own, all, sizeof all);
}

static const char summary[] =
    "Train every combination of the values in the section `grid` of the file, each on a group of "
    "ranks, and write DIR/sweep.csv and a picture. The rest of the file is a normal config; every "
    "key is also an option here ('tren train --help'). Each finished point is a file in "
    "DIR/points: after an interruption, or with a larger grid, the sweep computes only the missing "
    "points. A point that diverges is a row of the table, too.";

/* An option for a key of the grid would be for nothing. */
static tren_status check_keys(const tren_grid *grid, const tren_own_args *given) {
    for (int i = 0; i < grid->n_axes; i++) {
        const char *key = grid->axis[i].option->key;
        for (int k = 1; k < given->n_config; k++)
            if (tren_own_args_is(given->config[k], key))
                return tren_fail(TREN_ERR_USAGE,
                                 "--%s: its values are in the grid; change them there", key);
    }
    return TREN_OK;
}

static tren_status read_args(sweep_args *a, tren_config *config, tren_grid *grid, int argc,
                             char **argv) {
    tren_arg own[N_OWN + 1];
    tren_own_args sorted = {0};
    tren_cli_run run = {.switches = true, .grid = grid};
    list_own(own, a);
    tren_args args = {.command = "sweep",
                      .synopsis = "GRID.yaml [--out DIR] [--ranks-per-run R] [--KEY VALUE ...]",
                      .summary = summary,
                      .options = own};
    a->help = tren_args_ask_help(argc, argv);
    if (a->help) return tren_args_parse(&args, argc, argv);
    tren_status st = tren_own_args_parse(&sorted, &args, config, &run, argc, argv);
    if (st == TREN_OK) st = check_keys(grid, &sorted);
    tren_own_args_close(&sorted);
    if (st == TREN_OK && run.resume)
        st = tren_fail(TREN_ERR_USAGE,
                       "--resume: a sweep always continues where it stopped; remove this option");
    if (st == TREN_OK && grid->n_axes == 0)
        st = tren_fail(TREN_ERR_USAGE, "the file has no grid; add a section such as grid: "
                                       "{optimizer.learning_rate: [0.1, 0.01], seed: [1, 2, 3]}");
    return st;
}

static tren_status read_part(tren_grid_sweep *sweep, const char *text) {
    int k = 0, n = 0, end = 0;
    if (!text) return TREN_OK;
    if (sscanf(text, "%d/%d%n", &k, &n, &end) != 2 || text[end] || k < 1 || k > n)
        return tren_fail(TREN_ERR_USAGE, "--part: '%s' is not K/N with K from 1 to N, such as 1/4",
                         text);
    sweep->part = k - 1;
    sweep->n_parts = n;
    return TREN_OK;
}

/* ---- running --------------------------------------------------------------------------------- */

static void say(const tren_grid_sweep *sweep, const tren_sweep_result *r, tren_status st) {
    bool collected = st == TREN_OK && r->n_left == 0;
    printf("%d points: %d trained, %d cached, %d remaining (%.1f s)\n", r->n_points, r->n_done,
           r->n_before, r->n_left, r->seconds);
    if (st == TREN_OK && r->n_left > 0)
        printf("the remaining points belong to other jobs or other parts; the same command trains "
               "those that they do not finish\n");
    if (collected) printf("%s/sweep.csv\n", tren_cli_shown(sweep->base->out));
}

static void put_json(const tren_grid_sweep *sweep, const tren_sweep_result *r, const sweep_args *a,
                     bool whole) {
    char path[TREN_MAX_PATH + 16];
    tren_json j = {.out = stdout};
    snprintf(path, sizeof path, "%s/sweep.csv", sweep->base->out);
    tren_json_begin(&j, NULL, '{');
    tren_json_whole(&j, "points", r->n_points);
    tren_json_whole(&j, "trained", r->n_done);
    tren_json_whole(&j, "cached", r->n_before);
    tren_json_whole(&j, "remaining", r->n_left);
    tren_json_real(&j, "seconds", r->seconds);
    tren_json_text(&j, "table", whole ? path : NULL);
    if (whole) tren_sweep_rank(sweep, a->by, &j);
    tren_json_end(&j);
}

/* The rest is compared with the config and the grid. */
static tren_status agree_on_picture(const tren_comm *comm, const sweep_args *a) {
    tren_facts facts = {0};
    if (comm->size == 1) return TREN_OK;
    TREN_TRY(tren_agree_on_program(comm, "sweep"));
    tren_facts_add(&facts, "--y", "%s", a->y ? a->y : "not given");
    tren_facts_add(&facts, "--by", "%s", a->by ? a->by : "not given");
    tren_facts_add(&facts, "--x", "%s", a->x ? a->x : "not given");
    tren_facts_add(&facts, "--format", "%s", a->format);
    tren_facts_add(&facts, "--logx", "%s", a->log_x ? "given" : "not given");
    tren_facts_add(&facts, "--logy", "%s", a->log_y ? "given" : "not given");
    return tren_agree_on_config(comm, &facts);
}

static tren_sweep_axes axes_of(const sweep_args *a) {
    return (tren_sweep_axes){a->x,     a->y, a->log_x, a->log_y, a->by, a->json ? stderr : stdout,
                             a->format};
}

static int run(const tren_grid_sweep *sweep, const sweep_args *a) {
    tren_sweep_axes axes = axes_of(a);
    tren_comm comm;
    tren_sweep_result result = {0};
    tren_status st = tren_mpi_start(&comm, sweep->base->stall_timeout);
    if (st != TREN_OK) return tren_cli_fail("sweep", st);
    tren_blas_threads(sweep->base->blas_threads);
    st = agree_on_picture(&comm, a);
    if (st == TREN_OK) st = tren_grid_sweep_run(&comm, sweep, &result);
    bool first = comm.rank == 0, speaks = first && result.n_points > 0;
    tren_comm_close(&comm);
    bool whole = st == TREN_OK && result.n_left == 0;
    if (speaks && a->json)
        put_json(sweep, &result, a, whole);
    else if (speaks)
        say(sweep, &result, st);
    int code = tren_cli_fail_agreed("sweep", st, first);
    if (speaks && whole && !a->json) tren_sweep_rank(sweep, a->by, NULL);
    if (speaks && whole && sweep->base->plots) tren_sweep_plot(sweep, &axes);
    return code;
}

static int sweep(tren_config *config, tren_grid *grid, int argc, char **argv) {
    sweep_args a = {.ranks_per_run = 1, .format = "svg"};
    tren_log log = {.out = stdout};
    tren_status st = read_args(&a, config, grid, argc, argv);
    if (st == TREN_OK && a.json && a.dry_run)
        st = tren_fail(TREN_ERR_USAGE, "--json: --dry-run lists points as text; give one of both");
    if (st != TREN_OK || a.help) return tren_cli_fail("sweep", st);
    if (a.json) log.out = stderr;
    tren_grid_sweep s = {.base = config,
                         .grid = grid,
                         .ranks_per_run = a.ranks_per_run,
                         .keep_runs = a.keep_runs,
                         .signal = &tren_stop_signal,
                         .log = &log};
    st = read_part(&s, a.part);
    if (st == TREN_OK) st = tren_runs_keep(config->out);
    if (st == TREN_OK) st = tren_picture_check_formats(a.format);
    tren_sweep_axes axes = axes_of(&a);
    if (st == TREN_OK) st = tren_sweep_check_axes(&s, &axes);
    bool lists = a.dry_run && tren_launch_is_first();
    if (st == TREN_OK) st = tren_grid_sweep_check(&s, lists ? stdout : NULL);
    if (st != TREN_OK || a.dry_run) return tren_cli_fail("sweep", st);
    tren_stop_signal_catch();
    return run(&s, &a);
}

int tren_cmd_sweep(int argc, char **argv) {
    tren_config config;
    tren_grid grid = {0};
    int code = sweep(&config, &grid, argc, argv);
    tren_grid_close(&grid);
    return code;
}
