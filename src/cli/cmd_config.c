#include "base/config_table.h"
#include "cli/cli_config.h"
#include "cli/cmd.h"
#include "cli/console.h"
#include "tren/models.h"

#include <string.h>

/* Takes "--get KEY" or "--get=KEY" out of argv, of several the last. */
static tren_status take_get(const char **key, int *argc, char **argv) {
    int n = 1;
    for (int i = 1; i < *argc; i++) {
        bool apart = strcmp(argv[i], "--get") == 0;
        if (!apart && strncmp(argv[i], "--get=", 6) != 0) {
            argv[n++] = argv[i];
            continue;
        }
        *key = apart ? argv[++i] : argv[i] + 6;
        if (!*key)
            return tren_fail(TREN_ERR_USAGE, "option '--get' needs a value: a key, such as out");
    }
    argv[n] = NULL;
    *argc = n;
    return TREN_OK;
}

/* Takes "--expand" out of argv. */
static bool take_expand(int *argc, char **argv) {
    int n = 1;
    for (int i = 1; i < *argc; i++)
        if (strcmp(argv[i], "--expand") != 0) argv[n++] = argv[i];
    bool taken = n < *argc;
    argv[n] = NULL;
    *argc = n;
    return taken;
}

/* The value as it is, without the quotes of YAML, and a newline, which no value holds. */
static tren_status print_value(const tren_config *config, const char *key) {
    const tren_option *option = tren_option_find(key);
    char value[TREN_MAX_LAYERS];
    if (!option) {
        const char *nearest = tren_option_nearest(key);
        return tren_fail(TREN_ERR_USAGE, "--get: unknown key '%.80s'; %s%s%s", key,
                         nearest ? "did you mean '" : "'tren config' without --get prints all keys",
                         nearest ? nearest : "", nearest ? "'?" : "");
    }
    tren_option_format(value, sizeof value, option, config);
    puts(option->type == TREN_OPTION_TEXT ? tren_option_in(option, config) : value);
    return TREN_OK;
}

static tren_status print_all(const tren_config *config) {
    char *text;
    TREN_TRY(tren_config_format(&text, config));
    fputs(text, stdout);
    free(text);
    return TREN_OK;
}

static tren_status print_config(int argc, char **argv) {
    tren_config config;
    tren_cli_run run = {.switches = true};
    const char *key = NULL;
    TREN_TRY(take_get(&key, &argc, argv));
    bool expand = take_expand(&argc, argv);
    TREN_TRY(tren_cli_config_read(&config, &run, argc, argv));
    if (run.help) return TREN_OK;
    if (run.resume || run.dry_run)
        return tren_fail(TREN_ERR_USAGE, "--resume and --dry-run are options of 'tren train'");
    TREN_TRY(tren_config_check(&config));
    TREN_TRY(expand ? tren_model_expand(&config) : tren_model_check(&config));
    return key ? print_value(&config, key) : print_all(&config);
}

int tren_cmd_config(int argc, char **argv) {
    return tren_cli_fail("config", print_config(argc, argv));
}
