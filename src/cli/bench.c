#include "cli/bench.h"
#include "tren/kernels.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *seconds, int n) {
    qsort(seconds, (size_t)n, sizeof *seconds, ascending);
    return n % 2 ? seconds[n / 2] : 0.5 * (seconds[n / 2 - 1] + seconds[n / 2]);
}

double bench_min(const double *seconds, int n) {
    double least = seconds[0];
    for (int i = 1; i < n; i++)
        if (seconds[i] < least) least = seconds[i];
    return least;
}

double bench_peak_now(void) {
    enum { CUBE = 2048, TRIES = 3 };
    size_t n = (size_t)CUBE * CUBE;
    double best = 0;
    real *a = malloc(3 * n * sizeof *a);
    if (!a) return 0;
    for (size_t i = 0; i < 3 * n; i++) a[i] = (real)(i % 1000) / 1000;
    for (int i = 0; i < TRIES; i++) {
        double since = tren_seconds();
        tren_gemm(a + 2 * n, a, a + n, (tren_gemm_shape){.m = CUBE, .n = CUBE, .k = CUBE}, 1, 0);
        double gflops = 2.0 * CUBE * CUBE * CUBE / (tren_seconds() - since) * 1e-9;
        if (gflops > best) best = gflops;
    }
    free(a);
    return best;
}

static void cpu_name(char *out, size_t n) {
    snprintf(out, n, "unknown CPU");
    FILE *file = fopen("/proc/cpuinfo", "r");
    char line[256];
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, "model name", 10) != 0) continue;
        snprintf(out, n, "%s", strchr(line, ':') + 2);
        out[strcspn(out, "\n")] = '\0';
        break;
    }
    if (file) fclose(file);
}

tren_json bench_begin_row(const char *name) {
    tren_json row = {.out = stdout, .one_line = true};
    tren_json_begin(&row, NULL, '{');
    tren_json_text(&row, "bench", name);
    return row;
}

void bench_end_row(tren_json *row) {
    tren_json_end(row);
    fflush(stdout);
}

static void json_machine(const char *cpu, const char *mpi, int ranks, const char *date) {
    tren_json row = bench_begin_row("machine");
    tren_json_text(&row, "cpu", cpu);
    tren_json_text(&row, "blas_core", tren_blas_core());
    tren_json_text(&row, "precision", TREN_REAL_NAME);
    tren_json_text(&row, "mpi", mpi);
    tren_json_whole(&row, "ranks", ranks);
    tren_json_text(&row, "date", date);
    bench_end_row(&row);
}

void bench_say_machine(const tren_comm *comm, bool json) {
    if (comm && comm->rank > 0) return;
    int ranks = comm ? comm->size : 1;
    char cpu[128], mpi[128], date[32];
    time_t now = time(NULL);
    cpu_name(cpu, sizeof cpu);
    tren_comm_version(mpi, sizeof mpi);
    strftime(date, sizeof date, "%Y-%m-%d", localtime(&now));
    if (json) {
        json_machine(cpu, mpi, ranks, date);
        return;
    }
    printf("# %s, OpenBLAS core %s, 1 thread a rank, %s, %s, %d rank%s, %s\n", cpu,
           tren_blas_core(), TREN_REAL_NAME, mpi, ranks, ranks > 1 ? "s" : "", date);
}
