/* A classifier of sequences: an encoder of pre-norm blocks with learned positions, the mean over
 * the tokens of a row, and a dense layer. */
#include "models/transformer.h"

static void put_layers(FILE *out, const tren_config *config) {
    tren_transformer_put(out, config, false);
    fprintf(out, "- token_mean\n- dense: outputs\n");
}

const tren_model tren_model_encoder = {
    .name = "encoder",
    .help = "classifier of sequences: model.width, model.heads, model.depth, model.feed_forward, "
            "dropout",
    .size = "model.width, model.depth",
    .reads = TREN_READS_LABELED,
    .layers = put_layers,
    .check = tren_transformer_check};
