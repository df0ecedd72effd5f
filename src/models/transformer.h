/* Private to models: what transformers are made of (Vaswani et al. 2017). A block is a residual
 * around a function f of its input x, with dropout of what f gives: x + f(norm(x)) with pre_norm
 * (Xiong et al. 2020), else norm(x + f(x)). */
#ifndef TREN_MODELS_TRANSFORMER_H
#define TREN_MODELS_TRANSFORMER_H

#include "tren/models.h"

typedef struct tren_transformer {
    tren_graph *graph; /* not owned */
    int width, heads, depth, feed_forward;
    const tren_activation *activation; /* between the two dense layers of feed_forward */
    tren_init init;
    double dropout;
    bool pre_norm;
} tren_transformer;

/* What the config says; errors in the graph where it does not fit. */
void tren_transformer_open(tren_transformer *t, tren_graph *graph, const tren_config *config);
tren_layer *tren_transformer_self(const tren_transformer *t, tren_layer *x, bool causal);
tren_layer *tren_transformer_cross(const tren_transformer *t, tren_layer *x, tren_layer *memory);
tren_layer *tren_transformer_feed(const tren_transformer *t, tren_layer *x);
/* Embedding and learned positions of token numbers, then `depth` times self-attention and
 * feed-forward, then a last norm. embedding: that layer. */
tren_layer *tren_transformer_stack(const tren_transformer *t, tren_layer **embedding,
                                   tren_layer *tokens, int vocabulary, bool causal);

#endif
