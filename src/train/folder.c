#include "train/folder.h"
#include "base/folders.h"
#include "base/own.h"
#include "base/temporary.h"
#include "base/why.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

void tren_folder_path(char *out, size_t n, const tren_folder *folder, const char *name) {
    snprintf(out, n, "%s/%s", folder->path, name);
}

/* A file that shows that a run was in this folder, or NULL. */
static const char *find_trace(const char *folder) {
    static const char *const trace[] = {"last.h5", "previous.h5", "best.h5", "metrics.csv",
                                        "result.json"};
    for (size_t i = 0; i < sizeof trace / sizeof *trace; i++) {
        char path[TREN_MAX_PATH + NAME_MAX + 16];
        snprintf(path, sizeof path, "%s/%s", folder, trace[i]);
        if (access(path, F_OK) == 0) return trace[i];
    }
    return NULL;
}

/* The name of a run folder in this folder, or "". */
static void find_run_inside(char name[NAME_MAX + 1], const char *folder) {
    DIR *dir = opendir(folder);
    *name = '\0';
    for (struct dirent *entry; dir && !*name && (entry = readdir(dir));) {
        char path[TREN_MAX_PATH + NAME_MAX + 2];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.' && find_trace(path))
            snprintf(name, NAME_MAX + 1, "%s", entry->d_name);
    }
    if (dir) closedir(dir);
}

static tren_status refuse_used(const tren_folder *folder) {
    const char *trace = find_trace(folder->path);
    if (!trace) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "the run folder %s already holds a run (%s); continue it with --resume, or "
                     "choose another with --out",
                     folder->path, trace);
}

/* A folder of run folders, such as runs, is not one itself. */
static tren_status refuse_parent(const char *path) {
    char inside[NAME_MAX + 1];
    find_run_inside(inside, path);
    if (!*inside || find_trace(path)) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "the folder %s holds other runs (%s/%s); give this run a folder of its own, "
                     "for example --out %s/NAME",
                     path, path, inside, path);
}

tren_status tren_folder_open(tren_folder *folder, const char *path) {
    char lock[TREN_MAX_PATH + 16];
    *folder = (tren_folder){.lock = -1};
    snprintf(folder->path, sizeof folder->path, "%s", path);
    if (!path[0]) return TREN_OK;
    TREN_TRY(refuse_parent(path));
    TREN_TRY(tren_make_folders(path));
    tren_folder_path(lock, sizeof lock, folder, ".lock");
    const char *why;
    folder->lock = tren_own_open(lock, TREN_OWN_KEEP, &why);
    if (folder->lock >= 0) return TREN_OK;
    return tren_fail(TREN_ERR_ENV, "cannot write in the run folder (--out): %s: %s", lock, why);
}

bool tren_folder_lock(const tren_folder *folder) {
    if (!folder->path[0] || flock(folder->lock, LOCK_EX | LOCK_NB) == 0) return true;
    return errno != EWOULDBLOCK; /* a file system without locks */
}

tren_status tren_folder_begin(tren_folder *folder, bool resume) {
    char log[TREN_MAX_PATH + 16];
    if (!folder->path[0]) return TREN_OK;
    if (!resume) TREN_TRY(refuse_used(folder));
    tren_folder_path(log, sizeof log, folder, "run.log");
    const char *why;
    folder->log = tren_own_fopen(log, TREN_OWN_APPEND, &why);
    if (folder->log) return TREN_OK;
    return tren_fail(TREN_ERR_ENV, "cannot write %s: %s", log, why);
}

static bool is_there(const tren_folder *folder, const char *name) {
    char path[TREN_MAX_PATH + 64];
    tren_folder_path(path, sizeof path, folder, name);
    return access(path, F_OK) == 0;
}

/* Whether the path still leads to the file that is open. */
static bool is_ours(const tren_folder *folder, const char *name, int fd) {
    char path[TREN_MAX_PATH + 64];
    struct stat now, open;
    tren_folder_path(path, sizeof path, folder, name);
    return stat(path, &now) == 0 && fstat(fd, &open) == 0 && now.st_dev == open.st_dev &&
           now.st_ino == open.st_ino;
}

bool tren_folder_is_others(const tren_folder *folder) {
    return folder->path[0] && is_there(folder, ".lock") && !is_ours(folder, ".lock", folder->lock);
}

bool tren_folder_is_gone(const tren_folder *folder) {
    return folder->path[0] && (tren_folder_is_others(folder) || !is_there(folder, ""));
}

bool tren_folder_keeps_metrics(const tren_folder *folder, size_t n) {
    struct stat open;
    return is_ours(folder, "metrics.csv", fileno(folder->metrics)) &&
           fstat(fileno(folder->metrics), &open) == 0 && (size_t)open.st_size == n;
}

/* Where the open lock lies now, the kernel tells; "/.lock (deleted)" where it was removed. */
bool tren_folder_follow(tren_folder *folder) {
    static const char lock[] = "/.lock";
    char link[32];
    tren_folder moved = *folder;
    if (!folder->path[0] || is_ours(folder, ".lock", folder->lock)) return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder->lock);
    ssize_t n = readlink(link, moved.path, sizeof moved.path - 1), tail = sizeof lock - 1;
    if (n <= tail || strncmp(moved.path + n - tail, lock, (size_t)tail) != 0) return false;
    moved.path[n - tail] = '\0';
    if (!is_ours(&moved, ".lock", folder->lock)) return false;
    *folder = moved;
    return true;
}

tren_status tren_folder_check(const tren_folder *folder) {
    if (!folder->path[0] || is_ours(folder, ".lock", folder->lock)) return TREN_OK;
    const char *what = is_there(folder, ".lock") ? "was removed, and now belongs to another run,"
                       : is_there(folder, "")    ? "was emptied"
                                                 : "was removed";
    return tren_fail(
        TREN_ERR_ENV,
        "the run folder %s %s during the run: its checkpoints, best weights, metrics.csv and "
        "run.log are lost; train again, and do not touch the folder during the run",
        folder->path, what);
}

static const char *const staying[] = {"last.h5", "best.h5", "config.yaml", "result.json"};
enum { N_STAYING = sizeof staying / sizeof *staying };

void tren_folder_note(tren_folder *folder, const char *name) {
    for (int i = 0; i < N_STAYING; i++)
        if (strcmp(staying[i], name) == 0) folder->written |= 1u << i;
}

tren_status tren_folder_check_end(const tren_folder *folder) {
    char lost[128] = "";
    if (!folder->path[0]) return TREN_OK;
    if (tren_folder_is_gone(folder)) return tren_folder_check(folder);
    for (int i = 0; i < N_STAYING; i++)
        if ((folder->written & 1u << i) && !is_there(folder, staying[i]))
            snprintf(lost + strlen(lost), sizeof lost - strlen(lost), " %s", staying[i]);
    if (folder->metrics && !is_ours(folder, "metrics.csv", fileno(folder->metrics)))
        snprintf(lost + strlen(lost), sizeof lost - strlen(lost), " metrics.csv");
    if (!lost[0]) return TREN_OK;
    return tren_fail(TREN_ERR_ENV,
                     "files of the run folder %s were removed or replaced during the run; lost:%s; "
                     "train again, and do not touch the folder during the run",
                     folder->path, lost);
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

tren_status tren_folder_write(tren_folder *folder, const char *name, const char *text) {
    if (!folder->path[0]) return TREN_OK;
    char path[TREN_MAX_PATH + 64], tmp[TREN_MAX_PATH + 72];
    tren_folder_path(path, sizeof path, folder, name);
    TREN_TRY(tren_temporary_take(tmp, sizeof tmp, path, TREN_ERR_ENV));
    const char *why;
    FILE *file = tren_own_fopen(tmp, TREN_OWN_REPLACE, &why);
    bool bad = file && fputs(text, file) < 0;
    if (file && fflush(file) != 0) bad = true;
    if (file && fclose(file) != 0) bad = true;
    if (file && !bad && rename(tmp, path) == 0) {
        tren_folder_note(folder, name);
        return TREN_OK;
    }
    if (file) why = tren_why(errno);
    unlink(tmp);
    return tren_fail(TREN_ERR_ENV, "cannot write %s: %s", path, why);
}
