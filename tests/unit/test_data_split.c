/* Splits: shares, rounding, strata, and that no row is lost or doubled. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "data/prepare.h"
#include "support/files.h"

static tren_split split_of(const char *text) {
    tren_split split = {.shuffle = true, .seed = 1};
    cr_assert_eq(tren_split_parse(&split, text), TREN_OK, "%s", tren_error_text());
    return split;
}

Test(split, accepts_shares_that_sum_to_100) {
    tren_split split = split_of("96/2/2");
    cr_assert(split.percent[0] == 96 && split.percent[1] == 2 && split.percent[2] == 2);
    split = split_of("70/15/15");
    cr_assert_eq(split.percent[2], 15);
    split = split_of("99.5/0.5/0");
    cr_assert_eq(split.percent[1], 0.5);
    split_of("100/0/0");
    split_of("33.3/33.3/33.4");
}

Test(split, refuses_all_else) {
    static const char *const wrong[] = {"96/2/3", "96/2",    "96/2/2/0", "0/50/50", "-1/51/50",
                                        "a/b/c",  "",        "96//4",    "96/2/2/", "/98/2",
                                        "96 2 2", "nan/2/2", "98/2/0x0"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        tren_split split;
        test_expect_error(tren_split_parse(&split, wrong[i]), TREN_ERR_USAGE, wrong[i]);
    }
}

/* Counts of each part; every row must stand in exactly one. */
static void count(size_t n[TREN_N_PARTS], const tren_source *source, const tren_split *split) {
    tren_partition partition;
    cr_assert_eq(tren_partition_open(&partition, source, split), TREN_OK, "%s", tren_error_text());
    char *seen = calloc(source->n + source->n_test, 1);
    size_t total = 0;
    for (int part = 0; part < TREN_N_PARTS; part++) {
        n[part] = partition.n[part];
        total += n[part];
        for (size_t i = 0; i < n[part]; i++) cr_assert_eq(seen[partition.row[part][i]]++, 0);
    }
    cr_assert_eq(total, source->n + source->n_test);
    free(seen);
    tren_partition_close(&partition);
}

Test(split, rounds_to_the_nearest_row) {
    static const struct {
        size_t rows;
        const char *split;
        size_t n[TREN_N_PARTS];
    } cases[] = {
        {100, "96/2/2", {96, 2, 2}},
        {1000, "70/15/15", {700, 150, 150}},
        {70000, "96/2/2", {67200, 1400, 1400}},
        {101, "50/25/25", {51, 25, 25}},
        {7, "50/50/0", {3, 4, 0}},
        {3, "34/33/33", {1, 1, 1}},
        {130, "96/2/2", {124, 3, 3}},
        {1, "100/0/0", {1, 0, 0}},
        {999, "99.9/0.1/0", {998, 1, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tren_source source;
        size_t n[TREN_N_PARTS];
        test_make_source(&source, cases[i].rows, 0, 4, 3);
        tren_split split = split_of(cases[i].split);
        count(n, &source, &split);
        cr_assert_arr_eq(n, cases[i].n, sizeof n, "case %zu: %zu/%zu/%zu", i, n[0], n[1], n[2]);
        tren_source_close(&source);
    }
}

Test(split, a_wanted_part_without_rows_is_refused) {
    tren_source source;
    tren_partition partition;
    test_make_source(&source, 10, 0, 4, 2);
    tren_split split = split_of("96/2/2");
    test_expect_error(tren_partition_open(&partition, &source, &split), TREN_ERR_USAGE,
                      "the validation part (2 % of 10 rows) would be empty");
    tren_source_close(&source);
}

Test(split, pools_the_sources_test_part_unless_it_is_kept) {
    tren_source source;
    size_t n[TREN_N_PARTS];
    test_make_source(&source, 90, 10, 4, 2);
    tren_split split = split_of("80/10/10");
    count(n, &source, &split);
    cr_assert(n[0] == 80 && n[1] == 10 && n[2] == 10);
    split.keep_test = true;
    count(n, &source, &split); /* 90 in the ratio of 80 to 10 */
    cr_assert(n[0] == 80 && n[1] == 10 && n[2] == 10);

    tren_partition partition;
    cr_assert_eq(tren_partition_open(&partition, &source, &split), TREN_OK);
    for (uint32_t i = 0; i < 10; i++) cr_assert_eq(partition.row[TREN_TEST][i], 90 + i);
    tren_partition_close(&partition);
    tren_source_close(&source);
}

Test(split, keeping_a_test_part_that_is_not_there_is_refused) {
    tren_source source;
    tren_partition partition;
    test_make_source(&source, 100, 0, 4, 2);
    tren_split split = split_of("96/2/2");
    split.keep_test = true;
    test_expect_error(tren_partition_open(&partition, &source, &split), TREN_ERR_USAGE,
                      "has no test part");
    tren_source_close(&source);
}

static void count_class(size_t n[TREN_N_PARTS], const tren_source *source,
                        const tren_partition *partition, int class) {
    const uint8_t *y = source->y;
    for (int part = 0; part < TREN_N_PARTS; part++) {
        n[part] = 0;
        for (size_t i = 0; i < partition->n[part]; i++)
            n[part] += y[partition->row[part][i]] == class;
    }
}

Test(split, strata_hold_their_shares_exactly) {
    tren_source source;
    test_make_source(&source, 1000, 0, 4, 10); /* 100 of each class */
    tren_split split = split_of("96/2/2");
    split.stratify = true;
    tren_partition partition;
    cr_assert_eq(tren_partition_open(&partition, &source, &split), TREN_OK);
    for (int class = 0; class < 10; class ++) {
        size_t n[TREN_N_PARTS];
        count_class(n, &source, &partition, class);
        cr_assert(n[0] == 96 && n[1] == 2 && n[2] == 2, "class %d: %zu/%zu/%zu", class, n[0], n[1],
                  n[2]);
    }
    tren_partition_close(&partition);
    tren_source_close(&source);
}

Test(split, many_small_strata_still_fill_every_part) {
    tren_source source;
    test_make_source(&source, 1000, 0, 4, 200); /* 5 of each class: 0.1 of a row for validation */
    tren_split split = split_of("96/2/2");
    split.stratify = true;
    tren_partition partition;
    cr_assert_eq(tren_partition_open(&partition, &source, &split), TREN_OK);
    cr_assert(partition.n[0] == 960 && partition.n[1] == 20 && partition.n[2] == 20, "%zu/%zu/%zu",
              partition.n[0], partition.n[1], partition.n[2]);
    for (int class = 0; class < 200; class ++) {
        size_t n[TREN_N_PARTS];
        count_class(n, &source, &partition, class);
        cr_assert(n[0] >= 3 && n[1] <= 1 && n[2] <= 1);
    }
    tren_partition_close(&partition);
    tren_source_close(&source);
}

Test(split, no_stratum_loses_its_training_rows_to_rounding) {
    tren_source source;
    test_make_source(&source, 12, 0, 4,
                     6); /* 2 of each class: half a row for validation, half for test */
    tren_split split = split_of("50/25/25");
    split.stratify = true;
    tren_partition partition;
    cr_assert_eq(tren_partition_open(&partition, &source, &split), TREN_OK);
    cr_assert(partition.n[0] == 6 && partition.n[1] == 3 && partition.n[2] == 3);
    for (int class = 0; class < 6; class ++) {
        size_t n[TREN_N_PARTS];
        count_class(n, &source, &partition, class);
        cr_assert_eq(n[0], 1, "class %d: %zu/%zu/%zu", class, n[0], n[1], n[2]);
    }
    tren_partition_close(&partition);
    tren_source_close(&source);
}

Test(split, shuffles_by_seed_and_keeps_order_without) {
    tren_source source;
    tren_partition a, b;
    test_make_source(&source, 1000, 0, 4, 10);
    tren_split split = split_of("96/2/2");
    cr_assert_eq(tren_partition_open(&a, &source, &split), TREN_OK);
    split.seed = 2;
    cr_assert_eq(tren_partition_open(&b, &source, &split), TREN_OK);
    cr_assert_neq(memcmp(a.memory, b.memory, 1000 * sizeof *a.memory), 0);
    tren_partition_close(&b);
    split.shuffle = false;
    cr_assert_eq(tren_partition_open(&b, &source, &split), TREN_OK);
    for (uint32_t i = 0; i < 1000; i++) cr_assert_eq(b.memory[i], i);
    tren_partition_close(&a);
    tren_partition_close(&b);
    tren_source_close(&source);
}
