#include "base/input.h"
#include "base/why.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static tren_status check_kind(const struct stat *about, const char *path, tren_status code,
                              const char *wanted) {
    if (S_ISREG(about->st_mode)) return TREN_OK;
    if (S_ISDIR(about->st_mode))
        return tren_fail(code, "%s: is a folder, but %s is expected", path, wanted);
    return tren_fail(
        code, "%s: is a device or a pipe, but %s is expected: write the data to a file first", path,
        wanted);
}

/* The kind is looked at before opening, which alone can have effects on a device, and after it, as
 * the path may mean another file by then. */
tren_status tren_input_open(int *fd, const char *path, tren_status code, const char *wanted) {
    struct stat about;
    *fd = -1;
    if (!path[0]) return tren_fail(code, "the path of a file is empty; give %s", wanted);
    if (stat(path, &about) != 0)
        return tren_fail(code, "%s: cannot open: %s", path, tren_why(errno));
    TREN_TRY(check_kind(&about, path, code, wanted));
    int opened = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (opened < 0) return tren_fail(code, "%s: cannot read: %s", path, tren_why(errno));
    tren_status st = fstat(opened, &about) == 0
                         ? check_kind(&about, path, code, wanted)
                         : tren_fail(code, "%s: cannot read: %s", path, tren_why(errno));
    if (st != TREN_OK)
        close(opened);
    else
        *fd = opened;
    return st;
}

tren_status tren_input_fopen(FILE **file, const char *path, tren_status code, const char *wanted) {
    int fd;
    *file = NULL;
    TREN_TRY(tren_input_open(&fd, path, code, wanted));
    *file = fdopen(fd, "r");
    if (*file) return TREN_OK;
    close(fd);
    return tren_fail(TREN_ERR_INTERNAL, "%s: out of memory", path);
}
