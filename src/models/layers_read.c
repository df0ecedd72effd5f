/* One entry of a list: which layer it names, with which options, and where it stands. */
#include "models/layers_read.h"
#include "base/config_table.h"
#include "base/text.h"

#include <stdarg.h>
#include <string.h>

enum { MAX_REPEAT = 1024 }; /* as model.depth */

/* ---- where ----------------------------------------------------------------------------------- */

/* "run.yaml:14: model.layers[1].conv" */
const char *layers_place(char out[LAYERS_PLACE], const tren_builder *b) {
    const char *colon = strrchr(b->where, ':');
    int first = 0, used = 0;
    if (colon && sscanf(colon, ":%d%n", &first, &used) == 1 && colon[used] == '\0')
        snprintf(out, LAYERS_PLACE, "%.*s:%d: %s", (int)(colon - b->where), b->where,
                 first + b->line - 1, b->path);
    else
        snprintf(out, LAYERS_PLACE, "%s%s%s", b->where, *b->where ? ": " : "", b->path);
    return out;
}

tren_status layers_fail(const tren_builder *b, const char *format, ...) {
    char at[LAYERS_PLACE], text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return tren_fail(TREN_ERR_USAGE, "%s: %s", layers_place(at, b), text);
}

layers_mark layers_enter(tren_builder *b, tren_yaml_node node, const char *part) {
    layers_mark m = {strlen(b->path), b->line};
    snprintf(b->path + m.length, sizeof b->path - m.length, "%s", part);
    if (node.node) b->line = tren_yaml_line(node);
    return m;
}
layers_mark layers_enter_index(tren_builder *b, tren_yaml_node node, int i) {
    char part[16];
    snprintf(part, sizeof part, "[%d]", i);
    return layers_enter(b, node, part);
}
void layers_leave(tren_builder *b, layers_mark m) {
    b->path[m.length] = '\0';
    b->line = m.line;
}

/* ---- which layer ----------------------------------------------------------------------------- */

static const tren_layer_kind *find(const char *name) {
    for (int i = 0; tren_layer_kinds[i]; i++)
        if (strcmp(tren_layer_kinds[i]->name, name) == 0) return tren_layer_kinds[i];
    return NULL;
}

/* What other programs call them. */
static const char *translated(const char *name) {
    static const char *const other[][2] = {{"linear", "dense"},
                                           {"fully_connected", "dense"},
                                           {"fc", "dense"},
                                           {"conv2d", "conv"},
                                           {"convolution", "conv"},
                                           {"swish", "silu"},
                                           {"add", "residual"},
                                           {"skip", "residual"},
                                           {"sequential", "layers"},
                                           {"avg_pool", "average_pool"},
                                           {"avgpool", "average_pool"},
                                           {"global_avg_pool", "global_average_pool"},
                                           {"bn", "batch_norm"},
                                           {"ln", "layer_norm"},
                                           {"gn", "group_norm"}};
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        if (strcmp(name, other[i][0]) == 0) return other[i][1];
    return NULL;
}

static bool is_loss(const char *name) {
    static const char *const loss[] = {"softmax", "log_softmax", "loss", "mse", "huber", NULL};
    const tren_option *option = tren_option_find("loss.name");
    for (int i = 0; loss[i]; i++)
        if (strcmp(name, loss[i]) == 0) return true;
    for (int i = 0; option->choices[i]; i++)
        if (strcmp(name, option->choices[i]) == 0) return true;
    return false;
}

static tren_status fail_unknown(const tren_builder *b, const char *name) {
    const char *names[64] = {NULL}, *nearest = translated(name);
    int n = 0;
    for (; n < 63 && tren_layer_kinds[n]; n++) names[n] = tren_layer_kinds[n]->name;
    if (is_loss(name))
        return layers_fail(b,
                           "'%.40s' is a loss, but the list ends with the layer before it; remove "
                           "it: the key loss.name chooses the loss",
                           name);
    if (!nearest) nearest = tren_text_nearest(name, names, (size_t)n);
    if (nearest)
        return layers_fail(b, "there is no layer '%.40s'; did you mean '%s'?", name, nearest);
    return layers_fail(b, "there is no layer '%.40s'; 'tren help layers' lists all layers", name);
}

static tren_status set_name(layers_item *out, const tren_builder *b, tren_yaml_node key) {
    const char *name = tren_yaml_text(key);
    out->kind = find(name);
    return out->kind ? TREN_OK : fail_unknown(b, name);
}

static tren_status set_repeat(layers_item *out, const tren_builder *b, tren_yaml_node value) {
    int64_t n;
    bool good =
        tren_text_int64(&n, tren_yaml_text(value)) == TREN_TEXT_OK && n >= 1 && n <= MAX_REPEAT;
    if (good) out->repeat = (int)n;
    return good ? TREN_OK
                : layers_fail(b,
                              "repeat: '%.40s' is not a whole number from 1 to %d; give the number "
                              "of copies of the layer in the same entry",
                              tren_yaml_text(value), MAX_REPEAT);
}

/* "relu", "conv: {channels: 8}", or "repeat: 3" beside such a pair. */
tren_status layers_read_item(layers_item *out, const tren_builder *b, tren_yaml_node node) {
    *out = (layers_item){.repeat = 1};
    if (tren_yaml_is_list(node))
        return layers_fail(b, "expected a layer, found a list; put 'layers:' before the list");
    if (!tren_yaml_is_map(node)) return set_name(out, b, node);
    for (int i = 0; i < tren_yaml_count(node); i++) {
        tren_yaml_node key = tren_yaml_key(node, i), value = tren_yaml_item(node, i);
        if (strcmp(tren_yaml_text(key), "repeat") == 0) {
            TREN_TRY(set_repeat(out, b, value));
        } else if (out->kind) {
            return layers_fail(b, "'%s' and '%.40s' are in one entry; begin each layer with a dash",
                               out->kind->name, tren_yaml_text(key));
        } else {
            TREN_TRY(set_name(out, b, key));
            out->value = value;
        }
    }
    if (out->kind) return TREN_OK;
    return layers_fail(
        b,
        "this entry has no layer; give one, such as 'repeat: 2' with 'dense: 64' on the next line");
}

/* ---- its options ----------------------------------------------------------------------------- */

bool layers_is_nested(const tren_option *option) {
    return option->type == TREN_OPTION_LAYERS || option->type == TREN_OPTION_BRANCHES;
}

static int find_option(const tren_layer_kind *kind, const char *key) {
    for (int i = 0; i < kind->n_options; i++)
        if (strcmp(kind->option[i].key, key) == 0) return i;
    return -1;
}

static tren_status fail_key(const tren_builder *b, const tren_layer_kind *kind, const char *key) {
    const char *keys[32] = {NULL};
    char all[256] = "";
    for (int i = 0; i < kind->n_options; i++) {
        keys[i] = kind->option[i].key;
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? ", " : "", keys[i]);
    }
    const char *nearest = tren_text_nearest(key, keys, (size_t)kind->n_options);
    if (kind->n_options == 0)
        return layers_fail(b, "unknown key '%.40s'; this layer has no keys: write '%s' alone", key,
                           kind->name);
    if (nearest) return layers_fail(b, "unknown key '%.40s'; did you mean '%s'?", key, nearest);
    return layers_fail(b, "unknown key '%.40s'; the keys of %s are: %s", key, kind->name, all);
}

static tren_status set_option(const tren_builder *b, const tren_option *option,
                              tren_yaml_node value, void *spec) {
    char at[LAYERS_PLACE], takes[256];
    tren_option_describe(takes, sizeof takes, option);
    bool list = tren_yaml_is_list(value), map = tren_yaml_is_map(value);
    if (layers_is_nested(option)) {
        if (!list)
            return layers_fail(b, "%s: expected a list, found one value; give %s", option->key,
                               takes);
        memcpy((char *)spec + option->at, &value, sizeof value);
        return TREN_OK;
    }
    if (list || map)
        return layers_fail(b, "%s: expected one value, found a %s; give %s", option->key,
                           list ? "list" : "map", takes);
    if (tren_yaml_is_null(value) && !tren_option_nullable(option))
        return layers_fail(b, "%s has no value; give %s", option->key, takes);
    return tren_option_set(option, tren_yaml_text(value), layers_place(at, b), spec);
}

/* What is not given. */
static tren_status set_rest(const tren_builder *b, const tren_layer_kind *kind, uint32_t given,
                            void *spec) {
    char takes[256];
    for (int i = 0; i < kind->n_options; i++) {
        const tren_option *option = &kind->option[i];
        if (given >> i & 1) continue;
        tren_option_describe(takes, sizeof takes, option);
        if (!option->fallback)
            return layers_fail(b, "%s is missing; give %s, as in '%s: {%s: ...}'", option->key,
                               takes, kind->name, option->key);
        if (!layers_is_nested(option))
            TREN_TRY(tren_option_set(option, option->fallback, "default", spec));
    }
    return TREN_OK;
}

static tren_status read_map(tren_builder *b, const layers_item *it, uint32_t *given, void *spec) {
    for (int i = 0; i < tren_yaml_count(it->value); i++) {
        tren_yaml_node key = tren_yaml_key(it->value, i);
        layers_mark m = layers_enter(b, key, "");
        int found = find_option(it->kind, tren_yaml_text(key));
        if (found < 0) return fail_key(b, it->kind, tren_yaml_text(key));
        if (*given >> found & 1)
            return layers_fail(b, "the key '%s' is given twice; remove one of them",
                               tren_yaml_text(key));
        *given |= (uint32_t)1 << found;
        TREN_TRY(set_option(b, &it->kind->option[found], tren_yaml_item(it->value, i), spec));
        layers_leave(b, m);
    }
    return TREN_OK;
}

tren_status layers_read_options(tren_builder *b, const layers_item *it, void *spec) {
    uint32_t given = 0;
    memset(spec, 0, TREN_LAYER_SPEC);
    if (tren_yaml_is_map(it->value)) {
        TREN_TRY(read_map(b, it, &given, spec));
    } else if (!tren_yaml_is_null(it->value)) {
        int brief = it->kind->brief ? find_option(it->kind, it->kind->brief) : -1;
        if (brief < 0 && it->kind->n_options == 0)
            return layers_fail(b, "takes no value; write '%s' alone", it->kind->name);
        if (brief < 0)
            return layers_fail(b, "takes a map of keys, as in '%s: {...}'", it->kind->name);
        given = (uint32_t)1 << brief;
        TREN_TRY(set_option(b, &it->kind->option[brief], it->value, spec));
    }
    return set_rest(b, it->kind, given, spec);
}

/* ".before", "[0]" of branches, or nothing for the key that may be left out. */
layers_mark layers_enter_key(tren_builder *b, tren_yaml_node node, const tren_layer_kind *kind,
                             const char *key) {
    char part[32] = "";
    bool brief = kind->brief && strcmp(kind->brief, key) == 0;
    if (!brief) snprintf(part, sizeof part, "%s%s", *key == '[' ? "" : ".", key);
    return layers_enter(b, node, part);
}
