#include "base/config_table.h"

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

static void print_option(FILE *out, const tren_option *option, const tren_config *config) {
    char value[2 * TREN_MAX_PATH + 64];
    tren_option_format(value, sizeof value, option, config);
    size_t section = section_length(option->key);
    const char *name = section ? option->key + section + 1 : option->key;
    fprintf(out, "%s%s: %s\n", section ? "  " : "", name, value);
}

tren_status tren_config_format(char **text, const tren_config *config) {
    size_t n, size;
    const tren_option *option = tren_options(&n);
    FILE *out = open_memstream(text, &size);
    if (!out) return tren_fail_memory(0, "the config");
    for (size_t i = 0; i < n; i++) {
        size_t section = section_length(option[i].key);
        bool opens =
            section && (i == 0 || strncmp(option[i - 1].key, option[i].key, section + 1) != 0);
        if (opens) fprintf(out, "%.*s:\n", (int)section, option[i].key);
        print_option(out, &option[i], config);
    }
    if (fclose(out) == 0) return TREN_OK;
    free(*text);
    *text = NULL;
    return tren_fail_memory(0, "the config");
}
