/* Recursive halving, then doubling, nearest neighbours first: round k joins ranks that differ in
 * bit k, which is the canonical tree itself, as a + b = b + a. Each bucket goes through its rounds
 * by itself while backward goes on. */
#include "comm/reduce.h"
#include "tren/kernels.h"

#include <stdlib.h>

typedef struct bucket_state {
    tren_span mine; /* what is left of the bucket to me */
    int round;      /* rounds begun; -1: not shipped */
    MPI_Request request[2];
} bucket_state;

typedef struct halving_state {
    tren_arena inbox; /* [n], a half lands at its own offset */
    bucket_state *bucket;
    MPI_Request *request; /* [2 * n_buckets] for gather */
    int *peer;
    int n_rounds;
} halving_state;

/* Whether the fold of the ranks' nodes is the perfect binary tree over the ranks. */
static bool perfect(const tren_reducer *r, int *step, int lo, int hi) {
    if (hi - lo == 1) return r->program[(*step)++] == lo;
    int mid = (lo + hi) / 2;
    return perfect(r, step, lo, mid) && perfect(r, step, mid, hi) &&
           r->program[(*step)++] == TREN_FOLD;
}

static tren_status halving_allowed(const tren_reducer *r) {
    int size = r->comm->size, step = 0;
    if ((size & (size - 1)) == 0 && r->n_all == size && perfect(r, &step, 0, size)) return TREN_OK;
    return tren_fail(
        TREN_ERR_USAGE,
        "reduction: halving needs ranks and shards that are powers of two, not %d ranks and %d "
        "shards; use auto or direct",
        size, r->shards);
}

static tren_span half(tren_span all, bool upper) {
    size_t units = (all.len + TREN_REDUCE_GRAIN - 1) / TREN_REDUCE_GRAIN;
    size_t low = (units + 1) / 2 * TREN_REDUCE_GRAIN;
    if (low > all.len) low = all.len;
    return upper ? (tren_span){all.off + low, all.len - low} : (tren_span){all.off, low};
}

static tren_span halving_slice(const tren_reducer *r, int bucket, int rank) {
    tren_span all = r->bucket[bucket];
    for (int bit = 1; bit < r->comm->size; bit *= 2) all = half(all, rank & bit);
    return all;
}

static tren_status halving_open(tren_reducer *r) {
    halving_state *s = NULL;
    TREN_TRY(tren_alloc(&s, 1, sizeof *s, "the halving engine"));
    r->state = s;
    TREN_TRY(tren_open_arenas(r));
    TREN_TRY(tren_arena_open(&s->inbox, r->n));
    TREN_TRY(tren_alloc(&s->bucket, (size_t)r->n_buckets, sizeof *s->bucket, "the halving engine"));
    TREN_TRY(tren_alloc(&s->request, 2 * (size_t)r->n_buckets, sizeof *s->request,
                        "the halving engine"));
    TREN_TRY(tren_alloc(&s->peer, 2 * (size_t)r->n_buckets, sizeof *s->peer, "the halving engine"));
    while (1 << s->n_rounds < r->comm->size) s->n_rounds++;
    r->bytes += r->n * sizeof(real);
    return TREN_OK;
}

static void halving_close(tren_reducer *r) {
    halving_state *s = r->state;
    tren_arena_close(&s->inbox);
    free(s->bucket);
    free(s->request);
    free(s->peer);
    free(s);
}

/* Which of two buckets comes to a round first may differ between partners, so buckets have tags of
 * their own. Rounds need none: each has another partner. */
static void begin_round(tren_reducer *r, int b) {
    halving_state *s = r->state;
    bucket_state *bucket = &s->bucket[b];
    int bit = 1 << bucket->round, partner = r->comm->rank ^ bit, tag = TREN_TAG_NODE + b;
    tren_span give = half(bucket->mine, !(r->comm->rank & bit));
    bucket->mine = half(bucket->mine, r->comm->rank & bit);
    MPI_Irecv(s->inbox.at + bucket->mine.off, (int)bucket->mine.len, TREN_MPI_REAL, partner, tag,
              mpi_of(r->comm), &bucket->request[0]);
    MPI_Isend(r->node[0] + give.off, (int)give.len, TREN_MPI_REAL, partner, tag, mpi_of(r->comm),
              &bucket->request[1]);
}

static void end_round(tren_reducer *r, int b) {
    halving_state *s = r->state;
    bucket_state *bucket = &s->bucket[b];
    r->kernels->add(r->node[0] + bucket->mine.off, s->inbox.at + bucket->mine.off,
                    bucket->mine.len);
    if (++bucket->round < s->n_rounds) begin_round(r, b);
}

static void halving_begin(tren_reducer *r) {
    halving_state *s = r->state;
    for (int b = 0; b < r->n_buckets; b++) s->bucket[b].round = -1;
}

static void halving_ship(tren_reducer *r, int b) {
    halving_state *s = r->state;
    s->bucket[b].mine = r->bucket[b];
    s->bucket[b].round = 0;
    begin_round(r, b);
}

static void halving_poke(tren_reducer *r) {
    halving_state *s = r->state;
    for (int b = r->n_buckets - 1; b >= 0; b--) {
        bucket_state *bucket = &s->bucket[b];
        if (bucket->round < 0 || bucket->round >= s->n_rounds) continue;
        if (tren_test_all(bucket->request, 2)) end_round(r, b);
    }
}

static void halving_wait(tren_reducer *r) {
    halving_state *s = r->state;
    for (int b = r->n_buckets - 1; b >= 0; b--) {
        bucket_state *bucket = &s->bucket[b];
        while (bucket->round < s->n_rounds) {
            int partner = r->comm->rank ^ (1 << bucket->round);
            tren_wait_all(r->comm, bucket->request, (int[]){partner, partner}, 2);
            end_round(r, b);
            halving_poke(r); /* keep the other buckets going */
        }
    }
}

/* What this rank holds of a bucket before the gather's round for `bit`: its slice of the first
 * rounds. */
static tren_span held(const tren_reducer *r, int b, int rank, int bit) {
    tren_span all = r->bucket[b];
    for (int k = 1; k <= bit; k *= 2) all = half(all, rank & k);
    return all;
}

static void halving_gather(tren_reducer *r) {
    halving_state *s = r->state;
    for (int bit = r->comm->size / 2; bit > 0; bit /= 2) {
        int partner = r->comm->rank ^ bit;
        for (int b = 0; b < r->n_buckets; b++) {
            tren_span mine = held(r, b, r->comm->rank, bit), theirs = held(r, b, partner, bit);
            s->peer[2 * b] = s->peer[2 * b + 1] = partner;
            MPI_Irecv(r->value + theirs.off, (int)theirs.len, TREN_MPI_REAL, partner,
                      TREN_TAG_VALUE + b, mpi_of(r->comm), &s->request[2 * b]);
            MPI_Isend(r->value + mine.off, (int)mine.len, TREN_MPI_REAL, partner,
                      TREN_TAG_VALUE + b, mpi_of(r->comm), &s->request[2 * b + 1]);
        }
        tren_wait_all(r->comm, s->request, s->peer, 2 * r->n_buckets);
    }
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
                                         .slice = halving_slice};
