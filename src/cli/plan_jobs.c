#include "cli/plan_jobs.h"
#include "base/json.h"
#include "cli/console.h"
#include "cli/own_args.h"
#include "cli/run_files.h"
#include "tren/scale.h"

#include <math.h>
#include <string.h>

enum { LAST = 10, MARGIN = 180 }; /* epochs that tell the time of one; seconds to start and save */

typedef struct jobs_args {
    double job_time;
    bool json, help;
} jobs_args;

static tren_status read_args(jobs_args *a, tren_config *config, int argc, char **argv) {
    const tren_arg own[] = {{"job-time", TREN_ARG_SECONDS, &a->job_time, "TIME",
                             .help = "Time limit of a job, such as 4:00:00 or 1-12:00:00.",
                             .min = 1, .max = INFINITY},
                            {"json", TREN_ARG_FLAG, &a->json, NULL, .help = "Print JSON."},
                            {.name = NULL}};
    tren_args args = {.command = "plan jobs",
                      .synopsis = "[CONFIG.yaml] --job-time TIME [--json] [--KEY VALUE ...]",
                      .summary = "Estimate from the epochs of a run how many more jobs of this "
                                 "time limit it needs. Three minutes per job are reserved for the "
                                 "start and the last save. Early stopping may end the run earlier.",
                      .options = own};
    tren_own_args sorted = {0};
    tren_cli_run run = {.switches = true}; /* a job hands over what it gives to tren train */
    a->help = tren_args_ask_help(argc, argv);
    if (a->help) return tren_args_parse(&args, argc, argv);
    tren_status st = tren_own_args_parse(&sorted, &args, config, &run, argc, argv);
    tren_own_args_close(&sorted);
    TREN_TRY(st);
    if (a->job_time > MARGIN) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "--job-time: give the time limit of a job, more than %d seconds, such as "
                     "--job-time 4:00:00",
                     MARGIN);
}

/* The median of the last epochs: one beside other work does not count for much. */
static double epoch_seconds(const tren_metrics *m) {
    double seconds[LAST];
    int n = 0;
    for (int i = m->n_rows - 1; i >= 0 && n < LAST; i--) {
        double x = tren_metrics_at(m, i, "seconds");
        if (isfinite(x)) seconds[n++] = x;
    }
    return tren_quantile(seconds, n, 0.5);
}

/* By epochs, or by max_steps where that comes first. */
static double epochs_left(const tren_metrics *m, const tren_config *c) {
    double done = tren_metrics_at(m, m->n_rows - 1, "epoch"),
           steps = tren_metrics_at(m, m->n_rows - 1, "steps");
    double left = c->epochs - done;
    if (c->max_steps > 0) left = fmin(left, ((double)c->max_steps - steps) / (steps / done));
    return fmax(0, left);
}

static const char *ordinal(char out[24], int n) {
    static const char *const word[] = {"first", "second", "third"};
    if (n <= 3)
        snprintf(out, 24, "%s", word[n - 1]);
    else
        snprintf(out, 24, "%dth", n);
    return out;
}

static void json_jobs(double left, double each, double jobs) {
    tren_json j = {.out = stdout};
    tren_json_begin(&j, NULL, '{');
    tren_json_real(&j, "epochs_left", ceil(left));
    tren_json_real(&j, "epoch_seconds", each);
    tren_json_real(&j, "seconds_left", left * each);
    tren_json_real(&j, "jobs", jobs);
    tren_json_end(&j);
}

static void print_jobs(const tren_metrics *m, const tren_config *c, const jobs_args *a) {
    double left = epochs_left(m, c), each = epoch_seconds(m), seconds = left * each;
    double job_time = a->job_time, jobs = ceil(seconds / (job_time - MARGIN));
    char which[24];
    if (a->json) {
        json_jobs(left, each, jobs < 1 ? 1 : jobs);
        return;
    }
    printf("%.0f epochs are left, of %.3g s each: %.3g h", ceil(left), each, seconds / 3600);
    if (jobs <= 1)
        printf("; this run finishes in this job\n");
    else if (jobs > 1e6 || isnan(jobs))
        printf("; that is too many jobs to count\n");
    else
        printf("; at %.3g h per job this run finishes in the %s of %.0f jobs, including this one\n",
               job_time / 3600, ordinal(which, (int)jobs), jobs);
}

/* Before its last epoch; NULL: it has not. */
static const char *ended(const char *run_dir) {
    if (tren_result_is(run_dir, "stop_reason", "early_stopping")) return "early stopping";
    return tren_result_is(run_dir, "status", "diverged") ? "the training has diverged" : NULL;
}

int tren_plan_jobs(int argc, char **argv) {
    jobs_args a = {.job_time = 0};
    tren_config config;
    tren_metrics m;
    tren_status st = read_args(&a, &config, argc, argv);
    if (st != TREN_OK || a.help) return tren_cli_fail("plan jobs", st);
    const char *how = ended(config.out);
    if (how) {
        if (a.json)
            json_jobs(0, NAN, 0);
        else
            printf("the run in %s has ended: %s\n", tren_cli_shown(config.out), how);
        return 0;
    }
    if (tren_metrics_read(&m, config.out) != TREN_OK) {
        if (a.json)
            json_jobs(NAN, NAN, NAN);
        else
            printf("no epoch is complete yet, so the duration of this run is not known\n");
        return 0;
    }
    print_jobs(&m, &config, &a);
    tren_metrics_close(&m);
    return 0;
}
