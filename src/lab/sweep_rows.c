/* The rows of a user's sweep: what one may say, and tables of other grids in the same folder. */
#include "lab/sweep_rows.h"
#include "base/text.h"
#include "base/whole.h"
#include "lab/folder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N_CELLS = 11, CELL = 64 }; /* of TREN_SWEEP_COLUMNS */

/* ---- one row --------------------------------------------------------------------------------- */

/* Cell i of the line; false where it is too long or not there. */
static bool cell_of(char out[CELL], const char *line, int i) {
    for (; i > 0; i--) {
        line += strcspn(line, ",\n");
        if (*line++ != ',') return false;
    }
    size_t n = strcspn(line, ",\n");
    if (n >= CELL) return false;
    memcpy(out, line, n);
    out[n] = '\0';
    return true;
}

static bool is_status(const char *text) {
    for (int reason = 0; reason <= TREN_STOP_CONVERGED; reason++)
        if (strcmp(text, tren_stop_reason_name((tren_stop_reason)reason)) == 0) return true;
    return false;
}

static bool is_count(const char *text) {
    return text[0] && text[strspn(text, "0123456789")] == '\0';
}

static bool is_number(const char *text) {
    double value;
    return !text[0] || (tren_text_real(&value, text) == TREN_TEXT_OK && isfinite(value));
}

static bool is_digest(const char *text) {
    return strlen(text) == 16 && text[strspn(text, "0123456789abcdef")] == '\0';
}

bool lab_is_sweep_row(const char *line) {
    static bool (*const is_right[N_CELLS])(const char *) = {
        is_status, is_count,  is_count,  is_number, is_number, is_number,
        is_number, is_number, is_number, is_count,  is_digest};
    char cell[CELL];
    for (int i = 0; i < N_CELLS; i++)
        if (!cell_of(cell, line, i) || !is_right[i](cell)) return false;
    return true;
}

/* ---- tables of other grids --------------------------------------------------------------------
 */

/* The digest of what follows the keys of a line: its last cells. */
static uint64_t row_digest(const char *line, size_t n) {
    size_t at = n;
    for (int commas = 0; at > 0 && (commas += line[at - 1] == ',') < N_CELLS; at--) {
    }
    return tren_digest(line + at, n - at);
}

static int by_value(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* The digests of the rows below the header, in order of their value. */
static tren_status digest_rows(uint64_t **digest, size_t *n, const char *text) {
    size_t room = 1;
    for (const char *c = text; *c; c++) room += *c == '\n';
    TREN_TRY(tren_alloc(digest, room, sizeof **digest, "a sweep"));
    const char *line = text + strcspn(text, "\n");
    for (*n = 0, line += *line == '\n'; *line; line += *line == '\n') {
        size_t length = strcspn(line, "\n");
        (*digest)[(*n)++] = row_digest(line, length);
        line += length;
    }
    qsort(*digest, *n, sizeof **digest, by_value);
    return TREN_OK;
}

static tren_status holds(bool *all, const char *text, const char *rows) {
    uint64_t *has = NULL, *wanted = NULL;
    size_t n_has, n_wanted;
    tren_status st;
    *all = true;
    TREN_GOTO(digest_rows(&has, &n_has, text));
    TREN_GOTO(digest_rows(&wanted, &n_wanted, rows));
    for (size_t i = 0; i < n_wanted; i++)
        if (!bsearch(&wanted[i], has, n_has, sizeof *has, by_value)) *all = false;
done:
    free(has);
    free(wanted);
    return st;
}

/* The first name that is free, or that has this very text already. */
static tren_status keep(char kept[TREN_MAX_PATH], const char *dir, const char *text) {
    for (int i = 1;; i++) {
        char name[32], *there;
        snprintf(name, sizeof name, "sweep-%d.csv", i);
        TREN_TRY(lab_path(kept, dir, name));
        if (access(kept, F_OK) != 0) return tren_whole_write_text(kept, TREN_ERR_ENV, text);
        if (tren_whole_read(&there, kept, TREN_ERR_ENV) != TREN_OK) continue;
        bool same = strcmp(there, text) == 0;
        free(there);
        if (same) return TREN_OK;
    }
}

tren_status lab_keep_other_table(char kept[TREN_MAX_PATH], const char *dir, const char *text) {
    char path[TREN_MAX_PATH], *before = NULL;
    bool all = true;
    kept[0] = '\0';
    TREN_TRY(lab_path(path, dir, "sweep.csv"));
    if (access(path, F_OK) != 0 || tren_whole_read(&before, path, TREN_ERR_ENV) != TREN_OK)
        return TREN_OK; /* nothing is lost */
    tren_status st = holds(&all, text, before);
    if (st == TREN_OK && !all) st = keep(kept, dir, before);
    free(before);
    return st;
}
