/* Splitting: one pass over the shuffled rows deals each to a part by its rank within its class. */
#include "data/prepare.h"
#include "data/schema.h"
#include "base/text.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static tren_status bad_split(const char *text) {
    return tren_fail(TREN_ERR_USAGE,
                     "split: '%s' is not three percentages A/B/C (training, validation, test) with "
                     "a sum of 100 and A > 0",
                     text);
}

tren_status tren_split_parse(tren_split *split, const char *text) {
    char copy[128];
    if (strlen(text) >= sizeof copy) return bad_split(text);
    strcpy(copy, text);
    double sum = 0;
    char *at = copy;
    for (int part = 0; part < TREN_N_PARTS; part++) {
        char *end = at ? strchr(at, '/') : NULL;
        bool last = part == TREN_N_PARTS - 1;
        if (!at || last == (end != NULL)) return bad_split(text);
        if (end) *end = '\0';
        double *percent = &split->percent[part];
        if (tren_text_real(percent, at) != TREN_TEXT_OK || *percent < 0) return bad_split(text);
        sum += *percent;
        at = end ? end + 1 : NULL;
    }
    return fabs(sum - 100) < 1e-9 && split->percent[TREN_TRAIN] > 0 ? TREN_OK : bad_split(text);
}

/* The share of each part in the rows to be split, the kept test part apart. */
static void shares_of(double share[TREN_N_PARTS], const tren_split *split) {
    memcpy(share, split->percent, sizeof split->percent);
    if (split->keep_test) share[TREN_TEST] = 0;
    double sum = share[TREN_TRAIN] + share[TREN_VALIDATION] + share[TREN_TEST];
    for (int part = 0; part < TREN_N_PARTS; part++) share[part] /= sum;
}

/* ---- classes --------------------------------------------------------------------------------- */

/* Where each class's rows go: rank r within class c is training below train_end, validation below
 * validation_end, else test. */
typedef struct quota {
    size_t n, train_end, validation_end, seen;
} quota;

static size_t class_of(const tren_source *source, const tren_split *split, size_t row) {
    return split->stratify ? (size_t)tren_source_label(source, row) : 0;
}

static size_t round_share(double share, size_t n, size_t at_most, double *carry) {
    double wanted = (double)n * share + *carry;
    double whole = floor(wanted + 0.5);
    if (whole < 0) whole = 0;
    if (whole > (double)at_most) whole = (double)at_most;
    *carry = wanted - whole;
    return (size_t)whole;
}

/* How many rows of a class may leave training. Of strata no more than their own shares, rounded up:
 * else what is carried from class to class could leave a small one without rows to train on. */
static size_t most_held_out(const double share[TREN_N_PARTS], size_t n, bool is_stratum) {
    if (!is_stratum) return n;
    return (size_t)ceil((double)n * (share[TREN_VALIDATION] + share[TREN_TEST]) - 1e-9);
}

static void set_quotas(quota *of, size_t n_classes, const double share[TREN_N_PARTS]) {
    double carry[TREN_N_PARTS] = {0};
    for (size_t c = 0; c < n_classes; c++) {
        size_t n = of[c].n, most = most_held_out(share, n, n_classes > 1);
        size_t validation = round_share(share[TREN_VALIDATION], n, most, &carry[TREN_VALIDATION]);
        size_t test = round_share(share[TREN_TEST], n, most - validation, &carry[TREN_TEST]);
        of[c].train_end = n - validation - test;
        of[c].validation_end = n - test;
    }
}

static tren_part deal(quota *class) {
    size_t rank = class->seen++;
    if (rank < class->train_end) return TREN_TRAIN;
    return rank < class->validation_end ? TREN_VALIDATION : TREN_TEST;
}

static void count_parts(size_t n[TREN_N_PARTS], const quota *of, size_t n_classes) {
    for (size_t c = 0; c < n_classes; c++) {
        n[TREN_TRAIN] += of[c].train_end;
        n[TREN_VALIDATION] += of[c].validation_end - of[c].train_end;
        n[TREN_TEST] += of[c].n - of[c].validation_end;
    }
}

/* ---- the partition --------------------------------------------------------------------------- */

/* The rows that are split: all, or the test part apart. */
static size_t pool_of(const tren_source *source, const tren_split *split) {
    return split->keep_test ? source->n : source->n + source->n_test;
}

static tren_status take_rows(uint32_t *order, size_t n, const tren_source *source,
                             const tren_split *split) {
    uint32_t *kept;
    TREN_TRY(tren_alloc(&kept, n, sizeof *kept, "the rows of --take"));
    tren_status st = tren_take(kept, n, source, pool_of(source, split), split->seed);
    for (size_t i = 0; i < n && st == TREN_OK; i++) order[i] = kept[order[i]];
    free(kept);
    return st;
}

/* The n rows to be dealt, in the order in which they are. */
static tren_status order_rows(uint32_t *order, size_t n, const tren_source *source,
                              const tren_split *split) {
    if (split->shuffle) {
        tren_rng rng = tren_rng_open(split->seed, TREN_RNG_SPLIT, 0, 0, 0);
        tren_rng_permutation(order, &rng, (uint32_t)n);
    } else {
        for (size_t i = 0; i < n; i++) order[i] = (uint32_t)i;
    }
    return split->take ? take_rows(order, n, source, split) : TREN_OK;
}

static tren_status check_parts(const size_t n[TREN_N_PARTS], const double share[TREN_N_PARTS],
                               size_t rows) {
    for (int part = 0; part < TREN_N_PARTS; part++)
        if (share[part] > 0 && n[part] == 0)
            return tren_fail(TREN_ERR_USAGE,
                             "split: the %s part (%g %% of %zu rows) would be empty: give it a "
                             "larger percentage%s",
                             tren_part_name[part], 100 * share[part], rows,
                             part == TREN_TRAIN ? "" : ", or 0");
    return TREN_OK;
}

static void place_parts(tren_partition *partition) {
    uint32_t *at = partition->memory;
    for (int part = 0; part < TREN_N_PARTS; part++) {
        partition->row[part] = at;
        at += partition->n[part];
    }
}

static tren_status deal_rows(tren_partition *partition, const tren_source *source,
                             const tren_split *split, const uint32_t *order, size_t n) {
    size_t n_classes = split->stratify ? (size_t)source->n_classes : 1, filled[TREN_N_PARTS] = {0};
    double share[TREN_N_PARTS];
    quota *of;
    TREN_TRY(tren_alloc(&of, n_classes, sizeof *of, "the classes of a split"));
    tren_status st;
    shares_of(share, split);
    for (size_t i = 0; i < n; i++) of[class_of(source, split, order[i])].n++;
    set_quotas(of, n_classes, share);
    count_parts(partition->n, of, n_classes);
    TREN_GOTO(check_parts(partition->n, share, n));
    place_parts(partition);
    for (size_t i = 0; i < n; i++) {
        tren_part part = deal(&of[class_of(source, split, order[i])]);
        partition->row[part][filled[part]++] = order[i];
    }
done:
    free(of);
    return st;
}

/* The source's own test rows follow the pool, in their own order. */
static void keep_test(tren_partition *partition, const tren_source *source) {
    partition->n[TREN_TEST] = source->n_test;
    for (size_t i = 0; i < source->n_test; i++)
        partition->row[TREN_TEST][i] = (uint32_t)(source->n + i);
}

static tren_status check_split(const tren_source *source, const tren_split *split) {
    size_t rows = source->n + source->n_test, pool = pool_of(source, split);
    if (split->keep_test && source->n_test == 0)
        return tren_fail(TREN_ERR_USAGE,
                         "--keep-test: the source has no test part of its own; remove the option");
    if (split->stratify && source->n_classes == 0)
        return tren_fail(TREN_ERR_USAGE,
                         "--stratify: the source has targets, not classes; remove the option");
    if (rows == 0 || source->n == 0)
        return tren_fail(TREN_ERR_DATA, "%s: has no rows; is it the right file?", source->origin);
    if (rows > TREN_MAX_ROWS)
        return tren_fail(TREN_ERR_DATA, "%zu rows: at most %u are supported; import fewer", rows,
                         TREN_MAX_ROWS);
    if (split->take > pool)
        return tren_fail(
            TREN_ERR_USAGE, "--take %zu: there are only %zu rows%s: take at most that many",
            split->take, pool, split->keep_test ? " besides the test part that is kept" : "");
    if (split->take && split->take < (size_t)source->n_classes)
        return tren_fail(TREN_ERR_USAGE,
                         "--take %zu: there are %d classes, but each needs a row: take at least %d",
                         split->take, source->n_classes, source->n_classes);
    return TREN_OK;
}

tren_status tren_partition_open(tren_partition *partition, const tren_source *source,
                                const tren_split *split) {
    *partition = (tren_partition){0};
    TREN_TRY(check_split(source, split));
    size_t n = split->take ? split->take : pool_of(source, split);
    uint32_t *order = NULL;
    tren_status st;
    TREN_GOTO(
        tren_alloc(&partition->memory, n + source->n_test, sizeof *partition->memory, "the split"));
    TREN_GOTO(tren_alloc(&order, n, sizeof *order, "the split"));
    TREN_GOTO(order_rows(order, n, source, split));
    TREN_GOTO(deal_rows(partition, source, split, order, n));
    if (split->keep_test) keep_test(partition, source);
done:
    free(order);
    if (st != TREN_OK) tren_partition_close(partition);
    return st;
}

void tren_partition_close(tren_partition *partition) {
    free(partition->memory);
    *partition = (tren_partition){0};
}
