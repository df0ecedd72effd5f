/* Private to comm: the MPI side of a communicator. */
#ifndef TREN_COMM_MPI_COMM_H
#define TREN_COMM_MPI_COMM_H

#include "tren/comm.h"

#include <mpi.h>

#ifdef TREN_DOUBLE
#define TREN_MPI_REAL MPI_DOUBLE
#else
#define TREN_MPI_REAL MPI_FLOAT
#endif

/* The standard promises tags up to 32767 and no more (UCX has a few million, others have what they
 * have), so here are all of them. A reduction has two for each of its buckets, of which there are
 * therefore TREN_MAX_BUCKETS at most. */
enum {
    TREN_MAX_BUCKETS = 8192,
    TREN_TAG_NODE = 0,                                  /* + bucket */
    TREN_TAG_VALUE = TREN_TAG_NODE + TREN_MAX_BUCKETS,  /* + bucket */
    TREN_TAG_ALONE = TREN_TAG_VALUE + TREN_MAX_BUCKETS, /* the first that has no buckets */
    TREN_TAG_GATHER = TREN_TAG_ALONE,
    TREN_TAG_AGREE,
    TREN_TAG_COLLECT,
    TREN_N_TAGS
};
_Static_assert(TREN_N_TAGS <= 32768, "every MPI has these tags");

static inline MPI_Comm mpi_of(const tren_comm *comm) {
    return *(MPI_Comm *)comm->mpi;
}

/* Finds out which ranks share a node: those with shared memory, or, where colour >= 0, those of one
 * colour, so that tests can pretend. Again at any time before a reducer is opened. Collective. */
tren_status tren_comm_find_nodes(tren_comm *comm, int colour);
/* From rank 0 of `comm`; any n. */
void tren_bcast(MPI_Comm comm, void *bytes, size_t n);

static inline void tren_waiting_for(const tren_comm *comm, int peer) {
    if (!comm->watch) return;
    atomic_store_explicit(&comm->watch->peer, peer, memory_order_relaxed);
    if (comm->watch->waits) comm->watch->waits(comm->watch->ctx, peer);
}

/* From here on a failing call on this communicator, on those made from it, or on this window ends
 * the job with TREN_ERR_ENV. */
void tren_guard_comm(MPI_Comm comm);
void tren_guard_window(MPI_Win window);

/* Waits for all of them, telling the watchdog whose message is missing. */
void tren_wait_all(const tren_comm *comm, MPI_Request *request, const int *peer, int n);
/* Progress without waiting. True when all are done. */
bool tren_test_all(MPI_Request *request, int n);

#endif
