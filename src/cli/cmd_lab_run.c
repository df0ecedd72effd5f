/* tren lab run: computes, draws and judges experiments. */
#include "base/text.h"
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/console.h"
#include "cli/lab_data.h"
#include "cli/lab_names.h"
#include "cli/gnuplot.h"
#include "cli/lab_plot.h"
#include "cli/launch.h"
#include "cli/mpi_start.h"
#include "cli/mpirun.h"
#include "cli/runs.h"
#include "cli/stop_signal.h"

#include <stdlib.h>
#include <string.h>

typedef struct lab_args {
    const char *name[TREN_LAB_NAMES];
    int n_names;
    const char *out, *language, *format;
    tren_lab_data data;
    int ranks, ranks_per_run, n_seeds;
    uint64_t first_seed;
    const char *seeds;  /* N or FIRST-LAST */
    tren_arg_texts set; /* KEY=LIST */
    char own_out[TREN_MAX_PATH];
    bool quick, help;
} lab_args;

/* ---- arguments ------------------------------------------------------------------------------- */

/* Each setting of one's own has a folder of its own. */
static const char *own_folder(lab_args *a) {
    size_t n =
        (size_t)snprintf(a->own_out, sizeof a->own_out, "runs/lab%s", a->quick ? "-quick" : "");
    for (int i = 0; i < a->set.n && n + 80 < sizeof a->own_out; i++) {
        n += (size_t)snprintf(a->own_out + n, sizeof a->own_out - n, "-%.70s", a->set.at[i]);
        for (char *c = a->own_out + 9; *c; c++)
            if (*c == '/' || (unsigned char)*c <= ' ') *c = '_';
    }
    return a->own_out;
}

static int by_key(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In the order of their keys, so that one setting has one folder. */
static tren_status sort_sets(tren_arg_texts *set) {
    qsort(set->at, (size_t)set->n, sizeof *set->at, by_key);
    for (int i = 1; i < set->n; i++) {
        size_t n = strcspn(set->at[i], "=");
        if (n == strcspn(set->at[i - 1], "=") && strncmp(set->at[i], set->at[i - 1], n) == 0)
            return tren_fail(TREN_ERR_USAGE,
                             "--set %.*s is given twice, as %s and as %s; give it once", (int)n,
                             set->at[i], set->at[i - 1], set->at[i]);
    }
    return TREN_OK;
}

/* N, or FIRST-LAST. */
static tren_status read_seeds(lab_args *a) {
    int64_t first = 0, last = 0;
    if (!a->seeds) return TREN_OK;
    char text[64], *dash;
    snprintf(text, sizeof text, "%s", a->seeds);
    if ((dash = strchr(text + (*text != '\0'), '-'))) *dash++ = '\0';
    bool right = tren_text_int64(&first, text) == TREN_TEXT_OK && first >= 1;
    if (right && dash) right = tren_text_int64(&last, dash) == TREN_TEXT_OK && last >= first;
    if (right && dash) {
        a->first_seed = (uint64_t)first;
        first = last - first + 1;
    }
    a->n_seeds = right && first <= 1000 ? (int)first : 0;
    if (a->n_seeds > 0) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "--seeds %s: give how many seeds, from 1 to 1000, or the first and the last "
                     "with a dash between them, such as 6-10",
                     a->seeds);
}

static tren_status parse(lab_args *a, int argc, char **argv) {
    tren_arg_type text = TREN_ARG_TEXT;
    const tren_arg options[] = {
        {"ranks", TREN_ARG_INT, &a->ranks, "P",
         .help = "Number of ranks to start with mpirun; default: one per core. Not allowed under "
                 "mpirun.",
         .min = 1, .max = 65536},
        {"seeds", text, &a->seeds, "N|A-B",
         .help = "Seeds to run: a number of seeds, or the first and the last, such as 6-10. The "
                 "default depends on the experiment: mostly 3, and 1 with --quick."},
        {"set", TREN_ARG_TEXTS, &a->set, "KEY=LIST",
         .help = "Change a parameter of the experiment, such as epochs=100 or widths=4,12,61. The "
                 "result then says that this is not the judged setting. An unknown KEY gives an "
                 "error that lists all keys."},
        {"first-seed", TREN_ARG_SEED, &a->first_seed, "N",
         .help = "First seed; default: 1. To choose a setting, use other seeds than those that "
                 "judge it."},
        {"quick", TREN_ARG_FLAG, &a->quick, NULL,
         .help =
             "Run a smaller form as a preview: minutes instead of an hour for all experiments. It "
             "judges the claims only where nothing but the number of seeds is smaller."},
        {"out", text, &a->out, "DIR",
         .help = "Folder for the results, DIR/NAME/; default: runs/lab, with --quick "
                 "runs/lab-quick, with --set runs/lab-KEY=LIST."},
        {"data", text, &a->data.path, "FILE.h5",
         .help = "Dataset; default: datasets/fashion-mnist.h5. It must hold images of bytes with "
                 "classes; for T1, pairs of sentences (default: datasets/german-english.h5). "
                 "Of several experiments, those use it whose kind of data it holds."},
        {"ranks-per-run", TREN_ARG_INT, &a->ranks_per_run, "R",
         .help = "Number of ranks that share one training; default: 1. This does not change the "
                 "result.",
         .min = 1, .max = 65536},
        {"format", text, &a->format, "LIST",
         .help = "File formats of the pictures: svg, png, pdf; default: svg,png. Use pdf for "
                 "papers and slides."},
        {"lang", text, &a->language, "en|es",
         .help = "Language of the output and of the pictures; default: en."},
        {.name = NULL}};
    tren_args args = {.command = "lab run",
                      .synopsis = "NAME ...|all [--ranks P] [--seeds N|A-B] [--set KEY=LIST ...] "
                                  "[--quick] [--out DIR]",
                      .summary =
                          "Compute the missing points of each experiment, draw its figure and "
                          "print the verdict. After an interruption, the same command continues. "
                          "Within an MPI job it uses the ranks of the job. The exit code is 0 for "
                          "every verdict; DIR/NAME/verdict.json contains the verdict.",
                      .options = options,
                      .positional = a->name,
                      .max_positional = TREN_LAB_NAMES};
    TREN_TRY(tren_args_parse(&args, argc, argv));
    a->help = args.help;
    a->n_names = args.n_positional;
    TREN_TRY(sort_sets(&a->set));
    if (!a->out) a->out = own_folder(a);
    TREN_TRY(tren_runs_keep(a->out));
    return read_seeds(a);
}
/* ---- within a job ---------------------------------------------------------------------------- */

static void say_verdict(const tren_experiment *e, const tren_verdict *v,
                        const tren_lab_setting *setting, tren_language language) {
    static const char *const mark[] = {"[FAILS]", "[holds]", "       ", "[  -  ]"};
    static const char *const mark_es[] = {"[falla]  ", "[cumple] ", "         ", "[   -  ] "};
    char words[TREN_VERDICT_WORDS], difference[TREN_LAB_TEXT];
    printf("%s %s: %s\n", e->name, tren_say_in(language, e->title),
           tren_verdict_words(words, v, language));
    if (*tren_lab_difference(difference, e, setting, language)) {
        int n = printf(language == TREN_SPANISH ? "  No es la configuración que se juzga: "
                                                : "  This is not the judged setting: ");
        tren_cli_wrap(stdout, difference, n, 4, tren_cli_width(stdout));
    }
    for (int i = 0; i < v->n; i++) {
        const char *m = (language == TREN_SPANISH ? mark_es : mark)[v->at[i].claim];
        int n = printf("  %s ", m);
        tren_cli_wrap(stdout, v->at[i].text[language], n, n, tren_cli_width(stdout));
    }
}

static void draw(const tren_experiment *e, const lab_args *a, tren_language language) {
    for (int k = 0; k < TREN_PICTURE_KINDS; k++) {
        char path[TREN_MAX_PATH];
        if (!tren_picture_has_format(a->format, (tren_picture_kind)k)) continue;
        snprintf(path, sizeof path, "%s/%s/%s.%s", a->out, e->name, e->name, tren_picture_name[k]);
        if (tren_lab_draw(e, a->out, path, language, -1) == TREN_OK)
            printf("  %s\n", tren_cli_shown(path));
        else
            printf("warning: no picture: %s\n", tren_cli_shown(tren_error_text()));
    }
}

static tren_lab_options options_of(const lab_args *a) {
    tren_lab_options o = {.out = a->out,
                          .data = a->data.path,
                          .seeds = a->n_seeds,
                          .first_seed = a->first_seed,
                          .quick = a->quick,
                          .ranks_per_run = a->ranks_per_run,
                          .signal = &tren_stop_signal,
                          .n_sets = a->set.n};
    for (int i = 0; i < o.n_sets; i++) o.set[i] = a->set.at[i];
    return o;
}

/* Before anything is started. */
static tren_status check_settings(const tren_experiment *const chosen[], int n, const lab_args *a) {
    if (a->set.n > TREN_LAB_SETS)
        return tren_fail(TREN_ERR_USAGE, "--set: given %d times; at most %d are taken", a->set.n,
                         TREN_LAB_SETS);
    tren_lab_options o = options_of(a);
    for (int i = 0; i < n; i++) {
        tren_lab_setting setting;
        TREN_TRY(tren_lab_setting_of(&setting, chosen[i], &o));
    }
    return TREN_OK;
}

static tren_status check_precision(const tren_experiment *const chosen[], int n, char **argv) {
    for (int i = 1; i < n; i++)
        if (chosen[i]->wants_double != chosen[0]->wants_double)
            return tren_fail(
                TREN_ERR_USAGE,
                "%s is computed in %s and %s in %s, by two different programs: run them one by "
                "one, or run all by 'tren lab run ... --ranks P' without mpirun",
                chosen[0]->name, chosen[0]->wants_double ? "double" : "float", chosen[i]->name,
                chosen[i]->wants_double ? "double" : "float");
    return tren_launch_precision(
        chosen[0]->wants_double ? TREN_PRECISION_DOUBLE : TREN_PRECISION_FLOAT, argv);
}

/* All of them on this job's ranks; pictures come after MPI, which allows no other programs. */
static int run_within(const tren_experiment *const chosen[], int n, const lab_args *a,
                      tren_language language) {
    tren_comm comm;
    tren_verdict verdict[TREN_LAB_NAMES];
    tren_stop_signal_catch();
    tren_status st = tren_mpi_start(&comm, TREN_START_SECONDS);
    if (st != TREN_OK) return tren_cli_fail("lab run", st);
    tren_blas_threads(1);
    if (comm.rank == 0) tren_lab_data_say(&a->data, chosen, n, language);
    tren_log log = {.out = stdout};
    tren_lab_options options = options_of(a);
    options.log = &log;
    int done = 0;
    for (; done < n && st == TREN_OK; done += st == TREN_OK) {
        options.data = tren_lab_data_of(&a->data, chosen[done]);
        st = tren_lab_run(&comm, chosen[done], &options, &verdict[done]);
    }
    bool speaks = comm.rank == 0;
    tren_comm_close(&comm);
    for (int i = 0; speaks && i < done; i++) {
        tren_lab_setting setting;
        tren_lab_setting_of(&setting, chosen[i], &options);
        say_verdict(chosen[i], &verdict[i], &setting, language);
        draw(chosen[i], a, language);
    }
    return tren_cli_fail_agreed("lab run", st, speaks);
}

/* ---- how far they are --------------------------------------------------------------------------
 */
/* ---- as a launcher --------------------------------------------------------------------------- */

/* What came of several, once all that they said has gone by. */
static void summarize(const tren_experiment *const chosen[], int n, const lab_args *a,
                      tren_language language) {
    tren_status st = TREN_OK;
    printf("\n");
    tren_lab_print_head(language);
    for (int i = 0; i < n && st == TREN_OK; i++)
        st = tren_lab_print_row(chosen[i], a->out, language);
    printf(language == TREN_SPANISH
               ? "una página con todos los resultados: tren lab report %s --lang es\n"
               : "one page with all results: tren lab report %s\n",
           tren_cli_shown(a->out));
}

static int run_by_mpirun(const tren_experiment *const chosen[], int n, const lab_args *a,
                         tren_language language) {
    char first[24], group[16];
    snprintf(first, sizeof first, "%llu", (unsigned long long)a->first_seed);
    snprintf(group, sizeof group, "%d", a->ranks_per_run);
    enum { NAME = 2 };
    const char *options[24 + 2 * TREN_LAB_SETS] = {"lab", "run",      "",       "--first-seed",
                                                   first, "--out",    a->out,   "--ranks-per-run",
                                                   group, "--format", a->format};
    int k = 11;
    if (a->seeds) {
        options[k++] = "--seeds";
        options[k++] = a->seeds;
    }
    for (int i = 0; i < a->set.n; i++) {
        options[k++] = "--set";
        options[k++] = a->set.at[i];
    }
    if (a->quick) options[k++] = "--quick";
    if (a->language) {
        options[k++] = "--lang";
        options[k++] = a->language;
    }
    int ranks = a->ranks > 0 ? a->ranks : tren_cores(), data = k;
    tren_lab_data_say(&a->data, chosen, n, language);
    tren_status worst = TREN_OK;
    for (int i = 0; i < n; i++) {
        options[NAME] = chosen[i]->name;
        options[data] = tren_lab_data_suits(&a->data, chosen[i]) ? "--data" : NULL;
        options[data + 1] = a->data.path;
        tren_status st = tren_mpirun_run(&(tren_mpirun){.ranks = ranks, .arguments = options});
        if (st != TREN_OK) worst = st;
        if (st == TREN_REQUEUE || st == TREN_ERR_ENV) break;
        fflush(stdout);
    }
    if (n > 1) summarize(chosen, n, a, language);
    /* What went wrong was said by the ranks, but not that they were ended. */
    if (worst == TREN_REQUEUE && tren_error_text()[0])
        tren_fail(worst,
                  "stopped by a signal: the finished points are kept in %s; the same command "
                  "computes the others",
                  a->out);
    return (worst == TREN_ERR_ENV || worst == TREN_REQUEUE) && tren_error_text()[0]
               ? tren_cli_fail("lab run", worst)
               : (int)worst;
}

int tren_cmd_lab_run(int argc, char **argv) {
    lab_args a = {
        .first_seed = 1,
        .ranks_per_run = 1,
        .format = "svg,png",
    };
    const tren_experiment *chosen[TREN_LAB_NAMES];
    tren_language language;
    int n = 0;
    tren_status st = parse(&a, argc - 1, argv + 1);
    if (st != TREN_OK || a.help) return tren_cli_fail("lab run", st);
    st = tren_lab_language(&language, a.language);
    if (st == TREN_OK) st = tren_lab_choose(chosen, &n, a.name, a.n_names);
    if (st == TREN_OK) st = check_settings(chosen, n, &a);
    if (st == TREN_OK) st = tren_picture_check_formats(a.format);
    if (st == TREN_OK) st = tren_lab_data_look(&a.data, chosen, n);
    bool within = tren_launch_within_job();
    if (st == TREN_OK && within && a.ranks > 0)
        st = tren_fail(
            TREN_ERR_USAGE,
            "--ranks: mpirun has already started the ranks; remove --ranks, or run without mpirun");
    if (st == TREN_OK && !within) return run_by_mpirun(chosen, n, &a, language);
    if (st == TREN_OK) st = check_precision(chosen, n, argv);
    return st == TREN_OK ? run_within(chosen, n, &a, language) : tren_cli_fail("lab run", st);
}
