#include "tren/base.h"

#include <stdarg.h>
#include <string.h>

/* Like errno: one text per thread, so that a status can travel alone. */
static _Thread_local char error_text[2048] = "";

tren_status tren_fail(tren_status status, const char *format, ...) {
    char text[sizeof error_text]; /* an argument may be the old text itself */
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    memcpy(error_text, text, sizeof text);
    return status;
}

tren_status tren_fail_in(tren_status status, const char *format, ...) {
    char prefix[512];
    va_list args;
    va_start(args, format);
    vsnprintf(prefix, sizeof prefix, format, args);
    va_end(args);
    return tren_fail(status, "%s: %s", prefix, error_text);
}

const char *tren_error_text(void) {
    return error_text;
}
