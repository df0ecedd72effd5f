/* Private to the benchmarks: whole passes through a network, timed layer by layer. Not collective.
 */
#ifndef TREN_CLI_BENCH_LAYERS_H
#define TREN_CLI_BENCH_LAYERS_H

#include "tren/models.h"

typedef enum bench_pass {
    BENCH_FORWARD,
    BENCH_WEIGHTS, /* the gradients of the parameters; of convolution and dense layers */
    BENCH_DATA,    /* that of the input; of other layers, all of backward */
    BENCH_N_PASSES
} bench_pass;

/* What one kind of layer does in one pass: sums over the layers of that kind, for one microbatch.
 */
typedef struct bench_row {
    const tren_layer *layer; /* the first of its kind; of the graph */
    bench_pass pass;
    int n_layers;
    double seconds;
    double flop;  /* the plain count, 2mnk; 0: none is counted */
    double bytes; /* compulsory: what is read and what is written, each array once */
} bench_row;

typedef struct bench_layers {
    tren_graph *graph; /* owned */
    int images;        /* of a microbatch */
    int n_rows, n_rounds;
    bench_row *row; /* owned; in the order of the network, passes in theirs */
} bench_layers;

/* Trains on one microbatch of random images, without updates, for about so many seconds; the times
 * are medians over passes, each layer finding the caches as the one before has left them; warm:
 * each as it is when called a second time. config: one shard, batch_size images. TREN_ERR_USAGE,
 * TREN_ERR_ENV: it does not fit into memory. */
tren_status bench_layers_measure(bench_layers *b, const tren_config *config, tren_shape image,
                                 double seconds, bool warm);
void bench_layers_close(bench_layers *b); /* accepts the empty value */

/* "conv 3x3 16 -> 32, 28x28 / 2", "batch_norm 16, 28x28" */
void bench_layer_name(char *out, size_t n, const tren_layer *layer);
/* "forward", "weight gradient", ... */
const char *bench_pass_name(const bench_row *row);
/* "direct" or "Winograd" of a convolution, else "". */
const char *bench_row_way(const bench_row *row);

#endif
