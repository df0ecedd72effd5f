#include "nn/work.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

tren_status tren_graph_open(tren_graph **graph, const tren_kernels *kernels) {
    TREN_TRY(tren_alloc(graph, 1, sizeof **graph, "a network"));
    (*graph)->kernels = kernels;
    return TREN_OK;
}

void tren_graph_close(tren_graph *graph) {
    if (!graph) return;
    for (int i = 0; i < graph->n_layers; i++) free(graph->layer[i]);
    free(graph->layer);
    free(graph->param);
    free(graph);
}

bool tren_tensor_equal(tren_tensor a, tren_tensor b) {
    return a.axis == b.axis && a.tokens == b.tokens && a.c == b.c && a.h == b.h && a.w == b.w &&
           a.element == b.element && a.lanes == b.lanes;
}

const char *tren_tensor_text(char out[TREN_TENSOR_TEXT], tren_tensor t) {
    if (t.element == TREN_TOKENS)
        snprintf(out, TREN_TENSOR_TEXT, "up to %d token numbers", t.tokens);
    else if (t.axis || t.tokens > 1)
        snprintf(out, TREN_TENSOR_TEXT, "up to %d tokens of %d", t.tokens, tren_tensor_width(t));
    else if (t.h == 1 && t.w == 1)
        snprintf(out, TREN_TENSOR_TEXT, "%d", t.c);
    else
        snprintf(out, TREN_TENSOR_TEXT, "%d x %d x %d", t.c, t.h, t.w);
    return out;
}

tren_layer *tren_graph_fail(tren_graph *graph, const char *format, ...) {
    if (graph->status != TREN_OK) return NULL;
    graph->status = TREN_ERR_USAGE;
    va_list args;
    va_start(args, format);
    vsnprintf(graph->error, sizeof graph->error, format, args);
    va_end(args);
    return NULL;
}

/* Room for one more element, or the sticky error. */
static bool grow(tren_graph *graph, void *list, int n, size_t size, const char *what) {
    graph->status = tren_resize(list, (size_t)n + 1, size, what);
    if (graph->status == TREN_OK) return true;
    snprintf(graph->error, sizeof graph->error, "%s", tren_error_text());
    return false;
}

tren_layer *tren_graph_add(tren_graph *graph, size_t size, const tren_layer_ops *ops,
                           tren_layer *input, tren_tensor out) {
    tren_layer *layer = NULL;
    char text[TREN_TENSOR_TEXT];
    if (input && (input->out.element == TREN_TOKENS) != ops->takes_tokens)
        return tren_graph_fail(graph, "%s takes %s, and %s is %s", ops->name,
                               ops->takes_tokens ? "token numbers" : "reals, as an embedding gives",
                               input->name, tren_tensor_text(text, input->out));
    if ((double)out.tokens * out.c * out.h * out.w > INT32_MAX)
        return tren_graph_fail(graph, "%s would put out %g numbers for a row; make it smaller",
                               ops->name, (double)out.tokens * out.c * out.h * out.w);
    if (graph->status != TREN_OK ||
        !grow(graph, &graph->layer, graph->n_layers, sizeof layer, "layers") ||
        !grow(graph, &layer, 0, size, "a layer"))
        return NULL;
    memset(layer, 0, size);
    layer->ops = ops;
    layer->graph = graph;
    layer->input = input;
    layer->index = graph->n_layers;
    layer->in = input ? input->out : out;
    layer->out = out;
    layer->wants_dy = input && input->wants_dy;
    layer->reads_x = ops->reads_x;
    layer->reads_y = ops->reads_y;
    layer->in_place = ops->in_place;
    int same = 1;
    for (int i = 0; i < graph->n_layers; i++)
        same += strcmp(graph->layer[i]->ops->name, ops->name) == 0;
    snprintf(layer->name, sizeof layer->name, "%s%d", ops->name, same);
    graph->layer[graph->n_layers++] = layer;
    return layer;
}

tren_layer_traits tren_layer_describe(const tren_layer *layer) {
    tren_layer_traits traits = {0};
    if (layer->ops->traits) layer->ops->traits(layer, &traits);
    return traits;
}

void tren_graph_also_reads(tren_layer *layer, tren_layer *other) {
    layer->other = other;
    layer->wants_dy = layer->wants_dy || other->wants_dy;
}

void tren_graph_wants_scratch(tren_graph *graph, size_t elements) {
    if (elements > graph->scratch) graph->scratch = elements;
}

/* Learned parameters in the order of their layers, statistics behind them. */
static void lay_out(tren_graph *graph) {
    graph->n_values = 0;
    for (int statistic = 0; statistic < 2; statistic++) {
        for (int i = 0; i < graph->n_params; i++) {
            tren_param *p = &graph->param[i];
            if (p->statistic != statistic) continue;
            p->at.off = graph->n_values;
            graph->n_values += p->at.len;
        }
        if (!statistic) graph->n_learned = graph->n_values;
    }
}

int tren_graph_add_param(tren_graph *graph, tren_layer *layer, const char *name, int rank,
                         const int *dim, bool decay) {
    if (graph->status != TREN_OK ||
        !grow(graph, &graph->param, graph->n_params, sizeof *graph->param, "parameters"))
        return -1;
    tren_param *param = &graph->param[graph->n_params];
    *param = (tren_param){
        .rank = rank, .owner = layer->index, .n_users = 1, .decay = decay, .at = {.len = 1}};
    snprintf(param->name, sizeof param->name, "%s/%s", layer->name, name);
    for (int i = 0; i < rank; i++) {
        param->dim[i] = dim[i];
        param->at.len *= (size_t)dim[i];
    }
    layer->param[layer->n_params++] = graph->n_params++;
    layer->wants_dy = true;
    lay_out(graph);
    return graph->n_params - 1;
}

void tren_graph_share_param(tren_layer *layer, const tren_layer *owner, int i) {
    layer->param[layer->n_params++] = owner->param[i];
    layer->wants_dy = true;
    layer->graph->param[owner->param[i]].n_users++;
}

void tren_graph_add_weight(tren_layer *l, const tren_layer *tied, int rows, int columns) {
    const tren_param *p = tied ? &l->graph->param[tied->param[0]] : NULL;
    if (!p)
        tren_graph_add_param(l->graph, l, "weight", 2, (int[]){rows, columns}, true);
    else if (p->rank != 2 || p->dim[0] != rows || p->dim[1] != columns)
        tren_graph_fail(l->graph,
                        "%s: a weight of %d x %d cannot be %s, which is %d x %d; give it %d units "
                        "and %d inputs, or remove tied",
                        l->name, rows, columns, p->name, p->dim[0], p->dim[1], p->dim[0],
                        p->dim[1]);
    else
        tren_graph_share_param(l, tied, 0);
}

void tren_graph_add_statistic(tren_graph *graph, tren_layer *layer, const char *name, int n) {
    int i = tren_graph_add_param(graph, layer, name, 1, &n, false);
    if (i < 0) return;
    graph->param[i].statistic = true;
    lay_out(graph);
}

void tren_graph_init(const tren_graph *graph, real *value, uint64_t seed) {
    for (int i = 0; i < graph->n_layers; i++)
        if (graph->layer[i]->ops->init) graph->layer[i]->ops->init(graph->layer[i], value, seed);
}

double tren_graph_weight_squares(const tren_graph *graph, const real *value) {
    double sum = 0;
    for (int i = 0; i < graph->n_params; i++) {
        const tren_param *p = &graph->param[i];
        if (p->decay) sum += graph->kernels->sum_squares(value + p->at.off, p->at.len);
    }
    return sum;
}

static void describe_ends(char *text, size_t n, const tren_graph *graph) {
    char in[TREN_TENSOR_TEXT];
    int layers = 0, out = tren_tensor_width(graph->layer[graph->n_layers - 1]->out);
    for (int i = 0; i < graph->n_layers; i++) layers += graph->layer[i]->n_params > 0;
    snprintf(text, n, "%s to %d by %d layers with parameters",
             tren_tensor_text(in, graph->layer[0]->out), out, layers);
}

/* A norm has parameters, but no weights. */
static bool has_weights(const tren_graph *graph, const tren_layer *layer) {
    return layer->n_params > 0 && graph->param[layer->param[0]].rank > 1;
}

void tren_graph_describe(char *text, size_t n, const tren_graph *graph) {
    size_t at = 0;
    text[0] = '\0';
    if (graph->lanes || graph->layer[0]->out.axis) {
        describe_ends(text, n, graph);
        return;
    }
    for (int i = 0; i < graph->n_layers && at < n; i++) {
        const tren_layer *l = graph->layer[i];
        if (i > 0 && !has_weights(graph, l)) continue;
        at += (size_t)snprintf(text + at, n - at, "%s%d", at ? "-" : "", tren_tensor_size(l->out));
    }
}

void tren_graph_cost(const tren_graph *graph, double *train, double *evaluate) {
    *train = *evaluate = 0;
    for (int i = 0; i < graph->n_layers; i++) {
        double forward = 0, backward = 0;
        const tren_layer *layer = graph->layer[i];
        if (layer->ops->cost) layer->ops->cost(layer, &forward, &backward);
        *evaluate += forward;
        *train += forward + backward;
    }
}

static void draw_normal(real *value, size_t n, double sd, const tren_rng *rng) {
    for (size_t i = 0; i < n; i++) value[i] = (real)(sd * tren_rng_normal(rng, (uint32_t)i));
}

static void draw_uniform(real *value, size_t n, double bound, const tren_rng *rng) {
    for (size_t i = 0; i < n; i++)
        value[i] = (real)(bound * (2 * tren_rng_uniform(rng, (uint32_t)i) - 1));
}

static void init_weights(real *value, size_t n, int fan_in, int fan_out, tren_init init,
                         const tren_rng *rng) {
    switch (init.kind) {
    case TREN_DRAW_HE:
        draw_normal(value, n, sqrt(2.0 / fan_in), rng);
        break;
    case TREN_DRAW_GLOROT:
        draw_uniform(value, n, sqrt(6.0 / (fan_in + fan_out)), rng);
        break;
    case TREN_DRAW_GAUSSIAN:
        draw_normal(value, n, sqrt(init.variance), rng);
        break;
    case TREN_DRAW_PYTORCH:
        draw_uniform(value, n, 1 / sqrt((double)fan_in), rng);
        break;
    }
}

static void init_bias(real *value, size_t n, int fan_in, tren_init init, const tren_rng *rng) {
    switch (init.kind) {
    case TREN_DRAW_HE:
    case TREN_DRAW_GLOROT:
        memset(value, 0, n * sizeof *value);
        break;
    case TREN_DRAW_GAUSSIAN:
        draw_normal(value, n, sqrt(init.variance), rng);
        break;
    case TREN_DRAW_PYTORCH:
        draw_uniform(value, n, 1 / sqrt((double)fan_in), rng);
        break;
    }
}

void tren_init_layer(const tren_layer *l, real *value, uint64_t seed, int fan_in, int fan_out,
                     tren_init init) {
    for (int i = 0; i < l->n_params; i++) {
        const tren_param *p = &l->graph->param[l->param[i]];
        tren_rng rng = tren_rng_open(seed, TREN_RNG_INIT, 0, (uint32_t)l->param[i], 0);
        if (p->owner != l->index) continue;
        if (i == 0)
            init_weights(value + p->at.off, p->at.len, fan_in, fan_out, init, &rng);
        else
            init_bias(value + p->at.off, p->at.len, fan_in, init, &rng);
    }
}

void tren_init_norm(const tren_layer *l, real *value, uint64_t seed) {
    (void)seed;
    static const real first[TREN_LAYER_VALUES] = {1, 0, 0, 1};
    for (int i = 0; i < l->n_params; i++) {
        tren_span at = l->graph->param[l->param[i]].at;
        for (size_t k = 0; k < at.len; k++) value[at.off + k] = first[i];
    }
}
