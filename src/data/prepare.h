/* From a source to a dataset: which row goes where, and the statistics of the training part. */
#ifndef TREN_DATA_PREPARE_H
#define TREN_DATA_PREPARE_H

#include "tren/data.h"

/* The rows of each part, in the order in which they are written. */
typedef struct tren_partition {
    size_t n[TREN_N_PARTS];
    uint32_t *row[TREN_N_PARTS]; /* parts of `memory` */
    uint32_t *memory;            /* owned */
} tren_partition;

/* Shuffles and splits. Each class (all rows are one unless stratified) is dealt to the parts in the
 * split's shares; what rounding leaves is carried to the next class, so that totals are rounded
 * too. A part whose share is above zero but which would be empty fails. */
tren_status tren_partition_open(tren_partition *partition, const tren_source *source,
                                const tren_split *split);
void tren_partition_close(tren_partition *partition);

/* mean [n_stats] and standard deviation [n_stats] (divisor n) of n rows, in double, in two passes.
 * One statistic per channel of images, per column of tables: n_stats = source->shape.c. */
tren_status tren_statistics(double *mean, double *sd, const tren_source *source,
                            const uint32_t *row, size_t n);

/* Fails when a label is out of range or a value is not finite. */
tren_status tren_source_check(const tren_source *source);

/* Fails with TREN_ERR_USAGE when `path` exists and is not to be replaced. */
tren_status tren_dataset_check_absent(const char *path, bool overwrite);

#endif
