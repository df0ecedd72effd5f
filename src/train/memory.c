#include "train/memory.h"
#include "train/memory_free.h"
#include "tren/models.h"

#include <math.h>
#include <unistd.h>

/* ---- what is needed -------------------------------------------------------------------------- */

size_t tren_batch_rows(const tren_config *config, size_t m, int shards) {
    size_t batch = tren_config_batch(config, m);
    size_t per_shard = (batch + (size_t)config->shards - 1) / (size_t)config->shards;
    size_t rows = per_shard * (size_t)shards;
    return rows < batch ? rows : batch;
}

static int most_nodes(int shards, int ranks) {
    int most = 1;
    for (int q = 0; q < ranks; q++) {
        int n = tren_tree_nodes(NULL, shards, tren_part_first(shards, ranks, q),
                                tren_part_first(shards, ranks, q + 1));
        if (n > most) most = n;
    }
    return most;
}

double tren_memory_needed(const tren_config *config, const tren_graph *graph,
                          const tren_dataset_info *info, int ranks) {
    int shards = (config->shards + ranks - 1) / ranks;
    size_t m = info->rows[TREN_TRAIN];
    double row = tren_shape_size(info->shape) * (double)tren_type_size(info->x_type);
    size_t tested = config->evaluate_test ? info->rows[TREN_TEST] : 0;
    double evaluated = (double)(info->rows[TREN_VALIDATION] + tested) / ranks;
    double data = row * ((double)m / config->shards * shards + evaluated);
    bool scg = config->optimizer.name == TREN_SCG; /* every rank has all its vectors */
    double states = scg ? TREN_SCG_VECTORS : tren_optimizer_find(config)->n_states / (double)ranks;
    double values = (double)graph->n_values * (1 + states + most_nodes(config->shards, ranks));
    int rows = tren_work_capacity(graph, (int)tren_batch_rows(config, m, shards), shards);
    double batch = (double)rows * (double)graph->act_per_row;
    return data + sizeof(real) * (values + 2 * batch + (double)graph->scratch);
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
                     "a rank needs at least %.0f MiB of memory (%s), and on %s %.0f MiB are free "
                     "for each of %d rank%s: %s; make %s smaller, or %s",
                     ceil(bytes / 0x1p20), what, node, has.bytes / 0x1p20, comm->node_ranks,
                     comm->node_ranks > 1 ? "s" : "", has.why, smaller, has.remedy);
}

tren_status tren_memory_check(const tren_config *config, const tren_graph *graph,
                              const tren_dataset_info *info, const tren_comm *comm) {
    char what[128], smaller[64];
    size_t rows = info->rows[TREN_TRAIN];
    snprintf(what, sizeof what, "%zu parameters, %zu rows, batches of %zu", graph->n_learned, rows,
             tren_config_batch(config, rows));
    snprintf(smaller, sizeof smaller, "%s or batch_size", tren_model_find(config)->size);
    return tren_memory_require(comm, tren_memory_needed(config, graph, info, comm->size), what,
                               smaller);
}
