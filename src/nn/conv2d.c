/* y = x * w + b, the cross-correlation that the field calls convolution: w [co,ci,kernel,kernel].
 * Blocks of images are computed one by one, so nothing depends on how microbatches are stacked. */
#include "nn/work.h"

typedef struct conv_layer {
    tren_layer layer;
    tren_conv_plan plan;
    tren_init init;
    bool bias;
} conv_layer;

enum { WEIGHT, BIAS };

static const conv_layer *conv_of(const tren_layer *l) {
    return (const conv_layer *)l;
}
static int fan_of(const tren_conv_shape *s, int channels) {
    return channels * s->kernel * s->kernel;
}

static void conv_init(const tren_layer *l, real *value, uint64_t seed) {
    const conv_layer *conv = conv_of(l);
    const tren_conv_shape *s = &conv->plan.shape;
    tren_init_layer(l, value, seed, fan_of(s, s->ci), fan_of(s, s->co), conv->init);
}

/* Scratch: the packed weights, then what the kernels want. */
static real *pack(const tren_layer *l, tren_work *w, int which) {
    const tren_conv_plan *plan = &conv_of(l)->plan;
    kernels_of(w)->conv_pack(w->scratch.at, param_value(w, l, WEIGHT), plan, which);
    return w->scratch.at + (plan->packed[which] + TREN_LANES - 1) / TREN_LANES * TREN_LANES;
}

static void conv_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    const conv_layer *conv = conv_of(l);
    tren_conv_call call = {.y = layer_y(w, l),
                           .x = layer_y(w, l->input),
                           .packed = w->scratch.at,
                           .plan = &conv->plan,
                           .scratch = pack(l, w, 0),
                           .n_blocks = pass_blocks(w, pass)};
    kernels_of(w)->conv_forward(&call, conv->bias ? param_value(w, l, BIAS) : NULL);
}

static void weight_leaf(const tren_layer *l, tren_work *w, const tren_pass *pass, real *dst,
                        const tren_leaf *leaf) {
    (void)pass;
    int first = w->block0[leaf->group], n = w->block0[leaf->group + 1] - first;
    tren_conv_gradient call = {.dy = block_dy(w, l, first),
                               .x = block_y(w, l->input, first),
                               .plan = &conv_of(l)->plan,
                               .scratch = w->scratch.at,
                               .n_blocks = n};
    kernels_of(w)->conv_weight(dst, &call);
}

static void bias_leaf(const tren_layer *l, tren_work *w, const tren_pass *pass, real *dst,
                      const tren_leaf *leaf) {
    (void)pass;
    int first = w->block0[leaf->group], n = w->block0[leaf->group + 1] - first;
    kernels_of(w)->lanes_bias(dst, block_dy(w, l, first), n, l->out.c, l->out.h * l->out.w);
}

static void conv_input(const tren_layer *l, tren_work *w, const tren_pass *pass, tren_dx dx) {
    tren_conv_call call = {.y = dx.at,
                           .x = layer_dy(w, l),
                           .packed = w->scratch.at,
                           .plan = &conv_of(l)->plan,
                           .scratch = pack(l, w, 1),
                           .n_blocks = pass_blocks(w, pass)};
    kernels_of(w)->conv_input(&call, dx.add);
}

static void conv_cost(const tren_layer *l, double *forward, double *backward) {
    double product = 2.0 * fan_of(&conv_of(l)->plan.shape, l->in.c) * tren_tensor_size(l->out);
    *forward += product;
    *backward += l->input->wants_dy ? 2 * product : product;
}

static void conv_traits(const tren_layer *l, tren_layer_traits *t) {
    const tren_conv_shape *s = &conv_of(l)->plan.shape;
    t->kernel[0] = t->kernel[1] = s->kernel;
    t->stride = s->stride;
    t->pad = s->pad;
}

static const tren_layer_ops conv_ops = {
    .name = "conv2d",
    .init = conv_init,
    .forward = conv_forward,
    .input_gradient = conv_input,
    .gradient = {[WEIGHT] = {.leaf = weight_leaf}, [BIAS] = {.leaf = bias_leaf}},
    .cost = conv_cost,
    .traits = conv_traits,
    .reads_x = true,
    .can_add = true};

static bool allowed(tren_graph *graph, tren_conv_spec c, tren_tensor in) {
    if (c.channels < 1 || c.kernel < 1 || c.kernel > TREN_CONV_KERNEL || c.stride < 1 ||
        c.pad < 0 || c.pad >= c.kernel)
        tren_graph_fail(
            graph,
            "conv2d: %d channels, kernel %d, stride %d, padding %d: channels and stride "
            "are at least 1, the kernel is 1 to %d, the padding 0 to kernel - 1",
            c.channels, c.kernel, c.stride, c.pad, TREN_CONV_KERNEL);
    else if (in.h + 2 * c.pad < c.kernel || in.w + 2 * c.pad < c.kernel)
        tren_graph_fail(graph,
                        "conv2d: a picture of %d x %d, padded by %d, is smaller than the %d x %d "
                        "kernel; use larger images or fewer layers",
                        in.h, in.w, c.pad, c.kernel, c.kernel);
    return graph->status == TREN_OK;
}

static void wants_scratch(tren_graph *graph, const tren_conv_plan *plan) {
    size_t most = plan->packed[0] > plan->packed[1] ? plan->packed[0] : plan->packed[1];
    tren_graph_wants_scratch(graph, most + TREN_LANES + plan->scratch);
}

tren_layer *tren_conv2d(tren_graph *graph, tren_layer *input, tren_conv_spec c, tren_init init) {
    input = tren_as_lanes(graph, input);
    if (!input || !allowed(graph, c, input->out)) return NULL;
    tren_tensor in = input->out, out = in;
    tren_conv_shape s = {.ci = in.c,
                         .h = in.h,
                         .w = in.w,
                         .co = c.channels,
                         .oh = (in.h + 2 * c.pad - c.kernel) / c.stride + 1,
                         .ow = (in.w + 2 * c.pad - c.kernel) / c.stride + 1,
                         .kernel = c.kernel,
                         .stride = c.stride,
                         .pad = c.pad};
    out.c = s.co;
    out.h = s.oh;
    out.w = s.ow;
    tren_layer *l = tren_graph_add(graph, sizeof(conv_layer), &conv_ops, input, out);
    if (!l) return NULL;
    conv_layer *conv = (conv_layer *)l;
    graph->kernels->conv_plan(&conv->plan, &s, graph->portable);
    conv->init = init;
    conv->bias = c.bias;
    wants_scratch(graph, &conv->plan);
    tren_graph_add_param(graph, l, "weight", 4, (int[]){s.co, s.ci, s.kernel, s.kernel}, true);
    if (c.bias) tren_graph_add_param(graph, l, "bias", 1, (int[]){s.co}, false);
    return l;
}

const tren_conv_plan *tren_conv2d_plan(const tren_layer *layer) {
    return layer->ops == &conv_ops ? &conv_of(layer)->plan : NULL;
}
