#include "train/memory.h"
#include "tren/models.h"

#include <math.h>
#include <string.h>
#include <sys/resource.h>
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
    double data = row * (double)m / config->shards * shards;
    bool scg = config->optimizer.name == TREN_SCG; /* every rank has all its vectors */
    double states = scg ? TREN_SCG_VECTORS : tren_optimizer_find(config)->n_states / (double)ranks;
    double values = (double)graph->n_values * (1 + states + most_nodes(config->shards, ranks));
    int rows = tren_work_capacity(graph, (int)tren_batch_rows(config, m, shards), shards);
    double batch = (double)rows * (double)graph->act_per_row;
    return data + sizeof(real) * (values + 2 * batch + (double)graph->scratch);
}

/* ---- what there is --------------------------------------------------------------------------- */

/* The sum of MemAvailable and SwapFree, in bytes. */
static double node_has(void) {
    FILE *file = fopen("/proc/meminfo", "re");
    if (!file) return INFINITY;
    char line[128];
    double total = 0, kib;
    bool told = false;
    while (fgets(line, sizeof line, file)) {
        bool available = sscanf(line, "MemAvailable: %lf", &kib) == 1;
        if (available || sscanf(line, "SwapFree: %lf", &kib) == 1) total += kib * 1024;
        told |= available;
    }
    fclose(file);
    return told ? total : INFINITY;
}

static double limit_in(const char *path) {
    FILE *file = fopen(path, "re");
    double limit = INFINITY;
    if (!file) return limit;
    if (fscanf(file, "%lf", &limit) != 1) limit = INFINITY; /* "max" */
    fclose(file);
    return limit;
}

/* The lowest memory.max from our control group (version 2) up: how batch systems bound a job. */
static double group_allows(void) {
    char line[512] = "", path[640];
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (!file) return INFINITY;
    while (fgets(line, sizeof line, file) && strncmp(line, "0::", 3) != 0) line[0] = '\0';
    fclose(file);
    if (!line[0]) return INFINITY;
    line[strcspn(line, "\n")] = '\0';
    double lowest = INFINITY;
    for (char *slash; (slash = strrchr(line, '/')); *slash = '\0') {
        snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.max", line + 3);
        lowest = fmin(lowest, limit_in(path));
    }
    return lowest;
}

/* What RLIMIT_AS leaves of this process's address space. */
static double address_space_left(void) {
    struct rlimit limit;
    double pages = 0;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return INFINITY;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file) return INFINITY;
    if (fscanf(file, "%lf", &pages) != 1) pages = 0;
    fclose(file);
    return fmax(0, (double)limit.rlim_cur - pages * (double)sysconf(_SC_PAGESIZE));
}

double tren_memory_free(int n_local) {
    return fmin(fmin(node_has(), group_allows()) / n_local, address_space_left());
}

/* ---- the comparison -------------------------------------------------------------------------- */

tren_status tren_memory_check(const tren_config *config, const tren_graph *graph,
                              const tren_dataset_info *info, const tren_comm *comm) {
    double needed = tren_memory_needed(config, graph, info, comm->size);
    double has = tren_memory_free(comm->local_size);
    if (needed <= has) return TREN_OK;
    char node[256] = "";
    gethostname(node, sizeof node - 1);
    return tren_fail(
        TREN_ERR_ENV,
        "a rank needs at least %.3g GiB of memory (%zu parameters, %zu rows, batches of "
        "%zu), and %s has %.3g GiB free for each of its %d rank%s; make %s or "
        "batch_size smaller, or start ranks on more nodes",
        needed / 0x1p30, graph->n_learned, info->rows[TREN_TRAIN],
        tren_config_batch(config, info->rows[TREN_TRAIN]), node, has / 0x1p30, comm->local_size,
        comm->local_size > 1 ? "s" : "", tren_model_find(config)->size);
}
