/* Kernels: functions on arrays. Outputs are the first arguments. The functions in `tren_kernels`
 * cannot fail and keep nothing between calls. Only this part of tren calls BLAS, whose core type,
 * threads and buffers belong to the process. Not collective. Matrices are row-major, and dense
 * unless they have a stride.
 *
 * The source and the sizes alone fix the bits of a kernel: the compiler may not fuse or reorder
 * operations, and each sum has the order that is written here. For products that OpenBLAS computes
 * (tren_gemm, tren_dgemm, tren_symmetric_solve, some weight gradients of a convolution) the bits
 * also depend on its version and its core type. */
#ifndef TREN_KERNELS_H
#define TREN_KERNELS_H

#include "tren/base.h"

#ifdef __cplusplus
extern "C" {
#define restrict __restrict /* until the end of this header */
#endif
#pragma GCC visibility push(default)

/* ---- BLAS ------------------------------------------------------------------------------------ */

/* The core type OpenBLAS runs with: "SkylakeX", "Haswell", ... */
const char *tren_blas_core(void);
/* "OpenBLAS 0.3.21 DYNAMIC_ARCH ...", without the core type. */
void tren_blas_version(char *text, size_t n);
/* OpenBLAS 0.3.21 does not know recent Intel CPUs and uses the kernels of a very old one. Then this
 * is the core type that fits this CPU ("SkylakeX", "Haswell"), to be set as OPENBLAS_CORETYPE in
 * the environment before the library is loaded; else NULL. */
const char *tren_blas_core_wanted(void);
/* Changes the core type of this process now, and sets OPENBLAS_CORETYPE in its environment.
 * TREN_ERR_ENV: OpenBLAS was built for one core type only, or does not know the name. No other
 * thread may compute meanwhile. */
tren_status tren_blas_use_core(const char *core);
/* The lowest of n core types, which all n CPUs can run (Haswell if the lowest is Zen), or NULL if
 * one of them is unknown. */
const char *tren_blas_lowest_core(const char *const *core, int n);
void tren_blas_threads(int n);
/* Makes OpenBLAS allocate the memory for its first product now: without it, it would try for ever.
 * TREN_ERR_ENV: RLIMIT_AS or RLIMIT_DATA leaves too little. */
tren_status tren_blas_reserve(void);

typedef struct tren_gemm_shape {
    int m, n, k;
    bool ta, tb;       /* a is [k, m], b is [n, k] */
    int lda, ldb, ldc; /* elements from one row in memory to the next; 0: dense */
} tren_gemm_shape;
/* c [m,n] = alpha * op(a) [m,k] * op(b) [k,n] + beta * c, at any address; c overlaps neither a nor
 * b. */
void tren_gemm(real *c, const real *a, const real *b, tren_gemm_shape shape, real alpha, real beta);

/* The same in double, whatever `real` is. */
void tren_dgemm(double *c, const double *a, const double *b, tren_gemm_shape shape, double alpha,
                double beta);
/* x [n, columns] of smallest norm with a x = b in the sense of least squares, for a symmetric
 * positive semidefinite a [n, n], which is destroyed: eigenvalues up to `cutoff` times the largest
 * count as zero. LAPACK's dsyevd. Allocates. TREN_ERR_INTERNAL. */
tren_status tren_symmetric_solve(double *x, double *a, const double *b, int n, int columns,
                                 double cutoff);

/* ---- kernels on vectors, a table for each level of the CPU --------------------------------------
 *
 * Compiled once for each instruction set: x86-64 ("baseline"), x86-64-v3 (AVX2, FMA), x86-64-v4
 * (AVX-512), aarch64; "portable" on another architecture. Every table gives the same bits, except
 * for the sign and payload of NaN: the order of a sum never depends on the width of a register, and
 * a level without fused multiply-add computes the same result in software. */

/* ---- types of elementwise kernels --------------------------------------------------------------
 */

enum { TREN_CHUNK = 4096 };

typedef enum tren_activation_kind {
    TREN_ACTIVATION_IDENTITY,
    TREN_ACTIVATION_RELU,
    TREN_ACTIVATION_TANH,
    TREN_ACTIVATION_GELU,       /* exact, by erf (Hendrycks & Gimpel 2016) */
    TREN_ACTIVATION_LEAKY_RELU, /* z, or 0.01 z below 0 (Maas et al. 2013) */
    TREN_ACTIVATION_ELU,        /* z, or e^z - 1 below 0 (Clevert et al. 2015) */
    TREN_ACTIVATION_SILU,       /* z / (1 + e^-z) (Elfwing et al. 2017) */
    TREN_ACTIVATION_SIGMOID,    /* 1 / (1 + e^-z) */
    TREN_ACTIVATION_SOFTPLUS,   /* log(1 + e^z) */
    TREN_N_ACTIVATIONS
} tren_activation_kind;
typedef struct tren_activation {
    const char *name;
    bool needs_z; /* backward reads z, so forward may not write y over z */
    tren_activation_kind kind;
} tren_activation;
extern const tren_activation tren_identity, tren_relu, tren_tanh, tren_gelu, tren_leaky_relu,
    tren_elu, tren_silu, tren_sigmoid, tren_softplus;
extern const tren_activation *const tren_activations[TREN_N_ACTIVATIONS]; /* by their kind */
typedef struct tren_activation_kernels {
    /* z [n,m] += b [m], if b is not NULL (relu adds b too, but leaves z as it is); y [n,m] = f(z).
     * y is z (not with needs_z), or overlaps nothing. b overlaps nothing. */
    void (*forward)(real *y, real *z, const real *b, int n, int m);
    /* dy [size] *= f'(z), from y, or from z where needs_z; y and z may be the same, and are not dy.
     */
    void (*backward)(real *dy, const real *y, const real *z, size_t size);
    /* As forward with b, but z becomes f'(z), so that backward only multiplies by it, with the same
     * bits. NULL: it would not be faster. */
    void (*forward_slope)(real *y, real *z, const real *b, int n, int m);
} tren_activation_kernels;

/* Dropout of n rows of m units at rate r: mask byte = 1 where kept. Row i draws from
 * (seed, dropout, layer; epoch, sample[i]): 16 bits per unit, kept when draw >= round(r * 65536).
 */
typedef struct tren_dropout_key {
    uint64_t seed;
    uint32_t layer, epoch;
    double rate;
} tren_dropout_key;

/* Factors of an update, rounded to real once; optim.h has the rules. */
typedef struct tren_momentum_step {
    real rate, decay, mu, scale;
} tren_momentum_step;
typedef struct tren_adam_step {
    real keep, l2, beta1, beta2, one_less1, one_less2, rate, root_correction, epsilon, scale;
} tren_adam_step;

/* One affine map of an image: row i, column j of the result is the value of the image at column
 * xx j + xy i + x0 and row yx j + yy i + y0; outside of the image it is the value of its margin. */
typedef struct tren_warp {
    double xx, xy, x0, yx, yy, y0;
} tren_warp;
/* The image is first copied to [c, h + 3, w + 3] elements, with a margin of one row and column
 * before it and two after it, so that no pixel needs a check of its bounds. */
enum { TREN_WARP_MARGIN = 3 };
static inline size_t tren_warp_room(tren_shape shape) {
    return (size_t)shape.c * (size_t)(shape.h + TREN_WARP_MARGIN) *
           (size_t)(shape.w + TREN_WARP_MARGIN);
}

/* The products of a layer of 1 to TREN_NARROW units: y [n,out] = x [n,in] w^T, dx = dy w,
 * dw (+)= dy^T x; w [out,in]; in >= 1. At any address; no two arrays overlap. An element is one
 * chain of fused multiply-adds from +0: over inputs, over units, over rows, ascending; to
 * accumulate, that sum is added to dw. So y and dx of a row do not depend on the other rows. */
enum { TREN_NARROW = 16 };
typedef struct tren_narrow_shape {
    int n, in, out;
} tren_narrow_shape;

/* The matrix product: c = beta * c + alpha * op(a) op(b), with one order of summation on every
 * instruction set.
 *
 * - An element's sum over k is cut into blocks of TREN_PRODUCT_BLOCK. A block is one chain of fused
 *   multiply-adds from +0, in ascending k. Blocks are added in order: ((b0 + b1) + b2) + ...
 * - If the terms are the rows of several shards, each shard has its own sum as above, and these
 *   sums are added along the canonical tree. A shard without rows has the sum +0.
 * - The sum t becomes c = alpha t if beta = 0, else c = fma(alpha, t, beta c).
 *
 * The bits of an element therefore depend on its own factors, on k and on the shards; not on the
 * level, the other rows and columns, or the addresses. Infinities and NaN pass as in IEEE 754 (of a
 * NaN, neither sign nor payload is fixed).
 *
 * Method: Goto & van de Geijn 2008, Van Zee & van de Geijn 2015. */
enum { TREN_PRODUCT_BLOCK = 256 };

/* Matrices are row-major. op(a) [m,k] is a [m,k], or the transpose of a [k,m]; op(b) [k,n] is b
 * [k,n], or the transpose of b [n,k]; c [m,n]. c overlaps neither a nor b. */
typedef struct tren_product {
    int m, n, k;
    bool ta, tb;
    int lda, ldb, ldc; /* elements from one row in memory to the next; 0: dense */
    real alpha, beta;  /* c is not read where beta = 0 */
    /* Shards: shard g is the terms row0[g] <= k < row0[g + 1], counted from row0 of the first one
     * in `step`; step is the postfix program of a node (tren_tree_program) with n_steps steps, and
     * k the number of all its terms. n_steps = 0: all terms are one shard. */
    int n_steps;
    const int *step, *row0;
} tren_product;

/* The product that tren_gemm computes. */
static inline tren_product tren_product_of(tren_gemm_shape s, real alpha, real beta) {
    tren_product p = {s.m, s.n, s.k, s.ta, s.tb, s.lda, s.ldb, s.ldc, alpha, beta, 0, NULL, NULL};
    return p;
}

/* Images: TREN_LANES of them lie side by side, one in each lane: a block is [c, h, w, lanes].
 * Arrays of blocks, and scratch, are 64-byte aligned; weights and biases may have any address. So
 * every layer works on whole vectors, even with few channels and small images, and the result of
 * one image never depends on its neighbours. Lanes without an image hold zeros at the input, any
 * finite value later, and zeros again in every gradient.
 *
 * Sums over images and pixels are formed in each lane, and the lanes are added at the end in
 * halves: lane l + lane l + TREN_LANES / 2, and so on. No two arrays of a call overlap. */
enum { TREN_LANES = 64 / sizeof(real) };

typedef struct tren_conv_shape {
    int ci, h, w;   /* in */
    int co, oh, ow; /* out: oh = (h + 2 pad - kernel) / stride + 1 */
    int kernel, stride, pad;
} tren_conv_shape;
enum { TREN_CONV_KERNEL = 16 }; /* the largest kernel */

/* How a convolution is computed, which depends on its shape alone, and the order of its sums.
 *
 * - Direct. An output is one chain of fused multiply-adds from its bias (or 0): input channels,
 *   kernel rows, kernel columns, ascending; outside the image the factor is 0. A pixel of the data
 *   gradient is one chain from 0, or from the old value: output channels ascending, then
 *   the kernel rows and columns that reach it, descending. A weight's gradient: in each lane one
 *   chain over blocks, rows and columns of output pixels, then the lanes are added; a long sum is
 *   cut into parts of whole blocks, or of rows of one block, whose size depends on the shape alone,
 *   added in order.
 * - Winograd: minimal filtering F(4x4, 3x3) of Lavin & Gray 2016 (arXiv 1509.09308). Each of the 36
 *   points of a tile is one chain over input channels, ascending; then the bias, then the old
 *   value. A weight's gradient: for each point products of [co, k] by [k, ci] over k, the tiles
 *   and lanes of a group of tiles, added group by group; the groups depend on the shape alone.
 * - Unfolded (weight gradient): products over k, the pixels and lanes of some output rows of one
 *   block, added in order.
 *
 * OpenBLAS computes the products of the last two, or with `portable` product_run, in its order of
 * summation. */
typedef enum tren_conv_way {
    TREN_CONV_DIRECT,
    TREN_CONV_WINOGRAD,
    TREN_CONV_UNFOLDED
} tren_conv_way;
extern const char *const tren_conv_way_name[]; /* "direct", "Winograd", "unfolded" */
typedef struct tren_conv_plan {
    tren_conv_shape shape;
    tren_conv_way way[3]; /* forward, data gradient, weight gradient */
    size_t packed[2];     /* elements of weights packed for forward, for the data gradient */
    size_t scratch;       /* elements that a call needs, aligned to 64 bytes */
    bool portable;        /* products by these kernels, not by OpenBLAS */
} tren_conv_plan;

/* Blocks one after the other. */
typedef struct tren_conv_call {
    real *y;                /* forward: [co, oh, ow, lanes]; data gradient: dx */
    const real *x, *packed; /* forward: [ci, h, w, lanes]; data gradient: dy */
    const tren_conv_plan *plan;
    real *scratch;
    int n_blocks;
} tren_conv_call;
typedef struct tren_conv_gradient {
    const real *dy, *x;
    const tren_conv_plan *plan;
    real *scratch;
    int n_blocks;
} tren_conv_gradient;

/* Batch normalisation (Ioffe & Szegedy 2015) of one channel of a microbatch: n_images >= 1 images
 * in blocks `stride` elements apart, `area` pixels each. x, y, dy, dx begin with the channel in the
 * first block. */
typedef struct tren_norm_span {
    int n_images, area;
    size_t stride;
} tren_norm_span;
typedef struct tren_norm_backward {
    real a, b; /* of forward */
    bool relu;
    real mean;          /* of x */
    real slope, offset; /* dx = a g - slope (x - mean) - offset */
    bool add;           /* onto dx */
} tren_norm_backward;

/* Pooling of one block, x [c, h, w, lanes] to y [c, oh, ow, lanes], by windows of kh x kw every
 * `stride` pixels that lie wholly inside. The gradient of a maximum goes to the first pixel of the
 * window that has it, row by row. */
typedef struct tren_pool_shape {
    int c, h, w, oh, ow, kh, kw, stride;
} tren_pool_shape;

/* Scaled dot-product attention (Vaswani et al. 2017) of one head of one sequence, in tiles with an
 * online softmax, so that no array of queries x keys is ever stored (Milakov & Gimelshein 2018; Dao
 * et al. 2022). Query i becomes y_i = sum_j p_ij v_j, p_i = softmax over keys of scale q_i k_j. */
typedef struct tren_attention_shape {
    int queries, keys, width; /* width: of the head, in q, k, v and y */
    int q_ld, kv_ld, y_ld;    /* elements from one token to the next: of q and dq; of k, v, dk, dv;
                                 of y and dy */
    bool causal;              /* query i sees keys 0 ... i only */
    real scale;
} tren_attention_shape;
/* Inputs and outputs of forward, and the gradient of y. */
typedef struct tren_attention_arrays {
    const real *q, *k, *v, *y, *kept, *dy;
} tren_attention_arrays;

enum { TREN_FMA_CHAINS = 12 };

typedef struct tren_kernels {
    const char *level;
    int vector_bytes; /* of a register */

    /* ---- flat arrays, at any address ---- */
    void (*add)(real *restrict y, const real *restrict x, size_t n); /* y += x */
    void (*sum)(real *y, const real *a, const real *b, size_t n); /* y = a + b; y may be a or b */
    void (*multiply)(real *restrict y, const real *restrict x, size_t n); /* y *= x */
    /* Terms and sums in double, by chunks of TREN_CHUNK: element i is added in lane i mod 16, the
     * lanes are added in halves, and the chunks in order. x, y, a, b may be one array. */
    double (*sum_squares)(const real *x, size_t n);
    double (*sum_abs)(const real *x, size_t n);
    double (*dot)(const real *x, const real *y, size_t n);
    /* The sum of x (a - b). */
    double (*dot_difference)(const real *x, const real *a, const real *b, size_t n);
    double (*max_abs)(const real *x, size_t n); /* 0 for n = 0; ignores NaN */
    bool (*all_finite)(const real *x, size_t n);
    /* y [m] = column sums of x [n,m], from +0, rows in order, in real. */
    void (*column_sums)(real *restrict y, const real *restrict x, int n, int m);

    /* ---- layers and losses, at any address; no two arrays overlap unless stated ---- */
    const tren_activation_kernels *activation; /* [TREN_N_ACTIVATIONS] */
    /* y [n,m] = x * (mask * scale) with scale = 1/(1 - rate); mask [n,m]; sample [n]. y may be
     * x. */
    void (*dropout_forward)(real *y, uint8_t *mask, const real *x, const uint32_t *sample, int n,
                            int m, const tren_dropout_key *key);
    /* dx [size] = dy * (mask * scale); dx may be dy. */
    void (*dropout_backward)(real *dx, const real *dy, const uint8_t *mask, size_t size,
                             real scale);
    /* Softmax cross-entropy with label smoothing e: target = (1-e) onehot + e/m. z [n,m] logits in,
     * becomes dz = scale * (softmax(z) - target); label [n], from 0 to m - 1. Adds to *loss the
     * loss of each row, in order, in double; to *correct the rows whose largest logit (the first of
     * equals) is the label's. Sums of a row from +0, in order, in real. */
    void (*softmax_cross_entropy)(real *z, double *loss, double *correct, const int32_t *label,
                                  int n, int m, real smoothing, real scale);
    /* The same where every term of class j is multiplied by weight [m]: L = -sum_j weight_j
     * target_j log softmax(z)_j. */
    void (*weighted_cross_entropy)(real *z, double *loss, double *correct, const int32_t *label,
                                   const real *weight, int n, int m, real smoothing, real scale);
    /* z [n,m] = softmax of its rows, by the same sums. */
    void (*softmax)(real *z, int n, int m);

    /* Layer normalisation of n rows of m: y = w (x - mean) / sqrt(var + 1e-5) + b; kept [n,2] =
     * mean, 1 / sqrt(var + 1e-5). Sums along a row in 16 lanes folded in halves, over rows in
     * order. */
    void (*layer_norm_forward)(real *restrict y, real *restrict kept, const real *restrict x,
                               const real *restrict w, const real *restrict b, int n, int m);
    void (*layer_norm_input)(real *restrict dx, const real *restrict dy, const real *restrict x,
                             const real *restrict w, const real *restrict kept, int n, int m,
                             bool add);
    void (*layer_norm_weight)(real *restrict dw, const real *restrict dy, const real *restrict x,
                              const real *restrict kept, int n, int m);

    /* As tren_attention_shape says. The result of a query does not depend on other queries: its
     * score with a key is one chain of fused multiply-adds over the width. Keys are taken in blocks
     * of 64: the sum so far is scaled to the new largest score, then the exponentials of the block
     * are added in order. y is a chain over the keys of a block, added to the sum of the blocks
     * before. kept [2, queries] = the largest score, 1 / the sum of e^(score - largest). Without
     * keys y is 0. scratch is aligned to 64 bytes and has attention_scratch elements. */
    size_t (*attention_scratch)(const tren_attention_shape *shape);
    void (*attention_forward)(real *restrict y, real *restrict kept, const real *restrict q,
                              const real *restrict k, const real *restrict v,
                              const tren_attention_shape *shape, real *restrict scratch);
    /* The gradients of q, or of k and v, or all three (NULL: not wanted): the weights of a tile are
     * computed again from `kept`. Sums over queries: chains over 32 of them, added in order. */
    void (*attention_input)(real *restrict dq, real *restrict dk, real *restrict dv,
                            const tren_attention_arrays *arrays, const tren_attention_shape *shape,
                            real *restrict scratch);

    /* y [n] = scale x + p, the product and the sum each rounded; y may be x. */
    void (*scale_add)(real *y, const real *x, real scale, const real *p, size_t n);
    void (*scale)(real *y, const real *x, real scale, size_t n); /* y [n] = scale x; y may be x */

    /* ---- updates of weights w [n] by gradients g [n], each element by itself, at any address;
     * states m, v [n]. No two arrays overlap. ---- */
    void (*update_sgd)(real *w, const real *g, real keep, real rate, size_t n);
    void (*update_momentum)(real *w, real *v, const real *g, const tren_momentum_step *step,
                            size_t n);
    void (*update_settle)(real *w, real *v, const tren_momentum_step *step, size_t n);
    void (*update_nesterov)(real *w, real *v, const real *g, const tren_momentum_step *step,
                            size_t n);
    void (*update_adam)(real *w, real *m, real *v, const real *g, const tren_adam_step *step,
                        size_t n);
    /* point = x + step * d; d = gamma * d - g */
    void (*walk)(real *restrict point, const real *restrict x, const real *restrict d, real step,
                 size_t n);
    void (*turn)(real *restrict d, const real *restrict g, real gamma, size_t n);

    /* ---- rows of a dataset, at any address; no two arrays overlap ---- */
    /* y [n] = x [n] * scale [n] + shift [n]: x made real, the product and the sum each rounded. */
    void (*affine_from_u8)(real *restrict y, const uint8_t *restrict x, const real *restrict scale,
                           const real *restrict shift, size_t n);
    void (*affine_from_f32)(real *restrict y, const float *restrict x, const real *restrict scale,
                            const real *restrict shift, size_t n);
    void (*affine_from_f64)(real *restrict y, const double *restrict x, const real *restrict scale,
                            const real *restrict shift, size_t n);
    /* y [n] = (x [n] - mean [n]) / sd [n], subtracted and divided in double, then rounded once. */
    void (*centred_from_u8)(real *restrict y, const uint8_t *restrict x,
                            const double *restrict mean, const double *restrict sd, size_t n);
    void (*centred_from_f32)(real *restrict y, const float *restrict x, const double *restrict mean,
                             const double *restrict sd, size_t n);
    void (*centred_from_f64)(real *restrict y, const double *restrict x,
                             const double *restrict mean, const double *restrict sd, size_t n);
    /* y [n] += (sd * scale [n]) * g [n], where g[i] is a standard normal draw that depends on rng
     * and i alone. Draws are of float's precision, the same in both builds, and lie within 5.8. */
    void (*gaussian_add)(real *restrict y, const real *restrict scale, real sd, const tren_rng *rng,
                         size_t n);
    /* The inside of room = x [c, h, w]. The margin stays as it is; all of a channel's must have one
     * value. */
    void (*warp_put_u8)(real *restrict room, const uint8_t *restrict x, tren_shape shape);
    void (*warp_put_f32)(real *restrict room, const float *restrict x, tren_shape shape);
    void (*warp_put_f64)(real *restrict room, const double *restrict x, tren_shape shape);
    /* y [c, h, w] = (the mapped image) * scale [c, h, w] + shift [c, h, w], in two roundings:
     * bilinear, or for maps by whole pixels alone (xx, yy = 1 or -1; xy, yx = 0; x0, y0 whole).
     * Where both may be asked they give the same values of a finite image; a zero may have the
     * other sign. */
    void (*warp_bilinear)(real *restrict y, const real *restrict room, const tren_warp *map,
                          tren_shape shape, const real *restrict scale, const real *restrict shift);
    void (*warp_whole)(real *restrict y, const real *restrict room, const tren_warp *map,
                       tren_shape shape, const real *restrict scale, const real *restrict shift);

    /* ---- products, convolutions, images in lanes ---- */

    /* As tren_narrow_shape says. */
    void (*narrow_forward)(real *restrict y, const real *restrict x, const real *restrict w,
                           tren_narrow_shape shape);
    void (*narrow_input)(real *restrict dx, const real *restrict dy, const real *restrict w,
                         tren_narrow_shape shape);
    void (*narrow_weight)(real *restrict dw, const real *restrict dy, const real *restrict x,
                          tren_narrow_shape shape, bool accumulate);

    /* As tren_product says; a, b, c at any address. product_scratch: the elements of scratch,
     * aligned to 64 bytes, that the product needs. If step is NULL, enough for any (n_steps + 1) /
     * 2 shards of a tree with at most k terms; if p is NULL, for every product without shards. */
    size_t (*product_scratch)(const tren_product *p);
    void (*product_run)(real *restrict c, const real *a, const real *b, const tren_product *p,
                        real *restrict scratch);

    /* block [size, lanes] = rows [n, size] of n <= TREN_LANES images, 0 in the other lanes; and the
     * reverse. Rows may have any address. */
    void (*lanes_pack)(real *restrict block, const real *restrict row, int n, int size);
    void (*lanes_unpack)(real *restrict row, const real *restrict block, int n, int size);
    /* db [c] = sums over blocks, pixels and lanes of dy [blocks][c, area, lanes]: of a block,
     * pixels in order and lanes folded, in real; blocks in order, in double. */
    void (*lanes_bias)(real *db, const real *dy, int n_blocks, int c, int area);

    /* The shape: 1 <= kernel <= TREN_CONV_KERNEL, stride >= 1, 0 <= pad < kernel. */
    void (*conv_plan)(tren_conv_plan *plan, const tren_conv_shape *shape, bool portable);
    /* packed = w [co, ci, kernel, kernel] in the order the kernels read it; which = 0 for forward,
     * 1 for the data gradient. */
    void (*conv_pack)(real *restrict packed, const real *restrict w, const tren_conv_plan *plan,
                      int which);
    /* y = b [co] (NULL: 0) + x * w, in the order that tren_conv_way states. */
    void (*conv_forward)(const tren_conv_call *call, const real *b);
    /* dx (+)= the gradient of x */
    void (*conv_input)(const tren_conv_call *call, bool add);
    /* dw [co, ci, kernel, kernel] = the gradient of w */
    void (*conv_weight)(real *restrict dw, const tren_conv_gradient *call);

    /* The mean and the sum of squared deviations from it, each block by itself in two passes and
     * blocks merged in order, in double (Chan, Golub & LeVeque 1979). A pass: in each lane, pixel i
     * is added to sum i mod 4 of (s0 + s1) + (s2 + s3), in real; lanes with an image in order, in
     * double.
     */
    void (*norm_statistics)(double *mean, double *m2, const real *x, tren_norm_span span);
    /* y = max(a x + b, 0), or a x + b without relu; a x + b in one rounding. NaN stays. */
    void (*norm_forward)(real *restrict y, const real *restrict x, tren_norm_span span, real a,
                         real b, bool relu);
    /* sum [0] = sum of g, [1] = sum of g (x - mean); g is dy, or 0 where relu cut a x + b off. In
     * each lane, pixel i is added to sum i mod 2 of s0 + s1, and lanes are folded, in real; blocks
     * in order, in double. */
    void (*norm_sums)(double sum[2], const real *dy, const real *x, tren_norm_span span,
                      const tren_norm_backward *k);
    /* dx (+)= a g - slope (x - mean) - offset in lanes with an image, (+)= 0 in the others. */
    void (*norm_input)(real *restrict dx, const real *restrict dy, const real *restrict x,
                       tren_norm_span span, const tren_norm_backward *k);

    /* A window's pixels row by row; the average is their sum, from 0, times 1 / (kh kw). */
    void (*pool_max)(real *restrict y, const real *restrict x, const tren_pool_shape *shape);
    void (*pool_average)(real *restrict y, const real *restrict x, const tren_pool_shape *shape);
    /* dx += the gradient, windows in the order of their outputs; y of pool_max. */
    void (*pool_max_input)(real *restrict dx, const real *restrict dy, const real *restrict x,
                           const real *restrict y, const tren_pool_shape *shape);
    void (*pool_average_input)(real *restrict dx, const real *restrict dy,
                               const tren_pool_shape *shape);

    /* For benchmarks: the peak of a core. n rounds of fused multiply-adds in registers:
     * TREN_FMA_CHAINS vectors, or half as many, each a chain sum = sum a + b; enough of them to
     * hide the latency. a, b [vector]; out [vector]: the sum of all, so that the compiler removes
     * none. Aligned to a vector. */
    void (*fma_chains)(real *restrict out, const real *restrict a, const real *restrict b, int n,
                       bool half);
    /* a [n] = b + s c: STREAM's triad (McCalpin 1995), at any address. */
    void (*triad)(real *restrict a, const real *restrict b, const real *restrict c, real s,
                  size_t n);
} tren_kernels;

/* The levels of this program, highest first; NULL behind the last one. */
const tren_kernels *tren_kernels_at(int i);
bool tren_kernels_run_here(const tren_kernels *kernels); /* on this CPU and operating system */
const tren_kernels *tren_kernels_best(void);             /* the highest that runs here */
/* By name; "auto" and "" mean the best. TREN_ERR_ENV: there is no such level, or this CPU cannot
 * run it. */
tren_status tren_kernels_choose(const tren_kernels **kernels, const char *level);

#pragma GCC visibility pop
#ifdef __cplusplus
#undef restrict
}
#endif
#endif
