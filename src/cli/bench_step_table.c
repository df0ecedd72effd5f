#include "cli/bench.h"
#include "cli/bench_step.h"

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

void bench_step_head(const step_way *way) {
    if (way->json) return;
    printf("%-18s %-22s %5s %6s %6s  %10s %12s %9s %6s %7s\n", "case", "network", "batch", "shards",
           "ranks", "us/step", "samples/s", "GFLOP/s", "share", "target");
}

void bench_step_case(const step_case *c, int ranks, step_result *r, const step_way *way) {
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
