#include "cli/lr_find.h"
#include "base/series.h"

#include <math.h>
#include <stdlib.h>

static const double kept = 0.95, blown_up = 4;

tren_status tren_lr_curve_open(tren_lr_curve *c, int room) {
    *c = (tren_lr_curve){.room = room, .best = INFINITY};
    return tren_alloc(&c->at, (size_t)room, sizeof *c->at, "the curve of losses");
}

void tren_lr_curve_close(tren_lr_curve *c) {
    free(c->at);
    *c = (tren_lr_curve){.n = 0};
}

/* The first steps say little: the loss has hardly been averaged. */
enum { WARM = 5 };

void tren_lr_curve_add(tren_lr_curve *c, double rate, double loss) {
    if (c->n == c->room) return;
    c->average = kept * c->average + (1 - kept) * loss;
    double smooth = c->average / (1 - series_power(kept, (uint64_t)c->n + 1));
    c->at[c->n++] = (tren_lr_step){rate, loss, smooth};
    if (smooth < c->best && c->n > WARM) c->best = smooth;
    c->diverged = !isfinite(smooth) || (c->n > WARM && smooth > blown_up * c->best);
}

static int lowest(const tren_lr_curve *c, int n) {
    int low = 0;
    for (int i = 1; i < n; i++)
        if (c->at[i].smooth < c->at[low].smooth) low = i;
    return low;
}

/* Slope over log(rate) of the line through steps i - half to i + half. */
static double slope(const tren_lr_curve *c, int i, int half) {
    double sx = 0, sy = 0, sxx = 0, sxy = 0;
    int n = 2 * half + 1;
    for (int k = i - half; k <= i + half; k++) {
        double x = series_log(c->at[k].rate), y = c->at[k].smooth;
        sx += x;
        sy += y;
        sxx += x * x;
        sxy += x * y;
    }
    return (n * sxy - sx * sy) / (n * sxx - sx * sx);
}

/* Before the minimum, behind the warm-up; -1: the loss falls nowhere. Where it has not fallen a
 * tenth of its way yet, what falls may be noise. */
static int steepest(const tren_lr_curve *c, int low) {
    int half = c->n / 20 > 2 ? c->n / 20 : 2, found = -1;
    double least = 0, top = c->n > WARM ? c->at[WARM].smooth : 0;
    double fallen = top - 0.1 * (top - c->at[low].smooth);
    for (int i = WARM + half; i + half < c->n && i <= low; i++) {
        double here = slope(c, i, half);
        if (here >= least || c->at[i].smooth > fallen) continue;
        least = here;
        found = i;
    }
    return found;
}

tren_lr_advice tren_lr_advise(const tren_lr_curve *c) {
    tren_lr_advice a = {NAN, false, NAN, NAN, NAN};
    int n = c->n - (c->n > 0 && !isfinite(c->at[c->n - 1].smooth));
    if (n == 0) return a;
    if (c->diverged) a.limit = c->at[c->n - 1].rate;
    int low = lowest(c, n), at = steepest(c, low);
    a.minimum = c->at[low].rate;
    if (at < 0) return a;
    a.steepest = a.rate = c->at[at].rate;
    a.by_tenth = a.limit / 10 < a.rate;
    if (a.by_tenth) a.rate = a.limit / 10;
    return a;
}
