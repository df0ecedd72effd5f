/* The command line of a command that takes no config: one table of its options, from which parsing,
 * --help and "did you mean" are made. Not collective.
 *
 *     const char *out = NULL, *source[8];
 *     uint64_t seed = 1;
 *     const tren_arg options[] = {
 *         {.name = "out", .type = TREN_ARG_TEXT, .at = &out, .metavar = "FILE.h5", .help = "..."},
 *         {.name = "seed", .type = TREN_ARG_SEED, .at = &seed, .metavar = "N", .help = "..."},
 *         {.name = NULL}};
 *     tren_args args = {.command = "data import csv",
 *                       .synopsis = "SOURCE ... --out FILE.h5 [--seed N]",
 *                       .summary = "Turns tables into a dataset.",
 *                       .options = options,
 *                       .positional = source,
 *                       .max_positional = 8};
 *     TREN_TRY(tren_args_parse(&args, argc, argv));
 *     if (args.help) return TREN_OK;
 */
#ifndef TREN_CLI_ARGS_H
#define TREN_CLI_ARGS_H

#include "tren/base.h"

typedef enum tren_arg_type {
    TREN_ARG_FLAG,   /* bool: --name, --no-name, --name true */
    TREN_ARG_TEXT,   /* const char *, into argv */
    TREN_ARG_TEXTS,  /* tren_arg_texts: may be given several times */
    TREN_ARG_INT,    /* int */
    TREN_ARG_INT64,  /* int64_t */
    TREN_ARG_SEED,   /* uint64_t */
    TREN_ARG_REAL,   /* double */
    TREN_ARG_SECONDS /* double: as tren_text_seconds reads it */
} tren_arg_type;

enum { TREN_ARG_MAX_TEXTS = 64 };
typedef struct tren_arg_texts {
    int n;
    const char *at[TREN_ARG_MAX_TEXTS]; /* into argv */
} tren_arg_texts;

typedef struct tren_arg {
    const char
        *name; /* without dashes; dashes within stand for underscores on the command line too */
    tren_arg_type type;
    void *at;            /* not owned; holds the default */
    const char *metavar; /* what --help calls the value: "FILE.h5" */
    const char *help;    /* one sentence */
    double min, max;     /* of numbers; both 0: any; max INFINITY: no upper end */
    const char *refusal; /* why it is not taken, where --help does not list it; else NULL */
} tren_arg;

typedef struct tren_args {
    const char *command;     /* "data import csv" */
    const char *synopsis;    /* what follows it in the usage line */
    const char *summary;     /* one sentence or more */
    const tren_arg *options; /* not owned; ends with a row without a name */
    const char **positional; /* not owned; room for the arguments that are no options, or NULL */
    const char *positional_name, *positional_help; /* for --help: "FILE", one sentence; or NULL */
    int max_positional;
    const char *too_many; /* what to do with more, or NULL */
    int n_positional;     /* out */
    bool help;            /* out: the help was printed, leave with 0 */
} tren_args;

/* Parses argv[1 ...]. TREN_ERR_USAGE: unknown option (with the nearest one), missing or bad value,
 * out of range, too many arguments. With --help or -h anywhere, prints the help and does nothing
 * else. "--" ends the options. */
tren_status tren_args_parse(tren_args *args, int argc, char **argv);
/* Whether --help, -h or --help-all is among the arguments. */
bool tren_args_ask_help(int argc, char **argv);
/* Whether --help-all is: the same, with what each key of the config means. */
bool tren_args_ask_all(int argc, char **argv);
/* Whether the option was on the command line. */
bool tren_args_given(const char *name, int argc, char **argv);

#endif
