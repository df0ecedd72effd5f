#include "nn/work.h"

static void input_forward(const tren_layer *layer, tren_work *work, const tren_pass *pass) {
    (void)layer, (void)work, (void)pass; /* the caller has written y */
}

static const tren_layer_ops input_ops = {.name = "input", .forward = input_forward};

tren_layer *tren_typed_input(tren_graph *graph, tren_tensor t) {
    char text[TREN_TENSOR_TEXT];
    bool token = t.element == TREN_TOKENS;
    if (t.c < 1 || t.h < 1 || t.w < 1 || t.tokens < 1)
        return tren_graph_fail(graph, "the network's input has no elements: %s",
                               tren_tensor_text(text, t));
    if (t.axis < 0 || t.axis > TREN_AXES || (t.axis == 0 && (t.tokens > 1 || token)) ||
        (token && tren_tensor_width(t) != 1))
        return tren_graph_fail(graph, "no input can be %s along axis %d", tren_tensor_text(text, t),
                               t.axis);
    int *most = t.axis ? &graph->tokens[t.axis - 1] : NULL;
    if (most && *most && *most != t.tokens)
        return tren_graph_fail(graph, "two inputs along axis %d: of %d tokens, and %s", t.axis,
                               *most, tren_tensor_text(text, t));
    if (most) *most = t.tokens;
    return tren_graph_add(graph, sizeof(tren_layer), &input_ops, NULL, t);
}

const tren_layer *tren_graph_tokens_input(const tren_graph *graph, int axis) {
    for (int i = 0; i < graph->n_layers; i++) {
        const tren_layer *l = graph->layer[i];
        if (!l->input && l->out.element == TREN_TOKENS && l->out.axis == axis) return l;
    }
    return NULL;
}

tren_layer *tren_input(tren_graph *graph, tren_shape s) {
    return tren_typed_input(graph, (tren_tensor){.tokens = 1, .c = s.c, .h = s.h, .w = s.w});
}
