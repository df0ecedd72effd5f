/* The manual page, tren(1), in roff: the commands and every key of the config, from their tables.
 */
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/console.h"
#include "cli/help.h"

/* Text of the page itself: a backslash, a hyphen, and a dot or quote at the start of a line mean
 * something else. */
static void print_text(const char *text) {
    if (*text == '.' || *text == '\'') fputs("\\&", stdout);
    for (; *text; text++) {
        switch (*text) {
        case '\\':
            fputs("\\e", stdout);
            break;
        case '-':
            fputs("\\-", stdout);
            break;
        case '\'':
            fputs("\\(aq", stdout);
            break;
        case '^':
            fputs("\\(ha", stdout);
            break;
        case '~':
            fputs("\\(ti", stdout);
            break;
        default:
            putchar(*text);
        }
    }
}

static void print_line(const char *text) {
    print_text(text);
    putchar('\n');
}

static void print_item(const char *prefix, const char *name, const char *text) {
    printf(".TP\n.B ");
    print_text(prefix);
    print_line(name);
    print_line(text);
}

static void print_commands(void) {
    size_t n;
    const tren_command *command = tren_commands(&n);
    printf(".SH COMMANDS\n");
    for (size_t i = 0; i < n; i++) {
        if (!command[i].run || command[i].hidden) continue;
        printf(".TP\n.BI %s \" ", command[i].name);
        print_text(command[i].synopsis);
        printf("\"\n%c", command[i].summary[0] - 'a' + 'A');
        print_text(command[i].summary + 1);
        printf(".\n");
    }
    printf(".PP\n.BI \"tren \" COMMAND \" \\-\\-help\"\nexplains a command and its options.\n");
}

static void print_options(void) {
    size_t n;
    const tren_option *option = tren_options(&n);
    printf(".SH CONFIG\n");
    print_line(tren_help_precedence);
    printf(".PP\nThe file is YAML: nested maps or dotted keys.\n");
    for (const tren_switch *s = tren_train_switches; s->name; s++)
        print_item("--", s->name, s->help);
    for (size_t i = 0; i < n; i++) {
        if (tren_help_starts_group(option, i)) printf(".SS %s\n", option[i].group);
        char value[320];
        tren_help_value(value, sizeof value, &option[i]);
        print_item("", option[i].key, option[i].help);
        printf(".br\n(");
        print_text(value);
        printf(".)\n");
    }
}

static void print_exit_codes(void) {
    printf(".SH EXIT STATUS\n");
    for (const tren_exit_code *code = tren_exit_codes; code->meaning; code++) {
        char number[16];
        snprintf(number, sizeof number, "%d", code->code);
        print_item("", number, code->meaning);
    }
    printf(".PP\nAll ranks exit with the same code. mpirun itself returns 1 after it receives a "
           "signal.\n");
}

static void print_rest(void) {
    printf(".SH ENVIRONMENT\n");
    print_item("", "OPENBLAS_CORETYPE",
               "The OpenBLAS kernels to use. If OpenBLAS does not recognise a recent CPU and "
               "chooses slow kernels, tren sets this variable and starts itself again. It keeps a "
               "value that you have set.");
    print_item("", "HDF5_USE_FILE_LOCKING", "Set to FALSE for file systems without locks.");
    print_item("", "NO_COLOR", "If set, no colours are used, even on a terminal.");
    printf(".SH EXAMPLES\n.nf\n");
    print_line(
        "tren data import idx --images train-images.gz --labels train-labels.gz --out fashion.h5");
    print_line("mpirun -n 2 tren train examples/fashion-mnist.yaml --epochs 5");
    print_line("srun --mpi=pmix -n 8 tren train run.yaml --resume");
    printf(".fi\n.SH SEE ALSO\n.BR mpirun (1),\n.BR srun (1),\n.BR gnuplot (1),\n.BR h5dump (1)\n");
}

int tren_cmd_man(int argc, char **argv) {
    if (argc > 1) {
        tren_help_usage(stdout, "man");
        return tren_args_ask_help(argc, argv) ? 0 : TREN_ERR_USAGE;
    }
    printf(".TH TREN 1 \"\" \"tren %s\" \"User Commands\"\n", TREN_VERSION);
    printf(".SH NAME\ntren \\- distributed data\\-parallel neural\\-network trainer\n");
    printf(".SH SYNOPSIS\n.B tren\n.I COMMAND\n\\&...\n.br\n.B mpirun \\-n\n.I RANKS\n.B tren "
           "train\n.I CONFIG.yaml\n"
           "\\&...\n");
    printf(".SH DESCRIPTION\n");
    print_line(
        "tren trains neural networks on any number of MPI ranks. A run ends with the same bits on "
        "every number of ranks up to its shards, even if it is interrupted and resumed.");
    print_commands();
    print_options();
    print_exit_codes();
    print_rest();
    return 0;
}
