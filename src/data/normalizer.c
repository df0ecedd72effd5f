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

void tren_rows_fetch(real *x, const tren_rows *rows, const uint32_t *row, int n,
                     const tren_normalizer *normalizer) {
    const real *scale = normalizer->scale, *shift = normalizer->shift;
    size_t width = (size_t)rows->width;
    switch (rows->x_type) {
    case TREN_U8:
        for (int i = 0; i < n; i++)
            tren_affine_from_u8(x + i * width, (const uint8_t *)rows->x + row[i] * width, scale,
                                shift, width);
        break;
    case TREN_F32:
        for (int i = 0; i < n; i++)
            tren_affine_from_f32(x + i * width, (const float *)rows->x + row[i] * width, scale,
                                 shift, width);
        break;
    default: /* TREN_F64: tren_dataset_open admits no other */
        for (int i = 0; i < n; i++)
            tren_affine_from_f64(x + i * width, (const double *)rows->x + row[i] * width, scale,
                                 shift, width);
    }
}
