/* What is to be measured, and in which order. */
#include "tren/scale.h"

#include <string.h>

const char *const tren_scale_mode_name[TREN_SCALE_MODES] = {"base", "strong", "weak"};

static const char too_few_rows[] = "the batch would be more than the training rows";

static int nodes_of(const tren_scale_plan *plan, int ranks) {
    int per_node = plan->ranks_per_node;
    return per_node > 0 ? (ranks + per_node - 1) / per_node : 1;
}

static void add(tren_scale_plan *plan, tren_scale_point point) {
    point.nodes = nodes_of(plan, point.ranks);
    plan->point[plan->n_points++] = point;
}

static void add_weak(tren_scale_plan *plan, const tren_scale_point *strong, int first,
                     size_t rows) {
    tren_scale_point p = *strong;
    int64_t batch = (int64_t)strong->batch * strong->ranks / plan->ranks[0];
    p.mode = TREN_SCALE_WEAK;
    p.same_as = strong->ranks == plan->ranks[0] ? first : -1;
    p.why = batch > (int64_t)rows ? too_few_rows : NULL;
    p.batch = p.why ? 0 : (int)batch;
    add(plan, p);
}

void tren_scale_plan_points(tren_scale_plan *plan, const tren_config *config, size_t rows) {
    int batch = (int)tren_config_batch(config, rows), most = plan->ranks[plan->n_ranks - 1];
    int shards = config->shards > most ? config->shards : most;
    plan->n_points = 0;
    add(plan, (tren_scale_point){.ranks = 1, .shards = 1, .batch = batch, .same_as = -1});
    for (int i = 0; i < plan->n_ranks; i++)
        add(plan, (tren_scale_point){.mode = TREN_SCALE_STRONG,
                                     .ranks = plan->ranks[i],
                                     .shards = shards,
                                     .batch = batch,
                                     .same_as = -1});
    for (int i = 0; plan->weak && i < plan->n_ranks; i++)
        add_weak(plan, &plan->point[1 + i], 1, rows);
}

/* ---- the order ------------------------------------------------------------------------------- */

typedef struct tally {
    int n, n_failed, last; /* last: the highest repeat */
    double step[1024];
} tally;

enum { MOST_REPEATS = sizeof((tally *)0)->step / sizeof(double), MOST_FAILURES = 2 };

static void count(tally *t, const tren_scale *scale, const tren_scale_point *p) {
    t->n = t->n_failed = t->last = 0;
    for (int i = 0; i < scale->n_launches; i++) {
        const tren_scale_launch *l = &scale->launch[i];
        if (l->mode != p->mode || l->ranks != p->ranks) continue;
        if (l->repeat > t->last) t->last = l->repeat;
        if (l->code)
            t->n_failed += i >= scale->n_before;
        else if (t->n < MOST_REPEATS)
            t->step[t->n++] = tren_scale_launch_step(l);
    }
}

static bool wants_more(const tally *t, const tren_scale_plan *plan) {
    if (t->n_failed >= MOST_FAILURES || t->n >= MOST_REPEATS) return false;
    if (t->n < plan->repeats) return true;
    tren_interval interval = tren_interval_of(t->step, t->n);
    return t->n < plan->max_repeats && !tren_interval_narrow(&interval, plan->width);
}

/* A round makes one launch of each point, in an order of its own. */
bool tren_scale_next(int *point, int *repeat, const tren_scale *scale) {
    const tren_scale_plan *plan = &scale->plan;
    tally t;
    int round = MOST_REPEATS;
    bool wanted[TREN_SCALE_POINTS] = {false};
    int done[TREN_SCALE_POINTS], last[TREN_SCALE_POINTS];
    for (int i = 0; i < plan->n_points; i++) {
        const tren_scale_point *p = &plan->point[i];
        if (p->same_as >= 0 || p->why) continue;
        count(&t, scale, p);
        wanted[i] = wants_more(&t, plan);
        done[i] = t.n + t.n_failed;
        last[i] = t.last;
        if (wanted[i] && done[i] < round) round = done[i];
    }
    uint32_t order[TREN_SCALE_POINTS];
    tren_rng rng = tren_rng_open(plan->seed, TREN_RNG_LAUNCHES, 0, (uint32_t)round, 0);
    tren_rng_permutation(order, &rng, (uint32_t)plan->n_points);
    for (int i = 0; i < plan->n_points; i++) {
        int k = (int)order[i];
        if (!wanted[k] || done[k] > round) continue;
        *point = k;
        *repeat = last[k] + 1;
        return true;
    }
    return false;
}
