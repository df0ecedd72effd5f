/* Whether every value of a dataset is stored somewhere: HDF5 reads those that are not as the fill
 * value, which is zero unless somebody chose another. Also bounds what a file may claim, before
 * memory is taken for it: no dataset is larger than what holds it. */
#include "base/input.h"
#include "io/h5_internal.h"
#include <string.h>
#include <sys/stat.h>

/* What the checks of one dataset share. */
typedef struct target {
    tren_h5 *file;
    const char *name;
    const tren_h5_set *set;
    size_t bytes; /* of all values, as stored without compression */
} target;

static tren_status too_large(const target *t) {
    return tren_h5_refuse(t->file, t->name,
                          "claims %zu rows, more values than its file holds: the file is damaged, "
                          "copy or make it again",
                          t->set->shape.rank ? t->set->shape.dim[0] : 1);
}

/* ---- external storage ------------------------------------------------------------------------ */

/* A file of external storage that is too short is read as zeros too. */
static tren_status check_piece(tren_h5 *file, const char *name, const char *path, off_t offset,
                               hsize_t bytes) {
    struct stat about;
    if (stat(path, &about) == 0 && bytes != H5F_UNLIMITED &&
        (offset < 0 || (uint64_t)about.st_size < (uint64_t)offset ||
         (uint64_t)about.st_size - (uint64_t)offset < bytes))
        return tren_h5_refuse(file, name,
                              "its values are in %s, which has %lld bytes instead of %llu: "
                              "copy it again",
                              path, (long long)about.st_size,
                              (unsigned long long)((uint64_t)offset + bytes));
    return TREN_OK;
}

static tren_status check_external(tren_h5 *file, const char *name, hid_t list) {
    int n = H5Pget_external_count(list);
    for (int i = 0; i < n; i++) {
        char stored[PATH_MAX] = "", path[PATH_MAX], why[TREN_H5_TEXT];
        off_t offset = 0;
        hsize_t bytes = 0;
        if (H5Pget_external(list, (unsigned)i, sizeof stored - 1, stored, &offset, &bytes) < 0)
            return tren_h5_error(file, name, "cannot read how it is stored");
        if (!file->allow_external)
            return tren_h5_refuse(file, name,
                                  "its values are in another file, %s (external storage); %s",
                                  stored, tren_h5_trust(file));
        /* HDF5 looks for these from the working folder. */
        if (!tren_h5_may_read(file, "", stored, path, why))
            return tren_h5_refuse(file, name, "its values are in another file: %s", why);
        TREN_TRY(check_piece(file, name, path, offset, bytes));
    }
    return TREN_OK;
}

tren_status tren_h5_check_places(tren_h5 *file, const char *name, hid_t set) {
    char holder[PATH_MAX];
    hid_t list = H5Dget_create_plist(set);
    if (list < 0) return tren_h5_error(file, name, "cannot read how it is stored");
    tren_h5_holder(holder, set);
    tren_status st = check_external(file, name, list);
    if (st == TREN_OK && H5Pget_layout(list) == H5D_VIRTUAL)
        st = tren_h5_check_sources(file, name, list, holder);
    H5Pclose(list);
    return st;
}

/* ---- contiguous ------------------------------------------------------------------------------ */

static tren_status check_contiguous(const target *t, hid_t list) {
    struct stat about;
    char holder[PATH_MAX];
    uint64_t at = H5Dget_offset(t->set->id), stored = H5Dget_storage_size(t->set->id);
    if (H5Pget_external_count(list) > 0) return stored < t->bytes ? too_large(t) : TREN_OK;
    if (at == HADDR_UNDEF)
        return tren_h5_refuse(t->file, t->name,
                              "none of its %zu rows was ever written: write them, or leave the "
                              "dataset out",
                              t->set->shape.rank ? t->set->shape.dim[0] : 1);
    tren_h5_holder(holder, t->set->id);
    bool fits = stored >= t->bytes && stat(holder, &about) == 0 && (uint64_t)about.st_size >= at &&
                (uint64_t)about.st_size - at >= t->bytes;
    return fits ? TREN_OK : too_large(t);
}

/* ---- chunks ---------------------------------------------------------------------------------- */

/* The chunk after the one at `at`, the last dimension first. False after the last. */
static bool next_chunk(hsize_t *at, const tren_h5_shape *chunk, const tren_h5_shape *shape) {
    for (int i = shape->rank - 1; i >= 0; i--) {
        if (shape->dim[i] - at[i] > chunk->dim[i]) {
            at[i] += chunk->dim[i];
            return true;
        }
        at[i] = 0;
    }
    return false;
}

/* Ends at the first that is not there: no more steps than the file has chunks. */
static tren_status check_chunks(const target *t) {
    const tren_h5_shape *shape = &t->set->shape;
    tren_h5_shape chunk;
    hsize_t at[TREN_H5_MAX_RANK] = {0}, stored;
    bool known = tren_h5_set_chunk(&chunk, t->set);
    if (!known || tren_h5_count(&chunk, 0) == 0)
        return tren_h5_refuse(t->file, t->name,
                              "its chunks do not fit its shape: the file is damaged, copy or make "
                              "it again");
    do {
        stored = 0; /* HDF5 1.14 says nothing where no chunk was written */
        if (H5Dget_chunk_storage_size(t->set->id, at, &stored) >= 0 && stored > 0) continue;
        size_t first = (size_t)at[0], left = shape->dim[0] - first;
        size_t n = chunk.dim[0] < left ? chunk.dim[0] : left;
        return tren_h5_refuse(t->file, t->name,
                              "rows %zu to %zu of %zu are not all stored: they were never written, "
                              "or the file is damaged; write them, or copy or make it again",
                              first, first + n - 1, shape->dim[0]);
    } while (next_chunk(at, &chunk, shape));
    return TREN_OK;
}

/* ---- all ------------------------------------------------------------------------------------- */

static tren_status measure(target *t) {
    hid_t type = H5Dget_type(t->set->id);
    size_t size = type < 0 ? 0 : H5Tget_size(type);
    H5Tclose(type);
    if (size == 0) return tren_h5_error(t->file, t->name, "cannot read its type");
    return tren_size_mul(&t->bytes, tren_h5_count(&t->set->shape, 0), size) ? TREN_OK
                                                                            : too_large(t);
}

static tren_status check_layout(const target *t, hid_t list) {
    switch (t->set->layout) {
    case H5D_CONTIGUOUS:
        return check_contiguous(t, list);
    case H5D_CHUNKED:
        return check_chunks(t);
    case H5D_VIRTUAL:
        return tren_h5_check_virtual(t->file, t->name, list, t->set);
    default: /* compact: the values are in the header */
        return H5Dget_storage_size(t->set->id) < t->bytes ? too_large(t) : TREN_OK;
    }
}

tren_status tren_h5_check_stored(tren_h5 *file, const char *name, const tren_h5_set *set) {
    target t = {file, name, set, 0};
    TREN_TRY(measure(&t));
    if (t.bytes == 0) return TREN_OK;
    hid_t list = H5Dget_create_plist(set->id);
    if (list < 0) return tren_h5_error(file, name, "cannot read how it is stored");
    tren_status st = check_layout(&t, list);
    H5Pclose(list);
    return st;
}
