/* Pre-activation ResNet18 (He et al. 2016, arXiv 1603.05027) with widths k, 2k, 4k, 8k, as in
 * Nakkiran et al. 2019: a 3 x 3 stem, four stages of two blocks at strides 1, 2, 2, 2, no norm
 * after the last block, global average, linear. */
#include "models/layers.h"

/* h = relu(bn(x)); y = conv(relu(bn(conv(h)))) + (x, or a 1 x 1 convolution of h). */
static void put_block(FILE *out, int channels, int stride) {
    fprintf(out, "- residual:\n    before: [batch_norm: relu]\n");
    if (stride > 1)
        fprintf(out,
                "    shortcut: [conv: {channels: %d, kernel: 1, stride: %d, bias: false}]\n"
                "    layers:\n"
                "      - conv: {channels: %d, stride: %d, norm: batch, activation: relu}\n",
                channels, stride, channels, stride);
    else
        fprintf(out, "    layers:\n      - conv: {channels: %d, norm: batch, activation: relu}\n",
                channels);
    fprintf(out, "      - conv: {channels: %d, bias: false}\n", channels);
}

static void layers(FILE *out, const tren_config *config) {
    int k = config->model.width;
    fprintf(out, "- conv: {channels: %d, bias: false}\n", k);
    for (int stage = 0; stage < 4; stage++)
        for (int i = 0; i < 2; i++) put_block(out, k << stage, stage > 0 && i == 0 ? 2 : 1);
    fprintf(out, "- global_average_pool\n- dense: outputs\n");
}

const tren_model tren_model_resnet18 = {.name = "resnet18",
                                        .help = "pre-activation ResNet18: model.width",
                                        .size = "model.width",
                                        .images = true,
                                        .layers = layers};
