/* Message tags: no engine uses one that some MPI does not have, however many buckets and nodes
 * there are, and no message is taken for another. */
#include <criterion/criterion.h>

#include "comm/reduce.h"
#include "support/mpi.h"

enum { MOST = 32767 }; /* what the standard promises */

static int greatest;

static void note(int tag) {
    if (tag > greatest) greatest = tag;
}

/* What the library calls, by way of MPI's profiling interface. */
int MPI_Send(const void *buf, int n, MPI_Datatype type, int to, int tag, MPI_Comm comm) {
    note(tag);
    return PMPI_Send(buf, n, type, to, tag, comm);
}
int MPI_Isend(const void *buf, int n, MPI_Datatype type, int to, int tag, MPI_Comm comm,
              MPI_Request *request) {
    note(tag);
    return PMPI_Isend(buf, n, type, to, tag, comm, request);
}

/* Whole numbers, so that the sum is exact; others for each shard and place. */
static real leaf(int shard, size_t i) {
    return (real)((i * 7 + i / TREN_REDUCE_GRAIN * 11 + (size_t)shard * 131) % 1009);
}

static void write_node(real *out, size_t n, tren_node x) {
    for (size_t i = 0; i < n; i++) {
        out[i] = 0;
        for (int s = x.a; s < x.b; s++) out[i] += leaf(s, i);
    }
}

static void check_sums(const tren_reducer *r, const real *expected) {
    const tren_span *piece;
    int n = tren_reducer_pieces(r, &piece);
    const real *sum = tren_reducer_sum(r);
    for (int p = 0; p < n; p++)
        for (size_t i = piece[p].off; i < piece[p].off + piece[p].len; i++)
            cr_assert_eq(sum[i], expected[i], "%s, rank %d: value %zu is %g, not %g",
                         tren_reducer_engine(r), test_comm.rank, i, (double)sum[i],
                         (double)expected[i]);
}

static void check_values(tren_reducer *r, const real *expected) {
    const tren_span *piece;
    int n = tren_reducer_pieces(r, &piece);
    real *value = tren_reducer_value(r);
    for (int p = 0; p < n; p++)
        for (size_t i = piece[p].off; i < piece[p].off + piece[p].len; i++)
            value[i] = tren_reducer_sum(r)[i];
    tren_reducer_gather(r);
    for (size_t i = 0; i < r->n; i++)
        cr_assert_eq(value[i], expected[i], "%s, rank %d: gathered value %zu",
                     tren_reducer_engine(r), test_comm.rank, i);
}

/* Many buckets, and more than one node a rank where the engine allows it. */
static void check_engine(int engine, int shards) {
    enum { BUCKETS = 40, STEPS = 2 };
    tren_reduce_spec spec = {.n = (size_t)BUCKETS * TREN_REDUCE_GRAIN + 5,
                             .shards = shards,
                             .engine = engine,
                             .bucket = 1};
    tren_reducer *r;
    cr_assert_eq(tren_reducer_open(&r, &test_comm, &spec), TREN_OK, "%s", tren_error_text());
    cr_assert(r->stage->whole || r->bucket.n == BUCKETS + 1);
    real *expected = calloc(spec.n, sizeof *expected);
    write_node(expected, spec.n, (tren_node){0, shards});
    for (int step = 0; step < STEPS; step++) {
        tren_reducer_begin(r);
        for (int k = 0; k < r->n_mine; k++)
            write_node(r->node[k], spec.n, r->ranks.all[r->ranks.first[r->net.me] + k]);
        tren_reducer_finish(r);
        check_sums(r, expected);
        check_values(r, expected);
    }
    free(expected);
    tren_reducer_close(r);
}

static bool is_power_of_two(int n) {
    return (n & (n - 1)) == 0;
}

Test(tags, are_those_that_every_mpi_has, .init = test_comm_open, .fini = test_comm_close) {
    check_engine(TREN_ENGINE_DIRECT, 13);
    check_engine(TREN_ENGINE_DOUBLING, 13);
    check_engine(TREN_ENGINE_SCATTER, 13);
    if (is_power_of_two(test_comm.size)) check_engine(TREN_ENGINE_HALVING, 8);
    if (is_power_of_two(test_comm.size)) check_engine(TREN_ENGINE_RABENSEIFNER, 8);
    cr_assert_leq(greatest, MOST, "a tag of %d", greatest);
    cr_assert(test_comm.size == 1 || greatest > 0, "no message was seen");
    test_comm_passed();
}

static void check_number_of_buckets(size_t n, size_t wanted) {
    size_t len = tren_longest_bucket(n, wanted), count = (size_t)tren_bucket_count(n, len);
    cr_assert_leq(count, TREN_MAX_BUCKETS, "%zu values: %zu buckets", n, count);
    cr_assert_eq(len % TREN_REDUCE_GRAIN, 0);
    cr_assert_geq(len, wanted < (size_t)1 << 29 ? wanted : (size_t)1 << 29);
    cr_assert_leq(TREN_TAG_NODE + (int)count - 1, TREN_TAG_VALUE - 1);
    cr_assert_leq(TREN_TAG_VALUE + (int)count - 1, TREN_TAG_ALONE - 1);
}

/* Two of the shortest length, then each twice as long as the one before, up to the longest. */
Test(tags, the_first_buckets_are_short, .init = test_comm_open, .fini = test_comm_close) {
    enum { F = TREN_FIRST_BUCKET };
    static const size_t len[] = {F, F, 2 * F, 3 * F, 3 * F, F / 2};
    tren_reduce_spec spec = {.n = 10 * F + F / 2,
                             .shards = test_comm.size,
                             .engine = TREN_ENGINE_DIRECT,
                             .bucket = 3 * F};
    tren_reducer *r;
    cr_assert_eq(tren_reducer_open(&r, &test_comm, &spec), TREN_OK, "%s", tren_error_text());
    cr_assert_eq(r->bucket.n, 6);
    for (int b = 0; b < 6; b++) cr_assert_eq(r->bucket.at[b].len, len[b], "bucket %d", b);
    tren_reducer_close(r);
    test_comm_passed();
}

/* Models that no test can hold: the largest tag comes from the number of buckets alone. */
Test(tags, are_enough_for_any_model, .init = test_comm_open, .fini = test_comm_close) {
    static const size_t wanted[] = {0, 1, 256, 262144, (size_t)1 << 40};
    for (size_t n = 1; n <= (size_t)1 << 40; n = n * 2 + n / 3 + 1)
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
            check_number_of_buckets(n, wanted[i]);
    test_comm_passed();
}
