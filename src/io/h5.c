/* Opening, creating and closing HDF5 files. */
#include "io/h5_internal.h"
#include "base/input.h"
#include "base/own.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* After a failed flush HDF5's exit handler crashes on what it could not write; we close our files
 * ourselves. */
static void leave_exit_alone(void) {
    H5dont_atexit();
}

static tren_status handle_open(tren_h5 **out, const char *path, tren_status code, bool writing) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, leave_exit_alone);
    tren_h5_quiet();
    *out = NULL;
    tren_h5 *file = calloc(1, sizeof *file);
    if (!file || !(file->path = strdup(path))) {
        free(file);
        return tren_fail(TREN_ERR_INTERNAL, "%s: out of memory", path);
    }
    file->id = H5I_INVALID_HID;
    file->code = code;
    file->writing = writing;
    file->top = file->path;
    file->links = writing ? H5P_DEFAULT : tren_h5_links(file);
    *out = file;
    return TREN_OK;
}

static void handle_free(tren_h5 *file) {
    if (!file->writing) H5Pclose(file->links);
    for (int i = 0; i < file->n_checked; i++) free(file->checked[i]);
    free(file->checked);
    free(file->path);
    free(file);
}

/* Says what is wrong with the path itself, which HDF5 would bury in its stack. */
static tren_status check_readable(const char *path, tren_status code) {
    struct stat about = {0};
    int fd;
    TREN_TRY(tren_input_open(&fd, path, code, "an HDF5 file"));
    fstat(fd, &about);
    close(fd);
    if (about.st_size == 0)
        return tren_fail(code, "%s: the file is empty; an HDF5 file is expected", path);
    return TREN_OK;
}

tren_file_stamp tren_path_stamp(const char *path) {
    struct stat about;
    if (stat(path, &about) != 0) return (tren_file_stamp){0};
    return (tren_file_stamp){.device = about.st_dev,
                             .inode = about.st_ino,
                             .size = (uint64_t)about.st_size,
                             .modified = {about.st_mtim.tv_sec, about.st_mtim.tv_nsec},
                             .changed = {about.st_ctim.tv_sec, about.st_ctim.tv_nsec}};
}

tren_file_stamp tren_h5_stamp(const tren_h5 *file) {
    tren_file_stamp stamp = tren_path_stamp(file->path);
    if (stamp.inode) stamp.elsewhere = file->elsewhere;
    return stamp;
}

bool tren_file_stamp_differs(const tren_file_stamp *before, const tren_file_stamp *now) {
    if (before->elsewhere) return true;
    return before->device == now->device && before->inode == now->inode &&
           memcmp(before, now, sizeof *before) != 0;
}

tren_status tren_h5_open(tren_h5 **file, const char *path, tren_status code) {
    *file = NULL;
    TREN_TRY(check_readable(path, code));
    tren_h5 *opened;
    TREN_TRY(handle_open(&opened, path, code, false));
    opened->id = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (opened->id < 0) {
        tren_status st = tren_h5_error(opened, NULL, "cannot open");
        handle_free(opened);
        return st;
    }
    *file = opened;
    return TREN_OK;
}

/* HDF5 follows links; the kernel's name for an open file leads nowhere else. Where there is no
 * /proc the path has been looked at just before. */
static const char *name_of(char out[32], int fd, const char *path) {
    snprintf(out, 32, "/proc/self/fd/%d", fd);
    return access(out, W_OK) == 0 ? out : path;
}

/* Superblock version 2 and later carry checksums. Without times, equal content is equal bytes. */
static tren_status create_file(tren_h5 *file) {
    const char *why;
    char name[32];
    int fd = tren_own_open(file->path, TREN_OWN_REPLACE, &why);
    if (fd < 0) return tren_h5_refuse(file, NULL, "cannot create: %s", why);
    hid_t access_list = H5Pcreate(H5P_FILE_ACCESS), create_list = H5Pcreate(H5P_FILE_CREATE);
    tren_status st = TREN_OK;
    if (H5Pset_libver_bounds(access_list, H5F_LIBVER_V18, H5F_LIBVER_LATEST) >= 0 &&
        H5Pset_obj_track_times(create_list, false) >= 0)
        file->id =
            H5Fcreate(name_of(name, fd, file->path), H5F_ACC_TRUNC, create_list, access_list);
    if (file->id < 0) st = tren_h5_error(file, NULL, "cannot create");
    H5Pclose(access_list);
    H5Pclose(create_list);
    close(fd);
    return st;
}

tren_status tren_h5_create(tren_h5 **file, const char *path, tren_status code) {
    *file = NULL;
    tren_h5 *created;
    TREN_TRY(handle_open(&created, path, code, true));
    bool existed = access(path, F_OK) == 0;
    tren_status st = create_file(created);
    if (st != TREN_OK) {
        if (!existed) unlink(path); /* a full disk leaves an empty file */
        handle_free(created);
        return st;
    }
    *file = created;
    return TREN_OK;
}

size_t tren_h5_bytes(tren_h5 *file) {
    hsize_t size = 0;
    tren_h5_quiet();
    return H5Fget_filesize(file->id, &size) < 0 ? 0 : (size_t)size;
}

const char *tren_h5_path(const tren_h5 *file) {
    return file->path;
}

void tren_h5_close(tren_h5 *file) {
    if (!file) return;
    tren_h5_quiet();
    H5Fclose(file->id);
    if (file->writing) unlink(file->path);
    handle_free(file);
}

/* HDF5 only hands bytes to the kernel: a full disk or a dead one may show as late as here. */
static tren_status sync_to_disk(tren_h5 *file) {
    int fd = open(file->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return tren_h5_refuse(file, NULL, "cannot open to sync: %s", strerror(errno));
    int failed = fsync(fd);
    int why = errno;
    close(fd);
    if (failed) return tren_h5_refuse(file, NULL, "cannot sync to disk: %s", strerror(why));
    return TREN_OK;
}

tren_status tren_h5_finish(tren_h5 *file) {
    tren_h5_quiet();
    tren_status st = TREN_OK;
    if (file->failure[0])
        st = tren_fail(file->code, "%s: %s", file->path, file->failure);
    else if (H5Fflush(file->id, H5F_SCOPE_LOCAL) < 0)
        st = tren_h5_error(file, NULL, "cannot write");
    if (H5Fclose(file->id) < 0 && st == TREN_OK) st = tren_h5_error(file, NULL, "cannot close");
    if (st == TREN_OK) st = sync_to_disk(file);
    if (st != TREN_OK) unlink(file->path);
    handle_free(file);
    return st;
}
