/* Rows of an array as the file has them, by HDF5, or from where HDF5 has said that they lie. */
#include "data/row_digests.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK_BYTES = 1 << 24 }; /* read at a time, so that somebody can tell how far it is */

void tren_dataset_watch(tren_dataset *dataset, tren_read_fn fn, void *ctx) {
    dataset->read = fn;
    dataset->read_ctx = ctx;
}

static tren_status cut_short(const tren_dataset *dataset, const char *name, ssize_t got) {
    return tren_fail(TREN_ERR_DATA, "%s: %s: cannot read: %s", dataset->path, name,
                     got < 0 ? strerror(errno)
                             : "the file has become shorter; copy or make it again");
}

static tren_status read_place(char *out, const tren_dataset *dataset, const tren_row_array *array,
                              size_t first, size_t n) {
    uint64_t offset = dataset->place[array->kind][array->part].offset + first * array->row_bytes;
    for (size_t at = 0, bytes = n * array->row_bytes; at < bytes;) {
        ssize_t got = pread(dataset->fd, out + at, bytes - at, (off_t)(offset + at));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return cut_short(dataset, array->name, got);
        at += (size_t)got;
    }
    return TREN_OK;
}

static tren_status read_block(char *out, const tren_dataset *dataset, const tren_row_array *array,
                              size_t first, size_t n) {
    if (!dataset->file) return read_place(out, dataset, array, first, n);
    return tren_h5_read_rows(dataset->file, array->name, first, n, array->type, out);
}

tren_status tren_row_array_read(void *out, const tren_dataset *dataset, const tren_row_array *array,
                                size_t first, size_t n) {
    size_t each = BLOCK_BYTES / (array->row_bytes + 1) + 1;
    for (size_t at = 0; at < n; at += each) {
        size_t here = n - at < each ? n - at : each;
        TREN_TRY(read_block((char *)out + at * array->row_bytes, dataset, array, first + at, here));
        if (dataset->read) dataset->read(dataset->read_ctx, here * array->row_bytes);
    }
    return TREN_OK;
}
