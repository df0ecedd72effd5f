/* One node: the ranks' nodes and the one copy of the values lie in a shared window. Every rank
 * reads the others' nodes where they are, folds and updates its own pieces in place, and a barrier
 * before and after is all there is to send. A barrier is a counter per rank: a missing rank can be
 * named. */
#include "comm/reduce.h"
#include "tren/kernels.h"

#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE = 64, SPINS = 2000, BESIDES = 512, MIB = 1 << 20 };

typedef struct shared_state {
    MPI_Comm comm;
    MPI_Win window;
    _Atomic uint64_t **arrived; /* [size], in the window; list owned */
    const real **leaf;          /* [n_all], in the window; list owned */
    uint64_t count;
} shared_state;

static size_t padded(size_t n) {
    return (n * sizeof(real) + LINE - 1) / LINE * LINE / sizeof(real);
}

/* A counter, the nodes of the rank, and on rank 0 the values. */
static size_t bytes_of(const tren_reducer *r, int rank) {
    size_t arrays = (size_t)(r->first_node[rank + 1] - r->first_node[rank]) + (rank == 0 ? 1 : 0);
    return LINE + arrays * padded(r->n) * sizeof(real);
}

/* All ranks' bytes, page by page; what MPI keeps beside them, of which Open MPI wants a twentieth
 * to spare; and a little for its messages, which go through the same folder: where a page is
 * missing later, the rank that touches it is killed. */
static double window_needs(const tren_reducer *r) {
    double page = (double)sysconf(_SC_PAGESIZE), sum = 2 * page;
    for (int q = 0; q < r->comm->size; q++)
        sum += ceil((double)bytes_of(r, q) / page) * page + BESIDES;
    return sum * 1.05 + r->comm->size * MIB;
}

void tren_shared_find_room(tren_reducer *r) {
    if (r->comm->size > 1 && r->comm->n_nodes == 1)
        r->window_room = tren_window_room(r->comm, window_needs(r), r->window_folder);
}

static tren_status shared_allowed(const tren_reducer *r) {
    if (r->comm->n_nodes > 1)
        return tren_fail(TREN_ERR_USAGE,
                         "reduction: shared needs all ranks on one node, but %d ranks are on %d "
                         "nodes; use auto, halving or direct",
                         r->comm->size, r->comm->n_nodes);
    double needs = window_needs(r);
    if (needs <= r->window_room) return TREN_OK;
    return tren_fail(TREN_ERR_ENV,
                     "reduction: shared needs %.1f MiB in %s, where %.1f MiB are free; make it "
                     "larger (docker run --shm-size), or use --reduction direct, which gives the "
                     "same bits",
                     needs / MIB, r->window_folder, r->window_room / MIB);
}

static inline void pause_a_little(int spins, bool crowded) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
    if (crowded || spins > SPINS) sched_yield();
}

static void meet(tren_reducer *r) {
    shared_state *s = r->state;
    uint64_t count = ++s->count;
    atomic_store_explicit(s->arrived[r->comm->rank], count, memory_order_release);
    for (int q = 0; q < r->comm->size; q++) {
        int spins = 0;
        while (atomic_load_explicit(s->arrived[q], memory_order_acquire) < count) {
            if (spins++ == 0) tren_waiting_for(r->comm, q);
            pause_a_little(spins, r->comm->crowded);
        }
    }
    tren_waiting_for(r->comm, -1);
}

static void map_window(tren_reducer *r, shared_state *s) {
    for (int q = 0; q < r->comm->size; q++) {
        MPI_Aint bytes;
        int unit;
        char *base;
        MPI_Win_shared_query(s->window, q, &bytes, &unit, &base);
        s->arrived[q] = (_Atomic uint64_t *)base;
        real *at = (real *)(base + LINE);
        for (int g = r->first_node[q]; g < r->first_node[q + 1]; g++, at += padded(r->n)) {
            s->leaf[g] = at;
            if (q == r->comm->rank) r->node[g - r->first_node[q]] = at;
        }
        if (q == 0) r->value = at;
    }
}

static tren_status open_state(tren_reducer *r) {
    shared_state *s = NULL;
    TREN_TRY(tren_alloc(&s, 1, sizeof *s, "the shared window"));
    r->state = s;
    TREN_TRY(
        tren_alloc(&s->arrived, (size_t)r->comm->size, sizeof *s->arrived, "the shared window"));
    return tren_alloc(&s->leaf, (size_t)r->n_all, sizeof *s->leaf, "the shared window");
}

static void open_window(tren_reducer *r) {
    shared_state *s = r->state;
    MPI_Aint bytes = (MPI_Aint)bytes_of(r, r->comm->rank);
    MPI_Info info;
    MPI_Info_create(&info);
    MPI_Info_set(info, "alloc_shared_noncontig", "true"); /* each rank's part on its own pages */
    MPI_Comm_split_type(mpi_of(r->comm), MPI_COMM_TYPE_SHARED, r->comm->rank, MPI_INFO_NULL,
                        &s->comm);
    void *mine;
    MPI_Win_allocate_shared(bytes, 1, info, s->comm, &mine, &s->window);
    tren_guard_window(s->window);
    MPI_Info_free(&info);
    memset(mine, 0, (size_t)bytes);
    map_window(r, s);
    MPI_Barrier(s->comm);
    r->bytes += (size_t)bytes;
}

static tren_status shared_open(tren_reducer *r) {
    /* A rank that has failed already would be waited for. */
    TREN_TRY(tren_comm_agree(r->comm, open_state(r)));
    open_window(r);
    return TREN_OK;
}

static void shared_close(tren_reducer *r) {
    shared_state *s = r->state;
    if (s->window) MPI_Win_free(&s->window);
    if (s->comm) MPI_Comm_free(&s->comm);
    free(s->arrived);
    free(s->leaf);
    free(s);
}

static void ship_nothing(tren_reducer *r, int bucket) {
    (void)r, (void)bucket;
}

static void shared_operands(const tren_reducer *r, const real **leaf, size_t off) {
    const shared_state *s = r->state;
    for (int g = 0; g < r->n_all; g++) leaf[g] = s->leaf[g] + off;
}

const tren_engine tren_engine_shared = {.name = "shared",
                                        .allowed = shared_allowed,
                                        .open = shared_open,
                                        .close = shared_close,
                                        .begin = tren_do_nothing,
                                        .ship = ship_nothing,
                                        .poke = tren_do_nothing,
                                        .wait = meet,
                                        .operands = shared_operands,
                                        .gather = meet,
                                        .slice = tren_slice_evenly};
