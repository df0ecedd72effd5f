/* A convolutional network by lists: stages of convolution, batch norm, activation and a 2 x 2
 * maximum, then dense layers. */
#include "tren/models.h"

static tren_layer *stage(tren_graph *g, tren_layer *x, int channels, const tren_config *c) {
    int kernel = c->model.kernel;
    bool norm = c->model.norm == TREN_NORM_BATCH, relu = c->model.activation == TREN_RELU;
    tren_conv_spec conv = {
        .channels = channels, .kernel = kernel, .stride = 1, .pad = kernel / 2, .bias = !norm};
    x = tren_conv2d(g, x, conv, tren_model_init(c));
    if (norm) x = tren_batch_norm(g, x, relu);
    if (!norm || !relu) x = tren_activate(g, x, tren_model_activation(c));
    return tren_max_pool(g, x, 2, 2);
}

static void build(tren_graph *g, const tren_config *config, const tren_dataset_info *info) {
    const tren_int_list *channels = &config->model.channels, *hidden = &config->model.hidden;
    if (config->model.kernel % 2 == 0)
        tren_graph_fail(g, "model.kernel: %d is even; use an odd number, like 3 or 5",
                        config->model.kernel);
    if (config->dropout.n > 1 && config->dropout.n != hidden->n + 1)
        tren_graph_fail(g,
                        "dropout: %d rates for %d hidden layers; give none, one for all, or %d: "
                        "that of what the stages put out first",
                        config->dropout.n, hidden->n, hidden->n + 1);
    tren_model_pools(g, "model.channels", channels->n, config, info);
    tren_layer *x = tren_model_images(g, config, info);
    for (int i = 0; i < channels->n; i++) x = stage(g, x, channels->at[i], config);
    for (int i = 0; i < hidden->n; i++) {
        x = tren_dropout(g, x, tren_config_dropout(config, i));
        x = tren_dense(g, x, hidden->at[i], tren_model_activation(config), tren_model_init(config));
    }
    x = tren_dropout(g, x, tren_config_dropout(config, hidden->n));
    x = tren_dense(g, x, tren_model_outputs(info), &tren_identity, tren_model_init(config));
    tren_model_add_loss(g, x, config, info);
}

const tren_model tren_model_cnn = {
    .name = "cnn",
    .help = "convolutional network: model.channels, model.kernel, model.norm, model.hidden, "
            "model.activation, dropout",
    .size = "model.channels, model.hidden",
    .build = build};
