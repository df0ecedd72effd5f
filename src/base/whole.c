#include "base/whole.h"
#include "base/input.h"
#include "base/own.h"
#include "base/temporary.h"
#include "base/why.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_PATH = 4096 };

static bool put_all(const char *tmp, void (*put)(FILE *out, void *ctx), void *ctx) {
    const char *why;
    FILE *file = tren_own_fopen(tmp, TREN_OWN_REPLACE, &why);
    if (!file) return false;
    put(file, ctx);
    bool good = fflush(file) == 0 && !ferror(file) && fsync(fileno(file)) == 0;
    return fclose(file) == 0 && good;
}

tren_status tren_whole_write(const char *path, tren_status code, void (*put)(FILE *out, void *ctx),
                             void *ctx) {
    char tmp[MAX_PATH];
    TREN_TRY(tren_temporary_make(tmp, sizeof tmp, path, code));
    if (put_all(tmp, put, ctx) && rename(tmp, path) == 0) return TREN_OK;
    int why = errno;
    unlink(tmp);
    return tren_fail(code, "%s: cannot write: %s", path, tren_why(why));
}

static void put_text(FILE *out, void *ctx) {
    fputs(ctx, out);
}

tren_status tren_whole_write_text(const char *path, tren_status code, const char *text) {
    return tren_whole_write(path, code, put_text, (void *)text);
}

tren_status tren_whole_read(char **text, const char *path, tren_status code) {
    size_t room = 0;
    *text = NULL;
    FILE *file;
    TREN_TRY(tren_input_fopen(&file, path, code, "a text file"));
    ssize_t n = getdelim(text, &room, '\0', file);
    bool failed = ferror(file);
    fclose(file);
    if (n >= 0) return TREN_OK;
    free(*text);
    *text = NULL;
    return failed ? tren_fail(code, "%s: cannot read: %s", path, tren_why(errno))
                  : tren_fail(code, "%s: is empty; restore it, or remove it, and it is made again",
                              path);
}
