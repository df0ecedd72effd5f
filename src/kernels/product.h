/* The matrix product: c = beta * c + alpha * op(a) op(b), with one order of summation on every
 * instruction set.
 *
 * - An element's sum over k is cut into blocks of TREN_PRODUCT_BLOCK. A block is one chain of fused
 *   multiply-adds from +0, in ascending k. Blocks are added in order: ((b0 + b1) + b2) + ...
 * - Where k is the rows of several shards, each shard has a sum of its own as above, and these sums
 *   are added along the canonical tree. A shard without rows has the sum +0.
 * - t, the sum, becomes c = alpha t where beta = 0 and there is no bias; c = fma(alpha, t, beta c);
 *   c = fma(alpha, t, bias).
 *
 * The bits of an element therefore depend on its own factors, on k and on the shards; not on the
 * level, the other rows and columns, the addresses, or whether b was packed before. Infinities and
 * NaN pass as in IEEE 754 (of a NaN, neither sign nor payload is fixed).
 *
 * The way: Goto & van de Geijn 2008, Van Zee & van de Geijn 2015. */
#ifndef TREN_KERNELS_PRODUCT_H
#define TREN_KERNELS_PRODUCT_H

#include "kernels/level.h"

#include <stddef.h>

enum { TREN_PRODUCT_BLOCK = 256 };

/* Matrices are row-major. op(a) [m,k] is a [m,k], or the transpose of a [k,m]; op(b) [k,n] is b
 * [k,n], or the transpose of b [n,k]; c [m,n]. c overlaps nothing else. */
typedef struct tren_product {
    int m, n, k;
    bool ta, tb;
    int lda, ldb, ldc; /* elements from one row in memory to the next; 0: dense */
    bool packed;       /* b is what tren_product_pack wrote for this n, k, tb, ldb */
    real alpha, beta;  /* c is not read where beta = 0 */
    const real *bias;  /* [n], with beta = 0; or NULL */
    /* Shards: shard g is the terms row0[g] <= k < row0[g + 1], counted from row0 of the first one
     * in `step`; step is the postfix program of a node (tren_tree_program) with n_steps steps, and
     * k the number of all its terms. n_steps = 0: all terms are one shard. Not with `packed`. */
    int n_steps;
    const int *step, *row0;
} tren_product;

/* Every function exists once for each level, with the level's suffix. */
#define tren_product_pack_size TREN_LEVEL_NAME(tren_product_pack_size)
#define tren_product_pack      TREN_LEVEL_NAME(tren_product_pack)
#define tren_product_scratch   TREN_LEVEL_NAME(tren_product_scratch)
#define tren_product_run       TREN_LEVEL_NAME(tren_product_run)

/* Elements of op(b), packed; any m. */
size_t tren_product_pack_size(const tren_product *p);
/* packed = op(b) as products of this level read it. packed is aligned to 64 bytes. */
void tren_product_pack(real *restrict packed, const real *restrict b, const tren_product *p);
/* Elements of scratch that the product needs. */
size_t tren_product_scratch(const tren_product *p);
/* c = ...; scratch is aligned to 64 bytes. */
void tren_product_run(real *restrict c, const real *a, const real *b, const tren_product *p,
                      real *restrict scratch);

#endif
