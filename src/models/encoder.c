/* A classifier of sequences: an encoder of pre-norm blocks with learned positions, the mean over
 * the tokens of a row, and a dense layer. */
#include "models/transformer.h"

static void build(tren_graph *g, const tren_config *config, const tren_dataset_info *info) {
    tren_transformer t;
    tren_layer *embedding;
    tren_transformer_open(&t, g, config);
    t.pre_norm = true;
    t.activation = &tren_gelu;
    tren_layer *x = tren_model_tokens(g, 1, info);
    x = tren_transformer_stack(&t, &embedding, x, info->vocabulary, false);
    x = tren_token_mean(g, x);
    x = tren_dense(g, x, tren_model_outputs(info), &tren_identity, t.init);
    tren_model_add_loss(g, x, config, info);
}

const tren_model tren_model_encoder = {
    .name = "encoder",
    .help = "classifier of sequences: model.width, model.heads, model.depth, model.feed_forward, "
            "dropout",
    .size = "model.width, model.depth",
    .reads = TREN_READS_LABELED,
    .build = build};
