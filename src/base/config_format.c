/* What an option takes, in words, and its value as it stands in a YAML file. */
#include "base/config_table.h"
#include "base/quote.h"
#include "base/text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* ---- what an option takes, in words ---------------------------------------------------------- */

typedef struct writer {
    char *at;
    size_t room;
    int count; /* of what would have been written, as snprintf counts */
} writer;

static void put(writer *out, const char *text) {
    int n = snprintf(out->at, out->room, "%s", text);
    size_t step = (size_t)n < out->room ? (size_t)n : out->room - (out->room > 0);
    out->at += step;
    out->room -= step;
    out->count += n;
}

static void put_real(writer *out, double value) {
    char text[40];
    tren_text_from_real(text, sizeof text, value);
    put(out, text);
}

static void put_whole(writer *out, double value) {
    char text[40];
    snprintf(text, sizeof text, "%.0f", value);
    put(out, text);
}

/* "auto, on or off" */
static void put_choices(writer *out, const char *const *choice) {
    for (int i = 0; choice[i]; i++) {
        if (i > 0) put(out, choice[i + 1] ? ", " : " or ");
        put(out, choice[i]);
    }
}

/* " of at least 0", " above 0", " from 0 to 1", " from 0 to below 1" */
static void put_range(writer *out, const tren_option *option, void (*number)(writer *, double)) {
    bool bounded = option->max < TREN_NO_LIMIT, above = option->min == TREN_ABOVE_0;
    put(out, above ? " above 0" : bounded ? " from " : " of at least ");
    if (!above) number(out, option->min);
    if (!bounded) return;
    bool below = option->max == TREN_BELOW_1;
    put(out, above ? " and " : " to ");
    put(out, below ? "below " : above ? "up to " : "");
    number(out, below ? 1 : option->max);
}

int tren_option_describe(char *text, size_t n, const tren_option *option) {
    writer out = {text, n, 0};
    switch (option->type) {
    case TREN_OPTION_TEXT:
        put(&out, "text");
        break;
    case TREN_OPTION_BOOL:
        put(&out, "true or false");
        break;
    case TREN_OPTION_SEED:
        put(&out, "a whole number from 0 to 18446744073709551615");
        break;
    case TREN_OPTION_CHOICE:
        put_choices(&out, option->choices);
        break;
    case TREN_OPTION_INT:
    case TREN_OPTION_INT64:
        put(&out, "a whole number");
        put_range(&out, option, put_whole);
        if (option->choices) put(&out, ", or ");
        if (option->choices) put_choices(&out, option->choices);
        break;
    case TREN_OPTION_REAL:
        put(&out, "a number");
        put_range(&out, option, put_real);
        if (tren_option_nullable(option)) put(&out, ", or null");
        break;
    case TREN_OPTION_SECONDS:
        put(&out, "a time such as " TREN_TEXT_TIMES);
        break;
    case TREN_OPTION_INTS:
        put(&out, "a list such as [512, 256], each a whole number");
        put_range(&out, option, put_whole);
        break;
    case TREN_OPTION_REALS:
        put(&out, "a number or a list such as [0.2, 0.5], each");
        put_range(&out, option, put_real);
        if (option->choices) put(&out, ", or "), put(&out, *option->choices);
        break;
    case TREN_OPTION_WORDS:
        put(&out, "a list of ");
        put_choices(&out, option->choices);
        break;
    case TREN_OPTION_LAYERS:
        put(&out, "a list of layers such as [dense: 64, relu, dense: outputs]");
        break;
    case TREN_OPTION_BRANCHES:
        put(&out, "a list of such lists, one per branch");
        break;
    }
    return out.count;
}

/* ---- to text --------------------------------------------------------------------------------- */

/* What YAML 1.1 takes for a number or a date in other notations than ours: 0x1f, 1_000, 2026-01-31.
 */
static bool is_yaml_number(const char *text) {
    static const char *const word[] = {".inf", ".nan", "="};
    for (size_t i = 0; i < sizeof word / sizeof *word; i++)
        if (strcasecmp(text, word[i]) == 0) return true;
    return isdigit((unsigned char)*text) &&
           text[strspn(text, "0123456789abcdefABCDEFxXoOtTzZ_.+-")] == '\0';
}

/* Whether a YAML reader could take the plain word for something else than this text. */
static bool needs_quotes(const char *text) {
    bool flag;
    double number;
    if (!*text || strcasecmp(text, "null") == 0 || is_yaml_number(text)) return true;
    if (tren_text_bool(&flag, text) == TREN_TEXT_OK) return true;
    if (tren_text_seconds(&number, text) != TREN_TEXT_MALFORMED) return true;
    if (*text == '-' || *text == '+') return true;
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && !strchr("_./-+=", *text)) return true;
    return false;
}

static void put_quoted(writer *out, const char *text) {
    char *quoted = NULL;
    size_t n;
    FILE *file = needs_quotes(text) ? open_memstream(&quoted, &n) : NULL;
    if (file) tren_put_yaml(file, text);
    bool done = file && fclose(file) == 0;
    put(out, done ? quoted : text);
    free(quoted);
}

static void put_list(writer *out, const tren_option *option, const void *at) {
    const tren_int_list *ints = at;
    const tren_real_list *reals = at;
    int n = option->type == TREN_OPTION_REALS ? reals->n : ints->n;
    if (n == TREN_LIST_WORD) {
        put(out, *option->choices);
        return;
    }
    put(out, "[");
    for (int i = 0; i < n; i++) {
        if (i > 0) put(out, ", ");
        if (option->type == TREN_OPTION_WORDS)
            put(out, option->choices[ints->at[i]]);
        else if (option->type == TREN_OPTION_INTS)
            put_whole(out, ints->at[i]);
        else
            put_real(out, reals->at[i]);
    }
    put(out, "]");
}

/* On one line. */
static void put_layers(writer *out, const char *text) {
    char one[2] = "";
    if (!*text) put(out, "[]");
    for (; *text; text++) {
        one[0] = *text;
        if (*text != '\n') put(out, one);
    }
}

int tren_option_format(char *text, size_t n, const tren_option *option, const tren_config *config) {
    writer out = {text, n, 0};
    const void *at = tren_option_in(option, config);
    char number[40];
    switch (option->type) {
    case TREN_OPTION_TEXT:
        put_quoted(&out, at);
        break;
    case TREN_OPTION_BOOL:
        put(&out, *(const bool *)at ? "true" : "false");
        break;
    case TREN_OPTION_CHOICE:
        put_quoted(&out, option->choices[*(const int *)at]);
        break;
    case TREN_OPTION_INT:
        put_whole(&out, *(const int *)at);
        break;
    case TREN_OPTION_INT64:
        snprintf(number, sizeof number, "%lld", (long long)*(const int64_t *)at);
        put(&out, number);
        break;
    case TREN_OPTION_SEED:
        snprintf(number, sizeof number, "%llu", (unsigned long long)*(const uint64_t *)at);
        put(&out, number);
        break;
    case TREN_OPTION_REAL:
    case TREN_OPTION_SECONDS:
        if (tren_option_nullable(option) && *(const double *)at < 0)
            put(&out, "null");
        else
            put_real(&out, *(const double *)at);
        break;
    case TREN_OPTION_INTS:
    case TREN_OPTION_REALS:
    case TREN_OPTION_WORDS:
        put_list(&out, option, at);
        break;
    case TREN_OPTION_LAYERS:
        put_layers(&out, ((const tren_layers_text *)at)->text);
        break;
    case TREN_OPTION_BRANCHES:
        break;
    }
    return out.count;
}
