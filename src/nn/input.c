#include "nn/work.h"

static void input_forward(const tren_layer *layer, tren_work *work, const tren_pass *pass) {
    (void)layer, (void)work, (void)pass; /* the caller has written y */
}

static const tren_layer_ops input_ops = {.name = "input", .forward = input_forward};

tren_layer *tren_input(tren_graph *graph, tren_shape shape) {
    if (tren_shape_size(shape) < 1)
        return tren_graph_fail(graph, "the network's input has no elements: %d x %d x %d", shape.c,
                               shape.h, shape.w);
    return tren_graph_add(graph, sizeof(tren_layer), &input_ops, NULL, shape);
}
