/* Run by smpirun, see reduce.sh: BYTES SHARDS BUCKET (KiB). Simulated time of one reduction and
 * gather by each engine, or, with a fourth argument, by the engine of this name; "mpi" is
 * MPI_Allreduce by whatever algorithm smpirun was told to take. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mpi.h>

#include "tren/comm.h"
#include "tren/kernels.h"

static const struct {
    const char *name;
    int id;
    bool small; /* for small models only */
} engines[] = {{"hierarchical", TREN_ENGINE_HIERARCHICAL, false},
               {"halving", TREN_ENGINE_HALVING, false},
               {"direct", TREN_ENGINE_DIRECT, false},
               {"doubling", TREN_ENGINE_DOUBLING, true},
               {"rabenseifner", TREN_ENGINE_RABENSEIFNER, true},
               {"scatter", TREN_ENGINE_SCATTER, true}};
static double sent[4096]; /* bytes to each rank */

#ifdef TREN_FOLDED
void *folded_buffer(const void *buf, int n) {
    static void *all;
    if (n < FOLDED_LARGE) return (void *)buf;
    if (!all) all = SMPI_SHARED_MALLOC(FOLDED_MOST);
    return all;
}
#define folded folded_buffer
#else
#define folded(buf, n) buf
#define SMPI_ARRAY(n)  calloc(n, 1)
#endif

/* The compiler is told to rename what the engines call. */
int counted_isend(const void *buf, int n, MPI_Datatype type, int to, int tag, MPI_Comm comm,
                  MPI_Request *request) {
    int size;
    MPI_Type_size(type, &size);
    sent[to] += (double)n * size;
    return PMPI_Isend(folded(buf, n), n, type, to, tag, comm, request);
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
    enum { MOST = 4096 };
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

static void time_engine(tren_comm *comm, int engine, size_t n, int shards, size_t bucket) {
    tren_reducer *r;
    double time = 0;
    tren_reduce_spec spec = {
        .n = n, .shards = shards, .engine = engines[engine].id, .bucket = bucket};
    if ((engines[engine].small && n > 100000) || tren_reducer_open(&r, comm, &spec) != TREN_OK)
        return;
    for (int i = 0; i < STEPS; i++) {
        double from = start();
        (memset)(sent, 0, sizeof sent); /* the function, not a macro */
        step(r);
        time = since(from);
    }
    if (comm->rank == 0) printf("%s\t%.1f", tren_reducer_engine(r), time * 1e6);
    print_traffic(comm, (double)(n * sizeof(real)));
    tren_reducer_close(r);
}

/* SimGrid's own addition takes no time; this one takes as long as the engines' additions. */
static void add(void *in, void *inout, int *n, MPI_Datatype *type) {
    (void)type;
    tren_kernels_best()->add(inout, in, (size_t)*n);
}

static void time_mpi(const tren_comm *comm, size_t n) {
    real *from = SMPI_ARRAY(n * sizeof *from), *to = SMPI_ARRAY(n * sizeof *to);
    double time = 0;
    MPI_Op sum;
    MPI_Op_create(add, true, &sum);
    for (int i = 0; i < STEPS; i++) {
        double begin = start();
        MPI_Allreduce(from, to, (int)n, MPI_FLOAT, sum, MPI_COMM_WORLD);
        time = since(begin);
    }
    if (comm->rank == 0) printf("mpi\t%.1f\n", time * 1e6);
    MPI_Op_free(&sum);
}

int main(int argc, char **argv) {
    tren_comm comm;
    if (argc < 4 || tren_comm_open(&comm) != TREN_OK) return 2;
    size_t n = strtoul(argv[1], NULL, 10) / sizeof(real);
    if (argc > 4 && strcmp(argv[4], "mpi") == 0) time_mpi(&comm, n);
    for (int e = 0; e < N_ENGINES; e++)
        if (argc == 4 || strcmp(argv[4], engines[e].name) == 0)
            time_engine(&comm, e, n, atoi(argv[2]), (size_t)atol(argv[3]) << 8);
    tren_comm_close(&comm);
    return 0;
}
