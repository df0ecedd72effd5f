/* Private to lab: what W1, S3 and R2 have in common, two hidden layers on MNIST-1D with noisy
 * labels (/docs/lab.md). */
#ifndef TREN_LAB_MNIST1D_H
#define TREN_LAB_MNIST1D_H

#include "lab/training.h"

/* The dataset of a seed: n training rows, 15 % of whose labels are drawn anew from all classes, no
 * validation rows, n_test test rows with true labels. */
tren_status lab_mnist1d_make(const tren_lab *lab, uint64_t seed, int n, int n_test);
/* 40-h-h-10, relu, SGD with momentum, batches of 100. */
tren_status lab_mnist1d_config(tren_config *config, const tren_lab *lab, uint64_t seed, int n,
                               int h, int epochs);
/* Floating-point operations of such a training. */
double lab_mnist1d_cost(int n, int h, int epochs);

#endif
