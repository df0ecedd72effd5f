#include "models/layers.h"
#include "base/config_table.h"
#include "base/text.h"

#include <stdarg.h>
#include <string.h>

enum { MAX_LAYERS = 4096, MAX_REPEAT = 1000 };

/* ---- where ----------------------------------------------------------------------------------- */

enum { PLACE = TREN_MAX_PATH + 640 };

/* "run.yaml:14: model.layers[1].conv" */
static const char *place(char out[PLACE], const tren_builder *b) {
    const char *colon = strrchr(b->where, ':');
    int first = 0, used = 0;
    if (colon && sscanf(colon, ":%d%n", &first, &used) == 1 && colon[used] == '\0')
        snprintf(out, PLACE, "%.*s:%d: %s", (int)(colon - b->where), b->where, first + b->line - 1,
                 b->path);
    else
        snprintf(out, PLACE, "%s%s%s", b->where, *b->where ? ": " : "", b->path);
    return out;
}

__attribute__((format(printf, 2, 3))) static tren_status fail(const tren_builder *b,
                                                              const char *format, ...) {
    char at[PLACE], text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return tren_fail(TREN_ERR_USAGE, "%s: %s", place(at, b), text);
}

/* The path is longer, and the line another, until `leave`. */
typedef struct mark {
    size_t length;
    int line;
} mark;

static mark enter(tren_builder *b, tren_yaml_node node, const char *part) {
    mark m = {strlen(b->path), b->line};
    snprintf(b->path + m.length, sizeof b->path - m.length, "%s", part);
    if (node.node) b->line = tren_yaml_line(node);
    return m;
}
static mark enter_index(tren_builder *b, tren_yaml_node node, int i) {
    char part[16];
    snprintf(part, sizeof part, "[%d]", i);
    return enter(b, node, part);
}
static void leave(tren_builder *b, mark m) {
    b->path[m.length] = '\0';
    b->line = m.line;
}

/* ---- which layer ----------------------------------------------------------------------------- */

typedef struct item {
    const tren_layer_kind *kind;
    tren_yaml_node value; /* what follows the name; may have no node */
    int repeat;
} item;

static const tren_layer_kind *find(const char *name) {
    for (int i = 0; tren_layer_kinds[i]; i++)
        if (strcmp(tren_layer_kinds[i]->name, name) == 0) return tren_layer_kinds[i];
    return NULL;
}

/* What other programs call them. */
static const char *translated(const char *name) {
    static const char *const other[][2] = {{"linear", "dense"},      {"fully_connected", "dense"},
                                           {"fc", "dense"},          {"conv2d", "conv"},
                                           {"convolution", "conv"},  {"swish", "silu"},
                                           {"add", "residual"},      {"skip", "residual"},
                                           {"sequential", "layers"}, {"avg_pool", "average_pool"}};
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
        return fail(b,
                    "'%.40s' is a loss, and the list ends with the layer before it; leave it out: "
                    "the key loss.name chooses the loss",
                    name);
    if (!nearest) nearest = tren_text_nearest(name, names, (size_t)n);
    if (nearest) return fail(b, "there is no layer '%.40s'; did you mean '%s'?", name, nearest);
    return fail(b, "there is no layer '%.40s'; 'tren help layers' lists them", name);
}

static tren_status set_name(item *out, const tren_builder *b, tren_yaml_node key) {
    const char *name = tren_yaml_text(key);
    out->kind = find(name);
    return out->kind ? TREN_OK : fail_unknown(b, name);
}

static tren_status set_repeat(item *out, const tren_builder *b, tren_yaml_node value) {
    int64_t n;
    bool good =
        tren_text_int64(&n, tren_yaml_text(value)) == TREN_TEXT_OK && n >= 1 && n <= MAX_REPEAT;
    if (good) out->repeat = (int)n;
    return good ? TREN_OK
                : fail(b,
                       "repeat: '%.40s' is not a whole number from 1 to %d; give how often the "
                       "layer beside it comes",
                       tren_yaml_text(value), MAX_REPEAT);
}

/* "relu", "conv: {channels: 8}", or "repeat: 3" beside such a pair. */
static tren_status read_item(item *out, const tren_builder *b, tren_yaml_node node) {
    *out = (item){.repeat = 1};
    if (tren_yaml_is_list(node))
        return fail(b, "a list stands where a layer belongs; put 'layers:' in front of it");
    if (!tren_yaml_is_map(node)) return set_name(out, b, node);
    for (int i = 0; i < tren_yaml_count(node); i++) {
        tren_yaml_node key = tren_yaml_key(node, i), value = tren_yaml_item(node, i);
        if (strcmp(tren_yaml_text(key), "repeat") == 0) {
            TREN_TRY(set_repeat(out, b, value));
        } else if (out->kind) {
            return fail(b, "'%s' and '%.40s' stand in one entry; begin each layer with a dash",
                        out->kind->name, tren_yaml_text(key));
        } else {
            TREN_TRY(set_name(out, b, key));
            out->value = value;
        }
    }
    if (out->kind) return TREN_OK;
    return fail(b,
                "there is no layer in this entry; give one, such as 'repeat: 2' with 'dense: 64' "
                "on the next line");
}

/* ---- its options ----------------------------------------------------------------------------- */

static bool is_nested(const tren_option *option) {
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
    if (nearest) return fail(b, "unknown key '%.40s'; did you mean '%s'?", key, nearest);
    return fail(b, "unknown key '%.40s'; %s takes %s", key, kind->name, *all ? all : "none");
}

static tren_status set_option(const tren_builder *b, const tren_option *option,
                              tren_yaml_node value, void *spec) {
    char at[PLACE], takes[256];
    tren_option_describe(takes, sizeof takes, option);
    bool list = tren_yaml_is_list(value), map = tren_yaml_is_map(value);
    if (is_nested(option)) {
        if (!list) return fail(b, "%s takes %s", option->key, takes);
        memcpy((char *)spec + option->at, &value, sizeof value);
        return TREN_OK;
    }
    if (list || map)
        return fail(b, "%s: a %s stands where one value belongs; give %s", option->key,
                    list ? "list" : "map", takes);
    if (tren_yaml_is_null(value) && !tren_option_nullable(option))
        return fail(b, "%s has no value; give %s", option->key, takes);
    return tren_option_set(option, tren_yaml_text(value), place(at, b), spec);
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
            return fail(b, "%s is missing; give %s, as in '%s: {%s: ...}'", option->key, takes,
                        kind->name, option->key);
        if (!is_nested(option))
            TREN_TRY(tren_option_set(option, option->fallback, "default", spec));
    }
    return TREN_OK;
}

static tren_status read_map(tren_builder *b, const item *it, uint32_t *given, void *spec) {
    for (int i = 0; i < tren_yaml_count(it->value); i++) {
        tren_yaml_node key = tren_yaml_key(it->value, i);
        mark m = enter(b, key, "");
        int found = find_option(it->kind, tren_yaml_text(key));
        if (found < 0) return fail_key(b, it->kind, tren_yaml_text(key));
        if (*given >> found & 1)
            return fail(b, "the key '%s' stands twice; remove one of them", tren_yaml_text(key));
        *given |= (uint32_t)1 << found;
        TREN_TRY(set_option(b, &it->kind->option[found], tren_yaml_item(it->value, i), spec));
        leave(b, m);
    }
    return TREN_OK;
}

static tren_status read_options(tren_builder *b, const item *it, void *spec) {
    uint32_t given = 0;
    memset(spec, 0, TREN_LAYER_SPEC);
    if (tren_yaml_is_map(it->value)) {
        TREN_TRY(read_map(b, it, &given, spec));
    } else if (!tren_yaml_is_null(it->value)) {
        int brief = it->kind->brief ? find_option(it->kind, it->kind->brief) : -1;
        if (brief < 0 && it->kind->n_options == 0)
            return fail(b, "takes no value; write '%s' alone", it->kind->name);
        if (brief < 0) return fail(b, "takes a map of keys, as in '%s: {...}'", it->kind->name);
        given = (uint32_t)1 << brief;
        TREN_TRY(set_option(b, &it->kind->option[brief], it->value, spec));
    }
    return set_rest(b, it->kind, given, spec);
}

/* ---- reading all of a list, without building it ------------------------------------------------
 */

static tren_status check_list(tren_builder *b, tren_yaml_node list, bool may_be_empty);

static tren_status check_branches(tren_builder *b, tren_yaml_node list) {
    if (tren_yaml_count(list) < 2)
        return fail(b, "has %d branches; give at least two lists of layers", tren_yaml_count(list));
    for (int i = 0; i < tren_yaml_count(list); i++) {
        tren_yaml_node branch = tren_yaml_item(list, i);
        mark m = enter_index(b, branch, i);
        if (!tren_yaml_is_list(branch))
            return fail(b, "a branch is a list of layers; write it in brackets, as in [conv: 8]");
        TREN_TRY(check_list(b, branch, true));
        leave(b, m);
    }
    return TREN_OK;
}

/* ".before", "[0]" of branches, or nothing for the key that may be left out. */
static mark enter_key(tren_builder *b, tren_yaml_node node, const tren_layer_kind *kind,
                      const char *key) {
    char part[32] = "";
    bool brief = kind->brief && strcmp(kind->brief, key) == 0;
    if (!brief) snprintf(part, sizeof part, "%s%s", *key == '[' ? "" : ".", key);
    return enter(b, node, part);
}

static tren_status check_nested(tren_builder *b, const tren_layer_kind *kind, const void *spec) {
    for (int i = 0; i < kind->n_options; i++) {
        tren_yaml_node list;
        const tren_option *option = &kind->option[i];
        if (!is_nested(option)) continue;
        memcpy(&list, (const char *)spec + option->at, sizeof list);
        if (!list.node) continue;
        mark m = enter_key(b, list, kind, option->key);
        TREN_TRY(option->type == TREN_OPTION_BRANCHES ? check_branches(b, list)
                                                      : check_list(b, list, false));
        leave(b, m);
    }
    return TREN_OK;
}

static tren_status check_item(tren_builder *b, tren_yaml_node node) {
    _Alignas(max_align_t) char spec[TREN_LAYER_SPEC];
    char part[64];
    item it;
    TREN_TRY(read_item(&it, b, node));
    snprintf(part, sizeof part, ".%s", it.kind->name);
    mark m = enter(b, node, part);
    TREN_TRY(read_options(b, &it, spec));
    TREN_TRY(check_nested(b, it.kind, spec));
    leave(b, m);
    return TREN_OK;
}

static tren_status check_list(tren_builder *b, tren_yaml_node list, bool may_be_empty) {
    int n = tren_yaml_count(list);
    if (n == 0 && !may_be_empty) return fail(b, "the list is empty; give at least one layer");
    for (int i = 0; i < n; i++) {
        mark m = enter_index(b, tren_yaml_item(list, i), i);
        TREN_TRY(check_item(b, tren_yaml_item(list, i)));
        leave(b, m);
    }
    return TREN_OK;
}

static void begin(tren_builder *b) {
    snprintf(b->path, sizeof b->path, "model.layers");
    b->line = 1;
    b->left = MAX_LAYERS;
}

tren_status tren_layers_check(const char *text, const char *where, const tren_config *config) {
    tren_builder b = {.config = config, .where = where};
    tren_yaml *yaml;
    begin(&b);
    if (!*text) return fail(&b, "the list is empty; give at least '- dense: outputs'");
    TREN_TRY(tren_yaml_open(&yaml, text, "model.layers"));
    tren_status st = check_list(&b, tren_yaml_root(yaml), false);
    tren_yaml_close(yaml);
    return st;
}

/* ---- building ---------------------------------------------------------------------------------
 */

/* The graph's error, made by a layer, gets the place of the layer in front. */
static void say_where(tren_builder *b) {
    tren_graph *g = b->graph;
    char at[PLACE], text[sizeof g->error];
    if (g->status != TREN_ERR_USAGE || b->placed || !*b->where) return;
    b->placed = true;
    snprintf(text, sizeof text, "%s", g->error);
    snprintf(g->error, sizeof g->error, "%s: %s", place(at, b), text);
}

static tren_layer *build_once(tren_builder *b, tren_layer *x, const item *it, const void *spec) {
    if (b->left-- <= 0)
        tren_graph_fail(b->graph, "more than %d layers in all; use fewer", MAX_LAYERS);
    b->kind = it->kind;
    if (b->graph->status == TREN_OK) x = it->kind->build(b, x, spec);
    say_where(b);
    return b->graph->status == TREN_OK ? x : NULL;
}

static tren_layer *build_item(tren_builder *b, tren_layer *x, tren_yaml_node node) {
    _Alignas(max_align_t) char spec[TREN_LAYER_SPEC];
    char part[64];
    item it;
    if (read_item(&it, b, node) != TREN_OK || read_options(b, &it, spec) != TREN_OK) {
        b->placed = true;
        return tren_graph_fail(b->graph, "%s", tren_error_text());
    }
    snprintf(part, sizeof part, ".%s", it.kind->name);
    mark m = enter(b, node, part);
    for (int k = 0; k < it.repeat && x; k++) x = build_once(b, x, &it, spec);
    leave(b, m);
    return x;
}

static tren_layer *build_list(tren_builder *b, tren_layer *x, tren_yaml_node list) {
    for (int i = 0; i < tren_yaml_count(list) && x; i++) {
        mark m = enter_index(b, tren_yaml_item(list, i), i);
        x = build_item(b, x, tren_yaml_item(list, i));
        leave(b, m);
    }
    return x;
}

tren_layer *tren_layers_nested(tren_builder *b, tren_layer *x, tren_yaml_node list,
                               const char *key) {
    const tren_layer_kind *kind = b->kind;
    mark m = enter_key(b, list, kind, key);
    x = build_list(b, x, list);
    leave(b, m);
    b->kind = kind;
    return x;
}

tren_layer *tren_layers_build(tren_builder *b, tren_layer *x, const char *text) {
    tren_yaml *yaml;
    begin(b);
    if (!x) return NULL;
    if (tren_yaml_open(&yaml, text, "model.layers") != TREN_OK)
        return tren_graph_fail(b->graph, "%s", tren_error_text());
    x = build_list(b, x, tren_yaml_root(yaml));
    tren_yaml_close(yaml);
    return x;
}
