#include "cli/help.h"
#include "cli/cmd.h"
#include "cli/console.h"
#include "tren/comm.h"
#include "tren/io.h"
#include "tren/kernels.h"

#include <string.h>
#include <strings.h>

const tren_exit_code tren_exit_codes[] = {
    {0, "finished: reached its length, or stopped early"},
    {1, "out of memory, a bug in tren, or different bits in tren verify"},
    {2, "command line or config"},
    {3, "environment: launch, libraries, locks or permissions"},
    {4, "dataset or source file"},
    {5, "diverged: a loss or weight is not finite"},
    {6, "stalled: no progress for stall_timeout"},
    {7, "a checkpoint could not be written or read"},
    {75,
     "checkpoint saved on a signal or at max_time: continue with --resume (verify: start again)"},
    {0, NULL},
};

const char tren_help_precedence[] =
    "Every key of the config is also an option: --KEY VALUE or --KEY=VALUE; for true and false "
    "also --KEY and --no-KEY. Options override the config file, and the file overrides the "
    "defaults.";
const tren_switch tren_train_switches[] = {
    {"resume", "Continue from the last checkpoint in the run folder, at the exact step, on any "
               "number of ranks up to shards. Without a checkpoint, start a new run."},
    {"dry-run",
     "Print the table of layers with shapes, parameters, FLOP, bytes and memory, then exit."},
    {"ranks P", "With --dry-run: memory per rank and per node for a launch on P ranks."},
    {"nodes N", "With --ranks: number of nodes; default: 1."},
    {"json", "With --dry-run: print JSON; bytes and FLOP are whole numbers."},
    {"trace FILE", "Write a timeline of every rank for ui.perfetto.dev or chrome://tracing: "
                   "epochs, steps, phases and waits for messages. It replaces an earlier trace."},
    {"trace-layers", "With --trace: include forward and backward of each layer."},
    {NULL, NULL},
};

static const char *bold(void) {
    return tren_style_on(stdout, TREN_STYLE_BOLD);
}
static const char *plain(void) {
    return tren_style_on(stdout, TREN_STYLE_NONE);
}

/* ---- commands ---------------------------------------------------------------------------------
 */

static bool is_listed(const tren_command *command) {
    return command->run && !command->hidden;
}

static void print_commands(void) {
    size_t n, longest = 0;
    const tren_command *command = tren_commands(&n);
    for (size_t i = 0; i < n; i++)
        if (is_listed(&command[i]) && strlen(command[i].name) > longest)
            longest = strlen(command[i].name);
    printf("%sCommands%s\n", bold(), plain());
    for (size_t i = 0; i < n; i++)
        if (is_listed(&command[i]))
            printf("  %s%-*s%s %s\n", bold(), (int)longest, command[i].name, plain(),
                   command[i].summary);
}

int tren_help_short(void) {
    printf("tren %s, a distributed data-parallel trainer: the same bits on any number of ranks up "
           "to shards,\neven if interrupted\n\n",
           TREN_VERSION);
    printf("%sUsage%s\n  tren COMMAND ...\n  tren COMMAND --help\n  tren --version\n\n", bold(),
           plain());
    print_commands();
    printf("\n%sExamples%s\n", bold(), plain());
    printf("  tren data import idx --images train-images.gz --labels train-labels.gz --out "
           "fashion.h5\n"
           "  tren train examples/fashion-mnist.yaml\n"
           "  mpirun -n 2 tren train examples/fashion-mnist.yaml --epochs 5\n"
           "  srun --mpi=pmix -n 8 tren train run.yaml --resume\n"
           "  tren plot runs/fashion-mnist\n");
    return 0;
}

int tren_help_version(void) {
    char mpi[256] = "", hdf5[64] = "", blas[128] = "";
    tren_blas_version(blas, sizeof blas);
    tren_comm_version(mpi, sizeof mpi);
    tren_h5_version(hdf5, sizeof hdf5);
    printf("tren %s (%s)\n", TREN_VERSION, TREN_REAL_NAME);
    printf("CPU level: %s, of", tren_kernels_best()->level);
    for (int i = 0; tren_kernels_at(i); i++)
        printf("%s %s", i ? "," : "", tren_kernels_at(i)->level);
    printf("\nOpenBLAS core type: %s\n", tren_blas_core());
    printf("BLAS: %s\n", blas);
    printf("MPI: %s\n", mpi);
    printf("HDF5: %s\n", hdf5);
    return 0;
}

void tren_help_usage(FILE *out, const char *name) {
    const tren_command *command = tren_command_find(name);
    char line[256];
    snprintf(line, sizeof line, "tren %s %s", name, command ? command->synopsis : "");
    fprintf(out, "%sUsage%s\n  ", tren_style_on(out, TREN_STYLE_BOLD),
            tren_style_on(out, TREN_STYLE_NONE));
    tren_cli_wrap(out, line, 2, 6, tren_cli_width(out));
    if (command) fprintf(out, "\n%c%s.\n", command->summary[0] - 'a' + 'A', command->summary + 1);
}

/* ---- the config -------------------------------------------------------------------------------
 */

bool tren_help_starts_group(const tren_option *options, size_t i) {
    return i == 0 || strcmp(options[i - 1].group, options[i].group) != 0;
}

void tren_help_value(char *text, size_t n, const tren_option *option) {
    char takes[256];
    tren_option_describe(takes, sizeof takes, option);
    const char *fallback = *option->fallback ? option->fallback : "empty";
    bool any_text = option->type == TREN_OPTION_TEXT;
    snprintf(text, n, "default %s%s%s", fallback, any_text ? "" : "; ", any_text ? "" : takes);
}

static void print_option(const tren_option *option, int width) {
    enum { INDENT = 6 };
    char value[320];
    tren_help_value(value, sizeof value, option);
    printf("  %s--%s%s\n%*s", bold(), option->key, plain(), INDENT, "");
    tren_cli_wrap(stdout, option->help, INDENT, INDENT, width);
    printf("%*s%s", INDENT, "", tren_style_on(stdout, TREN_STYLE_DIM));
    tren_cli_wrap(stdout, value, INDENT, INDENT, width);
    fputs(plain(), stdout);
}

static void print_item(const char *name, const char *help, int width) {
    enum { INDENT = 17 };
    printf("  %s%-*s%s", bold(), INDENT - 2, name, plain());
    tren_cli_wrap(stdout, help, INDENT, INDENT, width);
}

/* What is said on the command line only. */
static void print_switches(const char *name, int width) {
    const tren_command *command = tren_command_find(name);
    printf("\n%sCommand line%s\n", bold(), plain());
    if (command && strstr(command->synopsis, "--resume")) {
        char option[32];
        for (const tren_switch *s = tren_train_switches; s->name; s++) {
            snprintf(option, sizeof option, "--%s", s->name);
            print_item(option, s->help, width);
        }
    }
    if (command && strstr(command->synopsis, "--get"))
        print_item("--get KEY", "Print the value of one key without quotes, for scripts.", width);
    if (command && strstr(command->synopsis, "--expand"))
        print_item("--expand",
                   "Print the model as a list of layers that trains to the same bits, as a start "
                   "for your own network.",
                   width);
    print_item("--help", "Show this help and exit.", width);
    print_item("--help-all", "Show this help with an explanation of every key, and exit.", width);
}

/* "Optimizer   name learning_rate ...": the keys of a heading, without what they share. */
static void print_names(const tren_option *option, size_t n, int width) {
    enum { INDENT = 25 };
    char names[1024] = "";
    for (size_t i = 0; i < n && strcmp(option[i].group, option->group) == 0; i++) {
        size_t at = strlen(names);
        snprintf(names + at, sizeof names - at, "%s%s", at ? ", " : "", option[i].key);
    }
    printf("  %s%-*s%s", bold(), INDENT - 2, option->group, plain());
    tren_cli_wrap(stdout, names, INDENT, INDENT, width);
}

static void print_all_names(const char *command, int width) {
    size_t n;
    const tren_option *option = tren_options(&n);
    char more[256];
    printf("\n%sKeys of the config%s\n", bold(), plain());
    for (size_t i = 0; i < n; i++)
        if (tren_help_starts_group(option, i)) print_names(&option[i], n - i, width);
    snprintf(more, sizeof more,
             "'tren %s --help-all' explains every key, 'tren help model' one section, 'tren help "
             "optimizer.name' one key. docs/configuration.md contains all of them.",
             command);
    putchar('\n');
    tren_cli_wrap(stdout, more, 0, 0, width);
}

static void print_all_keys(int width) {
    size_t n;
    const tren_option *option = tren_options(&n);
    for (size_t i = 0; i < n; i++) {
        if (tren_help_starts_group(option, i))
            printf("\n%s%s%s\n", bold(), option[i].group, plain());
        print_option(&option[i], width);
    }
}

void tren_help_config(const char *command, bool all) {
    int width = tren_cli_width(stdout);
    tren_help_usage(stdout, command);
    putchar('\n');
    tren_cli_wrap(stdout, tren_help_precedence, 0, 0, width);
    print_switches(command, width);
    if (all)
        print_all_keys(width);
    else
        print_all_names(command, width);
}

bool tren_help_key(const char *name) {
    size_t n, found = 0, length = strlen(name);
    const tren_option *option = tren_options(&n);
    for (size_t i = 0; i < n; i++) {
        const char *key = option[i].key;
        bool within = strncmp(key, name, length) == 0 && (key[length] == '.' || !key[length]);
        if (!within && strcasecmp(option[i].group, name) != 0) continue;
        print_option(&option[i], tren_cli_width(stdout));
        found++;
    }
    return found > 0;
}
