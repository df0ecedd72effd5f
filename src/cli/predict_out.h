/* What predict writes, block by block: one const object per format. Not collective. */
#ifndef TREN_CLI_PREDICT_OUT_H
#define TREN_CLI_PREDICT_OUT_H

#include "cli/out_file.h"
#include "cli/trained.h"

/* Rows [first, first + n) of the part. */
typedef struct tren_predicted {
    size_t first;
    int n;
    const real *output;   /* [n][classes] their probabilities; NULL for targets */
    const double *value;  /* [n][targets] those predicted; NULL for classes */
    const int32_t *order; /* [n][top] classes, the most probable first; NULL for targets */
    const int32_t *label; /* [n] the true classes; NULL for targets and without labels */
    const double *target; /* [n][targets] the true ones; NULL for classes and without labels */
} tren_predicted;

typedef struct tren_predict_out {
    const tren_trained *trained; /* not owned */
    tren_out_file *file;         /* not owned */
    size_t rows;
    int outputs;        /* classes or targets */
    bool classes;       /* else targets */
    bool labeled;       /* the rows have true classes or targets */
    int top;            /* of each row's classes, in order: 1 at least */
    bool all;           /* the probabilities of all classes, else of the top ones */
    char **output_name; /* [outputs] not owned; NULL: they have none */
    tren_h5 *h5;        /* of the HDF5 format */
} tren_predict_out;

typedef struct tren_predict_format {
    tren_status (*begin)(tren_predict_out *out);
    tren_status (*add)(tren_predict_out *out, const tren_predicted *rows);
    tren_status (*finish)(tren_predict_out *out); /* then the file has its name */
} tren_predict_format;

extern const tren_predict_format tren_predict_csv, tren_predict_h5;

#endif
