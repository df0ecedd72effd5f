/* Private to train: the training rows of this rank's shards, and which of them a step takes. */
#ifndef TREN_TRAIN_FEED_H
#define TREN_TRAIN_FEED_H

#include "tren/comm.h"
#include "tren/config.h"
#include "tren/data.h"

typedef struct tren_feed {
    tren_rows rows;
    tren_normalizer normalizer;
    tren_augment augment;
    tren_order order;
    int lo, hi;   /* my shards */
    size_t batch; /* rows of a step; the last of an epoch may have fewer */
    int64_t steps_per_epoch;
    size_t max_rows; /* of a step, mine */
    /* the batch of one step, my rows */
    uint32_t *row, *sample; /* in my rows; in the training part */
    int32_t *label;
    real *target;
    int *row0; /* [my shards + 1]: rows [row0[s], row0[s+1]) are of my shard s */
} tren_feed;

/* What can be known to fail before the rows are read: augmentation. */
tren_status feed_check(tren_feed *feed, const tren_config *config, const tren_dataset_info *info);
/* Reads my rows. Not collective. */
tren_status feed_open(tren_feed *feed, const tren_config *config, const tren_dataset *dataset,
                      const tren_comm *comm, const tren_kernels *kernels);
void feed_close(tren_feed *feed); /* accepts the empty value */

/* My rows of a step by shard: row0 [my shards + 1]. */
void feed_plan(const tren_feed *feed, int64_t step, int *row0);
/* Of all ranks. */
int64_t feed_rows_of_step(const tren_feed *feed, int64_t step);
void feed_begin_epoch(tren_feed *feed, int64_t epoch);
/* Writes the inputs of my rows of a step to x [rows, in], augmented and normalised, and sets the
 * members of the batch. */
void feed_take(tren_feed *feed, int64_t epoch, int64_t step, real *x);

#endif
