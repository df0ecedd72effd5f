#include "cli/cli_config.h"
#include "cli/cmd.h"
#include "cli/console.h"

#include <stdlib.h>

static tren_status print_config(int argc, char **argv) {
    tren_config config;
    tren_cli_run run = {0};
    TREN_TRY(tren_cli_config_read(&config, &run, argc, argv));
    if (run.help) return TREN_OK;
    if (run.resume || run.dry_run)
        return tren_fail(TREN_ERR_USAGE, "--resume and --dry-run are options of 'tren train'");
    TREN_TRY(tren_config_check(&config));
    char *text;
    TREN_TRY(tren_config_format(&text, &config));
    fputs(text, stdout);
    free(text);
    return TREN_OK;
}

int tren_cmd_config(int argc, char **argv) {
    return tren_cli_fail("config", print_config(argc, argv));
}
