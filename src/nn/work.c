#include "nn/work.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static size_t largest_tile(const tren_graph *graph) {
    size_t most = 0;
    for (int i = 0; i < graph->n_params; i++) {
        const tren_param *p = &graph->param[i];
        size_t tile = (size_t)tren_tile_rows(p) * (p->at.len / (size_t)p->dim[0]);
        if (tile > most) most = tile;
    }
    return most;
}

static bool shares_params(const tren_graph *graph) {
    for (int i = 0; i < graph->n_params; i++)
        if (graph->param[i].n_users > 1) return true;
    return false;
}

/* A tree over n microbatches is ceil(log2(n)) + 1 sums deep at most. */
size_t tren_work_room(const tren_graph *graph, int n_groups) {
    size_t slots = shares_params(graph);
    while ((size_t)1 << slots < (size_t)n_groups) slots++;
    return slots * largest_tile(graph);
}

/* What the layers need, or a product that folds the microbatches: the larger of the two. Such a
 * product does not add to what it replaces (beta = 0). */
size_t tren_work_scratch(const tren_graph *graph, int n_groups, int rows) {
    int64_t most = rows;
    for (int a = 0; a < TREN_AXES; a++)
        if ((int64_t)rows * graph->tokens[a] > most) most = (int64_t)rows * graph->tokens[a];
    tren_product p = {.m = INT_MAX,
                      .n = INT_MAX,
                      .k = most < INT_MAX ? (int)most : INT_MAX,
                      .ta = true,
                      .n_steps = 2 * n_groups - 1};
    size_t fold = graph->portable ? graph->kernels->product_scratch(&p) : 0;
    return fold > graph->scratch ? fold : graph->scratch;
}

size_t tren_work_trial(const tren_graph *graph, int n_groups, int rows) {
    size_t most = 0;
    for (int i = 0; i < graph->n_layers; i++) {
        const tren_layer *l = graph->layer[i];
        size_t trial = l->ops->trial ? l->ops->trial(l, n_groups, rows) : 0;
        if (trial > most) most = trial;
    }
    return most;
}

static tren_status open_folds(tren_work *w) {
    tren_node node[TREN_TREE_MAX_NODES];
    w->n_nodes = tren_tree_nodes(node, w->spec.shards, w->spec.lo, w->spec.hi);
    TREN_TRY(tren_alloc(&w->fold_node, (size_t)w->n_nodes, sizeof *w->fold_node, "the fold"));
    for (int k = 0; k < w->n_nodes; k++) {
        tren_fold_node *fold = &w->fold_node[k];
        fold->n_steps = 2 * (node[k].b - node[k].a) - 1;
        TREN_TRY(tren_alloc(&fold->step, (size_t)fold->n_steps, sizeof *fold->step, "the fold"));
        tren_tree_program(fold->step, node[k]);
        int depth = 0;
        for (int s = 0; s < fold->n_steps; s++) {
            if (fold->step[s] != TREN_FOLD) fold->step[s] -= w->spec.lo; /* shard -> group */
            depth += fold->step[s] == TREN_FOLD ? -1 : 1;
            if (depth > w->fold_depth) w->fold_depth = depth;
        }
    }
    w->fold_len = largest_tile(w->graph);
    size_t slots = (size_t)w->fold_depth - 1 + shares_params(w->graph);
    return tren_arena_open(&w->fold, slots * w->fold_len);
}

int tren_work_capacity(const tren_graph *graph, int max_rows, int n_groups) {
    if (!graph->lanes) return max_rows;
    int partial = n_groups < max_rows ? n_groups : max_rows; /* each may leave lanes empty */
    return (max_rows + partial * (TREN_LANES - 1)) / TREN_LANES * TREN_LANES + TREN_LANES;
}

static tren_status open_tokens(tren_work *w) {
    for (int a = 0; a < TREN_AXES; a++) {
        if (w->graph->tokens[a] == 0) continue;
        TREN_TRY(tren_alloc(&w->token0[a], (size_t)w->spec.max_rows + 1, sizeof(int), "tokens"));
        TREN_TRY(tren_alloc(&w->group_token0[a], (size_t)w->n_groups + 1, sizeof(int), "tokens"));
    }
    return TREN_OK;
}

tren_status tren_work_open(tren_work **work, const tren_graph *graph, const tren_work_spec *spec) {
    TREN_TRY(tren_alloc(work, 1, sizeof **work, "a worker"));
    tren_work *w = *work;
    w->graph = graph;
    w->spec = *spec;
    w->n_groups = spec->hi - spec->lo;
    size_t rows = (size_t)(w->capacity = tren_work_capacity(graph, spec->max_rows, w->n_groups));
    TREN_TRY(tren_alloc(&w->group, (size_t)w->n_groups * graph->per_group, sizeof *w->group,
                        "batch statistics"));
    TREN_TRY(tren_alloc(&w->block0, (size_t)w->n_groups + 1, sizeof *w->block0, "blocks"));
    TREN_TRY(open_tokens(w));
    TREN_TRY(tren_arena_open(&w->act, graph->per_row[spec->train] * rows));
    TREN_TRY(tren_alloc(&w->result, (size_t)w->n_groups, sizeof *w->result, "losses"));
    if (spec->train) TREN_TRY(open_folds(w));
    return tren_arena_open(&w->scratch, spec->train
                                            ? tren_work_scratch(graph, w->n_groups, spec->max_rows)
                                            : graph->scratch);
}

void tren_work_close(tren_work *w) {
    if (!w) return;
    for (int k = 0; w->fold_node && k < w->n_nodes; k++) free(w->fold_node[k].step);
    for (int p = 0; w->pattern && p < w->n_patterns; p++) {
        free(w->pattern[p].row0);
        for (int a = 0; a < TREN_AXES; a++) free(w->pattern[p].token0[a]);
        free(w->pattern[p].stack);
    }
    tren_arena_close(&w->act);
    tren_arena_close(&w->fold);
    tren_arena_close(&w->scratch);
    free(w->group);
    free(w->block0);
    for (int a = 0; a < TREN_AXES; a++) {
        free(w->token0[a]);
        free(w->group_token0[a]);
    }
    free(w->fold_node);
    free(w->pattern);
    free(w->result);
    free(w);
}

static bool same_pattern(const tren_pattern *p, int n_groups, const int *row0) {
    return p->n_groups == n_groups &&
           memcmp(p->row0, row0, (size_t)(n_groups + 1) * sizeof *row0) == 0;
}

static tren_status check_rows(const tren_work *w, const tren_pattern *p) {
    for (int i = 0; i < w->graph->n_layers && w->spec.train; i++) {
        const tren_layer *layer = w->graph->layer[i];
        for (int g = 0; g < p->n_groups && layer->ops->check; g++)
            TREN_TRY(layer->ops->check(layer, p->row0[g + 1] - p->row0[g]));
    }
    return TREN_OK;
}

static tren_status fill_pattern(tren_pattern *p, const tren_graph *graph, int n_groups,
                                const int *row0) {
    size_t n = (size_t)n_groups + 1;
    p->n_groups = n_groups;
    TREN_TRY(tren_alloc(&p->stack, (size_t)graph->n_layers, 1, "a row pattern"));
    TREN_TRY(tren_alloc(&p->row0, n, sizeof *row0, "a row pattern"));
    memcpy(p->row0, row0, n * sizeof *row0);
    for (int a = 0; a < TREN_AXES; a++) {
        if (graph->tokens[a] == 0) continue;
        TREN_TRY(tren_alloc(&p->token0[a], n, sizeof *row0, "a row pattern"));
        for (size_t g = 0; g < n; g++) p->token0[a][g] = row0[g] * graph->tokens[a];
    }
    return TREN_OK;
}

tren_status tren_work_pattern(tren_work *w, int *pattern, int n_groups, const int *row0) {
    for (*pattern = 0; *pattern < w->n_patterns; ++*pattern)
        if (same_pattern(&w->pattern[*pattern], n_groups, row0)) return TREN_OK;
    TREN_TRY(
        tren_resize(&w->pattern, (size_t)w->n_patterns + 1, sizeof *w->pattern, "row patterns"));
    tren_pattern *p = &w->pattern[w->n_patterns++];
    *p = (tren_pattern){0};
    TREN_TRY(fill_pattern(p, w->graph, n_groups, row0));
    TREN_TRY(check_rows(w, p));
    bool worth = w->spec.stacking && *pattern < TREN_TUNED_PATTERNS;
    if (!worth || (n_groups == 1 && !w->spec.poked)) return TREN_OK;
    for (int i = 0; i < w->graph->n_layers; i++) {
        const tren_layer *layer = w->graph->layer[i];
        if (layer->ops->tune) TREN_TRY(layer->ops->tune(layer, w, *pattern));
    }
    return TREN_OK;
}

real *tren_work_input(tren_work *w) {
    return layer_y(w, w->graph->layer[0]);
}

int32_t *tren_work_tokens(tren_work *w, const tren_layer *input) {
    return (int32_t *)layer_y(w, input);
}

const tren_group_result *tren_work_result(const tren_work *w) {
    return w->result;
}

real *tren_work_output(tren_work *w) {
    return layer_y(w, w->graph->layer[w->graph->n_layers - 1]->input);
}

static void lay_tokens(tren_work *w, const tren_pass *pass, int axis) {
    int most = w->graph->tokens[axis], rows = pass->row0[pass->n_groups], *first = w->token0[axis];
    const int *length = pass->length[axis];
    for (int i = 0; i < rows; i++) first[i + 1] = first[i] + (length ? length[i] : most);
    for (int g = 0; g <= pass->n_groups; g++) w->group_token0[axis][g] = first[pass->row0[g]];
    w->full[axis] = first[rows] == rows * most;
}

static void tell_layer(const tren_work *w, const tren_layer *l, bool backward, bool begins) {
    if (w->spec.layer) w->spec.layer(w->spec.layer_ctx, l, backward, begins);
}

/* Statistics are not read in training. */
void tren_wait_for_values(const tren_work *w, const tren_layer *l) {
    size_t end = 0;
    if (!w->spec.need) return;
    for (int i = 0; i < l->n_params; i++) {
        const tren_param *p = &w->graph->param[l->param[i]];
        if (!p->statistic && p->at.off + p->at.len > end) end = p->at.off + p->at.len;
    }
    w->spec.need(w->spec.ctx, end);
}

void tren_forward(tren_work *w, const tren_pass *pass) {
    for (int g = 0; g < pass->n_groups; g++) {
        int rows = pass->row0[g + 1] - pass->row0[g];
        w->block0[g + 1] = w->block0[g] + (rows + TREN_LANES - 1) / TREN_LANES;
    }
    for (int a = 0; a < TREN_AXES; a++)
        if (w->graph->tokens[a]) lay_tokens(w, pass, a);
    memset(w->result, 0, (size_t)pass->n_groups * sizeof *w->result);
    for (int i = 0; i < w->graph->n_layers; i++) {
        const tren_layer *layer = w->graph->layer[i];
        if (!cuts_forward(layer, w, pass)) tren_wait_for_values(w, layer);
        tell_layer(w, layer, false, true);
        if (pass->look && i + 1 == w->graph->n_layers)
            pass->look(pass->look_ctx, tren_work_output(w));
        layer->ops->forward(layer, w, pass);
        tell_layer(w, layer, false, false);
    }
}

static void input_gradient(const tren_layer *l, tren_work *w, const tren_pass *pass, int which) {
    const tren_layer *in = which == 0 ? l->input : l->other;
    bool add = which == 0 ? l->adds : l->adds_other;
    if (!in || !l->ops->input_gradient || (!in->wants_dy && !l->ops->input_first)) return;
    tren_dx dx = {.which = which, .at = in->wants_dy ? layer_dy(w, in) : NULL, .add = add};
    if (!dx.at || !add || l->ops->can_add) {
        l->ops->input_gradient(l, w, pass, dx);
        return;
    }
    real *sum = dx.at;
    dx = (tren_dx){.which = which, .at = layer_array(w, l, TREN_SPARE)};
    l->ops->input_gradient(l, w, pass, dx);
    kernels_of(w)->add(sum, dx.at, layer_elements(in, w, pass));
}

static void tell_ready(tren_work *w, const tren_layer *l) {
    size_t lo = w->ready;
    if (l->n_params == 0) return;
    for (int i = 0; i < l->n_params; i++) {
        size_t off = w->graph->param[l->param[i]].at.off;
        if (owns_param(l, i) && off < lo) lo = off;
    }
    tren_work_ready(w, lo);
}

/* Gradients that other ranks wait for come first; but where this rank updates the weights here and
 * now, the gradients of the inputs, which read the weights, must come before. */
void tren_layer_backward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    const tren_layer_ops *ops = l->ops;
    if (!l->wants_dy) return;
    bool input_first = ops->input_first || w->spec.combine;
    if (ops->begin_backward) ops->begin_backward(l, w, pass);
    for (int which = 0; which < 2 && input_first; which++) input_gradient(l, w, pass, which);
    for (int i = TREN_LAYER_PARAMS - 1; i >= 0; i--)
        if (i < l->n_params && ops->gradient[i].leaf && owns_param(l, i))
            tren_fold_param(l, w, pass, i, &ops->gradient[i]);
    tell_ready(w, l);
    if (input_first) return;
    for (int which = 0; which < 2; which++) input_gradient(l, w, pass, which);
    tell_ready(w, l);
}

void tren_backward(tren_work *w, const tren_pass *pass) {
    w->ready = w->graph->n_values;
    for (int i = 0; i < w->graph->n_layers; i++) {
        const tren_layer *layer = w->graph->layer[i];
        if (layer->ops->statistics) layer->ops->statistics(layer, w, pass);
    }
    for (int i = w->graph->n_layers - 1; i >= 0; i--) {
        tell_layer(w, w->graph->layer[i], true, true);
        tren_layer_backward(w->graph->layer[i], w, pass);
        tell_layer(w, w->graph->layer[i], true, false);
    }
}

size_t tren_work_bytes(const tren_work *w) {
    return (w->act.len + w->fold.len + w->scratch.len) * sizeof(real) +
           (size_t)w->n_groups * w->graph->per_group * sizeof *w->group;
}

void tren_work_describe(const tren_work *w, char *text, size_t n) {
    int calls = 0, stacked = 0;
    for (int p = 0; p < w->n_patterns; p++)
        for (int i = 0; i < w->graph->n_layers; i++) {
            if (w->pattern[p].n_groups == 1 || !w->graph->layer[i]->ops->tune) continue;
            calls += 3;
            for (int bit = TREN_STACK_FORWARD; bit <= TREN_STACK_ACCUMULATE; bit *= 2)
                stacked += (w->pattern[p].stack[i] & bit) != 0;
        }
    if (calls)
        snprintf(text, n, "%d of %d matrix products batched across shards", stacked, calls);
    else
        snprintf(text, n, "one microbatch a step");
}
