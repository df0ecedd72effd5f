/* Text of any bytes (a path, a class name) as it must stand on a terminal and in files of other
 * formats. Independent of the locale. Not collective. */
#ifndef TREN_BASE_QUOTE_H
#define TREN_BASE_QUOTE_H

#include "tren/base.h"

#include <stdarg.h>

/* How many bytes the UTF-8 character at `text` has, and its number; 0: the byte begins none. */
int tren_utf8_next(uint32_t *code, const char *text);
bool tren_utf8_valid(const char *text);
/* The bytes of the white space that `text` begins with, one character of it, or 0: what ASCII and
 * Unicode have (no-break, em, ideographic, ...), and the invisible U+200B, U+2060 and U+FEFF. */
int tren_utf8_blank(const char *text);

/* As vsnprintf; of a message that is too long, the middle is left out ("..."): what to do comes
 * last, behind names of any length. */
void tren_quote_message(char *out, size_t n, const char *format, va_list args);

/* For people: control characters, characters that turn the direction of writing, and bytes that
 * are not UTF-8 as \x1b, \u202e, \n; all else as it stands. */
void tren_put_shown(FILE *out, const char *text);
/* The same into out[n], cut at the end of a character. Returns out. */
char *tren_shown(char *out, size_t n, const char *text);
enum { TREN_SHOWN_ROOM = 4 }; /* bytes of the shown text for each byte of the text, at most */

/* The bytes of a character that looks like nothing, or like what belongs there: a blank of another
 * width, a mark without width, a minus or hyphen that is none; 0: of any other. */
int tren_utf8_odd(uint32_t *code, const char *text);
enum { TREN_ODD_ROOM = 160 };
/* The first 100 bytes or so, with such characters as <U+00A0>. Returns out. */
char *tren_show_odd(char out[TREN_ODD_ROOM], const char *text);

/* A string of JSON, with its quotes. A byte that is not UTF-8 becomes \udc80 to \udcff, which
 * Python's os.fsencode turns back. */
void tren_put_json(FILE *out, const char *text);
/* The text within HTML or an attribute's quotes, shown as for people. */
void tren_put_html(FILE *out, const char *text);
/* A field of a CSV row, quoted where it must be (RFC 4180). A text that a spreadsheet would run as
 * a formula (it begins with = + - @, a tab or a line's end, and is no number) gets an apostrophe in
 * front; so does one that has this form behind apostrophes, and removing one always gives the text.
 */
void tren_put_csv(FILE *out, const char *text);
/* A scalar of YAML in double quotes with escapes; text that is not UTF-8 as !!binary "BASE64". */
void tren_put_yaml(FILE *out, const char *text);
/* What !!binary stands for: false where `text` is no base64, holds a zero byte, or needs more than
 * n bytes. */
bool tren_base64_decode(char *out, size_t n, const char *text);
void tren_put_base64(FILE *out, const void *bytes, size_t n);

#endif
