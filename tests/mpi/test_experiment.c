/* Experiments: one that judges the points of another computes none twice; weights are scored as
 * the trainer scores them. */
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "lab/training.h"
#include "support/mpi.h"

static const char *folder; /* of this test */

static void open_all(void) {
    test_comm_open();
    folder = test_shared_folder();
}

TestSuite(experiment, .init = open_all, .fini = test_comm_close);

/* ---- the points of another ------------------------------------------------------------------- */

enum { POINTS = 5 };
static int calls; /* of this rank */

static tren_status plan(tren_lab *lab) {
    for (int i = 0; i < POINTS; i++)
        TREN_TRY(tren_lab_add(lab, 1, 1, (const double[4]){i}, "p%d", i));
    return TREN_OK;
}

static tren_status point(const tren_lab *lab, tren_comm *group, const tren_lab_point *p,
                         tren_table *rows) {
    (void)lab, (void)group;
    calls++;
    return tren_table_add(rows, (const double[]){p->at[0], p->at[0] * p->at[0]});
}

static tren_status judge(const tren_lab *lab, const tren_table *points, tren_table *curve,
                         tren_verdict *verdict) {
    tren_verdict_add(verdict, points->n_rows == POINTS, "%s", "%s", lab->experiment->name);
    return tren_table_add(curve, (const double[]){tren_table_mean(points, "y", NULL)});
}

static const tren_experiment original = {.name = "A",
                                         .setting = {"five squares", "cinco cuadrados"},
                                         .max_ranks = 1,
                                         .columns = "x,y",
                                         .plan = plan,
                                         .point = point,
                                         .judge = judge,
                                         .curve = "mean"};
static const tren_experiment second = {
    .name = "B", .points_of = &original, .max_ranks = 1, .judge = judge, .curve = "mean"};

static int total_calls(void) {
    double mine = calls, all[64], sum = 0;
    tren_comm_allgather(&test_comm, all, &mine, 1);
    for (int r = 0; r < test_comm.size; r++) sum += all[r];
    return (int)sum;
}

static bool is_there(const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    bool there = access(path, R_OK) == 0;
    tren_comm_bcast(&test_comm, &there, sizeof there);
    return there;
}

static void expect_judged(const tren_experiment *e) {
    tren_verdict verdict;
    tren_lab_options options = {.out = folder, .seeds = 1, .first_seed = 1, .ranks_per_run = 1};
    tren_status st = tren_lab_run(&test_comm, e, &options, &verdict);
    cr_assert_eq(st, TREN_OK, "%s", tren_error_text());
    if (test_comm.rank > 0) return;
    tren_lab_state state;
    char command[64];
    snprintf(command, sizeof command, "tren lab run %s --ranks %d", e->name, test_comm.size);
    cr_assert(tren_verdict_holds(&verdict));
    cr_assert_str_eq(verdict.at[0].text[TREN_ENGLISH], e->name, "judged as another experiment");
    cr_assert_eq(tren_lab_look(&state, e, folder), TREN_OK);
    cr_assert(state.begun && state.judged && state.seconds > 0);
    cr_assert_eq(strncmp(state.command, command, strlen(command)), 0, "%s", state.command);
}

Test(experiment, judges_points_of_another_that_are_computed_once) {
    expect_judged(&second);
    cr_assert_eq(total_calls(), POINTS);
    cr_assert(is_there("A/points/p0.csv") && is_there("B/points.csv") && is_there("B/curve.csv"));
    cr_assert_not(is_there("A/verdict.json") || is_there("B/points"));
    expect_judged(&original);
    expect_judged(&second);
    cr_assert_eq(total_calls(), POINTS, "a point was computed twice");
    test_comm_passed();
}

/* ---- weights --------------------------------------------------------------------------------- */

typedef struct finished {
    const char *data;
    tren_scores scores;
    tren_status status;
} finished;

static void score(void *ctx, const tren_graph *graph, const real *value) {
    finished *f = ctx;
    f->status = lab_score(&f->scores, f->data, TREN_TEST, graph, value);
}

/* Without validation rows the trainer tests the last weights. */
Test(experiment, scores_of_weights_are_those_of_the_trainer) {
    static const char recipe[] = "model: {hidden: [7]}\nbatch_size: 32\nepochs: 3\n";
    tren_lab_options options = {.out = folder};
    tren_lab lab = {.experiment = &original, .options = &options};
    tren_split split = {.percent = {100, 0, 0}, .keep_test = true, .seed = 3};
    const lab_setting setting[] = {{"n", 400}, {"n-test", 300}, {NULL, 0}};
    tren_config config;
    lab_outcome out;
    cr_assert_eq(lab_config(&config, &lab, recipe), TREN_OK, "%s", tren_error_text());
    snprintf(config.data, sizeof config.data, "%s/data.h5", folder);
    config.shards = test_comm.size;
    tren_status st =
        test_comm.rank == 0 ? lab_make(config.data, "mnist1d", setting, &split) : TREN_OK;
    cr_assert_eq(tren_comm_agree(&test_comm, st), TREN_OK, "%s", tren_error_text());
    finished f = {.data = config.data};
    lab_watch watch = {.finished = score, .ctx = &f};
    cr_assert_eq(lab_train(&out, &lab, &test_comm, &config, &watch), TREN_OK, "%s",
                 tren_error_text());
    cr_assert_eq(f.status, TREN_OK);
    if (test_comm.rank == 0) {
        cr_assert_eq(f.scores.rows, 300);
        cr_assert(out.test_loss > 0 && f.scores.loss == out.test_loss);
        cr_assert_eq(1 - f.scores.accuracy, out.test_error);
    }
    test_comm_passed();
}
