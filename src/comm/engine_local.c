/* One rank: its only node is the root. */
#include "comm/reduce.h"

static void ship_nothing(tren_reducer *r, int bucket) {
    (void)r, (void)bucket;
}

const tren_engine tren_engine_local = {.name = "local",
                                       .replicates = true,
                                       .allowed = tren_always_allowed,
                                       .close = tren_do_nothing,
                                       .begin = tren_do_nothing,
                                       .ship = ship_nothing,
                                       .poke = tren_do_nothing,
                                       .wait = tren_do_nothing,
                                       .gather = tren_do_nothing,
                                       .slice = tren_slice_evenly};
