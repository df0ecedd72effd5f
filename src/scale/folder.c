/* DIR: config.yaml (the recipe), plan.txt (what is measured of it), launches/ (one file each). */
#include "base/folders.h"
#include "base/own.h"
#include "base/text.h"
#include "base/whole.h"
#include "base/why.h"
#include "tren/scale.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

void tren_scale_path(char *out, size_t n, const tren_scale *s, int point, int repeat,
                     const char *ending) {
    const tren_scale_point *p = &s->plan.point[point];
    snprintf(out, n, "%s/launches/%s-%d.%02d.%s", s->dir, tren_scale_mode_name[p->mode], p->ranks,
             repeat, ending);
}

/* ---- the plan -------------------------------------------------------------------------------- */

/* What must be the same for launches to belong together. How many repeats there are may change. */
static void format_plan(char *out, size_t n, const tren_scale_plan *plan) {
    int k = snprintf(out, n,
                     "steps: %d\nskip: %d\nranks_per_node: %d\ndata: %016" PRIx64
                     "\ninit_from: %016" PRIx64 "\n",
                     plan->steps, plan->skip, plan->ranks_per_node, plan->data, plan->init_from);
    for (int i = 0; i < plan->n_points && k < (int)n; i++) {
        const tren_scale_point *p = &plan->point[i];
        k += snprintf(out + k, n - (size_t)k, "%s: %d %d %d %d\n", tren_scale_mode_name[p->mode],
                      p->ranks, p->shards, p->batch, p->same_as);
    }
}

static bool parse_point(tren_scale_plan *plan, const char *line) {
    char mode[16];
    tren_scale_point p = {.why = NULL};
    if (sscanf(line, "%15[a-z]: %d %d %d %d", mode, &p.ranks, &p.shards, &p.batch, &p.same_as) != 5)
        return false;
    while (strcmp(mode, tren_scale_mode_name[p.mode]) != 0)
        if (++p.mode == TREN_SCALE_MODES) return false;
    if (plan->n_points == TREN_SCALE_POINTS || p.ranks < 1 || p.same_as >= plan->n_points)
        return false;
    if (p.batch == 0) p.why = "the batch would be more than the training rows";
    p.nodes =
        plan->ranks_per_node > 0 ? (p.ranks + plan->ranks_per_node - 1) / plan->ranks_per_node : 1;
    plan->point[plan->n_points++] = p;
    return true;
}

static bool parse_plan(tren_scale_plan *plan, const char *text) {
    int at = 0;
    *plan = (tren_scale_plan){.width = 0.05};
    if (sscanf(text,
               "steps: %d\nskip: %d\nranks_per_node: %d\ndata: %" SCNx64 "\ninit_from: %" SCNx64
               "\n%n",
               &plan->steps, &plan->skip, &plan->ranks_per_node, &plan->data, &plan->init_from,
               &at) != 5 ||
        at == 0)
        return false;
    for (const char *line = text + at; *line; line += *line == '\n') {
        if (!parse_point(plan, line)) return false;
        line += strcspn(line, "\n");
    }
    return plan->n_points > 0;
}

static void path_of(char *out, size_t n, const tren_scale *s, const char *name) {
    snprintf(out, n, "%s/%s", s->dir, name);
}

/* ---- launches -------------------------------------------------------------------------------- */

static tren_status add(tren_scale *s, const tren_scale_launch *launch) {
    TREN_TRY(tren_grow(&s->launch, (size_t)s->n_launches, &s->room, sizeof *launch, "launches"));
    s->launch[s->n_launches++] = *launch;
    return TREN_OK;
}

static tren_status read_launch(tren_scale *s, const char *path) {
    tren_scale_launch launch;
    TREN_TRY(tren_scale_launch_read(&launch, path));
    tren_status st = add(s, &launch);
    if (st != TREN_OK) tren_scale_launch_close(&launch);
    return st;
}

static tren_status read_launches(tren_scale *s) {
    char path[TREN_MAX_PATH + 64];
    path_of(path, sizeof path, s, "launches");
    struct dirent **entry;
    int n = scandir(path, &entry, NULL, alphasort);
    if (n < 0)
        return tren_fail(TREN_ERR_DATA, "%s: %s; give a folder that 'tren scale' has written", path,
                         tren_why(errno));
    tren_status st = TREN_OK;
    for (int i = 0; i < n; i++) {
        const char *name = entry[i]->d_name, *dot = strrchr(name, '.');
        char whole[TREN_MAX_PATH + 512];
        snprintf(whole, sizeof whole, "%s/%s", path, name);
        if (st == TREN_OK && dot && strcmp(dot, ".csv") == 0) st = read_launch(s, whole);
        free(entry[i]);
    }
    free(entry);
    return st;
}

static void last_line(char *out, size_t n, const char *path) {
    char *text, *rest, *line;
    out[0] = '\0';
    if (tren_whole_read(&text, path, TREN_ERR_DATA) != TREN_OK) return;
    for (rest = text; (line = strsep(&rest, "\n"));)
        if (strncmp(line, "tren", 4) == 0 || (!out[0] && *line)) snprintf(out, n, "%s", line);
    free(text);
}

tren_status tren_scale_take(tren_scale *s, int point, int repeat, int code, const char *log) {
    char path[TREN_MAX_PATH + 128];
    tren_scale_path(path, sizeof path, s, point, repeat, "csv");
    if (code == 0) return read_launch(s, path);
    const tren_scale_point *p = &s->plan.point[point];
    tren_scale_launch failed = {.mode = p->mode, .ranks = p->ranks, .repeat = repeat, .code = code};
    last_line(failed.said, sizeof failed.said, log);
    TREN_TRY(tren_scale_launch_write(&failed, path));
    return add(s, &failed);
}

/* ---- opening --------------------------------------------------------------------------------- */

/* The first line in which they differ, of `now`. */
static tren_status other_experiment(const char *dir, const char *before, const char *now) {
    const char *line = now;
    for (size_t i = 0; now[i] && now[i] == before[i]; i++)
        if (now[i] == '\n') line = now + i + 1;
    int n = (int)strcspn(line, "\n"), m = (int)strcspn(before + (line - now), "\n");
    return tren_fail(TREN_ERR_USAGE,
                     "%s has the results of another experiment: there '%.*s', now '%.*s'; give "
                     "another folder with --out, or remove that one",
                     dir, m, before + (line - now), n, line);
}

/* What is there must be `text`; where nothing is there, it is written. */
static tren_status hold(tren_scale *s, const char *name, const char *text) {
    char path[TREN_MAX_PATH + 64], *before;
    path_of(path, sizeof path, s, name);
    if (access(path, F_OK) != 0) return tren_whole_write_text(path, TREN_ERR_ENV, text);
    TREN_TRY(tren_whole_read(&before, path, TREN_ERR_DATA));
    tren_status st = strcmp(before, text) == 0 ? TREN_OK : other_experiment(s->dir, before, text);
    free(before);
    return st;
}

static tren_status copy_recipe(tren_scale *s, const char *recipe) {
    s->recipe = strdup(recipe);
    return s->recipe ? TREN_OK : tren_fail_memory(0, "the recipe");
}

/* Folders that are not ours are left alone. */
static tren_status check_empty(const tren_scale *s) {
    char path[TREN_MAX_PATH + 64];
    struct stat info;
    path_of(path, sizeof path, s, "launches");
    if (access(path, F_OK) == 0 || stat(s->dir, &info) != 0) return TREN_OK;
    if (!S_ISDIR(info.st_mode))
        return tren_fail(TREN_ERR_USAGE, "--out: %s is a file; give a folder", s->dir);
    if (rmdir(s->dir) == 0) return TREN_OK; /* it was empty */
    return tren_fail(
        TREN_ERR_USAGE,
        "--out: %s has files in it that are not from 'tren scale'; give another folder", s->dir);
}

static tren_status lock_folder(tren_scale *s) {
    char path[TREN_MAX_PATH + 64];
    const char *why;
    path_of(path, sizeof path, s, ".lock");
    s->lock = tren_own_open(path, TREN_OWN_KEEP, &why);
    if (s->lock < 0) return tren_fail(TREN_ERR_ENV, "--out: cannot write %s: %s", path, why);
    if (flock(s->lock, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return TREN_OK;
    return tren_fail(TREN_ERR_ENV,
                     "%s is in use by another 'tren scale' (its .lock is held); wait for it, or "
                     "choose another folder with --out",
                     s->dir);
}

tren_status tren_scale_open(tren_scale *s, const char *dir, const tren_scale_plan *plan,
                            const char *recipe) {
    char text[TREN_SCALE_POINTS * 48 + 128], launches[TREN_MAX_PATH + 64];
    *s = (tren_scale){.plan = *plan};
    snprintf(s->dir, sizeof s->dir, "%s", dir);
    TREN_TRY(copy_recipe(s, recipe));
    TREN_TRY(check_empty(s));
    path_of(launches, sizeof launches, s, "launches");
    TREN_TRY(tren_make_folders(launches));
    TREN_TRY(lock_folder(s));
    format_plan(text, sizeof text, plan);
    TREN_TRY(hold(s, "plan.txt", text));
    TREN_TRY(hold(s, "config.yaml", recipe));
    TREN_TRY(read_launches(s));
    s->n_before = s->n_launches;
    return TREN_OK;
}

tren_status tren_scale_read(tren_scale *s, const char *dir) {
    char path[TREN_MAX_PATH + 64], *text;
    *s = (tren_scale){.n_launches = 0};
    snprintf(s->dir, sizeof s->dir, "%s", dir);
    path_of(path, sizeof path, s, "plan.txt");
    tren_status st = tren_whole_read(&text, path, TREN_ERR_DATA);
    if (st != TREN_OK)
        return tren_fail(st, "%s; is this a folder that 'tren scale' has written?",
                         tren_error_text());
    bool good = parse_plan(&s->plan, text);
    free(text);
    if (!good)
        return tren_fail(TREN_ERR_DATA,
                         "%s is damaged; restore it, or measure again in a new folder", path);
    path_of(path, sizeof path, s, "config.yaml");
    TREN_TRY(tren_whole_read(&s->recipe, path, TREN_ERR_DATA));
    return read_launches(s);
}

void tren_scale_close(tren_scale *s) {
    for (int i = 0; i < s->n_launches; i++) tren_scale_launch_close(&s->launch[i]);
    free(s->launch);
    free(s->recipe);
    if (s->lock > 0) close(s->lock);
    *s = (tren_scale){0};
}
