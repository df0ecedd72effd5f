/* The three products of every layer of a network, alone. */
#include "cli/args.h"
#include "cli/bench.h"
#include "tren/kernels.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_LAYERS = 16, SAMPLES = 15 };
static const double sample_flop = 2e8;

static double gflops_of(tren_gemm_shape s, real *a, real *b, real *c) {
    double flop = 2.0 * s.m * s.n * s.k, seconds[SAMPLES];
    int repeat = 1 + (int)(sample_flop / flop);
    for (int i = 0; i < SAMPLES; i++) {
        double since = tren_seconds();
        for (int r = 0; r < repeat; r++) tren_gemm(c, a, b, s, 1, 0);
        seconds[i] = (tren_seconds() - since) / repeat;
    }
    return flop / bench_median(seconds, SAMPLES) * 1e-9;
}

static tren_status print_layer(int batch, int in, int out, double peak) {
    size_t most = (size_t)(batch > in ? batch : in) * (size_t)(batch > out ? batch : out);
    if (most < (size_t)in * out) most = (size_t)in * out;
    real *a;
    TREN_TRY(tren_alloc(&a, 3 * most, sizeof *a, "matrices"));
    for (size_t i = 0; i < 3 * most; i++) a[i] = (real)(i % 1000) / 1000;
    tren_gemm_shape shape[] = {{.m = batch, .n = out, .k = in, .tb = true},
                               {.m = batch, .n = in, .k = out},
                               {.m = out, .n = in, .k = batch, .ta = true}};
    printf("%6d x %5d -> %5d ", batch, in, out);
    for (int i = 0; i < 3; i++) {
        double gflops = gflops_of(shape[i], a, a + most, a + 2 * most);
        printf(" %8.1f (%.2f)", gflops, gflops / peak);
    }
    printf("\n");
    free(a);
    return TREN_OK;
}

static tren_status parse_dims(int *dim, int *n, const char *text) {
    const char *at = text;
    for (*n = 0; *n < MAX_LAYERS; at++) {
        char *end;
        long value = strtol(at, &end, 10);
        if (end == at || value < 1 || value > 1 << 24) break;
        dim[(*n)++] = (int)value;
        if (*end == '\0' && *n > 1) return TREN_OK;
        at = end;
        if (*at != '-') break;
    }
    return tren_fail(TREN_ERR_USAGE, "--dims: '%s' is not a list of widths like 784-512-10", text);
}

tren_status bench_gemm(tren_comm *comm, int argc, char **argv) {
    const char *dims = "784-512-512-10";
    int batch = 256, dim[MAX_LAYERS], n = 0;
    const tren_arg options[] = {{.name = "dims",
                                 .type = TREN_ARG_TEXT,
                                 .at = &dims,
                                 .metavar = "A-B-C",
                                 .help = "Widths of the network."},
                                {.name = "batch",
                                 .type = TREN_ARG_INT,
                                 .at = &batch,
                                 .metavar = "N",
                                 .help = "Rows.",
                                 .min = 1,
                                 .max = 1e6},
                                {.name = NULL}};
    tren_args args = {.command = "bench gemm",
                      .synopsis = "[--dims 784-512-512-10] [--batch 256]",
                      .summary =
                          "Matrix products of a network's shapes, as shares of a 2048-cubed one.",
                      .options = options};
    TREN_TRY(tren_args_parse(&args, argc, argv));
    if (args.help || comm->rank > 0) return TREN_OK;
    TREN_TRY(parse_dims(dim, &n, dims));
    bench_say_machine(comm);
    double peak = bench_peak_now();
    printf("# 2048-cubed: %.1f GFLOP/s; below: GFLOP/s (share of it)\n", peak);
    printf("%22s  %15s %15s %15s\n", "batch x in -> out", "forward", "data gradient",
           "weight gradient");
    for (int i = 0; i + 1 < n; i++) TREN_TRY(print_layer(batch, dim[i], dim[i + 1], peak));
    return TREN_OK;
}
