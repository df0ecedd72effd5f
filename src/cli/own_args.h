/* The command line of a command that takes a config and has options of its own beside its keys. Not
 * collective. */
#ifndef TREN_CLI_OWN_ARGS_H
#define TREN_CLI_OWN_ARGS_H

#include "cli/args.h"
#include "cli/cli_config.h"

/* argv sorted: the command's own arguments and those of the config, each with the command's name
 * first and NULL at the end. */
typedef struct tren_own_args {
    char **own, **config;
    int n_own, n_config;
} tren_own_args;

/* An option of `table` that is also a key of the config belongs to the command. */
tren_status tren_own_args_open(tren_own_args *args, const tren_arg *table, int argc, char **argv);
void tren_own_args_close(tren_own_args *args); /* accepts the empty value */
/* Whether `arg` is --NAME or --NAME=VALUE; a dash is as good as an underscore. */
bool tren_own_args_is(const char *arg, const char *name);

/* Parses both: the command's own by *table, the config's as tren_cli_config. Where the other
 * precision's program takes over, it gets all of argv. args stays open also on failure. */
tren_status tren_own_args_parse(tren_own_args *args, tren_args *table, tren_config *config,
                                tren_cli_run *run, int argc, char **argv);

#endif
