#include "base/own.h"
#include "base/temporary.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Processes of one number meet where machines or containers share a folder. */
enum { ATTEMPTS = 1000 };

tren_status tren_temporary_make(char *name, size_t room, const char *path, tren_status code) {
    int fd = -1;
    const char *why = NULL;
    for (int k = 0; fd < 0 && k < ATTEMPTS; k++) {
        char again[16] = "";
        if (k > 0) snprintf(again, sizeof again, "-%d", k);
        int n = snprintf(name, room, "%s.%ld%s.tmp", path, (long)getpid(), again);
        if ((size_t)n >= room)
            return tren_fail(code, "%s: the path is too long; choose a shorter one", path);
        fd = tren_own_open(name, TREN_OWN_NEW, &why);
        if (fd < 0 && errno != EEXIST) break;
    }
    if (fd < 0) return tren_fail(code, "%s: cannot create: %s", path, why);
    close(fd);
    return TREN_OK;
}

tren_status tren_temporary_take(char *name, size_t room, const char *path, tren_status code) {
    const char *why;
    if ((size_t)snprintf(name, room, "%s.tmp", path) >= room)
        return tren_fail(code, "%s: the path is too long; choose a shorter one", path);
    unlink(name);
    int fd = tren_own_open(name, TREN_OWN_NEW, &why);
    if (fd < 0) return tren_fail(code, "%s: cannot create: %s", name, why);
    close(fd);
    return TREN_OK;
}
