/* Private to models: from a list of layers to a graph. Not collective. */
#ifndef TREN_MODELS_LAYERS_H
#define TREN_MODELS_LAYERS_H

#include "base/yaml_tree.h"
#include "tren/models.h"

/* While a list becomes layers of a graph. */
struct tren_builder {
    tren_graph *graph; /* not owned */
    const tren_config *config;
    tren_dataset_info info;
    const char *where;     /* where the list stands: "run.yaml:12"; "": it is a built-in model's */
    char path[512];        /* of the layer in work: "model.layers[1].residual[0].conv" */
    int line;              /* where it stands, counted from 1 in the list */
    tren_layer *embedding; /* the last one, whose table others may share; NULL: there is none */
    int left;              /* layers that may still be added */
    bool placed;           /* the graph's error says where */
    const tren_layer_kind *kind; /* of the layer in work */
};

enum { TREN_LAYER_SPEC = 256 }; /* bytes of a spec, at most */

/* Reads the list without building it. TREN_ERR_USAGE, "WHERE: PATH: ...". */
tren_status tren_layers_check(const char *text, const char *where, const tren_config *config);
/* Adds the layers of a list that was checked to the graph, on x; returns the last one. */
tren_layer *tren_layers_build(tren_builder *b, tren_layer *x, const char *text);
/* What the last layer gives must be what the dataset asks for. Returns x. */
tren_layer *tren_layers_end(tren_builder *b, tren_layer *x);
/* For kinds that hold lists: the layers of one, given by `key`. Without a node, or empty: x. */
tren_layer *tren_layers_nested(tren_builder *b, tren_layer *x, tren_yaml_node list,
                               const char *key);

/* A layer of dropout as text; rate 0: none. */
void tren_put_dropout(FILE *out, double rate);
/* Dense layers as the config has them (model.hidden, model.activation, dropout), as text. */
void tren_put_dense_layers(FILE *out, const tren_config *config);

/* A whole table of options: .option = TABLE(dense_options) */
#define TREN_OPTIONS_OF(table)                                                                     \
    .option = (table), .n_options = (int)(sizeof(table) / sizeof *(table))

#endif
