#include "cli/run_files.h"
#include "base/config_table.h"
#include "base/input.h"
#include "base/text.h"
#include "base/why.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- files ----------------------------------------------------------------------------------- */

static void path_of(char *out, size_t n, const char *run_dir, const char *name) {
    size_t length = strlen(run_dir);
    bool slash = length > 0 && run_dir[length - 1] == '/';
    snprintf(out, n, "%s%s%s", run_dir, slash ? "" : "/", name);
}

/* The whole of a file, which may be empty. The caller frees. */
static tren_status read_file(char **text, const char *path) {
    FILE *file;
    size_t room = 0;
    *text = NULL;
    TREN_TRY(tren_input_fopen(&file, path, TREN_ERR_DATA, "a text file"));
    ssize_t n = getdelim(text, &room, '\0', file);
    bool empty = n < 0 && !ferror(file) && *text;
    if (empty) (*text)[0] = '\0';
    fclose(file);
    if (n >= 0 || empty) return TREN_OK;
    free(*text);
    *text = NULL;
    return tren_fail(TREN_ERR_DATA, "%s: cannot read: %s", path, tren_why(errno));
}

/* ---- metrics.csv ----------------------------------------------------------------------------- */

/* After a failure to read metrics.csv. */
static tren_status missing(const char *run_dir) {
    struct stat info;
    if (stat(run_dir, &info) != 0)
        return tren_fail(TREN_ERR_DATA,
                         "there is no run folder '%s'; give one that 'tren train' has written",
                         run_dir);
    if (!S_ISDIR(info.st_mode))
        return tren_fail(TREN_ERR_DATA, "'%s' is a file; give its run folder", run_dir);
    return tren_fail(TREN_ERR_DATA, "%s; is this the folder of a 'tren train'?", tren_error_text());
}

/* Cuts a line at its commas, in place. Returns the number of cells. */
static int cut(char *line, char **cell, int most) {
    int n = 0;
    for (;;) {
        if (n < most) cell[n] = line;
        n++;
        line = strchr(line, ',');
        if (!line) return n;
        *line++ = '\0';
    }
}

/* The next whole line of *text, or NULL; what has no newline yet is none. */
static char *next_line(char **text) {
    char *line = *text, *end = strchr(line, '\n');
    if (!end) return NULL;
    *end = '\0';
    if (end > line && end[-1] == '\r') end[-1] = '\0';
    *text = end + 1;
    return line;
}

static tren_status read_header(tren_metrics *m, char **rest, const char *path) {
    char *header = next_line(rest);
    if (!header || !*header)
        return tren_fail(TREN_ERR_DATA,
                         "%s is empty: no epoch is complete yet; wait for the first epoch", path);
    int most = 1;
    for (const char *c = header; *c; c++) most += *c == ',';
    TREN_TRY(tren_alloc(&m->name, (size_t)most, sizeof *m->name, "metrics"));
    m->n_columns = cut(header, m->name, most);
    if (tren_metrics_column(m, "epoch") == 0) return TREN_OK;
    return tren_fail(TREN_ERR_DATA,
                     "%s is not a metrics.csv of tren: its first column is '%.40s', not epoch; "
                     "give the run folder of a 'tren train'",
                     path, m->name[0]);
}

/* The digest is the one column without numbers. */
static tren_status read_cell(double *value, const char *cell, const char *name, const char *path,
                             int line) {
    *value = NAN;
    if (!*cell || strcmp(name, "digest") == 0) return TREN_OK;
    char *end;
    *value = strtod(cell, &end);
    if (*end == '\0') return TREN_OK;
    return tren_fail(TREN_ERR_DATA, "%s:%d: %s: '%.40s' is not a number; fix or remove this line",
                     path, line, name, cell);
}

static tren_status read_row(tren_metrics *m, char *line, const char *path, int number) {
    char **cell = NULL;
    TREN_TRY(tren_alloc(&cell, (size_t)m->n_columns, sizeof *cell, "metrics"));
    tren_status st = TREN_OK;
    int n = cut(line, cell, m->n_columns);
    if (n != m->n_columns)
        st = tren_fail(TREN_ERR_DATA,
                       "%s:%d: %d cells, but the header has %d; remove this line, or train again "
                       "(--resume writes the file again)",
                       path, number, n, m->n_columns);
    double *row = m->value + (size_t)m->n_rows * (size_t)m->n_columns;
    for (int i = 0; st == TREN_OK && i < n; i++)
        st = read_cell(row + i, cell[i], m->name[i], path, number);
    m->n_rows++;
    free(cell);
    return st;
}

static tren_status read_rows(tren_metrics *m, char *rest, const char *path) {
    size_t lines = 0;
    for (const char *c = rest; *c; c++) lines += *c == '\n';
    if (lines == 0)
        return tren_fail(TREN_ERR_DATA,
                         "%s has no rows: no epoch is complete yet; wait for the first epoch",
                         path);
    if (lines > strlen(rest) / (size_t)m->n_columns) /* a cell takes a byte, its end */
        return tren_fail(TREN_ERR_DATA,
                         "%s: its rows have fewer cells than the header, which has %d; train again "
                         "(--resume writes the file again)",
                         path, m->n_columns);
    TREN_TRY(tren_alloc(&m->value, lines * (size_t)m->n_columns, sizeof *m->value, "metrics"));
    char *line;
    for (int number = 2; (line = next_line(&rest)); number++)
        TREN_TRY(read_row(m, line, path, number));
    return TREN_OK;
}

tren_status tren_metrics_read(tren_metrics *m, const char *run_dir) {
    char path[TREN_MAX_PATH + 64];
    *m = (tren_metrics){0};
    path_of(path, sizeof path, run_dir, "metrics.csv");
    if (read_file(&m->text, path) != TREN_OK) return missing(run_dir);
    char *rest = m->text;
    tren_status st = read_header(m, &rest, path);
    if (st == TREN_OK) st = read_rows(m, rest, path);
    if (st != TREN_OK) tren_metrics_close(m);
    return st;
}

void tren_metrics_close(tren_metrics *m) {
    free(m->name);
    free(m->value);
    free(m->text);
    *m = (tren_metrics){0};
}

int tren_metrics_column(const tren_metrics *m, const char *name) {
    for (int i = 0; i < m->n_columns; i++)
        if (strcmp(m->name[i], name) == 0) return i;
    return -1;
}

double tren_metrics_at(const tren_metrics *m, int row, const char *name) {
    int column = tren_metrics_column(m, name);
    return column < 0 ? NAN : m->value[(size_t)row * (size_t)m->n_columns + (size_t)column];
}

bool tren_metrics_has(const tren_metrics *m, const char *name) {
    for (int i = 0; i < m->n_rows; i++)
        if (isfinite(tren_metrics_at(m, i, name))) return true;
    return false;
}

/* ---- the rest of the folder ------------------------------------------------------------------ */

bool tren_result_is(const char *run_dir, const char *key, const char *word) {
    char path[TREN_MAX_PATH + 64], wanted[128], *text;
    path_of(path, sizeof path, run_dir, "result.json");
    snprintf(wanted, sizeof wanted, "\n  \"%s\": \"%s\"", key, word);
    bool is = read_file(&text, path) == TREN_OK && strstr(text, wanted);
    free(text);
    return is;
}

double tren_result_number(const char *run_dir, const char *key) {
    char path[TREN_MAX_PATH + 64], wanted[64];
    path_of(path, sizeof path, run_dir, "result.json");
    snprintf(wanted, sizeof wanted, "\n  \"%s\": ", key); /* two blanks: the first level */
    char *text, *end;
    double value = NAN;
    const char *at = read_file(&text, path) == TREN_OK ? strstr(text, wanted) : NULL;
    if (at) {
        value = strtod(at + strlen(wanted), &end);
        if (end == at + strlen(wanted)) value = NAN; /* null */
    }
    free(text);
    return value;
}

void tren_run_name(char *out, size_t n, const char *run_dir) {
    size_t end = strlen(run_dir);
    while (end > 1 && run_dir[end - 1] == '/') end--;
    size_t begin = end;
    while (begin > 0 && run_dir[begin - 1] != '/') begin--;
    snprintf(out, n, "%.*s", (int)(end - begin), run_dir + begin);
}

static void describe_key(char *out, size_t n, const char *key, const tren_config *config) {
    const tren_option *option = tren_option_find(key);
    out[0] = '\0';
    if (option && tren_option_acts(option, config)) tren_option_format(out, n, option, config);
}

void tren_run_caption(char *out, size_t n, const char *run_dir) {
    char path[TREN_MAX_PATH + 64], activation[32], optimizer[32], hidden[256] = "";
    tren_config c;
    out[0] = '\0';
    path_of(path, sizeof path, run_dir, "config.yaml");
    tren_config_defaults(&c);
    if (tren_config_load(&c, path) != TREN_OK) return;
    bool dense = tren_option_acts(tren_option_find("model.hidden"), &c);
    for (int i = 0; dense && i < c.model.hidden.n; i++)
        snprintf(hidden + strlen(hidden), sizeof hidden - strlen(hidden), "%s%d", i ? "-" : " ",
                 c.model.hidden.at[i]);
    describe_key(activation, sizeof activation, "model.activation", &c);
    describe_key(optimizer, sizeof optimizer, "optimizer.name", &c);
    const char *comma = activation[0] ? ", " : "";
    char rows[64] = "scg, all rows";
    if (c.optimizer.name != TREN_SCG)
        snprintf(rows, sizeof rows, "%s at %g, batch of %d", optimizer, c.optimizer.learning_rate,
                 c.batch_size);
    snprintf(out, n, "%s%s%s%s, %s in %d shard%s, seed %llu", c.model.name, hidden, comma,
             activation, rows, c.shards, c.shards > 1 ? "s" : "", (unsigned long long)c.seed);
}
