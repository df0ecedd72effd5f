/* Where files go: shared memory, temporary files, and the folder of runs. */
#include "base/temporary.h"
#include "base/text.h"
#include "base/why.h"
#include "cli/doctor.h"
#include "tren/io.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#define MIB 0x1p20

/* Free bytes, or NaN. */
static double room_in(const char *dir, double *total) {
    struct statvfs about;
    *total = NAN;
    if (statvfs(dir, &about) != 0) return NAN;
    *total = (double)about.f_blocks * (double)about.f_frsize;
    return (double)about.f_bavail * (double)about.f_frsize;
}

/* ---- shared memory --------------------------------------------------------------------------- */

enum { MOST_SEGMENTS = 512 };

typedef struct segments {
    char name[MOST_SEGMENTS][NAME_MAX + 1];
    bool used[MOST_SEGMENTS];
    int n;
} segments;

static void list_segments(segments *s, const char *dir) {
    DIR *folder = opendir(dir);
    struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        struct stat info;
        bool named = tren_text_starts(entry->d_name, "vader_segment.") ||
                     tren_text_starts(entry->d_name, "sm_segment.") ||
                     tren_text_starts(entry->d_name, "osc_sm.");
        if (!named || s->n == MOST_SEGMENTS) continue;
        if (fstatat(dirfd(folder), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
        if (info.st_uid == geteuid()) strcpy(s->name[s->n++], entry->d_name);
    }
    if (folder) closedir(folder);
}

/* Whether a live process has it mapped. */
static void look_at_maps(segments *s, const char *pid) {
    char path[64], line[PATH_MAX + 128];
    if (snprintf(path, sizeof path, "/proc/%.20s/maps", pid) >= (int)sizeof path) return;
    FILE *maps = fopen(path, "re");
    while (maps && fgets(line, sizeof line, maps)) {
        line[strcspn(line, "\n")] = '\0';
        const char *name = strrchr(line, '/');
        for (int i = 0; name && i < s->n; i++)
            if (strcmp(name + 1, s->name[i]) == 0) s->used[i] = true;
    }
    if (maps) fclose(maps);
}

static int count_leftovers(const char *dir) {
    segments *s;
    int left = 0;
    if (tren_alloc(&s, 1, sizeof *s, "segments") != TREN_OK) return 0;
    list_segments(s, dir);
    DIR *proc = s->n > 0 ? opendir("/proc") : NULL;
    struct dirent *entry;
    while (proc && (entry = readdir(proc)))
        if (isdigit((unsigned char)entry->d_name[0])) look_at_maps(s, entry->d_name);
    if (proc) closedir(proc);
    for (int i = 0; i < s->n; i++) left += !s->used[i];
    free(s);
    return left;
}

static void tell_leftovers(tren_examination *e, const char *dir, int left) {
    tren_doctor_add(e, "shared memory", TREN_HEALTH_WARNING,
                    "%d segment%s of jobs that were killed lie%s in %s; when no MPI program of "
                    "yours is running there, remove %s:",
                    left, left > 1 ? "s" : "", left > 1 ? "" : "s", dir, left > 1 ? "them" : "it");
    tren_doctor_paste(
        e,
        "find '%s' -maxdepth 1 -user \"$(id -un)\" \\( -name 'vader_segment.*' -o -name "
        "'sm_segment.*' -o -name 'osc_sm.*' \\) -delete",
        dir);
}

static void look_at_shared_memory(tren_examination *e) {
    const char *told = getenv("OMPI_MCA_btl_vader_backing_directory"),
               *dir = told && *told ? told : "/dev/shm";
    double total, room = room_in(dir, &total), needs = 8 * MIB * e->processes;
    int left = count_leftovers(dir);
    if (isnan(room) || access(dir, W_OK) != 0)
        tren_doctor_add(e, "shared memory", TREN_HEALTH_PROBLEM,
                        "%s cannot be written (%s), and ranks of one node need it; mount a tmpfs "
                        "there",
                        dir, strerror(errno));
    else if (room < needs) {
        tren_doctor_add(e, "shared memory", TREN_HEALTH_PROBLEM,
                        "%.0f MiB are free in %s, and MPI needs %.0f for the ranks of this node; "
                        "start the container with docker run --shm-size=1g%s, or enlarge it, as "
                        "root:",
                        room / MIB, dir, needs / MIB,
                        left > 0 ? ", remove what killed jobs left there (docs/install.md)" : "");
        tren_doctor_paste(e, "mount -o remount,size=1g '%s'", dir);
    } else if (left > 0)
        tell_leftovers(e, dir, left);
    else if (total < 512 * MIB)
        tren_doctor_add(e, "shared memory", TREN_HEALTH_WARNING,
                        "%s has %.0f MiB: larger models exchange gradients by messages; enlarge it "
                        "(docker run --shm-size=1g)",
                        dir, total / MIB);
    else
        tren_doctor_add(e, "shared memory", TREN_HEALTH_OK, "%s, %.0f of %.0f MiB free", dir,
                        room / MIB, total / MIB);
}

static void look_at_temporary(tren_examination *e) {
    const char *told = getenv("TMPDIR"), *dir = told && *told ? told : "/tmp";
    double total, room = room_in(dir, &total);
    if (isnan(room) || access(dir, W_OK) != 0)
        tren_doctor_add(e, "temporary files", TREN_HEALTH_PROBLEM,
                        "%s cannot be written (%s), but MPI keeps its files there; set TMPDIR to a "
                        "writable folder on this node",
                        dir, strerror(errno));
    else if (room < 16 * MIB)
        tren_doctor_add(
            e, "temporary files", TREN_HEALTH_PROBLEM,
            "%s is full (%.0f MiB free); make room, or set TMPDIR to another folder on this node",
            dir, room / MIB);
    else
        tren_doctor_add(e, "temporary files", TREN_HEALTH_OK, "%s, %.0f MiB free", dir, room / MIB);
}

/* ---- the folder of runs ---------------------------------------------------------------------- */

static const char *file_system(const char *dir) {
    static const struct {
        unsigned long magic; /* statfs(2), and those of Lustre, GPFS and BeeGFS */
        const char *name;
    } known[] = {{0x6969, "NFS"},         {0x0BD00BD0, "Lustre"}, {0x47504653, "GPFS"},
                 {0x19830326, "BeeGFS"},  {0x65735546, "FUSE"},   {0x01021994, "tmpfs"},
                 {0x794c7630, "overlay"}, {0xEF53, "ext4"},       {0x58465342, "XFS"},
                 {0x9123683E, "Btrfs"},   {0xFF534D42, "CIFS"},   {0x00C36400, "Ceph"},
                 {0x2FC12FC1, "ZFS"},     {0x01021997, "9p"},     {0xFE534D42, "SMB2"}};
    struct statfs about;
    if (statfs(dir, &about) != 0) return "an unknown file system";
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if ((unsigned long)about.f_type == known[i].magic) return known[i].name;
    return "another file system";
}

/* The nearest folder above a path that is there: runs is made by the first training. */
static void existing(char out[PATH_MAX], const char *dir) {
    struct stat info;
    snprintf(out, PATH_MAX, "%s", *dir ? dir : ".");
    while (stat(out, &info) != 0 && errno == ENOENT) {
        char *slash = strrchr(out, '/');
        if (!slash || slash == out) {
            snprintf(out, PATH_MAX, "%s", slash ? "/" : ".");
            return;
        }
        *slash = '\0';
    }
}

/* 0, or the error of flock. */
static int try_lock(const char *path) {
    int fd = open(path, O_RDWR | O_CLOEXEC), error = 0;
    if (fd < 0) return errno;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) error = errno;
    close(fd);
    return error;
}

/* Writes a file there, so that quotas and mounts that only look writable are noticed. */
static tren_status try_write(char name[PATH_MAX + 64], const char *dir) {
    static char block[65536];
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/tren-doctor", dir);
    TREN_TRY(tren_temporary_make(name, PATH_MAX + 64, path, TREN_ERR_ENV));
    int fd = open(name, O_WRONLY | O_CLOEXEC), error = 0;
    ssize_t n = fd >= 0 ? write(fd, block, sizeof block) : -1;
    if (n >= 0 && n < (ssize_t)sizeof block) error = ENOSPC; /* a part of it had room */
    bool good = n == (ssize_t)sizeof block && fsync(fd) == 0;
    if (!error) error = errno;
    if (fd >= 0 && close(fd) != 0) good = false;
    return good ? TREN_OK : tren_fail(TREN_ERR_ENV, "cannot write %s: %s", name, tren_why(error));
}

static void look_at_folder(tren_examination *e) {
    char dir[PATH_MAX], name[PATH_MAX + 64] = "";
    double total;
    existing(dir, e->dir);
    double room = room_in(dir, &total);
    const char *system = file_system(dir);
    int locked = 0;
    tren_status st = try_write(name, dir);
    if (st == TREN_OK) locked = try_lock(name);
    if (*name) unlink(name);
    if (st != TREN_OK)
        tren_doctor_add(e, "run folder", TREN_HEALTH_PROBLEM,
                        "%s (%s): %s (this folder is --out of a run, --dir of this check)", dir,
                        system, tren_error_text());
    else if (locked)
        tren_doctor_add(e, "run folder", TREN_HEALTH_WARNING,
                        "%s (%s) has no file locks (%s): start only one run per folder, and set "
                        "HDF5_USE_FILE_LOCKING=FALSE",
                        dir, system, strerror(locked));
    else if (room < 100 * MIB)
        tren_doctor_add(e, "run folder", TREN_HEALTH_WARNING,
                        "%s (%s) has %.0f MiB free, which checkpoints soon fill; make room, or "
                        "choose another folder with --out",
                        dir, system, room / MIB);
    else
        tren_doctor_add(e, "run folder", TREN_HEALTH_OK,
                        "%s (%s) can be written and locked, %.1f GiB free%s", dir, system,
                        room / 0x1p30,
                        access(e->dir, F_OK) == 0 ? "" : "; the folder itself does not exist yet");
}

static void look_at_hdf5(tren_examination *e) {
    char version[64];
    const char *locking = getenv("HDF5_USE_FILE_LOCKING");
    bool off = locking && (strcmp(locking, "FALSE") == 0 || strcmp(locking, "0") == 0);
    tren_h5_version(version, sizeof version);
    tren_doctor_add(e, "HDF5", TREN_HEALTH_OK, "%s, file locking %s", version,
                    off       ? "off (HDF5_USE_FILE_LOCKING)"
                    : locking ? "as HDF5_USE_FILE_LOCKING says"
                              : "on");
}

void tren_doctor_files(tren_examination *e) {
    look_at_shared_memory(e);
    look_at_temporary(e);
    look_at_hdf5(e);
    look_at_folder(e);
}
