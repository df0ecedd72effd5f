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
static double sent[4096]; /* bytes to each rank */

/* The compiler is told to rename what the engines call. */
int counted_isend(const void *buf, int n, MPI_Datatype type, int to, int tag, MPI_Comm comm,
                  MPI_Request *request) {
    int size;
    MPI_Type_size(type, &size);
    sent[to] += (double)n * size;
    return PMPI_Isend(buf, n, type, to, tag, comm, request);
}

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

static int node_of(const tren_comm *comm, int rank) {
    int node = 0;
    while (comm->node_first[node + 1] <= comm->place[rank]) node++;
    return node;
}

/* What leaves a node and what enters it, on the node with most, as a multiple of the values. */
static void print_traffic(const tren_comm *comm, double bytes) {
    enum { MOST = 512 };
    double traffic[2 * MOST] = {0}, most = 0;
    for (int q = 0; q < comm->size; q++) {
        int to = node_of(comm, q);
        if (to != comm->node) traffic[comm->node] += sent[q], traffic[MOST + to] += sent[q];
    }
    MPI_Allreduce(MPI_IN_PLACE, traffic, 2 * MOST, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    for (int i = 0; i < 2 * MOST; i++)
        if (traffic[i] > most) most = traffic[i];
    if (comm->rank == 0)
        printf("\t%.2f of the values through the busiest network card, one way\n", most / bytes);
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
        memset(sent, 0, sizeof sent);
        step(r);
        time = since(from);
    }
    if (comm->rank == 0) printf("%s\t%.1f", tren_reducer_engine(r), time * 1e6);
    print_traffic(comm, (double)(n * sizeof(real)));
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
