/* Sweeps: the world is cut into groups, points are dealt out in advance, each is claimed before it
 * is computed, and each finished one is a file. */
#include "base/whole.h"
#include "lab/claim.h"
#include "tren/lab.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- which points are there ------------------------------------------------------------------ */

static tren_status file_of(char *path, size_t n, const tren_sweep *s, int point) {
    int length = snprintf(path, n, "%s/%s.csv", s->dir, s->name(s->ctx, point));
    if ((size_t)length < n) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "%s: the path of a point's file is too long; choose a shorter --out", s->dir);
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

/* Longest processing time first (Graham 1969). Puts the jobs of group `mine` of n first, those of
 * the others behind, and returns the number of the first. jobs has room for twice as many. */
static int deal(job *jobs, int n_jobs, int n, int mine, double *load) {
    int kept = 0, left = 0;
    job *others = jobs + n_jobs;
    qsort(jobs, (size_t)n_jobs, sizeof *jobs, dearest_first);
    memset(load, 0, (size_t)n * sizeof *load);
    for (int i = 0; i < n_jobs; i++) {
        int g = idlest(load, n);
        load[g] += jobs[i].cost;
        *(g == mine ? &jobs[kept++] : &others[left++]) = jobs[i];
    }
    if (left > 0) memcpy(jobs + kept, others, (size_t)left * sizeof *jobs);
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
    if (group->rank == 0 && !out) st = tren_fail_memory(0, "a sweep");
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
    tren_log_line(s->log, "%s: %s, %.3g s, %d/%d", s->title, label_of(s, point), took,
                  tren_sweep_count(s), s->n_points); /* in no language: lab has two */
}

/* ---- what a group does next ------------------------------------------------------------------ */

enum { NO_POINT = -1, STOP = -2 };

/* What a group may still compute: what was dealt to it, then what was dealt to others. On rank 0.
 */
typedef struct queue {
    job *jobs; /* not owned */
    int n;
    tren_claims claims;
} queue;

/* Has an NFS client forget which names it did not find a moment ago. */
static void look_anew(const char *dir) {
    struct statx ignored;
    statx(AT_FDCWD, dir, AT_STATX_FORCE_SYNC, STATX_CTIME, &ignored);
}

/* Whether the point is ours to compute: claimed, and not finished meanwhile by who had the claim.
 * *done: it has its file. */
static bool claim(queue *q, const tren_sweep *s, int point, bool *done) {
    *done = is_there(s, point);
    if (*done || !tren_claim_take(&q->claims, s->name(s->ctx, point))) return false;
    look_anew(s->dir);
    *done = is_there(s, point);
    if (*done) tren_claim_drop(&q->claims, s->name(s->ctx, point));
    return !*done;
}

/* The first point that can be claimed; those that have their files leave the queue. */
static int take_point(queue *q, const tren_sweep *s) {
    int kept = 0, taken = NO_POINT;
    for (int i = 0; i < q->n; i++) {
        bool done = false;
        if (taken == NO_POINT && claim(q, s, q->jobs[i].point, &done))
            taken = q->jobs[i].point;
        else if (!done)
            q->jobs[kept++] = q->jobs[i];
    }
    q->n = kept;
    return taken;
}

/* Ranks of a killed mpirun may outlive it by a second or two, and their claims with them: hence the
 * patience. What is still claimed then is another job's. */
static int next_point(queue *q, const tren_sweep *s) {
    enum { TRIES = 30 };
    for (int i = 0; i < TRIES; i++) {
        if (s->signal && *s->signal) return STOP;
        int point = take_point(q, s);
        if (point != NO_POINT || q->n == 0) return point;
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    return NO_POINT;
}

static tren_status stopped(const tren_sweep *s) {
    return tren_fail(TREN_REQUEUE,
                     "stopped by a signal: the finished points are kept in %s; the same command "
                     "computes the others",
                     s->dir);
}

/* The claim on a point that failed is kept, so that no other group tries the same again. */
static tren_status run_jobs(tren_comm *group, const tren_sweep *s, queue *q, int *done) {
    tren_status worst = TREN_OK;
    char text[1024] = "";
    double last = 0;
    for (;;) {
        double begin = tren_seconds();
        int point = group->rank == 0 ? next_point(q, s) : NO_POINT;
        tren_comm_bcast(group, &point, sizeof point);
        if (point == STOP) return stopped(s);
        if (point == NO_POINT) break;
        tren_status st = run_point(group, s, point);
        if (st == TREN_REQUEUE) return stopped(s);
        if (st == TREN_OK) {
            ++*done;
            if (group->rank > 0) continue;
            tren_claim_drop(&q->claims, s->name(s->ctx, point));
            tell(s, point, tren_seconds() - begin, &last);
        } else {
            worst = tren_fail_in(st, "%s, %s", s->title, label_of(s, point));
            snprintf(text, sizeof text, "%s", tren_error_text());
            if (group->rank == 0) tren_log_line(s->log, "%s", text);
            if (worst == TREN_ERR_ENV) break; /* a full disk is so for the next one too */
        }
    }
    return worst == TREN_OK ? TREN_OK : tren_fail(worst, "%s", text);
}

/* ---- the sweep ------------------------------------------------------------------------------- */

static tren_status run_group(tren_comm *group, const tren_sweep *s, job *jobs, int n, int *done) {
    queue q = {.jobs = jobs, .n = n, .claims = {.fd = -1}};
    tren_status st = group->rank == 0 && n > 0 ? tren_claims_open(&q.claims, s->dir) : TREN_OK;
    st = tren_comm_agree(group, st);
    if (q.claims.useless)
        tren_log_line(s->log,
                      "warning: %s: this file system has no file locks, so two jobs may compute "
                      "the same point; give each job its own points with --part K/N",
                      s->dir);
    if (st == TREN_OK) st = run_jobs(group, s, &q, done);
    tren_claims_close(&q.claims);
    if (group->rank > 0) *done = 0; /* counted once */
    return st;
}

static tren_status run_groups(tren_comm *comm, const tren_sweep *s, job *jobs, double *load,
                              int *done) {
    int r = s->ranks_per_run > comm->size ? comm->size : s->ranks_per_run;
    int n_groups = comm->size / r, mine = comm->rank / r, n = 0;
    tren_comm group;
    TREN_TRY(tren_comm_agree(comm, list_jobs(jobs, &n, load, comm, s)));
    TREN_TRY(tren_comm_split(&group, comm, mine < n_groups ? mine : n_groups));
    tren_status st = TREN_OK;
    if (mine < n_groups) {
        deal(jobs, n, n_groups, mine, load);
        st = run_group(&group, s, jobs, n, done);
    }
    tren_comm_close(&group);
    return tren_comm_agree(comm, st);
}

/* Counts what this job did: another one may have worked on the same points meanwhile. */
static tren_status count(tren_comm *comm, const tren_sweep *s, int mine,
                         tren_sweep_result *result) {
    double done = mine, *all;
    TREN_TRY(tren_comm_agree(comm, tren_alloc(&all, (size_t)comm->size, sizeof *all, "a sweep")));
    tren_comm_allgather(comm, all, &done, 1);
    for (int r = 0; r < comm->size; r++) result->n_done += (int)all[r];
    free(all);
    look_anew(s->dir);
    result->n_left = s->n_points - tren_sweep_count(s);
    result->n_before = s->n_points - result->n_left - result->n_done;
    return TREN_OK;
}

tren_status tren_sweep_run(tren_comm *comm, const tren_sweep *s, tren_sweep_result *result) {
    double begin = tren_seconds();
    job *jobs = NULL;
    double *load = NULL;
    int done = 0;
    *result = (tren_sweep_result){.n_points = s->n_points};
    tren_status st = tren_alloc(&jobs, 2 * (size_t)s->n_points + 1, sizeof *jobs, "a sweep");
    int most = s->n_parts > comm->size ? s->n_parts : comm->size;
    if (st == TREN_OK) st = tren_alloc(&load, (size_t)most, sizeof *load, "a sweep");
    st = tren_comm_agree(comm, st);
    if (st == TREN_OK) st = run_groups(comm, s, jobs, load, &done);
    free(jobs);
    free(load);
    char text[1024];
    snprintf(text, sizeof text, "%s", tren_error_text());
    tren_status counted = count(comm, s, done, result);
    result->seconds = tren_seconds() - begin;
    tren_comm_bcast(comm, result, sizeof *result);
    return st != TREN_OK ? tren_fail(st, "%s", text) : counted;
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

/* Every row has the columns of the header and an end; a training has one row. */
static bool are_rows(const tren_sweep *s, const char *lines) {
    size_t n = strlen(s->header);
    int n_rows = 0;
    if (strncmp(lines, s->header, n) != 0 || lines[n] != '\n') return false;
    for (lines += n + 1; *lines; lines = strchr(lines, '\n') + 1, n_rows++)
        if (!strchr(lines, '\n') || tren_table_cells(lines) != tren_table_cells(s->header) ||
            (s->is_row && !s->is_row(lines)))
            return false;
    return !s->keys || n_rows == 1;
}

static tren_status append(FILE *out, const tren_sweep *s, int point) {
    char path[TREN_MAX_PATH], *lines;
    TREN_TRY(file_of(path, sizeof path, s, point));
    TREN_TRY(tren_whole_read(&lines, path, TREN_ERR_DATA));
    tren_status st = TREN_OK;
    if (!are_rows(s, lines))
        st = tren_fail(TREN_ERR_DATA,
                       "%s: is damaged, or was written by another version of tren; remove it, and "
                       "the point is computed again",
                       path);
    else
        put_with_keys(out, s, point, lines + strlen(s->header) + 1);
    free(lines);
    return st;
}

tren_status tren_sweep_table(char **text, const tren_sweep *s) {
    size_t n = 0;
    *text = NULL;
    FILE *out = open_memstream(text, &n);
    if (!out) return tren_fail_memory(0, "a sweep");
    fprintf(out, "%s%s\n", s->keys_header ? s->keys_header : "", s->header);
    tren_status st = TREN_OK;
    for (int i = 0; i < s->n_points && st == TREN_OK; i++) st = append(out, s, i);
    fclose(out);
    if (st == TREN_OK) return TREN_OK;
    free(*text);
    *text = NULL;
    return st;
}

tren_status tren_sweep_collect(const tren_sweep *s, const char *path) {
    char *all;
    TREN_TRY(tren_sweep_table(&all, s));
    tren_status st = tren_whole_write_text(path, TREN_ERR_ENV, all);
    free(all);
    return st;
}
