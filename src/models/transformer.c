#include "models/transformer.h"
#include "base/text.h"

void tren_transformer_check(tren_graph *graph, const tren_config *c,
                            const tren_dataset_info *info) {
    int width = c->model.width, heads = c->model.heads;
    (void)info;
    if (width % heads != 0)
        tren_graph_fail(graph,
                        "model.heads: %d heads do not divide model.width: %d; give a width that is "
                        "a multiple of the heads, such as %d",
                        heads, width, (width / heads + 1) * heads);
    if (c->dropout.n > 1)
        tren_graph_fail(graph,
                        "dropout: %d rates, but %s has one rate, for the embeddings and each "
                        "block; give one number",
                        c->dropout.n, c->model.name);
}

int tren_transformer_feed_forward(const tren_config *c) {
    return c->model.feed_forward > 0 ? c->model.feed_forward : 4 * c->model.width;
}

void tren_transformer_put(FILE *out, const tren_config *c, bool causal) {
    double rate = tren_config_dropout(c, 1);
    char text[40];
    tren_text_from_real(text, sizeof text, rate);
    fprintf(out, "- embedding: %d\n- positions\n", c->model.width);
    tren_put_dropout(out, rate);
    fprintf(out,
            "- {repeat: %d, transformer: {heads: %d, causal: %s, feed_forward: %d, dropout: %s}}\n",
            c->model.depth, c->model.heads, causal ? "true" : "false",
            tren_transformer_feed_forward(c), text);
    fprintf(out, "- layer_norm\n");
}

static tren_layer *dense(const tren_transformer *t, tren_layer *x, int out) {
    return tren_dense(t->graph, x, out, &tren_identity, t->init);
}

static tren_layer *before(const tren_transformer *t, tren_layer *x) {
    return t->pre_norm ? tren_layer_norm(t->graph, x) : x;
}

static tren_layer *behind(const tren_transformer *t, tren_layer *x, tren_layer *h) {
    h = tren_add_layers(t->graph, tren_dropout(t->graph, h, t->dropout), x);
    return t->pre_norm ? h : tren_layer_norm(t->graph, h);
}

tren_layer *tren_transformer_self(const tren_transformer *t, tren_layer *x, bool causal) {
    tren_attention_spec spec = {.heads = t->heads, .causal = causal};
    tren_layer *h = dense(t, before(t, x), 3 * t->width);
    h = tren_attention(t->graph, h, NULL, spec);
    return behind(t, x, dense(t, h, t->width));
}

tren_layer *tren_transformer_cross(const tren_transformer *t, tren_layer *x, tren_layer *memory) {
    tren_layer *kv = dense(t, memory, 2 * t->width), *q = dense(t, before(t, x), t->width);
    if (!kv) return NULL;
    tren_layer *h = tren_attention(t->graph, q, kv, (tren_attention_spec){.heads = t->heads});
    return behind(t, x, dense(t, h, t->width));
}

tren_layer *tren_transformer_feed(const tren_transformer *t, tren_layer *x) {
    tren_layer *h = tren_dense(t->graph, before(t, x), t->feed_forward, t->activation, t->init);
    return behind(t, x, dense(t, h, t->width));
}
