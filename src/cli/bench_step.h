/* Private to the benchmark of steps: its results, as a table or as lines of JSON. */
#ifndef TREN_CLI_BENCH_STEP_H
#define TREN_CLI_BENCH_STEP_H

#include "cli/bench_run.h"

enum { ROUNDS = 5 };

/* One case, as often as there are rounds. */
typedef struct step_result {
    double seconds[ROUNDS]; /* median of the round's steps */
    double share[ROUNDS];   /* of the peak beside it */
    double peak[ROUNDS];    /* GFLOP/s of the large product */
} step_result;

/* Who computes products, and the level of the kernels (NULL: the default); and how it is
 * printed. */
typedef struct step_way {
    const char *gemm, *cpu;
    bool json; /* an object on each line */
} step_way;

void bench_step_head(const step_way *way);
void bench_step_case(const step_case *c, int ranks, step_result *r, const step_way *way);

#endif
