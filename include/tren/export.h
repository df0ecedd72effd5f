/* Export: writes trained weights in the formats of other programs, and reads weights from such a
 * file. Does not use MPI. Not collective. docs/exports.md describes what is written. */
#ifndef TREN_EXPORT_H
#define TREN_EXPORT_H

#include "tren/data.h"
#include "tren/nn.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* A network, its weights, and what they were trained on. Nothing here is owned. */
typedef struct tren_export {
    const tren_graph *graph;
    const real *value;             /* [graph->n_values] */
    const tren_dataset_info *data; /* normalisation of the input; names; whether it is text */
    const char *config;            /* YAML, which is stored with the weights */
} tren_export;

/* One const object per format. */
typedef struct tren_export_format {
    const char *name, *help;
    const char *ending; /* of its files: ".onnx" */
    /* Writes the file at the current position of `out`. TREN_ERR_USAGE: the format cannot represent
     * this network; then nothing is written. A failed write only sets ferror(out). */
    tren_status (*write)(FILE *out, const tren_export *e);
} tren_export_format;
extern const tren_export_format *const tren_export_formats[]; /* NULL-terminated */
/* The format of this name. TREN_ERR_USAGE: there is none. */
tren_status tren_export_find(const tren_export_format **format, const char *name);

/* The name of a parameter in all formats: its name in a checkpoint with a dot instead of the slash,
 * "dense1.weight". */
enum { TREN_EXPORT_NAME = 48 };
const char *tren_export_name(char out[TREN_EXPORT_NAME], const tren_param *param);

/* The normalisation in a file of weights. */
typedef struct tren_import {
    size_t n_stats, n_targets;       /* 0: nothing */
    double *mean, *sd;               /* [n_stats] owned */
    double *target_mean, *target_sd; /* [n_targets] owned */
} tren_import;
/* value [graph->n_values] <- the tensors of a safetensors file, found by name and shape, in F32,
 * F64, F16 or BF16. The file must have all parameters. It may also have normalization.mean and
 * normalization.sd, the same for targets (normalization.target_mean, normalization.target_sd), and
 * PyTorch's counters (NAME.num_batches_tracked), but no other tensors. TREN_ERR_DATA. */
tren_status tren_import_safetensors(real *value, tren_import *import, const tren_graph *graph,
                                    const char *path);
void tren_import_close(tren_import *import); /* accepts the empty value */

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
