/* Who started this process, and does a person see what it writes? Read from /proc. */
#include "cli/launch.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef enum ancestor { ANCESTOR_OTHER, ANCESTOR_LAUNCHER, ANCESTOR_DAEMON } ancestor;

enum { MAX_NAME = 64 };

/* Name and parent of a process, of "pid (name) state parent ..."; the name may hold blanks and
 * parentheses. */
static bool read_stat(const char *proc, pid_t pid, char name[MAX_NAME], pid_t *parent) {
    char path[PATH_MAX], line[512];
    snprintf(path, sizeof path, "%s/%d/stat", proc, (int)pid);
    FILE *file = fopen(path, "r");
    if (!file) return false;
    bool read = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    char *open = read ? strchr(line, '(') : NULL, *close = read ? strrchr(line, ')') : NULL;
    if (!open || !close || close < open) return false;
    snprintf(name, MAX_NAME, "%.*s", (int)(close - open - 1), open + 1);
    int number;
    if (sscanf(close + 1, " %*c %d", &number) != 1) return false;
    *parent = number;
    return true;
}

/* mpirun itself (mpiexec.hydra, mpirun.openmpi, ...), or what it starts on the other nodes in its
 * place. */
static ancestor kind_of(const char *name) {
    static const char *const launcher[] = {"mpirun", "mpiexec", "orterun", "prterun"};
    static const char *const daemon[] = {"orted", "prted"};
    for (size_t i = 0; i < sizeof launcher / sizeof *launcher; i++)
        if (strncmp(name, launcher[i], strlen(launcher[i])) == 0) return ANCESTOR_LAUNCHER;
    for (size_t i = 0; i < sizeof daemon / sizeof *daemon; i++)
        if (strcmp(name, daemon[i]) == 0) return ANCESTOR_DAEMON;
    return ANCESTOR_OTHER;
}

/* The nearest launcher or daemon above `pid`. */
static ancestor find_launcher(const char *proc, pid_t pid, pid_t *found) {
    char name[MAX_NAME];
    pid_t parent;
    if (!read_stat(proc, pid, name, &parent)) return ANCESTOR_OTHER;
    while (parent > 1) {
        *found = parent;
        if (!read_stat(proc, parent, name, &parent)) return ANCESTOR_OTHER;
        ancestor kind = kind_of(name);
        if (kind != ANCESTOR_OTHER) return kind;
    }
    return ANCESTOR_OTHER;
}

/* Opening is harmless for a terminal only, so the kind of file is looked at first. */
static bool is_terminal(const char *path) {
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISCHR(info.st_mode)) return false;
    int fd = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return false;
    bool terminal = isatty(fd);
    close(fd);
    return terminal;
}

static bool is_terminal_of(const char *proc, pid_t pid, int fd) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%d/fd/%d", proc, (int)pid, fd);
    return is_terminal(path);
}

/* A rank whose own shell sent the output to a file is not watched, whatever mpirun has. */
static bool goes_to_launcher(int fd) {
    struct stat info;
    if (fstat(fd, &info) != 0) return false;
    return isatty(fd) || S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode);
}

static bool watched(const char *proc, pid_t pid, int fd) {
    pid_t launcher = 0;
    switch (find_launcher(proc, pid, &launcher)) {
    case ANCESTOR_LAUNCHER:
        return goes_to_launcher(fd) && is_terminal_of(proc, launcher, fd);
    case ANCESTOR_DAEMON:
        return false; /* on another node than mpirun */
    case ANCESTOR_OTHER:
        break;
    }
    return isatty(fd);
}

bool tren_launch_watched(int fd) {
    return watched("/proc", getpid(), fd);
}
