/* Command-line arguments of a subcommand, described by tables from which parsing, defaults and
 * --help are made. A table fills one plain struct; a command may read several tables at once (its
 * own and a plug-in's). */
#ifndef TREN_BASE_ARGS_H
#define TREN_BASE_ARGS_H

#include "tren/base.h"

typedef enum tren_arg_type {
    TREN_ARG_FLAG,    /* bool: --name, or --name=yes|no */
    TREN_ARG_TEXT,    /* const char *, NULL when not given */
    TREN_ARG_TEXTS,   /* tren_texts: separated by commas, or the option repeated */
    TREN_ARG_INT,     /* int */
    TREN_ARG_SEED,    /* uint64_t */
    TREN_ARG_REAL,    /* double */
    TREN_ARG_SECONDS, /* double; written 90, 90s, 15m, 2h or H:MM:SS */
    TREN_ARG_CHOICE   /* int, index into choices */
} tren_arg_type;

#define TREN_MAX_TEXTS 256
typedef struct tren_texts {
    int n;
    const char *at[TREN_MAX_TEXTS]; /* not owned: parts of argv */
} tren_texts;

typedef struct tren_arg {
    /* "out" stands for --out; a name in capitals ("FILE") for a positional argument. Positionals
     * are filled in table order; one of type TREN_ARG_TEXTS takes all that follow. */
    const char *name;
    tren_arg_type type;
    size_t at; /* offset within the table's settings */
    const char
        *value; /* what --help calls the value ("FILE"), or NULL for a word that suits the type */
    const char *fallback; /* the default as text, or NULL for zero */
    bool required;
    double min, max;            /* of numbers; no limits when both are 0 */
    const char *const *choices; /* NULL-terminated, for TREN_ARG_CHOICE */
    const char *help;           /* one sentence without a full stop */
} tren_arg;

typedef struct tren_arg_table {
    const tren_arg *arg;
    size_t n;
    void *settings; /* what `at` refers to; not owned */
} tren_arg_table;

#define TREN_ARG_COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Sets defaults, then reads argv[1..argc). Lists are cut in place: argv's text is changed.
 * With --help or -h anywhere, *help is set and nothing is required. Unknown options,
 * bad values and missing arguments fail with TREN_ERR_USAGE. */
tren_status tren_args_parse(const tren_arg_table *table, size_t n_tables, int argc, char **argv,
                            bool *help);

/* "usage: COMMAND FILE [options]", the summary, and a line for every argument. */
void tren_args_help(FILE *out, const char *command, const char *summary,
                    const tren_arg_table *table, size_t n_tables);

#endif
