/* Every layer of a network of images, as a share of a step and beside the roofs of a core. It only
 * looks: which way a convolution takes is a matter of its shape, never of what is measured here. */
#include "cli/args.h"
#include "cli/bench.h"
#include "cli/bench_roofline.h"
#include "cli/out_file.h"
#include "base/quote.h"

#include <math.h>
#include <string.h>

typedef struct conv_bench {
    const char *model, *shape, *out_path, *plot_path;
    int width, batch, shards;
    double seconds;
    bool warm, force, json;
    tren_shape image;
    tren_config config;
    bench_layers layers;
    bench_ceilings ceilings;
} conv_bench;

/* ---- what is asked for ----------------------------------------------------------------------- */

static tren_status parse_shape(tren_shape *s, const char *text) {
    enum { MOST = 4096 };
    int used = 0, n = sscanf(text, "%dx%dx%d%n", &s->c, &s->h, &s->w, &used);
    bool good = n == 3 && text[used] == '\0' && s->c > 0 && s->h > 0 && s->w > 0;
    if (good && s->c <= MOST && s->h <= MOST && s->w <= MOST) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "--shape: '%s' is not CxHxW (channels, height, width) with numbers from 1 to "
                     "%d, such as 3x32x32",
                     text, MOST);
}

static tren_status set(tren_config *config, const char *key, const char *format, int a, int b) {
    char value[64];
    snprintf(value, sizeof value, format, a, b);
    return tren_config_set(config, key, value, "bench conv");
}

/* One rank's microbatch is what a core computes. */
static tren_status fill_config(conv_bench *b) {
    if (b->shards > b->batch)
        return tren_fail(TREN_ERR_USAGE,
                         "--shards: %d for a --batch of %d images; give at most %d shards",
                         b->shards, b->batch, b->batch);
    if (strcmp(b->model, "mlp") == 0)
        return tren_fail(TREN_ERR_USAGE,
                         "--model: mlp has no convolution; give cnn, cnn5 or resnet18");
    tren_config *c = &b->config;
    tren_config_defaults(c);
    TREN_TRY(tren_config_set(c, "data", "--shape", "bench conv")); /* what messages call it */
    TREN_TRY(tren_config_set(c, "model.name", b->model, "--model"));
    TREN_TRY(set(c, "model.width", "%d", b->width, 0));
    TREN_TRY(set(c, "model.channels", "[%d, %d]", b->width, 2 * b->width));
    TREN_TRY(set(c, "shards", "%d", 1, 0));
    return set(c, "batch_size", "%d", (b->batch + b->shards - 1) / b->shards, 0);
}

static tren_status check_outputs(const conv_bench *b) {
    tren_out_file file;
    if (b->out_path) TREN_TRY(tren_out_ending(b->out_path, ".csv"));
    if (b->out_path) TREN_TRY(tren_out_check(&file, b->out_path, b->force));
    return b->plot_path ? bench_roofline_check(b->plot_path, b->force) : TREN_OK;
}

/* ---- the table ------------------------------------------------------------------------------- */

static double step_seconds(const bench_layers *l) {
    double sum = 0;
    for (int i = 0; i < l->n_rows; i++) sum += l->row[i].seconds;
    return sum;
}

static void print_row(const bench_row *r, double step) {
    char name[64], product[48] = "";
    bench_layer_name(name, sizeof name, r->layer);
    if (r->flop > 0)
        snprintf(product, sizeof product, "%8.1f %8.1f %8.1f", r->flop / r->n_layers * 1e-6,
                 r->flop / r->bytes, r->flop / r->seconds * 1e-9);
    printf("%-30s %2d %-15s %-8s %9.1f %6.3f %8.2f %7.1f %s\n", name, r->n_layers,
           bench_pass_name(r), bench_row_way(r), r->seconds / r->n_layers * 1e6, r->seconds / step,
           r->bytes / r->n_layers * 1e-6, r->bytes / r->seconds * 1e-9, product);
}

static void print_ceilings(const bench_ceilings *c) {
    printf("# at most: %.1f GFLOP/s of multiply-adds in registers, %.1f of the 2048-cubed product;",
           c->fma, c->gemm);
    for (int i = 0; i < BENCH_N_MEMORIES; i++)
        printf(" %.1f GB/s of a triad in %s (%.3g MiB)%s", c->memory[i].gbytes, c->memory[i].name,
               c->memory[i].megabytes, i + 1 < BENCH_N_MEMORIES ? "," : "\n");
}

static void json_ceiling(const char *name, double gflops, double gbytes) {
    tren_json row = bench_begin_row("ceiling");
    tren_json_text(&row, "of", name);
    tren_json_real(&row, "gflops", gflops > 0 ? gflops : NAN);
    tren_json_real(&row, "gbytes_per_second", gbytes > 0 ? gbytes : NAN);
    bench_end_row(&row);
}

static void json_row(const bench_row *r, double step) {
    char name[64];
    bench_layer_name(name, sizeof name, r->layer);
    tren_json row = bench_begin_row("conv");
    tren_json_text(&row, "layer", name);
    tren_json_whole(&row, "layers", r->n_layers);
    tren_json_text(&row, "pass", bench_pass_name(r));
    tren_json_text(&row, "way", bench_row_way(r));
    tren_json_real(&row, "seconds", r->seconds / r->n_layers);
    tren_json_real(&row, "share", r->seconds / step);
    tren_json_real(&row, "flop", r->flop / r->n_layers);
    tren_json_real(&row, "bytes", r->bytes / r->n_layers);
    bench_end_row(&row);
}

static void json_all(const conv_bench *b) {
    const bench_ceilings *c = &b->ceilings;
    double step = step_seconds(&b->layers);
    json_ceiling("multiply-adds", c->fma, 0);
    json_ceiling("2048-cubed product", c->gemm, 0);
    for (int i = 0; i < BENCH_N_MEMORIES; i++)
        json_ceiling(c->memory[i].name, 0, c->memory[i].gbytes);
    for (int i = 0; i < b->layers.n_rows; i++) json_row(&b->layers.row[i], step);
}

static void print_all(const conv_bench *b) {
    double step = step_seconds(&b->layers);
    printf("# %s k = %d, %s, one microbatch of %d images: %.1f us forward and backward%s, medians "
           "of %d passes\n",
           b->model, b->width, b->shape, b->layers.images, step * 1e6,
           b->warm ? ", each layer warm" : "", b->layers.n_rounds);
    print_ceilings(&b->ceilings);
    printf("# us, MB and MFLOP of one such layer; FLOP: the plain count; bytes: each array read or "
           "written once\n");
    printf("%-30s %2s %-15s %-8s %9s %6s %8s %7s %8s %8s %8s\n", "layer", "n", "pass", "way", "us",
           "share", "MB", "GB/s", "MFLOP", "FLOP/B", "GFLOP/s");
    for (int i = 0; i < b->layers.n_rows; i++) print_row(&b->layers.row[i], step);
}

/* ---- the file -------------------------------------------------------------------------------- */

static void put_ceiling(FILE *out, const char *name, double gflops, double gbytes) {
    fprintf(out, "ceiling,1,%s,,,,,,,", name);
    if (gflops > 0) fprintf(out, "%.6g", gflops);
    fputc(',', out);
    if (gbytes > 0) fprintf(out, "%.6g", gbytes);
    fputc('\n', out);
}

static void put_row(FILE *out, const bench_row *r, double step) {
    char name[64];
    bench_layer_name(name, sizeof name, r->layer);
    tren_put_csv(out, name);
    fprintf(out, ",%d,%s,%s,%.6g,%.6g,", r->n_layers, bench_pass_name(r), bench_row_way(r),
            r->seconds / r->n_layers, r->seconds / step);
    fprintf(out, "%.9g,%.9g,%.6g,%.6g,%.6g\n", r->flop / r->n_layers, r->bytes / r->n_layers,
            r->bytes > 0 ? r->flop / r->bytes : 0, r->flop / r->seconds * 1e-9,
            r->bytes / r->seconds * 1e-9);
}

static tren_status write_csv(const conv_bench *b) {
    tren_out_file file;
    const bench_ceilings *c = &b->ceilings;
    TREN_TRY(tren_out_check(&file, b->out_path, b->force));
    tren_status st;
    TREN_GOTO(tren_out_open_text(&file));
    fputs("layer,layers,pass,way,seconds,share,flop,bytes,flop_per_byte,gflop_per_second,"
          "gbyte_per_second\n",
          file.text);
    put_ceiling(file.text, "multiply-adds", c->fma, 0);
    put_ceiling(file.text, "2048-cubed product", c->gemm, 0);
    for (int i = 0; i < BENCH_N_MEMORIES; i++)
        put_ceiling(file.text, c->memory[i].name, 0, c->memory[i].gbytes);
    for (int i = 0; i < b->layers.n_rows; i++)
        put_row(file.text, &b->layers.row[i], step_seconds(&b->layers));
    st = tren_out_finish(&file);
done:
    tren_out_close(&file);
    return st;
}

static tren_status draw(const conv_bench *b) {
    char subtitle[192];
    snprintf(subtitle, sizeof subtitle, "%s k = %d, %s, %d images, %sone core, %s, core type %s",
             b->model, b->width, b->shape, b->layers.images, b->warm ? "each layer warm, " : "",
             TREN_REAL_NAME, tren_blas_core());
    return bench_roofline_draw(b->plot_path, b->force, &b->layers, &b->ceilings, subtitle);
}

/* ---- the command ----------------------------------------------------------------------------- */

static tren_status run(conv_bench *b) {
    TREN_TRY(parse_shape(&b->image, b->shape));
    TREN_TRY(fill_config(b));
    TREN_TRY(check_outputs(b));
    TREN_TRY(bench_layers_measure(&b->layers, &b->config, b->image, b->seconds, b->warm));
    TREN_TRY(bench_ceilings_measure(&b->ceilings));
    bench_say_machine(NULL, b->json);
    (b->json ? json_all : print_all)(b);
    if (b->out_path) TREN_TRY(write_csv(b));
    return b->plot_path ? draw(b) : TREN_OK;
}

tren_status bench_conv(tren_comm *none, int argc, char **argv) {
    (void)none;
    conv_bench b = {.model = "resnet18",
                    .shape = "1x28x28",
                    .width = 16,
                    .batch = 128,
                    .shards = 2,
                    .seconds = 5};
    const tren_arg options[] = {
        {"model", TREN_ARG_TEXT, &b.model, "NAME",
         .help = "Network: resnet18 (the default), cnn5 or cnn."},
        {"width", TREN_ARG_INT, &b.width, "K",
         .help = "model.width; for cnn, model.channels is [K, 2K]. Default: 16.", .min = 1,
         .max = 4096},
        {"shape", TREN_ARG_TEXT, &b.shape, "CxHxW",
         .help = "Shape of the images; default: 1x28x28."},
        {"batch", TREN_ARG_INT, &b.batch, "N", .help = "Images in a step; default: 128.", .min = 1,
         .max = 1 << 20},
        {"shards", TREN_ARG_INT, &b.shards, "S",
         .help = "Number of shards; default: 2. A core computes one of them.", .min = 1,
         .max = 65536},
        {"seconds", TREN_ARG_SECONDS, &b.seconds, "S",
         .help = "Approximate time for the layers in seconds; default: 5.", .min = 0, .max = 3600},
        {"warm", TREN_ARG_FLAG, &b.warm, NULL,
         .help = "Call each layer twice and time the second call, when its arrays are in the "
                 "caches, as far as they fit."},
        {"out", TREN_ARG_TEXT, &b.out_path, "FILE.csv", .help = "Write the table to this file."},
        {"plot", TREN_ARG_TEXT, &b.plot_path, "FILE.svg|.png|.pdf",
         .help = "Draw the roofline of its matrix products (with gnuplot)."},
        BENCH_JSON_OPTION(&b.json),
        {"force", TREN_ARG_FLAG, &b.force, NULL, .help = "Overwrite existing files."},
        {.name = NULL}};
    tren_args args = {
        .command = "bench conv",
        .synopsis = "[--model resnet18] [--width K] [--shape CxHxW] [--batch N] [--shards S] ...",
        .summary = "Time passes through an image network on one core: time, FLOP and bytes of each "
                   "kind of layer, compared with the speed of multiply-adds and of the memory.",
        .options = options};
    TREN_TRY(tren_args_parse(&args, argc, argv));
    if (args.help) return TREN_OK;
    tren_status st = run(&b);
    bench_layers_close(&b.layers);
    return st;
}
