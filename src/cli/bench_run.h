/* Private to the benchmarks: trainings of random rows, timed step by step. */
#ifndef TREN_CLI_BENCH_RUN_H
#define TREN_CLI_BENCH_RUN_H

#include "tren/comm.h"
#include "tren/train.h"

typedef struct step_case {
    const char *name,
        *dims; /* widths of an mlp "784-512-10"; or of a row and the classes "784-10" */
    int batch, shards;
    const char *more;                   /* further settings: "key value key value" */
    double target;                      /* share of the large product; 0: none */
    tren_shape image;                   /* rows are images of this shape; {0}: a table */
    const char *gemm, *cpu, *reduction; /* NULL: the default */
    const tren_config *config; /* instead of dims, shards and more; not owned; NULL: none */
} step_case;

/* What a case trains by; data NULL or "": none. */
tren_status bench_config(tren_config *config, const step_case *c, const char *data);
/* Rows of noise in the source's type of images, u8, as many columns and classes as the case has. */
tren_status bench_make_data(const char *path, const step_case *c);
/* Of a step, by the network's own count. */
double bench_flop(const step_case *c);
/* Values of the case's network. */
size_t bench_values(const step_case *c);
/* Seconds of one reduction, the owners' copies, and the gather: what an allreduce does. Collective
 */
double bench_reduction(tren_reducer *reducer, const tren_comm *comm);
/* The median seconds of a step on this communicator; rank 0's. Collective */
tren_status bench_measure(double *median, tren_comm *comm, const step_case *c, const char *data,
                          double seconds);

#endif
