/* What no single value shows: contradictions between keys, and differences between two configs. */
#include "base/config_table.h"

#include <string.h>

static tren_status check_ranges(const tren_config *config) {
    size_t n;
    const tren_option *option = tren_options(&n);
    for (size_t i = 0; i < n; i++) {
        if (tren_option_in_range(&option[i], config)) continue;
        char takes[256];
        tren_option_describe(takes, sizeof takes, &option[i]);
        return tren_fail(TREN_ERR_USAGE, "%s: the value is out of range; give %s", option[i].key,
                         takes);
    }
    return TREN_OK;
}

static tren_status check_model(const tren_config *config) {
    int layers = config->model.hidden.n + 1, rates = config->dropout.n;
    bool acts = tren_option_acts(tren_option_find("dropout"), config),
         by_dense = tren_option_acts(tren_option_find("model.hidden"), config);
    if (acts && by_dense && rates == 1 && layers == 1)
        return tren_fail(TREN_ERR_USAGE, "dropout: one rate applies to the hidden layers, but "
                                         "model.hidden is []; give dropout: []");
    if (acts && by_dense && rates > layers)
        return tren_fail(
            TREN_ERR_USAGE,
            "dropout: %d rates for %d dense layers (model.hidden has %d widths); give at most %d",
            rates, layers, layers - 1, layers);
    if (config->check_without_dropout > 0 && rates == 0 && !*config->model.layers.text)
        return tren_fail(TREN_ERR_USAGE,
                         "check_without_dropout: %d epochs, but there is no dropout; give 0, or "
                         "set dropout",
                         config->check_without_dropout);
    if (config->check_without_dropout == 1)
        return tren_fail(TREN_ERR_USAGE, "check_without_dropout: 1 epoch cannot show whether the "
                                         "loss falls; give 0, or at least 2");
    return TREN_OK;
}

static tren_status check_augment(const tren_config *config) {
    const tren_real_list *zoom = &config->augment.zoom;
    if (zoom->n != 0 && zoom->n != 2)
        return tren_fail(TREN_ERR_USAGE,
                         "augment.zoom: %d factor%s; give the smallest and the largest, such as "
                         "[0.9, 1.1], or []",
                         zoom->n, zoom->n == 1 ? "" : "s");
    if (zoom->n == 2 && zoom->at[0] > zoom->at[1])
        return tren_fail(TREN_ERR_USAGE,
                         "augment.zoom: [%g, %g] has the larger factor first; give [%g, %g]",
                         zoom->at[0], zoom->at[1], zoom->at[1], zoom->at[0]);
    if (config->augment.translation > 0 && config->augment.crop_padding > 0)
        return tren_fail(TREN_ERR_USAGE,
                         "augment.translation: %g and augment.crop_padding: %d both move the "
                         "images; give only one",
                         config->augment.translation, config->augment.crop_padding);
    return TREN_OK;
}

static tren_status check_optimizer(const tren_config *config) {
    if (config->optimizer.lambda >= 0 && config->optimizer.weight_decay >= 0)
        return tren_fail(
            TREN_ERR_USAGE,
            "optimizer.lambda: %g and optimizer.weight_decay: %g are both given, but they set the "
            "same thing (weight_decay = lambda/m, m training rows): give only one",
            config->optimizer.lambda, config->optimizer.weight_decay);
    if (config->optimizer.name == TREN_SGD && config->optimizer.nesterov &&
        config->optimizer.momentum <= 0)
        return tren_fail(
            TREN_ERR_USAGE,
            "optimizer.nesterov: true needs a momentum; give optimizer.momentum, such as 0.9");
    return TREN_OK;
}

static bool any_above_0(const tren_real_list *list) {
    for (int i = 0; i < list->n; i++)
        if (list->at[i] > 0) return true;
    return false;
}

static bool augments(const tren_config *c) {
    return c->augment.rotation > 0 || c->augment.translation > 0 || c->augment.crop_padding > 0 ||
           c->augment.flip_horizontal || c->augment.flip_vertical || c->augment.zoom.n > 0 ||
           c->augment.noise > 0;
}

/* Its line search compares values of one function, which has to be the same each time. */
static tren_status check_scg(const tren_config *config) {
    if (config->optimizer.name != TREN_SCG) return TREN_OK;
    const char *key = NULL, *remedy = NULL;
    if (any_above_0(&config->dropout)) key = "dropout", remedy = "give dropout: []";
    if (augments(config)) key = "augment", remedy = "remove that section";
    if (key)
        return tren_fail(TREN_ERR_USAGE,
                         "%s: scg compares values and gradients of the same function, but this "
                         "changes the function; %s, or use optimizer.name: sgd or adam",
                         key, remedy);
    if (config->schedule.name == TREN_SCHEDULE_CONSTANT && config->schedule.warmup_steps == 0)
        return TREN_OK;
    return tren_fail(TREN_ERR_USAGE, "schedule: scg finds the length of every step itself; give "
                                     "schedule.name: constant and schedule.warmup_steps: 0");
}

static tren_status check_schedule(const tren_config *config) {
    if (config->schedule.name == TREN_SCHEDULE_INVERSE_SQRT && config->schedule.warmup_steps == 0)
        return tren_fail(TREN_ERR_USAGE,
                         "schedule.warmup_steps: 0, but inverse_sqrt begins at the end of the "
                         "warm-up; give schedule.warmup_steps, such as 1000");
    return TREN_OK;
}

tren_status tren_config_check(const tren_config *config) {
    TREN_TRY(check_ranges(config));
    TREN_TRY(check_model(config));
    TREN_TRY(check_augment(config));
    TREN_TRY(check_optimizer(config));
    TREN_TRY(check_scg(config));
    TREN_TRY(check_schedule(config));
    return tren_config_check_acts(config);
}

/* Appends "seed: 1 before, 2 now" to what `out` holds. */
static void add_difference(FILE *out, bool first, const tren_option *option,
                           const tren_config *before, const tren_config *now) {
    char was[2 * TREN_MAX_PATH + 64], is[2 * TREN_MAX_PATH + 64];
    tren_option_format(was, sizeof was, option, before);
    tren_option_format(is, sizeof is, option, now);
    fprintf(out, "%s%s: %s in the checkpoint, %s now", first ? "" : "; ", option->key, was, is);
}

/* By their text, since padding, spare list entries and bytes after a string's end do not count. */
static bool same_value(const tren_option *option, const tren_config *a, const tren_config *b) {
    if (option->type == TREN_OPTION_LAYERS)
        return tren_layers_same(&a->model.layers, &b->model.layers);
    char text[2][2 * TREN_MAX_PATH + 64];
    tren_option_format(text[0], sizeof text[0], option, a);
    tren_option_format(text[1], sizeof text[1], option, b);
    return strcmp(text[0], text[1]) == 0;
}

static const char recipe_remedy[] = "; the recipe cannot change during the life of a run: set it "
                                    "back, or give --out another folder";

tren_status tren_config_same(const tren_config *before, const tren_config *now,
                             tren_option_role role) {
    size_t n, size;
    const tren_option *option = tren_options(&n);
    char *differences = NULL;
    FILE *out = open_memstream(&differences, &size);
    if (!out) return tren_fail_memory(0, "the config");
    int found = 0;
    for (size_t i = 0; i < n; i++) {
        bool acts = tren_option_acts(&option[i], before) || tren_option_acts(&option[i], now);
        if (option[i].role != role || !acts || same_value(&option[i], before, now)) continue;
        add_difference(out, found == 0, &option[i], before, now);
        found++;
    }
    tren_status st = TREN_OK;
    if (fclose(out) != 0)
        st = tren_fail_memory(0, "the config");
    else if (found > 0)
        st = tren_fail(TREN_ERR_USAGE, "%s%s", differences,
                       role == TREN_ROLE_RECIPE ? recipe_remedy : "");
    free(differences);
    return st;
}
