#include "cli/cli_config.h"
#include "base/config_table.h"
#include "base/text.h"
#include "cli/args.h"
#include "cli/help.h"
#include "cli/launch.h"
#include "tren/models.h"

#include <string.h>

enum { MAX_KEY = 128 };

static const char *const switches[] = {"resume", "dry_run", "help"};

/* One option as it was typed. */
typedef struct typed {
    const char *raw;   /* --batch-size=3 */
    char key[MAX_KEY]; /* batch_size */
    const char *value; /* after '=', or NULL */
} typed;

static bool is_option(const char *arg) {
    return arg[0] == '-' && arg[1] == '-' && arg[2];
}

static typed split(const char *arg) {
    typed t = {.raw = arg, .value = strchr(arg, '=')};
    size_t n = t.value ? (size_t)(t.value - arg) - 2 : strlen(arg) - 2;
    snprintf(t.key, sizeof t.key, "%.*s", (int)(n < MAX_KEY ? n : MAX_KEY - 1), arg + 2);
    for (char *c = t.key; *c; c++)
        if (*c == '-') *c = '_';
    if (t.value) t.value++;
    return t;
}

/* ---- unknown options ------------------------------------------------------------------------- */

/* The nearest of the options that are no keys, or NULL. */
static const char *nearest_own(const tren_cli_run *run, const char *dashed) {
    enum { MAX_OPTIONS = 64 };
    const char *names[MAX_OPTIONS] = {"help", "resume", "dry-run"};
    size_t n = run->switches ? 3 : 1;
    for (const tren_arg *o = run->own ? run->own->options : NULL; o && o->name; o++)
        if (n < MAX_OPTIONS) names[n++] = o->name;
    return tren_text_nearest(dashed, names, n);
}

static tren_status fail_unknown(const typed *t, const tren_cli_run *run) {
    int n = (int)strcspn(t->raw, "=");
    if (tren_section_exists(t->key))
        return tren_fail(TREN_ERR_USAGE,
                         "option '%.*s' names a section; give one of its keys, such as '--%s'", n,
                         t->raw, tren_section_first(t->key));
    char dashed[MAX_KEY];
    snprintf(dashed, sizeof dashed, "%s", t->key);
    for (char *c = dashed; *c; c++)
        if (*c == '_') *c = '-';
    const char *nearest = nearest_own(run, dashed);
    if (!nearest) nearest = tren_option_nearest(t->key);
    if (nearest)
        return tren_fail(TREN_ERR_USAGE, "unknown option '%.*s'; did you mean '--%s'?", n, t->raw,
                         nearest);
    if (run->own && strcmp(run->own->command, "train") != 0)
        return tren_fail(TREN_ERR_USAGE,
                         "unknown option '%.*s'; 'tren %s --help' lists those of the command, "
                         "'tren train --help' the keys of the config",
                         n, t->raw, run->own->command);
    return tren_fail(TREN_ERR_USAGE, "unknown option '%.*s'; 'tren %s --help' lists all options", n,
                     t->raw, run->command);
}

/* ---- options --------------------------------------------------------------------------------- */

/* --resume, --dry-run, --help. Sets *found. */
static tren_status set_switch(tren_cli_run *run, const typed *t, bool *found) {
    bool *const target[] = {&run->resume, &run->dry_run, &run->help};
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
        if (strcmp(t->key, switches[i]) != 0) continue;
        if (!run->switches && target[i] != &run->help) continue;
        *found = true;
        if (t->value)
            return tren_fail(TREN_ERR_USAGE, "option '%s' takes no value; remove the value",
                             t->raw);
        *target[i] = true;
    }
    return TREN_OK;
}

/* The flag of "--no-FLAG", or NULL. */
static const tren_option *negated(const typed *t) {
    if (!tren_text_starts(t->key, "no_")) return NULL;
    const tren_option *option = tren_option_find(t->key + 3);
    return option && option->type == TREN_OPTION_BOOL ? option : NULL;
}

static tren_status set_key(tren_config *config, const tren_option *option, const char *value) {
    return tren_config_set(config, option->key, value, "command line");
}

/* Takes the option's value from the next argument where it has none of its own. *used counts
 * arguments. */
static tren_status set_option(tren_config *config, const tren_cli_run *run, const typed *t,
                              const char *next, int *used) {
    const tren_option *option = tren_option_find(t->key);
    if (!option && (option = negated(t))) {
        if (t->value)
            return tren_fail(TREN_ERR_USAGE, "option '%s' takes no value; remove the value",
                             t->raw);
        return set_key(config, option, "false");
    }
    if (!option) return fail_unknown(t, run);
    if (t->value) return set_key(config, option, t->value);
    bool flag;
    bool is_flag = option->type == TREN_OPTION_BOOL;
    if (is_flag && (!next || tren_text_bool(&flag, next) != TREN_TEXT_OK))
        return set_key(config, option, "true");
    if (!next || is_option(next)) {
        char takes[256];
        tren_option_describe(takes, sizeof takes, option);
        return tren_fail(TREN_ERR_USAGE, "option '%s' needs a value: %s", t->raw, takes);
    }
    *used = 2;
    return set_key(config, option, next);
}

/* ---- passes over the arguments ----------------------------------------------------------------
 */

/* *used: how many arguments the option at argv[0] takes. */
static tren_status apply(tren_config *config, tren_cli_run *run, char **argv, int *used) {
    typed t = split(argv[0]);
    bool found = false;
    *used = 1;
    TREN_TRY(set_switch(run, &t, &found));
    return found ? TREN_OK : set_option(config, run, &t, argv[1], used);
}

/* "--model.hidden 64 32": the second number belongs to the list before. */
static tren_status refuse_number(const char *arg, const char *option, const char *value) {
    double ignored;
    typed t = option && is_option(option) ? split(option) : (typed){.raw = NULL};
    const tren_option *list = t.raw ? tren_option_find(t.key) : NULL;
    if (!list || !tren_option_is_list(list) || tren_text_real(&ignored, arg) != TREN_TEXT_OK)
        return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "'%s' after '%s %s': write a list with commas and without blanks, '%s %s,%s'",
                     arg, option, value, option, value, arg);
}

static tren_status take_file(tren_cli_run *run, const char *arg) {
    const char *equals = strchr(arg, '=');
    if (arg[0] == '-' && arg[1])
        return tren_fail(TREN_ERR_USAGE,
                         "unknown option '%s'; options begin with two dashes, such as --seed 2",
                         arg);
    if (*run->file && equals)
        return tren_fail(TREN_ERR_USAGE, "'%s' is not an option; did you mean '--%s'?", arg, arg);
    if (*run->file)
        return tren_fail(
            TREN_ERR_USAGE,
            "'%s' is one argument too many: the config file is '%s'; remove one of them", arg,
            run->file);
    if (!*arg || strlen(arg) >= sizeof run->file)
        return tren_fail(TREN_ERR_USAGE,
                         "the path of the config file has %zu bytes; it must have 1 to %zu",
                         strlen(arg), sizeof run->file - 1);
    strcpy(run->file, arg);
    return TREN_OK;
}

/* Applies every option to `config` and notes the file. */
static tren_status walk(tren_config *config, tren_cli_run *run, int argc, char **argv) {
    *run = (tren_cli_run){.switches = run->switches,
                          .command = argv[0],
                          .grid = run->grid,
                          .own = run->own,
                          .whole = run->whole};
    for (int i = 1, used; i < argc; i += used) {
        used = 1;
        if (strcmp(argv[i], "-h") == 0)
            run->help = true;
        else if (is_option(argv[i]))
            TREN_TRY(apply(config, run, argv + i, &used));
        else {
            if (i > 2) TREN_TRY(refuse_number(argv[i], argv[i - 2], argv[i - 1]));
            TREN_TRY(take_file(run, argv[i]));
        }
    }
    return TREN_OK;
}

/* runs/NAME, where NAME is that of `path` without folders and ending. */
static tren_status name_out(tren_config *config, const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    int n = dot && dot > name ? (int)(dot - name) : (int)strlen(name);
    char out[TREN_MAX_PATH + 8];
    snprintf(out, sizeof out, "runs/%.*s", n, name);
    return tren_config_set(config, "out", out, path);
}

tren_status tren_cli_config_read(tren_config *config, tren_cli_run *run, int argc, char **argv) {
    tren_config_defaults(config);
    if (tren_args_ask_help(argc, argv)) { /* even when something else on the line is wrong */
        run->help = true;
        tren_help_config(argv[0], tren_args_ask_all(argc, argv));
        return TREN_OK;
    }
    /* Once to find the file among the options and their values, once more to put the options on top
     * of it. */
    TREN_TRY(walk(config, run, argc, argv));
    tren_config_defaults(config);
    if (*run->file) TREN_TRY(tren_config_load_grid(config, run->grid, run->file));
    TREN_TRY(walk(config, run, argc, argv));
    const char *named_after = *run->file ? run->file : config->data;
    return *config->out || !*named_after ? TREN_OK : name_out(config, named_after);
}

tren_status tren_cli_config(tren_config *config, tren_cli_run *run, int argc, char **argv) {
    TREN_TRY(tren_cli_config_read(config, run, argc, argv));
    if (run->help) return TREN_OK;
    if (!*config->data && !*run->file)
        return tren_fail(
            TREN_ERR_USAGE,
            "no config file and no dataset; run 'tren %s CONFIG.yaml' or 'tren %s --data FILE.h5'",
            argv[0], argv[0]);
    if (!*config->data)
        return tren_fail(TREN_ERR_USAGE,
                         "%s: no dataset; add 'data: FILE.h5' to the file, or give --data FILE.h5",
                         run->file);
    TREN_TRY(tren_config_check(config));
    TREN_TRY(tren_model_check(config));
    return tren_launch_precision(config->precision, run->whole ? run->whole : argv);
}
