/* A list of layers: checked, then built. */
#include "models/layers_read.h"

#include <string.h>

enum { MAX_LAYERS = 4096 };

/* ---- reading all of a list, without building it ------------------------------------------------
 */

static tren_status check_list(tren_builder *b, tren_yaml_node list, bool may_be_empty);

static tren_status check_branches(tren_builder *b, tren_yaml_node list) {
    if (tren_yaml_count(list) < 2)
        return layers_fail(b, "needs at least two lists of layers, but has %d",
                           tren_yaml_count(list));
    for (int i = 0; i < tren_yaml_count(list); i++) {
        tren_yaml_node branch = tren_yaml_item(list, i);
        layers_mark m = layers_enter_index(b, branch, i);
        if (!tren_yaml_is_list(branch))
            return layers_fail(
                b, "a branch is a list of layers; write it in brackets, as in [conv: 8]");
        TREN_TRY(check_list(b, branch, true));
        layers_leave(b, m);
    }
    return TREN_OK;
}

static tren_status check_nested(tren_builder *b, const tren_layer_kind *kind, const void *spec) {
    for (int i = 0; i < kind->n_options; i++) {
        tren_yaml_node list;
        const tren_option *option = &kind->option[i];
        if (!layers_is_nested(option)) continue;
        memcpy(&list, (const char *)spec + option->at, sizeof list);
        if (!list.node) continue;
        layers_mark m = layers_enter_key(b, list, kind, option->key);
        TREN_TRY(option->type == TREN_OPTION_BRANCHES ? check_branches(b, list)
                                                      : check_list(b, list, false));
        layers_leave(b, m);
    }
    return TREN_OK;
}

static tren_status check_item(tren_builder *b, tren_yaml_node node) {
    _Alignas(max_align_t) char spec[TREN_LAYER_SPEC];
    char part[64];
    layers_item it;
    TREN_TRY(layers_read_item(&it, b, node));
    snprintf(part, sizeof part, ".%s", it.kind->name);
    layers_mark m = layers_enter(b, node, part);
    TREN_TRY(layers_read_options(b, &it, spec));
    TREN_TRY(check_nested(b, it.kind, spec));
    layers_leave(b, m);
    return TREN_OK;
}

static tren_status check_list(tren_builder *b, tren_yaml_node list, bool may_be_empty) {
    int n = tren_yaml_count(list);
    if (n == 0 && !may_be_empty)
        return layers_fail(b, "the list is empty; give at least one layer");
    for (int i = 0; i < n; i++) {
        layers_mark m = layers_enter_index(b, tren_yaml_item(list, i), i);
        TREN_TRY(check_item(b, tren_yaml_item(list, i)));
        layers_leave(b, m);
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
    if (!*text) return layers_fail(&b, "the list is empty; give at least '- dense: outputs'");
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
    char at[LAYERS_PLACE], text[sizeof g->error];
    if (g->status != TREN_ERR_USAGE || b->placed || !*b->where) return;
    b->placed = true;
    snprintf(text, sizeof text, "%s", g->error);
    snprintf(g->error, sizeof g->error, "%s: %s", layers_place(at, b), text);
}

/* The layers from index `first` on that have no place yet are those of the layer in work. */
static void set_places(const tren_builder *b, int first) {
    for (int i = first; i < b->graph->n_layers && *b->where; i++) {
        tren_layer *l = b->graph->layer[i];
        const char *path = b->path + strlen("model.layers");
        size_t n = strlen(path), room = sizeof l->place - strlen("...");
        bool fits = n < sizeof l->place;
        if (!*l->place)
            snprintf(l->place, sizeof l->place, "%s%s", fits ? "" : "...",
                     fits ? path : path + n - room + 1);
    }
}

static tren_layer *build_once(tren_builder *b, tren_layer *x, const layers_item *it,
                              const void *spec) {
    if (b->left-- <= 0)
        tren_graph_fail(b->graph, "more than %d layers in total; use fewer", MAX_LAYERS);
    int first = b->graph->n_layers;
    b->kind = it->kind;
    if (b->graph->status == TREN_OK) x = it->kind->build(b, x, spec);
    set_places(b, first);
    say_where(b);
    return b->graph->status == TREN_OK ? x : NULL;
}

/* This thread's error becomes the graph's. */
static tren_layer *fail_with(tren_builder *b, tren_status status) {
    b->placed = true;
    tren_graph_fail(b->graph, "%s", tren_error_text());
    b->graph->status = status;
    return NULL;
}

static tren_layer *build_item(tren_builder *b, tren_layer *x, tren_yaml_node node) {
    _Alignas(max_align_t) char spec[TREN_LAYER_SPEC];
    char part[64];
    layers_item it;
    tren_status st = layers_read_item(&it, b, node);
    if (st == TREN_OK) st = layers_read_options(b, &it, spec);
    if (st != TREN_OK) return fail_with(b, st);
    snprintf(part, sizeof part, ".%s", it.kind->name);
    layers_mark m = layers_enter(b, node, part);
    for (int k = 0; k < it.repeat && x; k++) x = build_once(b, x, &it, spec);
    layers_leave(b, m);
    return x;
}

static tren_layer *build_list(tren_builder *b, tren_layer *x, tren_yaml_node list) {
    for (int i = 0; i < tren_yaml_count(list) && x; i++) {
        layers_mark m = layers_enter_index(b, tren_yaml_item(list, i), i);
        x = build_item(b, x, tren_yaml_item(list, i));
        layers_leave(b, m);
    }
    return x;
}

tren_layer *tren_layers_nested(tren_builder *b, tren_layer *x, tren_yaml_node list,
                               const char *key) {
    const tren_layer_kind *kind = b->kind;
    layers_mark m = layers_enter_key(b, list, kind, key);
    x = build_list(b, x, list);
    layers_leave(b, m);
    b->kind = kind;
    return x;
}

/* An output that does not fit the data is told at the place of the last layer. */
static tren_layer *end_list(tren_builder *b, tren_layer *x, tren_yaml_node list) {
    char part[64];
    layers_item it;
    int last = tren_yaml_count(list) - 1;
    tren_yaml_node node = tren_yaml_item(list, last);
    if (!x || layers_read_item(&it, b, node) != TREN_OK) return x;
    layers_mark m = layers_enter_index(b, node, last);
    snprintf(part, sizeof part, ".%s", it.kind->name);
    layers_enter(b, node, part);
    x = tren_layers_end(b, x);
    say_where(b);
    layers_leave(b, m);
    return x;
}

tren_layer *tren_layers_build(tren_builder *b, tren_layer *x, const char *text) {
    tren_yaml *yaml;
    begin(b);
    if (!x) return NULL;
    tren_status st = tren_yaml_open(&yaml, text, "model.layers");
    if (st != TREN_OK) return fail_with(b, st);
    x = end_list(b, build_list(b, x, tren_yaml_root(yaml)), tren_yaml_root(yaml));
    tren_yaml_close(yaml);
    return x;
}
