/* Private to the benchmarks: measuring, and the table of results. All ranks call; rank 0 prints. */
#ifndef TREN_CLI_BENCH_H
#define TREN_CLI_BENCH_H

#include "base/json.h"
#include "tren/comm.h"

/* Initialises a tren_arg. */
#define BENCH_CPU_OPTION(level)                                                                    \
    {                                                                                              \
        .name = "cpu", .type = TREN_ARG_TEXT, .at = (level), .metavar = "LEVEL",                   \
        .help = "Instruction set of the kernels; default: auto, the highest that the CPU has."     \
    }

#define BENCH_JSON_OPTION(json)                                                                    \
    {                                                                                              \
        .name = "json", .type = TREN_ARG_FLAG, .at = (json),                                       \
        .help = "Print JSON: one object per line, the machine first."                              \
    }

/* Times in seconds, sorted in place. */
double bench_median(double *seconds, int n);
double bench_min(const double *seconds, int n);

/* GFLOP/s of 2048-cubed products on this rank, now: the best of a few. Clocks change with what else
 * the machine does, so shares are taken of a peak measured beside the thing itself. */
double bench_peak_now(void);

/* Machine, core type, threads, date: one line at the head of every table. comm NULL: of a benchmark
 * that works alone. */
void bench_say_machine(const tren_comm *comm, bool json);
/* A line of JSON, begun with the name of what it measures; to be ended by bench_end_row. */
tren_json bench_begin_row(const char *name);
void bench_end_row(tren_json *row);

tren_status bench_gemm(tren_comm *comm, int argc, char **argv);
tren_status bench_conv(tren_comm *comm, int argc, char **argv);
tren_status bench_step(tren_comm *comm, int argc, char **argv);
tren_status bench_allreduce(tren_comm *comm, int argc, char **argv);
tren_status bench_overlap(tren_comm *comm, int argc, char **argv);
tren_status bench_load(tren_comm *comm, int argc, char **argv);
tren_status bench_conv(tren_comm *none, int argc, char **argv); /* without MPI: it draws */

#endif
