/* Layers of tokens: embedding, positions, attention, feed_forward, transformer, token_mean. */
#include "models/layers.h"
#include "models/transformer.h"

#include <math.h>
#include <stddef.h>

/* ---- from numbers of tokens to features ------------------------------------------------------ */

typedef struct embedding {
    int width;
} embedding;

static const tren_option embedding_options[] = {{.key = "width",
                                                 .type = TREN_OPTION_INT,
                                                 .at = offsetof(embedding, width),
                                                 .min = 1,
                                                 .max = 1 << 20,
                                                 .help = "Features of each token."}};

static tren_layer *build_embedding(tren_builder *b, tren_layer *x, const void *spec) {
    const embedding *e = spec;
    char text[TREN_TENSOR_TEXT];
    if (x->out.element != TREN_TOKENS)
        return tren_graph_fail(
            b->graph,
            "embedding takes token numbers, but %s is %s; put it first, in a network for text",
            x->name, tren_tensor_text(text, x->out));
    tren_embedding_spec table = {
        .vocabulary = b->info.vocabulary, .width = e->width, .init = tren_model_init(b->config)};
    return b->embedding = tren_embedding(b->graph, x, table);
}

const tren_layer_kind tren_kind_embedding = {
    .name = "embedding",
    .help = "A learned feature vector for each token of the vocabulary.",
    TREN_OPTIONS_OF(embedding_options),
    .brief = "width",
    .build = build_embedding};

/* Layers below take features of tokens. */
static tren_layer *need_tokens(tren_builder *b, tren_layer *x) {
    char text[TREN_TENSOR_TEXT];
    if (x->out.axis > 0 && x->out.element == TREN_REALS) return x;
    return tren_graph_fail(b->graph,
                           "%s takes tokens with features, but %s is %s; an embedding gives "
                           "features to the tokens of a text",
                           b->kind->name, x->name, tren_tensor_text(text, x->out));
}

enum { LEARNED, SINUSOIDAL };
static const char *const positions_kinds[] = {"learned", "sinusoidal", NULL};

typedef struct positions {
    int kind;
} positions;

static const tren_option positions_options[] = {
    {.key = "kind",
     .type = TREN_OPTION_CHOICE,
     .at = offsetof(positions, kind),
     .fallback = "learned",
     .choices = positions_kinds,
     .help = "learned, or sinusoidal: fixed sines and cosines, added to the features times "
             "sqrt(width) (Vaswani et al. 2017)."}};

static tren_layer *build_positions(tren_builder *b, tren_layer *x, const void *spec) {
    if (!need_tokens(b, x)) return NULL;
    if (((const positions *)spec)->kind == SINUSOIDAL)
        return tren_sinusoid(b->graph, x, sqrt((double)x->out.c));
    return tren_positions(b->graph, x, tren_model_init(b->config));
}

const tren_layer_kind tren_kind_positions = {
    .name = "positions",
    .help = "Adds a feature vector for each position in the text.",
    TREN_OPTIONS_OF(positions_options),
    .brief = "kind",
    .build = build_positions};

/* ---- blocks of transformers --------------------------------------------------------------------
 */

enum { NORM_PRE, NORM_POST };
static const char *const norm_places[] = {"pre", "post", NULL};
static const char *const times_4[] = {"4x", NULL}; /* -1 */

typedef struct block {
    int heads, feed_forward, activation, norm;
    bool causal;
    double dropout;
} block;

/* clang-format off */
#define HEADS {.key = "heads", .type = TREN_OPTION_INT, .at = offsetof(block, heads), .fallback = "4", \
    .min = 1, .max = 4096, .help = "Attention heads; they must divide the features of a token."}
#define CAUSAL {.key = "causal", .type = TREN_OPTION_BOOL, .at = offsetof(block, causal), .fallback = "false", \
    .help = "Let each token see only itself and the tokens before it, as needed to continue a text."}
#define UNITS(name) {.key = (name), .type = TREN_OPTION_INT, .at = offsetof(block, feed_forward), .fallback = "4x", \
    .min = 1, .max = 1 << 20, .choices = times_4, \
    .help = "Features between the two dense layers; 4x means four times the features of a token."}
#define ACTIVATION {.key = "activation", .type = TREN_OPTION_CHOICE, .at = offsetof(block, activation), .fallback = "gelu", \
    .choices = tren_activation_name, .help = "Activation between the two dense layers."}
#define NORM {.key = "norm", .type = TREN_OPTION_CHOICE, .at = offsetof(block, norm), .fallback = "pre", \
    .choices = norm_places, .help = "Layer norm: pre, on the input, or post, after the sum."}
#define DROPOUT {.key = "dropout", .type = TREN_OPTION_REAL, .at = offsetof(block, dropout), .fallback = "0", \
    .min = 0, .max = 0x1.fffffffffffffp-1, .help = "Dropout rate on what is added to the input."}
/* clang-format on */
static const tren_option attention_options[] = {HEADS, CAUSAL, NORM, DROPOUT};
static const tren_option feed_forward_options[] = {UNITS("units"), ACTIVATION, NORM, DROPOUT};
static const tren_option transformer_options[] = {HEADS,      CAUSAL, UNITS("feed_forward"),
                                                  ACTIVATION, NORM,   DROPOUT};

static tren_transformer transformer_of(const tren_builder *b, const tren_layer *x, const block *s) {
    int width = x->out.c;
    return (tren_transformer){.graph = b->graph,
                              .width = width,
                              .heads = s->heads,
                              .feed_forward = s->feed_forward < 0 ? 4 * width : s->feed_forward,
                              .activation = tren_activations[s->activation],
                              .init = tren_model_init(b->config),
                              .dropout = s->dropout,
                              .pre_norm = s->norm == NORM_PRE};
}

static tren_layer *build_attention(tren_builder *b, tren_layer *x, const void *spec) {
    const block *s = spec;
    if (!need_tokens(b, x)) return NULL;
    if (x->out.c % s->heads != 0)
        return tren_graph_fail(b->graph,
                               "heads: %d heads do not divide the %d features of a token; give a "
                               "divisor, or an embedding with a multiple, such as %d",
                               s->heads, x->out.c, (x->out.c / s->heads + 1) * s->heads);
    if (!s->causal && b->info.label_axis > 0)
        return tren_graph_fail(b->graph, "causal: without it a token sees the tokens after it, "
                                         "which are what it has to predict; write causal: true");
    tren_transformer t = transformer_of(b, x, s);
    return tren_transformer_self(&t, x, s->causal);
}

static tren_layer *build_feed_forward(tren_builder *b, tren_layer *x, const void *spec) {
    if (!need_tokens(b, x)) return NULL;
    tren_transformer t = transformer_of(b, x, spec);
    return tren_transformer_feed(&t, x);
}

static tren_layer *build_transformer(tren_builder *b, tren_layer *x, const void *spec) {
    x = build_attention(b, x, spec);
    return x ? build_feed_forward(b, x, spec) : NULL;
}

const tren_layer_kind tren_kind_attention = {
    .name = "attention",
    .help = "Multi-head self-attention, added to its input (Vaswani et al. 2017).",
    TREN_OPTIONS_OF(attention_options),
    .brief = "heads",
    .build = build_attention};
const tren_layer_kind tren_kind_feed_forward = {
    .name = "feed_forward",
    .help = "Two dense layers on each token separately, added to the input.",
    TREN_OPTIONS_OF(feed_forward_options),
    .brief = "units",
    .build = build_feed_forward};
const tren_layer_kind tren_kind_transformer = {
    .name = "transformer",
    .help = "Transformer block: attention, then feed_forward.",
    TREN_OPTIONS_OF(transformer_options),
    .brief = "heads",
    .build = build_transformer};

/* ---- from tokens to rows -----------------------------------------------------------------------
 */

static tren_layer *build_token_mean(tren_builder *b, tren_layer *x, const void *spec) {
    (void)spec;
    return need_tokens(b, x) ? tren_token_mean(b->graph, x) : NULL;
}

const tren_layer_kind tren_kind_token_mean = {
    .name = "token_mean",
    .help = "Mean over the tokens of a text: one feature vector per text.",
    .build = build_token_mean};
