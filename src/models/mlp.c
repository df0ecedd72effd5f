/* Multilayer perceptron: input - [dropout] - dense f - [dropout] - dense f ... - dense. hidden: []
 * is softmax (or linear) regression. */
#include "tren/models.h"

/* dropout: [] none; [r] r on every hidden layer's output; else one rate for the input and for each
 * hidden layer. */
static double rate_before(const tren_config *config, int dense) {
    const tren_real_list *rate = &config->dropout;
    if (rate->n == 0) return 0;
    if (rate->n == 1) return dense == 0 ? 0 : rate->at[0];
    return dense < rate->n ? rate->at[dense] : 0;
}

static void build(tren_graph *g, const tren_config *config, const tren_dataset_info *info) {
    const tren_int_list *hidden = &config->model.hidden;
    if (config->dropout.n > 1 && config->dropout.n != hidden->n + 1)
        tren_graph_fail(g,
                        "dropout: %d rates for %d hidden layers; give none, one for all hidden "
                        "layers, or %d: the "
                        "input's first",
                        config->dropout.n, hidden->n, hidden->n + 1);
    tren_layer *x = tren_input(g, info->shape);
    for (int i = 0; i < hidden->n; i++) {
        x = tren_dropout(g, x, rate_before(config, i));
        x = tren_dense(g, x, hidden->at[i], tren_model_activation(config), tren_model_init(config));
    }
    x = tren_dropout(g, x, rate_before(config, hidden->n));
    x = tren_dense(g, x, tren_model_outputs(info), &tren_identity, tren_model_init(config));
    tren_model_add_loss(g, x, config, info);
}

const tren_model tren_model_mlp = {
    .name = "mlp",
    .help = "multilayer perceptron: model.hidden, model.activation, dropout",
    .size = "model.hidden",
    .build = build};
