#include "cli/gnuplot.h"
#include "base/why.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

const char *const tren_picture_name[] = {"svg", "png", "pdf"};

tren_picture_kind tren_picture_kind_of(const char *path) {
    for (int k = TREN_PICTURE_PNG; k < TREN_PICTURE_KINDS; k++)
        if (tren_path_ends(path, tren_picture_name[k])) return (tren_picture_kind)k;
    return TREN_PICTURE_SVG;
}

tren_status tren_picture_check_ending(const char *option, const char *path) {
    if (tren_path_ends(path, ".svg") || tren_path_ends(path, ".png") ||
        tren_path_ends(path, ".pdf"))
        return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "%s: '%s' does not end in .svg, .png or .pdf; use one of these endings",
                     option, path);
}

bool tren_picture_has_format(const char *list, tren_picture_kind kind) {
    const char *word = tren_picture_name[kind];
    size_t n = strlen(word);
    for (const char *c = list; *c; c += c[strcspn(c, ",")] == ',' ? strcspn(c, ",") + 1 : strlen(c))
        if (strcspn(c, ",") == n && strncmp(c, word, n) == 0) return true;
    return false;
}

tren_status tren_picture_check_formats(const char *list) {
    size_t found = 0;
    for (int k = 0; k < TREN_PICTURE_KINDS; k++)
        if (tren_picture_has_format(list, (tren_picture_kind)k))
            found += strlen(tren_picture_name[k]) + 1;
    if (found == strlen(list) + 1) return TREN_OK;
    return tren_fail(
        TREN_ERR_USAGE,
        "--format %s: give one or several of svg, png and pdf, each once, separated by commas",
        list);
}

void tren_picture_begin(FILE *script, tren_picture_kind kind, int width, int height) {
    fputs("set encoding utf8\n", script);
    if (kind == TREN_PICTURE_PNG)
        fprintf(script,
                "set term pngcairo noenhanced size %d,%d font 'Sans,10' background '#ffffff'\n",
                width, height);
    else if (kind == TREN_PICTURE_PDF)
        fprintf(script, "set term pdfcairo noenhanced size %.3fin,%.3fin font 'Sans,10'\n",
                width / 96.0, height / 96.0);
    else
        fprintf(script,
                "set term svg noenhanced size %d,%d dynamic font 'Arial,13' background '#ffffff'\n",
                width, height);
}

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

/* gnuplot does not notice a full disk. */
static tren_status check_end(const tren_out_file *picture) {
    enum { TAIL = 32 };
    char tail[TAIL] = "";
    static const char *const ends[] = {"</svg>", "IEND", "%%EOF"};
    const char *end = ends[tren_picture_kind_of(picture->path)];
    FILE *file = fopen(picture->tmp, "re");
    size_t n = 0;
    if (file && fseek(file, -TAIL, SEEK_END) == 0) n = fread(tail, 1, TAIL, file);
    if (file) fclose(file);
    if (memmem(tail, n, end, strlen(end))) return TREN_OK;
    return tren_fail(TREN_ERR_ENV, "cannot write %s: the picture is incomplete; is the disk full?",
                     picture->path);
}

tren_status tren_picture_draw(FILE *script, const char *path, bool force, char *notes, size_t n) {
    tren_out_file file = {0};
    tren_status st = TREN_OK;
    TREN_GOTO(tren_out_check(&file, path, force));
    TREN_GOTO(tren_out_open_text(&file));
    TREN_GOTO(tren_gnuplot(script, file.text, notes, n));
    TREN_GOTO(check_end(&file));
    st = tren_out_finish(&file);
done:
    tren_out_close(&file);
    return st;
}
