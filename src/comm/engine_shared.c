/* One node: the ranks' tree nodes and the one copy of the values lie in a shared window. Every rank
 * reads the others' tree nodes where they are, folds and updates its own pieces in place, and a
 * barrier before and after is all there is to send. */
#include "comm/reduce.h"

static tren_status shared_allowed(const tren_reducer *r) {
    if (r->comm->n_nodes > 1)
        return tren_fail(TREN_ERR_USAGE,
                         "reduction: shared needs all ranks on one node, but %d ranks are on %d "
                         "nodes; use auto, halving or direct",
                         r->comm->size, r->comm->n_nodes);
    return tren_window_fits(r, "shared");
}

static tren_status shared_open(tren_reducer *r) {
    /* Agree first: creating a window is collective. */
    TREN_TRY(tren_comm_agree(r->comm, tren_window_prepare(r)));
    tren_window_open(r);
    r->value = r->window.common;
    return TREN_OK;
}

static void ship_nothing(tren_reducer *r, int bucket) {
    (void)r, (void)bucket;
}

static void shared_operands(const tren_reducer *r, const real **leaf, size_t off) {
    for (int g = 0; g < r->ranks.first[r->ranks.n]; g++) leaf[g] = r->window.leaf[g] + off;
}

const tren_engine tren_engine_shared = {.name = "shared",
                                        .windowed = true,
                                        .allowed = shared_allowed,
                                        .open = shared_open,
                                        .close = tren_do_nothing,
                                        .begin = tren_do_nothing,
                                        .ship = ship_nothing,
                                        .poke = tren_do_nothing,
                                        .wait = tren_window_meet,
                                        .operands = shared_operands,
                                        .gather = tren_window_meet,
                                        .slice = tren_slice_evenly};
