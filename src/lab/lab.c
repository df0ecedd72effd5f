/* An experiment from its plan to its verdict. */
#include "base/quote.h"
#include "base/whole.h"
#include "base/folders.h"
#include "lab/folder.h"
#include "lab/recipe.h"
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
    TREN_TRY(tren_resize(&lab->point, (size_t)lab->n_points + 1, sizeof *lab->point, "a plan"));
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
    TREN_TRY(tren_lab_setting_of(&lab->setting, e, o));
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

static tren_status prepare(const tren_lab *lab, char points[TREN_MAX_PATH]) {
    char data[TREN_MAX_PATH];
    TREN_TRY(lab_path(points, lab->dir, "points"));
    TREN_TRY(lab_path(data, lab->dir, "data"));
    TREN_TRY(tren_make_folders(points));
    TREN_TRY(tren_make_folders(data));
    TREN_TRY(lab_recipe_check(lab));
    return lab->experiment->prepare ? lab->experiment->prepare(lab) : TREN_OK;
}

/* ---- what came of it ------------------------------------------------------------------------- */

typedef struct record {
    double seconds;
    char command[512];
    int seeds;
    uint64_t first_seed;
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
    const char *seeds = command ? strchr(command + 1, '\n') : NULL;
    unsigned long long first = 0;
    if (seeds && sscanf(seeds, " seeds %d from %llu", &r->seeds, &first) == 2)
        r->first_seed = first;
    free(text);
}

static void put_command(FILE *out, const tren_lab *lab, int ranks) {
    char data[TREN_MAX_PATH];
    const tren_lab_options *o = lab->options;
    fprintf(out, "tren lab run %s --ranks %d --seeds ", lab->experiment->name, ranks);
    if (o->first_seed == 1)
        fprintf(out, "%d", o->seeds);
    else
        fprintf(out, "%llu-%llu", (unsigned long long)o->first_seed,
                (unsigned long long)o->first_seed + (uint64_t)o->seeds - 1);
    if (lab->experiment->wants_data)
        fprintf(out, " --data %s", tren_shown(data, sizeof data, o->data));
    if (o->quick) fputs(" --quick", out);
    for (int i = 0; i < o->n_sets; i++) fprintf(out, " --set %s", o->set[i]);
}

static tren_status write_record(const tren_lab *lab, int ranks, double seconds) {
    char path[TREN_MAX_PATH], *text = NULL;
    size_t n;
    TREN_TRY(lab_path(path, lab->dir, "run.txt"));
    FILE *out = open_memstream(&text, &n);
    if (!out) return tren_fail_memory(0, "a record");
    fprintf(out, "%.3f\n", seconds);
    put_command(out, lab, ranks);
    fprintf(out, "\nseeds %d from %llu\n", lab->options->seeds,
            (unsigned long long)lab->options->first_seed);
    fclose(out);
    tren_status st = tren_whole_write_text(path, TREN_ERR_ENV, text);
    free(text);
    return st;
}

static tren_status judge(const tren_lab *lab, const tren_table *points, tren_verdict *verdict) {
    char path[TREN_MAX_PATH];
    tren_table curve;
    TREN_TRY(tren_table_open(&curve, lab->experiment->curve));
    tren_status st = lab->experiment->judge(lab, points, &curve, verdict);
    tren_verdict_set_form(verdict, lab->setting.form);
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
    return tren_make_folders(own->dir);
}

/* Charge launch time to the experiment that owns the points. */
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

static tren_status agree(const tren_comm *comm, const tren_experiment *experiment,
                         const tren_lab_options *options) {
    tren_facts facts = {0};
    TREN_TRY(tren_agree_on_program(comm, "laboratory"));
    tren_facts_add(&facts, "the experiment", "%s", experiment->name);
    tren_facts_add(&facts, "--out", "%s", options->out);
    tren_facts_add(&facts, "--seeds", "%d", options->seeds);
    tren_facts_add(&facts, "--first-seed", "%llu", (unsigned long long)options->first_seed);
    tren_facts_add(&facts, "--quick", "%s", options->quick ? "given" : "not given");
    for (int i = 0; i < options->n_sets; i++)
        tren_facts_add(&facts, "--set", "%s", options->set[i]);
    tren_facts_add(&facts, "--ranks-per-run", "%d", options->ranks_per_run);
    TREN_TRY(tren_agree_on_config(comm, &facts));
    return tren_agree_on_core(comm, NULL, options->log);
}

tren_status tren_lab_run(tren_comm *comm, const tren_experiment *experiment,
                         const tren_lab_options *options, tren_verdict *verdict) {
    tren_lab lab;
    tren_lab_options own = *options;
    tren_lab_setting setting;
    TREN_TRY(tren_lab_setting_of(&setting, experiment, options));
    own.seeds = setting.seeds;
    *verdict = (tren_verdict){0};
    TREN_TRY(agree(comm, experiment, &own));
    tren_status st = open_plan(&lab, tren_experiment_source(experiment), &own);
    if (st == TREN_OK) st = run(comm, &lab, experiment, verdict);
    free(lab.point);
    return st;
}

/* ---- how far it is --------------------------------------------------------------------------- */

tren_status tren_lab_look(tren_lab_state *state, const tren_experiment *experiment,
                          const char *out) {
    char dir[TREN_MAX_PATH], path[TREN_MAX_PATH];
    record r;
    struct stat info;
    *state = (tren_lab_state){0};
    const tren_experiment *source = tren_experiment_source(experiment);
    TREN_TRY(lab_path(dir, out, source->name));
    TREN_TRY(lab_path(path, dir, "recipe.txt"));
    state->begun = stat(path, &info) == 0;
    if (state->begun) TREN_TRY(lab_recipe_read(&state->setting, source, dir));
    TREN_TRY(lab_path(dir, out, experiment->name));
    read_record(&r, dir);
    state->seconds = r.seconds;
    state->setting.seeds = r.seeds;
    state->setting.first_seed = r.first_seed;
    snprintf(state->command, sizeof state->command, "%s", r.command);
    TREN_TRY(lab_path(path, dir, "verdict.json"));
    if (stat(path, &info) != 0) return TREN_OK;
    TREN_TRY(tren_verdict_read(&state->verdict, path));
    state->verdict.form = state->setting.form;
    state->judged = true;
    return TREN_OK;
}
