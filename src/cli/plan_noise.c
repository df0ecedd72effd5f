/* How many rows a step can use, from the gradient noise that a run of this recipe has measured. */
#include "cli/plan.h"
#include "cli/run_files.h"
#include "cli/console.h"
#include "tren/io.h"

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

static const char *run_of(const tren_plan *p) {
    return p->args->noise ? p->args->noise : p->config->out;
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
           epochs, epochs > 1 ? "s" : "", run_of(p), rows);
    printf("batch_size is %d: about %.3g times the smallest possible number of steps (2 times at "
           "%.3g)\n",
           p->batch, more, rows);
    int here = ranks_for(p, 1), there = ranks_for(p, rows / p->batch);
    printf("best of these: %d rank%s at batch %d, %d at batch %.3g; shards: at least as many\n",
           here, here > 1 ? "s" : "", p->batch, there, rows);
}

/* The dataset that a run was trained on, by its newest checkpoint; false: there is none. */
static bool dataset_of(uint64_t *digest, const char *run) {
    static const char *const name[] = {"last.h5", "previous.h5", "best.h5"};
    bool found = false;
    for (int i = 0; i < 3 && !found; i++) {
        char path[TREN_MAX_PATH + 16];
        tren_h5 *file;
        snprintf(path, sizeof path, "%s/%s", run, name[i]);
        if (tren_h5_open(&file, path, TREN_ERR_CHECKPOINT) != TREN_OK) continue;
        found = tren_h5_get_u64(file, "/", "dataset_digest", digest) == TREN_OK;
        tren_h5_close(file);
    }
    return found;
}

/* Noise is that of the rows that were trained on. */
static tren_status check_dataset(const tren_plan *p, bool *known) {
    uint64_t digest;
    *known = dataset_of(&digest, run_of(p));
    if (!*known || digest == p->info->digest) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "%s was trained on another dataset than %s, and its gradient noise is not "
                     "that of this one; name a run of this dataset by --noise",
                     run_of(p), p->config->data);
}

tren_status tren_plan_check_noise(const tren_plan *p) {
    tren_metrics m = {0};
    bool known = true;
    tren_status st = p->args->noise ? tren_metrics_read(&m, p->args->noise) : TREN_OK;
    tren_metrics_close(&m);
    if (st == TREN_OK && p->args->noise) st = check_dataset(p, &known);
    if (st == TREN_OK && !known)
        fprintf(stderr,
                "note: %s has no checkpoint, so nobody can tell whether its gradient noise is that "
                "of %s\n",
                tren_cli_shown(run_of(p)), tren_cli_shown(p->config->data));
    return st;
}

tren_status tren_plan_tell_noise(const tren_plan *p, tren_json *j) {
    tren_metrics m = {0};
    int epochs = 0;
    bool known;
    tren_status st = tren_metrics_read(&m, run_of(p));
    bool other = st == TREN_OK && check_dataset(p, &known) != TREN_OK;
    if (other) st = TREN_ERR_USAGE;
    double rows = st == TREN_OK ? rows_of(&m, &epochs) : NAN;
    tren_metrics_close(&m);
    if (st != TREN_OK && p->args->noise) return st;
    if (j)
        tren_json_real(j, "noise_rows", rows);
    else if (!isnan(rows))
        tell(p, rows, epochs);
    else if (other)
        printf("gradient noise: not known: %s\n", tren_cli_shown(tren_error_text()));
    else if (st == TREN_OK)
        printf("gradient noise: the run has no usable measurement; it needs at least 2 shards and "
               "gradient_noise above 0\n");
    else
        printf("gradient noise: unknown before a run of this config; then it shows beyond which "
               "batch more rows save no steps\n");
    return TREN_OK;
}
