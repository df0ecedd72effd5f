/* Private to kernels: the matrix product, of which tren/kernels.h says what it computes. */
#ifndef TREN_KERNELS_PRODUCT_H
#define TREN_KERNELS_PRODUCT_H

#include "kernels/level.h"

#include <stddef.h>

/* Every function exists once for each level, with the level's suffix. */
#define tren_product_scratch LEVEL(product_scratch)
#define tren_product_run     LEVEL(product_run)

/* Elements of scratch that the product needs. */
size_t tren_product_scratch(const tren_product *p);
/* c = ...; scratch is aligned to 64 bytes. */
void tren_product_run(real *restrict c, const real *a, const real *b, const tren_product *p,
                      real *restrict scratch);

#endif
