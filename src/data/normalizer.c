/* Normalisation, and the hot path from rows in memory to a microbatch. */
#include "tren/data.h"
#include "kernels/convert.h"
#include <stdlib.h>

/* A constant pixel or column stays what it is, minus its mean. */
static double scale_of(double sd) {
    return sd > 0 ? 1 / sd : 1;
}

tren_status tren_normalizer_open(tren_normalizer *normalizer, const tren_dataset_info *info) {
    int width = tren_shape_size(info->shape), n_stats = (int)info->n_stats;
    *normalizer =
        (tren_normalizer){.width = width, .n_stats = n_stats, .per_stat = width / n_stats};
    tren_status st;
    TREN_GOTO(tren_alloc(&normalizer->scale, (size_t)width, sizeof(real), "the normalisation"));
    TREN_GOTO(tren_alloc(&normalizer->shift, (size_t)width, sizeof(real), "the normalisation"));
    for (int i = 0; i < width; i++) {
        int k = i / normalizer->per_stat;
        double scale = scale_of(info->sd[k]);
        normalizer->scale[i] = (real)scale;
        normalizer->shift[i] = (real)(-info->mean[k] * scale);
    }
    return TREN_OK;
done:
    tren_normalizer_close(normalizer);
    return st;
}

void tren_normalizer_close(tren_normalizer *normalizer) {
    free(normalizer->scale);
    free(normalizer->shift);
    *normalizer = (tren_normalizer){0};
}

/* Rows are far apart in memory: by the time one is converted, those some places ahead are on their
 * way. */
enum { AHEAD = 4, CACHE_LINE = 64 };

static void prefetch_row(const char *row, size_t bytes) {
    for (size_t at = 0; at < bytes; at += CACHE_LINE) __builtin_prefetch(row + at);
}

static void convert_row(real *out, const void *row, tren_type type,
                        const tren_normalizer *normalizer) {
    const real *scale = normalizer->scale, *shift = normalizer->shift;
    size_t width = (size_t)normalizer->width;
    if (type == TREN_U8)
        tren_affine_from_u8(out, row, scale, shift, width);
    else if (type == TREN_F32)
        tren_affine_from_f32(out, row, scale, shift, width);
    else /* TREN_F64: tren_dataset_open admits no other */
        tren_affine_from_f64(out, row, scale, shift, width);
}

void tren_rows_fetch(real *x, const tren_rows *rows, const uint32_t *row, int n,
                     const tren_normalizer *normalizer) {
    size_t width = (size_t)rows->width, bytes = width * tren_type_size(rows->x_type);
    const char *first = rows->x;
    for (int i = 0; i < AHEAD && i < n; i++) prefetch_row(first + row[i] * bytes, bytes);
    for (int i = 0; i < n; i++) {
        if (i + AHEAD < n) prefetch_row(first + row[i + AHEAD] * bytes, bytes);
        convert_row(x + i * width, first + row[i] * bytes, rows->x_type, normalizer);
    }
}
