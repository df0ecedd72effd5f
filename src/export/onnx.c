/* ONNX: the network with its weights as one file that other programs run. */
#include "base/quote.h"
#include "export/onnx_layers.h"

#include <stdlib.h>
#include <string.h>

enum { IR_VERSION = 8, OPSET = 17 };
enum {
    MODEL_IR = 1,
    MODEL_PRODUCER,
    MODEL_PRODUCER_VERSION,
    MODEL_GRAPH = 7,
    MODEL_OPSET,
    MODEL_METADATA = 14
};
enum { OPSET_VERSION = 2, GRAPH_NAME = 2, METADATA_KEY = 1, METADATA_VALUE = 2 };

/* ---- the graph --------------------------------------------------------------------------------
 */

static onnx_layer_fn find(const tren_layer *l) {
    for (const onnx_layer *k = onnx_layers; k->kind; k++)
        if (strcmp(k->kind, l->ops->name) == 0) return k->put;
    return NULL;
}

/* Before anything is written. */
static tren_status check(const tren_export *e) {
    const tren_graph *g = e->graph;
    for (int i = 0; i < g->n_layers; i++) {
        const tren_layer *l = g->layer[i];
        if (find(l)) continue;
        return tren_fail(TREN_ERR_USAGE,
                         "--to: onnx has no equivalent of the layer %s%s%s%s; give safetensors or "
                         "npz, which hold the weights of any network",
                         l->name, *l->place ? " (model.layers" : "", l->place,
                         *l->place ? ")" : "");
    }
    size_t bytes = g->n_values * sizeof(float);
    if (bytes < ((size_t)1 << 31) - ((size_t)1 << 24)) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "--to: the weights have %.1f GiB, but an onnx file has less than 2; give "
                     "safetensors, which has no limit",
                     (double)bytes / 0x1p30);
}

static void put_params(onnx *o) {
    const tren_graph *g = o->e->graph;
    for (int i = 0; i < g->n_params; i++) {
        const tren_param *p = &g->param[i];
        char name[TREN_EXPORT_NAME];
        int64_t dim[4];
        for (int k = 0; k < p->rank; k++) dim[k] = p->dim[k];
        onnx_put_floats(o, tren_export_name(name, p), o->e->value + p->at.off, p->rank, dim);
    }
}

static void put_layers(onnx *o) {
    const tren_graph *g = o->e->graph;
    for (int i = 0; i < g->n_layers; i++) {
        const tren_layer *l = o->layer = g->layer[i];
        o->n_made = 0;
        o->value[i] = find(l)(o, l, l->input ? o->value[l->input->index] : (onnx_name){""});
    }
}

/* ---- the model --------------------------------------------------------------------------------
 */

static void put_metadata(tren_pb *model, const char *key, const char *value) {
    size_t begun = tren_pb_begin(model, MODEL_METADATA);
    tren_pb_text(model, METADATA_KEY, key);
    tren_pb_text(model, METADATA_VALUE, value);
    tren_pb_end(model, begun);
}

/* A list of names as JSON. */
static tren_status put_names(tren_pb *model, const char *key, char *const *name, int n) {
    char *text = NULL;
    size_t size = 0;
    if (!name) return TREN_OK;
    FILE *out = open_memstream(&text, &size);
    if (!out) return tren_fail_memory(0, "names");
    for (int i = 0; i < n; i++) {
        fputc(i ? ',' : '[', out);
        tren_put_json(out, name[i]);
    }
    fputc(']', out);
    bool failed = fclose(out) != 0;
    if (!failed) put_metadata(model, key, text);
    free(text);
    return failed ? tren_fail_memory(0, "names") : TREN_OK;
}

static void put_head(tren_pb *model) {
    tren_pb_int(model, MODEL_IR, IR_VERSION);
    tren_pb_text(model, MODEL_PRODUCER, "tren");
    tren_pb_text(model, MODEL_PRODUCER_VERSION, TREN_VERSION);
    size_t opset = tren_pb_begin(model, MODEL_OPSET);
    tren_pb_int(model, OPSET_VERSION, OPSET);
    tren_pb_end(model, opset);
}

static tren_status put_model(tren_pb *model, const tren_export *e, const tren_pb *graph) {
    const tren_dataset_info *data = e->data;
    put_head(model);
    put_metadata(model, "config", e->config);
    TREN_TRY(put_names(model, "class_names", data->class_name, data->n_classes));
    TREN_TRY(put_names(model, "column_names", data->column_name, data->shape.c));
    TREN_TRY(put_names(model, "target_names", data->target_name, data->n_targets));
    tren_pb_head(model, MODEL_GRAPH, graph->n);
    return model->full || graph->full ? tren_fail_memory((double)graph->room, "an onnx file")
                                      : TREN_OK;
}

static tren_status build(onnx *o) {
    TREN_TRY(tren_alloc(&o->value, (size_t)o->e->graph->n_layers, sizeof *o->value, "a graph"));
    tren_pb_text(&o->graph, GRAPH_NAME, "tren");
    put_params(o);
    put_layers(o);
    return o->status;
}

static tren_status write_onnx(FILE *out, const tren_export *e) {
    onnx o = {.e = e};
    tren_pb model = {0};
    tren_status st;
    TREN_TRY(check(e));
    TREN_GOTO(build(&o));
    TREN_GOTO(put_model(&model, e, &o.graph));
    fwrite(model.at, model.n, 1, out);
    fwrite(o.graph.at, o.graph.n, 1, out);
done:
    free(o.value);
    tren_pb_close(&o.graph);
    tren_pb_close(&model);
    return st;
}

const tren_export_format tren_export_onnx = {
    .name = "onnx",
    .help = "the network with its normalisation, for onnxruntime and other programs",
    .ending = ".onnx",
    .write = write_onnx};
