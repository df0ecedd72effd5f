/* Keys that act only with some values of another key. */
#include "base/config_table.h"

#include <string.h>

enum { MAX_VALUES = 32 };

typedef struct acts {
    const char *key, *with;
    const char *values[MAX_VALUES]; /* of `with`; ends with NULL */
} acts;

#define STOPS_EARLY                                                                                \
    "early_stopping.rule", {                                                                       \
        "patience", "gl", "up", "standard_error"                                                   \
    }
static const acts table[] = {
    {"model.init_variance", "model.init", {"gaussian"}},
    {"schedule.period", "schedule.name", {"step", "sqrt"}},
    {"schedule.gamma", "schedule.name", {"step"}},
    {"schedule.final_factor", "schedule.name", {"cosine"}},
    {"early_stopping.patience", "early_stopping.rule", {"patience", "standard_error"}},
    {"early_stopping.start_epoch", STOPS_EARLY},
    {"early_stopping.min_delta", "early_stopping.rule", {"patience"}},
    {"early_stopping.gl_alpha", "early_stopping.rule", {"gl"}},
    {"early_stopping.up_strips", "early_stopping.rule", {"up"}},
    {"early_stopping.strip_epochs", "early_stopping.rule", {"up"}},
};

/* Whether `key` is one of the words of `keys`. */
static bool names(const char *keys, const char *key) {
    size_t n = strlen(key);
    for (const char *at = keys; (at = strstr(at, key)); at += n)
        if ((at == keys || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0')) return true;
    return false;
}

/* A value of another key, and the keys that act with it. */
typedef struct namer {
    const char *with, *value, *keys;
} namer;
#define OPTIMIZER(id, name, keys) {"optimizer.name", #name, keys},
#define MODEL(name, keys)         {"model.name", #name, keys},
#define LOSS(name, keys, help)    {"loss.name", #name, keys},
static const namer namers[] = {
    TREN_OPTIMIZERS(OPTIMIZER) TREN_MODELS(MODEL){
        "loss.name", "auto", "loss.label_smoothing loss.class_weights normalize_targets"},
    TREN_LOSSES(LOSS)};
enum { N_NAMERS = sizeof namers / sizeof *namers };
_Static_assert((int)N_NAMERS < (int)MAX_VALUES, "raise MAX_VALUES");

/* The optimizers, models or losses that name the key; false: none does. */
static bool find_namers(acts *a, const char *key) {
    int n = 0;
    *a = (acts){.key = key};
    for (int i = 0; i < N_NAMERS; i++) {
        if (!names(namers[i].keys, key)) continue;
        a->with = namers[i].with;
        a->values[n++] = namers[i].value;
    }
    return n > 0;
}

/* false: the key always acts. */
static bool find(acts *a, const tren_option *option) {
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (strcmp(table[i].key, option->key) != 0) continue;
        *a = table[i];
        return true;
    }
    return find_namers(a, option->key);
}

static bool among(const acts *a, const char *value) {
    for (int i = 0; a->values[i]; i++)
        if (strcmp(a->values[i], value) == 0) return true;
    return false;
}

bool tren_option_acts(const tren_option *option, const tren_config *config) {
    char value[TREN_MAX_PATH];
    acts a;
    if (!find(&a, option)) return true;
    tren_option_format(value, sizeof value, tren_option_find(a.with), config);
    return among(&a, value);
}

/* "sgd, adam or adamw" */
static void list_values(char *out, size_t n, const acts *a) {
    size_t at = 0;
    out[0] = '\0';
    for (int i = 0; a->values[i] && at < n; i++)
        at += (size_t)snprintf(out + at, n - at, "%s%s",
                               i == 0             ? ""
                               : a->values[i + 1] ? ", "
                                                  : " or ",
                               a->values[i]);
}

static bool is_default(const tren_option *option, const char *value) {
    char fallback[TREN_MAX_PATH + 64];
    tren_config defaults = {0};
    tren_option_set(option, option->fallback, "default", &defaults);
    tren_option_format(fallback, sizeof fallback, option, &defaults);
    return strcmp(value, fallback) == 0;
}

static tren_status refuse(const tren_option *option, const acts *a, const char *value,
                          const tren_config *config) {
    char is[TREN_MAX_PATH], values[128];
    tren_option_format(is, sizeof is, tren_option_find(a->with), config);
    list_values(values, sizeof values, a);
    return tren_fail(TREN_ERR_USAGE,
                     "%s: %s, but %s: %s makes no use of it; give %s: %s, or leave %s out",
                     option->key, value, a->with, is, a->with, values, option->key);
}

/* A saved record gives every key, so a default beside the value that makes it idle is no mistake;
 * nor is a key of a file when the command line or a grid has chosen otherwise since. */
tren_status tren_config_check_acts(const tren_config *config) {
    size_t n;
    const tren_option *option = tren_options(&n);
    for (size_t i = 0; i < n; i++) {
        char value[2 * TREN_MAX_PATH + 64];
        if (!config->given[i] || tren_option_acts(&option[i], config)) continue;
        acts a;
        find(&a, &option[i]);
        int chosen = config->given[tren_option_find(a.with) - option];
        tren_option_format(value, sizeof value, &option[i], config);
        bool meant = chosen == config->given[i] && !is_default(&option[i], value);
        if (chosen < config->given[i] || meant) return refuse(&option[i], &a, value, config);
    }
    return TREN_OK;
}

/* ---- keys that act too late -------------------------------------------------------------------
 */

typedef struct late {
    const char *key;
    bool applies;
    double value, needs; /* it first acts after so many, and there are `has` */
    double has;
    const char *unit;
} late;

static double up_epochs(const tren_config *c) {
    return (double)c->early_stopping.strip_epochs * (c->early_stopping.up_strips + 1.0);
}

int tren_config_late_keys(char note[TREN_MAX_NOTES][TREN_NOTE], const tren_config *c,
                          int64_t steps_per_epoch) {
    double steps = (double)c->epochs * (double)steps_per_epoch;
    if (c->max_steps > 0 && (double)c->max_steps < steps) steps = (double)c->max_steps;
    double epochs = steps / (double)steps_per_epoch;
    int rule = c->early_stopping.rule, patience = c->early_stopping.patience,
        start = c->early_stopping.start_epoch, warmup = c->schedule.warmup_steps,
        period = c->schedule.period;
    bool by_epochs = c->schedule.name == TREN_SCHEDULE_STEP;
    const late all[TREN_MAX_NOTES] = {
        {"early_stopping.start_epoch", rule != TREN_STOP_NONE, start, start, epochs, "epochs"},
        {"early_stopping.patience", rule == TREN_STOP_PATIENCE || rule == TREN_STOP_STANDARD_ERROR,
         patience, patience + 1.0, epochs, "epochs"},
        {"early_stopping.up_strips", rule == TREN_STOP_UP, c->early_stopping.up_strips,
         up_epochs(c), epochs, "epochs"},
        {"schedule.warmup_steps", true, warmup, warmup, steps, "steps"},
        {"schedule.period", by_epochs || c->schedule.name == TREN_SCHEDULE_SQRT, period,
         period + 1.0, by_epochs ? epochs : steps, by_epochs ? "epochs" : "steps"},
        {"optimizer.ema", c->optimizer.ema > 0, c->optimizer.ema, 1 / (1 - c->optimizer.ema), steps,
         "steps"}};
    int n = 0;
    for (int i = 0; i < TREN_MAX_NOTES; i++) {
        if (!all[i].applies || all[i].needs <= all[i].has) continue;
        snprintf(
            note[n++], TREN_NOTE,
            "%s: %g needs %g %s to take full effect, but this run has %.3g: give less, or more %s",
            all[i].key, all[i].value, all[i].needs, all[i].unit, all[i].has,
            c->max_steps > 0 ? "epochs and max_steps" : "epochs");
    }
    return n;
}
