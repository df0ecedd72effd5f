#include "cli/bench.h"
#include "cli/bench_roofline.h"
#include "tren/kernels.h"

#include <string.h>

enum { TRIES = 9 };
static const double try_seconds = 4e-3;

/* ---- arithmetic ------------------------------------------------------------------------------ */

static double chains_now(bool half) {
    enum { ROUNDS = 200000 };
    const tren_kernels *kernels = tren_kernels_best();
    _Alignas(64) real out[TREN_LANES], a[TREN_LANES], b[TREN_LANES];
    double width = (double)kernels->vector_bytes / sizeof(real);
    double flop = 2 * width * ROUNDS * (half ? TREN_FMA_CHAINS / 2 : TREN_FMA_CHAINS);
    double best = 0;
    for (int l = 0; l < TREN_LANES; l++) {
        a[l] = (real)0.5; /* sums stay near 2 b */
        b[l] = (real)l;
    }
    for (int i = 0; i < TRIES; i++) {
        double since = tren_seconds();
        kernels->fma_chains(out, a, b, ROUNDS, half);
        double gflops = flop / (tren_seconds() - since) * 1e-9;
        if (gflops > best) best = gflops;
    }
    return best;
}

static double larger(double a, double b) {
    return a > b ? a : b;
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* As the kernel tells for the first core: "1024K". */
static double cache_bytes(int index, double otherwise) {
    char path[96], unit = 0;
    double size = 0;
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/size", index);
    FILE *file = fopen(path, "re");
    if (!file) return otherwise;
    int n = fscanf(file, "%lf%c", &size, &unit);
    fclose(file);
    if (n < 1 || size <= 0) return otherwise;
    return size * (unit == 'M' ? 1 << 20 : unit == 'K' ? 1 << 10 : 1);
}

static double triad_now(real *room, size_t n) {
    real *a = room, *b = room + n, *c = room + 2 * n;
    double bytes = 3.0 * (double)n * sizeof(real), best = 0, spent = 0;
    int repeat = 1;
    for (int i = 0; i < TRIES; i++) {
        double since = tren_seconds();
        for (int r = 0; r < repeat; r++) tren_kernels_best()->triad(a, b, c, (real)0.5, n);
        spent = tren_seconds() - since;
        best = larger(best, bytes * repeat / spent * 1e-9);
        if (spent < try_seconds) repeat = (int)(repeat * try_seconds / larger(spent, 1e-7)) + 1;
    }
    return best;
}

static tren_status measure_memory(bench_memory *m, const char *name, double bytes) {
    size_t n = (size_t)(bytes / (3 * sizeof(real))) / TREN_LANES * TREN_LANES;
    tren_arena room;
    TREN_TRY(tren_arena_open(&room, 3 * n));
    for (size_t i = 0; i < 3 * n; i++) room.at[i] = (real)(i % 8);
    *m = (bench_memory){name, bytes * 0x1p-20, triad_now(room.at, n)};
    tren_arena_close(&room);
    return TREN_OK;
}

/* Half of the second level; a quarter of the third, which others use too; four times it. */
static tren_status measure_memories(bench_memory m[BENCH_N_MEMORIES]) {
    const double least = 96 * 0x1p20, most = 768 * 0x1p20;
    double l2 = cache_bytes(2, 0x1p20), l3 = cache_bytes(3, 32 * 0x1p20), beyond = 4 * l3;
    beyond = beyond < least ? least : beyond > most ? most : beyond;
    TREN_TRY(measure_memory(&m[0], "L2", l2 / 2));
    TREN_TRY(measure_memory(&m[1], "L3", larger(l3 / 4, 2 * l2)));
    return measure_memory(&m[2], "DRAM", beyond);
}

tren_status bench_ceilings_measure(bench_ceilings *c) {
    *c = (bench_ceilings){.fma = larger(chains_now(false), chains_now(true)),
                          .gemm = bench_peak_now()};
    c->peak = larger(c->fma, c->gemm);
    return measure_memories(c->memory);
}
