/* Two stages. On each node a shared window: as soon as all its ranks have a bucket, each rank folds
 * its lane of it, of all of them, into the node's part of the tree. Between the nodes: the ranks of
 * one lane exchange their slices, by the engine that suits the number of nodes. New values land in
 * the window, of which all ranks of the node read: one copy of the weights a node. Where nodes have
 * different numbers of ranks, the surplus ones fold and send nothing. */
#include "comm/reduce.h"

#include <stdlib.h>

typedef struct node_stage {
    int *program;    /* the folds of this node's tree nodes, one after the other */
    int *begin;      /* [tree nodes + 1] where each fold begins */
    real **node;     /* [tree nodes] where it is folded to: its first operand */
    int n;           /* tree nodes of this node */
    int unfolded;    /* buckets [0, unfolded) are not folded yet */
    int late;        /* a rank of this node that has not shipped enough */
    uint64_t before; /* buckets of earlier steps */
    int told; /* buckets [0, told) of this step whose values my lane has, as the others know */
    uint64_t arrived; /* the same, with those of earlier steps */
} node_stage;

static tren_status hierarchical_allowed(const tren_reducer *r) {
    int size = r->comm->size, nodes = r->comm->n_nodes;
    if (nodes == 1 || nodes == size)
        return tren_fail(TREN_ERR_USAGE,
                         "reduction: hierarchical is for several nodes with several ranks on any, "
                         "not for %d rank%s on %d node%s; use auto",
                         size, size > 1 ? "s" : "", nodes, nodes > 1 ? "s" : "");
    return tren_window_fits(r, "hierarchical");
}

/* The first of this node's ranks' tree nodes. */
static int first_leaf(const tren_reducer *r) {
    return r->ranks.first[r->comm->node_first[r->comm->node]];
}

static tren_status plan_folds(tren_reducer *r, node_stage *h) {
    const tren_node *mine = r->nodes.all + r->nodes.first[r->comm->node];
    int from = first_leaf(r);
    size_t n = (size_t)h->n;
    size_t n_leaf = (size_t)(r->ranks.first[r->comm->node_first[r->comm->node + 1]] - from);
    TREN_TRY(tren_alloc(&h->program, 2 * n_leaf, sizeof *h->program, "the node stage"));
    TREN_TRY(tren_alloc(&h->begin, n + 1, sizeof *h->begin, "the node stage"));
    TREN_TRY(tren_alloc(&h->node, n, sizeof *h->node, "the node stage"));
    for (int k = 0; k < h->n; k++) {
        int steps = tren_plan_fold(h->program + h->begin[k], &r->ranks, mine[k], from);
        h->begin[k + 1] = h->begin[k] + steps;
        from += (steps + 1) / 2;
    }
    return TREN_OK;
}

static tren_status prepare(tren_reducer *r) {
    node_stage *h = NULL;
    TREN_TRY(tren_alloc(&h, 1, sizeof *h, "the node stage"));
    r->node_stage = h;
    h->n = tren_plan_nodes(&r->nodes, r->comm->node);
    TREN_TRY(plan_folds(r, h));
    TREN_TRY(r->stage->open(r));
    if (r->stage->replicates) {
        TREN_TRY(tren_arena_open(&r->own.value, r->n));
        r->bytes += r->n * sizeof(real);
    }
    return tren_window_prepare(r);
}

static tren_status hierarchical_open(tren_reducer *r) {
    /* Agree first: creating a window is collective. */
    TREN_TRY(tren_comm_agree(r->comm, prepare(r)));
    tren_window_open(r);
    node_stage *h = r->node_stage;
    for (int k = 0; k < h->n; k++)
        h->node[k] = r->window.leaf[h->program[h->begin[k]] - first_leaf(r)];
    r->net.node = h->node;
    r->value = r->stage->replicates ? r->own.value.at : r->window.common;
    if (r->stage->replicates) r->sum = r->window.common;
    return TREN_OK;
}

static void hierarchical_close(tren_reducer *r) {
    node_stage *h = r->node_stage;
    if (!h) return;
    r->stage->close(r);
    free(h->program);
    free(h->begin);
    free(h->node);
    free(h);
}

static void hierarchical_begin(tren_reducer *r) {
    node_stage *h = r->node_stage;
    h->unfolded = r->bucket.n;
    r->stage->begin(r);
}

/* Buckets go from the last to the first, so their number says which are there. */
static uint64_t count_at(const tren_reducer *r, int bucket) {
    const node_stage *h = r->node_stage;
    return h->before + (uint64_t)(r->bucket.n - bucket);
}

static void hierarchical_ship(tren_reducer *r, int bucket) {
    _Atomic uint64_t *shipped = &r->window.of[r->comm->local_rank]->shipped;
    atomic_store_explicit(shipped, count_at(r, bucket), memory_order_release);
}

static void fold_lane(tren_reducer *r, int bucket) {
    const node_stage *h = r->node_stage;
    tren_span lane = r->net.lane[bucket];
    int first = first_leaf(r), n_leaf = (h->begin[h->n] + h->n) / 2;
    for (int i = 0; i < n_leaf; i++) r->operands.leaf[first + i] = r->window.leaf[i] + lane.off;
    for (int k = 0; k < h->n; k++)
        tren_fold_program(h->node[k] + lane.off, r->operands.leaf, h->program + h->begin[k],
                          h->begin[k + 1] - h->begin[k], r->kernels, lane.len);
}

static void poke_gradients(tren_reducer *r) {
    node_stage *h = r->node_stage;
    while (h->unfolded > 0 && tren_window_shipped(r, count_at(r, h->unfolded - 1), &h->late)) {
        fold_lane(r, --h->unfolded);
        r->stage->ship(r, h->unfolded);
    }
    r->stage->poke(r);
}

/* Also until the others have read the weights for the last time in this step. */
static void hierarchical_wait(tren_reducer *r) {
    node_stage *h = r->node_stage;
    const tren_comm *comm = r->comm;
    for (int spins = 0; h->unfolded > 0; spins++) {
        poke_gradients(r);
        if (h->unfolded == 0) break;
        tren_waiting_for(comm, comm->rank_at[comm->node_first[comm->node] + h->late]);
        tren_pause(spins, comm->crowded);
    }
    tren_waiting_for(comm, -1);
    h->before += (uint64_t)r->bucket.n;
    r->stage->wait(r);
    if (r->stage->replicates) tren_window_meet(r); /* all lanes of the sum are there */
}

/* ---- the values: each rank receives those of its lane, in the window ------------------------- */

static void hierarchical_gather(tren_reducer *r) {
    node_stage *h = r->node_stage;
    h->told = 0;
    if (!r->stage->arrive) r->step.arrived = r->bucket.n;
    r->stage->gather(r);
}

/* Bucket h->told of my lane is here: the node's ranks may read it. */
static void tell_arrived(tren_reducer *r) {
    node_stage *h = r->node_stage;
    _Atomic uint64_t *arrived = &r->window.of[r->comm->local_rank]->arrived;
    r->stage->arrive(r, h->told++);
    atomic_store_explicit(arrived, ++h->arrived, memory_order_release);
}

static void hierarchical_poke(tren_reducer *r) {
    node_stage *h = r->node_stage;
    poke_gradients(r);
    while (r->step.arrived < r->bucket.n && h->told < r->bucket.n && r->stage->here(r, h->told))
        tell_arrived(r);
}

/* Whether all lanes have the bucket's values. */
static bool bucket_is_here(const tren_reducer *r, int bucket, int *late) {
    const node_stage *h = r->node_stage;
    uint64_t before = h->arrived - (uint64_t)h->told;
    return h->told > bucket && tren_window_arrived(r, before + (uint64_t)bucket + 1, late);
}

static bool hierarchical_here(const tren_reducer *r, int bucket) {
    int first = 0;
    return bucket_is_here(r, bucket, &first);
}

static void hierarchical_arrive(tren_reducer *r, int bucket) {
    node_stage *h = r->node_stage;
    const tren_comm *comm = r->comm;
    while (h->told <= bucket) tell_arrived(r);
    for (int spins = 0; !bucket_is_here(r, bucket, &h->late); spins++) {
        tren_waiting_for(comm, comm->rank_at[comm->node_first[comm->node] + h->late]);
        tren_pause(spins, comm->crowded);
        hierarchical_poke(r);
    }
    tren_waiting_for(comm, -1);
}

const tren_engine tren_engine_hierarchical = {.name = "hierarchical",
                                              .windowed = true,
                                              .allowed = hierarchical_allowed,
                                              .open = hierarchical_open,
                                              .close = hierarchical_close,
                                              .begin = hierarchical_begin,
                                              .ship = hierarchical_ship,
                                              .poke = hierarchical_poke,
                                              .wait = hierarchical_wait,
                                              .gather = hierarchical_gather,
                                              .here = hierarchical_here,
                                              .arrive = hierarchical_arrive};
