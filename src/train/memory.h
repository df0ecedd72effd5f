/* Private to train: what a run needs of memory, and what the node has. */
#ifndef TREN_TRAIN_MEMORY_H
#define TREN_TRAIN_MEMORY_H

#include "tren/train.h"

/* TREN_ERR_ENV where a rank of this node cannot get so many bytes: for `what`, and `smaller` is
 * what to make smaller. Not collective. */
tren_status tren_memory_require(const tren_comm *comm, double bytes, const char *what,
                                const char *smaller);

#endif
