/* How many rows a step can use, from the gradient noise that a run of this recipe has measured. */
#include "cli/plan.h"
#include "cli/run_files.h"

#include <math.h>

/* Noise grows as the loss falls: the later half of the epochs counts, sums before the ratio. */
static double rows_of(const tren_metrics *m, int *epochs) {
    double trace = 0, square = 0;
    int measured = 0, seen = 0;
    for (int r = 0; r < m->n_rows; r++) measured += !isnan(tren_metrics_at(m, r, "noise_trace"));
    *epochs = (measured + 1) / 2;
    for (int r = 0; r < m->n_rows; r++) {
        double here = tren_metrics_at(m, r, "noise_trace");
        if (isnan(here) || seen++ < measured - *epochs) continue;
        trace += here;
        square += tren_metrics_at(m, r, "noise_square");
    }
    return trace > 0 && square > 0 ? trace / square : NAN;
}

/* Where more ranks stop helping when a step has `times` as many rows. */
static int ranks_for(const tren_plan *p, double times) {
    double before = 0;
    int best = p->args->ranks[0];
    for (int i = 0; i < p->args->n_ranks; i++) {
        tren_prediction t = tren_plan_predict(p, i, times);
        if (t.rate > 1.05 * before) best = t.ranks;
        before = fmax(before, t.rate);
    }
    return best;
}

static void tell(const tren_plan *p, double rows, int epochs) {
    double more = 1 + rows / p->batch;
    printf("gradient noise, from %d epoch%s of %s: beyond batch %.3g, more rows per step hardly "
           "save steps;\n",
           epochs, epochs > 1 ? "s" : "", p->args->noise ? p->args->noise : p->config->out, rows);
    printf("batch_size is %d: about %.3g times the smallest possible number of steps (2 times at "
           "%.3g)\n",
           p->batch, more, rows);
    int here = ranks_for(p, 1), there = ranks_for(p, rows / p->batch);
    printf("best of these: %d rank%s at batch %d, %d at batch %.3g; shards: at least as many\n",
           here, here > 1 ? "s" : "", p->batch, there, rows);
}

tren_status tren_plan_check_noise(const tren_plan *p) {
    tren_metrics m = {0};
    tren_status st = p->args->noise ? tren_metrics_read(&m, p->args->noise) : TREN_OK;
    tren_metrics_close(&m);
    return st;
}

tren_status tren_plan_tell_noise(const tren_plan *p, tren_json *j) {
    tren_metrics m = {0};
    int epochs = 0;
    tren_status st = tren_metrics_read(&m, p->args->noise ? p->args->noise : p->config->out);
    double rows = st == TREN_OK ? rows_of(&m, &epochs) : NAN;
    tren_metrics_close(&m);
    if (st != TREN_OK && p->args->noise) return st;
    if (j)
        tren_json_real(j, "noise_rows", rows);
    else if (!isnan(rows))
        tell(p, rows, epochs);
    else if (st == TREN_OK)
        printf("gradient noise: the run has no usable measurement; it needs at least 2 shards and "
               "gradient_noise above 0\n");
    else
        printf("gradient noise: unknown before a run of this config; then it shows beyond which "
               "batch more rows save no steps\n");
    return TREN_OK;
}
