/* Shards: which rows belong together, whoever holds them, and the order of an epoch. */
#include "tren/data.h"
#include <stdlib.h>

size_t tren_shard_first(tren_sharding sharding, int shard) {
    size_t n = (size_t)sharding.n, s = (size_t)shard;
    size_t longer = sharding.m % n;
    return sharding.m / n * s + (s < longer ? s : longer);
}

/* The first q with q * n + shard >= position. */
static size_t own_position(size_t position, size_t n, size_t shard) {
    return (position + n - 1 - shard) / n;
}

void tren_shard_step(size_t *lo, size_t *hi, tren_sharding sharding, int shard, size_t batch,
                     size_t step) {
    size_t n = (size_t)sharding.n, s = (size_t)shard;
    size_t begin = step * batch < sharding.m ? step * batch : sharding.m;
    size_t end = sharding.m - begin < batch ? sharding.m : begin + batch;
    *lo = own_position(begin, n, s);
    *hi = own_position(end, n, s);
}

static size_t order_offset(const tren_order *order, int shard) {
    return tren_shard_first(order->sharding, shard) - tren_shard_first(order->sharding, order->lo);
}

tren_status tren_order_open(tren_order *order, tren_sharding sharding, int lo, int hi,
                            uint64_t seed, bool shuffle) {
    *order =
        (tren_order){.sharding = sharding, .lo = lo, .hi = hi, .seed = seed, .shuffle = shuffle};
    size_t rows = order_offset(order, hi);
    if (rows > UINT32_MAX)
        return tren_fail(TREN_ERR_DATA, "%zu rows on one rank: at most 4294967295; use more ranks",
                         rows);
    TREN_TRY(tren_alloc(&order->perm, rows, sizeof *order->perm, "the order of the rows"));
    for (size_t i = 0; i < rows; i++) order->perm[i] = (uint32_t)i;
    return TREN_OK;
}

static void shuffle_shard(tren_order *order, uint32_t epoch, int shard) {
    size_t first = order_offset(order, shard);
    uint32_t n = (uint32_t)tren_shard_size(order->sharding, shard);
    uint32_t *perm = order->perm + first;
    tren_rng rng = tren_rng_open(order->seed, TREN_RNG_ORDER, 0, epoch, (uint32_t)shard);
    tren_rng_permutation(perm, &rng, n);
    for (uint32_t i = 0; i < n; i++) perm[i] += (uint32_t)first;
}

/* ---- by length ------------------------------------------------------------------------------- */

typedef struct tren_keyed {
    int32_t length;
    uint32_t place, row; /* where the shuffle has it */
} keyed;

tren_status tren_order_by_length(tren_order *order, const int32_t *length, size_t batch) {
    size_t most = tren_shard_size(order->sharding, 0); /* the first ones are the largest */
    order->length = length;
    order->batch = batch;
    return tren_alloc(&order->key, most, sizeof *order->key, "the order of the rows");
}

static int by_length(const void *a, const void *b) {
    const keyed *x = a, *y = b;
    if (x->length != y->length) return x->length < y->length ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

/* Steps [first, first + n), dealt in the order `step`. */
static void sort_pool(tren_order *order, int shard, size_t first, uint32_t n,
                      const uint32_t *step) {
    uint32_t *perm = order->perm + order_offset(order, shard), dealt = 0;
    size_t lo, hi, begin, end;
    tren_shard_step(&begin, &hi, order->sharding, shard, order->batch, first);
    tren_shard_step(&lo, &end, order->sharding, shard, order->batch, first + n - 1);
    for (size_t j = begin; j < end; j++)
        order->key[j - begin] = (keyed){order->length[perm[j]], (uint32_t)j, perm[j]};
    qsort(order->key, end - begin, sizeof *order->key, by_length);
    for (uint32_t i = 0; i < n; i++) {
        tren_shard_step(&lo, &hi, order->sharding, shard, order->batch, first + step[i]);
        for (size_t j = lo; j < hi; j++) perm[j] = order->key[dealt++].row;
    }
}

static void sort_by_length(tren_order *order, uint32_t epoch) {
    size_t steps = (order->sharding.m + order->batch - 1) / order->batch;
    for (size_t first = 0; first < steps; first += TREN_POOL_STEPS) {
        uint32_t step[TREN_POOL_STEPS],
            n = (uint32_t)(steps - first < TREN_POOL_STEPS ? steps - first : TREN_POOL_STEPS),
            pool = (uint32_t)(first / TREN_POOL_STEPS);
        tren_rng rng = tren_rng_open(order->seed, TREN_RNG_BUCKET, 0, epoch, pool);
        tren_rng_permutation(step, &rng, n);
        for (int shard = order->lo; shard < order->hi; shard++)
            sort_pool(order, shard, first, n, step);
    }
}

void tren_order_epoch(tren_order *order, uint32_t epoch) {
    if (!order->shuffle) return;
    for (int shard = order->lo; shard < order->hi; shard++) shuffle_shard(order, epoch, shard);
    if (order->length) sort_by_length(order, epoch);
}

void tren_order_close(tren_order *order) {
    free(order->perm);
    free(order->key);
    *order = (tren_order){0};
}
