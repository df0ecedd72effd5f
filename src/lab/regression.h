/* Private to lab: linear regression on independent normal features, of which the first are used.
 * Not collective. */
#ifndef TREN_LAB_REGRESSION_H
#define TREN_LAB_REGRESSION_H

#include "tren/lab.h"

/* n rows of d features, of which p are used; the true weights b have |b| = 1, evenly over all d;
 * noise of variance s2. */
typedef struct lab_regression {
    int n, d, p;
    double s2;
} lab_regression;

/* x [n, p], y [n] of one trial, keyed by its seed and number alone. */
void lab_regression_draw(double *x, double *y, const lab_regression *q, uint64_t seed,
                         uint32_t trial);
/* E (x.b - x.w)^2 of weights w [p] over fresh x, by isotropy exactly, without the noise. */
double lab_regression_excess(const double *w, const lab_regression *q);

#endif
