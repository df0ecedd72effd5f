/* Private to the benchmarks: measuring, and the table of results. All ranks call; rank 0 prints. */
#ifndef TREN_CLI_BENCH_H
#define TREN_CLI_BENCH_H

#include "tren/comm.h"

/* Times in seconds, sorted in place. */
double bench_median(double *seconds, int n);
double bench_min(const double *seconds, int n);

/* The best GFLOP/s of square products of this size on this rank, out of some. Kept between calls: the best of the
 * run is what shares are taken of. */
double bench_peak(void);
/* Measures again and remembers the best. */
void bench_peak_again(void);

/* Machine, core type, threads, date: one line at the head of every table. */
void bench_say_machine(const tren_comm *comm);

tren_status bench_gemm(tren_comm *comm, int argc, char **argv);
tren_status bench_step(tren_comm *comm, int argc, char **argv);
tren_status bench_allreduce(tren_comm *comm, int argc, char **argv);
tren_status bench_load(tren_comm *comm, int argc, char **argv);

#endif
