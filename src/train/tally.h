/* Private to train: counts what metrics are made of while a part is evaluated. */
#ifndef TREN_TRAIN_TALLY_H
#define TREN_TRAIN_TALLY_H

#include "train/feed.h"
#include "tren/train.h"

/* The block that is being evaluated. */
typedef struct tally_block {
    size_t first; /* of its rows, among mine */
    int rows;
    const int *length;                /* [rows] labels of each row; NULL: 1 */
    const int32_t *label;             /* [labels] or NULL */
    const double *target;             /* [rows, n_targets] in the units of the data, or NULL */
    const tren_target_scale *targets; /* in which the outputs are; not owned; NULL: as they are */
    double *leaf;                     /* [n_leaf] its sums */
} tally_block;

typedef struct tally {
    tren_tally told;  /* rank 0 */
    unsigned metrics; /* those that are wanted and suit; 0: nothing is counted, but for: */
    bool wanted;
    bool classes, columns; /* a label a row; columns of yes and no */
    bool areas, confusion;
    int outputs, n_classes; /* units of the output layer; of the dataset */
    int n_leaf;             /* doubles of a block */
    int n_areas;
    size_t mine;   /* rows */
    double *whole; /* counts, to be summed over ranks: [told.n_classes][3], confusion; owned */
    size_t n_whole;
    double *score;    /* [n_areas][mine] owned */
    double *positive; /* the same: 1 or 0; owned */
    double *row_loss; /* [labels of a block at most] owned */
    tally_block now;
} tally;

/* For `mine` rows of this rank, in blocks with at most so many labels. Not collective. */
tren_status tally_open(tally *tally, const tren_eval_spec *spec, size_t mine, size_t block_labels);
void tally_close(tally *tally); /* accepts the empty value */
void tally_begin(tally *tally); /* a new evaluation */
/* tren_pass.look: takes the outputs of tally->now. */
void tally_look(void *tally, const real *output);
/* The losses of its rows are known. */
void tally_end_block(tally *tally);
/* all [n_blocks][stride], rank 0: of each block its loss, its labels, and at `at` the leaves of the
 * tally. n rows, of which each rank has [first[rank], first[rank + 1]). scores: rank 0's loss and
 * labels. Collective. */
typedef struct tally_leaves {
    const double *all;
    double *column; /* [n_blocks] scratch */
    int n_blocks, stride, at, block;
    size_t n;
} tally_leaves;
/* Rank 0, when all is gathered: sets tally->told but for the areas. Not collective. */
void tally_tell(tally *tally, const tally_leaves *leaves, double loss, double labels);
tren_status tally_finish(tally *tally, const tren_comm *comm, const tally_leaves *leaves,
                         const int *first, const tren_scores *scores);

#endif
