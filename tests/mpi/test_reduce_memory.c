/* The memory of a reduction: what is told before a launch is what its ranks take. */
#include <criterion/criterion.h>

#include "comm/mpi_comm.h"
#include "support/mpi.h"

static int in_blocks(int rank) {
    return rank / 2;
}
static int by_cycle(int rank) {
    return rank % 2;
}
static int each_alone(int rank) {
    return rank;
}

/* What is told before a launch is what the ranks then take together, within the tables. */
static void check_memory(int engine, int shards, size_t bucket) {
    enum { N = 300000, TABLES = 20000 };
    tren_reducer *reducer;
    tren_reduce_spec spec = {.n = N, .bucket = bucket, .shards = shards, .engine = engine};
    if (tren_reducer_open(&reducer, &test_comm, &spec) != TREN_OK) return; /* not here */
    tren_reduce_room room =
        tren_reduce_memory(N, shards, engine, test_comm.size, test_comm.n_nodes);
    double told = room.gradients + room.values + room.inbox;
    double mine = (double)tren_reducer_bytes(reducer), all[64], sum = 0;
    tren_comm_allgather(&test_comm, all, &mine, 1);
    for (int q = 0; q < test_comm.size; q++) sum += all[q] / test_comm.size;
    bool large = engine != TREN_ENGINE_DOUBLING; /* whose room is small where it is used */
    cr_assert(sum <= told + TABLES && (!large || told <= 1.6 * sum),
              "%s, %d ranks on %d nodes: %g, told %g", tren_reducer_engine(reducer), test_comm.size,
              test_comm.n_nodes, sum, told);
    tren_reducer_close(reducer);
}

Test(reduce_memory, is_what_was_told_before, .init = test_comm_open, .fini = test_comm_close) {
    static int (*const even[])(int) = {in_blocks, by_cycle, each_alone};
    for (int p = 0; p < 3; p++) {
        if (test_comm.size % 2 != 0 && p < 2) continue;
        cr_assert_eq(tren_comm_find_nodes(&test_comm, even[p](test_comm.rank)), TREN_OK);
        for (int engine = TREN_ENGINE_AUTO; engine <= TREN_ENGINE_MPI; engine++) {
            check_memory(engine, test_comm.size, 4096);
            check_memory(engine, 13, 4096);
            check_memory(engine, test_comm.size, 1 << 18);
            check_memory(engine, 13, 1 << 18);
        }
    }
    test_comm_passed();
}
