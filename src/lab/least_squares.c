#include "lab/least_squares.h"

#include <stdlib.h>
#include <string.h>

static void add_to(double *sum, const double *x, size_t n) {
    for (size_t i = 0; i < n; i++) sum[i] += x[i];
}

/* The fold of the shards of a node, depth first: at most one vector a level is kept. room: that of
 * the levels below. */
static void fold_node(double *sum, size_t n, tren_node node, lab_shard_fn fn, void *ctx,
                      double *room) {
    if (node.b - node.a == 1) {
        fn(ctx, sum, node.a);
        return;
    }
    int mid = tren_node_mid(node);
    fold_node(sum, n, (tren_node){node.a, mid}, fn, ctx, room + n);
    fold_node(room, n, (tren_node){mid, node.b}, fn, ctx, room + n);
    add_to(sum, room, n);
}

/* The nodes of a rank's shards, in their order, as a slice of those of all ranks. */
static int nodes_of(tren_node *out, const tren_comm *comm, int rank) {
    return tren_tree_nodes(out, LAB_SHARDS, tren_part_first(LAB_SHARDS, comm->size, rank),
                           tren_part_first(LAB_SHARDS, comm->size, rank + 1));
}

/* The ranks' nodes and their sums, of which number `next` is the next to be used. */
typedef struct parts {
    const tren_node *node;
    const double *sum;
    int next;
} parts;

/* The tree above the ranks' nodes. */
static void fold_above(double *sum, size_t n, tren_node at, parts *p, double *room) {
    if (at.a == p->node[p->next].a && at.b == p->node[p->next].b) {
        memcpy(sum, p->sum + (size_t)p->next++ * n, n * sizeof *sum);
        return;
    }
    int mid = tren_node_mid(at);
    fold_above(sum, n, (tren_node){at.a, mid}, p, room + n);
    fold_above(room, n, (tren_node){mid, at.b}, p, room + n);
    add_to(sum, room, n);
}

enum { LEVELS = 5 }; /* of the tree over LAB_SHARDS, and one to spare */

tren_status lab_fold(double *sum, size_t n, const tren_comm *comm, lab_shard_fn fn, void *ctx) {
    tren_node node[TREN_TREE_MAX_NODES], mine[TREN_TREE_MAX_NODES];
    int first[LAB_SHARDS + 1] = {0}, n_mine = nodes_of(mine, comm, comm->rank), n_all = 0;
    for (int r = 0; r < comm->size; r++) {
        n_all += nodes_of(node + n_all, comm, r);
        first[r + 1] = n_all * (int)n;
    }
    double *part = NULL, *all = NULL, *room = NULL;
    tren_status st = tren_alloc(&part, (size_t)n_mine * n, sizeof *part, "a sum");
    if (st == TREN_OK) st = tren_alloc(&room, LEVELS * n, sizeof *room, "a sum");
    if (st == TREN_OK && comm->rank == 0)
        st = tren_alloc(&all, (size_t)n_all * n, sizeof *all, "a sum");
    st = tren_comm_agree(comm, st);
    if (st == TREN_OK) {
        for (int k = 0; k < n_mine; k++) fold_node(part + (size_t)k * n, n, mine[k], fn, ctx, room);
        tren_comm_gather(comm, all, part, first);
        if (comm->rank == 0)
            fold_above(sum, n, (tren_node){0, LAB_SHARDS}, &(parts){node, all, 0}, room);
        tren_comm_bcast(comm, sum, n * sizeof *sum);
    }
    free(part);
    free(all);
    free(room);
    return st;
}

tren_status lab_min_norm(double *w, const double *phi, const double *y, int n, int d, int columns) {
    int m = d < n ? d : n;
    double *gram = NULL, *right = NULL;
    tren_status st = TREN_OK;
    TREN_GOTO(tren_alloc(&gram, (size_t)m * m, sizeof *gram, "a Gram matrix"));
    TREN_GOTO(tren_alloc(&right, (size_t)m * columns, sizeof *right, "a least-squares problem"));
    if (d < n) {
        tren_dgemm(gram, phi, phi, (tren_gemm_shape){.m = d, .n = d, .k = n, .ta = true}, 1, 0);
        tren_dgemm(right, phi, y, (tren_gemm_shape){.m = d, .n = columns, .k = n, .ta = true}, 1,
                   0);
        TREN_GOTO(tren_symmetric_solve(w, gram, right, d, columns, LAB_CUTOFF));
    } else {
        tren_dgemm(gram, phi, phi, (tren_gemm_shape){.m = n, .n = n, .k = d, .tb = true}, 1, 0);
        TREN_GOTO(tren_symmetric_solve(right, gram, y, n, columns, LAB_CUTOFF));
        tren_dgemm(w, phi, right, (tren_gemm_shape){.m = d, .n = columns, .k = n, .ta = true}, 1,
                   0);
    }
done:
    free(gram);
    free(right);
    return st;
}
