/* Recursive halving, then doubling, nearest neighbours first: round k joins parties that differ in
 * bit k, which is the canonical tree itself, as a + b = b + a. Each bucket goes through its rounds
 * by itself while backward goes on.
 *
 * The rabenseifner engine is the same for small models (R. Rabenseifner, "Optimization of
 * collective reduction operations", 2004): sums are sent back instead of values, so that everybody
 * updates and owns everything. Then halves are not bound to whole grains. */
#include "comm/reduce.h"
#include "tren/kernels.h"

#include <stdlib.h>
#include <string.h>

typedef struct bucket_state {
    size_t inbox;    /* where its part begins */
    tren_span mine;  /* what is left of the lane to me */
    tren_span first; /* what was left to me in the first round */
    int round;       /* rounds begun; -1: not shipped */
    int bit;         /* of the round of the values; 0: they are here */
    MPI_Request request[2];
} bucket_state;

typedef struct halving_state {
    tren_arena inbox; /* for each bucket what is sent to me first, one after the other */
    bucket_state *bucket;
    int n_rounds;
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

static tren_span halves(tren_span all, size_t unit, int up_to, int turned) {
    for (int bit = 1; bit <= up_to; bit *= 2) all = half(all, unit, turned & bit);
    return all;
}

/* A party's number, turned so that not always the same ones get the upper half. */
static int turned(int n, int party, size_t turn) {
    return party ^ (int)(turn % (size_t)n);
}

static tren_span halving_slice(tren_span lane, int n, int party, size_t turn) {
    return halves(lane, TREN_REDUCE_GRAIN, n / 2, turned(n, party, turn));
}

static int my_number(const tren_reducer *r, int b) {
    return turned(r->net.plan->n, r->net.me, tren_turn(r, b));
}

static tren_status halving_open(tren_reducer *r) {
    halving_state *s = NULL;
    TREN_TRY(tren_alloc(&s, 1, sizeof *s, "the halving engine"));
    r->state = s;
    TREN_TRY(tren_alloc(&s->bucket, (size_t)r->bucket.n, sizeof *s->bucket, "the halving engine"));
    size_t len = 0;
    for (int b = 0; b < r->bucket.n; b++) {
        s->bucket[b].inbox = len;
        len += half(r->net.lane[b], unit_of(r), my_number(r, b) & 1).len;
    }
    TREN_TRY(tren_arena_open(&s->inbox, len));
    while (1 << s->n_rounds < r->net.plan->n) s->n_rounds++;
    r->bytes += len * sizeof(real);
    return TREN_OK;
}

static void halving_close(tren_reducer *r) {
    halving_state *s = r->state;
    if (!s) return;
    tren_arena_close(&s->inbox);
    free(s->bucket);
    free(s);
}

static real *inbox_of(const halving_state *s, const bucket_state *bucket) {
    return s->inbox.at + bucket->inbox + (bucket->mine.off - bucket->first.off);
}

/* Which of two buckets comes to a round first may differ between partners, so buckets have tags of
 * their own. Rounds need none: each has another partner. */
static void begin_round(tren_reducer *r, int b) {
    halving_state *s = r->state;
    bucket_state *bucket = &s->bucket[b];
    int bit = 1 << bucket->round, number = my_number(r, b), tag = TREN_TAG_NODE + b;
    int partner = r->net.peer[r->net.me ^ bit];
    tren_span give = half(bucket->mine, unit_of(r), !(number & bit));
    bucket->mine = half(bucket->mine, unit_of(r), number & bit);
    bucket->request[0] = bucket->request[1] = MPI_REQUEST_NULL;
    if (bucket->round == 0) bucket->first = bucket->mine;
    if (bucket->mine.len > 0)
        MPI_Irecv(inbox_of(s, bucket), (int)bucket->mine.len, TREN_MPI_REAL, partner, tag,
                  mpi_of(r->comm), &bucket->request[0]);
    if (give.len > 0)
        MPI_Isend(r->net.node[0] + give.off, (int)give.len, TREN_MPI_REAL, partner, tag,
                  mpi_of(r->comm), &bucket->request[1]);
}

static void end_round(tren_reducer *r, int b) {
    halving_state *s = r->state;
    bucket_state *bucket = &s->bucket[b];
    r->kernels->add(r->net.node[0] + bucket->mine.off, inbox_of(s, bucket), bucket->mine.len);
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
        bucket_state *bucket = &s->bucket[b];
        if (bucket->round < 0 || bucket->round >= s->n_rounds) continue;
        if (tren_test_all(bucket->request, 2)) end_round(r, b);
    }
}

static void halving_wait(tren_reducer *r) {
    halving_state *s = r->state;
    for (int b = r->bucket.n - 1; b >= 0; b--) {
        bucket_state *bucket = &s->bucket[b];
        while (bucket->round < s->n_rounds) {
            int partner = r->net.peer[r->net.me ^ (1 << bucket->round)];
            tren_wait_all(r->comm, bucket->request, (int[]){partner, partner}, 2);
            end_round(r, b);
            poke_gradients(r); /* keep the other buckets going */
        }
    }
}

/* ---- the values, or the sums --------------------------------------------------------------------
 */

/* What a party holds of a bucket before the round for `bit`: its slice of the first rounds. */
static tren_span held(const tren_reducer *r, int b, int party, int bit) {
    return halves(r->net.lane[b], unit_of(r), bit, turned(r->net.plan->n, party, tren_turn(r, b)));
}

static void begin_swap(tren_reducer *r, int b) {
    real *all = r->stage->replicates ? r->sum : r->value;
    bucket_state *bucket = &((halving_state *)r->state)->bucket[b];
    int bit = bucket->bit, party = r->net.me ^ bit, partner = r->net.peer[party];
    tren_span mine = held(r, b, r->net.me, bit), theirs = held(r, b, party, bit);
    bucket->request[0] = bucket->request[1] = MPI_REQUEST_NULL;
    if (theirs.len > 0)
        MPI_Irecv(all + theirs.off, (int)theirs.len, TREN_MPI_REAL, partner, TREN_TAG_VALUE + b,
                  mpi_of(r->comm), &bucket->request[0]);
    if (mine.len > 0)
        MPI_Isend(all + mine.off, (int)mine.len, TREN_MPI_REAL, partner, TREN_TAG_VALUE + b,
                  mpi_of(r->comm), &bucket->request[1]);
}

static void end_swap(tren_reducer *r, int b) {
    bucket_state *bucket = &((halving_state *)r->state)->bucket[b];
    bucket->bit /= 2;
    if (bucket->bit > 0) begin_swap(r, b);
}

/* The first buckets are needed first. */
static void halving_gather(tren_reducer *r) {
    halving_state *s = r->state;
    for (int b = 0; b < r->bucket.n; b++) {
        s->bucket[b].bit = r->net.plan->n / 2;
        if (s->bucket[b].bit > 0) begin_swap(r, b);
    }
}

static bool halving_here(const tren_reducer *r, int b) {
    return ((const halving_state *)r->state)->bucket[b].bit == 0;
}

static void poke_values(tren_reducer *r) {
    halving_state *s = r->state;
    for (int b = r->step.arrived; b < r->bucket.n; b++)
        if (s->bucket[b].bit > 0 && tren_test_all(s->bucket[b].request, 2)) end_swap(r, b);
}

static void halving_arrive(tren_reducer *r, int b) {
    bucket_state *bucket = &((halving_state *)r->state)->bucket[b];
    while (bucket->bit > 0) {
        int partner = r->net.peer[r->net.me ^ bucket->bit];
        tren_wait_all(r->comm, bucket->request, (int[]){partner, partner}, 2);
        end_swap(r, b);
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
