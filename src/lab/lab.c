/* An experiment from its plan to its verdict. */
#include "base/quote.h"
#include "base/whole.h"
#include "lab/folder.h"
#include "tren/lab.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the plan -------------------------------------------------------------------------------- */

tren_status tren_lab_add(tren_lab *lab, uint64_t seed, double cost, const double at[4],
                         const char *name, ...) {
    int n = lab->n_points;
    if ((n & (n - 1)) == 0) {
        size_t room = n ? 2 * (size_t)n : 1;
        tren_lab_point *more = realloc(lab->point, room * sizeof *more);
        if (!more) return tren_fail_memory(0, "a plan");
        lab->point = more;
    }
    tren_lab_point *p = &lab->point[lab->n_points++];
    *p = (tren_lab_point){.seed = seed, .cost = cost};
    memcpy(p->at, at, sizeof p->at);
    va_list args;
    va_start(args, name);
    vsnprintf(p->name, sizeof p->name, name, args);
    va_end(args);
    return TREN_OK;
}

static tren_status open_plan(tren_lab *lab, const tren_experiment *e, const tren_lab_options *o) {
    *lab = (tren_lab){.experiment = e, .options = o};
    TREN_TRY(lab_path(lab->dir, o->out, e->name));
    return e->plan(lab);
}

static const char *name_of(void *ctx, int point) {
    return ((tren_lab *)ctx)->point[point].name;
}

static double cost_of(void *ctx, int point) {
    return ((tren_lab *)ctx)->point[point].cost;
}

static tren_status run_point(void *ctx, tren_comm *group, int point, FILE *out) {
    const tren_lab *lab = ctx;
    tren_table rows;
    TREN_TRY(tren_table_open(&rows, lab->experiment->columns));
    tren_status st = lab->experiment->point(lab, group, &lab->point[point], &rows);
    if (st == TREN_OK && out) tren_table_print(out, &rows);
    tren_table_close(&rows);
    return st;
}

static tren_sweep sweep_of(tren_lab *lab, const char *dir) {
    return (tren_sweep){.dir = dir,
                        .title = lab->experiment->name,
                        .n_points = lab->n_points,
                        .name = name_of,
                        .cost = cost_of,
                        .run = run_point,
                        .header = lab->experiment->columns,
                        .ctx = lab,
                        .ranks_per_run = lab->options->ranks_per_run,
                        .signal = lab->options->signal,
                        .log = lab->options->log};
}

/* ---- its folder ------------------------------------------------------------------------------ */

/* What all points of a folder have in common. */
static tren_status describe(char *text, size_t n, const tren_lab *lab) {
    const tren_experiment *e = lab->experiment;
    uint64_t digest = 0;
    if (e->wants_data) {
        tren_dataset *dataset;
        const char *data = lab->options->data;
        if (access(data, F_OK) != 0)
            return tren_fail(TREN_ERR_DATA,
                             "%s needs images, and there is no %s: './bootstrap train' or "
                             "'datasets/fashion-mnist.sh' makes it, or name another by --data",
                             e->name, data);
        tren_status st = tren_dataset_open(&dataset, data);
        if (st != TREN_OK) return tren_fail_in(st, "%s", e->name);
        st = tren_dataset_content(&digest, dataset);
        tren_dataset_close(dataset);
        TREN_TRY(st);
    }
    /* Who changes a setting changes the text that tells it. */
    uint64_t setting = tren_digest(e->setting.en, strlen(e->setting.en));
    snprintf(text, n, "experiment: %s\nsetting: %016llx\nform: %s\nprecision: %s\ndata: %016llx\n",
             e->name, (unsigned long long)setting, lab->options->quick ? "quick" : "full",
             TREN_REAL_NAME, (unsigned long long)digest);
    return TREN_OK;
}

static tren_status check_recipe(const tren_lab *lab) {
    char path[TREN_MAX_PATH], now[512], *before = NULL;
    TREN_TRY(lab_path(path, lab->dir, "recipe.txt"));
    TREN_TRY(describe(now, sizeof now, lab));
    struct stat info;
    if (stat(path, &info) != 0) return tren_whole_write_text(path, TREN_ERR_ENV, now);
    TREN_TRY(tren_whole_read(&before, path, TREN_ERR_DATA));
    bool same = strcmp(before, now) == 0;
    free(before);
    if (same) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "%s holds points of another setting (%s: quick or full, precision, data); "
                     "give another --out, or remove the folder",
                     lab->dir, path);
}

static tren_status prepare(const tren_lab *lab, char points[TREN_MAX_PATH]) {
    char data[TREN_MAX_PATH];
    TREN_TRY(lab_path(points, lab->dir, "points"));
    TREN_TRY(lab_path(data, lab->dir, "data"));
    TREN_TRY(lab_make_folder(points));
    TREN_TRY(lab_make_folder(data));
    TREN_TRY(check_recipe(lab));
    return lab->experiment->prepare ? lab->experiment->prepare(lab) : TREN_OK;
}

/* ---- what came of it ------------------------------------------------------------------------- */

typedef struct record {
    double seconds;
    char command[512];
} record;

static void read_record(record *r, const char *dir) {
    char path[TREN_MAX_PATH], *text = NULL;
    *r = (record){0};
    if (lab_path(path, dir, "run.txt") != TREN_OK) return;
    if (tren_whole_read(&text, path, TREN_ERR_DATA) != TREN_OK) return;
    char *command = strchr(text, '\n');
    r->seconds = strtod(text, NULL);
    if (command)
        snprintf(r->command, sizeof r->command, "%.*s", (int)strcspn(command + 1, "\n"),
                 command + 1);
    free(text);
}

static tren_status write_record(const tren_lab *lab, int ranks, double seconds) {
    char path[TREN_MAX_PATH], data[TREN_MAX_PATH], text[TREN_MAX_PATH + 700];
    const tren_lab_options *o = lab->options;
    TREN_TRY(lab_path(path, lab->dir, "run.txt"));
    int n = snprintf(text, sizeof text, "%.3f\ntren lab run %s --ranks %d --seeds %d", seconds,
                     lab->experiment->name, ranks, o->seeds);
    if (o->first_seed != 1)
        n += snprintf(text + n, sizeof text - (size_t)n, " --first-seed %llu",
                      (unsigned long long)o->first_seed);
    if (lab->experiment->wants_data)
        n += snprintf(text + n, sizeof text - (size_t)n, " --data %s",
                      tren_shown(data, sizeof data, o->data));
    if ((size_t)n < sizeof text)
        snprintf(text + n, sizeof text - (size_t)n, "%s\n", o->quick ? " --quick" : "");
    return tren_whole_write_text(path, TREN_ERR_ENV, text);
}

static tren_status judge(const tren_lab *lab, const tren_table *points, tren_verdict *verdict) {
    char path[TREN_MAX_PATH];
    tren_table curve;
    TREN_TRY(tren_table_open(&curve, lab->experiment->curve));
    tren_status st = lab->experiment->judge(lab, points, &curve, verdict);
    if (st == TREN_OK) st = lab_path(path, lab->dir, "curve.csv");
    if (st == TREN_OK) st = tren_table_write(&curve, path);
    if (st == TREN_OK) st = lab_path(path, lab->dir, "verdict.json");
    if (st == TREN_OK) st = tren_verdict_write(verdict, path);
    tren_table_close(&curve);
    return st;
}

static tren_status conclude(const tren_lab *lab, const tren_sweep *sweep, tren_verdict *verdict) {
    char path[TREN_MAX_PATH];
    tren_table points;
    TREN_TRY(lab_path(path, lab->dir, "points.csv"));
    TREN_TRY(tren_sweep_collect(sweep, path));
    TREN_TRY(tren_table_read(&points, path));
    tren_status st = judge(lab, &points, verdict);
    tren_table_close(&points);
    return st;
}

/* The same points as `experiment` judges them, in a folder of its own. */
static tren_status open_judge(tren_lab *own, const tren_lab *lab,
                              const tren_experiment *experiment) {
    *own = *lab;
    own->experiment = experiment;
    TREN_TRY(lab_path(own->dir, lab->options->out, experiment->name));
    return lab_make_folder(own->dir);
}

/* What the launch took is of the points, whoever asked for them. */
static tren_status record_launch(const tren_lab *lab, const tren_lab *own, int ranks,
                                 const tren_sweep_result *result) {
    record r;
    read_record(&r, lab->dir);
    r.seconds += result->seconds;
    if (result->n_done > 0) TREN_TRY(write_record(lab, ranks, r.seconds));
    return own->experiment == lab->experiment ? TREN_OK : write_record(own, ranks, r.seconds);
}

static tren_status check_group(const tren_lab *lab) {
    const tren_experiment *e = lab->experiment;
    const char *s = e->max_ranks > 1 ? "s" : "";
    if (lab->options->ranks_per_run <= e->max_ranks) return TREN_OK;
    return tren_fail(
        TREN_ERR_USAGE,
        "--ranks-per-run %d: %s trains on %d shard%s, so at most %d rank%s share a run",
        lab->options->ranks_per_run, e->name, e->max_ranks, s, e->max_ranks, s);
}

static tren_status run(tren_comm *comm, tren_lab *lab, const tren_experiment *experiment,
                       tren_verdict *verdict) {
    char points[TREN_MAX_PATH], text[1024];
    tren_sweep_result result;
    tren_lab own;
    TREN_TRY(check_group(lab));
    tren_status st = comm->rank == 0 ? prepare(lab, points) : TREN_OK;
    TREN_TRY(tren_comm_agree(comm, st));
    tren_comm_bcast(comm, points, sizeof points);
    tren_sweep sweep = sweep_of(lab, points);
    st = tren_sweep_run(comm, &sweep, &result);
    snprintf(text, sizeof text, "%s", tren_error_text());
    tren_status after = TREN_OK;
    if (comm->rank == 0) after = open_judge(&own, lab, experiment);
    if (comm->rank == 0 && after == TREN_OK) after = record_launch(lab, &own, comm->size, &result);
    if (comm->rank == 0 && after == TREN_OK && st == TREN_OK)
        after = conclude(&own, &sweep, verdict);
    after = tren_comm_agree(comm, after);
    return st != TREN_OK ? tren_fail(st, "%s", text) : after;
}

static int seeds_of(const tren_experiment *e, bool quick) {
    int own = quick ? e->quick_seeds : e->seeds, usual = quick ? 1 : 3;
    return own > 0 ? own : usual;
}

static tren_status agree(const tren_comm *comm, const tren_experiment *experiment,
                         const tren_lab_options *options) {
    tren_facts facts = {0};
    TREN_TRY(tren_agree_on_program(comm, "laboratory"));
    tren_facts_add(&facts, "the experiment", "%s", experiment->name);
    tren_facts_add(&facts, "--out", "%s", options->out);
    tren_facts_add(&facts, "--seeds", "%d", options->seeds);
    tren_facts_add(&facts, "--first-seed", "%llu", (unsigned long long)options->first_seed);
    tren_facts_add(&facts, "--quick", "%s", options->quick ? "given" : "not given");
    tren_facts_add(&facts, "--ranks-per-run", "%d", options->ranks_per_run);
    TREN_TRY(tren_agree_on_config(comm, &facts));
    return tren_agree_on_core(comm, NULL, options->log);
}

tren_status tren_lab_run(tren_comm *comm, const tren_experiment *experiment,
                         const tren_lab_options *options, tren_verdict *verdict) {
    tren_lab lab;
    tren_lab_options own = *options;
    if (own.seeds == 0) own.seeds = seeds_of(experiment, own.quick);
    *verdict = (tren_verdict){0};
    TREN_TRY(agree(comm, experiment, &own));
    tren_status st = open_plan(&lab, tren_experiment_source(experiment), &own);
    if (st == TREN_OK) st = run(comm, &lab, experiment, verdict);
    free(lab.point);
    return st;
}

/* ---- how far it is --------------------------------------------------------------------------- */

static tren_status read_form(bool *quick, const char *recipe) {
    char *text;
    TREN_TRY(tren_whole_read(&text, recipe, TREN_ERR_DATA));
    *quick = strstr(text, "\nform: quick\n") != NULL;
    free(text);
    return TREN_OK;
}

tren_status tren_lab_look(tren_lab_state *state, const tren_experiment *experiment,
                          const char *out) {
    char dir[TREN_MAX_PATH], path[TREN_MAX_PATH];
    record r;
    struct stat info;
    *state = (tren_lab_state){0};
    TREN_TRY(lab_path(dir, out, tren_experiment_source(experiment)->name));
    TREN_TRY(lab_path(path, dir, "recipe.txt"));
    state->begun = stat(path, &info) == 0;
    if (state->begun) TREN_TRY(read_form(&state->quick, path));
    TREN_TRY(lab_path(dir, out, experiment->name));
    read_record(&r, dir);
    state->seconds = r.seconds;
    snprintf(state->command, sizeof state->command, "%s", r.command);
    TREN_TRY(lab_path(path, dir, "verdict.json"));
    if (stat(path, &info) != 0) return TREN_OK;
    TREN_TRY(tren_verdict_read(&state->verdict, path));
    state->judged = true;
    return TREN_OK;
}
