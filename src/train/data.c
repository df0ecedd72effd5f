/* The rows of a run: read once, and held to be what they were until the run is over. */
#include "train/run.h"

#include <stdlib.h>

/* Rank 0 looks at all rows of the validation and test parts. */
static tren_status digest_later_parts(uint64_t sum[TREN_N_PARTS], const tren_run *r,
                                      const tren_dataset *dataset) {
    if (r->comm->rank > 0) return TREN_OK;
    for (int part = TREN_VALIDATION; part <= TREN_TEST; part++)
        TREN_TRY(
            tren_dataset_digest_rows(&sum[part], dataset, (tren_part)part, 0, r->info->rows[part]));
    return TREN_OK;
}

tren_status run_stamp_rows(tren_run *r) {
    if (!r->info->has_digests) r->stamp.rows[TREN_TRAIN] = tren_rows_digest(&r->feed.rows);
    return digest_later_parts(r->stamp.rows, r, r->dataset);
}

/* A dataset that somebody made may be without digests: then the rows themselves say whether a
 * resumed run has its data again. Sums modulo 2^64, by halves that a double holds exactly. */
void run_pin_rows(const tren_run *r, uint64_t *rows_digest, uint64_t *content) {
    double half[2 * TREN_N_PARTS];
    *rows_digest = 0;
    *content = r->info->digest;
    if (r->info->has_digests) return;
    uint64_t sum[TREN_N_PARTS];
    for (int part = 0; part < TREN_N_PARTS; part++) {
        half[2 * part] = (double)(r->stamp.rows[part] >> 32);
        half[2 * part + 1] = (double)(r->stamp.rows[part] & 0xffffffffu);
    }
    tren_comm_sum(r->comm, half, 2 * TREN_N_PARTS);
    for (int part = 0; part < TREN_N_PARTS; part++)
        sum[part] = ((uint64_t)half[2 * part] << 32) + (uint64_t)half[2 * part + 1];
    *rows_digest = tren_dataset_digest_of(r->info, sum);
    *content = tren_dataset_content_of(r->info, *rows_digest);
}

static tren_status changed(const tren_run *r) {
    return tren_fail(TREN_ERR_DATA,
                     "%s was changed while the run was using it, so the result would belong to no "
                     "dataset; restore the file and continue with --resume, or train again",
                     r->config->data);
}

/* Reads again what was read, from the file as it is now. */
static tren_status confirm(const tren_run *r) {
    tren_data_stamp now = {.file = tren_dataset_stamp(r->dataset)};
    if (!tren_file_stamp_differs(&r->stamp.file, &now.file)) return TREN_OK;
    tren_dataset *again;
    if (tren_dataset_open(&again, r->config->data) != TREN_OK) return changed(r);
    size_t first = r->feed.rows.first, n = r->feed.rows.n;
    bool same =
        tren_dataset_info_of(again)->digest == r->info->digest &&
        tren_dataset_digest_rows(&now.rows[TREN_TRAIN], again, TREN_TRAIN, first, n) == TREN_OK &&
        digest_later_parts(now.rows, r, again) == TREN_OK;
    for (int part = 0; same && part < TREN_N_PARTS; part++)
        same =
            (part == TREN_TRAIN && r->info->has_digests) || now.rows[part] == r->stamp.rows[part];
    tren_dataset_close(again);
    return same ? TREN_OK : changed(r);
}

tren_status run_confirm_data(const tren_run *r) {
    return tren_comm_agree(r->comm, confirm(r));
}
