/* Where images go into lanes and come out of them, and where they become rows of numbers. Gradients
 * of lanes without an image are zero. */
#include "nn/work.h"

#include <string.h>

/* The number of rows in the block of microbatch g that begins with row i. */
static int rows_of_block(const tren_pass *pass, int g, int i) {
    int left = pass->row0[g + 1] - i;
    return left < TREN_LANES ? left : TREN_LANES;
}

/* Between rows [n, size] and blocks of lanes. */
static void pack_all(const tren_layer *l, tren_work *w, const tren_pass *pass, real *block,
                     const real *row) {
    int size = tren_tensor_size(l->out);
    for (int g = 0; g < pass->n_groups; g++)
        for (int b = w->block0[g], i = pass->row0[g]; b < w->block0[g + 1]; b++, i += TREN_LANES)
            kernels_of(w)->lanes_pack(block + b * block_size(l), row + (size_t)i * size,
                                      rows_of_block(pass, g, i), size);
}
static void unpack_all(const tren_layer *l, tren_work *w, const tren_pass *pass, real *row,
                       const real *block) {
    int size = tren_tensor_size(l->out);
    for (int g = 0; g < pass->n_groups; g++)
        for (int b = w->block0[g], i = pass->row0[g]; b < w->block0[g + 1]; b++, i += TREN_LANES)
            kernels_of(w)->lanes_unpack(row + (size_t)i * size, block + b * block_size(l),
                                        rows_of_block(pass, g, i), size);
}

static void to_lanes_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    pack_all(l, w, pass, layer_y(w, l), layer_y(w, l->input));
}
static void to_lanes_input(const tren_layer *l, tren_work *w, const tren_pass *pass, tren_dx dx) {
    unpack_all(l, w, pass, dx.at, layer_dy(w, l));
}
static void to_rows_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    unpack_all(l, w, pass, layer_y(w, l), layer_y(w, l->input));
}
static void to_rows_input(const tren_layer *l, tren_work *w, const tren_pass *pass, tren_dx dx) {
    pack_all(l, w, pass, dx.at, layer_dy(w, l));
}

static const tren_layer_ops to_lanes_ops = {
    .name = "lanes", .forward = to_lanes_forward, .input_gradient = to_lanes_input};
static const tren_layer_ops to_rows_ops = {
    .name = "rows", .forward = to_rows_forward, .input_gradient = to_rows_input};

tren_layer *tren_as_lanes(tren_graph *graph, tren_layer *input) {
    if (!input || input->out.lanes) return input;
    char text[TREN_TENSOR_TEXT];
    if (input->out.axis)
        return tren_graph_fail(graph,
                               "%s is %s, and a layer of images was put on it; images are "
                               "channels x height x width",
                               input->name, tren_tensor_text(text, input->out));
    tren_tensor out = input->out;
    out.lanes = graph->lanes = true;
    return tren_graph_add(graph, sizeof(tren_layer), &to_lanes_ops, input, out);
}

static tren_layer *to_rows(tren_graph *graph, tren_layer *input, tren_tensor out) {
    out.lanes = false;
    return tren_graph_add(graph, sizeof(tren_layer), &to_rows_ops, input, out);
}

static tren_tensor flat(tren_tensor t) {
    return (tren_tensor){.axis = t.axis,
                         .tokens = t.tokens,
                         .c = tren_tensor_width(t),
                         .h = 1,
                         .w = 1,
                         .element = t.element};
}

tren_layer *tren_as_rows(tren_graph *graph, tren_layer *input) {
    if (!input || !input->out.lanes) return input;
    return to_rows(graph, input, flat(input->out));
}

tren_layer *tren_as_image_rows(tren_graph *graph, tren_layer *input) {
    if (!input || !input->out.lanes) return input;
    return to_rows(graph, input, input->out);
}

/* ---- images in rows become rows of numbers: nothing moves, but for the plan --------------------
 */

static void flatten_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    const real *x = layer_y(w, l->input);
    if (layer_y(w, l) != x) memcpy(layer_y(w, l), x, layer_elements(l, w, pass) * sizeof *x);
}
static void flatten_input(const tren_layer *l, tren_work *w, const tren_pass *pass, tren_dx dx) {
    const real *dy = layer_dy(w, l);
    if (dx.at != dy) memcpy(dx.at, dy, layer_elements(l, w, pass) * sizeof *dy);
}

static const tren_layer_ops flatten_ops = {.name = "flatten",
                                           .forward = flatten_forward,
                                           .input_gradient = flatten_input,
                                           .in_place = true};

tren_layer *tren_flatten(tren_graph *graph, tren_layer *input) {
    if (!input || input->out.lanes || (input->out.h == 1 && input->out.w == 1))
        return tren_as_rows(graph, input);
    return tren_graph_add(graph, sizeof(tren_layer), &flatten_ops, input, flat(input->out));
}
