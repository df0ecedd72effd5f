/* Comm: the only part that uses MPI. It has communicators, agreement between ranks, and the
 * reduction of gradients along the canonical tree. Functions are Collective over the communicator
 * unless they say otherwise. If an MPI call fails, the job ends with TREN_ERR_ENV and a message
 * that names the call: Open MPI cannot continue after an error. */
#ifndef TREN_COMM_H
#define TREN_COMM_H

#include "tren/base.h"
#include "tren/config.h"
#include "tren/kernels.h"

#ifdef __cplusplus
extern "C" {
#else
#include <stdatomic.h>
#endif
#pragma GCC visibility push(default)

/* ---- what a rank is doing, for the watchdog and the time split ---------------------------------
 */

typedef enum tren_phase {
    TREN_PHASE_SETUP,
    TREN_PHASE_DATA,
    TREN_PHASE_FORWARD,
    TREN_PHASE_BACKWARD,
    TREN_PHASE_REDUCE,
    TREN_PHASE_UPDATE,
    TREN_PHASE_EVALUATE,
    TREN_PHASE_CHECKPOINT,
    TREN_N_PHASES
} tren_phase;
extern const char *const tren_phase_name[TREN_N_PHASES];

/* Written by the rank's main thread, read by its watchdog. C++ has no _Atomic, so this type is
 * incomplete there. */
typedef struct tren_watch tren_watch;
#ifndef __cplusplus
struct tren_watch {
    _Atomic uint64_t beat; /* grows whenever the rank makes progress */
    _Atomic int phase;     /* tren_phase */
    _Atomic int peer;      /* the rank whose message is being waited for, or -1 */
    _Atomic int epoch;
    _Atomic int64_t step;
    void (*waits)(void *ctx, int peer); /* called when `peer` is set; may be NULL */
    void *ctx;
};
#endif

/* ---- communicators ----------------------------------------------------------------------------
 */

typedef struct tren_comm {
    void *mpi; /* MPI_Comm *, owned */
    int rank, size;
    int local_rank, local_size; /* on this node */
    /* The machine. Nodes are numbered in the order of their lowest rank. Places number the ranks
     * node by node, and by rank within a node. If the launcher fills node after node, the place of
     * a rank is its rank. */
    int n_nodes, node;  /* node: this rank's */
    int *node_first;    /* [n_nodes + 1] the first place of each node; owned */
    int *place;         /* [size] of each rank; owned */
    int *rank_at;       /* [size] the rank at each place; owned */
    int node_ranks;     /* ranks of the whole job on this node, including those outside this
                           communicator */
    double node_memory; /* bytes that the batch system grants the job on this node; 0: unknown. Set
                           by the code that reads the environment */
    bool crowded;       /* more ranks on this node than CPUs: a waiting rank must yield its CPU */
    bool world;         /* made by tren_comm_open: close finalizes MPI */
    tren_watch *watch;  /* not owned; NULL: no watchdog */
} tren_comm;

/* Initialises MPI (thread level funneled) and wraps a duplicate of MPI_COMM_WORLD. Once per
 * process. */
tren_status tren_comm_open(tren_comm *comm);
/* Wraps a duplicate of the caller's MPI_Comm (passed by address). The caller keeps its own. */
tren_status tren_comm_wrap(tren_comm *comm, void *mpi_comm);
/* The shards [a, b) of a rank: distributed by place, as evenly as possible. Each node holds a
 * contiguous range, for any numbering of the ranks. Not collective. */
tren_node tren_comm_shards(const tren_comm *comm, int shards, int rank);
/* A communicator of the ranks of one colour, in their order in `comm`. */
tren_status tren_comm_split(tren_comm *part, const tren_comm *comm, int colour);
/* A communicator of this rank only; call it after tren_comm_open. Not collective. */
tren_status tren_comm_self(tren_comm *comm);
void tren_comm_close(tren_comm *comm);
/* Ends the whole job at once with this exit code. Not collective. */
void tren_comm_abort(const tren_comm *comm, int code) __attribute__((noreturn));

/* Every rank gets the most serious status of all ranks, with the error text of the lowest rank that
 * has it. */
tren_status tren_comm_agree(const tren_comm *comm, tren_status status);
void tren_comm_bcast(const tren_comm *comm, void *bytes, size_t n); /* from rank 0; any n */
/* all [size][n]: every rank's n doubles, on every rank. */
void tren_comm_allgather(const tren_comm *comm, double *all, const double *mine, int n);
/* sum [n] over the ranks. The values must be whole numbers with a sum below 2^53, or 0 on all ranks
 * but one: then the order of additions does not change the result. */
void tren_comm_sum(const tren_comm *comm, double *sum, int n);
void tren_comm_barrier(const tren_comm *comm);
/* Plain MPI_Allreduce, sum in place, as a reference for the engines. n < 2^31 */
void tren_comm_allreduce(const tren_comm *comm, real *sum, size_t n);
/* Rank r sends count(r) = first[r+1] - first[r] doubles; rank 0 has all of them in `all`
 * [first[size]]. */
void tren_comm_gather(const tren_comm *comm, double *all, const double *mine, const int *first);
/* all [size][TREN_COMM_TEXT]: every rank's text, cut to fit, on every rank. */
enum { TREN_COMM_TEXT = 64 };
void tren_comm_allgather_text(const tren_comm *comm, char (*all)[TREN_COMM_TEXT], const char *mine);
/* "rank 3 (n02)": this rank and its host. Not collective. Returns out. */
const char *tren_comm_name(char out[TREN_COMM_TEXT], const tren_comm *comm);

/* A message of n bytes takes latency + n * per_byte seconds (Hockney's model). */
typedef struct tren_link {
    double latency, per_byte;
} tren_link;
/* Measures messages between rank 0 and `peer`, another rank: the shortest of many round trips,
 * halved. The same result on every rank. TREN_ERR_INTERNAL: out of memory. */
tren_status tren_comm_measure_link(tren_link *link, const tren_comm *comm, int peer);
/* The first rank on a node other than rank 0's, or -1. Not collective. */
int tren_comm_first_elsewhere(const tren_comm *comm);

/* `ahead` seconds: this rank's tren_seconds() minus rank 0's, at time `at` of this rank's clock. It
 * is wrong by at most `error`, half of the shortest of some round trips (Cristian 1989). On rank 0
 * both are 0. */
typedef struct tren_clock_gap {
    double ahead, error, at;
} tren_clock_gap;
void tren_comm_compare_clocks(tren_clock_gap *gap, const tren_comm *comm);
/* Rank 0 calls fn for each rank, in rank order, with the n < 2^31 bytes of that rank; n may differ
 * between ranks. Rank 0 holds the bytes of one rank at a time. Returns the first failure of fn. */
typedef tren_status (*tren_each_fn)(void *ctx, int rank, const void *bytes, size_t n);
tren_status tren_comm_each(const tren_comm *comm, const void *mine, size_t n, tren_each_fn fn,
                           void *ctx);

/* Facts that must be the same on all ranks: names with values, in the order in which they were
 * added. The empty value has no facts. */
typedef struct tren_facts {
    char *text; /* owned */
    size_t n;
    bool out_of_memory;
    const char *path; /* not owned, may be NULL: the file of these facts, for the message. Ranks may
                         have different paths */
} tren_facts;
void tren_facts_add(tren_facts *facts, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4))); /* Not collective */
void tren_facts_close(tren_facts *facts);  /* accepts the empty value. Not collective */
/* Compares every rank's facts with rank 0's and closes them. A difference is `code` on all ranks:
 * "NAME differs between ranks: VALUE on rank 0 (HOST), VALUE on rank 1 (HOST); REMEDY". */
tren_status tren_comm_same(const tren_comm *comm, tren_facts *facts, tren_status code,
                           const char *remedy);
/* "Open MPI 4.1.4". Not collective, before or after MPI_Init. */
void tren_comm_version(char *text, size_t n);

/* ---- the reduction ----------------------------------------------------------------------------
 */

/* clang-format off */
/* The sum over shards of n values per shard. Each rank provides the tree nodes of its own shards. A
 * step is:
 *   begin
 *   write the gradients into tren_reducer_node(k), calling `ready` from the top of the arena down
 *   finish       this rank's pieces of the sum are final, in tren_reducer_sum
 *   update this rank's pieces of the values
 *   gather       every rank has all values
 * The values have the bits of the canonical tree with every engine but mpi. Instead of gather: call
 * spread, and need before values are read; the values then travel while the next step computes. */
/* clang-format on */
typedef struct tren_reducer tren_reducer;

typedef struct tren_reduce_spec {
    size_t n; /* values */
    int shards;
    const tren_kernels *kernels; /* not owned; NULL: the best level of this CPU */
    int engine;                  /* tren_engine_id */
    size_t bucket;               /* approximate number of values of the longest buckets */
} tren_reduce_spec;

/* TREN_ERR_USAGE: more ranks than shards; an engine that this launch does not allow.
 * TREN_ERR_ENV: no room for a shared window. */
tren_status tren_reducer_open(tren_reducer **reducer, tren_comm *comm,
                              const tren_reduce_spec *spec);
void tren_reducer_close(tren_reducer *reducer);               /* accepts NULL */
const char *tren_reducer_engine(const tren_reducer *reducer); /* the name of the engine in use */
/* Why `auto` did not use the shared window, and the remedy; "" if there is nothing to report. */
const char *tren_reducer_note(const tren_reducer *reducer);
/* Whether messages are sent between begin and wait; `ready` then makes progress on them. */
bool tren_reducer_sends(const tren_reducer *reducer);
int tren_reducer_nodes(const tren_reducer *reducer); /* tree nodes that this rank owns: 1 is best */
int tren_reducer_max_nodes(const tren_reducer *reducer); /* maximum over ranks */
real **tren_reducer_node(const tren_reducer *reducer);   /* [nodes][n], owned by the reducer */
real *tren_reducer_value(
    const tren_reducer *reducer); /* [n], the values; ranks of a node may share them */
const real *tren_reducer_sum(
    const tren_reducer *reducer); /* [n], valid in my pieces after finish */
/* The pieces that this rank owns, ascending, aligned to TREN_REDUCE_GRAIN. Together the pieces of
 * all ranks cover [0, n) once; but if the engine replicates, every rank owns everything. */
enum { TREN_REDUCE_GRAIN = 4096 };
int tren_reducer_pieces(const tren_reducer *reducer, const tren_span **piece);
bool tren_reducer_replicates(const tren_reducer *reducer);
size_t tren_reducer_bytes(
    const tren_reducer *reducer); /* memory of this rank, the values and nodes included */

/* Upper bounds in bytes of the memory of a rank for a reduction by `engine`: its tree nodes, its
 * share of the values, and the data that it receives. If compute nodes have different numbers of
 * ranks, for a rank of the node with the fewest. Not collective. */
typedef struct tren_reduce_room {
    double gradients, values, inbox;
} tren_reduce_room;
tren_reduce_room tren_reduce_memory(size_t n, int shards, int engine, int ranks, int nodes);
/* Whether `auto` takes an engine for small models, which sends nothing before backward has ended,
 * and after it everything. */
bool tren_reduces_at_once(size_t n, int ranks, int nodes);

/* Values of the longest buckets of n values: `wanted` or more, whole grains, not too many buckets
 * for the message tags. */
size_t tren_longest_bucket(size_t n, size_t wanted);
/* Values of the bucket that begins at `start`: as many as all before it, but TREN_FIRST_BUCKET at
 * least and `longest` at most. Backward sends the first bucket last, and then there is no computing
 * left that its transfer could overlap with, so it is short. Most values travel in long buckets. */
enum { TREN_FIRST_BUCKET = 4 * TREN_REDUCE_GRAIN };
size_t tren_bucket_values(size_t start, size_t longest);

void tren_reducer_begin(tren_reducer *reducer);
void tren_reducer_ready(tren_reducer *reducer,
                        size_t lo); /* [lo, n) is final. Not collective, never blocks */
/* Waits for the messages that this rank's pieces of the sum need. Then call tren_reducer_fold for
 * each part, or tren_reducer_finish. */
void tren_reducer_wait(tren_reducer *reducer);
/* Returns the folded values of a part of one piece, in `room` [at.len] or where they are stored
 * already. So the caller can use the sum from the cache without storing it. Not collective. */
const real *tren_reducer_fold(tren_reducer *reducer, tren_span at, real *room);
/* Whether the sum is stored already, by the engine or by `finish`. */
bool tren_reducer_folded(const tren_reducer *reducer);
/* Waits, folds all of my pieces, and stores them for tren_reducer_sum. */
void tren_reducer_finish(tren_reducer *reducer);
void tren_reducer_gather(tren_reducer *reducer); /* spread, then need for all values */
/* This rank's pieces of the values are final; starts to send them. All values must have arrived
 * (need) before the next `begin` and before any other Collective call. */
void tren_reducer_spread(tren_reducer *reducer);
/* Whether values may still be in transit when `spread` returns; the same on every rank. Not
 * collective */
bool tren_reducer_lags(const tren_reducer *reducer);
/* Whether the values [0, end) have arrived. Makes progress on messages. Not collective, never
 * blocks */
bool tren_reducer_here(tren_reducer *reducer, size_t end);
/* Waits for the values [0, end). Not collective, but it waits for other ranks to call spread. */
void tren_reducer_need(tren_reducer *reducer, size_t end);
/* For update rules that need the whole sum on every rank and do the same work on every rank.
 * Instead of `finish` and `gather`: sum [n] <- the whole sum. The values may be overwritten. */
void tren_reducer_sum_everywhere(tren_reducer *reducer, real *sum);
/* The values <- value [n], the same on every rank. */
void tren_reducer_set_values(tren_reducer *reducer, const real *value);
/* Copies the values that rank 0 has written to every rank. */
void tren_reducer_share_values(tren_reducer *reducer);
/* Global sum of squares of the reduced gradient over [0, n_params), added in fixed chunks in one
 * order: the same bits on any number of ranks. */
double tren_reducer_norm_squared(tren_reducer *reducer, size_t n_params);
/* sum [n] in: the sums that this rank computed from its own pieces, 0 elsewhere; out: all sums, the
 * same on every rank. */
void tren_reducer_share_sums(const tren_reducer *reducer, double *sum, int n);
/* full [n] on rank 0 <- the pieces of all ranks; `mine` holds this rank's pieces one after the
 * other. full: rank 0 only. */
void tren_reducer_collect(tren_reducer *reducer, real *full, const real *mine);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
