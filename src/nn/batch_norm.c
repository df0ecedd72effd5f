/* Batch normalisation (Ioffe & Szegedy 2015), with the relu behind it: y = max(gamma (x - mean) /
 * sqrt(var + eps) + beta, 0). Training takes mean and variance of each microbatch; prediction takes
 * the running ones. */
#include "nn/work.h"

#include <math.h>

static const double eps = 1e-5;

typedef struct norm_layer {
    tren_layer layer;
    bool relu;
} norm_layer;

enum { WEIGHT, BIAS, RUNNING_MEAN, RUNNING_VAR };
enum { MEAN, M2, SUM_G, SUM_GX, N_KEPT }; /* per channel and microbatch */

static bool relu_of(const tren_layer *l) {
    return ((const norm_layer *)l)->relu;
}
static int area_of(const tren_layer *l) {
    return l->out.h * l->out.w;
}
static double *kept(const tren_layer *l, const tren_work *w, int group, int channel) {
    return layer_group(w, l, group) + (size_t)channel * N_KEPT;
}

static tren_norm_span span_of(const tren_layer *l, const tren_work *w, const tren_pass *pass,
                              int group) {
    return (tren_norm_span){
        .n_images = group_rows(l, w, pass, group), .area = area_of(l), .stride = block_size(l)};
}

/* Channel c of the first block of a microbatch. */
static size_t plane_of(const tren_layer *l, const tren_work *w, int group, int c) {
    return w->block0[group] * block_size(l) + (size_t)c * area_of(l) * TREN_LANES;
}

/* y = a x + b. */
typedef struct affine {
    double a, b, inverse; /* 1 / sqrt(var + eps) */
} affine;
static affine affine_of(const tren_layer *l, const tren_work *w, int c, double mean, double var) {
    affine f = {.inverse = 1 / sqrt(var + eps)};
    f.a = (double)param_value(w, l, WEIGHT)[c] * f.inverse;
    f.b = (double)param_value(w, l, BIAS)[c] - mean * f.a;
    return f;
}

static double count_of(const tren_layer *l, const tren_work *w, const tren_pass *pass, int group) {
    return (double)group_rows(l, w, pass, group) * area_of(l);
}

static void norm_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    const real *x = layer_y(w, l->input);
    for (int g = 0; g < pass->n_groups; g++)
        for (int c = 0; c < l->out.c && group_rows(l, w, pass, g) > 0; c++) {
            double *k = kept(l, w, g, c), mean = (double)param_value(w, l, RUNNING_MEAN)[c],
                   var = (double)param_value(w, l, RUNNING_VAR)[c];
            size_t at = plane_of(l, w, g, c);
            tren_norm_span span = span_of(l, w, pass, g);
            if (pass->train) {
                kernels_of(w)->norm_statistics(&k[MEAN], &k[M2], x + at, span);
                mean = k[MEAN];
                var = k[M2] / count_of(l, w, pass, g);
            }
            affine f = affine_of(l, w, c, mean, var);
            kernels_of(w)->norm_forward(layer_y(w, l) + at, x + at, span, (real)f.a, (real)f.b,
                                        relu_of(l));
        }
}

/* ---- backward ----------------------------------------------------------------------------------
 */

/* dx = inverse gamma (g - mean(g) - xhat mean(g xhat)), in terms of x - mean. */
static tren_norm_backward plan(const tren_layer *l, const tren_work *w, const tren_pass *pass,
                               int g, int c) {
    const double *k = kept(l, w, g, c);
    double n = count_of(l, w, pass, g);
    affine f = affine_of(l, w, c, k[MEAN], k[M2] / n);
    return (tren_norm_backward){.a = (real)f.a,
                                .b = (real)f.b,
                                .relu = relu_of(l),
                                .mean = (real)k[MEAN],
                                .slope = (real)(f.a * f.inverse * f.inverse * k[SUM_GX] / n),
                                .offset = (real)(f.a * k[SUM_G] / n)};
}

/* Channel by channel: what the sums read, the gradient reads again. */
static void norm_input(const tren_layer *l, tren_work *w, const tren_pass *pass, tren_dx dx) {
    for (int g = 0; g < pass->n_groups; g++)
        for (int c = 0; c < l->out.c && group_rows(l, w, pass, g) > 0; c++) {
            size_t at = plane_of(l, w, g, c);
            const real *dy = layer_dy(w, l) + at, *x = layer_y(w, l->input) + at;
            tren_norm_span span = span_of(l, w, pass, g);
            double *k = kept(l, w, g, c);
            k[SUM_G] = k[SUM_GX] = 0;
            tren_norm_backward back = plan(l, w, pass, g, c);
            kernels_of(w)->norm_sums(&k[SUM_G], dy, x, span, &back);
            if (!dx.at) continue;
            back = plan(l, w, pass, g, c);
            back.add = dx.add;
            kernels_of(w)->norm_input(dx.at + at, dy, x, span, &back);
        }
}

static void weight_leaf(const tren_layer *l, tren_work *w, const tren_pass *pass, real *dst,
                        const tren_leaf *leaf) {
    for (int c = 0; c < l->out.c; c++) {
        const double *k = kept(l, w, leaf->group, c);
        double var = k[M2] / count_of(l, w, pass, leaf->group);
        dst[c] = (real)(k[SUM_GX] / sqrt(var + eps));
    }
}
static void bias_leaf(const tren_layer *l, tren_work *w, const tren_pass *pass, real *dst,
                      const tren_leaf *leaf) {
    (void)pass;
    for (int c = 0; c < l->out.c; c++) dst[c] = (real)kept(l, w, leaf->group, c)[SUM_G];
}

/* ---- running statistics -------------------------------------------------------------------------
 */

static void mean_leaf(const tren_layer *l, tren_work *w, const tren_pass *pass, real *dst,
                      const tren_leaf *leaf) {
    double share = group_rows(l, w, pass, leaf->group) * (double)pass->scale;
    for (int c = 0; c < l->out.c; c++) dst[c] = (real)(share * kept(l, w, leaf->group, c)[MEAN]);
}
static void var_leaf(const tren_layer *l, tren_work *w, const tren_pass *pass, real *dst,
                     const tren_leaf *leaf) {
    double share = group_rows(l, w, pass, leaf->group) * (double)pass->scale;
    double n = count_of(l, w, pass, leaf->group);
    for (int c = 0; c < l->out.c; c++)
        dst[c] = (real)(share * kept(l, w, leaf->group, c)[M2] / (n - 1));
}
static void norm_statistics(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    tren_fold_param(l, w, pass, RUNNING_MEAN, &(tren_gradient){.leaf = mean_leaf});
    tren_fold_param(l, w, pass, RUNNING_VAR, &(tren_gradient){.leaf = var_leaf});
}

static tren_status norm_check(const tren_layer *l, int rows) {
    if (rows * area_of(l) != 1) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "a microbatch of one row has a single value per channel in %s, and no "
                     "variance; use fewer shards, or a batch_size that gives every shard at least "
                     "two rows, also in the last batch of an epoch",
                     l->name);
}

static void norm_traits(const tren_layer *l, tren_layer_traits *t) {
    t->f = relu_of(l) ? &tren_relu : NULL;
    t->eps = eps;
}

static const tren_layer_ops norm_ops = {
    .name = "batch_norm",
    .init = tren_init_norm,
    .forward = norm_forward,
    .input_gradient = norm_input,
    .gradient = {[WEIGHT] = {.leaf = weight_leaf}, [BIAS] = {.leaf = bias_leaf}},
    .statistics = norm_statistics,
    .check = norm_check,
    .traits = norm_traits,
    .reads_x = true,
    .can_add = true,
    .input_first = true};

/* Of a table, whose columns are channels of one pixel, it puts out rows again. */
tren_layer *tren_batch_norm(tren_graph *graph, tren_layer *input, bool relu) {
    char text[TREN_TENSOR_TEXT];
    bool table = input && !input->out.lanes && input->out.h == 1 && input->out.w == 1;
    if (input && input->out.axis)
        return tren_graph_fail(graph, "batch_norm: %s is %s; use layer_norm for tokens",
                               input->name, tren_tensor_text(text, input->out));
    input = tren_as_lanes(graph, input);
    if (!input) return NULL;
    tren_layer *l = tren_graph_add(graph, sizeof(norm_layer), &norm_ops, input, input->out);
    if (!l) return NULL;
    ((norm_layer *)l)->relu = relu;
    l->group = graph->per_group;
    graph->per_group += (size_t)input->out.c * N_KEPT;
    int c = input->out.c;
    tren_graph_add_param(graph, l, "weight", 1, &c, false);
    tren_graph_add_param(graph, l, "bias", 1, &c, false);
    tren_graph_add_statistic(graph, l, "running_mean", c);
    tren_graph_add_statistic(graph, l, "running_var", c);
    return table ? tren_as_rows(graph, l) : l;
}
