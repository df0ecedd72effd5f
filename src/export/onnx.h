/* Private to export: a network as an ONNX graph (onnx.proto of ONNX 1.12: IR version 8, operators
 * of opset 17). Values have names; a node is an operator that makes a value of others.
 *
 * What a layer puts out is [batch, features], [batch, channels, height, width], or, where it has a
 * token axis, [batch, tokens, features], padded to the longest row. */
#ifndef TREN_EXPORT_ONNX_H
#define TREN_EXPORT_ONNX_H

#include "export/formats.h"
#include "export/protobuf.h"

typedef struct onnx_name {
    char at[80]; /* "": none */
} onnx_name;

/* What is made of the tokens along an axis, once for all layers that want it. */
typedef struct onnx_axis {
    onnx_name tokens;  /* the input, int64 [batch, tokens] */
    onnx_name lengths; /* the input, int64 [batch] */
    onnx_name count;   /* tokens, int64 [1] */
    onnx_name places;  /* 0, 1, ... int64 [tokens] */
    onnx_name valid;   /* bool [batch, tokens]: before the end of the row */
    onnx_name causal;  /* bool [tokens, tokens]: the second is not behind the first */
} onnx_axis;

typedef struct onnx {
    tren_pb graph; /* fields of a GraphProto, in the order in which they come up */
    const tren_export *e;
    onnx_name *value;        /* [n_layers] of each layer's y; owned */
    const tren_layer *layer; /* in work: values that are made are called after it */
    int n_made;              /* for it */
    onnx_axis axis[TREN_AXES];
    tren_status status; /* the first error, sticky; its text is the thread's */
} onnx;

/* ---- nodes and constants ----------------------------------------------------------------------
 */

enum { ONNX_FLOAT = 1, ONNX_INT64 = 7, ONNX_BOOL = 9, ONNX_DOUBLE = 11 }; /* TensorProto.DataType */
enum { ONNX_INPUTS = 5, ONNX_ATTRIBUTES = 4, ONNX_INTS = 4 };

typedef struct onnx_attribute {
    const char *name; /* NULL: there is none */
    int n;            /* a list of n whole numbers; 0: one; -1: `real` */
    int64_t at[ONNX_INTS];
    float real;
} onnx_attribute;

typedef struct onnx_node {
    const char *op;
    onnx_name in[ONNX_INPUTS]; /* up to the first without a name */
    onnx_attribute attribute[ONNX_ATTRIBUTES];
    const char *out; /* what the value is called; NULL: after the layer */
} onnx_node;

/* Returns the name of the value that it makes. */
onnx_name onnx_add(onnx *o, const onnx_node *node);
/* Operators of one, two and three values without attributes. */
onnx_name onnx_op1(onnx *o, const char *op, onnx_name a);
onnx_name onnx_op2(onnx *o, const char *op, onnx_name a, onnx_name b);
onnx_name onnx_op3(onnx *o, const char *op, onnx_name a, onnx_name b, onnx_name c);

/* Constants: whole numbers [n]; one number; numbers of a shape. */
onnx_name onnx_ints(onnx *o, int n, const int64_t *value);
onnx_name onnx_int(onnx *o, int64_t value); /* [1] */
onnx_name onnx_real(onnx *o, double value); /* float, of rank 0 */
onnx_name onnx_floats(onnx *o, const real *value, int rank, const int64_t *dim);
/* A parameter, by its own name. */
void onnx_put_floats(onnx *o, const char *name, const real *value, int rank, const int64_t *dim);
onnx_name onnx_doubles(onnx *o, const double *value, int rank, const int64_t *dim);

/* An input, or an output, of the graph. */
enum { ONNX_RANK = 4 };
typedef struct onnx_port {
    const char *name;
    int type;
    const char *free[ONNX_RANK]; /* of each extent its name; NULL: it is dim */
    int64_t dim[ONNX_RANK];
    int rank;
} onnx_port;
void onnx_put_input(onnx *o, const onnx_port *port);
void onnx_put_output(onnx *o, const onnx_port *port);

/* ---- layers -----------------------------------------------------------------------------------
 */

/* The extents of what a layer puts out, as above, 0 for those that are free. Returns the rank. */
int onnx_shape(int64_t dim[ONNX_RANK], tren_tensor t);
/* The value x in the shape of t, with the same batch and tokens. */
onnx_name onnx_reshape(onnx *o, onnx_name x, tren_tensor t);
/* Parameter i of the layer. */
onnx_name onnx_param(const onnx *o, const tren_layer *l, int i);
/* f(x); f NULL: x */
onnx_name onnx_activate(onnx *o, onnx_name x, const tren_activation *f);

/* Writes a layer, given the value of its input ("" of an input layer). Returns the value of its y.
 */
typedef onnx_name (*onnx_layer_fn)(onnx *o, const tren_layer *l, onnx_name x);

/* onnx_input.c: inputs of the graph, and its outputs */
onnx_name onnx_input(onnx *o, const tren_layer *l, onnx_name x);
onnx_name onnx_output(onnx *o, const tren_layer *l, onnx_name x);
/* onnx_tokens.c */
onnx_name onnx_embedding(onnx *o, const tren_layer *l, onnx_name x);
onnx_name onnx_positions(onnx *o, const tren_layer *l, onnx_name x);
onnx_name onnx_sinusoid(onnx *o, const tren_layer *l, onnx_name x);
onnx_name onnx_attention(onnx *o, const tren_layer *l, onnx_name x);
onnx_name onnx_token_mean(onnx *o, const tren_layer *l, onnx_name x);
/* The input of lengths along an axis, 1 or 2, which is added where a layer asks for it. */
onnx_name onnx_lengths(onnx *o, int axis);
/* "tokens", "source_tokens" or "target_tokens": what the axis of the graph is called. */
const char *onnx_axis_name(const onnx *o, int axis);

#endif
