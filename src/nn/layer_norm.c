/* Layer normalisation (Ba, Kiros & Hinton 2016) of each row, or each token, by itself: y = gamma (x
 * - mean) / sqrt(var + eps) + beta, with the biased variance. */
#include "nn/work.h"

enum { WEIGHT, BIAS };

static void norm_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    kernels_of(w)->layer_norm_forward(layer_y(w, l), layer_aux(w, l), layer_y(w, l->input),
                                      param_value(w, l, WEIGHT), param_value(w, l, BIAS),
                                      pass_rows(l, w, pass), tren_tensor_width(l->out));
}

static void norm_input(const tren_layer *l, tren_work *w, const tren_pass *pass, tren_dx dx) {
    kernels_of(w)->layer_norm_input(dx.at, layer_dy(w, l), layer_y(w, l->input),
                                    param_value(w, l, WEIGHT), layer_aux(w, l),
                                    pass_rows(l, w, pass), tren_tensor_width(l->out), dx.add);
}

static void weight_leaf(const tren_layer *l, tren_work *w, const tren_pass *pass, real *dst,
                        const tren_leaf *leaf) {
    int row = rows_of(l, w, pass)[leaf->group], m = tren_tensor_width(l->out);
    size_t at = (size_t)row * m;
    kernels_of(w)->layer_norm_weight(dst, layer_dy(w, l) + at, layer_y(w, l->input) + at,
                                     layer_aux(w, l) + (size_t)row * 2,
                                     group_rows(l, w, pass, leaf->group), m);
}

static void bias_leaf(const tren_layer *l, tren_work *w, const tren_pass *pass, real *dst,
                      const tren_leaf *leaf) {
    int m = tren_tensor_width(l->out);
    const real *dy = layer_dy(w, l) + (size_t)rows_of(l, w, pass)[leaf->group] * m;
    kernels_of(w)->column_sums(dst, dy, group_rows(l, w, pass, leaf->group), m);
}

static void norm_traits(const tren_layer *l, tren_layer_traits *t) {
    (void)l;
    t->eps = 1e-5;
}

static const tren_layer_ops norm_ops = {
    .name = "layer_norm",
    .init = tren_init_norm,
    .forward = norm_forward,
    .input_gradient = norm_input,
    .traits = norm_traits,
    .gradient = {[WEIGHT] = {.leaf = weight_leaf}, [BIAS] = {.leaf = bias_leaf}},
    .reads_x = true,
    .can_add = true};

tren_layer *tren_layer_norm(tren_graph *graph, tren_layer *input) {
    input = tren_as_image_rows(graph, input);
    if (!input) return NULL;
    tren_layer *l = tren_graph_add(graph, sizeof(tren_layer), &norm_ops, input, input->out);
    if (!l) return NULL;
    int m = tren_tensor_width(l->out);
    l->aux = 2 * (size_t)l->out.tokens; /* mean and 1 / sqrt(var + eps) */
    l->aux_in_evaluation = true;
    tren_graph_add_param(graph, l, "weight", 1, &m, false);
    tren_graph_add_param(graph, l, "bias", 1, &m, false);
    return l;
}
