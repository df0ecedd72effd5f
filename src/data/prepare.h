/* From a source to a dataset: which rows are kept and where they go, noise in the labels, and the
 * statistics of the training part. */
#ifndef TREN_DATA_PREPARE_H
#define TREN_DATA_PREPARE_H

#include "tren/sources.h"

/* The rows of each part, in the order in which they are written. */
typedef struct tren_partition {
    size_t n[TREN_N_PARTS];
    uint32_t *row[TREN_N_PARTS]; /* parts of `memory` */
    uint32_t *memory;            /* owned */
} tren_partition;

/* The n of the first `pool` rows that are kept, in ascending order: row [n], n at most pool. Each
 * class (targets: all rows) keeps its share, rounded so that the total is n; which ones is a
 * function of seed, class and number within the class. */
tren_status tren_take(uint32_t *row, size_t n, const tren_source *source, size_t pool,
                      uint64_t seed);

/* Takes, shuffles and splits. Each class (all rows are one unless stratified) is dealt to the parts
 * in the split's shares; what rounding leaves is carried to the next class, so that totals are
 * rounded too. A part whose share is above zero but which would be empty fails. */
tren_status tren_partition_open(tren_partition *partition, const tren_source *source,
                                const tren_split *split);
void tren_partition_close(tren_partition *partition);

/* The source's labels with those of the training part drawn anew with a probability. */
typedef struct tren_noise {
    void *y; /* [n + n_test] of the source's y_type, owned; NULL: no noise */
    size_t n_changed;
} tren_noise;

/* row [n]: the training part. The draws of a label are functions of the seed and its place there.
 * TREN_ERR_USAGE for targets, a single class and what is no probability. */
tren_status tren_noise_open(tren_noise *noise, const tren_source *source, const tren_split *split,
                            const uint32_t *row, size_t n);
void tren_noise_close(tren_noise *noise); /* accepts the empty value */

/* The class number of a row; -1 for targets. */
int64_t tren_source_label(const tren_source *source, size_t row);

/* mean [n_stats] and standard deviation [n_stats] (divisor n) of n rows (row NULL: the first n), in
 * double, in two passes, and more where the mean of the deviations is not 0. One statistic per
 * channel of images, per column of tables: n_stats = source->shape.c. sd is 0 where all values are
 * equal, and where reals vary by no more than the rounding of their type. */
tren_status tren_statistics(double *mean, double *sd, const tren_source *source,
                            const uint32_t *row, size_t n);

/* The same of the training rows of a dataset, which are read: mean [n_stats], sd [n_stats]. Of
 * values too large for the sum of squares they are not finite, which is no error. */
tren_status tren_dataset_statistics(double *mean, double *sd, const tren_dataset *dataset);

/* Fails when a label is out of range or a value is not finite. */
tren_status tren_source_check(const tren_source *source);

#endif
