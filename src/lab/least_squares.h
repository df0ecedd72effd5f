/* Private to lab: minimum-norm least squares whose sums are folded along the canonical tree. */
#ifndef TREN_LAB_LEAST_SQUARES_H
#define TREN_LAB_LEAST_SQUARES_H

#include "tren/lab.h"

enum { LAB_SHARDS = 8 }; /* of every such sum; so many ranks can share one */
#define LAB_CUTOFF 1e-10

/* Fills out [n] with what shard s brings. Not collective. */
typedef void (*lab_shard_fn)(void *ctx, double *out, int shard);
/* sum [n], on every rank the same bits whatever their number: the shards' vectors, each computed by
 * one rank, folded along the tree over LAB_SHARDS. Collective. */
tren_status lab_fold(double *sum, size_t n, const tren_comm *comm, lab_shard_fn fn, void *ctx);

/* w [d, columns]: the solution of smallest norm of phi w = y, phi [n, d], y [n, columns]. Not
 * collective. */
tren_status lab_min_norm(double *w, const double *phi, const double *y, int n, int d, int columns);

#endif
