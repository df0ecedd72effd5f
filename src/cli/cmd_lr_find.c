/* tren lr-find: a learning-rate range test (Smith, Cyclical learning rates for training neural
 * networks, WACV 2017): the rate rises geometrically over some steps, and the loss is watched. */
#include "base/json.h"
#include "base/whole.h"
#include "cli/cmd.h"
#include "cli/console.h"
#include "cli/gnuplot.h"
#include "cli/launch.h"
#include "cli/lr_find.h"
#include "cli/mpi_start.h"
#include "cli/own_args.h"
#include "cli/plot_script.h"
#include "cli/runs.h"
#include "cli/stop_signal.h"
#include "base/folders.h"
#include "tren/train.h"

#include <math.h>
#include <string.h>

typedef struct lr_args {
    tren_rate_range range;
    const char *out, *format;
    char dir[TREN_MAX_PATH + 32];
    bool json, help;
} lr_args;

/* ---- arguments ------------------------------------------------------------------------------- */

static const char summary[] =
    "Find a learning rate: training starts as in the config, but the rate rises geometrically with "
    "each step until the loss diverges. The suggestion is the rate at which the smoothed loss "
    "falls fastest, or a tenth of the rate at which it diverges, whichever is lower. Writes "
    "lr-find.csv and lr-find.svg to a separate folder; the run folder is not changed. Every key of "
    "the config is also an option here ('tren train --help').";

static void name_folder(lr_args *a, const tren_config *config) {
    const char *slash = strrchr(config->out, '/'), *name = slash ? slash + 1 : config->out;
    if (a->out)
        snprintf(a->dir, sizeof a->dir, "%s", a->out);
    else
        snprintf(a->dir, sizeof a->dir, "%.*slr-find-%s", (int)(name - config->out), config->out,
                 name);
}

static tren_status check(const lr_args *a, const tren_config *config) {
    if (config->optimizer.name == TREN_SCG)
        return tren_fail(TREN_ERR_USAGE,
                         "optimizer.name: scg finds its own step length and has no learning rate; "
                         "use another optimizer, such as sgd or adam");
    if (!(a->range.from < a->range.to))
        return tren_fail(TREN_ERR_USAGE, "--from %g is not below --to %g; the rate must rise",
                         a->range.from, a->range.to);
    TREN_TRY(tren_picture_check_formats(a->format));
    return tren_runs_keep(a->dir);
}

static tren_status read_args(lr_args *a, tren_config *config, int argc, char **argv) {
    const tren_arg own[] = {{"from", TREN_ARG_REAL, &a->range.from, "RATE",
                             .help = "First rate; default: 1e-6.", .min = 1e-300, .max = 1e300},
                            {"to", TREN_ARG_REAL, &a->range.to, "RATE",
                             .help = "Last rate; default: 10.", .min = 1e-300, .max = 1e300},
                            {"steps", TREN_ARG_INT, &a->range.steps, "N",
                             .help = "Number of steps between the two rates; default: 200.",
                             .min = 20, .max = 1e6},
                            {"out", TREN_ARG_TEXT, &a->out, "DIR",
                             .help = "Folder for the curve; default: runs/lr-find-NAME."},
                            {"format", TREN_ARG_TEXT, &a->format, "LIST",
                             .help = "File formats of the picture: svg, png, pdf; default: svg."},
                            {"json", TREN_ARG_FLAG, &a->json, NULL, .help = "Print JSON."},
                            {.name = NULL}};
    tren_args args = {.command = "lr-find",
                      .synopsis = "[CONFIG.yaml] [--from RATE] [--to RATE] [--steps N] [--out DIR] "
                                  "[--json] [--KEY VALUE ...]",
                      .summary = summary,
                      .options = own};
    tren_own_args sorted = {0};
    tren_cli_run run = {0};
    a->help = tren_args_ask_help(argc, argv);
    if (a->help) return tren_args_parse(&args, argc, argv);
    tren_status st = tren_own_args_parse(&sorted, &args, config, &run, argc, argv);
    tren_own_args_close(&sorted);
    TREN_TRY(st);
    name_folder(a, config);
    return check(a, config);
}

/* ---- training -------------------------------------------------------------------------------- */

/* Nothing but the steps; they may need more epochs than the config has. */
static void make_short(tren_config *c, int steps) {
    c->out[0] = '\0';
    c->max_steps = steps;
    c->epochs = 1 << 30;
    c->max_time = c->stop_loss = 0;
    c->early_stopping.rule = TREN_STOP_NONE;
    c->check_without_dropout = c->checkpoint_steps = 0;
    c->checkpoint_seconds = 0;
    c->evaluate_test = c->plots = c->tensorboard = false;
}

/* On rank 0 the curve; it asks all ranks to leave by the flag. */
typedef struct lr_test {
    const tren_rate_range *range;
    tren_lr_curve curve;
    volatile sig_atomic_t stop;
} lr_test;

static void take_step(void *ctx, const tren_progress *p) {
    lr_test *t = ctx;
    if (p->epoch_done || t->curve.diverged) return;
    tren_lr_curve_add(&t->curve, tren_rate_at(t->range, t->curve.n), p->step_loss);
    t->stop = t->curve.diverged || tren_stop_signal;
}

static tren_status run_test(tren_comm *comm, tren_config *config, lr_test *test) {
    tren_result result;
    tren_train_options options = {.signal = &test->stop,
                                  .progress = take_step,
                                  .ctx = test,
                                  .rates = test->range,
                                  .started = tren_seconds()};
    make_short(config, test->range->steps);
    tren_status st = tren_train(comm, config, &options, &result);
    if (st == TREN_ERR_DIVERGED) { /* a loss that is not finite, which nobody was told of */
        if (comm->rank == 0)
            tren_lr_curve_add(&test->curve, tren_rate_at(test->range, test->curve.n), INFINITY);
        return TREN_OK;
    }
    if (st == TREN_REQUEUE && tren_stop_signal)
        return tren_fail(
            TREN_REQUEUE,
            "stopped by a signal: nothing was saved; start again with the same command");
    return st == TREN_REQUEUE ? TREN_OK : st;
}

/* ---- what comes out -------------------------------------------------------------------------- */

static void put_csv(FILE *out, void *ctx) {
    const tren_lr_curve *c = ctx;
    fputs("step,learning_rate,loss,smoothed_loss\n", out);
    for (int i = 0; i < c->n; i++) {
        const tren_lr_step *s = &c->at[i];
        fprintf(out, "%d,%.9g,", i + 1, s->rate);
        if (isfinite(s->loss)) fprintf(out, "%.9g", s->loss);
        fputc(',', out);
        if (isfinite(s->smooth)) fprintf(out, "%.9g", s->smooth);
        fputc('\n', out);
    }
}

static void put_line_at(FILE *out, double rate, int i, const char *colour, const char *what) {
    if (!isfinite(rate)) return;
    fprintf(out,
            "set arrow %d from %.9g,graph 0 to %.9g,graph 1 nohead dt 3 lw 1.5 lc rgb '%s'\n"
            "set label %d '%s %.3g' at %.9g,graph 0.96 right offset -0.6,%d tc rgb '%s'\n",
            i, rate, rate, colour, i, what, rate, rate, 1 - i, colour);
}

static void put_script(FILE *out, tren_picture_kind kind, const tren_lr_curve *c,
                       const tren_lr_advice *a) {
    double low = INFINITY, first = 0;
    for (int i = 0; i < c->n; i++) {
        if (c->at[i].smooth < low) low = c->at[i].smooth;
        if (isfinite(c->at[i].smooth) && i < 20 && c->at[i].smooth > first) first = c->at[i].smooth;
    }
    if (!isfinite(low)) low = 0;
    double least = fmax(1e-6 * fabs(low), 1e-12), span = fmax(first - low, least);
    tren_picture_begin(out, kind, 760, 480);
    fputs("$curve << EOD\n", out);
    for (int i = 0; i < c->n; i++)
        if (isfinite(c->at[i].loss))
            fprintf(out, "%.9g %.9g %.9g\n", c->at[i].rate, c->at[i].loss, c->at[i].smooth);
    fprintf(out,
            "EOD\nset border 3 lc rgb '#777777'\nset tics nomirror scale 0.5\nset logscale x\n"
            "set format x '%%g'\nset grid back lt 1 lw 1 lc rgb '#e6e6e6'\n"
            "set xlabel 'learning rate'\nset ylabel 'training loss of a step'\n"
            "set yrange [%.9g:%.9g]\nset key bottom left reverse Left samplen 2\n",
            low - 0.1 * span, low + 1.6 * span);
    put_line_at(out, a->rate, 1, "#3a7d44", "suggested");
    put_line_at(out, a->limit, 2, "#c0392b", "diverged");
    fputs("plot $curve using 1:2 with lines lw 1 lc rgb '#b8c4d6' title 'each step', $curve using "
          "1:3 with lines lw 2.5 lc rgb '#4c78a8' title 'smoothed'\n",
          out);
}

static tren_status draw(const char *path, const tren_lr_curve *c, const tren_lr_advice *a) {
    char notes[1024];
    FILE *script = tmpfile();
    if (!script) return tren_fail(TREN_ERR_ENV, "cannot write a temporary file");
    put_script(script, tren_picture_kind_of(path), c, a);
    tren_status st = tren_picture_draw(script, path, true, notes, sizeof notes);
    fclose(script);
    return st;
}

static void put_json(const tren_lr_curve *c, const tren_lr_advice *a, const char *csv) {
    tren_json j = {.out = stdout};
    tren_json_begin(&j, NULL, '{');
    tren_json_real(&j, "learning_rate", a->rate);
    tren_json_text(&j, "by",
                   isnan(a->rate) ? NULL
                   : a->by_tenth  ? "tenth of divergence"
                                  : "steepest");
    tren_json_real(&j, "steepest", a->steepest);
    tren_json_real(&j, "minimum", a->minimum);
    tren_json_real(&j, "diverged", a->limit);
    tren_json_whole(&j, "steps", c->n);
    tren_json_text(&j, "csv", csv);
    tren_json_end(&j);
}

static void say(const tren_lr_curve *c, const tren_lr_advice *a) {
    printf("%d steps from learning rate %.3g to %.3g", c->n, c->at[0].rate, c->at[c->n - 1].rate);
    printf(c->diverged ? ", where the loss diverged\n" : "; the loss did not diverge\n");
    if (isnan(a->rate)) {
        printf("no suggestion: the loss never fell; try a wider range with --from and --to, or "
               "more --steps\n");
        return;
    }
    printf("the loss falls fastest at %.3g and is lowest at %.3g\n", a->steepest, a->minimum);
    printf(
        "suggestion: --optimizer.learning_rate %.2g, %s\n", a->rate,
        a->by_tenth
            ? "a tenth of the rate of divergence, which is lower than the rate of the fastest fall"
            : "the rate of the fastest fall");
}

/* Rank 0. Pictures are no reason to fail. */
static tren_status report(const lr_args *a, tren_lr_curve *c) {
    char csv[TREN_MAX_PATH + 64], path[TREN_MAX_PATH + 64];
    FILE *out = a->json ? stderr : stdout;
    if (c->n == 0) return tren_fail(TREN_ERR_INTERNAL, "no step was trained");
    tren_lr_advice advice = tren_lr_advise(c);
    snprintf(csv, sizeof csv, "%s/lr-find.csv", a->dir);
    TREN_TRY(tren_make_folders(a->dir));
    TREN_TRY(tren_whole_write(csv, TREN_ERR_ENV, put_csv, c));
    if (a->json)
        put_json(c, &advice, csv);
    else
        say(c, &advice);
    for (int k = 0; k < TREN_PICTURE_KINDS; k++) {
        if (!tren_picture_has_format(a->format, (tren_picture_kind)k)) continue;
        snprintf(path, sizeof path, "%s/lr-find.%s", a->dir, tren_picture_name[k]);
        if (draw(path, c, &advice) == TREN_OK)
            fprintf(out, "%s\n", tren_cli_shown(path));
        else
            fprintf(out, "warning: no picture: %s\n", tren_cli_shown(tren_error_text()));
    }
    return tren_cli_flush();
}

static tren_status test_on(tren_comm *comm, const lr_args *a, tren_config *config) {
    lr_test test = {.range = &a->range};
    tren_status st = tren_comm_agree(comm, tren_lr_curve_open(&test.curve, a->range.steps));
    if (st == TREN_OK) st = run_test(comm, config, &test);
    if (st == TREN_OK)
        st = tren_comm_agree(comm, comm->rank == 0 ? report(a, &test.curve) : TREN_OK);
    tren_lr_curve_close(&test.curve);
    return st;
}

int tren_cmd_lr_find(int argc, char **argv) {
    lr_args a = {.range = {.from = 1e-6, .to = 10, .steps = 200}, .format = "svg"};
    tren_config config;
    tren_comm comm;
    tren_status st = read_args(&a, &config, argc, argv);
    if (st != TREN_OK || a.help) return tren_cli_fail("lr-find", st);
    tren_stop_signal_catch();
    st = tren_mpi_start(&comm, config.stall_timeout);
    if (st != TREN_OK) return tren_cli_fail("lr-find", st);
    st = test_on(&comm, &a, &config);
    bool speaks = comm.rank == 0;
    tren_comm_close(&comm);
    return tren_cli_fail_agreed("lr-find", st, speaks);
}
