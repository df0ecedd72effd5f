/* Private to nn: the inside of a work, and what layer files use of it. */
#ifndef TREN_NN_WORK_H
#define TREN_NN_WORK_H

#include "tren/nn.h"

/* ---- construction ---------------------------------------------------------------------------- */

/* Adds a layer, a parameter, room in the activations. On error they set the sticky
 * status. */
tren_layer *tren_graph_add(tren_graph *graph, size_t size, const tren_layer_ops *ops,
                           tren_layer *input, tren_tensor out);
int tren_graph_add_param(tren_graph *graph, tren_layer *layer, const char *name, int rank,
                         const int *dim, bool decay);
/* Parameter i of `owner` is the next one of `layer` too: one span, one tren_param. In each
 * microbatch its gradient is the sum of what its users bring, the last layer's first, then each
 * earlier one's; so these sums are folded, and the bits depend on neither ranks nor stacking. It is
 * computed, and called ready, in backward of its owner. */
void tren_graph_share_param(tren_layer *layer, const tren_layer *owner, int i);
/* A weight [rows, columns] that decays: the first parameter of `tied`, which must be of that shape,
 * or a new one where tied is NULL. */
void tren_graph_add_weight(tren_layer *layer, const tren_layer *tied, int rows, int columns);
/* The second input of a layer just added. */
void tren_graph_also_reads(tren_layer *layer, tren_layer *other);
/* Running statistics of `n` elements. */
void tren_graph_add_statistic(tren_graph *graph, tren_layer *layer, const char *name, int n);
void tren_graph_wants_scratch(tren_graph *graph, size_t elements);
/* The input in blocks of lanes, or in rows: itself, or by way of a converting layer. */
tren_layer *tren_as_lanes(tren_graph *graph, tren_layer *input);
tren_layer *tren_as_rows(tren_graph *graph, tren_layer *input);
tren_layer *tren_as_image_rows(tren_graph *graph, tren_layer *input); /* of the same shape */
/* The weight, parameter 0 of a layer, where it is its own, and the bias, parameter 1, where it has
 * one. */
void tren_init_layer(const tren_layer *layer, real *value, uint64_t seed, int fan_in, int fan_out,
                     tren_init init);
/* Of a norm: weight 1, bias 0; statistics, where it has some, mean 0, variance 1. */
void tren_init_norm(const tren_layer *layer, real *value, uint64_t seed);

/* ---- running ------------------------------------------------------------------------------------
 */

/* So many patterns are tried for stacking; any others are computed microbatch by microbatch. */
enum { TREN_TUNED_PATTERNS = 512 };

/* What a pattern of rows may stack, a bit set per layer; found by comparing bits (see stack.c). */
enum {
    TREN_STACK_FORWARD = 1, /* all groups in one forward call */
    TREN_STACK_INPUT = 2,   /* all groups in one data-gradient call */
    TREN_STACK_ACCUMULATE =
        4, /* a right leaf's weight gradient added onto its left sibling by the call itself */
    /* calls in pieces: the data gradient with `ready` between them; forward as the values come */
    TREN_STACK_CUT_INPUT = 8,
    TREN_STACK_CUT_FORWARD = 16
};

typedef struct tren_pattern {
    int n_groups;
    int *row0;              /* [n_groups + 1] owned */
    int *token0[TREN_AXES]; /* the same of tokens where every row has the most; owned */
    uint8_t *stack;         /* [n_layers] owned */
} tren_pattern;

/* The fold of my shards into one node, as a program on group indices. */
typedef struct tren_fold_node {
    int *step; /* owned */
    int n_steps;
} tren_fold_node;

struct tren_work {
    const tren_graph *graph; /* not owned */
    tren_work_spec spec;
    int n_groups; /* my shards */
    int capacity; /* rows of an activation: blocks need some more than a pass has */
    tren_arena act, fold, scratch;
    double *group;          /* [n_groups][per_group] owned */
    int *block0;            /* [n_groups + 1] the first block of each group of this pass; owned */
    int *token0[TREN_AXES]; /* [rows + 1] the first token of each row of this pass; owned */
    int *group_token0[TREN_AXES]; /* [n_groups + 1] of each group; owned */
    bool full[TREN_AXES];         /* every row of this pass has the most tokens */
    tren_fold_node *fold_node;    /* [n_nodes] owned */
    int n_nodes, fold_depth;
    size_t fold_len;       /* elements of the largest tile */
    tren_pattern *pattern; /* owned */
    int n_patterns;
    tren_group_result *result; /* [n_groups] owned */
    size_t ready;              /* gradients of this pass from here on are final */
};

/* The kernels of the level that this work runs on. */
static inline const tren_kernels *kernels_of(const tren_work *w) {
    return w->graph->kernels;
}
static inline real *layer_array(const tren_work *w, const tren_layer *l, int array) {
    return w->act.at + l->at[w->spec.train][array] * (size_t)w->capacity;
}
static inline real *layer_y(const tren_work *w, const tren_layer *l) {
    return layer_array(w, l, TREN_Y);
}
static inline real *layer_aux(const tren_work *w, const tren_layer *l) {
    return layer_array(w, l, TREN_AUX);
}
static inline real *layer_dy(const tren_work *w, const tren_layer *l) {
    return layer_array(w, l, TREN_DY);
}
/* Images in lanes: blocks [block0[g], block0[g+1]) of a layer are microbatch g's. */
static inline size_t block_size(const tren_layer *l) {
    return (size_t)tren_tensor_size(l->out) * TREN_LANES;
}
static inline real *block_y(const tren_work *w, const tren_layer *l, int block) {
    return layer_y(w, l) + block * block_size(l);
}
static inline real *block_dy(const tren_work *w, const tren_layer *l, int block) {
    return layer_dy(w, l) + block * block_size(l);
}
static inline int pass_blocks(const tren_work *w, const tren_pass *pass) {
    return w->block0[pass->n_groups];
}
/* Where the rows of each microbatch begin in a layer's arrays; a token is a row of its own there.
 */
static inline const int *rows_of(const tren_layer *l, const tren_work *w, const tren_pass *pass) {
    return l->out.axis ? w->group_token0[l->out.axis - 1] : pass->row0;
}
static inline int group_rows(const tren_layer *l, const tren_work *w, const tren_pass *pass,
                             int g) {
    const int *row0 = rows_of(l, w, pass);
    return row0[g + 1] - row0[g];
}
static inline int pass_rows(const tren_layer *l, const tren_work *w, const tren_pass *pass) {
    return rows_of(l, w, pass)[pass->n_groups];
}
/* Of a layer's y in this pass. */
static inline size_t layer_elements(const tren_layer *l, const tren_work *w,
                                    const tren_pass *pass) {
    return l->out.lanes ? (size_t)pass_blocks(w, pass) * block_size(l)
                        : (size_t)pass_rows(l, w, pass) * (size_t)tren_tensor_width(l->out);
}
static inline double *layer_group(const tren_work *w, const tren_layer *l, int g) {
    return w->group + (size_t)g * w->graph->per_group + l->group;
}

static inline const real *param_value(const tren_work *w, const tren_layer *l, int i) {
    return w->spec.value + w->graph->param[l->param[i]].at.off;
}
static inline bool owns_param(const tren_layer *l, int i) {
    return l->graph->param[l->param[i]].owner == l->index;
}
/* What was found for this pattern of rows; nothing where other lengths make it another product. */
static inline int found_for(const tren_work *w, const tren_layer *l, const tren_pass *pass) {
    bool other = l->out.axis && !w->full[l->out.axis - 1] && !w->graph->portable;
    return other ? 0 : w->pattern[pass->pattern].stack[l->index];
}
static inline bool may_stack(const tren_work *w, const tren_layer *l, const tren_pass *pass,
                             int what) {
    return pass->n_groups == 1 || (found_for(w, l, pass) & what);
}
static inline bool cuts_forward(const tren_layer *l, const tren_work *w, const tren_pass *pass) {
    return w->spec.need && (found_for(w, l, pass) & TREN_STACK_CUT_FORWARD);
}
static inline const int *pattern_rows(const tren_pattern *p, const tren_layer *l) {
    return l->out.axis ? p->token0[l->out.axis - 1] : p->row0;
}

/* Computes the gradient of parameter i of the layer, its owner, folds it into my nodes, and passes
 * each tile to `combine` where there is one. `gradient` is that of this layer. */
void tren_fold_param(const tren_layer *layer, tren_work *work, const tren_pass *pass, int i,
                     const tren_gradient *gradient);
/* Gradients [lo, n) of this pass are final. */
void tren_work_ready(tren_work *work, size_t lo);
/* The values that forward of this layer reads are here. */
void tren_wait_for_values(const tren_work *work, const tren_layer *layer);
/* Rows of a parameter's tiles, the last perhaps fewer: a matter of its shape alone. */
int tren_tile_rows(const tren_param *param);

/* The arrays of a product c = op(a) op(b). */
typedef struct tren_factors {
    real *c;
    const real *a, *b;
} tren_factors;
/* c = alpha * op(a) op(b) + beta * c, by whom the recipe says; w = NULL stands for OpenBLAS. */
void tren_work_gemm(const tren_work *w, tren_factors f, tren_gemm_shape shape, real alpha,
                    real beta);
/* The same; several shards only where `portable`. */
void tren_work_product(const tren_work *w, tren_factors f, const tren_product *product);
/* c [rows,n] = a [rows,k] op(b), in one call for all groups or one for each, as was found to give
 * the same bits (what: TREN_STACK_FORWARD or TREN_STACK_INPUT, of this layer). */
void tren_rows_gemm(const tren_layer *layer, tren_work *w, tren_factors f, tren_gemm_shape shape,
                    const tren_pass *pass, int what);
/* Columns of a block that takes about 5 ms, a matter of the shape alone; n when the whole does not
 * take longer. */
int tren_cut_width(tren_gemm_shape shape);
tren_status tren_try_cut(bool *equal, tren_gemm_shape shape);
/* Self-tests: does stacking this product give the bits of separate calls? Does beta = 1? (stack.c)
 */
tren_status tren_try_stacked(bool *equal, tren_gemm_shape shape, int n_groups, const int *row0);
tren_status tren_try_accumulate(bool *equal, const tren_param *weight, int n_groups,
                                const int *row0);

#endif
