/* Sweeps: the world is cut into groups, points are given out in advance, and each finished one is a
 * file. */
#include "base/whole.h"
#include "tren/lab.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- which points are there ------------------------------------------------------------------ */

static tren_status file_of(char *path, size_t n, const tren_sweep *s, int point) {
    int length = snprintf(path, n, "%s/%s.csv", s->dir, s->name(s->ctx, point));
    if ((size_t)length < n) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE, "%s: the path of a point's file is too long", s->dir);
}

static bool is_there(const tren_sweep *s, int point) {
    char path[TREN_MAX_PATH];
    return file_of(path, sizeof path, s, point) == TREN_OK && access(path, R_OK) == 0;
}

int tren_sweep_count(const tren_sweep *s) {
    int n = 0;
    for (int i = 0; i < s->n_points; i++) n += is_there(s, i);
    return n;
}

/* ---- who computes which ---------------------------------------------------------------------- */

typedef struct job {
    int point;
    double cost;
} job;

static int dearest_first(const void *a, const void *b) {
    const job *x = a, *y = b;
    if (x->cost != y->cost) return x->cost < y->cost ? 1 : -1;
    return x->point - y->point;
}

static int idlest(const double *load, int n) {
    int best = 0;
    for (int i = 1; i < n; i++)
        if (load[i] < load[best]) best = i;
    return best;
}

/* Longest processing time first (Graham 1969). Keeps in job[] the jobs of group `mine` of n, and
 * returns their number. */
static int deal(job *jobs, int n_jobs, int n, int mine, double *load) {
    int kept = 0;
    qsort(jobs, (size_t)n_jobs, sizeof *jobs, dearest_first);
    memset(load, 0, (size_t)n * sizeof *load);
    for (int i = 0; i < n_jobs; i++) {
        int g = idlest(load, n);
        load[g] += jobs[i].cost;
        if (g == mine) jobs[kept++] = jobs[i];
    }
    return kept;
}

/* The points of this part of a job array that have no file yet: rank 0 looks, for all. */
static tren_status list_jobs(job *jobs, int *n, double *load, tren_comm *comm,
                             const tren_sweep *s) {
    char *there;
    *n = 0;
    TREN_TRY(tren_alloc(&there, (size_t)s->n_points + 1, 1, "a sweep"));
    for (int i = 0; comm->rank == 0 && i < s->n_points; i++) there[i] = is_there(s, i);
    tren_comm_bcast(comm, there, (size_t)s->n_points);
    for (int i = 0; i < s->n_points; i++) jobs[i] = (job){i, s->cost(s->ctx, i)};
    int mine = s->n_parts > 0 ? deal(jobs, s->n_points, s->n_parts, s->part, load) : s->n_points;
    for (int i = 0; i < mine; i++)
        if (!there[jobs[i].point]) jobs[(*n)++] = jobs[i];
    free(there);
    return TREN_OK;
}

/* ---- one point ------------------------------------------------------------------------------- */

typedef struct point_text {
    const char *header;
    char *lines;
} point_text;

static void put_lines(FILE *out, void *ctx) {
    const point_text *t = ctx;
    fprintf(out, "%s\n%s", t->header, t->lines);
}

static tren_status keep(const tren_sweep *s, int point, char *lines) {
    char path[TREN_MAX_PATH];
    TREN_TRY(file_of(path, sizeof path, s, point));
    return tren_whole_write(path, TREN_ERR_ENV, put_lines, &(point_text){s->header, lines});
}

static tren_status run_point(tren_comm *group, const tren_sweep *s, int point) {
    char *lines = NULL;
    size_t n = 0;
    FILE *out = group->rank == 0 ? open_memstream(&lines, &n) : NULL;
    tren_status st = TREN_OK;
    if (group->rank == 0 && !out) st = tren_fail(TREN_ERR_INTERNAL, "out of memory: a sweep");
    st = tren_comm_agree(group, st);
    if (st == TREN_OK) st = s->run(s->ctx, group, point, out);
    if (out) fclose(out);
    if (st == TREN_OK && group->rank == 0) st = keep(s, point, lines);
    free(lines);
    return tren_comm_agree(group, st);
}

static const char *label_of(const tren_sweep *s, int point) {
    return (s->label ? s->label : s->name)(s->ctx, point);
}

/* Among few points each is told of, among many about one in a second. */
static void tell(const tren_sweep *s, int point, double took, double *last) {
    double now = tren_seconds();
    if (now - *last < 1 && s->n_points > 40) return;
    *last = now;
    tren_log_line(s->log, "%s: %s in %.3g s; %d of %d points", s->title, label_of(s, point), took,
                  tren_sweep_count(s), s->n_points);
}

static tren_status run_jobs(tren_comm *group, const tren_sweep *s, const job *jobs, int n,
                            int *done) {
    tren_status worst = TREN_OK;
    char text[1024] = "";
    double last = 0;
    for (int i = 0; i < n; i++) {
        double begin = tren_seconds();
        bool stop = s->signal && *s->signal;
        tren_comm_bcast(group, &stop, sizeof stop);
        if (stop) return tren_fail(TREN_REQUEUE, "left on a signal");
        tren_status st = run_point(group, s, jobs[i].point);
        if (st == TREN_REQUEUE) return st;
        if (st == TREN_OK) {
            ++*done;
            if (group->rank == 0) tell(s, jobs[i].point, tren_seconds() - begin, &last);
        } else {
            worst = tren_fail_in(st, "%s, %s", s->title, label_of(s, jobs[i].point));
            snprintf(text, sizeof text, "%s", tren_error_text());
            if (group->rank == 0) tren_log_line(s->log, "%s", text);
            if (worst == TREN_ERR_ENV) break; /* a full disk is so for the next one too */
        }
    }
    return worst == TREN_OK ? TREN_OK : tren_fail(worst, "%s", text);
}

/* ---- the sweep ------------------------------------------------------------------------------- */

static tren_status run_groups(tren_comm *comm, const tren_sweep *s, job *jobs, double *load,
                              int *done) {
    int r = s->ranks_per_run > comm->size ? comm->size : s->ranks_per_run;
    int n_groups = comm->size / r, mine = comm->rank / r, n = 0;
    tren_comm group;
    TREN_TRY(tren_comm_agree(comm, list_jobs(jobs, &n, load, comm, s)));
    TREN_TRY(tren_comm_split(&group, comm, mine < n_groups ? mine : n_groups));
    tren_status st = TREN_OK;
    if (mine < n_groups) {
        n = deal(jobs, n, n_groups, mine, load);
        st = run_jobs(&group, s, jobs, n, done);
        if (group.rank > 0) *done = 0; /* counted once */
    }
    tren_comm_close(&group);
    return tren_comm_agree(comm, st);
}

tren_status tren_sweep_run(tren_comm *comm, const tren_sweep *s, tren_sweep_result *result) {
    double begin = tren_seconds();
    job *jobs = NULL;
    double *load = NULL;
    int done = 0;
    *result = (tren_sweep_result){.n_points = s->n_points};
    if (comm->rank == 0) result->n_before = tren_sweep_count(s);
    tren_status st = tren_alloc(&jobs, (size_t)s->n_points + 1, sizeof *jobs, "a sweep");
    int most = s->n_parts > comm->size ? s->n_parts : comm->size;
    if (st == TREN_OK) st = tren_alloc(&load, (size_t)most, sizeof *load, "a sweep");
    st = tren_comm_agree(comm, st);
    if (st == TREN_OK) st = run_groups(comm, s, jobs, load, &done);
    free(jobs);
    free(load);
    if (comm->rank == 0) {
        int now = tren_sweep_count(s);
        result->n_done = now - result->n_before;
        result->n_left = s->n_points - now;
    }
    result->seconds = tren_seconds() - begin;
    tren_comm_bcast(comm, result, sizeof *result);
    return st;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void put_with_keys(FILE *out, const tren_sweep *s, int point, const char *lines) {
    if (!s->keys) {
        fputs(lines, out);
        return;
    }
    for (const char *end; *lines; lines = end) {
        end = lines + strcspn(lines, "\n");
        end += *end == '\n';
        s->keys(s->ctx, point, out);
        fprintf(out, "%.*s", (int)(end - lines), lines);
    }
}

static tren_status append(FILE *out, const tren_sweep *s, int point) {
    char path[TREN_MAX_PATH], *lines;
    TREN_TRY(file_of(path, sizeof path, s, point));
    TREN_TRY(tren_whole_read(&lines, path, TREN_ERR_DATA));
    size_t n = strlen(s->header);
    tren_status st = TREN_OK;
    if (strncmp(lines, s->header, n) != 0 || lines[n] != '\n')
        st = tren_fail(TREN_ERR_DATA,
                       "%s: is damaged, or of another version of tren; remove it to have the point "
                       "computed again",
                       path);
    else
        put_with_keys(out, s, point, lines + n + 1);
    free(lines);
    return st;
}

tren_status tren_sweep_collect(const tren_sweep *s, const char *path) {
    char *all = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&all, &n);
    if (!out) return tren_fail(TREN_ERR_INTERNAL, "out of memory: a sweep");
    fprintf(out, "%s%s\n", s->keys_header ? s->keys_header : "", s->header);
    tren_status st = TREN_OK;
    for (int i = 0; i < s->n_points && st == TREN_OK; i++) st = append(out, s, i);
    fclose(out);
    if (st == TREN_OK) st = tren_whole_write_text(path, TREN_ERR_ENV, all);
    free(all);
    return st;
}
