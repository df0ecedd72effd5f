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

/* One const object per model file. build ends with the loss layer; errors stay in the graph. */
typedef struct tren_model {
    const char *name, *help;
    const char *size; /* the keys that make it larger, for people */
    bool tokens;      /* its rows are tokens, else numbers */
    void (*build)(tren_graph *graph, const tren_config *config, const tren_dataset_info *info);
} tren_model;

extern const tren_model *const tren_models[]; /* NULL-terminated */

/* The one that the config names, or NULL. */
const tren_model *tren_model_find(const tren_config *config);
/* Builds the model that the config names for this dataset; the caller closes the graph.
 * TREN_ERR_USAGE. */
tren_status tren_model_build(tren_graph **graph, const tren_config *config,
                             const tren_dataset_info *info);
/* For builders: the loss that config and dataset ask for, on top of `output`. */
void tren_model_add_loss(tren_graph *graph, tren_layer *output, const tren_config *config,
                         const tren_dataset_info *info);
/* The input of a model of images: fails where the dataset is a table. */
tren_layer *tren_model_images(tren_graph *graph, const tren_config *config,
                              const tren_dataset_info *info);
/* The input of a model of tokens, along axis 1 or 2; fails where the dataset has no such axis, or
 * labels rows and not tokens (axis 0). */
tren_layer *tren_model_tokens(tren_graph *graph, int axis, const tren_config *config,
                              const tren_dataset_info *info);
/* Fails where n maxima of 2 x 2 in a row, asked for by `key`, leave nothing of an image. */
void tren_model_pools(tren_graph *graph, const char *key, int n, const tren_config *config,
                      const tren_dataset_info *info);
/* Fails where the config asks a model for dropout that has none. */
void tren_model_no_dropout(tren_graph *graph, const tren_config *config);
const tren_activation *tren_model_activation(const tren_config *config);
tren_init tren_model_init(const tren_config *config);
/* Units of the output layer: classes or targets. */
int tren_model_outputs(const tren_dataset_info *info);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
