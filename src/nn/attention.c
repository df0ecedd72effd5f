/* Multi-head scaled dot-product attention (Vaswani et al. 2017) between projections that dense
 * layers make: q, k and v lie side by side in one input, or q in one and k and v in another, whose
 * tokens may lie along another axis. Rows are sequences, each computed by itself; forward keeps two
 * numbers for each head and query, from which backward computes the weights again. */
#include "nn/work.h"

#include <math.h>

typedef struct attention_layer {
    tren_layer layer;
    int heads;
    bool causal;
} attention_layer;

static const attention_layer *attention_of(const tren_layer *l) {
    return (const attention_layer *)l;
}
static int width_of(const tren_layer *l) {
    return tren_tensor_width(l->out);
}
/* Where k and v come from. */
static const tren_layer *source_of(const tren_layer *l) {
    return l->other ? l->other : l->input;
}

static tren_attention_shape shape_of(const tren_layer *l, int queries, int keys) {
    int head = width_of(l) / attention_of(l)->heads;
    return (tren_attention_shape){.queries = queries,
                                  .keys = keys,
                                  .width = head,
                                  .q_ld = tren_tensor_width(l->input->out),
                                  .kv_ld = tren_tensor_width(source_of(l)->out),
                                  .y_ld = width_of(l),
                                  .causal = attention_of(l)->causal,
                                  .scale = (real)(1 / sqrt((double)head))};
}

static tren_span tokens_of(const tren_layer *l, const tren_work *w, int row) {
    const int *token0 = w->token0[l->out.axis - 1];
    return (tren_span){(size_t)token0[row], (size_t)(token0[row + 1] - token0[row])};
}

/* One head of one row: its sizes, and where its parts begin in arrays that lie as q, as k and v,
 * and as y do. */
typedef struct head {
    tren_attention_shape shape;
    size_t q, k, v, y, kept;
} head;

static head head_of(const tren_layer *l, const tren_work *w, int row, int h) {
    tren_span query = tokens_of(l, w, row), key = tokens_of(source_of(l), w, row);
    head at = {.shape = shape_of(l, (int)query.len, (int)key.len)};
    size_t d = (size_t)width_of(l), column = (size_t)h * (size_t)at.shape.width;
    at.q = query.off * (size_t)at.shape.q_ld + column;
    at.k = key.off * (size_t)at.shape.kv_ld + column + (l->other ? 0 : d);
    at.v = at.k + d;
    at.y = query.off * d + column;
    at.kept = 2 * (query.off * (size_t)attention_of(l)->heads + (size_t)h * query.len);
    return at;
}

static void attention_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    const real *q = layer_y(w, l->input), *kv = layer_y(w, source_of(l));
    for (int i = 0; i < pass->row0[pass->n_groups]; i++)
        for (int h = 0; h < attention_of(l)->heads; h++) {
            head at = head_of(l, w, i, h);
            kernels_of(w)->attention_forward(layer_y(w, l) + at.y, layer_aux(w, l) + at.kept,
                                             q + at.q, kv + at.k, kv + at.v, &at.shape,
                                             w->scratch.at);
        }
}

/* All three gradients lie in one array, or dq in one and dk and dv in another. */
static void attention_input(const tren_layer *l, tren_work *w, const tren_pass *pass, tren_dx dx) {
    const real *q = layer_y(w, l->input), *kv = layer_y(w, source_of(l));
    real *dq = dx.which == 0 ? dx.at : NULL, *dkv = dx.which == 1 || !l->other ? dx.at : NULL;
    for (int i = 0; i < pass->row0[pass->n_groups]; i++)
        for (int h = 0; h < attention_of(l)->heads; h++) {
            head at = head_of(l, w, i, h);
            tren_attention_arrays x = {.q = q + at.q,
                                       .k = kv + at.k,
                                       .v = kv + at.v,
                                       .y = layer_y(w, l) + at.y,
                                       .kept = layer_aux(w, l) + at.kept,
                                       .dy = layer_dy(w, l) + at.y};
            kernels_of(w)->attention_input(dq ? dq + at.q : NULL, dkv ? dkv + at.k : NULL,
                                           dkv ? dkv + at.v : NULL, &x, &at.shape, w->scratch.at);
        }
}

/* Scores and sums; backward computes the scores again. */
static void attention_cost(const tren_layer *l, double *forward, double *backward) {
    double keys = source_of(l)->out.tokens;
    if (attention_of(l)->causal) keys = (keys + 1) / 2;
    double product = 2.0 * width_of(l) * l->out.tokens * keys;
    *forward += 2 * product;
    *backward += 5 * product;
}

static void attention_traits(const tren_layer *l, tren_layer_traits *t) {
    t->heads = attention_of(l)->heads;
    t->causal = attention_of(l)->causal;
}

static const tren_layer_ops attention_ops = {.name = "attention",
                                             .forward = attention_forward,
                                             .input_gradient = attention_input,
                                             .cost = attention_cost,
                                             .traits = attention_traits,
                                             .reads_x = true,
                                             .reads_y = true};

/* Parts of d columns in an input: 3 are q, k and v; 1 is q, and 2 are k and v. */
static bool fits(tren_graph *graph, const tren_layer *x, int parts, int heads) {
    char text[TREN_TENSOR_TEXT];
    int width = tren_tensor_width(x->out);
    if (x->out.axis && heads > 0 && width % (parts * heads) == 0) return true;
    tren_graph_fail(graph,
                    "attention: %s is %s; it takes tokens of a width that %d x %d heads divide",
                    x->name, tren_tensor_text(text, x->out), parts, heads);
    return false;
}

tren_layer *tren_attention(tren_graph *graph, tren_layer *q, tren_layer *kv,
                           tren_attention_spec spec) {
    if (!q || !fits(graph, q, kv ? 1 : 3, spec.heads)) return NULL;
    if (kv && !fits(graph, kv, 2, spec.heads)) return NULL;
    tren_tensor y = q->out;
    y.c = tren_tensor_width(y) / (kv ? 1 : 3);
    y.h = y.w = 1;
    if (kv && tren_tensor_width(kv->out) != 2 * y.c)
        return tren_graph_fail(
            graph, "attention: %d columns of keys and values for queries of %d; give %d",
            tren_tensor_width(kv->out), y.c, 2 * y.c);
    if (kv && spec.causal && kv->out.axis != q->out.axis)
        return tren_graph_fail(
            graph, "attention: tokens of one axis cannot be causal to those of another");
    tren_layer *l = tren_graph_add(graph, sizeof(attention_layer), &attention_ops, q, y);
    if (!l) return NULL;
    if (kv) tren_graph_also_reads(l, kv);
    ((attention_layer *)l)->heads = spec.heads;
    ((attention_layer *)l)->causal = spec.causal;
    l->aux = 2 * (size_t)spec.heads * (size_t)y.tokens;
    l->aux_in_evaluation = true;
    tren_attention_shape most = shape_of(l, y.tokens, source_of(l)->out.tokens);
    tren_graph_wants_scratch(graph, graph->kernels->attention_scratch(&most));
    return l;
}
