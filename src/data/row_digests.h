/* Private to data: digests of blocks of rows, by which each reader of some rows can tell that they
 * are what was written. */
#ifndef TREN_DATA_ROW_DIGESTS_H
#define TREN_DATA_ROW_DIGESTS_H

#include "data/schema.h"

/* Rows of a block when a dataset is written: a power of two, 64 KiB or as near to it as one row or
 * 256 rows allow. */
size_t tren_row_digests_rows(size_t row_bytes);

/* Opens room for n_rows rows. Close in any case. */
tren_status tren_row_digests_open(tren_row_digests *digests, size_t n_rows, size_t row_bytes);
void tren_row_digests_close(tren_row_digests *digests); /* accepts the empty value */
/* Rows [first, first + n): first is the beginning of a block, and n whole blocks or the last rows.
 */
void tren_row_digests_add(tren_row_digests *digests, size_t first, size_t n, const void *rows,
                          size_t row_bytes);

/* The dataset NAME_xxh3 beside the array NAME. */
tren_status tren_row_digests_write(tren_h5 *file, const char *name,
                                   const tren_row_digests *digests);
/* Digests of an array of n_rows rows; rows = 0 where the file has none. TREN_ERR_DATA: they do not
 * fit the array. */
tren_status tren_row_digests_read(tren_row_digests *digests, tren_h5 *file, const char *name,
                                  size_t n_rows);

/* An array of a dataset, for tren_row_digests_verify. */
typedef struct tren_row_array {
    const char *name;
    int kind, part; /* TREN_SET_X ... */
    tren_type type;
    size_t n_rows, row_bytes;
} tren_row_array;
/* Compares rows [first, first + n), in memory as the file has them, with the digests; what is
 * missing of the first and the last block is read. TREN_ERR_DATA names the rows that differ. */
tren_status tren_row_digests_verify(const tren_row_digests *digests, const tren_dataset *dataset,
                                    const tren_row_array *array, size_t first, size_t n,
                                    const void *rows);

/* arrays.c: rows [first, first + n) of an array as it is in the file. TREN_ERR_DATA. */
tren_status tren_row_array_read(void *out, const tren_dataset *dataset, const tren_row_array *array,
                                size_t first, size_t n);

#endif
