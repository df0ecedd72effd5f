/* The 5-layer network of Nakkiran et al. 2019 (arXiv 1912.02292): four times 3 x 3 convolution with
 * bias, batch norm, relu, with k, 2k, 4k, 8k channels and maximum pools of none, 2, 2 and what is
 * left; then linear. */
#include "models/layers.h"

static void check(tren_graph *g, const tren_config *config, const tren_dataset_info *info) {
    tren_model_pools(g, "model.name: cnn5", 2, config, info);
}

static void layers(FILE *out, const tren_config *config) {
    for (int i = 0; i < 4; i++) {
        fprintf(out, "- conv: {channels: %d, bias: true, norm: batch, activation: relu}\n",
                config->model.width << i);
        if (i == 1 || i == 2) fprintf(out, "- max_pool: 2\n");
    }
    fprintf(out, "- global_max_pool\n- dense: outputs\n");
}

const tren_model tren_model_cnn5 = {.name = "cnn5",
                                    .help = "5-layer convolutional network: model.width",
                                    .size = "model.width",
                                    .images = true,
                                    .layers = layers,
                                    .check = check};
