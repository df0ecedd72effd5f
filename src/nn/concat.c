/* y = [a, b]: the channels of one input behind those of another. A row, a token and a block of
 * lanes hold their channels one after the other, so each of them is copied in two parts. */
#include "nn/work.h"

#include <string.h>

/* Rows, tokens or blocks of this pass, and elements of one. */
static size_t pieces_of(const tren_layer *l, const tren_work *w, const tren_pass *pass) {
    return l->out.lanes ? (size_t)pass_blocks(w, pass) : (size_t)pass_rows(l, w, pass);
}
static size_t size_of(const tren_layer *l) {
    return (size_t)tren_tensor_width(l->out) * (l->out.lanes ? TREN_LANES : 1);
}

static void concat_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    const tren_layer *part[] = {l->input, l->other};
    real *y = layer_y(w, l);
    for (size_t i = 0; i < pieces_of(l, w, pass); i++)
        for (int k = 0; k < 2; k++) {
            size_t n = size_of(part[k]);
            memcpy(y, layer_y(w, part[k]) + i * n, n * sizeof *y);
            y += n;
        }
}

static void concat_input(const tren_layer *l, tren_work *w, const tren_pass *pass, tren_dx dx) {
    size_t first = size_of(l->input), n = dx.which == 0 ? first : size_of(l->other);
    const real *dy = layer_dy(w, l) + (dx.which == 0 ? 0 : first);
    for (size_t i = 0; i < pieces_of(l, w, pass); i++, dy += size_of(l), dx.at += n)
        if (dx.add)
            kernels_of(w)->add(dx.at, dy, n);
        else
            memcpy(dx.at, dy, n * sizeof *dy);
}

static const tren_layer_ops concat_ops = {
    .name = "concat", .forward = concat_forward, .input_gradient = concat_input, .can_add = true};

tren_layer *tren_concat(tren_graph *graph, tren_layer *a, tren_layer *b) {
    if (!a || !b) return NULL;
    char one[TREN_TENSOR_TEXT], other[TREN_TENSOR_TEXT];
    tren_tensor x = a->out, y = b->out, out = x;
    if (a == b)
        return tren_graph_fail(graph, "concat: both branches output %s; give one of them a layer",
                               a->name);
    if (x.axis != y.axis || x.tokens != y.tokens || x.h != y.h || x.w != y.w ||
        x.element != y.element)
        return tren_graph_fail(graph,
                               "concat: %s is %s, and %s %s; give two outputs that differ in "
                               "nothing but their channels",
                               a->name, tren_tensor_text(one, x), b->name,
                               tren_tensor_text(other, y));
    if (x.lanes || y.lanes) {
        a = tren_as_lanes(graph, a);
        b = tren_as_lanes(graph, b);
        out.lanes = true;
    }
    if ((double)x.c + y.c > INT32_MAX)
        return tren_graph_fail(graph, "concat: %g channels; use fewer", (double)x.c + y.c);
    out.c = x.c + y.c;
    if (!a || !b) return NULL;
    tren_layer *l = tren_graph_add(graph, sizeof(tren_layer), &concat_ops, a, out);
    if (l) tren_graph_also_reads(l, b);
    return l;
}
