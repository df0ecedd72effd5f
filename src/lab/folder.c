#include "lab/folder.h"
#include "base/why.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

tren_status lab_path(char path[TREN_MAX_PATH], const char *dir, const char *name) {
    if (snprintf(path, TREN_MAX_PATH, "%s%s%s", dir, *name ? "/" : "", name) < TREN_MAX_PATH)
        return TREN_OK;
    return tren_fail(TREN_ERR_USAGE, "--out: the path '%.60s...' is too long; choose a shorter one",
                     dir);
}

tren_status lab_make_folder(const char *path) {
    char part[TREN_MAX_PATH];
    snprintf(part, sizeof part, "%s", path);
    for (char *c = part + 1;; c++) {
        if (*c && *c != '/') continue;
        char was = *c;
        *c = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return tren_fail(TREN_ERR_ENV, "cannot make the folder %s: %s", part, tren_why(errno));
        *c = was;
        if (!was) return TREN_OK;
    }
}
