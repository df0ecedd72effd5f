/* Private to lab: what W2 and R1, which judges W2's points, have in common (/docs/lab.md). */
#ifndef TREN_LAB_W2_H
#define TREN_LAB_W2_H

#include "lab/training.h"

/* The columns of W2's points: the scores of the last weights, and of those with the lowest
 * validation loss, which are of best_epoch. */
#define LAB_W2_COLUMNS                                                                             \
    "width,parameters,seed,test_error,test_loss,train_error,train_loss,best_epoch,stopped_error,"  \
    "stopped_loss"

/* Weights and biases of a network of this width. */
double lab_w2_parameters(int width);

/* The peak of a column of a curve over `width`, in the range of widths that can just learn the
 * training labels; the least value before it; the widest network. */
typedef struct lab_w2_shape {
    lab_peak left, peak, right;
} lab_w2_shape;
lab_w2_shape lab_w2_find(const tren_table *curve, const char *column);

#endif
