/* Statistics against values computed elsewhere (numpy 1.24, exact binomial sums), the order of the
 * launches, records and what is concluded from them. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/files.h"
#include "tren/scale.h"

/* ---- statistics ------------------------------------------------------------------------------ */

static tren_interval interval_of_first(int n) {
    double x[1000];
    for (int i = 0; i < n; i++) x[i] = (i * 7) % n + 1; /* 1 to n, mixed; 7 divides no n here */
    return tren_interval_of(x, n);
}

Test(scale_statistics, the_interval_of_a_median_has_the_ranks_of_the_binomial_table) {
    const int table[][3] = {{6, 1, 6},    {8, 1, 8},     {9, 2, 8},       {20, 6, 15},
                            {30, 10, 21}, {100, 40, 61}, {1000, 469, 532}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        tren_interval in = interval_of_first(table[i][0]);
        cr_expect_eq(in.lo, table[i][1], "n = %d: lo %g", table[i][0], in.lo);
        cr_expect_eq(in.hi, table[i][2], "n = %d: hi %g", table[i][0], in.hi);
        cr_expect_eq(in.median, (table[i][0] + 1) / 2.0);
    }
}

Test(scale_statistics, below_six_values_there_is_no_interval) {
    tren_interval five = interval_of_first(5), none = tren_interval_of(NULL, 0);
    cr_expect_eq(five.median, 3);
    cr_expect(isnan(five.lo) && isnan(five.hi));
    cr_expect(isnan(none.median));
    cr_expect_not(tren_interval_narrow(&five, 10));
}

Test(scale_statistics, the_interval_holds_the_median_of_a_skew_distribution_95_times_in_100) {
    int held = 0, trials = 4000;
    for (int t = 0; t < trials; t++) {
        double x[9];
        tren_rng rng = tren_rng_open(1, TREN_RNG_TEST, 0, (uint32_t)t, 0);
        for (uint32_t i = 0; i < 9; i++) {
            double u = tren_rng_uniform(&rng, i);
            x[i] = u * u * u * u; /* median 1/16 */
        }
        tren_interval in = tren_interval_of(x, 9);
        held += in.lo <= 0.0625 && 0.0625 <= in.hi;
    }
    /* 1 - 2 * 10/512 = 96.1 %, plus or minus three standard errors */
    cr_expect_float_eq((double)held / trials, 0.961, 0.01);
}

Test(scale_statistics, quantiles_are_those_of_numpy) {
    double x[] = {3.0, 1.5, 9.25, 4.0, 7.5, 2.0, 6.0};
    const double q[][2] = {{0, 1.5}, {0.25, 2.5}, {0.5, 4}, {0.95, 8.725}, {1, 9.25}};
    for (size_t i = 0; i < sizeof q / sizeof *q; i++)
        cr_expect_float_eq(tren_quantile(x, 7, q[i][0]), q[i][1], 1e-12);
    cr_expect(isnan(tren_quantile(x, 0, 0.5)));
}

Test(scale_statistics, a_ratio_takes_the_ends_that_are_farthest_apart) {
    tren_interval a = {10, 9, 12}, b = {5, 4, 6}, r = tren_interval_ratio(&a, &b);
    cr_expect_eq(r.median, 2);
    cr_expect_eq(r.lo, 1.5);
    cr_expect_eq(r.hi, 3);
}

Test(scale_statistics, what_overlaps_is_not_distinguishable) {
    tren_interval a = {10, 9, 11}, b = {12, 11, 13}, c = {12, 11.5, 13}, none = {9, NAN, NAN};
    cr_expect_eq(tren_interval_compare(&a, &b), TREN_NOT_DISTINGUISHABLE);
    cr_expect_eq(tren_interval_compare(&a, &c), TREN_LESS);
    cr_expect_eq(tren_interval_compare(&c, &a), TREN_MORE);
    cr_expect_eq(tren_interval_compare(&a, &none), TREN_UNKNOWN);
}

Test(scale_statistics, amdahls_share_is_that_of_least_squares) {
    const int ranks[] = {1, 2, 4, 8};
    const double seconds[] = {10, 6.1, 3.9, 3.2}, exact[] = {8, 5, 3.5, 2.75};
    cr_expect_float_eq(tren_scale_amdahl(ranks, seconds, 4), 0.21139759, 1e-8); /* numpy lstsq */
    cr_expect_float_eq(tren_scale_amdahl(ranks, exact, 4), 0.25, 1e-12);
    cr_expect(isnan(tren_scale_amdahl(ranks, seconds, 1)));
}

Test(scale_statistics, the_bound_of_a_reduction_is_that_of_chan_and_others) {
    tren_link node = {1e-6, 1e-10}, network = {1e-5, 8e-10}, none = {NAN, NAN};
    double bytes = 1e6 * sizeof(real);
    cr_expect_float_eq(tren_scale_reduce_bound(1e6, 4, 1, &node, &none), 4e-6 + 1.5 * bytes * 1e-10,
                       1e-12);
    cr_expect_float_eq(tren_scale_reduce_bound(1e6, 8, 4, &node, &network),
                       2e-6 + bytes * 1e-10 + 4e-5 + 1.5 * bytes * 8e-10, 1e-12);
    cr_expect_eq(tren_scale_reduce_bound(1e6, 1, 1, &none, &none), 0);
}

/* ---- an experiment without a machine --------------------------------------------------------- */

static tren_scale_plan make_plan(void) {
    tren_scale_plan plan = {.n_ranks = 3,
                            .ranks = {1, 2, 4},
                            .steps = 10,
                            .skip = 2,
                            .repeats = 6,
                            .max_repeats = 9,
                            .width = 0.05,
                            .weak = true,
                            .seed = 3};
    tren_config config;
    tren_config_defaults(&config);
    config.batch_size = 100;
    config.shards = 2;
    tren_scale_plan_points(&plan, &config, 250);
    return plan;
}

/* A launch whose steps take `seconds` each; the first two are slow and do not count. */
static void fill(tren_scale_launch *l, const tren_scale_point *p, int repeat, double seconds) {
    cr_assert_eq(tren_scale_launch_open(l, p->ranks, 10), TREN_OK);
    l->mode = p->mode;
    l->repeat = repeat;
    l->skip = 2;
    l->rows = p->batch;
    l->values = 1e6;
    l->digest = p->mode == TREN_SCALE_STRONG ? 0xabcdef : 7;
    l->node = (tren_link){1e-6, 1e-10};
    for (int r = 0; r < p->ranks; r++)
        for (int s = 0; s < 10; s++)
            l->seconds[r * 10 + s] = s < 2 ? 1 : seconds * (r == p->ranks - 1 ? 1 : 0.9);
    for (int r = 0; r < p->ranks; r++) {
        l->phase[r].at[TREN_PHASE_FORWARD] = seconds / 2;
        l->phase[r].at[TREN_PHASE_REDUCE] = seconds / 2;
        snprintf(l->place[r], sizeof l->place[r], "host, CPUs %d", r);
    }
    tren_scale_launch_note(l, "MPI", "version %d", 4);
}

static void make_launch(tren_scale *scale, int point, int repeat, double seconds) {
    char path[TREN_MAX_PATH + 128];
    tren_scale_launch l;
    fill(&l, &scale->plan.point[point], repeat, seconds);
    tren_scale_path(path, sizeof path, scale, point, repeat, "csv");
    cr_assert_eq(tren_scale_launch_write(&l, path), TREN_OK, "%s", tren_error_text());
    tren_scale_launch_close(&l);
    cr_assert_eq(tren_scale_take(scale, point, repeat, 0, ""), TREN_OK, "%s", tren_error_text());
}

static void open_new(tren_scale *scale) {
    tren_scale_plan plan = make_plan();
    cr_assert_eq(tren_scale_open(scale, "new", &plan, "seed: 1\n"), TREN_OK, "%s",
                 tren_error_text());
}

/* Launches until none is wanted; `noise` of a point is the spread of its launches. Returns how many
 * each point got. */
static void run_all(tren_scale *scale, int n[TREN_SCALE_POINTS], double noise) {
    int point, repeat;
    while (tren_scale_next(&point, &repeat, scale)) {
        const tren_scale_point *p = &scale->plan.point[point];
        double wide = p->mode == TREN_SCALE_STRONG && p->ranks == 2 ? noise : 0.001;
        double at = 0.08 / (p->mode == TREN_SCALE_WEAK ? 1 : p->ranks);
        make_launch(scale, point, repeat, at * (1 + wide * (repeat % 3 - 1)));
        n[point]++;
    }
}

Test(scale, points_are_a_base_strong_and_weak, .init = test_scratch_enter,
     .fini = test_scratch_leave) {
    tren_scale_plan plan = make_plan();
    cr_assert_eq(plan.n_points, 7);
    cr_expect_eq(plan.point[0].shards, 1);
    cr_expect_eq(plan.point[3].shards, 4, "shards are at least the most ranks");
    cr_expect_eq(plan.point[4].same_as, 1, "weak on one rank is strong on one rank");
    cr_expect_eq(plan.point[5].batch, 200);
    cr_expect_not_null(plan.point[6].why, "400 rows a step are more than there are");
}

Test(scale, launches_go_on_until_the_interval_is_narrow, .init = test_scratch_enter,
     .fini = test_scratch_leave) {
    tren_scale scale;
    int n[TREN_SCALE_POINTS] = {0};
    open_new(&scale);
    run_all(&scale, n, 0.2);
    const int expected[] = {6, 6, 9, 6, 0, 6, 0};
    for (int i = 0; i < 7; i++) cr_expect_eq(n[i], expected[i], "point %d: %d", i, n[i]);
    tren_scale_close(&scale);
}

Test(scale, a_round_has_each_point_once_in_an_order_of_its_own, .init = test_scratch_enter,
     .fini = test_scratch_leave) {
    tren_scale scale;
    int point, repeat, order[6][5], same = 0;
    open_new(&scale);
    for (int k = 0; k < 30; k++) {
        cr_assert(tren_scale_next(&point, &repeat, &scale));
        cr_expect_eq(repeat, k / 5 + 1);
        order[k / 5][k % 5] = point;
        make_launch(&scale, point, repeat, 0.1);
    }
    for (int r = 1; r < 6; r++) same += memcmp(order[r], order[0], sizeof order[0]) == 0;
    cr_expect_lt(same, 3, "the rounds have one order");
    tren_scale_close(&scale);
}

Test(scale, what_was_begun_goes_on_in_the_same_order, .init = test_scratch_enter,
     .fini = test_scratch_leave) {
    tren_scale whole, again;
    int point, repeat, other, number;
    open_new(&whole);
    for (int k = 0; k < 7; k++) {
        cr_assert(tren_scale_next(&point, &repeat, &whole));
        make_launch(&whole, point, repeat, 0.1);
    }
    cr_assert(tren_scale_next(&point, &repeat, &whole));
    tren_scale_close(&whole); /* its lock */
    open_new(&again);
    cr_expect_eq(again.n_launches, 7);
    cr_assert(tren_scale_next(&other, &number, &again));
    cr_expect(point == other && repeat == number);
    tren_scale_close(&again);
}

Test(scale, a_point_that_fails_twice_is_left_out_until_the_next_start, .init = test_scratch_enter,
     .fini = test_scratch_leave) {
    tren_scale scale;
    tren_scale_summary s;
    int point, repeat, n = 0;
    open_new(&scale);
    test_write_text("log", "hello\ntren train: no memory\nmpirun noticed\n");
    while (tren_scale_next(&point, &repeat, &scale)) {
        if (point != 2)
            make_launch(&scale, point, repeat, 0.1);
        else if (++n)
            cr_assert_eq(tren_scale_take(&scale, point, repeat, 3, "log"), TREN_OK);
    }
    cr_expect_eq(n, 2);
    cr_assert_eq(tren_scale_summarize(&s, &scale), TREN_OK);
    cr_expect_eq(s.row[2].n, 0);
    cr_expect_eq(s.row[2].n_failed, 2);
    tren_scale_summary_close(&s);
    tren_scale_close(&scale);
    open_new(&scale);
    cr_expect_str_eq(scale.launch[scale.n_launches - 1].said, "");
    cr_assert(tren_scale_next(&point, &repeat, &scale));
    cr_expect(point == 2 && repeat == 3, "point %d, repeat %d", point, repeat);
    tren_scale_close(&scale);
}

Test(scale, the_summary_has_speed_ups_digests_and_bounds, .init = test_scratch_enter,
     .fini = test_scratch_leave) {
    tren_scale scale;
    tren_scale_summary s;
    int n[TREN_SCALE_POINTS] = {0};
    open_new(&scale);
    run_all(&scale, n, 0.001);
    cr_assert_eq(tren_scale_summarize(&s, &scale), TREN_OK);
    cr_expect_eq(s.n_strong_digests, 1);
    cr_expect_float_eq(s.row[3].step.median, 0.02, 1e-6, "of the slowest rank: %g",
                       s.row[3].step.median);
    cr_expect_float_eq(s.row[3].speed_up.median, 4, 1e-3);
    cr_expect_float_eq(s.row[3].efficiency.median, 1, 1e-3);
    cr_expect_float_eq(s.row[3].rate, 100 / 0.02, 10);
    cr_expect_float_eq(s.row[5].efficiency.median, 1, 1e-3, "weak: twice the rows in the time");
    cr_expect_float_eq(s.row[5].speed_up.median, 2, 1e-3);
    cr_expect_eq(s.row[3].faster, TREN_MORE);
    cr_expect_float_eq(s.row[3].p95, 0.02, 1e-4);
    cr_expect_float_eq(s.row[3].exposed - s.row[3].ideal,
                       tren_scale_reduce_bound(1e6, 4, 1, &s.node, &s.network), 1e-12);
    cr_expect_float_eq(s.serial, 0, 1e-3);
    cr_assert_eq(tren_scale_report(&s), TREN_OK, "%s", tren_error_text());
    cr_expect(test_exists("new/scaling.html") && test_exists("new/scaling.csv"));
    tren_scale_summary_close(&s);
    tren_scale_close(&scale);
}

Test(scale, another_digest_on_one_rank_number_is_noticed, .init = test_scratch_enter,
     .fini = test_scratch_leave) {
    tren_scale scale;
    tren_scale_summary s;
    int n[TREN_SCALE_POINTS] = {0};
    open_new(&scale);
    run_all(&scale, n, 0.001);
    for (int i = 0; i < scale.n_launches; i++)
        if (scale.launch[i].mode == TREN_SCALE_STRONG && scale.launch[i].ranks == 4)
            scale.launch[i].digest = 0xbeef;
    cr_assert_eq(tren_scale_summarize(&s, &scale), TREN_OK);
    cr_expect_eq(s.n_strong_digests, 2);
    tren_scale_summary_close(&s);
    tren_scale_close(&scale);
}

/* ---- records --------------------------------------------------------------------------------- */

Test(scale, a_record_reads_back_as_it_was_written, .init = test_scratch_enter,
     .fini = test_scratch_leave) {
    tren_scale_launch a, b;
    tren_scale_plan plan = make_plan();
    fill(&a, &plan.point[3], 4, 0.25);
    cr_assert_eq(tren_scale_launch_write(&a, "a.csv"), TREN_OK);
    cr_assert_eq(tren_scale_launch_read(&b, "a.csv"), TREN_OK, "%s", tren_error_text());
    cr_expect(b.ranks == 4 && b.repeat == 4 && b.steps == 10 && b.skip == 2);
    cr_expect_eq(b.digest, a.digest);
    cr_expect_arr_eq(a.seconds, b.seconds, 40 * sizeof *a.seconds);
    cr_expect_arr_eq(a.phase, b.phase, 4 * sizeof *a.phase);
    cr_expect_str_eq(b.place[3], "host, CPUs 3");
    cr_expect_str_eq(b.fact[0].text, "version 4");
    cr_expect(isnan(b.network.latency));
    tren_scale_launch_close(&a);
    tren_scale_launch_close(&b);
}

/* Cut anywhere, if only by its last newline. */
Test(scale, a_damaged_record_is_refused, .init = test_scratch_enter, .fini = test_scratch_leave) {
    tren_scale_launch a, b;
    tren_scale_plan plan = make_plan();
    size_t n;
    fill(&a, &plan.point[2], 1, 0.25);
    cr_assert_eq(tren_scale_launch_write(&a, "a.csv"), TREN_OK);
    unsigned char *text = test_read("a.csv", &n);
    for (size_t cut = 1; cut < n; cut++) {
        test_write("cut.csv", text, cut);
        cr_expect_eq(tren_scale_launch_read(&b, "cut.csv"), TREN_ERR_DATA, "%zu of %zu bytes pass",
                     cut, n);
        tren_scale_launch_close(&b);
    }
    test_write_text("junk.csv", "# ranks: 2\n# steps: 3\nstep,rank0,rank1\n1,0.1,x\n");
    test_expect_error(tren_scale_launch_read(&b, "junk.csv"), TREN_ERR_DATA, "junk.csv:4: ");
    free(text);
    tren_scale_launch_close(&a);
}

Test(scale, a_folder_belongs_to_one_recipe_and_plan, .init = test_scratch_enter,
     .fini = test_scratch_leave) {
    tren_scale scale;
    tren_scale_plan plan = make_plan();
    open_new(&scale);
    tren_scale_close(&scale);
    test_expect_error(tren_scale_open(&scale, "new", &plan, "seed: 2\n"), TREN_ERR_USAGE,
                      "there 'seed: 1', now 'seed: 2'");
    tren_scale_close(&scale);
    plan.max_repeats = 40; /* more of the same */
    cr_expect_eq(tren_scale_open(&scale, "new", &plan, "seed: 1\n"), TREN_OK);
    tren_scale_close(&scale);
    plan.steps = 11;
    test_expect_error(tren_scale_open(&scale, "new", &plan, "seed: 1\n"), TREN_ERR_USAGE,
                      "there 'steps: 10', now 'steps: 11'");
    tren_scale_close(&scale);
    cr_expect_eq(tren_scale_read(&scale, "new"), TREN_OK, "%s", tren_error_text());
    cr_expect_eq(scale.plan.n_points, 7);
    cr_expect_not_null(scale.plan.point[6].why);
    tren_scale_close(&scale);
}

/* ---- predictions ----------------------------------------------------------------------------- */

Test(scale_plan, a_machine_is_the_line_through_its_measurements) {
    const double flop[] = {1e6, 2e6, 4e6}, exact[] = {0.011, 0.021, 0.041},
                 falling[] = {0.03, 0.02, 0.01};
    tren_scale_machine m = {0};
    tren_scale_machine_fit(&m, flop, exact, 3);
    cr_expect_float_eq(m.flop_seconds, 1e-8, 1e-13);
    cr_expect_float_eq(m.step_seconds, 0.001, 1e-9);
    tren_scale_machine_fit(&m, flop, falling, 3); /* noise: then through 0 */
    cr_expect(m.flop_seconds > 0 && m.step_seconds == 0);
    tren_scale_machine_fit(&m, flop, exact, 1);
    cr_expect_float_eq(m.flop_seconds, 1.1e-8, 1e-13);
}

Test(scale_plan, a_step_is_computing_and_exchange) {
    tren_scale_machine m = {1e-8, 0.001, 3, 0, {1e-6, 1e-10}, {1e-5, 1e-9}};
    const tren_scale_layer layer = {1, 2, 1e5};
    tren_scale_work work = {
        .rows = 512, .flop = 1e6, .layer = &layer, .n_layers = 1, .at_once = true};
    double within = tren_scale_reduce_bound(1e5, 4, 1, &m.node, &m.network),
           all = tren_scale_reduce_bound(1e5, 8, 2, &m.node, &m.network);
    tren_prediction p =
        tren_scale_predict(&m, (tren_prediction){.ranks = 8, .nodes = 2, .compute = NAN}, &work);
    cr_expect_float_eq(p.compute, 0.011, 1e-12);
    cr_expect_float_eq(p.reduce, 3 * within + (all - within), 1e-12);
    cr_expect_eq(p.hidden, 0);
    cr_expect_float_eq(p.rate, 512 / (p.compute + p.reduce), 1e-6);
    p = tren_scale_predict(&m, (tren_prediction){.ranks = 1, .nodes = 1, .compute = 0.5}, &work);
    cr_expect_eq(p.rate, 1024, "what was measured is taken before the line");
}

/* Forward takes 1 + 2 s, backward 4 + 1. Buckets hold a quarter of the values. */
Test(scale_plan, layers_travel_while_others_compute) {
    enum { F = TREN_FIRST_BUCKET };
    const tren_scale_layer layer[] = {{1, 1, F}, {0, 0, 0}, {2, 4, 3 * F}};
    tren_scale_machine m = {.reduce_factor = 1, .network = {0, 0.25 / F / (double)sizeof(real)}};
    tren_scale_work work = {.rows = 1, .flop = 8, .layer = layer, .n_layers = 3, .bucket = F};
    tren_prediction launch = {.ranks = 2, .nodes = 2, .compute = 8};
    /* A bucket takes 0.125 s each way: the first layer's is alone after backward, and before
     * forward. */
    tren_prediction p = tren_scale_predict(&m, launch, &work);
    cr_expect_float_eq(p.reduce, 1, 1e-9);
    cr_expect_float_eq(p.step, (5 + 0.125) + (0.125 + 3), 1e-9);
    cr_expect_float_eq(p.hidden, 8 + 1 - p.step, 1e-9);
    /* 4 s: the network works from the first bucket on, of which a third of 2 s computes the
     * gradient; and forward ends with the last layer. */
    m.network.per_byte *= 32;
    p = tren_scale_predict(&m, launch, &work);
    cr_expect_float_eq(p.step, (2.0 / 3 + 16) + (16 + 2), 1e-9);
    work.flop = 8 * 8e8; /* the last layer's product is in two pieces */
    p = tren_scale_predict(&m, launch, &work);
    cr_expect_float_eq(p.step, (2.0 / 3 + 16) + (16 + 1), 1e-9);
    /* The last bucket holds half of the values: it leaves after 2/3 of those 2 s, and both pieces
     * of forward wait until its new values are here. */
    work.bucket = 4 * F;
    p = tren_scale_predict(&m, launch, &work);
    cr_expect_float_eq(p.step, (4.0 / 3 + 16) + (16 + 2), 1e-9);
    m.network_cpu = 0.5 / F / (double)sizeof(real); /* all are sent and received in 4 s */
    p = tren_scale_predict(&m, launch, &work);
    cr_expect_float_eq(p.compute, 8 + 4, 1e-9);
    work.at_once = true;
    p = tren_scale_predict(&m, launch, &work);
    cr_expect_eq(p.hidden, 0);
}

Test(scale_plan, a_machine_file_reads_back, .init = test_scratch_enter,
     .fini = test_scratch_leave) {
    tren_scale_machine m = {1e-8, 0.001, 3, 2e-9, {1e-6, 1e-10}, {NAN, NAN}}, again;
    cr_assert_eq(tren_scale_machine_write(&m, "m.txt"), TREN_OK);
    cr_assert_eq(tren_scale_machine_read(&again, "m.txt"), TREN_OK, "%s", tren_error_text());
    cr_expect(again.flop_seconds == 1e-8 && again.reduce_factor == 3 && again.network_cpu == 2e-9 &&
              isnan(again.network.latency));
    test_write_text("bad.txt", "flop_seconds: 1e-8\nstep_seconds: fast\n");
    test_expect_error(tren_scale_machine_read(&again, "bad.txt"), TREN_ERR_DATA, "bad.txt:2: ");
    test_write_text("half.txt", "flop_seconds: 1e-8\n");
    test_expect_error(tren_scale_machine_read(&again, "half.txt"), TREN_ERR_DATA, "machine file");
}

/* 100 rows in 0.02 s and 100 in 0.04 s are 200 rows in 0.06 s: the harmonic mean of 5000 and 2500
 * rows a second is 3333, their arithmetic mean 3750. */
Test(scale, the_rate_is_the_harmonic_mean_of_the_rates_of_steps, .init = test_scratch_enter,
     .fini = test_scratch_leave) {
    tren_scale scale;
    tren_scale_summary s;
    open_new(&scale);
    make_launch(&scale, 1, 1, 0.02);
    make_launch(&scale, 1, 2, 0.04);
    cr_assert_eq(tren_scale_summarize(&s, &scale), TREN_OK);
    cr_expect_float_eq(s.row[1].rate, 2 / (1 / 5000.0 + 1 / 2500.0), 1e-3);
    tren_scale_summary_close(&s);
    tren_scale_close(&scale);
}
