#include "train/trace.h"
#include "base/own.h"
#include "base/quote.h"
#include "base/temporary.h"
#include "base/why.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file of 1,000 ranks must be one that a browser can open still. */
enum { MOST_EVENTS = 1 << 22, MOST_OF_RANK = 1 << 18, LEAST_OF_RANK = 1 << 12 };

static const char head[] = "{\"displayTimeUnit\": \"ms\", \"tren_trace\": 1,\n";

static int64_t room_of(int size) {
    int64_t room = MOST_EVENTS / size;
    if (room > MOST_OF_RANK) room = MOST_OF_RANK;
    return room < LEAST_OF_RANK ? LEAST_OF_RANK : room;
}

/* ---- opening --------------------------------------------------------------------------------- */

/* An earlier trace is replaced; anything else may be dear to somebody. */
static tren_status check_path(const char *path) {
    char begin[sizeof head] = "";
    struct stat about;
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode))
        return tren_fail(TREN_ERR_USAGE, "--trace: %s is a folder; name a file in it", path);
    FILE *file = fopen(path, "re");
    if (!file) return TREN_OK;
    size_t n = fread(begin, 1, sizeof head - 1, file);
    fclose(file);
    if (n == 0 || strcmp(begin, head) == 0) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "--trace: %s exists already and is no trace of tren; name another file, or "
                     "remove that one",
                     path);
}

static tren_status open_file(tren_trace *t, const char *path) {
    snprintf(t->path, sizeof t->path, "%s", path);
    if (strlen(path) >= sizeof t->path)
        return tren_fail(TREN_ERR_USAGE, "--trace: the path is too long; choose a shorter one");
    TREN_TRY(check_path(path));
    tren_status st = tren_temporary_make(t->tmp, sizeof t->tmp, path, TREN_ERR_ENV);
    if (st == TREN_OK) return TREN_OK;
    t->tmp[0] = '\0'; /* it is not ours to remove */
    return tren_fail_in(st, "--trace");
}

tren_status trace_open(tren_trace *t, const tren_comm *comm, const char *path, bool layers) {
    *t = (tren_trace){.room = room_of(comm->size), .layers = layers};
    tren_status st = comm->rank == 0 ? open_file(t, path) : TREN_OK;
    if (st == TREN_OK) st = tren_alloc(&t->at, (size_t)t->room, sizeof *t->at, "the trace");
    TREN_TRY(tren_comm_agree(comm, st));
    tren_comm_compare_clocks(&t->first, comm);
    return TREN_OK;
}

void trace_close(tren_trace *t) {
    if (t->tmp[0]) unlink(t->tmp);
    free(t->at);
    *t = (tren_trace){0};
}

/* ---- while it runs --------------------------------------------------------------------------- */

void trace_waits(void *trace, int peer) {
    tren_trace *t = trace;
    if (peer == t->peer && t->wait_since > 0) return;
    double now = tren_seconds();
    if (t->wait_since > 0) trace_add(t, TRACE_WAIT, t->peer, t->wait_since, now);
    t->wait_since = peer >= 0 ? now : 0;
    t->peer = peer;
}

void trace_layer(void *trace, const tren_layer *layer, bool backward, bool begins) {
    tren_trace *t = trace;
    double now = tren_seconds();
    if (!begins)
        trace_add(t, backward ? TRACE_BACKWARD : TRACE_FORWARD, layer->index, t->layer_since, now);
    t->layer_since = now;
}

/* ---- the file -------------------------------------------------------------------------------- */

/* What a rank sends: this, then its events. */
typedef struct parcel {
    tren_clock_gap first, last;
    int64_t n, lost;
    char host[TREN_COMM_TEXT];
} parcel;

typedef struct writer {
    FILE *out;
    const tren_graph *graph;
    double zero;  /* rank 0's clock where the timeline begins */
    double error; /* of any clock */
    int64_t lost;
    bool comma;
} writer;

/* Of rank 0's clock. The distance of the clocks is taken to grow in a line. */
static double align(const parcel *p, const writer *w, double at) {
    double span = p->last.at - p->first.at, part = span > 0 ? (at - p->first.at) / span : 0;
    double ahead = p->first.ahead + part * (p->last.ahead - p->first.ahead);
    return at - ahead - w->zero;
}

static void begin_event(writer *w) {
    fputs(w->comma ? ",\n" : "", w->out);
    w->comma = true;
}

/* A name for a process or one of its lines. */
static void put_name(writer *w, const char *what, int rank, int line, const char *text) {
    begin_event(w);
    fprintf(w->out,
            "{\"ph\": \"M\", \"name\": \"%s\", \"pid\": %d, \"tid\": %d, \"args\": {\"%s\": ", what,
            rank, line, strcmp(what, "process_labels") == 0 ? "labels" : "name");
    tren_put_json(w->out, text);
    fputs("}}", w->out);
}

static const struct {
    const char *name, *category;
    int line;
} about[TRACE_KINDS] = {
    [TRACE_PHASE] = {NULL, "phase", 0},     [TRACE_STEP] = {"step", "step", 0},
    [TRACE_EPOCH] = {"epoch", "epoch", 0},  [TRACE_WAIT] = {"wait for rank", "wait", 1},
    [TRACE_FORWARD] = {NULL, "forward", 2}, [TRACE_BACKWARD] = {NULL, "backward", 2}};

static void put_event_name(const writer *w, const tren_trace_event *e) {
    char text[96];
    if (e->kind == TRACE_PHASE)
        snprintf(text, sizeof text, "%s", tren_phase_name[e->which]);
    else if (about[e->kind].name)
        snprintf(text, sizeof text, "%s %d", about[e->kind].name,
                 e->which + (e->kind != TRACE_WAIT)); /* people count from 1 */
    else
        snprintf(text, sizeof text, "%s", w->graph->layer[e->which]->name);
    tren_put_json(w->out, text);
}

/* Both ends are rounded, so that what lies within another event stays there. */
static void put_event(writer *w, const parcel *p, int rank, const tren_trace_event *e) {
    double since = fmax(e->begin, p->first.at); /* what is older was before the trace */
    double begin = round(1e9 * align(p, w, since)), end = round(1e9 * align(p, w, e->end));
    begin_event(w);
    fputs("{\"name\": ", w->out);
    put_event_name(w, e);
    fprintf(w->out,
            ", \"cat\": \"%s\", \"ph\": \"X\", \"ts\": %.3f, \"dur\": %.3f, \"pid\": %d, \"tid\": "
            "%d}",
            about[e->kind].category, begin / 1e3, (end - begin) / 1e3, rank, about[e->kind].line);
}

static tren_status put_rank(void *ctx, int rank, const void *bytes, size_t n) {
    writer *w = ctx;
    parcel p;
    char text[160];
    memcpy(&p, bytes, sizeof p);
    const tren_trace_event *event = (const tren_trace_event *)((const char *)bytes + sizeof p);
    double error = fmax(p.first.error, p.last.error);
    (void)n;
    w->error = fmax(w->error, error);
    w->lost += p.lost;
    snprintf(text, sizeof text, "rank %d (%s)", rank, p.host);
    put_name(w, "process_name", rank, 0, text);
    snprintf(text, sizeof text, "clock within %.3g us of rank 0's", 1e6 * error);
    put_name(w, "process_labels", rank, 0, text);
    put_name(w, "thread_name", rank, 0, "phases");
    put_name(w, "thread_name", rank, 1, "messages waited for");
    put_name(w, "thread_name", rank, 2, "layers");
    for (int64_t i = 0; i < p.n; i++) put_event(w, &p, rank, &event[i]);
    return ferror(w->out) ? tren_fail(TREN_ERR_ENV, "%s", tren_why(errno)) : TREN_OK;
}

static tren_status pack(void **bytes, size_t *n, tren_trace *t, const tren_clock_gap *last) {
    parcel p = {.first = t->first, .last = *last, .n = t->n, .lost = t->lost};
    char *packed = NULL;
    gethostname(p.host, sizeof p.host - 1);
    *n = sizeof p + (size_t)t->n * sizeof *t->at;
    TREN_TRY(tren_alloc(&packed, *n, 1, "the trace"));
    memcpy(packed, &p, sizeof p);
    if (t->n > 0) memcpy(packed + sizeof p, t->at, (size_t)t->n * sizeof *t->at);
    *bytes = packed;
    return TREN_OK;
}

static tren_status open_writer(writer *w, const tren_trace *t) {
    const char *why;
    if (!t->tmp[0]) return TREN_OK; /* not rank 0 */
    TREN_TRY(check_path(t->path));  /* the run itself may have written a file of this name */
    w->out = tren_own_fopen(t->tmp, TREN_OWN_REPLACE, &why);
    if (!w->out) return tren_fail(TREN_ERR_ENV, "%s", why);
    fprintf(w->out, "%s\"traceEvents\": [\n", head);
    return TREN_OK;
}

static tren_status finish(writer *w, tren_trace *t) {
    if (!w->out) return TREN_OK;
    fprintf(w->out,
            "\n],\n\"otherData\": {\"tren\": \"%s\", \"clock_error_us\": %.3f, \"events_lost\": "
            "%lld}}\n",
            TREN_VERSION, 1e6 * w->error, (long long)w->lost);
    bool good = fflush(w->out) == 0 && !ferror(w->out);
    good = fclose(w->out) == 0 && good && rename(t->tmp, t->path) == 0;
    if (!good) return tren_fail(TREN_ERR_ENV, "%s", tren_why(errno));
    t->tmp[0] = '\0';
    return TREN_OK;
}

tren_status trace_write(tren_trace *t, const tren_comm *comm, const tren_graph *graph) {
    tren_clock_gap last;
    void *bytes = NULL;
    size_t n = 0;
    writer w = {.graph = graph, .zero = t->first.at};
    tren_comm_compare_clocks(&last, comm);
    tren_status st = pack(&bytes, &n, t, &last);
    if (st == TREN_OK) st = open_writer(&w, t);
    st = tren_comm_agree(comm, st);
    if (st == TREN_OK) st = tren_comm_each(comm, bytes, n, put_rank, &w);
    if (st == TREN_OK) st = tren_comm_agree(comm, finish(&w, t));
    free(bytes);
    return st == TREN_OK ? st : tren_fail_in(st, "cannot write the trace %s", t->path);
}
