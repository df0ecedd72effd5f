/* Files that an HDF5 file refers to. Which ones may be read is decided here, before HDF5 opens any:
 * it would follow every path, wait for a pipe, and take a missing file for zeros. */
#include "base/input.h"
#include "io/h5_internal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool exists(const char *path) {
    struct stat about;
    return stat(path, &about) == 0;
}

/* "FOLDER/name", in the folder that `file` lies in. */
static void beside(char path[PATH_MAX], const char *file, const char *name) {
    const char *slash = strrchr(file, '/');
    snprintf(path, PATH_MAX, "%.*s%s", slash ? (int)(slash - file) + 1 : 0, file, name);
}

/* In the order in which HDF5 looks: beside the holder, in the working folder, and beside what a
 * symbolic link called holder leads to. */
static void locate(char path[PATH_MAX], const char *holder, const char *name) {
    char actual[PATH_MAX];
    snprintf(path, PATH_MAX, "%s", name);
    if (name[0] == '/') return;
    beside(path, holder, name);
    if (exists(path)) return;
    snprintf(path, PATH_MAX, "%s", name);
    if (exists(path)) return;
    if (realpath(holder, actual)) beside(path, actual, name);
    if (!exists(path)) beside(path, holder, name);
}

static bool is_below(const char *folder, const char *path) {
    size_t n = strlen(folder);
    if (n == 1) return true; /* "/" */
    return strncmp(folder, path, n) == 0 && path[n] == '/';
}

/* In the folder of the file that the user named, or below it. Links count as what they lead to.
 */
static bool is_near(const char *top, const char *path) {
    char actual[PATH_MAX], named[PATH_MAX], folder[PATH_MAX];
    if (!realpath(path, actual)) return false;
    beside(named, top, ".");
    if (realpath(named, folder) && is_below(folder, actual)) return true;
    if (!realpath(top, folder)) return false;
    char *slash = strrchr(folder, '/');
    slash[slash == folder] = '\0';
    return is_below(folder, actual);
}

/* Checkpoints never refer to other files: one that seems to is damaged, or not ours. */
const char *tren_h5_trust(const tren_h5 *file) {
    return file->code == TREN_ERR_CHECKPOINT
               ? "checkpoints hold all that is theirs: it is damaged, name another"
               : "if you trust that, 'tren data import hdf5 --allow-external' reads it";
}

bool tren_h5_may_read(const tren_h5 *file, const char *holder, const char *name,
                      char path[PATH_MAX], char why[TREN_H5_TEXT]) {
    struct stat about;
    locate(path, holder, name);
    if (stat(path, &about) != 0) {
        bool gone = errno == ENOENT;
        snprintf(why, TREN_H5_TEXT, "%s %s%s; put that file back, or make this one again", path,
                 gone ? "is missing" : "cannot be opened: ", gone ? "" : strerror(errno));
        return false;
    }
    if (!file->allow_external && !is_near(file->top, path)) {
        snprintf(why, TREN_H5_TEXT, "%s is outside the folder of %s; %s", path, file->top,
                 tren_h5_trust(file));
        return false;
    }
    int fd;
    if (tren_input_open(&fd, path, file->code, "a file") != TREN_OK) {
        snprintf(why, TREN_H5_TEXT, "%s", tren_error_text());
        return false;
    }
    close(fd);
    return true;
}

/* H5L_elink_traverse_t; a negative result stops HDF5 from opening the file. */
/* NOLINTNEXTLINE(readability-function-size) */
static herr_t may_follow(const char *holder, const char *group, const char *name,
                         const char *object, unsigned *flags, hid_t access, void *ctx) {
    (void)group, (void)object, (void)flags, (void)access;
    tren_h5 *file = ctx;
    char path[PATH_MAX], why[TREN_H5_TEXT];
    if (tren_h5_may_read(file, holder, name, path, why)) return 0;
    snprintf(file->refusal, sizeof file->refusal, "all rows lie in another file: %.1024s", why);
    return -1;
}

hid_t tren_h5_links(tren_h5 *file) {
    hid_t list = H5Pcreate(H5P_DATASET_ACCESS);
    if (list >= 0) H5Pset_elink_cb(list, may_follow, file);
    return list;
}

void tren_h5_holder(char path[PATH_MAX], hid_t set) {
    if (H5Fget_name(set, path, PATH_MAX) < 0) path[0] = '\0';
}

tren_status tren_h5_open_source(tren_h5 **file, tren_h5 *parent, const char *path) {
    TREN_TRY(tren_h5_open(file, path, parent->code));
    (*file)->top = parent->top;
    (*file)->allow_external = parent->allow_external;
    (*file)->depth = parent->depth + 1;
    return TREN_OK;
}

void tren_h5_allow_external(tren_h5 *file) {
    file->allow_external = true;
}
