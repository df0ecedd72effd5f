/* HDF5's error stack as one line of text, from what was attempted down to its cause. */
#include "base/quote.h"
#include "io/h5_internal.h"
#include <stdarg.h>
#include <string.h>

#define MAX_REASONS 32

typedef struct reasons {
    int n;
    char text[MAX_REASONS][768]; /* the longest names a file before it says why */
} reasons;

void tren_h5_quiet(void) {
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

static herr_t collect(unsigned depth, const H5E_error2_t *error, void *ctx) {
    (void)depth;
    reasons *found = ctx;
    if (found->n == MAX_REASONS || !error->desc) return 0;
    char *text = found->text[found->n];
    snprintf(text, sizeof found->text[0], "%s", error->desc);
    for (char *p = text; *p; p++)
        if (*p == '\n') *p = ' ';
    found->n++;
    return 0;
}

/* The operating system's own words inside a reason such as "..., error message = 'No such file',
 * flags = 13". */
static bool system_reason(char *out, size_t n, const char *reason) {
    const char *begin = strstr(reason, "error message = '");
    if (!begin) return false;
    begin += strlen("error message = '");
    snprintf(out, n, "%.*s", (int)strcspn(begin, "'"), begin);
    return true;
}

/* "truncated file: eof = 7904, sblock->base_addr = 0, stored_eof = 15808" as people say it. */
static bool cut_off(char *out, size_t n, const char *reason) {
    long long has, had;
    const char *at = strstr(reason, "eof = "), *stored = strstr(reason, "stored_eof = ");
    if (!strstr(reason, "truncated file") || !at || !stored) return false;
    if (sscanf(at, "eof = %lld", &has) != 1 || sscanf(stored, "stored_eof = %lld", &had) != 1)
        return false;
    snprintf(out, n, "truncated file: it has %lld of %lld bytes", has, had);
    return true;
}

static const char *remedy_for(const char *reason, bool writing) {
    if (strstr(reason, "unable to lock"))
        return " (another program is writing it, or the file system has no locks: if so, set "
               "HDF5_USE_FILE_LOCKING=FALSE)";
    if (strstr(reason, "signature not found"))
        return " (this is not an HDF5 file; is it the right one?)";
    if (strstr(reason, "No space left")) return " (make room on that disk)";
    if (strstr(reason, "Too many open files")) return " (raise 'ulimit -n')";
    if (strstr(reason, "Cannot allocate memory")) return " (free memory, or raise 'ulimit -v')";
    if (strstr(reason, "File too large")) return " (ulimit -f bounds the size of a file)";
    if (strstr(reason, "truncated")) return " (copy or make it again)";
    if (strstr(reason, "not a dataset")) return " (a group? name a dataset)";
    if (writing || strstr(reason, "error message = '")) return "";
    return " (the file is damaged: copy or make it again)";
}

/* One reason says it all: the operating system's, a truncation, or else the deepest. Those above it
 * repeat the call chain. */
static void describe(char *out, size_t n, const reasons *found, bool writing) {
    const char *cause = found->n ? found->text[found->n - 1] : "unknown HDF5 error";
    char words[160];
    for (int i = 0; i < found->n; i++)
        if (strstr(found->text[i], "errno") || strstr(found->text[i], "truncated"))
            cause = found->text[i];
    bool plain = system_reason(words, sizeof words, cause) || cut_off(words, sizeof words, cause);
    snprintf(out, n, "%s%s", plain ? words : cause, remedy_for(cause, writing));
}

static tren_status fail(tren_h5 *file, const char *object, const char *what, const char *reason) {
    char text[sizeof file->failure];
    snprintf(text, sizeof text, "%s%s%s%s%s", object ? object : "", object ? ": " : "", what,
             reason ? ": " : "", reason ? reason : "");
    if (file->writing && !file->failure[0]) memcpy(file->failure, text, sizeof text);
    return tren_fail(file->code, "%s: %s", file->path, text);
}

tren_status tren_h5_error(tren_h5 *file, const char *object, const char *format, ...) {
    reasons found = {0};
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, collect, &found);
    H5Eclear2(H5E_DEFAULT);
    char reason[384], what[TREN_H5_TEXT];
    describe(reason, sizeof reason, &found, file->writing);
    va_list args;
    va_start(args, format);
    tren_quote_message(what, sizeof what, format, args);
    va_end(args);
    return fail(file, object, what, reason);
}

tren_status tren_h5_refuse(tren_h5 *file, const char *object, const char *format, ...) {
    char what[TREN_H5_TEXT];
    va_list args;
    va_start(args, format);
    tren_quote_message(what, sizeof what, format, args);
    va_end(args);
    return fail(file, object, what, NULL);
}
