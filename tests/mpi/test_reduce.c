/* The reduction: every engine gives, on any number of ranks, the bits of one serial fold. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "comm/mpi_comm.h"
#include "support/mpi.h"
#include "tren/kernels.h"

/* ---- the leaves, and what must come of them ---------------------------------------------------
 */

/* Element i of shard s in `step`: noise of mixed sign and size, some of it zero of either sign. */
static real leaf(int s, size_t i, int step) {
    uint32_t h =
        (uint32_t)i * 2654435761u ^ (uint32_t)(s + 1) * 0x9e3779b9u ^ (uint32_t)step * 40503u;
    h ^= h >> 15;
    h *= 0x2c1b3c6du;
    h ^= h >> 12;
    h *= 0x297a2d39u;
    h ^= h >> 15;
    if (h % 64 == 0) return h & 64 ? (real)-0.0 : 0;
    return (real)ldexp((double)(int32_t)h * 0x1p-31, (int)(h >> 3 & 7) - 4);
}

static void fold_serially(real *out, tren_node x, size_t n, int step) {
    if (x.b - x.a == 1) {
        for (size_t i = 0; i < n; i++) out[i] = leaf(x.a, i, step);
        return;
    }
    real *right = malloc(n * sizeof *right);
    fold_serially(out, (tren_node){x.a, tren_node_mid(x)}, n, step);
    fold_serially(right, (tren_node){tren_node_mid(x), x.b}, n, step);
    for (size_t i = 0; i < n; i++) out[i] += right[i];
    free(right);
}

/* Tree over chunks of sums of squares. */
static double norm_serially(const real *x, size_t n) {
    double chunk[64];
    int k = 0;
    for (size_t at = 0; at < n; at += TREN_CHUNK)
        chunk[k++] =
            tren_kernels_best()->sum_squares(x + at, n - at < TREN_CHUNK ? n - at : TREN_CHUNK);
    return tren_tree_sum(chunk, k);
}

/* ---- one case ---------------------------------------------------------------------------------
 */

typedef struct reduce_case {
    size_t n, bucket;
    int shards, engine;
    char name[96];
    tren_reducer *reducer;
    real *expected; /* [STEPS][n]; not owned */
    real *mine;     /* [STEPS][my nodes][n]; not owned */
} reduce_case;

enum { STEPS = 4, FOLDED_IN_PARTS = 1, EVERYWHERE = 2 }; /* how the second and the third go */

static void expect_bits(const reduce_case *c, const real *got, const real *expected, size_t n,
                        const char *what) {
    cr_assert_eq(memcmp(got, expected, n * sizeof *got), 0, "%s, rank %d of %d: other bits in %s",
                 c->name, test_comm.rank, test_comm.size, what);
}

static int owned_nodes(tren_node *node, int shards) {
    tren_node mine = tren_comm_shards(&test_comm, shards, test_comm.rank);
    return tren_tree_nodes(node, shards, mine.a, mine.b);
}

static void write_nodes(const reduce_case *c, size_t lo, size_t hi, int step) {
    real **into = tren_reducer_node(c->reducer);
    int count = tren_reducer_nodes(c->reducer);
    cr_assert_eq(count, owned_nodes(NULL, c->shards));
    for (int k = 0; k < count; k++)
        memcpy(into[k] + lo, c->mine + ((size_t)(step * count + k) * c->n + lo),
               (hi - lo) * sizeof(real));
}

/* As backward does: from the top down, telling what is final, now and then nothing new. */
static void send(const reduce_case *c, int step) {
    tren_reducer_begin(c->reducer);
    size_t hi = c->n;
    for (int part = 2; part >= 0; part--) {
        size_t lo = c->n * (size_t)part / 3;
        write_nodes(c, lo, hi, step);
        tren_reducer_ready(c->reducer, lo);
        tren_reducer_ready(c->reducer, lo);
        hi = lo;
    }
}

static void check_sum(const reduce_case *c, const real *expected) {
    const tren_span *piece;
    int n = tren_reducer_pieces(c->reducer, &piece);
    const real *sum = tren_reducer_sum(c->reducer);
    for (int p = 0; p < n; p++)
        expect_bits(c, sum + piece[p].off, expected + piece[p].off, piece[p].len, "the sum");
    size_t params = c->n > 5 ? c->n - 5 : c->n; /* the trainer's sums end in a few other numbers */
    double norm = tren_reducer_norm_squared(c->reducer, params);
    double right = norm_serially(expected, params);
    cr_assert_eq(norm, right, "%s: the norm is %.17g, not %.17g", c->name, norm, right);
}

/* value <- -2 sum, on a part that is mine. */
static void update(const reduce_case *c, tren_span at, const real *sum) {
    real *value = tren_reducer_value(c->reducer) + at.off;
    for (size_t i = 0; i < at.len; i++) value[i] = -2 * sum[i];
}

/* All at once. */
static void use_sum(const reduce_case *c, const real *expected) {
    const tren_span *piece;
    int n = tren_reducer_pieces(c->reducer, &piece);
    tren_reducer_finish(c->reducer);
    check_sum(c, expected);
    for (int p = 0; p < n; p++) update(c, piece[p], tren_reducer_sum(c->reducer) + piece[p].off);
}

/* Part by part, of odd lengths, as the trainer does where nothing must be known of the whole. */
static void use_parts(const reduce_case *c, const real *expected) {
    enum { PART = 1777 };
    const tren_span *piece;
    real room[PART];
    int n = tren_reducer_pieces(c->reducer, &piece);
    tren_reducer_wait(c->reducer);
    for (int p = n - 1; p >= 0; p--)
        for (size_t done = 0; done < piece[p].len; done += PART) {
            size_t len = piece[p].len - done < PART ? piece[p].len - done : PART;
            tren_span at = {piece[p].off + done, len};
            const real *sum = tren_reducer_fold(c->reducer, at, room);
            expect_bits(c, sum, expected + at.off, len, "a part of the sum");
            update(c, at, sum);
        }
}

/* After the update of what is mine, everybody must have all of it. */
static void check_gather(const reduce_case *c, const real *expected) {
    const real *value = tren_reducer_value(c->reducer);
    tren_reducer_gather(c->reducer);
    for (size_t i = 0; i < c->n; i++) {
        real want = -2 * expected[i];
        cr_assert_eq(memcmp(&value[i], &want, sizeof want), 0, "%s, rank %d: value %zu", c->name,
                     test_comm.rank, i);
    }
}

/* All of it by every rank, and values that all ranks know. */
static void use_everywhere(const reduce_case *c, const real *expected) {
    real *sum = malloc(c->n * sizeof *sum);
    tren_reducer_sum_everywhere(c->reducer, sum);
    expect_bits(c, sum, expected, c->n, "the sum that everybody has");
    for (size_t i = 0; i < c->n; i++) sum[i] *= -2;
    tren_reducer_set_values(c->reducer, sum);
    expect_bits(c, tren_reducer_value(c->reducer), sum, c->n, "the values that everybody set");
    free(sum);
}

static void check_collect(const reduce_case *c, const real *expected) {
    const tren_span *piece;
    int n = tren_reducer_pieces(c->reducer, &piece);
    real *mine = malloc(c->n * sizeof *mine), *full = calloc(c->n, sizeof *full);
    size_t at = 0;
    for (int p = 0; p < n; at += piece[p++].len)
        memcpy(mine + at, expected + piece[p].off, piece[p].len * sizeof *mine);
    tren_reducer_collect(c->reducer, test_comm.rank == 0 ? full : NULL, mine);
    if (test_comm.rank == 0) expect_bits(c, full, expected, c->n, "what is collected");
    free(mine);
    free(full);
}

/* All ranks' pieces cover [0, n) once, in order and on the grain. */
static void check_pieces(const reduce_case *c) {
    const tren_span *piece;
    int n = tren_reducer_pieces(c->reducer, &piece);
    double *mine = calloc(c->n, sizeof *mine);
    double *all = calloc(c->n * (size_t)test_comm.size, sizeof *all);
    size_t end = 0;
    for (int p = 0; p < n; p++) {
        cr_assert_geq(piece[p].off, end);
        cr_assert_gt(piece[p].len, 0);
        cr_assert_eq(piece[p].off % TREN_REDUCE_GRAIN, 0);
        end = piece[p].off + piece[p].len;
        cr_assert_leq(end, c->n);
        for (size_t i = piece[p].off; i < end; i++) mine[i]++;
    }
    tren_comm_allgather(&test_comm, all, mine, (int)c->n);
    int owners = tren_reducer_replicates(c->reducer) ? test_comm.size : 1;
    for (size_t i = 0; i < c->n; i++) {
        double count = 0;
        for (int q = 0; q < test_comm.size; q++) count += all[(size_t)q * c->n + i];
        cr_assert_eq(count, owners, "%s: value %zu has %g owners", c->name, i, count);
    }
    free(mine);
    free(all);
}

static tren_status open_case(reduce_case *c) {
    tren_reduce_spec spec = {
        .n = c->n, .shards = c->shards, .engine = c->engine, .bucket = c->bucket};
    return tren_reducer_open(&c->reducer, &test_comm, &spec);
}

static bool has_two_stages(void) {
    return test_comm.n_nodes > 1 && test_comm.n_nodes < test_comm.size;
}

static void check_case(reduce_case *c) {
    tren_status st = open_case(c);
    if ((c->engine == TREN_ENGINE_HIERARCHICAL && !has_two_stages()) ||
        (c->engine == TREN_ENGINE_SHARED && test_comm.n_nodes > 1)) {
        cr_assert_eq(st, test_comm.size > 1 ? TREN_ERR_USAGE : TREN_OK, "%s", c->name);
        tren_reducer_close(c->reducer);
        return;
    }
    bool power = (test_comm.size & (test_comm.size - 1)) == 0;
    if ((c->engine == TREN_ENGINE_HALVING || c->engine == TREN_ENGINE_RABENSEIFNER) &&
        st != TREN_OK && !(power && c->shards == 8)) {
        cr_assert_eq(st, TREN_ERR_USAGE);
        return; /* some other numbers happen to make a perfect tree too */
    }
    cr_assert_eq(st, TREN_OK, "%s: %s", c->name, tren_error_text());
    check_pieces(c);
    for (int step = 0; step < STEPS; step++) {
        const real *expected = c->expected + (size_t)step * c->n;
        send(c, step);
        if (step == EVERYWHERE) {
            use_everywhere(c, expected);
            continue;
        }
        (step == FOLDED_IN_PARTS ? use_parts : use_sum)(c, expected);
        check_collect(c, expected);
        check_gather(c, expected);
    }
    tren_reducer_close(c->reducer);
}

/* ---- all cases --------------------------------------------------------------------------------
 */

static const size_t some_n[] = {1, 5, 4095, 4096, 4097, 140001};
static const char *const engine_name[] = {"auto",         "shared",  "hierarchical",
                                          "halving",      "direct",  "doubling",
                                          "rabenseifner", "scatter", "mpi"};
enum { N_SIZES = sizeof some_n / sizeof *some_n };

static real *make_mine(size_t n, int shards) {
    tren_node node[TREN_TREE_MAX_NODES];
    int count = owned_nodes(node, shards);
    real *mine = malloc(STEPS * (size_t)count * n * sizeof *mine);
    for (int i = 0; i < STEPS * count; i++)
        fold_serially(mine + (size_t)i * n, node[i % count], n, i / count);
    return mine;
}

static void check_engines(size_t n, int shards) {
    static const size_t buckets[] = {4096, 5 * 4096, 1 << 20}; /* equal, some equal, doubling */
    real *expected = malloc(STEPS * n * sizeof *expected), *mine = make_mine(n, shards);
    for (int step = 0; step < STEPS; step++)
        fold_serially(expected + (size_t)step * n, (tren_node){0, shards}, n, step);
    for (int engine = TREN_ENGINE_AUTO; engine < TREN_ENGINE_MPI; engine++)
        for (size_t k = 0; k < sizeof buckets / sizeof *buckets; k++) {
            reduce_case c = {.n = n,
                             .shards = shards,
                             .engine = engine,
                             .bucket = buckets[k],
                             .expected = expected,
                             .mine = mine};
            snprintf(c.name, sizeof c.name, "%s, n %zu, %d shards, buckets of %zu",
                     engine_name[engine], n, shards, buckets[k]);
            check_case(&c);
            if (n <= 4096) break; /* one bucket either way */
        }
    free(expected);
    free(mine);
}

Test(reduce, every_engine_gives_the_bits_of_a_serial_fold, .init = test_comm_open,
     .fini = test_comm_close) {
    int least = test_comm.size > 8 ? test_comm.size : 8;
    const int shards[] = {test_comm.size, least, least + 4, least + 5};
    for (size_t i = 0; i < N_SIZES; i++)
        for (size_t k = test_comm.size == least; k < 4; k++) check_engines(some_n[i], shards[k]);
    test_comm_passed();
}

/* ---- pretend nodes ----------------------------------------------------------------------------
 */

/* How a launcher may place the ranks: the node of a rank. */
static int in_blocks(int rank) {
    return rank / 2;
}
static int by_cycle(int rank) {
    return rank % 2;
}
static int over_three(int rank) {
    return (rank + 1) % 3;
}
static int one_apart(int rank) {
    return rank == 1;
}
static int jumbled(int rank) {
    return rank * rank % 7 % 3;
}
static int each_alone(int rank) {
    return rank;
}
static int (*const placed[])(int rank) = {in_blocks, by_cycle, over_three,
                                          one_apart, jumbled,  each_alone};
enum { N_PLACED = sizeof placed / sizeof *placed };

/* Whoever has the next shards is on the same node, or on one that has not been seen. */
static void check_shards(int shards) {
    bool seen[64] = {false};
    int end = 0, last = -1;
    for (int place = 0; place < test_comm.size; place++) {
        int rank = test_comm.rank_at[place];
        tren_node has = tren_comm_shards(&test_comm, shards, rank);
        double mine[1] = {test_comm.node}, node[64];
        tren_comm_allgather(&test_comm, node, mine, 1);
        cr_assert_eq(has.a, end);
        cr_assert_gt(has.b, has.a);
        cr_assert((int)node[rank] == last || !seen[(int)node[rank]]);
        seen[last = (int)node[rank]] = true;
        end = has.b;
    }
    cr_assert_eq(end, shards);
}

Test(reduce, has_the_same_bits_on_any_nodes, .init = test_comm_open, .fini = test_comm_close) {
    static const size_t n[] = {5, 4097, 20001};
    const int shards[] = {test_comm.size, 8, 13};
    for (int p = 0; p < N_PLACED; p++) {
        cr_assert_eq(tren_comm_find_nodes(&test_comm, placed[p](test_comm.rank)), TREN_OK);
        for (int k = test_comm.size == 8; k < 3; k++) {
            check_shards(shards[k]);
            for (int i = 0; i < 3; i++) check_engines(n[i], shards[k]);
        }
    }
    test_comm_passed();
}

/* The first bucket has 16 grains, the second as many as there are nodes: each node owns one of
 * those, so that no network card gets all sums. */
Test(reduce, lanes_of_few_grains_have_owners_on_every_node, .init = test_comm_open,
     .fini = test_comm_close) {
    double mine[2] = {0}, all[2 * 64];
    int nodes = test_comm.size / 2;
    tren_reducer *reducer;
    const tren_span *piece;
    if (test_comm.size == 4 || test_comm.size == 8) {
        cr_assert_eq(tren_comm_find_nodes(&test_comm, in_blocks(test_comm.rank)), TREN_OK);
        int grains = 16 + nodes;
        tren_reduce_spec spec = {.n = (size_t)grains * TREN_REDUCE_GRAIN,
                                 .shards = test_comm.size,
                                 .engine = TREN_ENGINE_HIERARCHICAL,
                                 .bucket = 1 << 20};
        cr_assert_eq(tren_reducer_open(&reducer, &test_comm, &spec), TREN_OK);
        int n = tren_reducer_pieces(reducer, &piece);
        for (int p = 0; p < n; p++) mine[0] += (double)piece[p].len;
        mine[1] = test_comm.node;
        tren_comm_allgather(&test_comm, all, mine, 2);
        for (int h = 0; h < nodes; h++) {
            double owned = 0;
            for (int q = 0; q < test_comm.size; q++)
                if (all[2 * q + 1] == h) owned += all[2 * q];
            cr_assert_eq(owned * nodes, (double)spec.n, "node %d owns %g values", h, owned);
        }
        tren_reducer_close(reducer);
    }
    test_comm_passed();
}

static const char *engine_of(size_t n, int shards) {
    static char name[64];
    tren_reducer *reducer;
    tren_reduce_spec spec = {.n = n, .shards = shards, .bucket = 4096};
    cr_assert_eq(tren_reducer_open(&reducer, &test_comm, &spec), TREN_OK);
    snprintf(name, sizeof name, "%s", tren_reducer_engine(reducer));
    tren_reducer_close(reducer);
    return name;
}

Test(reduce, auto_takes_two_stages_on_nodes_of_several_ranks, .init = test_comm_open,
     .fini = test_comm_close) {
    if (test_comm.size == 4) {
        cr_assert_eq(tren_comm_find_nodes(&test_comm, by_cycle(test_comm.rank)), TREN_OK);
        cr_assert_str_eq(engine_of(100000, 4), "hierarchical (halving)");
        cr_assert_str_eq(engine_of(1000, 4), "hierarchical (doubling)");
        cr_assert_eq(tren_comm_find_nodes(&test_comm, over_three(test_comm.rank)), TREN_OK);
        cr_assert_str_eq(engine_of(100000, 7), "hierarchical (direct)");
        cr_assert_str_eq(engine_of(1000, 7), "hierarchical (scatter)");
        cr_assert_str_eq(engine_of(200, 7), "hierarchical (doubling)");
    }
    cr_assert_eq(tren_comm_find_nodes(&test_comm, each_alone(test_comm.rank)), TREN_OK);
    if (test_comm.size > 1)
        cr_assert_str_eq(engine_of(1000, 13), test_comm.size == 2 ? "doubling" : "scatter");
    if (test_comm.size == 8) {
        cr_assert_str_eq(engine_of(700, 13), "doubling");
        cr_assert_str_eq(engine_of(7 * TREN_REDUCE_GRAIN, 13), "scatter");
        cr_assert_str_eq(engine_of(9 * TREN_REDUCE_GRAIN, 13), "direct");
    }
    if (test_comm.size == 3) cr_assert_str_eq(engine_of(100000, 13), "direct");
    if (test_comm.size == 4) cr_assert_str_eq(engine_of(100000, 4), "halving");
    test_comm_passed();
}

/* ---- the plain alternative, misfits ----------------------------------------------------------
 */

/* The plain alternative promises the sum, and one and the same everywhere. */
static void check_mpi(void) {
    enum { N = 5000 };
    real *expected = malloc(N * sizeof *expected);
    fold_serially(expected, (tren_node){0, 13}, N, 0);
    real *mine = make_mine(N, 13);
    reduce_case c = {.n = N, .shards = 13, .engine = TREN_ENGINE_MPI, .bucket = 4096, .mine = mine};
    cr_assert_eq(open_case(&c), TREN_OK);
    send(&c, 0);
    tren_reducer_finish(c.reducer);
    const real *sum = tren_reducer_sum(c.reducer);
    double digest = (double)(tren_digest(sum, N * sizeof *sum) >> 12), all[64];
    tren_comm_allgather(&test_comm, all, &digest, 1);
    for (int q = 0; q < test_comm.size; q++) cr_assert_eq(all[q], all[0]);
    for (int i = 0; i < N; i++) cr_assert_float_eq(sum[i], expected[i], 1e-4, "value %d", i);
    tren_reducer_close(c.reducer);
    free(expected);
    free(mine);
}

static void expect_refused(tren_reduce_spec spec, const char *part) {
    tren_reducer *reducer = NULL;
    cr_assert_eq(tren_reducer_open(&reducer, &test_comm, &spec), TREN_ERR_USAGE);
    cr_assert_null(reducer);
    cr_assert_not_null(strstr(tren_error_text(), part), "\"%s\" lacks \"%s\"", tren_error_text(),
                       part);
}

static void check_misfits(void) {
    tren_reduce_spec spec = {.n = 100, .shards = test_comm.size - 1, .bucket = 4096};
    expect_refused(spec, "--shards");
    if ((test_comm.size & (test_comm.size - 1)) == 0) return;
    spec.shards = 16;
    spec.engine = TREN_ENGINE_HALVING;
    expect_refused(spec, "powers of two");
}

Test(reduce, plain_mpi_sums_and_misfits_are_refused, .init = test_comm_open,
     .fini = test_comm_close) {
    check_mpi();
    if (test_comm.size > 1) check_misfits();
    test_comm_passed();
}
