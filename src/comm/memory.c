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

/* A lane's share of the values, received by one of `parties`: half of it, or every foreign tree
 * node's slice. A grain more where slices are not even. */
static double inbox(double lane, int parties, tree_share tree, int engine) {
    if (parties == 1) return 0;
    if (engine != TREN_ENGINE_DIRECT && is_power_of_two(parties) && tree.all == parties)
        return lane / 2;
    return (tree.all - 1) * fmax(lane / parties, fmin(lane, TREN_REDUCE_GRAIN));
}

static double doubling_room(double lane, int parties) {
    int height = 0;
    while (1 << height < parties) height++;
    return parties > 1 ? 2 * (2 * height + 1) * lane : 0;
}

double tren_reduce_memory(size_t n, int shards, int engine, int ranks, int nodes) {
    double values = (double)n, lanes = ranks / nodes, sum;
    tree_share own = share_tree(shards, ranks), node = share_tree(shards, nodes);
    bool windowed = lanes > 1 && (engine == TREN_ENGINE_AUTO || engine == TREN_ENGINE_SHARED ||
                                  engine == TREN_ENGINE_HIERARCHICAL);
    bool small = values * sizeof(real) <= TREN_SMALL_BYTES;
    double share = windowed && !(small && nodes > 1) ? 1 / lanes : 1;
    sum = values * (own.most + share);
    if (windowed && nodes > 1)
        sum += small ? doubling_room(values / lanes, nodes)
                     : inbox(values / lanes, nodes, node, engine);
    else if (engine == TREN_ENGINE_GATHER)
        sum += values * (own.all - 1);
    else if (engine == TREN_ENGINE_DOUBLING || (engine == TREN_ENGINE_AUTO && small && !windowed))
        sum += doubling_room(values, ranks);
    else if (!windowed && engine != TREN_ENGINE_MPI)
        sum += inbox(values, ranks, own, engine);
    return sum * sizeof(real);
}
