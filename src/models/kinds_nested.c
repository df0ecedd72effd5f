/* Layers that hold lists of layers: residual, concat, layers. */
#include "models/layers.h"

#include <stddef.h>

/* ---- residual -------------------------------------------------------------------------------- */

enum { PROJECTION_AUTO, PROJECTION_NONE };
static const char *const projections[] = {"auto", "none", NULL};

typedef struct residual {
    tren_yaml_node layers, before, shortcut;
    int projection;
} residual;

static const tren_option residual_options[] = {
    {.key = "layers",
     .type = TREN_OPTION_LAYERS,
     .at = offsetof(residual, layers),
     .help = "Layers of the branch. The input of the block is added to their output."},
    {.key = "before",
     .type = TREN_OPTION_LAYERS,
     .at = offsetof(residual, before),
     .fallback = "[]",
     .help = "Layers before the branch. A shortcut or projection starts after them; without one, "
             "the input of the block itself is added, as in pre-activation networks."},
    {.key = "shortcut",
     .type = TREN_OPTION_LAYERS,
     .at = offsetof(residual, shortcut),
     .fallback = "[]",
     .help = "Layers that the input passes through before it is added."},
    {.key = "projection",
     .type = TREN_OPTION_CHOICE,
     .at = offsetof(residual, projection),
     .fallback = "auto",
     .choices = projections,
     .help = "Used when there is no shortcut and the shapes differ. auto: insert a 1 x 1 "
             "convolution or a dense layer without bias; none: report an error."}};

static bool same_shape(tren_tensor a, tren_tensor b) {
    a.lanes = b.lanes;
    return tren_tensor_equal(a, b);
}

/* The stride of a 1 x 1 convolution from a to b; 0: there is none. */
static int stride_between(tren_tensor a, tren_tensor b) {
    for (int s = 1; s <= a.h || s <= a.w; s++)
        if ((a.h - 1) / s + 1 == b.h && (a.w - 1) / s + 1 == b.w) return s;
    return 0;
}

static bool is_image(tren_tensor t) {
    return t.lanes || t.h > 1 || t.w > 1;
}

/* Whether a convolution (its stride), or a dense layer, leads from a to b. Not to a single pixel:
 * of the image it would see nothing but a corner. */
static bool can_project(int *stride, tren_tensor a, tren_tensor b) {
    bool one_pixel = b.h == 1 && b.w == 1 && (a.h > 1 || a.w > 1);
    *stride = stride_between(a, b);
    return is_image(a) == is_image(b) && a.axis == b.axis && a.tokens == b.tokens &&
           a.element == b.element && *stride > 0 && !one_pixel;
}

static tren_layer *fail_shortcut(tren_builder *b, tren_tensor branch, tren_tensor shortcut) {
    char from[TREN_TENSOR_TEXT], to[TREN_TENSOR_TEXT];
    return tren_graph_fail(b->graph,
                           "the layers give %s and the shortcut gives %s, which cannot be added; "
                           "let both end with the same shape",
                           tren_tensor_text(to, branch), tren_tensor_text(from, shortcut));
}

static tren_layer *project(tren_builder *b, tren_layer *x, tren_tensor out, bool may) {
    char from[TREN_TENSOR_TEXT], to[TREN_TENSOR_TEXT];
    int stride;
    if (!can_project(&stride, x->out, out) || !may)
        return tren_graph_fail(
            b->graph,
            "the branch turns %s into %s, which cannot be added%s; keep the shape in the branch, "
            "or "
            "give a shortcut that ends with %s",
            tren_tensor_text(from, x->out), tren_tensor_text(to, out),
            may ? ", and no projection leads from one to the other" : " without a projection", to);
    tren_init init = tren_model_init(b->config);
    if (!is_image(out))
        return tren_dense_with(
            b->graph, x,
            (tren_dense_spec){.out = out.c, .f = &tren_identity, .init = init, .no_bias = true});
    tren_conv_spec conv = {.channels = out.c, .kernel = 1, .stride = stride};
    return tren_conv2d(b->graph, x, conv, init);
}

static tren_layer *build_residual(tren_builder *b, tren_layer *x, const void *spec) {
    const residual *r = spec;
    tren_layer *inner = tren_layers_nested(b, x, r->before, "before"), *past = x;
    if (inner && r->shortcut.node) past = tren_layers_nested(b, inner, r->shortcut, "shortcut");
    tren_layer *y = inner ? tren_layers_nested(b, inner, r->layers, "layers") : NULL;
    if (!y || !past) return NULL;
    if (r->shortcut.node && r->projection == PROJECTION_NONE)
        return tren_graph_fail(b->graph, "projection: none has no effect beside a shortcut; remove "
                                         "one of the two");
    if (r->shortcut.node && !same_shape(past->out, y->out))
        return fail_shortcut(b, y->out, past->out);
    if (!same_shape(past->out, y->out))
        past = project(b, inner, y->out, r->projection == PROJECTION_AUTO);
    return tren_add_layers(b->graph, y, past);
}

const tren_layer_kind tren_kind_residual = {
    .name = "residual",
    .help = "Adds the input to the output of its layers (He et al. 2016).",
    TREN_OPTIONS_OF(residual_options),
    .brief = "layers",
    .build = build_residual};

/* ---- concat ---------------------------------------------------------------------------------- */

typedef struct concat {
    tren_yaml_node branches;
} concat;

static const tren_option concat_options[] = {
    {.key = "branches",
     .type = TREN_OPTION_BRANCHES,
     .at = offsetof(concat, branches),
     .help = "Lists of layers, all with the same input; [] passes the input on."}};

static tren_layer *build_branch(tren_builder *b, tren_layer *x, const concat *c, int i) {
    char index[16];
    snprintf(index, sizeof index, "[%d]", i);
    return tren_layers_nested(b, x, tren_yaml_item(c->branches, i), index);
}

static tren_layer *build_concat(tren_builder *b, tren_layer *x, const void *spec) {
    const concat *c = spec;
    tren_layer *all = build_branch(b, x, c, 0);
    for (int i = 1; i < tren_yaml_count(c->branches) && all; i++)
        all = tren_concat(b->graph, all, build_branch(b, x, c, i));
    return all;
}

const tren_layer_kind tren_kind_concat = {.name = "concat",
                                          .help = "Concatenates the channels of several branches.",
                                          TREN_OPTIONS_OF(concat_options),
                                          .brief = "branches",
                                          .build = build_concat};

/* ---- layers ---------------------------------------------------------------------------------- */

typedef struct layers {
    tren_yaml_node layers;
} layers;

static const tren_option layers_options[] = {{.key = "layers",
                                              .type = TREN_OPTION_LAYERS,
                                              .at = offsetof(layers, layers),
                                              .help = "The layers, in order."}};

static tren_layer *build_layers(tren_builder *b, tren_layer *x, const void *spec) {
    return tren_layers_nested(b, x, ((const layers *)spec)->layers, "layers");
}

const tren_layer_kind tren_kind_layers = {
    .name = "layers",
    .help =
        "The layers of the block, in order. 'repeat' in the same entry repeats the whole block.",
    TREN_OPTIONS_OF(layers_options),
    .brief = "layers",
    .build = build_layers};
