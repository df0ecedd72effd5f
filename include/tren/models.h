/* Models: networks by name, composed from layers. Not collective. */
#ifndef TREN_MODELS_H
#define TREN_MODELS_H

#include "tren/config.h"
#include "tren/data.h"
#include "tren/nn.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* One const object per model file. A model is a list of layers (docs/networks.md), as text. */
typedef struct tren_model {
    const char *name, *help;
    const char *size; /* the keys that make it larger, for people */
    bool images;      /* it cannot take tables */
    void (*layers)(FILE *out, const tren_config *config); /* NULL: model.layers has them */
    /* What the layers would not say as well; errors stay in the graph. May be NULL. */
    void (*check)(tren_graph *graph, const tren_config *config, const tren_dataset_info *info);
} tren_model;

extern const tren_model *const tren_models[]; /* NULL-terminated */

/* The one that the config names, or NULL. */
const tren_model *tren_model_find(const tren_config *config);
/* The model exists, and what its list says by itself is right. TREN_ERR_USAGE. */
tren_status tren_model_check(const tren_config *config);
/* The same network by model.layers: sets that key and model.name, and the keys that act no more to
 * their defaults. TREN_ERR_USAGE. */
tren_status tren_model_expand(tren_config *config);
/* Builds the model that the config names for this dataset; the caller closes the graph.
 * TREN_ERR_USAGE. */
tren_status tren_model_build(tren_graph **graph, const tren_config *config,
                             const tren_dataset_info *info);
/* For builders: the loss that config and dataset ask for, on top of `output`. */
void tren_model_add_loss(tren_graph *graph, tren_layer *output, const tren_config *config,
                         const tren_dataset_info *info);
/* Fails where n maxima of 2 x 2 in a row, asked for by `key`, leave nothing of an image. */
void tren_model_pools(tren_graph *graph, const char *key, int n, const tren_config *config,
                      const tren_dataset_info *info);
tren_init tren_model_init(const tren_config *config);
/* Units of the output layer: classes or targets. */
int tren_model_outputs(const tren_dataset_info *info);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
