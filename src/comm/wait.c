#include "comm/mpi_comm.h"

bool tren_test_all(MPI_Request *request, int n) {
    int done = 1;
    if (n > 0) MPI_Testall(n, request, &done, MPI_STATUSES_IGNORE);
    return done;
}

static int first_pending(const MPI_Request *request, int n) {
    for (int i = 0; i < n; i++)
        if (request[i] != MPI_REQUEST_NULL) return i;
    return -1;
}

void tren_wait_all(const tren_comm *comm, MPI_Request *request, const int *peer, int n) {
    for (int i = first_pending(request, n); i >= 0; i = first_pending(request, n)) {
        tren_waiting_for(comm, peer[i]);
        MPI_Wait(&request[i], MPI_STATUS_IGNORE);
    }
    tren_waiting_for(comm, -1);
}
