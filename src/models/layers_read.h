/* Private to layers.c: reading the entries of a list. Errors are TREN_ERR_USAGE, with the place of
 * the layer in front. */
#ifndef TREN_MODELS_LAYERS_READ_H
#define TREN_MODELS_LAYERS_READ_H

#include "models/layers.h"

enum { LAYERS_PLACE = TREN_MAX_PATH + 640 };

/* "run.yaml:14: model.layers[1].conv" */
const char *layers_place(char out[LAYERS_PLACE], const tren_builder *b);
tren_status layers_fail(const tren_builder *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The path is longer, and the line another, until layers_leave. */
typedef struct layers_mark {
    size_t length;
    int line;
} layers_mark;

layers_mark layers_enter(tren_builder *b, tren_yaml_node node, const char *part);
layers_mark layers_enter_index(tren_builder *b, tren_yaml_node node, int i);
/* ".before", "[0]" of branches, or nothing for the key that may be left out. */
layers_mark layers_enter_key(tren_builder *b, tren_yaml_node node, const tren_layer_kind *kind,
                             const char *key);
void layers_leave(tren_builder *b, layers_mark mark);

typedef struct layers_item {
    const tren_layer_kind *kind;
    tren_yaml_node value; /* what follows the name; may have no node */
    int repeat;
} layers_item;

/* "relu", "conv: {channels: 8}", or "repeat: 3" beside such a pair. */
tren_status layers_read_item(layers_item *out, const tren_builder *b, tren_yaml_node node);
/* spec [TREN_LAYER_SPEC] */
tren_status layers_read_options(tren_builder *b, const layers_item *item, void *spec);
bool layers_is_nested(const tren_option *option);

#endif
