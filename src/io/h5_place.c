/* Where values lie in a file, for readers that do without HDF5. */
#include "io/h5_internal.h"
#include <string.h>

/* Offsets count from behind a user block. */
static bool has_user_block(const tren_h5 *file) {
    hsize_t bytes = 1;
    hid_t list = H5Fget_create_plist(file->id);
    bool known = list >= 0 && H5Pget_userblock(list, &bytes) >= 0;
    H5Pclose(list);
    return !known || bytes > 0;
}

static bool is_in_place(const tren_h5 *file, const tren_h5_set *set, tren_type type) {
    char holder[PATH_MAX], own[PATH_MAX];
    hid_t list = H5Dget_create_plist(set->id), stored = H5Dget_type(set->id);
    bool plain = set->layout == H5D_CONTIGUOUS && H5Pget_external_count(list) == 0 &&
                 H5Tequal(stored, tren_h5_native(type)) > 0;
    H5Tclose(stored);
    H5Pclose(list);
    tren_h5_holder(holder, set->id);
    tren_h5_holder(own, file->id);
    return plain && strcmp(holder, own) == 0 && !has_user_block(file);
}

tren_h5_place tren_h5_find_place(tren_h5 *file, const char *name, tren_type type) {
    tren_h5_set set;
    tren_h5_place place = {0};
    if (!tren_h5_has(file, name) || tren_h5_set_open(file, name, &set) != TREN_OK) return place;
    haddr_t at = is_in_place(file, &set, type) ? H5Dget_offset(set.id) : HADDR_UNDEF;
    if (at != HADDR_UNDEF && set.shape.rank > 0)
        place = (tren_h5_place){.offset = at, .rows = set.shape.dim[0]};
    tren_h5_set_close(&set);
    return place;
}
