#include "train/memory.h"
#include "tren/models.h"

#include <math.h>
#include <unistd.h>

#define MIB 0x1p20

/* ---- what is needed -------------------------------------------------------------------------- */

size_t tren_batch_rows(const tren_config *config, size_t m, int shards) {
    size_t batch = tren_config_batch(config, m);
    size_t per_shard = (batch + (size_t)config->shards - 1) / (size_t)config->shards;
    size_t rows = per_shard * (size_t)shards;
    return rows < batch ? rows : batch;
}

/* OpenBLAS packs pieces of the factors, at most so many bytes. */
static double blas_room(const tren_graph *graph) {
    const double most = 16 * MIB;
    size_t largest = 0;
    for (int i = 0; i < graph->n_params; i++)
        if (graph->param[i].at.len > largest) largest = graph->param[i].at.len;
    return graph->portable ? 0 : fmin(most, sizeof(real) * (double)largest);
}

/* The workers that evaluate the validation and the test part. */
static double evaluation_room(const tren_graph *graph, const tren_dataset_info *info,
                              size_t tested) {
    size_t validated = info->rows[TREN_VALIDATION];
    int rows = tren_work_capacity(graph, tren_eval_rows(info), 1),
        n = (validated > 0) + (tested > 0);
    return n * ((double)rows * (double)graph->per_row[false] + (double)graph->scratch);
}

static double rows_room(const tren_config *c, const tren_dataset_info *info, int ranks,
                        int shards) {
    double row = tren_shape_size(info->shape) * (double)tren_type_size(info->x_type);
    size_t tested = c->evaluate_test ? info->rows[TREN_TEST] : 0;
    double evaluated = (double)(info->rows[TREN_VALIDATION] + tested) / ranks;
    return row * ((double)info->rows[TREN_TRAIN] / c->shards * shards + evaluated);
}

/* Of a minimiser of the whole loss every rank has all vectors. */
static double states_room(const tren_config *c, const tren_graph *graph, int ranks) {
    int n = tren_optimizer_find(c)->n_states + (c->optimizer.ema > 0);
    double states = tren_config_whole(c) ? TREN_SCG_VECTORS : n / (double)ranks;
    return sizeof(real) * (double)graph->n_values * states;
}

/* Products are tried before the evaluators are opened. */
static double work_room(const tren_config *c, const tren_graph *graph,
                        const tren_dataset_info *info, int shards, int rows) {
    size_t tested = c->evaluate_test ? info->rows[TREN_TEST] : 0;
    double later = evaluation_room(graph, info, tested),
           trial = (double)tren_work_trial(graph, shards, rows);
    double room = (double)tren_work_room(graph, shards) +
                  (double)tren_work_scratch(graph, shards, rows) + fmax(trial, later);
    return sizeof(real) * room + blas_room(graph);
}

tren_memory tren_memory_needed(const tren_config *c, const tren_graph *graph,
                               const tren_dataset_info *info, int ranks, int nodes) {
    int shards = (c->shards + ranks - 1) / ranks;
    size_t m = info->rows[TREN_TRAIN];
    int rows = tren_work_capacity(graph, (int)tren_batch_rows(c, m, shards), shards);
    return (tren_memory){
        .data = rows_room(c, info, ranks, shards),
        .reduce = tren_reduce_memory(graph->n_values, c->shards, c->reduction, ranks, nodes),
        .states = states_room(c, graph, ranks),
        .activations = sizeof(real) * (double)rows * (double)graph->per_row[true],
        .work = work_room(c, graph, info, shards, rows)};
}

double tren_memory_sum(const tren_memory *m) {
    return m->data + m->reduce.gradients + m->reduce.values + m->reduce.inbox + m->states +
           m->activations + m->work;
}

/* ---- the comparison -------------------------------------------------------------------------- */

tren_status tren_memory_require(const tren_comm *comm, double bytes, const char *what,
                                const char *smaller) {
    tren_memory_free has;
    tren_memory_find_free(&has, "", (tren_memory_share){comm->node_ranks, comm->node_memory});
    if (bytes <= has.bytes) return TREN_OK;
    char node[256] = "";
    gethostname(node, sizeof node - 1);
    return tren_fail(TREN_ERR_ENV,
                     "a rank needs at least %.0f MiB of memory (%s), but on %s %.0f MiB are free "
                     "for each of %d rank%s: %s; make %s smaller, or %s",
                     ceil(bytes / MIB), what, node, has.bytes / MIB, comm->node_ranks,
                     comm->node_ranks > 1 ? "s" : "", has.why, smaller, has.remedy);
}

tren_status tren_memory_check(const tren_config *config, const tren_graph *graph,
                              const tren_dataset_info *info, const tren_comm *comm) {
    char what[160], smaller[64];
    size_t rows = info->rows[TREN_TRAIN];
    tren_memory needed = tren_memory_needed(config, graph, info, comm->size, comm->n_nodes);
    double sum = tren_memory_sum(&needed);
    snprintf(what, sizeof what, "%zu parameters, %zu rows, batches of %zu", graph->n_learned, rows,
             tren_config_batch(config, rows));
    snprintf(smaller, sizeof smaller, "%s or batch_size", tren_model_find(config)->size);
    if (needed.data > sum / 2) {
        snprintf(what, sizeof what, "%.0f of it for its share of the %zu rows of the dataset",
                 ceil(needed.data / MIB), rows);
        snprintf(smaller, sizeof smaller, "the dataset ('tren data import --take N')");
    }
    return tren_memory_require(comm, sum, what, smaller);
}
