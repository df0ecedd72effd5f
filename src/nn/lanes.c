/* Where images go into lanes and come out of them. Gradients of lanes without an image are zero. */
#include "nn/work.h"

#include <string.h>

/* Calls fn for each block: its number, its first row, its rows. */
typedef void (*block_fn)(const tren_layer *l, tren_work *w, int block, int row, int n);
static void each_block(const tren_layer *l, tren_work *w, const tren_pass *pass, block_fn fn) {
    for (int g = 0; g < pass->n_groups; g++)
        for (int b = w->block0[g], row = pass->row0[g]; b < w->block0[g + 1];
             b++, row += TREN_LANES) {
            int left = pass->row0[g + 1] - row;
            fn(l, w, b, row, left < TREN_LANES ? left : TREN_LANES);
        }
}

static real *row_of(real *at, const tren_layer *l, int row) {
    return at + (size_t)row * tren_shape_size(l->out);
}

static void pack_forward(const tren_layer *l, tren_work *w, int block, int row, int n) {
    kernels_of(w)->lanes_pack(block_y(w, l, block), row_of(layer_y(w, l->input), l, row), n,
                              tren_shape_size(l->out));
}
static void pack_backward(const tren_layer *l, tren_work *w, int block, int row, int n) {
    kernels_of(w)->lanes_unpack(row_of(layer_dy(w, l->input), l, row), block_dy(w, l, block), n,
                                tren_shape_size(l->out));
}
static void unpack_forward(const tren_layer *l, tren_work *w, int block, int row, int n) {
    kernels_of(w)->lanes_unpack(row_of(layer_y(w, l), l, row), block_y(w, l->input, block), n,
                                tren_shape_size(l->out));
}
static void unpack_backward(const tren_layer *l, tren_work *w, int block, int row, int n) {
    kernels_of(w)->lanes_pack(block_dy(w, l->input, block), row_of(layer_dy(w, l), l, row), n,
                              tren_shape_size(l->out));
}

static void to_lanes_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    each_block(l, w, pass, pack_forward);
}
static void to_lanes_backward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    if (l->input->wants_dy) each_block(l, w, pass, pack_backward);
}
static void to_rows_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    each_block(l, w, pass, unpack_forward);
}
static void to_rows_backward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    if (l->input->wants_dy) each_block(l, w, pass, unpack_backward);
}

static const tren_layer_ops to_lanes_ops = {
    .name = "lanes", .forward = to_lanes_forward, .backward = to_lanes_backward};
static const tren_layer_ops to_rows_ops = {
    .name = "rows", .forward = to_rows_forward, .backward = to_rows_backward};

tren_layer *tren_as_lanes(tren_graph *graph, tren_layer *input) {
    if (!input || input->lanes) return input;
    tren_layer *l = tren_graph_add(graph, sizeof(tren_layer), &to_lanes_ops, input, input->out);
    if (l) l->lanes = graph->lanes = true;
    return l;
}

tren_layer *tren_as_rows(tren_graph *graph, tren_layer *input) {
    if (!input || !input->lanes) return input;
    tren_shape flat = {tren_shape_size(input->out), 1, 1};
    tren_layer *l = tren_graph_add(graph, sizeof(tren_layer), &to_rows_ops, input, flat);
    if (l) l->lanes = false;
    return l;
}

tren_layer *tren_flatten(tren_graph *graph, tren_layer *input) {
    return tren_as_rows(graph, input);
}
