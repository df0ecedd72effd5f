/* A convolutional network by lists: stages of convolution, batch norm, activation and a 2 x 2
 * maximum, then dense layers. */
#include "models/layers.h"

static void check(tren_graph *g, const tren_config *config, const tren_dataset_info *info) {
    const tren_int_list *channels = &config->model.channels, *hidden = &config->model.hidden;
    if (config->model.kernel % 2 == 0)
        tren_graph_fail(g, "model.kernel: %d is even; use an odd number, such as 3 or 5",
                        config->model.kernel);
    if (config->dropout.n > 1 && config->dropout.n != hidden->n + 1)
        tren_graph_fail(g,
                        "dropout: %d rates for %d hidden layers; give none, one for all, or %d: "
                        "first the rate for the output of the stages",
                        config->dropout.n, hidden->n, hidden->n + 1);
    tren_model_pools(g, "model.channels", channels->n, config, info);
}

static void layers(FILE *out, const tren_config *config) {
    bool norm = config->model.norm == TREN_NORM_BATCH;
    const char *f = tren_activation_name[config->model.activation];
    for (int i = 0; i < config->model.channels.n; i++) {
        fprintf(out, "- conv: {channels: %d, kernel: %d%s", config->model.channels.at[i],
                config->model.kernel, norm ? ", norm: batch" : "");
        if (config->model.activation == TREN_IDENTITY)
            fprintf(out, "}\n- identity\n");
        else
            fprintf(out, ", activation: %s}\n", f);
        fprintf(out, "- max_pool: 2\n");
    }
    if (config->model.channels.n > 0) fprintf(out, "- flatten\n");
    tren_put_dense_layers(out, config);
}

const tren_model tren_model_cnn = {
    .name = "cnn",
    .help = "convolutional network: model.channels, model.kernel, model.norm, model.hidden, "
            "model.activation, dropout",
    .size = "model.channels, model.hidden",
    .images = true,
    .layers = layers,
    .check = check};
