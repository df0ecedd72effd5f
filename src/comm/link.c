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

/* ---- clocks ---------------------------------------------------------------------------------- */

enum { CLOCK_ROUNDS = 20 };

/* Rank 0's part: what the peer's clock says lies between its own question and the answer. */
static tren_clock_gap ask_clock(const tren_comm *comm, int peer) {
    tren_clock_gap gap = {.error = INFINITY};
    for (int i = 0; i < CLOCK_ROUNDS; i++) {
        double theirs, asked = tren_seconds();
        send_to(comm, peer, &asked, sizeof asked);
        receive_from(comm, peer, &theirs, sizeof theirs);
        double answered = tren_seconds(), error = (answered - asked) / 2;
        if (error < gap.error)
            gap = (tren_clock_gap){theirs - (asked + answered) / 2, error, theirs};
    }
    send_to(comm, peer, &gap, sizeof gap);
    return gap;
}

static void answer_clock(tren_clock_gap *gap, const tren_comm *comm) {
    for (int i = 0; i < CLOCK_ROUNDS; i++) {
        double asked, mine;
        receive_from(comm, 0, &asked, sizeof asked);
        mine = tren_seconds();
        send_to(comm, 0, &mine, sizeof mine);
    }
    receive_from(comm, 0, gap, sizeof *gap);
}

void tren_comm_compare_clocks(tren_clock_gap *gap, const tren_comm *comm) {
    *gap = (tren_clock_gap){.at = tren_seconds()};
    if (comm->rank > 0) answer_clock(gap, comm);
    for (int peer = 1; comm->rank == 0 && peer < comm->size; peer++) ask_clock(comm, peer);
}

/* ---- one rank after the other ---------------------------------------------------------------- */

static tren_status take_from(const tren_comm *comm, int peer, tren_each_fn fn, void *ctx) {
    uint64_t n;
    char *bytes = NULL;
    receive_from(comm, peer, &n, sizeof n);
    tren_status st = tren_alloc(&bytes, n, 1, "what a rank sends");
    bool wanted = st == TREN_OK;
    send_to(comm, peer, &wanted, sizeof wanted);
    if (wanted) receive_from(comm, peer, bytes, (int)n);
    if (wanted) st = fn(ctx, peer, bytes, n);
    free(bytes);
    return st;
}

static void give(const tren_comm *comm, const void *mine, uint64_t n) {
    bool wanted;
    send_to(comm, 0, &n, sizeof n);
    receive_from(comm, 0, &wanted, sizeof wanted);
    if (wanted) send_to(comm, 0, (void *)(uintptr_t)mine, (int)n);
}

tren_status tren_comm_each(const tren_comm *comm, const void *mine, size_t n, tren_each_fn fn,
                           void *ctx) {
    tren_status st = TREN_OK;
    if (comm->rank > 0) give(comm, mine, n);
    if (comm->rank == 0) st = fn(ctx, 0, mine, n);
    for (int peer = 1; comm->rank == 0 && peer < comm->size; peer++) {
        tren_status one = take_from(comm, peer, fn, ctx);
        if (st == TREN_OK) st = one;
    }
    return tren_comm_agree(comm, st);
}
