/* Sweeps: neither the number of ranks nor that of a group's changes what is in the files; what is
 * there is not computed again; a point that fails costs no other. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/whole.h"
#include "lab/claim.h"
#include "support/mpi.h"
#include "tren/lab.h"

enum { POINTS = 23 };

static const char *folder; /* of this test */

static void open_all(void) {
    test_comm_open();
    folder = test_shared_folder();
}

typedef struct trial {
    int bad;   /* this point fails; -1: none */
    int calls; /* of this rank */
    volatile sig_atomic_t stop;
    int stop_after; /* calls, by this rank */
} trial;

static const char *name_of(void *ctx, int point) {
    static char name[32];
    (void)ctx;
    snprintf(name, sizeof name, "p%02d", point);
    return name;
}

static double cost_of(void *ctx, int point) {
    (void)ctx;
    return (point * 7) % 5;
}

static tren_status run(void *ctx, tren_comm *group, int point, FILE *out) {
    trial *t = ctx;
    double one = 1, all[64] = {0};
    tren_comm_allgather(group, all, &one, 1); /* would hang if a rank were missing */
    cr_assert_eq(out != NULL, group->rank == 0);
    if (++t->calls == t->stop_after) t->stop = 1;
    if (point == t->bad) return tren_fail(TREN_ERR_DATA, "it is broken");
    if (out) fprintf(out, "%d,%.17g\n%d,%.17g\n", point, 1.0 / (point + 3), point, 0.5);
    return TREN_OK;
}

static tren_sweep sweep_of(trial *t, int ranks_per_run) {
    return (tren_sweep){.dir = folder,
                        .title = "trial",
                        .n_points = POINTS,
                        .name = name_of,
                        .cost = cost_of,
                        .run = run,
                        .header = "point,value",
                        .ctx = t,
                        .ranks_per_run = ranks_per_run,
                        .signal = &t->stop};
}

static int total_calls(const trial *t, int ranks_per_run) {
    double mine = t->calls, all[64], sum = 0;
    tren_comm_allgather(&test_comm, all, &mine, 1);
    for (int r = 0; r < test_comm.size; r++) sum += all[r];
    return (int)sum / ranks_per_run;
}

static void expect_collected(const tren_sweep *sweep) {
    char path[4096], *text = NULL, expected[4096];
    int n = snprintf(expected, sizeof expected, "point,value\n");
    for (int i = 0; i < POINTS; i++)
        n += snprintf(expected + n, sizeof expected - (size_t)n, "%d,%.17g\n%d,%.17g\n", i,
                      1.0 / (i + 3), i, 0.5);
    if (test_comm.rank == 0) {
        snprintf(path, sizeof path, "%s/all.csv", folder);
        cr_assert_eq(tren_sweep_collect(sweep, path), TREN_OK, "%s", tren_error_text());
        cr_assert_eq(tren_whole_read(&text, path, TREN_ERR_DATA), TREN_OK);
        cr_assert_str_eq(text, expected);
        free(text);
    }
    tren_comm_barrier(&test_comm);
}

static void remove_point(int point) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.csv", folder, name_of(NULL, point));
    if (test_comm.rank == 0) cr_assert_eq(unlink(path), 0);
    tren_comm_barrier(&test_comm);
}

TestSuite(sweep, .init = open_all, .fini = test_comm_close);

Test(sweep, computes_every_point_once_and_only_what_is_missing) {
    trial t = {.bad = -1};
    int r = test_comm.size % 2 == 0 ? 2 : 1;
    tren_sweep sweep = sweep_of(&t, r);
    tren_sweep_result result;
    cr_assert_eq(tren_sweep_run(&test_comm, &sweep, &result), TREN_OK, "%s", tren_error_text());
    cr_assert_eq(total_calls(&t, r), POINTS);
    cr_assert_eq(result.n_done, POINTS);
    cr_assert_eq(result.n_left, 0);
    expect_collected(&sweep);
    remove_point(11);
    t.calls = 0;
    cr_assert_eq(tren_sweep_run(&test_comm, &sweep, &result), TREN_OK);
    cr_assert_eq(total_calls(&t, r), 1);
    cr_assert_eq(result.n_before, POINTS - 1);
    expect_collected(&sweep);
    test_comm_passed();
}

Test(sweep, leaves_ranks_over_that_make_no_group) {
    trial t = {.bad = -1};
    tren_sweep sweep = sweep_of(&t, 3);
    tren_sweep_result result;
    cr_assert_eq(tren_sweep_run(&test_comm, &sweep, &result), TREN_OK, "%s", tren_error_text());
    int r = test_comm.size < 3 ? test_comm.size : 3;
    cr_assert_eq(total_calls(&t, r), POINTS);
    expect_collected(&sweep);
    test_comm_passed();
}

Test(sweep, goes_on_after_a_point_that_fails_and_names_it) {
    trial t = {.bad = 4};
    tren_sweep sweep = sweep_of(&t, 1);
    tren_sweep_result result;
    cr_assert_eq(tren_sweep_run(&test_comm, &sweep, &result), TREN_ERR_DATA);
    cr_assert_not_null(strstr(tren_error_text(), "p04: it is broken"), "%s", tren_error_text());
    cr_assert_eq(result.n_left, 1);
    t.bad = -1;
    cr_assert_eq(tren_sweep_run(&test_comm, &sweep, &result), TREN_OK);
    expect_collected(&sweep);
    test_comm_passed();
}

Test(sweep, parts_of_a_job_array_together_make_the_whole) {
    trial t = {.bad = -1};
    tren_sweep sweep = sweep_of(&t, 1);
    tren_sweep_result result;
    sweep.n_parts = 3;
    for (sweep.part = 2; sweep.part >= 0; sweep.part--)
        cr_assert_eq(tren_sweep_run(&test_comm, &sweep, &result), TREN_OK);
    cr_assert_eq(total_calls(&t, 1), POINTS);
    expect_collected(&sweep);
    test_comm_passed();
}

/* A process beside the ranks that claims a point and does nothing; it ends with what is written. */
static pid_t other_owner(int point) {
    int ready[2];
    char byte = 0;
    cr_assert_eq(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        tren_claims claims;
        bool claimed = tren_claims_open(&claims, folder) == TREN_OK &&
                       tren_claim_take(&claims, name_of(NULL, point));
        if (write(ready[1], &(char){claimed}, 1) == 1) pause();
        _exit(0);
    }
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    cr_assert_eq(byte, 1, "the claim was refused");
    close(ready[0]);
    close(ready[1]);
    return child;
}

Test(sweep, leaves_a_point_to_its_owner_and_takes_it_once_that_is_killed) {
    trial t = {.bad = -1};
    tren_sweep sweep = sweep_of(&t, 1);
    tren_sweep_result result;
    pid_t owner = test_comm.rank == 0 ? other_owner(7) : -1;
    tren_comm_barrier(&test_comm);
    cr_assert_eq(tren_sweep_run(&test_comm, &sweep, &result), TREN_OK, "%s", tren_error_text());
    cr_assert_eq(result.n_left, 1);
    cr_assert_eq(total_calls(&t, 1), POINTS - 1);
    if (owner > 0) {
        kill(owner, SIGKILL);
        waitpid(owner, NULL, 0);
    }
    tren_comm_barrier(&test_comm);
    cr_assert_eq(tren_sweep_run(&test_comm, &sweep, &result), TREN_OK, "%s", tren_error_text());
    cr_assert_eq(result.n_left, 0);
    cr_assert_eq(total_calls(&t, 1), POINTS);
    expect_collected(&sweep);
    test_comm_passed();
}

Test(sweep, a_signal_leaves_what_was_finished) {
    trial t = {.bad = -1, .stop_after = 2};
    tren_sweep sweep = sweep_of(&t, 1);
    tren_sweep_result result;
    cr_assert_eq(tren_sweep_run(&test_comm, &sweep, &result), TREN_REQUEUE);
    cr_assert_eq(result.n_done, 2 * test_comm.size);
    t.stop = t.stop_after = 0;
    cr_assert_eq(tren_sweep_run(&test_comm, &sweep, &result), TREN_OK);
    cr_assert_eq(total_calls(&t, 1), POINTS);
    expect_collected(&sweep);
    test_comm_passed();
}
