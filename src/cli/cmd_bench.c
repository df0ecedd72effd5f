/* tren bench: how fast, as a share of what the machine can do. */
#include "cli/args.h"
#include "cli/bench.h"
#include "cli/cmd.h"
#include "cli/console.h"
#include "cli/launch.h"
#include "cli/mpi_start.h"
#include "tren/kernels.h"
#include "tren/train.h"

#include <string.h>

typedef struct benchmark {
    const char *name, *summary;
    tren_status (*run)(tren_comm *comm, int argc, char **argv);
    bool alone; /* one process, without MPI: comm is NULL */
} benchmark;

static const benchmark benchmarks[] = {
    {"gemm", "matrix products of a network, compared with a large square product", bench_gemm,
     false},
    {"conv", "every layer of an image network, compared with the limits of a core (roofline)",
     bench_conv, true},
    {"step",
     "whole training steps, as a share of the large product; on several ranks also the scaling",
     bench_step, false},
    {"allreduce", "reduction engines compared with MPI_Allreduce, 4 kB to 64 MB", bench_allreduce,
     false},
    {"overlap", "computing and communication alone and together: how much communication is hidden",
     bench_overlap, false},
    {"load", "read a rank's share of a dataset", bench_load, false},
};

enum { N_BENCHMARKS = sizeof benchmarks / sizeof *benchmarks };

static void print_help(void) {
    printf("usage: tren bench NAME [options]        (mpirun -n P tren bench NAME for several "
           "ranks)\n\n");
    for (int i = 0; i < N_BENCHMARKS; i++)
        printf("  %-10s %s\n", benchmarks[i].name, benchmarks[i].summary);
    printf("\n'tren bench NAME --help' shows the options of a benchmark.\n");
}

static const benchmark *find(const char *name) {
    for (int i = 0; i < N_BENCHMARKS; i++)
        if (strcmp(benchmarks[i].name, name) == 0) return &benchmarks[i];
    return NULL;
}

static tren_status run_alone(const benchmark *b, int argc, char **argv) {
    if (!tren_args_ask_help(argc, argv)) TREN_TRY(tren_launch_check_alone());
    tren_blas_threads(1);
    return b->run(NULL, argc, argv);
}

static tren_status run_together(const benchmark *b, int argc, char **argv) {
    tren_comm comm;
    if (!tren_args_ask_help(argc, argv)) {
        TREN_TRY(tren_launch_check_limits(true));
        TREN_TRY(tren_launch_check_srun());
    }
    TREN_TRY(tren_mpi_start(&comm, TREN_START_SECONDS));
    tren_blas_threads(1);
    tren_status st = tren_agree_on_program(&comm, b->name);
    if (st == TREN_OK) st = b->run(&comm, argc, argv);
    tren_comm_close(&comm);
    return st;
}

int tren_cmd_bench(int argc, char **argv) {
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help();
        return argc < 2 ? TREN_ERR_USAGE : 0;
    }
    const benchmark *b = find(argv[1]);
    if (!b)
        return tren_cli_fail("bench", tren_fail(TREN_ERR_USAGE,
                                                "no benchmark is called '%s'; the benchmarks are "
                                                "gemm, conv, step, allreduce, overlap and load",
                                                argv[1]));
    return tren_cli_fail("bench", (b->alone ? run_alone : run_together)(b, argc - 1, argv + 1));
}
