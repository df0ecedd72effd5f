#include "lab/folder.h"

tren_status lab_path(char path[TREN_MAX_PATH], const char *dir, const char *name) {
    if (snprintf(path, TREN_MAX_PATH, "%s%s%s", dir, *name ? "/" : "", name) < TREN_MAX_PATH)
        return TREN_OK;
    return tren_fail(TREN_ERR_USAGE, "--out: the path '%.60s...' is too long; choose a shorter one",
                     dir);
}
