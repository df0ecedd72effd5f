/* A case of the user's own: a network by its widths or its name, or a whole config. */
#include "cli/bench_case.h"
#include "cli/bench.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A network of images, by its name and width. */
static tren_status take_model(custom_case *c) {
    tren_shape *s = &c->step.image;
    char end;
    if (sscanf(c->shape, "%dx%dx%d%c", &s->c, &s->h, &s->w, &end) != 3)
        return tren_fail(TREN_ERR_USAGE, "--shape: '%s' is not like 3x32x32", c->shape);
    size_t used = strlen(c->more);
    snprintf(c->more + used, sizeof c->more - used, " model.name %s model.width %d", c->model,
             c->width);
    c->step.dims = "1-10";
    return TREN_OK;
}

static tren_status refuse_others(const custom_case *c) {
    static const custom_case plain = CUSTOM_DEFAULTS;
    bool same = !c->dims && !c->model && c->width == plain.width && c->batch == plain.batch &&
                c->shards == plain.shards && c->dropout == plain.dropout &&
                strcmp(c->shape, plain.shape) == 0 && strcmp(c->optimizer, plain.optimizer) == 0;
    if (same) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "--config: the file says what is trained; leave out --dims, --model, --width, "
                     "--shape, --batch, --shards, --optimizer and --dropout");
}

/* A training of the user's: its data and everything that its config says. */
static tren_status take_config(custom_case *custom) {
    step_case *c = &custom->step;
    step_way *way = &custom->way;
    tren_config *config = &custom->users;
    tren_config_defaults(config);
    TREN_TRY(tren_config_load(config, custom->config));
    TREN_TRY(tren_config_check(config));
    c->config = config;
    c->dims = config->model.name;
    c->name = "config";
    c->batch = config->batch_size;
    c->shards = config->shards;
    if (!way->gemm) way->gemm = config->gemm == TREN_GEMM_PORTABLE ? "portable" : "openblas";
    if (!way->cpu) way->cpu = tren_cpu_level_name[config->cpu];
    return TREN_OK;
}

static tren_status make_rows(custom_case *c, const tren_comm *comm) {
    const char *dir = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
    tren_status st = TREN_OK;
    c->path[0] = '\0';
    if (comm->rank == 0 && !c->step.config) {
        snprintf(c->path, sizeof c->path, "%s/tren-bench-%d.h5", dir, (int)getpid());
        st = bench_make_data(c->path, &c->step);
    }
    tren_comm_bcast(comm, c->path, sizeof c->path);
    return tren_comm_agree(comm, st);
}

step_case bench_by_way(const step_case *c, const step_way *way) {
    step_case x = *c;
    x.gemm = way->gemm;
    x.cpu = way->cpu;
    x.reduction = way->reduction;
    return x;
}

bool custom_case_given(const custom_case *c) {
    return c->dims || c->model || c->config;
}

tren_status custom_case_open(custom_case *c, tren_comm *comm) {
    bool momentum = strcmp(c->optimizer, "momentum") == 0;
    if (c->dims &&
        (atoi(c->dims) < 1 || !strchr(c->dims, '-') || atoi(strrchr(c->dims, '-') + 1) < 2))
        return tren_fail(TREN_ERR_USAGE, "--dims: '%s' is not a list of widths like 784-512-10",
                         c->dims);
    snprintf(c->more, sizeof c->more,
             "optimizer.name %s optimizer.lambda 5 optimizer.momentum %s dropout %g",
             momentum ? "sgd" : c->optimizer, momentum ? "0.9" : "0", c->dropout);
    c->step = (step_case){.name = c->optimizer,
                          .dims = c->dims,
                          .batch = c->batch,
                          .shards = c->shards ? c->shards : comm->size,
                          .more = c->more};
    c->step = bench_by_way(&c->step, &c->way);
    if (c->config) {
        TREN_TRY(refuse_others(c));
        TREN_TRY(take_config(c));
    }
    if (c->model) TREN_TRY(take_model(c));
    TREN_TRY(make_rows(c, comm));
    return bench_flop(&c->step) > 0 ? TREN_OK : TREN_ERR_USAGE; /* its text says why */
}

void custom_case_close(const custom_case *c, const tren_comm *comm) {
    if (comm->rank == 0 && *c->path) unlink(c->path);
}

static int list_network(tren_arg *option, custom_case *c) {
    const tren_arg own[] = {
        {.name = "dims",
         .type = TREN_ARG_TEXT,
         .at = &c->dims,
         .metavar = "A-B-C",
         .help = "Measure one case instead of the table: the widths of its network, at least two."},
        {.name = "model",
         .type = TREN_ARG_TEXT,
         .at = &c->model,
         .metavar = "NAME",
         .help = "Measure one image network instead: cnn5 or resnet18."},
        {.name = "config",
         .type = TREN_ARG_TEXT,
         .at = &c->config,
         .metavar = "FILE",
         .help = "Measure the training steps of a config on its data; for text, too."},
        {.name = "width",
         .type = TREN_ARG_INT,
         .at = &c->width,
         .metavar = "K",
         .min = 1,
         .max = 4096,
         .help = "model.width of --model."},
        {.name = "shape",
         .type = TREN_ARG_TEXT,
         .at = &c->shape,
         .metavar = "CxHxW",
         .help = "Shape of the images."}};
    memcpy(option, own, sizeof own);
    return (int)(sizeof own / sizeof *own);
}

static int list_steps(tren_arg *option, custom_case *c) {
    const tren_arg own[] = {{.name = "batch",
                             .type = TREN_ARG_INT,
                             .at = &c->batch,
                             .metavar = "N",
                             .min = 1,
                             .max = 8192,
                             .help = "Global batch size."},
                            {.name = "shards",
                             .type = TREN_ARG_INT,
                             .at = &c->shards,
                             .metavar = "S",
                             .min = 0,
                             .max = 8192,
                             .help = "Number of shards; 0: as many as ranks."},
                            {.name = "optimizer",
                             .type = TREN_ARG_TEXT,
                             .at = &c->optimizer,
                             .metavar = "NAME",
                             .help = "Optimizer: sgd, momentum, adam or adamw."},
                            {.name = "dropout",
                             .type = TREN_ARG_REAL,
                             .at = &c->dropout,
                             .metavar = "R",
                             .min = 0,
                             .max = 0.99,
                             .help = "Dropout rate of the hidden layers."},
                            {.name = "steps",
                             .type = TREN_ARG_INT,
                             .at = &c->steps,
                             .metavar = "N",
                             .min = 1,
                             .max = 1e6,
                             .help = "Approximate number of steps."},
                            {.name = "gemm",
                             .type = TREN_ARG_TEXT,
                             .at = &c->way.gemm,
                             .metavar = "WHO",
                             .help = "Library for matrix products: openblas or portable."},
                            BENCH_CPU_OPTION(&c->way.cpu),
                            BENCH_JSON_OPTION(&c->way.json),
                            {.name = "reduction",
                             .type = TREN_ARG_TEXT,
                             .at = &c->way.reduction,
                             .metavar = "ENGINE",
                             .help = "Reduction engine: the config key 'reduction'."},
                            {.name = "bare",
                             .type = TREN_ARG_FLAG,
                             .at = &c->bare,
                             .help = "Print only the median microseconds of a step."}};
    memcpy(option, own, sizeof own);
    return (int)(sizeof own / sizeof *own);
}

int custom_case_list(tren_arg *option, custom_case *c) {
    int n = list_network(option, c);
    return n + list_steps(option + n, c);
}
