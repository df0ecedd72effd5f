#include "support/net.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "nn/work.h"

void test_fill(real *x, size_t n, uint32_t seed) {
    tren_rng rng = tren_rng_open(seed, TREN_RNG_TEST, 0, 0, 0);
    for (size_t i = 0; i < n; i++) x[i] = (real)tren_rng_normal(&rng, (uint32_t)i);
}

int test_pick(uint32_t seed, uint32_t index, int lo, int hi) {
    tren_rng rng = tren_rng_open(seed, TREN_RNG_TEST, 1, 0, 0);
    return lo + (int)tren_rng_below(&rng, index, (uint32_t)(hi - lo + 1));
}

void test_batch_open(test_batch *b, int shards, const int *count, int width, int n_targets) {
    *b = (test_batch){.shards = shards, .width = width, .n_targets = n_targets};
    b->row0 = calloc((size_t)shards + 1, sizeof *b->row0);
    for (int s = 0; s < shards; s++) b->row0[s + 1] = b->row0[s] + count[s];
    b->rows = b->row0[shards];
    size_t rows = (size_t)b->rows;
    b->x = calloc(rows * (size_t)width, sizeof *b->x);
    b->target = calloc(rows * (size_t)n_targets, sizeof *b->target);
    b->label = calloc(rows, sizeof *b->label);
    b->sample = calloc(rows, sizeof *b->sample);
    test_fill(b->x, rows * (size_t)width, 11);
    test_fill(b->target, rows * (size_t)n_targets, 12);
    for (uint32_t i = 0; i < rows; i++) {
        b->label[i] = test_pick(13, i, 0, n_targets - 1);
        b->sample[i] = 1000 + 7 * i;
    }
}

void test_batch_close(test_batch *b) {
    free(b->row0);
    free(b->x);
    free(b->target);
    free(b->label);
    free(b->sample);
}

real *test_values_of(const tren_graph *graph, uint32_t seed) {
    real *value = calloc(graph->n_values, sizeof *value);
    test_fill(value, graph->n_values, seed);
    for (int i = 0; i < graph->n_params; i++) { /* outputs of order 1 */
        const tren_param *p = &graph->param[i];
        double fan_in = p->rank > 1 ? (double)p->at.len / p->dim[0] : 4;
        for (size_t k = 0; k < p->at.len; k++) value[p->at.off + k] /= (real)fan_in / 2 + 1;
    }
    return value;
}

void test_fold_tree(real *out, real *const *leaf, tren_node x, size_t n) {
    if (x.b - x.a == 1) {
        memcpy(out, leaf[x.a], n * sizeof *out);
        return;
    }
    real *right = calloc(n, sizeof *right);
    test_fold_tree(out, leaf, (tren_node){x.a, tren_node_mid(x)}, n);
    test_fold_tree(right, leaf, (tren_node){tren_node_mid(x), x.b}, n);
    for (size_t i = 0; i < n; i++) out[i] += right[i];
    free(right);
}

static void open_nodes(test_run *run, const test_run_spec *spec) {
    run->n_nodes = tren_tree_nodes(NULL, spec->batch->shards, spec->lo, spec->hi);
    run->node = calloc((size_t)run->n_nodes, sizeof *run->node);
    for (int k = 0; k < run->n_nodes; k++) {
        run->node[k] = malloc(spec->graph->n_values * sizeof(real));
        memset(run->node[k], 0xff, spec->graph->n_values * sizeof(real)); /* NaN: must be written */
    }
}

void test_run_open(test_run *run, const test_run_spec *spec) {
    const test_batch *b = spec->batch;
    *run = (test_run){.batch = b, .graph = spec->graph, .lo = spec->lo, .hi = spec->hi};
    int groups = spec->hi - spec->lo, first = b->row0[spec->lo];
    open_nodes(run, spec);
    run->row0 = calloc((size_t)groups + 1, sizeof *run->row0);
    for (int g = 0; g <= groups; g++) run->row0[g] = b->row0[spec->lo + g] - first;
    tren_work_spec work = {.max_rows = run->row0[groups] > 0 ? run->row0[groups] : 1,
                           .train = true,
                           .stacking = spec->stacking,
                           .shards = b->shards,
                           .lo = spec->lo,
                           .hi = spec->hi,
                           .value = spec->value,
                           .node = run->node};
    cr_assert_eq(tren_work_open(&run->work, spec->graph, &work), TREN_OK);
    run->pass = (tren_pass){.n_groups = groups,
                            .row0 = run->row0,
                            .train = true,
                            .dropout = spec->dropout,
                            .seed = 5,
                            .epoch = 3,
                            .sample = b->sample + first,
                            .label = b->label + first,
                            .target = b->target + (size_t)first * (size_t)b->n_targets,
                            .scale = (real)(1.0 / b->rows)};
    cr_assert_eq(tren_work_pattern(run->work, &run->pass.pattern, groups, run->row0), TREN_OK);
}

double test_run_forward(test_run *run) {
    const test_batch *b = run->batch;
    int rows = run->row0[run->hi - run->lo];
    /* NaN: nothing of an earlier pass may be read */
    memset(run->work->act.at, 0xff, run->work->act.len * sizeof(real));
    memcpy(tren_work_input(run->work), b->x + (size_t)b->row0[run->lo] * (size_t)b->width,
           (size_t)rows * (size_t)b->width * sizeof(real));
    tren_forward(run->work, &run->pass);
    double loss = 0;
    for (int g = 0; g < run->hi - run->lo; g++) loss += tren_work_result(run->work)[g].loss;
    return loss;
}

double test_run_both(test_run *run) {
    double loss = test_run_forward(run);
    tren_backward(run->work, &run->pass);
    return loss;
}

void test_run_close(test_run *run) {
    for (int k = 0; k < run->n_nodes; k++) free(run->node[k]);
    free(run->node);
    free(run->row0);
    tren_work_close(run->work);
}

/* ---- layers for tests ------------------------------------------------------------------------ */

typedef struct given_layer {
    tren_layer layer;
    const real *dy;
} given_layer;

static void given_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    memcpy(layer_dy(w, l->input), ((const given_layer *)l)->dy,
           layer_elements(l, w, pass) * sizeof(real));
}

static const tren_layer_ops given_ops = {.name = "given", .forward = given_forward};

tren_layer *test_given_gradient(tren_graph *graph, tren_layer *input, const real *dy) {
    tren_layer *l = tren_graph_add(graph, sizeof(given_layer), &given_ops, input, input->out);
    ((given_layer *)l)->dy = dy;
    return l;
}

tren_layer *test_images_with_gradient(tren_graph *graph, tren_shape shape) {
    tren_layer *l = tren_input(graph, shape);
    l->wants_dy = l->kept = true;
    return l;
}

tren_layer *test_input_with_gradient(tren_graph *graph, int width) {
    return test_images_with_gradient(graph, (tren_shape){width, 1, 1});
}

const real *test_output_of(const test_run *run, const tren_layer *layer) {
    return layer_y(run->work, layer);
}

const real *test_gradient_of(const test_run *run, const tren_layer *layer) {
    return layer_dy(run->work, layer);
}
