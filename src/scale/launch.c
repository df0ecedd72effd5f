/* The record of one launch: lines that begin with '#', then a table of every step. */
#include "base/text.h"
#include "base/whole.h"
#include "tren/scale.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

tren_status tren_scale_launch_open(tren_scale_launch *l, int ranks, int steps) {
    size_t n = (size_t)ranks;
    *l = (tren_scale_launch){
        .ranks = ranks, .steps = steps, .load = NAN, .node = {NAN, NAN}, .network = {NAN, NAN}};
    TREN_TRY(tren_alloc(&l->seconds, n * (size_t)steps + 1, sizeof *l->seconds, "step times"));
    TREN_TRY(tren_alloc(&l->phase, n, sizeof *l->phase, "step times"));
    return tren_alloc(&l->place, n, sizeof *l->place, "step times");
}

void tren_scale_launch_close(tren_scale_launch *l) {
    free(l->seconds);
    free(l->phase);
    free(l->place);
    *l = (tren_scale_launch){0};
}

void tren_scale_launch_note(tren_scale_launch *l, const char *name, const char *format, ...) {
    if (l->n_facts == TREN_SCALE_FACTS) return;
    tren_scale_fact *fact = &l->fact[l->n_facts++];
    va_list args;
    va_start(args, format);
    snprintf(fact->name, sizeof fact->name, "%s", name);
    vsnprintf(fact->text, sizeof fact->text, format, args);
    va_end(args);
    for (char *c = fact->text; *c; c++) /* a line of its own */
        if ((unsigned char)*c < ' ') *c = ' ';
}

double tren_scale_launch_step(const tren_scale_launch *l) {
    double most = 0;
    for (int r = 0; r < l->ranks; r++) {
        double mean =
            tren_mean(l->seconds + (size_t)r * (size_t)l->steps + l->skip, l->steps - l->skip);
        most = fmax(most, mean);
    }
    return most;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void put_number(FILE *out, const char *name, double x) {
    if (isfinite(x)) fprintf(out, "# %s: %.9g\n", name, x);
}

static void put_rank(FILE *out, const tren_scale_launch *l, int r) {
    fprintf(out, "# rank %d: %s\n# phases %d:", r, l->place[r], r);
    for (int i = 0; i < TREN_N_PHASES; i++) fprintf(out, " %.9g", l->phase[r].at[i]);
    fputc('\n', out);
}

static void put_steps(FILE *out, const tren_scale_launch *l) {
    fputs("step", out);
    for (int r = 0; r < l->ranks; r++) fprintf(out, ",rank%d", r);
    for (int s = 0; s < l->steps; s++) {
        fprintf(out, "\n%d", s + 1);
        for (int r = 0; r < l->ranks; r++)
            fprintf(out, ",%.9f", l->seconds[(size_t)r * (size_t)l->steps + (size_t)s]);
    }
    fputc('\n', out);
}

static void put(FILE *out, void *ctx) {
    const tren_scale_launch *l = ctx;
    fprintf(out, "# tren scale: a launch\n# mode: %s\n# ranks: %d\n# repeat: %d\n# code: %d\n",
            tren_scale_mode_name[l->mode], l->ranks, l->repeat, l->code);
    put_number(out, "load", l->load);
    if (l->said[0]) fprintf(out, "# said: %s\n", l->said);
    if (l->code) return;
    fprintf(out, "# digest: %016" PRIx64 "\n# steps: %d\n# skip: %d\n", l->digest, l->steps,
            l->skip);
    put_number(out, "rows", l->rows);
    put_number(out, "values", l->values);
    put_number(out, "node latency", l->node.latency);
    put_number(out, "node per byte", l->node.per_byte);
    put_number(out, "network latency", l->network.latency);
    put_number(out, "network per byte", l->network.per_byte);
    for (int i = 0; i < l->n_facts; i++)
        fprintf(out, "# with %s: %s\n", l->fact[i].name, l->fact[i].text);
    for (int r = 0; r < l->ranks; r++) put_rank(out, l, r);
    put_steps(out, l);
}

tren_status tren_scale_launch_write(const tren_scale_launch *l, const char *path) {
    return tren_whole_write(path, TREN_ERR_ENV, put, (void *)l);
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool read_mode(tren_scale_launch *l, const char *text) {
    for (int i = 0; i < TREN_SCALE_MODES; i++)
        if (strcmp(text, tren_scale_mode_name[i]) == 0) {
            l->mode = (tren_scale_mode)i;
            return true;
        }
    return false;
}

static bool read_int(int *out, const char *text, int least, int most) {
    int64_t x;
    if (tren_text_int64(&x, text) != TREN_TEXT_OK || x < least || x > most) return false;
    *out = (int)x;
    return true;
}

static bool read_digest(uint64_t *out, const char *text) {
    char *end;
    *out = strtoull(text, &end, 16);
    return *end == '\0' && end - text == 16;
}

static bool read_phases(tren_scale_launch *l, int r, const char *text) {
    char *end;
    for (int i = 0; i < TREN_N_PHASES; i++, text = end) {
        l->phase[r].at[i] = strtod(text, &end);
        if (end == text) return false;
    }
    return true;
}

/* "rank 3" or "phases 3": of this launch's ranks. */
static bool read_of_rank(tren_scale_launch *l, const char *name, const char *text) {
    int r;
    bool phases = tren_text_starts(name, "phases ");
    if (!l->place || !read_int(&r, strchr(name, ' ') + 1, 0, l->ranks - 1)) return false;
    if (phases) return read_phases(l, r, text);
    snprintf(l->place[r], sizeof l->place[r], "%s", text);
    return true;
}

/* Sizes come before what has them. */
static bool make_room(tren_scale_launch *l) {
    tren_scale_launch sized;
    if (l->seconds || l->ranks == 0 ||
        tren_scale_launch_open(&sized, l->ranks, l->steps) != TREN_OK)
        return false;
    l->seconds = sized.seconds;
    l->phase = sized.phase;
    l->place = sized.place;
    return true;
}

enum { MOST_STEPS = 1 << 24 };

static bool read_field(tren_scale_launch *l, const char *name, const char *text) {
    const struct {
        const char *name;
        double *at;
    } number[] = {{"load", &l->load},
                  {"rows", &l->rows},
                  {"values", &l->values},
                  {"node latency", &l->node.latency},
                  {"node per byte", &l->node.per_byte},
                  {"network latency", &l->network.latency},
                  {"network per byte", &l->network.per_byte}};
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        if (strcmp(name, number[i].name) == 0)
            return tren_text_real(number[i].at, text) == TREN_TEXT_OK;
    if (strcmp(name, "tren scale") == 0) return true;
    if (strcmp(name, "mode") == 0) return read_mode(l, text);
    if (strcmp(name, "ranks") == 0) return !l->seconds && read_int(&l->ranks, text, 1, 1 << 20);
    if (strcmp(name, "repeat") == 0) return read_int(&l->repeat, text, 1, 1 << 20);
    if (strcmp(name, "code") == 0) return read_int(&l->code, text, 0, 255);
    if (strcmp(name, "digest") == 0) return read_digest(&l->digest, text);
    if (strcmp(name, "skip") == 0) return read_int(&l->skip, text, 0, l->steps - 1);
    if (strcmp(name, "steps") == 0) return read_int(&l->steps, text, 1, MOST_STEPS) && make_room(l);
    if (tren_text_starts(name, "rank ") || tren_text_starts(name, "phases "))
        return read_of_rank(l, name, text);
    if (tren_text_starts(name, "with ")) tren_scale_launch_note(l, name + 5, "%s", text);
    if (strcmp(name, "said") == 0) snprintf(l->said, sizeof l->said, "%s", text);
    return true;
}

/* "# name: text" */
static bool read_line(tren_scale_launch *l, char *line) {
    char *colon = strstr(line, ": ");
    if (strncmp(line, "# ", 2) != 0 || !colon) return false;
    *colon = '\0';
    return read_field(l, line + 2, colon + 2);
}

/* "12,0.001,0.002": step 12 of each rank. */
static bool read_step(tren_scale_launch *l, char *line, int s) {
    char *at, *end;
    if (!l->seconds || s >= l->steps || strtol(line, &at, 10) != s + 1) return false;
    for (int r = 0; r < l->ranks; r++, at = end) {
        double *x = &l->seconds[(size_t)r * (size_t)l->steps + (size_t)s];
        if (*at != ',') return false;
        *x = strtod(at + 1, &end);
        if (end == at + 1 || !(*x >= 0)) return false;
    }
    return *at == '\0';
}

/* Returns the number of the line that is wrong, or 0. */
static int read_lines(tren_scale_launch *l, char *text) {
    int number = 0, s = -1; /* the next step; before the table's head -1 */
    bool ended = false;     /* by a newline: what is cut may look like a number still */
    for (char *line; (line = strsep(&text, "\n"));) {
        number++;
        ended = !*line;
        bool good = line[0] == '#' && s < 0 ? read_line(l, line)
                    : s < 0 && l->seconds   ? tren_text_starts(line, "step,") && ++s == 0
                    : *line                 ? read_step(l, line, s) && s++ < l->steps
                                            : text == NULL;
        if (!good) return number;
    }
    return (l->code == 0 && s != l->steps) || l->repeat == 0 || !ended ? number : 0;
}

tren_status tren_scale_launch_read(tren_scale_launch *l, const char *path) {
    char *text;
    *l = (tren_scale_launch){.load = NAN, .node = {NAN, NAN}, .network = {NAN, NAN}};
    TREN_TRY(tren_whole_read(&text, path, TREN_ERR_DATA));
    int wrong = read_lines(l, text);
    free(text);
    if (wrong == 0) return TREN_OK;
    tren_scale_launch_close(l);
    return tren_fail(TREN_ERR_DATA,
                     "%s:%d: this is not a complete record of a launch; remove the file, and 'tren "
                     "scale' repeats this launch",
                     path, wrong);
}
