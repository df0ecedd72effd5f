/* Recursive halving, then doubling, nearest neighbours first: round k joins parties that differ in
 * one digit of their numbers (of one to three bits), which is the canonical tree itself, as
 * a + b = b + a. Digits of more bits need fewer rounds and more messages (M. Ruefenacht, M. Bull
 * and S. Booth, "Generalisation of recursive doubling for AllReduce", 2017). Each bucket goes
 * through its rounds by itself while backward goes on.
 *
 * The rabenseifner engine is the same for small models (R. Rabenseifner, "Optimization of
 * collective reduction operations", 2004): sums are sent back instead of values, so that everybody
 * updates and owns everything. Then slices are not bound to whole grains. */
#include "comm/reduce.h"
#include "tren/kernels.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_ROUNDS = 31, MAX_RADIX = 1 << TREN_HALVING_BITS };
enum { PAIRS_ABOVE = 1 << 17 }; /* values */

typedef struct bucket_state {
    size_t inbox;   /* where its part begins */
    tren_span mine; /* what is left of the lane to me */
    int round;      /* rounds begun; -1: not shipped */
    int back;       /* rounds of the values left; 0: they are here */
} bucket_state;

typedef struct halving_state {
    tren_arena inbox; /* for each bucket what is sent to me in a round, one after the other */
    bucket_state *bucket;
    MPI_Request *request; /* [n_buckets][2 * (MAX_RADIX - 1)] */
    int n_rounds;
    int low[MAX_ROUNDS + 1]; /* round k is about the bits [low[k], low[k + 1]) */
} halving_state;

static tren_status halving_allowed(const tren_reducer *r) {
    if (tren_plan_is_perfect(r->net.plan)) return TREN_OK;
    return tren_fail(
        TREN_ERR_USAGE,
        "reduction: %s needs ranks and shards that are powers of two, not %d ranks and %d "
        "shards; use auto or direct",
        r->engine->name, r->comm->size, r->shards);
}

static size_t unit_of(const tren_reducer *r) {
    return r->stage->replicates ? TREN_SUM_GRAIN : TREN_REDUCE_GRAIN;
}

static tren_span half(tren_span all, size_t unit, bool upper) {
    size_t units = (all.len + unit - 1) / unit;
    size_t low = (units + 1) / 2 * unit;
    if (low > all.len) low = all.len;
    return upper ? (tren_span){all.off + low, all.len - low} : (tren_span){all.off, low};
}

/* The halves that the bits [low, high) of a party's number say. */
static tren_span halves(tren_span all, size_t unit, int low, int high, int number) {
    for (int bit = low; bit < high; bit++) all = half(all, unit, number >> bit & 1);
    return all;
}

/* A party's number, turned so that not always the same ones get the upper half. */
static int turned(int n, int party, size_t turn) {
    return party ^ (int)(turn % (size_t)n);
}

static int count_bits(int n) {
    int bits = 0;
    while (1 << bits < n) bits++;
    return bits;
}

static tren_span halving_slice(tren_span lane, int n, int party, size_t turn) {
    return halves(lane, TREN_REDUCE_GRAIN, 0, count_bits(n), turned(n, party, turn));
}

/* What a party holds of a bucket between the rounds below bit `high` and those from it on. */
static tren_span held(const tren_reducer *r, int b, int party, int high) {
    return halves(r->net.lane[b], unit_of(r), 0, high,
                  turned(r->net.plan->n, party, tren_turn(r, b)));
}

/* The rounds of the longest buckets; the others take the same. Where much is left, two by two,
 * because then the sums of one bucket are formed while the next one travels. Of what is small, more
 * parties exchange in fewer rounds; but not where a unit has more than four parties, as its owner
 * would get it from all of them at once. (Measured in simulation. Rounds of their own for the
 * shorter buckets were 7 % faster on 16 nodes, and 2 to 4 % slower on 64, 256 and 16 of 16 ranks.)
 */
static void plan_rounds(halving_state *s, int parties, size_t units, size_t len) {
    int bits = count_bits(parties), widest = 4 * units < (size_t)parties ? 1 : TREN_HALVING_BITS;
    for (int at = 0; at < bits; s->low[++s->n_rounds] = at) {
        int left = bits - at, rounds = (left + widest - 1) / widest;
        at += len >> at > PAIRS_ABOVE ? 1 : (left + rounds - 1) / rounds;
    }
}

static int radix(const halving_state *s, int round) {
    return 1 << (s->low[round + 1] - s->low[round]);
}

static size_t inbox_len(const tren_reducer *r, const halving_state *s, int b) {
    size_t most = 0;
    for (int k = 0; k < s->n_rounds; k++) {
        size_t len = held(r, b, r->net.me, s->low[k + 1]).len * (size_t)(radix(s, k) - 1);
        if (len > most) most = len;
    }
    return most;
}

static tren_status halving_open(tren_reducer *r) {
    halving_state *s = NULL;
    size_t n = (size_t)r->bucket.n, len = 0;
    TREN_TRY(tren_alloc(&s, 1, sizeof *s, "the halving engine"));
    r->state = s;
    TREN_TRY(tren_alloc(&s->bucket, n, sizeof *s->bucket, "the halving engine"));
    TREN_TRY(
        tren_alloc(&s->request, 2 * (MAX_RADIX - 1) * n, sizeof *s->request, "the halving engine"));
    size_t lane = r->longest / (size_t)r->net.n_lanes;
    plan_rounds(s, r->net.plan->n, lane / unit_of(r), lane);
    for (int b = 0; b < r->bucket.n; b++) {
        s->bucket[b].inbox = len;
        len += inbox_len(r, s, b);
    }
    TREN_TRY(tren_arena_open(&s->inbox, len));
    r->bytes += len * sizeof(real);
    return TREN_OK;
}

static void halving_close(tren_reducer *r) {
    halving_state *s = r->state;
    if (!s) return;
    tren_arena_close(&s->inbox);
    free(s->bucket);
    free(s->request);
    free(s);
}

static MPI_Request *requests_of(const halving_state *s, int b) {
    return s->request + (ptrdiff_t)2 * (MAX_RADIX - 1) * b;
}

static bool test_round(const halving_state *s, int b, int round) {
    return tren_test_all(requests_of(s, b), 2 * (radix(s, round) - 1));
}

static void wait_round(const tren_reducer *r, int b, int round) {
    const halving_state *s = r->state;
    int peer[2 * (MAX_RADIX - 1)], n = 0;
    for (int j = 1; j < radix(s, round); j++, n += 2)
        peer[n] = peer[n + 1] = r->net.peer[r->net.me ^ j << s->low[round]];
    tren_wait_all(r->comm, requests_of(s, b), peer, n);
}

typedef struct swap {
    real *in, *out;
    size_t n_in, n_out;
    int party, tag;
} swap;

/* Which of two buckets comes to a round first may differ between partners, so buckets have tags of
 * their own. Rounds need none: each has other partners. */
static void begin_swap(const tren_reducer *r, MPI_Request *request, const swap *x) {
    int partner = r->net.peer[x->party];
    request[0] = request[1] = MPI_REQUEST_NULL;
    if (x->n_in > 0)
        MPI_Irecv(x->in, (int)x->n_in, TREN_MPI_REAL, partner, x->tag, mpi_of(r->comm),
                  &request[0]);
    if (x->n_out > 0)
        MPI_Isend(x->out, (int)x->n_out, TREN_MPI_REAL, partner, x->tag, mpi_of(r->comm),
                  &request[1]);
}

static void begin_round(tren_reducer *r, int b) {
    const halving_state *s = r->state;
    bucket_state *bucket = &s->bucket[b];
    int low = s->low[bucket->round], high = s->low[bucket->round + 1];
    bucket->mine = held(r, b, r->net.me, high);
    for (int j = 1; j < 1 << (high - low); j++) {
        int party = r->net.me ^ j << low;
        tren_span give = held(r, b, party, high);
        begin_swap(r, requests_of(s, b) + 2 * (j - 1),
                   &(swap){.in = s->inbox.at + bucket->inbox + (size_t)(j - 1) * bucket->mine.len,
                           .n_in = bucket->mine.len,
                           .out = r->net.node[0] + give.off,
                           .n_out = give.len,
                           .party = party,
                           .tag = TREN_TAG_NODE + b});
    }
}

/* As a + b = b + a, the tree seen from me has me as its first leaf, and then, from the nearest to
 * the farthest, the others. The fold of 2 or 4 leaves is where that of 8 begins. */
static void end_round(tren_reducer *r, int b) {
    static const int program[2 * MAX_RADIX - 1] = {
        0, 1,         TREN_FOLD, 2, 3,         TREN_FOLD, TREN_FOLD, 4,
        5, TREN_FOLD, 6,         7, TREN_FOLD, TREN_FOLD, TREN_FOLD};
    const halving_state *s = r->state;
    bucket_state *bucket = &s->bucket[b];
    int n = radix(s, bucket->round);
    const real *leaf[MAX_RADIX] = {r->net.node[0] + bucket->mine.off};
    for (int j = 1; j < n; j++)
        leaf[j] = s->inbox.at + bucket->inbox + (size_t)(j - 1) * bucket->mine.len;
    tren_fold_program(r->net.node[0] + bucket->mine.off, leaf, program, 2 * n - 1, r->kernels,
                      bucket->mine.len);
    if (++bucket->round < s->n_rounds) begin_round(r, b);
}

static void halving_begin(tren_reducer *r) {
    halving_state *s = r->state;
    for (int b = 0; b < r->bucket.n; b++) s->bucket[b].round = -1;
}

static void halving_ship(tren_reducer *r, int b) {
    halving_state *s = r->state;
    s->bucket[b].mine = r->net.lane[b];
    s->bucket[b].round = 0;
    if (s->n_rounds > 0) begin_round(r, b);
}

static void poke_gradients(tren_reducer *r) {
    halving_state *s = r->state;
    for (int b = r->bucket.n - 1; b >= 0; b--) {
        int round = s->bucket[b].round;
        if (round >= 0 && round < s->n_rounds && test_round(s, b, round)) end_round(r, b);
    }
}

static void halving_wait(tren_reducer *r) {
    halving_state *s = r->state;
    for (int b = r->bucket.n - 1; b >= 0; b--) {
        while (s->bucket[b].round < s->n_rounds) {
            wait_round(r, b, s->bucket[b].round);
            end_round(r, b);
            poke_gradients(r); /* keep the other buckets going */
        }
    }
}

/* ---- the values, or the sums: the same rounds, backwards ------------------------------------- */

static void begin_back(tren_reducer *r, int b) {
    const halving_state *s = r->state;
    real *all = r->stage->replicates ? r->sum : r->value;
    int round = s->bucket[b].back - 1, low = s->low[round], high = s->low[round + 1];
    tren_span mine = held(r, b, r->net.me, high);
    for (int j = 1; j < 1 << (high - low); j++) {
        int party = r->net.me ^ j << low;
        tren_span theirs = held(r, b, party, high);
        begin_swap(r, requests_of(s, b) + 2 * (j - 1),
                   &(swap){.in = all + theirs.off,
                           .n_in = theirs.len,
                           .out = all + mine.off,
                           .n_out = mine.len,
                           .party = party,
                           .tag = TREN_TAG_VALUE + b});
    }
}

static void end_back(tren_reducer *r, int b) {
    bucket_state *bucket = &((halving_state *)r->state)->bucket[b];
    if (--bucket->back > 0) begin_back(r, b);
}

/* The first buckets are needed first. */
static void halving_gather(tren_reducer *r) {
    halving_state *s = r->state;
    for (int b = 0; b < r->bucket.n; b++) {
        s->bucket[b].back = s->n_rounds;
        if (s->n_rounds > 0) begin_back(r, b);
    }
}

static bool halving_here(const tren_reducer *r, int b) {
    return ((const halving_state *)r->state)->bucket[b].back == 0;
}

static void poke_values(tren_reducer *r) {
    const halving_state *s = r->state;
    for (int b = r->step.arrived; b < r->bucket.n; b++)
        if (s->bucket[b].back > 0 && test_round(s, b, s->bucket[b].back - 1)) end_back(r, b);
}

static void halving_arrive(tren_reducer *r, int b) {
    const bucket_state *bucket = &((const halving_state *)r->state)->bucket[b];
    while (bucket->back > 0) {
        wait_round(r, b, bucket->back - 1);
        end_back(r, b);
        poke_values(r); /* keep the other buckets going */
    }
}

static void halving_poke(tren_reducer *r) {
    if (r->step.arrived < r->bucket.n)
        poke_values(r);
    else
        poke_gradients(r);
}

const tren_engine tren_engine_halving = {.name = "halving",
                                         .allowed = halving_allowed,
                                         .open = halving_open,
                                         .close = halving_close,
                                         .begin = halving_begin,
                                         .ship = halving_ship,
                                         .poke = halving_poke,
                                         .wait = halving_wait,
                                         .gather = halving_gather,
                                         .here = halving_here,
                                         .arrive = halving_arrive,
                                         .slice = halving_slice};

static void rabenseifner_wait(tren_reducer *r) {
    const bucket_state *all = ((const halving_state *)r->state)->bucket;
    halving_wait(r);
    if (r->sum != r->net.node[0])
        memcpy(r->sum + all->mine.off, r->net.node[0] + all->mine.off,
               all->mine.len * sizeof(real));
    halving_gather(r);
    halving_arrive(r, 0);
}

static tren_status rabenseifner_allowed(const tren_reducer *r) {
    TREN_TRY(halving_allowed(r));
    return tren_allowed_if_small(r);
}

const tren_engine tren_engine_rabenseifner = {.name = "rabenseifner",
                                              .replicates = true,
                                              .whole = true,
                                              .allowed = rabenseifner_allowed,
                                              .open = halving_open,
                                              .close = halving_close,
                                              .begin = halving_begin,
                                              .ship = halving_ship,
                                              .poke = halving_poke,
                                              .wait = rabenseifner_wait,
                                              .gather = tren_do_nothing};
