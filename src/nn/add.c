/* y = a + b, where a branch of a residual network joins. In place on a's output, if nobody else
 * wants that: then a's gradient is y's, and only b's is passed on. */
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

static const tren_layer_ops add_ops = {
    .name = "add", .forward = add_forward, .input_gradient = add_input, .can_add = true};

static bool has_readers(const tren_graph *graph, const tren_layer *x) {
    for (int i = 0; i < graph->n_layers; i++)
        if (graph->layer[i]->input == x || graph->layer[i]->other == x) return true;
    return false;
}

tren_layer *tren_add_layers(tren_graph *graph, tren_layer *a, tren_layer *b) {
    if (!a || !b) return NULL;
    if (a == b || a->lanes != b->lanes || a->out.c != b->out.c || a->out.h != b->out.h ||
        a->out.w != b->out.w)
        return tren_graph_fail(graph, "add: %s is %d x %d x %d and %s %d x %d x %d", a->name,
                               a->out.c, a->out.h, a->out.w, b->name, b->out.c, b->out.h, b->out.w);
    bool in_place = !has_readers(graph, a) && !a->ops->reads_own_y;
    size_t before = graph->act_per_row;
    tren_layer *l = tren_graph_add(graph, sizeof(tren_layer), &add_ops, a, a->out);
    if (!l) return NULL;
    tren_graph_also_reads(l, b);
    if (!in_place) return l;
    l->y = a->y;
    graph->act_per_row = before;
    return l;
}
