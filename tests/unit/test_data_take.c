/* Keeping a part of the rows: exact totals, shares, and what the choice depends on. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "data/prepare.h"
#include "support/files.h"

static tren_split split_of(const char *text) {
    tren_split split = {.shuffle = true, .seed = 1};
    cr_assert_eq(tren_split_parse(&split, text), TREN_OK, "%s", tren_error_text());
    return split;
}

/* Classes of these sizes, their rows mixed. */
static void make_classes(tren_source *source, const size_t *size, int n_classes) {
    size_t n = 0, dealt[256] = {0};
    for (int c = 0; c < n_classes; c++) n += size[c];
    test_make_source(source, n, 0, 4, n_classes);
    uint8_t *y = source->y;
    for (size_t i = 0, c = 0; i < n; c = (c + 1) % (size_t)n_classes)
        if (dealt[c] < size[c]) dealt[c]++, y[i++] = (uint8_t)c;
}

static uint32_t *take(const tren_source *source, size_t n, uint64_t seed) {
    uint32_t *row = malloc((n + 1) * sizeof *row);
    cr_assert_eq(tren_take(row, n, source, source->n, seed), TREN_OK, "%s", tren_error_text());
    for (size_t i = 0; i < n; i++) cr_assert(row[i] < source->n && (i == 0 || row[i - 1] < row[i]));
    return row;
}

Test(take, keeps_the_share_of_each_class_and_the_exact_total) {
    static const size_t size[] = {500, 1, 0, 333, 42, 124};
    static const size_t total[] = {1, 2, 7, 100, 333, 999, 1000};
    tren_source source;
    make_classes(&source, size, 6);
    for (size_t t = 0; t < sizeof total / sizeof *total; t++) {
        size_t kept[6] = {0};
        uint32_t *row = take(&source, total[t], 3);
        for (size_t i = 0; i < total[t]; i++) kept[((uint8_t *)source.y)[row[i]]]++;
        for (int c = 0; c < 6; c++) {
            double share = (double)total[t] * (double)size[c] / 1000;
            cr_assert(fabs((double)kept[c] - share) < 1, "%zu: %zu of class %d, its share is %g",
                      total[t], kept[c], c, share);
        }
        free(row);
    }
    tren_source_close(&source);
}

Test(take, gives_what_rounding_leaves_to_the_largest_remainders) {
    size_t kept[3] = {0};
    tren_source source;
    make_classes(&source, (const size_t[]){305, 390, 305}, 3); /* 3.05, 3.9, 3.05 of 10 */
    uint32_t *row = take(&source, 10, 1);
    for (int i = 0; i < 10; i++) kept[((uint8_t *)source.y)[row[i]]]++;
    cr_assert(kept[0] == 3 && kept[1] == 4 && kept[2] == 3, "%zu, %zu, %zu", kept[0], kept[1],
              kept[2]);
    free(row);
    tren_source_close(&source);
}

Test(take, follows_the_seed) {
    tren_source source;
    test_make_source(&source, 1000, 0, 4, 10);
    uint32_t *a = take(&source, 100, 1), *b = take(&source, 100, 1), *c = take(&source, 100, 2);
    cr_assert_arr_eq(a, b, 100 * sizeof *a);
    cr_assert_arr_neq(a, c, 100 * sizeof *a);
    free(a), free(b), free(c);
    tren_source_close(&source);
}

/* Rows of another class, before, between and behind, are of no account. */
Test(take, choice_within_a_class_depends_on_that_class_alone) {
    tren_source one, two;
    make_classes(&one, (const size_t[]){200}, 1);
    make_classes(&two, (const size_t[]){200, 300}, 2);
    uint32_t *a = take(&one, 20, 5), *b = take(&two, 50, 5);
    size_t at = 0, index = 0;
    for (uint32_t i = 0, k = 0; i < two.n; i++) {
        bool kept = k < 50 && b[k] == i;
        k += kept;
        if (((uint8_t *)two.y)[i] != 0) continue;
        if (kept) cr_assert(at < 20 && a[at++] == index, "row %u", i);
        index++;
    }
    cr_assert_eq(at, 20);
    free(a), free(b);
    tren_source_close(&one);
    tren_source_close(&two);
}

Test(take, chooses_anew_in_each_class) {
    tren_source source;
    test_make_source(&source, 400, 0, 4, 2); /* row i is number i / 2 of class i % 2 */
    uint32_t *row = take(&source, 100, 5);
    size_t both = 0;
    for (int i = 1; i < 100; i++) both += row[i - 1] % 2 == 0 && row[i] == row[i - 1] + 1;
    cr_assert_lt(both, 25, "%zu of 50 numbers are kept in both classes, 12.5 are by chance", both);
    free(row);
    tren_source_close(&source);
}

Test(take, is_even_over_the_rows) {
    enum { N = 20000, KEPT = 2000 };
    double y[N] = {0}, sum = 0;
    size_t quarter[4] = {0};
    tren_source source = {.n = N, .n_targets = 1, .y_type = TREN_F64, .y = y};
    uint32_t *row = take(&source, KEPT, 9);
    for (int i = 0; i < KEPT; i++) sum += row[i], quarter[row[i] / (N / 4)]++;
    double error = N / sqrt(12.0 * KEPT);
    cr_expect(fabs(sum / KEPT - (N - 1) / 2.0) < 4 * error, "mean row %g", sum / KEPT);
    error = sqrt(KEPT * 0.25 * 0.75);
    for (int q = 0; q < 4; q++)
        cr_expect(fabs((double)quarter[q] - KEPT * 0.25) < 4 * error, "%zu of quarter %d",
                  quarter[q], q);
    free(row);
}

Test(take, comes_before_the_split_and_spares_a_kept_test_part) {
    tren_source source;
    tren_partition p;
    test_make_source(&source, 900, 100, 4, 10);
    tren_split split = split_of("80/10/10");
    split.take = 50;
    cr_assert_eq(tren_partition_open(&p, &source, &split), TREN_OK, "%s", tren_error_text());
    cr_assert(p.n[0] == 40 && p.n[1] == 5 && p.n[2] == 5);
    tren_partition_close(&p);
    split.keep_test = split.stratify = true;
    split.take = 90;
    cr_assert_eq(tren_partition_open(&p, &source, &split), TREN_OK, "%s", tren_error_text());
    cr_assert(p.n[0] == 80 && p.n[1] == 10 && p.n[2] == 100);
    char seen[1000] = {0};
    for (int part = 0; part < TREN_N_PARTS; part++)
        for (size_t i = 0; i < p.n[part]; i++) cr_assert_eq(seen[p.row[part][i]]++, 0);
    for (uint32_t i = 0; i < 100; i++) cr_assert_eq(p.row[TREN_TEST][i], 900 + i);
    tren_partition_close(&p);
    tren_source_close(&source);
}

Test(take, of_all_rows_is_the_split_without) {
    tren_source source;
    tren_partition a, b;
    test_make_source(&source, 100, 0, 4, 10);
    tren_split split = split_of("80/10/10");
    cr_assert_eq(tren_partition_open(&a, &source, &split), TREN_OK);
    split.take = 100;
    cr_assert_eq(tren_partition_open(&b, &source, &split), TREN_OK);
    cr_assert_arr_eq(a.memory, b.memory, 100 * sizeof *a.memory);
    tren_partition_close(&a);
    tren_partition_close(&b);
    tren_source_close(&source);
}

Test(take, of_more_than_there_is_is_refused) {
    tren_source source;
    tren_partition p;
    test_make_source(&source, 90, 10, 4, 2);
    tren_split split = split_of("80/10/10");
    split.take = 101;
    test_expect_error(tren_partition_open(&p, &source, &split), TREN_ERR_USAGE,
                      "--take 101: there are only 100 rows: take at most that many");
    split.keep_test = true;
    split.take = 91;
    test_expect_error(tren_partition_open(&p, &source, &split), TREN_ERR_USAGE,
                      "--take 91: there are only 90 rows besides the test part");
    tren_source_close(&source);
}
