/* tren bench: how fast, as a share of what the machine can do. */
#include "cli/args.h"
#include "cli/bench.h"
#include "cli/cmd.h"
#include "cli/console.h"
#include "tren/kernels.h"

#include <string.h>

typedef struct benchmark {
    const char *name, *summary;
    tren_status (*run)(tren_comm *comm, int argc, char **argv);
} benchmark;

static const benchmark benchmarks[] = {
    {"gemm", "matrix products of a network's shapes, beside a large square one", bench_gemm},
    {"conv", "every convolution of a network, under the roofline", bench_conv},
    {"step", "whole training steps, as a share of the large product; several ranks: scaling too",
     bench_step},
    {"allreduce", "the reduction engines beside MPI_Allreduce, 4 kB to 64 MB", bench_allreduce},
    {"load", "reading a rank's share of a dataset", bench_load},
};

enum { N_BENCHMARKS = sizeof benchmarks / sizeof *benchmarks };

static void print_help(void) {
    printf("usage: tren bench NAME [options]        (mpirun -n P tren bench NAME for several "
           "ranks)\n\n");
    for (int i = 0; i < N_BENCHMARKS; i++)
        printf("  %-10s %s\n", benchmarks[i].name, benchmarks[i].summary);
    printf("\n'tren bench NAME --help' lists the options of one.\n");
}

static const benchmark *find(const char *name) {
    for (int i = 0; i < N_BENCHMARKS; i++)
        if (strcmp(benchmarks[i].name, name) == 0) return &benchmarks[i];
    return NULL;
}

int tren_cmd_bench(int argc, char **argv) {
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help();
        return argc < 2 ? TREN_ERR_USAGE : 0;
    }
    const benchmark *b = find(argv[1]);
    if (!b)
        return tren_cli_fail("bench",
                             tren_fail(TREN_ERR_USAGE,
                                       "no benchmark is called '%s'; there are gemm, conv, step, "
                                       "allreduce and load",
                                       argv[1]));
    tren_comm comm;
    tren_status st = tren_comm_open(&comm);
    if (st != TREN_OK) return tren_cli_fail("bench", st);
    tren_blas_threads(1);
    st = b->run(&comm, argc - 1, argv + 1);
    tren_comm_close(&comm);
    return tren_cli_fail("bench", st);
}
