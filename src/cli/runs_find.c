/* Run folders below a folder. */
#include "base/why.h"
#include "cli/runs.h"

#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool has_file(const char *dir, const char *name) {
    char path[PATH_MAX];
    struct stat info;
    int n = snprintf(path, sizeof path, "%s/%s", dir, name);
    return n < (int)sizeof path && lstat(path, &info) == 0 && S_ISREG(info.st_mode);
}

/* A config alone may be anybody's; a run has its lock or what it wrote, too. */
static bool is_run(const char *dir) {
    static const char *const traces[] = {".lock", "result.json", "metrics.csv", "last.h5"};
    if (!has_file(dir, "config.yaml")) return false;
    for (size_t i = 0; i < sizeof traces / sizeof *traces; i++)
        if (has_file(dir, traces[i])) return true;
    return false;
}

tren_status tren_runs_keep(const char *dir) {
    if (!is_run(dir)) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "--out: %s is the folder of a run, which must not change; give another folder",
                     dir);
}

static tren_status add(tren_run_paths *paths, const char *path) {
    TREN_TRY(tren_grow(&paths->at, (size_t)paths->n, &paths->room, sizeof *paths->at,
                       "the list of runs"));
    paths->at[paths->n] = strdup(path);
    if (!paths->at[paths->n]) return tren_fail_memory(0, "the list of runs");
    paths->n++;
    return TREN_OK;
}

static void note_unreadable(tren_run_paths *paths, const FTSENT *entry) {
    char text[PATH_MAX + 128];
    snprintf(text, sizeof text, "%s: %s", entry->fts_path, strerror(entry->fts_errno));
    if (paths->unreadable++ == 0) paths->first_why = strdup(text);
}

static int by_name(const FTSENT **a, const FTSENT **b) {
    return strverscmp((*a)->fts_name, (*b)->fts_name);
}

/* FTS_PHYSICAL follows no link, so there are no circles. */
static tren_status walk(tren_run_paths *paths, FTS *tree) {
    enum { MOST_LEVELS = 64 };
    FTSENT *entry;
    while ((entry = fts_read(tree))) {
        if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR ||
            (entry->fts_info == FTS_NS && entry->fts_level > 0))
            note_unreadable(paths, entry);
        if (entry->fts_info != FTS_D) continue;
        if (entry->fts_level >= MOST_LEVELS) fts_set(tree, entry, FTS_SKIP);
        if (is_run(entry->fts_path)) TREN_TRY(add(paths, entry->fts_path));
    }
    return TREN_OK;
}

tren_status tren_run_paths_add(tren_run_paths *paths, const char *dir) {
    struct stat info;
    if (stat(dir, &info) != 0)
        return tren_fail(TREN_ERR_DATA,
                         "there is no folder '%s' (%s); give one that contains run folders", dir,
                         strerror(errno));
    if (!S_ISDIR(info.st_mode))
        return tren_fail(TREN_ERR_DATA, "'%s' is a file; give a folder that contains run folders",
                         dir);
    char *start = strdup(dir);
    if (!start) return tren_fail_memory(0, "the list of runs");
    for (size_t n = strlen(start); n > 1 && start[n - 1] == '/'; n--) start[n - 1] = '\0';
    FTS *tree =
        fts_open((char *[]){start, NULL}, FTS_PHYSICAL | FTS_NOCHDIR | FTS_COMFOLLOW, by_name);
    tren_status st =
        tree ? walk(paths, tree)
             : tren_fail(TREN_ERR_ENV, "%s: cannot look into the folder: %s", dir, tren_why(errno));
    if (tree) fts_close(tree);
    free(start);
    return st;
}

void tren_run_paths_close(tren_run_paths *paths) {
    for (int i = 0; i < paths->n; i++) free(paths->at[i]);
    free(paths->at);
    free(paths->first_why);
    *paths = (tren_run_paths){0};
}
