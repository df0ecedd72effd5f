/* y [tokens, width] = rows of a table w [vocabulary, width], by token number. Gradient: the rows of
 * dy, added to those of dw in the order of the tokens. */
#include "nn/work.h"

#include <string.h>

typedef struct embedding_layer {
    tren_layer layer;
    tren_init init;
} embedding_layer;

enum { WEIGHT };

static const int32_t *tokens_of(const tren_layer *l, const tren_work *w) {
    return (const int32_t *)layer_y(w, l->input);
}

static void embedding_init(const tren_layer *l, real *value, uint64_t seed) {
    int width = tren_tensor_width(l->out);
    tren_init_layer(l, value, seed, width, width, ((const embedding_layer *)l)->init);
}

static void embedding_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    size_t width = (size_t)tren_tensor_width(l->out);
    const real *table = param_value(w, l, WEIGHT);
    const int32_t *token = tokens_of(l, w);
    for (int i = 0; i < pass_rows(l, w, pass); i++)
        memcpy(layer_y(w, l) + i * width, table + (size_t)token[i] * width, width * sizeof *table);
}

static void weight_leaf(const tren_layer *l, tren_work *w, const tren_pass *pass, real *dst,
                        const tren_leaf *leaf) {
    size_t width = (size_t)tren_tensor_width(l->out);
    const int *row0 = rows_of(l, w, pass);
    memset(dst, 0, (size_t)leaf->tile.n * width * sizeof *dst);
    for (int i = row0[leaf->group]; i < row0[leaf->group + 1]; i++) {
        int k = tokens_of(l, w)[i] - leaf->tile.first;
        if (k >= 0 && k < leaf->tile.n)
            kernels_of(w)->add(dst + (size_t)k * width, layer_dy(w, l) + i * width, width);
    }
}

static const tren_layer_ops embedding_ops = {.name = "embedding",
                                             .init = embedding_init,
                                             .forward = embedding_forward,
                                             .gradient = {[WEIGHT] = {.leaf = weight_leaf}},
                                             .takes_tokens = true,
                                             .reads_x = true};

tren_layer *tren_embedding(tren_graph *graph, tren_layer *input, tren_embedding_spec spec) {
    if (!input) return NULL;
    if (spec.vocabulary < 1 || spec.width < 1)
        return tren_graph_fail(graph,
                               "an embedding of %d token numbers in %d features; both are at "
                               "least 1",
                               spec.vocabulary, spec.width);
    tren_tensor y = input->out;
    y.element = TREN_REALS;
    y.c = spec.width;
    tren_layer *l = tren_graph_add(graph, sizeof(embedding_layer), &embedding_ops, input, y);
    if (!l) return NULL;
    ((embedding_layer *)l)->init = spec.init;
    tren_graph_add_weight(l, spec.tied, spec.vocabulary, spec.width);
    return l;
}
