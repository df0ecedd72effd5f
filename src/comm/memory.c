/* What a reduction will take, before there is one. */
#include "comm/reduce.h"

#include <math.h>
#include <stdlib.h>

/* Tree nodes of `parties` that share the shards evenly: all, and the most that one has. */
typedef struct tree_share {
    double all, most;
} tree_share;

static tree_share share_tree(int shards, int parties) {
    tree_share s = {0, 1};
    for (int q = 0; q < parties; q++) {
        int n = tren_tree_nodes(NULL, shards, tren_part_first(shards, parties, q),
                                tren_part_first(shards, parties, q + 1));
        s.all += n;
        s.most = fmax(s.most, n);
    }
    return s;
}

static bool is_power_of_two(int n) {
    return (n & (n - 1)) == 0;
}

static bool is_perfect(int parties, tree_share tree) {
    return is_power_of_two(parties) && tree.all == parties;
}

/* A lane's share of the values, received by one of `parties`: by halving with 8 parties in a round,
 * 7 slices of an eighth; else every foreign tree node's slice. A grain more where slices are not
 * even. */
static double inbox(double lane, int parties, tree_share tree, int engine) {
    if (parties == 1) return 0;
    bool sliced = engine == TREN_ENGINE_DIRECT || engine == TREN_ENGINE_SCATTER;
    if (!sliced && is_perfect(parties, tree))
        return lane - lane / fmin(parties, 1 << TREN_HALVING_BITS);
    return (tree.all - 1) * fmax(lane / parties, fmin(lane, TREN_REDUCE_GRAIN));
}

static double doubling_room(double lane, int parties) {
    int height = 0;
    while (1 << height < parties) height++;
    return parties > 1 ? 2 * (2 * height + 1) * lane : 0;
}

/* What auto takes, too; or the engine asked for. */
static int small_engine(double values, int engine, double lanes, int parties, tree_share tree) {
    if (engine != TREN_ENGINE_AUTO && lanes == 1) return engine;
    return tren_small_engine(values, lanes, parties, is_perfect(parties, tree));
}

/* Values that a rank receives. lanes: ranks that share a window; 1: there is none. */
static double received(double values, int shards, int engine, int ranks, int nodes, double lanes) {
    int parties = lanes > 1 ? nodes : ranks;
    tree_share tree = share_tree(shards, parties);
    int taken = small_engine(values, engine, lanes, parties, tree);
    if ((lanes > 1 && nodes == 1) || engine == TREN_ENGINE_MPI) return 0;
    if (taken == TREN_ENGINE_DOUBLING) return doubling_room(values / lanes, parties);
    return inbox(values / lanes, parties, tree, taken);
}

bool tren_reduces_at_once(size_t n, int ranks, int nodes) {
    return tren_small_engine((double)n, nodes > 1 ? ranks / nodes : 1, nodes > 1 ? nodes : ranks,
                             false) != TREN_ENGINE_AUTO;
}

tren_reduce_room tren_reduce_memory(size_t n, int shards, int engine, int ranks, int nodes) {
    double values = (double)n, local = ranks / nodes;
    bool windowed = local > 1 && (engine == TREN_ENGINE_AUTO || engine == TREN_ENGINE_SHARED ||
                                  engine == TREN_ENGINE_HIERARCHICAL);
    bool own_copy = nodes > 1 && tren_reduces_at_once(n, ranks, nodes);
    double share = windowed && !own_copy ? 1 / local : 1;
    double got = received(values, shards, engine, ranks, nodes, windowed ? local : 1);
    return (tren_reduce_room){.gradients = sizeof(real) * values * share_tree(shards, ranks).most,
                              .values = sizeof(real) * values * share,
                              .inbox = sizeof(real) * got};
}
