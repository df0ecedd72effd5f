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

/* What a model of tokens can be trained on, and what it predicts. */
enum {
    TREN_READS_TEXTS = 1,   /* texts: the next token */
    TREN_READS_PAIRS = 2,   /* pairs of texts: the next token of the second text */
    TREN_READS_LABELED = 4, /* labeled texts: the label of the text */
    TREN_READS_NUMBERS = 8  /* also rows of numbers */
};

/* One const object per model file. A model is a list of layers (docs/networks.md), as text. */
typedef struct tren_model {
    const char *name, *help;
    const char *size; /* the keys that make it larger, for people */
    bool images;      /* it needs images */
    unsigned reads;   /* TREN_READS_... bits; 0: rows of numbers */
    void (*layers)(FILE *out,
                   const tren_config *config); /* NULL: the list is model.layers, or use `build` */
    /* For a network that is not a list: adds all layers, the loss last; errors stay in the
     * graph. */
    void (*build)(tren_graph *graph, const tren_config *config, const tren_dataset_info *info);
    /* Checks that give a better message than the layers would; errors stay in the graph. May be
     * NULL. */
    void (*check)(tren_graph *graph, const tren_config *config, const tren_dataset_info *info);
} tren_model;

extern const tren_model *const tren_models[]; /* NULL-terminated */

/* The model that the config names, or NULL. */
const tren_model *tren_model_find(const tren_config *config);
/* Checks that the model exists and that its list of layers is valid without a dataset.
 * TREN_ERR_USAGE. */
tren_status tren_model_check(const tren_config *config);
/* Writes the network as model.layers: sets this key and model.name, and resets the keys that no
 * longer have an effect. TREN_ERR_USAGE. */
tren_status tren_model_expand(tren_config *config);
/* Builds the model that the config names for this dataset; the caller closes the graph.
 * TREN_ERR_USAGE. */
tren_status tren_model_build(tren_graph **graph, const tren_config *config,
                             const tren_dataset_info *info);
/* For builders: adds the loss for this config and dataset after `output`. */
void tren_model_add_loss(tren_graph *graph, tren_layer *output, const tren_config *config,
                         const tren_dataset_info *info);
/* The input of a model of tokens, along axis 1 or 2. */
tren_layer *tren_model_tokens(tren_graph *graph, int axis, const tren_dataset_info *info);
/* Sets an error in the graph if n successive 2 x 2 max pools, which `key` requests, leave nothing
 * of an image. */
void tren_model_pools(tren_graph *graph, const char *key, int n, const tren_config *config,
                      const tren_dataset_info *info);
tren_init tren_model_init(const tren_config *config);
/* Units of the output layer: classes or targets. */
int tren_model_outputs(const tren_dataset_info *info);

/* ---- the language of model.layers (docs/networks.md): a YAML list of layers with their options.
 * The built-in models are such lists, too */

typedef struct tren_builder tren_builder; /* src/models/layers.h */
/* One const object per kind of layer: its table of options, from which parsing, errors and docs are
 * made, and the function that adds it to a graph. */
typedef struct tren_layer_kind {
    const char *name, *help;
    /* The keys of the map after the name. A value is stored at its offset in the spec; types LAYERS
     * and BRANCHES as a tren_yaml_node, which is empty if the key is not given. fallback NULL: the
     * key must be given; "null" in a choice: -1. `role` and `group` are not used. */
    const tren_option *option;
    int n_options;
    const char *brief; /* the key that a single value sets, as in "conv: 8"; NULL: none */
    /* Adds the layer to b->graph on x, which is not NULL; errors stay in the graph. */
    tren_layer *(*build)(tren_builder *b, tren_layer *x, const void *spec);
    const void *data; /* for `build`; depends on the kind only */
} tren_layer_kind;

extern const tren_layer_kind *const tren_layer_kinds[]; /* NULL-terminated */

/* ---- decoding: each token is predicted from those before it ---------------------------------- */

typedef struct tren_decoding {
    int most;    /* maximum number of output tokens */
    int beam;    /* number of hypotheses; 1: the most probable token each time, or a random one */
    int end;     /* the token that ends a hypothesis; -1: none */
    int skipped; /* tokens with smaller numbers are never output, except `end` */
    double temperature; /* 0: not random; else drawn from softmax(logits / temperature), only with
                           beam 1 */
    int top_k;          /* draw from this number of most probable tokens; 0: from all */
    uint64_t seed;
    uint32_t text;         /* number of the text: each has its own random draws */
    double length_penalty; /* A: the best has the largest log_probability / n^A */
} tren_decoding;

/* Output tokens, and the sum of the natural logarithms of their probabilities. */
typedef struct tren_hypothesis {
    int32_t *token; /* [n] not owned */
    int n;
    double log_probability;
    bool ended; /* by `end` */
} tren_hypothesis;

typedef struct tren_decoder tren_decoder;
/* For a network that predicts the next token along axis info->label_axis, with at most `beam`
 * hypotheses of at most `most` tokens. graph and value are not owned. */
tren_status tren_decoder_open(tren_decoder **decoder, const tren_graph *graph, real *value,
                              const tren_dataset_info *info, int beam, int most);
void tren_decoder_close(tren_decoder *decoder); /* accepts NULL */
/* Continues prompt [n_prompt], n_prompt > 0, until `most` tokens or `end`. source [n_source]: the
 * first text, for a model of pairs. If there are more tokens than the network can read, it reads
 * the last ones; but the target of a pair ends there, and of a source it reads the first ones.
 * Returns the hypotheses [beam], the best first, valid until the next call. Beam search keeps the
 * `beam` best ones; a hypothesis that has ended stays as it is. */
const tren_hypothesis *tren_decode(tren_decoder *decoder, const tren_decoding *how,
                                   const int32_t *prompt, int n_prompt, const int32_t *source,
                                   int n_source);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
