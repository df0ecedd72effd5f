/* Opening a reduction: where memory ends on one rank, all are told, and none waits for it. After
 * that nothing is allocated any more. */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <string.h>

#include "comm/mpi_comm.h"
#include "support/mpi.h"

/* The n-th allocation of tren itself that finds no memory; 0: none. MPI's own are left alone. */
static int fails_at;

#ifdef __SANITIZE_ADDRESS__
enum { CAN_FAIL = 0 }; /* calloc is the sanitizer's */
#else
enum { CAN_FAIL = 1 };
void *__libc_calloc(size_t n, size_t size);

static bool is_of_tren(const void *code) {
    Dl_info its, ours;
    return dladdr(code, &its) && dladdr((void *)(uintptr_t)tren_alloc, &ours) &&
           its.dli_fbase == ours.dli_fbase;
}

void *calloc(size_t n, size_t size) {
    if (fails_at > 0 && is_of_tren(__builtin_return_address(0)) && --fails_at == 0) return NULL;
    return __libc_calloc(n, size);
}
#endif

enum { SHARDS = 8, N = 20000 };

/* False: this rank's open needs fewer allocations. */
static bool fails_everywhere(int engine, int allocation, int rank) {
    tren_reducer *reducer = NULL;
    tren_reduce_spec spec = {.n = N, .shards = SHARDS, .engine = engine, .bucket = 4096};
    fails_at = test_comm.rank == rank ? allocation : 0;
    tren_status st = tren_reducer_open(&reducer, &test_comm, &spec);
    fails_at = 0;
    if (st == TREN_OK) {
        tren_reducer_close(reducer);
        return false;
    }
    cr_assert_eq(st, TREN_ERR_INTERNAL, "allocation %d: %s", allocation, tren_error_text());
    cr_assert_null(reducer);
    cr_assert_not_null(strstr(tren_error_text(), "out of memory"), "%s", tren_error_text());
    return true;
}

static void check_engine(int engine, int rank) {
    enum { LEAST = 8 }; /* of the plan alone */
    int allocation = 1;
    while (fails_everywhere(engine, allocation, rank)) allocation++;
    cr_assert_gt(allocation, LEAST, "engine %d: only %d allocations failed", engine,
                 allocation - 1);
}

/* Of every engine that can run here. */
static void with_engines(void (*check)(int engine)) {
    for (int engine = TREN_ENGINE_AUTO; CAN_FAIL && engine <= TREN_ENGINE_MPI; engine++) {
        bool halves = engine == TREN_ENGINE_HALVING || engine == TREN_ENGINE_RABENSEIFNER;
        if (halves && (test_comm.size & (test_comm.size - 1)) != 0) continue;
        bool two_stages = engine == TREN_ENGINE_HIERARCHICAL;
        if (two_stages && test_comm.size < 3) continue;
        cr_assert_eq(tren_comm_find_nodes(&test_comm, two_stages ? test_comm.rank % 2 : 0),
                     TREN_OK);
        check(engine);
    }
    test_comm_passed();
}

static void fail_on_first_and_last(int engine) {
    check_engine(engine, 0);
    check_engine(engine, test_comm.size - 1);
}

Test(reducer_open, fails_on_all_ranks_if_memory_ends_on_one, .init = test_comm_open,
     .fini = test_comm_close) {
    with_engines(fail_on_first_and_last);
}

static void step(int engine) {
    tren_reducer *r;
    tren_reduce_spec spec = {.n = N, .shards = SHARDS, .engine = engine, .bucket = 4096};
    cr_assert_eq(tren_reducer_open(&r, &test_comm, &spec), TREN_OK);
    fails_at = 1;
    tren_reducer_begin(r);
    for (int k = 0; k < tren_reducer_nodes(r); k++)
        memset(tren_reducer_node(r)[k], 0, N * sizeof(real));
    tren_reducer_ready(r, 0);
    tren_reducer_finish(r);
    cr_assert_eq(tren_reducer_norm_squared(r, N), 0);
    tren_reducer_gather(r);
    cr_assert_eq(fails_at, 1, "engine %d allocates in a step", engine);
    fails_at = 0;
    tren_reducer_close(r);
}

Test(reducer_open, a_step_allocates_nothing, .init = test_comm_open, .fini = test_comm_close) {
    with_engines(step);
}
