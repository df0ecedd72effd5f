#include "base/config_table.h"
#include "base/yaml_tree.h"

#include <assert.h>
#include <string.h>

void tren_config_defaults(tren_config *config) {
    size_t n;
    const tren_option *option = tren_options(&n);
    memset(config, 0, sizeof *config);
    for (size_t i = 0; i < n; i++) {
        tren_status st = tren_config_set(config, option[i].key, option[i].fallback, "default");
        assert(st == TREN_OK);
        (void)st;
    }
    memset(config->given, 0, sizeof config->given);
}

bool tren_config_whole(const tren_config *config) {
    return config->optimizer.name == TREN_SCG;
}

size_t tren_config_batch(const tren_config *config, size_t m) {
    bool all = tren_config_whole(config) || (size_t)config->batch_size > m;
    return all ? m : (size_t)config->batch_size;
}

double tren_config_dropout(const tren_config *config, int layer) {
    const tren_real_list *rate = &config->dropout;
    if (rate->n == 1) return layer > 0 ? rate->at[0] : 0;
    return layer < rate->n ? rate->at[layer] : 0;
}

/* "optimizer" of "optimizer.name"; 0 for a key without a section. */
static size_t section_length(const char *key) {
    const char *dot = strchr(key, '.');
    return dot ? (size_t)(dot - key) : 0;
}

/* A layer a line. */
static tren_status print_layers(FILE *out, const char *name, const char *text) {
    tren_yaml *yaml;
    TREN_TRY(tren_yaml_open(&yaml, text, name));
    fprintf(out, "  %s:\n", name);
    tren_yaml_put(out, tren_yaml_root(yaml), 4);
    tren_yaml_close(yaml);
    return TREN_OK;
}

static tren_status print_option(FILE *out, const tren_option *option, const tren_config *config) {
    char value[2 * TREN_MAX_PATH + 64];
    tren_option_format(value, sizeof value, option, config);
    size_t section = section_length(option->key);
    const char *name = section ? option->key + section + 1 : option->key;
    if (option->type == TREN_OPTION_LAYERS && *config->model.layers.text)
        return print_layers(out, name, config->model.layers.text);
    fprintf(out, "%s%s: %s\n", section ? "  " : "", name, value);
    return TREN_OK;
}

tren_status tren_config_format(char **text, const tren_config *config) {
    size_t n, size;
    const tren_option *option = tren_options(&n);
    FILE *out = open_memstream(text, &size);
    if (!out) return tren_fail_memory(0, "the config");
    tren_status st = TREN_OK;
    for (size_t i = 0; i < n && st == TREN_OK; i++) {
        size_t section = section_length(option[i].key);
        bool opens =
            section && (i == 0 || strncmp(option[i - 1].key, option[i].key, section + 1) != 0);
        if (opens) fprintf(out, "%.*s:\n", (int)section, option[i].key);
        st = print_option(out, &option[i], config);
    }
    if (fclose(out) == 0 && st == TREN_OK) return TREN_OK;
    free(*text);
    *text = NULL;
    return st == TREN_OK ? tren_fail_memory(0, "the config") : st;
}
