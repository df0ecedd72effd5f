/* A multilayer perceptron of each token by itself: what comes next is told from one token and its
 * place. Of pairs it reads the target alone. */
#include "models/layers.h"

static void put_layers(FILE *out, const tren_config *config) {
    const tren_int_list *hidden = &config->model.hidden;
    double rate = tren_config_dropout(config, 1);
    fprintf(out, "- embedding: %d\n- positions\n", hidden->at[0]);
    for (int i = 1; i < hidden->n; i++) {
        tren_put_dropout(out, rate);
        fprintf(out, "- dense: {units: %d, activation: %s}\n", hidden->at[i],
                tren_activation_name[config->model.activation]);
    }
    tren_put_dropout(out, rate);
    fprintf(out, "- dense: outputs\n");
}

static void check(tren_graph *g, const tren_config *config, const tren_dataset_info *info) {
    (void)info;
    if (config->model.hidden.n == 0)
        tren_graph_fail(g, "model.hidden: [] gives token_mlp no embedding; give its width first, "
                           "such as [64] or [64, 128]");
    if (config->dropout.n > 1)
        tren_graph_fail(g, "dropout: %d rates for token_mlp; give one rate for all layers",
                        config->dropout.n);
}

const tren_model tren_model_token_mlp = {
    .name = "token_mlp",
    .help = "for each token separately: model.hidden (the width of the embedding, then dense "
            "layers), model.activation, dropout",
    .size = "model.hidden",
    .reads = TREN_READS_TEXTS | TREN_READS_PAIRS,
    .layers = put_layers,
    .check = check};
