/* --dry-run: everything that can be known before training. */
#include "train/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void print_layer(FILE *out, const tren_graph *g, const tren_layer *l, size_t rows) {
    double forward = 0, backward = 0;
    size_t parameters = 0;
    char shape[TREN_TENSOR_TEXT], from[TREN_TENSOR_TEXT];
    for (int i = 0; i < g->n_params; i++)
        if (g->param[i].owner == l->index && !g->param[i].statistic)
            parameters += g->param[i].at.len;
    if (l->ops->cost) l->ops->cost(l, &forward, &backward);
    fprintf(out, "%-24s %16s %16s %12zu %14.0f %14.1f%s%s\n", l->name,
            tren_tensor_text(from, l->in), tren_tensor_text(shape, l->out), parameters,
            forward + backward, (double)rows * tren_tensor_size(l->out) * sizeof(real) / 1024,
            *l->place ? "  " : "", l->place);
}

static void print_all(FILE *out, const tren_config *c, const tren_graph *g,
                      const tren_dataset_info *info) {
    double train, evaluate, m = (double)info->rows[TREN_TRAIN];
    size_t batch = tren_config_batch(c, info->rows[TREN_TRAIN]);
    double steps = ceil(m / (double)batch);
    tren_graph_cost(g, &train, &evaluate);
    fprintf(out, "%-24s %16s %16s %12s %14s %14s\n", "layer", "input", "output", "parameters",
            "FLOP a row", "KiB a batch");
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
    for (int p = 1; p <= c->shards && p <= 64; p *= 2)
        fprintf(out,
                "memory on %2d rank%s    %.1f MiB each on one node, %.1f MiB one on each node, "
                "dataset included; the program and its libraries take about 30 MiB more\n",
                p, p > 1 ? "s" : " ", tren_memory_needed(c, g, info, p, 1) / (1 << 20),
                tren_memory_needed(c, g, info, p, p) / (1 << 20));
}

tren_status tren_train_describe(const tren_config *config, FILE *out) {
    tren_dataset *dataset = NULL;
    tren_graph *graph = NULL;
    tren_augment augment = {0};
    tren_status st = TREN_OK;
    TREN_GOTO(tren_dataset_open(&dataset, config->data));
    TREN_GOTO(tren_augment_open(&augment, config, tren_dataset_info_of(dataset)));
    TREN_GOTO(tren_model_build(&graph, config, tren_dataset_info_of(dataset)));
    print_all(out, config, graph, tren_dataset_info_of(dataset));
done:
    tren_graph_close(graph);
    tren_augment_close(&augment);
    tren_dataset_close(dataset);
    return st;
}
