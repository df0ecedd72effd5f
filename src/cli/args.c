#include "cli/args.h"
#include "base/text.h"
#include "cli/console.h"

#include <limits.h>
#include <math.h>
#include <string.h>

enum { MAX_NAME = 64 };

/* One option as it was typed. */
typedef struct typed {
    const char *raw;     /* --no-keep-test=1 */
    char name[MAX_NAME]; /* no_keep_test */
    const char *value;   /* after '=', or NULL */
} typed;

static bool is_option(const char *arg) {
    return arg[0] == '-' && arg[1] == '-' && arg[2];
}

static void underscores(char *out, const char *text, size_t n) {
    if (n >= MAX_NAME) n = MAX_NAME - 1;
    for (size_t i = 0; i < n; i++) out[i] = text[i] == '-' ? '_' : text[i];
    out[n] = '\0';
}

static typed split(const char *arg) {
    typed t = {.raw = arg, .value = strchr(arg, '=')};
    underscores(t.name, arg + 2, t.value ? (size_t)(t.value - arg) - 2 : strlen(arg) - 2);
    if (t.value) t.value++;
    return t;
}

static const tren_arg *find(const tren_args *args, const char *name) {
    for (const tren_arg *option = args->options; option->name; option++) {
        char plain[MAX_NAME];
        underscores(plain, option->name, strlen(option->name));
        if (strcmp(plain, name) == 0) return option;
    }
    return NULL;
}

/* ---- values -----------------------------------------------------------------------------------
 */

/* Where the option names no upper end, an int has one all the same. */
static double upper_end(const tren_arg *option) {
    bool any = option->min == 0 && option->max == 0;
    return option->type == TREN_ARG_INT && (any || isinf(option->max)) ? INT_MAX : option->max;
}

static tren_status refuse(const tren_arg *option, const char *value, const char *problem) {
    char range[128], least[40], most[40];
    double max = upper_end(option);
    tren_text_from_real(least, sizeof least, option->min);
    tren_text_from_real(most, sizeof most, max);
    snprintf(range, sizeof range, "; give %s", option->metavar ? option->metavar : "true or false");
    if (isinf(max))
        snprintf(range, sizeof range, "; give at least %s", least);
    else if (max > 0)
        snprintf(range, sizeof range, "; give one from %s to %s", least, most);
    return tren_fail(TREN_ERR_USAGE, "--%s: '%.80s' %s%s", option->name, value, problem, range);
}

static bool within(const tren_arg *option, double value) {
    bool any = option->min == 0 && option->max == 0;
    return any || (value >= option->min && value <= option->max);
}

static tren_status set_whole(const tren_arg *option, const char *value) {
    int64_t number;
    tren_text_result result = tren_text_int64(&number, value);
    if (result == TREN_TEXT_MALFORMED) return refuse(option, value, "is not a whole number");
    bool fits = option->type == TREN_ARG_INT64 || (number >= INT_MIN && number <= INT_MAX);
    if (result == TREN_TEXT_RANGE || !fits || !within(option, (double)number))
        return refuse(option, value, "is out of range");
    if (option->type == TREN_ARG_INT)
        *(int *)option->at = (int)number;
    else
        *(int64_t *)option->at = number;
    return TREN_OK;
}

static tren_status set_seed(const tren_arg *option, const char *value) {
    uint64_t number;
    tren_text_result result = tren_text_uint64(&number, value);
    if (result == TREN_TEXT_MALFORMED) return refuse(option, value, "is not a whole number");
    if (result == TREN_TEXT_RANGE)
        return refuse(option, value, "does not fit into 64 bits without a sign");
    *(uint64_t *)option->at = number;
    return TREN_OK;
}

static tren_status set_real(const tren_arg *option, const char *value) {
    double number;
    bool is_time = option->type == TREN_ARG_SECONDS;
    tren_text_result result =
        is_time ? tren_text_seconds(&number, value) : tren_text_real(&number, value);
    if (result == TREN_TEXT_MALFORMED)
        return refuse(option, value,
                      is_time ? "is not a time such as " TREN_TEXT_TIMES : "is not a number");
    if (result == TREN_TEXT_RANGE || !within(option, number))
        return refuse(option, value, "is out of range");
    *(double *)option->at = number;
    return TREN_OK;
}

static tren_status add_text(const tren_arg *option, const char *value) {
    tren_arg_texts *texts = option->at;
    if (texts->n == TREN_ARG_MAX_TEXTS)
        return tren_fail(TREN_ERR_USAGE, "--%s: given more than %d times; give it less often",
                         option->name, TREN_ARG_MAX_TEXTS);
    texts->at[texts->n++] = value;
    return TREN_OK;
}

static tren_status set_flag(const tren_arg *option, const char *value) {
    if (tren_text_bool(option->at, value) == TREN_TEXT_OK) return TREN_OK;
    return refuse(option, value, "is neither true nor false");
}

static tren_status set_value(const tren_arg *option, const char *value) {
    switch (option->type) {
    case TREN_ARG_FLAG:
        return set_flag(option, value);
    case TREN_ARG_TEXT:
        *(const char **)option->at = value;
        return TREN_OK;
    case TREN_ARG_TEXTS:
        return add_text(option, value);
    case TREN_ARG_INT:
    case TREN_ARG_INT64:
        return set_whole(option, value);
    case TREN_ARG_SEED:
        return set_seed(option, value);
    case TREN_ARG_REAL:
    case TREN_ARG_SECONDS:
        return set_real(option, value);
    }
    return TREN_OK;
}

/* ---- options -----------------------------------------------------------------------------------
 */

static tren_status fail_unknown(const tren_args *args, const typed *t) {
    enum { MAX_OPTIONS = 64 };
    const char *names[MAX_OPTIONS] = {"help"};
    size_t n = 1;
    for (const tren_arg *option = args->options; option->name && n < MAX_OPTIONS; option++)
        names[n++] = option->name;
    char dashed[MAX_NAME];
    snprintf(dashed, sizeof dashed, "%.*s", (int)strcspn(t->raw + 2, "="), t->raw + 2);
    const char *nearest = tren_text_nearest(dashed, names, n);
    if (!nearest)
        return tren_fail(TREN_ERR_USAGE,
                         "unknown option '--%s'; 'tren %s --help' lists all options", dashed,
                         args->command);
    return tren_fail(TREN_ERR_USAGE, "unknown option '--%s'; did you mean '--%s'?", dashed,
                     nearest);
}

/* The flag of "--no-FLAG", or NULL. */
static const tren_arg *negated(const tren_args *args, const typed *t) {
    if (!tren_text_starts(t->name, "no_")) return NULL;
    const tren_arg *option = find(args, t->name + 3);
    return option && option->type == TREN_ARG_FLAG ? option : NULL;
}

/* *used: how many arguments were taken. */
static tren_status take_option(const tren_args *args, char **argv, int *used) {
    typed t = split(argv[0]);
    const char *next = argv[1];
    const tren_arg *option = find(args, t.name);
    bool off = !option && !t.value && (option = negated(args, &t));
    *used = 1;
    if (!option) return fail_unknown(args, &t);
    if (option->refusal)
        return tren_fail(TREN_ERR_USAGE, "%s: %s; remove it", t.raw, option->refusal);
    if (off) return set_value(option, "false");
    if (t.value) return set_value(option, t.value);
    bool flag, is_flag = option->type == TREN_ARG_FLAG;
    if (is_flag && (!next || tren_text_bool(&flag, next) != TREN_TEXT_OK))
        return set_value(option, "true");
    if (!next || is_option(next))
        return tren_fail(TREN_ERR_USAGE, "option '%s' needs a value: %s", t.raw, option->metavar);
    *used = 2;
    return set_value(option, next);
}

static tren_status take_positional(tren_args *args, const char *arg, bool options_over) {
    if (!options_over && arg[0] == '-' && arg[1])
        return tren_fail(TREN_ERR_USAGE, "unknown option '%s'; options begin with two dashes", arg);
    if (args->n_positional == args->max_positional && args->too_many)
        return tren_fail(TREN_ERR_USAGE, "'%s' is one file too many; at most %d are allowed: %s",
                         arg, args->max_positional, args->too_many);
    if (args->n_positional == args->max_positional)
        return tren_fail(TREN_ERR_USAGE, "'%s' is one argument too many; usage: tren %s %s", arg,
                         args->command, args->synopsis);
    args->positional[args->n_positional++] = arg;
    return TREN_OK;
}

/* ---- help --------------------------------------------------------------------------------------
 */

static void print_entry(const char *head, const char *help, int width) {
    enum { INDENT = 26 };
    printf("%s%s%s", tren_style_on(stdout, TREN_STYLE_BOLD), head,
           tren_style_on(stdout, TREN_STYLE_NONE));
    int at = (int)strlen(head);
    if (at + 2 > INDENT)
        printf("\n%*s", INDENT, "");
    else
        printf("%*s", INDENT - at, "");
    tren_cli_wrap(stdout, help, INDENT, INDENT, width);
}

static void print_option(const tren_arg *option, int width) {
    char head[80];
    if (option->refusal) return;
    snprintf(head, sizeof head, "  --%s%s%s", option->name, option->metavar ? " " : "",
             option->metavar ? option->metavar : "");
    print_entry(head, option->help, width);
}

static void print_positional(const tren_args *args, int width) {
    char head[80];
    if (!args->positional_help) return;
    snprintf(head, sizeof head, "  %s", args->positional_name);
    putchar('\n');
    print_entry(head, args->positional_help, width);
}

static void print_help(const tren_args *args) {
    const char *on = tren_style_on(stdout, TREN_STYLE_BOLD),
               *off = tren_style_on(stdout, TREN_STYLE_NONE);
    int width = tren_cli_width(stdout);
    printf("%sUsage%s\n  ", on, off);
    char usage[1024];
    snprintf(usage, sizeof usage, "tren %s %s", args->command, args->synopsis);
    tren_cli_wrap(stdout, usage, 2, 8, width);
    putchar('\n');
    tren_cli_wrap(stdout, args->summary, 0, 0, width);
    print_positional(args, width);
    printf("\n%sOptions%s\n", on, off);
    for (const tren_arg *option = args->options; option->name; option++)
        print_option(option, width);
    print_option(&(tren_arg){.name = "help", .help = "Show this help and exit."}, width);
}

bool tren_args_ask_all(int argc, char **argv) {
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help-all") == 0) return true;
    return false;
}

bool tren_args_ask_help(int argc, char **argv) {
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return true;
    return tren_args_ask_all(argc, argv);
}

tren_status tren_args_parse(tren_args *args, int argc, char **argv) {
    args->n_positional = 0;
    args->help = tren_args_ask_help(argc, argv);
    if (args->help) {
        print_help(args);
        return TREN_OK;
    }
    bool options_over = false;
    for (int i = 1, used; i < argc; i += used) {
        used = 1;
        if (!options_over && strcmp(argv[i], "--") == 0)
            options_over = true;
        else if (!options_over && is_option(argv[i]))
            TREN_TRY(take_option(args, argv + i, &used));
        else
            TREN_TRY(take_positional(args, argv[i], options_over));
    }
    return TREN_OK;
}

bool tren_args_given(const char *name, int argc, char **argv) {
    char plain[MAX_NAME];
    underscores(plain, name, strlen(name));
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (!is_option(argv[i])) continue;
        typed t = split(argv[i]);
        if (strcmp(t.name, plain) == 0) return true;
    }
    return false;
}
