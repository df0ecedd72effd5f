/* Multilayer perceptron: input - [dropout] - dense f - [dropout] - dense f ... - dense. hidden: []
 * is softmax (or linear) regression. */
#include "models/layers.h"

static void check(tren_graph *g, const tren_config *config, const tren_dataset_info *info) {
    (void)info;
    const tren_int_list *hidden = &config->model.hidden;
    if (config->dropout.n > 1 && config->dropout.n != hidden->n + 1)
        tren_graph_fail(g,
                        "dropout: %d rates for %d hidden layers; give none, one for all hidden "
                        "layers, or %d: first the rate for the input",
                        config->dropout.n, hidden->n, hidden->n + 1);
}

const tren_model tren_model_mlp = {
    .name = "mlp",
    .help = "multilayer perceptron: model.hidden, model.activation, dropout",
    .size = "model.hidden",
    .layers = tren_put_dense_layers,
    .check = check};
