/* One value from text, and whether it lies in its range. */
#include "base/config_table.h"
#include "base/text.h"
#include "base/yaml_tree.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* ---- ranges ---------------------------------------------------------------------------------- */

static bool within(const tren_option *option, double value) {
    return value >= option->min && value <= option->max;
}

static bool reals_within(const tren_option *option, const tren_real_list *list) {
    if (list->n == TREN_LIST_WORD) return option->choices;
    if (list->n < 0 || list->n > TREN_MAX_LIST) return false;
    for (int i = 0; i < list->n; i++)
        if (!within(option, list->at[i])) return false;
    return true;
}

static int n_choices(const tren_option *option) {
    int n = 0;
    while (option->choices[n]) n++;
    return n;
}

static bool words_within(const tren_option *option, const tren_int_list *list) {
    if (list->n < 0 || list->n > TREN_MAX_LIST) return false;
    for (int i = 0; i < list->n; i++)
        if (list->at[i] < 0 || list->at[i] >= n_choices(option)) return false;
    return true;
}

static bool ints_within(const tren_option *option, const tren_int_list *list) {
    if (list->n < 0 || list->n > TREN_MAX_LIST) return false;
    for (int i = 0; i < list->n; i++)
        if (!within(option, list->at[i])) return false;
    return true;
}

bool tren_option_in_range(const tren_option *option, const tren_config *config) {
    const void *at = tren_option_in(option, config);
    switch (option->type) {
    case TREN_OPTION_TEXT:
        return memchr(at, '\0', option->size) != NULL;
    case TREN_OPTION_BOOL:
    case TREN_OPTION_SEED:
        return true;
    case TREN_OPTION_CHOICE:
        return *(const int *)at >= 0 && *(const int *)at < n_choices(option);
    case TREN_OPTION_INT:
        return within(option, *(const int *)at);
    case TREN_OPTION_INT64:
        return within(option, (double)*(const int64_t *)at);
    case TREN_OPTION_SECONDS:
        return within(option, *(const double *)at);
    case TREN_OPTION_REAL:
        if (tren_option_nullable(option) && *(const double *)at < 0) return true;
        return within(option, *(const double *)at);
    case TREN_OPTION_INTS:
        return ints_within(option, at);
    case TREN_OPTION_REALS:
        return reals_within(option, at);
    case TREN_OPTION_WORDS:
        return words_within(option, at);
    case TREN_OPTION_LAYERS:
        return memchr(at, '\0', TREN_MAX_LAYERS) != NULL;
    case TREN_OPTION_BRANCHES:
        break;
    }
    return false;
}

/* ---- from text ------------------------------------------------------------------------------- */

/* A value being set: where it is written, and what errors say about it. */
typedef struct setting {
    const tren_option *option;
    const char *text, *where;
    void *at;
} setting;

static tren_status refuse(const setting *s, const char *text, const char *problem) {
    char takes[256];
    tren_option_describe(takes, sizeof takes, s->option);
    return tren_fail(TREN_ERR_USAGE, "%s: %s: '%.80s' %s; give %s%s", s->where, s->option->key,
                     text, problem, s->option->type == TREN_OPTION_CHOICE ? "one of " : "", takes);
}

static tren_status refuse_result(const setting *s, const char *text, tren_text_result result) {
    if (result == TREN_TEXT_RANGE) return refuse(s, text, "is out of range");
    switch (s->option->type) {
    case TREN_OPTION_SECONDS:
        return refuse(s, text, "is not a time");
    case TREN_OPTION_REAL:
    case TREN_OPTION_REALS:
        return refuse(s, text, "is not a number");
    default:
        return refuse(s, text, "is not a whole number");
    }
}

static tren_status set_text(const setting *s) {
    size_t n = strlen(s->text);
    if (n >= s->option->size)
        return tren_fail(TREN_ERR_USAGE, "%s: %s: '%.40s...' is %zu bytes long; give at most %zu",
                         s->where, s->option->key, s->text, n, s->option->size - 1);
    for (const char *c = s->text; *c; c++)
        if (iscntrl((unsigned char)*c))
            return tren_fail(TREN_ERR_USAGE,
                             "%s: %s: byte %d of '%.256s' is a control character (0x%02x); rename "
                             "the file or folder, or use a link with another name",
                             s->where, s->option->key, (int)(c - s->text) + 1, s->text, *c);
    memset(s->at, 0, s->option->size);
    memcpy(s->at, s->text, n);
    return TREN_OK;
}

static tren_status set_bool(const setting *s) {
    bool value;
    if (tren_text_bool(&value, s->text) != TREN_TEXT_OK)
        return refuse(s, s->text, "is neither true nor false");
    *(bool *)s->at = value;
    return TREN_OK;
}

static bool is_null(const char *text) {
    return !*text || strcmp(text, "~") == 0 || strcasecmp(text, "null") == 0;
}

/* What other programs call a choice. */
static const char *other_name(const setting *s, const char *text) {
    static const struct {
        const char *key, *other, *ours;
    } names[] = {{"loss.name", "mse", "half_squares"},
                 {"loss.name", "l2", "half_squares"},
                 {"loss.name", "mean_squared_error", "half_squares"},
                 {"loss.name", "mae", "absolute"},
                 {"loss.name", "l1", "absolute"},
                 {"loss.name", "mean_absolute_error", "absolute"},
                 {"loss.name", "smooth_l1", "huber"},
                 {"loss.name", "bce", "binary_cross_entropy"},
                 {"loss.name", "ce", "cross_entropy"},
                 {"loss.name", "nll", "cross_entropy"},
                 {"loss.name", "softmax", "cross_entropy"},
                 {"loss.name", "categorical_crossentropy", "cross_entropy"},
                 {"optimizer.name", "momentum", "sgd"},
                 {"optimizer.name", "nesterov", "sgd"},
                 {"precision", "float32", "float"},
                 {"precision", "fp32", "float"},
                 {"precision", "single", "float"},
                 {"precision", "float64", "double"},
                 {"precision", "fp64", "double"},
                 {"schedule.name", "none", "constant"},
                 {"model.activation", "none", "identity"},
                 {"model.activation", "linear", "identity"},
                 {"model.activation", "swish", "silu"},
                 {"model.init", "kaiming", "he"},
                 {"model.init", "xavier", "glorot"},
                 {"model.init", "normal", "gaussian"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].key, s->option->key) == 0 && strcasecmp(names[i].other, text) == 0)
            return names[i].ours;
    return NULL;
}

static tren_status find_choice(const setting *s, const char *text, int *value) {
    const char *const *choice = s->option->choices;
    bool given, means, is_bool = tren_text_bool(&given, text) == TREN_TEXT_OK;
    /* YAML writers turn on and off into true and false, and people write yes and no. */
    for (int i = 0; choice[i]; i++) {
        bool same =
            strcasecmp(text, choice[i]) == 0 ||
            (is_bool && tren_text_bool(&means, choice[i]) == TREN_TEXT_OK && given == means);
        if (!same) continue;
        *value = i;
        return TREN_OK;
    }
    const char *nearest = other_name(s, text);
    if (!nearest) nearest = tren_text_nearest(text, choice, (size_t)n_choices(s->option));
    if (!nearest) return refuse(s, text, "is unknown");
    return tren_fail(TREN_ERR_USAGE, "%s: %s: '%.80s' is unknown; did you mean '%s'?", s->where,
                     s->option->key, text, nearest);
}

static tren_status set_choice(const setting *s) {
    int *value = s->at;
    if (!tren_option_nullable(s->option) || !is_null(s->text))
        return find_choice(s, s->text, value);
    *value = -1;
    return TREN_OK;
}

static tren_status parse_whole(const setting *s, const char *text, int64_t *value) {
    tren_text_result result = tren_text_int64(value, text);
    if (result != TREN_TEXT_OK) return refuse_result(s, text, result);
    return within(s->option, (double)*value) ? TREN_OK : refuse(s, text, "is out of range");
}

static tren_status parse_real(const setting *s, const char *text, double *value) {
    tren_text_result result = s->option->type == TREN_OPTION_SECONDS
                                  ? tren_text_seconds(value, text)
                                  : tren_text_real(value, text);
    if (result != TREN_TEXT_OK) return refuse_result(s, text, result);
    return within(s->option, *value) ? TREN_OK : refuse(s, text, "is out of range");
}

/* The number that a word stands for; 0: it is none. */
static int word_of(const setting *s) {
    const char *const *word = s->option->choices;
    for (int i = 0; word && word[i]; i++)
        if (strcasecmp(s->text, word[i]) == 0) return -1 - i;
    return 0;
}

static tren_status set_whole(const setting *s) {
    int64_t value = word_of(s);
    if (value == 0) TREN_TRY(parse_whole(s, s->text, &value));
    if (s->option->type == TREN_OPTION_INT)
        *(int *)s->at = (int)value;
    else
        *(int64_t *)s->at = value;
    return TREN_OK;
}

static tren_status set_seed(const setting *s) {
    uint64_t value;
    tren_text_result result = tren_text_uint64(&value, s->text);
    if (result != TREN_TEXT_OK) return refuse_result(s, s->text, result);
    *(uint64_t *)s->at = value;
    return TREN_OK;
}

static tren_status set_real(const setting *s) {
    double value = -1;
    if (!tren_option_nullable(s->option) || !is_null(s->text))
        TREN_TRY(parse_real(s, s->text, &value));
    *(double *)s->at = value;
    return TREN_OK;
}

/* Copies the next item of "a, b, c" to `item` and returns what follows its comma; NULL at the end.
 */
static const char *next_item(char *item, size_t n, const char *list) {
    list += strspn(list, " \t");
    size_t length = strcspn(list, ",");
    snprintf(item, n, "%.*s", (int)(length < n ? length : n - 1), list);
    for (size_t i = strlen(item); i > 0 && isblank((unsigned char)item[i - 1]);) item[--i] = '\0';
    return list[length] == ',' ? list + length + 1 : NULL;
}

static tren_status add_word(const setting *s, const char *item, tren_int_list *words) {
    int value;
    TREN_TRY(find_choice(s, item, &value));
    for (int i = 0; i < words->n; i++)
        if (words->at[i] == value)
            return tren_fail(TREN_ERR_USAGE, "%s: %s: '%s' is in the list twice; give it once",
                             s->where, s->option->key, item);
    words->at[words->n++] = value;
    return TREN_OK;
}

static tren_status add_item(const setting *s, const char *item, tren_int_list *ints,
                            tren_real_list *reals) {
    if (ints->n + reals->n == TREN_MAX_LIST)
        return tren_fail(TREN_ERR_USAGE, "%s: %s: the list has more than %d entries; give fewer",
                         s->where, s->option->key, TREN_MAX_LIST);
    if (s->option->type == TREN_OPTION_REALS) {
        TREN_TRY(parse_real(s, item, &reals->at[reals->n]));
        reals->n++;
        return TREN_OK;
    }
    if (s->option->type == TREN_OPTION_WORDS) return add_word(s, item, ints);
    int64_t value;
    TREN_TRY(parse_whole(s, item, &value));
    ints->at[ints->n++] = (int)value;
    return TREN_OK;
}

/* "[512, 256]", "512,256", "512" or "[]" */
static tren_status set_list(const setting *s) {
    char inner[2048];
    const char *text = s->text;
    size_t n = strlen(text);
    while (n > 0 && isblank((unsigned char)text[n - 1])) n--;
    while (n > 0 && isblank((unsigned char)*text)) text++, n--;
    bool words = s->option->type == TREN_OPTION_WORDS;
    bool is_word = !words && s->option->choices && strcmp(s->text, *s->option->choices) == 0;
    bool open = n > 0 && *text == '[', closed = n > 1 && text[n - 1] == ']';
    if (open != closed || n >= sizeof inner) return refuse(s, s->text, "is not a list");
    snprintf(inner, sizeof inner, "%.*s", (int)(n - 2 * open), text + open);
    tren_int_list ints = {0};
    tren_real_list reals = {0};
    const char *rest = is_word || inner[strspn(inner, " \t")] == '\0' ? NULL : inner;
    while (rest) {
        char item[128];
        rest = next_item(item, sizeof item, rest);
        TREN_TRY(add_item(s, item, &ints, &reals));
    }
    if (is_word) ints.n = reals.n = TREN_LIST_WORD;
    if (s->option->type == TREN_OPTION_REALS)
        *(tren_real_list *)s->at = reals;
    else
        *(tren_int_list *)s->at = ints;
    return TREN_OK;
}

/* Written anew, so that one list has one text. */
static tren_status set_layers(const setting *s) {
    tren_layers_text *layers = s->at;
    char where[TREN_MAX_PATH + 64];
    tren_yaml *yaml;
    snprintf(where, sizeof where, "%s: %s", s->where, s->option->key);
    memset(layers, 0, sizeof *layers);
    if (strcmp(s->text, "[]") == 0) return TREN_OK; /* the default, many times */
    TREN_TRY(tren_yaml_open(&yaml, s->text, where));
    tren_yaml_node root = tren_yaml_root(yaml);
    tren_status st = TREN_OK;
    if (!tren_yaml_is_list(root))
        st = refuse(s, s->text, "is not a list");
    else if (tren_yaml_count(root) > 0)
        st = tren_yaml_flatten(layers->text, sizeof layers->text, root, true, where);
    if (*layers->text) snprintf(layers->where, sizeof layers->where, "%s", s->where);
    tren_yaml_close(yaml);
    return st;
}

static tren_status set_value(const setting *s) {
    switch (s->option->type) {
    case TREN_OPTION_TEXT:
        return set_text(s);
    case TREN_OPTION_BOOL:
        return set_bool(s);
    case TREN_OPTION_INT:
    case TREN_OPTION_INT64:
        return set_whole(s);
    case TREN_OPTION_SEED:
        return set_seed(s);
    case TREN_OPTION_REAL:
        return set_real(s);
    case TREN_OPTION_SECONDS:
        return set_real(s);
    case TREN_OPTION_CHOICE:
        return set_choice(s);
    case TREN_OPTION_INTS:
    case TREN_OPTION_REALS:
    case TREN_OPTION_WORDS:
        return set_list(s);
    case TREN_OPTION_LAYERS:
        return set_layers(s);
    case TREN_OPTION_BRANCHES:
        break;
    }
    return tren_fail(TREN_ERR_INTERNAL, "%s: the options table gives it no type", s->option->key);
}

tren_status tren_option_set(const tren_option *option, const char *text, const char *where,
                            void *values) {
    return set_value(&(setting){option, text, where, (char *)values + option->at});
}

tren_status tren_config_give(tren_config *config, const tren_option *option, const char *text,
                             const char *where, int by) {
    const tren_option *first = tren_options(NULL), *model = tren_option_find("model.name");
    unsigned char *model_by = &config->given[model - first];
    TREN_TRY(tren_option_set(option, text, where, config));
    config->given[option - first] = (unsigned char)by;
    bool chooses = option->type == TREN_OPTION_LAYERS && *config->model.layers.text;
    if (!chooses || *model_by >= by) return TREN_OK;
    *model_by = (unsigned char)by;
    return tren_option_set(model, "layers", where, config);
}

tren_status tren_config_set(tren_config *config, const char *key, const char *text,
                            const char *where) {
    const tren_option *option = tren_option_find(key);
    if (option) return tren_config_give(config, option, text, where, TREN_GIVEN_BY_HAND);
    if (tren_section_exists(key))
        return tren_fail(TREN_ERR_USAGE,
                         "%s: '%s' is a section, not a key; give its keys, such as '%s'", where,
                         key, tren_section_first(key));
    const char *nearest = tren_option_nearest(key);
    if (!nearest)
        return tren_fail(TREN_ERR_USAGE,
                         "%s: unknown key '%.80s'; 'tren train --help' lists all keys", where, key);
    return tren_fail(TREN_ERR_USAGE, "%s: unknown key '%.80s'; did you mean '%s'?", where, key,
                     nearest);
}
