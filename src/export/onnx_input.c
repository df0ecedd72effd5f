/* Inputs of the graph, with the normalisation of rows of numbers, and its outputs. */
#include "export/onnx.h"

#include <stdlib.h>
#include <string.h>

/* ---- rows of numbers --------------------------------------------------------------------------
 */

/* One number for each mean and sd, along the channels. */
static void statistics_shape(int64_t dim[ONNX_RANK - 1], int *rank, tren_tensor t) {
    int64_t all[ONNX_RANK];
    *rank = onnx_shape(all, t) - 1;
    for (int i = 0; i < *rank; i++) dim[i] = i == 0 ? t.c : 1;
}

static onnx_name cast(onnx *o, onnx_name x, int type) {
    return onnx_add(
        o, &(onnx_node){.op = "Cast", .in = {x}, .attribute = {{.name = "to", .at = {type}}}});
}

/* (x - mean) / sd in double; what is constant becomes 0. */
static onnx_name centre(onnx *o, onnx_name x, const int64_t *dim, int rank) {
    const tren_dataset_info *data = o->e->data;
    double *inverse;
    tren_status st = tren_alloc(&inverse, data->n_stats, sizeof *inverse, "the normalisation");
    if (st != TREN_OK) {
        o->status = st;
        return x;
    }
    for (size_t k = 0; k < data->n_stats; k++) inverse[k] = data->sd[k] > 0 ? 1 / data->sd[k] : 0;
    if (data->x_type != TREN_F64) x = cast(o, x, ONNX_DOUBLE);
    x = onnx_op2(o, "Sub", x, onnx_doubles(o, data->mean, rank, dim));
    x = onnx_op2(o, "Mul", x, onnx_doubles(o, inverse, rank, dim));
    free(inverse);
    return cast(o, x, ONNX_FLOAT);
}

/* x * scale + shift, as the program computes it. */
static onnx_name scale(onnx *o, onnx_name x, const int64_t *dim, int rank,
                       const tren_normalizer *normalizer) {
    real *a = normalizer->scale, *b = normalizer->shift;
    for (int k = 0; k < normalizer->n_stats; k++) { /* the copies for each pixel are not wanted */
        a[k] = a[k * normalizer->per_stat];
        b[k] = b[k * normalizer->per_stat];
    }
    x = onnx_op2(o, "Mul", x, onnx_floats(o, a, rank, dim));
    return onnx_op2(o, "Add", x, onnx_floats(o, b, rank, dim));
}

static onnx_name normalize(onnx *o, onnx_name x, tren_tensor t) {
    tren_normalizer normalizer;
    int64_t dim[ONNX_RANK - 1];
    int rank;
    statistics_shape(dim, &rank, t);
    tren_status st = tren_normalizer_open(&normalizer, o->e->data);
    if (st != TREN_OK) {
        o->status = st;
        return x;
    }
    bool exact = normalizer.mean || o->e->data->x_type == TREN_F64;
    x = exact ? centre(o, x, dim, rank) : scale(o, x, dim, rank, &normalizer);
    tren_normalizer_close(&normalizer);
    return x;
}

static onnx_name numbers(onnx *o, const tren_layer *l) {
    onnx_port port = {.name = "input",
                      .type = o->e->data->x_type == TREN_F64 ? ONNX_DOUBLE : ONNX_FLOAT,
                      .free = {"batch"}};
    port.rank = onnx_shape(port.dim, l->out);
    onnx_put_input(o, &port);
    return normalize(o, (onnx_name){"input"}, l->out);
}

/* ---- tokens -----------------------------------------------------------------------------------
 */

static bool has_pairs(const onnx *o) {
    return o->e->data->tokens[1] > 0;
}

const char *onnx_axis_name(const onnx *o, int axis) {
    if (!has_pairs(o)) return "tokens";
    return axis == 1 ? "source_tokens" : "target_tokens";
}

static onnx_name tokens(onnx *o, const tren_layer *l) {
    onnx_axis *axis = &o->axis[l->out.axis - 1];
    onnx_port port = {.name = has_pairs(o) ? (l->out.axis == 1 ? "source" : "target") : "tokens",
                      .type = ONNX_INT64,
                      .free = {"batch", onnx_axis_name(o, l->out.axis)},
                      .rank = 2};
    snprintf(axis->tokens.at, sizeof axis->tokens.at, "%s", port.name);
    onnx_put_input(o, &port);
    return axis->tokens;
}

onnx_name onnx_lengths(onnx *o, int axis) {
    onnx_axis *a = &o->axis[axis - 1];
    if (a->lengths.at[0]) return a->lengths;
    onnx_port port = {.name = has_pairs(o) ? (axis == 1 ? "source_lengths" : "target_lengths")
                                           : "lengths",
                      .type = ONNX_INT64,
                      .free = {"batch"},
                      .rank = 1};
    snprintf(a->lengths.at, sizeof a->lengths.at, "%s", port.name);
    onnx_put_input(o, &port);
    return a->lengths;
}

onnx_name onnx_input(onnx *o, const tren_layer *l, onnx_name x) {
    (void)x;
    return l->out.element == TREN_TOKENS ? tokens(o, l) : numbers(o, l);
}

/* ---- outputs ----------------------------------------------------------------------------------
 */

static void put_output(onnx *o, const tren_layer *l, const char *op, onnx_name x,
                       const char *name) {
    onnx_node node = {.op = op, .in = {x}, .out = name};
    if (strcmp(op, "Softmax") == 0)
        node.attribute[0] = (onnx_attribute){.name = "axis", .at = {-1}};
    onnx_port port = {.name = name, .type = ONNX_FLOAT, .free = {"batch"}};
    port.rank = onnx_shape(port.dim, l->out);
    if (l->out.axis) port.free[1] = onnx_axis_name(o, l->out.axis);
    onnx_add(o, &node);
    onnx_put_output(o, &port);
}

/* Back into the units of the data. */
static onnx_name target_units(onnx *o, onnx_name x) {
    const tren_dataset_info *data = o->e->data;
    int64_t n = data->n_targets;
    if (!data->target_sd) return x;
    x = onnx_op2(o, "Mul", cast(o, x, ONNX_DOUBLE), onnx_doubles(o, data->target_sd, 1, &n));
    x = onnx_op2(o, "Add", x, onnx_doubles(o, data->target_mean, 1, &n));
    return cast(o, x, ONNX_FLOAT);
}

onnx_name onnx_output(onnx *o, const tren_layer *l, onnx_name x) {
    tren_loss_takes takes = l->graph->loss->takes;
    if (takes == TREN_TAKES_TARGETS) x = target_units(o, x);
    put_output(o, l, "Identity", x, takes == TREN_TAKES_LABELS ? "logits" : "predictions");
    if (takes != TREN_TAKES_TARGETS)
        put_output(o, l, takes == TREN_TAKES_LABELS ? "Softmax" : "Sigmoid", x, "probabilities");
    return x;
}
