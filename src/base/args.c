#include "base/args.h"
#include "base/text.h"
#include <ctype.h>
#include <string.h>

#define MAX_ARGS 128

/* An argument with the struct it belongs to. */
typedef struct slot {
    const tren_arg *arg;
    void *at;
    bool given;
} slot;

typedef struct slots {
    size_t n;
    slot at[MAX_ARGS];
} slots;

static bool is_positional(const tren_arg *arg) {
    return isupper((unsigned char)arg->name[0]);
}

static slots slots_of(const tren_arg_table *table, size_t n_tables) {
    slots all = {0};
    for (size_t t = 0; t < n_tables; t++)
        for (size_t i = 0; i < table[t].n && all.n < MAX_ARGS; i++) {
            const tren_arg *arg = &table[t].arg[i];
            all.at[all.n++] = (slot){arg, (char *)table[t].settings + arg->at, false};
        }
    return all;
}

/* ---- values ---------------------------------------------------------------------------------- */

static const char *dashes(const tren_arg *arg) {
    return is_positional(arg) ? "" : "--";
}

static tren_status bad_value(const tren_arg *arg, const char *text, const char *expected) {
    return tren_fail(TREN_ERR_USAGE, "%s%s: '%s' is not %s", dashes(arg), arg->name, text,
                     expected);
}

static tren_status check_range(const tren_arg *arg, const char *text, double value) {
    bool limited = arg->min < arg->max;
    if (!limited || (value >= arg->min && value <= arg->max)) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE, "%s%s: %s is out of range: %g to %g", dashes(arg), arg->name,
                     text, arg->min, arg->max);
}

static tren_status set_int(slot *s, const char *text) {
    int64_t value;
    if (tren_text_int64(&value, text) != TREN_TEXT_OK || value < INT32_MIN || value > INT32_MAX)
        return bad_value(s->arg, text, "a whole number");
    *(int *)s->at = (int)value;
    return check_range(s->arg, text, (double)value);
}

static tren_status set_real(slot *s, const char *text) {
    if (tren_text_real(s->at, text) != TREN_TEXT_OK) return bad_value(s->arg, text, "a number");
    return check_range(s->arg, text, *(double *)s->at);
}

static tren_status set_seconds(slot *s, const char *text) {
    if (tren_text_seconds(s->at, text) != TREN_TEXT_OK)
        return bad_value(s->arg, text, "a time (90, 90s, 15m, 2h or H:MM:SS)");
    return check_range(s->arg, text, *(double *)s->at);
}

static tren_status set_choice(slot *s, const char *text) {
    char list[256] = "";
    size_t n = 0;
    for (const char *const *choice = s->arg->choices; *choice; choice++) {
        if (!strcmp(*choice, text)) {
            *(int *)s->at = (int)(choice - s->arg->choices);
            return TREN_OK;
        }
        if (n < sizeof list)
            n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", n ? ", " : "", *choice);
    }
    return tren_fail(TREN_ERR_USAGE, "--%s: '%s' is none of %s", s->arg->name, text, list);
}

/* Positional lists are one file per argument, whatever commas its name has. */
static tren_status add_texts(slot *s, char *text) {
    tren_texts *list = s->at;
    const char *separators = is_positional(s->arg) ? "" : ",";
    for (;;) {
        char *end = text + strcspn(text, separators);
        bool last = *end == '\0';
        if (list->n == TREN_MAX_TEXTS)
            return tren_fail(TREN_ERR_USAGE, "%s%s: more than %d values", dashes(s->arg),
                             s->arg->name, TREN_MAX_TEXTS);
        if (end == text)
            return tren_fail(TREN_ERR_USAGE, "--%s: an empty value in the list", s->arg->name);
        *end = '\0';
        list->at[list->n++] = text;
        if (last) return TREN_OK;
        text = end + 1;
    }
}

static tren_status set(slot *s, char *text) {
    switch (s->arg->type) {
    case TREN_ARG_FLAG:
        if (tren_text_bool(s->at, text) != TREN_TEXT_OK)
            return bad_value(s->arg, text, "yes or no");
        return TREN_OK;
    case TREN_ARG_TEXT:
        *(const char **)s->at = text;
        return TREN_OK;
    case TREN_ARG_TEXTS:
        return add_texts(s, text);
    case TREN_ARG_INT:
        return set_int(s, text);
    case TREN_ARG_SEED:
        if (tren_text_uint64(s->at, text) != TREN_TEXT_OK)
            return bad_value(s->arg, text, "a whole number from 0 to 18446744073709551615");
        return TREN_OK;
    case TREN_ARG_REAL:
        return set_real(s, text);
    case TREN_ARG_SECONDS:
        return set_seconds(s, text);
    case TREN_ARG_CHOICE:
        return set_choice(s, text);
    }
    return TREN_OK;
}

/* ---- parsing --------------------------------------------------------------------------------- */

/* Defaults are texts in read-only memory; only lists are cut in place, and those have no defaults.
 */
static tren_status set_defaults(slots *all) {
    for (size_t i = 0; i < all->n; i++) {
        slot *s = &all->at[i];
        switch (s->arg->type) {
        case TREN_ARG_FLAG:
            *(bool *)s->at = false;
            break;
        case TREN_ARG_TEXT:
            *(const char **)s->at = NULL;
            break;
        case TREN_ARG_TEXTS:
            ((tren_texts *)s->at)->n = 0;
            break;
        case TREN_ARG_INT:
        case TREN_ARG_CHOICE:
            *(int *)s->at = 0;
            break;
        case TREN_ARG_SEED:
            *(uint64_t *)s->at = 0;
            break;
        case TREN_ARG_REAL:
        case TREN_ARG_SECONDS:
            *(double *)s->at = 0;
            break;
        }
        if (s->arg->fallback && s->arg->type != TREN_ARG_TEXTS)
            TREN_TRY(set(s, (char *)(uintptr_t)s->arg->fallback));
    }
    return TREN_OK;
}

static slot *find_option(slots *all, const char *name, size_t length) {
    for (size_t i = 0; i < all->n; i++) {
        const tren_arg *arg = all->at[i].arg;
        if (!is_positional(arg) && strlen(arg->name) == length && !strncmp(arg->name, name, length))
            return &all->at[i];
    }
    return NULL;
}

static tren_status unknown_option(const slots *all, const char *name, size_t length) {
    const char *candidate[MAX_ARGS];
    size_t n = 0;
    for (size_t i = 0; i < all->n; i++)
        if (!is_positional(all->at[i].arg)) candidate[n++] = all->at[i].arg->name;
    char word[128];
    snprintf(word, sizeof word, "%.*s", (int)length, name);
    const char *nearest = tren_text_nearest(word, candidate, n);
    if (nearest)
        return tren_fail(TREN_ERR_USAGE, "unknown option --%s: did you mean --%s?", word, nearest);
    return tren_fail(TREN_ERR_USAGE, "unknown option --%s: --help lists the options", word);
}

/* Reads the option at argv[*i], and its value there or in the next argument. */
static tren_status parse_option(slots *all, int argc, char **argv, int *i) {
    char *name = argv[*i] + 2;
    size_t length = strcspn(name, "=");
    slot *s = find_option(all, name, length);
    if (!s) return unknown_option(all, name, length);
    if (s->given && s->arg->type != TREN_ARG_TEXTS)
        return tren_fail(TREN_ERR_USAGE, "--%s is given twice", s->arg->name);
    s->given = true;
    if (name[length] == '=') return set(s, name + length + 1);
    if (s->arg->type == TREN_ARG_FLAG) {
        *(bool *)s->at = true;
        return TREN_OK;
    }
    if (*i + 1 >= argc || tren_text_starts(argv[*i + 1], "--"))
        return tren_fail(TREN_ERR_USAGE, "--%s needs a value", s->arg->name);
    return set(s, argv[++*i]);
}

static tren_status parse_positional(slots *all, char *text) {
    for (size_t i = 0; i < all->n; i++) {
        slot *s = &all->at[i];
        if (!is_positional(s->arg) || (s->given && s->arg->type != TREN_ARG_TEXTS)) continue;
        s->given = true;
        return set(s, text);
    }
    return tren_fail(TREN_ERR_USAGE, "unexpected argument '%s'", text);
}

static tren_status check_required(const slots *all) {
    for (size_t i = 0; i < all->n; i++) {
        const slot *s = &all->at[i];
        if (s->arg->required && !s->given)
            return tren_fail(TREN_ERR_USAGE, "%s%s is missing (%s)", dashes(s->arg), s->arg->name,
                             s->arg->help);
    }
    return TREN_OK;
}

static bool wants_help(int argc, char **argv) {
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) return true;
    return false;
}

tren_status tren_args_parse(const tren_arg_table *table, size_t n_tables, int argc, char **argv,
                            bool *help) {
    slots all = slots_of(table, n_tables);
    TREN_TRY(set_defaults(&all));
    *help = wants_help(argc, argv);
    if (*help) return TREN_OK;
    bool options = true;
    for (int i = 1; i < argc; i++) {
        bool dashed = options && argv[i][0] == '-' && argv[i][1] != '\0';
        if (dashed && !strcmp(argv[i], "--"))
            options = false;
        else if (dashed && argv[i][1] == '-')
            TREN_TRY(parse_option(&all, argc, argv, &i));
        else if (dashed)
            return tren_fail(TREN_ERR_USAGE, "unknown option %s: options begin with two dashes",
                             argv[i]);
        else
            TREN_TRY(parse_positional(&all, argv[i]));
    }
    return check_required(&all);
}

/* ---- help ------------------------------------------------------------------------------------ */

static const char *value_word(const tren_arg *arg) {
    if (arg->value) return arg->value;
    switch (arg->type) {
    case TREN_ARG_FLAG:
        return "";
    case TREN_ARG_TEXT:
        return "TEXT";
    case TREN_ARG_TEXTS:
        return "A[,B...]";
    case TREN_ARG_INT:
    case TREN_ARG_SEED:
        return "N";
    case TREN_ARG_REAL:
        return "X";
    case TREN_ARG_SECONDS:
        return "TIME";
    case TREN_ARG_CHOICE:
        return "NAME";
    }
    return "";
}

static void print_usage(FILE *out, const char *command, const slots *all) {
    fprintf(out, "usage: %s", command);
    for (size_t i = 0; i < all->n; i++) {
        const tren_arg *arg = all->at[i].arg;
        if (is_positional(arg))
            fprintf(out, arg->required ? " %s%s" : " [%s%s]", arg->name,
                    arg->type == TREN_ARG_TEXTS ? "..." : "");
    }
    for (size_t i = 0; i < all->n; i++) {
        const tren_arg *arg = all->at[i].arg;
        if (!is_positional(arg) && arg->required)
            fprintf(out, " --%s %s", arg->name, value_word(arg));
    }
    fprintf(out, " [options]\n");
}

static void print_arg(FILE *out, const tren_arg *arg) {
    char left[64];
    snprintf(left, sizeof left, "%s%s %s", dashes(arg), arg->name,
             is_positional(arg) ? "" : value_word(arg));
    fprintf(out, "  %-26s %s", left, arg->help);
    for (const char *const *choice = arg->choices; choice && *choice; choice++)
        fprintf(out, "%s%s", choice == arg->choices ? ": " : ", ", *choice);
    if (arg->fallback && arg->type != TREN_ARG_FLAG) fprintf(out, " (default %s)", arg->fallback);
    fprintf(out, "\n");
}

void tren_args_help(FILE *out, const char *command, const char *summary,
                    const tren_arg_table *table, size_t n_tables) {
    slots all = slots_of(table, n_tables);
    print_usage(out, command, &all);
    fprintf(out, "\n%s\n\n", summary);
    for (size_t i = 0; i < all.n; i++) print_arg(out, all.at[i].arg);
    fprintf(out, "  %-26s %s\n", "--help", "print this");
}
