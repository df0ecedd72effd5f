/* Launches by point: medians, intervals, bounds, digests. */
#include "tren/scale.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- one point ------------------------------------------------------------------------------- */

static const tren_scale_point *source_of(const tren_scale *scale, const tren_scale_point *p) {
    return p->same_as < 0 ? p : &scale->plan.point[p->same_as];
}

static bool is_of(const tren_scale_launch *l, const tren_scale_point *p) {
    return l->mode == p->mode && l->ranks == p->ranks;
}

/* The step's time is that of the slowest rank. */
static double step_of(const tren_scale_launch *l, int s) {
    double most = 0;
    for (int r = 0; r < l->ranks; r++)
        most = fmax(most, l->seconds[(size_t)r * (size_t)l->steps + (size_t)s]);
    return most;
}

/* The mean over ranks of each phase; what a rank does beside waiting tells the slowest. */
static void add_phases(tren_scale_row *row, const tren_scale_launch *l) {
    double most = 0, mean = 0;
    for (int r = 0; r < l->ranks; r++) {
        double busy = 0;
        for (int i = 0; i < TREN_N_PHASES; i++) {
            row->phase.at[i] += l->phase[r].at[i] / l->ranks;
            if (i != TREN_PHASE_REDUCE) busy += l->phase[r].at[i];
        }
        most = fmax(most, busy);
        mean += busy / l->ranks;
    }
    row->slowest += mean > 0 ? most / mean : 1;
}

static bool is_new_digest(const tren_scale *scale, int upto, const tren_scale_point *p) {
    for (int i = 0; i < upto; i++)
        if (is_of(&scale->launch[i], p) && !scale->launch[i].code &&
            scale->launch[i].digest == scale->launch[upto].digest)
            return false;
    return true;
}

/* All steps of its launches that count, pooled. *seconds is the caller's to free. */
static tren_status pool_steps(double **seconds, int *n, const tren_scale *scale,
                              const tren_scale_point *p) {
    size_t room = 1;
    *n = 0;
    for (int i = 0; i < scale->n_launches; i++)
        if (is_of(&scale->launch[i], p)) room += (size_t)scale->launch[i].steps;
    TREN_TRY(tren_alloc(seconds, room, sizeof **seconds, "step times"));
    for (int i = 0; i < scale->n_launches; i++) {
        const tren_scale_launch *l = &scale->launch[i];
        for (int s = l->skip; is_of(l, p) && !l->code && s < l->steps; s++)
            (*seconds)[(*n)++] = step_of(l, s);
    }
    return TREN_OK;
}

static tren_status describe_steps(tren_scale_row *row, const tren_scale *scale,
                                  const tren_scale_point *p) {
    double *seconds;
    int n;
    TREN_TRY(pool_steps(&seconds, &n, scale, p));
    row->rate = row->rows / tren_mean(seconds, n); /* = the harmonic mean of the steps' rates */
    row->p50 = tren_quantile(seconds, n, 0.5);
    row->p95 = tren_quantile(seconds, n, 0.95);
    row->most = tren_quantile(seconds, n, 1);
    free(seconds);
    return TREN_OK;
}

static void take_launch(tren_scale_row *row, const tren_scale *scale, int i,
                        const tren_scale_point *p) {
    const tren_scale_launch *l = &scale->launch[i];
    row->launch[row->n++] = tren_scale_launch_step(l);
    row->rows = l->rows;
    row->digest = l->digest;
    row->n_digests += is_new_digest(scale, i, p);
    add_phases(row, l);
}

static tren_status fill_row(tren_scale_row *row, const tren_scale *scale,
                            const tren_scale_point *point) {
    const tren_scale_point *p = source_of(scale, point);
    row->point = point;
    TREN_TRY(tren_alloc(&row->launch, (size_t)scale->n_launches + 1, sizeof *row->launch,
                        "the launches of a point"));
    for (int i = 0; i < scale->n_launches; i++) {
        if (!is_of(&scale->launch[i], p)) continue;
        if (scale->launch[i].code)
            row->n_failed++;
        else
            take_launch(row, scale, i, p);
    }
    for (int i = 0; row->n > 0 && i < TREN_N_PHASES; i++) row->phase.at[i] /= row->n;
    row->slowest /= row->n;
    row->step = tren_interval_of(row->launch, row->n);
    return describe_steps(row, scale, p);
}

/* ---- beside the others ----------------------------------------------------------------------- */

/* Weak: the work per rank stays, so T_1 / T_p is the efficiency. */
static void relate(tren_scale_row *row, const tren_scale_row *first) {
    double p = (double)row->point->ranks / first->point->ranks;
    tren_interval ratio = tren_interval_ratio(&first->step, &row->step);
    bool weak = row->point->mode == TREN_SCALE_WEAK;
    double up = weak ? p : 1, down = weak ? 1 : 1 / p;
    row->speed_up = (tren_interval){ratio.median * up, ratio.lo * up, ratio.hi * up};
    row->efficiency = (tren_interval){ratio.median * down, ratio.lo * down, ratio.hi * down};
}

static void bound(tren_scale_row *row, const tren_scale_row *first, const tren_scale_summary *s) {
    double p = (double)row->point->ranks / first->point->ranks;
    bool weak = row->point->mode == TREN_SCALE_WEAK;
    double reduce = tren_scale_reduce_bound(s->values, row->point->ranks, row->point->nodes,
                                            &s->node, &s->network);
    row->ideal = first->step.median / (weak ? 1 : p);
    row->amdahl = weak ? NAN : first->step.median * (s->serial + (1 - s->serial) / p);
    row->hidden = fmax(row->ideal, reduce);
    row->exposed = row->ideal + reduce;
    if (isnan(reduce)) row->hidden = row->exposed = NAN;
}

/* Of rows a second. */
static tren_relation compare_rates(const tren_scale_row *row, const tren_scale_row *before) {
    tren_interval now = row->step, then = before->step;
    double grown = row->rows / before->rows; /* weak: more rows in a step */
    now = (tren_interval){now.median / grown, now.lo / grown, now.hi / grown};
    return tren_interval_compare(&then, &now);
}

/* The first row of this one's mode with launches, and the one before it; NULL: none. */
static const tren_scale_row *find_before(const tren_scale_summary *s, int i, bool first) {
    const tren_scale_row *found = NULL;
    for (int k = 0; k < i; k++)
        if (s->row[k].point->mode == s->row[i].point->mode && s->row[k].n > 0 && (!found || !first))
            found = &s->row[k];
    return found;
}

static void fit_amdahl(tren_scale_summary *s) {
    int ranks[TREN_SCALE_POINTS], n = 0;
    double seconds[TREN_SCALE_POINTS];
    for (int i = 0; i < s->n_rows; i++) {
        if (s->row[i].point->mode != TREN_SCALE_STRONG || s->row[i].n == 0) continue;
        ranks[n] = s->row[i].point->ranks;
        seconds[n++] = s->row[i].step.median;
    }
    s->serial = tren_scale_amdahl(ranks, seconds, n);
}

static double median_of(const tren_scale *scale, size_t member) {
    double x[1024];
    int n = 0;
    for (int i = 0; i < scale->n_launches && n < 1024; i++) {
        double value = *(const double *)((const char *)&scale->launch[i] + member);
        if (scale->launch[i].code == 0 && isfinite(value)) x[n++] = value;
    }
    return tren_quantile(x, n, 0.5);
}

static void find_links(tren_scale_summary *s) {
    s->node.latency = median_of(s->scale, offsetof(tren_scale_launch, node.latency));
    s->node.per_byte = median_of(s->scale, offsetof(tren_scale_launch, node.per_byte));
    s->network.latency = median_of(s->scale, offsetof(tren_scale_launch, network.latency));
    s->network.per_byte = median_of(s->scale, offsetof(tren_scale_launch, network.per_byte));
    s->values = median_of(s->scale, offsetof(tren_scale_launch, values));
}

static int count_strong_digests(const tren_scale *scale) {
    int n = 0;
    for (int i = 0; i < scale->n_launches; i++) {
        const tren_scale_launch *l = &scale->launch[i];
        bool new = l->mode == TREN_SCALE_STRONG && l->code == 0;
        for (int k = 0; new &&k < i; k++)
            if (scale->launch[k].mode == TREN_SCALE_STRONG && scale->launch[k].code == 0)
                new = scale->launch[k].digest != l->digest;
        n += new;
    }
    return n;
}

tren_status tren_scale_summarize(tren_scale_summary *s, const tren_scale *scale) {
    *s = (tren_scale_summary){.scale = scale, .n_rows = scale->plan.n_points};
    for (int i = 0; i < s->n_rows; i++)
        TREN_TRY(fill_row(&s->row[i], scale, &scale->plan.point[i]));
    find_links(s);
    fit_amdahl(s);
    s->n_strong_digests = count_strong_digests(scale);
    for (int i = 0; i < s->n_rows; i++) {
        tren_scale_row *row = &s->row[i];
        const tren_scale_row *first = find_before(s, i, true), *before = find_before(s, i, false);
        relate(row, first ? first : row);
        bound(row, first ? first : row, s);
        if (!before && row->point->mode == TREN_SCALE_STRONG) before = &s->row[0]; /* shards: 1 */
        if (before) row->faster = compare_rates(row, before);
    }
    return TREN_OK;
}

void tren_scale_summary_close(tren_scale_summary *s) {
    for (int i = 0; i < s->n_rows; i++) free(s->row[i].launch);
    *s = (tren_scale_summary){0};
}
