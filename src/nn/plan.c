/* What lies where while a network runs. Time goes over the layers forward, then backward. An array
 * lives from the step that writes it first to the one that reads it last, and arrays that never
 * live at the same time may share memory: each gets the lowest place that is free, the largest
 * first. */
#include "nn/work.h"

#include <limits.h>
#include <stdlib.h>

#define NOWHERE ((size_t)-1)

typedef struct array {
    size_t size, off; /* per row of capacity */
    int first, last;  /* steps in which it lives */
} array;

/* While a plan is made, the places of the layers are indices into `array`. */
typedef struct plan {
    tren_graph *graph;
    bool train;
    array *array; /* owned */
    int n;
} plan;

static int backward_of(const plan *p, const tren_layer *l) {
    return 2 * p->graph->n_layers - 1 - l->index;
}
static size_t *place(const plan *p, tren_layer *l, int which) {
    return &l->at[p->train][which];
}
static array *array_of(const plan *p, const tren_layer *l, int which) {
    return &p->array[l->at[p->train][which]];
}

static void add_array(plan *p, tren_layer *l, int which, array a) {
    *place(p, l, which) = (size_t)p->n;
    p->array[p->n++] = a;
}

static int later(int a, int b) {
    return a > b ? a : b;
}

/* The layer's array lies where another lies, which is not needed any more. */
static void share(plan *p, tren_layer *l, int which, size_t with, int last) {
    *place(p, l, which) = with;
    p->array[with].last = later(p->array[with].last, last);
}

/* ---- how long arrays live ----------------------------------------------------------------------
 */

static bool reads(const tren_layer *l, const tren_layer *x) {
    return l->input == x || l->other == x;
}

/* The gradient of a shared parameter is computed in backward of its owner, from what all its users
 * read. */
static int end_of_backward(const plan *p, const tren_layer *l) {
    int last = backward_of(p, l);
    for (int i = 0; i < l->n_params; i++)
        last = later(last, backward_of(p, p->graph->layer[p->graph->param[l->param[i]].owner]));
    return last;
}

static int end_of_y(const plan *p, const tren_layer *x) {
    int last = x->index;
    if (p->train && x->wants_dy && x->reads_y) last = end_of_backward(p, x);
    for (int i = x->index + 1; i < p->graph->n_layers; i++) {
        const tren_layer *l = p->graph->layer[i];
        if (!reads(l, x)) continue;
        bool again = p->train && l->wants_dy && l->reads_x;
        last = later(last, again ? end_of_backward(p, l) : i);
    }
    return x->kept ? INT_MAX : last;
}

static int end_of_dy(const plan *p, const tren_layer *l) {
    return l->kept ? INT_MAX : end_of_backward(p, l);
}

static const tren_layer *last_reader(const plan *p, const tren_layer *x) {
    for (int i = p->graph->n_layers - 1; i > x->index; i--)
        if (reads(p->graph->layer[i], x)) return p->graph->layer[i];
    return NULL;
}

static size_t size_of(const tren_layer *l) {
    return (size_t)tren_tensor_size(l->out);
}

/* Can l take over what lies at `which` of the other layer after step `now`? */
static bool takes_over(const plan *p, const tren_layer *l, const tren_layer *from, int which,
                       int now) {
    return from && size_of(l) == size_of(from) && l->out.lanes == from->out.lanes &&
           array_of(p, from, which)->last == now;
}

static void plan_y(plan *p, tren_layer *l) {
    int last = end_of_y(p, l);
    const tren_layer *x[] = {l->input, l->other};
    for (int i = 0; i < 2 && l->in_place; i++)
        if (takes_over(p, l, x[i], TREN_Y, l->index)) {
            share(p, l, TREN_Y, x[i]->at[p->train][TREN_Y], last);
            return;
        }
    /* An input is written before the pass. */
    add_array(p, l, TREN_Y,
              (array){.size = size_of(l), .first = l->input ? l->index : -1, .last = last});
}

/* The last of its readers writes it first: backward, or forward into its own y. */
static void plan_dy(plan *p, tren_layer *x) {
    const tren_layer *l = last_reader(p, x);
    int last = end_of_dy(p, x);
    if (!l || !x->wants_dy) return;
    int now = backward_of(p, l);
    if (!l->ops->input_gradient)
        share(p, x, TREN_DY, l->at[true][TREN_Y], last);
    else if (l->in_place && takes_over(p, x, l, TREN_DY, now))
        share(p, x, TREN_DY, l->at[true][TREN_DY], last);
    else
        add_array(p, x, TREN_DY, (array){.size = size_of(x), .first = now, .last = last});
}

static void plan_aux(plan *p, tren_layer *l) {
    if (l->aux == 0 || !(p->train || l->aux_in_evaluation)) return;
    int last = p->train && l->wants_dy ? end_of_backward(p, l) : l->index;
    add_array(p, l, TREN_AUX, (array){.size = l->aux, .first = l->index, .last = last});
}

static void plan_spare(plan *p, tren_layer *l) {
    size_t first = l->adds && l->input->wants_dy ? size_of(l->input) : 0,
           second = l->adds_other && l->other->wants_dy ? size_of(l->other) : 0;
    array spare = {.size = first > second ? first : second,
                   .first = backward_of(p, l),
                   .last = backward_of(p, l)};
    if (spare.size > 0 && !l->ops->can_add) add_array(p, l, TREN_SPARE, spare);
}

/* ---- places ------------------------------------------------------------------------------------
 */

static bool live_together(const array *a, const array *b) {
    return a->first <= b->last && b->first <= a->last;
}

/* Beside n arrays that are placed, in the order of their places. */
static size_t lowest_place(const array *a, array *const *placed, int n) {
    size_t off = 0;
    for (int i = 0; i < n && placed[i]->off < off + a->size; i++) {
        size_t end = placed[i]->off + placed[i]->size;
        if (live_together(a, placed[i]) && end > off) off = end;
    }
    return off;
}

static int largest_first(const void *x, const void *y) {
    const array *a = *(array *const *)x, *b = *(array *const *)y;
    if (a->size != b->size) return a->size > b->size ? -1 : 1;
    return a < b ? -1 : 1;
}

static tren_status place_all(size_t *end, const plan *p) {
    array **order; /* those that are placed come first, by place; the others follow, by size */
    TREN_TRY(tren_alloc(&order, (size_t)p->n, sizeof *order, "a plan"));
    for (int i = 0; i < p->n; i++) order[i] = &p->array[i];
    qsort(order, (size_t)p->n, sizeof *order, largest_first);
    *end = 0;
    for (int i = 0; i < p->n; i++) {
        array *a = order[i];
        a->off = lowest_place(a, order, i);
        if (a->off + a->size > *end) *end = a->off + a->size;
        int at = i;
        for (; at > 0 && order[at - 1]->off > a->off; at--) order[at] = order[at - 1];
        order[at] = a;
    }
    free(order);
    return TREN_OK;
}

static tren_status make_plan(tren_graph *graph, bool train) {
    plan p = {.graph = graph, .train = train};
    int n = graph->n_layers;
    TREN_TRY(tren_alloc(&p.array, (size_t)n * TREN_N_ARRAYS, sizeof *p.array, "a plan"));
    for (int i = 0; i < n; i++)
        for (int k = 0; k < TREN_N_ARRAYS; k++) graph->layer[i]->at[train][k] = NOWHERE;
    for (int i = 0; i < n; i++) {
        plan_y(&p, graph->layer[i]);
        plan_aux(&p, graph->layer[i]);
    }
    for (int i = n - 1; i >= 0 && train; i--) {
        plan_dy(&p, graph->layer[i]);
        plan_spare(&p, graph->layer[i]);
    }
    tren_status st = place_all(&graph->per_row[train], &p);
    for (int i = 0; i < n && st == TREN_OK; i++)
        for (int k = 0; k < TREN_N_ARRAYS; k++)
            if (*place(&p, graph->layer[i], k) != NOWHERE)
                *place(&p, graph->layer[i], k) = array_of(&p, graph->layer[i], k)->off;
    free(p.array);
    return st;
}

/* Backward runs from the last layer to the first: the last reader of an output writes its gradient,
 * the earlier ones add theirs. */
static void find_sums(tren_graph *graph) {
    plan p = {.graph = graph};
    for (int i = 0; i < graph->n_layers; i++) {
        tren_layer *l = graph->layer[i];
        l->adds = l->input && last_reader(&p, l->input) != l;
        l->adds_other = l->other && last_reader(&p, l->other) != l;
        if (i < graph->n_layers - 1 && !last_reader(&p, l))
            tren_graph_fail(graph,
                            "%s: no layer reads its output; use the output, or remove the layer",
                            l->name);
    }
}

tren_status tren_graph_complete(tren_graph *graph) {
    find_sums(graph);
    if (graph->status != TREN_OK) return tren_fail(graph->status, "%s", graph->error);
    TREN_TRY(make_plan(graph, false));
    return make_plan(graph, true);
}
