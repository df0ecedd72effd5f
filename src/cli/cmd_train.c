/* tren train: one run, on however many ranks the launcher started. */
#include "cli/cmd.h"
#include "cli/console.h"
#include "cli/help.h"
#include "cli/launch.h"
#include "cli/mpi_start.h"
#include "cli/own_args.h"
#include "cli/plot.h"
#include "cli/progress.h"
#include "cli/stop_signal.h"

#include <math.h>

static void show(void *ctx, const tren_progress *p) {
    tren_progress_show(ctx, p);
}

static void say_end(const tren_result *r) {
    static const char *const words[] = {[TREN_STOP_EPOCHS] = "finished: reached epochs",
                                        [TREN_STOP_EARLY] = "finished: early stopping",
                                        [TREN_STOP_MAX_STEPS] = "finished: reached max_steps",
                                        [TREN_STOP_MAX_TIME] = "stopped: reached max_time",
                                        [TREN_STOP_SIGNAL] = "stopped by a signal",
                                        [TREN_STOP_DIVERGED] = "stopped: the loss diverged",
                                        [TREN_STOP_LOSS] = "finished: reached stop_loss",
                                        [TREN_STOP_CONVERGED] = "finished: converged"};
    fputs(words[r->end.reason], stdout);
    if (r->end.reason == TREN_STOP_EPOCHS)
        printf(" = %d", r->end.epochs);
    else
        printf(" after %d epoch%s", r->end.epochs, r->end.epochs == 1 ? "" : "s");
    printf(" (%lld steps, %.1f s", (long long)r->end.steps, r->costs.wall_seconds);
    if (!isnan(r->costs.samples_per_second))
        printf(", %.0f samples/s", r->costs.samples_per_second);
    printf(")\n");
}

static void say_result(const tren_result *r) {
    char text[TREN_LOSS_TEXT];
    say_end(r);
    if (r->end.best_epoch > 0) {
        printf("best epoch %d: validation loss %s", r->end.best_epoch,
               tren_loss_text(text, r->scores.validation_loss));
        if (!isnan(r->scores.validation_accuracy))
            printf(", accuracy %.4f", r->scores.validation_accuracy);
        printf("\n");
    }
    if (!isnan(r->scores.test_loss)) {
        printf("test, %s weights: loss %s", r->end.best_epoch > 0 ? "best" : "last",
               tren_loss_text(text, r->scores.test_loss));
        if (!isnan(r->scores.test_accuracy)) printf(", accuracy %.4f", r->scores.test_accuracy);
        printf("\n");
    }
    printf("digest %016llx\n", (unsigned long long)r->end.digest);
    if (r->run.out[0]) printf("run folder: %s\n", tren_cli_shown(r->run.out));
}

/* What is said on the command line only. */
typedef struct train_args {
    tren_cli_run cli;
    const char *trace;
    bool trace_layers, json;
    int ranks, nodes; /* of a launch to be described; 0: not given */
    double started;
} train_args;

static tren_status read_args(train_args *a, tren_config *config, int argc, char **argv) {
    const tren_arg own[] = {
        {"trace", TREN_ARG_TEXT, &a->trace, "FILE", .help = ""},
        {"trace-layers", TREN_ARG_FLAG, &a->trace_layers, NULL, .help = ""},
        {"json", TREN_ARG_FLAG, &a->json, NULL, .help = ""},
        {"ranks", TREN_ARG_INT, &a->ranks, "P", .help = "", .min = 1, .max = 65536},
        {"nodes", TREN_ARG_INT, &a->nodes, "N", .help = "", .min = 1, .max = 65536},
        {.name = NULL}}; /* their help is in tren_train_switches */
    tren_args args = {.command = "train", .synopsis = "", .summary = "", .options = own};
    tren_own_args sorted = {0};
    tren_status st = tren_own_args_parse(&sorted, &args, config, &a->cli, argc, argv);
    tren_own_args_close(&sorted);
    TREN_TRY(st);
    if (a->cli.help) return TREN_OK;
    if ((a->ranks || a->nodes) && !a->cli.dry_run)
        return tren_fail(TREN_ERR_USAGE,
                         "--%s describes a launch and needs --dry-run; to train on several ranks, "
                         "start them with mpirun -n %d tren train ...",
                         a->ranks ? "ranks" : "nodes", a->ranks ? a->ranks : a->nodes);
    if (a->json && !a->cli.dry_run)
        return tren_fail(TREN_ERR_USAGE,
                         "--json is for --dry-run; of a training, result.json in its run folder "
                         "and metrics.csv tell the figures");
    if (a->nodes && !a->ranks)
        return tren_fail(
            TREN_ERR_USAGE,
            "--nodes needs the number of ranks: add --ranks P, the ranks of all nodes together");
    if (a->trace && !a->trace[0])
        return tren_fail(TREN_ERR_USAGE, "--trace: the path is empty; give a file");
    if (a->trace_layers && !a->trace)
        return tren_fail(TREN_ERR_USAGE,
                         "--trace-layers adds layers to a trace and needs --trace FILE");
    return TREN_OK;
}

static tren_status train(tren_comm *comm, const tren_config *config, const train_args *a,
                         tren_result *result) {
    tren_log log = {.out = comm->rank == 0 ? stdout : NULL};
    tren_progress_view view;
    tren_progress_open(&view, comm->rank == 0 ? config->progress : TREN_PROGRESS_OFF, &log);
    tren_train_options options = {.resume = a->cli.resume,
                                  .signal = &tren_stop_signal,
                                  .log = &log,
                                  .progress = show,
                                  .ctx = &view,
                                  .started = a->started,
                                  .trace = a->trace,
                                  .trace_layers = a->trace_layers};
    tren_status st = tren_train(comm, config, &options, result);
    tren_progress_close(&view);
    return st;
}

static bool finished(tren_status st) {
    return st == TREN_OK || st == TREN_REQUEUE;
}

static int run(const tren_config *config, const train_args *a) {
    tren_comm comm;
    tren_result result;
    tren_status st = tren_mpi_start(&comm, config->stall_timeout);
    if (st != TREN_OK) return tren_cli_fail("train", st);
    st = train(&comm, config, a, &result);
    bool speaks = comm.rank == 0;
    if (speaks && finished(st) && !result.end.ended_before) say_result(&result);
    tren_comm_close(&comm);
    int code =
        tren_cli_fail_agreed("train", st, speaks); /* before a picture has errors of its own */
    bool drawn = config->plots && result.run.out[0] && result.end.epochs > 0;
    if (speaks && finished(st) && !result.end.ended_before && drawn)
        tren_plot_after_training(result.run.out);
    return code;
}

int tren_cmd_train(int argc, char **argv) {
    train_args a = {.started = tren_seconds(), .cli.switches = true};
    tren_config config;
    tren_status st = read_args(&a, &config, argc, argv);
    if (st == TREN_OK && a.cli.help) return 0;
    if (st == TREN_OK) st = tren_launch_precision((tren_precision)config.precision, argv);
    if (st == TREN_OK && a.cli.dry_run)
        st = (a.json ? tren_train_describe_json
                     : tren_train_describe)(&config, a.ranks, a.nodes ? a.nodes : 1, stdout);
    if (st != TREN_OK || a.cli.dry_run) return tren_cli_fail("train", st);
    tren_stop_signal_catch();
    return run(&config, &a);
}
