/* Every convolution of a network, alone, on one core: where it stands under the roofline (S.
 * Williams, A. Waterman, D. Patterson, CACM 52, 2009). */
#include "cli/args.h"
#include "cli/bench.h"
#include "cli/out_file.h"
#include "tren/models.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 15, PASSES = 3, MAX_SHAPES = 64 };
static const char *const pass_name[PASSES] = {"forward", "weight", "input"};

/* What a pass over one shape reads and writes, and room for the kernels. */
typedef struct conv_bench {
    tren_conv_shape shape;
    int layers, n_blocks; /* of this shape; blocks of images */
    real *x, *y, *w, *packed[2], *scratch;
} conv_bench;

static tren_status open_bench(conv_bench *b) {
    const tren_conv_shape *s = &b->shape;
    size_t blocks = (size_t)b->n_blocks * TREN_LANES;
    size_t x = blocks * (size_t)s->ci * s->h * s->w, y = blocks * (size_t)s->co * s->oh * s->ow;
    size_t w = (size_t)s->co * s->ci * s->kernel * s->kernel;
    tren_arena arena;
    size_t packed[2] = {tren_conv_packed(s, 0), tren_conv_packed(s, 1)};
    size_t most = packed[0] > packed[1] ? packed[0] : packed[1];
    size_t room = (most + TREN_LANES) / TREN_LANES * TREN_LANES;
    w = (w + TREN_LANES) / TREN_LANES * TREN_LANES;
    TREN_TRY(tren_arena_open(&arena, x + y + w + 2 * room + tren_conv_scratch(s)));
    b->x = arena.at;
    b->y = b->x + x;
    b->w = b->y + y;
    b->packed[0] = b->w + w;
    b->packed[1] = b->packed[0] + room;
    b->scratch = b->packed[1] + room;
    for (size_t i = 0; i < x + y + w; i++) arena.at[i] = (real)(i % 1000) / 1000;
    for (int k = 0; k < 2; k++) tren_conv_pack(b->packed[k], b->w, s, k);
    return TREN_OK;
}

static void run_pass(conv_bench *b, int pass) {
    tren_conv_call call = {.y = pass == 0 ? b->y : b->x,
                           .x = pass == 0 ? b->x : b->y,
                           .packed = b->packed[pass == 2],
                           .shape = &b->shape,
                           .scratch = b->scratch,
                           .n_blocks = b->n_blocks};
    if (pass == 0) tren_conv_forward(&call, NULL);
    if (pass == 1) tren_conv_weight(b->w, b->y, b->x, b->n_blocks, &b->shape, b->scratch);
    if (pass == 2) tren_conv_input(&call, false);
}

static double time_of(conv_bench *b, int pass) {
    double seconds[SAMPLES];
    run_pass(b, pass);
    for (int i = 0; i < SAMPLES; i++) {
        double since = tren_seconds();
        run_pass(b, pass);
        seconds[i] = tren_seconds() - since;
    }
    return bench_min(seconds, SAMPLES);
}

/* ---- the network's shapes -------------------------------------------------------------------- */

static tren_conv_shape shape_of(const tren_layer *l) {
    const int *dim = l->graph->param[l->param].dim;
    tren_conv_shape s = {.ci = l->in.c, .h = l->in.h, .w = l->in.w, .co = l->out.c};
    s.oh = l->out.h;
    s.ow = l->out.w;
    s.kernel = dim[2];
    s.pad = dim[2] / 2; /* as all our models have it */
    s.stride = l->in.h > l->out.h ? (l->in.h + l->out.h - 1) / l->out.h : 1;
    return s;
}

static int list_shapes(conv_bench bench[MAX_SHAPES], const tren_graph *graph, int n_blocks) {
    int n = 0;
    for (int i = 0; i < graph->n_layers && n < MAX_SHAPES; i++) {
        if (strcmp(graph->layer[i]->ops->name, "conv2d") != 0) continue;
        tren_conv_shape s = shape_of(graph->layer[i]);
        int k = 0;
        while (k < n && memcmp(&bench[k].shape, &s, sizeof s) != 0) k++;
        if (k == n) bench[n++] = (conv_bench){.shape = s, .n_blocks = n_blocks};
        bench[k].layers++;
    }
    return n;
}

/* GB/s of a triad over arrays that no cache holds. */
static tren_status measure_bandwidth(double *gigabytes) {
    enum { N = 16 << 20 };
    tren_arena a;
    double seconds[SAMPLES];
    TREN_TRY(tren_arena_open(&a, 3 * (size_t)N));
    for (int i = 0; i < SAMPLES; i++) {
        double since = tren_seconds();
        tren_sum(a.at, a.at + N, a.at + 2 * (size_t)N, N);
        seconds[i] = tren_seconds() - since;
    }
    *gigabytes = 3.0 * N * sizeof(real) / bench_min(seconds, SAMPLES) * 1e-9;
    tren_arena_close(&a);
    return TREN_OK;
}

/* ---- the table ------------------------------------------------------------------------------- */

typedef struct table {
    FILE *csv; /* or NULL */
    double peak, bandwidth;
} table;

static void put_row(const table *t, const conv_bench *b, int pass, double seconds) {
    const tren_conv_shape *s = &b->shape;
    double images = (double)b->n_blocks * TREN_LANES, kernel = (double)s->kernel * s->kernel;
    double flop = 2 * images * s->co * s->oh * s->ow * s->ci * kernel;
    double bytes =
        sizeof(real) * (images * ((double)s->ci * s->h * s->w + (double)s->co * s->oh * s->ow) +
                        kernel * s->ci * s->co);
    double gflops = flop / seconds * 1e-9;
    char name[64];
    snprintf(name, sizeof name, "%d-%d %dx%d k%d s%d", s->ci, s->co, s->h, s->w, s->kernel,
             s->stride);
    printf("%-24s %2d  %-8s %8.1f %9.2f %9.2f %8.1f %8.1f  %5.2f\n", name, b->layers,
           pass_name[pass], seconds * 1e6, flop * 1e-6, bytes * 1e-6, flop / bytes, gflops,
           gflops / fmin(t->peak, flop / bytes * t->bandwidth));
    if (t->csv)
        fprintf(t->csv, "%s,%d,%s,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g\n", name, b->layers,
                pass_name[pass], seconds, flop, bytes, flop / bytes, gflops, t->peak, t->bandwidth);
}

static tren_status measure(const table *t, conv_bench *bench, int n) {
    printf("%-24s %2s  %-8s %8s %9s %9s %8s %8s  %5s\n", "convolution", "n", "pass", "us", "MFLOP",
           "MB", "FLOP/B", "GFLOP/s", "roof");
    for (int i = 0; i < n; i++) {
        TREN_TRY(open_bench(&bench[i]));
        for (int pass = 0; pass < PASSES; pass++)
            put_row(t, &bench[i], pass, time_of(&bench[i], pass));
        tren_arena_close(&(tren_arena){.at = bench[i].x});
    }
    return TREN_OK;
}

static tren_status build(tren_graph **graph, const char *model, int width, const char *text) {
    tren_config config;
    tren_dataset_info info = {.is_image = true, .n_classes = 10, .n_targets = 1};
    char end;
    if (sscanf(text, "%dx%dx%d%c", &info.shape.c, &info.shape.h, &info.shape.w, &end) != 3)
        return tren_fail(TREN_ERR_USAGE, "--shape: '%s' is not like 3x32x32", text);
    tren_config_defaults(&config);
    TREN_TRY(tren_config_set(&config, "model.name", model, "--model"));
    snprintf(config.data, sizeof config.data, "--shape"); /* what messages call it */
    config.model.width = width;
    config.model.hidden.n = 0;
    return tren_model_build(graph, &config, &info);
}

static tren_status run(const char *model, int width, const char *shape, int images,
                       const char *out) {
    conv_bench bench[MAX_SHAPES];
    tren_graph *graph = NULL;
    tren_out_file file = {0};
    table t = {0};
    tren_status st = TREN_OK;
    TREN_GOTO(build(&graph, model, width, shape));
    int n = list_shapes(bench, graph, (images + TREN_LANES - 1) / TREN_LANES);
    if (n == 0) TREN_GOTO(tren_fail(TREN_ERR_USAGE, "--model: %s has no convolutions", model));
    if (out) TREN_GOTO(tren_out_check(&file, out, true));
    if (out) TREN_GOTO(tren_out_open_text(&file));
    t.csv = file.text;
    t.peak = bench_peak_now();
    TREN_GOTO(measure_bandwidth(&t.bandwidth));
    printf("peak %.0f GFLOP/s (a large product), %.1f GB/s (sums of long vectors), %d images\n",
           t.peak, t.bandwidth, bench[0].n_blocks * TREN_LANES);
    if (t.csv)
        fputs("layer,layers,pass,seconds,flop,bytes,intensity,gflops,peak_gflops,gigabytes\n",
              t.csv);
    TREN_GOTO(measure(&t, bench, n));
    if (out) st = tren_out_finish(&file);
done:
    tren_out_close(&file);
    tren_graph_close(graph);
    return st;
}

tren_status bench_conv(tren_comm *comm, int argc, char **argv) {
    const char *model = "resnet18", *shape = "1x28x28", *out = NULL;
    int width = 16, images = 64;
    const tren_arg options[] = {
        {"model", TREN_ARG_TEXT, &model, "NAME", .help = "resnet18 by default, cnn5 or cnn."},
        {"width", TREN_ARG_INT, &width, "K", .help = "Its model.width; 16 by default.", .min = 1,
         .max = 4096},
        {"shape", TREN_ARG_TEXT, &shape, "CxHxW", .help = "Its images; 1x28x28 by default."},
        {"images", TREN_ARG_INT, &images, "N",
         .help = "Of a microbatch, up to whole blocks of 16; 64 by default.", .min = 1,
         .max = 4096},
        {"out", TREN_ARG_TEXT, &out, "FILE.csv",
         .help = "The table as CSV, from which bench/roofline.gp draws."},
        {.name = NULL}};
    tren_args args = {.command = "bench conv",
                      .synopsis = "[--model NAME] [--width K] [--shape CxHxW] [--out FILE.csv]",
                      .summary =
                          "Every convolution of a network, alone, on one core: FLOP by the "
                          "plain count (Winograd's way does fewer), bytes that must move, and "
                          "the share of what peak and bandwidth allow. Changes nothing that "
                          "trainings choose.",
                      .options = options};
    TREN_TRY(tren_args_parse(&args, argc, argv));
    if (args.help || comm->rank > 0) return TREN_OK;
    bench_say_machine(comm);
    return run(model, width, shape, images, out);
}
