/* Opening a dataset on all ranks: each file is looked into once, however many ranks read it. */
#include "train/run.h"

#include <stdlib.h>

/* What two ranks that read one file have in common, on whichever nodes they are: a copy of it has
 * another time of its last change, which nobody can set. As halves that a double holds exactly. */
static void identify(double id[2], const tren_comm *comm, tren_file_stamp stamp) {
    bool known = stamp.inode != 0 && !stamp.elsewhere;
    stamp.device = 0; /* a shared file system has another one on each node */
    uint64_t digest = tren_digest(&stamp, sizeof stamp);
    id[0] = known ? (double)(digest >> 32) : -1;
    id[1] = known ? (double)(digest & 0xffffffffu) : comm->rank;
}

static int first_with(const double *all, int rank) {
    int first = 0;
    while (all[2 * first] != all[2 * rank] || all[2 * first + 1] != all[2 * rank + 1]) first++;
    return first;
}

tren_status tren_files_seen(int *first, int *n, const tren_comm *comm,
                            const tren_file_stamp *stamp) {
    double id[2], *all;
    identify(id, comm, *stamp);
    TREN_TRY(tren_comm_agree(
        comm, tren_alloc(&all, 2 * (size_t)comm->size, sizeof *all, "the datasets of all ranks")));
    tren_comm_allgather(comm, all, id, 2);
    *n = 0;
    for (int r = 0; r < comm->size; r++) *n += first_with(all, r) == r;
    *first = first_with(all, comm->rank);
    free(all);
    return TREN_OK;
}

static tren_status look_into(tren_dataset **dataset, const tren_comm *comm, const char *path) {
    char name[TREN_COMM_TEXT];
    tren_status st = tren_dataset_open(dataset, path);
    if (st == TREN_OK || comm->rank == 0) return st;
    return tren_fail_in(st, "%s", tren_comm_name(name, comm)); /* rank 0 may well have one */
}

typedef struct head {
    char *bytes; /* owned */
    size_t n;
} head;

/* Rank 0 of the readers of one file has opened it. */
static tren_status spread(tren_dataset **dataset, const tren_comm *readers, const char *path) {
    head h = {0};
    tren_status st = readers->rank == 0 ? tren_dataset_pack(&h.bytes, &h.n, *dataset) : TREN_OK;
    TREN_GOTO(tren_comm_agree(readers, st));
    tren_comm_bcast(readers, &h.n, sizeof h.n);
    if (readers->rank > 0) st = tren_alloc(&h.bytes, h.n, 1, "the head of a dataset");
    TREN_GOTO(tren_comm_agree(readers, st));
    tren_comm_bcast(readers, h.bytes, h.n);
    if (readers->rank > 0) st = tren_dataset_unpack(dataset, path, h.bytes, h.n);
done:
    free(h.bytes);
    return st;
}

static tren_status spread_by_file(tren_dataset **dataset, const tren_comm *comm, const char *path,
                                  int first, int n_files) {
    tren_comm part = {0};
    tren_status st = TREN_OK;
    if (n_files == comm->size) return TREN_OK;
    if (n_files == 1) return spread(dataset, comm, path);
    TREN_GOTO(tren_comm_split(&part, comm, first));
    st = spread(dataset, &part, path);
done:
    tren_comm_close(&part);
    return st;
}

tren_status tren_dataset_share(tren_dataset **dataset, const tren_comm *comm, const char *path) {
    int first, n_files;
    tren_file_stamp stamp = tren_path_stamp(path);
    TREN_TRY(tren_files_seen(&first, &n_files, comm, &stamp));
    tren_status st = first == comm->rank ? look_into(dataset, comm, path) : TREN_OK;
    TREN_TRY(tren_comm_agree(comm, st));
    return tren_comm_agree(comm, spread_by_file(dataset, comm, path, first, n_files));
}
