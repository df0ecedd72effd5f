/* Networks that run without a trainer: a batch of random rows in shards, and a worker on some of
 * them. */
#ifndef TREN_TESTS_NET_H
#define TREN_TESTS_NET_H

#include "tren/nn.h"

/* x [n] = normal draws, a function of `seed` alone. */
void test_fill(real *x, size_t n, uint32_t seed);
/* A whole number in [lo, hi], a function of (seed, index) alone. */
int test_pick(uint32_t seed, uint32_t index, int lo, int hi);

/* Rows of all shards, one after the other; shard s has rows [row0[s], row0[s + 1]). */
typedef struct test_batch {
    int shards, rows, width, n_targets;
    int *row0;
    real *x, *target;
    int32_t *label;
    uint32_t *sample;
} test_batch;

/* count [shards] rows; labels below n_targets, and n_targets targets a row. */
void test_batch_open(test_batch *batch, int shards, const int *count, int width, int n_targets);
void test_batch_close(test_batch *batch);

/* Initial values of a graph's parameters, biases included; the caller frees. */
real *test_values_of(const tren_graph *graph, uint32_t seed);

/* out [n] = the fold of leaf[x.a .. x.b) [n] by the canonical tree, as its definition says. */
void test_fold_tree(real *out, real *const *leaf, tren_node x, size_t n);

/* Shards [lo, hi) of a batch in one worker. */
typedef struct test_run {
    const test_batch *batch;
    const tren_graph *graph;
    tren_work *work;
    tren_pass pass;
    int lo, hi, n_nodes;
    int *row0;
    real **node; /* [n_nodes][n_values] */
} test_run;

typedef struct test_run_spec {
    const tren_graph *graph;
    real *value;
    const test_batch *batch;
    int lo, hi;
    bool stacking, dropout;
} test_run_spec;

void test_run_open(test_run *run, const test_run_spec *spec);
/* Forward; returns the sum of the losses of my shards. */
double test_run_forward(test_run *run);
double test_run_both(test_run *run); /* and backward */
void test_run_close(test_run *run);

/* The last layer of a graph whose upstream gradient is given: dL/dinput = dy [rows, out], not
 * owned. */
tren_layer *test_given_gradient(tren_graph *graph, tren_layer *input, const real *dy);
/* The input layer, of a network that computes the gradient of its input too. */
tren_layer *test_input_with_gradient(tren_graph *graph, int width);
tren_layer *test_images_with_gradient(tren_graph *graph, tren_shape shape);
/* What the layer has put out, and the gradient of it, after forward and backward. The layer must be
 * `kept`, as inputs with a gradient are. */
const real *test_output_of(const test_run *run, const tren_layer *layer);
const real *test_gradient_of(const test_run *run, const tren_layer *layer);

#endif
