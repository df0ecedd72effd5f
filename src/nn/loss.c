/* The losses, as last layers: forward computes each microbatch's sum and leaves dL/dx in y. */
#include "nn/work.h"

#include <string.h>

typedef struct loss_layer {
    tren_layer layer;
    double smoothing;
} loss_layer;

static real *copy_input(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    real *y = layer_y(w, l);
    const real *x = layer_y(w, l->input);
    if (y != x) memcpy(y, x, layer_elements(l, w, pass) * sizeof *y);
    return y;
}

/* So many labels are counted, or are not, like the first one. */
static int alike(const int32_t *label, int most) {
    int n = 1;
    while (n < most && (label[n] < 0) == (label[0] < 0)) n++;
    return n;
}

static void softmax_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    if (!pass->label) return;
    real *z = copy_input(l, w, pass), smoothing = (real)((const loss_layer *)l)->smoothing;
    const int *row0 = rows_of(l, w, pass);
    size_t m = (size_t)tren_tensor_width(l->out);
    for (int g = 0; g < pass->n_groups; g++)
        for (int i = row0[g], n; i < row0[g + 1]; i += n) {
            n = alike(pass->label + i, row0[g + 1] - i);
            if (pass->label[i] < 0) {
                memset(z + i * m, 0, n * m * sizeof *z);
                continue;
            }
            w->result[g].counted += n;
            kernels_of(w)->softmax_cross_entropy(z + i * m, &w->result[g].loss,
                                                 &w->result[g].correct, pass->label + i, n, (int)m,
                                                 pass->train ? smoothing : 0, pass->scale);
        }
}

static void squares_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    if (!pass->target) return;
    real *y = copy_input(l, w, pass);
    int m = tren_tensor_width(l->out);
    for (int g = 0; g < pass->n_groups; g++) {
        size_t off = (size_t)rows_of(l, w, pass)[g] * m;
        int n = group_rows(l, w, pass, g);
        kernels_of(w)->half_squares(y + off, &w->result[g].loss, pass->target + off, n, m,
                                    pass->scale);
        w->result[g].counted += n;
    }
}

static const tren_layer_ops softmax_ops = {
    .name = "softmax_cross_entropy", .forward = softmax_forward, .in_place = true};
static const tren_layer_ops squares_ops = {
    .name = "half_squares", .forward = squares_forward, .in_place = true};

/* mean |z| is about hidden units; a network without any keeps its only layer. */
static void mark_hidden(tren_graph *graph, tren_layer *output) {
    int dense = 0;
    for (int i = 0; i < graph->n_layers; i++) dense += graph->layer[i]->hidden;
    if (dense > 1) output->hidden = false;
}

static tren_layer *add_loss(tren_graph *graph, tren_layer *input, const tren_layer_ops *ops,
                            double smoothing) {
    input = tren_as_rows(graph, input);
    if (!input) return NULL;
    tren_layer *l = tren_graph_add(graph, sizeof(loss_layer), ops, input, input->out);
    if (!l) return NULL;
    ((loss_layer *)l)->smoothing = smoothing;
    mark_hidden(graph, input);
    return l;
}

tren_layer *tren_softmax_loss(tren_graph *graph, tren_layer *input, double label_smoothing) {
    return add_loss(graph, input, &softmax_ops, label_smoothing);
}

tren_layer *tren_half_squares_loss(tren_graph *graph, tren_layer *input) {
    return add_loss(graph, input, &squares_ops, 0);
}
