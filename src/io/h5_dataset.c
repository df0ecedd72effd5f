/* Groups and datasets: what is there, reading and writing rows. */
#include "io/h5_internal.h"
#include <stdlib.h>
#include <string.h>

void tren_h5_set_close(tren_h5_set *set) {
    if (set->space >= 0) H5Sclose(set->space);
    if (set->id >= 0) H5Dclose(set->id);
    set->space = set->id = H5I_INVALID_HID;
}

static tren_status set_extent(tren_h5 *file, const char *name, tren_h5_set *set) {
    hsize_t dim[H5S_MAX_RANK];
    int rank = H5Sget_simple_extent_dims(set->space, dim, NULL);
    if (rank < 0) return tren_h5_error(file, name, "cannot read its shape");
    if (rank > TREN_H5_MAX_RANK)
        return tren_h5_refuse(file, name,
                              "has %d dimensions; at most %d are supported: reshape it first", rank,
                              TREN_H5_MAX_RANK);
    if (H5Sget_simple_extent_type(set->space) == H5S_NULL)
        return tren_h5_refuse(file, name,
                              "has no elements (its dataspace is null); name a dataset of rows");
    set->shape = (tren_h5_shape){.rank = rank};
    for (int i = 0; i < rank; i++) set->shape.dim[i] = (size_t)dim[i];
    return TREN_OK;
}

static tren_status set_layout(tren_h5 *file, const char *name, tren_h5_set *set) {
    hid_t list = H5Dget_create_plist(set->id);
    set->layout = H5Pget_layout(list);
    H5Pclose(list);
    return set->layout < 0 ? tren_h5_error(file, name, "cannot read how it is stored") : TREN_OK;
}

/* Virtual datasets, external storage, and what an external link has led to. */
static bool lies_elsewhere(const tren_h5 *file, const tren_h5_set *set) {
    char holder[PATH_MAX], own[PATH_MAX];
    hid_t list = H5Dget_create_plist(set->id);
    bool stored_elsewhere = set->layout == H5D_VIRTUAL || H5Pget_external_count(list) > 0;
    H5Pclose(list);
    tren_h5_holder(holder, set->id);
    tren_h5_holder(own, file->id);
    return stored_elsewhere || strcmp(holder, own) != 0;
}

/* Counting chunks takes time: once for each name. */
static tren_status set_check(tren_h5 *file, const char *name, const tren_h5_set *set) {
    for (int i = 0; i < file->n_checked; i++)
        if (!strcmp(file->checked[i], name)) return TREN_OK;
    TREN_TRY(tren_h5_check_stored(file, name, set));
    if (lies_elsewhere(file, set)) file->elsewhere = true;
    TREN_TRY(tren_resize(&file->checked, (size_t)file->n_checked + 1, sizeof *file->checked,
                         "the names of the datasets of a file"));
    if (!(file->checked[file->n_checked] = strdup(name)))
        return tren_fail(TREN_ERR_INTERNAL, "%s: out of memory", file->path);
    file->n_checked++;
    return TREN_OK;
}

/* An external link to what its file does not have is told from a name that is not there. */
static tren_status no_such_dataset(tren_h5 *file, const char *name) {
    char target[TREN_H5_TEXT];
    const char *path = NULL, *object = NULL;
    H5L_info_t link;
    if (H5Lget_info(file->id, name, &link, file->links) >= 0 && link.type == H5L_TYPE_EXTERNAL &&
        link.u.val_size <= sizeof target &&
        H5Lget_val(file->id, name, target, sizeof target, file->links) >= 0 &&
        H5Lunpack_elink_val(target, link.u.val_size, NULL, &path, &object) >= 0)
        return tren_h5_refuse(
            file, name,
            "is a link to %s in %s, which is no HDF5 file or has no such dataset; "
            "copy that file beside this one, or correct the link",
            object, path);
    return tren_h5_refuse_missing(file, name);
}

static tren_status set_find(tren_h5 *file, const char *name, tren_h5_set *set) {
    if (!tren_h5_has(file, name)) return no_such_dataset(file, name);
    if (!file->refusal[0]) set->id = H5Dopen2(file->id, name, file->links);
    if (file->refusal[0]) return tren_h5_refuse(file, name, "%s", file->refusal);
    return set->id < 0 ? tren_h5_error(file, name, "cannot open this dataset") : TREN_OK;
}

static tren_status set_open(tren_h5 *file, const char *name, tren_h5_set *set) {
    TREN_TRY(set_find(file, name, set));
    TREN_TRY(set_layout(file, name, set));
    if (!file->writing) TREN_TRY(tren_h5_check_places(file, name, set->id));
    set->space = H5Dget_space(set->id);
    if (set->space < 0) return tren_h5_error(file, name, "cannot read its shape");
    TREN_TRY(set_extent(file, name, set));
    return file->writing ? TREN_OK : set_check(file, name, set);
}

tren_status tren_h5_set_open(tren_h5 *file, const char *name, tren_h5_set *set) {
    tren_h5_quiet();
    set->id = set->space = H5I_INVALID_HID;
    tren_status st = set_open(file, name, set);
    if (st != TREN_OK) tren_h5_set_close(set);
    return st;
}

size_t tren_h5_count(const tren_h5_shape *shape, int from) {
    size_t count = 1;
    for (int i = from; i < shape->rank; i++) /* whatever overflows, 0 elements are 0 */
        if (shape->dim[i] == 0) return 0;
    for (int i = from; i < shape->rank; i++) tren_size_mul(&count, count, shape->dim[i]);
    return count;
}

/* Whether a link of this name exists; H5Lexists wants every component but the last to exist. */
static bool link_exists(tren_h5 *file, const char *name) {
    char path[1024];
    size_t n = strlen(name);
    if (n >= sizeof path) return false;
    memcpy(path, name, n + 1);
    for (char *p = path + 1; *p; p++) {
        if (*p != '/') continue;
        *p = '\0';
        if (H5Lexists(file->id, path, file->links) <= 0) return false;
        *p = '/';
    }
    return H5Lexists(file->id, path, file->links) > 0;
}

bool tren_h5_has(tren_h5 *file, const char *name) {
    tren_h5_quiet();
    if (!strcmp(name, "/")) return true;
    file->refusal[0] = '\0';
    bool has =
        name[0] && link_exists(file, name) && H5Oexists_by_name(file->id, name, file->links) > 0;
    return has || file->refusal[0]; /* opening it then fails with the reason */
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
    if (strlen(name) >= sizeof path)
        return tren_h5_refuse(file, name, "the name is too long; rename it");
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
    tren_h5_set dataset;
    tren_status st;
    TREN_GOTO(tren_h5_set_open(file, name, &dataset));
    hid_t stored = H5Dget_type(dataset.id);
    bool known = stored >= 0 && tren_h5_ours(type, stored);
    H5Tclose(stored);
    if (!known)
        TREN_GOTO(tren_h5_refuse(
            file, name,
            "does not hold numbers; name a dataset of whole or floating-point numbers"));
    *shape = dataset.shape;
done:
    tren_h5_set_close(&dataset);
    return st;
}

bool tren_h5_set_chunk(tren_h5_shape *chunk, const tren_h5_set *set) {
    hsize_t dim[TREN_H5_MAX_RANK];
    *chunk = (tren_h5_shape){0};
    if (set->layout != H5D_CHUNKED) return true;
    hid_t list = H5Dget_create_plist(set->id);
    int rank = H5Pget_chunk(list, TREN_H5_MAX_RANK, dim);
    H5Pclose(list);
    if (rank != set->shape.rank) return false;
    for (int i = 0; i < rank; i++) chunk->dim[i] = (size_t)dim[i];
    chunk->rank = rank;
    return true;
}

tren_status tren_h5_chunk(tren_h5 *file, const char *name, tren_h5_shape *chunk) {
    tren_h5_set set;
    TREN_TRY(tren_h5_set_open(file, name, &set));
    tren_status st = TREN_OK;
    if (!tren_h5_set_chunk(chunk, &set))
        st = tren_h5_error(file, name, "cannot read how it is stored");
    tren_h5_set_close(&set);
    return st;
}

static tren_status rows_check(const tren_h5_range *r) {
    size_t rows = r->set->shape.rank ? r->set->shape.dim[0] : 0;
    if (r->first <= rows && r->n <= rows - r->first) return TREN_OK;
    return tren_h5_refuse(
        r->file, r->name,
        "rows %zu to %zu are wanted, it has %zu: it was changed; copy or make it again", r->first,
        r->first + r->n, rows);
}

/* Selects the rows in the file; *memory is the matching space in memory, to be closed. */
static tren_status rows_select(const tren_h5_range *r, hid_t *memory) {
    const tren_h5_shape *shape = &r->set->shape;
    hsize_t start[TREN_H5_MAX_RANK] = {r->first}, count[TREN_H5_MAX_RANK] = {r->n};
    for (int i = 1; i < shape->rank; i++) count[i] = shape->dim[i];
    *memory = H5I_INVALID_HID;
    if (H5Sselect_hyperslab(r->set->space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0)
        *memory = H5Screate_simple(shape->rank, count, NULL);
    return *memory < 0 ? tren_h5_error(r->file, r->name, "cannot select rows") : TREN_OK;
}

tren_status tren_h5_range_read(const tren_h5_range *r, void *out) {
    hid_t memory = H5I_INVALID_HID;
    TREN_TRY(rows_select(r, &memory));
    tren_status st = TREN_OK;
    if (H5Dread(r->set->id, tren_h5_native(r->type), memory, r->set->space, H5P_DEFAULT, out) < 0)
        st = tren_h5_error(r->file, r->name, "cannot read rows %zu to %zu", r->first,
                           r->first + r->n);
    H5Sclose(memory);
    return st;
}

tren_status tren_h5_read_rows(tren_h5 *file, const char *name, size_t first, size_t n,
                              tren_type type, void *out) {
    tren_h5_set set;
    tren_status st;
    TREN_GOTO(tren_h5_set_open(file, name, &set));
    tren_h5_range range = {file, name, &set, first, n, type};
    TREN_GOTO(rows_check(&range));
    if (n > 0)
        st = set.layout == H5D_CONTIGUOUS ? tren_h5_range_read(&range, out)
                                          : tren_h5_range_read_apart(&range, out);
done:
    tren_h5_set_close(&set);
    return st;
}

static tren_status read_scalar(tren_h5 *file, const char *name, tren_type type, void *out) {
    tren_h5_set set;
    TREN_TRY(tren_h5_set_open(file, name, &set));
    tren_status st = TREN_OK;
    if (H5Dread(set.id, tren_h5_native(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, out) < 0)
        st = tren_h5_error(file, name, "cannot read");
    tren_h5_set_close(&set);
    return st;
}

tren_status tren_h5_read(tren_h5 *file, const char *name, size_t count, tren_type type, void *out) {
    tren_h5_set set;
    TREN_TRY(tren_h5_set_open(file, name, &set));
    size_t has = tren_h5_count(&set.shape, 0);
    tren_h5_shape shape = set.shape;
    tren_h5_set_close(&set);
    if (has != count)
        return tren_h5_refuse(
            file, name,
            "has %zu elements, %zu are expected: the file is damaged, copy or make it again", has,
            count);
    if (shape.rank == 0) return read_scalar(file, name, type, out);
    return count ? tren_h5_read_rows(file, name, 0, shape.dim[0], type, out) : TREN_OK;
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
static tren_status written_close(tren_h5 *file, const char *name, tren_h5_set *dataset) {
    hid_t set = dataset->id;
    dataset->id = H5I_INVALID_HID;
    if (H5Dclose(set) < 0) return tren_h5_error(file, name, "cannot write");
    return TREN_OK;
}

tren_status tren_h5_write_rows(tren_h5 *file, const char *name, size_t first, size_t n,
                               tren_type type, const void *data) {
    tren_h5_set set;
    hid_t memory = H5I_INVALID_HID;
    tren_status st;
    TREN_GOTO(tren_h5_set_open(file, name, &set));
    tren_h5_range range = {file, name, &set, first, n, type};
    TREN_GOTO(rows_check(&range));
    TREN_GOTO(rows_select(&range, &memory));
    if (n > 0 && H5Dwrite(set.id, tren_h5_native(type), memory, set.space, H5P_DEFAULT, data) < 0)
        TREN_GOTO(tren_h5_error(file, name, "cannot write rows %zu to %zu", first, first + n));
    st = written_close(file, name, &set);
done:
    if (memory >= 0) H5Sclose(memory);
    tren_h5_set_close(&set);
    return st;
}

tren_status tren_h5_write(tren_h5 *file, const char *name, tren_h5_shape shape, tren_type type,
                          const void *data) {
    TREN_TRY(tren_h5_create_dataset(file, name, shape, type));
    tren_h5_set dataset;
    tren_status st;
    TREN_GOTO(tren_h5_set_open(file, name, &dataset));
    if (tren_h5_count(&shape, 0) > 0 &&
        H5Dwrite(dataset.id, tren_h5_native(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)
        TREN_GOTO(tren_h5_error(file, name, "cannot write"));
    st = written_close(file, name, &dataset);
done:
    tren_h5_set_close(&dataset);
    return st;
}
