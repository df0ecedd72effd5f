/* Groups and datasets: what is there, reading and writing rows. */
#include "io/h5_internal.h"
#include <stdlib.h>
#include <string.h>

/* A dataset opened for one access, with its extent. */
typedef struct opened {
    hid_t set, space;
    tren_h5_shape shape;
} opened;

static void dataset_close(opened *dataset) {
    if (dataset->space >= 0) H5Sclose(dataset->space);
    if (dataset->set >= 0) H5Dclose(dataset->set);
}

static tren_status dataset_extent(tren_h5 *file, const char *name, opened *dataset) {
    hsize_t dim[H5S_MAX_RANK];
    int rank = H5Sget_simple_extent_dims(dataset->space, dim, NULL);
    if (rank < 0) return tren_h5_error(file, name, "cannot read its shape");
    if (rank > TREN_H5_MAX_RANK)
        return tren_h5_refuse(file, name, "has %d dimensions; at most %d are supported", rank,
                              TREN_H5_MAX_RANK);
    dataset->shape = (tren_h5_shape){.rank = rank};
    for (int i = 0; i < rank; i++) dataset->shape.dim[i] = (size_t)dim[i];
    return TREN_OK;
}

static tren_status dataset_open(tren_h5 *file, const char *name, opened *dataset) {
    tren_h5_quiet();
    dataset->set = dataset->space = H5I_INVALID_HID;
    if (!tren_h5_has(file, name)) return tren_h5_refuse_missing(file, name);
    dataset->set = H5Dopen2(file->id, name, H5P_DEFAULT);
    if (dataset->set < 0) return tren_h5_error(file, name, "cannot open this dataset");
    dataset->space = H5Dget_space(dataset->set);
    if (dataset->space < 0) return tren_h5_error(file, name, "cannot read its shape");
    return dataset_extent(file, name, dataset);
}

static size_t count_of(const tren_h5_shape *shape, int from) {
    size_t count = 1;
    for (int i = from; i < shape->rank; i++) count *= shape->dim[i];
    return count;
}

/* Whether a link of this name exists; H5Lexists wants every component but the last to exist. */
static bool link_exists(hid_t file, const char *name) {
    char path[1024];
    size_t n = strlen(name);
    if (n >= sizeof path) return false;
    memcpy(path, name, n + 1);
    for (char *p = path + 1; *p; p++) {
        if (*p != '/') continue;
        *p = '\0';
        if (H5Lexists(file, path, H5P_DEFAULT) <= 0) return false;
        *p = '/';
    }
    return H5Lexists(file, path, H5P_DEFAULT) > 0;
}

bool tren_h5_has(tren_h5 *file, const char *name) {
    tren_h5_quiet();
    if (!strcmp(name, "/")) return true;
    return name[0] && link_exists(file->id, name) &&
           H5Oexists_by_name(file->id, name, H5P_DEFAULT) > 0;
}

static hid_t untimed(hid_t class) {
    hid_t list = H5Pcreate(class);
    H5Pset_obj_track_times(list, false);
    return list;
}

static tren_status group_create(tren_h5 *file, const char *name) {
    hid_t create_list = untimed(H5P_GROUP_CREATE);
    hid_t id = H5Gcreate2(file->id, name, H5P_DEFAULT, create_list, H5P_DEFAULT);
    tren_status st = TREN_OK;
    if (id < 0 || H5Gclose(id) < 0) st = tren_h5_error(file, name, "cannot create this group");
    H5Pclose(create_list);
    return st;
}

/* Creates the groups above `name` that are missing. HDF5's own way would stamp them with the time.
 */
static tren_status parents_create(tren_h5 *file, const char *name) {
    char path[1024];
    if (strlen(name) >= sizeof path) return tren_h5_refuse(file, name, "the name is too long");
    strcpy(path, name);
    for (char *p = path + 1; *p; p++) {
        if (*p != '/') continue;
        *p = '\0';
        if (!tren_h5_has(file, path)) TREN_TRY(group_create(file, path));
        *p = '/';
    }
    return TREN_OK;
}

tren_status tren_h5_group(tren_h5 *file, const char *name) {
    tren_h5_quiet();
    TREN_TRY(parents_create(file, name));
    return tren_h5_has(file, name) ? TREN_OK : group_create(file, name);
}

tren_status tren_h5_info(tren_h5 *file, const char *name, tren_h5_shape *shape, tren_type *type) {
    opened dataset;
    tren_status st;
    TREN_GOTO(dataset_open(file, name, &dataset));
    hid_t stored = H5Dget_type(dataset.set);
    bool known = stored >= 0 && tren_h5_ours(type, stored);
    H5Tclose(stored);
    if (!known)
        TREN_GOTO(tren_h5_refuse(
            file, name,
            "does not hold numbers; name a dataset of whole or floating-point numbers"));
    *shape = dataset.shape;
done:
    dataset_close(&dataset);
    return st;
}

tren_status tren_h5_chunk(tren_h5 *file, const char *name, tren_h5_shape *chunk) {
    *chunk = (tren_h5_shape){0};
    opened dataset;
    tren_status st;
    TREN_GOTO(dataset_open(file, name, &dataset));
    hid_t list = H5Dget_create_plist(dataset.set);
    hsize_t dim[TREN_H5_MAX_RANK];
    if (H5Pget_layout(list) == H5D_CHUNKED) chunk->rank = H5Pget_chunk(list, TREN_H5_MAX_RANK, dim);
    for (int i = 0; i < chunk->rank; i++) chunk->dim[i] = (size_t)dim[i];
    if (chunk->rank < 0) st = tren_h5_error(file, name, "cannot read how it is stored");
    H5Pclose(list);
done:
    dataset_close(&dataset);
    return st;
}

/* Selects rows [first, first + n) in the file; *memory is the matching space in memory, to be
 * closed. */
static tren_status rows_select(tren_h5 *file, const char *name, opened *dataset, size_t first,
                               size_t n, hid_t *memory) {
    const tren_h5_shape *shape = &dataset->shape;
    size_t rows = shape->rank ? shape->dim[0] : 0;
    if (first > rows || n > rows - first)
        return tren_h5_refuse(file, name, "rows %zu to %zu are wanted, it has %zu", first,
                              first + n, rows);
    hsize_t start[TREN_H5_MAX_RANK] = {first}, count[TREN_H5_MAX_RANK] = {n};
    for (int i = 1; i < shape->rank; i++) count[i] = shape->dim[i];
    if (H5Sselect_hyperslab(dataset->space, H5S_SELECT_SET, start, NULL, count, NULL) < 0)
        return tren_h5_error(file, name, "cannot select rows");
    *memory = H5Screate_simple(shape->rank, count, NULL);
    return *memory < 0 ? tren_h5_error(file, name, "cannot select rows") : TREN_OK;
}

tren_status tren_h5_read_rows(tren_h5 *file, const char *name, size_t first, size_t n,
                              tren_type type, void *out) {
    opened dataset;
    hid_t memory = H5I_INVALID_HID;
    tren_status st;
    TREN_GOTO(dataset_open(file, name, &dataset));
    TREN_GOTO(rows_select(file, name, &dataset, first, n, &memory));
    if (n > 0 &&
        H5Dread(dataset.set, tren_h5_native(type), memory, dataset.space, H5P_DEFAULT, out) < 0)
        st = tren_h5_error(file, name, "cannot read rows %zu to %zu", first, first + n);
done:
    if (memory >= 0) H5Sclose(memory);
    dataset_close(&dataset);
    return st;
}

tren_status tren_h5_read(tren_h5 *file, const char *name, size_t count, tren_type type, void *out) {
    opened dataset;
    tren_status st;
    TREN_GOTO(dataset_open(file, name, &dataset));
    size_t has = count_of(&dataset.shape, 0);
    if (has != count)
        TREN_GOTO(tren_h5_refuse(file, name, "has %zu elements, %zu are expected", has, count));
    if (count > 0 &&
        H5Dread(dataset.set, tren_h5_native(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, out) < 0)
        st = tren_h5_error(file, name, "cannot read");
done:
    dataset_close(&dataset);
    return st;
}

/* Contiguous, not filled first: every byte is written once, by us. */
static hid_t contiguous(void) {
    hid_t list = untimed(H5P_DATASET_CREATE);
    H5Pset_layout(list, H5D_CONTIGUOUS);
    H5Pset_fill_time(list, H5D_FILL_TIME_NEVER);
    return list;
}

static hid_t space_create(const tren_h5_shape *shape) {
    if (shape->rank == 0) return H5Screate(H5S_SCALAR);
    hsize_t dim[TREN_H5_MAX_RANK];
    for (int i = 0; i < shape->rank; i++) dim[i] = shape->dim[i];
    return H5Screate_simple(shape->rank, dim, NULL);
}

tren_status tren_h5_create_dataset(tren_h5 *file, const char *name, tren_h5_shape shape,
                                   tren_type type) {
    tren_h5_quiet();
    TREN_TRY(parents_create(file, name));
    hid_t space = space_create(&shape), create_list = contiguous();
    hid_t set = H5Dcreate2(file->id, name, tren_h5_stored(type), space, H5P_DEFAULT, create_list,
                           H5P_DEFAULT);
    tren_status st = TREN_OK;
    if (set < 0 || H5Dclose(set) < 0) st = tren_h5_error(file, name, "cannot create this dataset");
    H5Pclose(create_list);
    H5Sclose(space);
    return st;
}

/* The close is checked too: small pieces wait in HDF5's own buffer until then. */
static tren_status written_close(tren_h5 *file, const char *name, opened *dataset) {
    hid_t set = dataset->set;
    dataset->set = H5I_INVALID_HID;
    if (H5Dclose(set) < 0) return tren_h5_error(file, name, "cannot write");
    return TREN_OK;
}

tren_status tren_h5_write_rows(tren_h5 *file, const char *name, size_t first, size_t n,
                               tren_type type, const void *data) {
    opened dataset;
    hid_t memory = H5I_INVALID_HID;
    tren_status st;
    TREN_GOTO(dataset_open(file, name, &dataset));
    TREN_GOTO(rows_select(file, name, &dataset, first, n, &memory));
    if (n > 0 &&
        H5Dwrite(dataset.set, tren_h5_native(type), memory, dataset.space, H5P_DEFAULT, data) < 0)
        TREN_GOTO(tren_h5_error(file, name, "cannot write rows %zu to %zu", first, first + n));
    st = written_close(file, name, &dataset);
done:
    if (memory >= 0) H5Sclose(memory);
    dataset_close(&dataset);
    return st;
}

tren_status tren_h5_write(tren_h5 *file, const char *name, tren_h5_shape shape, tren_type type,
                          const void *data) {
    TREN_TRY(tren_h5_create_dataset(file, name, shape, type));
    opened dataset;
    tren_status st;
    TREN_GOTO(dataset_open(file, name, &dataset));
    if (count_of(&shape, 0) > 0 &&
        H5Dwrite(dataset.set, tren_h5_native(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)
        TREN_GOTO(tren_h5_error(file, name, "cannot write"));
    st = written_close(file, name, &dataset);
done:
    dataset_close(&dataset);
    return st;
}
