/* Nodes, constants, inputs and outputs, as fields of a GraphProto (onnx.proto). */
#include "export/onnx.h"

#include <string.h>

/* Numbers of fields. */
enum { GRAPH_NODE = 1, GRAPH_INITIALIZER = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12 };
enum { NODE_INPUT = 1, NODE_OUTPUT, NODE_NAME, NODE_OP, NODE_ATTRIBUTE };
enum { ATTRIBUTE_NAME = 1, ATTRIBUTE_F, ATTRIBUTE_I, ATTRIBUTE_INTS = 8, ATTRIBUTE_TYPE = 20 };
enum { TYPE_FLOAT = 1, TYPE_INT = 2, TYPE_INTS = 7 };
enum { TENSOR_DIMS = 1, TENSOR_TYPE = 2, TENSOR_NAME = 8, TENSOR_RAW = 9 };
enum { VALUE_NAME = 1, VALUE_TYPE = 2, TYPE_TENSOR = 1 };
enum { TENSOR_ELEMENT = 1, TENSOR_SHAPE = 2, SHAPE_DIM = 1, DIM_VALUE = 1, DIM_PARAM = 2 };

static onnx_name new_name(onnx *o, const char *what) {
    onnx_name name;
    snprintf(name.at, sizeof name.at, "%s.%s%d", o->layer->name, what, ++o->n_made);
    return name;
}

static void put_attribute(onnx *o, const onnx_attribute *a) {
    size_t begun = tren_pb_begin(&o->graph, NODE_ATTRIBUTE);
    tren_pb_text(&o->graph, ATTRIBUTE_NAME, a->name);
    if (a->n < 0) tren_pb_float(&o->graph, ATTRIBUTE_F, a->real);
    if (a->n == 0) tren_pb_int(&o->graph, ATTRIBUTE_I, a->at[0]);
    for (int i = 0; i < a->n; i++) tren_pb_int(&o->graph, ATTRIBUTE_INTS, a->at[i]);
    tren_pb_int(&o->graph, ATTRIBUTE_TYPE,
                a->n < 0 ? TYPE_FLOAT : (a->n == 0 ? TYPE_INT : TYPE_INTS));
    tren_pb_end(&o->graph, begun);
}

onnx_name onnx_add(onnx *o, const onnx_node *node) {
    onnx_name out = new_name(o, node->op);
    if (node->out) snprintf(out.at, sizeof out.at, "%s", node->out);
    size_t begun = tren_pb_begin(&o->graph, GRAPH_NODE);
    for (int i = 0; i < ONNX_INPUTS && node->in[i].at[0]; i++)
        tren_pb_text(&o->graph, NODE_INPUT, node->in[i].at);
    tren_pb_text(&o->graph, NODE_OUTPUT, out.at);
    tren_pb_text(&o->graph, NODE_NAME, out.at);
    tren_pb_text(&o->graph, NODE_OP, node->op);
    for (int i = 0; i < ONNX_ATTRIBUTES && node->attribute[i].name; i++)
        put_attribute(o, &node->attribute[i]);
    tren_pb_end(&o->graph, begun);
    return out;
}

onnx_name onnx_op1(onnx *o, const char *op, onnx_name a) {
    return onnx_add(o, &(onnx_node){.op = op, .in = {a}});
}
onnx_name onnx_op2(onnx *o, const char *op, onnx_name a, onnx_name b) {
    return onnx_add(o, &(onnx_node){.op = op, .in = {a, b}});
}
onnx_name onnx_op3(onnx *o, const char *op, onnx_name a, onnx_name b, onnx_name c) {
    return onnx_add(o, &(onnx_node){.op = op, .in = {a, b, c}});
}

/* ---- constants --------------------------------------------------------------------------------
 */

/* Room for the numbers of a tensor; NULL: there is no memory. The caller ends the message. */
static void *begin_tensor(onnx *o, const char *name, int type, int rank, const int64_t *dim) {
    size_t n = type == ONNX_FLOAT ? sizeof(float) : sizeof(double);
    for (int i = 0; i < rank; i++) {
        tren_pb_int(&o->graph, TENSOR_DIMS, dim[i]);
        n *= (size_t)dim[i];
    }
    tren_pb_int(&o->graph, TENSOR_TYPE, type);
    tren_pb_text(&o->graph, TENSOR_NAME, name);
    return tren_pb_room(&o->graph, TENSOR_RAW, n);
}

static size_t count_of(int rank, const int64_t *dim) {
    size_t n = 1;
    for (int i = 0; i < rank; i++) n *= (size_t)dim[i];
    return n;
}

void onnx_put_floats(onnx *o, const char *name, const real *value, int rank, const int64_t *dim) {
    size_t begun = tren_pb_begin(&o->graph, GRAPH_INITIALIZER);
    char *to = begin_tensor(o, name, ONNX_FLOAT, rank, dim);
    for (size_t i = 0; to && i < count_of(rank, dim); i++) {
        float x = (float)value[i];
        memcpy(to + i * sizeof x, &x, sizeof x);
    }
    tren_pb_end(&o->graph, begun);
}

/* Of 8 bytes each. */
static void put_words(onnx *o, const char *name, int type, const void *value, int rank,
                      const int64_t *dim) {
    size_t begun = tren_pb_begin(&o->graph, GRAPH_INITIALIZER);
    void *to = begin_tensor(o, name, type, rank, dim);
    if (to) memcpy(to, value, count_of(rank, dim) * 8);
    tren_pb_end(&o->graph, begun);
}

onnx_name onnx_ints(onnx *o, int n, const int64_t *value) {
    onnx_name name = new_name(o, "constant");
    int64_t dim = n;
    put_words(o, name.at, ONNX_INT64, value, 1, &dim);
    return name;
}
onnx_name onnx_int(onnx *o, int64_t value) {
    return onnx_ints(o, 1, &value);
}
onnx_name onnx_real(onnx *o, double value) {
    real x = (real)value;
    return onnx_floats(o, &x, 0, NULL);
}
onnx_name onnx_floats(onnx *o, const real *value, int rank, const int64_t *dim) {
    onnx_name name = new_name(o, "constant");
    onnx_put_floats(o, name.at, value, rank, dim);
    return name;
}
onnx_name onnx_doubles(onnx *o, const double *value, int rank, const int64_t *dim) {
    onnx_name name = new_name(o, "constant");
    put_words(o, name.at, ONNX_DOUBLE, value, rank, dim);
    return name;
}

/* ---- inputs and outputs -----------------------------------------------------------------------
 */

static void put_dim(tren_pb *pb, const char *name, int64_t value) {
    size_t begun = tren_pb_begin(pb, SHAPE_DIM);
    if (name)
        tren_pb_text(pb, DIM_PARAM, name);
    else
        tren_pb_int(pb, DIM_VALUE, value);
    tren_pb_end(pb, begun);
}

static void put_port(tren_pb *pb, int field, const onnx_port *port) {
    size_t value = tren_pb_begin(pb, field);
    tren_pb_text(pb, VALUE_NAME, port->name);
    size_t type = tren_pb_begin(pb, VALUE_TYPE), tensor = tren_pb_begin(pb, TYPE_TENSOR);
    tren_pb_int(pb, TENSOR_ELEMENT, port->type);
    size_t shape = tren_pb_begin(pb, TENSOR_SHAPE);
    for (int i = 0; i < port->rank; i++) put_dim(pb, port->free[i], port->dim[i]);
    tren_pb_end(pb, shape);
    tren_pb_end(pb, tensor);
    tren_pb_end(pb, type);
    tren_pb_end(pb, value);
}

void onnx_put_input(onnx *o, const onnx_port *port) {
    put_port(&o->graph, GRAPH_INPUT, port);
}
void onnx_put_output(onnx *o, const onnx_port *port) {
    put_port(&o->graph, GRAPH_OUTPUT, port);
}
