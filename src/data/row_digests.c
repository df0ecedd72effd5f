#include "data/row_digests.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 256, BLOCK_BYTES = 1 << 16 };

size_t tren_row_digests_rows(size_t row_bytes) {
    size_t rows = MOST_ROWS;
    while (rows > 1 && rows * row_bytes > BLOCK_BYTES) rows /= 2;
    return rows;
}

tren_status tren_row_digests_open(tren_row_digests *digests, size_t n_rows, size_t row_bytes) {
    *digests = (tren_row_digests){.rows = tren_row_digests_rows(row_bytes)};
    digests->n = (n_rows + digests->rows - 1) / digests->rows;
    return tren_alloc(&digests->at, digests->n, sizeof *digests->at, "the digests of rows");
}

void tren_row_digests_close(tren_row_digests *digests) {
    free(digests->at);
    *digests = (tren_row_digests){0};
}

void tren_row_digests_add(tren_row_digests *digests, size_t first, size_t n, const void *rows,
                          size_t row_bytes) {
    for (size_t at = 0; at < n; at += digests->rows) {
        size_t here = n - at < digests->rows ? n - at : digests->rows;
        digests->at[(first + at) / digests->rows] =
            tren_digest((const char *)rows + at * row_bytes, here * row_bytes);
    }
}

/* ---- in the file ----------------------------------------------------------------------------- */

enum { NAME_ROOM = 64 };

static const char *name_of(char out[NAME_ROOM], const char *array) {
    snprintf(out, NAME_ROOM, "%s_%s", array, TREN_SCHEMA_DIGEST);
    return out;
}

tren_status tren_row_digests_write(tren_h5 *file, const char *name,
                                   const tren_row_digests *digests) {
    char table[NAME_ROOM];
    if (digests->n == 0) return TREN_OK;
    TREN_TRY(tren_h5_write(file, name_of(table, name), (tren_h5_shape){1, {digests->n}}, TREN_U64,
                           digests->at));
    return tren_h5_put_i64(file, table, TREN_SCHEMA_ROWS, (int64_t)digests->rows);
}

tren_status tren_row_digests_read(tren_row_digests *digests, tren_h5 *file, const char *name,
                                  size_t n_rows) {
    char table[NAME_ROOM];
    tren_h5_shape shape;
    tren_type type;
    int64_t rows;
    *digests = (tren_row_digests){0};
    if (!tren_h5_has(file, name_of(table, name))) return TREN_OK;
    TREN_TRY(tren_h5_info(file, table, &shape, &type));
    TREN_TRY(tren_h5_get_i64(file, table, TREN_SCHEMA_ROWS, &rows));
    size_t n = rows > 0 ? (n_rows + (size_t)rows - 1) / (size_t)rows : 0;
    if (n == 0 || shape.rank != 1 || shape.dim[0] != n || type != TREN_U64)
        return tren_fail(
            TREN_ERR_DATA,
            "%s: %s has %zu digests for blocks of %lld rows, which do not match the %zu rows of %s",
            tren_h5_path(file), table, shape.rank == 1 ? shape.dim[0] : 0, (long long)rows, n_rows,
            name);
    *digests = (tren_row_digests){.rows = (size_t)rows, .n = n};
    tren_status st = tren_alloc(&digests->at, n, sizeof *digests->at, "the digests of rows");
    if (st == TREN_OK) st = tren_h5_read(file, table, n, TREN_U64, digests->at);
    if (st != TREN_OK) tren_row_digests_close(digests);
    return st;
}

/* ---- verifying ------------------------------------------------------------------------------- */

static tren_status changed(const char *path, const char *name, size_t first, size_t end) {
    return tren_fail(TREN_ERR_DATA,
                     "%s: %s: rows %zu to %zu are not those that were written: the file was "
                     "changed or damaged; restore it, or import the data again",
                     path, name, first, end - 1);
}

/* A block of rows, of which [lo, hi) lie in memory at `rows`. */
typedef struct row_block {
    size_t begin, end, lo, hi;
    const char *rows;
} row_block;

/* room = all rows of the block; those that are not in memory are read. */
static tren_status complete(char *room, const tren_dataset *dataset, const tren_row_array *array,
                            const row_block *b) {
    size_t bytes = array->row_bytes;
    if (b->lo > b->begin)
        TREN_TRY(tren_row_array_read(room, dataset, array, b->begin, b->lo - b->begin));
    memcpy(room + (b->lo - b->begin) * bytes, b->rows, (b->hi - b->lo) * bytes);
    if (b->hi == b->end) return TREN_OK;
    return tren_row_array_read(room + (b->hi - b->begin) * bytes, dataset, array, b->hi,
                               b->end - b->hi);
}

tren_status tren_row_digests_verify(const tren_row_digests *digests, const tren_dataset *dataset,
                                    const tren_row_array *array, size_t first, size_t n,
                                    const void *rows) {
    char *room = NULL;
    tren_status st = TREN_OK;
    size_t each = digests->rows, last = first + n;
    if (each == 0 || n == 0) return TREN_OK;
    for (size_t begin = first / each * each; begin < last; begin += each) {
        row_block b = {begin, begin + each < array->n_rows ? begin + each : array->n_rows, 0, 0, 0};
        b.lo = begin > first ? begin : first;
        b.hi = b.end < last ? b.end : last;
        b.rows = (const char *)rows + (b.lo - first) * array->row_bytes;
        if (b.hi - b.lo < b.end - begin) {
            if (!room)
                TREN_GOTO(tren_alloc(&room, each < array->n_rows ? each : array->n_rows,
                                     array->row_bytes, "verifying a dataset"));
            TREN_GOTO(complete(room, dataset, array, &b));
            b.rows = room;
        }
        if (tren_digest(b.rows, (b.end - begin) * array->row_bytes) != digests->at[begin / each])
            TREN_GOTO(changed(dataset->path, array->name, begin, b.end));
    }
done:
    free(room);
    return st;
}
