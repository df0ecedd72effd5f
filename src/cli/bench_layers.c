#include "cli/bench_layers.h"
#include "cli/bench.h"
#include "tren/train.h"

#include <stdlib.h>
#include <string.h>

enum { CLASSES = 10, LEAST_ROUNDS = 5, MOST_ROUNDS = 400, WARM_UP = 2 };

/* ---- what is moved --------------------------------------------------------------------------- */

/* Blocks are whole, whether an image lies in each lane or not. */
static double bytes_of(const tren_layer *l, int images) {
    int rows = l->out.lanes ? (images + TREN_LANES - 1) / TREN_LANES * TREN_LANES : images;
    return (double)tren_tensor_size(l->out) * rows * sizeof(real);
}

static double param_bytes(const tren_layer *l) {
    double n = 0;
    for (int i = 0; i < l->n_params; i++) n += (double)l->graph->param[l->param[i]].at.len;
    return n * sizeof(real);
}

/* A gradient that is added to is read too. */
static double gradient_bytes(const tren_layer *of, int images, bool adds) {
    return of->wants_dy ? (adds ? 2 : 1) * bytes_of(of, images) : 0;
}

static double forward_bytes(const tren_layer *l, int images) {
    return bytes_of(l->input, images) + (l->other ? bytes_of(l->other, images) : 0) +
           bytes_of(l, images) + param_bytes(l);
}

static double backward_bytes(const tren_layer *l, int images) {
    size_t dy = l->at[true][TREN_DY];
    bool sum = l->other; /* in place: one of the gradients is dy */
    double bytes = 0;
    if (!sum || l->input->at[true][TREN_DY] != dy)
        bytes += gradient_bytes(l->input, images, l->adds);
    if (sum && l->other->at[true][TREN_DY] != dy)
        bytes += gradient_bytes(l->other, images, l->adds_other);
    if (bytes > 0) bytes += bytes_of(l, images);
    if (l->reads_x) bytes += bytes_of(l->input, images);
    if (l->reads_y) bytes += bytes_of(l, images);
    return bytes;
}

static bool has_product(const tren_layer *l) {
    return l->ops->cost != NULL;
}

static double bytes_in(const tren_layer *l, bench_pass pass, int images) {
    if (pass == BENCH_FORWARD) return forward_bytes(l, images);
    if (!has_product(l)) return backward_bytes(l, images);
    if (pass == BENCH_WEIGHTS)
        return bytes_of(l->input, images) + bytes_of(l, images) + param_bytes(l);
    return bytes_of(l, images) + param_bytes(l) + gradient_bytes(l->input, images, l->adds);
}

static double flop_in(const tren_layer *l, int images) {
    double forward = 0, backward = 0;
    if (has_product(l)) l->ops->cost(l, &forward, &backward);
    return forward * images; /* each of the three products costs the same */
}

static bool has_pass(const tren_layer *l, bench_pass pass) {
    if (!l->input) return false;
    if (pass == BENCH_FORWARD) return true;
    if (pass == BENCH_WEIGHTS) return has_product(l);
    return l->ops->input_gradient && (l->input->wants_dy || l->ops->statistics);
}

/* ---- one pass after the other ---------------------------------------------------------------- */

typedef struct runner {
    tren_work *work;
    tren_pass pass;
    tren_arena value, node;
    real *nodes[1];
    int row0[2];
    int32_t *label; /* [images] owned */
    bool warm;      /* each call is made twice, and the second timed */
    double ready;   /* when the weights' gradients of this layer were done; 0: not yet */
    double *time;   /* [round][layer][pass] owned */
} runner;

static void note_ready(void *ctx, size_t lo) {
    (void)lo;
    runner *r = ctx;
    if (r->ready == 0) r->ready = tren_seconds();
}

static double *times_of(const runner *r, const tren_graph *g, int round, int layer) {
    return r->time + ((size_t)round * g->n_layers + layer) * BENCH_N_PASSES;
}

/* Layers with a product say when the first half of backward is over. */
static void time_backward(runner *r, const tren_layer *l, double *time) {
    if (r->warm) tren_layer_backward(l, r->work, &r->pass);
    double since = tren_seconds(), split;
    r->ready = 0;
    tren_layer_backward(l, r->work, &r->pass);
    double end = tren_seconds();
    split = has_product(l) && r->ready > 0 ? r->ready : since;
    time[BENCH_WEIGHTS] = split - since;
    time[BENCH_DATA] += end - split;
}

static void run_round(runner *r, const tren_graph *g, int round) {
    for (int i = 0; i < g->n_layers; i++) {
        const tren_layer *l = g->layer[i];
        if (r->warm) l->ops->forward(l, r->work, &r->pass);
        double since = tren_seconds();
        l->ops->forward(l, r->work, &r->pass);
        times_of(r, g, round, i)[BENCH_FORWARD] = tren_seconds() - since;
    }
    for (int i = 0; i < g->n_layers; i++) {
        const tren_layer *l = g->layer[i];
        double since = tren_seconds();
        if (l->ops->statistics) l->ops->statistics(l, r->work, &r->pass);
        times_of(r, g, round, i)[BENCH_DATA] = tren_seconds() - since;
    }
    for (int i = g->n_layers - 1; i >= 0; i--)
        if (g->layer[i]->ops->input_gradient)
            time_backward(r, g->layer[i], times_of(r, g, round, i));
}

static void fill(runner *r, const tren_graph *g, int images) {
    real *x = tren_work_input(r->work);
    tren_rng rng = tren_rng_open(1, TREN_RNG_TEST, 0, 0, 0);
    size_t n = (size_t)images * (size_t)tren_tensor_size(g->layer[0]->out);
    for (size_t i = 0; i < n; i++) x[i] = (real)(2 * tren_rng_uniform(&rng, (uint32_t)i) - 1);
    for (int i = 0; i < images; i++) r->label[i] = i % CLASSES;
}

static tren_status open_runner(runner *r, const tren_graph *g, int images) {
    TREN_TRY(tren_arena_open(&r->value, g->n_values));
    TREN_TRY(tren_arena_open(&r->node, g->n_values));
    TREN_TRY(tren_alloc(&r->label, (size_t)images, sizeof *r->label, "labels"));
    r->nodes[0] = r->node.at;
    r->row0[1] = images;
    tren_graph_init(g, r->value.at, 1);
    tren_work_spec spec = {.max_rows = images,
                           .train = true,
                           .shards = 1,
                           .hi = 1,
                           .value = r->value.at,
                           .node = r->nodes,
                           .ready = note_ready,
                           .ctx = r};
    TREN_TRY(tren_work_open(&r->work, g, &spec));
    r->pass = (tren_pass){.n_groups = 1,
                          .row0 = r->row0,
                          .train = true,
                          .label = r->label,
                          .scale = (real)(1.0 / images)};
    TREN_TRY(tren_work_pattern(r->work, &r->pass.pattern, 1, r->row0));
    fill(r, g, images);
    return TREN_OK;
}

static void close_runner(runner *r) {
    tren_work_close(r->work);
    tren_arena_close(&r->value);
    tren_arena_close(&r->node);
    free(r->label);
    free(r->time);
}

/* The first passes also say how many there is time for. */
static tren_status run_rounds(int *n, runner *r, const tren_graph *g, double seconds) {
    double since = 0;
    for (int i = 0; i < WARM_UP; i++) {
        since = tren_seconds();
        tren_forward(r->work, &r->pass);
        tren_backward(r->work, &r->pass);
    }
    double rounds = seconds / (tren_seconds() - since);
    *n = rounds < LEAST_ROUNDS ? LEAST_ROUNDS : rounds > MOST_ROUNDS ? MOST_ROUNDS : (int)rounds;
    TREN_TRY(
        tren_alloc(&r->time, (size_t)*n * g->n_layers * BENCH_N_PASSES, sizeof *r->time, "times"));
    for (int i = 0; i < *n; i++) run_round(r, g, i);
    return TREN_OK;
}

/* ---- kinds of layers ------------------------------------------------------------------------- */

static bool same_kind(const tren_layer *a, const tren_layer *b) {
    const tren_conv_plan *s = tren_conv2d_plan(a), *t = tren_conv2d_plan(b);
    return a->ops == b->ops && tren_tensor_equal(a->input->out, b->input->out) &&
           tren_tensor_equal(a->out, b->out) &&
           (!s || memcmp(&s->shape, &t->shape, sizeof s->shape) == 0);
}

static bench_row *row_for(bench_layers *b, const tren_layer *l, bench_pass pass) {
    for (int i = 0; i < b->n_rows; i++)
        if (b->row[i].pass == pass && same_kind(b->row[i].layer, l)) return &b->row[i];
    b->row[b->n_rows] = (bench_row){.layer = l, .pass = pass};
    return &b->row[b->n_rows++];
}

static double median_time(const bench_layers *b, const runner *r, int layer, bench_pass pass) {
    double seconds[MOST_ROUNDS];
    for (int i = 0; i < b->n_rounds; i++) seconds[i] = times_of(r, b->graph, i, layer)[pass];
    return bench_median(seconds, b->n_rounds);
}

static void add_layer(bench_layers *b, const runner *r, int layer) {
    const tren_layer *l = b->graph->layer[layer];
    for (bench_pass pass = 0; pass < BENCH_N_PASSES; pass++) {
        if (!has_pass(l, pass)) continue;
        bench_row *row = row_for(b, l, pass);
        row->n_layers++;
        row->seconds += median_time(b, r, layer, pass);
        row->flop += flop_in(l, b->images);
        row->bytes += bytes_in(l, pass, b->images);
    }
}

static tren_status sum_up(bench_layers *b, const runner *r) {
    TREN_TRY(tren_alloc(&b->row, (size_t)b->graph->n_layers * BENCH_N_PASSES, sizeof *b->row,
                        "the table"));
    for (int i = 0; i < b->graph->n_layers; i++) add_layer(b, r, i);
    return TREN_OK;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static tren_status open_graph(bench_layers *b, const tren_config *config, tren_shape image) {
    tren_dataset_info info = {.shape = image,
                              .is_image = true,
                              .n_classes = CLASSES,
                              .n_targets = 1,
                              .x_type = TREN_U8,
                              .rows[TREN_TRAIN] = (size_t)config->batch_size};
    const tren_comm alone = {.size = 1, .local_size = 1, .n_nodes = 1, .node_ranks = 1};
    b->images = config->batch_size;
    TREN_TRY(tren_model_build(&b->graph, config, &info));
    b->graph->layer[0]->kept = true; /* the input serves every round */
    TREN_TRY(tren_graph_complete(b->graph));
    return tren_memory_check(config, b->graph, &info, &alone);
}

tren_status bench_layers_measure(bench_layers *b, const tren_config *config, tren_shape image,
                                 double seconds, bool warm) {
    runner r = {.warm = warm};
    tren_status st;
    *b = (bench_layers){0};
    TREN_GOTO(open_graph(b, config, image));
    TREN_GOTO(open_runner(&r, b->graph, b->images));
    TREN_GOTO(run_rounds(&b->n_rounds, &r, b->graph, seconds));
    st = sum_up(b, &r);
done:
    close_runner(&r);
    return st;
}

void bench_layers_close(bench_layers *b) {
    free(b->row);
    tren_graph_close(b->graph);
    *b = (bench_layers){0};
}

/* ---- for people ------------------------------------------------------------------------------ */

void bench_layer_name(char *out, size_t n, const tren_layer *l) {
    const tren_conv_plan *plan = tren_conv2d_plan(l);
    const tren_conv_shape *s = plan ? &plan->shape : NULL;
    if (s)
        snprintf(out, n, "conv %dx%d %d -> %d, %dx%d%s%.0d", s->kernel, s->kernel, s->ci, s->co,
                 s->h, s->w, s->stride > 1 ? " / " : "", s->stride > 1 ? s->stride : 0);
    else if (l->input->out.h * l->input->out.w > 1)
        snprintf(out, n, "%s %d, %dx%d", l->ops->name, l->input->out.c, l->input->out.h,
                 l->input->out.w);
    else
        snprintf(out, n, "%s %d -> %d", l->ops->name, l->input->out.c, l->out.c);
}

const char *bench_pass_name(const bench_row *row) {
    static const char *const of_products[] = {"forward", "weight gradient", "data gradient"};
    bool all = row->pass == BENCH_DATA && !has_product(row->layer);
    return all ? "backward" : of_products[row->pass];
}

const char *bench_row_way(const bench_row *row) {
    static const int which[BENCH_N_PASSES] = {0, 2, 1};
    const tren_conv_plan *plan = tren_conv2d_plan(row->layer);
    return plan ? tren_conv_way_name[plan->way[which[row->pass]]] : "";
}
