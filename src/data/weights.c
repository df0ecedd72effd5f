/* How much training rows count. */
#include "data/row_digests.h"
#include "data/weights.h"
#include <math.h>
#include <stdlib.h>

tren_status tren_weights_read(double *weight, const tren_dataset *dataset, size_t first, size_t n) {
    tren_type type = dataset->weights_type;
    size_t bytes = tren_type_size(type);
    tren_row_array array = {TREN_SCHEMA_WEIGHTS,
                            TREN_SET_WEIGHT,
                            TREN_TRAIN,
                            type,
                            dataset->info.rows[TREN_TRAIN],
                            bytes};
    void *stored;
    TREN_TRY(tren_alloc(&stored, n, bytes, "weights of rows"));
    tren_status st = tren_row_array_read(stored, dataset, &array, first, n);
    if (st == TREN_OK)
        st = tren_row_digests_verify(&dataset->weights[TREN_TRAIN], dataset, &array, first, n,
                                     stored);
    for (size_t i = 0; st == TREN_OK && i < n; i++) {
        weight[i] =
            type == TREN_F32 ? (double)((const float *)stored)[i] : ((const double *)stored)[i];
        if (isfinite(weight[i]) && weight[i] >= 0) continue;
        st = tren_fail(TREN_ERR_DATA,
                       "%s: %s: row %zu: the weight %g is not a finite number of at least 0: clean "
                       "the source and import it again",
                       dataset->path, array.name, first + i, weight[i]);
    }
    free(stored);
    return st;
}

tren_status tren_dataset_weights_sum(double *sum, const tren_dataset *dataset) {
    enum { BLOCK = 65536 };
    size_t rows = dataset->info.rows[TREN_TRAIN];
    double *weight;
    *sum = 0;
    TREN_TRY(tren_alloc(&weight, BLOCK, sizeof *weight, "weights of rows"));
    tren_status st = TREN_OK;
    for (size_t first = 0; st == TREN_OK && first < rows; first += BLOCK) {
        size_t n = rows - first < BLOCK ? rows - first : BLOCK;
        st = tren_weights_read(weight, dataset, first, n);
        for (size_t i = 0; st == TREN_OK && i < n; i++) *sum += weight[i];
    }
    free(weight);
    if (st != TREN_OK || (*sum > 0 && isfinite(*sum))) return st;
    return tren_fail(TREN_ERR_DATA,
                     "%s: %s: %s: give at least one row a weight above 0 that is not too large, or "
                     "remove the weights",
                     dataset->path, TREN_SCHEMA_WEIGHTS,
                     *sum > 0 ? "the sum of the weights is not finite" : "all weights are 0");
}
