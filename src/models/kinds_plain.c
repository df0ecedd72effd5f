/* Norms, activations, dropout, pools and flatten. */
#include "models/layers.h"

#include <stddef.h>

/* ---- norms ----------------------------------------------------------------------------------- */

typedef struct norm {
    int groups, activation;
} norm;

static const tren_option batch_options[] = {
    {.key = "activation",
     .type = TREN_OPTION_CHOICE,
     .at = offsetof(norm, activation),
     .fallback = "identity",
     .choices = tren_activation_name,
     .help = "Activation after the normalisation; relu is computed together with it."}};

static tren_layer *build_batch_norm(tren_builder *b, tren_layer *x, const void *spec) {
    const norm *n = spec;
    x = tren_batch_norm(b->graph, x, n->activation == TREN_RELU);
    if (n->activation == TREN_IDENTITY || n->activation == TREN_RELU) return x;
    return tren_activate(b->graph, x, tren_activations[n->activation]);
}

const tren_layer_kind tren_kind_batch_norm = {.name = "batch_norm",
                                              .help =
                                                  "Normalises each channel or column over the rows "
                                                  "of one shard in a step (Ioffe & Szegedy 2015).",
                                              TREN_OPTIONS_OF(batch_options),
                                              .brief = "activation",
                                              .build = build_batch_norm};

static tren_layer *build_layer_norm(tren_builder *b, tren_layer *x, const void *spec) {
    (void)spec;
    return tren_layer_norm(b->graph, x);
}

const tren_layer_kind tren_kind_layer_norm = {
    .name = "layer_norm",
    .help = "Normalises each row, image or token separately (Ba et al. 2016).",
    .build = build_layer_norm};

static const tren_option group_options[] = {
    {.key = "groups",
     .type = TREN_OPTION_INT,
     .at = offsetof(norm, groups),
     .fallback = "8",
     .min = 1,
     .max = 1 << 14,
     .help = "Number of groups; it must divide the channels."}};

static tren_layer *build_group_norm(tren_builder *b, tren_layer *x, const void *spec) {
    return tren_group_norm(b->graph, x, ((const norm *)spec)->groups);
}

const tren_layer_kind tren_kind_group_norm = {
    .name = "group_norm",
    .help = "Normalises each group of channels of an image separately (Wu & He 2018).",
    TREN_OPTIONS_OF(group_options),
    .brief = "groups",
    .build = build_group_norm};

/* ---- activations ----------------------------------------------------------------------------- */

static tren_layer *build_activation(tren_builder *b, tren_layer *x, const void *spec) {
    (void)spec;
    return tren_activate(b->graph, x, b->kind->data);
}

#define ACTIVATION(f, text)                                                                        \
    const tren_layer_kind tren_kind_##f = {                                                        \
        .name = #f, .help = (text), .build = build_activation, .data = &tren_##f};
ACTIVATION(relu, "max(z, 0).")
ACTIVATION(leaky_relu, "z for z > 0, else 0.01 z.")
ACTIVATION(elu, "z for z > 0, else e^z - 1.")
ACTIVATION(silu, "z / (1 + e^-z), also called swish.")
ACTIVATION(gelu, "z times the normal distribution function at z, computed with erf.")
ACTIVATION(tanh, "The hyperbolic tangent.")
ACTIVATION(sigmoid, "1 / (1 + e^-z).")
ACTIVATION(softplus, "log(1 + e^z).")
ACTIVATION(identity, "z itself: no change.")

/* ---- dropout --------------------------------------------------------------------------------- */

typedef struct dropout {
    double rate;
} dropout;

static const tren_option dropout_options[] = {
    {.key = "rate",
     .type = TREN_OPTION_REAL,
     .at = offsetof(dropout, rate),
     .min = 0,
     .max = 0x1.fffffffffffffp-1,
     .help = "Fraction of the values set to 0 in training; the others are scaled up."}};

static tren_layer *build_dropout(tren_builder *b, tren_layer *x, const void *spec) {
    return tren_dropout(b->graph, x, ((const dropout *)spec)->rate);
}

const tren_layer_kind tren_kind_dropout = {.name = "dropout",
                                           .help = "Inverted dropout (Srivastava et al. 2014).",
                                           TREN_OPTIONS_OF(dropout_options),
                                           .brief = "rate",
                                           .build = build_dropout};

/* ---- pools ----------------------------------------------------------------------------------- */

typedef struct pool {
    int size, stride;
} pool;

static const char *const size_word[] = {"size", NULL}; /* -1 */
static const tren_option pool_options[] = {
    {.key = "size",
     .type = TREN_OPTION_INT,
     .at = offsetof(pool, size),
     .fallback = "2",
     .min = 1,
     .max = 1 << 10,
     .help = "Height and width of a window."},
    {.key = "stride",
     .type = TREN_OPTION_INT,
     .at = offsetof(pool, stride),
     .fallback = "size",
     .min = 1,
     .max = 1 << 10,
     .choices = size_word,
     .help = "Pixels from one window to the next; size means the size of the window."}};

typedef tren_layer *(*pool_fn)(tren_graph *graph, tren_layer *input, int kernel, int stride);

static tren_layer *build_pool(tren_builder *b, tren_layer *x, const pool *p, pool_fn add) {
    char text[TREN_TENSOR_TEXT];
    if (x->out.h == 1 && x->out.w == 1)
        return tren_graph_fail(b->graph,
                               "%s takes images of more than one pixel, but %s is %s; remove it, "
                               "or a pool before it",
                               b->kind->name, x->name, tren_tensor_text(text, x->out));
    return add(b->graph, x, p->size, p->stride < 0 ? p->size : p->stride);
}
static tren_layer *build_max_pool(tren_builder *b, tren_layer *x, const void *spec) {
    return build_pool(b, x, spec, tren_max_pool);
}
static tren_layer *build_average_pool(tren_builder *b, tren_layer *x, const void *spec) {
    return build_pool(b, x, spec, tren_average_pool);
}

const tren_layer_kind tren_kind_max_pool = {
    .name = "max_pool",
    .help = "Maximum of each window; pixels left over at the edges are ignored.",
    TREN_OPTIONS_OF(pool_options),
    .brief = "size",
    .build = build_max_pool};
const tren_layer_kind tren_kind_average_pool = {
    .name = "average_pool",
    .help = "Mean of each window; pixels left over at the edges are ignored.",
    TREN_OPTIONS_OF(pool_options),
    .brief = "size",
    .build = build_average_pool};

static tren_layer *build_global_max_pool(tren_builder *b, tren_layer *x, const void *spec) {
    (void)spec;
    return tren_global_max_pool(b->graph, x);
}
static tren_layer *build_global_average_pool(tren_builder *b, tren_layer *x, const void *spec) {
    (void)spec;
    return tren_global_average_pool(b->graph, x);
}

const tren_layer_kind tren_kind_global_max_pool = {
    .name = "global_max_pool", .help = "Maximum of each channel.", .build = build_global_max_pool};
const tren_layer_kind tren_kind_global_average_pool = {.name = "global_average_pool",
                                                       .help = "Mean of each channel.",
                                                       .build = build_global_average_pool};

/* ---- flatten --------------------------------------------------------------------------------- */

static tren_layer *build_flatten(tren_builder *b, tren_layer *x, const void *spec) {
    char text[TREN_TENSOR_TEXT];
    (void)spec;
    if (x->out.axis)
        return tren_graph_fail(b->graph,
                               "flatten: %s is %s, and each token is a row already; use token_mean "
                               "for one row of all tokens, or remove flatten",
                               x->name, tren_tensor_text(text, x->out));
    return tren_flatten(b->graph, x);
}

const tren_layer_kind tren_kind_flatten = {
    .name = "flatten",
    .help = "Turns an image into a row of numbers, channel by channel; dense does this itself.",
    .build = build_flatten};
