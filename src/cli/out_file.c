#include "cli/out_file.h"
#include "base/own.h"
#include "tren/train.h"
#include "base/why.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER = 1 << 18 };

static tren_status refuse(const tren_out_file *out, int why) {
    return tren_fail(TREN_ERR_ENV, "cannot write %s: %s", out->path, tren_why(why));
}

tren_status tren_out_keep_input(const char *path, const char *input) {
    struct stat a, b;
    if (!input || stat(path, &a) != 0 || stat(input, &b) != 0) return TREN_OK;
    if (a.st_dev != b.st_dev || a.st_ino != b.st_ino) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "--out: %s is the input file %s, which would be lost; give another name", path,
                     input);
}

/* Behind imported weights there is none; what cannot be read is taken for one. */
static bool is_trained(const char *path) {
    tren_checkpoint c;
    bool is = tren_checkpoint_read(&c, path) != TREN_OK || c.n_metrics > 0 || c.at.epoch > 0 ||
              c.at.step > 0;
    tren_checkpoint_close(&c);
    return is;
}

static bool is_checkpoint(const char *path) {
    tren_h5 *file;
    char format[sizeof TREN_CHECKPOINT_FORMAT];
    if (tren_h5_open(&file, path, TREN_ERR_CHECKPOINT) != TREN_OK) return false;
    bool is = tren_h5_has_attr(file, "/", "format") &&
              tren_h5_get_text(file, "/", "format", format, sizeof format) == TREN_OK &&
              strcmp(format, TREN_CHECKPOINT_FORMAT) == 0;
    tren_h5_close(file);
    return is;
}

tren_status tren_out_keep_checkpoint(const char *path) {
    if (access(path, F_OK) != 0 || !is_checkpoint(path) || !is_trained(path)) return TREN_OK;
    return tren_fail(
        TREN_ERR_USAGE,
        "--out: %s is a checkpoint of a training, which is never overwritten; give another name",
        path);
}

/* What a training keeps beside its checkpoints. */
static tren_status keep_record(const char *path) {
    static const char *const record[] = {"metrics.csv", "result.json", "config.yaml", "run.log"};
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char log[TREN_MAX_PATH + 16];
    snprintf(log, sizeof log, "%.*srun.log", (int)(name - path), path);
    for (size_t i = 0; i < sizeof record / sizeof *record; i++)
        if (strcmp(name, record[i]) == 0 && access(log, F_OK) == 0)
            return tren_fail(
                TREN_ERR_USAGE,
                "%s is the record of a training, which is never overwritten; give another name",
                path);
    return TREN_OK;
}

tren_status tren_out_check(tren_out_file *out, const char *path, bool force) {
    struct stat info;
    *out = (tren_out_file){0};
    if (!path[0]) return tren_fail(TREN_ERR_USAGE, "--out: the path is empty; give a file");
    if (strlen(path) >= sizeof out->path)
        return tren_fail(
            TREN_ERR_USAGE,
            "the path of the output file is longer than %d bytes; choose a shorter one",
            TREN_MAX_PATH - 1);
    snprintf(out->path, sizeof out->path, "%s", path);
    bool exists = stat(path, &info) == 0;
    if (exists && S_ISDIR(info.st_mode))
        return tren_fail(TREN_ERR_USAGE, "%s is a folder; give a file", path);
    if (exists && !S_ISREG(info.st_mode))
        return tren_fail(TREN_ERR_USAGE, "%s is a device or a pipe; give a file", path);
    TREN_TRY(tren_out_keep_checkpoint(path));
    if (exists) TREN_TRY(keep_record(path));
    if (exists && !force)
        return tren_fail(TREN_ERR_USAGE, "%s: exists already: --force replaces it", path);
    char folder[TREN_MAX_PATH];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash) slash[slash == folder] = '\0';
    if (access(slash ? folder : ".", W_OK) != 0)
        return tren_fail(TREN_ERR_ENV, "cannot write %s: the folder %s: %s", path,
                         slash ? folder : ".", tren_why(errno));
    return TREN_OK;
}

tren_status tren_out_open(tren_out_file *out) {
    tren_status st = tren_temporary_make(out->tmp, sizeof out->tmp, out->path, TREN_ERR_ENV);
    if (st != TREN_OK) out->tmp[0] = '\0'; /* it is not ours to remove */
    return st;
}

tren_status tren_out_open_text(tren_out_file *out) {
    TREN_TRY(tren_out_open(out));
    TREN_TRY(tren_alloc(&out->buffer, BUFFER, 1, "an output buffer"));
    const char *why;
    out->text = tren_own_fopen(out->tmp, TREN_OWN_REPLACE, &why);
    if (!out->text) return tren_fail(TREN_ERR_ENV, "cannot write %s: %s", out->path, why);
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

bool tren_path_ends(const char *path, const char *ending) {
    size_t n = strlen(path), m = strlen(ending);
    return n >= m && strcasecmp(path + n - m, ending) == 0;
}

tren_status tren_out_ending(const char *path, const char *ending) {
    if (tren_path_ends(path, ending)) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE, "--out: '%s' does not end in %s; use this ending", path,
                     ending);
}
