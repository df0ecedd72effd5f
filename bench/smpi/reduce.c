/* Run by smpirun, see reduce.sh: simulated time of one reduction and gather by each engine, or,
 * with a third argument, of MPI_Allreduce by whatever algorithm smpirun was told to take. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mpi.h>

#include "tren/comm.h"

static const struct {
    const char *name;
    int id;
} engines[] = {{"hierarchical", TREN_ENGINE_HIERARCHICAL},
               {"halving", TREN_ENGINE_HALVING},
               {"direct", TREN_ENGINE_DIRECT},
               {"doubling", TREN_ENGINE_DOUBLING},
               {"gather", TREN_ENGINE_GATHER}};
enum { N_ENGINES = sizeof engines / sizeof *engines, STEPS = 3 };

/* Of the slowest rank. */
static double since(double start) {
    double time = MPI_Wtime() - start, slowest;
    MPI_Allreduce(&time, &slowest, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    return slowest;
}

static double start(void) {
    MPI_Barrier(MPI_COMM_WORLD);
    return MPI_Wtime();
}

static void step(tren_reducer *r) {
    const tren_span *piece;
    tren_reducer_begin(r);
    tren_reducer_finish(r);
    int n = tren_reducer_pieces(r, &piece);
    for (int p = 0; p < n && !tren_reducer_replicates(r); p++)
        memcpy(tren_reducer_value(r) + piece[p].off, tren_reducer_sum(r) + piece[p].off,
               piece[p].len * sizeof(real));
    tren_reducer_gather(r);
}

static void time_engine(tren_comm *comm, int engine, size_t n, int shards) {
    tren_reducer *r;
    double time = 0;
    tren_reduce_spec spec = {
        .n = n, .shards = shards, .engine = engines[engine].id, .bucket = 1 << 18};
    bool whole = spec.engine == TREN_ENGINE_DOUBLING || spec.engine == TREN_ENGINE_GATHER;
    if ((whole && n > 100000) || tren_reducer_open(&r, comm, &spec) != TREN_OK) return;
    for (int i = 0; i < STEPS; i++) {
        double from = start();
        step(r);
        time = since(from);
    }
    if (comm->rank == 0) printf("%s\t%.1f\n", tren_reducer_engine(r), time * 1e6), fflush(stdout);
    tren_reducer_close(r);
}

static void time_mpi(const tren_comm *comm, size_t n) {
    real *from = calloc(n, sizeof *from), *to = calloc(n, sizeof *to);
    double time = 0;
    for (int i = 0; i < STEPS; i++) {
        double begin = start();
        MPI_Allreduce(from, to, (int)n, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
        time = since(begin);
    }
    if (comm->rank == 0) printf("mpi\t%.1f\n", time * 1e6);
    free(from);
    free(to);
}

int main(int argc, char **argv) {
    tren_comm comm;
    if (argc < 3 || tren_comm_open(&comm) != TREN_OK) return 2;
    size_t n = strtoul(argv[1], NULL, 10) / sizeof(real);
    if (argc > 3) time_mpi(&comm, n);
    for (int e = 0; e < N_ENGINES && argc <= 3; e++) time_engine(&comm, e, n, atoi(argv[2]));
    tren_comm_close(&comm);
    return 0;
}
