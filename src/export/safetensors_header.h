/* Private to export: the header of a safetensors file, read and held to the size of the file. */
#ifndef TREN_EXPORT_SAFETENSORS_HEADER_H
#define TREN_EXPORT_SAFETENSORS_HEADER_H

#include "export/formats.h"

enum { SAFETENSORS_RANK = 8, SAFETENSORS_TEXT = 160 };

typedef struct safetensor {
    char *name; /* owned */
    char dtype[16];
    int rank;
    size_t dim[SAFETENSORS_RANK];
    size_t count;      /* of its numbers */
    size_t begin, end; /* bytes within the data */
    bool used;         /* somebody has found it */
} safetensor;

typedef struct safetensors {
    const char *path; /* not owned */
    FILE *file;       /* owned */
    char *header;     /* owned */
    size_t n_header;
    size_t data, n_data; /* bytes: where the data begin, and how many there are */
    safetensor *tensor;  /* [n] by name; owned */
    size_t n, room;
} safetensors;

/* Opens the file and reads its header: JSON of the form that the format has, names that differ,
 * arrays one behind the other that are the whole of the data. TREN_ERR_DATA. */
tren_status safetensors_open(safetensors *s, const char *path);
void safetensors_close(safetensors *s); /* accepts the empty value */
/* The tensor of this name, now used; NULL: there is none. */
const safetensor *safetensors_find(safetensors *s, const char *name);
/* "10 x 784"; "one number" without extents */
const char *safetensors_shape(char out[SAFETENSORS_TEXT], int rank, const size_t *dim);
/* TREN_ERR_DATA: "PATH is damaged, or no safetensors file: ...". Names are shown as the file has
 * them. */
tren_status safetensors_bad(const safetensors *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
