/* Private to data: writing arrays of rows with their digests. */
#ifndef TREN_DATA_WRITE_H
#define TREN_DATA_WRITE_H

#include "data/corpus.h"

/* One array on its way into one dataset of the file. */
typedef struct tren_column {
    const char *name; /* "/train/x" */
    const void *data;
    tren_type type;
    size_t row_bytes;
    tren_h5_shape shape; /* of the dataset */
} tren_column;
/* Writes the rows of that number, row [shape.dim[0]], and the digests of what was written: one of
 * all, and one of each block of rows. */
tren_status tren_column_write(tren_h5 *file, const tren_column *column, const uint32_t *row);

/* write_tokens.c: what takes the place of x and y, of layout and statistics. */
tren_status tren_tokens_write_layout(tren_h5 *file, const tren_source *source,
                                     const tren_token_rows *rows);
tren_status tren_tokens_write_part(tren_h5 *file, const tren_source *source,
                                   const tren_token_rows *rows, const tren_partition *partition,
                                   tren_part part);

#endif
