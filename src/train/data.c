/* The rows of a run: read once, and held to be what they were until the run is over. */
#include "train/trainer.h"

#include <stdlib.h>

/* Rank 0 looks at all rows of the validation and test parts. */
static tren_status digest_later_parts(uint64_t sum[TREN_N_PARTS], const tren_trainer *t,
                                      const tren_dataset *dataset) {
    if (t->comm->rank > 0) return TREN_OK;
    for (int part = TREN_VALIDATION; part <= TREN_TEST; part++)
        TREN_TRY(
            tren_dataset_digest_rows(&sum[part], dataset, (tren_part)part, 0, t->info->rows[part]));
    return TREN_OK;
}

static tren_status read_mine(tren_trainer *t) {
    tren_sharding sharding = t->order.sharding;
    size_t first = tren_shard_first(sharding, t->lo), end = tren_shard_first(sharding, t->hi);
    TREN_TRY(tren_rows_read(&t->rows, t->dataset, TREN_TRAIN, first, end - first));
    if (!t->info->has_digests) t->stamp.rows[TREN_TRAIN] = tren_rows_digest(&t->rows);
    return digest_later_parts(t->stamp.rows, t, t->dataset);
}

tren_status trainer_read_data(tren_trainer *t) {
    char name[TREN_COMM_TEXT];
    t->stamp.file = tren_dataset_stamp(t->dataset);
    tren_status st = read_mine(t);
    if (st == TREN_OK || t->comm->size == 1) return st;
    return tren_fail_in(st, "%s", tren_comm_name(name, t->comm));
}

/* A dataset that somebody made may be without digests: then the rows themselves say whether a
 * resumed run has its data again. Sums modulo 2^64, by halves that a double holds exactly. */
tren_status trainer_pin_rows(tren_trainer *t) {
    enum { N = 2 * TREN_N_PARTS };
    double *all, mine[N];
    t->result->content = t->info->digest;
    if (t->info->has_digests) return TREN_OK;
    uint64_t sum[TREN_N_PARTS] = {0};
    for (int part = 0; part < TREN_N_PARTS; part++) {
        mine[2 * part] = (double)(t->stamp.rows[part] >> 32);
        mine[2 * part + 1] = (double)(t->stamp.rows[part] & 0xffffffffu);
    }
    tren_status st =
        tren_alloc(&all, N * (size_t)t->comm->size, sizeof *all, "the digest of the rows");
    TREN_TRY(tren_comm_agree(t->comm, st));
    tren_comm_allgather(t->comm, all, mine, N);
    for (int r = 0; r < t->comm->size; r++)
        for (int part = 0; part < TREN_N_PARTS; part++)
            sum[part] +=
                ((uint64_t)all[N * r + 2 * part] << 32) + (uint64_t)all[N * r + 2 * part + 1];
    free(all);
    t->state_of.rows_digest = tren_dataset_digest_of(t->info, sum);
    t->result->content = tren_dataset_content_of(t->info, t->state_of.rows_digest);
    return TREN_OK;
}

static tren_status changed(const tren_trainer *t) {
    return tren_fail(
        TREN_ERR_DATA,
        "%s was changed while the run was using it, so its result would not be that of "
        "any dataset; restore the file and go on with --resume, or train again",
        t->config->data);
}

/* Reads again what was read, from the file as it is now. */
static tren_status confirm(const tren_trainer *t) {
    trainer_data_stamp now = {.file = tren_dataset_stamp(t->dataset)};
    if (!tren_file_stamp_differs(&t->stamp.file, &now.file)) return TREN_OK;
    tren_dataset *again;
    if (tren_dataset_open(&again, t->config->data) != TREN_OK) return changed(t);
    size_t first = t->rows.first, n = t->rows.n;
    bool same =
        tren_dataset_info_of(again)->digest == t->info->digest &&
        tren_dataset_digest_rows(&now.rows[TREN_TRAIN], again, TREN_TRAIN, first, n) == TREN_OK &&
        digest_later_parts(now.rows, t, again) == TREN_OK;
    for (int part = 0; same && part < TREN_N_PARTS; part++)
        same =
            (part == TREN_TRAIN && t->info->has_digests) || now.rows[part] == t->stamp.rows[part];
    tren_dataset_close(again);
    return same ? TREN_OK : changed(t);
}

tren_status trainer_confirm_data(tren_trainer *t) {
    return tren_comm_agree(t->comm, confirm(t));
}
