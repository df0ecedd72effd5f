/* tren lab: the experiments of the lecture. */
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/console.h"
#include "cli/lab_names.h"
#include "cli/lab_report.h"
#include "cli/lab_worksheet.h"
#include "base/text.h"

#include <string.h>

static int list(int argc, char **argv) {
    const char *out = "runs/lab", *lang = NULL;
    bool json = false;
    tren_language language;
    const tren_arg options[] = {
        {"out", TREN_ARG_TEXT, &out, "DIR", .help = "Folder of the results; default: runs/lab."},
        {"lang", TREN_ARG_TEXT, &lang, "en|es", .help = "Language of the titles; default: en."},
        {"json", TREN_ARG_FLAG, &json, NULL, .help = "Print JSON; times are in seconds."},
        {.name = NULL}};
    tren_args args = {
        .command = "lab list",
        .synopsis = "[--out DIR] [--lang en|es] [--json]",
        .summary = "List the experiments: the figure that each one reproduces, its time on two "
                   "cores (in full and with --quick), and the verdict of the last run in DIR.",
        .options = options};
    tren_status st = tren_args_parse(&args, argc, argv);
    if (st != TREN_OK || args.help) return tren_cli_fail("lab list", st);
    st = tren_lab_language(&language, lang);
    if (st != TREN_OK) return tren_cli_fail("lab list", st);
    tren_json document = {.out = stdout};
    if (json)
        tren_json_begin(&document, NULL, '[');
    else
        tren_lab_print_head(language);
    for (int i = 0; tren_experiments[i] && st == TREN_OK; i++)
        st = json ? tren_lab_json_row(&document, tren_experiments[i], out, language)
                  : tren_lab_print_row(tren_experiments[i], out, language);
    if (json) tren_json_end(&document);
    return tren_cli_fail("lab list", st);
}

static int report(int argc, char **argv) {
    const char *dir[1] = {NULL}, *lang = NULL, *out = NULL;
    bool force = false;
    tren_language language;
    const tren_arg options[] = {
        {"lang", TREN_ARG_TEXT, &lang, "en|es", .help = "Language of the page; default: en."},
        {"out", TREN_ARG_TEXT, &out, "FILE.html",
         .help = "File to write; default: DIR/report.html."},
        {"force", TREN_ARG_FLAG, &force, NULL, .help = "Overwrite FILE.html."},
        {.name = NULL}};
    tren_args args = {.command = "lab report",
                      .synopsis = "[DIR] [--lang en|es] [--out FILE.html]",
                      .summary =
                          "Write one self-contained HTML page with every experiment of DIR "
                          "(default: runs/lab): question, setting, figures, claims and command.",
                      .options = options,
                      .positional = dir,
                      .max_positional = 1};
    tren_status st = tren_args_parse(&args, argc, argv);
    if (st != TREN_OK || args.help) return tren_cli_fail("lab report", st);
    st = tren_lab_language(&language, lang);
    if (st == TREN_OK) st = tren_lab_report(dir[0] ? dir[0] : "runs/lab", out, force, language);
    return tren_cli_fail("lab report", st);
}

static int worksheet(int argc, char **argv) {
    const char *name[TREN_LAB_NAMES] = {"all"}, *lang = NULL, *out = "worksheet.html";
    const tren_experiment *chosen[TREN_LAB_NAMES];
    bool force = false;
    tren_language language;
    const tren_arg options[] = {
        {"lang", TREN_ARG_TEXT, &lang, "en|es", .help = "Language of the page; default: en."},
        {"out", TREN_ARG_TEXT, &out, "FILE.html",
         .help = "File to write; default: worksheet.html."},
        {"force", TREN_ARG_FLAG, &force, NULL, .help = "Overwrite FILE.html."},
        {.name = NULL}};
    tren_args args = {
        .command = "lab worksheet",
        .synopsis = "[NAME ...] [--lang en|es] [--out FILE.html]",
        .summary =
            "Write a page to print and fill in. For each experiment (default: all) it has the "
            "question, a prediction to choose before the run, and space for the answers.",
        .options = options,
        .positional = name,
        .max_positional = TREN_LAB_NAMES};
    tren_status st = tren_args_parse(&args, argc, argv);
    if (st != TREN_OK || args.help) return tren_cli_fail("lab worksheet", st);
    int n = 0, n_names = args.n_positional > 0 ? args.n_positional : 1;
    st = tren_lab_language(&language, lang);
    if (st == TREN_OK) st = tren_lab_choose(chosen, &n, name, n_names);
    if (st == TREN_OK) st = tren_lab_worksheet(chosen, n, out, force, language);
    return tren_cli_fail("lab worksheet", st);
}

static void print_help(void) {
    printf("Usage\n  tren lab list   [--out DIR] [--json]           list the experiments and their "
           "verdicts\n  tren lab run    NAME ...|all [--ranks P] [--quick]\n                       "
           "                          compute, draw and judge experiments\n  tren lab report [DIR] "
           "[--lang en|es]           write one page with all figures\n  tren lab worksheet [NAME "
           "...] [--lang en|es]   write a page to print: predict, run, explain\n\nWithin an MPI "
           "job: mpirun -n P tren lab run NAME ...\n'tren lab SUBCOMMAND --help' shows the "
           "options; docs/lab.md describes the experiments.\n");
}

static tren_status unknown(const char *name) {
    static const char *const names[] = {"list", "run", "report", "worksheet"};
    const char *nearest = tren_text_nearest(name, names, sizeof names / sizeof *names);
    if (nearest)
        return tren_fail(TREN_ERR_USAGE, "unknown subcommand '%s'; did you mean '%s'?", name,
                         nearest);
    return tren_fail(TREN_ERR_USAGE,
                     "unknown subcommand '%s'; 'tren lab --help' lists all subcommands", name);
}

int tren_cmd_lab(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "run") == 0) return tren_cmd_lab_run(argc, argv);
    if (strcmp(what, "list") == 0) return list(argc - 1, argv + 1);
    if (strcmp(what, "report") == 0) return report(argc - 1, argv + 1);
    if (strcmp(what, "worksheet") == 0) return worksheet(argc - 1, argv + 1);
    if (*what && strcmp(what, "--help") != 0 && strcmp(what, "-h") != 0)
        return tren_cli_fail("lab", unknown(what));
    print_help();
    if (*what) return 0;
    tren_fail(TREN_ERR_USAGE, "a subcommand is missing; give one of the above");
    return tren_cli_fail("lab", TREN_ERR_USAGE);
}
