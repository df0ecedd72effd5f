/* The layers of tokens. Rows are padded to one length; what lies behind the end of a row is
 * computed too, and nothing before it depends on that. */
#include "export/onnx.h"

#include <math.h>

/* ---- what is made of an axis, once ------------------------------------------------------------
 */

static onnx_name count_of(onnx *o, int axis) {
    onnx_axis *a = &o->axis[axis - 1];
    onnx_node shape = {.op = "Shape",
                       .in = {a->tokens},
                       .attribute = {{.name = "start", .at = {1}}, {.name = "end", .at = {2}}}};
    if (!a->count.at[0]) a->count = onnx_add(o, &shape);
    return a->count;
}

/* A value of rank 0 is what Range wants. */
static onnx_name scalar_of(onnx *o, onnx_name x) {
    return onnx_op1(o, "Squeeze", x);
}

static onnx_name places_of(onnx *o, int axis) {
    onnx_axis *a = &o->axis[axis - 1];
    if (a->places.at[0]) return a->places;
    onnx_name first = scalar_of(o, onnx_int(o, 0)), step = scalar_of(o, onnx_int(o, 1));
    return a->places = onnx_op3(o, "Range", first, scalar_of(o, count_of(o, axis)), step);
}

static onnx_name unsqueeze(onnx *o, onnx_name x, int n, const int64_t *axes) {
    return onnx_op2(o, "Unsqueeze", x, onnx_ints(o, n, axes));
}
static onnx_name unsqueeze1(onnx *o, onnx_name x, int64_t axis) {
    return unsqueeze(o, x, 1, &axis);
}

static onnx_name valid_of(onnx *o, int axis) {
    onnx_axis *a = &o->axis[axis - 1];
    if (a->valid.at[0]) return a->valid;
    onnx_name lengths = unsqueeze1(o, onnx_lengths(o, axis), 1);
    return a->valid = onnx_op2(o, "Less", places_of(o, axis), lengths);
}

static onnx_name causal_of(onnx *o, int axis) {
    onnx_axis *a = &o->axis[axis - 1];
    if (a->causal.at[0]) return a->causal;
    onnx_name places = places_of(o, axis);
    return a->causal = onnx_op2(o, "LessOrEqual", places, unsqueeze1(o, places, 1));
}

/* ---- embeddings and positions -----------------------------------------------------------------
 */

onnx_name onnx_embedding(onnx *o, const tren_layer *l, onnx_name x) {
    return onnx_op2(o, "Gather", onnx_param(o, l, 0), x);
}

/* x + the first rows of a table [most, width]. */
static onnx_name add_rows(onnx *o, const tren_layer *l, onnx_name x, onnx_name table) {
    onnx_name first = onnx_int(o, 0), count = count_of(o, l->out.axis);
    return onnx_op2(o, "Add", x, onnx_op3(o, "Slice", table, first, count));
}

onnx_name onnx_positions(onnx *o, const tren_layer *l, onnx_name x) {
    return add_rows(o, l, x, onnx_param(o, l, 0));
}

onnx_name onnx_sinusoid(onnx *o, const tren_layer *l, onnx_name x) {
    tren_layer_traits t = tren_layer_describe(l);
    int64_t dim[] = {l->out.tokens, tren_tensor_width(l->out)};
    x = onnx_op2(o, "Mul", x, onnx_real(o, t.scale));
    return add_rows(o, l, x, onnx_floats(o, t.table, 2, dim));
}

/* ---- attention --------------------------------------------------------------------------------
 */

/* Columns [first, first + n) of x [batch, tokens, columns], as [batch, heads, tokens, n / heads],
 * or with the last two changed. */
static onnx_name heads_of(onnx *o, onnx_name x, int64_t first, int64_t n, int64_t heads,
                          bool turned) {
    onnx_node slice = {.op = "Slice",
                       .in = {x, onnx_int(o, first), onnx_int(o, first + n), onnx_int(o, 2)}};
    int64_t shape[] = {0, 0, heads, n / heads};
    onnx_node turn = {.op = "Transpose"};
    turn.attribute[0] = (onnx_attribute){"perm", 4, {0, 2, turned ? 3 : 1, turned ? 1 : 3}, 0};
    turn.in[0] = onnx_op2(o, "Reshape", onnx_add(o, &slice), onnx_ints(o, 4, shape));
    return onnx_add(o, &turn);
}

/* Which keys a query sees: bool [tokens, keys] or [batch, 1, 1, keys]. A causal one sees no
 * padding, which lies behind it. */
static onnx_name mask_of(onnx *o, const tren_layer *l, int key_axis) {
    if (tren_layer_describe(l).causal) return causal_of(o, key_axis);
    return unsqueeze(o, valid_of(o, key_axis), 2, (int64_t[]){1, 2});
}

static onnx_name weights_of(onnx *o, const tren_layer *l, onnx_name scores, int key_axis) {
    double d = (double)tren_tensor_width(l->out) / tren_layer_describe(l).heads;
    scores = onnx_op2(o, "Mul", scores, onnx_real(o, 1 / sqrt(d)));
    scores = onnx_op3(o, "Where", mask_of(o, l, key_axis), scores, onnx_real(o, -1e30));
    onnx_node softmax = {
        .op = "Softmax", .in = {scores}, .attribute = {{.name = "axis", .at = {-1}}}};
    return onnx_add(o, &softmax);
}

onnx_name onnx_attention(onnx *o, const tren_layer *l, onnx_name x) {
    const tren_layer *source = l->other ? l->other : l->input;
    onnx_name kv = o->value[source->index];
    int64_t d = tren_tensor_width(l->out), first = l->other ? 0 : d,
            heads = tren_layer_describe(l).heads;
    onnx_name q = heads_of(o, x, 0, d, heads, false), k = heads_of(o, kv, first, d, heads, true),
              v = heads_of(o, kv, first + d, d, heads, false);
    onnx_name weights = weights_of(o, l, onnx_op2(o, "MatMul", q, k), source->out.axis);
    onnx_node turn = {.op = "Transpose", .in = {onnx_op2(o, "MatMul", weights, v)}};
    turn.attribute[0] = (onnx_attribute){"perm", 4, {0, 2, 1, 3}, 0};
    return onnx_op2(o, "Reshape", onnx_add(o, &turn), onnx_ints(o, 3, (int64_t[]){0, 0, d}));
}

/* ---- from tokens to rows ----------------------------------------------------------------------
 */

onnx_name onnx_token_mean(onnx *o, const tren_layer *l, onnx_name x) {
    int axis = l->in.axis;
    onnx_name valid = unsqueeze1(o, valid_of(o, axis), 2), none = onnx_real(o, 0);
    onnx_node sum = {.op = "ReduceSum",
                     .in = {onnx_op3(o, "Where", valid, x, none), onnx_int(o, 1)},
                     .attribute = {{.name = "keepdims", .at = {0}}}};
    onnx_node length = {.op = "Cast",
                        .in = {onnx_op2(o, "Max", onnx_lengths(o, axis), onnx_int(o, 1))},
                        .attribute = {{.name = "to", .at = {ONNX_FLOAT}}}};
    onnx_name total = onnx_add(o, &sum);
    return onnx_op2(o, "Div", total, unsqueeze1(o, onnx_add(o, &length), 1));
}
