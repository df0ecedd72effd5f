/* The 5-layer network of Nakkiran et al. 2019 (arXiv 1912.02292): four times 3 x 3 convolution with
 * bias, batch norm, relu, with k, 2k, 4k, 8k channels and maximum pools of none, 2, 2 and what is
 * left; then linear. */
#include "tren/models.h"

static void build(tren_graph *g, const tren_config *config, const tren_dataset_info *info) {
    int k = config->model.width;
    tren_model_no_dropout(g, config);
    tren_model_pools(g, "model.name: cnn5", 2, config, info);
    tren_layer *x = tren_model_images(g, config, info);
    for (int i = 0; i < 4; i++) {
        tren_conv_spec conv = {
            .channels = k << i, .kernel = 3, .stride = 1, .pad = 1, .bias = true};
        x = tren_conv2d(g, x, conv, tren_model_init(config));
        x = tren_batch_norm(g, x, true);
        if (i == 1 || i == 2) x = tren_max_pool(g, x, 2, 2);
    }
    x = tren_global_max_pool(g, x);
    x = tren_dense(g, x, tren_model_outputs(info), &tren_identity, tren_model_init(config));
    tren_model_add_loss(g, x, config, info);
}

const tren_model tren_model_cnn5 = {.name = "cnn5",
                                    .help = "5-layer convolutional network: model.width",
                                    .size = "model.width",
                                    .build = build};
