/* The plan of a reduction: who owns which shards, nodes and pieces. The engines move the data. */
#include "comm/reduce.h"
#include "tren/kernels.h"

#include <stdlib.h>
#include <string.h>

/* Nodes that no rank owns whole are folded from their halves; a node owned by a rank is an operand.
 */
static int plan_program(const tren_reducer *r, int *step, int n, tren_node x) {
    for (int i = 0; i < r->n_all; i++)
        if (r->all[i].a == x.a && r->all[i].b == x.b) {
            step[n] = i;
            return n + 1;
        }
    int mid = tren_node_mid(x);
    n = plan_program(r, step, n, (tren_node){x.a, mid});
    n = plan_program(r, step, n, (tren_node){mid, x.b});
    step[n] = TREN_FOLD;
    return n + 1;
}

static tren_status plan_nodes(tren_reducer *r) {
    int size = r->comm->size;
    TREN_TRY(tren_alloc(&r->first, (size_t)size + 1, sizeof *r->first, "the shard plan"));
    TREN_TRY(tren_alloc(&r->first_node, (size_t)size + 1, sizeof *r->first_node, "the shard plan"));
    for (int q = 0; q <= size; q++) r->first[q] = tren_part_first(r->shards, size, q);
    for (int q = 0; q < size; q++)
        r->first_node[q + 1] =
            r->first_node[q] + tren_tree_nodes(NULL, r->shards, r->first[q], r->first[q + 1]);
    r->n_all = r->first_node[size];
    TREN_TRY(tren_alloc(&r->all, (size_t)r->n_all, sizeof *r->all, "the shard plan"));
    for (int q = 0; q < size; q++)
        tren_tree_nodes(r->all + r->first_node[q], r->shards, r->first[q], r->first[q + 1]);
    r->n_mine = r->first_node[r->comm->rank + 1] - r->first_node[r->comm->rank];
    TREN_TRY(tren_alloc(&r->leaf, (size_t)r->n_all, sizeof *r->leaf, "the shard plan"));
    TREN_TRY(tren_alloc(&r->program, 2 * (size_t)r->n_all, sizeof *r->program, "the shard plan"));
    plan_program(r, r->program, 0, (tren_node){0, r->shards});
    return tren_alloc(&r->node, (size_t)r->n_mine, sizeof *r->node, "the shard plan");
}

static size_t round_up(size_t n, size_t unit) {
    return (n + unit - 1) / unit * unit;
}

size_t tren_bucket_len(size_t n, int size, size_t wanted) {
    size_t len = wanted ? wanted : 1;
    size_t least = (size_t)size * TREN_REDUCE_GRAIN; /* one grain for each owner */
    if (len < least) len = least;
    if (len > (size_t)1 << 29) len = (size_t)1 << 29; /* message counts are int */
    if (len <= n / TREN_MAX_BUCKETS) len = n / TREN_MAX_BUCKETS + 1;
    return round_up(len, TREN_REDUCE_GRAIN);
}

static tren_status plan_buckets(tren_reducer *r, size_t wanted) {
    size_t len = tren_bucket_len(r->n, r->comm->size, wanted);
    r->n_buckets = (int)((r->n + len - 1) / len);
    TREN_TRY(tren_alloc(&r->bucket, (size_t)r->n_buckets, sizeof *r->bucket, "buckets"));
    for (int b = 0; b < r->n_buckets; b++) {
        size_t off = (size_t)b * len;
        r->bucket[b] = (tren_span){off, r->n - off < len ? r->n - off : len};
    }
    return TREN_OK;
}

static int plan_pieces(tren_span *piece, const tren_reducer *r, int rank) {
    if (r->engine->replicates) {
        piece[0] = (tren_span){0, r->n};
        return 1;
    }
    int n = 0;
    for (int b = 0; b < r->n_buckets; b++) {
        tren_span mine = r->engine->slice(r, b, rank);
        if (mine.len > 0) piece[n++] = mine;
    }
    return n;
}

tren_span tren_slice_evenly(const tren_reducer *r, int bucket, int rank) {
    tren_span all = r->bucket[bucket];
    size_t units = (all.len + TREN_REDUCE_GRAIN - 1) / TREN_REDUCE_GRAIN;
    size_t lo = units * (size_t)rank / (size_t)r->comm->size * TREN_REDUCE_GRAIN;
    size_t hi = units * (size_t)(rank + 1) / (size_t)r->comm->size * TREN_REDUCE_GRAIN;
    if (lo > all.len) lo = all.len;
    if (hi > all.len) hi = all.len;
    return (tren_span){all.off + lo, hi - lo};
}

tren_status tren_open_arenas(tren_reducer *r) {
    TREN_TRY(tren_arena_open(&r->value_arena, r->n));
    TREN_TRY(tren_arena_open(&r->node_arena, r->n * (size_t)r->n_mine));
    r->value = r->value_arena.at;
    for (int k = 0; k < r->n_mine; k++) r->node[k] = r->node_arena.at + (size_t)k * r->n;
    r->bytes += (1 + (size_t)r->n_mine) * r->n * sizeof(real);
    return TREN_OK;
}

tren_status tren_always_allowed(const tren_reducer *r) {
    (void)r;
    return TREN_OK;
}

void tren_do_nothing(tren_reducer *r) {
    (void)r;
}

enum { SMALL_BYTES = 64 * 1024 };

/* Whether auto may. For want of room it says so: that can be mended. */
static bool may_share(tren_reducer *r) {
    tren_status st = tren_engine_shared.allowed(r);
    if (st == TREN_ERR_ENV) snprintf(r->note, sizeof r->note, "%s", tren_error_text());
    return st == TREN_OK;
}

static const tren_engine *choose(tren_reducer *r, int wanted) {
    if (r->comm->size == 1) return &tren_engine_local;
    switch ((tren_engine_id)wanted) {
    case TREN_ENGINE_SHARED:
        return &tren_engine_shared;
    case TREN_ENGINE_HALVING:
        return &tren_engine_halving;
    case TREN_ENGINE_DIRECT:
        return &tren_engine_direct;
    case TREN_ENGINE_GATHER:
        return &tren_engine_gather;
    case TREN_ENGINE_MPI:
        return &tren_engine_mpi;
    case TREN_ENGINE_AUTO:
        break;
    }
    if (may_share(r)) return &tren_engine_shared;
    if (r->n * sizeof(real) <= SMALL_BYTES) return &tren_engine_gather;
    if (tren_engine_halving.allowed(r) == TREN_OK) return &tren_engine_halving;
    return &tren_engine_direct;
}

static tren_status open_plan(tren_reducer *r, const tren_reduce_spec *spec) {
    if (r->comm->size > spec->shards)
        return tren_fail(
            TREN_ERR_USAGE,
            "%d ranks for %d shards: a rank needs at least one; start at most %d ranks, or train "
            "with --shards %d or more (shards are part of the recipe: other bits)",
            r->comm->size, spec->shards, spec->shards, r->comm->size);
    TREN_TRY(plan_nodes(r));
    return plan_buckets(r, spec->bucket);
}

static tren_status choose_engine(tren_reducer *r, int wanted) {
    r->engine = choose(r, wanted);
    TREN_TRY(r->engine->allowed(r));
    TREN_TRY(tren_alloc(&r->piece, (size_t)r->n_buckets, sizeof *r->piece, "the pieces of a rank"));
    r->n_pieces = plan_pieces(r->piece, r, r->comm->rank);
    return TREN_OK;
}

tren_status tren_reducer_open(tren_reducer **reducer, tren_comm *comm,
                              const tren_reduce_spec *spec) {
    *reducer = NULL;
    tren_reducer *r = NULL;
    tren_status st = tren_alloc(&r, 1, sizeof *r, "the reduction");
    if (st == TREN_OK) {
        r->comm = comm;
        r->n = spec->n;
        r->kernels = spec->kernels ? spec->kernels : tren_kernels_best();
        r->shards = spec->shards;
        st = open_plan(r, spec);
    }
    TREN_GOTO(tren_comm_agree(comm, st));
    tren_shared_find_room(r);
    TREN_GOTO(tren_comm_agree(comm, choose_engine(r, spec->engine)));
    TREN_GOTO(tren_comm_agree(comm, r->engine->open(r)));
    *reducer = r;
    return TREN_OK;
done:
    tren_reducer_close(r);
    return st;
}

void tren_reducer_close(tren_reducer *r) {
    if (!r) return;
    if (r->engine && r->state) r->engine->close(r);
    tren_arena_close(&r->value_arena);
    tren_arena_close(&r->node_arena);
    free(r->first);
    free(r->first_node);
    free(r->all);
    free(r->program);
    free(r->node);
    free(r->bucket);
    free(r->piece);
    free(r->leaf);
    free(r->chunk);
    free(r);
}

const char *tren_reducer_engine(const tren_reducer *r) {
    return r->engine->name;
}
const char *tren_reducer_note(const tren_reducer *r) {
    return r->note;
}
bool tren_reducer_sends(const tren_reducer *r) {
    return r->engine->poke != tren_do_nothing;
}
int tren_reducer_first_shard(const tren_reducer *r, int rank) {
    return r->first[rank];
}
int tren_reducer_nodes(const tren_reducer *r) {
    return r->n_mine;
}
real **tren_reducer_node(const tren_reducer *r) {
    return r->node;
}
real *tren_reducer_value(const tren_reducer *r) {
    return r->value;
}
const real *tren_reducer_sum(const tren_reducer *r) {
    return r->node[0];
}
bool tren_reducer_replicates(const tren_reducer *r) {
    return r->engine->replicates;
}
size_t tren_reducer_bytes(const tren_reducer *r) {
    return r->bytes;
}

int tren_reducer_max_nodes(const tren_reducer *r) {
    int most = 0;
    for (int q = 0; q < r->comm->size; q++)
        if (r->first_node[q + 1] - r->first_node[q] > most)
            most = r->first_node[q + 1] - r->first_node[q];
    return most;
}

int tren_reducer_pieces(const tren_reducer *r, const tren_span **piece) {
    *piece = r->piece;
    return r->n_pieces;
}

void tren_reducer_begin(tren_reducer *r) {
    r->unshipped = r->n_buckets;
    r->waited = false;
    r->folded = r->engine->operands == NULL;
    r->engine->begin(r);
}

void tren_reducer_ready(tren_reducer *r, size_t lo) {
    while (r->unshipped > 0 && r->bucket[r->unshipped - 1].off >= lo)
        r->engine->ship(r, --r->unshipped);
    r->engine->poke(r);
}

void tren_reducer_wait(tren_reducer *r) {
    if (r->waited) return;
    tren_reducer_ready(r, 0);
    r->engine->wait(r);
    r->waited = true;
    r->folded = r->engine->operands == NULL;
}

bool tren_reducer_folded(const tren_reducer *r) {
    return r->folded;
}

const real *tren_reducer_fold(tren_reducer *r, tren_span at, real *room) {
    if (r->folded) return r->node[0] + at.off;
    r->engine->operands(r, r->leaf, at.off);
    tren_fold_nodes(room, r->leaf, r, at.len);
    return room;
}

void tren_reducer_finish(tren_reducer *r) {
    tren_reducer_wait(r);
    for (int p = 0; p < r->n_pieces; p++)
        tren_reducer_fold(r, r->piece[p], r->node[0] + r->piece[p].off);
    r->folded = true;
}

void tren_reducer_gather(tren_reducer *r) {
    r->engine->gather(r);
}

void tren_reducer_share_values(tren_reducer *r) {
    if (r->engine == &tren_engine_shared)
        tren_comm_barrier(r->comm);
    else
        tren_comm_bcast(r->comm, r->value, r->n * sizeof(real));
}
