/* Private to train: the run folder's event file, which TensorBoard reads: records with checksums
 * (TFRecord), each a message Event of protocol buffers, written by hand. Rank 0 only. */
#ifndef TREN_TRAIN_TENSORBOARD_H
#define TREN_TRAIN_TENSORBOARD_H

#include "train/folder.h"

typedef struct tren_events {
    FILE *file;
    char name[96];    /* within the folder; "": none was written */
    bool told;        /* that it cannot be written */
    long long number; /* of the next file: TensorBoard reads files in the order of their names */
} tren_events;

/* Writes a file anew with every row of metrics.csv, whose text this is, and removes those of
 * earlier launches: like metrics.csv, it has the rows up to the checkpoint that a run goes on from,
 * each once. TREN_ERR_ENV. */
tren_status tren_events_begin(tren_events *events, const tren_folder *folder, const char *metrics);
/* Adds the last row of the text; after a failure all rows, in a new file. TREN_ERR_ENV. */
tren_status tren_events_row(tren_events *events, const tren_folder *folder, const char *metrics);
void tren_events_close(tren_events *events); /* accepts the empty value */

#endif
