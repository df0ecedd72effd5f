/* y [n,out] = f(z), z = x [n,in] w^T + b, w [out,in]. Gradients: dz = dy * f'(z), dw = dz^T x, db =
 * sum of the rows of dz, dx = dz w. The bias, the activation and its derivative ride along in one
 * sweep each. */
#include "nn/work.h"

typedef struct dense_layer {
    tren_layer layer;
    const tren_activation *f;
    tren_init init;
} dense_layer;

enum { WEIGHT, BIAS };

static const dense_layer *dense_of(const tren_layer *layer) {
    return (const dense_layer *)layer;
}
static int in_of(const tren_layer *l) {
    return tren_shape_size(l->in);
}
static int out_of(const tren_layer *l) {
    return tren_shape_size(l->out);
}
static bool is_narrow(const tren_layer *l) {
    return out_of(l) <= TREN_NARROW;
}
static tren_narrow_shape narrow_of(const tren_layer *l, int n) {
    return (tren_narrow_shape){.n = n, .in = in_of(l), .out = out_of(l)};
}
static bool needs_dx(const tren_layer *l) {
    return l->input->wants_dy;
}

static void dense_init(const tren_layer *l, real *value, uint64_t seed) {
    const tren_param *p = &l->graph->param[l->param];
    tren_rng weight = tren_rng_open(seed, TREN_RNG_INIT, 0, (uint32_t)l->param, 0);
    tren_rng bias = tren_rng_open(seed, TREN_RNG_INIT, 0, (uint32_t)l->param + 1, 0);
    tren_init init = dense_of(l)->init;
    tren_init_weights(value + p[WEIGHT].at.off, p[WEIGHT].at.len, in_of(l), out_of(l), init,
                      &weight);
    tren_init_bias(value + p[BIAS].at.off, p[BIAS].at.len, in_of(l), init, &bias);
}

static void count_abs_z(const tren_layer *l, tren_work *w, const tren_pass *pass, const real *z) {
    const real *b = param_value(w, l, BIAS);
    int m = out_of(l);
    real sum[256];
    for (int g = 0; g < pass->n_groups; g++)
        for (int i = pass->row0[g]; i < pass->row0[g + 1]; i++)
            for (int j = 0; j < m; j += 256) {
                int count = m - j < 256 ? m - j : 256;
                for (int u = 0; u < count; u++) sum[u] = z[(size_t)i * m + j + u] + b[j + u];
                w->result[g].abs_z += kernels_of(w)->sum_abs(sum, (size_t)count);
                w->result[g].n_z += count;
            }
}

static void dense_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    const tren_activation *f = dense_of(l)->f;
    real *y = layer_y(w, l), *z = f->needs_z ? layer_z(w, l) : y;
    const real *x = layer_y(w, l->input), *weight = param_value(w, l, WEIGHT);
    tren_gemm_shape shape = {.n = out_of(l), .k = in_of(l), .tb = true};
    if (is_narrow(l))
        kernels_of(w)->narrow_forward(z, x, weight, narrow_of(l, pass_rows(pass)));
    else
        tren_rows_gemm(w, (tren_factors){z, x, weight}, shape, pass,
                       may_stack(w, l, pass, TREN_STACK_FORWARD));
    if (pass->stats && l->hidden) count_abs_z(l, w, pass, z);
    kernels_of(w)->activation[f->kind].forward(y, z, param_value(w, l, BIAS), pass_rows(pass),
                                               out_of(l));
}

static void weight_leaf(const tren_layer *l, tren_work *w, const tren_pass *pass, real *dst,
                        const tren_leaf *leaf) {
    size_t row = (size_t)pass->row0[leaf->group];
    int n = pass->row0[leaf->group + 1] - pass->row0[leaf->group];
    const real *dy = layer_dy(w, l) + row * out_of(l), *x = layer_y(w, l->input) + row * in_of(l);
    tren_gemm_shape shape = {
        .m = leaf->tile.n, .n = in_of(l), .k = n, .ta = true, .lda = out_of(l)};
    if (is_narrow(l))
        kernels_of(w)->narrow_weight(dst, dy, x, narrow_of(l, n),
                                     leaf->accumulate); /* always one tile */
    else
        tren_work_gemm(w, (tren_factors){dst, dy + leaf->tile.first, x}, shape, 1,
                       leaf->accumulate ? 1 : 0);
}

/* One tile; never asked to accumulate. */
static void bias_leaf(const tren_layer *l, tren_work *w, const tren_pass *pass, real *dst,
                      const tren_leaf *leaf) {
    int row = pass->row0[leaf->group];
    kernels_of(w)->column_sums(dst, layer_dy(w, l) + (size_t)row * out_of(l),
                               pass->row0[leaf->group + 1] - row, out_of(l));
}

typedef struct pause_at {
    const tren_work *work;
    size_t lo;
} pause_at;

static void poke(void *ctx) {
    const pause_at *p = ctx;
    p->work->spec.ready(p->work->spec.ctx, p->lo);
}

static void input_gradient(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    if (!needs_dx(l)) return;
    real *dx = layer_dy(w, l->input);
    const real *dy = layer_dy(w, l), *weight = param_value(w, l, WEIGHT);
    tren_gemm_shape shape = {.m = pass_rows(pass), .n = in_of(l), .k = out_of(l)};
    tren_factors f = {dx, dy, weight};
    pause_at at = {w, w->graph->param[l->param].at.off};
    if (is_narrow(l))
        kernels_of(w)->narrow_input(dx, dy, weight, narrow_of(l, shape.m));
    else if (w->spec.poked && (w->pattern[pass->pattern].stack[l->index] & TREN_STACK_CUT))
        tren_cut_gemm(w, f, shape, tren_cut_width(shape), (tren_pause){poke, &at});
    else
        tren_rows_gemm(w, f, shape, pass, may_stack(w, l, pass, TREN_STACK_INPUT));
}

/* Tile by tile where there is more to do, so that a tile is still in the cache then. */
static void take_up_weight(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    const tren_take_up *up = &pass->take_up;
    const tren_param *p = &w->graph->param[l->param + WEIGHT];
    int rows = up->combine ? tren_tile_rows(p) : out_of(l);
    tren_gemm_shape shape = {.n = in_of(l), .k = pass_rows(pass), .ta = true, .lda = out_of(l)};
    for (int first = 0; first < out_of(l); first += rows) {
        shape.m = out_of(l) - first < rows ? out_of(l) - first : rows;
        tren_span at = {p->at.off + (size_t)first * in_of(l), (size_t)shape.m * in_of(l)};
        tren_factors f = {up->into + at.off, layer_dy(w, l) + first, layer_y(w, l->input)};
        tren_work_gemm(w, f, shape, up->alpha, up->beta);
        if (up->combine)
            w->spec.combine(w->spec.ctx, l->param + WEIGHT, at, up->into + at.off, NULL);
    }
}

/* Gradients that other ranks wait for come first; where this rank updates the weights here and now,
 * the data gradient must come before. */
static void dense_backward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    const tren_activation *f = dense_of(l)->f;
    const real *y = layer_y(w, l), *z = f->needs_z ? layer_z(w, l) : y;
    bool updates = w->spec.combine != NULL;
    kernels_of(w)->activation[f->kind].backward(layer_dy(w, l), y, z,
                                                (size_t)pass_rows(pass) * out_of(l));
    if (updates) input_gradient(l, w, pass);
    tren_fold_param(l, w, pass, BIAS, bias_leaf, false);
    if (pass->take_up.into && !is_narrow(l))
        take_up_weight(l, w, pass);
    else
        tren_fold_param(l, w, pass, WEIGHT, weight_leaf,
                        is_narrow(l) || may_stack(w, l, pass, TREN_STACK_ACCUMULATE));
    if (updates) return;
    if (w->spec.ready) w->spec.ready(w->spec.ctx, w->graph->param[l->param].at.off);
    input_gradient(l, w, pass);
}

static tren_status tune_input(const tren_layer *l, tren_work *w, tren_pattern *p) {
    tren_gemm_shape shape = {.m = p->row0[p->n_groups], .n = in_of(l), .k = out_of(l)};
    bool equal = p->n_groups == 1;
    if (!equal) TREN_TRY(tren_try_stacked(&equal, shape, p->n_groups, p->row0));
    if (!equal) return TREN_OK;
    p->stack[l->index] |= TREN_STACK_INPUT;
    if (!w->spec.poked || tren_cut_width(shape) == shape.n) return TREN_OK;
    TREN_TRY(tren_try_cut(&equal, shape));
    if (equal) p->stack[l->index] |= TREN_STACK_CUT;
    return TREN_OK;
}

static tren_status dense_tune(const tren_layer *l, tren_work *w, int pattern) {
    if (is_narrow(l)) return TREN_OK; /* its kernels stack by construction */
    tren_pattern *p = &w->pattern[pattern];
    if (w->graph->portable) { /* so does the product */
        p->stack[l->index] = TREN_STACK_FORWARD | TREN_STACK_INPUT | TREN_STACK_ACCUMULATE;
        if (w->spec.poked) p->stack[l->index] |= TREN_STACK_CUT;
        return TREN_OK;
    }
    tren_gemm_shape forward = {.n = out_of(l), .k = in_of(l), .tb = true};
    bool equal = false;
    if (w->spec.train && needs_dx(l)) TREN_TRY(tune_input(l, w, p));
    if (p->n_groups == 1) return TREN_OK;
    TREN_TRY(tren_try_stacked(&equal, forward, p->n_groups, p->row0));
    if (equal) p->stack[l->index] |= TREN_STACK_FORWARD;
    if (!w->spec.train) return TREN_OK;
    TREN_TRY(
        tren_try_accumulate(&equal, &w->graph->param[l->param + WEIGHT], p->n_groups, p->row0));
    if (equal) p->stack[l->index] |= TREN_STACK_ACCUMULATE;
    return TREN_OK;
}

static void dense_cost(const tren_layer *l, double *forward, double *backward) {
    double product = 2.0 * in_of(l) * out_of(l);
    *forward += product;
    *backward += needs_dx(l) ? 2 * product : product;
}

static const tren_layer_ops dense_ops = {.name = "dense",
                                         .init = dense_init,
                                         .forward = dense_forward,
                                         .backward = dense_backward,
                                         .tune = dense_tune,
                                         .cost = dense_cost,
                                         .reads_own_y = true};

tren_layer *tren_dense(tren_graph *graph, tren_layer *input, int out, const tren_activation *f,
                       tren_init init) {
    if (!input) return NULL;
    if (out < 1)
        return tren_graph_fail(graph, "a dense layer needs at least one unit, not %d", out);
    input = tren_as_rows(graph, input);
    if (!input) return NULL;
    tren_layer *l =
        tren_graph_add(graph, sizeof(dense_layer), &dense_ops, input, (tren_shape){out, 1, 1});
    if (!l) return NULL;
    dense_layer *dense = (dense_layer *)l;
    dense->f = f;
    dense->init = init;
    if (f->needs_z) {
        l->z = graph->act_per_row;
        graph->act_per_row += (size_t)out;
    }
    l->hidden = true; /* until the loss takes the last one out */
    int in = tren_shape_size(l->in);
    if (graph->portable) tren_graph_wants_scratch(graph, graph->kernels->product_scratch(NULL));
    tren_graph_add_param(graph, l, "weight", 2, (int[]){out, in}, true);
    tren_graph_add_param(graph, l, "bias", 1, (int[]){out}, false);
    return l;
}
