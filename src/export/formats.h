/* Private to export: what the writers of the formats share. */
#ifndef TREN_EXPORT_FORMATS_H
#define TREN_EXPORT_FORMATS_H

#include "tren/export.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the formats are little-endian, and numbers are written as they lie in memory"
#endif

extern const tren_export_format tren_export_onnx, tren_export_safetensors, tren_export_npz;

/* An array of a file of weights: a parameter, or the mean or sd of the input or the targets. */
typedef struct tren_export_array {
    char name[TREN_EXPORT_NAME];
    int rank, dim[4];
    bool is_double;
    const void *at; /* not owned */
    size_t bytes;
} tren_export_array;
/* Array i of the file; false behind the last one. */
bool tren_export_get(tren_export_array *array, const tren_export *e, int i);

#define TREN_EXPORT_MEAN "normalization.mean"
#define TREN_EXPORT_SD   "normalization.sd"
/* Of targets: what the network puts out times sd, plus mean, is in the units of the data. */
#define TREN_EXPORT_TARGET_MEAN "normalization.target_mean"
#define TREN_EXPORT_TARGET_SD   "normalization.target_sd"

#endif
