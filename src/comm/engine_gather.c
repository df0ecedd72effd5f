/* Small models: every node to every rank, one message each; all fold, update and own everything,
 * nothing is sent back. One latency a step instead of two or more. */
#include "comm/reduce.h"

#include <stdlib.h>

typedef struct gather_state {
    tren_arena inbox; /* [n_all - n_mine][n] */
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
    TREN_TRY(tren_open_arenas(r));
    TREN_TRY(tren_arena_open(&s->inbox, (size_t)(r->n_all - r->n_mine) * r->n));
    size_t messages = 2 * (size_t)r->comm->size;
    TREN_TRY(tren_alloc(&s->request, messages, sizeof *s->request, "messages"));
    TREN_TRY(tren_alloc(&s->peer, messages, sizeof *s->peer, "messages"));
    r->bytes += s->inbox.len * sizeof(real);
    return tren_alloc(&s->leaf, (size_t)r->n_all, sizeof *s->leaf, "the gather engine");
}

static void gather_close(tren_reducer *r) {
    gather_state *s = r->state;
    tren_arena_close(&s->inbox);
    free(s->request);
    free(s->peer);
    free(s->leaf);
    free(s);
}

static int nodes_of(const tren_reducer *r, int q) {
    return r->first_node[q + 1] - r->first_node[q];
}

static void gather_begin(tren_reducer *r) {
    gather_state *s = r->state;
    real *into = s->inbox.at;
    s->n = 0;
    for (int q = 0; q < r->comm->size; q++) {
        for (int g = r->first_node[q]; g < r->first_node[q + 1]; g++)
            s->leaf[g] = q == r->comm->rank ? r->node[g - r->first_node[q]]
                                            : into + (size_t)(g - r->first_node[q]) * r->n;
        if (q == r->comm->rank) continue;
        s->peer[s->n] = q;
        MPI_Irecv(into, nodes_of(r, q) * (int)r->n, TREN_MPI_REAL, q, TREN_TAG_NODE,
                  mpi_of(r->comm), &s->request[s->n++]);
        into += (size_t)nodes_of(r, q) * r->n;
    }
}

/* Everything goes in one message, with the lowest bucket: node arenas lie one after the other. */
static void gather_ship(tren_reducer *r, int bucket) {
    gather_state *s = r->state;
    for (int i = 1; i < r->comm->size && bucket == 0; i++) {
        int q = (r->comm->rank + i) % r->comm->size;
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
    for (int g = 0; g < r->n_all; g++) leaf[g] = s->leaf[g] + off;
}

const tren_engine tren_engine_gather = {.name = "gather",
                                        .replicates = true,
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
