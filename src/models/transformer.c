#include "models/transformer.h"

void tren_transformer_open(tren_transformer *t, tren_graph *graph, const tren_config *c) {
    *t = (tren_transformer){.graph = graph,
                            .width = c->model.width,
                            .heads = c->model.heads,
                            .depth = c->model.depth,
                            .feed_forward = c->model.feed_forward,
                            .init = tren_model_init(c),
                            .dropout = tren_config_dropout(c, 1)};
    if (t->feed_forward == 0) t->feed_forward = 4 * t->width;
    if (t->width % t->heads != 0)
        tren_graph_fail(graph,
                        "model.heads: %d heads do not divide model.width: %d; give a width that "
                        "is a multiple of the heads, like %d",
                        t->heads, t->width, (t->width / t->heads + 1) * t->heads);
    if (c->dropout.n > 1)
        tren_graph_fail(graph,
                        "dropout: %d rates, but %s has one, of the embeddings and of each "
                        "block; give one number",
                        c->dropout.n, c->model.name);
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

tren_layer *tren_transformer_stack(const tren_transformer *t, tren_layer **embedding,
                                   tren_layer *tokens, int vocabulary, bool causal) {
    tren_embedding_spec spec = {.vocabulary = vocabulary, .width = t->width, .init = t->init};
    tren_layer *x = *embedding = tren_embedding(t->graph, tokens, spec);
    x = tren_dropout(t->graph, tren_positions(t->graph, x, t->init), t->dropout);
    for (int i = 0; i < t->depth; i++)
        x = tren_transformer_feed(t, tren_transformer_self(t, x, causal));
    return tren_layer_norm(t->graph, x);
}
