#include "comm/mpi_comm.h"

bool tren_test_all(MPI_Request *request, int n) {
    int done = 1;
    if (n > 0) MPI_Testall(n, request, &done, MPI_STATUSES_IGNORE);
    return done;
}

void tren_wait_all(const tren_comm *comm, MPI_Request *request, const int *peer, int n) {
    for (int i = 0; i < n; i++) {
        if (request[i] == MPI_REQUEST_NULL) continue;
        tren_waiting_for(comm, peer[i]);
        MPI_Wait(&request[i], MPI_STATUS_IGNORE);
    }
    tren_waiting_for(comm, -1);
}
