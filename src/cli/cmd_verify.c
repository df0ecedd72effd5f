/* tren verify: a few steps in every way the program may compute them, and whether their bits are
 * the same. */
#include "base/json.h"
#include "base/text.h"
#include "cli/cmd.h"
#include "cli/console.h"
#include "cli/launch.h"
#include "cli/mpi_start.h"
#include "cli/mpirun.h"
#include "cli/own_args.h"
#include "cli/stop_signal.h"
#include "tren/kernels.h"
#include "tren/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 16, DEFAULT_STEPS = 10 };

typedef struct verify_args {
    const char *ranks_text, *cpu_text;
    int steps;
    bool help, json;
    int ranks[MOST], n_ranks;
    int cpu[MOST], n_cpu; /* indices into tren_cpu_level_name */
} verify_args;

/* ---- arguments ------------------------------------------------------------------------------- */

static const char summary[] =
    "Train the first steps in different ways: on every number of ranks, at every instruction set "
    "of the CPU, with and without stacking. Print one line per way with the digest of the weights "
    "and the test loss. All must be the same (exit code 0); otherwise the exit code is 1. Nothing "
    "is written. Every key of the config is also an option here ('tren train --help'). Within an "
    "MPI job it uses the ranks of the job.";

/* Cuts `text` at its commas and hands each value to `add`. */
static tren_status each_value(const char *option, const char *text, int *n, verify_args *a,
                              tren_status (*add)(verify_args *a, const char *value)) {
    char copy[256];
    if (strlen(text) >= sizeof copy)
        return tren_fail(TREN_ERR_USAGE, "--%s: the list is too long; give at most %d values",
                         option, MOST);
    strcpy(copy, text);
    for (char *rest = copy, *value; (value = strsep(&rest, ","));) {
        if (*n == MOST)
            return tren_fail(TREN_ERR_USAGE, "--%s: more than %d values; give fewer", option, MOST);
        TREN_TRY(add(a, value));
    }
    return TREN_OK;
}

static tren_status add_ranks(verify_args *a, const char *value) {
    int64_t n;
    if (tren_text_int64(&n, value) != TREN_TEXT_OK || n < 1 || n > 65536)
        return tren_fail(TREN_ERR_USAGE,
                         "--ranks: '%s' is not a number of ranks; give whole numbers from 1 to "
                         "65536 with commas, such as 1,2,3",
                         value);
    for (int i = 0; i < a->n_ranks; i++)
        if (a->ranks[i] == n)
            return tren_fail(TREN_ERR_USAGE, "--ranks: %d is given twice; give each number once",
                             (int)n);
    a->ranks[a->n_ranks++] = (int)n;
    return TREN_OK;
}

static tren_status add_cpu(verify_args *a, const char *value) {
    const tren_kernels *kernels;
    tren_config trial;
    tren_config_defaults(&trial);
    TREN_TRY(tren_config_set(&trial, "cpu", value, "command line"));
    TREN_TRY(tren_kernels_choose(&kernels, value));
    TREN_TRY(tren_config_set(&trial, "cpu", kernels->level, "command line")); /* auto's own name */
    for (int i = 0; i < a->n_cpu; i++)
        if (a->cpu[i] == trial.cpu)
            return tren_fail(TREN_ERR_USAGE, "--cpu: %s is given twice; give each level once",
                             kernels->level);
    a->cpu[a->n_cpu++] = trial.cpu;
    return TREN_OK;
}

static tren_status default_ways(verify_args *a, int shards) {
    for (int n = 1; a->n_ranks == 0 || (!a->ranks_text && n <= 3 && n <= shards); n++)
        a->ranks[a->n_ranks++] = n;
    for (int i = 0; !a->cpu_text && tren_kernels_at(i); i++)
        if (tren_kernels_run_here(tren_kernels_at(i)))
            TREN_TRY(add_cpu(a, tren_kernels_at(i)->level));
    return TREN_OK;
}

/* What verify sets itself: a config may have these keys for its training. */
static tren_status check_given(int argc, char **argv) {
    static const char *const own[][3] = {
        {"resume", "", "it has no run folder"},
        {"dry-run", "", "it trains but writes nothing"},
        {"out", "", "it has no run folder"},
        {"stacking", "no-stacking", "it trains with and without stacking"},
        {"max-time", "", "--steps sets the length of each training"},
        {"check-without-dropout", "", "it compares one training in each way"},
        {"evaluate-test", "no-evaluate-test", "the test loss is part of the comparison"},
    };
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (tren_args_given(own[i][0], argc, argv) || tren_args_given(own[i][1], argc, argv))
            return tren_fail(TREN_ERR_USAGE, "--%s cannot be used with verify: %s; remove it",
                             own[i][0], own[i][2]);
    return TREN_OK;
}

static tren_status check(const verify_args *a, const tren_config *config) {
    if (config->reduction == TREN_ENGINE_MPI)
        return tren_fail(TREN_ERR_USAGE, "reduction: mpi adds in an order of MPI's own, which "
                                         "changes with the number of ranks; use reduction: auto");
    if (tren_launch_within_job() && a->ranks_text)
        return tren_fail(TREN_ERR_USAGE, "--ranks: the launcher has already started the ranks; "
                                         "remove --ranks, or run without the launcher");
    for (int i = 0; i < a->n_ranks; i++)
        if (a->ranks[i] > config->shards)
            return tren_fail(TREN_ERR_USAGE,
                             "--ranks: %d ranks are more than the %d shards; give at most %d, or "
                             "raise shards",
                             a->ranks[i], config->shards, config->shards);
    return TREN_OK;
}

/* The run that each way makes: nothing is kept, and no clock ends it. */
static void shorten(tren_config *config, int steps) {
    bool longer = config->max_steps == 0 || config->max_steps > steps;
    if (longer) config->max_steps = steps;
    config->out[0] = '\0';
    config->max_time = 0;
    config->check_without_dropout = 0;
    config->evaluate_test = true;
}

static tren_status read_args(verify_args *a, tren_config *config, tren_cli_run *run, int argc,
                             char **argv) {
    const tren_arg own[] = {{"ranks", TREN_ARG_TEXT, &a->ranks_text, "1,2,3",
                             .help = "Numbers of ranks to try, each started with mpirun; default: "
                                     "1,2,3, up to the number of shards."},
                            {"cpu", TREN_ARG_TEXT, &a->cpu_text, "baseline,v3",
                             .help = "Instruction sets to try; default: all that the CPU has."},
                            {"steps", TREN_ARG_INT, &a->steps, "N",
                             .help = "Number of steps to train; default: 10.", .min = 1,
                             .max = 1 << 30},
                            {"json", TREN_ARG_FLAG, &a->json, NULL, .help = "Print JSON."},
                            {.name = NULL}};
    tren_args args = {.command = "verify",
                      .synopsis = "[CONFIG.yaml] [--ranks 1,2,3] [--cpu baseline,v3] [--steps N] "
                                  "[--json] [--KEY VALUE ...]",
                      .summary = summary,
                      .options = own};
    tren_own_args sorted = {0};
    a->help = tren_args_ask_help(argc, argv);
    if (a->help) return tren_args_parse(&args, argc, argv);
    tren_status st = tren_own_args_parse(&sorted, &args, config, run, argc, argv);
    tren_own_args_close(&sorted);
    TREN_TRY(st);
    if (a->ranks_text) TREN_TRY(each_value("ranks", a->ranks_text, &a->n_ranks, a, add_ranks));
    if (a->cpu_text) TREN_TRY(each_value("cpu", a->cpu_text, &a->n_cpu, a, add_cpu));
    TREN_TRY(default_ways(a, config->shards));
    TREN_TRY(check_given(argc, argv));
    return check(a, config);
}

/* ---- the ways, and what they have in common ---------------------------------------------------
 */

/* One line a way, the same in print and in the pipe from mpirun. */
typedef struct verify_way {
    int ranks, steps;
    char level[16], stacking[8];
    char bits[64]; /* the digest of the weights, and the test loss to its last bit */
} verify_way;

typedef struct verify_tally {
    verify_way first, odd;
    int n, n_odd;
    tren_json *json; /* NULL: as a table */
} verify_tally;

static void json_head(tren_json *j, const tren_config *config) {
    bool portable = config->gemm == TREN_GEMM_PORTABLE;
    tren_json_begin(j, NULL, '{');
    tren_json_text(j, "data", config->data);
    tren_json_whole(j, "shards", config->shards);
    tren_json_text(j, "gemm", portable ? "portable" : "openblas");
    tren_json_text(j, "blas_core", portable ? NULL : tren_blas_core());
    tren_json_text(j, "precision", TREN_REAL_NAME);
    tren_json_begin(j, "ways", '[');
}

static void json_way(tren_json *j, const verify_way *w) {
    char digest[24] = "", loss[40] = "";
    sscanf(w->bits, "%23s %39s", digest, loss);
    tren_json_begin(j, NULL, '{');
    tren_json_whole(j, "ranks", w->ranks);
    tren_json_text(j, "level", w->level);
    tren_json_bool(j, "stacking", strcmp(w->stacking, "on") == 0);
    tren_json_whole(j, "steps", w->steps);
    tren_json_text(j, "digest", digest);
    tren_json_text(j, "test_loss", strcmp(loss, "-") == 0 ? NULL : loss); /* to its last bit */
    tren_json_end(j);
}

static void json_foot(tren_json *j, const verify_tally *t) {
    tren_json_end(j);
    tren_json_bool(j, "same_bits", t->n > 0 && t->n_odd == 0);
    tren_json_end(j);
}

static void print_head(const verify_tally *t, const tren_config *config) {
    bool portable = config->gemm == TREN_GEMM_PORTABLE;
    if (t->json) {
        json_head(t->json, config);
        return;
    }
    printf("%s: shards %d, gemm %s%s%s%s, %s\n", tren_cli_shown(config->data), config->shards,
           portable ? "portable" : "openblas", portable ? "" : " (core ",
           portable ? "" : tren_blas_core(), portable ? "" : ")", TREN_REAL_NAME);
    printf("%5s  %-8s  %-8s  %5s  %-16s  %s\n", "ranks", "level", "stacking", "steps", "digest",
           "test loss");
}

static void print_way(const verify_tally *t, const verify_way *w) {
    if (t->json) {
        json_way(t->json, w);
        return;
    }
    printf("%5d  %-8s  %-8s  %5d  %s\n", w->ranks, w->level, w->stacking, w->steps, w->bits);
    fflush(stdout);
}

static void count(verify_tally *tally, const verify_way *w) {
    if (tally->n++ == 0) tally->first = *w;
    if (strcmp(w->bits, tally->first.bits) == 0) return;
    if (tally->n_odd++ == 0) tally->odd = *w;
}

static void take_line(void *ctx, const char *text) {
    verify_way w = {0};
    int at = 0;
    if (sscanf(text, "%d %15s %7s %d %n", &w.ranks, w.level, w.stacking, &w.steps, &at) != 4 ||
        at == 0)
        return;
    snprintf(w.bits, sizeof w.bits, "%s", text + at);
    print_way(ctx, &w);
    count(ctx, &w);
}

static int judge(const verify_tally *t, const tren_config *config) {
    if (t->json)
        json_foot(t->json, t);
    else if (config->gemm == TREN_GEMM_OPENBLAS)
        printf("note: with gemm: openblas these digests depend on the version of OpenBLAS and on "
               "its core type (%s here); with gemm: portable they do not\n",
               tren_blas_core());
    if (t->n_odd == 0) {
        if (!t->json) printf("all %d ways give the same bits\n", t->n);
        return 0;
    }
    tren_fail(TREN_ERR_INTERNAL,
              "%d of %d ways differ from the first (%d rank%s, %s, stacking %s), such as %d "
              "rank%s, %s, stacking %s; report this with the output of 'tren --version'",
              t->n_odd, t->n, t->first.ranks, t->first.ranks > 1 ? "s" : "", t->first.level,
              t->first.stacking, t->odd.ranks, t->odd.ranks > 1 ? "s" : "", t->odd.level,
              t->odd.stacking);
    return tren_cli_fail("verify", TREN_ERR_INTERNAL);
}

static tren_status fail_stopped(void) {
    return tren_fail(TREN_REQUEUE,
                     "stopped by a signal: nothing was saved; start again with the same command");
}

/* ---- within a job -----------------------------------------------------------------------------
 */

static tren_status train_one(tren_comm *comm, tren_config *config, verify_way *w) {
    tren_result result;
    tren_train_options options = {.signal = &tren_stop_signal, .started = tren_seconds()};
    tren_status st = tren_train(comm, config, &options, &result);
    if (st == TREN_REQUEUE) return fail_stopped();
    TREN_TRY(st);
    w->ranks = comm->size;
    w->steps = (int)result.end.steps;
    snprintf(w->level, sizeof w->level, "%s", tren_cpu_level_name[config->cpu]);
    snprintf(w->stacking, sizeof w->stacking, "%s", config->stacking ? "on" : "off");
    int at = snprintf(w->bits, sizeof w->bits, "%016llx  ", (unsigned long long)result.end.digest);
    if (isnan(result.scores.test_loss)) /* there is no test part */
        snprintf(w->bits + at, sizeof w->bits - (size_t)at, "-");
    else
        snprintf(w->bits + at, sizeof w->bits - (size_t)at, "%.17g", result.scores.test_loss);
    return TREN_OK;
}

/* Each rank has its own command line, and without --cpu the levels of its own CPU. */
static tren_status agree(const tren_comm *comm, const verify_args *a) {
    char levels[MOST * 16] = "";
    tren_facts facts = {0};
    for (int i = 0; i < a->n_cpu; i++) {
        size_t at = strlen(levels);
        snprintf(levels + at, sizeof levels - at, "%s%s", i ? "," : "",
                 tren_cpu_level_name[a->cpu[i]]);
    }
    TREN_TRY(tren_agree_on_program(comm, "verify"));
    tren_facts_add(&facts, "the list of CPU levels", "%s", levels);
    return tren_comm_same(comm, &facts, TREN_ERR_USAGE,
                          "give all ranks the same --cpu, with levels that every node can run");
}

static int run_within(const verify_args *a, tren_config *config) {
    tren_comm comm;
    tren_json json = {.out = stdout};
    verify_tally tally = {.json = a->json ? &json : NULL};
    tren_status st = tren_mpi_start(&comm, config->stall_timeout);
    if (st != TREN_OK) return tren_cli_fail("verify", st);
    bool speaks = comm.rank == 0;
    st = agree(&comm, a);
    if (st == TREN_OK && speaks) print_head(&tally, config);
    for (int way = 0; st == TREN_OK && way < 2 * a->n_cpu; way++) {
        verify_way w;
        config->cpu = a->cpu[way / 2];
        config->stacking = way % 2 == 0;
        st = train_one(&comm, config, &w);
        if (st != TREN_OK) break;
        count(&tally, &w);
        if (speaks) print_way(&tally, &w);
    }
    tren_comm_close(&comm);
    if (st != TREN_OK) return tren_cli_fail_agreed("verify", st, speaks);
    return speaks ? judge(&tally, config) : tally.n_odd > 0;
}

/* ---- as a launcher ----------------------------------------------------------------------------
 */

/* The command line without --ranks, which mpirun has then taken, and without --json, since this
 * process reads their table. NULL-terminated; owned. */
static tren_status without_ranks(const char ***out, int argc, char **argv) {
    int n = 0;
    TREN_TRY(tren_alloc(out, (size_t)argc + 1, sizeof **out, "the command line"));
    for (int i = 0; i < argc; i++) {
        if (tren_own_args_is(argv[i], "ranks"))
            i += strchr(argv[i], '=') == NULL;
        else if (!tren_own_args_is(argv[i], "json"))
            (*out)[n++] = argv[i];
    }
    (*out)[n] = NULL;
    return TREN_OK;
}

static int run_by_mpirun(const verify_args *a, const tren_config *config, int argc, char **argv) {
    const char **arguments;
    tren_json json = {.out = stdout};
    verify_tally tally = {.json = a->json ? &json : NULL};
    tren_status st = without_ranks(&arguments, argc, argv);
    print_head(&tally, config);
    fflush(stdout);
    for (int i = 0; st == TREN_OK && i < a->n_ranks; i++) {
        int before = tally.n;
        st = tren_mpirun_run(&(tren_mpirun){
            .ranks = a->ranks[i], .arguments = arguments, .line = take_line, .ctx = &tally});
        if (st == TREN_ERR_INTERNAL && tally.n == before + 2 * a->n_cpu)
            st = TREN_OK; /* it differs */
    }
    free(arguments);
    if (st == TREN_OK) return judge(&tally, config);
    /* What went wrong was said by the ranks, but for mpirun itself. */
    if (st == TREN_REQUEUE && tren_error_text()[0]) fail_stopped();
    return tren_error_text()[0] ? tren_cli_fail("verify", st) : (int)st;
}

int tren_cmd_verify(int argc, char **argv) {
    verify_args a = {.steps = DEFAULT_STEPS};
    tren_config config;
    tren_cli_run run = {.switches = true}; /* to be refused with a reason */
    tren_status st = read_args(&a, &config, &run, argc, argv);
    if (st != TREN_OK || a.help) return tren_cli_fail("verify", st);
    shorten(&config, a.steps);
    if (!tren_launch_within_job()) return run_by_mpirun(&a, &config, argc, argv);
    tren_stop_signal_catch();
    return run_within(&a, &config);
}
