/* y = a + b, where a branch of a residual network joins. In place on a's output, if nobody else
 * wants that: then a's gradient is y's, and only b's is passed on. */
#include "nn/work.h"

#include <string.h>

static size_t elements(const tren_layer *l, const tren_work *w, const tren_pass *pass) {
    return l->lanes ? pass_blocks(w, pass) * block_size(l)
                    : (size_t)pass_rows(pass) * tren_shape_size(l->out);
}

static void add_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    kernels_of(w)->sum(layer_y(w, l), layer_y(w, l->input), layer_y(w, l->other),
                       elements(l, w, pass));
}

static void pass_on(const tren_kernels *k, real *dx, const real *dy, size_t n, bool add) {
    if (dx == dy) return;
    if (add)
        k->add(dx, dy, n);
    else
        memcpy(dx, dy, n * sizeof *dx);
}

static void add_backward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    size_t n = elements(l, w, pass);
    const tren_kernels *k = kernels_of(w);
    if (l->input->wants_dy) pass_on(k, layer_dy(w, l->input), layer_dy(w, l), n, l->adds);
    if (l->other->wants_dy) pass_on(k, layer_dy(w, l->other), layer_dy(w, l), n, l->adds_other);
}

static const tren_layer_ops add_ops = {
    .name = "add", .forward = add_forward, .backward = add_backward, .can_add = true};

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
