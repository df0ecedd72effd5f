/* Messages between rank 0 and one other: how long they take, and how far apart the clocks are. */
#include "comm/mpi_comm.h"

#include <math.h>
#include <stdlib.h>

enum { SMALL_ROUNDS = 200, LARGE_ROUNDS = 8, LARGE = 1 << 22 };

static void send_to(const tren_comm *comm, int peer, void *bytes, int n) {
    MPI_Send(bytes, n, MPI_BYTE, peer, TREN_TAG_GATHER, mpi_of(comm));
}
static void receive_from(const tren_comm *comm, int peer, void *bytes, int n) {
    MPI_Recv(bytes, n, MPI_BYTE, peer, TREN_TAG_GATHER, mpi_of(comm), MPI_STATUS_IGNORE);
}

/* The shortest of `rounds` round trips between rank 0 and the peer, halved. Rank 0's return counts;
 * ranks beside the two return at once. */
static double one_way(const tren_comm *comm, int peer, void *bytes, int n, int rounds) {
    double best = INFINITY;
    for (int i = 0; i < rounds; i++) {
        double since = tren_seconds();
        if (comm->rank == 0) send_to(comm, peer, bytes, n);
        if (comm->rank == 0) receive_from(comm, peer, bytes, n);
        if (comm->rank == peer) receive_from(comm, 0, bytes, n);
        if (comm->rank == peer) send_to(comm, 0, bytes, n);
        best = fmin(best, (tren_seconds() - since) / 2);
    }
    return best;
}

tren_status tren_comm_measure_link(tren_link *link, const tren_comm *comm, int peer) {
    char *bytes = NULL;
    *link = (tren_link){NAN, NAN};
    TREN_TRY(tren_comm_agree(comm, tren_alloc(&bytes, LARGE, 1, "a message to measure")));
    if (comm->rank == 0 || comm->rank == peer) {
        one_way(comm, peer, bytes, LARGE, 2); /* connections and buffers */
        double small = one_way(comm, peer, bytes, 8, SMALL_ROUNDS);
        double large = one_way(comm, peer, bytes, LARGE, LARGE_ROUNDS);
        *link = (tren_link){small, fmax(0, large - small) / (LARGE - 8)};
    }
    free(bytes);
    tren_comm_bcast(comm, link, sizeof *link);
    return TREN_OK;
}

int tren_comm_first_elsewhere(const tren_comm *comm) {
    return comm->n_nodes > 1 ? comm->rank_at[comm->node_first[1]] : -1;
}
