/* Labels and targets as foreign files have them: what they are is seen where it can be, and asked
 * where it cannot. */
#include "data/schema.h"
#include "data/source.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const tren_relabel_choices[] = {"ask", "yes", "no", NULL};

void tren_source_set_unlabeled(tren_source *source) {
    source->n_classes = source->n_targets = 0;
    source->y_type = TREN_F32;
}

static bool is_real(const tren_answers *a) {
    return a->type == TREN_F32 || a->type == TREN_F64;
}

static double value_at(const tren_answers *a, size_t i) {
    if (a->type == TREN_F32) return (double)((const float *)a->value)[i];
    if (a->type == TREN_F64) return ((const double *)a->value)[i];
    return (double)((const int64_t *)a->value)[i];
}

/* ---- numbering ------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* The distinct values in order; returns how many. */
static size_t distinct(int64_t *value, size_t n) {
    size_t kept = 0;
    qsort(value, n, sizeof *value, by_value);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || value[i] != value[kept - 1]) value[kept++] = value[i];
    return kept;
}

static tren_status name_by_numbers(tren_source *source, const int64_t *old, size_t n) {
    char(*text)[24] = NULL;
    const char **name = NULL;
    tren_status st;
    TREN_GOTO(tren_alloc(&text, n, sizeof *text, "class names"));
    TREN_GOTO(tren_alloc(&name, n, sizeof *name, "class names"));
    for (size_t i = 0; i < n; i++) {
        snprintf(text[i], sizeof text[i], "%lld", (long long)old[i]);
        name[i] = text[i];
    }
    st = tren_source_name_classes(source, name, (int)n);
done:
    free(text);
    free(name);
    return st;
}

/* old [n] in order: label becomes its place there, and the name of its class. */
static tren_status renumber(tren_source *source, int64_t *label, const int64_t *old, size_t n,
                            const char *what) {
    for (size_t i = 0; i < tren_source_rows(source); i++) {
        const int64_t *found = bsearch(&label[i], old, n, sizeof *old, by_value);
        label[i] = found - old;
    }
    TREN_TRY(tren_source_set_labels(source, label, what));
    if (old[0] == 0 && old[n - 1] == (int64_t)n - 1) return TREN_OK;
    tren_source_note(source,
                     "%s: the %zu labels from %lld to %lld became classes 0 to %zu; their old "
                     "numbers are the class names",
                     what, n, (long long)old[0], (long long)old[n - 1], n - 1);
    return name_by_numbers(source, old, n);
}

static tren_status relabel(tren_source *source, int64_t *label, const char *what) {
    size_t rows = tren_source_rows(source);
    int64_t *old = NULL;
    tren_status st;
    TREN_GOTO(tren_alloc(&old, rows, sizeof *old, "labels"));
    if (rows > 0) memcpy(old, label, rows * sizeof *old);
    size_t n = distinct(old, rows);
    if (n > TREN_MAX_CLASSES)
        st = tren_fail(TREN_ERR_DATA,
                       "%s: has %zu different labels, but at most %d classes are possible: give "
                       "--regression if they are targets",
                       what, n, TREN_MAX_CLASSES);
    else
        st = n > 0 ? renumber(source, label, old, n, what) : TREN_OK;
done:
    free(old);
    return st;
}

/* Labels are renumbered in place. */
static tren_status set_labels(tren_source *source, int64_t *label, const char *what, int how) {
    size_t rows = tren_source_rows(source);
    int64_t highest = rows ? label[0] : 0;
    size_t low = 0; /* the first row with the lowest label */
    for (size_t i = 0; i < rows; i++) {
        if (label[i] < label[low]) low = i;
        if (label[i] > highest) highest = label[i];
    }
    int64_t lowest = rows ? label[low] : 0;
    if (how == TREN_RELABEL_YES) return relabel(source, label, what);
    bool fits = lowest >= 0 && highest < TREN_MAX_CLASSES;
    if (fits && (lowest == 0 || how == TREN_RELABEL_NO))
        return tren_source_set_labels(source, label, what);
    return tren_fail(
        TREN_ERR_DATA,
        "%s: row %zu: the label %lld is the lowest, %lld the highest, but classes are numbered "
        "from 0: give --relabel yes to number the labels in order (%lld becomes class 0) and keep "
        "the old numbers as names%s",
        what, low, (long long)lowest, (long long)highest, (long long)lowest,
        fits ? ", or --relabel no if they are class numbers and the lower classes have no rows"
             : "");
}

/* ---- one-hot --------------------------------------------------------------------------------- */

/* The place of the only 1 among zeros in row i, or -1. */
static int64_t hot_at(const tren_answers *a, size_t i) {
    int64_t hot = -1;
    for (size_t k = 0; k < a->width; k++) {
        double value = value_at(a, i * a->width + k);
        if (value == 0) continue;
        if (value != 1 || hot >= 0) return -1;
        hot = (int64_t)k;
    }
    return hot;
}

/* The first row that is not one-hot, or how many there are. */
static size_t first_not_hot(const tren_answers *a, size_t rows) {
    size_t i = 0;
    while (i < rows && hot_at(a, i) >= 0) i++;
    return i;
}

static tren_status set_one_hot(tren_source *source, const tren_answers *a) {
    size_t rows = tren_source_rows(source);
    int64_t *label;
    TREN_TRY(tren_alloc(&label, rows, sizeof *label, "labels"));
    for (size_t i = 0; i < rows; i++) label[i] = hot_at(a, i);
    tren_status st = tren_source_set_labels(source, label, a->what);
    free(label);
    if (st != TREN_OK) return st;
    source->n_classes = (int)a->width;
    tren_source_note(source,
                     "%s: each row has a single 1 among zeros; its position is used as the class; "
                     "--regression uses the %zu numbers as targets",
                     a->what, a->width);
    return TREN_OK;
}

/* ---- reals ----------------------------------------------------------------------------------- */

/* Whole numbers from 0 or 1 up, fewer than there are rows, or -1 and 1. */
static bool look_like_classes(const tren_answers *a, size_t rows) {
    double lowest = INFINITY, highest = -INFINITY;
    bool signs = true;
    for (size_t i = 0; i < rows; i++) {
        double value = value_at(a, i);
        if (value != floor(value)) return false;
        if (value < lowest) lowest = value;
        if (value > highest) highest = value;
        signs &= fabs(value) == 1;
    }
    if (rows == 0 || lowest == highest) return false;
    return signs || ((lowest == 0 || lowest == 1) && highest < (double)rows);
}

static tren_status set_whole_reals(tren_source *source, const tren_answers *a,
                                   const tren_label_settings *want) {
    size_t rows = tren_source_rows(source), bad = 0;
    int64_t *label;
    TREN_TRY(tren_alloc(&label, rows, sizeof *label, "labels"));
    for (; bad < rows; bad++) {
        double value = value_at(a, bad);
        if (!(fabs(value) < 9007199254740992.0) || value != floor(value)) break;
        label[bad] = (int64_t)value;
    }
    tren_status st = bad == rows
                         ? set_labels(source, label, a->what, want->relabel)
                         : tren_fail(TREN_ERR_DATA,
                                     "%s: row %zu: %g is not a class, but --classification was "
                                     "given: remove that option, or make the labels whole numbers",
                                     a->what, bad, value_at(a, bad));
    free(label);
    return st;
}

/* ---- what they are --------------------------------------------------------------------------- */

static tren_status set_targets(tren_source *source, tren_answers *a) {
    size_t n = tren_source_rows(source) * a->width;
    if (a->width == 0 || a->width > INT32_MAX)
        return tren_fail(TREN_ERR_DATA, "%s has %zu values per row; give one or more", a->what,
                         a->width);
    if (a->type == TREN_I64) {
        for (size_t i = 0; i < n; i++) {
            double value = value_at(a, i);
            memcpy((char *)a->value + i * sizeof value, &value, sizeof value);
        }
        a->type = TREN_F64;
    }
    source->y_type = a->type;
    source->n_targets = (int)a->width;
    source->y = a->value;
    a->value = NULL;
    return TREN_OK;
}

static tren_status set_rows(tren_source *source, tren_answers *a, const tren_label_settings *want) {
    size_t rows = tren_source_rows(source), odd = first_not_hot(a, rows);
    if (odd == rows && rows > 0) return set_one_hot(source, a);
    if (want->classification)
        return tren_fail(TREN_ERR_DATA,
                         "%s: row %zu does not have a single 1 among zeros, but --classification "
                         "was given: remove that option, or give one label per row",
                         a->what, odd);
    if (is_real(a)) return set_targets(source, a);
    return tren_fail(TREN_ERR_DATA,
                     "%s has %zu integers per row, but row %zu is not one-hot, and a label is one "
                     "number (--regression uses them as targets); is it the right array?",
                     a->what, a->width, odd);
}

tren_status tren_source_set_answers(tren_source *source, tren_answers *a,
                                    const tren_label_settings *want) {
    if (want->classification && want->regression)
        return tren_fail(TREN_ERR_USAGE,
                         "--classification and --regression cannot be used together");
    if (want->regression || a->width == 0) return set_targets(source, a);
    if (a->width > 1) return set_rows(source, a, want);
    if (!is_real(a)) return set_labels(source, a->value, a->what, want->relabel);
    if (want->classification) return set_whole_reals(source, a, want);
    if (!look_like_classes(a, tren_source_rows(source))) return set_targets(source, a);
    return tren_fail(TREN_ERR_USAGE,
                     "%s: its reals are all whole numbers, which may be classes or targets: give "
                     "--classification or --regression",
                     a->what);
}
