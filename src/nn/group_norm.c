/* Group normalisation (Wu & He 2018): the channels of an image or row are cut into groups, and each
 * group is normalised by itself, y = gamma (x - mean) / sqrt(var + eps) + beta with gamma and beta
 * of its channel. A group is layer normalisation of its numbers, by the same kernel: gamma and beta
 * are spread over the pixels first. */
#include "nn/work.h"

typedef struct group_layer {
    tren_layer layer;
    int groups;
} group_layer;

enum { WEIGHT, BIAS };
enum { KEPT = 2 }; /* mean and 1 / sqrt(var + eps) of a group */

static int groups_of(const tren_layer *l) {
    return ((const group_layer *)l)->groups;
}
static int area_of(const tren_layer *l) {
    return l->out.h * l->out.w;
}

/* The parameter of each channel at each of its pixels. */
static real *spread(const tren_layer *l, tren_work *w, int param) {
    const real *value = param_value(w, l, param);
    int size = tren_tensor_width(l->out), area = area_of(l);
    real *at = w->scratch.at + (size_t)param * (size_t)size;
    for (int i = 0; i < size; i++) at[i] = value[i / area];
    return at;
}

static void norm_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    const real *weight = spread(l, w, WEIGHT), *bias = spread(l, w, BIAS),
               *x = layer_y(w, l->input);
    int groups = groups_of(l), m = tren_tensor_width(l->out) / groups;
    for (size_t i = 0; i < (size_t)pass_rows(l, w, pass) * (size_t)groups; i++) {
        size_t of = i % (size_t)groups * (size_t)m, at = i * (size_t)m;
        kernels_of(w)->layer_norm_forward(layer_y(w, l) + at, layer_aux(w, l) + i * KEPT, x + at,
                                          weight + of, bias + of, 1, m);
    }
}

static void norm_input(const tren_layer *l, tren_work *w, const tren_pass *pass, tren_dx dx) {
    const real *weight = spread(l, w, WEIGHT), *dy = layer_dy(w, l), *x = layer_y(w, l->input);
    int groups = groups_of(l), m = tren_tensor_width(l->out) / groups;
    for (size_t i = 0; i < (size_t)pass_rows(l, w, pass) * (size_t)groups; i++) {
        size_t of = i % (size_t)groups * (size_t)m, at = i * (size_t)m;
        kernels_of(w)->layer_norm_input(dx.at + at, dy + at, x + at, weight + of,
                                        layer_aux(w, l) + i * KEPT, 1, m, dx.add);
    }
}

/* Sums over the pixels of a channel in the order of `dot`; over rows in order, in double. */
static void sum_channels(const tren_layer *l, tren_work *w, const tren_pass *pass, real *dst,
                         int group, int param) {
    int row = rows_of(l, w, pass)[group], end = row + group_rows(l, w, pass, group);
    int area = area_of(l), channels = l->out.c, groups = groups_of(l);
    real *all = w->scratch.at; /* [area] of one value */
    for (int c = 0; c < channels; c++) {
        double sum = 0;
        for (int i = row; i < end; i++) {
            size_t at = ((size_t)i * channels + c) * area;
            const real *dy = layer_dy(w, l) + at, *x = layer_y(w, l->input) + at,
                       *kept =
                           layer_aux(w, l) + ((size_t)i * groups + c / (channels / groups)) * KEPT;
            for (int p = 0; p < area; p++) all[p] = param == BIAS ? 1 : kept[0];
            sum += param == BIAS
                       ? kernels_of(w)->dot(dy, all, (size_t)area)
                       : (double)kept[1] * kernels_of(w)->dot_difference(dy, x, all, (size_t)area);
        }
        dst[c] = (real)sum;
    }
}
static void weight_leaf(const tren_layer *l, tren_work *w, const tren_pass *pass, real *dst,
                        const tren_leaf *leaf) {
    sum_channels(l, w, pass, dst, leaf->group, WEIGHT);
}
static void bias_leaf(const tren_layer *l, tren_work *w, const tren_pass *pass, real *dst,
                      const tren_leaf *leaf) {
    sum_channels(l, w, pass, dst, leaf->group, BIAS);
}

static void norm_traits(const tren_layer *l, tren_layer_traits *t) {
    t->groups = groups_of(l);
    t->eps = 1e-5;
}

static const tren_layer_ops norm_ops = {
    .name = "group_norm",
    .init = tren_init_norm,
    .forward = norm_forward,
    .input_gradient = norm_input,
    .traits = norm_traits,
    .gradient = {[WEIGHT] = {.leaf = weight_leaf}, [BIAS] = {.leaf = bias_leaf}},
    .reads_x = true,
    .can_add = true};

tren_layer *tren_group_norm(tren_graph *graph, tren_layer *input, int groups) {
    char text[TREN_TENSOR_TEXT];
    if (!input) return NULL;
    int c = input->out.c;
    if (input->out.axis)
        return tren_graph_fail(graph, "group_norm: %s is %s; use layer_norm for tokens",
                               input->name, tren_tensor_text(text, input->out));
    if (groups < 1 || c % groups != 0)
        return tren_graph_fail(graph,
                               "group_norm: %d groups do not divide the %d channels of %s (%s); "
                               "give a number that does (groups; norm_groups of conv and dense)",
                               groups, c, input->name, tren_tensor_text(text, input->out));
    if (tren_tensor_width(input->out) == groups)
        return tren_graph_fail(
            graph,
            "group_norm: %d groups of the %d numbers of %s have one each, without "
            "a variance; use fewer groups",
            groups, groups, input->name);
    input = tren_as_image_rows(graph, input);
    if (!input) return NULL;
    tren_layer *l = tren_graph_add(graph, sizeof(group_layer), &norm_ops, input, input->out);
    if (!l) return NULL;
    ((group_layer *)l)->groups = groups;
    l->aux = KEPT * (size_t)groups;
    l->aux_in_evaluation = true;
    tren_graph_wants_scratch(graph, 2 * (size_t)tren_tensor_width(l->out));
    tren_graph_add_param(graph, l, "weight", 1, &c, false);
    tren_graph_add_param(graph, l, "bias", 1, &c, false);
    return l;
}
