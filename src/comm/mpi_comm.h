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

static inline MPI_Comm mpi_of(const tren_comm *comm) {
    return *(MPI_Comm *)comm->mpi;
}

static inline void tren_waiting_for(const tren_comm *comm, int peer) {
    if (comm->watch) atomic_store_explicit(&comm->watch->peer, peer, memory_order_relaxed);
}

/* Waits for all of them, telling the watchdog whose message is missing. */
void tren_wait_all(const tren_comm *comm, MPI_Request *request, const int *peer, int n);
/* Progress without waiting. True when all are done. */
bool tren_test_all(MPI_Request *request, int n);

#endif
