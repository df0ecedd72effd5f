/* The plan of a reduction: who owns which shards, nodes and pieces. The engines move the data. */
#include "comm/reduce.h"
#include "tren/kernels.h"

#include <stdlib.h>
#include <string.h>

/* The first shards of the parties: the ranks by place, or the nodes of the machine. */
static tren_status plan_parties(tren_plan *plan, const tren_comm *comm, int shards,
                                const int *first_place, int n) {
    int *first;
    TREN_TRY(tren_alloc(&first, (size_t)n + 1, sizeof *first, "the shard plan"));
    for (int q = 0; q <= n; q++)
        first[q] = tren_part_first(shards, comm->size, first_place ? first_place[q] : q);
    tren_status st = tren_plan_open(plan, shards, first, n);
    free(first);
    return st;
}

static tren_status plan_nodes(tren_reducer *r) {
    const tren_comm *comm = r->comm;
    TREN_TRY(plan_parties(&r->ranks, comm, r->shards, NULL, comm->size));
    TREN_TRY(plan_parties(&r->nodes, comm, r->shards, comm->node_first, comm->n_nodes));
    r->n_mine = tren_plan_nodes(&r->ranks, comm->place[comm->rank]);
    TREN_TRY(tren_alloc(&r->operands.leaf, (size_t)r->ranks.first[comm->size],
                        sizeof *r->operands.leaf, "the shard plan"));
    return tren_alloc(&r->node, (size_t)r->n_mine, sizeof *r->node, "the shard plan");
}

static size_t round_up(size_t n, size_t unit) {
    return (n + unit - 1) / unit * unit;
}

size_t tren_longest_bucket(size_t n, size_t wanted) {
    const size_t shorter = 32; /* buckets at most, as their lengths double */
    const size_t most = TREN_MAX_BUCKETS - shorter;
    size_t len = wanted ? wanted : 1;
    if (len > (size_t)1 << 29) len = (size_t)1 << 29; /* message counts are int */
    if (len <= n / most) len = n / most + 1;
    return round_up(len, TREN_REDUCE_GRAIN);
}

size_t tren_bucket_values(size_t start, size_t longest) {
    size_t len = start > TREN_FIRST_BUCKET ? start : TREN_FIRST_BUCKET;
    return len < longest ? len : longest;
}

int tren_bucket_count(size_t n, size_t longest) {
    int count = 0;
    for (size_t start = 0; start < n; start += tren_bucket_values(start, longest)) count++;
    return count;
}

static tren_status plan_buckets(tren_reducer *r, size_t wanted) {
    size_t start = 0, longest = tren_longest_bucket(r->n, wanted);
    r->bucket.n = r->step.arrived = r->stage->whole ? 1 : tren_bucket_count(r->n, longest);
    TREN_TRY(tren_alloc(&r->bucket.at, (size_t)r->bucket.n, sizeof *r->bucket.at, "buckets"));
    for (int b = 0; b < r->bucket.n; b++) {
        size_t left = r->n - start, len = tren_bucket_values(start, longest);
        if (len > left || r->stage->whole) len = left;
        r->bucket.at[b] = (tren_span){start, len};
        if (len > r->longest) r->longest = len;
        start += len;
    }
    return TREN_OK;
}

/* ---- lanes, slices, pieces ------------------------------------------------------------------- */

static tren_span part(tren_span all, size_t lo, size_t hi, size_t unit) {
    lo = lo * unit < all.len ? lo * unit : all.len;
    hi = hi * unit < all.len ? hi * unit : all.len;
    return (tren_span){all.off + lo, hi - lo};
}

tren_span tren_slice_evenly(tren_span all, int n, int party, size_t turn) {
    size_t units = (all.len + TREN_REDUCE_GRAIN - 1) / TREN_REDUCE_GRAIN, count = (size_t)n;
    size_t at = (size_t)party, each = units / count, more = units % count;
    if (more > 0) at = (at + count - turn % count) % count;
    size_t lo = at * each + (at < more ? at : more);
    return part(all, lo, lo + each + (at < more), TREN_REDUCE_GRAIN);
}

tren_span tren_slice_finely(tren_span all, int n, int party, size_t turn) {
    size_t units = (all.len + TREN_SUM_GRAIN - 1) / TREN_SUM_GRAIN;
    size_t at = (size_t)party, count = (size_t)n;
    (void)turn;
    return part(all, units * at / count, units * (at + 1) / count, TREN_SUM_GRAIN);
}

/* Nobody owns a lane of a sum that everybody owns. */
static tren_span lane_of(const tren_reducer *r, int bucket, int lane) {
    tren_span all = r->bucket.at[bucket];
    if (lane >= r->net.n_lanes) return (tren_span){all.off, 0};
    if (r->net.n_lanes > 1 && r->stage->replicates)
        return tren_slice_finely(all, r->net.n_lanes, lane, 0);
    return tren_slice_evenly(all, r->net.n_lanes, lane, all.off / TREN_REDUCE_GRAIN);
}

/* Where dealing goes on: a lane's grains in all buckets before, plus the grains of this bucket that
 * lie before the lane. So lanes with fewer grains than parties have different owners. */
static size_t turn_of(const tren_reducer *r, int bucket, tren_span lane) {
    size_t off = r->bucket.at[bucket].off;
    return off / TREN_REDUCE_GRAIN / (size_t)r->net.n_lanes + (lane.off - off) / TREN_REDUCE_GRAIN;
}

size_t tren_turn(const tren_reducer *r, int bucket) {
    return turn_of(r, bucket, r->net.lane[bucket]);
}

tren_span tren_slice_of(const tren_reducer *r, int bucket, int party) {
    return r->stage->slice(r->net.lane[bucket], r->net.plan->n, party, tren_turn(r, bucket));
}

tren_span tren_my_slice(const tren_reducer *r, int bucket) {
    return tren_slice_of(r, bucket, r->net.me);
}

static bool by_node(const tren_reducer *r) {
    return r->net.plan == &r->nodes;
}

static int node_at(const tren_comm *comm, int place) {
    int lo = 0, hi = comm->n_nodes;
    while (hi - lo > 1) {
        int mid = (lo + hi) / 2;
        if (comm->node_first[mid] <= place)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

tren_span tren_piece_of(const tren_reducer *r, int bucket, int place) {
    int party = by_node(r) ? node_at(r->comm, place) : place;
    int lane = by_node(r) ? place - r->comm->node_first[party] : 0;
    tren_span all = lane_of(r, bucket, lane);
    return r->stage->slice(all, r->net.plan->n, party, turn_of(r, bucket, all));
}

static tren_status plan_pieces(tren_reducer *r) {
    TREN_TRY(
        tren_alloc(&r->piece.at, (size_t)r->bucket.n, sizeof *r->piece.at, "the pieces of a rank"));
    if (r->stage->replicates) r->piece.at[r->piece.n++] = (tren_span){0, r->n};
    for (int b = 0; b < r->bucket.n && !r->stage->replicates; b++) {
        tren_span mine = tren_piece_of(r, b, r->comm->place[r->comm->rank]);
        if (mine.len > 0) r->piece.at[r->piece.n++] = mine;
    }
    return tren_alloc(&r->operands.chunk, (r->n + TREN_CHUNK - 1) / TREN_CHUNK,
                      sizeof *r->operands.chunk, "gradient norms");
}

/* Lanes are as many as the node with the fewest ranks has. */
static int count_lanes(const tren_comm *comm) {
    int least = comm->size;
    for (int h = 0; h < comm->n_nodes; h++)
        if (comm->node_first[h + 1] - comm->node_first[h] < least)
            least = comm->node_first[h + 1] - comm->node_first[h];
    return least;
}

static tren_status plan_net(tren_reducer *r) {
    const tren_comm *comm = r->comm;
    tren_net *net = &r->net;
    int lane = by_node(r) ? comm->local_rank : 0;
    net->me = by_node(r) ? comm->node : comm->place[comm->rank];
    net->n_lanes = by_node(r) ? count_lanes(comm) : 1;
    net->node = r->node;
    TREN_TRY(tren_alloc(&net->peer, (size_t)net->plan->n, sizeof *net->peer, "the network's plan"));
    for (int q = 0; q < net->plan->n && lane < net->n_lanes; q++)
        net->peer[q] = comm->rank_at[by_node(r) ? comm->node_first[q] + lane : q];
    TREN_TRY(tren_alloc(&net->lane, (size_t)r->bucket.n, sizeof *net->lane, "the network's plan"));
    for (int b = 0; b < r->bucket.n; b++) net->lane[b] = lane_of(r, b, lane);
    return TREN_OK;
}

static tren_status open_arenas(tren_reducer *r) {
    TREN_TRY(tren_arena_open(&r->own.value, r->n));
    TREN_TRY(tren_arena_open(&r->own.nodes, r->n * (size_t)r->n_mine));
    r->value = r->own.value.at;
    for (int k = 0; k < r->n_mine; k++) r->node[k] = r->own.nodes.at + (size_t)k * r->n;
    r->bytes += (1 + (size_t)r->n_mine) * r->n * sizeof(real);
    return TREN_OK;
}

tren_status tren_always_allowed(const tren_reducer *r) {
    (void)r;
    return TREN_OK;
}

/* All values are one bucket, and message counts are int. */
tren_status tren_allowed_if_small(const tren_reducer *r) {
    if (r->n < (size_t)1 << 30) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "reduction: %s is for small models, not for %zu values; use auto",
                     r->engine->name, r->n);
}

void tren_do_nothing(tren_reducer *r) {
    (void)r;
}

/* ---- which engine ---------------------------------------------------------------------------- */

static const tren_engine *const engines[] = {[TREN_ENGINE_SHARED] = &tren_engine_shared,
                                             [TREN_ENGINE_HIERARCHICAL] = &tren_engine_hierarchical,
                                             [TREN_ENGINE_HALVING] = &tren_engine_halving,
                                             [TREN_ENGINE_DIRECT] = &tren_engine_direct,
                                             [TREN_ENGINE_DOUBLING] = &tren_engine_doubling,
                                             [TREN_ENGINE_SCATTER] = &tren_engine_scatter,
                                             [TREN_ENGINE_RABENSEIFNER] = &tren_engine_rabenseifner,
                                             [TREN_ENGINE_MPI] = &tren_engine_mpi};

/* Whether auto may. For want of room it says so: that can be mended. */
static bool may_take(tren_reducer *r, const tren_engine *engine) {
    tren_status st = engine->allowed(r);
    if (st == TREN_ERR_ENV) snprintf(r->told.note, sizeof r->told.note, "%s", tren_error_text());
    return st == TREN_OK;
}

static const tren_engine *choose(tren_reducer *r, int wanted) {
    if (r->comm->size == 1) return &tren_engine_local;
    if (wanted != TREN_ENGINE_AUTO) return engines[wanted];
    if (may_take(r, &tren_engine_shared)) return &tren_engine_shared;
    if (may_take(r, &tren_engine_hierarchical)) return &tren_engine_hierarchical;
    int small = tren_small_engine((double)r->n, 1, r->ranks.n, tren_plan_is_perfect(&r->ranks));
    if (small != TREN_ENGINE_AUTO) return engines[small];
    if (tren_plan_is_perfect(&r->ranks)) return &tren_engine_halving;
    return &tren_engine_direct;
}

static const tren_engine *choose_stage(tren_reducer *r) {
    if (r->engine != &tren_engine_hierarchical) return r->engine;
    r->net.plan = &r->nodes;
    int small = tren_small_engine((double)r->n, count_lanes(r->comm), r->nodes.n,
                                  tren_plan_is_perfect(&r->nodes));
    if (small != TREN_ENGINE_AUTO) return engines[small];
    return tren_plan_is_perfect(&r->nodes) ? &tren_engine_halving : &tren_engine_direct;
}

static tren_status open_plan(tren_reducer *r, const tren_reduce_spec *spec) {
    if (r->comm->size > spec->shards)
        return tren_fail(
            TREN_ERR_USAGE,
            "%d ranks for %d shards: a rank needs at least one; start at most %d ranks, or train "
            "with --shards %d or more (shards are part of the recipe: other bits)",
            r->comm->size, spec->shards, spec->shards, r->comm->size);
    return plan_nodes(r);
}

static tren_status choose_engine(tren_reducer *r, const tren_reduce_spec *spec) {
    r->net.plan = &r->ranks;
    r->engine = r->stage = choose(r, spec->engine);
    TREN_TRY(r->engine->allowed(r));
    r->stage = choose_stage(r);
    snprintf(r->told.name, sizeof r->told.name, r->stage == r->engine ? "%s" : "%s (%s)",
             r->engine->name, r->stage->name);
    TREN_TRY(plan_buckets(r, spec->bucket));
    TREN_TRY(plan_net(r));
    return plan_pieces(r);
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
    tren_window_find_room(r);
    TREN_GOTO(tren_comm_agree(comm, choose_engine(r, spec)));
    if (!r->engine->windowed) st = open_arenas(r);
    if (st == TREN_OK && r->engine->open) st = r->engine->open(r);
    TREN_GOTO(tren_comm_agree(comm, st));
    if (!r->sum) r->sum = r->net.node[0];
    *reducer = r;
    return TREN_OK;
done:
    tren_reducer_close(r);
    return st;
}

void tren_reducer_close(tren_reducer *r) {
    if (!r) return;
    if (r->step.arrived < r->bucket.n) tren_reducer_need(r, r->n);
    if (r->engine) r->engine->close(r);
    tren_window_close(r);
    tren_plan_close(&r->ranks);
    tren_plan_close(&r->nodes);
    free(r->net.peer);
    free(r->net.lane);
    tren_arena_close(&r->own.value);
    tren_arena_close(&r->own.nodes);
    free(r->node);
    free(r->bucket.at);
    free(r->piece.at);
    free(r->operands.leaf);
    free(r->operands.chunk);
    free(r);
}

const char *tren_reducer_engine(const tren_reducer *r) {
    return r->told.name;
}
const char *tren_reducer_note(const tren_reducer *r) {
    return r->told.note;
}
bool tren_reducer_sends(const tren_reducer *r) {
    return r->engine->poke != tren_do_nothing;
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
    return r->sum;
}
bool tren_reducer_replicates(const tren_reducer *r) {
    return r->stage->replicates;
}
size_t tren_reducer_bytes(const tren_reducer *r) {
    return r->bytes;
}

int tren_reducer_max_nodes(const tren_reducer *r) {
    int most = 0;
    for (int q = 0; q < r->comm->size; q++)
        if (tren_plan_nodes(&r->ranks, q) > most) most = tren_plan_nodes(&r->ranks, q);
    return most;
}

int tren_reducer_pieces(const tren_reducer *r, const tren_span **piece) {
    *piece = r->piece.at;
    return r->piece.n;
}

void tren_reducer_begin(tren_reducer *r) {
    r->step.unshipped = r->bucket.n;
    r->step.waited = false;
    r->step.folded = r->stage->operands == NULL;
    r->engine->begin(r);
}

void tren_reducer_ready(tren_reducer *r, size_t lo) {
    while (r->step.unshipped > 0 && r->bucket.at[r->step.unshipped - 1].off >= lo)
        r->engine->ship(r, --r->step.unshipped);
    r->engine->poke(r);
}

void tren_reducer_wait(tren_reducer *r) {
    if (r->step.waited) return;
    tren_reducer_ready(r, 0);
    r->engine->wait(r);
    r->step.waited = true;
    r->step.folded = r->stage->operands == NULL;
}

bool tren_reducer_folded(const tren_reducer *r) {
    return r->step.folded;
}

const real *tren_reducer_fold(tren_reducer *r, tren_span at, real *room) {
    if (r->step.folded) return r->sum + at.off;
    const tren_plan *plan = r->net.plan;
    r->stage->operands(r, r->operands.leaf, at.off);
    tren_fold_program(room, r->operands.leaf, plan->program, 2 * plan->first[plan->n] - 1,
                      r->kernels, at.len);
    return room;
}

void tren_reducer_finish(tren_reducer *r) {
    tren_reducer_wait(r);
    for (int p = 0; p < r->piece.n; p++)
        tren_reducer_fold(r, r->piece.at[p], r->sum + r->piece.at[p].off);
    r->step.folded = true;
}

void tren_reducer_spread(tren_reducer *r) {
    r->step.arrived = r->engine->arrive ? 0 : r->bucket.n;
    r->engine->gather(r);
}

static bool is_here(const tren_reducer *r, size_t end) {
    return r->step.arrived == r->bucket.n || r->bucket.at[r->step.arrived].off >= end;
}

bool tren_reducer_lags(const tren_reducer *r) {
    return r->engine->arrive != NULL;
}

bool tren_reducer_here(tren_reducer *r, size_t end) {
    if (is_here(r, end)) return true;
    r->engine->poke(r);
    while (!is_here(r, end) && r->engine->here(r, r->step.arrived))
        r->engine->arrive(r, r->step.arrived++);
    return is_here(r, end);
}

void tren_reducer_need(tren_reducer *r, size_t end) {
    while (!is_here(r, end)) r->engine->arrive(r, r->step.arrived++);
}

void tren_reducer_gather(tren_reducer *r) {
    tren_reducer_spread(r);
    tren_reducer_need(r, r->n);
}

void tren_reducer_share_values(tren_reducer *r) {
    if (r->value == r->window.common)
        tren_window_share(r);
    else
        tren_comm_bcast(r->comm, r->value, r->n * sizeof(real));
}
