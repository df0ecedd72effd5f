/* Folding nodes of several ranks, and what else is computed from the pieces of the sum. */
#include "comm/reduce.h"
#include "tren/kernels.h"

#include <stdlib.h>
#include <string.h>

enum { TILE = 512, MAX_DEPTH = 40 };

/* One tile stays in the first-level cache through the whole program. */
static void fold_tile(real *dst, const real *const *leaf, const int *program, int n_steps,
                      const tren_kernels *kernels, tren_span at) {
    real partial[MAX_DEPTH][TILE];
    const real *stack[MAX_DEPTH];
    int depth = 0, last = n_steps - 1;
    for (int s = 0; s <= last; s++) {
        if (program[s] != TREN_FOLD) {
            stack[depth++] = leaf[program[s]] + at.off;
            continue;
        }
        depth--;
        real *out = s == last ? dst + at.off : partial[depth - 1];
        kernels->sum(out, stack[depth - 1], stack[depth], at.len);
        stack[depth - 1] = out;
    }
    if (last == 0 && stack[0] != dst + at.off) memcpy(dst + at.off, stack[0], at.len * sizeof *dst);
}

void tren_fold_program(real *dst, const real *const *leaf, const int *program, int n_steps,
                       const tren_kernels *kernels, size_t n) {
    for (size_t off = 0; off < n; off += TILE)
        fold_tile(dst, leaf, program, n_steps, kernels,
                  (tren_span){off, n - off < TILE ? n - off : TILE});
}

_Static_assert(TREN_REDUCE_GRAIN % TREN_CHUNK == 0, "a chunk of the norm has one owner");

double tren_reducer_norm_squared(tren_reducer *r, size_t n_params) {
    size_t n = (n_params + TREN_CHUNK - 1) / TREN_CHUNK;
    memset(r->operands.chunk, 0, n * sizeof *r->operands.chunk);
    for (int p = 0; p < r->piece.n; p++) {
        size_t end = r->piece.at[p].off + r->piece.at[p].len;
        if (end > n_params) end = n_params;
        for (size_t i = r->piece.at[p].off; i < end; i += TREN_CHUNK)
            r->operands.chunk[i / TREN_CHUNK] =
                r->kernels->sum_squares(r->sum + i, end - i < TREN_CHUNK ? end - i : TREN_CHUNK);
    }
    tren_reducer_share_sums(r, r->operands.chunk, (int)n);
    return tren_tree_sum(r->operands.chunk, (int)n);
}

/* Each has one owner and is 0 elsewhere, so this sum is exact in any order. */
void tren_reducer_share_sums(const tren_reducer *r, double *sum, int n) {
    if (!r->stage->replicates && r->comm->size > 1)
        MPI_Allreduce(MPI_IN_PLACE, sum, n, MPI_DOUBLE, MPI_SUM, mpi_of(r->comm));
}

static void copy(real *to, const real *from, size_t n) {
    if (to != from) memcpy(to, from, n * sizeof *to);
}

/* Whether there is one copy of the values on a node. */
static bool shares_values(const tren_reducer *r) {
    return r->value == r->window.common;
}

/* Whether a rank can read what the whole sum is made of. */
static bool sees_all(const tren_reducer *r) {
    return r->stage->replicates || r->engine == &tren_engine_shared;
}

void tren_reducer_sum_everywhere(tren_reducer *r, real *sum) {
    tren_reducer_wait(r);
    tren_span all = {0, r->n};
    if (sees_all(r)) copy(sum, tren_reducer_fold(r, all, sum), r->n);
    for (int p = 0; p < r->piece.n && !sees_all(r); p++) {
        real *at = r->value + r->piece.at[p].off;
        copy(at, tren_reducer_fold(r, r->piece.at[p], at), r->piece.at[p].len);
    }
    tren_reducer_gather(r); /* also: nobody overwrites shared nodes that others still read */
    if (sees_all(r)) return;
    memcpy(sum, r->value, r->n * sizeof *sum);
    if (shares_values(r)) tren_window_meet(r); /* nobody writes them while others still read */
}

void tren_reducer_set_values(tren_reducer *r, const real *value) {
    if (!shares_values(r)) {
        memcpy(r->value, value, r->n * sizeof *value);
        return;
    }
    for (int p = 0; p < r->piece.n; p++)
        memcpy(r->value + r->piece.at[p].off, value + r->piece.at[p].off,
               r->piece.at[p].len * sizeof *value);
    tren_reducer_gather(r);
}

static void scatter_pieces(real *full, const real *compact, const tren_reducer *r) {
    for (int p = 0; p < r->piece.n; compact += r->piece.at[p++].len)
        memcpy(full + r->piece.at[p].off, compact, r->piece.at[p].len * sizeof *full);
}

static void receive_pieces(real *full, const tren_reducer *r, int place) {
    int rank = r->comm->rank_at[place];
    tren_waiting_for(r->comm, rank);
    for (int b = 0; b < r->bucket.n; b++) {
        tren_span s = tren_piece_of(r, b, place);
        if (s.len > 0)
            MPI_Recv(full + s.off, (int)s.len, TREN_MPI_REAL, rank, TREN_TAG_COLLECT,
                     mpi_of(r->comm), MPI_STATUS_IGNORE);
    }
}

void tren_reducer_collect(tren_reducer *r, real *full, const real *mine) {
    if (r->stage->replicates || r->comm->size == 1) {
        if (r->comm->rank == 0) memcpy(full, mine, r->n * sizeof *full);
        return;
    }
    if (r->comm->rank > 0) {
        const real *at = mine;
        for (int p = 0; p < r->piece.n; at += r->piece.at[p++].len)
            MPI_Send(at, (int)r->piece.at[p].len, TREN_MPI_REAL, 0, TREN_TAG_COLLECT,
                     mpi_of(r->comm));
        return;
    }
    scatter_pieces(full, mine, r);
    for (int place = 1; place < r->comm->size; place++) receive_pieces(full, r, place);
    tren_waiting_for(r->comm, -1);
}
