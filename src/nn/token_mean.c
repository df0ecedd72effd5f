/* y = the mean of a row's tokens, 0 for a row without any: what a classifier of sequences reads. */
#include "nn/work.h"

static const int *first_tokens(const tren_layer *l, const tren_work *w) {
    return w->token0[l->in.axis - 1];
}

static void mean_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    const int *token0 = first_tokens(l, w);
    size_t m = (size_t)tren_tensor_width(l->out);
    for (int i = 0; i < pass->row0[pass->n_groups]; i++) {
        int n = token0[i + 1] - token0[i];
        real *y = layer_y(w, l) + (size_t)i * m;
        kernels_of(w)->column_sums(y, layer_y(w, l->input) + (size_t)token0[i] * m, n, (int)m);
        kernels_of(w)->scale(y, y, n > 0 ? 1 / (real)n : 0, m);
    }
}

static void mean_input(const tren_layer *l, tren_work *w, const tren_pass *pass, tren_dx dx) {
    const int *token0 = first_tokens(l, w);
    size_t m = (size_t)tren_tensor_width(l->out);
    for (int i = 0; i < pass->row0[pass->n_groups]; i++) {
        real share = 1 / (real)(token0[i + 1] - token0[i]);
        for (int t = token0[i]; t < token0[i + 1]; t++)
            kernels_of(w)->scale(dx.at + (size_t)t * m, layer_dy(w, l) + (size_t)i * m, share, m);
    }
}

static const tren_layer_ops mean_ops = {
    .name = "token_mean", .forward = mean_forward, .input_gradient = mean_input};

tren_layer *tren_token_mean(tren_graph *graph, tren_layer *input) {
    char text[TREN_TENSOR_TEXT];
    if (!input) return NULL;
    if (!input->out.axis)
        return tren_graph_fail(graph, "a mean over tokens needs tokens, but %s is %s", input->name,
                               tren_tensor_text(text, input->out));
    tren_tensor y = {.tokens = 1, .c = tren_tensor_width(input->out), .h = 1, .w = 1};
    return tren_graph_add(graph, sizeof(tren_layer), &mean_ops, input, y);
}
