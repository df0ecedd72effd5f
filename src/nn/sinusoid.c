/* y = s x + p: positions along the token axis as sines and cosines (Vaswani et al. 2017, section
 * 3.5), p[t, 2i] = sin(t / 10000^(2i/d)), p[t, 2i + 1] = cos of the same, by series of our own. */
#include "nn/work.h"

#include "base/series.h"

typedef struct sinusoid_layer {
    tren_layer layer;
    real scale;
    real table[]; /* [tokens, width] */
} sinusoid_layer;

static const sinusoid_layer *sinusoid_of(const tren_layer *l) {
    return (const sinusoid_layer *)l;
}

static void sinusoid_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    const int *token0 = w->token0[l->out.axis - 1];
    size_t width = (size_t)tren_tensor_width(l->out);
    for (int i = 0; i < pass->row0[pass->n_groups]; i++) {
        size_t at = (size_t)token0[i] * width, n = (size_t)(token0[i + 1] - token0[i]) * width;
        kernels_of(w)->scale_add(layer_y(w, l) + at, layer_y(w, l->input) + at,
                                 sinusoid_of(l)->scale, sinusoid_of(l)->table, n);
    }
}

static void sinusoid_input(const tren_layer *l, tren_work *w, const tren_pass *pass, tren_dx dx) {
    kernels_of(w)->scale(dx.at, layer_dy(w, l), sinusoid_of(l)->scale, layer_elements(l, w, pass));
}

static void sinusoid_traits(const tren_layer *l, tren_layer_traits *t) {
    t->scale = (double)sinusoid_of(l)->scale;
    t->table = sinusoid_of(l)->table;
}

static const tren_layer_ops sinusoid_ops = {.name = "sinusoid",
                                            .forward = sinusoid_forward,
                                            .input_gradient = sinusoid_input,
                                            .traits = sinusoid_traits,
                                            .in_place = true};

static void fill_table(real *table, int tokens, int width) {
    const double log_base = 9.210340371976184; /* ln(10000) */
    for (int j = 0; j < width; j++) {
        double slow = series_exp(log_base * (j - j % 2) / width);
        for (int t = 0; t < tokens; t++) {
            double angle = t / slow;
            table[(size_t)t * (size_t)width + (size_t)j] =
                (real)(j % 2 ? series_cos(angle) : series_sin(angle));
        }
    }
}

tren_layer *tren_sinusoid(tren_graph *graph, tren_layer *input, double scale) {
    char text[TREN_TENSOR_TEXT];
    if (!input) return NULL;
    if (!input->out.axis)
        return tren_graph_fail(graph, "positions need tokens, but %s is %s", input->name,
                               tren_tensor_text(text, input->out));
    size_t size = sizeof(sinusoid_layer) + (size_t)tren_tensor_size(input->out) * sizeof(real);
    tren_layer *l = tren_graph_add(graph, size, &sinusoid_ops, input, input->out);
    if (!l) return NULL;
    sinusoid_layer *s = (sinusoid_layer *)l;
    s->scale = (real)scale;
    fill_table(s->table, l->out.tokens, tren_tensor_width(l->out));
    return l;
}
