#include "cli/out_file.h"
#include "tren/io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER = 1 << 18 };

static tren_status refuse(const tren_out_file *out, int why) {
    return tren_fail(TREN_ERR_ENV, "cannot write %s: %s", out->path, strerror(why));
}

static bool is_same(const struct stat *out, const char *input) {
    struct stat in;
    return stat(input, &in) == 0 && in.st_dev == out->st_dev && in.st_ino == out->st_ino;
}

static bool is_checkpoint(const char *path) {
    tren_h5 *file = NULL;
    if (!tren_path_ends(path, ".h5") || tren_h5_open(&file, path, TREN_ERR_DATA) != TREN_OK)
        return false;
    bool is = tren_h5_has(file, "/parameters") && tren_h5_has_attr(file, "/", "format");
    tren_h5_close(file);
    return is;
}

tren_status tren_out_protect(const char *path, const char *const *input, int n) {
    struct stat info;
    if (!path || stat(path, &info) != 0 || S_ISDIR(info.st_mode)) return TREN_OK;
    if (!S_ISREG(info.st_mode))
        return tren_fail(TREN_ERR_USAGE, "%s is no regular file, and is not replaced; name a file",
                         path);
    for (int i = 0; i < n; i++)
        if (is_same(&info, input[i]))
            return tren_fail(TREN_ERR_USAGE,
                             "%s is what is read here (%s): give --out another name, so that the "
                             "input is not lost",
                             path, input[i]);
    if (!is_checkpoint(path)) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "%s is a checkpoint, which --force does not replace; give --out another name",
                     path);
}

tren_status tren_out_check(tren_out_file *out, const char *path, bool force) {
    struct stat info;
    *out = (tren_out_file){0};
    if (strlen(path) >= sizeof out->path)
        return tren_fail(TREN_ERR_USAGE, "the path of the file to write is longer than %d bytes",
                         TREN_MAX_PATH - 1);
    snprintf(out->path, sizeof out->path, "%s", path);
    bool exists = stat(path, &info) == 0;
    if (exists && S_ISDIR(info.st_mode))
        return tren_fail(TREN_ERR_USAGE, "%s is a folder; name a file", path);
    if (exists && !force)
        return tren_fail(TREN_ERR_USAGE, "%s: exists already: --force replaces it", path);
    char folder[TREN_MAX_PATH];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash) slash[slash == folder] = '\0';
    if (access(slash ? folder : ".", W_OK) != 0)
        return tren_fail(TREN_ERR_ENV, "cannot write %s: the folder %s: %s", path,
                         slash ? folder : ".", strerror(errno));
    snprintf(out->tmp, sizeof out->tmp, "%s.tmp", path);
    return TREN_OK;
}

tren_status tren_out_open_text(tren_out_file *out) {
    TREN_TRY(tren_alloc(&out->buffer, BUFFER, 1, "an output buffer"));
    out->text = fopen(out->tmp, "we");
    if (!out->text) return refuse(out, errno);
    setvbuf(out->text, out->buffer, _IOFBF, BUFFER);
    return TREN_OK;
}

tren_status tren_out_finish(tren_out_file *out) {
    errno = 0;
    bool failed = out->text && (fflush(out->text) != 0 || ferror(out->text));
    int why = errno ? errno : EIO;
    if (out->text && fclose(out->text) != 0 && !failed) {
        failed = true;
        why = errno;
    }
    out->text = NULL;
    if (!failed && rename(out->tmp, out->path) != 0) {
        failed = true;
        why = errno;
    }
    tren_status st = failed ? refuse(out, why) : TREN_OK;
    if (!failed) out->tmp[0] = '\0';
    tren_out_close(out);
    return st;
}

void tren_out_close(tren_out_file *out) {
    if (out->text) fclose(out->text);
    free(out->buffer);
    if (out->tmp[0]) unlink(out->tmp);
    *out = (tren_out_file){0};
}

void tren_csv_text(FILE *out, const char *text) {
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"') fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

bool tren_path_ends(const char *path, const char *ending) {
    size_t n = strlen(path), m = strlen(ending);
    return n > m && strcasecmp(path + n - m, ending) == 0;
}
