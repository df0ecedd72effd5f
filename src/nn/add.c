/* y = a + b, where a branch of a residual network joins. In place on one of the two where nobody
 * else wants that one: then its gradient is y's, and only the other's is written. */
#include "nn/work.h"

#include <string.h>

static void add_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    kernels_of(w)->sum(layer_y(w, l), layer_y(w, l->input), layer_y(w, l->other),
                       layer_elements(l, w, pass));
}

static void add_input(const tren_layer *l, tren_work *w, const tren_pass *pass, tren_dx dx) {
    const real *dy = layer_dy(w, l);
    size_t n = layer_elements(l, w, pass);
    if (dx.at == dy) return;
    if (dx.add)
        kernels_of(w)->add(dx.at, dy, n);
    else
        memcpy(dx.at, dy, n * sizeof *dy);
}

static const tren_layer_ops add_ops = {.name = "add",
                                       .forward = add_forward,
                                       .input_gradient = add_input,
                                       .in_place = true,
                                       .can_add = true};

tren_layer *tren_add_layers(tren_graph *graph, tren_layer *a, tren_layer *b) {
    if (!a || !b) return NULL;
    char one[TREN_TENSOR_TEXT], other[TREN_TENSOR_TEXT];
    if (a->out.lanes) b = tren_as_lanes(graph, b);
    if (b && b->out.lanes) a = tren_as_lanes(graph, a);
    if (!a || !b) return NULL;
    if (a == b || !tren_tensor_equal(a->out, b->out))
        return tren_graph_fail(graph, "add: %s is %s, and %s %s; give two outputs of one shape",
                               a->name, tren_tensor_text(one, a->out), b->name,
                               tren_tensor_text(other, b->out));
    tren_layer *l = tren_graph_add(graph, sizeof(tren_layer), &add_ops, a, a->out);
    if (l) tren_graph_also_reads(l, b);
    return l;
}
