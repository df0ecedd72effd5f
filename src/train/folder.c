#include "train/folder.h"
#include "base/own.h"
#include "base/temporary.h"

#include <errno.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void tren_folder_path(char *out, size_t n, const tren_folder *folder, const char *name) {
    snprintf(out, n, "%s/%s", folder->path, name);
}

static tren_status make_folders(const char *path) {
    char part[TREN_MAX_PATH];
    snprintf(part, sizeof part, "%s", path);
    for (char *slash = strchr(part + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash) *slash = '\0';
        struct stat info;
        if (mkdir(part, 0777) != 0 &&
            (errno != EEXIST || stat(part, &info) != 0 || !S_ISDIR(info.st_mode)))
            return tren_fail(TREN_ERR_ENV,
                             "cannot make the run folder %s: %s: %s; choose another with --out",
                             path, part, errno == EEXIST ? "it is a file" : strerror(errno));
        if (!slash) return TREN_OK;
        *slash = '/';
    }
}

/* The lock dies with its holder, and ranks of a killed mpirun may outlive it by a second: hence the
 * patience. */
static tren_status lock_folder(tren_folder *folder) {
    enum { TRIES = 50 };
    char path[TREN_MAX_PATH + 16];
    const char *why;
    tren_folder_path(path, sizeof path, folder, ".lock");
    folder->lock = tren_own_open(path, TREN_OWN_KEEP, &why);
    if (folder->lock < 0)
        return tren_fail(TREN_ERR_ENV,
                         "cannot write in the run folder %s: %s%s; choose another with --out",
                         folder->path, strchr(why, ';') ? ".lock: " : "", why);
    for (int i = 0; i < TRIES; i++) {
        if (flock(folder->lock, LOCK_EX | LOCK_NB) == 0) return TREN_OK;
        if (errno != EWOULDBLOCK) return TREN_OK; /* a file system without locks */
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    return tren_fail(
        TREN_ERR_ENV,
        "the run folder %s is in use by another run (its .lock is held); wait for it, or choose "
        "another folder with --out",
        folder->path);
}

static tren_status refuse_used(const tren_folder *folder) {
    static const char *const trace[] = {"last.h5", "previous.h5", "best.h5", "metrics.csv",
                                        "result.json"};
    for (size_t i = 0; i < sizeof trace / sizeof *trace; i++) {
        char path[TREN_MAX_PATH + 16];
        tren_folder_path(path, sizeof path, folder, trace[i]);
        if (access(path, F_OK) == 0)
            return tren_fail(
                TREN_ERR_USAGE,
                "the run folder %s already holds a run (%s); continue it with --resume, or choose "
                "another with --out",
                folder->path, trace[i]);
    }
    return TREN_OK;
}

tren_status tren_folder_open(tren_folder *folder, const char *path, bool resume) {
    *folder = (tren_folder){.lock = -1};
    snprintf(folder->path, sizeof folder->path, "%s", path);
    if (!path[0]) return TREN_OK;
    TREN_TRY(make_folders(path));
    TREN_TRY(lock_folder(folder));
    if (!resume) TREN_TRY(refuse_used(folder));
    char log[TREN_MAX_PATH + 16];
    tren_folder_path(log, sizeof log, folder, "run.log");
    const char *why;
    folder->log = tren_own_fopen(log, TREN_OWN_APPEND, &why);
    if (folder->log) return TREN_OK;
    return tren_fail(TREN_ERR_ENV, "cannot write %s: %s", log, why);
}

void tren_folder_close(tren_folder *folder) {
    if (folder->log) fclose(folder->log);
    if (folder->metrics) fclose(folder->metrics);
    if (folder->path[0] && folder->lock >= 0) close(folder->lock);
    *folder = (tren_folder){.lock = -1};
}

void tren_folder_remove(const tren_folder *folder, const char *name) {
    char path[TREN_MAX_PATH + 64];
    tren_folder_path(path, sizeof path, folder, name);
    if (folder->path[0]) unlink(path);
}

tren_status tren_folder_write(const tren_folder *folder, const char *name, const char *text) {
    if (!folder->path[0]) return TREN_OK;
    char path[TREN_MAX_PATH + 64], tmp[TREN_MAX_PATH + 72];
    tren_folder_path(path, sizeof path, folder, name);
    TREN_TRY(tren_temporary_take(tmp, sizeof tmp, path, TREN_ERR_ENV));
    const char *why;
    FILE *file = tren_own_fopen(tmp, TREN_OWN_REPLACE, &why);
    bool bad = file && ((fputs(text, file) < 0) | (fflush(file) != 0));
    if (file) bad |= fclose(file) != 0;
    if (file && !bad && rename(tmp, path) == 0) return TREN_OK;
    if (file) why = strerror(errno);
    unlink(tmp);
    return tren_fail(TREN_ERR_ENV, "cannot write %s: %s", path, why);
}
