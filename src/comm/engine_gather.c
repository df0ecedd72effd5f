/* Small models: every node to every rank, one message each; all fold, update and own everything,
 * nothing is sent back. One latency a step instead of two or more. */
#include "comm/reduce.h"

#include <stdlib.h>

typedef struct gather_state {
    tren_arena inbox; /* [nodes of others][n] */
    MPI_Request *request;
    int *peer;
    const real **leaf;
    int n;
} gather_state;

static tren_status gather_allowed(const tren_reducer *r) {
    if (r->n * (size_t)tren_reducer_max_nodes(r) < (size_t)1 << 30) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "reduction: gather is for small models, not for %zu values; use auto", r->n);
}

static tren_status gather_open(tren_reducer *r) {
    gather_state *s = NULL;
    TREN_TRY(tren_alloc(&s, 1, sizeof *s, "the gather engine"));
    r->state = s;
    int n_all = r->ranks.first[r->ranks.n];
    TREN_TRY(tren_arena_open(&s->inbox, (size_t)(n_all - r->n_mine) * r->n));
    size_t messages = 2 * (size_t)r->comm->size;
    TREN_TRY(tren_alloc(&s->request, messages, sizeof *s->request, "messages"));
    TREN_TRY(tren_alloc(&s->peer, messages, sizeof *s->peer, "messages"));
    r->bytes += s->inbox.len * sizeof(real);
    return tren_alloc(&s->leaf, (size_t)n_all, sizeof *s->leaf, "the gather engine");
}

static void gather_close(tren_reducer *r) {
    gather_state *s = r->state;
    if (!s) return;
    tren_arena_close(&s->inbox);
    free(s->request);
    free(s->peer);
    free(s->leaf);
    free(s);
}

static void gather_begin(tren_reducer *r) {
    gather_state *s = r->state;
    real *into = s->inbox.at;
    s->n = 0;
    for (int q = 0; q < r->ranks.n; q++) {
        int first = r->ranks.first[q], count = tren_plan_nodes(&r->ranks, q);
        for (int k = 0; k < count; k++)
            s->leaf[first + k] = q == r->net.me ? r->node[k] : into + (size_t)k * r->n;
        if (q == r->net.me) continue;
        s->peer[s->n] = r->net.peer[q];
        MPI_Irecv(into, count * (int)r->n, TREN_MPI_REAL, r->net.peer[q], TREN_TAG_NODE,
                  mpi_of(r->comm), &s->request[s->n++]);
        into += (size_t)count * r->n;
    }
}

/* Everything goes in one message: node arenas lie one after the other. */
static void gather_ship(tren_reducer *r, int bucket) {
    gather_state *s = r->state;
    (void)bucket;
    for (int i = 1; i < r->ranks.n; i++) {
        int q = r->net.peer[(r->net.me + i) % r->ranks.n];
        s->peer[s->n] = q;
        MPI_Isend(r->node[0], r->n_mine * (int)r->n, TREN_MPI_REAL, q, TREN_TAG_NODE,
                  mpi_of(r->comm), &s->request[s->n++]);
    }
}

static void gather_wait(tren_reducer *r) {
    gather_state *s = r->state;
    tren_wait_all(r->comm, s->request, s->peer, s->n);
}

static void gather_operands(const tren_reducer *r, const real **leaf, size_t off) {
    const gather_state *s = r->state;
    for (int g = 0; g < r->ranks.first[r->ranks.n]; g++) leaf[g] = s->leaf[g] + off;
}

const tren_engine tren_engine_gather = {.name = "gather",
                                        .replicates = true,
                                        .whole = true,
                                        .allowed = gather_allowed,
                                        .open = gather_open,
                                        .close = gather_close,
                                        .begin = gather_begin,
                                        .ship = gather_ship,
                                        .poke = tren_do_nothing,
                                        .wait = gather_wait,
                                        .operands = gather_operands,
                                        .gather = tren_do_nothing,
                                        .slice = tren_slice_evenly};
