/* The command line of whatever takes a config: defaults < file < options. Not collective. */
#ifndef TREN_CLI_CONFIG_H
#define TREN_CLI_CONFIG_H

#include "cli/args.h"
#include "tren/config.h"

typedef struct tren_cli_run {
    char file[TREN_MAX_PATH]; /* the YAML file, or "" */
    bool switches;            /* --resume and --dry-run are taken */
    bool resume;
    bool dry_run;
    const char *command;  /* argv[0] */
    bool help;            /* the help was printed: leave with 0 */
    tren_grid *grid;      /* not owned; where the file's grid goes. NULL: it may have none */
    const tren_args *own; /* not owned; the command's own options. NULL: it has none */
    char **whole; /* not owned; the command line that argv is a part of. NULL: argv is all of it */
} tren_cli_run;

/* COMMAND [CONFIG.yaml] [--KEY VALUE | --KEY=VALUE | --FLAG | --no-FLAG ...] [--resume] [--dry-run]
 * [--help]. argv[0] is the command's name. Every key of the options table is an option; dashes may
 * stand for its underscores; of one given twice the last counts. An empty `out` is filled in
 * where there is a file or a dataset to name it after. *run is empty before, but for `switches`,
 * `grid`, `own` and `whole`. */
tren_status tren_cli_config_read(tren_config *config, tren_cli_run *run, int argc, char **argv);

/* The same for a command that trains: contradictions are refused, the dataset must be given,
 * and where the config wants the other precision, the other program takes over
 * (tren_launch_precision). Before MPI_Init. With --help nothing but the help is done. */
tren_status tren_cli_config(tren_config *config, tren_cli_run *run, int argc, char **argv);

#endif
