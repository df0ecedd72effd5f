/* Help, made from the commands and the options table: for the terminal, as man page and as
 * documentation. */
#ifndef TREN_CLI_HELP_H
#define TREN_CLI_HELP_H

#include "tren/config.h"

/* Usage of a command, by its row in the table. */
void tren_help_usage(FILE *out, const char *command);
/* Usage and the names of all keys of the config, to stdout: for `tren COMMAND --help`; with all,
 * what each key means: --help-all. */
void tren_help_config(const char *command, bool all);
/* Explains one key, or those of a section or a heading ("model", "optimizer.name"). False: there is
 * none of this name. */
bool tren_help_key(const char *name);

/* "default 256; a whole number from 1 to 1073741824". */
void tren_help_value(char *text, size_t n, const tren_option *option);
/* Whether option i begins a heading. */
bool tren_help_starts_group(const tren_option *options, size_t i);

/* Sentences that stand in more than one place. */
extern const char tren_help_precedence[];
/* Options of 'tren train' that are no keys of the config; NULL ends the list. */
typedef struct tren_switch {
    const char *name, *help;
} tren_switch;
extern const tren_switch tren_train_switches[];

/* What each exit code means; NULL ends the list. */
typedef struct tren_exit_code {
    int code;
    const char *meaning;
} tren_exit_code;
extern const tren_exit_code tren_exit_codes[];

#endif
