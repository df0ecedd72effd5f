/* Private to lab: what B1 and B2 have in common, two-layer networks on a noisy sinusoid
 * (/docs/lab.md). */
#ifndef TREN_LAB_SINUSOID_H
#define TREN_LAB_SINUSOID_H

#include "lab/training.h"

/* DIR/NAME/data/... of the points of a seed. */
void lab_sinusoid_path(char path[TREN_MAX_PATH], const tren_lab *lab, uint64_t seed);
/* Makes them: {rows} points with noise of standard deviation {noise}, n_test more to test. */
tren_status lab_sinusoid_make(const tren_lab *lab, uint64_t seed, int n_test);
double lab_sinusoid_truth(double x); /* sin(2 pi x) */

/* A trained network on an even grid over [0, 1]. */
enum { LAB_SINUSOID_GRID = 101 };
typedef struct lab_sinusoid_fit {
    double y[LAB_SINUSOID_GRID], rms; /* against the sinusoid itself */
} lab_sinusoid_fit;
/* 1-M-1 with tanh by scaled conjugate gradients: {iterations} of them, from weights of variance
 * {variance} that `start` draws. Collective over the group. */
typedef struct lab_sinusoid {
    uint64_t data_seed;
    int units, start;
} lab_sinusoid;
tren_status lab_sinusoid_train(lab_outcome *out, lab_sinusoid_fit *fit, const tren_lab *lab,
                               tren_comm *group, lab_sinusoid x);

#endif
