/* Whole steps through the real trainer, on random rows: what a user gets. */
#include "cli/args.h"
#include "cli/bench.h"
#include "cli/bench_run.h"
#include "cli/bench_step.h"
#include "tren/kernels.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DECAY "optimizer.lambda 5 "
static const step_case one_rank[] = {
    {.name = "sgd",
     .dims = "784-2048-2048-2048-10",
     .batch = 512,
     .shards = 1,
     .more = DECAY,
     .target = 0.92},
    {.name = "sgd",
     .dims = "784-512-512-10",
     .batch = 256,
     .shards = 1,
     .more = DECAY,
     .target = 0.90},
    {.name = "momentum dropout",
     .dims = "784-512-512-10",
     .batch = 256,
     .shards = 1,
     .more = DECAY "optimizer.momentum 0.9 dropout 0.5 ",
     .target = 0.80},
    {.name = "adamw",
     .dims = "784-512-512-10",
     .batch = 256,
     .shards = 1,
     .more = "optimizer.name adamw optimizer.weight_decay 0.01 ",
     .target = 0.80},
    {.name = "4 shards", .dims = "784-512-512-10", .batch = 256, .shards = 4, .more = DECAY},
    {.name = "8 shards", .dims = "784-512-512-10", .batch = 256, .shards = 8, .more = DECAY},
    {.name = "16 shards", .dims = "784-512-512-10", .batch = 256, .shards = 16, .more = DECAY},
    {.name = "small", .dims = "40-61-61-10", .batch = 100, .shards = 1, .more = DECAY},
};
static const step_case scaling[] = {
    {.name = "alone, half", .dims = "784-512-512-10", .batch = 128, .shards = 1, .more = DECAY},
    {.name = "together", .dims = "784-512-512-10", .batch = 256, .shards = 2, .more = DECAY},
};

typedef struct bench_data {
    char path[2][256]; /* of 784 and of 40 columns */
} bench_data;

static const char *data_for(const bench_data *data, const step_case *c) {
    return data->path[atoi(c->dims) == 40];
}

static void say_way(const tren_comm *comm, const step_way *way) {
    const tren_kernels *kernels;
    if (way->json) return;
    if (comm->rank == 0 && tren_kernels_choose(&kernels, way->cpu ? way->cpu : "auto") == TREN_OK)
        printf("# level %s, gemm %s\n", kernels->level, way->gemm ? way->gemm : "openblas");
}

static step_case by_way(const step_case *c, const step_way *way) {
    step_case x = *c;
    x.gemm = way->gemm;
    x.cpu = way->cpu;
    return x;
}

static tren_status measure_beside_peak(step_result *out, int round, tren_comm *comm,
                                       const step_case *c, const char *data, double seconds) {
    double before = bench_peak_now();
    TREN_TRY(bench_measure(&out->seconds[round], comm, c, data, seconds));
    double after = bench_peak_now(), peak = before > after ? before : after;
    out->share[round] = bench_flop(c) / out->seconds[round] * 1e-9 / comm->size / peak;
    out->peak[round] = peak;
    return TREN_OK;
}

/* Rounds over all cases, so that each meets the same weather. */
static tren_status bench_alone(tren_comm *comm, const bench_data *data, double seconds,
                               const step_way *way) {
    enum { N = sizeof one_rank / sizeof *one_rank, BASE = 1, FIRST_SHARDS = 4, LAST_SHARDS = 6 };
    static step_result result[N];
    double best = 0, price[ROUNDS];
    for (int r = 0; r < ROUNDS; r++)
        for (int i = 0; i < N; i++) {
            step_case c = by_way(&one_rank[i], way);
            TREN_TRY(
                measure_beside_peak(&result[i], r, comm, &c, data_for(data, &c), seconds / ROUNDS));
        }
    for (int i = 0; i < N; i++)
        for (int r = 0; r < ROUNDS; r++)
            if (result[i].peak[r] > best) best = result[i].peak[r];
    if (!way->json) {
        printf(
            "# median of %d rounds, each the median of its steps; share: of the 2048-cubed product "
            "beside it (best of the "
            "run: %.1f GFLOP/s)\n",
            ROUNDS, best);
        printf("price of shards at batch 256:");
        for (int i = FIRST_SHARDS; i <= LAST_SHARDS; i++) {
            for (int r = 0; r < ROUNDS; r++)
                price[r] = result[i].seconds[r] / result[BASE].seconds[r];
            printf("  S = %d: x %.3f", one_rank[i].shards, bench_median(price, ROUNDS));
        }
        printf("\n");
    }
    bench_step_head(way);
    for (int i = 0; i < N; i++) bench_step_case(&one_rank[i], 1, &result[i], way);
    return TREN_OK;
}

/* Rank 0 alone with the rows of one rank, then all together, taking turns. */
static tren_status bench_together(tren_comm *comm, const bench_data *data, double seconds,
                                  const step_way *way) {
    static step_result alone, together;
    double ratio[ROUNDS];
    step_case half = by_way(&scaling[0], way), all = by_way(&scaling[1], way);
    all.batch = half.batch * comm->size;
    all.shards = comm->size;
    for (int r = 0; r < ROUNDS; r++) {
        if (comm->rank == 0) {
            tren_comm self;
            TREN_TRY(tren_comm_self(&self));
            TREN_TRY(measure_beside_peak(&alone, r, &self, &half, data->path[0], seconds / ROUNDS));
            tren_comm_close(&self);
        }
        tren_comm_barrier(comm);
        TREN_TRY(measure_beside_peak(&together, r, comm, &all, data->path[0], seconds / ROUNDS));
        ratio[r] =
            together.seconds[r] > 0 ? alone.seconds[r] / together.seconds[r] * comm->size : 0;
    }
    if (comm->rank > 0) return TREN_OK;
    if (!way->json) {
        printf("# median of %d rounds; share: of the 2048-cubed product beside it\n", ROUNDS);
        printf("together over alone at the same rows a rank: x %.3f of %d\n",
               bench_median(ratio, ROUNDS), comm->size);
    }
    bench_step_head(way);
    bench_step_case(&half, 1, &alone, way);
    bench_step_case(&all, comm->size, &together, way);
    return TREN_OK;
}

static tren_status open_data(bench_data *data, const tren_comm *comm) {
    const char *dir = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
    tren_status st = TREN_OK;
    if (comm->rank == 0) {
        for (int i = 0; i < 2; i++)
            snprintf(data->path[i], sizeof data->path[i], "%s/tren-bench-%d-%d.h5", dir,
                     (int)getpid(), i);
        st = bench_make_data(data->path[0], &(step_case){.dims = "784-10"});
        if (st == TREN_OK) st = bench_make_data(data->path[1], &(step_case){.dims = "40-10"});
    }
    tren_comm_bcast(comm, data, sizeof *data);
    return tren_comm_agree(comm, st);
}

typedef struct custom_case {
    const char *dims, *optimizer, *model, *shape, *config;
    int batch, shards, steps, width;
    double dropout;
    bool bare;
    step_way way;
} custom_case;

/* A network of images, by its name and width. */
static tren_status take_model(step_case *c, char *more, size_t n, const custom_case *custom) {
    tren_shape *s = &c->image;
    char end;
    if (sscanf(custom->shape, "%dx%dx%d%c", &s->c, &s->h, &s->w, &end) != 3)
        return tren_fail(TREN_ERR_USAGE, "--shape: '%s' is not like 3x32x32", custom->shape);
    size_t used = strlen(more);
    snprintf(more + used, n - used, " model.name %s model.width %d", custom->model, custom->width);
    c->dims = "1-10";
    return TREN_OK;
}

/* A training of the user's: its data and everything that its config says. */
static tren_status take_config(step_case *c, tren_config *config, const char *file) {
    tren_config_defaults(config);
    TREN_TRY(tren_config_load(config, file));
    TREN_TRY(tren_config_check(config));
    c->config = config;
    c->dims = config->model.name;
    c->name = "config";
    c->batch = config->batch_size;
    c->shards = config->shards;
    return TREN_OK;
}

/* path: of random rows, which this makes where no config names others. */
static tren_status open_custom(char path[256], tren_comm *comm, const step_case *c) {
    const char *dir = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
    tren_status st = TREN_OK;
    path[0] = '\0';
    if (comm->rank == 0 && !c->config) {
        snprintf(path, 256, "%s/tren-bench-%d.h5", dir, (int)getpid());
        st = bench_make_data(path, c);
    }
    tren_comm_bcast(comm, path, 256);
    return tren_comm_agree(comm, st);
}

static tren_status measure_custom(step_result *result, tren_comm *comm, const custom_case *custom,
                                  const step_case *c, const char *path) {
    double flop = bench_flop(c), seconds = custom->steps * flop / 100e9;
    if (flop == 0) return TREN_ERR_USAGE; /* its text says why */
    for (int r = 0; r < ROUNDS; r++)
        TREN_TRY(custom->bare ? bench_measure(&result->seconds[r], comm, c, path, seconds / ROUNDS)
                              : measure_beside_peak(result, r, comm, c, path, seconds / ROUNDS));
    return TREN_OK;
}

static tren_status bench_custom(tren_comm *comm, const custom_case *custom) {
    static step_result result;
    static tren_config config;
    char more[192], name[64], path[256];
    const char *rule = custom->optimizer;
    bool momentum = strcmp(rule, "momentum") == 0;
    snprintf(more, sizeof more,
             "optimizer.name %s optimizer.lambda 5 optimizer.momentum %s dropout %g",
             momentum ? "sgd" : rule, momentum ? "0.9" : "0", custom->dropout);
    snprintf(name, sizeof name, "%s", rule);
    int shards = custom->shards ? custom->shards : comm->size;
    step_case c = {
        .name = name, .dims = custom->dims, .batch = custom->batch, .shards = shards, .more = more};
    c = by_way(&c, &custom->way);
    if (custom->config) TREN_TRY(take_config(&c, &config, custom->config));
    if (custom->model) TREN_TRY(take_model(&c, more, sizeof more, custom));
    TREN_TRY(open_custom(path, comm, &c));
    tren_status st = measure_custom(&result, comm, custom, &c, path);
    if (comm->rank == 0 && *path) unlink(path);
    if (st != TREN_OK || comm->rank > 0) return st;
    if (custom->bare) {
        printf("%.1f\n", bench_median(result.seconds, ROUNDS) * 1e6);
        return TREN_OK;
    }
    bench_say_machine(comm, custom->way.json);
    say_way(comm, &custom->way);
    bench_step_head(&custom->way);
    bench_step_case(&c, comm->size, &result, &custom->way);
    return TREN_OK;
}

static tren_status bench_table(tren_comm *comm, double seconds, const step_way *way) {
    bench_data data;
    TREN_TRY(open_data(&data, comm));
    bench_say_machine(comm, way->json);
    say_way(comm, way);
    tren_status st = comm->size == 1 ? bench_alone(comm, &data, seconds, way)
                                     : bench_together(comm, &data, seconds, way);
    for (int i = 0; i < 2 && comm->rank == 0; i++) unlink(data.path[i]);
    return st;
}

/* What one case of a user's own is made of. Returns how many options. */
static int list_custom(tren_arg *option, custom_case *c) {
    const tren_arg own[] = {
        {.name = "dims",
         .type = TREN_ARG_TEXT,
         .at = &c->dims,
         .metavar = "A-B-C",
         .help = "One case instead of the table: the widths of its network, at least two."},
        {.name = "model",
         .type = TREN_ARG_TEXT,
         .at = &c->model,
         .metavar = "NAME",
         .help = "Or a network of images: cnn5, resnet18."},
        {.name = "config",
         .type = TREN_ARG_TEXT,
         .at = &c->config,
         .metavar = "FILE",
         .help =
             "Or the steps of the training that a config describes, on its data: of texts, too."},
        {.name = "width",
         .type = TREN_ARG_INT,
         .at = &c->width,
         .metavar = "K",
         .min = 1,
         .max = 4096,
         .help = "Its model.width."},
        {.name = "shape",
         .type = TREN_ARG_TEXT,
         .at = &c->shape,
         .metavar = "CxHxW",
         .help = "The shape of its images."},
        {.name = "batch",
         .type = TREN_ARG_INT,
         .at = &c->batch,
         .metavar = "N",
         .min = 1,
         .max = 8192,
         .help = "Its global batch."},
        {.name = "shards",
         .type = TREN_ARG_INT,
         .at = &c->shards,
         .metavar = "S",
         .min = 0,
         .max = 8192,
         .help = "Its shards; 0: as many as ranks."},
        {.name = "optimizer",
         .type = TREN_ARG_TEXT,
         .at = &c->optimizer,
         .metavar = "NAME",
         .help = "sgd, momentum, adam or adamw."},
        {.name = "dropout",
         .type = TREN_ARG_REAL,
         .at = &c->dropout,
         .metavar = "R",
         .min = 0,
         .max = 0.99,
         .help = "Drop rate of its hidden layers."},
        {.name = "steps",
         .type = TREN_ARG_INT,
         .at = &c->steps,
         .metavar = "N",
         .min = 1,
         .max = 1e6,
         .help = "About how many steps."},
        {.name = "gemm",
         .type = TREN_ARG_TEXT,
         .at = &c->way.gemm,
         .metavar = "WHO",
         .help = "Matrix products by openblas or portable."},
        BENCH_CPU_OPTION(&c->way.cpu),
        BENCH_JSON_OPTION(&c->way.json),
        {.name = "bare",
         .type = TREN_ARG_FLAG,
         .at = &c->bare,
         .help = "Print the median microseconds of a step and nothing else."}};
    memcpy(option, own, sizeof own);
    return (int)(sizeof own / sizeof *own);
}

tren_status bench_step(tren_comm *comm, int argc, char **argv) {
    double seconds = 3;
    custom_case custom = {
        .optimizer = "sgd", .batch = 256, .steps = 300, .width = 16, .shape = "1x28x28"};
    enum { MOST = 18 };
    tren_arg options[MOST] = {{.name = "seconds",
                               .type = TREN_ARG_SECONDS,
                               .at = &seconds,
                               .metavar = "S",
                               .help = "About this long for each case of the table.",
                               .min = 0,
                               .max = 3600}};
    int n = 1 + list_custom(options + 1, &custom);
    options[n] = (tren_arg){.name = NULL};
    tren_args args = {
        .command = "bench step",
        .synopsis = "[--seconds 3] | --dims A-B-C [--batch N] ... | --model NAME [--width K] ... | "
                    "--config FILE [--json]",
        .summary =
            "Training steps through the real trainer. One rank: speed by network, optimizer and "
            "shards. Several: how much faster they are together.",
        .options = options};
    TREN_TRY(tren_args_parse(&args, argc, argv));
    if (args.help) return TREN_OK;
    if (custom.dims && (atoi(custom.dims) < 1 || !strchr(custom.dims, '-') ||
                        atoi(strrchr(custom.dims, '-') + 1) < 2))
        return tren_fail(TREN_ERR_USAGE, "--dims: '%s' is not a list of widths like 784-512-10",
                         custom.dims);
    return custom.dims || custom.model || custom.config ? bench_custom(comm, &custom)
                                                        : bench_table(comm, seconds, &custom.way);
}
