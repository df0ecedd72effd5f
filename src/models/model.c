#include "tren/models.h"

#include <string.h>

extern const tren_model tren_model_mlp, tren_model_cnn, tren_model_cnn5, tren_model_resnet18,
    tren_model_gpt, tren_model_encoder, tren_model_seq2seq, tren_model_token_mlp;

const tren_model *const tren_models[] = {
    &tren_model_mlp,      &tren_model_cnn,       &tren_model_cnn5,
    &tren_model_resnet18, &tren_model_gpt,       &tren_model_encoder,
    &tren_model_seq2seq,  &tren_model_token_mlp, NULL};

const tren_activation *tren_model_activation(const tren_config *config) {
    static const tren_activation *const activation[] = {&tren_identity, &tren_relu, &tren_tanh,
                                                        &tren_gelu};
    return activation[config->model.activation];
}

tren_init tren_model_init(const tren_config *config) {
    static const tren_init_kind kind[] = {TREN_DRAW_HE, TREN_DRAW_GLOROT, TREN_DRAW_GAUSSIAN,
                                          TREN_DRAW_PYTORCH};
    return (tren_init){.kind = kind[config->model.init], .variance = config->model.init_variance};
}

int tren_model_outputs(const tren_dataset_info *info) {
    return info->n_classes > 0 ? info->n_classes : info->n_targets;
}

void tren_model_add_loss(tren_graph *graph, tren_layer *output, const tren_config *config,
                         const tren_dataset_info *info) {
    bool classes = info->n_classes > 0;
    if (config->loss.name == TREN_LOSS_CROSS_ENTROPY && !classes)
        tren_graph_fail(
            graph,
            "loss.name: cross_entropy needs class labels, and %s has %d real targets; use "
            "half_squares or auto",
            config->data, info->n_targets);
    else if (config->loss.name == TREN_LOSS_HALF_SQUARES && classes)
        tren_graph_fail(
            graph,
            "loss.name: half_squares needs real targets, and %s has labels of %d classes; use "
            "cross_entropy or auto",
            config->data, info->n_classes);
    else if (classes)
        tren_softmax_loss(graph, output, config->loss.label_smoothing);
    else if (config->loss.label_smoothing > 0)
        tren_graph_fail(graph,
                        "loss.label_smoothing: %g has no meaning for real targets; set it to 0",
                        config->loss.label_smoothing);
    else
        tren_half_squares_loss(graph, output);
}

tren_layer *tren_model_images(tren_graph *graph, const tren_config *config,
                              const tren_dataset_info *info) {
    int columns = tren_shape_size(info->shape);
    if (info->is_image) return tren_input(graph, info->shape);
    return tren_graph_fail(
        graph,
        "model.name: %s needs images, and %s is a table of %d column%s; use mlp, "
        "or import images (tren data import idx, cifar, or hdf5)",
        config->model.name, config->data, columns, columns == 1 ? "" : "s");
}

tren_layer *tren_model_tokens(tren_graph *graph, int axis, const tren_config *config,
                              const tren_dataset_info *info) {
    if (info->vocabulary == 0) return NULL; /* check_input has said it */
    if (axis == 0)
        return tren_graph_fail(graph,
                               "model.name: %s tells the next token of each, and the rows of %s "
                               "have one label each; import the texts with 'tren data import "
                               "text' or 'pairs'",
                               config->model.name, config->data);
    if (info->tokens[axis - 1] == 0)
        return tren_graph_fail(graph,
                               "model.name: %s reads pairs of texts, and a row of %s is one; "
                               "import them with 'tren data import pairs'",
                               config->model.name, config->data);
    return tren_typed_input(graph, (tren_tensor){.axis = axis,
                                                 .tokens = info->tokens[axis - 1],
                                                 .c = 1,
                                                 .h = 1,
                                                 .w = 1,
                                                 .element = TREN_TOKENS});
}

void tren_model_pools(tren_graph *graph, const char *key, int n, const tren_config *config,
                      const tren_dataset_info *info) {
    int side = info->shape.h < info->shape.w ? info->shape.h : info->shape.w, most = 0;
    while (side >> (most + 1) > 0) most++;
    if (info->is_image && n > most)
        tren_graph_fail(graph,
                        "%s: %d pools of 2 x 2, and the images of %s are %d x %d (height, width), "
                        "enough for %d; use larger images or fewer pools",
                        key, n, config->data, info->shape.h, info->shape.w, most);
}

void tren_model_no_dropout(tren_graph *graph, const tren_config *config) {
    for (int i = 0; i < config->dropout.n; i++)
        if (config->dropout.at[i] > 0)
            tren_graph_fail(graph, "dropout: %s has no dropout layers; set it to []",
                            config->model.name);
}

static tren_status unknown(const char *name) {
    char known[256] = "";
    for (int i = 0; tren_models[i]; i++)
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", i ? ", " : "",
                 tren_models[i]->name);
    return tren_fail(TREN_ERR_USAGE, "model.name: no model is called '%s'; there is %s", name,
                     known);
}

/* Running statistics move with every evaluation. */
static void check_optimizer(tren_graph *graph, const tren_config *config) {
    if (config->optimizer.name == TREN_SCG && graph->n_values > graph->n_learned)
        tren_graph_fail(graph,
                        "optimizer.name: scg compares losses of one function, which batch norm "
                        "changes with every evaluation; give model.name: mlp, or cnn with "
                        "model.norm: none");
}

static void list_models(char *out, size_t n, bool tokens) {
    out[0] = '\0';
    for (int i = 0; tren_models[i]; i++)
        if (tren_models[i]->tokens == tokens)
            snprintf(out + strlen(out), n - strlen(out), "%s%s", out[0] ? ", " : "",
                     tren_models[i]->name);
}

static void check_input(tren_graph *graph, const tren_model *model, const tren_config *config,
                        const tren_dataset_info *info) {
    char suited[128], row[TREN_SHAPE_TEXT];
    bool tokens = info->vocabulary > 0;
    if (model->tokens == tokens) return;
    list_models(suited, sizeof suited, tokens);
    tren_graph_fail(graph,
                    "model.name: %s takes %s, and a row of %s is %s; use one of: %s, or other data",
                    model->name, tokens ? "rows of numbers" : "tokens", config->data,
                    tren_dataset_shape(row, info), suited);
}

const tren_model *tren_model_find(const tren_config *config) {
    for (int i = 0; tren_models[i]; i++)
        if (strcmp(tren_models[i]->name, config->model.name) == 0) return tren_models[i];
    return NULL;
}

tren_status tren_model_build(tren_graph **graph, const tren_config *config,
                             const tren_dataset_info *info) {
    const tren_model *model = tren_model_find(config);
    *graph = NULL;
    if (!model) return unknown(config->model.name);
    const tren_kernels *kernels;
    TREN_TRY(tren_kernels_choose(&kernels, tren_cpu_level_name[config->cpu]));
    TREN_TRY(tren_graph_open(graph, kernels));
    (*graph)->portable = config->gemm == TREN_GEMM_PORTABLE;
    check_input(*graph, model, config, info);
    if ((*graph)->status == TREN_OK) model->build(*graph, config, info);
    check_optimizer(*graph, config);
    tren_status st = tren_graph_complete(*graph);
    if (st == TREN_OK) return TREN_OK;
    tren_graph_close(*graph);
    *graph = NULL;
    return st;
}
