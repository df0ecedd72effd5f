/* Step times before they are measured. */
#include "base/text.h"
#include "base/whole.h"
#include "tren/scale.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void tren_scale_machine_fit(tren_scale_machine *m, const double *flop, const double *seconds,
                            int n) {
    double w = 0, x = 0, y = 0, xx = 0, xy = 0;
    for (int i = 0; i < n; i++) {
        double one = 1 / (seconds[i] * seconds[i]);
        w += one;
        x += one * flop[i];
        y += one * seconds[i];
        xx += one * flop[i] * flop[i];
        xy += one * flop[i] * seconds[i];
    }
    double spread = w * xx - x * x;
    m->flop_seconds = spread > 1e-9 * w * xx ? (w * xy - x * y) / spread : 0;
    m->step_seconds = (y - m->flop_seconds * x) / w;
    if (m->step_seconds >= 0 && m->flop_seconds > 0) return;
    m->step_seconds = 0; /* through 0, or one point */
    m->flop_seconds = xy / xx;
}

static double values_of(const tren_scale_work *w) {
    double values = 0;
    for (int i = 0; i < w->n_layers; i++) values += w->layer[i].values;
    return values;
}

static double flop_of(const tren_scale_work *w) {
    double flop = 0;
    for (int i = 0; i < w->n_layers; i++) flop += w->layer[i].forward + w->layer[i].backward;
    return flop;
}

static double next_bucket(const tren_scale_work *w, double start) {
    return start + (double)tren_bucket_values((size_t)start, w->bucket);
}

/* The start of the last bucket that begins before `end`. */
static double bucket_before(const tren_scale_work *w, double end) {
    double start = 0;
    while (next_bucket(w, start) < end) start = next_bucket(w, start);
    return start;
}

/* Where the bucket ends that holds the value before `at`. */
static double bucket_end(const tren_scale_work *w, double at) {
    return next_bucket(w, bucket_before(w, at));
}

/* When all sums are there, from the begin of backward: it goes from the last layer to the first,
 * computes a layer's gradient before that of its inputs, and sends each bucket when its first value
 * is there. */
static double backward_ends(const tren_scale_work *w, double per_flop, double per_value) {
    double values = values_of(w), end = values, at = 0, link = 0;
    double stop = values, start = bucket_before(w, stop); /* the next bucket to leave */
    for (int i = w->n_layers - 1; i >= 0; i--) {
        const tren_scale_layer *l = &w->layer[i];
        double begin = end - l->values, seconds = l->backward * per_flop;
        double own = begin > 0 ? seconds / 2 : seconds;
        while (stop > 0 && start >= begin && l->values > 0) {
            link = fmax(link, at + own * (end - start) / l->values) + (stop - start) * per_value;
            stop = start;
            start = bucket_before(w, stop);
        }
        at += seconds;
        end = begin;
    }
    return fmax(at, link);
}

/* The same of forward, while the new values arrive bucket by bucket. A layer waits for all of its
 * own; but large products are cut, and each piece waits for its part. */
static double forward_ends(const tren_scale_work *w, double per_flop, double per_value) {
    const double most = 8e8; /* FLOP, as in nn */
    double values = values_of(w), rows = w->flop / flop_of(w), at = 0, begin = 0;
    for (int i = 0; i < w->n_layers; i++) {
        const tren_scale_layer *l = &w->layer[i];
        double pieces = fmax(1, ceil(l->forward * rows / most));
        for (int k = 1; k <= pieces; k++) {
            double needed = bucket_end(w, begin + l->values * k / pieces);
            if (l->values > 0) at = fmax(at, fmin(needed, values) * per_value);
            at += l->forward * per_flop / pieces;
        }
        begin += l->values;
    }
    return at;
}

/* Of the seconds of an exchange over the network, those in which the rank computes: gradients
 * travel during backward, new values during the next forward. */
static double hide(const tren_scale_work *w, double compute, double exchange) {
    double values = values_of(w);
    if (w->at_once || exchange <= 0 || flop_of(w) <= 0) return 0;
    double per_flop = compute / flop_of(w), per_value = exchange / 2 / values;
    double step = backward_ends(w, per_flop, per_value) + forward_ends(w, per_flop, per_value);
    return fmax(0, compute + exchange - step);
}

/* Seconds of a rank's processor for its lane of the values, between so many nodes of `local`
 * ranks. */
static double handle(const tren_scale_machine *m, double values, int nodes, int local) {
    return m->network_cpu * 4 * (nodes - 1) / nodes * values * (double)sizeof(real) / local;
}

tren_prediction tren_scale_predict(const tren_scale_machine *m, tren_prediction launch,
                                   const tren_scale_work *work) {
    tren_prediction p = launch;
    double values = values_of(work);
    if (isnan(p.compute)) p.compute = m->step_seconds + work->flop * m->flop_seconds;
    int local = (p.ranks + p.nodes - 1) / p.nodes;
    double within = tren_scale_reduce_bound(values, local, 1, &m->node, &m->network),
           all = tren_scale_reduce_bound(values, p.ranks, p.nodes, &m->node, &m->network);
    p.compute += handle(m, values, p.nodes, local);
    p.reduce = m->reduce_factor * within + (all - within);
    p.hidden = hide(work, p.compute, all - within);
    p.step = p.compute + p.reduce - p.hidden;
    p.rate = work->rows / p.step;
    return p;
}

/* ---- the file -------------------------------------------------------------------------------- */

typedef struct field {
    const char *name;
    size_t at;
} field;
static const field fields[] = {
    {"flop_seconds", offsetof(tren_scale_machine, flop_seconds)},
    {"step_seconds", offsetof(tren_scale_machine, step_seconds)},
    {"reduce_factor", offsetof(tren_scale_machine, reduce_factor)},
    {"network_cpu", offsetof(tren_scale_machine, network_cpu)},
    {"node_latency", offsetof(tren_scale_machine, node.latency)},
    {"node_per_byte", offsetof(tren_scale_machine, node.per_byte)},
    {"network_latency", offsetof(tren_scale_machine, network.latency)},
    {"network_per_byte", offsetof(tren_scale_machine, network.per_byte)},
};
enum { N_FIELDS = sizeof fields / sizeof *fields };

static double *at_field(tren_scale_machine *m, int i) {
    return (double *)((char *)m + fields[i].at);
}

static void put(FILE *out, void *ctx) {
    for (int i = 0; i < N_FIELDS; i++) {
        double x = *at_field(ctx, i);
        if (isfinite(x)) fprintf(out, "%s: %.9g\n", fields[i].name, x);
    }
}

tren_status tren_scale_machine_write(const tren_scale_machine *m, const char *path) {
    return tren_whole_write(path, TREN_ERR_ENV, put, (void *)m);
}

static bool read_line(tren_scale_machine *m, const char *line) {
    const char *colon = strstr(line, ": ");
    for (int i = 0; colon && i < N_FIELDS; i++)
        if (strncmp(line, fields[i].name, (size_t)(colon - line)) == 0 &&
            strlen(fields[i].name) == (size_t)(colon - line)) {
            double *x = at_field(m, i);
            return tren_text_real(x, colon + 2) == TREN_TEXT_OK && *x >= 0;
        }
    return !*line;
}

tren_status tren_scale_machine_read(tren_scale_machine *m, const char *path) {
    char *text;
    int number = 0;
    bool good = true;
    *m = (tren_scale_machine){NAN, NAN, 1, 0, {NAN, NAN}, {NAN, NAN}};
    TREN_TRY(tren_whole_read(&text, path, TREN_ERR_DATA));
    for (char *rest = text, *line; good && (line = strsep(&rest, "\n"));) {
        number++;
        good = read_line(m, line);
    }
    free(text);
    if (good && isfinite(m->flop_seconds) && isfinite(m->step_seconds)) return TREN_OK;
    return tren_fail(
        TREN_ERR_DATA,
        "%s:%d: this is not a machine file; 'tren plan' writes one on the machine, DIR/machine.txt",
        path, number);
}
