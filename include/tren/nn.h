/* NN: networks as a static graph of layers over flat arenas. No MPI, no files. Not collective.
 *
 * A graph is the plan: construction order is topological order, and every parameter is a span of
 * one arena, in layer order. A work holds the arrays that one worker needs to run the graph. A pass
 * runs several microbatches ("groups", one per shard) stacked row by row; its results are those of
 * each microbatch computed by itself, bit for bit.
 *
 * Gradients of a parameter are computed per microbatch and folded along the canonical tree into the
 * nodes the worker owns. Backward runs from the last layer to the first, so after each layer every
 * gradient from some offset up is final: `ready` tells. */
#ifndef TREN_NN_H
#define TREN_NN_H

#include "tren/base.h"
#include "tren/config.h"
#include "tren/kernels.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct tren_graph tren_graph;
typedef struct tren_layer tren_layer;
typedef struct tren_work tren_work;
typedef struct tren_pass tren_pass;

/* The output of a layer for one row. Its dimensions have names: tokens, where rows have a token
 * axis, then channels, height, width; a column of a table and a feature of a token are channels.
 * Along its axis each row has a length of its own (tren_pass); tokens lie one after the other, row
 * after row, without gaps, so that nothing is computed for padding. */
typedef enum tren_element { TREN_REALS, TREN_TOKENS } tren_element; /* tokens: int32_t */
enum { TREN_AXES = 2 }; /* a source and a target may have lengths of their own */
typedef struct tren_tensor {
    int axis;   /* 0: no token axis; else which one */
    int tokens; /* maximum for a row; 1 without a token axis */
    int c, h, w;
    tren_element element;
    bool lanes; /* in blocks of lanes (kernels.h), else in rows */
} tren_tensor;

/* Elements of a row without a token axis, of a token with one. */
static inline int tren_tensor_width(tren_tensor t) {
    return t.c * t.h * t.w;
}
static inline int tren_tensor_size(tren_tensor t) {
    return t.tokens * tren_tensor_width(t);
}
bool tren_tensor_equal(tren_tensor a, tren_tensor b);
/* "3 x 32 x 32", "up to 128 tokens of 64", "up to 128 token numbers" */
enum { TREN_TENSOR_TEXT = 64 };
const char *tren_tensor_text(char out[TREN_TENSOR_TEXT], tren_tensor t);

/* Where the gradient of an input goes. */
typedef struct tren_dx {
    int which; /* 0: of `input`, 1: of `other` */
    real *at;  /* NULL: not wanted */
    bool add;  /* add to the old values */
} tren_dx;

/* Rows [first, first + n) of a parameter [dim0, rest]: what is folded at a time. */
typedef struct tren_tile {
    int first, n;
} tren_tile;
/* One microbatch's part of one tile: dst = leaf, or dst += leaf where accumulate. Microbatches
 * without rows never come here. */
typedef struct tren_leaf {
    int group;
    tren_tile tile;
    bool accumulate;
} tren_leaf;
/* One tile of a node: dst = beta dst + alpha (the sum of my leaves along the canonical tree). */
typedef struct tren_node_part {
    int node;
    tren_tile tile;
    real alpha, beta;
} tren_node_part;

/* How the gradient of a parameter is computed: one microbatch at a time, or a node at once. */
typedef struct tren_gradient {
    void (*leaf)(const tren_layer *layer, tren_work *work, const tren_pass *pass, real *dst,
                 const tren_leaf *leaf);
    /* Can leaf accumulate, with the bits of a separate sum? NULL: no. */
    bool (*accumulates)(const tren_layer *layer, const tren_work *work, const tren_pass *pass);
    /* NULL: only by leaves. Several microbatches: only where `portable`. */
    void (*node)(const tren_layer *layer, tren_work *work, const tren_pass *pass, real *dst,
                 const tren_node_part *part);
} tren_gradient;
enum { TREN_LAYER_PARAMS = 2, TREN_LAYER_VALUES = 4 }; /* that are learned; with statistics */

/* Properties of a layer beyond its shapes and parameters, for code that writes a network in another
 * format. Properties that a kind does not have are 0 or NULL. */
typedef struct tren_layer_traits {
    const tren_activation *f;   /* what is applied last; NULL: nothing is */
    double eps;                 /* of a norm */
    int groups;                 /* of a group norm */
    int kernel[2], stride, pad; /* of a convolution or pool; kernel: height, width */
    int heads;                  /* of attention */
    bool causal;
    double scale;      /* of a sinusoid: y = scale x + table [tokens, width] */
    const real *table; /* not owned */
} tren_layer_traits;

/* One const object per kind of layer. A layer computes; nn/work.c owns the order of things, adds
 * the gradients of an output that several layers read, folds, and tells what is ready. */
typedef struct tren_layer_ops {
    const char *name;
    /* Draws the initial values of the layer's parameters from (seed, init, parameter index). May be
     * NULL. */
    void (*init)(const tren_layer *layer, real *value, uint64_t seed);
    void (*forward)(const tren_layer *layer, tren_work *work, const tren_pass *pass);
    /* Backward begins: what the gradients below have in common, which may overwrite dy of this
     * layer. May be NULL. */
    void (*begin_backward)(const tren_layer *layer, tren_work *work, const tren_pass *pass);
    /* The gradient of an input, from dy. NULL: there is no input, or forward leaves the gradient in
     * y (losses). */
    void (*input_gradient)(const tren_layer *layer, tren_work *work, const tren_pass *pass,
                           tren_dx dx);
    tren_gradient gradient[TREN_LAYER_PARAMS]; /* of the layer's parameters, from dy */
    /* Called before backward of any layer: folds the running statistics from forward. May be NULL.
     */
    void (*statistics)(const tren_layer *layer, tren_work *work, const tren_pass *pass);
    /* Checks before training whether a microbatch may have this number of rows. May be NULL. */
    tren_status (*check)(const tren_layer *layer, int rows);
    /* Tests which calls of a row pattern may be stacked. May be NULL. */
    tren_status (*tune)(const tren_layer *layer, tren_work *work, int pattern);
    /* Upper bound of the reals that `tune` needs temporarily, for `rows` rows in `n_groups`
     * microbatches. NULL: none. */
    size_t (*trial)(const tren_layer *layer, int n_groups, int rows);
    /* Adds the floating-point operations of one row: 2mnk of every matrix product that is needed.
     * May be NULL. */
    void (*cost)(const tren_layer *layer, double *forward, double *backward);
    /* Fills in what a layer of this kind has. May be NULL. */
    void (*traits)(const tren_layer *layer, tren_layer_traits *traits);
    bool takes_tokens; /* its input is token numbers, not reals */
    /* Whether backward reads the input's y, or the layer's own. If not, they may have been
     * overwritten. */
    bool reads_x, reads_y;
    bool in_place;    /* forward may put y where x lies, and input_gradient dx where dy lies */
    bool can_add;     /* input_gradient honours dx.add; where not, it is added afterwards */
    bool input_first; /* input_gradient finds what the gradients of the parameters are made of, and
                         is called even where nobody wants dx */
} tren_layer_ops;

typedef struct tren_param {
    char name[48]; /* "dense1/weight" */
    tren_span at;  /* in the arena of values, and of gradients */
    int rank;
    int dim[4];     /* weights [out, in] or [out, in, height, width]; biases [out] */
    int owner;      /* the layer that added it, the first of its users */
    int n_users;    /* layers that share it: see tren_graph_share_param */
    bool decay;     /* weight decay applies: weights yes, biases no */
    bool statistic; /* not learned: what the steps bring is a value towards which it moves by
                       TREN_STATISTIC_MOMENTUM. Statistics lie behind all learned parameters */
} tren_param;
#define TREN_STATISTIC_MOMENTUM 0.1

/* The arrays of a layer. */
enum {
    TREN_Y,
    TREN_AUX,   /* what it keeps from forward to backward */
    TREN_DY,    /* the gradient of y */
    TREN_SPARE, /* a gradient before it is added to another */
    TREN_N_ARRAYS
};

struct tren_layer {
    const tren_layer_ops *ops;
    tren_graph *graph;       /* not owned */
    const tren_layer *input; /* not owned; NULL for the input layer */
    const tren_layer *other; /* not owned; a second input, or NULL */
    bool adds, adds_other;   /* a later reader of the same input has written its dy: add to it */

    int index;
    char name[32];
    char place[64]; /* in the list that a config has: "[1].residual[0].conv"; "": in none */
    tren_tensor in, out;
    int param[TREN_LAYER_VALUES], n_params; /* indices in the graph */
    /* [train][array] where it lies in the activations, in elements per row of capacity. What never
     * lives at the same time may lie in one place (plan.c). */
    size_t at[2][TREN_N_ARRAYS];
    size_t aux;                      /* elements per row */
    bool aux_in_evaluation;          /* forward needs them even where no backward follows */
    bool reads_x, reads_y, in_place; /* as its kind, or as its constructor says */
    bool kept;     /* y and dy stay valid after the pass; for tests, set before the plan */
    size_t group;  /* offset in what is kept per microbatch */
    bool wants_dy; /* some parameter lies at or before it: backward must produce its dy */
    bool hidden;   /* its pre-activations count in the statistic mean |z| */
};

struct tren_graph {
    const tren_kernels *kernels; /* not owned */
    bool portable;               /* products by the kernels, not by OpenBLAS; set before layers */
    tren_layer **layer;          /* owned */
    int n_layers;
    tren_param *param; /* owned */
    int n_params;
    size_t n_values;   /* elements of all parameters and statistics */
    size_t n_learned;  /* elements of the parameters: [0, n_learned) */
    size_t per_row[2]; /* [train] elements of all arrays of the layers per row of capacity */
    size_t per_group;  /* doubles kept per microbatch */
    size_t scratch;    /* elements that the layer with the largest need has for itself */
    bool lanes;        /* some layer works on blocks */
    const struct tren_loss *loss; /* the last layer's; not owned; NULL: there is none yet */
    int tokens[TREN_AXES];        /* the most of a row along each axis; 0: no layer has it */
    tren_status status;           /* first construction error, sticky; its text in `error` */
    char error[2048];
};

/* ---- construction: model builders compose without checks, then ask once ------------------------
 *
 * Each of these functions accepts the NULL that a failed one returned. A wrong request is
 * TREN_ERR_USAGE; without memory, the status is that of tren_fail_memory. */

/* kernels: of the level of the CPU that its layers run on. */
tren_status tren_graph_open(tren_graph **graph, const tren_kernels *kernels);
void tren_graph_close(tren_graph *graph); /* accepts NULL */
tren_layer_traits tren_layer_describe(const tren_layer *layer);
/* Ends construction: the sticky status, its text made the thread's error text; or the plan of what
 * lies where while the network runs. */
tren_status tren_graph_complete(tren_graph *graph);

/* How initial weights are drawn; fan_in and fan_out are the layer's. Biases are zero, but for
 * pytorch. */
typedef enum tren_init_kind {
    TREN_DRAW_HE,       /* N(0, 2/fan_in): He et al. 2015 */
    TREN_DRAW_GLOROT,   /* U(-a, a), a = sqrt(6/(fan_in + fan_out)): Glorot & Bengio 2010 */
    TREN_DRAW_GAUSSIAN, /* N(0, variance), weights and biases (Bishop 2006, section 5.2) */
    TREN_DRAW_PYTORCH   /* U(-1/sqrt(fan_in), 1/sqrt(fan_in)), weights and biases */
} tren_init_kind;
typedef struct tren_init {
    tren_init_kind kind;
    double variance;
} tren_init;
tren_layer *tren_input(tren_graph *graph, tren_shape shape);
/* Of any kind: token numbers, or rows with a token axis. */
tren_layer *tren_typed_input(tren_graph *graph, tren_tensor tensor);
/* y [n,out] = f(x [n,in] w^T + b), w [out,in]; of each token by itself where there is a token axis.
 */
tren_layer *tren_dense(tren_graph *graph, tren_layer *input, int out, const tren_activation *f,
                       tren_init init);
/* The same with all options. */
typedef struct tren_dense_spec {
    int out;
    const tren_activation *f;
    tren_init init;
    bool no_bias;
    const tren_layer *tied; /* this layer's first parameter is the weight; NULL: its own */
} tren_dense_spec;
tren_layer *tren_dense_with(tren_graph *graph, tren_layer *input, tren_dense_spec spec);
/* y [token] = row of a table [vocabulary, width], by token number. The numbers must be in range. */
typedef struct tren_embedding_spec {
    int vocabulary, width;
    tren_init init;
    const tren_layer *tied; /* this layer's first parameter is the table; NULL: its own */
} tren_embedding_spec;
tren_layer *tren_embedding(tren_graph *graph, tren_layer *input, tren_embedding_spec spec);
/* y = x + a learned row for each position along the token axis. */
tren_layer *tren_positions(tren_graph *graph, tren_layer *input, tren_init init);
/* y = scale x + a fixed row of sines and cosines for each position (Vaswani et al. 2017). */
tren_layer *tren_sinusoid(tren_graph *graph, tren_layer *input, double scale);
/* Multi-head attention (Vaswani et al. 2017) of each row by itself: y [token, d] from queries, keys
 * and values of d columns each, in heads of d / heads columns. kv NULL: q has all three, one behind
 * the other; else kv has keys and values, of tokens along any axis. No parameters: the projections
 * before and behind are dense layers. */
typedef struct tren_attention_spec {
    int heads;
    bool causal; /* a token sees itself and those before it */
} tren_attention_spec;
tren_layer *tren_attention(tren_graph *graph, tren_layer *q, tren_layer *kv,
                           tren_attention_spec spec);
/* y = the mean of a row's tokens; without a token axis. */
tren_layer *tren_token_mean(tren_graph *graph, tren_layer *input);
/* Layer normalisation of each row, or each token, by itself (eps 1e-5): over all of its numbers,
 * each with a weight and a bias of its own. */
tren_layer *tren_layer_norm(tren_graph *graph, tren_layer *input);
/* Group normalisation (Wu & He 2018; eps 1e-5) of each image or row by itself: over each of
 * `groups` equal parts of its channels. y = weight [c] xhat + bias [c]. Rows without a token axis.
 */
tren_layer *tren_group_norm(tren_graph *graph, tren_layer *input, int groups);
/* y = the channels of a, then those of b, which differ in nothing else but lanes. */
tren_layer *tren_concat(tren_graph *graph, tren_layer *a, tren_layer *b);
/* y = f(x), a layer of its own */
tren_layer *tren_activate(tren_graph *graph, tren_layer *input, const tren_activation *f);
/* Inverted dropout at `rate` in [0,1), of images number by number; rate 0 adds nothing and returns
 * input. */
tren_layer *tren_dropout(tren_graph *graph, tren_layer *input, double rate);
/* What a loss compares the outputs with. Which metrics there are, whether targets are normalised
 * and what is exported follow from it. */
typedef enum tren_loss_takes {
    TREN_TAKES_LABELS,  /* of classes: outputs are the logits of a softmax */
    TREN_TAKES_TARGETS, /* any, which may be normalised: outputs are predictions */
    TREN_TAKES_SHARES   /* targets from 0 to 1: each output is a logit of its own */
} tren_loss_takes;
typedef struct tren_loss_point {
    double y, t; /* output and target, in the units of the network */
    double unit; /* the units of the data in one of those */
    int column;
} tren_loss_point;
/* The loss of one number, in the units of the data, and its slope, in those of the network. */
typedef double tren_loss_of_one(const tren_loss_options *options, tren_loss_point at,
                                double *slope);
typedef struct tren_loss_rows tren_loss_rows;
/* A loss: one const object in a file of its own, and a line of TREN_LOSSES. */
typedef struct tren_loss {
    const char *name;
    tren_loss_takes takes;
    void (*rows)(const tren_loss_rows *x); /* src/nn/loss.h */
    tren_loss_of_one *of_one;              /* of targets; NULL: it takes labels */
    /* Fails in the graph where options do not fit so many columns. May be NULL. */
    void (*check)(tren_graph *graph, int columns, const tren_loss_options *options);
} tren_loss;
#define TREN_LOSS(name, keys, help) extern const tren_loss tren_loss_##name;
TREN_LOSSES(TREN_LOSS)
#undef TREN_LOSS
extern const tren_loss *const tren_losses[]; /* in the order of TREN_LOSSES; NULL-terminated */
/* The last layer: its input's y are logits (n_classes) or predictions, of each token where there is
 * a token axis, and so are labels and targets. */
tren_layer *tren_add_loss(tren_graph *graph, tren_layer *input, const tren_loss *loss,
                          const tren_loss_options *options); /* NULL: the defaults */

/* Images. What these put out lies in blocks of lanes; they and dense convert their input as needed.
 * y [co,oh,ow] = x [ci,h,w] * w [co,ci,kernel,kernel] + b [co] (bias false: none) */
typedef struct tren_conv_spec {
    int channels, kernel, stride, pad;
    bool bias;
} tren_conv_spec;
tren_layer *tren_conv2d(tren_graph *graph, tren_layer *input, tren_conv_spec spec, tren_init init);
/* Of a layer of tren_conv2d; NULL for others. */
const tren_conv_plan *tren_conv2d_plan(const tren_layer *layer);
/* Batch normalisation of each channel, or column, over a microbatch (eps 1e-5), then relu where
 * asked. Prediction uses the running mean and unbiased variance, moved once a step towards the mean
 * over microbatches by rows.
 */
tren_layer *tren_batch_norm(tren_graph *graph, tren_layer *input, bool relu);
/* Windows of kernel x kernel at that stride; what is left at the edge is dropped. */
tren_layer *tren_max_pool(tren_graph *graph, tren_layer *input, int kernel, int stride);
tren_layer *tren_average_pool(tren_graph *graph, tren_layer *input, int kernel, int stride);
tren_layer *tren_global_max_pool(tren_graph *graph, tren_layer *input);
tren_layer *tren_global_average_pool(tren_graph *graph, tren_layer *input);
/* y = a + b, of one shape */
tren_layer *tren_add_layers(tren_graph *graph, tren_layer *a, tren_layer *b);
/* [c,h,w] -> [c*h*w], rows */
tren_layer *tren_flatten(tren_graph *graph, tren_layer *input);

/* The first error stays; TREN_ERR_USAGE. Returns NULL. */
tren_layer *tren_graph_fail(tren_graph *graph, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Initial values of every parameter, a function of seed alone. value [n_values] */
void tren_graph_init(const tren_graph *graph, real *value, uint64_t seed);
/* The sum of ||W||_F^2 over the parameters that decay. */
double tren_graph_weight_squares(const tren_graph *graph, const real *value);

/* For people: "784-512-10", or "1 x 28 x 28 to 10 by 38 layers with parameters". */
void tren_graph_describe(char *text, size_t n, const tren_graph *graph);

/* ---- running ----------------------------------------------------------------------------------
 */

/* A weight gradient taken up by the product that computes it, into <- beta * into + alpha * dw,
 * without a dw in between: into the values (plain SGD), or into the velocity (momentum), whereupon
 * `combine` is called without it. Only where there is nothing to fold and nothing to look at first:
 * one microbatch, one rank, no clipping. */
typedef struct tren_take_up {
    real *into; /* [n_values], not owned; NULL: off */
    real alpha, beta;
    bool combine; /* there is more to do than the product does */
} tren_take_up;

struct tren_pass {
    int n_groups;    /* microbatches; group g has rows [row0[g], row0[g+1]) */
    const int *row0; /* [n_groups + 1] */
    int pattern;     /* index from tren_work_pattern for this row0 */
    bool train;      /* keep what backward needs; dropout on */
    bool dropout;    /* off: dropout layers pass through even in training */
    bool stats;      /* count |z| of hidden layers (evaluation) */
    uint64_t seed;
    uint32_t epoch;
    const uint32_t *sample;       /* [rows] index of each row in the training part, or NULL */
    const int *length[TREN_AXES]; /* [rows] tokens of each row along an axis; NULL: the most */
    const int32_t *label;     /* [rows], or of each token, or NULL; negative: it is not counted */
    const real *class_weight; /* [n_classes] of the loss of each class; NULL: 1 */
    const real *target;       /* [rows, n_targets], or of each token, or NULL */
    /* How much the loss of each row counts, [rows] of rows without a token axis; NULL: 1. */
    const real *row_weight;
    /* Targets are normalised, and losses of them are told in the units of the data: [n_targets] of
     * those units in one of the network. NULL: targets are as they are. */
    const real *target_unit;
    /* Out: the loss of each row, or of each token, whatever it weighs; in the units of the data; 0
     * where it is not counted. NULL: not wanted. */
    double *row_loss;
    /* Is shown the network's outputs before the loss replaces them by its gradient. May be NULL. */
    void (*look)(void *look_ctx, const real *output);
    void *look_ctx;
    real scale; /* of the loss gradient: 1 / what is counted in the global step */
    tren_take_up take_up;
};

/* Called by backward when the gradients in [lo, n_values) are final, and between long calls with lo
 * unchanged. */
typedef void (*tren_ready_fn)(void *ctx, size_t lo);
/* Called by backward for each part of each parameter, when its value is not read any more in this
 * pass: its gradient is left + right (right NULL: left alone; left NULL: it was taken up), still in
 * the cache. What it does not store is lost. */
typedef void (*tren_combine_fn)(void *ctx, int param, tren_span at, const real *left,
                                const real *right);

typedef struct tren_work_spec {
    int max_rows;  /* of a pass, all groups together */
    bool train;    /* room for gradients */
    bool stacking; /* false: always call per microbatch */
    bool poked; /* `ready` and `need` move messages along: cut calls that would keep them waiting */
    int shards; /* S, of the canonical tree; evaluation: 1 */
    int lo, hi; /* my shards */
    real *value; /* [n_values] not owned */
    real **node; /* [tree nodes of my shards][n_values] gradient arenas, not owned; NULL in
                    evaluation */
    tren_ready_fn ready;
    /* Forward is about to read the values [0, end), or, with 0, has been busy for a while; may be
     * NULL. */
    void (*need)(void *ctx, size_t end);
    tren_combine_fn combine; /* instead of storing gradients: only where one node is the whole sum.
                                May be NULL */
    /* Called when a layer's part of a pass begins and ends; may be NULL. */
    void (*layer)(void *layer_ctx, const tren_layer *layer, bool backward, bool begins);
    void *layer_ctx;
    void *ctx;
} tren_work_spec;

tren_status tren_work_open(tren_work **work, const tren_graph *graph, const tren_work_spec *spec);
void tren_work_close(tren_work *work); /* accepts NULL */
/* The index of a row pattern, tuned when it is new. row0 [n_groups + 1]. Allocates: call before the
 * loop. */
tren_status tren_work_pattern(tren_work *work, int *pattern, int n_groups, const int *row0);
/* Where the input rows go: [max_rows, in], written by the caller before forward. */
real *tren_work_input(tren_work *work);
/* The input of token numbers along an axis, 1 or 2; NULL: the network has none. */
const tren_layer *tren_graph_tokens_input(const tren_graph *graph, int axis);
/* The same as tren_work_input for an input of token numbers. */
int32_t *tren_work_tokens(tren_work *work, const tren_layer *input);
/* After forward of a pass with labels or targets: per group. */
typedef struct tren_group_result {
    double loss;      /* sum over rows, or tokens; of weighted ones, and in the units of the data */
    double objective; /* the same, of what the gradient is computed: of normalised targets in their
                         units */
    double correct;   /* rows, or tokens */
    double counted;   /* those that have a label or target */
    double abs_z,
        n_z; /* sum of |z| over hidden units and rows, and their number, when pass->stats */
} tren_group_result;
const tren_group_result *tren_work_result(const tren_work *work);
/* The network's output rows [rows, out] after a forward pass without labels: logits or predictions.
 */
real *tren_work_output(tren_work *work);

void tren_forward(tren_work *work, const tren_pass *pass);
void tren_backward(tren_work *work, const tren_pass *pass);
/* Of one layer: for benchmarks. */
void tren_layer_backward(const tren_layer *layer, tren_work *work, const tren_pass *pass);
/* Folds leaf [groups][n], n <= 16, into my nodes at offset `off`, as backward does with the
 * gradients: for the few numbers (loss, flags) that travel with them. */
void tren_work_fold(tren_work *work, size_t off, const real *leaf, int n);
/* Rows of memory that a worker needs for max_rows rows in so many microbatches. */
int tren_work_capacity(const tren_graph *graph, int max_rows, int n_groups);
/* Elements that a worker takes to train beside activations: for partial sums, for what layers and
 * products need while they run, and for a while, while products are tried. */
size_t tren_work_room(const tren_graph *graph, int n_groups);
size_t tren_work_scratch(const tren_graph *graph, int n_groups, int rows);
size_t tren_work_trial(const tren_graph *graph, int n_groups, int rows);
/* Bytes of activations, gradients of activations and partial sums. */
size_t tren_work_bytes(const tren_work *work);
/* How many of the patterns' calls are stacked, for people: "11 of 14 calls stacked". */
void tren_work_describe(const tren_work *work, char *text, size_t n);

/* FLOP of one training row (2mnk of every GEMM that is needed) and of one evaluated row. */
void tren_graph_cost(const tren_graph *graph, double *train, double *evaluate);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
