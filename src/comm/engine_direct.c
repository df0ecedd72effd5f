/* Slices straight to their owners, for any number of parties: as soon as a bucket is final, each of
 * my nodes' slices goes to the party that owns it, which folds all nodes in the order of the tree.
 * Then owners send updated values.
 *
 * The scatter engine is the same for small models: sums are sent back instead of values, so that
 * everybody updates and owns everything. Then slices are not bound to whole grains. */
#include "comm/reduce.h"

#include <stdlib.h>

typedef struct direct_state {
    tren_arena inbox;        /* [nodes of others][my slice of each bucket], one after the other */
    size_t *at;              /* [n_buckets] where a bucket's slices begin */
    MPI_Request *in, *out;   /* owned */
    int *in_peer, *out_peer; /* owned */
    int n_in, n_out;
    int *in_end; /* [n_buckets] behind the last of `in` that brings the bucket's values; owned */
} direct_state;

/* Messages of one step: in and out are posted at once. Values are gathered by fewer. */
static void count_messages(size_t *in, size_t *out, const tren_reducer *r) {
    const tren_plan *plan = r->net.plan;
    size_t mine = (size_t)tren_plan_nodes(plan, r->net.me), n_all = (size_t)plan->first[plan->n];
    *in = *out = 0;
    for (int b = 0; b < r->bucket.n; b++) {
        size_t owners = 0, own = tren_my_slice(r, b).len > 0;
        for (int q = 0; q < plan->n; q++) owners += tren_slice_of(r, b, q).len > 0;
        size_t in_nodes = own * (n_all - mine), out_nodes = (owners - own) * mine;
        size_t in_values = owners - own, out_values = own * (size_t)(plan->n - 1);
        *in += in_nodes > in_values ? in_nodes : in_values;
        *out += out_nodes > out_values ? out_nodes : out_values;
    }
}

static tren_status direct_open(tren_reducer *r) {
    direct_state *s = NULL;
    TREN_TRY(tren_alloc(&s, 1, sizeof *s, "the direct engine"));
    r->state = s;
    TREN_TRY(tren_alloc(&s->at, (size_t)r->bucket.n, sizeof *s->at, "the direct engine"));
    const tren_plan *plan = r->net.plan;
    size_t foreign = (size_t)(plan->first[plan->n] - tren_plan_nodes(plan, r->net.me));
    size_t len = 0, in, out;
    for (int b = 0; b < r->bucket.n; b++) {
        s->at[b] = len;
        len += foreign * tren_my_slice(r, b).len;
    }
    count_messages(&in, &out, r);
    TREN_TRY(tren_arena_open(&s->inbox, len));
    TREN_TRY(tren_alloc(&s->in, in, sizeof *s->in, "messages"));
    TREN_TRY(tren_alloc(&s->out, out, sizeof *s->out, "messages"));
    TREN_TRY(tren_alloc(&s->in_peer, in, sizeof *s->in_peer, "messages"));
    TREN_TRY(tren_alloc(&s->out_peer, out, sizeof *s->out_peer, "messages"));
    TREN_TRY(tren_alloc(&s->in_end, (size_t)r->bucket.n, sizeof *s->in_end, "messages"));
    r->bytes += len * sizeof(real) + (in + out) * (sizeof(MPI_Request) + sizeof(int));
    return TREN_OK;
}

static void direct_close(tren_reducer *r) {
    direct_state *s = r->state;
    if (!s) return;
    tren_arena_close(&s->inbox);
    free(s->at);
    free(s->in);
    free(s->out);
    free(s->in_peer);
    free(s->out_peer);
    free(s->in_end);
    free(s);
}

static void receive(tren_reducer *r, real *into, size_t len, int from, int tag) {
    direct_state *s = r->state;
    s->in_peer[s->n_in] = r->net.peer[from];
    MPI_Irecv(into, (int)len, TREN_MPI_REAL, r->net.peer[from], tag, mpi_of(r->comm),
              &s->in[s->n_in++]);
}

static void send(tren_reducer *r, const real *from, size_t len, int to, int tag) {
    direct_state *s = r->state;
    s->out_peer[s->n_out] = r->net.peer[to];
    MPI_Isend(from, (int)len, TREN_MPI_REAL, r->net.peer[to], tag, mpi_of(r->comm),
              &s->out[s->n_out++]);
}

/* All nodes of a bucket have one tag. Messages of one sender, tag and communicator are received in
 * the order in which they were sent, and both sides go through the nodes from the first to the
 * last; a step's are all received before any of the next step is expected. */
static void direct_begin(tren_reducer *r) {
    direct_state *s = r->state;
    const tren_plan *plan = r->net.plan;
    s->n_in = s->n_out = 0;
    for (int b = r->bucket.n - 1; b >= 0; b--) {
        size_t len = tren_my_slice(r, b).len;
        real *into = s->inbox.at + s->at[b];
        for (int q = 0; q < plan->n && len > 0; q++)
            for (int k = 0; k < tren_plan_nodes(plan, q) && q != r->net.me; k++, into += len)
                receive(r, into, len, q, TREN_TAG_NODE + b);
    }
}

static void direct_ship(tren_reducer *r, int b) {
    int n = r->net.plan->n, mine = tren_plan_nodes(r->net.plan, r->net.me);
    for (int i = 1; i < n; i++) {
        int q = (r->net.me + i) % n; /* not all to the same party at once */
        tren_span slice = tren_slice_of(r, b, q);
        for (int k = 0; k < mine && slice.len > 0; k++)
            send(r, r->net.node[k] + slice.off, slice.len, q, TREN_TAG_NODE + b);
    }
}

static void direct_poke(tren_reducer *r) {
    direct_state *s = r->state;
    int flag, index;
    if (s->n_out > 0) MPI_Testany(s->n_out, s->out, &index, &flag, MPI_STATUS_IGNORE);
}

/* Folds happen within one piece, which is this party's slice of one bucket. */
static int bucket_of(const tren_reducer *r, size_t off) {
    int b = 0;
    for (int end = r->bucket.n; end - b > 1;) {
        int mid = (b + end) / 2;
        if (r->bucket.at[mid].off <= off)
            b = mid;
        else
            end = mid;
    }
    return b;
}

static void direct_operands(const tren_reducer *r, const real **leaf, size_t off) {
    const direct_state *s = r->state;
    const tren_plan *plan = r->net.plan;
    int b = bucket_of(r, off), mine = plan->first[r->net.me], end = plan->first[r->net.me + 1];
    tren_span slice = tren_my_slice(r, b);
    const real *inbox = s->inbox.at + s->at[b] + (off - slice.off);
    for (int g = 0; g < plan->first[plan->n]; g++) {
        if (g >= mine && g < end) {
            leaf[g] = r->net.node[g - mine] + off;
        } else {
            leaf[g] = inbox;
            inbox += slice.len;
        }
    }
}

static void direct_wait(tren_reducer *r) {
    direct_state *s = r->state;
    tren_wait_all(r->comm, s->in, s->in_peer, s->n_in);
    tren_wait_all(r->comm, s->out, s->out_peer, s->n_out);
    s->n_in = s->n_out = 0;
}

static void send_back(tren_reducer *r, real *all) {
    direct_state *s = r->state;
    int n = r->net.plan->n, me = r->net.me;
    for (int b = 0; b < r->bucket.n; b++) {
        tren_span mine = tren_my_slice(r, b);
        for (int i = 1; i < n; i++) {
            int from = (me - i + n) % n, to = (me + i) % n;
            tren_span theirs = tren_slice_of(r, b, from);
            if (theirs.len > 0) receive(r, all + theirs.off, theirs.len, from, TREN_TAG_VALUE + b);
            if (mine.len > 0) send(r, all + mine.off, mine.len, to, TREN_TAG_VALUE + b);
        }
        s->in_end[b] = s->n_in;
    }
}

static void direct_gather(tren_reducer *r) {
    send_back(r, r->value);
}

/* The first of the messages that bring a bucket's values. */
static int in_begin(const direct_state *s, int b) {
    return b > 0 ? s->in_end[b - 1] : 0;
}

static bool direct_here(const tren_reducer *r, int b) {
    const direct_state *s = r->state;
    int first = in_begin(s, b);
    return b < r->bucket.n - 1 && tren_test_all(s->in + first, s->in_end[b] - first);
}

/* The last one waits for the messages that I sent, too. */
static void direct_arrive(tren_reducer *r, int b) {
    direct_state *s = r->state;
    int first = in_begin(s, b);
    tren_wait_all(r->comm, s->in + first, s->in_peer + first, s->in_end[b] - first);
    if (b < r->bucket.n - 1) return;
    tren_wait_all(r->comm, s->out, s->out_peer, s->n_out);
    s->n_in = s->n_out = 0;
}

const tren_engine tren_engine_direct = {.name = "direct",
                                        .allowed = tren_always_allowed,
                                        .open = direct_open,
                                        .close = direct_close,
                                        .begin = direct_begin,
                                        .ship = direct_ship,
                                        .poke = direct_poke,
                                        .wait = direct_wait,
                                        .operands = direct_operands,
                                        .gather = direct_gather,
                                        .here = direct_here,
                                        .arrive = direct_arrive,
                                        .slice = tren_slice_evenly};

static void scatter_wait(tren_reducer *r) {
    const tren_plan *plan = r->net.plan;
    tren_span mine = tren_my_slice(r, 0);
    direct_wait(r);
    if (mine.len > 0) {
        direct_operands(r, r->operands.leaf, mine.off);
        tren_fold_program(r->sum + mine.off, r->operands.leaf, plan->program,
                          2 * plan->first[plan->n] - 1, r->kernels, mine.len);
    }
    send_back(r, r->sum);
    direct_arrive(r, 0);
}

const tren_engine tren_engine_scatter = {.name = "scatter",
                                         .replicates = true,
                                         .whole = true,
                                         .allowed = tren_allowed_if_small,
                                         .open = direct_open,
                                         .close = direct_close,
                                         .begin = direct_begin,
                                         .ship = direct_ship,
                                         .poke = direct_poke,
                                         .wait = scatter_wait,
                                         .gather = tren_do_nothing,
                                         .slice = tren_slice_finely};
