/* Looking a dataset over: what training would stumble on, or quietly suffer from. */
#ifndef TREN_DATA_CHECK_H
#define TREN_DATA_CHECK_H

#include "data/schema.h"

/* Whether the bytes of an array are those that were written. */
typedef enum tren_intact { TREN_INTACT_UNKNOWN, TREN_INTACT, TREN_DAMAGED } tren_intact;

typedef struct tren_part_check {
    size_t n_rows;
    size_t not_finite;        /* values of x and of targets */
    size_t first_bad_row;     /* where not_finite > 0 */
    size_t labels_outside;    /* labels outside 0 to n_classes - 1 */
    size_t first_bad_label;   /* its row */
    size_t *class_rows;       /* [n_classes] owned */
    size_t duplicates;        /* rows of x equal to an earlier row of this part */
    tren_intact x, y, length; /* length: of tokens */
    char bad_tokens[512];     /* why the first row of tokens that cannot be is none; "": all can */
    tren_h5_shape x_chunk;    /* rank 0: contiguous */
} tren_part_check;

typedef struct tren_dataset_check {
    int n_classes;
    tren_part_check part[TREN_N_PARTS];
    /* Rows of the second part whose x also stands in the first. */
    size_t shared[TREN_N_PARTS][TREN_N_PARTS];
    /* The labels of the training part before noise, where they are kept: y and what labels have. */
    bool has_clean;
    tren_part_check clean;
    /* The weights of the training rows, where there are some. */
    bool has_weights;
    tren_intact weights;
    char bad_weights[512]; /* why they are none that can be trained with; "": they are good */
    size_t n_changed;      /* differ from those that are trained on */
    /* Of the training rows, where nothing recorded says that the file's are theirs, and they are
     * not 0 and 1 throughout, which is no normalisation: [n_stats] each, owned; else NULL. */
    double *mean, *sd;
} tren_dataset_check;

/* Reads every byte once. Fails only when that is impossible. */
tren_status tren_dataset_check_open(tren_dataset_check *check, const tren_dataset *dataset);
void tren_dataset_check_close(tren_dataset_check *check);

#endif
