/* The engines beside MPI_Allreduce, taking turns at each size. */
#include "cli/args.h"
#include "cli/bench.h"
#include "cli/bench_run.h"
#include "tren/kernels.h"

#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 21 };

static const struct {
    const char *name;
    int id;
    bool small; /* for small models only */
} engines[] = {
    {"shared", TREN_ENGINE_SHARED, false},    {"hierarchical", TREN_ENGINE_HIERARCHICAL, false},
    {"halving", TREN_ENGINE_HALVING, false},  {"direct", TREN_ENGINE_DIRECT, false},
    {"doubling", TREN_ENGINE_DOUBLING, true}, {"rabenseifner", TREN_ENGINE_RABENSEIFNER, true},
    {"scatter", TREN_ENGINE_SCATTER, true}};
enum { N_ENGINES = sizeof engines / sizeof *engines };

static double time_mpi(const tren_comm *comm, real *x, size_t n) {
    tren_comm_barrier(comm);
    double since = tren_seconds();
    tren_comm_allreduce(comm, x, n);
    return tren_seconds() - since;
}

static tren_status open_engines(tren_reducer **r, tren_comm *comm, size_t n) {
    for (int e = 0; e < N_ENGINES; e++) {
        tren_reduce_spec spec = {
            .n = n, .shards = comm->size, .engine = engines[e].id, .bucket = 1 << 18};
        r[e] = NULL;
        if (engines[e].small && n > 1 << 20) continue;
        tren_status st = tren_reducer_open(&r[e], comm, &spec);
        if (st != TREN_OK && st != TREN_ERR_USAGE && st != TREN_ERR_ENV)
            return st; /* not for this launch */
    }
    return TREN_OK;
}

static void json_row(const char *engine, size_t bytes, double own, double mpi) {
    tren_json row = bench_begin_row("allreduce");
    tren_json_text(&row, "engine", engine);
    tren_json_whole(&row, "bytes", (int64_t)bytes);
    tren_json_real(&row, "seconds", own);
    tren_json_real(&row, "over_mpi", own / mpi);
    bench_end_row(&row);
}

static void json_rows(size_t bytes, double seconds[][ROUNDS], tren_reducer **r) {
    double mpi = bench_median(seconds[N_ENGINES], ROUNDS);
    json_row("MPI_Allreduce", bytes, mpi, mpi);
    for (int e = 0; e < N_ENGINES; e++)
        if (r[e]) json_row(engines[e].name, bytes, bench_median(seconds[e], ROUNDS), mpi);
}

static void print_row(size_t bytes, double seconds[][ROUNDS], tren_reducer **r) {
    double mpi = bench_median(seconds[N_ENGINES], ROUNDS);
    printf("%10zu %12.1f", bytes, mpi * 1e6);
    for (int e = 0; e < N_ENGINES; e++) {
        double own = bench_median(seconds[e], ROUNDS);
        if (r[e])
            printf(" %10.1f (%.2f)", own * 1e6, own / mpi);
        else
            printf(" %17s", "-");
    }
    printf("\n");
    fflush(stdout);
}

static tren_status bench_size(tren_comm *comm, size_t bytes, bool json) {
    size_t n = bytes / sizeof(real);
    double seconds[N_ENGINES + 1][ROUNDS] = {{0}};
    tren_reducer *r[N_ENGINES] = {NULL};
    real *x = NULL;
    tren_status st = tren_alloc(&x, n, sizeof *x, "a vector");
    if (st == TREN_OK) st = open_engines(r, comm, n);
    for (int i = -2; st == TREN_OK && i < ROUNDS; i++) { /* two rounds to warm up */
        int at = i < 0 ? 0 : i;
        seconds[N_ENGINES][at] = time_mpi(comm, x, n);
        for (int e = 0; e < N_ENGINES; e++)
            if (r[e]) seconds[e][at] = bench_reduction(r[e], comm);
    }
    if (st == TREN_OK && comm->rank == 0) (json ? json_rows : print_row)(bytes, seconds, r);
    for (int e = 0; e < N_ENGINES; e++) tren_reducer_close(r[e]);
    free(x);
    return st;
}

tren_status bench_allreduce(tren_comm *comm, int argc, char **argv) {
    bool json = false;
    const tren_arg options[] = {BENCH_JSON_OPTION(&json), {.name = NULL}};
    tren_args args = {.command = "bench allreduce",
                      .synopsis = "[--json]",
                      .summary = "Time a whole reduction, 4 kB to 64 MB, with each engine that "
                                 "this launch allows and with MPI_Allreduce, in turns.",
                      .options = options};
    TREN_TRY(tren_args_parse(&args, argc, argv));
    if (args.help) return TREN_OK;
    bench_say_machine(comm, json);
    if (comm->rank == 0 && !json) {
        printf("# microseconds, median of %d; in brackets: relative to MPI_Allreduce (below 1: "
               "faster)\n",
               ROUNDS);
        printf("%10s %12s", "bytes", "MPI");
        for (int e = 0; e < N_ENGINES; e++) printf(" %17s", engines[e].name);
        printf("\n");
    }
    for (size_t bytes = 4096; bytes <= (size_t)64 << 20; bytes *= 4)
        TREN_TRY(bench_size(comm, bytes, json));
    return TREN_OK;
}
