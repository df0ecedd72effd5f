#include "cli/cmd.h"
#include "cli/console.h"
#include "cli/help.h"
#include "cli/help_layers.h"

#include <string.h>

static tren_status fail_unknown(const char *name) {
    char section[TREN_MAX_SECTION];
    if (strchr(name, '.')) {
        const char *key = tren_option_nearest(name);
        return tren_fail(TREN_ERR_USAGE, "unknown key '%s'; %s%s%s", name,
                         key ? "did you mean '" : "'tren config' prints all keys", key ? key : "",
                         key ? "'?" : "");
    }
    const char *nearest = tren_command_nearest(name);
    if (!nearest) nearest = tren_section_nearest(section, name);
    if (!nearest) nearest = tren_option_nearest(name);
    if (!nearest)
        return tren_fail(TREN_ERR_USAGE, "unknown command '%s'; 'tren help' lists all commands",
                         name);
    return tren_fail(TREN_ERR_USAGE, "unknown command '%s'; did you mean '%s'?", name, nearest);
}

/* tren help COMMAND is tren COMMAND --help; tren help layers explains those of model.layers, tren
 * help LAYER one of them; tren help KEY a key of the config, or those of a section. */
int tren_cmd_help(int argc, char **argv) {
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return tren_help_short();
    const tren_command *command = tren_command_find(argv[1]);
    if (strcmp(argv[1], "layers") == 0) {
        tren_help_layers();
        return 0;
    }
    if (!command && (tren_help_key(argv[1]) || tren_help_layer(argv[1]))) return 0;
    if (!command) return tren_cli_fail("help", fail_unknown(argv[1]));
    if (command->run == tren_cmd_help) return tren_help_short();
    char option[] = "--help";
    char *args[] = {argv[1], option, NULL};
    return command->run(2, args);
}
