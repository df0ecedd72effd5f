/* Private to export: how each kind of layer is written. */
#ifndef TREN_EXPORT_ONNX_LAYERS_H
#define TREN_EXPORT_ONNX_LAYERS_H

#include "export/onnx.h"

/* By the name of its kind (tren_layer_ops); one that has no line here is refused. */
typedef struct onnx_layer {
    const char *kind; /* NULL: the end */
    onnx_layer_fn put;
} onnx_layer;
extern const onnx_layer onnx_layers[];

#endif
