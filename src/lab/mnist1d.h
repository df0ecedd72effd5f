/* Private to lab: what W1, S3 and R2 have in common, two hidden layers on MNIST-1D with noisy
 * labels (/docs/lab.md). */
#ifndef TREN_LAB_MNIST1D_H
#define TREN_LAB_MNIST1D_H

#include "lab/training.h"

/* The datasets of all seeds: n training rows, a share {noise} of whose labels is drawn anew from
 * all classes, no validation rows, {test_rows} test rows with true labels. */
tren_status lab_mnist1d_make(const tren_lab *lab, int n);
/* What W1, S3 and R2 let change besides. */
#define LAB_MNIST1D_PARAMS                                                                         \
    {.name = "test_rows",                                                                          \
     .what = {"test rows", "muestras de test"},                                                    \
     .full = TREN_LAB_VALUES_OF(12000),                                                            \
     .low = 100,                                                                                   \
     .high = 1e6,                                                                                  \
     .whole = true},                                                                               \
        {.name = "noise",                                                                          \
         .what = {"share of labels replaced at random",                                            \
                  "proporción de etiquetas reasignadas al azar"},                                  \
         .full = TREN_LAB_VALUES_OF(0.15),                                                         \
         .low = 0,                                                                                 \
         .high = 1},                                                                               \
    {                                                                                              \
        .name = "rate", .what = {"learning rate", "tasa de aprendizaje"},                          \
        .full = TREN_LAB_VALUES_OF(0.01), .low = 1e-6, .high = 10                                  \
    }

/* 40-h-h-10, relu, SGD with momentum, batches of 100. */
tren_status lab_mnist1d_config(tren_config *config, const tren_lab *lab, uint64_t seed, int n,
                               int h, int epochs);
/* Floating-point operations of such a training. */
double lab_mnist1d_cost(int n, int h, int epochs);

#endif
