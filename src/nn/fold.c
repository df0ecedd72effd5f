/* Folding the gradients of my microbatches along the canonical tree, one tile of one parameter at a
 * time, so that the partial sums of a tile stay in the second-level cache from the first microbatch
 * to the last. */
#include "nn/work.h"

#include <string.h>

/* Two partial sums should fit the cache; but each tile packs the other factor again, so not below
 * LEAST rows. */
enum { TILE_BYTES = 800 * 1024, LEAST_ROWS = 256 };

int tren_tile_rows(const tren_param *param) {
    size_t bytes = param->at.len * sizeof(real), tiles = (bytes + TILE_BYTES - 1) / TILE_BYTES;
    int rows = (int)((size_t)param->dim[0] / tiles + 15) / 16 * 16;
    return tiles < 2 || rows < LEAST_ROWS ? param->dim[0] : rows;
}

typedef struct fold_call fold_call;
struct fold_call {
    void (*leaf)(const fold_call *f, real *dst, const tren_leaf *leaf);
    const tren_layer *layer;
    tren_work *work;
    const tren_pass *pass;
    const tren_gradient *gradient;
    bool accumulates;
    int param;
    tren_tile tile;
    tren_span at; /* of the tile */
};

static real *slot(const fold_call *f, int node, int depth) {
    const tren_work *w = f->work;
    return depth == 0 ? w->spec.node[node] + f->at.off
                      : w->fold.at + (size_t)(depth - 1) * w->fold_len;
}

/* Gradients become final from the end of the arena downwards. */
void tren_work_ready(tren_work *w, size_t lo) {
    if (lo < w->ready) w->ready = lo;
    if (w->spec.ready) w->spec.ready(w->spec.ctx, w->ready);
}

/* A microbatch without rows contributes zeros, added like any others: skipping them would keep a
 * -0. */
static void empty_leaf(real *dst, size_t n, bool accumulate) {
    if (!accumulate) {
        memset(dst, 0, n * sizeof *dst);
        return;
    }
    for (size_t i = 0; i < n; i++) dst[i] += 0;
}

static bool is_empty(const fold_call *f, const tren_layer *l, int g) {
    return group_rows(l, f->work, f->pass, g) == 0;
}

static void own_leaf(const fold_call *f, real *dst, const tren_leaf *leaf) {
    if (is_empty(f, f->layer, leaf->group))
        empty_leaf(dst, f->at.len, leaf->accumulate);
    else
        f->gradient->leaf(f->layer, f->work, f->pass, dst, leaf);
}

/* Of all users of a shared parameter, the last layer first. */
static void shared_leaf(const fold_call *f, real *dst, const tren_leaf *leaf) {
    const tren_work *w = f->work;
    real *other = w->fold.at + (size_t)(w->fold_depth - 1) * w->fold_len, *to = dst;
    for (int k = w->graph->n_layers - 1; k >= f->layer->index; k--) {
        const tren_layer *l = w->graph->layer[k];
        for (int i = 0; i < l->n_params; i++) {
            if (l->param[i] != f->param) continue;
            if (is_empty(f, l, leaf->group))
                empty_leaf(to, f->at.len, false);
            else
                l->ops->gradient[i].leaf(l, f->work, f->pass, to, leaf);
            if (to == other) kernels_of(w)->add(dst, other, f->at.len);
            to = other;
        }
    }
}

/* One leaf. Returns the depth after it; *s goes beyond the fold that the leaf has done itself. */
static int push_leaf(const fold_call *f, int node, int depth, int *s) {
    const tren_fold_node *fold = &f->work->fold_node[node];
    int g = fold->step[*s];
    bool adds = f->accumulates || (f->leaf == own_leaf && is_empty(f, f->layer, g));
    bool onto = depth > 0 && fold->step[*s + 1] == TREN_FOLD && adds;
    real *dst = slot(f, node, onto ? depth - 1 : depth);
    f->leaf(f, dst, &(tren_leaf){g, f->tile, onto});
    if (onto) ++*s;
    return onto ? depth : depth + 1;
}

/* The sum, in slot 0 of the node; but the last addition is left to the caller where the right
 * summand is returned. */
static const real *sum_leaves(const fold_call *f, int node) {
    const tren_fold_node *fold = &f->work->fold_node[node];
    const tren_work_spec *spec = &f->work->spec;
    int depth = 0;
    const real *right = NULL;
    for (int s = 0; s < fold->n_steps; s++) {
        if (fold->step[s] != TREN_FOLD) {
            depth = push_leaf(f, node, depth, &s);
            continue;
        }
        depth--;
        if (spec->combine && s == fold->n_steps - 1)
            right = slot(f, node, depth);
        else
            kernels_of(f->work)->add(slot(f, node, depth - 1), slot(f, node, depth), f->at.len);
    }
    return right;
}

static void combine(const fold_call *f, const real *left, const real *right) {
    const tren_work_spec *spec = &f->work->spec;
    if (spec->combine) spec->combine(spec->ctx, f->param, f->at, left, right);
}

static void fold_tile(const fold_call *f) {
    for (int node = 0; node < f->work->n_nodes; node++) {
        const real *right = sum_leaves(f, node);
        combine(f, slot(f, node, 0), right);
    }
}

static void tile_at_once(const fold_call *f) {
    for (int node = 0; node < f->work->n_nodes; node++) {
        tren_node_part part = {.node = node, .tile = f->tile, .alpha = 1};
        f->gradient->node(f->layer, f->work, f->pass, slot(f, node, 0), &part);
        combine(f, slot(f, node, 0), NULL);
    }
}

static void take_tile_up(const fold_call *f) {
    const tren_take_up *up = &f->pass->take_up;
    tren_node_part part = {.tile = f->tile, .alpha = up->alpha, .beta = up->beta};
    f->gradient->node(f->layer, f->work, f->pass, up->into + f->at.off, &part);
    if (up->combine) combine(f, NULL, NULL);
}

void tren_fold_param(const tren_layer *layer, tren_work *w, const tren_pass *pass, int i,
                     const tren_gradient *g) {
    const tren_param *p = &w->graph->param[layer->param[i]];
    bool shared = p->n_users > 1, takes_up = pass->take_up.into && g->node && !shared,
         at_once = g->node && !shared && w->graph->portable && w->spec.stacking;
    /* A tile is still in the cache for the next fold or update, or sets off before the next one is
     * computed. Else tiles only cost. */
    bool tiles = takes_up ? pass->take_up.combine : !at_once || w->spec.combine || w->spec.poked;
    int rows = tiles ? tren_tile_rows(p) : p->dim[0];
    size_t row_len = p->at.len / (size_t)p->dim[0];
    fold_call f = {.leaf = shared ? shared_leaf : own_leaf,
                   .layer = layer,
                   .work = w,
                   .pass = pass,
                   .gradient = g,
                   .accumulates = !shared && g->accumulates && g->accumulates(layer, w, pass),
                   .param = layer->param[i]};
    for (int first = (p->dim[0] - 1) / rows * rows; first >= 0; first -= rows) {
        f.tile = (tren_tile){first, p->dim[0] - first < rows ? p->dim[0] - first : rows};
        f.at = (tren_span){p->at.off + (size_t)first * row_len, (size_t)f.tile.n * row_len};
        (takes_up ? take_tile_up : at_once ? tile_at_once : fold_tile)(&f);
        if (!p->statistic)
            tren_work_ready(w, f.at.off); /* statistics lie behind, in another order */
    }
}

void tren_work_fold(tren_work *w, size_t off, const real *leaf, int n) {
    enum { MOST = 16, DEPTH = 40 };
    real stack[DEPTH][MOST];
    for (int k = 0; k < w->n_nodes; k++) {
        int depth = 0;
        for (int s = 0; s < w->fold_node[k].n_steps; s++) {
            int g = w->fold_node[k].step[s];
            if (g == TREN_FOLD) {
                depth--;
                for (int i = 0; i < n; i++) stack[depth - 1][i] += stack[depth][i];
            } else {
                memcpy(stack[depth++], leaf + (size_t)g * n, (size_t)n * sizeof *leaf);
            }
        }
        memcpy(w->spec.node[k] + off, stack[0], (size_t)n * sizeof *leaf);
    }
}
