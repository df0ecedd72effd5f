/* The three products of every layer of a network, alone: OpenBLAS and the portable product, taking
 * turns. */
#include "cli/args.h"
#include "cli/bench.h"
#include "tren/kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LAYERS = 16, SAMPLES = 15 };
static const double sample_flop = 2e8;

/* Operands of one shape, and both results. */
typedef struct matrices {
    const tren_kernels *kernels;
    real *a, *b, *c; /* owned */
    tren_arena scratch;
} matrices;

static void matrices_close(matrices *x) {
    free(x->a);
    free(x->b);
    free(x->c);
    tren_arena_close(&x->scratch);
}

static tren_status matrices_open(matrices *x, tren_gemm_shape s) {
    tren_product p = tren_product_of(s, 1, 0);
    size_t a = (size_t)s.m * s.k, b = (size_t)s.k * s.n;
    TREN_TRY(tren_alloc(&x->a, a, sizeof(real), "matrices"));
    TREN_TRY(tren_alloc(&x->b, b, sizeof(real), "matrices"));
    TREN_TRY(tren_alloc(&x->c, (size_t)s.m * s.n, sizeof(real), "matrices"));
    TREN_TRY(tren_arena_open(&x->scratch, x->kernels->product_scratch(&p)));
    for (size_t i = 0; i < a; i++) x->a[i] = (real)(i % 1000) / 1000;
    for (size_t i = 0; i < b; i++) x->b[i] = (real)(i % 997) / 1000;
    return TREN_OK;
}

/* As a dense layer computes it: outputs of at most TREN_NARROW units have kernels of their own. */
static void run_portable(const matrices *x, tren_gemm_shape s) {
    const tren_kernels *k = x->kernels;
    tren_product p = tren_product_of(s, 1, 0);
    if (s.tb && s.n <= TREN_NARROW)
        k->narrow_forward(x->c, x->a, x->b, (tren_narrow_shape){s.m, s.k, s.n});
    else if (!s.tb && !s.ta && s.k <= TREN_NARROW)
        k->narrow_input(x->c, x->a, x->b, (tren_narrow_shape){s.m, s.n, s.k});
    else if (s.ta && s.m <= TREN_NARROW)
        k->narrow_weight(x->c, x->a, x->b, (tren_narrow_shape){s.k, s.n, s.m}, false);
    else
        k->product_run(x->c, x->a, x->b, &p, x->scratch.at);
}

static double seconds_of(const matrices *x, tren_gemm_shape s, bool portable) {
    int repeat = 1 + (int)(sample_flop / (2.0 * s.m * s.n * s.k));
    double since = tren_seconds();
    for (int r = 0; r < repeat; r++)
        if (portable)
            run_portable(x, s);
        else
            tren_gemm(x->c, x->a, x->b, s, 1, 0);
    return (tren_seconds() - since) / repeat;
}

/* GFLOP/s of OpenBLAS, and how many times as fast the portable product is: medians. */
typedef struct speed {
    double gflops, ratio;
} speed;

static tren_status measure(speed *out, const tren_kernels *kernels, tren_gemm_shape s) {
    matrices x = {.kernels = kernels};
    double blas[SAMPLES], ratio[SAMPLES];
    tren_status st = matrices_open(&x, s);
    if (st == TREN_OK) { /* unmeasured: caches and pages */
        seconds_of(&x, s, false);
        seconds_of(&x, s, true);
    }
    for (int i = 0; i < SAMPLES && st == TREN_OK; i++) {
        blas[i] = seconds_of(&x, s, false);
        ratio[i] = blas[i] / seconds_of(&x, s, true);
    }
    matrices_close(&x);
    if (st == TREN_OK)
        *out = (speed){2.0 * s.m * s.n * s.k / bench_median(blas, SAMPLES) * 1e-9,
                       bench_median(ratio, SAMPLES)};
    return st;
}

static void json_product(const char *name, tren_gemm_shape s, speed v) {
    tren_json row = bench_begin_row("gemm");
    tren_json_text(&row, "product", name);
    tren_json_whole(&row, "m", s.m);
    tren_json_whole(&row, "n", s.n);
    tren_json_whole(&row, "k", s.k);
    tren_json_real(&row, "openblas_gflops", v.gflops);
    tren_json_real(&row, "portable_over_openblas", v.ratio);
    bench_end_row(&row);
}

typedef struct gemm_table {
    const tren_kernels *kernels;
    int batch;
    bool json;
    double peak, log_sum; /* GFLOP/s of the 2048-cubed product; of the logarithms of the ratios */
} gemm_table;

static tren_status print_layer(gemm_table *t, int in, int out) {
    static const char *const name[] = {"forward", "data gradient", "weight gradient"};
    int batch = t->batch;
    tren_gemm_shape shape[] = {{.m = batch, .n = out, .k = in, .tb = true},
                               {.m = batch, .n = in, .k = out},
                               {.m = out, .n = in, .k = batch, .ta = true}};
    if (!t->json) printf("%6d x %5d -> %5d ", batch, in, out);
    for (int i = 0; i < 3; i++) {
        speed s;
        TREN_TRY(measure(&s, t->kernels, shape[i]));
        if (t->json)
            json_product(name[i], shape[i], s);
        else
            printf("   %7.1f (%.2f)  x %.2f", s.gflops, s.gflops / t->peak, s.ratio);
        t->log_sum += log(s.ratio);
    }
    if (!t->json) printf("\n");
    fflush(stdout);
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

static void print_head(const gemm_table *t, tren_gemm_shape shape, speed cube) {
    if (t->json) {
        json_product("2048-cubed", shape, cube);
        return;
    }
    printf("# 2048-cubed: OpenBLAS %.1f GFLOP/s, portable (level %s) x %.2f\n"
           "# below: OpenBLAS in GFLOP/s (share of the 2048-cubed), portable over OpenBLAS\n",
           cube.gflops, t->kernels->level, cube.ratio);
    printf("%22s   %23s   %23s   %23s\n", "batch x in -> out", "forward", "data gradient",
           "weight gradient");
}

static tren_status print_table(gemm_table *t, const int *dim, int n) {
    speed cube;
    tren_gemm_shape shape = {.m = 2048, .n = 2048, .k = 2048};
    TREN_TRY(measure(&cube, t->kernels, shape));
    t->peak = cube.gflops;
    print_head(t, shape, cube);
    for (int i = 0; i + 1 < n; i++) TREN_TRY(print_layer(t, dim[i], dim[i + 1]));
    if (!t->json)
        printf("# portable over OpenBLAS, geometric mean of these: x %.2f\n",
               exp(t->log_sum / (3.0 * (n - 1))));
    return TREN_OK;
}

tren_status bench_gemm(tren_comm *comm, int argc, char **argv) {
    const char *dims = "784-512-512-10", *level = "auto";
    int dim[MAX_LAYERS], n = 0;
    gemm_table table = {.batch = 256};
    const tren_arg options[] = {{.name = "dims",
                                 .type = TREN_ARG_TEXT,
                                 .at = &dims,
                                 .metavar = "A-B-C",
                                 .help = "Widths of the network."},
                                {.name = "batch",
                                 .type = TREN_ARG_INT,
                                 .at = &table.batch,
                                 .metavar = "N",
                                 .help = "Rows.",
                                 .min = 1,
                                 .max = 1e6},
                                BENCH_CPU_OPTION(&level),
                                BENCH_JSON_OPTION(&table.json),
                                {.name = NULL}};
    tren_args args = {.command = "bench gemm",
                      .synopsis = "[--dims 784-512-512-10] [--batch 256] [--cpu LEVEL] [--json]",
                      .summary =
                          "Time the matrix products of a network with OpenBLAS, as shares of the "
                          "speed of a 2048-cubed product, and with the portable product.",
                      .options = options};
    TREN_TRY(tren_args_parse(&args, argc, argv));
    if (args.help || comm->rank > 0) return TREN_OK;
    TREN_TRY(parse_dims(dim, &n, dims));
    TREN_TRY(tren_kernels_choose(&table.kernels, level));
    bench_say_machine(comm, table.json);
    return print_table(&table, dim, n);
}
