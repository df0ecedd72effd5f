/* What all ranks must have in common before anything is computed: the program and its arithmetic,
 * every key of the config, the dataset, the checkpoint. */
#include "train/checkpoint.h"
#include "train/run.h"
#include "tren/kernels.h"

#include <stdlib.h>
#include <string.h>

tren_status tren_agree_on_program(const tren_comm *comm, const char *what) {
    char mpi[128], blas[128];
    tren_facts facts = {0};
    if (comm->size == 1) return TREN_OK;
    tren_comm_version(mpi, sizeof mpi);
    tren_blas_version(blas, sizeof blas);
    tren_facts_add(&facts, "what the program does", "%s", what);
    tren_facts_add(&facts, "the version of tren", "%s", TREN_VERSION);
    tren_facts_add(&facts, "the BLAS library", "%s", blas);
    tren_facts_add(&facts, "the MPI library", "%s", mpi);
    return tren_comm_same(
        comm, &facts, TREN_ERR_ENV,
        "start the same command of the same program, with the same libraries, on all "
        "ranks");
}

/* Ranks may name the dataset each in its own way, since its content is compared, and run each at
 * the level of its own CPU; how progress is shown, whether a picture is drawn
 * and an event file written concern rank 0. */
static bool may_differ(const tren_option *option) {
    static const char *const key[] = {"data", "cpu", "progress", "plots", "tensorboard"};
    for (size_t i = 0; i < sizeof key / sizeof *key; i++)
        if (strcmp(option->key, key[i]) == 0) return true;
    return false;
}

void tren_facts_add_config(tren_facts *facts, const tren_config *config) {
    size_t n;
    const tren_option *option = tren_options(&n);
    for (size_t i = 0; i < n; i++) {
        char value[TREN_MAX_LAYERS];
        if (may_differ(&option[i])) continue;
        tren_option_format(value, sizeof value, &option[i], config);
        tren_facts_add(facts, option[i].key, "%s", value);
    }
}

tren_status tren_agree_on_config(const tren_comm *comm, tren_facts *facts) {
    return tren_comm_same(comm, facts, TREN_ERR_USAGE,
                          "start all ranks with the same config file and the same options");
}

/* Where nothing was recorded of the rows and ranks have different files, the first rank of each
 * reads all of it. */
static tren_status compare_rows(uint64_t *digest, const tren_comm *comm,
                                const tren_dataset *dataset) {
    int n_files, reader;
    *digest = 0;
    if (tren_dataset_info_of(dataset)->has_digests) return TREN_OK;
    tren_file_stamp stamp = tren_dataset_stamp(dataset);
    TREN_TRY(tren_files_seen(&reader, &n_files, comm, &stamp));
    if (n_files == 1) return TREN_OK;
    bool mine = reader == comm->rank;
    TREN_TRY(tren_comm_agree(comm, mine ? tren_dataset_content(digest, dataset) : TREN_OK));
    uint64_t first = *digest;
    tren_comm_bcast(comm, &first, sizeof first);
    if (!mine) *digest = first;
    return TREN_OK;
}

static void add_header(tren_facts *facts, const char *path, const tren_dataset_info *info) {
    char name[TREN_MAX_PATH + 32];
    static const char *const rows_of[] = {"training rows", "validation rows", "test rows"};
    for (int part = 0; part < TREN_N_PARTS; part++) {
        snprintf(name, sizeof name, "%s: the number of %s", path, rows_of[part]);
        tren_facts_add(facts, name, "%zu", info->rows[part]);
    }
    snprintf(name, sizeof name, "%s: the digest of the dataset", path);
    tren_facts_add(facts, name, "%016llx", (unsigned long long)info->digest);
    tren_facts_add(facts, "whether its rows have digests", "%s", info->has_digests ? "yes" : "no");
}

tren_status tren_agree_on_dataset(const tren_comm *comm, const char *path,
                                  const tren_dataset *dataset) {
    static const char other_file[] = "a rank has a different file, perhaps an old copy on a local "
                                     "disk; give all ranks the same file";
    char first[TREN_MAX_PATH], name[TREN_MAX_PATH + 32];
    tren_facts facts = {.path = path};
    if (comm->size == 1) return TREN_OK;
    snprintf(first, sizeof first, "%s", path);
    tren_comm_bcast(comm, first, sizeof first); /* the paths may differ, names of facts must not */
    add_header(&facts, first, tren_dataset_info_of(dataset));
    TREN_TRY(tren_comm_same(comm, &facts, TREN_ERR_DATA, other_file));
    uint64_t digest;
    TREN_TRY(compare_rows(&digest, comm, dataset));
    facts.path = path;
    snprintf(name, sizeof name, "%s: the digest of its rows", first);
    tren_facts_add(&facts, name, "%016llx", (unsigned long long)digest);
    return tren_comm_same(comm, &facts, TREN_ERR_DATA, other_file);
}

static tren_status look_at_checkpoint(uint64_t *digest, const tren_comm *comm, const char *path) {
    char name[TREN_COMM_TEXT];
    tren_status st = tren_checkpoint_digest(digest, path);
    if (st == TREN_OK && comm->rank > 0 && comm->local_rank == 0) st = tren_checkpoint_verify(path);
    return st == TREN_OK ? st : tren_fail_in(st, "%s", tren_comm_name(name, comm));
}

tren_status tren_agree_on_checkpoint(const tren_comm *comm, const char *path) {
    char name[TREN_MAX_PATH + 128];
    uint64_t digest = 0;
    tren_facts facts = {0};
    if (comm->size == 1) return TREN_OK;
    TREN_TRY(tren_comm_agree(comm, look_at_checkpoint(&digest, comm, path)));
    snprintf(name, sizeof name, "%s: the digest of the checkpoint", path);
    tren_facts_add(&facts, name, "%016llx", (unsigned long long)digest);
    return tren_comm_same(comm, &facts, TREN_ERR_CHECKPOINT,
                          "all ranks must see the same run folder; if another run writes into it, "
                          "wait for it");
}
