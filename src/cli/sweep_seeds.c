#include "cli/sweep_seeds.h"
#include "cli/console.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- seeds ----------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Between the neighbours, in proportion. */
static double quantile(const double *sorted, int n, double share) {
    double at = share * (n - 1);
    int below = (int)at;
    return below + 1 < n ? sorted[below] + (at - below) * (sorted[below + 1] - sorted[below])
                         : sorted[n - 1];
}

tren_seeds tren_seeds_of(double *value, int n) {
    if (n == 0) return (tren_seeds){NAN, NAN, NAN, 0};
    qsort(value, (size_t)n, sizeof *value, ascending);
    double edge = n < TREN_FEW_SEEDS ? 0 : 0.25;
    return (tren_seeds){quantile(value, n, edge), quantile(value, n, 0.5),
                        quantile(value, n, 1 - edge), n};
}

bool tren_is_seed(const tren_axis *axis) {
    return strcmp(axis->option->key, "seed") == 0;
}

void tren_sweep_setting(char *out, size_t n, const tren_grid *grid, const int *index, int without) {
    out[0] = '\0';
    for (int i = 0; i < grid->n_axes; i++) {
        const tren_axis *axis = &grid->axis[i];
        size_t at = strlen(out);
        if (i == without || tren_is_seed(axis) || axis->n == 1) continue;
        snprintf(out + at, n - at, "%s%s %s", at ? ", " : "", axis->option->key,
                 axis->text[index[i]]);
    }
}

/* ---- the ranking ----------------------------------------------------------------------------- */

typedef struct place {
    char setting[512];
    tren_seeds seeds;
    int first; /* point */
} place;

typedef struct ranking {
    const tren_grid *grid; /* not owned */
    tren_table table;
    const char *by;
    place *at; /* [n] owned */
    int n;
} ranking;

static bool high_is_good(const char *column) {
    return strstr(column, "accuracy") != NULL;
}

static void choose(ranking *r, const char *by) {
    static const char *const usual[] = {"validation_accuracy", "validation_loss"};
    r->by = by;
    for (size_t i = 0; !r->by && i < sizeof usual / sizeof *usual; i++)
        if (tren_table_count(&r->table, usual[i], NULL) > 0) r->by = usual[i];
}

static tren_seeds seeds_of(const ranking *r, const char *setting) {
    static double value[TREN_MOST_SEEDS];
    int index[TREN_MAX_AXES], n = 0;
    char name[512];
    for (int i = 0; i < r->table.n_rows && n < TREN_MOST_SEEDS; i++) {
        double y = tren_table_get(&r->table, i, r->by);
        tren_grid_index(index, r->grid, i);
        tren_sweep_setting(name, sizeof name, r->grid, index, -1);
        if (isfinite(y) && strcmp(name, setting) == 0) value[n++] = y;
    }
    return tren_seeds_of(value, n);
}

/* A setting is listed at its first point: the one with the first seed. */
static bool begins_setting(const ranking *r, const int *index) {
    for (int i = 0; i < r->grid->n_axes; i++)
        if (tren_is_seed(&r->grid->axis[i]) && index[i] > 0) return false;
    return true;
}

static void list_settings(ranking *r) {
    int index[TREN_MAX_AXES];
    for (int i = 0; i < r->table.n_rows; i++) {
        place *p = &r->at[r->n];
        tren_grid_index(index, r->grid, i);
        if (!begins_setting(r, index)) continue;
        tren_sweep_setting(p->setting, sizeof p->setting, r->grid, index, -1);
        p->seeds = seeds_of(r, p->setting);
        p->first = i;
        r->n += p->seeds.n > 0;
    }
}

static int smallest_first(const void *a, const void *b) {
    const place *x = a, *y = b;
    int order = (x->seeds.middle > y->seeds.middle) - (x->seeds.middle < y->seeds.middle);
    return order ? order : x->first - y->first;
}

static int largest_first(const void *a, const void *b) {
    const place *x = a, *y = b;
    int order = (x->seeds.middle < y->seeds.middle) - (x->seeds.middle > y->seeds.middle);
    return order ? order : x->first - y->first;
}

static void print_ranking(const ranking *r) {
    enum { MOST = 5 };
    int seeds = r->at[0].seeds.n;
    printf("best by %s", r->by);
    if (seeds > 1)
        printf(", median and %s of %d seeds", seeds < TREN_FEW_SEEDS ? "range" : "quartiles",
               seeds);
    printf("\n");
    for (int i = 0; i < r->n && i < MOST; i++) {
        const place *p = &r->at[i];
        printf("  %d  %-8.5g", i + 1, p->seeds.middle);
        if (seeds > 1) printf("  %.5g to %.5g", p->seeds.low, p->seeds.high);
        printf("  %s\n", tren_cli_shown(p->setting));
    }
    if (strncmp(r->by, "test_", 5) == 0)
        printf("note: this choice used the test part, so the test result of the winner is too "
               "optimistic; choose by validation, and use the test part once, at the end\n");
}

static void put_ranking(tren_json *j, const ranking *r) {
    tren_json_text(j, "by", r->by);
    tren_json_begin(j, "ranking", '[');
    for (int i = 0; i < r->n; i++) {
        const place *p = &r->at[i];
        tren_json_begin(j, NULL, '{');
        tren_json_text(j, "setting", p->setting);
        tren_json_real(j, "median", p->seeds.middle);
        tren_json_real(j, "low", p->seeds.low);
        tren_json_real(j, "high", p->seeds.high);
        tren_json_whole(j, "seeds", p->seeds.n);
        tren_json_end(j);
    }
    tren_json_end(j);
}

static void rank(ranking *r, const char *by, tren_json *json) {
    choose(r, by);
    if (!r->by || r->table.n_rows == 0) return;
    if (tren_alloc(&r->at, (size_t)r->table.n_rows, sizeof *r->at, "a ranking") != TREN_OK) return;
    list_settings(r);
    qsort(r->at, (size_t)r->n, sizeof *r->at, high_is_good(r->by) ? largest_first : smallest_first);
    if (json)
        put_ranking(json, r);
    else if (r->n > 1)
        print_ranking(r);
}

void tren_sweep_rank(const tren_grid_sweep *sweep, const char *by, tren_json *json) {
    char path[TREN_MAX_PATH + 16];
    ranking r = {.grid = sweep->grid};
    snprintf(path, sizeof path, "%s/sweep.csv", sweep->base->out);
    if (tren_table_read(&r.table, path) == TREN_OK) rank(&r, by, json);
    free(r.at);
    tren_table_close(&r.table);
}
