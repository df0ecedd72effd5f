/* Private to the product's files: register tiles and packing. */
#ifndef TREN_KERNELS_PRODUCT_TILE_H
#define TREN_KERNELS_PRODUCT_TILE_H

#include "kernels/product.h"

/* A tile of c is at most TILE_ROWS x TILE_COLS, TILE_WIDE vectors wide. Its sums fill the
 * registers, but for those that hold the factors: 12 of 16 with AVX2, 24 of 32 with AVX-512 and
 * NEON. */
#if TREN_LEVEL_VB == 64
#define TILE_ROWS 12
#define TILE_WIDE 2
#elif defined(__aarch64__)
#define TILE_ROWS 8
#define TILE_WIDE 3
#else
#define TILE_ROWS 6
#define TILE_WIDE 2
#endif
enum { TILE_COLS = TILE_WIDE * VL };

/* Pending sums of a tree over 2^22 shards. */
enum { PRODUCT_DEPTH = 24 };

/* One chain over k terms; then `adds` pending sums are added to it, the latest first, and the
 * result is pending. */
typedef struct product_step {
    int k, adds;
} product_step;

/* An array of rows of a factor: element k of row i lies at at[i * row + k * k_step]; one of the
 * two is 1. The rows of the right factor are its columns. */
typedef struct product_rows {
    const real *at;
    ptrdiff_t row, k;
} product_rows;

/* A tile's part of one chunk of k. */
typedef struct product_tile {
    product_rows a;
    const real *b; /* [k, TILE_COLS], b_k elements from one k to the next */
    ptrdiff_t b_k;
    const product_step *step;
    int n_steps, depth; /* depth: sums that are pending before */
    /* Pending sums between chunks: the first, and the others more_len apart. */
    real *first, *more;
    ptrdiff_t first_ld, more_ld, more_len;
    bool last;        /* the last chunk: c = alpha t + beta d */
    real alpha, beta; /* d is not read where beta = 0 */
    real *c;
    const real *d;
    ptrdiff_t c_ld; /* of d too */
} product_tile;

#define product_tile_run  LEVEL(product_tile_run)
#define product_pack_rows LEVEL(product_pack_rows)

/* rows <= TILE_ROWS, cols <= TILE_COLS. Of each row of b, c, d and the pending sums VL elements are
 * read and written if cols <= VL, else TILE_COLS. */
void product_tile_run(const product_tile *t, int rows, int cols);

/* packed [k, width] = the first `width` rows of x, which has n; what stands for rows beyond is not
 * defined. Up to VL elements beyond may be written too. */
void product_pack_rows(real *restrict packed, const product_rows *x, int n, int width, int k);

#endif
