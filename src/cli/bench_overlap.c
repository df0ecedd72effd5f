/* How much of the communication is hidden behind computing: each rank alone with its rows, a
 * reduction alone, and real steps, taking turns. */
#include "cli/bench.h"
#include "cli/bench_case.h"

#include <math.h>
#include <stdlib.h>

enum { ROUNDS = 7, REDUCTIONS = 5 };

/* Seconds of a step by what it consists of. */
typedef struct overlap {
    double compute[ROUNDS], reduce[ROUNDS], both[ROUNDS];
    double hidden[ROUNDS]; /* share of the shorter one of the two */
} overlap;

/* All ranks at once, each by itself, as they share the machine in real steps too: the slowest. */
static tren_status measure_compute(double *seconds, tren_comm *comm, const custom_case *c,
                                   double duration) {
    tren_comm self;
    step_case share = c->step;
    tren_config users = c->users;
    double *all = NULL;
    share.batch = c->step.batch / comm->size;
    share.shards = c->step.shards / comm->size;
    share.reduction = NULL;
    users.batch_size = share.batch;
    users.shards = share.shards;
    users.reduction = TREN_ENGINE_AUTO;
    if (share.config) share.config = &users;
    TREN_TRY(tren_comm_self(&self));
    tren_comm_barrier(comm);
    tren_status st = bench_measure(seconds, &self, &share, c->path, duration);
    tren_comm_close(&self);
    if (st == TREN_OK) st = tren_alloc(&all, (size_t)comm->size, sizeof *all, "times");
    TREN_GOTO(tren_comm_agree(comm, st));
    tren_comm_allgather(comm, all, seconds, 1);
    for (int q = 0; q < comm->size; q++)
        if (all[q] > *seconds) *seconds = all[q];
done:
    free(all);
    return st;
}

static double measure_reduction(tren_reducer *reducer, const tren_comm *comm) {
    double seconds[REDUCTIONS];
    for (int i = 0; i < REDUCTIONS; i++) seconds[i] = bench_reduction(reducer, comm);
    return bench_median(seconds, REDUCTIONS);
}

static tren_status measure(overlap *o, tren_comm *comm, const custom_case *c,
                           tren_reducer *reducer) {
    double duration = c->steps * bench_flop(&c->step) / comm->size / 100e9 / ROUNDS;
    measure_reduction(reducer, comm); /* the first are slow: pages, connections */
    for (int r = 0; r < ROUNDS; r++) {
        TREN_TRY(measure_compute(&o->compute[r], comm, c, duration));
        o->reduce[r] = measure_reduction(reducer, comm);
        TREN_TRY(bench_measure(&o->both[r], comm, &c->step, c->path, duration));
        o->hidden[r] = (o->compute[r] + o->reduce[r] - o->both[r]) /
                       (o->compute[r] < o->reduce[r] ? o->compute[r] : o->reduce[r]);
    }
    return TREN_OK;
}

static void print(overlap *o, const custom_case *c, const tren_comm *comm,
                  const tren_reducer *reducer) {
    size_t bytes = bench_values(&c->step) * sizeof(real);
    double compute = bench_median(o->compute, ROUNDS), reduce = bench_median(o->reduce, ROUNDS),
           both = bench_median(o->both, ROUNDS), hidden = fmax(0, bench_median(o->hidden, ROUNDS));
    bench_say_machine(comm, c->way.json);
    if (c->way.json) {
        tren_json row = bench_begin_row("overlap");
        tren_json_text(&row, "reduction", tren_reducer_engine(reducer));
        tren_json_whole(&row, "bytes", (int64_t)bytes);
        tren_json_real(&row, "compute_seconds", compute);
        tren_json_real(&row, "reduce_seconds", reduce);
        tren_json_real(&row, "step_seconds", both);
        tren_json_real(&row, "hidden", hidden);
        bench_end_row(&row);
        return;
    }
    printf("# reduction %s of %.2f MB, %d shards, batch %d; microseconds, medians of %d rounds;\n"
           "# hidden: of the shorter one of computing and reducing\n",
           tren_reducer_engine(reducer), (double)bytes * 1e-6, c->step.shards, c->step.batch,
           ROUNDS);
    printf("%12s %12s %12s %12s\n", "computing", "reducing", "together", "hidden");
    printf("%12.1f %12.1f %12.1f %10.0f %%\n", compute * 1e6, reduce * 1e6, both * 1e6,
           100 * hidden);
}

static tren_status run(tren_comm *comm, custom_case *c) {
    static overlap o;
    tren_config config;
    tren_reducer *reducer = NULL;
    tren_status st = custom_case_open(c, comm);
    if (st == TREN_OK) st = bench_config(&config, &c->step, c->path);
    if (st == TREN_OK && (c->step.shards % comm->size || c->step.batch % comm->size))
        st = tren_fail(TREN_ERR_USAGE,
                       "batch %d and %d shards cannot be divided equally among %d ranks; choose "
                       "multiples of %d",
                       c->step.batch, c->step.shards, comm->size, comm->size);
    TREN_GOTO(tren_comm_agree(comm, st));
    tren_reduce_spec spec = {.n = bench_values(&c->step),
                             .shards = c->step.shards,
                             .engine = config.reduction,
                             .bucket = (size_t)config.bucket_kib * 1024 / sizeof(real)};
    TREN_GOTO(tren_reducer_open(&reducer, comm, &spec));
    TREN_GOTO(measure(&o, comm, c, reducer));
    if (comm->rank == 0) print(&o, c, comm, reducer);
done:
    tren_reducer_close(reducer);
    custom_case_close(c, comm);
    return st;
}

tren_status bench_overlap(tren_comm *comm, int argc, char **argv) {
    static custom_case custom = CUSTOM_DEFAULTS;
    tren_arg options[CUSTOM_OPTIONS + 1];
    options[custom_case_list(options, &custom)] = (tren_arg){.name = NULL};
    tren_args args = {
        .command = "bench overlap",
        .synopsis = "[--dims 784-512-512-10 | --model NAME | --config FILE] [--reduction ENGINE]",
        .summary = "Time a step's computing alone, its reduction alone, and both together: how "
                   "much communication is hidden.",
        .options = options};
    TREN_TRY(tren_args_parse(&args, argc, argv));
    if (args.help) return TREN_OK;
    if (comm->size == 1)
        return tren_fail(
            TREN_ERR_USAGE,
            "a single rank sends nothing; start several ranks: mpirun -n 2 tren bench overlap");
    if (!custom_case_given(&custom)) custom.dims = "784-512-512-10";
    return run(comm, &custom);
}
