/* A window that the ranks of a node share: their tree nodes, and one array besides. Its first rank
 * allocates all of it; each part begins on a page of its own, which its rank is the first to touch.
 * Ranks meet by counters, so a missing rank can be named. */
#include "comm/reduce.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

enum { LINE = 64, PAGE = 4096, BESIDES = 512, MIB = 1 << 20 };

/* ---- room ------------------------------------------------------------------------------------
 * MPI finds out by itself when it is too late: Open MPI fails on the rank that makes the file, and
 * leaves the others waiting for it. */

/* Where MPI was told to put them; false: it does not say. Open MPI looks at all of its plug-ins to
 * answer, which takes its time. */
static bool ask_mpi(char folder[TREN_WINDOW_FOLDER]) {
    char told[4096] = "";
#ifdef OPEN_MPI
    MPI_T_cvar_handle handle;
    int level, index, count;
    if (MPI_T_init_thread(MPI_THREAD_FUNNELED, &level) != MPI_SUCCESS) return false;
    if (MPI_T_cvar_get_index("osc_sm_backing_directory", &index) == MPI_SUCCESS &&
        MPI_T_cvar_handle_alloc(index, NULL, &handle, &count) == MPI_SUCCESS) {
        if (count < (int)sizeof told) MPI_T_cvar_read(handle, told);
        MPI_T_cvar_handle_free(&handle);
    }
    MPI_T_finalize();
#endif
    if (told[0]) snprintf(folder, TREN_WINDOW_FOLDER, "%s", told);
    return told[0];
}

/* Bytes that are free there, on the rank that has least. Where that cannot be told, MPI has to find
 * out. */
static double room_in(const char *folder, const tren_comm *comm) {
    struct statvfs about;
    double room = INFINITY;
    if (statvfs(folder, &about) == 0) room = (double)about.f_bavail * (double)about.f_frsize;
    MPI_Allreduce(MPI_IN_PLACE, &room, 1, MPI_DOUBLE, MPI_MIN, mpi_of(comm));
    return room;
}

double tren_window_room(const tren_comm *comm, double needs, char folder[TREN_WINDOW_FOLDER]) {
    snprintf(folder, TREN_WINDOW_FOLDER, "/dev/shm");
    double room = room_in(folder, comm);
    if (needs > room && ask_mpi(folder)) room = room_in(folder, comm);
    return room;
}

static size_t round_up(size_t n, size_t unit) {
    return (n + unit - 1) / unit * unit;
}

static size_t array_bytes(const tren_reducer *r) {
    return round_up(r->n * sizeof(real), LINE);
}

/* A counter and the tree nodes of the rank. */
static size_t rank_bytes(const tren_reducer *r, int place) {
    return round_up(LINE + (size_t)tren_plan_nodes(&r->ranks, place) * array_bytes(r), PAGE);
}

/* Up to a place of a node. */
static size_t bytes_before(const tren_reducer *r, int node, int place) {
    size_t sum = PAGE; /* to begin on a line */
    for (int q = r->comm->node_first[node]; q < place; q++) sum += rank_bytes(r, q);
    return sum;
}

static size_t window_bytes(const tren_reducer *r, int node) {
    return bytes_before(r, node, r->comm->node_first[node + 1]) + array_bytes(r);
}

/* On the node that needs most: all bytes; what MPI keeps beside them, of which Open MPI wants a
 * twentieth to spare; and a little for its messages, which go through the same folder: where a page
 * is missing later, the rank that touches it is killed. */
static double window_needs(const tren_reducer *r) {
    double most = 0;
    for (int h = 0; h < r->comm->n_nodes; h++) {
        int ranks = r->comm->node_first[h + 1] - r->comm->node_first[h];
        double bytes = (double)window_bytes(r, h) + ranks * BESIDES + 2 * PAGE;
        most = fmax(most, bytes * 1.05 + ranks * (double)MIB);
    }
    return most;
}

void tren_window_find_room(tren_reducer *r) {
    if (r->comm->size > r->comm->n_nodes)
        r->room.bytes = tren_window_room(r->comm, window_needs(r), r->room.folder);
}

tren_status tren_window_fits(const tren_reducer *r, const char *engine) {
    double needs = window_needs(r);
    if (needs <= r->room.bytes) return TREN_OK;
    return tren_fail(TREN_ERR_ENV,
                     "reduction: %s needs %.1f MiB in %s, where %.1f MiB are free; make it "
                     "larger (docker run --shm-size), or use --reduction direct, which gives the "
                     "same bits",
                     engine, needs / MIB, r->room.folder, r->room.bytes / MIB);
}

/* ---- the window ------------------------------------------------------------------------------ */

tren_status tren_window_prepare(tren_reducer *r) {
    tren_window *w = &r->window;
    const int *first = r->comm->node_first + r->comm->node;
    size_t n_leaf = (size_t)(r->ranks.first[first[1]] - r->ranks.first[first[0]]);
    TREN_TRY(tren_alloc(&w->of, (size_t)r->comm->local_size, sizeof *w->of, "the shared window"));
    return tren_alloc(&w->leaf, n_leaf, sizeof *w->leaf, "the shared window");
}

static void map_window(tren_reducer *r, char *base) {
    tren_window *w = &r->window;
    int node = r->comm->node, begin = r->comm->node_first[node], g = 0;
    base = base + (LINE - (uintptr_t)base % LINE) % LINE;
    for (int i = 0; i < r->comm->local_size; i++) {
        char *part = base + bytes_before(r, node, begin + i) - PAGE;
        w->of[i] = (tren_counters *)part;
        for (int k = 0; k < tren_plan_nodes(&r->ranks, begin + i); k++, g++) {
            real *at = (real *)(part + LINE + (size_t)k * array_bytes(r));
            w->leaf[g] = at;
            if (i == r->comm->local_rank) r->node[k] = at;
        }
    }
    w->common = (real *)(base + bytes_before(r, node, begin + r->comm->local_size) - PAGE);
}

void tren_window_open(tren_reducer *r) {
    tren_window *w = &r->window;
    tren_comm *comm = r->comm;
    bool leads = comm->local_rank == 0;
    size_t own = rank_bytes(r, comm->place[comm->rank]);
    MPI_Aint bytes = leads ? (MPI_Aint)window_bytes(r, comm->node) : 0;
    MPI_Comm_split(mpi_of(comm), comm->node, comm->rank, &w->comm);
    MPI_Comm_split(mpi_of(comm), leads ? 0 : MPI_UNDEFINED, comm->rank, &w->leaders);
    char *base;
    int unit;
    MPI_Win_allocate_shared(bytes, 1, MPI_INFO_NULL, w->comm, &base, &w->window);
    tren_guard_window(w->window);
    MPI_Win_shared_query(w->window, 0, &bytes, &unit, &base);
    map_window(r, base);
    memset(w->of[comm->local_rank], 0, own);
    if (leads) memset(w->common, 0, array_bytes(r));
    MPI_Barrier(w->comm);
    r->bytes += own + (leads ? array_bytes(r) : 0);
}

void tren_window_close(tren_reducer *r) {
    tren_window *w = &r->window;
    if (w->common) {
        MPI_Win_free(&w->window);
        MPI_Comm_free(&w->comm);
        if (w->leaders != MPI_COMM_NULL) MPI_Comm_free(&w->leaders);
    }
    free(w->of);
    free(w->leaf);
    *w = (tren_window){0};
}

static void wait_for(const tren_reducer *r, int i, const _Atomic uint64_t *counter,
                     uint64_t count) {
    const tren_comm *comm = r->comm;
    for (int spins = 0; atomic_load_explicit(counter, memory_order_acquire) < count; spins++) {
        if (spins == 0) tren_waiting_for(comm, comm->rank_at[comm->node_first[comm->node] + i]);
        tren_pause(spins, comm->crowded);
    }
}

void tren_window_meet(tren_reducer *r) {
    tren_window *w = &r->window;
    uint64_t count = ++w->meetings;
    atomic_store_explicit(&w->of[r->comm->local_rank]->met, count, memory_order_release);
    for (int i = 0; i < r->comm->local_size; i++) wait_for(r, i, &w->of[i]->met, count);
    tren_waiting_for(r->comm, -1);
}

/* The counter lies `offset` bytes from the beginning of each rank's. */
static bool all_reached(const tren_reducer *r, size_t offset, uint64_t count, int *late) {
    for (int i = 0; i < r->comm->local_size; i++) {
        const void *counter = (const char *)r->window.of[*late] + offset;
        if (atomic_load_explicit((const _Atomic uint64_t *)counter, memory_order_acquire) < count)
            return false;
        *late = (*late + 1) % r->comm->local_size;
    }
    return true;
}

bool tren_window_shipped(const tren_reducer *r, uint64_t count, int *late) {
    return all_reached(r, offsetof(tren_counters, shipped), count, late);
}

bool tren_window_arrived(const tren_reducer *r, uint64_t count, int *late) {
    return all_reached(r, offsetof(tren_counters, arrived), count, late);
}

void tren_window_share(tren_reducer *r) {
    tren_window *w = &r->window;
    if (w->leaders != MPI_COMM_NULL && r->comm->n_nodes > 1)
        tren_bcast(w->leaders, w->common, r->n * sizeof(real));
    tren_window_meet(r);
}
