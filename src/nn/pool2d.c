/* Maximum and average pooling; the global ones are one window over the whole picture. */
#include "nn/work.h"

#include <string.h>

typedef struct pool_layer {
    tren_layer layer;
    tren_pool_shape shape;
} pool_layer;

static const tren_pool_shape *pool_of(const tren_layer *l) {
    return &((const pool_layer *)l)->shape;
}

static void max_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    for (int i = 0; i < pass_blocks(w, pass); i++)
        kernels_of(w)->pool_max(block_y(w, l, i), block_y(w, l->input, i), pool_of(l));
}
static void average_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    for (int i = 0; i < pass_blocks(w, pass); i++)
        kernels_of(w)->pool_average(block_y(w, l, i), block_y(w, l->input, i), pool_of(l));
}

/* dx of a block, to be added to. */
static real *block_dx(const tren_layer *l, tren_dx dx, int block) {
    real *at = dx.at + block * block_size(l->input);
    if (!dx.add) memset(at, 0, block_size(l->input) * sizeof *at);
    return at;
}
static void max_input(const tren_layer *l, tren_work *w, const tren_pass *pass, tren_dx dx) {
    for (int i = 0; i < pass_blocks(w, pass); i++)
        kernels_of(w)->pool_max_input(block_dx(l, dx, i), block_dy(w, l, i),
                                      block_y(w, l->input, i), block_y(w, l, i), pool_of(l));
}
static void average_input(const tren_layer *l, tren_work *w, const tren_pass *pass, tren_dx dx) {
    for (int i = 0; i < pass_blocks(w, pass); i++)
        kernels_of(w)->pool_average_input(block_dx(l, dx, i), block_dy(w, l, i), pool_of(l));
}

static void pool_traits(const tren_layer *l, tren_layer_traits *t) {
    t->kernel[0] = pool_of(l)->kh;
    t->kernel[1] = pool_of(l)->kw;
    t->stride = pool_of(l)->stride;
}

static const tren_layer_ops max_ops = {.name = "max_pool",
                                       .forward = max_forward,
                                       .input_gradient = max_input,
                                       .traits = pool_traits,
                                       .reads_x = true,
                                       .reads_y = true,
                                       .can_add = true};
static const tren_layer_ops average_ops = {.name = "average_pool",
                                           .forward = average_forward,
                                           .input_gradient = average_input,
                                           .traits = pool_traits,
                                           .can_add = true};

static tren_layer *add_pool(tren_graph *graph, tren_layer *input, const tren_layer_ops *ops,
                            tren_pool_shape s) {
    if (s.kh < 1 || s.stride < 1)
        return tren_graph_fail(graph, "%s: kernel %d, stride %d: both are at least 1", ops->name,
                               s.kh, s.stride);
    if (s.h < s.kh || s.w < s.kw)
        return tren_graph_fail(graph,
                               "%s: a picture of %d x %d is smaller than the %d x %d window; use "
                               "larger images or fewer pools",
                               ops->name, s.h, s.w, s.kh, s.kw);
    s.oh = (s.h - s.kh) / s.stride + 1;
    s.ow = (s.w - s.kw) / s.stride + 1;
    tren_tensor out = input->out;
    out.h = s.oh;
    out.w = s.ow;
    tren_layer *l = tren_graph_add(graph, sizeof(pool_layer), ops, input, out);
    if (l) ((pool_layer *)l)->shape = s;
    return l;
}

static tren_pool_shape shape_of(const tren_layer *input, int kh, int kw, int stride) {
    return (tren_pool_shape){.c = input->out.c,
                             .h = input->out.h,
                             .w = input->out.w,
                             .kh = kh,
                             .kw = kw,
                             .stride = stride};
}

tren_layer *tren_max_pool(tren_graph *graph, tren_layer *input, int kernel, int stride) {
    input = tren_as_lanes(graph, input);
    return input ? add_pool(graph, input, &max_ops, shape_of(input, kernel, kernel, stride)) : NULL;
}

tren_layer *tren_average_pool(tren_graph *graph, tren_layer *input, int kernel, int stride) {
    input = tren_as_lanes(graph, input);
    return input ? add_pool(graph, input, &average_ops, shape_of(input, kernel, kernel, stride))
                 : NULL;
}

tren_layer *tren_global_max_pool(tren_graph *graph, tren_layer *input) {
    input = tren_as_lanes(graph, input);
    return input ? add_pool(graph, input, &max_ops, shape_of(input, input->out.h, input->out.w, 1))
                 : NULL;
}

tren_layer *tren_global_average_pool(tren_graph *graph, tren_layer *input) {
    input = tren_as_lanes(graph, input);
    return input ? add_pool(graph, input, &average_ops,
                            shape_of(input, input->out.h, input->out.w, 1))
                 : NULL;
}
