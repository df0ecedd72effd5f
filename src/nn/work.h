/* Private to nn: the inside of a work, and what layer files use of it. */
#ifndef TREN_NN_WORK_H
#define TREN_NN_WORK_H

#include "tren/nn.h"

/* So many patterns are tried for stacking; any others are computed microbatch by microbatch. */
enum { TREN_TUNED_PATTERNS = 512 };

/* What a pattern of rows may stack, a bit set per layer; found by comparing bits (see stack.c). */
enum {
    TREN_STACK_FORWARD = 1, /* all groups in one forward call */
    TREN_STACK_INPUT = 2,   /* all groups in one data-gradient call */
    TREN_STACK_CUT = 8,     /* the data-gradient call in pieces, with `ready` between them */
    TREN_STACK_ACCUMULATE =
        4 /* a right leaf's weight gradient added onto its left sibling by the call itself */
};

typedef struct tren_pattern {
    int n_groups;
    int *row0;      /* [n_groups + 1] owned */
    uint8_t *stack; /* [n_layers] owned */
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
    double *group; /* [n_groups][per_group] owned */
    int *block0;   /* [n_groups + 1] the first block of each group of this pass; owned */
    tren_fold_node *fold_node; /* [n_nodes] owned */
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
    return (size_t)tren_shape_size(l->out) * TREN_LANES;
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
static inline int group_rows(const tren_pass *pass, int g) {
    return pass->row0[g + 1] - pass->row0[g];
}
/* Of a layer's y in this pass. */
static inline size_t layer_elements(const tren_layer *l, const tren_work *w,
                                    const tren_pass *pass) {
    return l->lanes ? (size_t)pass_blocks(w, pass) * block_size(l)
                    : (size_t)pass->row0[pass->n_groups] * (size_t)tren_shape_size(l->out);
}
static inline double *layer_group(const tren_work *w, const tren_layer *l, int g) {
    return w->group + (size_t)g * w->graph->per_group + l->group;
}
static inline int pass_rows(const tren_pass *pass) {
    return pass->row0[pass->n_groups];
}
static inline const real *param_value(const tren_work *w, const tren_layer *l, int i) {
    return w->spec.value + w->graph->param[l->param[i]].at.off;
}
static inline bool owns_param(const tren_layer *l, int i) {
    return l->graph->param[l->param[i]].owner == l->index;
}
static inline bool may_stack(const tren_work *w, const tren_layer *l, const tren_pass *pass,
                             int what) {
    return pass->n_groups == 1 || (w->pattern[pass->pattern].stack[l->index] & what);
}

/* Computes the gradient of parameter i of the layer, its owner, folds it into my nodes, and passes
 * each tile to `combine` where there is one. `gradient` is that of this layer. */
void tren_fold_param(const tren_layer *layer, tren_work *work, const tren_pass *pass, int i,
                     const tren_gradient *gradient);
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
void tren_rows_gemm(const tren_layer *layer, const tren_work *w, tren_factors f,
                    tren_gemm_shape shape, const tren_pass *pass, int what);
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
