/* Private to train: what a run needs of memory, and what the node has. */
#ifndef TREN_TRAIN_MEMORY_H
#define TREN_TRAIN_MEMORY_H

#include "tren/train.h"

/* Rows that a rank with `shards` shards holds of a step: batch_size or all there are, shared out.
 */
size_t tren_batch_rows(const tren_config *config, size_t m, int shards);

/* Bytes that a rank of `ranks` on `nodes` needs, the largest of them. */
typedef struct tren_memory {
    double data;             /* its rows, of training and of evaluation */
    tren_reduce_room reduce; /* gradients, values, messages */
    double states;           /* of the optimizer */
    double activations;      /* of a step */
    double work;             /* partial sums and scratch; trials of products, or evaluation */
} tren_memory;
tren_memory tren_memory_needed(const tren_config *config, const tren_graph *graph,
                               const tren_dataset_info *info, int ranks, int nodes);
double tren_memory_sum(const tren_memory *memory);

/* TREN_ERR_ENV where a rank of this node cannot get so many bytes: for `what`, and `smaller` is
 * what to make smaller. Not collective. */
tren_status tren_memory_require(const tren_comm *comm, double bytes, const char *what,
                                const char *smaller);

/* Refuses, before anything large is touched, what would end with the kernel killing a rank. */
tren_status tren_memory_check(const tren_config *config, const tren_graph *graph,
                              const tren_dataset_info *info, const tren_comm *comm);

#endif
