/* Private to comm: the plan of a reduction, and what an engine is. */
#ifndef TREN_COMM_REDUCE_H
#define TREN_COMM_REDUCE_H

#include "comm/mpi_comm.h"

#include <stdatomic.h>

/* Parties (the ranks by place, or the nodes of the machine), each with a contiguous range of
 * shards, and the maximal nodes of the tree within those. */
typedef struct tren_plan {
    int n;          /* parties */
    tren_node *all; /* [first[n]] the nodes of all parties from left to right; owned */
    int *first;     /* [n+1] first of each party's nodes in all; owned */
    int *program;   /* [2*first[n]-1] the fold of all nodes into the root; owned */
} tren_plan;

/* first_shard [n+1] */
tren_status tren_plan_open(tren_plan *plan, int shards, const int *first_shard, int n);
void tren_plan_close(tren_plan *plan); /* accepts the empty value */
int tren_plan_nodes(const tren_plan *plan, int party);
/* The fold of node x, whose leftmost part is all[from]. Returns its number of steps. */
int tren_plan_fold(int *step, const tren_plan *plan, tren_node x, int from);
/* Whether the fold of the parties' nodes is the perfect binary tree over the parties. */
bool tren_plan_is_perfect(const tren_plan *plan);

/* The engine by which auto sums few values, whose sum everybody owns, or TREN_ENGINE_AUTO: n values
 * in equal lanes; perfect: see tren_plan_is_perfect. For few values the time of a message counts,
 * not its bytes; and where there are fewer grains than owners, some owners would wait for the
 * others. Scatter sends the fewest bytes in the fewest steps, but a message to everybody; doubling
 * the fewest messages; rabenseifner is between them, for many parties (measured in simulation). */
int tren_small_engine(double n, double lanes, int parties, bool perfect);

/* Bits of the largest digit by which the halving engine goes through the parties. */
enum { TREN_HALVING_BITS = 3 };

/* ---- the window that the ranks of a node share ------------------------------------------------
 */

enum { TREN_WINDOW_FOLDER = 256 };

/* What a rank tells the others of its node. Only grows. */
typedef struct tren_counters {
    _Atomic uint64_t met;     /* meetings */
    _Atomic uint64_t shipped; /* buckets */
    _Atomic uint64_t arrived; /* buckets whose new values have come to the rank's lane */
} tren_counters;

typedef struct tren_window {
    MPI_Comm comm,
        leaders; /* the ranks of this node; the first ranks of all nodes, if this is one */
    MPI_Win window;
    tren_counters **of; /* [ranks of the node], in the window; list owned */
    real **leaf;        /* [their tree nodes], in the window; list owned */
    real *common;       /* [n] the array that all ranks of the node share */
    uint64_t meetings;
} tren_window;

/* ---- the reduction ----------------------------------------------------------------------------
 */

/* Between whom slices travel: between all ranks, or between the nodes, of which every rank of a
 * lane speaks with the ranks of the same lane elsewhere. */
typedef struct tren_net {
    const tren_plan *plan; /* not owned */
    int me;                /* party */
    int *peer;             /* [plan->n] the rank that speaks for a party in my lane; owned */
    real **node;           /* [my party's nodes] lists of [n] values; not owned */
    int n_lanes;
    tren_span *lane; /* [n_buckets] my lane's part of each bucket; owned */
} tren_net;

typedef struct tren_engine {
    const char *name;
    bool replicates; /* every rank ends with the whole sum and owns everything */
    bool whole;      /* one bucket for everything */
    bool windowed;   /* tree nodes and values lie in a window that the ranks of a node share */
    /* TREN_ERR_USAGE or TREN_ERR_ENV with the remedy when this launch does not allow the engine. */
    tren_status (*allowed)(const tren_reducer *r);
    /* The engine's state; a windowed one also sets r->value and r->node. NULL: there is none. */
    tren_status (*open)(tren_reducer *r);
    void (*close)(tren_reducer *r);
    void (*begin)(tren_reducer *r);
    void (*ship)(tren_reducer *r, int bucket); /* its gradients are final; never blocks */
    void (*poke)(tren_reducer *r);
    void (*wait)(tren_reducer *r); /* everything for my pieces is here */
    /* leaf [all nodes of net.plan]: where each node's values from `off` on lie. NULL: `wait` has
     * folded already. */
    void (*operands)(const tren_reducer *r, const real **leaf, size_t off);
    /* My pieces' values go to everybody: `arrive` waits until those of a bucket are here, and is
     * called for one bucket after the other, from the first. `here` does not wait. NULL: gather
     * itself waits for everything. */
    void (*gather)(tren_reducer *r);
    bool (*here)(const tren_reducer *r, int bucket);
    void (*arrive)(tren_reducer *r, int bucket);
    /* Which part of a lane a party owns, of n. `turn` says where dealing goes on, if there are
     * fewer grains than parties. NULL: slices are the engine's own. */
    tren_span (*slice)(tren_span lane, int n, int party, size_t turn);
} tren_engine;

extern const tren_engine tren_engine_local, tren_engine_shared, tren_engine_hierarchical,
    tren_engine_halving, tren_engine_direct, tren_engine_doubling, tren_engine_scatter,
    tren_engine_rabenseifner, tren_engine_mpi;

/* Parts of the values, in ascending order. */
typedef struct tren_parts {
    tren_span *at; /* owned */
    int n;
} tren_parts;

struct tren_reducer {
    const tren_engine *engine;
    const tren_engine *stage;    /* what goes between the parties: the engine itself, but for the
                                    hierarchical one */
    const tren_kernels *kernels; /* not owned */
    tren_comm *comm;             /* not owned */
    size_t n;
    int shards;
    tren_plan ranks, nodes; /* by place; by node of the machine */
    tren_net net;
    int n_mine;  /* tree nodes of this rank */
    real **node; /* [n_mine] owned list */
    real *value;
    real *sum; /* in my pieces, once it is stored */
    struct {
        tren_arena value, nodes; /* where value and node lie, unless the engine has its own */
    } own;
    tren_parts bucket, piece; /* of all; mine */
    size_t longest;           /* values of the longest bucket */
    struct {                  /* how far this step's reduction is */
        int unshipped;        /* buckets [0, unshipped) are not shipped yet */
        bool waited, folded;
        int arrived; /* buckets [0, arrived) have their new values */
    } step;
    struct {
        const real **leaf; /* [all nodes of all ranks] operands of a fold; owned */
        double *chunk;     /* sums of squares by chunk; owned */
    } operands;
    size_t bytes;
    struct { /* for windows; the same on every rank */
        double bytes;
        char folder[TREN_WINDOW_FOLDER];
    } room;
    tren_window window; /* open for the shared and the hierarchical engine */
    void *node_stage;   /* the hierarchical engine's state */
    void *state;        /* the stage's */
    struct {
        char name[48];
        char note[512]; /* what auto has to say */
    } told;
};

int tren_bucket_count(size_t n, size_t longest);
/* n equal parts in units of TREN_REDUCE_GRAIN. The parties from `turn` on have one more, if they
 * are not even. */
tren_span tren_slice_evenly(tren_span all, int n, int party, size_t turn);
/* Where everybody owns everything, a slice of the sum may end at any line of the cache. */
enum { TREN_SUM_GRAIN = 64 / sizeof(real) };
/* n equal parts in these units. */
tren_span tren_slice_finely(tren_span all, int n, int party, size_t turn);
/* The part of a bucket that the rank at a place owns. */
tren_span tren_piece_of(const tren_reducer *r, int bucket, int place);
/* My lane's and my party's. */
tren_span tren_my_slice(const tren_reducer *r, int bucket);
tren_span tren_slice_of(const tren_reducer *r, int bucket, int party);
size_t tren_turn(const tren_reducer *r, int bucket);
/* dst [n] = the program on leaf [..][n]; dst may be its first leaf. */
void tren_fold_program(real *dst, const real *const *leaf, const int *program, int n_steps,
                       const tren_kernels *kernels, size_t n);
tren_status tren_always_allowed(const tren_reducer *r);
tren_status tren_allowed_if_small(const tren_reducer *r);
void tren_do_nothing(tren_reducer *r);

/* How much is free where MPI makes shared windows, and where that is. Where /dev/shm has not what
 * is needed, MPI is asked whether it was told to use another folder. Collective, the same
 * everywhere. */
double tren_window_room(const tren_comm *comm, double needs, char folder[TREN_WINDOW_FOLDER]);
/* Sets r->room, before engines with a window are asked whether they are allowed.
 * Collective. */
void tren_window_find_room(tren_reducer *r);
/* TREN_ERR_ENV where the windows of all nodes do not fit. */
tren_status tren_window_fits(const tren_reducer *r, const char *engine);
/* Allocates the lists. Then, collective: a window of each node for its ranks' tree nodes and one
 * array besides; sets r->node. */
tren_status tren_window_prepare(tren_reducer *r);
void tren_window_open(tren_reducer *r);
void tren_window_close(tren_reducer *r); /* Collective if it was opened */
/* Every rank of the node is here. */
void tren_window_meet(tren_reducer *r);
/* Whether every rank of the node has shipped so many buckets. *late: where to look first, and who
 * has not. */
bool tren_window_shipped(const tren_reducer *r, uint64_t count, int *late);
/* The same of buckets whose new values have come. */
bool tren_window_arrived(const tren_reducer *r, uint64_t count, int *late);
/* The common array, which rank 0 wrote, on every node. Collective. */
void tren_window_share(tren_reducer *r);
/* In a loop that waits for others of this node. */
void tren_pause(int spins, bool crowded);

#endif
