#include "cli/cmd.h"
#include "cli/console.h"

/* tren help COMMAND is tren COMMAND --help. */
int tren_cmd_help(int argc, char **argv) {
    if (argc < 2) return tren_help_short();
    const tren_command *command = tren_command_find(argv[1]);
    if (!command) {
        const char *nearest = tren_command_nearest(argv[1]);
        tren_fail(TREN_ERR_USAGE, "unknown command '%s'; %s%s%s", argv[1],
                  nearest ? "did you mean '" : "", nearest ? nearest : "'tren help' lists them",
                  nearest ? "'?" : "");
        return tren_cli_fail("help", TREN_ERR_USAGE);
    }
    if (command->run == tren_cmd_help) return tren_help_short();
    char option[] = "--help";
    char *args[] = {argv[1], option, NULL};
    return command->run(2, args);
}
