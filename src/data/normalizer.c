/* Normalisation, and the hot path from rows in memory to a microbatch. */
#include "tren/data.h"
#include <math.h>
#include <stdlib.h>

/* Where x * scale + shift in float would lose more of a value than 2^-14 of the sd: the mean is far
 * from zero for its sd, or a factor is near the end of float's range. */
static bool is_far(double mean, double sd) {
    return sd > 0 && (fabs(mean) > TREN_FAR * sd || sd < 0x1p-100 || sd > 0x1p100);
}

static bool any_is_far(const tren_dataset_info *info) {
    for (size_t k = 0; k < info->n_stats; k++)
        if (is_far(info->mean[k], info->sd[k])) return true;
    return false;
}

static tren_status alloc_maps(tren_normalizer *normalizer, bool centred) {
    const char *what = "the normalisation";
    size_t width = (size_t)normalizer->width;
    TREN_TRY(tren_alloc(&normalizer->scale, width, sizeof(real), what));
    TREN_TRY(tren_alloc(&normalizer->shift, width, sizeof(real), what));
    if (!centred) return TREN_OK;
    TREN_TRY(tren_alloc(&normalizer->mean, width, sizeof(double), what));
    return tren_alloc(&normalizer->sd, width, sizeof(double), what);
}

tren_status tren_normalizer_open(tren_normalizer *normalizer, const tren_dataset_info *info) {
    int width = tren_shape_size(info->shape), n_stats = (int)info->n_stats;
    *normalizer = (tren_normalizer){.kernels = tren_kernels_best(),
                                    .width = width,
                                    .n_stats = n_stats,
                                    .per_stat = width / n_stats};
    bool centred = any_is_far(info);
    tren_status st = alloc_maps(normalizer, centred);
    for (int i = 0; i < width && st == TREN_OK; i++) {
        int k = i / normalizer->per_stat;
        /* What is constant becomes 0, whatever its value in other rows. */
        double mean = info->mean[k], sd = info->sd[k] > 0 ? info->sd[k] : INFINITY;
        double scale = 1 / sd;
        normalizer->scale[i] = (real)scale;
        normalizer->shift[i] = (real)(-mean * scale);
        if (!centred) continue;
        normalizer->mean[i] = mean;
        normalizer->sd[i] = sd;
    }
    if (st != TREN_OK) tren_normalizer_close(normalizer);
    return st;
}

void tren_normalizer_close(tren_normalizer *normalizer) {
    free(normalizer->scale);
    free(normalizer->shift);
    free(normalizer->mean);
    free(normalizer->sd);
    *normalizer = (tren_normalizer){0};
}

/* Rows are far apart in memory: by the time one is converted, those some places ahead are on their
 * way. */
enum { AHEAD = 4, CACHE_LINE = 64 };

static void prefetch_row(const char *row, size_t bytes) {
    for (size_t at = 0; at < bytes; at += CACHE_LINE) __builtin_prefetch(row + at);
}

static void affine_row(real *out, const void *row, tren_type type,
                       const tren_normalizer *normalizer) {
    const real *scale = normalizer->scale, *shift = normalizer->shift;
    size_t width = (size_t)normalizer->width;
    if (type == TREN_U8)
        normalizer->kernels->affine_from_u8(out, row, scale, shift, width);
    else if (type == TREN_F32)
        normalizer->kernels->affine_from_f32(out, row, scale, shift, width);
    else /* TREN_F64: tren_dataset_open admits no other */
        normalizer->kernels->affine_from_f64(out, row, scale, shift, width);
}

static void centre_row(real *out, const void *row, tren_type type,
                       const tren_normalizer *normalizer) {
    const double *mean = normalizer->mean, *sd = normalizer->sd;
    size_t width = (size_t)normalizer->width;
    if (type == TREN_U8)
        normalizer->kernels->centred_from_u8(out, row, mean, sd, width);
    else if (type == TREN_F32)
        normalizer->kernels->centred_from_f32(out, row, mean, sd, width);
    else
        normalizer->kernels->centred_from_f64(out, row, mean, sd, width);
}

void tren_rows_fetch(real *x, const tren_rows *rows, const uint32_t *row, int n,
                     const tren_normalizer *normalizer) {
    size_t width = (size_t)rows->width, bytes = width * tren_type_size(rows->x_type);
    const char *first = rows->x;
    for (int i = 0; i < AHEAD && i < n; i++) prefetch_row(first + row[i] * bytes, bytes);
    for (int i = 0; i < n; i++) {
        if (i + AHEAD < n) prefetch_row(first + row[i + AHEAD] * bytes, bytes);
        const char *from = first + row[i] * bytes;
        if (normalizer->mean)
            centre_row(x + i * width, from, rows->x_type, normalizer);
        else
            affine_row(x + i * width, from, rows->x_type, normalizer);
    }
}
