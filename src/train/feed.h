/* Private to train: the training rows of this rank's shards, and which of them a step takes. */
#ifndef TREN_TRAIN_FEED_H
#define TREN_TRAIN_FEED_H

#include "tren/comm.h"
#include "tren/config.h"
#include "tren/data.h"
#include "tren/nn.h"

/* What a network is given of rows of tokens. */
typedef struct tren_token_batch {
    int *length[TREN_SEQUENCES]; /* of each row, owned */
    int32_t *label;              /* of each token along the label axis, owned; NULL: of rows */
} tren_token_batch;
tren_status token_batch_open(tren_token_batch *batch, const tren_dataset_info *info, size_t rows);
void token_batch_close(tren_token_batch *batch); /* accepts the empty value */
/* Writes rows row [n] to the inputs of the network, and their lengths and labels to the batch. */
void token_batch_take(tren_token_batch *batch, tren_work *work, const tren_graph *graph,
                      const tren_rows *rows, const uint32_t *row, int n);
/* Labels of a row: 1, or one of each token. */
int64_t row_labels(const tren_rows *rows, size_t row);

/* Targets are learned as (target - mean) / sd. */
typedef struct tren_target_scale {
    int n;
    double *mean, *sd; /* [n] owned; sd > 0; NULL: they are learned as they are */
    real *unit;        /* [n] sd, for tren_pass.target_unit; owned */
} tren_target_scale;
/* mean, sd [n] are copied; sd 0 stands for 1. n 0: the empty value. */
tren_status target_scale_open(tren_target_scale *scale, const double *mean, const double *sd,
                              int n);
void target_scale_close(tren_target_scale *scale); /* accepts the empty value */
/* out [n] = what is learned of target [n], which are whole rows. */
void target_scale_learned(real *out, const tren_target_scale *scale, const double *target,
                          size_t n);
/* out [n] = y [n], which are whole rows, in the units of the data. */
void target_scale_undo(double *out, const tren_target_scale *scale, const real *y, size_t n);

typedef struct tren_feed {
    tren_rows rows;
    tren_normalizer normalizer;
    const tren_target_scale *targets; /* not owned; set before feed_take */
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
    real *row_weight; /* [my rows] whole multiples of TREN_WEIGHT_UNIT; owned; NULL: all 1 */
    real *weight;     /* of the batch; owned */
    int *row0;        /* [my shards + 1]: rows [row0[s], row0[s+1]) are of my shard s */
    /* of tokens: */
    tren_token_batch tokens;
    int32_t *row_length; /* [my rows] tokens of all axes; owned */
    double *labels; /* [steps_per_epoch] of an epoch, of all ranks; or sums of weights; owned */
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
/* Labels of all ranks' rows of a step of the epoch that was begun: rows, or tokens. */
int64_t feed_labels_of_step(const tren_feed *feed, int64_t step);
/* What the loss of a step is divided by: the sum of the weights of its rows, or its labels. */
double feed_weight_of_step(const tren_feed *feed, int64_t step);
/* My rows count as their weights say, of which the mean over the `rows` training rows, with this
 * sum, becomes 1. They are rounded to multiples of 2^-22 and no finer than real: so all sums of
 * them are exact, whoever adds up which, for up to 2^31 rows. */
#define TREN_WEIGHT_UNIT 0x1p-22
tren_status feed_weigh(tren_feed *feed, double sum, size_t rows);
/* Labels of all my rows. */
int64_t feed_labels(const tren_feed *feed);
/* Collective, as labels of tokens are counted. */
void feed_begin_epoch(tren_feed *feed, const tren_comm *comm, int64_t epoch);
/* Writes the inputs of my rows of a step, augmented and normalised, and sets the members of the
 * batch. shard: the rows of this one of mine alone, as those of my first one; -1: all. */
void feed_take(tren_feed *feed, tren_work *work, const tren_graph *graph, int64_t epoch,
               int64_t step, int shard);
/* The part of feed_weight_of_step that my first shard has in what was taken. */
double feed_weight_of_shard(const tren_feed *feed);

#endif
