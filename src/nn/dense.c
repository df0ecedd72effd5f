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
    return tren_tensor_width(l->in);
}
static int out_of(const tren_layer *l) {
    return tren_tensor_width(l->out);
}
static tren_narrow_shape narrow_of(const tren_layer *l, int n) {
    return (tren_narrow_shape){.n = n, .in = in_of(l), .out = out_of(l)};
}

static void dense_init(const tren_layer *l, real *value, uint64_t seed) {
    tren_init_layer(l, value, seed, in_of(l), out_of(l), dense_of(l)->init);
}

static const real *bias_of(const tren_layer *l, const tren_work *w) {
    return l->n_params > BIAS ? param_value(w, l, BIAS) : NULL;
}

static void count_abs_z(const tren_layer *l, tren_work *w, const tren_pass *pass, const real *z) {
    const real *b = bias_of(l, w);
    const int *row0 = rows_of(l, w, pass);
    int m = out_of(l);
    real sum[256];
    for (int g = 0; g < pass->n_groups; g++)
        for (int i = row0[g]; i < row0[g + 1]; i++)
            for (int j = 0; j < m; j += 256) {
                int count = m - j < 256 ? m - j : 256;
                for (int u = 0; u < count; u++)
                    sum[u] = z[(size_t)i * m + j + u] + (b ? b[j + u] : 0);
                w->result[g].abs_z += kernels_of(w)->sum_abs(sum, (size_t)count);
                w->result[g].n_z += count;
            }
}

/* Where z lies: in y itself, unless the activation needs both. */
static real *z_of(const tren_layer *l, const tren_work *w) {
    return dense_of(l)->f->needs_z ? layer_aux(w, l) : layer_y(w, l);
}

static const tren_activation_kernels *activation_of(const tren_layer *l, const tren_work *w) {
    return &kernels_of(w)->activation[dense_of(l)->f->kind];
}

/* In training, what backward would compute from z may lie there instead of it. */
static bool keeps_slope(const tren_layer *l, const tren_work *w) {
    return activation_of(l, w)->forward_slope && bias_of(l, w);
}

static void activate(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    const tren_activation_kernels *f = activation_of(l, w);
    if (pass->stats && l->hidden) count_abs_z(l, w, pass, z_of(l, w));
    (pass->train && keeps_slope(l, w) ? f->forward_slope : f->forward)(
        layer_y(w, l), z_of(l, w), bias_of(l, w), pass_rows(l, w, pass), out_of(l));
}

static void dense_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    tren_factors f = {z_of(l, w), layer_y(w, l->input), param_value(w, l, WEIGHT)};
    tren_gemm_shape shape = {.n = out_of(l), .k = in_of(l), .tb = true};
    tren_rows_gemm(l, w, f, shape, pass, TREN_STACK_FORWARD);
    activate(l, w, pass);
}

static void narrow_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    kernels_of(w)->narrow_forward(z_of(l, w), layer_y(w, l->input), param_value(w, l, WEIGHT),
                                  narrow_of(l, pass_rows(l, w, pass)));
    activate(l, w, pass);
}

/* dy becomes dz. */
static void begin_backward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    size_t n = (size_t)pass_rows(l, w, pass) * (size_t)out_of(l);
    if (keeps_slope(l, w))
        kernels_of(w)->multiply(layer_dy(w, l), z_of(l, w), n);
    else
        activation_of(l, w)->backward(layer_dy(w, l), layer_y(w, l), z_of(l, w), n);
}

static void dense_input(const tren_layer *l, tren_work *w, const tren_pass *pass, tren_dx dx) {
    tren_gemm_shape shape = {.n = in_of(l), .k = out_of(l)};
    tren_rows_gemm(l, w, (tren_factors){dx.at, layer_dy(w, l), param_value(w, l, WEIGHT)}, shape,
                   pass, TREN_STACK_INPUT);
}
static void narrow_input(const tren_layer *l, tren_work *w, const tren_pass *pass, tren_dx dx) {
    kernels_of(w)->narrow_input(dx.at, layer_dy(w, l), param_value(w, l, WEIGHT),
                                narrow_of(l, pass_rows(l, w, pass)));
}

/* Rows of dz and x from `row` on. */
static tren_factors factors_of(const tren_layer *l, const tren_work *w, real *dst, int row,
                               tren_tile tile) {
    return (tren_factors){dst, layer_dy(w, l) + (size_t)row * out_of(l) + tile.first,
                          layer_y(w, l->input) + (size_t)row * in_of(l)};
}

static void weight_leaf(const tren_layer *l, tren_work *w, const tren_pass *pass, real *dst,
                        const tren_leaf *leaf) {
    tren_gemm_shape shape = {.m = leaf->tile.n,
                             .n = in_of(l),
                             .k = group_rows(l, w, pass, leaf->group),
                             .ta = true,
                             .lda = out_of(l)};
    tren_work_gemm(w, factors_of(l, w, dst, rows_of(l, w, pass)[leaf->group], leaf->tile), shape, 1,
                   leaf->accumulate ? 1 : 0);
}
static bool weight_accumulates(const tren_layer *l, const tren_work *w, const tren_pass *pass) {
    return may_stack(w, l, pass, TREN_STACK_ACCUMULATE);
}

/* Such a parameter is always one tile. */
static void narrow_weight_leaf(const tren_layer *l, tren_work *w, const tren_pass *pass, real *dst,
                               const tren_leaf *leaf) {
    tren_factors f = factors_of(l, w, dst, rows_of(l, w, pass)[leaf->group], leaf->tile);
    kernels_of(w)->narrow_weight(f.c, f.a, f.b, narrow_of(l, group_rows(l, w, pass, leaf->group)),
                                 leaf->accumulate);
}
static bool always(const tren_layer *l, const tren_work *w, const tren_pass *pass) {
    (void)l, (void)w, (void)pass;
    return true;
}

static void weight_node(const tren_layer *l, tren_work *w, const tren_pass *pass, real *dst,
                        const tren_node_part *part) {
    const tren_fold_node *fold = &w->fold_node[part->node];
    int first = fold->step[0], end = first + fold->n_steps / 2 + 1;
    tren_factors f = factors_of(l, w, dst, rows_of(l, w, pass)[first], part->tile);
    tren_gemm_shape shape = {.m = part->tile.n,
                             .n = in_of(l),
                             .k = rows_of(l, w, pass)[end] - rows_of(l, w, pass)[first],
                             .ta = true,
                             .lda = out_of(l)};
    tren_product p = tren_product_of(shape, part->alpha, part->beta);
    p.n_steps = fold->n_steps;
    p.step = fold->step;
    p.row0 = rows_of(l, w, pass);
    tren_work_product(w, f, &p);
}

/* Such a parameter is always one tile. */
static void bias_leaf(const tren_layer *l, tren_work *w, const tren_pass *pass, real *dst,
                      const tren_leaf *leaf) {
    kernels_of(w)->column_sums(
        dst, factors_of(l, w, NULL, rows_of(l, w, pass)[leaf->group], leaf->tile).a,
        group_rows(l, w, pass, leaf->group), out_of(l));
}

/* Where the whole product may be stacked, and messages move between its parts. */
static tren_status tune_cut(const tren_layer *l, const tren_work *w, tren_pattern *p,
                            tren_gemm_shape shape, int what) {
    bool equal = false;
    if (w->spec.poked && tren_cut_width(shape) < shape.n) TREN_TRY(tren_try_cut(&equal, shape));
    if (equal) p->stack[l->index] |= (uint8_t)what;
    return TREN_OK;
}

static tren_status tune_input(const tren_layer *l, tren_work *w, tren_pattern *p) {
    const int *row0 = pattern_rows(p, l);
    tren_gemm_shape shape = {.m = row0[p->n_groups], .n = in_of(l), .k = out_of(l)};
    bool equal = p->n_groups == 1;
    if (!equal) TREN_TRY(tren_try_stacked(&equal, shape, p->n_groups, row0));
    if (!equal) return TREN_OK;
    p->stack[l->index] |= TREN_STACK_INPUT;
    return tune_cut(l, w, p, shape, TREN_STACK_CUT_INPUT);
}

static tren_status tune_forward(const tren_layer *l, tren_work *w, tren_pattern *p) {
    const int *row0 = pattern_rows(p, l);
    tren_gemm_shape shape = {.m = row0[p->n_groups], .n = out_of(l), .k = in_of(l), .tb = true};
    bool equal = p->n_groups == 1;
    if (!equal) TREN_TRY(tren_try_stacked(&equal, shape, p->n_groups, row0));
    if (!equal) return TREN_OK;
    p->stack[l->index] |= TREN_STACK_FORWARD;
    return tune_cut(l, w, p, shape, TREN_STACK_CUT_FORWARD);
}

static tren_status dense_tune(const tren_layer *l, tren_work *w, int pattern) {
    tren_pattern *p = &w->pattern[pattern];
    const int *row0 = pattern_rows(p, l);
    if (w->graph->portable) { /* so does the product */
        p->stack[l->index] = TREN_STACK_FORWARD | TREN_STACK_INPUT | TREN_STACK_ACCUMULATE;
        if (w->spec.poked) p->stack[l->index] |= TREN_STACK_CUT_INPUT | TREN_STACK_CUT_FORWARD;
        return TREN_OK;
    }
    bool equal = false;
    if (w->spec.train && l->input->wants_dy) TREN_TRY(tune_input(l, w, p));
    TREN_TRY(tune_forward(l, w, p));
    if (p->n_groups == 1 || !w->spec.train) return TREN_OK;
    TREN_TRY(tren_try_accumulate(&equal, &w->graph->param[l->param[WEIGHT]], p->n_groups, row0));
    if (equal) p->stack[l->index] |= TREN_STACK_ACCUMULATE;
    return TREN_OK;
}

/* Two factors of a product, and the product three times. */
static size_t dense_trial(const tren_layer *l, int n_groups, int rows) {
    size_t in = (size_t)in_of(l), out = (size_t)out_of(l), m = (size_t)rows * (size_t)l->out.tokens;
    if (l->graph->portable || n_groups == 1) return 0;
    size_t tile = (size_t)tren_tile_rows(&l->graph->param[l->param[WEIGHT]]) * in;
    size_t forward = in * out + m * in + 3 * m * out, backward = in * out + m * out + 3 * m * in,
           accumulate = m / (size_t)n_groups * (in + out) + 3 * tile;
    size_t most = forward > backward ? forward : backward;
    return most > accumulate ? most : accumulate;
}

static void dense_cost(const tren_layer *l, double *forward, double *backward) {
    double product = 2.0 * in_of(l) * out_of(l) * l->out.tokens;
    *forward += product;
    *backward += l->input->wants_dy ? 2 * product : product;
}

static void dense_traits(const tren_layer *l, tren_layer_traits *t) {
    t->f = dense_of(l)->f;
}

static const tren_layer_ops dense_ops = {.name = "dense",
                                         .init = dense_init,
                                         .forward = dense_forward,
                                         .begin_backward = begin_backward,
                                         .input_gradient = dense_input,
                                         .gradient = {[WEIGHT] = {.leaf = weight_leaf,
                                                                  .accumulates = weight_accumulates,
                                                                  .node = weight_node},
                                                      [BIAS] = {.leaf = bias_leaf}},
                                         .tune = dense_tune,
                                         .trial = dense_trial,
                                         .cost = dense_cost,
                                         .traits = dense_traits,
                                         .reads_x = true};

/* At most TREN_NARROW units: kernels of their own, which stack by construction. */
static const tren_layer_ops narrow_ops = {
    .name = "dense",
    .init = dense_init,
    .forward = narrow_forward,
    .begin_backward = begin_backward,
    .input_gradient = narrow_input,
    .gradient = {[WEIGHT] = {.leaf = narrow_weight_leaf, .accumulates = always},
                 [BIAS] = {.leaf = bias_leaf}},
    .cost = dense_cost,
    .traits = dense_traits,
    .reads_x = true};

tren_layer *tren_dense(tren_graph *graph, tren_layer *input, int out, const tren_activation *f,
                       tren_init init) {
    return tren_dense_with(graph, input, (tren_dense_spec){.out = out, .f = f, .init = init});
}

tren_layer *tren_dense_with(tren_graph *graph, tren_layer *input, tren_dense_spec spec) {
    int out = spec.out;
    const tren_activation *f = spec.f;
    if (!input) return NULL;
    if (out < 1)
        return tren_graph_fail(graph, "a dense layer needs at least one unit, not %d", out);
    input = tren_as_rows(graph, input);
    if (!input) return NULL;
    const tren_layer_ops *ops = out <= TREN_NARROW ? &narrow_ops : &dense_ops;
    tren_tensor y = input->out;
    y.c = out;
    y.h = y.w = 1;
    tren_layer *l = tren_graph_add(graph, sizeof(dense_layer), ops, input, y);
    if (!l) return NULL;
    dense_layer *dense = (dense_layer *)l;
    dense->f = f;
    dense->init = spec.init;
    l->reads_y = f->kind != TREN_ACTIVATION_IDENTITY && !f->needs_z;
    l->aux = f->needs_z ? (size_t)tren_tensor_size(y) : 0;
    l->aux_in_evaluation = true;
    l->hidden = true; /* until the loss takes the last one out */
    if (graph->portable) tren_graph_wants_scratch(graph, graph->kernels->product_scratch(NULL));
    tren_graph_add_weight(l, spec.tied, out, in_of(l));
    if (!spec.no_bias) tren_graph_add_param(graph, l, "bias", 1, (int[]){out}, false);
    return l;
}
