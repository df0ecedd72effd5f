#include "base/folders.h"
#include "base/why.h"
#include "tren/config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

tren_status tren_make_folders(const char *path) {
    char part[TREN_MAX_PATH + 64];
    snprintf(part, sizeof part, "%s", path);
    for (char *slash = strchr(part + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash) *slash = '\0';
        struct stat info;
        if (mkdir(part, 0777) != 0 &&
            (errno != EEXIST || stat(part, &info) != 0 || !S_ISDIR(info.st_mode)))
            return tren_fail(TREN_ERR_ENV,
                             "cannot make the folder %s: %s: %s; choose another with --out", path,
                             part, errno == EEXIST ? "it is a file" : tren_why(errno));
        if (!slash) return TREN_OK;
        *slash = '/';
    }
}
