/* Base: status and error text, arenas, counter-based randomness, digests, the canonical tree, time,
 * log. Nothing here is collective; every function may be called from any rank and any thread. */
#ifndef TREN_BASE_H
#define TREN_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define TREN_VERSION "0.1.0"

/* The floating-point type of weights, activations and gradients: float in libtren, double in
 * libtren64. */
#ifdef TREN_DOUBLE
typedef double real;
#define TREN_REAL_NAME "double"
#else
typedef float real;
#define TREN_REAL_NAME "float"
#endif

/* ---- status ---------------------------------------------------------------------------------- */

/* The value of a status is the program's exit code. */
typedef enum tren_status {
    TREN_OK = 0,
    TREN_ERR_INTERNAL = 1,   /* out of memory, or a bug of ours */
    TREN_ERR_USAGE = 2,      /* command line or config */
    TREN_ERR_ENV = 3,        /* the environment: MPI launch, libraries, locks, permissions */
    TREN_ERR_DATA = 4,       /* a dataset or source file */
    TREN_ERR_DIVERGED = 5,   /* a loss or weight is not finite */
    TREN_ERR_STALLED = 6,    /* no progress for stall_timeout seconds */
    TREN_ERR_CHECKPOINT = 7, /* a checkpoint could not be written or read */
    TREN_REQUEUE = 75        /* saved after a signal or at max_time: continue with --resume */
} tren_status;

/* Sets the error text of this thread and returns `status`, so that a check takes one line. The text
 * names the key or file, its value and the remedy; it has no final newline. */
tren_status tren_fail(tren_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Puts "text: " in front of this thread's error text. Returns `status`. */
tren_status tren_fail_in(tren_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The text of this thread's last failure; valid until the next one. Never NULL. */
const char *tren_error_text(void);

/* Returns from the calling function when `call` fails. */
#define TREN_TRY(call)                                                                             \
    do {                                                                                           \
        tren_status try_status_ = (call);                                                          \
        if (try_status_ != TREN_OK) return try_status_;                                            \
    } while (0)
/* Sets the local variable `st`, and jumps to the label `done` if `call` fails. */
#define TREN_GOTO(call)                                                                            \
    do {                                                                                           \
        st = (call);                                                                               \
        if (st != TREN_OK) goto done;                                                              \
    } while (0)

/* ---- memory ---------------------------------------------------------------------------------- */

typedef struct tren_span {
    size_t off, len; /* a range of an arena, in elements */
} tren_span;

typedef struct tren_arena {
    real *at; /* owned, 64-byte aligned, zero when opened */
    size_t len;
} tren_arena;

tren_status tren_arena_open(tren_arena *arena, size_t len);
void tren_arena_close(tren_arena *arena); /* accepts the empty value */

/* "out of memory: 1.5 GiB for WHAT; ..." (bytes 0: size not known). TREN_ERR_ENV, with the limit in
 * the text, if RLIMIT_AS or RLIMIT_DATA limits the process; else TREN_ERR_INTERNAL. */
tren_status tren_fail_memory(double bytes, const char *what);
/* Zeroed memory, or tren_fail_memory. Free with free(). */
tren_status tren_alloc(void *out, size_t count, size_t size, const char *what);
/* `list` is the address of a pointer to an array from tren_alloc or malloc, or to NULL. The array
 * gets room for `count` elements of `size` bytes and keeps those it has; new ones are not zeroed.
 * If it fails (tren_fail_memory) the array stays as it was. */
tren_status tren_resize(void *list, size_t count, size_t size, const char *what);
/* Makes room for element n of such an array. *room is the number of elements that fit; it doubles
 * if n has reached it. */
tren_status tren_grow(void *list, size_t n, size_t *room, size_t size, const char *what);

/* *out = a * b; false, and SIZE_MAX, on overflow. For sizes that come from a file. `out` may point
 * to a or b. */
bool tren_size_mul(size_t *out, size_t a, size_t b);

typedef struct tren_shape {
    int c, h, w; /* channels, height, width; a table row of f columns is {f, 1, 1} */
} tren_shape;

static inline int tren_shape_size(tren_shape s) {
    return s.c * s.h * s.w;
}

/* ---- counter-based randomness ---------------------------------------------------------------- */

/* Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). A draw is
 * a pure function of (seed, purpose, sub, a, b, block); there is no state to keep or save. */
typedef enum tren_purpose {
    TREN_RNG_SPLIT = 1,    /* a = 0, b = 0: the shuffle before the split */
    TREN_RNG_ORDER = 2,    /* a = epoch, b = shard: the order of a shard's rows */
    TREN_RNG_INIT = 3,     /* a = parameter, b = 0 */
    TREN_RNG_DROPOUT = 4,  /* a = epoch, b = sample, sub = layer */
    TREN_RNG_AUGMENT = 5,  /* a = epoch, b = sample; sub 0: the map, 1: the noise */
    TREN_RNG_MAKE = 6,     /* synthetic data: a = part or 0, b = sample */
    TREN_RNG_TEST = 7,     /* tests and self-tests */
    TREN_RNG_TAKE = 8,     /* which rows of the pool are kept: a = class, b = row of the class */
    TREN_RNG_NOISE = 9,    /* label noise: a = 0, b = row of the training part */
    TREN_RNG_BUCKET = 10,  /* a = epoch, b = pool of steps: their order, see tren_order_by_length */
    TREN_RNG_DECODE = 11,  /* a = text, b = 0, element: the token's place: see tren_decode */
    TREN_RNG_LAUNCHES = 12 /* the order of launches in a measurement: a = round */
} tren_purpose;

typedef struct tren_rng {
    uint32_t key[2];     /* the seed */
    uint32_t counter[3]; /* purpose and sub-stream, a, b */
} tren_rng;

/* sub: a further index below 2^24 (a layer, for example). */
tren_rng tren_rng_open(uint64_t seed, tren_purpose purpose, uint32_t sub, uint32_t a, uint32_t b);
/* The four 32-bit words of block `block`. */
void tren_rng_words(uint32_t out[4], const tren_rng *rng, uint32_t block);
/* One uniform draw in [0,1), 53 bits, from element `index` (two elements share a block). */
double tren_rng_uniform(const tren_rng *rng, uint32_t index);
/* One standard normal draw (Box-Muller), from element `index` (one block each). */
double tren_rng_normal(const tren_rng *rng, uint32_t index);
/* A uniform integer in [0, n), n > 0, with negligible bias (64-bit multiply-shift). */
uint32_t tren_rng_below(const tren_rng *rng, uint32_t index, uint32_t n);
/* A uniformly random permutation of 0..n-1 (Fisher-Yates on the draws of `rng`). */
void tren_rng_permutation(uint32_t *out, const tren_rng *rng, uint32_t n);

/* ---- digests --------------------------------------------------------------------------------- */

/* XXH3, 64 bits, seed 0 (libxxhash). */
uint64_t tren_digest(const void *bytes, size_t n);
typedef struct tren_digest_state tren_digest_state;
tren_status tren_digest_open(tren_digest_state **state);
void tren_digest_add(tren_digest_state *state, const void *bytes, size_t n);
uint64_t tren_digest_value(const tren_digest_state *state);
void tren_digest_close(tren_digest_state *state); /* accepts NULL */

/* ---- the canonical tree ---------------------------------------------------------------------- */

/* The binary tree over [0, n): node [a, b) is a leaf when b - a = 1, else the sum of its halves [a,
 * mid) and [mid, b), mid = (a + b) / 2. Every sum over shards or blocks is computed along this
 * tree, left operand first. */
typedef struct tren_node {
    int a, b;
} tren_node;

static inline int tren_node_mid(tren_node x) {
    return (x.a + x.b) / 2;
}

/* Splits [0, n) among `size` ranks as evenly as possible; rank r's part is [first(r), first(r +
 * 1)). */
static inline int tren_part_first(int n, int size, int rank) {
    return (int)((int64_t)n * rank / size);
}

/* The maximal nodes of the tree over [0, n) that lie within [lo, hi), from left to right. Returns
 * their number; out may be NULL (count only), else it has room for TREN_TREE_MAX_NODES. */
int tren_tree_nodes(tren_node *out, int n, int lo, int hi);

#define TREN_TREE_MAX_NODES 128

/* A fold as a program for a stack machine: a step >= 0 pushes the leaf of this number, TREN_FOLD
 * replaces the two topmost values by their sum. */
#define TREN_FOLD (-1)
/* The postfix program that evaluates `node`: 2*(b-a) - 1 steps. */
void tren_tree_program(int *step, tren_node node);
/* The sum of n doubles along the canonical tree; 0 for n = 0. */
double tren_tree_sum(const double *leaf, int n);

/* ---- time, log ------------------------------------------------------------------------------- */

double tren_seconds(void); /* monotonic clock */

typedef struct tren_log {
    FILE *out;  /* not owned; NULL: silent */
    FILE *file; /* not owned; a second sink (the run folder's log), or NULL */
} tren_log;

/* One line, flushed; newline added, control characters escaped. log may be NULL. */
void tren_log_line(const tren_log *log, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
