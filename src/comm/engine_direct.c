/* Slices straight to their owners, for any number of ranks: as soon as a bucket is final, each of
 * my nodes' slices goes to the rank that owns it, which folds all nodes in the order of the tree.
 * Then owners send updated values. */
#include "comm/reduce.h"

#include <stdlib.h>

typedef struct direct_state {
    tren_arena inbox;        /* [n_all][my slice of each bucket], one after the other */
    size_t *at;              /* [n_buckets] where a bucket's slices begin */
    MPI_Request *in, *out;   /* owned */
    int *in_peer, *out_peer; /* owned */
    int n_in, n_out;
} direct_state;

static tren_status direct_open(tren_reducer *r) {
    direct_state *s = NULL;
    TREN_TRY(tren_alloc(&s, 1, sizeof *s, "the direct engine"));
    r->state = s;
    TREN_TRY(tren_open_arenas(r));
    TREN_TRY(tren_alloc(&s->at, (size_t)r->n_buckets, sizeof *s->at, "the direct engine"));
    size_t foreign = (size_t)(r->n_all - r->n_mine), len = 0;
    for (int b = 0; b < r->n_buckets; b++) {
        s->at[b] = len;
        len += foreign * r->engine->slice(r, b, r->comm->rank).len;
    }
    size_t messages = (size_t)r->n_buckets * (size_t)(r->n_all + r->comm->size) *
                      (size_t)tren_reducer_max_nodes(r);
    TREN_TRY(tren_arena_open(&s->inbox, len));
    TREN_TRY(tren_alloc(&s->in, messages, sizeof *s->in, "messages"));
    TREN_TRY(tren_alloc(&s->out, messages, sizeof *s->out, "messages"));
    TREN_TRY(tren_alloc(&s->in_peer, messages, sizeof *s->in_peer, "messages"));
    TREN_TRY(tren_alloc(&s->out_peer, messages, sizeof *s->out_peer, "messages"));
    r->bytes += len * sizeof(real) + messages * 2 * (sizeof(MPI_Request) + sizeof(int));
    return TREN_OK;
}

static void direct_close(tren_reducer *r) {
    direct_state *s = r->state;
    tren_arena_close(&s->inbox);
    free(s->at);
    free(s->in);
    free(s->out);
    free(s->in_peer);
    free(s->out_peer);
    free(s);
}

static void receive(tren_reducer *r, real *into, size_t len, int from, int tag) {
    direct_state *s = r->state;
    s->in_peer[s->n_in] = from;
    MPI_Irecv(into, (int)len, TREN_MPI_REAL, from, tag, mpi_of(r->comm), &s->in[s->n_in++]);
}

static void send(tren_reducer *r, const real *from, size_t len, int to, int tag) {
    direct_state *s = r->state;
    s->out_peer[s->n_out] = to;
    MPI_Isend(from, (int)len, TREN_MPI_REAL, to, tag, mpi_of(r->comm), &s->out[s->n_out++]);
}

/* All nodes of a bucket have one tag. Messages of one sender, tag and communicator are received in
 * the order in which they were sent, and both sides go through the nodes from the first to the
 * last; a step's are all received before any of the next step is expected. */
static void direct_begin(tren_reducer *r) {
    direct_state *s = r->state;
    s->n_in = s->n_out = 0;
    for (int b = r->n_buckets - 1; b >= 0; b--) {
        size_t len = r->engine->slice(r, b, r->comm->rank).len;
        real *into = s->inbox.at + s->at[b];
        for (int q = 0; q < r->comm->size && len > 0; q++) {
            if (q == r->comm->rank) continue;
            for (int k = 0; k < r->first_node[q + 1] - r->first_node[q]; k++, into += len)
                receive(r, into, len, q, TREN_TAG_NODE + b);
        }
    }
}

static void direct_ship(tren_reducer *r, int b) {
    for (int i = 1; i < r->comm->size; i++) {
        int q = (r->comm->rank + i) % r->comm->size; /* not all to the same rank at once */
        tren_span slice = r->engine->slice(r, b, q);
        for (int k = 0; k < r->n_mine && slice.len > 0; k++)
            send(r, r->node[k] + slice.off, slice.len, q, TREN_TAG_NODE + b);
    }
}

static void direct_poke(tren_reducer *r) {
    direct_state *s = r->state;
    int flag, index;
    if (s->n_out > 0) MPI_Testany(s->n_out, s->out, &index, &flag, MPI_STATUS_IGNORE);
}

/* Folds happen within one piece, which is this rank's slice of one bucket. */
static int bucket_of(const tren_reducer *r, size_t off) {
    return (int)(off / r->bucket[0].len);
}

static void direct_operands(const tren_reducer *r, const real **leaf, size_t off) {
    const direct_state *s = r->state;
    int b = bucket_of(r, off), mine = r->first_node[r->comm->rank];
    tren_span slice = r->engine->slice(r, b, r->comm->rank);
    const real *inbox = s->inbox.at + s->at[b] + (off - slice.off);
    for (int g = 0; g < r->n_all; g++) {
        if (g >= mine && g < mine + r->n_mine) {
            leaf[g] = r->node[g - mine] + off;
        } else {
            leaf[g] = inbox;
            inbox += slice.len;
        }
    }
}

static void direct_wait(tren_reducer *r) {
    direct_state *s = r->state;
    tren_wait_all(r->comm, s->in, s->in_peer, s->n_in);
    tren_wait_all(r->comm, s->out, s->out_peer, s->n_out);
    s->n_in = s->n_out = 0;
}

static void direct_gather(tren_reducer *r) {
    direct_state *s = r->state;
    for (int b = 0; b < r->n_buckets; b++) {
        tren_span mine = r->engine->slice(r, b, r->comm->rank);
        for (int i = 1; i < r->comm->size; i++) {
            int from = (r->comm->rank - i + r->comm->size) % r->comm->size;
            int to = (r->comm->rank + i) % r->comm->size;
            tren_span theirs = r->engine->slice(r, b, from);
            if (theirs.len > 0)
                receive(r, r->value + theirs.off, theirs.len, from, TREN_TAG_VALUE + b);
            if (mine.len > 0) send(r, r->value + mine.off, mine.len, to, TREN_TAG_VALUE + b);
        }
    }
    tren_wait_all(r->comm, s->in, s->in_peer, s->n_in);
    tren_wait_all(r->comm, s->out, s->out_peer, s->n_out);
    s->n_in = s->n_out = 0;
}

const tren_engine tren_engine_direct = {.name = "direct",
                                        .allowed = tren_always_allowed,
                                        .open = direct_open,
                                        .close = direct_close,
                                        .begin = direct_begin,
                                        .ship = direct_ship,
                                        .poke = direct_poke,
                                        .wait = direct_wait,
                                        .operands = direct_operands,
                                        .gather = direct_gather,
                                        .slice = tren_slice_evenly};
