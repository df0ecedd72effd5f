/* What a run folder says of its run. */
#include "base/input.h"
#include "base/text.h"
#include "cli/run_files.h"
#include "cli/runs.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const char *const tren_run_state_name[] = {"live",   "finished", "saved", "diverged",
                                           "failed", "stopped",  "dead",  "damaged"};

/* ---- files ----------------------------------------------------------------------------------- */

/* The descriptor of a plain file of the run, or -1. */
static int open_file(const tren_run_view *v, const char *name, struct stat *info) {
    char path[PATH_MAX];
    int fd;
    if (snprintf(path, sizeof path, "%s/%s", v->path, name) >= (int)sizeof path) return -1;
    if (tren_input_open(&fd, path, TREN_ERR_DATA, "a file") != TREN_OK) return -1;
    fstat(fd, info);
    return fd;
}

/* n bytes from `from` on as a text, or NULL. */
static char *read_part(int fd, off_t from, size_t n) {
    char *text = malloc(n + 1);
    size_t have = 0;
    ssize_t more = 1;
    while (text && have < n && more > 0) {
        more = pread(fd, text + have, n - have, from + (off_t)have);
        if (more > 0) have += (size_t)more;
    }
    if (text) text[have] = '\0';
    return text;
}

static void note_time(tren_run_view *v, const struct stat *info) {
    if ((double)info->st_mtime > v->modified) v->modified = (double)info->st_mtime;
}

enum { MOST_TEXT = 1 << 16 }; /* as tren_config_check_text */

/* A small file, or NULL; *there: a file of this name can be opened. */
static char *read_small(tren_run_view *v, const char *name, bool *there) {
    struct stat info;
    int fd = open_file(v, name, &info);
    *there = fd >= 0;
    if (fd >= 0) note_time(v, &info);
    char *text =
        fd >= 0 && info.st_size <= MOST_TEXT ? read_part(fd, 0, (size_t)info.st_size) : NULL;
    if (fd >= 0) close(fd);
    return text;
}

/* ---- metrics.csv ----------------------------------------------------------------------------- */

enum { MOST_HEADER = 4096, MOST_ROWS = 16 << 20 };

/* Cell i of a line that ends with a newline or 0; false: it has fewer. */
static bool cell_of(char out[TREN_RUN_VALUE], const char *line, int i) {
    for (; i > 0; i--) {
        line += strcspn(line, ",\n");
        if (*line++ != ',') return false;
    }
    snprintf(out, TREN_RUN_VALUE, "%.*s", (int)strcspn(line, ",\r\n"), line);
    return true;
}

static int column_of(const char *header, const char *name) {
    char cell[TREN_RUN_VALUE];
    for (int i = 0; cell_of(cell, header, i); i++)
        if (strcmp(cell, name) == 0) return i;
    return -1;
}

static int count_cells(const char *line) {
    int n = 1;
    for (; *line && *line != '\n'; line++) n += *line == ',';
    return n;
}

/* The last whole line, and the last one that is the best so far. False: a line has other cells than
 * the header. */
static bool look_for_rows(tren_run_view *v) {
    int best = column_of(v->header, "best"), cells = count_cells(v->header);
    char cell[TREN_RUN_VALUE];
    for (const char *line = v->rows, *end; (end = strchr(line, '\n')); line = end + 1) {
        if (count_cells(line) != cells) return false;
        v->last = line;
        if (best >= 0 && cell_of(cell, line, best) && strcmp(cell, "1") == 0) v->best = line;
    }
    return true;
}

/* Of a file that is too long, the last rows. False: it is no metrics.csv. */
static bool read_rows(tren_run_view *v, int fd, off_t size) {
    v->header = read_part(fd, 0, size < MOST_HEADER ? (size_t)size : MOST_HEADER);
    char *end = v->header ? strchr(v->header, '\n') : NULL;
    if (!end) return size == 0; /* a run that has just begun */
    *end = '\0';
    off_t from = end + 1 - v->header;
    bool all = size - from <= MOST_ROWS;
    if (!all) from = size - MOST_ROWS;
    v->rows = read_part(fd, from, (size_t)(size - from));
    if (!v->rows) return false;
    char *line = all ? v->rows : strchr(v->rows, '\n');
    if (!line) return false;
    if (!all) memmove(v->rows, line + 1, strlen(line + 1) + 1);
    return column_of(v->header, "epoch") == 0 && look_for_rows(v);
}

static bool read_metrics(tren_run_view *v) {
    struct stat info;
    int fd = open_file(v, "metrics.csv", &info);
    if (fd < 0) return true;
    note_time(v, &info);
    bool good = read_rows(v, fd, info.st_size);
    close(fd);
    return good;
}

/* ---- its state ------------------------------------------------------------------------------- */

/* A run keeps its lock as long as it lives. Ours is gone at once, and a run that begins at this
 * moment tries again. */
static bool is_locked(const tren_run_view *v) {
    struct stat info;
    int fd = open_file(v, ".lock", &info);
    bool locked = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (fd >= 0) close(fd);
    return locked;
}

static bool has_checkpoint(const tren_run_view *v) {
    struct stat info;
    int fd = open_file(v, "last.h5", &info);
    if (fd < 0) fd = open_file(v, "previous.h5", &info);
    if (fd >= 0) close(fd);
    return fd >= 0;
}

/* A value on the first level of result.json, as it stands there. */
static bool result_value(char out[TREN_RUN_VALUE], const char *result, const char *name) {
    char wanted[96];
    if (!result || snprintf(wanted, sizeof wanted, "\n  \"%s\": ", name) >= (int)sizeof wanted)
        return false;
    const char *at = strstr(result, wanted);
    if (!at) return false;
    at += strlen(wanted);
    int n = (int)strcspn(at, "\n");
    if (n > 0 && at[n - 1] == ',') n--;
    snprintf(out, TREN_RUN_VALUE, "%.*s", n, at);
    return true;
}

static tren_run_state state_of(const tren_run_view *v, bool has_result, bool good) {
    static const struct {
        const char *status;
        tren_run_state state;
    } known[] = {{"\"finished\"", TREN_RUN_FINISHED},
                 {"\"requeue\"", TREN_RUN_SAVED},
                 {"\"diverged\"", TREN_RUN_DIVERGED},
                 {"\"failed\"", TREN_RUN_FAILED}};
    char status[TREN_RUN_VALUE];
    if (is_locked(v)) return TREN_RUN_LIVE;
    if (!good) return TREN_RUN_DAMAGED;
    if (!has_result) return has_checkpoint(v) ? TREN_RUN_STOPPED : TREN_RUN_DEAD;
    if (!result_value(status, v->result, "status")) return TREN_RUN_DAMAGED;
    tren_run_state state = TREN_RUN_DAMAGED;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(status, known[i].status) == 0) state = known[i].state;
    /* An empty metrics.csv is that of a run which has just begun. */
    bool trained = state == TREN_RUN_FINISHED || state == TREN_RUN_SAVED;
    return trained && v->header && !*v->header ? TREN_RUN_DAMAGED : state;
}

void tren_run_view_open(tren_run_view *v, const char *path) {
    bool has_result;
    *v = (tren_run_view){.path = path};
    v->result = read_small(v, "result.json", &has_result);
    bool good = read_metrics(v);
    v->state = state_of(v, has_result, good);
}

void tren_run_view_close(tren_run_view *v) {
    free(v->result);
    free(v->header);
    free(v->rows);
    tren_yaml_close(v->config);
    *v = (tren_run_view){0};
}

/* ---- values ---------------------------------------------------------------------------------- */

/* "a text" without its quotes. */
static bool unquote(char out[TREN_RUN_VALUE]) {
    size_t n = strlen(out);
    bool quoted = n >= 2 && out[0] == '"' && out[n - 1] == '"';
    if (quoted) {
        memmove(out, out + 1, n - 2);
        out[n - 2] = '\0';
    }
    return quoted;
}

static bool from_folder(char out[TREN_RUN_VALUE], tren_run_view *v, const char *name) {
    time_t when = (time_t)v->modified;
    struct tm utc;
    if (strcmp(name, "path") == 0)
        snprintf(out, TREN_RUN_VALUE, "%s", v->path);
    else if (strcmp(name, "name") == 0)
        tren_run_name(out, TREN_RUN_VALUE, v->path);
    else if (strcmp(name, "status") == 0)
        snprintf(out, TREN_RUN_VALUE, "%s", tren_run_state_name[v->state]);
    else if (strcmp(name, "modified") == 0 && v->modified > 0 && gmtime_r(&when, &utc))
        strftime(out, TREN_RUN_VALUE, "%Y-%m-%dT%H:%M:%SZ", &utc);
    else
        return false;
    return true;
}

static bool from_result(char out[TREN_RUN_VALUE], bool *text, tren_run_view *v, const char *name) {
    if (!result_value(out, v->result, name)) return false;
    *text = unquote(out);
    return *text || strcmp(out, "null") != 0;
}

/* The names that result.json has for columns of metrics.csv are theirs, too. */
static bool from_metrics(char out[TREN_RUN_VALUE], bool *text, tren_run_view *v, const char *name) {
    const char *column = strcmp(name, "epochs") == 0 ? "epoch" : name;
    bool of_best = tren_text_starts(name, "validation_");
    const char *row = of_best && v->best ? v->best : v->last;
    int i = v->header ? column_of(v->header, column) : -1;
    *text = strcmp(name, "digest") == 0;
    return row && i >= 0 && cell_of(out, row, i) && *out;
}

/* "optimizer.name", in nested maps or with the dot. */
static tren_yaml_node find_key(tren_yaml_node map, const char *key) {
    size_t head = strcspn(key, ".");
    for (int i = 0; i < tren_yaml_count(map) && tren_yaml_is_map(map); i++) {
        const char *name = tren_yaml_text(tren_yaml_key(map, i));
        if (strcmp(name, key) == 0) return tren_yaml_item(map, i);
        if (key[head] == '.' && strlen(name) == head && strncmp(name, key, head) == 0)
            return find_key(tren_yaml_item(map, i), key + head + 1);
    }
    return (tren_yaml_node){0};
}

static void read_config(tren_run_view *v) {
    bool there;
    double modified = v->modified;
    char *text = read_small(v, "config.yaml", &there);
    if (text && tren_yaml_open(&v->config, text, "config.yaml") != TREN_OK) v->config = NULL;
    free(text);
    if (modified > 0) v->modified = modified;
    v->config_tried = true;
}

bool tren_run_view_config(char out[TREN_RUN_VALUE], tren_run_view *v, const char *name) {
    if (!v->config_tried) read_config(v);
    tren_yaml_node node =
        find_key(v->config ? tren_yaml_root(v->config) : (tren_yaml_node){0}, name);
    if (!node.node || tren_yaml_is_null(node)) return false;
    if (!tren_yaml_is_list(node) && !tren_yaml_is_map(node))
        snprintf(out, TREN_RUN_VALUE, "%s", tren_yaml_text(node));
    else if (tren_yaml_flatten(out, TREN_RUN_VALUE, node, false, name) != TREN_OK)
        snprintf(out, TREN_RUN_VALUE, "[...]");
    return *out != '\0';
}

bool tren_run_view_get(char out[TREN_RUN_VALUE], bool *text, tren_run_view *v, const char *name) {
    *text = false;
    if (strncmp(name, TREN_RUN_CONFIG, strlen(TREN_RUN_CONFIG)) == 0)
        return tren_run_view_config(out, v, name + strlen(TREN_RUN_CONFIG));
    if (from_folder(out, v, name)) {
        *text = true;
        return true;
    }
    if (from_result(out, text, v, name) || from_metrics(out, text, v, name)) return true;
    *text = false;
    if (strcmp(name, "epochs") == 0) return false; /* those that were trained, not the config's */
    return tren_run_view_config(out, v, name);
}

void tren_run_view_names(const tren_run_view *v, void (*fn)(void *ctx, const char *name),
                         void *ctx) {
    char name[TREN_RUN_VALUE];
    for (const char *at = v->result; at && (at = strstr(at, "\n  \"")); at++) {
        snprintf(name, sizeof name, "%.*s", (int)strcspn(at + 4, "\"\n"), at + 4);
        fn(ctx, name);
    }
    for (int i = 0; v->header && cell_of(name, v->header, i); i++) fn(ctx, name);
}
