/* Gaussian noise. */
#ifndef TREN_KERNELS_GAUSSIAN_H
#define TREN_KERNELS_GAUSSIAN_H

#include "tren/base.h"

/* y [n] += sd * scale [n] * g [n], where g[i] is a standard normal draw that depends on rng and i
 * alone. Draws are of float's precision, the same in both builds, and lie within 5.8. */
void tren_gaussian_add(real *restrict y, const real *restrict scale, real sd, const tren_rng *rng,
                       size_t n);

#endif
