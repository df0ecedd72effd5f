/* Run by smpirun, see test_smpi.sh: on as many simulated ranks as there are, each point-to-point
 * engine gives the bits of a serial fold. A last line says so; without it the run has failed,
 * whatever its exit code. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tren/comm.h"

/* Buckets of 4, 4, 8, 16, 32 and 17 grains: some with fewer than there are ranks. Less for the
 * engine that keeps all nodes everywhere. */
enum { MUCH = 80 * TREN_REDUCE_GRAIN + 37, LITTLE = 5 * TREN_REDUCE_GRAIN + 37, STEPS = 2 };

typedef struct smpi_case {
    tren_comm *comm;
    int shards;
} smpi_case;

/* Numbers of mixed sign and size, so that another order of adding gives other bits. */
static real leaf(int shard, size_t i, int step) {
    uint32_t h =
        (uint32_t)i * 2654435761u ^ (uint32_t)(shard + 1) * 0x9e3779b9u ^ (uint32_t)step * 40503u;
    h ^= h >> 15;
    h *= 0x2c1b3c6du;
    h ^= h >> 12;
    return (real)(int32_t)h * (real)(1.0 / (1 << (h & 15)));
}

static void fold_serially(real *out, size_t n, tren_node x, int step) {
    for (size_t i = 0; i < n && x.b - x.a == 1; i++) out[i] = leaf(x.a, i, step);
    if (x.b - x.a == 1) return;
    real *right = malloc(n * sizeof *right);
    fold_serially(out, n, (tren_node){x.a, tren_node_mid(x)}, step);
    fold_serially(right, n, (tren_node){tren_node_mid(x), x.b}, step);
    for (size_t i = 0; i < n; i++) out[i] += right[i];
    free(right);
}

static void write_my_nodes(tren_reducer *reducer, const smpi_case *c, size_t n, int step) {
    int count = tren_reducer_nodes(reducer);
    tren_node *node = calloc((size_t)count, sizeof *node);
    tren_node mine = tren_comm_shards(c->comm, c->shards, c->comm->rank);
    tren_tree_nodes(node, c->shards, mine.a, mine.b);
    for (int k = 0; k < count; k++) fold_serially(tren_reducer_node(reducer)[k], n, node[k], step);
    free(node);
}

/* One step: my nodes, the sum in my pieces, everybody's pieces. Returns how many values are not
 * what rank 0 folds by itself. */
static size_t run_step(tren_reducer *reducer, const smpi_case *c, size_t n, int step) {
    const tren_span *piece;
    real *value = tren_reducer_value(reducer), *expected = malloc(n * sizeof *expected);
    tren_reducer_begin(reducer);
    write_my_nodes(reducer, c, n, step);
    tren_reducer_finish(reducer);
    int n_pieces = tren_reducer_pieces(reducer, &piece);
    for (int p = 0; p < n_pieces; p++)
        memcpy(value + piece[p].off, tren_reducer_sum(reducer) + piece[p].off,
               piece[p].len * sizeof *value);
    tren_reducer_gather(reducer);
    if (c->comm->rank == 0) fold_serially(expected, n, (tren_node){0, c->shards}, step);
    tren_comm_bcast(c->comm, expected, n * sizeof *expected);
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++) wrong += memcmp(expected + i, value + i, sizeof *value) != 0;
    free(expected);
    return wrong;
}

static bool is_right(const smpi_case *c, int engine, size_t n) {
    tren_reducer *reducer;
    tren_reduce_spec spec = {.n = n, .shards = c->shards, .engine = engine, .bucket = 1 << 17};
    if (tren_reducer_open(&reducer, c->comm, &spec) != TREN_OK) {
        if (c->comm->rank == 0) printf("%s\n", tren_error_text());
        return false;
    }
    double wrong = 0, sum = 0, *all = calloc((size_t)c->comm->size, sizeof *all);
    for (int step = 0; step < STEPS; step++) wrong += (double)run_step(reducer, c, n, step);
    tren_comm_allgather(c->comm, all, &wrong, 1);
    for (int q = 0; q < c->comm->size; q++) sum += all[q];
    if (c->comm->rank == 0)
        printf("%s: %d ranks, %d shards, up to %d nodes a rank: %.0f values are wrong\n",
               tren_reducer_engine(reducer), c->comm->size, c->shards,
               tren_reducer_max_nodes(reducer), sum);
    free(all);
    tren_reducer_close(reducer);
    return sum == 0;
}

static bool is_power_of_two(int n) {
    return (n & (n - 1)) == 0;
}

static bool all_right(const smpi_case *c) {
    bool right = is_right(c, TREN_ENGINE_DIRECT, MUCH) &&
                 is_right(c, TREN_ENGINE_DOUBLING, LITTLE) &&
                 is_right(c, TREN_ENGINE_SCATTER, LITTLE);
    if (is_power_of_two(c->comm->size) && is_power_of_two(c->shards))
        right = right && is_right(c, TREN_ENGINE_HALVING, MUCH) &&
                is_right(c, TREN_ENGINE_RABENSEIFNER, LITTLE);
    if (c->comm->n_nodes > 1 && c->comm->n_nodes < c->comm->size)
        right = right && is_right(c, TREN_ENGINE_HIERARCHICAL, MUCH) &&
                is_right(c, TREN_ENGINE_HIERARCHICAL, TREN_REDUCE_GRAIN);
    return right;
}

/* SHARDS: every engine. SHARDS VALUES: the engine that auto takes for so many. */
int main(int argc, char **argv) {
    tren_comm comm;
    if (tren_comm_open(&comm) != TREN_OK) return 1;
    smpi_case c = {.comm = &comm, .shards = argc > 1 ? atoi(argv[1]) : comm.size};
    size_t n = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    bool right = n > 0 ? is_right(&c, TREN_ENGINE_AUTO, n) : all_right(&c);
    if (comm.rank == 0 && right) printf("all engines are right\n");
    tren_comm_close(&comm);
    return right ? 0 : 1;
}
