#include "cli/gnuplot.h"
#include "base/why.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Ours, but in UTF-8, as the scripts are: in another locale gnuplot warns of their degree signs and
 * writes letters with accents wrongly. The list is the caller's. */
static char **environment(void) {
    static char locale[] = "LC_ALL=C.UTF-8";
    size_t n = 0, kept = 0;
    while (environ[n]) n++;
    char **list = calloc(n + 2, sizeof *list);
    for (size_t i = 0; list && i < n; i++)
        if (strncmp(environ[i], locale, strlen("LC_ALL=")) != 0) list[kept++] = environ[i];
    if (list) list[kept] = locale;
    return list;
}

static tren_status spawn(pid_t *child, const int fd[3]) {
    char *const argv[] = {"gnuplot", "-d", NULL}; /* -d: without the settings of the user */
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    int failed = 0;
    for (int i = 0; i < 3 && !failed; i++)
        failed = posix_spawn_file_actions_adddup2(&actions, fd[i], i);
    char **list = environment();
    if (!list) failed = ENOMEM;
    if (!failed) failed = posix_spawnp(child, argv[0], &actions, NULL, argv, list);
    free(list);
    posix_spawn_file_actions_destroy(&actions);
    if (failed == ENOENT)
        return tren_fail(
            TREN_ERR_ENV,
            "gnuplot, which draws the pictures, is not on PATH; install it (Debian: gnuplot-nox)");
    if (failed) return tren_fail(TREN_ERR_ENV, "gnuplot cannot be started: %s", tren_why(failed));
    return TREN_OK;
}

/* In one line, without gnuplot's marks and empty lines. */
static void read_notes(FILE *file, char *notes, size_t n) {
    char line[512];
    size_t at = 0;
    notes[0] = '\0';
    rewind(file);
    while (at < n && fgets(line, sizeof line, file)) {
        char *text = line + strspn(line, " \t\n^");
        text[strcspn(text, "\n")] = '\0';
        if (*text) at += (size_t)snprintf(notes + at, n - at, "%s%s", at ? "; " : "", text);
    }
}

tren_status tren_gnuplot(FILE *script, FILE *picture, char *notes, size_t n) {
    notes[0] = '\0';
    FILE *said = tmpfile();
    if (!said || fflush(script) != 0) {
        int why = errno;
        if (said) fclose(said);
        return tren_fail(TREN_ERR_ENV, "cannot write a temporary file: %s", tren_why(why));
    }
    rewind(script);
    pid_t child;
    int status = 0;
    tren_status st = spawn(&child, (const int[]){fileno(script), fileno(picture), fileno(said)});
    if (st == TREN_OK) {
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
        read_notes(said, notes, n);
    }
    fclose(said);
    if (st != TREN_OK || status == 0) return st;
    return tren_fail(
        TREN_ERR_ENV,
        "gnuplot failed: %s; install another version of gnuplot, or turn pictures off (--no-plots)",
        notes[0] ? notes : "without a message");
}

tren_status tren_gnuplot_check(const tren_out_file *picture) {
    enum { TAIL = 32 };
    char tail[TAIL] = "";
    const char *end = tren_path_ends(picture->path, ".png")   ? "IEND"
                      : tren_path_ends(picture->path, ".pdf") ? "%%EOF"
                                                              : "</svg>";
    FILE *file = fopen(picture->tmp, "re");
    size_t n = 0;
    if (file && fseek(file, -TAIL, SEEK_END) == 0) n = fread(tail, 1, TAIL, file);
    if (file) fclose(file);
    if (memmem(tail, n, end, strlen(end))) return TREN_OK;
    return tren_fail(TREN_ERR_ENV, "cannot write %s: the picture is incomplete; is the disk full?",
                     picture->path);
}
