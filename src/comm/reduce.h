/* Private to comm: the plan of a reduction, and what an engine is. */
#ifndef TREN_COMM_REDUCE_H
#define TREN_COMM_REDUCE_H

#include "comm/mpi_comm.h"

typedef struct tren_engine {
    const char *name;
    bool replicates; /* every rank ends with the whole sum and owns everything */
    /* TREN_ERR_USAGE or TREN_ERR_ENV with the remedy when this launch does not allow the engine. */
    tren_status (*allowed)(const tren_reducer *r);
    /* Provides r->value and r->node (default: arenas of its own) and the engine's state. */
    tren_status (*open)(tren_reducer *r);
    void (*close)(tren_reducer *r);
    void (*begin)(tren_reducer *r);
    void (*ship)(tren_reducer *r, int bucket); /* its gradients are final; never blocks */
    void (*poke)(tren_reducer *r);
    void (*wait)(tren_reducer *r); /* everything for my pieces is here */
    /* leaf [n_all]: where each node's values from `off` on lie. NULL: `wait` has folded already. */
    void (*operands)(const tren_reducer *r, const real **leaf, size_t off);
    void (*gather)(tren_reducer *r);
    /* Which part of a bucket a rank owns. */
    tren_span (*slice)(const tren_reducer *r, int bucket, int rank);
} tren_engine;

extern const tren_engine tren_engine_local, tren_engine_shared, tren_engine_halving,
    tren_engine_direct, tren_engine_gather, tren_engine_mpi;

enum { TREN_WINDOW_FOLDER = 256 };

struct tren_reducer {
    const tren_engine *engine;
    const tren_kernels *kernels; /* not owned */
    tren_comm *comm;             /* not owned */
    size_t n;
    int shards;
    int *first;     /* [size+1] first shard of each rank; owned */
    tren_node *all; /* [n_all] the nodes of all ranks from left to right; owned */
    int n_all;
    int *first_node; /* [size+1] first of each rank's nodes in all; owned */
    int *program;    /* [2*n_all-1] the fold of all nodes into the root; owned */
    int n_mine;      /* nodes of this rank, from all[first_node[rank]] on */
    real **node;     /* [n_mine] owned list */
    real *value;
    tren_arena value_arena, node_arena; /* where node and value lie unless the engine has its own */
    tren_span *bucket;                  /* ascending; owned */
    int n_buckets;
    int unshipped;       /* buckets [0, unshipped) are not shipped yet */
    bool waited, folded; /* how far this step's reduction is */
    tren_span *piece;    /* mine; owned */
    int n_pieces;
    const real **leaf; /* [n_all] operands of a fold; owned */
    double *chunk;     /* sums of squares by chunk; owned, made on first use */
    size_t bytes;
    double window_room; /* bytes; the same on every rank */
    char window_folder[TREN_WINDOW_FOLDER];
    char note[512]; /* what auto has to say */
    void *state;    /* the engine's */
};

/* Values of each bucket but the last: `wanted` or more, such that every rank can own a grain of it
 * and that there are tags for all. */
size_t tren_bucket_len(size_t n, int size, size_t wanted);
/* [size] equal parts of a bucket in units of TREN_REDUCE_GRAIN. */
tren_span tren_slice_evenly(const tren_reducer *r, int bucket, int rank);
/* Default open: arenas of this rank's own. */
tren_status tren_open_arenas(tren_reducer *r);
/* dst [n] = the fold of leaf[0..n_all) [n] each; dst may be one of them. */
void tren_fold_nodes(real *dst, const real *const *leaf, const tren_reducer *r, size_t n);
/* How much is free where MPI makes shared windows, and where that is. Where /dev/shm has not what
 * is needed, MPI is asked whether it was told to use another folder. Collective, the same
 * everywhere. */
double tren_window_room(const tren_comm *comm, double needs, char folder[TREN_WINDOW_FOLDER]);
/* Sets r->window_room, before the shared engine is asked whether it is allowed. Collective. */
void tren_shared_find_room(tren_reducer *r);
tren_status tren_always_allowed(const tren_reducer *r);
void tren_do_nothing(tren_reducer *r);

#endif
