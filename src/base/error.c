#include "base/quote.h"
#include "tren/base.h"

#include <stdlib.h>
#include <string.h>

/* Like errno: one text per thread, so that a status can travel alone. */
static _Thread_local char error_text[2048] = "";

static bool is_inside_character(char c) {
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* The beginning and the end: what to do comes last, behind names of any length. */
static void shorten(char *to, size_t room, const char *text, size_t n) {
    static const char gap[] = " ... ";
    size_t head = room / 2, tail = n - (room - head - sizeof gap);
    while (head > 0 && is_inside_character(text[head])) head--;
    while (tail < n && is_inside_character(text[tail])) tail++;
    snprintf(to, room, "%.*s%s%s", (int)head, text, gap, text + tail);
}

void tren_quote_message(char *out, size_t room, const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(out, room, format, args);
    char *whole = n >= (int)room ? malloc((size_t)n + 1) : NULL;
    if (whole && vsnprintf(whole, (size_t)n + 1, format, again) == n)
        shorten(out, room, whole, (size_t)n);
    free(whole);
    va_end(again);
}

tren_status tren_fail(tren_status status, const char *format, ...) {
    char text[sizeof error_text]; /* an argument may be the old text itself */
    va_list args;
    va_start(args, format);
    tren_quote_message(text, sizeof text, format, args);
    va_end(args);
    memcpy(error_text, text, sizeof text);
    return status;
}

tren_status tren_fail_in(tren_status status, const char *format, ...) {
    char prefix[512];
    va_list args;
    va_start(args, format);
    tren_quote_message(prefix, sizeof prefix, format, args);
    va_end(args);
    return tren_fail(status, "%s: %s", prefix, error_text);
}

const char *tren_error_text(void) {
    return error_text;
}
