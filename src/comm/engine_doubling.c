/* Small models: recursive doubling along the canonical tree. All parties that hold shards of a tree
 * node know its value; a party that holds shards of one half only gets the other half, whole, from
 * one that has it. With a power of two of parties that is the well-known recursive doubling; with
 * any other number some send twice. As many messages one after the other as the tree is high. In
 * the end everybody has the sum, updates and owns everything. */
#include "comm/reduce.h"

#include <stdlib.h>

enum { NONE = -1 };

/* A node of the tree whose shards lie with several parties, me among them. Values have numbers:
 * those of steps from 0 on, those of my own tree nodes from n_steps on. */
typedef struct doubling_step {
    int height;
    int half[2];           /* values; NONE: that one is sent to me */
    int from, from_height; /* the party that sends it, or NONE; how high it is in the tree */
    real *out, *inbox;     /* [lane] */
} doubling_step;

typedef struct doubling_send {
    int to, value, height;
} doubling_send;

typedef struct doubling_state {
    doubling_step *step; /* the halves of a node before it; the last is the root */
    doubling_send *send;
    int n_steps, n_sends, height;
    tren_arena room;
    MPI_Request *in, *out; /* [n_steps], [n_sends] */
    int *out_peer;
} doubling_state;

/* ---- the plan -------------------------------------------------------------------------------- */

/* The parties [lo, hi] all know a tree node's value. */
typedef struct known {
    int value, height, lo, hi;
} known;

/* Filling in; or, without steps, counting. */
typedef struct planner {
    const tren_plan *plan;
    doubling_state *s;
    int me, next, party, n_steps, n_sends;
} planner;

static bool among(int party, known x) {
    return x.lo <= party && party <= x.hi;
}

/* The i-th of n parties that lack x gets it from this one. */
static int provider(known x, int i, int n) {
    return x.lo + (int)((int64_t)i * (x.hi - x.lo + 1) / n);
}

/* Messages of x from me to the parties [lo, hi] that lack it. */
static void plan_sends(planner *p, known x, int lo, int hi) {
    for (int q = lo; q <= hi && among(p->me, x); q++) {
        if (provider(x, q - lo, hi - lo + 1) != p->me) continue;
        if (p->s->send) p->s->send[p->n_sends] = (doubling_send){q, x.value, x.height};
        p->n_sends++;
    }
}

static int plan_step(planner *p, known left, known right, int height) {
    bool shared = left.hi == right.lo; /* one party holds shards of both */
    int left_hi = shared ? left.hi - 1 : left.hi, right_lo = shared ? right.lo + 1 : right.lo;
    doubling_step step = {.height = height, .half = {left.value, right.value}, .from = NONE};
    if (left.value == NONE) step.from = provider(left, p->me - right_lo, right.hi - right_lo + 1);
    if (right.value == NONE) step.from = provider(right, p->me - left.lo, left_hi - left.lo + 1);
    step.from_height = left.value == NONE ? left.height : right.height;
    plan_sends(p, left, right_lo, right.hi);
    plan_sends(p, right, left.lo, left_hi);
    if (p->s->step) p->s->step[p->n_steps] = step;
    return p->n_steps++;
}

static known plan_node(planner *p, tren_node x) {
    const tren_plan *plan = p->plan;
    if (plan->all[p->next].a == x.a && plan->all[p->next].b == x.b) {
        while (plan->first[p->party + 1] <= p->next) p->party++;
        int own = p->s->n_steps + p->next++ - plan->first[p->me];
        return (known){p->party == p->me ? own : NONE, 0, p->party, p->party};
    }
    known left = plan_node(p, (tren_node){x.a, tren_node_mid(x)});
    known right = plan_node(p, (tren_node){tren_node_mid(x), x.b});
    int height = 1 + (left.height > right.height ? left.height : right.height);
    known all = {NONE, height, left.lo, right.hi};
    if (among(p->me, all)) all.value = plan_step(p, left, right, height);
    return all;
}

static planner make_plan(const tren_reducer *r, doubling_state *s) {
    planner p = {.plan = r->net.plan, .s = s, .me = r->net.me};
    s->height = plan_node(&p, (tren_node){0, r->shards}).height;
    return p;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static tren_status open_room(tren_reducer *r, doubling_state *s) {
    size_t len = r->net.lane[0].len, n = (size_t)s->n_steps;
    TREN_TRY(tren_arena_open(&s->room, 2 * n * len));
    for (size_t i = 0; i < n; i++) {
        s->step[i].out = s->room.at + 2 * i * len;
        s->step[i].inbox = s->step[i].out + len;
    }
    if (r->engine == r->stage) r->sum = s->step[n - 1].out;
    r->bytes += 2 * n * len * sizeof(real);
    return TREN_OK;
}

static tren_status doubling_open(tren_reducer *r) {
    doubling_state *s = NULL;
    TREN_TRY(tren_alloc(&s, 1, sizeof *s, "the doubling engine"));
    r->state = s;
    planner counted = make_plan(r, s);
    size_t steps = (size_t)counted.n_steps, sends = (size_t)counted.n_sends;
    TREN_TRY(tren_alloc(&s->step, steps, sizeof *s->step, "the doubling engine"));
    TREN_TRY(tren_alloc(&s->send, sends, sizeof *s->send, "the doubling engine"));
    TREN_TRY(tren_alloc(&s->in, steps, sizeof *s->in, "the doubling engine"));
    TREN_TRY(tren_alloc(&s->out, sends, sizeof *s->out, "the doubling engine"));
    TREN_TRY(tren_alloc(&s->out_peer, sends, sizeof *s->out_peer, "the doubling engine"));
    s->n_steps = counted.n_steps;
    s->n_sends = counted.n_sends;
    make_plan(r, s);
    for (int i = 0; i < s->n_sends; i++) s->out_peer[i] = r->net.peer[s->send[i].to];
    return open_room(r, s);
}

static void doubling_close(tren_reducer *r) {
    doubling_state *s = r->state;
    if (!s) return;
    tren_arena_close(&s->room);
    free(s->step);
    free(s->send);
    free(s->in);
    free(s->out);
    free(s->out_peer);
    free(s);
}

/* ---- a step ---------------------------------------------------------------------------------- */

/* All messages have one tag: those of one pair are sent and expected from the lowest to the highest
 * value, and from left to right. */
static void doubling_begin(tren_reducer *r) {
    doubling_state *s = r->state;
    for (int i = 0; i < s->n_steps; i++) s->in[i] = MPI_REQUEST_NULL;
    for (int height = 0; height < s->height && r->net.lane[0].len > 0; height++)
        for (int i = 0; i < s->n_steps; i++)
            if (s->step[i].from_height == height && s->step[i].from != NONE)
                MPI_Irecv(s->step[i].inbox, (int)r->net.lane[0].len, TREN_MPI_REAL,
                          r->net.peer[s->step[i].from], TREN_TAG_NODE, mpi_of(r->comm), &s->in[i]);
}

static void ship_nothing(tren_reducer *r, int bucket) {
    (void)r, (void)bucket;
}

static const real *value_of(const tren_reducer *r, int value) {
    const doubling_state *s = r->state;
    return value < s->n_steps ? s->step[value].out
                              : r->net.node[value - s->n_steps] + r->net.lane[0].off;
}

/* A value goes as soon as it is known, above all the tree nodes that I began with. */
static void send_values(tren_reducer *r, int height) {
    doubling_state *s = r->state;
    for (int i = 0; i < s->n_sends; i++)
        if (s->send[i].height == height)
            MPI_Isend(value_of(r, s->send[i].value), (int)r->net.lane[0].len, TREN_MPI_REAL,
                      s->out_peer[i], TREN_TAG_NODE, mpi_of(r->comm), &s->out[i]);
}

static void add_halves(tren_reducer *r, int i) {
    doubling_state *s = r->state;
    const doubling_step *step = &s->step[i];
    const real *half[2];
    if (step->from != NONE) tren_wait_all(r->comm, &s->in[i], &r->net.peer[step->from], 1);
    for (int k = 0; k < 2; k++)
        half[k] = step->half[k] == NONE ? step->inbox : value_of(r, step->half[k]);
    real *out = i == s->n_steps - 1 ? r->sum + r->net.lane[0].off : step->out;
    r->kernels->sum(out, half[0], half[1], r->net.lane[0].len);
}

static void doubling_wait(tren_reducer *r) {
    doubling_state *s = r->state;
    if (r->net.lane[0].len == 0) return;
    for (int height = 0; height < s->height; height++) {
        send_values(r, height);
        for (int i = 0; i < s->n_steps; i++)
            if (s->step[i].height == height + 1) add_halves(r, i);
    }
    tren_wait_all(r->comm, s->out, s->out_peer, s->n_sends);
}

const tren_engine tren_engine_doubling = {.name = "doubling",
                                          .replicates = true,
                                          .whole = true,
                                          .allowed = tren_allowed_if_small,
                                          .open = doubling_open,
                                          .close = doubling_close,
                                          .begin = doubling_begin,
                                          .ship = ship_nothing,
                                          .poke = tren_do_nothing,
                                          .wait = doubling_wait,
                                          .gather = tren_do_nothing};
