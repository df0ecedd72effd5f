/* A language model (Radford et al. 2019): a decoder of pre-norm blocks with learned positions,
 * whose output layer is the embedding's table. It predicts the next token at each place of a row.
 */
#include "models/transformer.h"

static void build(tren_graph *g, const tren_config *config, const tren_dataset_info *info) {
    tren_transformer t;
    tren_layer *embedding;
    tren_transformer_open(&t, g, config);
    t.pre_norm = true;
    t.activation = &tren_gelu;
    tren_layer *x = tren_model_tokens(g, 1, info);
    x = tren_transformer_stack(&t, &embedding, x, info->vocabulary, true);
    tren_dense_spec head = {
        .out = info->vocabulary, .f = &tren_identity, .no_bias = true, .tied = embedding};
    tren_model_add_loss(g, tren_dense_with(g, x, head), config, info);
}

const tren_model tren_model_gpt = {
    .name = "gpt",
    .help = "language model: model.width, model.heads, model.depth, model.feed_forward, dropout",
    .size = "model.width, model.depth",
    .reads = TREN_READS_TEXTS,
    .build = build};
