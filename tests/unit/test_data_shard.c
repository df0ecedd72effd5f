/* Shards and orders: arithmetic that every rank must agree on. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tren/data.h"

static const size_t some_m[] = {1, 2, 3, 7, 8, 9, 64, 100, 101, 1000};
static const int some_n[] = {1, 2, 3, 4, 5, 8, 16, 33};
static const size_t some_batch[] = {1, 2, 3, 10, 64, 2000};
#define N(array) (sizeof(array) / sizeof *(array))

Test(shard, pieces_are_contiguous_and_the_first_have_one_more) {
    for (size_t i = 0; i < N(some_m); i++)
        for (size_t k = 0; k < N(some_n); k++) {
            tren_sharding sharding = {some_m[i], some_n[k]};
            size_t sum = 0, longer = some_m[i] % (size_t)some_n[k];
            for (int s = 0; s < sharding.n; s++) {
                cr_assert_eq(tren_shard_first(sharding, s), sum);
                cr_assert_eq(tren_shard_size(sharding, s),
                             some_m[i] / (size_t)some_n[k] + ((size_t)s < longer));
                sum += tren_shard_size(sharding, s);
            }
            cr_assert_eq(sum, sharding.m);
        }
}

/* Position j is row j div S of shard j mod S; counted here one position at a time. */
static void check_steps(tren_sharding sharding, size_t batch) {
    size_t *seen = calloc((size_t)sharding.n, sizeof *seen);
    for (size_t step = 0; step * batch < sharding.m; step++) {
        size_t begin = step * batch, end = begin + batch < sharding.m ? begin + batch : sharding.m,
               total = 0;
        for (int s = 0; s < sharding.n; s++) {
            size_t lo, hi, expected = 0;
            for (size_t j = begin; j < end; j++) expected += j % (size_t)sharding.n == (size_t)s;
            tren_shard_step(&lo, &hi, sharding, s, batch, step);
            cr_assert_eq(lo, seen[s], "m %zu S %d B %zu step %zu shard %d", sharding.m, sharding.n,
                         batch, step, s);
            cr_assert_eq(hi - lo, expected);
            seen[s] = hi;
            total += hi - lo;
        }
        cr_assert_eq(total, end - begin);
    }
    for (int s = 0; s < sharding.n; s++) cr_assert_eq(seen[s], tren_shard_size(sharding, s));
    free(seen);
}

Test(shard, every_position_falls_into_its_step_and_shard_once) {
    for (size_t i = 0; i < N(some_m); i++)
        for (size_t k = 0; k < N(some_n); k++)
            for (size_t b = 0; b < N(some_batch); b++)
                check_steps((tren_sharding){some_m[i], some_n[k]}, some_batch[b]);
}

Test(shard, a_step_beyond_the_epoch_is_empty) {
    size_t lo, hi;
    tren_shard_step(&lo, &hi, (tren_sharding){100, 3}, 1, 64, 2);
    cr_assert_eq(lo, hi);
}

Test(order, each_epoch_visits_every_row_of_each_shard_once) {
    for (size_t i = 0; i < N(some_m); i++)
        for (size_t k = 0; k < N(some_n); k++) {
            tren_sharding sharding = {some_m[i], some_n[k]};
            int lo = sharding.n / 3, hi = sharding.n;
            tren_order order;
            cr_assert_eq(tren_order_open(&order, sharding, lo, hi, 5, true), TREN_OK);
            tren_order_epoch(&order, 3);
            size_t base = tren_shard_first(sharding, lo);
            char *seen = calloc(sharding.m + 1, 1);
            for (int s = lo; s < hi; s++)
                for (size_t q = tren_shard_first(sharding, s);
                     q < tren_shard_first(sharding, s + 1); q++) {
                    size_t row = order.perm[q - base] + base;
                    cr_assert(row >= tren_shard_first(sharding, s) &&
                              row < tren_shard_first(sharding, s + 1));
                    cr_assert_eq(seen[row]++, 0);
                }
            free(seen);
            tren_order_close(&order);
        }
}

Test(order, does_not_depend_on_who_holds_the_shard) {
    tren_sharding sharding = {1003, 8};
    tren_order all, some;
    cr_assert_eq(tren_order_open(&all, sharding, 0, 8, 9, true), TREN_OK);
    cr_assert_eq(tren_order_open(&some, sharding, 5, 7, 9, true), TREN_OK);
    tren_order_epoch(&all, 2);
    tren_order_epoch(&some, 2);
    size_t base = tren_shard_first(sharding, 5), n = tren_shard_first(sharding, 7) - base;
    for (size_t i = 0; i < n; i++) cr_assert_eq(all.perm[base + i], some.perm[i] + base);
    tren_order_close(&all);
    tren_order_close(&some);
}

Test(order, changes_with_epoch_and_seed_and_comes_back) {
    tren_sharding sharding = {500, 2};
    tren_order a, b;
    cr_assert_eq(tren_order_open(&a, sharding, 0, 2, 1, true), TREN_OK);
    cr_assert_eq(tren_order_open(&b, sharding, 0, 2, 2, true), TREN_OK);
    uint32_t first[500];
    tren_order_epoch(&a, 0);
    memcpy(first, a.perm, sizeof first);
    tren_order_epoch(&a, 1);
    cr_assert_neq(memcmp(first, a.perm, sizeof first), 0);
    tren_order_epoch(&b, 0);
    cr_assert_neq(memcmp(first, b.perm, sizeof first), 0);
    tren_order_epoch(&a, 0);
    cr_assert_eq(memcmp(first, a.perm, sizeof first), 0);
    tren_order_close(&a);
    tren_order_close(&b);
}

Test(order, without_shuffle_is_the_order_of_the_file) {
    tren_order order;
    cr_assert_eq(tren_order_open(&order, (tren_sharding){10, 3}, 0, 3, 1, false), TREN_OK);
    tren_order_epoch(&order, 4);
    for (uint32_t i = 0; i < 10; i++) cr_assert_eq(order.perm[i], i);
    tren_order_close(&order);
}

/* ---- rows of like length --------------------------------------------------------------------- */

enum { LIKE_ROWS = 1000, LIKE_SHARDS = 7, LIKE_BATCH = 50 };

static void fill_lengths(int32_t *length) {
    for (size_t i = 0; i < LIKE_ROWS; i++) length[i] = 1 + (int32_t)(i * i % 61);
}

static void open_like(tren_order *order, const int32_t *length, int lo, int hi) {
    tren_sharding sharding = {LIKE_ROWS, LIKE_SHARDS};
    cr_assert_eq(tren_order_open(order, sharding, lo, hi, 9, true), TREN_OK);
    if (length)
        cr_assert_eq(
            tren_order_by_length(order, length + tren_shard_first(sharding, lo), LIKE_BATCH),
            TREN_OK);
}

/* The longest and shortest row of each step, of all shards together: *spread, added up. */
static void measure_spread(int *spread, const tren_order *order, const int32_t *length) {
    *spread = 0;
    for (size_t step = 0; step * LIKE_BATCH < LIKE_ROWS; step++) {
        int32_t least = INT32_MAX, most = 0;
        for (int s = 0; s < LIKE_SHARDS; s++) {
            size_t lo, hi;
            tren_shard_step(&lo, &hi, order->sharding, s, LIKE_BATCH, step);
            for (size_t j = lo; j < hi; j++) {
                int32_t here = length[order->perm[tren_shard_first(order->sharding, s) + j]];
                if (here < least) least = here;
                if (here > most) most = here;
            }
        }
        *spread += most - least;
    }
}

Test(order, rows_of_like_length_come_together_and_none_is_lost) {
    int32_t length[LIKE_ROWS];
    tren_order sorted, shuffled;
    int close, wide;
    fill_lengths(length);
    open_like(&sorted, length, 0, LIKE_SHARDS);
    open_like(&shuffled, NULL, 0, LIKE_SHARDS);
    tren_order_epoch(&sorted, 3);
    tren_order_epoch(&shuffled, 3);
    measure_spread(&close, &sorted, length);
    measure_spread(&wide, &shuffled, length);
    cr_assert_lt(3 * close, wide, "%d against %d", close, wide);
    for (int s = 0; s < LIKE_SHARDS; s++) {
        size_t first = tren_shard_first(sorted.sharding, s),
               end = first + tren_shard_size(sorted.sharding, s);
        char seen[LIKE_ROWS] = {0};
        for (size_t j = first; j < end; j++) seen[sorted.perm[j]]++;
        for (size_t j = first; j < end; j++) cr_assert_eq(seen[j], 1, "row %zu", j);
    }
    tren_order_close(&sorted);
    tren_order_close(&shuffled);
}

Test(order, by_length_is_the_same_whoever_holds_the_shards_and_another_each_epoch) {
    int32_t length[LIKE_ROWS];
    tren_order all, some, next;
    fill_lengths(length);
    open_like(&all, length, 0, LIKE_SHARDS);
    open_like(&some, length, 2, 4);
    open_like(&next, length, 0, LIKE_SHARDS);
    tren_order_epoch(&all, 5);
    tren_order_epoch(&some, 5);
    tren_order_epoch(&next, 6);
    size_t first = tren_shard_first(all.sharding, 2), n = tren_shard_first(all.sharding, 4) - first,
           same = 0;
    for (size_t j = 0; j < n; j++) cr_assert_eq(all.perm[first + j], some.perm[j] + first);
    for (size_t j = 0; j < LIKE_ROWS; j++) same += all.perm[j] == next.perm[j];
    cr_assert_lt(same, LIKE_ROWS / 10);
    tren_order_close(&all);
    tren_order_close(&some);
    tren_order_close(&next);
}
