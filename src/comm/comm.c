#include "tren/comm.h"
#include "comm/mpi_comm.h"

#include <stdlib.h>
#include <string.h>

const char *const tren_phase_name[TREN_N_PHASES] = {"setup",  "data",   "forward",  "backward",
                                                    "reduce", "update", "evaluate", "checkpoint"};

tren_status tren_comm_wrap(tren_comm *comm, void *mpi_comm) {
    *comm = (tren_comm){0};
    TREN_TRY(tren_alloc(&comm->mpi, 1, sizeof(MPI_Comm), "a communicator"));
    MPI_Comm_dup(*(MPI_Comm *)mpi_comm, (MPI_Comm *)comm->mpi);
    tren_guard_comm(mpi_of(comm));
    MPI_Comm_rank(mpi_of(comm), &comm->rank);
    MPI_Comm_size(mpi_of(comm), &comm->size);
    return tren_comm_find_nodes(comm, -1);
}

tren_status tren_comm_open(tren_comm *comm) {
    int level = MPI_THREAD_SINGLE;
    MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level);
    MPI_Comm world = MPI_COMM_WORLD;
    tren_guard_comm(world); /* for calls that are about no communicator of ours */
    TREN_TRY(tren_comm_wrap(comm, &world));
    comm->world = true;
    return TREN_OK;
}

tren_status tren_comm_split(tren_comm *part, const tren_comm *comm, int colour) {
    MPI_Comm mine;
    MPI_Comm_split(mpi_of(comm), colour, comm->rank, &mine);
    tren_status st = tren_comm_wrap(part, &mine);
    MPI_Comm_free(&mine);
    part->node_ranks = comm->node_ranks;
    part->node_memory = comm->node_memory;
    return st;
}

void tren_comm_close(tren_comm *comm) {
    if (!comm->mpi) return;
    MPI_Comm_free((MPI_Comm *)comm->mpi);
    free(comm->mpi);
    free(comm->node_first);
    free(comm->place);
    free(comm->rank_at);
    if (comm->world) MPI_Finalize();
    *comm = (tren_comm){0};
}

void tren_comm_abort(const tren_comm *comm, int code) {
    MPI_Abort(mpi_of(comm), code);
    abort(); /* MPI_Abort does not return; the compiler cannot know */
}

/* Graver statuses first: what a user must mend comes before what follows from it. */
static int gravity(tren_status status) {
    static const tren_status order[] = {TREN_OK,          TREN_REQUEUE,      TREN_ERR_DIVERGED,
                                        TREN_ERR_STALLED, TREN_ERR_INTERNAL, TREN_ERR_CHECKPOINT,
                                        TREN_ERR_DATA,    TREN_ERR_ENV,      TREN_ERR_USAGE};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (order[i] == status) return (int)i;
    return 1;
}

typedef struct verdict {
    int gravity, rank;
} verdict;

/* The gravest verdict of all, of the lowest rank that has it, on every rank. Up a tree by single
 * messages, so that a rank that never comes can be named; collectives of MPI would not tell. */
static verdict find_gravest(const tren_comm *comm, verdict worst) {
    for (int bit = 1; bit < comm->size; bit <<= 1) {
        if (comm->rank & bit) {
            MPI_Send(&worst, 2, MPI_INT, comm->rank - bit, TREN_TAG_AGREE, mpi_of(comm));
            break;
        }
        if (comm->rank + bit >= comm->size) continue;
        verdict other;
        tren_waiting_for(comm, comm->rank + bit);
        MPI_Recv(&other, 2, MPI_INT, comm->rank + bit, TREN_TAG_AGREE, mpi_of(comm),
                 MPI_STATUS_IGNORE);
        if (other.gravity > worst.gravity) worst = other;
    }
    tren_comm_bcast(comm, &worst, sizeof worst);
    return worst;
}

tren_status tren_comm_agree(const tren_comm *comm, tren_status status) {
    verdict worst = find_gravest(comm, (verdict){gravity(status), comm->rank});
    if (worst.gravity == 0) return TREN_OK;
    struct {
        int status;
        char text[2048];
    } message = {.status = status};
    snprintf(message.text, sizeof message.text, "%s", tren_error_text());
    MPI_Bcast(&message, (int)sizeof message, MPI_BYTE, worst.rank, mpi_of(comm));
    return tren_fail((tren_status)message.status, "%s", message.text);
}

void tren_bcast(MPI_Comm comm, void *bytes, size_t n) {
    const size_t most = (size_t)1 << 30; /* counts are int */
    for (size_t off = 0; off < n; off += most) {
        int count = (int)(n - off < most ? n - off : most);
        MPI_Bcast((char *)bytes + off, count, MPI_BYTE, 0, comm);
    }
}

void tren_comm_bcast(const tren_comm *comm, void *bytes, size_t n) {
    if (comm->rank > 0) tren_waiting_for(comm, 0);
    tren_bcast(mpi_of(comm), bytes, n);
    tren_waiting_for(comm, -1);
}

void tren_comm_allgather(const tren_comm *comm, double *all, const double *mine, int n) {
    MPI_Allgather(mine, n, MPI_DOUBLE, all, n, MPI_DOUBLE, mpi_of(comm));
}

void tren_comm_sum(const tren_comm *comm, double *sum, int n) {
    MPI_Allreduce(MPI_IN_PLACE, sum, n, MPI_DOUBLE, MPI_SUM, mpi_of(comm));
}

void tren_comm_barrier(const tren_comm *comm) {
    MPI_Barrier(mpi_of(comm));
}

void tren_comm_gather(const tren_comm *comm, double *all, const double *mine, const int *first) {
    if (comm->rank > 0) {
        MPI_Send(mine, first[comm->rank + 1] - first[comm->rank], MPI_DOUBLE, 0, TREN_TAG_GATHER,
                 mpi_of(comm));
        return;
    }
    memcpy(all, mine, (size_t)(first[1] - first[0]) * sizeof *all);
    for (int r = 1; r < comm->size; r++) {
        tren_waiting_for(comm, r);
        MPI_Recv(all + first[r], first[r + 1] - first[r], MPI_DOUBLE, r, TREN_TAG_GATHER,
                 mpi_of(comm), MPI_STATUS_IGNORE);
    }
    tren_waiting_for(comm, -1);
}

void tren_comm_allgather_text(const tren_comm *comm, char (*all)[TREN_COMM_TEXT],
                              const char *mine) {
    char text[TREN_COMM_TEXT] = "";
    snprintf(text, sizeof text, "%s", mine);
    MPI_Allgather(text, TREN_COMM_TEXT, MPI_CHAR, all, TREN_COMM_TEXT, MPI_CHAR, mpi_of(comm));
}

tren_status tren_comm_same_text(const tren_comm *comm, const char *what, const char *text,
                                const char *remedy) {
    char mine[TREN_COMM_TEXT] = "", first[TREN_COMM_TEXT];
    snprintf(mine, sizeof mine, "%s", text);
    memcpy(first, mine, sizeof first);
    tren_comm_bcast(comm, first, sizeof first);
    tren_status st = TREN_OK;
    if (strcmp(first, mine) != 0)
        st = tren_fail(TREN_ERR_ENV, "%s differs between ranks: %s on rank 0, %s on rank %d; %s",
                       what, first, mine, comm->rank, remedy);
    return tren_comm_agree(comm, st);
}

void tren_comm_version(char *text, size_t n) {
    char version[MPI_MAX_LIBRARY_VERSION_STRING];
    int length = 0;
    MPI_Get_library_version(version, &length);
    version[strcspn(version, ",\n")] = '\0';
    char *label = strstr(version, " Version:"); /* "MPICH Version:\t4.0.2" */
    if (label) {
        char *number = label + strlen(" Version:");
        number += strspn(number, " \t");
        memmove(label + 1, number, strlen(number) + 1);
    }
    snprintf(text, n, "%s", version);
}

tren_status tren_comm_self(tren_comm *comm) {
    MPI_Comm self = MPI_COMM_SELF;
    return tren_comm_wrap(comm, &self);
}

void tren_comm_allreduce(const tren_comm *comm, real *sum, size_t n) {
    MPI_Allreduce(MPI_IN_PLACE, sum, (int)n, TREN_MPI_REAL, MPI_SUM, mpi_of(comm));
}
