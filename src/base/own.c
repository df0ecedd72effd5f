#include "base/own.h"
#include "base/why.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *judge(const struct stat *about) {
    if (S_ISLNK(about->st_mode)) return "it is a symbolic link, which is not followed; remove it";
    if (S_ISDIR(about->st_mode)) return "it is a folder; remove it";
    if (!S_ISREG(about->st_mode)) return "it is a pipe or a device; remove it";
    if (about->st_nlink > 1)
        return "the file has a second name (a hard link), and writing would change both; replace "
               "it with a copy";
    return NULL;
}

/* Looked at before it is opened, since opening a device or a pipe has effects, and after, since the
 * name may mean another file by then. */
int tren_own_open(const char *path, tren_own_mode mode, const char **why) {
    static const int flags[] = {[TREN_OWN_NEW] = O_EXCL, [TREN_OWN_APPEND] = O_APPEND};
    const int extra = mode <= TREN_OWN_APPEND ? flags[mode] : 0;
    struct stat about;
    *why = NULL;
    if (mode != TREN_OWN_NEW && lstat(path, &about) == 0 && (*why = judge(&about))) return -1;
    int fd =
        open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | extra, 0666);
    bool bad = fd < 0 || fstat(fd, &about) != 0 ||
               (mode == TREN_OWN_REPLACE && !judge(&about) && ftruncate(fd, 0) != 0);
    int error = errno;
    *why = bad ? tren_why(error) : judge(&about);
    if (!*why) return fd;
    if (fd >= 0) close(fd);
    errno = error;
    return -1;
}

FILE *tren_own_fopen(const char *path, tren_own_mode mode, const char **why) {
    int fd = tren_own_open(path, mode, why);
    FILE *file = fd < 0 ? NULL : fdopen(fd, mode == TREN_OWN_APPEND ? "a" : "r+");
    if (fd < 0 || file) return file;
    *why = tren_why(errno);
    close(fd);
    return NULL;
}
