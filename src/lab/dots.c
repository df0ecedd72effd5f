#include "lab/dots.h"
#include "base/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double lab_dots_truth(double x) {
    return 2 * (1 - series_exp(-fabs(x + series_sin(x))));
}

static double square(double x) {
    return x * x;
}

static int by_place(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

tren_status lab_dots_read(lab_dots *d, const char *path) {
    tren_dataset *dataset;
    tren_rows rows = {0};
    TREN_TRY(tren_dataset_open(&dataset, path));
    tren_status st = tren_rows_read(&rows, dataset, TREN_TRAIN, 0, LAB_DOTS);
    if (st == TREN_OK) memcpy(d->x, rows.x, sizeof d->x);
    qsort(d->x, LAB_DOTS, sizeof *d->x, by_place);
    for (int i = 0; i < LAB_DOTS; i++) d->y[i] = lab_dots_truth(d->x[i]);
    tren_rows_close(&rows);
    tren_dataset_close(dataset);
    return st;
}

static double slope(const lab_dots *d, int k) {
    return (d->y[k + 1] - d->y[k]) / (d->x[k + 1] - d->x[k]);
}

double lab_dots_spline(const lab_dots *d, double x) {
    int k = 0;
    while (k < LAB_DOTS - 2 && x > d->x[k + 1]) k++;
    return d->y[k] + (x - d->x[k]) * slope(d, k);
}

double lab_dots_least_roughness(const lab_dots *d) {
    double sum = 0;
    for (int k = 1; k < LAB_DOTS - 1; k++) sum += fabs(slope(d, k) - slope(d, k - 1));
    return sum;
}

double lab_dots_polynomial(const lab_dots *d, double x) {
    double sum = 0;
    for (int i = 0; i < LAB_DOTS; i++) {
        double term = d->y[i];
        for (int j = 0; j < LAB_DOTS; j++)
            if (j != i) term *= (x - d->x[j]) / (d->x[i] - d->x[j]);
        sum += term;
    }
    return sum;
}

double lab_dots_polynomial_off(const lab_dots *d) {
    double most = 0;
    for (int i = 0; i < LAB_DOTS_GRID; i++) {
        double x = lab_dots_place(i);
        if (lab_dots_within(d, x))
            most = fmax(most, fabs(lab_dots_polynomial(d, x) - lab_dots_truth(x)));
    }
    return most;
}

/* ---- roughness, distances --------------------------------------------------------------------
 */

typedef struct kink {
    double x, jump; /* of the slope */
} kink;

static int by_kink(const void *a, const void *b) {
    return by_place(&((const kink *)a)->x, &((const kink *)b)->x);
}

/* The sum of the slope's jumps, those at one place taken together. */
static double exact_roughness(const lab_one_layer *net, const lab_dots *d) {
    kink *at = malloc((size_t)net->m * sizeof *at);
    double sum = 0, here = 0;
    int n = 0;
    for (int i = 0; at && i < net->m; i++) {
        double w = (double)net->w[i], x = -(double)net->b[i] / w;
        if (w == 0 || !(x > d->x[0] && x < d->x[LAB_DOTS - 1])) continue;
        at[n++] = (kink){x, (double)net->v[i] * fabs(w)};
    }
    if (at) qsort(at, (size_t)n, sizeof *at, by_kink);
    for (int i = 0; i < n; i++) {
        here += at[i].jump;
        if (i + 1 < n && at[i + 1].x - at[i].x < 1e-9) continue;
        sum += fabs(here);
        here = 0;
    }
    free(at);
    return sum;
}

static double seen_roughness(double (*f)(const void *ctx, double x), const void *ctx,
                             const lab_dots *d) {
    double length = d->x[LAB_DOTS - 1] - d->x[0], sum = 0, before = NAN;
    int n = (int)(length / (2 * LAB_DOTS_RANGE / 40));
    double step = length / n, y = f(ctx, d->x[0]);
    for (int i = 1; i <= n; i++) {
        double next = f(ctx, d->x[0] + i * step), secant = (next - y) / step;
        if (i > 1) sum += fabs(secant - before);
        before = secant;
        y = next;
    }
    return sum;
}

static double spline_at(const void *ctx, double x) {
    return lab_dots_spline(ctx, x);
}

static double network_at(const void *ctx, double x) {
    return lab_one_layer_at(ctx, x);
}

double lab_dots_seen_roughness(const lab_dots *d) {
    return seen_roughness(spline_at, d, d);
}

static void measure_distances(lab_fit *f) {
    int n = 0;
    f->to_truth = f->to_spline = f->largest = 0;
    for (int i = 0; i < LAB_DOTS_GRID; i++) {
        double x = lab_dots_place(i), off = f->y[i] - lab_dots_truth(x);
        if (!lab_dots_within(f->dots, x)) continue;
        f->to_truth += off * off;
        f->to_spline += square(f->y[i] - lab_dots_spline(f->dots, x));
        f->largest = fmax(f->largest, fabs(off));
        n++;
    }
    f->to_truth = sqrt(f->to_truth / n);
    f->to_spline = sqrt(f->to_spline / n);
}

void lab_fit_look(lab_fit *f, const lab_one_layer *net) {
    const lab_dots *d = f->dots;
    f->mse = 0;
    for (int i = 0; i < LAB_DOTS; i++)
        f->mse += square(lab_one_layer_at(net, d->x[i]) - d->y[i]) / LAB_DOTS;
    for (int i = 0; i < LAB_DOTS_GRID; i++) f->y[i] = lab_one_layer_at(net, lab_dots_place(i));
    measure_distances(f);
    f->roughness = exact_roughness(net, d);
    f->seen = seen_roughness(network_at, net, d);
}
