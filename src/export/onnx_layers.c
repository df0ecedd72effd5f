/* The layers that take rows or images; how many values a layer puts out, and in what shape. */
#include "export/onnx_layers.h"

#include <string.h>

static bool is_image(tren_tensor t) {
    return t.lanes || t.h > 1 || t.w > 1;
}

int onnx_shape(int64_t dim[ONNX_RANK], tren_tensor t) {
    bool image = is_image(t) && !t.axis;
    memcpy(dim, (int64_t[ONNX_RANK]){0, t.c, t.h, t.w}, ONNX_RANK * sizeof *dim);
    if (t.axis) memcpy(dim, (int64_t[]){0, 0, tren_tensor_width(t)}, 3 * sizeof *dim);
    return t.axis ? 3 : (image ? 4 : 2);
}

/* In a shape of ONNX, 0 stands for the extent that the value has. */
onnx_name onnx_reshape(onnx *o, onnx_name x, tren_tensor t) {
    int64_t dim[ONNX_RANK];
    int rank = onnx_shape(dim, t);
    return onnx_op2(o, "Reshape", x, onnx_ints(o, rank, dim));
}

static bool same_shape(tren_tensor a, tren_tensor b) {
    int64_t x[ONNX_RANK], y[ONNX_RANK];
    int n = onnx_shape(x, a), m = onnx_shape(y, b);
    return n == m && memcmp(x, y, (size_t)n * sizeof *x) == 0;
}

onnx_name onnx_param(const onnx *o, const tren_layer *l, int i) {
    onnx_name name = {""};
    if (i < l->n_params) tren_export_name(name.at, &o->e->graph->param[l->param[i]]);
    return name;
}

/* ---- activations ------------------------------------------------------------------------------
 */

static onnx_name gelu(onnx *o, onnx_name x) {
    onnx_name root = onnx_real(o, 0.70710678118654752), one = onnx_real(o, 1);
    onnx_name erf = onnx_op1(o, "Erf", onnx_op2(o, "Mul", x, root));
    onnx_name twice = onnx_op2(o, "Mul", x, onnx_op2(o, "Add", erf, one));
    return onnx_op2(o, "Mul", twice, onnx_real(o, 0.5));
}

static onnx_name leaky_relu(onnx *o, onnx_name x) {
    onnx_node node = {.op = "LeakyRelu", .in = {x}};
    node.attribute[0] = (onnx_attribute){.name = "alpha", .n = -1, .real = 0.01F};
    return onnx_add(o, &node);
}

onnx_name onnx_activate(onnx *o, onnx_name x, const tren_activation *f) {
    static const char *const op[TREN_N_ACTIVATIONS] = {[TREN_ACTIVATION_RELU] = "Relu",
                                                       [TREN_ACTIVATION_TANH] = "Tanh",
                                                       [TREN_ACTIVATION_ELU] = "Elu",
                                                       [TREN_ACTIVATION_SIGMOID] = "Sigmoid",
                                                       [TREN_ACTIVATION_SOFTPLUS] = "Softplus"};
    if (!f || f->kind == TREN_ACTIVATION_IDENTITY) return x;
    if (f->kind == TREN_ACTIVATION_GELU) return gelu(o, x);
    if (f->kind == TREN_ACTIVATION_LEAKY_RELU) return leaky_relu(o, x);
    if (f->kind == TREN_ACTIVATION_SILU) return onnx_op2(o, "Mul", x, onnx_op1(o, "Sigmoid", x));
    if (op[f->kind]) return onnx_op1(o, op[f->kind], x);
    if (o->status == TREN_OK)
        o->status = tren_fail(TREN_ERR_USAGE,
                              "--to: onnx has no equivalent of the activation %s of layer %s; give "
                              "safetensors or npz, which hold the weights of any network",
                              f->name, o->layer->name);
    return x;
}

static onnx_name activate(onnx *o, const tren_layer *l, onnx_name x) {
    return onnx_activate(o, x, tren_layer_describe(l).f);
}

/* ---- dense ------------------------------------------------------------------------------------
 */

static onnx_name rows_dense(onnx *o, const tren_layer *l, onnx_name x) {
    tren_tensor flat = {.tokens = 1, .c = tren_tensor_width(l->in), .h = 1, .w = 1};
    if (!same_shape(l->in, flat)) x = onnx_reshape(o, x, flat);
    onnx_node node = {.op = "Gemm", .in = {x, onnx_param(o, l, 0), onnx_param(o, l, 1)}};
    node.attribute[0] = (onnx_attribute){.name = "transB", .at = {1}};
    return onnx_add(o, &node);
}

static onnx_name tokens_dense(onnx *o, const tren_layer *l, onnx_name x) {
    onnx_name bias = onnx_param(o, l, 1);
    x = onnx_op2(o, "MatMul", x, onnx_op1(o, "Transpose", onnx_param(o, l, 0)));
    return bias.at[0] ? onnx_op2(o, "Add", x, bias) : x;
}

static onnx_name dense(onnx *o, const tren_layer *l, onnx_name x) {
    x = l->in.axis ? tokens_dense(o, l, x) : rows_dense(o, l, x);
    return onnx_activate(o, x, tren_layer_describe(l).f);
}

/* ---- images -----------------------------------------------------------------------------------
 */

static onnx_name window(onnx *o, const char *op, const onnx_name in[3],
                        const tren_layer_traits *t) {
    int64_t s = t->stride, p = t->pad;
    onnx_node node = {.op = op,
                      .in = {in[0], in[1], in[2]},
                      .attribute = {{"kernel_shape", 2, {t->kernel[0], t->kernel[1]}, 0},
                                    {"strides", 2, {s, s}, 0},
                                    {"pads", 4, {p, p, p, p}, 0}}};
    return onnx_add(o, &node);
}

static onnx_name conv(onnx *o, const tren_layer *l, onnx_name x) {
    tren_layer_traits t = tren_layer_describe(l);
    return window(o, "Conv", (onnx_name[]){x, onnx_param(o, l, 0), onnx_param(o, l, 1)}, &t);
}
static onnx_name max_pool(onnx *o, const tren_layer *l, onnx_name x) {
    tren_layer_traits t = tren_layer_describe(l);
    return window(o, "MaxPool", (onnx_name[3]){x}, &t);
}
static onnx_name average_pool(onnx *o, const tren_layer *l, onnx_name x) {
    tren_layer_traits t = tren_layer_describe(l);
    return window(o, "AveragePool", (onnx_name[3]){x}, &t);
}

/* ---- norms ------------------------------------------------------------------------------------
 */

static onnx_attribute epsilon(double eps) {
    return (onnx_attribute){.name = "epsilon", .n = -1, .real = (float)eps};
}

static onnx_name batch_norm(onnx *o, const tren_layer *l, onnx_name x) {
    tren_layer_traits t = tren_layer_describe(l);
    onnx_node node = {.op = "BatchNormalization", .in = {x}, .attribute = {epsilon(t.eps)}};
    for (int i = 0; i < 4; i++) node.in[1 + i] = onnx_param(o, l, i);
    return onnx_activate(o, onnx_add(o, &node), t.f);
}

/* Over all numbers of a row, which is an image perhaps; or of a token. */
static onnx_name layer_norm(onnx *o, const tren_layer *l, onnx_name x) {
    tren_tensor flat = {
        .axis = l->in.axis, .tokens = 1, .c = tren_tensor_width(l->in), .h = 1, .w = 1};
    bool is_flat = same_shape(l->in, flat);
    if (!is_flat) x = onnx_reshape(o, x, flat);
    onnx_node node = {.op = "LayerNormalization",
                      .in = {x, onnx_param(o, l, 0), onnx_param(o, l, 1)},
                      .attribute = {epsilon(tren_layer_describe(l).eps)}};
    x = onnx_add(o, &node);
    return is_flat ? x : onnx_reshape(o, x, l->out);
}

/* A constant of so many numbers, all the same. */
static onnx_name filled(onnx *o, int n, double value) {
    onnx_node node = {.op = "Expand", .in = {onnx_real(o, value), onnx_int(o, n)}};
    return onnx_add(o, &node);
}

/* A parameter of each channel, in a shape that reaches over its pixels. */
static onnx_name of_channels(onnx *o, onnx_name param, const tren_layer *l) {
    int64_t dim[ONNX_RANK], all[ONNX_RANK];
    int rank = onnx_shape(all, l->out);
    for (int i = 0; i < rank - 1; i++) dim[i] = i == 0 ? l->out.c : 1;
    return rank == 2 ? param : onnx_op2(o, "Reshape", param, onnx_ints(o, rank - 1, dim));
}

/* A group is an instance that is normalised by itself. */
static onnx_name group_norm(onnx *o, const tren_layer *l, onnx_name x) {
    tren_layer_traits t = tren_layer_describe(l);
    x = onnx_op2(o, "Reshape", x, onnx_ints(o, 3, (int64_t[]){0, t.groups, -1}));
    onnx_node node = {.op = "InstanceNormalization",
                      .in = {x, filled(o, t.groups, 1), filled(o, t.groups, 0)},
                      .attribute = {epsilon(t.eps)}};
    x = onnx_reshape(o, onnx_add(o, &node), l->out);
    x = onnx_op2(o, "Mul", x, of_channels(o, onnx_param(o, l, 0), l));
    return onnx_op2(o, "Add", x, of_channels(o, onnx_param(o, l, 1), l));
}

/* ---- what moves numbers -----------------------------------------------------------------------
 */

static onnx_name same(onnx *o, const tren_layer *l, onnx_name x) {
    (void)o, (void)l;
    return x;
}
static onnx_name reshape(onnx *o, const tren_layer *l, onnx_name x) {
    return same_shape(l->in, l->out) ? x : onnx_reshape(o, x, l->out);
}
static onnx_name add(onnx *o, const tren_layer *l, onnx_name x) {
    return onnx_op2(o, "Add", x, o->value[l->other->index]);
}
static onnx_name concat(onnx *o, const tren_layer *l, onnx_name x) {
    onnx_node node = {.op = "Concat", .in = {x, o->value[l->other->index]}};
    node.attribute[0] = (onnx_attribute){.name = "axis", .at = {l->out.axis ? 2 : 1}};
    return onnx_add(o, &node);
}

/* ---- the table --------------------------------------------------------------------------------
 */

const onnx_layer onnx_layers[] = {{"input", onnx_input},
                                  {"dense", dense},
                                  {"activate", activate},
                                  {"dropout", same},
                                  {"conv2d", conv},
                                  {"max_pool", max_pool},
                                  {"average_pool", average_pool},
                                  {"batch_norm", batch_norm},
                                  {"layer_norm", layer_norm},
                                  {"group_norm", group_norm},
                                  {"lanes", reshape},
                                  {"rows", reshape},
                                  {"flatten", reshape},
                                  {"add", add},
                                  {"concat", concat},
                                  {"embedding", onnx_embedding},
                                  {"positions", onnx_positions},
                                  {"sinusoid", onnx_sinusoid},
                                  {"attention", onnx_attention},
                                  {"token_mean", onnx_token_mean},
                                  {"loss", onnx_output},
                                  {NULL, NULL}};
