/* The commands: each is one file src/cli/cmd_NAME.c, one declaration here and one row in
 * commands.c. */
#ifndef TREN_CLI_CMD_H
#define TREN_CLI_CMD_H

#include <stdbool.h>
#include <stddef.h>

typedef struct tren_command {
    const char *name;
    const char *synopsis; /* its arguments, as the usage line shows them; one variant a line */
    const char *summary;  /* one line */
    const char *verbs;    /* words that may follow it, with blanks between; or NULL */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit code */
    bool uses_mpi;                     /* refused under an srun that cannot start MPI programs */
    bool alone;                        /* refused as one of several processes */
    bool hidden;                       /* for the build and the tests: in no list */
} tren_command;

/* The table. */
const tren_command *tren_commands(size_t *n);
/* The command of this name, or NULL. */
const tren_command *tren_command_find(const char *name);
/* "did you mean" for a command, or NULL. Hidden ones are never meant. */
const char *tren_command_nearest(const char *name);

int tren_cmd_data(int argc, char **argv);
int tren_cmd_train(int argc, char **argv);
int tren_cmd_eval(int argc, char **argv);
int tren_cmd_predict(int argc, char **argv);
int tren_cmd_generate(int argc, char **argv);
int tren_cmd_export(int argc, char **argv);
int tren_cmd_import_weights(int argc, char **argv);
int tren_cmd_plot(int argc, char **argv);
int tren_cmd_runs(int argc, char **argv);
int tren_cmd_bench(int argc, char **argv);
int tren_cmd_verify(int argc, char **argv);
int tren_cmd_sweep(int argc, char **argv);
int tren_cmd_lab(int argc, char **argv);
int tren_cmd_plan(int argc, char **argv);
int tren_cmd_scale(int argc, char **argv);
int tren_cmd_scale_launch(int argc, char **argv);
int tren_cmd_config(int argc, char **argv);
int tren_cmd_doctor(int argc, char **argv);
int tren_cmd_doctor_rank(int argc, char **argv);
int tren_cmd_completion(int argc, char **argv);
int tren_cmd_lr_find(int argc, char **argv);
int tren_cmd_help(int argc, char **argv);
int tren_cmd_man(int argc, char **argv);
int tren_cmd_docs(int argc, char **argv);
int tren_cmd_launch(int argc, char **argv);

/* What `tren` alone, --help and --version print. Return the exit code. */
int tren_help_short(void);
int tren_help_version(void);

#endif
