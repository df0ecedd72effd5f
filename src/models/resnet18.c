/* Pre-activation ResNet18 (He et al. 2016, arXiv 1603.05027) with widths k, 2k, 4k, 8k, as in
 * Nakkiran et al. 2019: a 3 x 3 stem, four stages of two blocks at strides 1, 2, 2, 2, no norm
 * after the last block, global average, linear. */
#include "tren/models.h"

static tren_layer *conv(tren_graph *g, tren_layer *x, tren_conv_spec spec, const tren_config *c) {
    return tren_conv2d(g, x, spec, tren_model_init(c));
}

/* h = relu(bn(x)); y = conv(relu(bn(conv(h)))) + (x, or a 1 x 1 convolution of h). */
static tren_layer *block(tren_graph *g, tren_layer *x, int channels, int stride,
                         const tren_config *c) {
    if (!x) return NULL;
    tren_conv_spec first = {.channels = channels, .kernel = 3, .stride = stride, .pad = 1};
    tren_conv_spec second = {.channels = channels, .kernel = 3, .stride = 1, .pad = 1};
    tren_conv_spec across = {.channels = channels, .kernel = 1, .stride = stride};
    bool changes = stride != 1 || x->out.c != channels;
    tren_layer *h = tren_batch_norm(g, x, true);
    tren_layer *past = changes ? conv(g, h, across, c) : x;
    h = conv(g, h, first, c);
    h = tren_batch_norm(g, h, true);
    h = conv(g, h, second, c);
    return tren_add_layers(g, h, past);
}

static void build(tren_graph *g, const tren_config *config, const tren_dataset_info *info) {
    int k = config->model.width;
    tren_conv_spec stem = {.channels = k, .kernel = 3, .stride = 1, .pad = 1};
    tren_model_no_dropout(g, config);
    tren_layer *x = conv(g, tren_model_images(g, config, info), stem, config);
    for (int stage = 0; stage < 4; stage++)
        for (int i = 0; i < 2; i++)
            x = block(g, x, k << stage, stage > 0 && i == 0 ? 2 : 1, config);
    x = tren_global_average_pool(g, x);
    x = tren_dense(g, x, tren_model_outputs(info), &tren_identity, tren_model_init(config));
    tren_model_add_loss(g, x, config, info);
}

const tren_model tren_model_resnet18 = {.name = "resnet18",
                                        .help = "pre-activation ResNet18: model.width",
                                        .size = "model.width",
                                        .build = build};
