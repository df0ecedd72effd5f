/* Mean and standard deviation of the training rows, and the check that every value is fit to be
 * trained on. */
#include "data/prepare.h"
#include <math.h>
#include <stdlib.h>

static void to_double(double *restrict out, const void *x, tren_type type, size_t first, size_t n) {
    switch (type) {
    case TREN_U8:
        for (size_t i = 0; i < n; i++) out[i] = ((const uint8_t *)x)[first + i];
        break;
    case TREN_F32:
        for (size_t i = 0; i < n; i++) out[i] = (double)((const float *)x)[first + i];
        break;
    default:
        for (size_t i = 0; i < n; i++) out[i] = ((const double *)x)[first + i];
    }
}

/* sum[k] += sum over the values v of statistic k of (v - origin[k])^power, power 1 or 2. */
static void add_row(double *sum, const double *value, const double *origin, int n_stats,
                    int per_stat, int power) {
    for (int k = 0; k < n_stats; k++) {
        const double *v = value + (size_t)k * (size_t)per_stat;
        double total = 0;
        for (int i = 0; i < per_stat; i++) {
            double d = v[i] - origin[k];
            total += power == 1 ? d : d * d;
        }
        sum[k] += total;
    }
}

static tren_status check_range(const double *mean, const double *sd, const tren_source *source) {
    for (int k = 0; k < source->shape.c; k++)
        if (!isfinite(mean[k]) || !isfinite(sd[k]))
            return tren_fail(TREN_ERR_DATA,
                             "%s: %s %d has values so large that its mean and standard deviation "
                             "are not finite: rescale or remove them first",
                             source->origin, source->is_image ? "channel" : "column", k);
    return TREN_OK;
}

tren_status tren_statistics(double *mean, double *sd, const tren_source *source,
                            const uint32_t *row, size_t n) {
    int width = tren_shape_size(source->shape), n_stats = source->shape.c,
        per_stat = width / n_stats;
    double *value = NULL, *zero = NULL, count = (double)n * per_stat;
    tren_status st;
    TREN_GOTO(tren_alloc(&value, (size_t)width, sizeof *value, "mean and sd"));
    TREN_GOTO(tren_alloc(&zero, (size_t)n_stats, sizeof *zero, "mean and sd"));
    for (int pass = 1; pass <= 2; pass++) {
        double *sum = pass == 1 ? mean : sd, *origin = pass == 1 ? zero : mean;
        for (int k = 0; k < n_stats; k++) sum[k] = 0;
        for (size_t i = 0; i < n; i++) {
            to_double(value, source->x, source->x_type, row[i] * (size_t)width, (size_t)width);
            add_row(sum, value, origin, n_stats, per_stat, pass);
        }
        for (int k = 0; k < n_stats; k++)
            sum[k] = pass == 1 ? sum[k] / count : sqrt(sum[k] / count);
    }
    st = check_range(mean, sd, source);
done:
    free(value);
    free(zero);
    return st;
}

/* ---- checks ---------------------------------------------------------------------------------- */

/* Index of the first value that is not finite, or n. */
static size_t first_not_finite(const void *x, tren_type type, size_t n) {
    size_t i = 0;
    if (type == TREN_F32)
        while (i < n && isfinite(((const float *)x)[i])) i++;
    else if (type == TREN_F64)
        while (i < n && isfinite(((const double *)x)[i])) i++;
    else
        i = n;
    return i;
}

static tren_status check_finite(const tren_source *source, const char *what, const void *x,
                                tren_type type, size_t width) {
    size_t n = (source->n + source->n_test) * width, bad = first_not_finite(x, type, n);
    if (bad == n) return TREN_OK;
    return tren_fail(TREN_ERR_DATA,
                     "%s: row %zu, %s %zu is not finite: remove or repair such rows first",
                     source->origin, bad / width, what, bad % width);
}

int64_t tren_source_label(const tren_source *source, size_t row) {
    switch (source->y_type) {
    case TREN_U8:
        return ((const uint8_t *)source->y)[row];
    case TREN_I32:
        return ((const int32_t *)source->y)[row];
    case TREN_I64:
        return ((const int64_t *)source->y)[row];
    default:
        return -1;
    }
}

static tren_status check_labels(const tren_source *source) {
    for (size_t i = 0; i < source->n + source->n_test; i++) {
        int64_t label = tren_source_label(source, i);
        if (label < 0 || label >= source->n_classes)
            return tren_fail(
                TREN_ERR_DATA,
                "%s: row %zu: the label %lld is outside 0 to %d; number the classes from 0 up",
                source->origin, i, (long long)label, source->n_classes - 1);
    }
    return TREN_OK;
}

tren_status tren_source_check(const tren_source *source) {
    TREN_TRY(check_finite(source, "column", source->x, source->x_type,
                          (size_t)tren_shape_size(source->shape)));
    if (source->n_classes > 0) return check_labels(source);
    return check_finite(source, "target", source->y, source->y_type, (size_t)source->n_targets);
}
