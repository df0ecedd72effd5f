#include "cli/cmd.h"
#include "base/text.h"

#include <string.h>

#define CONFIG_ARGS "[CONFIG.yaml] [--KEY VALUE ...]"

static const tren_command commands[] = {
    {.name = "data",
     .synopsis = "import|make|info|check|preview ...",
     .verbs = "import make info check preview",
     .summary = "turn sources into datasets, and look at them",
     .run = tren_cmd_data,
     .alone = true},
    {.name = "train",
     .synopsis = CONFIG_ARGS " [--resume] [--dry-run] [--trace FILE]",
     .summary = "train a model, on one rank or many",
     .run = tren_cmd_train,
     .uses_mpi = true},
    {.name = "eval",
     .synopsis = "RUN_DIR|CHECKPOINT [--data FILE.h5] [--split test]",
     .summary = "loss, accuracy and confusion matrix of trained weights",
     .run = tren_cmd_eval,
     .uses_mpi = true},
    {.name = "predict",
     .synopsis = "RUN_DIR|CHECKPOINT --data FILE.h5 --out FILE.csv|FILE.h5",
     .summary = "classes and probabilities, or targets, of new rows",
     .run = tren_cmd_predict,
     .uses_mpi = true},
    {.name = "generate",
     .synopsis = "RUN_DIR|CHECKPOINT --prompt TEXT | --source FILE",
     .summary = "the text that trained weights write",
     .run = tren_cmd_generate,
     .uses_mpi = true},
    {.name = "plot",
     .synopsis = "RUN_DIR ...",
     .summary = "draw the curves of one run or several",
     .run = tren_cmd_plot,
     .alone = true},
    {.name = "runs",
     .synopsis = "[DIR ...] [--columns NAME,...] [--sort [-]NAME] [--json]",
     .summary = "list and compare runs: finished, live and dead ones",
     .run = tren_cmd_runs,
     .alone = true},
    {.name = "bench",
     .synopsis = "gemm|conv|step|allreduce|load ...",
     .verbs = "gemm conv step allreduce load",
     .summary = "measure speed, as shares of what the machine can do",
     .run = tren_cmd_bench}, /* some without MPI */
    {.name = "verify",
     .synopsis = CONFIG_ARGS " [--ranks 1,2,3] [--cpu baseline,v3] [--steps N]",
     .summary = "train a few steps in every way there is, and compare the bits",
     .run = tren_cmd_verify,
     .uses_mpi = true},
    {.name = "plan",
     .synopsis = CONFIG_ARGS " [--ranks 1,2,4] [--score DIR] | jobs ...",
     .verbs = "jobs",
     .summary = "predict step time and memory on more ranks and nodes",
     .run = tren_cmd_plan,
     .alone = true},
    {.name = "scale",
     .synopsis = CONFIG_ARGS " [--ranks 1,2,4] | compare DIR_A DIR_B",
     .verbs = "compare",
     .summary = "measure how training scales over ranks and nodes, with a report",
     .run = tren_cmd_scale,
     .alone = true},
    {.name = "lr-find",
     .synopsis = CONFIG_ARGS " [--from RATE] [--to RATE] [--steps N]",
     .summary = "find a learning rate: let it rise until the loss diverges",
     .run = tren_cmd_lr_find,
     .uses_mpi = true},
    {.name = "sweep",
     .synopsis = "GRID.yaml [--KEY VALUE ...]",
     .summary = "train every point of a grid of settings, in one job",
     .run = tren_cmd_sweep,
     .uses_mpi = true},
    {.name = "lab",
     .synopsis = "list|run NAME ...|report",
     .verbs = "list run report",
     .summary = "the experiments of a lecture on training and regularization",
     .run = tren_cmd_lab,
     .uses_mpi = true},
    {.name = "config",
     .synopsis = CONFIG_ARGS " [--get KEY] [--expand]",
     .summary = "print the resolved config, or one value of it",
     .run = tren_cmd_config},
    {.name = "doctor",
     .synopsis = "[--dir DIR] [--json] [--no-launch]",
     .summary = "look at all that training needs: MPI, memory, files, limits, clock",
     .run = tren_cmd_doctor,
     .uses_mpi = true},
    {.name = "completion",
     .synopsis = "bash|zsh",
     .verbs = "bash zsh",
     .summary = "print a script with which the shell completes commands and options",
     .run = tren_cmd_completion},
    {.name = "help",
     .synopsis = "[COMMAND|layers|KEY]",
     .summary = "explain a command, a key of the config, or the layers of model.layers",
     .run = tren_cmd_help},
    {.name = "man",
     .synopsis = "",
     .summary = "print the manual page, for man -l",
     .run = tren_cmd_man},
    {.name = "docs",
     .synopsis = "",
     .summary = "print docs/configuration.md",
     .run = tren_cmd_docs,
     .hidden = true},
    {.name = "launch",
     .synopsis = "[float|double]",
     .summary = "print what is known about the launch",
     .run = tren_cmd_launch,
     .uses_mpi = true,
     .hidden = true},
    {.name = "doctor-rank",
     .synopsis = "",
     .summary = "a rank that tren doctor starts",
     .run = tren_cmd_doctor_rank,
     .uses_mpi = true,
     .hidden = true},
    {.name = "scale-launch",
     .synopsis = "CONFIG.yaml --record FILE",
     .summary = "a launch of tren scale",
     .run = tren_cmd_scale_launch,
     .uses_mpi = true,
     .hidden = true},
};

enum { N_COMMANDS = sizeof commands / sizeof *commands };

const tren_command *tren_commands(size_t *n) {
    *n = N_COMMANDS;
    return commands;
}

const tren_command *tren_command_find(const char *name) {
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    return NULL;
}

const char *tren_command_nearest(const char *name) {
    const char *names[N_COMMANDS] = {NULL};
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (!commands[i].hidden) names[i] = commands[i].name;
    return tren_text_nearest(name, names, N_COMMANDS);
}
