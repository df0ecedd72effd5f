/* tren COMMAND ...: settles what must be settled before MPI starts, then hands over to the command.
 */
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/console.h"
#include "cli/launch.h"
#include "cli/mpi_start.h"

#include <string.h>
#include <unistd.h>

static bool is_either(const char *text, const char *a, const char *b) {
    return strcmp(text, a) == 0 || strcmp(text, b) == 0;
}

/* Other ranks may wait for one that has only printed. */
static int leave(const char *command, int code) {
    if (code != 0) return code;
    return tren_cli_fail_agreed(command, tren_mpi_leave_together(command), tren_launch_is_first());
}

static int run_command(const tren_command *command, int argc, char **argv) {
    tren_status st = TREN_OK;
    bool helps = tren_args_ask_help(argc, argv);
    if (!helps) st = tren_launch_check_limits(command->uses_mpi);
    if (st == TREN_OK && command->uses_mpi && !helps) st = tren_launch_check_srun();
    if (st == TREN_OK && command->alone && !helps) st = tren_launch_check_alone();
    if (st != TREN_OK) return tren_cli_fail(command->name, st);
    return leave(command->name, command->run(argc, argv));
}

static int unknown_command(const char *name) {
    const char *nearest = tren_command_nearest(name);
    const char *kind = *name == '-' ? "option" : "command";
    if (nearest)
        tren_fail(TREN_ERR_USAGE, "unknown %s '%s'; did you mean '%s'?", kind, name, nearest);
    else
        tren_fail(TREN_ERR_USAGE, "unknown %s '%s'; 'tren --help' lists all commands", kind, name);
    return tren_cli_fail(NULL, TREN_ERR_USAGE);
}

static int run(int argc, char **argv) {
    if (argc < 2) {
        tren_help_short();
        return TREN_ERR_USAGE;
    }
    const char *name = argv[1];
    if (is_either(name, "--version", "-V")) return leave("--version", tren_help_version());
    if (is_either(name, "--help", "-h")) name = "help";
    const tren_command *command = tren_command_find(name);
    return command ? run_command(command, argc - 1, argv + 1) : unknown_command(name);
}

/* The constructors of OpenBLAS and UCX wait for ever or crash where a limit is too low, and those
 * of libraries are run before main: this array of the program is run before them. */
static void check_limits_first(int argc, char **argv) {
    const tren_command *command = argc > 1 ? tren_command_find(argv[1]) : NULL;
    if (!command || tren_args_ask_help(argc - 1, argv + 1)) return;
    if (tren_launch_check_limits(false) != TREN_OK)
        _exit(tren_cli_fail(command->name, TREN_ERR_ENV));
}
__attribute__((section(".preinit_array"),
               used)) static void (*const before_libraries)(int, char **) = check_limits_first;

int main(int argc, char **argv) {
    tren_launch_start(argv);
    int code = run(argc, argv);
    tren_status st = tren_cli_flush();
    if (code == 0) code = tren_cli_fail(NULL, st);
    /* exit waits for OpenBLAS's threads, which try for ever to get memory that a limit refuses. */
    if (tren_launch_check_limits(false) != TREN_OK) _exit(code);
    return code;
}
