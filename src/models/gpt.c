/* A language model (Radford et al. 2019): a decoder of pre-norm blocks with learned positions,
 * whose output layer is the embedding's table. It predicts the next token at each place of a row.
 */
#include "models/transformer.h"

static void put_layers(FILE *out, const tren_config *config) {
    tren_transformer_put(out, config, true);
    fprintf(out, "- dense: {units: outputs, tied: true, bias: false}\n");
}

const tren_model tren_model_gpt = {
    .name = "gpt",
    .help = "language model: model.width, model.heads, model.depth, model.feed_forward, dropout",
    .size = "model.width, model.depth",
    .reads = TREN_READS_TEXTS,
    .layers = put_layers,
    .check = tren_transformer_check};
