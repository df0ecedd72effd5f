/* Private to the benchmarks: what a core can do at most, and the picture that shows how near the
 * layers of a network come to it (S. Williams, A. Waterman, D. Patterson: "Roofline: an insightful
 * visual performance model for multicore architectures", 2009). Not collective. */
#ifndef TREN_CLI_BENCH_ROOFLINE_H
#define TREN_CLI_BENCH_ROOFLINE_H

#include "cli/bench_layers.h"

enum { BENCH_N_MEMORIES = 3 };
typedef struct bench_memory {
    const char *name; /* "L2", "L3", "DRAM" */
    double megabytes; /* of the three arrays together */
    double gbytes;    /* a second, three arrays of the triad counted */
} bench_memory;

typedef struct bench_ceilings {
    double fma;  /* GFLOP/s of multiply-adds in registers */
    double gemm; /* of the 2048-cubed product */
    double peak; /* the larger of them */
    bench_memory memory[BENCH_N_MEMORIES];
} bench_ceilings;

/* The best of several tries of each, on this core, now. */
tren_status bench_ceilings_measure(bench_ceilings *c);

/* TREN_ERR_USAGE, before anything is measured: not the name of a picture or a file there already
 * that is not to be replaced. */
tren_status bench_roofline_check(const char *path, bool force);
/* Draws convolutions and dense layers into an .svg or .png. subtitle: what was measured.
 * TREN_ERR_ENV: no gnuplot, no place. */
tren_status bench_roofline_draw(const char *path, bool force, const bench_layers *layers,
                                const bench_ceilings *ceilings, const char *subtitle);

#endif
