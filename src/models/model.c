#include "models/layers.h"
#include "base/config_table.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define DECLARE(name, keys) extern const tren_model tren_model_##name;
#define ADDRESS(name, keys) &tren_model_##name,
TREN_MODELS(DECLARE)

/* What model.layers says. */
const tren_model tren_model_layers = {.name = "layers",
                                      .help = "the network of model.layers",
                                      .size = "the layers of model.layers",
                                      .reads = TREN_READS_TEXTS | TREN_READS_PAIRS |
                                               TREN_READS_LABELED | TREN_READS_NUMBERS};

const tren_model *const tren_models[] = {TREN_MODELS(ADDRESS) NULL};

/* Kinds of the language name activations by the config's numbers. */
_Static_assert((int)TREN_N_ACTIVATION_IDS == (int)TREN_N_ACTIVATIONS, "one enum for each other");

tren_init tren_model_init(const tren_config *config) {
    static const tren_init_kind kind[] = {TREN_DRAW_HE, TREN_DRAW_GLOROT, TREN_DRAW_GAUSSIAN,
                                          TREN_DRAW_PYTORCH};
    return (tren_init){.kind = kind[config->model.init], .variance = config->model.init_variance};
}

int tren_model_outputs(const tren_dataset_info *info) {
    return info->n_classes > 0 ? info->n_classes : info->n_targets;
}

static void fail_loss(tren_graph *graph, const char *name, const tren_config *config,
                      const tren_dataset_info *info) {
    if (info->n_classes > 0)
        tren_graph_fail(graph,
                        "loss.name: %s needs real targets, but %s has labels of %d classes; use "
                        "cross_entropy or auto",
                        name, config->data, info->n_classes);
    else
        tren_graph_fail(graph,
                        "loss.name: %s needs class labels, but %s has %d real targets; use "
                        "half_squares or another loss for targets, or auto",
                        name, config->data, info->n_targets);
}

static void check_class_weights(tren_graph *graph, const tren_config *config,
                                const tren_dataset_info *info) {
    int n = config->loss.class_weights.n;
    if (n == 0) return;
    if (info->n_classes == 0)
        tren_graph_fail(graph, "loss.class_weights: %s has real targets, not classes; set it to []",
                        config->data);
    else if (info->label_axis > 0)
        tren_graph_fail(graph,
                        "loss.class_weights: the classes of %s are tokens, which all have the same "
                        "weight; set it to []",
                        config->data);
    else if (n > 0 && n != info->n_classes)
        tren_graph_fail(
            graph,
            "loss.class_weights: %d weights, but %s has %d classes; give one for each, or auto", n,
            config->data, info->n_classes);
}

void tren_model_add_loss(tren_graph *graph, tren_layer *output, const tren_config *config,
                         const tren_dataset_info *info) {
    bool classes = info->n_classes > 0, any = config->loss.name == 0;
    const tren_loss *loss = any && classes ? &tren_loss_cross_entropy
                            : any          ? &tren_loss_half_squares
                                           : tren_losses[config->loss.name - 1];
    if (classes != (loss->takes == TREN_TAKES_LABELS))
        fail_loss(graph, loss->name, config, info);
    else if (!classes && config->loss.label_smoothing > 0)
        tren_graph_fail(graph,
                        "loss.label_smoothing: %g has no meaning for real targets; set it to 0",
                        config->loss.label_smoothing);
    else
        tren_add_loss(graph, output, loss, &config->loss);
}

tren_layer *tren_model_tokens(tren_graph *graph, int axis, const tren_dataset_info *info) {
    tren_tensor t = {.axis = axis, .tokens = info->tokens[axis - 1], .c = 1, .h = 1, .w = 1};
    t.element = TREN_TOKENS;
    return tren_typed_input(graph, t);
}

static tren_layer *input_of(tren_graph *graph, const tren_model *model, const tren_config *config,
                            const tren_dataset_info *info) {
    int columns = tren_shape_size(info->shape);
    if (info->vocabulary > 0)
        return tren_model_tokens(graph, info->label_axis > 0 ? info->label_axis : 1, info);
    if (info->is_image || !model->images) return tren_input(graph, info->shape);
    return tren_graph_fail(graph,
                           "model.name: %s needs images, but %s is a table of %d column%s; use "
                           "mlp, or import images (tren data import idx, cifar, or hdf5)",
                           config->model.name, config->data, columns, columns == 1 ? "" : "s");
}

void tren_model_pools(tren_graph *graph, const char *key, int n, const tren_config *config,
                      const tren_dataset_info *info) {
    int side = info->shape.h < info->shape.w ? info->shape.h : info->shape.w, most = 0;
    while (side >> (most + 1) > 0) most++;
    if (info->is_image && n > most)
        tren_graph_fail(graph,
                        "%s: %d pools of 2 x 2, but the images of %s are %d x %d (height, width), "
                        "enough for %d; use larger images or fewer pools",
                        key, n, config->data, info->shape.h, info->shape.w, most);
}

static tren_status unknown(const char *name) {
    enum { MOST = 32 };
    const char *names[MOST];
    char known[256] = "";
    size_t n = 0;
    for (; tren_models[n] && n < MOST; n++) names[n] = tren_models[n]->name;
    const char *nearest = tren_text_nearest(name, names, n);
    if (nearest)
        return tren_fail(TREN_ERR_USAGE, "model.name: no model is called '%s'; did you mean '%s'?",
                         name, nearest);
    for (int i = 0; tren_models[i]; i++)
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", i ? ", " : "",
                 tren_models[i]->name);
    return tren_fail(TREN_ERR_USAGE, "model.name: no model is called '%s'; the models are %s", name,
                     known);
}

static bool has_dropout(const tren_graph *graph) {
    for (int i = 0; i < graph->n_layers; i++)
        if (strcmp(graph->layer[i]->ops->name, "dropout") == 0) return true;
    return false;
}

/* Running statistics move with every evaluation; dropout is drawn anew. */
static void check_optimizer(tren_graph *graph, const tren_config *config) {
    bool scg = config->optimizer.name == TREN_SCG, dropout = has_dropout(graph);
    if (scg && graph->n_values > graph->n_learned)
        tren_graph_fail(
            graph,
            "optimizer.name: scg compares losses of the same function, but batch norm changes the "
            "function with every evaluation; use model.name: mlp, or cnn with model.norm: none");
    if (scg && dropout)
        tren_graph_fail(
            graph,
            "optimizer.name: scg compares losses of the same function, but dropout changes the "
            "function with every evaluation; remove the dropout, or use another optimizer");
    if (config->check_without_dropout > 0 && !dropout && *config->model.layers.text)
        tren_graph_fail(graph,
                        "check_without_dropout: %d epochs, but model.layers has no dropout; give "
                        "0, or add a dropout layer",
                        config->check_without_dropout);
}

static unsigned kind_of(const tren_dataset_info *info) {
    static const unsigned by_axis[] = {TREN_READS_LABELED, TREN_READS_TEXTS, TREN_READS_PAIRS};
    return info->vocabulary > 0 ? by_axis[info->label_axis] : 0;
}

static bool suits(const tren_model *model, unsigned kind) {
    return kind == 0 ? !model->reads || model->reads & TREN_READS_NUMBERS : model->reads & kind;
}

static void check_input(tren_graph *graph, const tren_model *model, const tren_config *config,
                        const tren_dataset_info *info) {
    static const char *const what[] = {"rows of numbers", "texts", "pairs of texts", "",
                                       "labeled texts"};
    char suited[128] = "";
    unsigned kind = kind_of(info);
    if (suits(model, kind)) return;
    for (int i = 0; tren_models[i]; i++)
        if (suits(tren_models[i], kind))
            snprintf(suited + strlen(suited), sizeof suited - strlen(suited), "%s%s",
                     suited[0] ? ", " : "", tren_models[i]->name);
    tren_graph_fail(graph,
                    "model.name: %s cannot read %s, which %s holds; use one of: %s, or other data",
                    model->name, what[kind], config->data, suited);
}

const tren_model *tren_model_find(const tren_config *config) {
    for (int i = 0; tren_models[i]; i++)
        if (strcmp(tren_models[i]->name, config->model.name) == 0) return tren_models[i];
    return NULL;
}

/* ---- as layers ---------------------------------------------------------------------------------
 */

void tren_put_dropout(FILE *out, double rate) {
    char text[40];
    tren_text_from_real(text, sizeof text, rate);
    if (rate > 0) fprintf(out, "- dropout: %s\n", text);
}

void tren_put_dense_layers(FILE *out, const tren_config *config) {
    const tren_int_list *hidden = &config->model.hidden;
    for (int i = 0; i <= hidden->n; i++) {
        tren_put_dropout(out, tren_config_dropout(config, i));
        if (i < hidden->n)
            fprintf(out, "- dense: {units: %d, activation: %s}\n", hidden->at[i],
                    tren_activation_name[config->model.activation]);
    }
    fprintf(out, "- dense: outputs\n");
}

/* The list that the model stands for: the caller frees. */
static tren_status text_of(char **text, const tren_model *model, const tren_config *config) {
    size_t n;
    FILE *out = open_memstream(text, &n);
    if (!out) return tren_fail_memory(0, "a model");
    if (model->layers)
        model->layers(out, config);
    else
        fputs(config->model.layers.text, out);
    return fclose(out) == 0 ? TREN_OK : tren_fail_memory(0, "a model");
}

tren_status tren_model_check(const tren_config *config) {
    const tren_model *model = tren_model_find(config);
    if (!model) return unknown(config->model.name);
    if (model->layers || model->build) return TREN_OK;
    return tren_layers_check(config->model.layers.text, config->model.layers.where, config);
}

/* Keys that are of no use any more go back to their defaults. */
static tren_status reset_idle_keys(tren_config *config) {
    size_t n;
    const tren_option *option = tren_options(&n);
    for (size_t i = 0; i < n; i++) {
        bool model =
            strncmp(option[i].key, "model.", 6) == 0 || strcmp(option[i].key, "dropout") == 0;
        if (!model || tren_option_acts(&option[i], config)) continue;
        TREN_TRY(tren_option_set(&option[i], option[i].fallback, "default", config));
        config->given[i] = 0;
    }
    return TREN_OK;
}

tren_status tren_model_expand(tren_config *config) {
    const tren_model *model = tren_model_find(config);
    char *text = NULL;
    TREN_TRY(tren_model_check(config));
    if (model->build)
        return tren_fail(TREN_ERR_USAGE,
                         "model.name: %s cannot be written as a list of layers; remove --expand",
                         model->name);
    if (!model->layers) return TREN_OK;
    tren_status st = text_of(&text, model, config);
    memset(config->given, 0, sizeof config->given);
    if (st == TREN_OK) st = tren_config_set(config, "model.layers", text, model->name);
    free(text);
    return st == TREN_OK ? reset_idle_keys(config) : st;
}

/* ---- as a graph --------------------------------------------------------------------------------
 */

tren_layer *tren_layers_end(tren_builder *b, tren_layer *output) {
    const tren_dataset_info *info = &b->info;
    const char *data = b->config->data;
    char text[TREN_TENSOR_TEXT];
    int wanted = tren_model_outputs(info);
    tren_tensor_text(text, output->out);
    if (output->out.axis != info->label_axis)
        return tren_graph_fail(b->graph, "the last layer gives %s, but %s has labels of %s; %s",
                               text, data, info->label_axis > 0 ? "tokens" : "whole texts",
                               info->label_axis > 0 ? "remove token_mean"
                                                    : "put '- token_mean' before it");
    if (tren_tensor_width(output->out) == wanted) return output;
    return tren_graph_fail(b->graph,
                           "the last layer gives %s, but %s has %d %s; end the list with "
                           "'- dense: outputs'",
                           text, data, wanted, info->n_classes > 0 ? "classes" : "targets");
}

static tren_status build_list(tren_graph *graph, const tren_model *model, const tren_config *config,
                              const tren_dataset_info *info) {
    char *text = NULL;
    tren_builder b = {.graph = graph,
                      .config = config,
                      .info = *info,
                      .where = model->layers ? "" : config->model.layers.where};
    TREN_TRY(tren_model_check(config));
    tren_status st = text_of(&text, model, config);
    if (st == TREN_OK) {
        tren_layer *x = tren_layers_build(&b, input_of(graph, model, config, info), text);
        tren_model_add_loss(graph, x, config, info);
    }
    free(text);
    return st;
}

static tren_status build(tren_graph *graph, const tren_model *model, const tren_config *config,
                         const tren_dataset_info *info) {
    check_input(graph, model, config, info);
    check_class_weights(graph, config, info);
    if (model->check) model->check(graph, config, info);
    if (graph->status != TREN_OK) return TREN_OK; /* tren_graph_complete says it */
    if (model->build)
        model->build(graph, config, info);
    else
        TREN_TRY(build_list(graph, model, config, info));
    check_optimizer(graph, config);
    return TREN_OK;
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
    tren_status st = build(*graph, model, config, info);
    if (st == TREN_OK) st = tren_graph_complete(*graph);
    if (st == TREN_OK) return TREN_OK;
    tren_graph_close(*graph);
    *graph = NULL;
    return st;
}
