/* Whole steps through the real trainer, on random rows: what a user gets. */
#include "cli/bench.h"
#include "cli/bench_case.h"
#include "tren/kernels.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DECAY "optimizer.lambda 5 "
static const step_case one_rank[] = {
    {.name = "sgd",
     .dims = "784-2048-2048-2048-10",
     .batch = 512,
     .shards = 1,
     .more = DECAY,
     .target = 0.92},
    {.name = "sgd",
     .dims = "784-512-512-10",
     .batch = 256,
     .shards = 1,
     .more = DECAY,
     .target = 0.90},
    {.name = "momentum dropout",
     .dims = "784-512-512-10",
     .batch = 256,
     .shards = 1,
     .more = DECAY "optimizer.momentum 0.9 dropout 0.5 ",
     .target = 0.80},
    {.name = "adamw",
     .dims = "784-512-512-10",
     .batch = 256,
     .shards = 1,
     .more = "optimizer.name adamw optimizer.weight_decay 0.01 ",
     .target = 0.80},
    {.name = "4 shards", .dims = "784-512-512-10", .batch = 256, .shards = 4, .more = DECAY},
    {.name = "8 shards", .dims = "784-512-512-10", .batch = 256, .shards = 8, .more = DECAY},
    {.name = "16 shards", .dims = "784-512-512-10", .batch = 256, .shards = 16, .more = DECAY},
    {.name = "small", .dims = "40-61-61-10", .batch = 100, .shards = 1, .more = DECAY},
};
static const step_case scaling[] = {
    {.name = "alone, half", .dims = "784-512-512-10", .batch = 128, .shards = 1, .more = DECAY},
    {.name = "together", .dims = "784-512-512-10", .batch = 256, .shards = 2, .more = DECAY},
};

enum { ROUNDS = 5 };

/* One case, as often as there are rounds. */
typedef struct step_result {
    double seconds[ROUNDS]; /* median of the round's steps */
    double share[ROUNDS];   /* of the peak beside it */
    double peak[ROUNDS];    /* GFLOP/s of the large product */
} step_result;

static void json_case(const step_case *c, int ranks, step_result *r) {
    double seconds = bench_median(r->seconds, ROUNDS);
    tren_json row = bench_begin_row("step");
    tren_json_text(&row, "case", c->name);
    tren_json_text(&row, "network", c->dims);
    tren_json_whole(&row, "batch", c->batch);
    tren_json_whole(&row, "shards", c->shards);
    tren_json_whole(&row, "ranks", ranks);
    tren_json_real(&row, "step_seconds", seconds);
    tren_json_real(&row, "samples_per_second", c->batch / seconds);
    tren_json_real(&row, "gflops", bench_flop(c) / seconds * 1e-9);
    tren_json_real(&row, "share_of_product", bench_median(r->share, ROUNDS));
    bench_end_row(&row);
}

static void print_head(const step_way *way) {
    if (way->json) return;
    printf("%-18s %-22s %5s %6s %6s  %10s %12s %9s %6s %7s\n", "case", "network", "batch", "shards",
           "ranks", "us/step", "samples/s", "GFLOP/s", "share", "target");
}

static void print_case(const step_case *c, int ranks, step_result *r, const step_way *way) {
    if (way->json) {
        json_case(c, ranks, r);
        return;
    }
    double seconds = bench_median(r->seconds, ROUNDS);
    printf("%-18s %-22s %5d %6d %6d  %10.1f %12.0f %9.1f %6.3f", c->name, c->dims, c->batch,
           c->shards, ranks, seconds * 1e6, c->batch / seconds, bench_flop(c) / seconds * 1e-9,
           bench_median(r->share, ROUNDS));
    if (c->target > 0) printf(" %7.2f", c->target);
    printf("\n");
    fflush(stdout);
}

typedef struct bench_data {
    char path[2][256]; /* of 784 and of 40 columns */
} bench_data;

static const char *data_for(const bench_data *data, const step_case *c) {
    return data->path[atoi(c->dims) == 40];
}

static void say_way(const tren_comm *comm, const step_way *way) {
    const tren_kernels *kernels;
    if (way->json) return;
    if (comm->rank == 0 && tren_kernels_choose(&kernels, way->cpu ? way->cpu : "auto") == TREN_OK)
        printf("# level %s, gemm %s\n", kernels->level, way->gemm ? way->gemm : "openblas");
}

static tren_status measure_beside_peak(step_result *out, int round, tren_comm *comm,
                                       const step_case *c, const char *data, double seconds) {
    double before = bench_peak_now();
    TREN_TRY(bench_measure(&out->seconds[round], comm, c, data, seconds));
    double after = bench_peak_now(), peak = before > after ? before : after;
    out->share[round] = bench_flop(c) / out->seconds[round] * 1e-9 / comm->size / peak;
    out->peak[round] = peak;
    return TREN_OK;
}

/* Rounds over all cases, so that each meets the same weather. */
static tren_status bench_alone(tren_comm *comm, const bench_data *data, double seconds,
                               const step_way *way) {
    enum { N = sizeof one_rank / sizeof *one_rank, BASE = 1, FIRST_SHARDS = 4, LAST_SHARDS = 6 };
    static step_result result[N];
    double best = 0, price[ROUNDS];
    for (int r = 0; r < ROUNDS; r++)
        for (int i = 0; i < N; i++) {
            step_case c = bench_by_way(&one_rank[i], way);
            TREN_TRY(
                measure_beside_peak(&result[i], r, comm, &c, data_for(data, &c), seconds / ROUNDS));
        }
    for (int i = 0; i < N; i++)
        for (int r = 0; r < ROUNDS; r++)
            if (result[i].peak[r] > best) best = result[i].peak[r];
    if (!way->json) {
        printf(
            "# median of %d rounds, each the median of its steps; share: of the 2048-cubed product "
            "beside it (best of the "
            "run: %.1f GFLOP/s)\n",
            ROUNDS, best);
        printf("price of shards at batch 256:");
        for (int i = FIRST_SHARDS; i <= LAST_SHARDS; i++) {
            for (int r = 0; r < ROUNDS; r++)
                price[r] = result[i].seconds[r] / result[BASE].seconds[r];
            printf("  S = %d: x %.3f", one_rank[i].shards, bench_median(price, ROUNDS));
        }
        printf("\n");
    }
    print_head(way);
    for (int i = 0; i < N; i++) print_case(&one_rank[i], 1, &result[i], way);
    return TREN_OK;
}

/* Rank 0 alone with the rows of one rank, then all together, taking turns. */
static tren_status bench_together(tren_comm *comm, const bench_data *data, double seconds,
                                  const step_way *way) {
    static step_result alone, together;
    double ratio[ROUNDS];
    step_case half = bench_by_way(&scaling[0], way), all = bench_by_way(&scaling[1], way);
    all.batch = half.batch * comm->size;
    all.shards = comm->size;
    for (int r = 0; r < ROUNDS; r++) {
        if (comm->rank == 0) {
            tren_comm self;
            TREN_TRY(tren_comm_self(&self));
            TREN_TRY(measure_beside_peak(&alone, r, &self, &half, data->path[0], seconds / ROUNDS));
            tren_comm_close(&self);
        }
        tren_comm_barrier(comm);
        TREN_TRY(measure_beside_peak(&together, r, comm, &all, data->path[0], seconds / ROUNDS));
        ratio[r] =
            together.seconds[r] > 0 ? alone.seconds[r] / together.seconds[r] * comm->size : 0;
    }
    if (comm->rank > 0) return TREN_OK;
    if (!way->json) {
        printf("# median of %d rounds; share: of the 2048-cubed product beside it\n", ROUNDS);
        printf("together over alone at the same rows a rank: x %.3f of %d\n",
               bench_median(ratio, ROUNDS), comm->size);
    }
    print_head(way);
    print_case(&half, 1, &alone, way);
    print_case(&all, comm->size, &together, way);
    return TREN_OK;
}

static tren_status open_data(bench_data *data, const tren_comm *comm) {
    const char *dir = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
    tren_status st = TREN_OK;
    if (comm->rank == 0) {
        for (int i = 0; i < 2; i++)
            snprintf(data->path[i], sizeof data->path[i], "%s/tren-bench-%d-%d.h5", dir,
                     (int)getpid(), i);
        st = bench_make_data(data->path[0], &(step_case){.dims = "784-10"});
        if (st == TREN_OK) st = bench_make_data(data->path[1], &(step_case){.dims = "40-10"});
    }
    tren_comm_bcast(comm, data, sizeof *data);
    return tren_comm_agree(comm, st);
}

static tren_status measure_custom(step_result *result, tren_comm *comm, const custom_case *c) {
    double seconds = c->steps * bench_flop(&c->step) / 100e9 / ROUNDS;
    for (int r = 0; r < ROUNDS; r++)
        TREN_TRY(c->bare ? bench_measure(&result->seconds[r], comm, &c->step, c->path, seconds)
                         : measure_beside_peak(result, r, comm, &c->step, c->path, seconds));
    return TREN_OK;
}

static tren_status bench_custom(tren_comm *comm, custom_case *c) {
    static step_result result;
    tren_status st = custom_case_open(c, comm);
    if (st == TREN_OK) st = measure_custom(&result, comm, c);
    custom_case_close(c, comm);
    if (st != TREN_OK || comm->rank > 0) return st;
    if (c->bare) {
        printf("%.1f\n", bench_median(result.seconds, ROUNDS) * 1e6);
        return TREN_OK;
    }
    bench_say_machine(comm, c->way.json);
    say_way(comm, &c->way);
    print_head(&c->way);
    print_case(&c->step, comm->size, &result, &c->way);
    return TREN_OK;
}

static tren_status bench_table(tren_comm *comm, double seconds, const step_way *way) {
    bench_data data;
    TREN_TRY(open_data(&data, comm));
    bench_say_machine(comm, way->json);
    say_way(comm, way);
    tren_status st = comm->size == 1 ? bench_alone(comm, &data, seconds, way)
                                     : bench_together(comm, &data, seconds, way);
    for (int i = 0; i < 2 && comm->rank == 0; i++) unlink(data.path[i]);
    return st;
}

tren_status bench_step(tren_comm *comm, int argc, char **argv) {
    double seconds = 3;
    static custom_case custom = CUSTOM_DEFAULTS;
    tren_arg options[CUSTOM_OPTIONS + 2] = {
        {.name = "seconds",
         .type = TREN_ARG_SECONDS,
         .at = &seconds,
         .metavar = "S",
         .help = "Approximate time for each case of the table, in seconds.",
         .min = 0,
         .max = 3600}};
    int n = 1 + custom_case_list(options + 1, &custom);
    options[n] = (tren_arg){.name = NULL};
    tren_args args = {
        .command = "bench step",
        .synopsis = "[--seconds 3] | --dims A-B-C [--batch N] ... | --model NAME [--width K] ... | "
                    "--config FILE [--json]",
        .summary = "Time training steps of the real trainer. On one rank: the speed by network, "
                   "optimizer and shards. On several ranks: how much faster they are together.",
        .options = options};
    TREN_TRY(tren_args_parse(&args, argc, argv));
    if (args.help) return TREN_OK;
    return custom_case_given(&custom) ? bench_custom(comm, &custom)
                                      : bench_table(comm, seconds, &custom.way);
}
