/* The encoder-decoder of Vaswani et al. 2017: post-norm blocks, relu, sinusoidal positions, and one
 * table for the embeddings of both sides and the output layer. */
#include "models/transformer.h"

#include <math.h>

static tren_layer *embed(const tren_transformer *t, tren_layer *tokens, int vocabulary,
                         tren_layer *tied) {
    tren_embedding_spec spec = {
        .vocabulary = vocabulary, .width = t->width, .init = t->init, .tied = tied};
    return tren_embedding(t->graph, tokens, spec);
}

static tren_layer *place(const tren_transformer *t, tren_layer *x) {
    x = tren_sinusoid(t->graph, x, sqrt((double)t->width));
    return tren_dropout(t->graph, x, t->dropout);
}

static void build(tren_graph *g, const tren_config *config, const tren_dataset_info *info) {
    int depth = config->model.depth;
    tren_transformer t = {.graph = g,
                          .width = config->model.width,
                          .heads = config->model.heads,
                          .feed_forward = tren_transformer_feed_forward(config),
                          .activation = &tren_relu,
                          .init = tren_model_init(config),
                          .dropout = tren_config_dropout(config, 1)};
    tren_layer *source = tren_model_tokens(g, 1, info), *target = tren_model_tokens(g, 2, info);
    tren_layer *shared = embed(&t, source, info->vocabulary, NULL), *memory = place(&t, shared);
    for (int i = 0; i < depth; i++)
        memory = tren_transformer_feed(&t, tren_transformer_self(&t, memory, false));
    tren_layer *x = place(&t, embed(&t, target, info->vocabulary, shared));
    for (int i = 0; i < depth; i++) {
        x = tren_transformer_self(&t, x, true);
        x = tren_transformer_feed(&t, tren_transformer_cross(&t, x, memory));
    }
    tren_dense_spec head = {
        .out = info->vocabulary, .f = &tren_identity, .no_bias = true, .tied = shared};
    tren_model_add_loss(g, tren_dense_with(g, x, head), config, info);
}

const tren_model tren_model_seq2seq = {.name = "seq2seq",
                                       .help =
                                           "encoder-decoder: model.width, model.heads, model.depth "
                                           "(of each part), model.feed_forward, dropout",
                                       .size = "model.width, model.depth",
                                       .reads = TREN_READS_PAIRS,
                                       .build = build,
                                       .check = tren_transformer_check};
