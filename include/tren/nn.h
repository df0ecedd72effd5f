/* NN: networks as a static graph of layers over flat arenas. No MPI, no files. Not collective.
 *
 * A graph is the plan. Its layers are in the order in which they were added, which is a topological
 * order. Every parameter is a span of one arena, in layer order. A work holds the arrays that one
 * worker needs to run the graph. A pass runs several microbatches ("groups", one per shard), whose
 * rows are stacked in one array. The results have the same bits as if each microbatch were computed
 * alone.
 *
 * Gradients of a parameter are computed per microbatch and folded along the canonical tree into the
 * nodes the worker owns. Backward runs from the last layer to the first. After each layer, all
 * gradients from some offset to the end of the arena are final, and backward calls `ready` with
 * this offset. */
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

/* The output of a layer for one row. Its dimensions are tokens (if rows have a token axis),
 * channels, height and width. A column of a table and a feature of a token are channels. Along its
 * token axis each row has its own length (tren_pass). The tokens of all rows are stored one after
 * the other without gaps, so that nothing is computed for padding. */
typedef enum tren_element { TREN_REALS, TREN_TOKENS } tren_element; /* tokens: int32_t */
enum { TREN_AXES = 2 }; /* source and target may have different lengths */
typedef struct tren_tensor {
    int axis;   /* 0: no token axis; else its number, 1 or 2 */
    int tokens; /* maximum for a row; 1 without a token axis */
    int c, h, w;
    tren_element element;
    bool lanes; /* stored in blocks of lanes (kernels.h), else in rows */
} tren_tensor;

/* Elements of one row, or of one token if there is a token axis. */
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

/* Rows [first, first + n) of a parameter [dim0, rest]. Gradients are folded tile by tile. */
typedef struct tren_tile {
    int first, n;
} tren_tile;
/* One microbatch's part of one tile: dst = leaf, or dst += leaf if accumulate. A layer is never
 * called for a microbatch without rows. */
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
    /* Whether `leaf` can accumulate with the bits of a separate addition. NULL: it cannot. */
    bool (*accumulates)(const tren_layer *layer, const tren_work *work, const tren_pass *pass);
    /* NULL: the gradient is computed by leaves only. With several microbatches, called only if the
     * graph is `portable`. */
    void (*node)(const tren_layer *layer, tren_work *work, const tren_pass *pass, real *dst,
                 const tren_node_part *part);
} tren_gradient;
enum { TREN_LAYER_PARAMS = 2, TREN_LAYER_VALUES = 4 }; /* at most: learned ones; with statistics */

/* Properties of a layer beyond its shapes and parameters, for code that writes a network in another
 * format. Properties that a kind does not have are 0 or NULL. */
typedef struct tren_layer_traits {
    const tren_activation *f;   /* the activation that is applied last; NULL: none */
    double eps;                 /* of a norm */
    int groups;                 /* of a group norm */
    int kernel[2], stride, pad; /* of a convolution or pool; kernel: height, width */
    int heads;                  /* of attention */
    bool causal;
    double scale;      /* of a sinusoid: y = scale x + table [tokens, width] */
    const real *table; /* not owned */
} tren_layer_traits;

/* One const object per kind of layer. A layer only computes. nn/work.c decides the order of calls,
 * adds the gradients of an output that several layers read, folds gradients, and calls `ready`. */
typedef struct tren_layer_ops {
    const char *name;
    /* Draws the initial values of the layer's parameters from (seed, init, parameter index). May be
     * NULL. */
    void (*init)(const tren_layer *layer, real *value, uint64_t seed);
    void (*forward)(const tren_layer *layer, tren_work *work, const tren_pass *pass);
    /* The first call of backward: computes what the gradients below have in common. It may
     * overwrite dy of this layer. May be NULL. */
    void (*begin_backward)(const tren_layer *layer, tren_work *work, const tren_pass *pass);
    /* The gradient of an input, from dy. NULL: there is no input, or forward leaves the gradient in
     * y (losses). */
    void (*input_gradient)(const tren_layer *layer, tren_work *work, const tren_pass *pass,
                           tren_dx dx);
    tren_gradient gradient[TREN_LAYER_PARAMS]; /* of the layer's parameters, from dy */
    /* Called before backward of any layer: folds the running statistics that forward computed. May
     * be NULL. */
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
    /* Fills in the properties that a layer of this kind has. May be NULL. */
    void (*traits)(const tren_layer *layer, tren_layer_traits *traits);
    bool takes_tokens; /* its input is token numbers, not reals */
    /* Whether backward reads the input's y (reads_x), and the layer's own y (reads_y). If it does
     * not, that array may already be overwritten. */
    bool reads_x, reads_y;
    bool in_place;    /* forward may write y over x, and input_gradient dx over dy */
    bool can_add;     /* input_gradient obeys dx.add; if false, the caller adds */
    bool input_first; /* input_gradient computes terms that the gradients of the parameters need: it
                         is called before them, even if dx is not wanted */
} tren_layer_ops;

typedef struct tren_param {
    char name[48]; /* "dense1/weight" */
    tren_span at;  /* in the arenas of values and of gradients */
    int rank;
    int dim[4];     /* weights [out, in] or [out, in, height, width]; biases [out] */
    int owner;      /* the layer that added it, the first of its users */
    int n_users;    /* number of layers that use it: see tren_graph_share_param */
    bool decay;     /* weight decay applies: weights yes, biases no */
    bool statistic; /* not learned: each step computes a value, and the statistic moves towards it
                       by the factor TREN_STATISTIC_MOMENTUM. Statistics are stored after all
                       learned parameters */
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
    bool adds, adds_other;   /* a later layer that reads the same input has already written its dy:
                                add to it */

    int index;
    char name[32];
    char place[64]; /* position in the list of layers: "[1].residual[0].conv"; "": no list */
    tren_tensor in, out;
    int param[TREN_LAYER_VALUES], n_params; /* indices into graph->param */
    /* [train][array] offset of the array in the activations, in elements per row of capacity.
     * Arrays that are not needed at the same time may share memory (plan.c). */
    size_t at[2][TREN_N_ARRAYS];
    size_t aux;                      /* elements of TREN_AUX per row */
    bool aux_in_evaluation;          /* forward needs TREN_AUX even if no backward follows */
    bool reads_x, reads_y, in_place; /* as in its ops, or as its constructor sets them */
    bool kept;     /* y and dy stay valid after the pass; for tests, set before the plan */
    size_t group;  /* offset in the doubles kept per microbatch */
    bool wants_dy; /* it has parameters, or a layer that leads to it has: backward must compute its
                      dy */
    bool hidden;   /* its pre-activations count in the statistic mean |z| */
};

struct tren_graph {
    const tren_kernels *kernels; /* not owned */
    bool portable;      /* products by the kernels, not by OpenBLAS; set it before adding layers */
    tren_layer **layer; /* owned */
    int n_layers;
    tren_param *param; /* owned */
    int n_params;
    size_t n_values;   /* elements of all parameters and statistics */
    size_t n_learned;  /* elements of the parameters: [0, n_learned) */
    size_t per_row[2]; /* [train] elements of all arrays of the layers per row of capacity */
    size_t per_group;  /* doubles kept per microbatch */
    size_t scratch;    /* elements of the scratch array: the most that one layer needs */
    bool lanes;        /* some layer stores blocks of lanes */
    const struct tren_loss *loss; /* of the last layer; not owned; NULL: none yet */
    int tokens[TREN_AXES];        /* maximum for a row along each axis; 0: no layer has this axis */
    tren_status status;           /* first construction error, sticky; its text in `error` */
    char error[2048];
};

/* ---- construction: builders add layers without checks, then check once ------------------------
 *
 * Each of these functions accepts the NULL that a failed one returned. A wrong argument gives
 * TREN_ERR_USAGE; if there is no memory, the status is that of tren_fail_memory. */

/* kernels: the level of the CPU that all layers use; not owned. */
tren_status tren_graph_open(tren_graph **graph, const tren_kernels *kernels);
void tren_graph_close(tren_graph *graph); /* accepts NULL */
tren_layer_traits tren_layer_describe(const tren_layer *layer);
/* Ends construction. After an error: returns its status, and its text becomes the thread's error
 * text. Else plans where the arrays of all layers are stored. */
tren_status tren_graph_complete(tren_graph *graph);

/* How initial weights are drawn; fan_in and fan_out are the layer's. Biases are zero, except with
 * gaussian and pytorch. */
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
/* An input of any kind: token numbers, or rows with a token axis. */
tren_layer *tren_typed_input(tren_graph *graph, tren_tensor tensor);
/* y [n,out] = f(x [n,in] w^T + b), w [out,in]; if there is a token axis, for each token
 * separately. */
tren_layer *tren_dense(tren_graph *graph, tren_layer *input, int out, const tren_activation *f,
                       tren_init init);
/* The same with all options. */
typedef struct tren_dense_spec {
    int out;
    const tren_activation *f;
    tren_init init;
    bool no_bias;
    const tren_layer *tied; /* the weight is the first parameter of this layer; NULL: a new one */
} tren_dense_spec;
tren_layer *tren_dense_with(tren_graph *graph, tren_layer *input, tren_dense_spec spec);
/* y [token] = the row of a table [vocabulary, width] that the token's number selects. The numbers
 * must be in range. */
typedef struct tren_embedding_spec {
    int vocabulary, width;
    tren_init init;
    const tren_layer *tied; /* the table is the first parameter of this layer; NULL: a new one */
} tren_embedding_spec;
tren_layer *tren_embedding(tren_graph *graph, tren_layer *input, tren_embedding_spec spec);
/* y = x + a learned row for each position along the token axis. */
tren_layer *tren_positions(tren_graph *graph, tren_layer *input, tren_init init);
/* y = scale x + a fixed row of sines and cosines for each position (Vaswani et al. 2017). */
tren_layer *tren_sinusoid(tren_graph *graph, tren_layer *input, double scale);
/* Multi-head attention (Vaswani et al. 2017), for each row separately: y [token, d] from queries,
 * keys and values of d columns each; each head has d / heads columns. kv NULL: the columns of q are
 * queries, keys, values, in this order. Else q has the queries, and kv has keys and values; its
 * tokens may lie along either axis. The layer has no parameters: the projections before and after
 * it are dense layers. */
typedef struct tren_attention_spec {
    int heads;
    bool causal; /* a token attends to itself and to earlier tokens only */
} tren_attention_spec;
tren_layer *tren_attention(tren_graph *graph, tren_layer *q, tren_layer *kv,
                           tren_attention_spec spec);
/* y = the mean of a row's tokens; y has no token axis. */
tren_layer *tren_token_mean(tren_graph *graph, tren_layer *input);
/* Layer normalisation (eps 1e-5) over all numbers of a row, or of a token if there is a token axis.
 * Each number has its own weight and bias. */
tren_layer *tren_layer_norm(tren_graph *graph, tren_layer *input);
/* Group normalisation (Wu & He 2018; eps 1e-5): the channels of each image or row are divided into
 * `groups` equal groups, and each group is normalised separately. y = weight [c] xhat + bias [c].
 * Not for rows with a token axis. */
tren_layer *tren_group_norm(tren_graph *graph, tren_layer *input, int groups);
/* y = the channels of a, then those of b. All other dimensions are equal; only lanes may differ. */
tren_layer *tren_concat(tren_graph *graph, tren_layer *a, tren_layer *b);
/* y = f(x) as a separate layer */
tren_layer *tren_activate(tren_graph *graph, tren_layer *input, const tren_activation *f);
/* Inverted dropout at `rate` in [0,1). Each number of an image is dropped separately. Rate 0 adds
 * no layer and returns input. */
tren_layer *tren_dropout(tren_graph *graph, tren_layer *input, double rate);
/* What a loss compares the outputs with. This decides which metrics exist, whether targets may be
 * normalised, and what is exported. */
typedef enum tren_loss_takes {
    TREN_TAKES_LABELS,  /* labels of classes: outputs are the logits of a softmax */
    TREN_TAKES_TARGETS, /* any targets, which may be normalised: outputs are predictions */
    TREN_TAKES_SHARES   /* targets from 0 to 1: each output is the logit of one target */
} tren_loss_takes;
typedef struct tren_loss_point {
    double y, t; /* output and target, in the units of the network */
    double unit; /* size of one such unit in units of the data */
    int column;
} tren_loss_point;
/* Returns the loss of one number, in units of the data. *slope: its derivative with respect to y,
 * in units of the network. */
typedef double tren_loss_of_one(const tren_loss_options *options, tren_loss_point at,
                                double *slope);
typedef struct tren_loss_rows tren_loss_rows;
/* A loss: one const object in its own file, and one line of TREN_LOSSES. */
typedef struct tren_loss {
    const char *name;
    tren_loss_takes takes;
    void (*rows)(const tren_loss_rows *x); /* src/nn/loss.h */
    tren_loss_of_one *of_one;              /* for losses of targets; NULL: the loss takes labels */
    /* Sets an error in the graph if the options do not fit this number of columns. May be NULL. */
    void (*check)(tren_graph *graph, int columns, const tren_loss_options *options);
} tren_loss;
#define TREN_LOSS(name, keys, help) extern const tren_loss tren_loss_##name;
TREN_LOSSES(TREN_LOSS)
#undef TREN_LOSS
extern const tren_loss *const tren_losses[]; /* in the order of TREN_LOSSES; NULL-terminated */
/* The last layer. The y of its input are logits (n_classes) or predictions. If there is a token
 * axis, each token has its own logits or predictions and its own label or target. */
tren_layer *tren_add_loss(tren_graph *graph, tren_layer *input, const tren_loss *loss,
                          const tren_loss_options *options); /* NULL: the defaults */

/* Layers of images. Their outputs are stored in blocks of lanes. They and dense convert their input
 * if needed. y [co,oh,ow] = x [ci,h,w] * w [co,ci,kernel,kernel] + b [co] (bias false: none) */
typedef struct tren_conv_spec {
    int channels, kernel, stride, pad;
    bool bias;
} tren_conv_spec;
tren_layer *tren_conv2d(tren_graph *graph, tren_layer *input, tren_conv_spec spec, tren_init init);
/* The plan of a layer that tren_conv2d added; NULL for other layers. */
const tren_conv_plan *tren_conv2d_plan(const tren_layer *layer);
/* Batch normalisation (eps 1e-5) of each channel, or column of a table, over a microbatch; then
 * relu, if requested. Prediction uses the running mean and the running unbiased variance. Each step
 * moves them towards the mean over its microbatches, weighted by their rows. */
tren_layer *tren_batch_norm(tren_graph *graph, tren_layer *input, bool relu);
/* Windows of kernel x kernel pixels at this stride. Pixels at the edge that fill no whole window
 * are not used. */
tren_layer *tren_max_pool(tren_graph *graph, tren_layer *input, int kernel, int stride);
tren_layer *tren_average_pool(tren_graph *graph, tren_layer *input, int kernel, int stride);
tren_layer *tren_global_max_pool(tren_graph *graph, tren_layer *input);
tren_layer *tren_global_average_pool(tren_graph *graph, tren_layer *input);
/* y = a + b; both have the same shape */
tren_layer *tren_add_layers(tren_graph *graph, tren_layer *a, tren_layer *b);
/* [c,h,w] -> [c*h*w], rows */
tren_layer *tren_flatten(tren_graph *graph, tren_layer *input);

/* Sets the error of the graph (TREN_ERR_USAGE) unless it has one already. Returns NULL. */
tren_layer *tren_graph_fail(tren_graph *graph, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* value [n_values] <- the initial values of all parameters. They depend only on the graph and the
 * seed. */
void tren_graph_init(const tren_graph *graph, real *value, uint64_t seed);
/* The sum of ||W||_F^2 over the parameters that decay. */
double tren_graph_weight_squares(const tren_graph *graph, const real *value);

/* For people: "784-512-10", or "1 x 28 x 28 to 10 by 38 layers with parameters". */
void tren_graph_describe(char *text, size_t n, const tren_graph *graph);

/* ---- running ----------------------------------------------------------------------------------
 */

/* The matrix product that computes a weight gradient dw also applies it: into <- beta * into +
 * alpha * dw, and dw itself is never stored. `into` are the values (plain SGD) or the velocity
 * (momentum); in the second case `combine` is then called without a gradient. Only with one
 * microbatch, one rank and no clipping: then nothing must be folded or checked before the
 * update. */
typedef struct tren_take_up {
    real *into; /* [n_values], not owned; NULL: off */
    real alpha, beta;
    bool combine; /* call `combine` afterwards: the update has a second part */
} tren_take_up;

struct tren_pass {
    int n_groups;    /* microbatches; group g has rows [row0[g], row0[g+1]) */
    const int *row0; /* [n_groups + 1] */
    int pattern;     /* index from tren_work_pattern for this row0 */
    bool train;      /* keep what backward needs; batch norm uses the microbatch's statistics */
    bool dropout;    /* false: dropout layers copy their input, even in training */
    bool stats;      /* sum |z| of hidden layers (evaluation) */
    uint64_t seed;
    uint32_t epoch;
    const uint32_t *sample;       /* [rows] index of each row in the training part, or NULL */
    const int *length[TREN_AXES]; /* [rows] tokens of each row along an axis; NULL: the maximum */
    const int32_t *label;         /* [rows] or [tokens], or NULL; negative: not counted */
    const real *class_weight;     /* [n_classes] factor of the loss of each class; NULL: 1 */
    const real *target;           /* [rows or tokens, n_targets], or NULL */
    /* [rows] the weight of each row in the loss; only for rows without a token axis. NULL: 1. */
    const real *row_weight;
    /* [n_targets] for normalised targets: the size of one unit of the network in units of the data,
     * in which losses are reported. NULL: targets are not normalised. */
    const real *target_unit;
    /* Out: the loss of each row, or of each token, without its weight, in units of the data; 0 if
     * it is not counted. NULL: not wanted. */
    double *row_loss;
    /* Called with the network's outputs, before the loss overwrites them with its gradient. May be
     * NULL. */
    void (*look)(void *look_ctx, const real *output);
    void *look_ctx;
    real scale; /* factor of the loss gradient: 1 / the sum of weights in the global step */
    tren_take_up take_up;
};

/* Called by backward when the gradients in [lo, n_values) are final, and between long computations
 * with lo unchanged. */
typedef void (*tren_ready_fn)(void *ctx, size_t lo);
/* Called by backward for each part of each parameter, when this pass will not read its value again.
 * The gradient is left + right (right NULL: left alone; left NULL: it is applied already, see
 * tren_take_up) and still in the cache. It is not kept after the call. */
typedef void (*tren_combine_fn)(void *ctx, int param, tren_span at, const real *left,
                                const real *right);

typedef struct tren_work_spec {
    int max_rows;  /* of a pass, all groups together */
    bool train;    /* memory for gradients */
    bool stacking; /* false: always one call per microbatch */
    bool poked;    /* `ready` and `need` make progress on messages: split long calls */
    int shards;    /* leaves of the canonical tree; evaluation: 1 */
    int lo, hi;    /* my shards: [lo, hi) */
    real *value;   /* [n_values] not owned */
    real **node;   /* [tree nodes of my shards][n_values] gradient arenas, not owned; NULL in
                      evaluation */
    tren_ready_fn ready;
    /* Called before forward reads the values [0, end). With end = 0 it only makes progress on
     * messages. May be NULL. */
    void (*need)(void *ctx, size_t end);
    tren_combine_fn combine; /* receives gradients that are not stored: only if one node is the
                                whole sum. May be NULL */
    /* Called when a layer's part of a pass begins and ends; may be NULL. */
    void (*layer)(void *layer_ctx, const tren_layer *layer, bool backward, bool begins);
    void *layer_ctx;
    void *ctx;
} tren_work_spec;

tren_status tren_work_open(tren_work **work, const tren_graph *graph, const tren_work_spec *spec);
void tren_work_close(tren_work *work); /* accepts NULL */
/* *pattern = the index of the row pattern row0 [n_groups + 1]. A new pattern is tuned. Allocates:
 * call it before the training loop. */
tren_status tren_work_pattern(tren_work *work, int *pattern, int n_groups, const int *row0);
/* The array of input rows [max_rows, in]. The caller writes it before forward. */
real *tren_work_input(tren_work *work);
/* The input of token numbers along an axis, 1 or 2; NULL: the network has none. */
const tren_layer *tren_graph_tokens_input(const tren_graph *graph, int axis);
/* The same as tren_work_input for an input of token numbers. */
int32_t *tren_work_tokens(tren_work *work, const tren_layer *input);
/* Results of one group, after forward of a pass with labels or targets. */
typedef struct tren_group_result {
    double loss;      /* weighted sum over rows or tokens, in units of the data */
    double objective; /* the sum that the gradient belongs to: the same, but of normalised targets
                         in normalised units */
    double correct;   /* rows or tokens whose class is predicted correctly */
    double counted;   /* rows or tokens that have a label or target */
    double abs_z,
        n_z; /* sum of |z| over hidden units and rows, and their number, when pass->stats */
} tren_group_result;
const tren_group_result *tren_work_result(const tren_work *work);
/* The network's output rows [rows, out] after a forward pass without labels: logits or predictions.
 */
real *tren_work_output(tren_work *work);

void tren_forward(tren_work *work, const tren_pass *pass);
void tren_backward(tren_work *work, const tren_pass *pass);
/* Backward of one layer, for benchmarks. */
void tren_layer_backward(const tren_layer *layer, tren_work *work, const tren_pass *pass);
/* Folds leaf [groups][n], n <= 16, into my nodes at offset `off`, as backward folds gradients. For
 * a few numbers (loss, flags) that are reduced together with the gradients. */
void tren_work_fold(tren_work *work, size_t off, const real *leaf, int n);
/* Rows of memory that a worker needs for max_rows rows in n_groups microbatches. */
int tren_work_capacity(const tren_graph *graph, int max_rows, int n_groups);
/* Elements that a worker needs for training in addition to activations: `room` for partial sums,
 * `scratch` for layers and products while they run, `trial` temporarily while products are
 * tested. */
size_t tren_work_room(const tren_graph *graph, int n_groups);
size_t tren_work_scratch(const tren_graph *graph, int n_groups, int rows);
size_t tren_work_trial(const tren_graph *graph, int n_groups, int rows);
/* Bytes of activations and their gradients, partial sums, scratch and batch statistics. */
size_t tren_work_bytes(const tren_work *work);
/* How many products compute all microbatches in one call, over all patterns, for people: "11 of 14
 * matrix products batched across shards". */
void tren_work_describe(const tren_work *work, char *text, size_t n);

/* FLOP of one training row (2mnk of every GEMM that is needed) and of one evaluated row. */
void tren_graph_cost(const tren_graph *graph, double *train, double *evaluate);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
