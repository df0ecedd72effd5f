/* The plain alternative: MPI_Iallreduce of each bucket. Its order of summation is MPI's, so its
 * bits are too. */
#include "comm/reduce.h"
#include "tren/kernels.h"

#include <stdlib.h>

typedef struct mpi_state {
    MPI_Request *request; /* [n_buckets] */
    int *peer;            /* unknown: -1 */
} mpi_state;

static tren_status mpi_open(tren_reducer *r) {
    mpi_state *s = NULL;
    TREN_TRY(tren_alloc(&s, 1, sizeof *s, "the mpi engine"));
    r->state = s;
    TREN_TRY(tren_alloc(&s->request, (size_t)r->bucket.n, sizeof *s->request, "the mpi engine"));
    TREN_TRY(tren_alloc(&s->peer, (size_t)r->bucket.n, sizeof *s->peer, "the mpi engine"));
    for (int b = 0; b < r->bucket.n; b++) s->peer[b] = -1;
    return TREN_OK;
}

static void mpi_close(tren_reducer *r) {
    mpi_state *s = r->state;
    if (!s) return;
    free(s->request);
    free(s->peer);
    free(s);
}

static void mpi_begin(tren_reducer *r) {
    mpi_state *s = r->state;
    for (int b = 0; b < r->bucket.n; b++) s->request[b] = MPI_REQUEST_NULL;
}

static void mpi_ship(tren_reducer *r, int b) {
    mpi_state *s = r->state;
    tren_span all = r->bucket.at[b];
    for (int k = 1; k < r->n_mine; k++)
        r->kernels->add(r->node[0] + all.off, r->node[k] + all.off, all.len);
    MPI_Iallreduce(MPI_IN_PLACE, r->node[0] + all.off, (int)all.len, TREN_MPI_REAL, MPI_SUM,
                   mpi_of(r->comm), &s->request[b]);
}

static void mpi_poke(tren_reducer *r) {
    mpi_state *s = r->state;
    tren_test_all(s->request, r->bucket.n);
}

static void mpi_wait(tren_reducer *r) {
    mpi_state *s = r->state;
    tren_wait_all(r->comm, s->request, s->peer, r->bucket.n);
}

const tren_engine tren_engine_mpi = {.name = "mpi",
                                     .replicates = true,
                                     .allowed = tren_always_allowed,
                                     .open = mpi_open,
                                     .close = mpi_close,
                                     .begin = mpi_begin,
                                     .ship = mpi_ship,
                                     .poke = mpi_poke,
                                     .wait = mpi_wait,
                                     .gather = tren_do_nothing,
                                     .slice = tren_slice_evenly};
