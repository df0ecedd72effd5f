/* Attributes: small named values on "/" or any object. */
#include "io/h5_internal.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* Which attribute of which object of which file. */
typedef struct place {
    tren_h5 *file;
    const char *object, *name;
} place;

/* ---- writing --------------------------------------------------------------------------------- */

/* Closes `space`. */
static tren_status put(place at, hid_t type, hid_t native, hid_t space, const void *value) {
    hid_t id = H5Acreate_by_name(at.file->id, at.object, at.name, type, space, H5P_DEFAULT,
                                 H5P_DEFAULT, H5P_DEFAULT);
    tren_status st = TREN_OK;
    if (id < 0 || H5Awrite(id, native, value) < 0)
        st = tren_h5_error(at.file, at.object, "cannot write the attribute %s", at.name);
    if (id >= 0 && H5Aclose(id) < 0 && st == TREN_OK)
        st = tren_h5_error(at.file, at.object, "cannot write the attribute %s", at.name);
    H5Sclose(space);
    return st;
}

static tren_status put_numbers(place at, tren_type type, const void *value, hid_t space) {
    return put(at, tren_h5_stored(type), tren_h5_native(type), space, value);
}

static hid_t row_of(size_t n) {
    hsize_t dim = n;
    return H5Screate_simple(1, &dim, NULL);
}

static hid_t text_type(size_t size) {
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, size ? size : 1);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

tren_status tren_h5_put_text(tren_h5 *file, const char *object, const char *name,
                             const char *text) {
    tren_h5_quiet();
    hid_t type = text_type(strlen(text));
    tren_status st = put((place){file, object, name}, type, type, H5Screate(H5S_SCALAR), text);
    H5Tclose(type);
    return st;
}

tren_status tren_h5_put_i64(tren_h5 *file, const char *object, const char *name, int64_t value) {
    tren_h5_quiet();
    return put_numbers((place){file, object, name}, TREN_I64, &value, H5Screate(H5S_SCALAR));
}

tren_status tren_h5_put_u64(tren_h5 *file, const char *object, const char *name, uint64_t value) {
    tren_h5_quiet();
    return put_numbers((place){file, object, name}, TREN_U64, &value, H5Screate(H5S_SCALAR));
}

tren_status tren_h5_put_i64s(tren_h5 *file, const char *object, const char *name,
                             const int64_t *value, size_t n) {
    tren_h5_quiet();
    return put_numbers((place){file, object, name}, TREN_I64, value, row_of(n));
}

tren_status tren_h5_put_f64s(tren_h5 *file, const char *object, const char *name,
                             const double *value, size_t n) {
    tren_h5_quiet();
    return put_numbers((place){file, object, name}, TREN_F64, value, row_of(n));
}

tren_status tren_h5_put_texts(tren_h5 *file, const char *object, const char *name,
                              const char *const *text, size_t n) {
    tren_h5_quiet();
    size_t width = 1;
    for (size_t i = 0; i < n; i++)
        if (strlen(text[i]) > width) width = strlen(text[i]);
    char *cell;
    TREN_TRY(tren_alloc(&cell, n, width, "an attribute"));
    for (size_t i = 0; i < n; i++) memcpy(cell + i * width, text[i], strlen(text[i]));
    hid_t type = text_type(width);
    tren_status st = put((place){file, object, name}, type, type, row_of(n), cell);
    H5Tclose(type);
    free(cell);
    return st;
}

/* ---- reading --------------------------------------------------------------------------------- */

#define REMEDY ": the file is damaged, or another program changed it; copy or make it again"

/* An attribute opened for reading, with its type and number of elements. */
typedef struct opened {
    hid_t id, type;
    H5T_class_t class;
    size_t n;
} opened;

static void attribute_close(opened *attribute) {
    if (attribute->type >= 0) H5Tclose(attribute->type);
    if (attribute->id >= 0) H5Aclose(attribute->id);
}

static tren_status attribute_open(place at, opened *attribute) {
    tren_h5_quiet();
    *attribute = (opened){.id = H5I_INVALID_HID, .type = H5I_INVALID_HID};
    if (!tren_h5_has_attr(at.file, at.object, at.name))
        return tren_h5_refuse(at.file, at.object, "has no attribute %s" REMEDY, at.name);
    attribute->id = H5Aopen_by_name(at.file->id, at.object, at.name, H5P_DEFAULT, at.file->links);
    if (attribute->id < 0)
        return tren_h5_error(at.file, at.object, "cannot open the attribute %s", at.name);
    hid_t space = H5Aget_space(attribute->id);
    attribute->type = H5Aget_type(attribute->id);
    hssize_t n = H5Sget_simple_extent_npoints(space);
    H5Sclose(space);
    if (attribute->type < 0 || n < 0)
        return tren_h5_error(at.file, at.object, "cannot open the attribute %s", at.name);
    attribute->class = H5Tget_class(attribute->type);
    attribute->n = (size_t)n;
    return TREN_OK;
}

/* Where damage keeps HDF5 from saying, yes: reading it then fails with the reason. */
bool tren_h5_has_attr(tren_h5 *file, const char *object, const char *name) {
    tren_h5_quiet();
    return tren_h5_has(file, object) && H5Aexists_by_name(file->id, object, name, file->links) != 0;
}

/* Integers may stand for reals, not the other way round. *n in: room; out: count. */
static tren_status get_numbers(place at, tren_type type, void *value, size_t *n) {
    opened attribute;
    tren_status st;
    TREN_GOTO(attribute_open(at, &attribute));
    bool right =
        attribute.class == H5T_INTEGER || (type == TREN_F64 && attribute.class == H5T_FLOAT);
    if (!right)
        TREN_GOTO(tren_h5_refuse(at.file, at.object, "the attribute %s should hold %s" REMEDY,
                                 at.name, type == TREN_F64 ? "numbers" : "integers"));
    if (attribute.n > *n)
        TREN_GOTO(tren_h5_refuse(at.file, at.object,
                                 "the attribute %s has %zu values, expected at most %zu" REMEDY,
                                 at.name, attribute.n, *n));
    *n = attribute.n;
    if (H5Aread(attribute.id, tren_h5_native(type), value) < 0)
        st = tren_h5_error(at.file, at.object, "cannot read the attribute %s", at.name);
done:
    attribute_close(&attribute);
    return st;
}

static tren_status get_number(place at, tren_type type, void *value) {
    size_t n = 1;
    TREN_TRY(get_numbers(at, type, value, &n));
    if (n == 1) return TREN_OK;
    return tren_h5_refuse(at.file, at.object, "the attribute %s is empty" REMEDY, at.name);
}

tren_status tren_h5_get_i64(tren_h5 *file, const char *object, const char *name, int64_t *value) {
    return get_number((place){file, object, name}, TREN_I64, value);
}

tren_status tren_h5_get_u64(tren_h5 *file, const char *object, const char *name, uint64_t *value) {
    return get_number((place){file, object, name}, TREN_U64, value);
}

tren_status tren_h5_get_i64s(tren_h5 *file, const char *object, const char *name, int64_t *value,
                             size_t *n) {
    return get_numbers((place){file, object, name}, TREN_I64, value, n);
}

tren_status tren_h5_get_f64s(tren_h5 *file, const char *object, const char *name, double *value,
                             size_t *n) {
    return get_numbers((place){file, object, name}, TREN_F64, value, n);
}

/* The reading alone, in a child process. */
typedef struct rehearsal {
    place at;
    const opened *attribute;
    char **theirs;
} rehearsal;

static tren_status rehearse(void *ctx, int fd) {
    (void)fd;
    const rehearsal *r = ctx;
    if (H5Aread(r->attribute->id, r->attribute->type, r->theirs) >= 0) return TREN_OK;
    return tren_h5_error(r->at.file, r->at.object, "cannot read the attribute %s", r->at.name);
}

/* Strings as other programs write them: HDF5 allocates each. They lie in a heap without checksums,
 * and damage there crashes the library: a child process tries first. */
static tren_status read_variable(place at, const opened *attribute, char **text) {
    char **theirs;
    TREN_TRY(tren_alloc(&theirs, attribute->n, sizeof *theirs, "an attribute"));
    tren_status st = TREN_OK;
    rehearsal trial = {at, attribute, theirs};
    tren_h5_task task = {at.file, at.name, rehearse, &trial};
    TREN_GOTO(tren_h5_apart(&task, NULL, 0));
    if (H5Aread(attribute->id, attribute->type, theirs) < 0)
        TREN_GOTO(tren_h5_error(at.file, at.object, "cannot read the attribute %s", at.name));
    for (size_t i = 0; i < attribute->n && st == TREN_OK; i++) {
        const char *one = theirs[i] ? theirs[i] : "";
        st = tren_alloc(&text[i], strlen(one) + 1, 1, "an attribute");
        if (st == TREN_OK) strcpy(text[i], one);
        H5free_memory(theirs[i]);
    }
done:
    free(theirs);
    return st;
}

static tren_status read_fixed(place at, const opened *attribute, char **text) {
    size_t width = H5Tget_size(attribute->type);
    char *cell;
    TREN_TRY(tren_alloc(&cell, attribute->n, width, "an attribute"));
    tren_status st = TREN_OK;
    if (H5Aread(attribute->id, attribute->type, cell) < 0)
        TREN_GOTO(tren_h5_error(at.file, at.object, "cannot read the attribute %s", at.name));
    for (size_t i = 0; i < attribute->n; i++) {
        TREN_GOTO(tren_alloc(&text[i], width + 1, 1, "an attribute"));
        memcpy(text[i], cell + i * width, width);
    }
done:
    free(cell);
    return st;
}

tren_status tren_h5_get_texts(tren_h5 *file, const char *object, const char *name, char ***text,
                              size_t *n) {
    place at = {file, object, name};
    opened attribute;
    tren_status st;
    *text = NULL;
    TREN_GOTO(attribute_open(at, &attribute));
    if (attribute.class != H5T_STRING)
        TREN_GOTO(tren_h5_refuse(file, object, "the attribute %s should hold text" REMEDY, name));
    *n = attribute.n;
    TREN_GOTO(tren_alloc(text, attribute.n, sizeof **text, "an attribute"));
    bool variable = H5Tis_variable_str(attribute.type) > 0;
    st = variable ? read_variable(at, &attribute, *text) : read_fixed(at, &attribute, *text);
    if (st != TREN_OK) {
        tren_text_free_list(*text, attribute.n);
        *text = NULL;
    }
done:
    attribute_close(&attribute);
    return st;
}

tren_status tren_h5_get_text(tren_h5 *file, const char *object, const char *name, char *text,
                             size_t n) {
    char **one;
    size_t count;
    TREN_TRY(tren_h5_get_texts(file, object, name, &one, &count));
    tren_status st = TREN_OK;
    if (count != 1)
        st = tren_h5_refuse(file, object, "the attribute %s should be one text" REMEDY, name);
    else if (strlen(one[0]) >= n)
        st = tren_h5_refuse(file, object, "the attribute %s is longer than %zu bytes" REMEDY, name,
                            n - 1);
    else
        strcpy(text, one[0]);
    tren_text_free_list(one, count);
    return st;
}
