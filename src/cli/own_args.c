#include "cli/own_args.h"

#include <stdlib.h>
#include <string.h>

static char dashed(char c) {
    return c == '_' ? '-' : c;
}

bool tren_own_args_is(const char *arg, const char *name) {
    size_t n = strlen(name);
    if (strncmp(arg, "--", 2) != 0 || strcspn(arg + 2, "=") != n) return false;
    for (size_t k = 0; k < n; k++)
        if (dashed(arg[2 + k]) != dashed(name[k])) return false;
    return true;
}

/* Whether `arg` is --no-NAME of a flag. */
static bool negates(const char *arg, const tren_arg *option) {
    const char no[] = "--no-";
    char positive[64];
    if (option->type != TREN_ARG_FLAG || strncmp(arg, no, sizeof no - 1) != 0) return false;
    snprintf(positive, sizeof positive, "--%s", arg + sizeof no - 1);
    return tren_own_args_is(positive, option->name);
}

static const tren_arg *find(const tren_arg *table, const char *arg) {
    for (; table->name; table++)
        if (tren_own_args_is(arg, table->name) || negates(arg, table)) return table;
    return NULL;
}

tren_status tren_own_args_open(tren_own_args *args, const tren_arg *table, int argc, char **argv) {
    *args = (tren_own_args){0};
    TREN_TRY(tren_alloc(&args->own, 2 * (size_t)argc + 2, sizeof *args->own, "the command line"));
    args->config = args->own + argc + 1;
    args->own[args->n_own++] = args->config[args->n_config++] = argv[0];
    for (int i = 1; i < argc; i++) {
        const tren_arg *option = find(table, argv[i]);
        bool has_value = option && option->type != TREN_ARG_FLAG && !strchr(argv[i], '=');
        if (!option) {
            args->config[args->n_config++] = argv[i];
            continue;
        }
        args->own[args->n_own++] = argv[i];
        if (has_value && i + 1 < argc) args->own[args->n_own++] = argv[++i];
    }
    args->own[args->n_own] = args->config[args->n_config] = NULL;
    return TREN_OK;
}

void tren_own_args_close(tren_own_args *args) {
    free(args->own);
    *args = (tren_own_args){0};
}

tren_status tren_own_args_parse(tren_own_args *args, tren_args *table, tren_config *config,
                                tren_cli_run *run, int argc, char **argv) {
    TREN_TRY(tren_own_args_open(args, table->options, argc, argv));
    TREN_TRY(tren_args_parse(table, args->n_own, args->own));
    run->own = table;
    run->whole = argv;
    return tren_cli_config(config, run, args->n_config, args->config);
}
