/* tren lab: the experiments of the lecture. */
#include "base/text.h"
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/console.h"
#include "cli/lab_plot.h"
#include "cli/lab_report.h"
#include "cli/launch.h"
#include "cli/mpi_start.h"
#include "cli/mpirun.h"
#include "cli/stop_signal.h"

#include <string.h>

enum { MAX_NAMES = 32 };

typedef struct lab_args {
    const char *name[MAX_NAMES];
    int n_names;
    const char *out, *data, *language;
    int ranks, seeds, ranks_per_run;
    uint64_t first_seed;
    bool quick, help;
} lab_args;

/* ---- arguments ------------------------------------------------------------------------------- */

static tren_status set_language(tren_language *language, const char *text) {
    *language = text && strcmp(text, "es") == 0 ? TREN_SPANISH : TREN_ENGLISH;
    if (!text || *language == TREN_SPANISH || strcmp(text, "en") == 0) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE, "--lang: '%s' is neither en nor es; give one of these", text);
}

static tren_status parse(lab_args *a, int argc, char **argv) {
    tren_arg_type text = TREN_ARG_TEXT;
    const tren_arg options[] = {
        {"ranks", TREN_ARG_INT, &a->ranks, "P",
         .help = "Ranks to start by mpirun; by default one for each core. Not under mpirun.",
         .min = 1, .max = 65536},
        {"seeds", TREN_ARG_INT, &a->seeds, "N",
         .help = "Seeds of every setting; by default as many as the experiment wants, mostly 3, "
                 "with --quick 1.",
         .min = 1, .max = 1000},
        {"first-seed", TREN_ARG_SEED, &a->first_seed, "N",
         .help = "The first of them; 1 by default. Calibrate on others than you judge by."},
        {"quick", TREN_ARG_FLAG, &a->quick, NULL,
         .help = "A reduced form for a look: minutes instead of an hour for all."},
        {"out", text, &a->out, "DIR",
         .help = "Where DIR/NAME/ is made; runs/lab by default, runs/lab-quick with --quick."},
        {"data", text, &a->data, "FILE.h5",
         .help = "Fashion-MNIST, or other images of bytes with classes; "
                 "datasets/fashion-mnist.h5 by default."},
        {"ranks-per-run", TREN_ARG_INT, &a->ranks_per_run, "R",
         .help = "Ranks that share one training; 1 by default. Does not change the result.",
         .min = 1, .max = 65536},
        {"lang", text, &a->language, "en|es", .help = "The language of what is said and drawn."},
        {.name = NULL}};
    tren_args args = {.command = "lab run",
                      .synopsis = "NAME ...|all [--ranks P] [--seeds N] [--quick] [--out DIR]",
                      .summary = "Computes what is missing of an experiment, draws its figure and "
                                 "says what came of it. Killed, it goes on where it was. Under "
                                 "mpirun it uses the ranks there are. The exit code is 0 whatever "
                                 "the verdict, which DIR/NAME/verdict.json has too.",
                      .options = options,
                      .positional = a->name,
                      .max_positional = MAX_NAMES};
    TREN_TRY(tren_args_parse(&args, argc, argv));
    a->help = args.help;
    a->n_names = args.n_positional;
    if (!a->out) a->out = a->quick ? "runs/lab-quick" : "runs/lab";
    return TREN_OK;
}

static tren_status unknown(const char *name) {
    const char *names[64];
    size_t n = 0;
    for (; tren_experiments[n] && n < 64; n++) names[n] = tren_experiments[n]->name;
    const char *nearest = tren_text_nearest(name, names, n);
    return tren_fail(
        TREN_ERR_USAGE, "no experiment is called '%s'%s%s%s; 'tren lab list' shows all", name,
        nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

/* The experiments that were asked for. */
static tren_status choose(const tren_experiment *chosen[], int *n, const lab_args *a) {
    *n = 0;
    if (a->n_names == 0)
        return tren_fail(TREN_ERR_USAGE,
                         "an experiment is missing: tren lab run NAME ..., or all; 'tren lab "
                         "list' shows them");
    for (int i = 0; i < a->n_names; i++) {
        bool all = strcmp(a->name[i], "all") == 0;
        for (int k = 0; all && tren_experiments[k]; k++)
            if (*n < MAX_NAMES) chosen[(*n)++] = tren_experiments[k];
        if (all) continue;
        const tren_experiment *e = tren_experiment_find(a->name[i]);
        if (!e) return unknown(a->name[i]);
        if (*n < MAX_NAMES) chosen[(*n)++] = e;
    }
    return TREN_OK;
}

/* ---- within a job ---------------------------------------------------------------------------- */

static void say_verdict(const tren_experiment *e, const tren_verdict *v, tren_language language) {
    static const char *const mark[] = {"[FAILS]", "[holds]", "       "};
    static const char *const mark_es[] = {"[FALLA]  ", "[cumple] ", "         "};
    char words[TREN_VERDICT_WORDS];
    printf("%s %s: %s\n", e->name, tren_say_in(language, e->title),
           tren_verdict_words(words, v, language));
    for (int i = 0; i < v->n; i++) {
        const char *m = (language == TREN_SPANISH ? mark_es : mark)[v->at[i].claim];
        int n = printf("  %s ", m);
        tren_cli_wrap(stdout, v->at[i].text[language], n, n, tren_cli_width(stdout));
    }
}

static void draw(const tren_experiment *e, const lab_args *a, tren_language language) {
    static const char *const ending[] = {"svg", "png"};
    for (int i = 0; i < 2; i++) {
        char path[TREN_MAX_PATH];
        snprintf(path, sizeof path, "%s/%s/%s.%s", a->out, e->name, e->name, ending[i]);
        if (tren_lab_draw(e, a->out, path, language) != TREN_OK) {
            printf("warning: no picture: %s\n", tren_cli_shown(tren_error_text()));
            return;
        }
        printf(i == 0 ? "  %s" : ", .%s\n", i == 0 ? tren_cli_shown(path) : ending[i]);
    }
}

static tren_status check_precision(const tren_experiment *const chosen[], int n, char **argv) {
    for (int i = 1; i < n; i++)
        if (chosen[i]->wants_double != chosen[0]->wants_double)
            return tren_fail(TREN_ERR_USAGE,
                             "%s is computed in %s and %s in %s, which are two programs: run them "
                             "one by one, or all by 'tren lab run ... --ranks P' without mpirun",
                             chosen[0]->name, chosen[0]->wants_double ? "double" : "float",
                             chosen[i]->name, chosen[i]->wants_double ? "double" : "float");
    return tren_launch_precision(
        chosen[0]->wants_double ? TREN_PRECISION_DOUBLE : TREN_PRECISION_FLOAT, argv);
}

/* All of them on this job's ranks; pictures come after MPI, which allows no other programs. */
static int run_within(const tren_experiment *const chosen[], int n, const lab_args *a,
                      tren_language language) {
    tren_comm comm;
    tren_verdict verdict[MAX_NAMES];
    tren_stop_signal_catch();
    tren_status st = tren_mpi_start(&comm, TREN_START_SECONDS);
    if (st != TREN_OK) return tren_cli_fail("lab run", st);
    tren_blas_threads(1);
    tren_log log = {.out = stdout};
    tren_lab_options options = {.out = a->out,
                                .data = a->data,
                                .seeds = a->seeds,
                                .first_seed = a->first_seed,
                                .quick = a->quick,
                                .ranks_per_run = a->ranks_per_run,
                                .signal = &tren_stop_signal,
                                .log = &log};
    int done = 0;
    for (; done < n && st == TREN_OK; done += st == TREN_OK)
        st = tren_lab_run(&comm, chosen[done], &options, &verdict[done]);
    bool speaks = comm.rank == 0;
    tren_comm_close(&comm);
    for (int i = 0; speaks && i < done; i++) {
        say_verdict(chosen[i], &verdict[i], language);
        if (!verdict[i].not_available) draw(chosen[i], a, language);
    }
    return tren_cli_fail_agreed("lab run", st, speaks);
}

/* ---- how far they are --------------------------------------------------------------------------
 */

static void print_head(tren_language language) {
    static const char *const title[][2] = {{"name", "nombre"},
                                           {"figure", "figura"},
                                           {"in full", "entero"},
                                           {"quick", "rápido"},
                                           {"verdict", "veredicto"}};
    const char *t[5];
    for (int i = 0; i < 5; i++) t[i] = title[i][language];
    printf("%-6s %-20s %8s  %s%8s  %s\n", t[0], t[1], t[2], language == TREN_SPANISH ? " " : "",
           t[3], t[4]);
}

static tren_status print_row(const tren_experiment *e, const char *out, tren_language language) {
    char figure[32], words[TREN_VERDICT_WORDS];
    tren_lab_state s;
    tren_status st = tren_lab_look(&s, e, out);
    if (st != TREN_OK && st != TREN_ERR_DATA) return st;
    const char *status = st != TREN_OK ? tren_say_in(language, (tren_phrase){"damaged", "dañado"})
                         : s.judged    ? tren_verdict_words(words, &s.verdict, language)
                         : s.begun     ? tren_say_in(language, (tren_phrase){"begun", "empezado"})
                                       : "-";
    snprintf(figure, sizeof figure, "%s", tren_say_in(language, e->figure));
    printf("%-6s %-20s %6.0f s  %6.0f s  %-24s %s\n", e->name, figure, e->seconds, e->quick_seconds,
           status, tren_say_in(language, e->title));
    return TREN_OK;
}

/* ---- as a launcher --------------------------------------------------------------------------- */

/* What came of several, once all that they said has gone by. */
static void summarize(const tren_experiment *const chosen[], int n, const lab_args *a,
                      tren_language language) {
    tren_status st = TREN_OK;
    printf("\n");
    print_head(language);
    for (int i = 0; i < n && st == TREN_OK; i++) st = print_row(chosen[i], a->out, language);
    printf(language == TREN_SPANISH ? "una página con todo: tren lab report %s --lang es\n"
                                    : "one page of all: tren lab report %s\n",
           tren_cli_shown(a->out));
}

static int run_by_mpirun(const tren_experiment *const chosen[], int n, const lab_args *a,
                         tren_language language) {
    char seeds[16], first[24], group[16];
    snprintf(seeds, sizeof seeds, "%d", a->seeds);
    snprintf(first, sizeof first, "%llu", (unsigned long long)a->first_seed);
    snprintf(group, sizeof group, "%d", a->ranks_per_run);
    enum { NAME = 2 };
    const char *options[24] = {"lab",  "run",    "",      "--first-seed",    first, "--out",
                               a->out, "--data", a->data, "--ranks-per-run", group};
    int k = 11;
    if (a->seeds > 0) {
        options[k++] = "--seeds";
        options[k++] = seeds;
    }
    if (a->quick) options[k++] = "--quick";
    if (a->language) {
        options[k++] = "--lang";
        options[k++] = a->language;
    }
    int ranks = a->ranks > 0 ? a->ranks : tren_cores();
    tren_status worst = TREN_OK;
    for (int i = 0; i < n; i++) {
        options[NAME] = chosen[i]->name;
        tren_status st = tren_mpirun_run(&(tren_mpirun){.ranks = ranks, .arguments = options});
        if (st != TREN_OK) worst = st;
        if (st == TREN_REQUEUE || st == TREN_ERR_ENV) break;
        fflush(stdout);
    }
    if (n > 1) summarize(chosen, n, a, language);
    /* What went wrong was said by the ranks, but not that they were ended. */
    if (worst == TREN_REQUEUE && tren_error_text()[0])
        tren_fail(worst,
                  "stopped by a signal: the points that were finished are kept in %s; the same "
                  "command computes the others",
                  a->out);
    return (worst == TREN_ERR_ENV || worst == TREN_REQUEUE) && tren_error_text()[0]
               ? tren_cli_fail("lab run", worst)
               : (int)worst;
}

static int run(int argc, char **argv) {
    lab_args a = {.first_seed = 1, .ranks_per_run = 1, .data = "datasets/fashion-mnist.h5"};
    const tren_experiment *chosen[MAX_NAMES];
    tren_language language;
    int n = 0;
    tren_status st = parse(&a, argc - 1, argv + 1);
    if (st != TREN_OK || a.help) return tren_cli_fail("lab run", st);
    st = set_language(&language, a.language);
    if (st == TREN_OK) st = choose(chosen, &n, &a);
    bool within = tren_launch_within_job();
    if (st == TREN_OK && within && a.ranks > 0)
        st = tren_fail(TREN_ERR_USAGE,
                       "--ranks: mpirun has started the ranks already; leave one of the two out");
    if (st == TREN_OK && !within) return run_by_mpirun(chosen, n, &a, language);
    if (st == TREN_OK) st = check_precision(chosen, n, argv);
    return st == TREN_OK ? run_within(chosen, n, &a, language) : tren_cli_fail("lab run", st);
}

/* ---- list, report ---------------------------------------------------------------------------- */

static int list(int argc, char **argv) {
    const char *out = "runs/lab", *lang = NULL;
    tren_language language;
    const tren_arg options[] = {
        {"out", TREN_ARG_TEXT, &out, "DIR",
         .help = "The laboratory's folder; runs/lab by default."},
        {"lang", TREN_ARG_TEXT, &lang, "en|es", .help = "The language of the titles."},
        {.name = NULL}};
    tren_args args = {.command = "lab list",
                      .synopsis = "[--out DIR]",
                      .summary = "The experiments, the figure each regenerates, the time it takes "
                                 "on two cores in full and with --quick, and what came of "
                                 "the last run in DIR.",
                      .options = options};
    tren_status st = tren_args_parse(&args, argc, argv);
    if (st != TREN_OK || args.help) return tren_cli_fail("lab list", st);
    st = set_language(&language, lang);
    if (st != TREN_OK) return tren_cli_fail("lab list", st);
    print_head(language);
    for (int i = 0; tren_experiments[i] && st == TREN_OK; i++)
        st = print_row(tren_experiments[i], out, language);
    return tren_cli_fail("lab list", st);
}

static int report(int argc, char **argv) {
    const char *dir[1] = {NULL}, *lang = NULL, *out = NULL;
    bool force = false;
    tren_language language;
    const tren_arg options[] = {
        {"lang", TREN_ARG_TEXT, &lang, "en|es", .help = "The language of the page."},
        {"out", TREN_ARG_TEXT, &out, "FILE.html", .help = "The page; DIR/report.html by default."},
        {"force", TREN_ARG_FLAG, &force, NULL, .help = "Replace FILE.html."},
        {.name = NULL}};
    tren_args args = {.command = "lab report",
                      .synopsis = "[DIR] [--lang en|es] [--out FILE.html]",
                      .summary = "One page that stands alone: every figure of DIR (runs/lab by "
                                 "default) with its question, setting, verdict and command.",
                      .options = options,
                      .positional = dir,
                      .max_positional = 1};
    tren_status st = tren_args_parse(&args, argc, argv);
    if (st != TREN_OK || args.help) return tren_cli_fail("lab report", st);
    st = set_language(&language, lang);
    if (st == TREN_OK) st = tren_lab_report(dir[0] ? dir[0] : "runs/lab", out, force, language);
    return tren_cli_fail("lab report", st);
}

static void print_help(void) {
    printf("Usage\n"
           "  tren lab list   [--out DIR]                    the experiments, and how far each is\n"
           "  tren lab run    NAME ...|all [--ranks P] [--quick]\n"
           "                                                 compute, draw, judge\n"
           "  tren lab report [DIR] [--lang en|es]           one page of all figures\n"
           "\nUnder mpirun: mpirun -n P tren lab run NAME ...\n"
           "'tren lab SUBCOMMAND --help' explains each; docs/lab.md the experiments.\n");
}

int tren_cmd_lab(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "run") == 0) return run(argc, argv);
    if (strcmp(what, "list") == 0) return list(argc - 1, argv + 1);
    if (strcmp(what, "report") == 0) return report(argc - 1, argv + 1);
    print_help();
    if (strcmp(what, "--help") == 0 || strcmp(what, "-h") == 0) return 0;
    return tren_cli_fail(
        "lab", tren_fail(TREN_ERR_USAGE,
                         *what ? "unknown subcommand '%s'" : "a subcommand is missing%s", what));
}
