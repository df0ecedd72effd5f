/* A user's sweep: the points of a grid as a sweep of trainings. */
#include "base/quote.h"
#include "base/whole.h"
#include "base/folders.h"
#include "lab/folder.h"
#include "lab/sweep_rows.h"
#include "tren/lab.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_POINTS = 100000 };

typedef struct grid_point {
    char name[TREN_POINT_NAME], label[256];
    double cost;
    uint64_t initial, content; /* of what it begins with, and of its data */
} grid_point;

typedef struct plan {
    const tren_grid_sweep *sweep; /* not owned */
    grid_point *point;            /* [n] owned */
    int n;
    uint64_t content;         /* of the dataset that was looked at last */
    char data[TREN_MAX_PATH]; /* its path */
    char keys[2048];          /* the names of the grid's, each with its comma */
    char points[TREN_MAX_PATH], runs[TREN_MAX_PATH]; /* folders */
} plan;

/* ---- what a point is -------------------------------------------------------------------------
 */

/* Keys that say where and how a run is written are the sweep's own. */
static tren_status check_axes(const tren_grid *grid) {
    static const char *const own[] = {"out", "precision", "progress", "plots", "tensorboard"};
    for (int i = 0; i < grid->n_axes; i++)
        for (size_t k = 0; k < sizeof own / sizeof *own; k++)
            if (strcmp(grid->axis[i].option->key, own[k]) == 0)
                return tren_fail(TREN_ERR_USAGE,
                                 "grid: '%s' must be the same for all points of a sweep: set it "
                                 "outside the grid",
                                 own[k]);
    return TREN_OK;
}

static tren_status config_of(tren_config *config, const plan *p, int point) {
    TREN_TRY(tren_grid_point(config, p->sweep->grid, p->sweep->base, point));
    config->out[0] = '\0';
    config->plots = config->tensorboard = false;
    config->progress = TREN_PROGRESS_OFF;
    return TREN_OK;
}

/* Of the checkpoint whose weights a training begins with; 0: none, or a file without a digest. */
static uint64_t initial_digest(const tren_config *config) {
    uint64_t digest = 0;
    if (config->init_from[0]) tren_checkpoint_digest(&digest, config->init_from);
    return digest;
}

/* What has no recorded digests is read, though not anew for each point. */
static tren_status look_at_content(plan *p, const char *path, const tren_dataset *dataset) {
    if (strcmp(p->data, path) == 0) return TREN_OK;
    TREN_TRY(tren_dataset_content(&p->content, dataset));
    snprintf(p->data, sizeof p->data, "%s", path);
    return TREN_OK;
}

/* A point is known by its config and its data, so that a longer grid finds what a shorter one has
 * computed. */
static tren_status describe(plan *p, grid_point *point, const tren_config *config) {
    tren_dataset *dataset = NULL;
    tren_graph *graph = NULL;
    char *text = NULL;
    double train = 0, evaluate;
    tren_status st = TREN_OK;
    TREN_GOTO(tren_dataset_open(&dataset, config->data));
    const tren_dataset_info *info = tren_dataset_info_of(dataset);
    TREN_GOTO(tren_model_build(&graph, config, info));
    TREN_GOTO(tren_config_format(&text, config));
    tren_graph_cost(graph, &train, &evaluate);
    TREN_GOTO(look_at_content(p, config->data, dataset));
    point->content = p->content;
    point->initial = initial_digest(config);
    point->cost = (train + 1e3) * (double)info->rows[TREN_TRAIN] * config->epochs;
    snprintf(point->name, sizeof point->name, "%016llx-%08x",
             (unsigned long long)(tren_digest(text, strlen(text)) ^ point->initial),
             (unsigned)point->content);
done:
    free(text);
    tren_graph_close(graph);
    tren_dataset_close(dataset);
    return st;
}

/* "optimizer.learning_rate 0.1, seed 2" */
static void label(char *text, size_t n, const tren_grid *grid, int point) {
    int index[TREN_MAX_AXES];
    text[0] = '\0';
    tren_grid_index(index, grid, point);
    for (int i = 0; i < grid->n_axes; i++) {
        size_t at = strlen(text);
        snprintf(text + at, n - at, "%s%s %s", at ? ", " : "", grid->axis[i].option->key,
                 grid->axis[i].text[index[i]]);
    }
}

static int by_name(const void *a, const void *b) {
    const grid_point *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

/* Values that are written differently and mean the same make points that are the same. */
static tren_status check_distinct(const plan *p) {
    const grid_point **sorted, *twin = NULL;
    TREN_TRY(tren_alloc(&sorted, (size_t)p->n, sizeof *sorted, "a sweep"));
    for (int i = 0; i < p->n; i++) sorted[i] = &p->point[i];
    qsort(sorted, (size_t)p->n, sizeof *sorted, by_name);
    int i = 1;
    while (i < p->n && by_name(&sorted[i - 1], &sorted[i]) != 0) i++;
    if (i < p->n) twin = sorted[i - 1];
    const grid_point *other = twin ? sorted[i] : NULL;
    free(sorted);
    if (!twin) return TREN_OK;
    return tren_fail(
        TREN_ERR_USAGE, "grid: two points are the same training: (%s) and (%s); remove one of them",
        twin < other ? twin->label : other->label, twin < other ? other->label : twin->label);
}

static tren_status make_plan(plan *p, const tren_grid_sweep *sweep) {
    const tren_grid *grid = sweep->grid;
    int64_t n = tren_grid_points(grid);
    *p = (plan){.sweep = sweep};
    TREN_TRY(check_axes(grid));
    if (n > MAX_POINTS)
        return tren_fail(TREN_ERR_USAGE,
                         "grid: more than %d points; give fewer values, or make several sweeps",
                         MAX_POINTS);
    TREN_TRY(tren_alloc(&p->point, (size_t)n, sizeof *p->point, "a sweep"));
    for (p->n = 0; p->n < (int)n; p->n++) {
        tren_config config;
        TREN_TRY(config_of(&config, p, p->n));
        grid_point *point = &p->point[p->n];
        label(point->label, sizeof point->label, grid, p->n);
        tren_status st = describe(p, point, &config);
        if (st != TREN_OK) return tren_fail_in(st, "the point %s", point->label);
    }
    size_t at = 0;
    for (int i = 0; i < grid->n_axes; i++)
        at += (size_t)snprintf(p->keys + at, sizeof p->keys - at, "%s,", grid->axis[i].option->key);
    TREN_TRY(check_distinct(p));
    TREN_TRY(lab_path(p->points, sweep->base->out, "points"));
    return lab_path(p->runs, sweep->base->out, "runs");
}

/* ---- training one ---------------------------------------------------------------------------- */

static void put_number(FILE *out, double x) {
    if (isfinite(x))
        fprintf(out, ",%.9g", x);
    else
        fputc(',', out);
}

static void put_keys(void *ctx, int point, FILE *out) {
    const plan *p = ctx;
    int index[TREN_MAX_AXES];
    const tren_grid *grid = p->sweep->grid;
    tren_grid_index(index, grid, point);
    for (int i = 0; i < grid->n_axes; i++) {
        tren_put_csv(out, grid->axis[i].text[index[i]]);
        fputc(',', out);
    }
}

static void put_row(FILE *out, const tren_result *r, bool diverged) {
    fprintf(out, "%s,%d,%d", diverged ? "diverged" : tren_stop_reason_name(r->end.reason),
            r->end.epochs, r->end.best_epoch);
    const double number[] = {r->scores.train_loss,      r->scores.train_accuracy,
                             r->scores.validation_loss, r->scores.validation_accuracy,
                             r->scores.test_loss,       r->scores.test_accuracy};
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        put_number(out, diverged ? NAN : number[i]);
    fprintf(out, ",%zu,%016llx\n", r->run.parameters, (unsigned long long)r->end.digest);
}

static const char *name_of(void *ctx, int point) {
    return ((plan *)ctx)->point[point].name;
}

static const char *label_of(void *ctx, int point) {
    return ((plan *)ctx)->point[point].label;
}

static double cost_of(void *ctx, int point) {
    return ((plan *)ctx)->point[point].cost;
}

/* Its name says what it was trained on. */
static tren_status check_unchanged(const grid_point *point, const tren_config *config,
                                   const tren_result *result) {
    static const char remedy[] = "so its points would not belong together; restore the file, or "
                                 "start the sweep again";
    if (result->run.content != point->content)
        return tren_fail(TREN_ERR_DATA, "%s was changed while the sweep was running, %s",
                         config->data, remedy);
    if (initial_digest(config) != point->initial)
        return tren_fail(TREN_ERR_CHECKPOINT,
                         "init_from: %s was changed while the sweep was running, %s",
                         config->init_from, remedy);
    return TREN_OK;
}

static tren_status run_point(void *ctx, tren_comm *group, int point, FILE *out) {
    const plan *p = ctx;
    tren_config config;
    tren_result result;
    tren_train_options options = {.signal = p->sweep->signal, .started = tren_seconds()};
    TREN_TRY(config_of(&config, p, point));
    if (p->sweep->keep_runs) {
        TREN_TRY(lab_path(config.out, p->runs, p->point[point].name));
        options.resume = true;
    }
    tren_status st = tren_train(group, &config, &options, &result);
    bool diverged = st == TREN_ERR_DIVERGED;
    if (st != TREN_OK && !diverged) return st;
    TREN_TRY(check_unchanged(&p->point[point], &config, &result));
    if (out) put_row(out, &result, diverged);
    return TREN_OK;
}

/* ---- the sweep ------------------------------------------------------------------------------- */

tren_status tren_grid_sweep_check(const tren_grid_sweep *sweep, FILE *list) {
    plan p;
    tren_status st = make_plan(&p, sweep);
    if (st == TREN_OK && list) {
        fprintf(list, "%sGFLOP\n", p.keys);
        for (int i = 0; i < p.n; i++) {
            put_keys(&p, i, list);
            fprintf(list, "%.4g\n", p.point[i].cost * 1e-9);
        }
    }
    free(p.point);
    return st;
}

static tren_status make_folders(const plan *p) {
    TREN_TRY(tren_make_folders(p->points));
    return p->sweep->keep_runs ? tren_make_folders(p->runs) : TREN_OK;
}

static tren_status write_table(const plan *p, const tren_sweep *sweep) {
    char path[TREN_MAX_PATH], kept[TREN_MAX_PATH], *text = NULL;
    tren_status st;
    TREN_GOTO(lab_path(path, p->sweep->base->out, "sweep.csv"));
    TREN_GOTO(tren_sweep_table(&text, sweep));
    TREN_GOTO(lab_keep_other_table(kept, p->sweep->base->out, text));
    if (kept[0])
        tren_log_line(p->sweep->log, "note: sweep.csv had other points; it is now %s", kept);
    st = tren_whole_write_text(path, TREN_ERR_ENV, text);
done:
    free(text);
    return st;
}

static tren_status run(tren_comm *comm, plan *p, tren_sweep_result *result) {
    const tren_grid_sweep *s = p->sweep;
    TREN_TRY(tren_comm_agree(comm, comm->rank == 0 ? make_folders(p) : TREN_OK));
    tren_sweep sweep = {.dir = p->points,
                        .title = "sweep",
                        .n_points = p->n,
                        .name = name_of,
                        .label = label_of,
                        .cost = cost_of,
                        .run = run_point,
                        .header = TREN_SWEEP_COLUMNS,
                        .keys_header = p->keys,
                        .keys = put_keys,
                        .is_row = lab_is_sweep_row,
                        .ctx = p,
                        .ranks_per_run = s->ranks_per_run,
                        .part = s->part,
                        .n_parts = s->n_parts,
                        .signal = s->signal,
                        .log = s->log};
    TREN_TRY(tren_sweep_run(comm, &sweep, result));
    if (result->n_left > 0) return TREN_OK; /* other parts of the job array have them */
    return tren_comm_agree(comm, comm->rank == 0 ? write_table(p, &sweep) : TREN_OK);
}

/* Those that every point uses; what only some use is compared by the ranks of their groups. */
static tren_status agree_on_files(const tren_comm *comm, const tren_grid_sweep *sweep) {
    const tren_config *base = sweep->base;
    tren_dataset *dataset = NULL;
    tren_facts facts = {0};
    tren_facts_add(&facts, "init_from: the digest of the checkpoint", "%016llx",
                   (unsigned long long)initial_digest(base));
    TREN_TRY(tren_comm_same(comm, &facts, TREN_ERR_CHECKPOINT,
                            "give all ranks the same file, for example on a shared disk"));
    for (int i = 0; i < sweep->grid->n_axes; i++)
        if (strcmp(sweep->grid->axis[i].option->key, "data") == 0) return TREN_OK;
    TREN_TRY(tren_comm_agree(comm, tren_dataset_open(&dataset, base->data)));
    tren_status st = tren_agree_on_dataset(comm, base->data, dataset);
    tren_dataset_close(dataset);
    return st;
}

static tren_status agree(const tren_comm *comm, const tren_grid_sweep *sweep) {
    const tren_grid *grid = sweep->grid;
    tren_facts facts = {0};
    TREN_TRY(tren_agree_on_program(comm, "sweep"));
    tren_facts_add_config(&facts, sweep->base);
    tren_facts_add(&facts, "the number of keys in the grid", "%d", grid->n_axes);
    for (int i = 0; i < grid->n_axes; i++) {
        char name[128];
        snprintf(name, sizeof name, "grid: %s", grid->axis[i].option->key);
        for (int j = 0; j < grid->axis[i].n; j++)
            tren_facts_add(&facts, name, "%s", grid->axis[i].text[j]);
    }
    tren_facts_add(&facts, "--ranks-per-run", "%d", sweep->ranks_per_run);
    tren_facts_add(&facts, "--part", "%d/%d", sweep->part + 1, sweep->n_parts);
    tren_facts_add(&facts, "--keep-runs", "%s", sweep->keep_runs ? "given" : "not given");
    TREN_TRY(tren_agree_on_config(comm, &facts));
    TREN_TRY(tren_agree_on_core(comm, sweep->base, sweep->log));
    return agree_on_files(comm, sweep);
}

/* Ranks of different groups may have different files for what only some points use. */
static tren_status agree_on_points(const tren_comm *comm, const plan *p) {
    tren_facts facts = {0};
    for (int i = 0; i < p->n; i++)
        tren_facts_add(&facts, p->point[i].label, "%s", p->point[i].name);
    return tren_comm_same(comm, &facts, TREN_ERR_DATA,
                          "give all ranks the same files, for example on a shared disk");
}

tren_status tren_grid_sweep_run(tren_comm *comm, const tren_grid_sweep *sweep,
                                tren_sweep_result *result) {
    plan p;
    *result = (tren_sweep_result){0};
    TREN_TRY(agree(comm, sweep));
    tren_status st = tren_comm_agree(comm, make_plan(&p, sweep));
    if (st == TREN_OK) st = agree_on_points(comm, &p);
    if (st == TREN_OK) st = run(comm, &p, result);
    free(p.point);
    return st;
}
