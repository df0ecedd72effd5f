/* What the commands print for people: errors, colours where a terminal shows them, wrapped text.
 * Not collective. */
#ifndef TREN_CLI_CONSOLE_H
#define TREN_CLI_CONSOLE_H

#include "tren/base.h"

/* A path or a name as a terminal may show it: control characters escaped (base/quote.h). Stays
 * until the fourth call after this one. */
const char *tren_cli_shown(const char *text);

/* Prints this thread's error text as "tren COMMAND: text" to stderr and returns the status as exit
 * code; prints nothing for TREN_OK. command may be NULL. Of many ranks that fail alike before they
 * can agree, the first prints. */
int tren_cli_fail(const char *command, tren_status status);
/* The same once the ranks have agreed on the status: the one that speaks prints. */
int tren_cli_fail_agreed(const char *command, tren_status status, bool speaks);

typedef enum tren_style {
    TREN_STYLE_NONE,
    TREN_STYLE_BOLD,
    TREN_STYLE_DIM,
    TREN_STYLE_ERROR
} tren_style;
/* The escape sequence that turns the style on (TREN_STYLE_NONE: all off), or "" where `out` is no
 * terminal, or NO_COLOR is set, or TERM is dumb. */
const char *tren_style_on(FILE *out, tren_style style);

/* Columns of the terminal, or of $COLUMNS, or 80; between 40 and 120. */
int tren_cli_width(FILE *out);

/* Prints text broken at blanks, each line but the first indented by `indent`; the first starts at
 * column `at`. Ends with a newline. */
void tren_cli_wrap(FILE *out, const char *text, int at, int indent, int width);

/* Flushes stdout and says what went wrong with it (a full disk). A closed pipe is nobody's error.
 */
tren_status tren_cli_flush(void);
/* Is stdout a pipe that nobody reads any more? */
bool tren_cli_reader_gone(void);

#endif
