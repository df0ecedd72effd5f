/* y = f(x) as a layer of its own, where no layer before it can carry it along. */
#include "nn/work.h"

#include <string.h>

typedef struct activate_layer {
    tren_layer layer;
    const tren_activation *f;
} activate_layer;

static void activate_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    const tren_activation *f = ((const activate_layer *)l)->f;
    int m = tren_tensor_width(l->out), n = (int)(layer_elements(l, w, pass) / (size_t)m);
    kernels_of(w)->activation[f->kind].forward(layer_y(w, l), layer_y(w, l->input), NULL, n, m);
}

static void activate_input(const tren_layer *l, tren_work *w, const tren_pass *pass, tren_dx dx) {
    const tren_activation *f = ((const activate_layer *)l)->f;
    size_t n = layer_elements(l, w, pass);
    if (dx.at != layer_dy(w, l)) memcpy(dx.at, layer_dy(w, l), n * sizeof *dx.at);
    kernels_of(w)->activation[f->kind].backward(dx.at, layer_y(w, l), layer_y(w, l->input), n);
}

static void activate_traits(const tren_layer *l, tren_layer_traits *t) {
    t->f = ((const activate_layer *)l)->f;
}

static const tren_layer_ops activate_ops = {.name = "activate",
                                            .forward = activate_forward,
                                            .input_gradient = activate_input,
                                            .traits = activate_traits};

tren_layer *tren_activate(tren_graph *graph, tren_layer *input, const tren_activation *f) {
    if (!input) return NULL;
    tren_layer *l = tren_graph_add(graph, sizeof(activate_layer), &activate_ops, input, input->out);
    if (!l) return NULL;
    ((activate_layer *)l)->f = f;
    l->reads_x = f->needs_z;
    l->reads_y = l->in_place = !f->needs_z;
    return l;
}
