/* dense and conv, with the norm, the activation and the dropout that may stand behind them. */
#include "models/layers.h"

#include <stddef.h>

enum { NORM_NONE, NORM_BATCH, NORM_LAYER, NORM_GROUP };
static const char *const norms[] = {"none", "batch", "layer", "group", NULL};
enum { BIAS_AUTO, BIAS_TRUE, BIAS_FALSE };
static const char *const biases[] = {"auto", "true", "false", NULL};
static const char *const outputs_word[] = {"outputs", NULL}; /* -1 */
static const char *const same_word[] = {"same", NULL};       /* -1 */
static const char *const auto_word[] = {"auto", NULL};       /* -1 */
enum { GROUPS = 8 };

typedef struct common {
    int bias, init;       /* init: -1: model.init */
    double init_variance; /* negative: model.init_variance */
    int norm, norm_groups, activation;
    double dropout;
} common;

/* clang-format off */
#define COMMON_OPTIONS(spec)                                                                       \
    {.key = "norm", .type = TREN_OPTION_CHOICE, .at = offsetof(spec, common.norm), .fallback = "none", \
     .choices = norms, .help = "Normalisation after the layer."},                                    \
    {.key = "norm_groups", .type = TREN_OPTION_INT, .at = offsetof(spec, common.norm_groups), .fallback = "auto", \
     .min = 1, .max = 1 << 14, .choices = auto_word, \
     .help = "Number of groups for norm: group; it must divide the channels. auto: 8."},        \
    {.key = "activation", .type = TREN_OPTION_CHOICE, .at = offsetof(spec, common.activation),     \
     .fallback = "identity", .choices = tren_activation_name, .help = "Activation after the normalisation."}, \
    {.key = "dropout", .type = TREN_OPTION_REAL, .at = offsetof(spec, common.dropout), .fallback = "0", \
     .min = 0, .max = BELOW_1, .help = "Dropout rate after the activation."},                    \
    {.key = "bias", .type = TREN_OPTION_CHOICE, .at = offsetof(spec, common.bias), .fallback = "auto", \
     .choices = biases, .help = "Add a bias; auto: only without a norm, because a norm has its own."}, \
    {.key = "init", .type = TREN_OPTION_CHOICE, .at = offsetof(spec, common.init), .fallback = "null", \
     .choices = tren_init_name, .help = "Distribution of the initial weights; default: model.init."}, \
    {.key = "init_variance", .type = TREN_OPTION_REAL, .at = offsetof(spec, common.init_variance), \
     .fallback = "null", .min = 0x1p-1022, .max = 0x1.fffffffffffffp+1023,                         \
     .help = "Variance for init: gaussian; default: model.init_variance."}
/* clang-format on */
#define BELOW_1 0x1.fffffffffffffp-1

/* NULL, and an error, if a key was given that has no effect. */
static tren_layer *checked(const tren_builder *b, tren_layer *x, const common *c) {
    int init = c->init < 0 ? b->config->model.init : c->init;
    if (c->norm_groups >= 0 && c->norm != NORM_GROUP)
        return tren_graph_fail(b->graph,
                               "norm_groups: %d, but norm: %s makes no use of it; give norm: "
                               "group, or leave norm_groups out",
                               c->norm_groups, norms[c->norm]);
    if (c->init_variance >= 0 && init != TREN_INIT_GAUSSIAN)
        return tren_graph_fail(b->graph,
                               "init_variance: %g, but %sinit: %s makes no use of it; give init: "
                               "gaussian, or leave init_variance out",
                               c->init_variance, c->init < 0 ? "model." : "", tren_init_name[init]);
    return x;
}

static tren_init init_of(const tren_builder *b, const common *c) {
    static const tren_init_kind kind[] = {TREN_DRAW_HE, TREN_DRAW_GLOROT, TREN_DRAW_GAUSSIAN,
                                          TREN_DRAW_PYTORCH};
    const tren_config *config = b->config;
    return (tren_init){.kind = kind[c->init < 0 ? config->model.init : c->init],
                       .variance =
                           c->init_variance < 0 ? config->model.init_variance : c->init_variance};
}

static bool has_bias(const common *c) {
    return c->bias == BIAS_TRUE || (c->bias == BIAS_AUTO && c->norm == NORM_NONE);
}

/* Batch norm carries a relu along. */
static tren_layer *norm_and_activation(tren_graph *g, tren_layer *x, const common *c) {
    bool fused = c->norm == NORM_BATCH && c->activation == TREN_RELU;
    if (c->norm == NORM_BATCH) x = tren_batch_norm(g, x, fused);
    if (c->norm == NORM_LAYER) x = tren_layer_norm(g, x);
    if (c->norm == NORM_GROUP)
        x = tren_group_norm(g, x, c->norm_groups < 0 ? GROUPS : c->norm_groups);
    if (c->activation == TREN_IDENTITY || fused) return x;
    return tren_activate(g, x, tren_activations[c->activation]);
}

static int units_of(const tren_builder *b, int units) {
    return units < 0 ? tren_model_outputs(&b->info) : units;
}

/* ---- dense ----------------------------------------------------------------------------------- */

typedef struct dense {
    int units;
    bool tied;
    common common;
} dense;

static const tren_option dense_options[] = {
    {.key = "units",
     .type = TREN_OPTION_INT,
     .at = offsetof(dense, units),
     .min = 1,
     .max = 1 << 20,
     .choices = outputs_word,
     .help = "Number of outputs; outputs means as many as the dataset has classes or targets."},
    {.key = "tied",
     .type = TREN_OPTION_BOOL,
     .at = offsetof(dense, tied),
     .fallback = "false",
     .help = "Use the embedding's table as weights (Press & Wolf 2017)."},
    COMMON_OPTIONS(dense)};

static tren_layer *build_dense(tren_builder *b, tren_layer *x, const void *spec) {
    const dense *d = spec;
    common after = d->common;
    bool alone = after.norm == NORM_NONE; /* then the activation rides along */
    tren_dense_spec layer = {.out = units_of(b, d->units),
                             .f = tren_activations[alone ? after.activation : TREN_IDENTITY],
                             .init = init_of(b, &after),
                             .no_bias = !has_bias(&after)};
    if (d->tied && !b->embedding)
        return tren_graph_fail(
            b->graph,
            "tied: true needs an embedding before this layer; put one first, or remove tied");
    if (d->tied && (after.init >= 0 || after.init_variance >= 0))
        return tren_graph_fail(b->graph, "tied: true takes the weights of the embedding; leave "
                                         "init and init_variance out");
    if (d->tied) layer.tied = b->embedding;
    if (!checked(b, x, &after)) return NULL;
    x = tren_dense_with(b->graph, x, layer);
    if (!alone) x = norm_and_activation(b->graph, x, &after);
    return tren_dropout(b->graph, x, after.dropout);
}

const tren_layer_kind tren_kind_dense = {
    .name = "dense",
    .help = "A fully connected layer; in a network for text, on each token separately.",
    TREN_OPTIONS_OF(dense_options),
    .brief = "units",
    .build = build_dense};

/* ---- conv ------------------------------------------------------------------------------------ */

typedef struct conv {
    int channels, kernel, stride, padding;
    common common;
} conv;

static const tren_option conv_options[] = {
    {.key = "channels",
     .type = TREN_OPTION_INT,
     .at = offsetof(conv, channels),
     .min = 1,
     .max = 1 << 15,
     .choices = outputs_word,
     .help =
         "Number of output channels; outputs means as many as the dataset has classes or targets."},
    {.key = "kernel",
     .type = TREN_OPTION_INT,
     .at = offsetof(conv, kernel),
     .fallback = "3",
     .min = 1,
     .max = TREN_CONV_KERNEL,
     .help = "Height and width of the kernel."},
    {.key = "stride",
     .type = TREN_OPTION_INT,
     .at = offsetof(conv, stride),
     .fallback = "1",
     .min = 1,
     .max = 1 << 10,
     .help = "Pixels from one position of the kernel to the next."},
    {.key = "padding",
     .type = TREN_OPTION_INT,
     .at = offsetof(conv, padding),
     .fallback = "same",
     .min = 0,
     .max = TREN_CONV_KERNEL - 1,
     .choices = same_word,
     .help = "Pixels of zeros on each side, fewer than the kernel size; same: half of an odd "
             "kernel, which keeps height and width at stride 1."},
    COMMON_OPTIONS(conv)};

static tren_layer *build_conv(tren_builder *b, tren_layer *x, const void *spec) {
    const conv *c = spec;
    char text[TREN_TENSOR_TEXT];
    bool image = x->out.lanes || x->out.h > 1 || x->out.w > 1 || (!x->input && b->info.is_image);
    if (!image)
        return tren_graph_fail(
            b->graph,
            "conv takes images, but %s is %s; put it before 'flatten' and 'dense', or use 'dense'",
            x->name, tren_tensor_text(text, x->out));
    if (c->padding < 0 && c->kernel % 2 == 0)
        return tren_graph_fail(b->graph,
                               "padding: same needs an odd kernel, but this one is %d; give an odd "
                               "kernel, or the padding as a number",
                               c->kernel);
    tren_conv_spec layer = {.channels = units_of(b, c->channels),
                            .kernel = c->kernel,
                            .stride = c->stride,
                            .pad = c->padding < 0 ? c->kernel / 2 : c->padding,
                            .bias = has_bias(&c->common)};
    if (!checked(b, x, &c->common)) return NULL;
    x = tren_conv2d(b->graph, x, layer, init_of(b, &c->common));
    x = norm_and_activation(b->graph, x, &c->common);
    return tren_dropout(b->graph, x, c->common.dropout);
}

const tren_layer_kind tren_kind_conv = {.name = "conv",
                                        .help = "Convolution of images.",
                                        TREN_OPTIONS_OF(conv_options),
                                        .brief = "channels",
                                        .build = build_conv};
