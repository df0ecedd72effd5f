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

/* Of the seconds of an exchange over the network, those in which the rank computes. Gradients
 * travel while backward goes on with earlier layers, the new values while the next forward computes
 * with those of earlier layers. Both are streams: a layer is sent and awaited bucket by bucket, and
 * its last bucket is not there before its gradient. */
static double hide(const tren_scale_work *w, double compute, double exchange) {
    double flop = 0, values = values_of(w), at = 0, link = 0;
    for (int i = 0; i < w->n_layers; i++) flop += w->layer[i].forward + w->layer[i].backward;
    if (w->at_once || flop <= 0 || values <= 0) return 0;
    double per_flop = compute / flop, per_value = exchange / 2 / values;
    for (int i = w->n_layers - 1; i >= 0; i--) {
        const tren_scale_layer *l = &w->layer[i];
        double begin = at;
        at += l->backward * per_flop;
        if (l->values > 0)
            link = fmax(fmax(link, begin) + l->values * per_value,
                        at + fmin(w->bucket, l->values) * per_value);
    }
    double step = fmax(at, link);
    at = link = 0;
    for (int i = 0; i < w->n_layers; i++) {
        const tren_scale_layer *l = &w->layer[i];
        link += l->values * per_value;
        at = fmax(at + l->forward * per_flop, l->values > 0 ? link : 0);
    }
    return compute + exchange - (step + at);
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
    p.rate = work->rows / (p.compute + p.reduce - p.hidden);
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
