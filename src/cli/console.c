#include "cli/console.h"
#include "base/text.h"
#include "base/quote.h"
#include "cli/launch.h"
#include "base/why.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static bool has_colours(FILE *out) {
    const char *term = getenv("TERM"), *no = getenv("NO_COLOR");
    return tren_launch_watched(fileno(out)) && term && strcmp(term, "dumb") != 0 && !(no && *no);
}

const char *tren_style_on(FILE *out, tren_style style) {
    static const char *const code[] = {"\033[0m", "\033[1m", "\033[2m", "\033[1;31m"};
    return has_colours(out) ? code[style] : "";
}

static int print_error(const char *command, const char *who, tren_status status) {
    fflush(stdout);
    fprintf(stderr, "%stren%s%s%s:%s ", tren_style_on(stderr, TREN_STYLE_ERROR), command ? " " : "",
            command ? command : "", who, tren_style_on(stderr, TREN_STYLE_NONE));
    tren_put_shown(stderr, tren_error_text());
    fputc('\n', stderr);
    return (int)status;
}

/* mpirun ends the others as soon as one rank fails: the one that speaks must come before that. */
static int wait_for_words(time_t seconds) {
    return nanosleep(&(struct timespec){.tv_sec = seconds, .tv_nsec = 300000000}, NULL);
}

/* One that is still there after a while is alone
 * with its error: its node lacks a file that the first rank's has, for example. */
static int fail_later(const char *command, tren_status status) {
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");
    char who[48] = "";
    if (wait_for_words(rank ? 2 : 0) != 0 || !rank) return (int)status;
    snprintf(who, sizeof who, " (rank %.20s)", rank);
    return print_error(command, who, status);
}

const char *tren_cli_shown(const char *text) {
    enum { AT_ONCE = 4, ROOM = TREN_SHOWN_ROOM * 4096 };
    static _Thread_local char shown[AT_ONCE][ROOM];
    static _Thread_local int at;
    at = (at + 1) % AT_ONCE;
    return tren_shown(shown[at], ROOM, text);
}

int tren_cli_fail(const char *command, tren_status status) {
    if (status == TREN_OK) return 0;
    return tren_launch_is_first() ? print_error(command, "", status) : fail_later(command, status);
}

int tren_cli_fail_agreed(const char *command, tren_status status, bool speaks) {
    if (status == TREN_OK) return 0;
    if (speaks) return print_error(command, "", status);
    wait_for_words(0);
    return (int)status;
}

int tren_cli_width(FILE *out) {
    struct winsize size = {0};
    int width = 0;
    if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0) width = size.ws_col;
    const char *columns = getenv("COLUMNS");
    if (width == 0 && columns) width = atoi(columns);
    if (width <= 0) width = 80;
    return width < 40 ? 40 : width > 120 ? 120 : width;
}

void tren_cli_wrap(FILE *out, const char *text, int at, int indent, int width) {
    bool starts = true;
    while (*(text += strspn(text, " "))) {
        int n = (int)strcspn(text, " ");
        int columns = tren_text_columns(text, (size_t)n);
        if (!starts && at + 1 + columns > width) {
            fprintf(out, "\n%*s", indent, "");
            at = indent;
            starts = true;
        }
        fprintf(out, "%s%.*s", starts ? "" : " ", n, text);
        at += columns + !starts;
        starts = false;
        text += n;
    }
    fputc('\n', out);
}

bool tren_cli_reader_gone(void) {
    struct pollfd out = {.fd = STDOUT_FILENO};
    return poll(&out, 1, 0) == 1 && out.revents & POLLERR;
}

tren_status tren_cli_flush(void) {
    errno = 0;
    bool failed = fflush(stdout) != 0 || ferror(stdout);
    if (failed && errno == 0) { /* an earlier write failed; another one tells why */
        clearerr(stdout);
        fputc('\n', stdout);
        fflush(stdout);
    }
    if (!failed || errno == EPIPE || tren_cli_reader_gone()) return TREN_OK;
    return tren_fail(TREN_ERR_ENV, "the output could not be written: %s",
                     errno ? tren_why(errno) : "write error; is the disk full?");
}
