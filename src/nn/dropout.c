/* Inverted dropout (Srivastava et al. 2014): in training y = x * mask / (1 - rate), elsewhere y =
 * x. A unit's mask depends on (seed, layer, epoch, sample, place in the row), so on no shard and no
 * rank. */
#include "nn/work.h"

#include <string.h>

typedef struct dropout_layer {
    tren_layer layer;
    double rate;
} dropout_layer;

static double rate_of(const tren_layer *l) {
    return ((const dropout_layer *)l)->rate;
}

/* A byte for each unit. */
static uint8_t *mask_of(const tren_layer *l, const tren_work *w) {
    return (uint8_t *)layer_aux(w, l);
}

static void copy(real *to, const real *from, size_t n) {
    if (to != from) memcpy(to, from, n * sizeof *to);
}

static void dropout_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    const real *x = layer_y(w, l->input);
    if (!pass->dropout) {
        copy(layer_y(w, l), x, layer_elements(l, w, pass));
        return;
    }
    tren_dropout_key key = {
        .seed = pass->seed, .layer = (uint32_t)l->index, .epoch = pass->epoch, .rate = rate_of(l)};
    int m = tren_tensor_width(l->out), rows = pass->row0[pass->n_groups];
    if (!l->out.axis)
        kernels_of(w)->dropout_forward(layer_y(w, l), mask_of(l, w), x, pass->sample, rows, m,
                                       &key);
    for (int i = 0; l->out.axis && i < rows; i++) {
        const int *token0 = w->token0[l->out.axis - 1];
        size_t at = (size_t)token0[i] * m;
        kernels_of(w)->dropout_forward(layer_y(w, l) + at, mask_of(l, w) + at, x + at,
                                       pass->sample + i, 1, (token0[i + 1] - token0[i]) * m, &key);
    }
}

static void dropout_input(const tren_layer *l, tren_work *w, const tren_pass *pass, tren_dx dx) {
    size_t size = layer_elements(l, w, pass);
    if (!pass->dropout) {
        copy(dx.at, layer_dy(w, l), size);
        return;
    }
    real scale = (real)(1 / (1 - rate_of(l)));
    kernels_of(w)->dropout_backward(dx.at, layer_dy(w, l), mask_of(l, w), size, scale);
}

static const tren_layer_ops dropout_ops = {.name = "dropout",
                                           .forward = dropout_forward,
                                           .input_gradient = dropout_input,
                                           .in_place = true};

tren_layer *tren_dropout(tren_graph *graph, tren_layer *input, double rate) {
    if (!input || rate == 0) return input;
    if (!(rate > 0 && rate < 1))
        return tren_graph_fail(graph, "a dropout rate must lie in [0, 1), not %g", rate);
    input = tren_as_image_rows(graph, input);
    if (!input) return NULL;
    tren_layer *l = tren_graph_add(graph, sizeof(dropout_layer), &dropout_ops, input, input->out);
    if (!l) return NULL;
    ((dropout_layer *)l)->rate = rate;
    l->aux = ((size_t)tren_tensor_size(l->out) + sizeof(real) - 1) / sizeof(real);
    return l;
}
