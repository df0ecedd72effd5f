/* Private to models: what transformers are made of (Vaswani et al. 2017). A block is a residual
 * around a function f of its input x, with dropout of what f gives: x + f(norm(x)) with pre_norm
 * (Xiong et al. 2020), else norm(x + f(x)). */
#ifndef TREN_MODELS_TRANSFORMER_H
#define TREN_MODELS_TRANSFORMER_H

#include "models/layers.h"

typedef struct tren_transformer {
    tren_graph *graph; /* not owned */
    int width, heads, feed_forward;
    const tren_activation *activation; /* between the two dense layers of feed_forward */
    tren_init init;
    double dropout;
    bool pre_norm;
} tren_transformer;

tren_layer *tren_transformer_self(const tren_transformer *t, tren_layer *x, bool causal);
tren_layer *tren_transformer_cross(const tren_transformer *t, tren_layer *x, tren_layer *memory);
tren_layer *tren_transformer_feed(const tren_transformer *t, tren_layer *x);

/* Of models: do their keys fit? Errors stay in the graph. */
void tren_transformer_check(tren_graph *graph, const tren_config *config,
                            const tren_dataset_info *info);
int tren_transformer_feed_forward(const tren_config *config);
/* As a list: embedding, learned positions, `depth` blocks, a last norm. */
void tren_transformer_put(FILE *out, const tren_config *config, bool causal);

#endif
