/* --dry-run: everything that can be known before training. */
#include "tren/train.h"
#include "base/json.h"
#include "train/memory.h"
#include "train/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A launch that is asked about; ranks 0: none is. */
typedef struct launch {
    int ranks, nodes;
} launch;

typedef void describe_fn(FILE *out, const tren_config *config, const tren_graph *graph,
                         const tren_dataset_info *info, const launch *on);

/* Of a column of shapes: those of tokens are longer. */
static int shape_width(const tren_graph *g) {
    return g->tokens[0] > 0 || g->tokens[1] > 0 ? 24 : 16;
}

static size_t parameters_of(const tren_graph *g, const tren_layer *l) {
    size_t parameters = 0;
    for (int i = 0; i < g->n_params; i++)
        if (g->param[i].owner == l->index && !g->param[i].statistic)
            parameters += g->param[i].at.len;
    return parameters;
}

/* FLOP of a row. */
static double cost_of(const tren_layer *l) {
    double forward = 0, backward = 0;
    if (l->ops->cost) l->ops->cost(l, &forward, &backward);
    return forward + backward;
}

static double batch_bytes(const tren_layer *l, size_t rows) {
    return (double)rows * tren_tensor_size(l->out) * sizeof(real);
}

static void print_layer(FILE *out, const tren_graph *g, const tren_layer *l, size_t rows) {
    char shape[TREN_TENSOR_TEXT], from[TREN_TENSOR_TEXT];
    fprintf(out, "%-24s %*s %*s %12zu %14.0f %14.1f%s%s\n", l->name, shape_width(g),
            tren_tensor_text(from, l->in), shape_width(g), tren_tensor_text(shape, l->out),
            parameters_of(g, l), cost_of(l), batch_bytes(l, rows) / 1024, *l->place ? "  " : "",
            l->place);
}

static double needed(const tren_config *c, const tren_graph *g, const tren_dataset_info *info,
                     int ranks, int nodes) {
    tren_memory memory = tren_memory_needed(c, g, info, ranks, nodes);
    return tren_memory_sum(&memory) / (1 << 20);
}

/* If this machine could not run it. A dry run is often made on another machine, so it is no error.
 */
static void note_shortage(FILE *out, const tren_memory *m, int local) {
    tren_memory_free here;
    tren_memory_find_free(&here, "", (tren_memory_share){.processes = local});
    if (tren_memory_sum(m) <= here.bytes) return;
    fprintf(
        out,
        "note                  this is more than is free on this machine, %.1f MiB for %s: %s\n",
        here.bytes / 0x1p20, local > 1 ? "each rank" : "one rank", here.why);
}

/* Launches of 1, 2, 4 ... ranks. */
static void print_launches(FILE *out, const tren_config *c, const tren_graph *g,
                           const tren_dataset_info *info) {
    for (int p = 1; p <= c->shards && p <= 64; p *= 2)
        fprintf(out,
                "memory on %2d rank%s    %.1f MiB each on one node, %.1f MiB with one rank per "
                "node, dataset included; the program and its libraries take about 30 MiB more\n",
                p, p > 1 ? "s" : " ", needed(c, g, info, p, 1), needed(c, g, info, p, p));
    tren_memory one = tren_memory_needed(c, g, info, 1, 1);
    note_shortage(out, &one, 1);
}

/* One launch, by what takes the memory. */
static void print_launch(FILE *out, const tren_memory *m, int ranks, int nodes) {
    enum { PROGRAM = 30 };
    int local = (ranks + nodes - 1) / nodes;
    const struct {
        const char *name;
        double bytes;
    } row[] = {
        {"rows of the dataset", m->data}, {"gradients", m->reduce.gradients},
        {"weights", m->reduce.values},    {"messages of others", m->reduce.inbox},
        {"optimizer", m->states},         {"activations", m->activations},
        {"work space", m->work},          {"program and libraries, about", PROGRAM * 0x1p20}};
    double sum = tren_memory_sum(m) + PROGRAM * 0x1p20;
    fprintf(out, "\nmemory of %d rank%s on %d node%s, up to %d on a node, at most, in MiB\n", ranks,
            ranks > 1 ? "s" : "", nodes, nodes > 1 ? "s" : "", local);
    fprintf(out, "%-30s %12s %12s\n", "", "a rank", "a node");
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        fprintf(out, "%-30s %12.1f %12.1f\n", row[i].name, row[i].bytes / 0x1p20,
                row[i].bytes * local / 0x1p20);
    fprintf(out, "%-30s %12.1f %12.1f\n", "together", sum / 0x1p20, sum * local / 0x1p20);
    note_shortage(out, m, local);
}

static void print_all(FILE *out, const tren_config *c, const tren_graph *g,
                      const tren_dataset_info *info) {
    double train, evaluate, m = (double)info->rows[TREN_TRAIN];
    size_t batch = tren_config_batch(c, info->rows[TREN_TRAIN]);
    double steps = ceil(m / (double)batch);
    tren_graph_cost(g, &train, &evaluate);
    fprintf(out, "%-24s %*s %*s %12s %14s %14s\n", "layer", shape_width(g), "input", shape_width(g),
            "output", "parameters", "FLOP a row", "KiB a batch");
    for (int i = 0; i < g->n_layers; i++) print_layer(out, g, g->layer[i], batch);
    fprintf(out, "\nparameters            %zu (%.2f MiB)\n", g->n_learned,
            (double)(g->n_learned * sizeof(real)) / (1 << 20));
    fprintf(out, "training FLOP a row   %.6g, a step %.4g, an epoch %.4g\n", train,
            train * (double)batch, train * m);
    char row[TREN_SHAPE_TEXT];
    fprintf(out, "rows                  %zu training, %zu validation, %zu test, of %s\n",
            info->rows[TREN_TRAIN], info->rows[TREN_VALIDATION], info->rows[TREN_TEST],
            tren_dataset_shape(row, info));
    fprintf(out, "steps                 %.0f an epoch, %.0f in %d epochs\n", steps,
            steps * c->epochs, c->epochs);
    if (tren_config_whole(c))
        fprintf(out,
                "optimizer             %s, one iteration an epoch, each 1 to 3 of these steps\n",
                tren_optimizer_find(c)->name);
    else
        fprintf(out, "optimizer             %s, learning rate %g\n", tren_optimizer_find(c)->name,
                c->optimizer.learning_rate);
    char note[TREN_MAX_NOTES][TREN_NOTE];
    int n = tren_config_late_keys(note, c, (int64_t)steps);
    for (int i = 0; i < n; i++) fprintf(out, "note                  %s\n", note[i]);
    fprintf(out, "shards                %d: at most %d ranks\n", c->shards, c->shards);
}

static tren_status check_launch(const tren_config *c, int ranks, int nodes) {
    if (ranks > c->shards)
        return tren_fail(
            TREN_ERR_USAGE,
            "--ranks: %d ranks for %d shards: a rank needs at least one; give at most %d ranks, or "
            "--shards %d or more (shards are part of the recipe: other shards give other bits)",
            ranks, c->shards, c->shards, ranks);
    if (nodes <= ranks) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE, "--nodes: %d nodes for %d rank%s: a node needs at least one",
                     nodes, ranks, ranks > 1 ? "s" : "");
}

static void print_described(FILE *out, const tren_config *c, const tren_graph *g,
                            const tren_dataset_info *info, const launch *on) {
    print_all(out, c, g, info);
    if (on->ranks > 0) {
        tren_memory memory = tren_memory_needed(c, g, info, on->ranks, on->nodes);
        print_launch(out, &memory, on->ranks, on->nodes);
    } else
        print_launches(out, c, g, info);
}

/* ---- for programs ---------------------------------------------------------------------------- */

static void json_layers(tren_json *j, const tren_graph *g, size_t rows) {
    char shape[TREN_TENSOR_TEXT];
    tren_json_begin(j, "layers", '[');
    for (int i = 0; i < g->n_layers; i++) {
        const tren_layer *l = g->layer[i];
        tren_json_begin(j, NULL, '{');
        tren_json_text(j, "name", l->name);
        tren_json_text(j, "input", tren_tensor_text(shape, l->in));
        tren_json_text(j, "output", tren_tensor_text(shape, l->out));
        tren_json_whole(j, "parameters", (int64_t)parameters_of(g, l));
        tren_json_real(j, "row_flop", cost_of(l));
        tren_json_real(j, "batch_bytes", batch_bytes(l, rows));
        tren_json_text(j, "place", *l->place ? l->place : NULL);
        tren_json_end(j);
    }
    tren_json_end(j);
}

static void json_launch(tren_json *j, const tren_memory *m, int ranks, int nodes) {
    tren_json_begin(j, NULL, '{');
    tren_json_whole(j, "ranks", ranks);
    tren_json_whole(j, "nodes", nodes);
    tren_json_real(j, "rank_bytes", tren_memory_sum(m));
    tren_json_real(j, "data_bytes", m->data);
    tren_json_real(j, "reduction_bytes", m->reduce.gradients + m->reduce.values + m->reduce.inbox);
    tren_json_real(j, "optimizer_bytes", m->states);
    tren_json_real(j, "activation_bytes", m->activations);
    tren_json_real(j, "work_bytes", m->work);
    tren_json_end(j);
}

static void json_launches(tren_json *j, const tren_config *c, const tren_graph *g,
                          const tren_dataset_info *info, const launch *on) {
    tren_json_begin(j, "memory", '[');
    for (int p = on->ranks > 0 ? on->ranks : 1; p <= c->shards && p <= 64; p *= 2) {
        tren_memory m = tren_memory_needed(c, g, info, p, on->nodes);
        json_launch(j, &m, p, on->nodes);
        if (on->ranks > 0) break;
    }
    tren_json_end(j);
}

static void json_described(FILE *out, const tren_config *c, const tren_graph *g,
                           const tren_dataset_info *info, const launch *on) {
    double train, evaluate, m = (double)info->rows[TREN_TRAIN];
    size_t batch = tren_config_batch(c, info->rows[TREN_TRAIN]);
    tren_json j = {.out = out};
    tren_graph_cost(g, &train, &evaluate);
    tren_json_begin(&j, NULL, '{');
    json_layers(&j, g, batch);
    tren_json_whole(&j, "parameters", (int64_t)g->n_learned);
    tren_json_real(&j, "row_flop", train);
    tren_json_real(&j, "step_flop", train * (double)batch);
    tren_json_real(&j, "epoch_flop", train * m);
    tren_json_begin(&j, "rows", '{');
    for (int part = 0; part < TREN_N_PARTS; part++)
        tren_json_whole(&j, tren_part_name[part], (int64_t)info->rows[part]);
    tren_json_end(&j);
    tren_json_whole(&j, "batch_size", (int64_t)batch);
    tren_json_real(&j, "steps_per_epoch", ceil(m / (double)batch));
    tren_json_whole(&j, "epochs", c->epochs);
    tren_json_text(&j, "optimizer", tren_optimizer_find(c)->name);
    tren_json_whole(&j, "shards", c->shards);
    json_launches(&j, c, g, info, on);
    tren_json_end(&j);
}

/* ---- either ---------------------------------------------------------------------------------- */

static tren_status describe(const tren_config *config, const launch *on, FILE *out,
                            describe_fn *write) {
    tren_dataset *dataset = NULL;
    tren_graph *graph = NULL;
    tren_augment augment = {0};
    tren_status st = TREN_OK;
    if (on->ranks > 0) TREN_TRY(check_launch(config, on->ranks, on->nodes));
    TREN_GOTO(tren_dataset_open(&dataset, config->data));
    const tren_dataset_info *info = tren_dataset_info_of(dataset);
    TREN_GOTO(tren_augment_open(&augment, config, info));
    TREN_GOTO(tren_model_build(&graph, config, info));
    TREN_GOTO(run_check(config, graph, info));
    write(out, config, graph, info, on);
done:
    tren_graph_close(graph);
    tren_augment_close(&augment);
    tren_dataset_close(dataset);
    return st;
}

tren_status tren_train_describe(const tren_config *config, int ranks, int nodes, FILE *out) {
    return describe(config, &(launch){ranks, nodes}, out, print_described);
}

tren_status tren_train_describe_json(const tren_config *config, int ranks, int nodes, FILE *out) {
    return describe(config, &(launch){ranks, nodes}, out, json_described);
}
