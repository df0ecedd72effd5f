/* y = f(x) as a layer of its own, where no layer before it can carry it along. */
#include "nn/work.h"

#include <string.h>

typedef struct activate_layer {
    tren_layer layer;
    const tren_activation *f;
} activate_layer;

static int rows_of(const tren_layer *l, const tren_work *w, const tren_pass *pass) {
    return l->lanes ? pass_blocks(w, pass) * TREN_LANES : pass_rows(pass);
}
static size_t elements(const tren_layer *l, const tren_work *w, const tren_pass *pass) {
    return (size_t)rows_of(l, w, pass) * tren_shape_size(l->out);
}

static void activate_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    const tren_activation *f = ((const activate_layer *)l)->f;
    kernels_of(w)->activation[f->kind].forward(layer_y(w, l), layer_y(w, l->input), NULL,
                                               rows_of(l, w, pass), tren_shape_size(l->out));
}

static void activate_backward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    if (!l->input->wants_dy) return;
    const tren_activation *f = ((const activate_layer *)l)->f;
    real *dx = layer_dy(w, l->input);
    memcpy(dx, layer_dy(w, l), elements(l, w, pass) * sizeof *dx);
    kernels_of(w)->activation[f->kind].backward(dx, layer_y(w, l), layer_y(w, l->input),
                                                elements(l, w, pass));
}

static const tren_layer_ops activate_ops = {.name = "activate",
                                            .forward = activate_forward,
                                            .backward = activate_backward,
                                            .reads_own_y = true};

tren_layer *tren_activate(tren_graph *graph, tren_layer *input, const tren_activation *f) {
    if (!input) return NULL;
    tren_layer *l = tren_graph_add(graph, sizeof(activate_layer), &activate_ops, input, input->out);
    if (l) ((activate_layer *)l)->f = f;
    return l;
}
