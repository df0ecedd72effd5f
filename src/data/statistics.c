/* Mean and standard deviation of the training rows, and the check that every value is fit to be
 * trained on. */
#include "data/prepare.h"
#include "data/schema.h"
#include <float.h>
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

/* One column of a table, or one channel of images. */
typedef struct statistic {
    double mean, sd, first;
    double unit; /* deviations are multiplied by it before they are squared: a power of 2 */
    double sum, squares;
    bool varies; /* not all values are the first */
    bool whole;  /* every value is a whole number that its type holds exactly */
} statistic;

typedef struct tally {
    const void *x; /* rows [first, end), not owned */
    size_t first, end;
    tren_type type;
    tren_h5 *file; /* whose array `name` is read where rows are not in x; NULL: x has all */
    const char *name;
    char *block; /* [block_rows] of them, which x is then; owned */
    size_t block_rows;
    tren_status st;      /* of reading */
    const uint32_t *row; /* [n]; NULL: the first n rows. Not owned */
    size_t n;
    int n_stats, per_stat;
    double *value;  /* [n_stats, per_stat]: one row; owned */
    statistic *all; /* [n_stats] owned */
} tally;

static double epsilon_of(tren_type type) {
    if (type == TREN_F32) return (double)FLT_EPSILON;
    return type == TREN_F64 ? DBL_EPSILON : 0;
}

static void add_values(statistic *s, const double *value, int n, double most_exact) {
    double total = 0, first = s->first;
    bool varies = s->varies, whole = s->whole;
    for (int i = 0; i < n; i++) {
        double v = value[i];
        total += v;
        varies |= v != first;
        whole = whole && fabs(v) <= most_exact && v == (double)(int64_t)v;
    }
    s->varies = varies;
    s->whole = whole;
    s->sum += total;
}

static void add_deviations(statistic *s, const double *value, int n) {
    double total = 0, squares = 0;
    for (int i = 0; i < n; i++) {
        double d = value[i] - s->mean, scaled = d * s->unit;
        total += d;
        squares += scaled * scaled;
    }
    s->sum += total;
    s->squares += squares;
}

static size_t width_of(const tally *t) {
    return (size_t)t->n_stats * (size_t)t->per_stat;
}

static void read_block(tally *t, size_t first) {
    size_t n = t->n - first < t->block_rows ? t->n - first : t->block_rows;
    t->st = tren_h5_read_rows(t->file, t->name, first, n, t->type, t->block);
    t->first = first;
    t->end = first + n;
}

static void load_row(tally *t, size_t i) {
    size_t row = t->row ? t->row[i] : i;
    if (t->st == TREN_OK && (row < t->first || row >= t->end)) read_block(t, row);
    if (t->st != TREN_OK) return;
    to_double(t->value, t->x, t->type, (row - t->first) * width_of(t), width_of(t));
}

static const double *value_of(const tally *t, int k) {
    return t->value + (size_t)k * (size_t)t->per_stat;
}

/* Adds every row's values, or their deviations from the means. */
static void add_rows(tally *t, bool deviations) {
    double most_exact = t->type == TREN_F32 ? 0x1p24 : 0x1p53;
    for (int k = 0; k < t->n_stats; k++) t->all[k].sum = t->all[k].squares = 0;
    for (size_t i = 0; i < t->n; i++) {
        load_row(t, i);
        for (int k = 0; k < t->n_stats; k++) {
            if (deviations)
                add_deviations(&t->all[k], value_of(t, k), t->per_stat);
            else
                add_values(&t->all[k], value_of(t, k), t->per_stat, most_exact);
        }
    }
}

static void find_means(tally *t) {
    double count = (double)t->n * t->per_stat;
    if (t->n > 0) load_row(t, 0);
    for (int k = 0; k < t->n_stats; k++)
        t->all[k] = (statistic){.first = value_of(t, k)[0], .unit = 1, .whole = true};
    add_rows(t, false);
    for (int k = 0; k < t->n_stats; k++) t->all[k].mean = t->all[k].sum / count;
}

/* A mean is off by the rounding of its sum, which the mean of the deviations shows (Chan, Golub and
 * LeVeque 1983). It is corrected only where that matters, so that other data keep the digest they
 * have always had. Squares of tiny deviations would be lost below the range of doubles. */
static bool must_repeat(statistic *s, double count) {
    double off = s->sum / count;
    bool tiny = s->unit == 1 && s->sd < 0x1p-500 && s->varies;
    bool is_off = fabs(off) > 0x1p-20 * s->sd;
    if (tiny) s->unit = 0x1p600;
    if (is_off) s->mean += off;
    return tiny || is_off;
}

static void find_deviations(tally *t) {
    double count = (double)t->n * t->per_stat;
    bool repeat = true;
    for (int pass = 0; repeat && pass < 3; pass++) {
        repeat = false;
        add_rows(t, true);
        for (int k = 0; k < t->n_stats; k++) {
            statistic *s = &t->all[k];
            s->sd = sqrt(s->squares / count) / s->unit;
            if (must_repeat(s, count)) repeat = true;
        }
    }
}

/* What does not vary, or by no more than the rounding of its type, has no spread to divide by. */
static void settle_constant(statistic *s, double epsilon) {
    if (!s->varies) {
        s->mean = s->first + 0.0; /* never -0 */
        s->sd = 0;
    } else if (!s->whole && s->sd <= epsilon * fabs(s->mean)) {
        s->sd = 0;
    }
}

static tren_status compute(double *mean, double *sd, tally *t) {
    tren_status st;
    TREN_GOTO(tren_alloc(&t->value, width_of(t), sizeof *t->value, "mean and sd"));
    TREN_GOTO(tren_alloc(&t->all, (size_t)t->n_stats, sizeof *t->all, "mean and sd"));
    find_means(t);
    find_deviations(t);
    for (int k = 0; k < t->n_stats; k++) {
        settle_constant(&t->all[k], epsilon_of(t->type));
        mean[k] = t->all[k].mean;
        sd[k] = t->all[k].sd;
    }
    st = t->st;
done:
    free(t->value);
    free(t->all);
    return st;
}

tren_status tren_statistics(double *mean, double *sd, const tren_source *source,
                            const uint32_t *row, size_t n) {
    tally t = {.x = source->x,
               .end = SIZE_MAX,
               .type = source->x_type,
               .row = row,
               .n = n,
               .n_stats = source->shape.c,
               .per_stat = tren_shape_size(source->shape) / source->shape.c};
    TREN_TRY(compute(mean, sd, &t));
    for (int k = 0; k < source->shape.c; k++)
        if (!isfinite(mean[k]) || !isfinite(sd[k]))
            return tren_fail(
                TREN_ERR_DATA,
                "%s: %s %d%s%s%s (counted from 0) has values so large that its mean and standard "
                "deviation are not finite: rescale or remove them first",
                source->origin, source->is_image ? "channel" : "column", k,
                source->column_name ? " '" : "", source->column_name ? source->column_name[k] : "",
                source->column_name ? "'" : "");
    return TREN_OK;
}

/* Of an array of the training part, which is read in blocks. */
static tren_status read_and_compute(double *mean, double *sd, tally *t,
                                    const tren_dataset *dataset) {
    enum { BLOCK_BYTES = 4 << 20 };
    size_t row_bytes = width_of(t) * tren_type_size(t->type);
    t->file = dataset->file;
    t->n = dataset->info.rows[TREN_TRAIN];
    t->block_rows = BLOCK_BYTES / row_bytes + 1;
    TREN_TRY(tren_alloc(&t->block, t->block_rows, row_bytes, "mean and sd"));
    t->x = t->block;
    tren_status st = compute(mean, sd, t);
    free(t->block);
    return st;
}

tren_status tren_dataset_statistics(double *mean, double *sd, const tren_dataset *dataset) {
    const tren_dataset_info *info = &dataset->info;
    tally t = {.type = info->x_type,
               .name = tren_part_x[TREN_TRAIN],
               .n_stats = (int)info->n_stats,
               .per_stat = tren_shape_size(info->shape) / (int)info->n_stats};
    return read_and_compute(mean, sd, &t, dataset);
}

tren_status tren_target_statistics(double *mean, double *sd, const tren_dataset *dataset) {
    tally t = {.type = dataset->y_type,
               .name = tren_part_y[TREN_TRAIN],
               .n_stats = dataset->info.n_targets,
               .per_stat = 1};
    return read_and_compute(mean, sd, &t, dataset);
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

static tren_status check_weights(const tren_source *source) {
    for (size_t i = 0; source->weight && i < source->n + source->n_test; i++)
        if (!isfinite(source->weight[i]) || source->weight[i] < 0)
            return tren_fail(TREN_ERR_DATA,
                             "%s: row %zu: the weight %g is not a finite number of at least 0: "
                             "repair or remove such rows first",
                             source->origin, i, source->weight[i]);
    return TREN_OK;
}

tren_status tren_source_check(const tren_source *source) {
    TREN_TRY(check_finite(source, "column", source->x, source->x_type,
                          (size_t)tren_shape_size(source->shape)));
    TREN_TRY(check_weights(source));
    if (source->n_classes > 0) return check_labels(source);
    if (source->n_targets > TREN_MAX_CLASSES)
        return tren_fail(TREN_ERR_DATA, "%s: has %d targets per row, but at most %d are supported",
                         source->origin, source->n_targets, TREN_MAX_CLASSES);
    return check_finite(source, "target", source->y, source->y_type, (size_t)source->n_targets);
}
