/* Going through the children of a group. */
#include "io/h5_internal.h"
#include <stdlib.h>
#include <string.h>

typedef struct name_list {
    char **at;
    hsize_t n;
} name_list;

static void names_free(name_list *names) {
    for (hsize_t i = 0; names->at && i < names->n; i++) free(names->at[i]);
    free(names->at);
}

/* Names are taken first: the callback is free to use the file. */
static tren_status names_read(tren_h5 *file, const char *group, name_list *names) {
    H5G_info_t info;
    if (H5Gget_info_by_name(file->id, group, &info, file->links) < 0)
        return tren_h5_error(file, group, "cannot list this group");
    TREN_TRY(
        tren_alloc(&names->at, (size_t)info.nlinks + 1, sizeof *names->at, "the names in a group"));
    names->n = info.nlinks;
    for (hsize_t i = 0; i < names->n; i++) {
        ssize_t length = H5Lget_name_by_idx(file->id, group, H5_INDEX_NAME, H5_ITER_INC, i, NULL, 0,
                                            file->links);
        if (length < 0) return tren_h5_error(file, group, "cannot list this group");
        TREN_TRY(tren_alloc(&names->at[i], (size_t)length + 1, 1, "a name in a group"));
        H5Lget_name_by_idx(file->id, group, H5_INDEX_NAME, H5_ITER_INC, i, names->at[i],
                           (size_t)length + 1, file->links);
    }
    return TREN_OK;
}

static bool is_group(tren_h5 *file, const char *group, const char *name) {
    hid_t parent = H5Oopen(file->id, group, file->links);
    hid_t child = H5Oopen(parent, name, file->links);
    bool yes = child >= 0 && H5Iget_type(child) == H5I_GROUP;
    if (child >= 0) H5Oclose(child);
    if (parent >= 0) H5Oclose(parent);
    return yes;
}

tren_status tren_h5_each(tren_h5 *file, const char *group,
                         tren_status (*fn)(void *ctx, const char *name, bool is_group), void *ctx) {
    tren_h5_quiet();
    name_list names = {0};
    tren_status st;
    TREN_GOTO(names_read(file, group, &names));
    for (hsize_t i = 0; i < names.n; i++)
        TREN_GOTO(fn(ctx, names.at[i], is_group(file, group, names.at[i])));
done:
    names_free(&names);
    return st;
}

/* ---- which datasets there are ---------------------------------------------------------------- */

enum { MAX_VISITS = 1000 }; /* groups may hold each other in a circle */

typedef struct listing {
    tren_h5 *file;
    char group[256], names[512];
    int n, visits;
} listing;

static tren_status list_child(void *ctx, const char *name, bool is_group) {
    listing *l = ctx;
    size_t parent = strlen(l->group), at = strlen(l->names);
    if (l->visits++ >= MAX_VISITS || parent + strlen(name) + 2 > sizeof l->group) return TREN_OK;
    snprintf(l->group + parent, sizeof l->group - parent, "/%s", name);
    if (is_group) {
        tren_h5_each(l->file, l->group, list_child, l);
    } else if (at + strlen(l->group) + 8 < sizeof l->names) {
        snprintf(l->names + at, sizeof l->names - at, "%s%s", l->n ? ", " : "", l->group);
        l->n++;
    }
    l->group[parent] = '\0';
    return TREN_OK;
}

tren_status tren_h5_refuse_missing(tren_h5 *file, const char *name) {
    listing l = {.file = file};
    tren_h5_each(file, "/", list_child, &l);
    if (l.n == 0)
        return tren_h5_refuse(
            file, name, "there is no such dataset; the file has none at all: give the right file");
    return tren_h5_refuse(
        file, name,
        "there is no such dataset; there are %s: name one of these, or give the right file",
        l.names);
}
