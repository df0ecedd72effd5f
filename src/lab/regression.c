#include "lab/regression.h"

#include <math.h>

void lab_regression_draw(double *x, double *y, const lab_regression *q, uint64_t seed,
                         uint32_t trial) {
    double b = 1 / sqrt(q->d), sd = sqrt(q->s2);
    for (int i = 0; i < q->n; i++) {
        tren_rng rng = tren_rng_open(seed, TREN_RNG_MAKE, 0, trial, (uint32_t)i);
        y[i] = sd * tren_rng_normal(&rng, (uint32_t)q->d);
        for (int j = 0; j < q->d; j++) {
            double value = tren_rng_normal(&rng, (uint32_t)j);
            if (j < q->p) x[(size_t)i * q->p + j] = value;
            y[i] += b * value;
        }
    }
}

double lab_regression_excess(const double *w, const lab_regression *q) {
    double b = 1 / sqrt(q->d), sum = (q->d - q->p) * b * b;
    for (int j = 0; j < q->p; j++) sum += (w[j] - b) * (w[j] - b);
    return sum;
}
