/* Which ranks share a node, and who holds which shards. */
#include "comm/mpi_comm.h"

#include <sched.h>
#include <stdlib.h>

/* CPUs that the ranks of a node may use, all masks together. */
static int cpus_of(MPI_Comm node) {
    cpu_set_t mine, all;
    CPU_ZERO(&mine);
    if (sched_getaffinity(0, sizeof mine, &mine) != 0) CPU_SET(0, &mine);
    MPI_Allreduce(&mine, &all, (int)sizeof all, MPI_BYTE, MPI_BOR, node);
    return CPU_COUNT(&all);
}

/* Returns the lowest rank of this node. */
static int look_around(tren_comm *comm, int colour) {
    MPI_Comm node;
    int lowest = comm->rank;
    if (colour < 0)
        MPI_Comm_split_type(mpi_of(comm), MPI_COMM_TYPE_SHARED, comm->rank, MPI_INFO_NULL, &node);
    else
        MPI_Comm_split(mpi_of(comm), colour, comm->rank, &node);
    MPI_Comm_rank(node, &comm->local_rank);
    MPI_Comm_size(node, &comm->local_size);
    MPI_Bcast(&lowest, 1, MPI_INT, 0, node);
    comm->node_ranks = comm->local_size;
    comm->crowded = comm->local_size > cpus_of(node);
    MPI_Comm_free(&node);
    return lowest;
}

/* lowest [size] of each rank's node. A pass over the ranks of a node for each node would cost
 * nodes x ranks; here each rank goes to the next free place of its node. */
static void number_nodes(tren_comm *comm, const int *lowest, int *node_of) {
    comm->n_nodes = 0;
    for (int q = 0; q <= comm->size; q++) comm->node_first[q] = 0;
    for (int q = 0; q < comm->size; q++) {
        node_of[q] = lowest[q] == q ? comm->n_nodes++ : node_of[lowest[q]];
        comm->node_first[node_of[q] + 1]++;
    }
    for (int h = 0; h < comm->n_nodes; h++) comm->node_first[h + 1] += comm->node_first[h];
    comm->node = node_of[comm->rank];
}

static void find_places(tren_comm *comm, const int *node_of, int *next) {
    for (int h = 0; h < comm->n_nodes; h++) next[h] = comm->node_first[h];
    for (int q = 0; q < comm->size; q++) {
        comm->place[q] = next[node_of[q]]++;
        comm->rank_at[comm->place[q]] = q;
    }
}

static void forget(tren_comm *comm) {
    free(comm->node_first);
    free(comm->place);
    free(comm->rank_at);
    comm->node_first = comm->place = comm->rank_at = NULL;
}

tren_status tren_comm_find_nodes(tren_comm *comm, int colour) {
    size_t size = (size_t)comm->size;
    int mine = look_around(comm, colour), *lowest = NULL, *node_of = NULL;
    tren_status st = TREN_OK;
    forget(comm);
    TREN_GOTO(tren_alloc(&lowest, size, sizeof *lowest, "the map of the nodes"));
    TREN_GOTO(tren_alloc(&node_of, size, sizeof *node_of, "the map of the nodes"));
    TREN_GOTO(
        tren_alloc(&comm->node_first, size + 1, sizeof *comm->node_first, "the map of the nodes"));
    TREN_GOTO(tren_alloc(&comm->place, size, sizeof *comm->place, "the map of the nodes"));
    TREN_GOTO(tren_alloc(&comm->rank_at, size, sizeof *comm->rank_at, "the map of the nodes"));
    MPI_Allgather(&mine, 1, MPI_INT, lowest, 1, MPI_INT, mpi_of(comm));
    number_nodes(comm, lowest, node_of);
    find_places(comm, node_of, lowest);
done:
    free(lowest);
    free(node_of);
    return st;
}

tren_node tren_comm_shards(const tren_comm *comm, int shards, int rank) {
    int place = comm->place[rank];
    return (tren_node){tren_part_first(shards, comm->size, place),
                       tren_part_first(shards, comm->size, place + 1)};
}
