/* y = x + p, where p [tokens, width] is learned: a row for each position along the token axis. */
#include "nn/work.h"

#include <string.h>

typedef struct positions_layer {
    tren_layer layer;
    tren_init init;
} positions_layer;

enum { WEIGHT };

static void positions_init(const tren_layer *l, real *value, uint64_t seed) {
    int width = tren_tensor_width(l->out);
    tren_init_layer(l, value, seed, width, width, ((const positions_layer *)l)->init);
}

/* Tokens of a row lie one after the other, as positions do. */
static tren_span elements_of(const tren_layer *l, const tren_work *w, int row) {
    const int *token0 = w->token0[l->out.axis - 1];
    size_t width = (size_t)tren_tensor_width(l->out);
    return (tren_span){(size_t)token0[row] * width,
                       (size_t)(token0[row + 1] - token0[row]) * width};
}

static void positions_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    for (int i = 0; i < pass->row0[pass->n_groups]; i++) {
        tren_span at = elements_of(l, w, i);
        kernels_of(w)->sum(layer_y(w, l) + at.off, layer_y(w, l->input) + at.off,
                           param_value(w, l, WEIGHT), at.len);
    }
}

static void positions_input(const tren_layer *l, tren_work *w, const tren_pass *pass, tren_dx dx) {
    size_t n = layer_elements(l, w, pass);
    if (dx.add)
        kernels_of(w)->add(dx.at, layer_dy(w, l), n);
    else
        memcpy(dx.at, layer_dy(w, l), n * sizeof *dx.at);
}

/* Rows in order. */
static void weight_leaf(const tren_layer *l, tren_work *w, const tren_pass *pass, real *dst,
                        const tren_leaf *leaf) {
    size_t width = (size_t)tren_tensor_width(l->out), first = (size_t)leaf->tile.first * width,
           n = (size_t)leaf->tile.n * width;
    memset(dst, 0, n * sizeof *dst);
    for (int i = pass->row0[leaf->group]; i < pass->row0[leaf->group + 1]; i++) {
        tren_span at = elements_of(l, w, i);
        size_t left = at.len > first ? at.len - first : 0;
        kernels_of(w)->add(dst, layer_dy(w, l) + at.off + first, left < n ? left : n);
    }
}

static const tren_layer_ops positions_ops = {.name = "positions",
                                             .init = positions_init,
                                             .forward = positions_forward,
                                             .input_gradient = positions_input,
                                             .gradient = {[WEIGHT] = {.leaf = weight_leaf}},
                                             .can_add = true};

tren_layer *tren_positions(tren_graph *graph, tren_layer *input, tren_init init) {
    char text[TREN_TENSOR_TEXT];
    if (!input) return NULL;
    if (!input->out.axis)
        return tren_graph_fail(graph, "positions need tokens, but %s is %s", input->name,
                               tren_tensor_text(text, input->out));
    tren_layer *l =
        tren_graph_add(graph, sizeof(positions_layer), &positions_ops, input, input->out);
    if (!l) return NULL;
    ((positions_layer *)l)->init = init;
    tren_graph_add_weight(l, NULL, l->out.tokens, tren_tensor_width(l->out));
    return l;
}
