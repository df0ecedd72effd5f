/* Private to the benchmarks: a case of the user's own, from the command line. */
#ifndef TREN_CLI_BENCH_CASE_H
#define TREN_CLI_BENCH_CASE_H

#include "cli/args.h"
#include "cli/bench_run.h"

/* Who computes products, the level of the kernels, the engine (NULL: the default); and how it is
 * printed. */
typedef struct step_way {
    const char *gemm, *cpu, *reduction;
    bool json; /* an object on each line */
} step_way;

typedef struct custom_case {
    const char *dims, *optimizer, *model, *shape, *config;
    int batch, shards, steps, width;
    double dropout;
    bool bare;
    step_way way;
    /* filled by custom_case_open: */
    step_case step;
    char path[256], more[192];
    tren_config users;
} custom_case;

enum { CUSTOM_OPTIONS = 15 };
#define CUSTOM_DEFAULTS                                                                            \
    { .optimizer = "sgd", .batch = 256, .steps = 300, .width = 16, .shape = "1x28x28" }

/* Its options, option [CUSTOM_OPTIONS]. Returns how many. */
int custom_case_list(tren_arg *option, custom_case *c);
bool custom_case_given(const custom_case *c);
/* Fills c->step, and makes random rows where no config names others. Collective */
tren_status custom_case_open(custom_case *c, tren_comm *comm);
void custom_case_close(const custom_case *c, const tren_comm *comm);
step_case bench_by_way(const step_case *c, const step_way *way);

#endif
