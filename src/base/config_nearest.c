/* Which key a user meant. */
#include "base/config_table.h"
#include "base/text.h"

#include <string.h>

enum { MAX_OPTIONS = 128 };

/* The part after the dot, or the whole key. */
static const char *leaf(const char *key) {
    const char *dot = strrchr(key, '.');
    return dot ? dot + 1 : key;
}

/* Whether `key` lies in the section whose name is the first n bytes of `section`; n = 0: any key
 * does. */
static bool in_section(const char *key, const char *section, size_t n) {
    return n == 0 || (strncmp(key, section, n) == 0 && key[n] == '.');
}

const char *tren_section_first(const char *name) {
    size_t n;
    const tren_option *option = tren_options(&n);
    for (size_t i = 0; i < n; i++)
        if (*name && in_section(option[i].key, name, strlen(name))) return option[i].key;
    return NULL;
}

bool tren_section_exists(const char *name) {
    return tren_section_first(name) != NULL;
}

const char *tren_section_nearest(char out[TREN_MAX_SECTION], const char *name) {
    size_t n;
    const tren_option *option = tren_options(&n);
    int least = tren_text_near(name) + 1;
    *out = '\0';
    for (size_t i = 0; i < n; i++) {
        const char *dot = strchr(option[i].key, '.');
        char section[TREN_MAX_SECTION];
        if (!dot) continue;
        snprintf(section, sizeof section, "%.*s", (int)(dot - option[i].key), option[i].key);
        int distance = tren_text_distance(name, section);
        if (distance >= least) continue;
        least = distance;
        memcpy(out, section, sizeof section);
    }
    return *out ? out : NULL;
}

/* What others call it. */
static const char *translated(const char *word) {
    static const char *const other[][2] = {{"lr", "optimizer.learning_rate"},
                                           {"dataset", "data"},
                                           {"output", "out"},
                                           {"dtype", "precision"},
                                           {"bs", "batch_size"},
                                           {"num_epochs", "epochs"},
                                           {"n_epochs", "epochs"},
                                           {"optimizer.alpha", "optimizer.beta2"}};
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        if (strcmp(leaf(word), other[i][0]) == 0 || strcmp(word, other[i][0]) == 0)
            return other[i][1];
    return NULL;
}

/* Whether `word`, not empty, is one of the words of `name`, which underscores part: "rate" in
 * "learning_rate". */
static bool has_word(const char *name, const char *word) {
    size_t length = strlen(word);
    for (const char *at = name; (at = strstr(at, word)); at++)
        if ((at == name || at[-1] == '_') && (at[length] == '\0' || at[length] == '_')) return true;
    return false;
}

/* The one key of a section (see in_section) whose leaf is `word`, or begins with it or has it among
 * its words; without a section, a key that begins with it as well. NULL when there are several. */
static const char *completed(const char *word, const char *section, size_t section_length) {
    size_t n;
    const tren_option *option = tren_options(&n);
    const char *found = NULL;
    for (size_t i = 0; i < n; i++) {
        const char *key = option[i].key, *name = leaf(key);
        if (!in_section(key, section, section_length)) continue;
        bool part = strlen(word) >= 3 && (tren_text_starts(key, word) ||
                                          tren_text_starts(name, word) || has_word(name, word));
        if (strcmp(name, word) != 0 && !part) continue;
        if (found) return NULL;
        found = key;
    }
    return found;
}

/* The key with the leaf nearest to `word`, among those of a section (see in_section). */
static const char *nearest_leaf(const char *word, const char *section, size_t section_length) {
    size_t n;
    const tren_option *option = tren_options(&n);
    const char *leaves[MAX_OPTIONS] = {NULL};
    for (size_t i = 0; i < n && i < MAX_OPTIONS; i++)
        if (in_section(option[i].key, section, section_length)) leaves[i] = leaf(option[i].key);
    const char *found = tren_text_nearest(word, leaves, MAX_OPTIONS);
    for (size_t i = 0; i < n && found; i++)
        if (leaves[i] == found) return option[i].key;
    return NULL;
}

static const char *nearest_key(const char *word) {
    size_t n;
    const tren_option *option = tren_options(&n);
    const char *keys[MAX_OPTIONS] = {NULL};
    for (size_t i = 0; i < n && i < MAX_OPTIONS; i++) keys[i] = option[i].key;
    return tren_text_nearest(word, keys, MAX_OPTIONS);
}

/* Whether the part before the dot names a section. */
static bool in_a_section(const char *key) {
    char name[TREN_MAX_SECTION];
    size_t n = strcspn(key, ".");
    if (n >= sizeof name) return false;
    snprintf(name, sizeof name, "%.*s", (int)n, key);
    return tren_section_exists(name);
}

/* The key of another section, or of none, whose leaf is `word`, or the only one that begins with
 * it: it was put into the wrong section. */
static const char *same_leaf(const char *word) {
    size_t n, begins = 0;
    const tren_option *option = tren_options(&n);
    const char *found = NULL;
    for (size_t i = 0; i < n; i++) {
        const char *name = leaf(option[i].key);
        if (strcmp(name, word) == 0) return option[i].key;
        if (strlen(word) < 3 || !tren_text_starts(name, word)) continue;
        found = option[i].key;
        begins++;
    }
    return begins == 1 ? found : NULL;
}

const char *tren_option_nearest(const char *key) {
    const char *word = leaf(key);
    const char *found = translated(key);
    if (found) return found;
    if (word != key) { /* the right section: only the leaf can be wrong */
        size_t section = (size_t)(word - key) - 1;
        if (section > 0) found = completed(word, key, section);
        if (section > 0 && !found) found = nearest_leaf(word, key, section);
    }
    if (found) return found;
    if (word != key && in_a_section(key)) found = same_leaf(word);
    if (!found) found = completed(word, "", 0);
    if (found || (word != key && in_a_section(key))) return found;
    if (!found && word != key && !nearest_leaf(word, "", 0)) return NULL;
    if (!found) found = nearest_key(key);
    return found ? found : nearest_leaf(word, "", 0);
}
