#include "cli/scores.h"
#include "base/series.h"

#include <math.h>
#include <stdlib.h>

/* What one pass over the rows counts. Everything lies in one array, so that one sum over ranks
 * joins it: counts are whole numbers and each block is one rank's, so that sum is exact. */
typedef struct counter {
    int n_classes, n_targets;
    double mean_loss;
    double *confusion; /* [n_classes][n_classes] */
    double *deviation; /* [n_blocks] sums of squares of loss - mean_loss */
    double *squares;   /* [n_targets][n_blocks] sums of squared errors */
    int n_blocks;
    double *all; /* the three; owned */
    size_t n_all;
} counter;

static tren_status counter_open(counter *c, const tren_dataset_info *info, size_t rows) {
    c->n_classes = info->n_classes;
    c->n_targets = info->n_classes ? 0 : info->n_targets;
    c->n_blocks = (int)((rows + TREN_EVAL_ROWS - 1) / TREN_EVAL_ROWS);
    size_t blocks = (size_t)c->n_blocks, cells = (size_t)c->n_classes * (size_t)c->n_classes;
    c->n_all = cells + blocks + blocks * (size_t)c->n_targets;
    TREN_TRY(tren_alloc(&c->all, c->n_all, sizeof *c->all, "the confusion matrix"));
    c->confusion = c->all;
    c->deviation = c->all + cells;
    c->squares = c->deviation + blocks;
    return TREN_OK;
}

int tren_argmax(const real *x, int n) {
    int best = 0;
    for (int j = 1; j < n; j++)
        if (x[j] > x[best]) best = j;
    return best;
}

/* -log softmax(z)_label: evaluation knows no label smoothing. */
static double cross_entropy(const real *z, int label, int n) {
    double top = (double)z[tren_argmax(z, n)], sum = 0;
    for (int j = 0; j < n; j++) sum += series_exp((double)z[j] - top);
    return series_log(sum) + top - (double)z[label];
}

static double square(double x) {
    return x * x;
}

static tren_status count_classes(counter *c, int block, int n, const real *z,
                                 const int32_t *label) {
    for (int i = 0; i < n; i++, z += c->n_classes) {
        int predicted = tren_argmax(z, c->n_classes);
        double loss = cross_entropy(z, label[i], c->n_classes);
        c->confusion[(size_t)label[i] * (size_t)c->n_classes + (size_t)predicted]++;
        c->deviation[block] += square(loss - c->mean_loss);
    }
    return TREN_OK;
}

static tren_status count_errors(counter *c, int block, int n, const real *y, const real *target) {
    for (int i = 0; i < n; i++) {
        double loss = 0;
        for (int k = 0; k < c->n_targets; k++) {
            double squared = square((double)*y++ - (double)*target++);
            c->squares[(size_t)k * (size_t)c->n_blocks + (size_t)block] += squared;
            loss += squared / 2;
        }
        c->deviation[block] += square(loss - c->mean_loss);
    }
    return TREN_OK;
}

static tren_status count_block(void *ctx, size_t first, int n, const real *output,
                               const int32_t *label, const real *target) {
    counter *c = ctx;
    int block = (int)(first / TREN_EVAL_ROWS);
    return c->n_classes ? count_classes(c, block, n, output, label)
                        : count_errors(c, block, n, output, target);
}

/* Rank 0's x [n] = the sum over ranks, in slices, so that many classes on many ranks fit. */
static tren_status sum_on_first(const tren_comm *comm, double *x, size_t n) {
    enum { SLICE = 1 << 14 };
    int *first = NULL;
    double *all = NULL;
    size_t ranks = (size_t)comm->size, room = comm->rank == 0 ? ranks * SLICE : 0;
    tren_status st = tren_alloc(&first, ranks + 1, sizeof *first, "a sum over ranks");
    if (st == TREN_OK) st = tren_alloc(&all, room, sizeof *all, "a sum over ranks");
    st = tren_comm_agree(comm, st);
    for (size_t at = 0; st == TREN_OK && at < n; at += SLICE) {
        int count = n - at < SLICE ? (int)(n - at) : SLICE;
        for (int q = 0; q <= comm->size; q++) first[q] = q * count;
        tren_comm_gather(comm, all, x + at, first);
        for (int q = 1; comm->rank == 0 && q < comm->size; q++)
            for (int i = 0; i < count; i++)
                x[at + (size_t)i] += all[(size_t)q * (size_t)count + (size_t)i];
    }
    free(first);
    free(all);
    return st;
}

void tren_wilson(double *low, double *high, double share, double n) {
    const double z = 1.959963984540054;
    double centre = share + z * z / (2 * n);
    double half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n));
    *low = (centre - half) / (1 + z * z / n);
    *high = (centre + half) / (1 + z * z / n);
}

/* Takes over the confusion matrix, which begins the counter's array. */
static tren_status fill(tren_eval_result *r, counter *c) {
    double n = (double)r->rows;
    r->n_classes = c->n_classes;
    r->n_targets = c->n_targets;
    r->loss_se = n > 1 ? sqrt(tren_tree_sum(c->deviation, c->n_blocks) / (n - 1) / n) : NAN;
    tren_wilson(&r->accuracy_low, &r->accuracy_high, r->accuracy, n);
    TREN_TRY(tren_alloc(&r->rmse, (size_t)c->n_targets, sizeof *r->rmse, "the errors"));
    for (int k = 0; k < c->n_targets; k++)
        r->rmse[k] =
            sqrt(tren_tree_sum(c->squares + (size_t)k * (size_t)c->n_blocks, c->n_blocks) / n);
    r->confusion = c->all;
    c->all = NULL;
    return TREN_OK;
}

tren_status tren_eval_run(tren_eval_result *r, tren_evaluator *evaluator, const tren_comm *comm,
                          const tren_dataset_info *info) {
    tren_scores scores;
    *r = (tren_eval_result){0};
    tren_evaluate(&scores, evaluator, comm);
    tren_comm_bcast(comm, &scores, sizeof scores);
    r->rows = scores.rows;
    r->loss = scores.loss;
    r->labels = scores.labels;
    r->accuracy = scores.accuracy;
    r->loss_se = NAN;
    if (info->label_axis) return TREN_OK;
    counter c = {.mean_loss = scores.loss};
    tren_status st = counter_open(&c, info, scores.rows);
    if (st == TREN_OK) st = tren_evaluator_each(evaluator, count_block, &c);
    st = tren_comm_agree(comm, st);
    if (st == TREN_OK) st = sum_on_first(comm, c.all, c.n_all);
    if (st == TREN_OK && comm->rank == 0) st = fill(r, &c);
    free(c.all);
    return st;
}

void tren_eval_close(tren_eval_result *r) {
    free(r->confusion);
    free(r->rmse);
    *r = (tren_eval_result){0};
}

/* ---- figures of a class ---------------------------------------------------------------------- */

static double cell(const tren_eval_result *r, int i, int j) {
    return r->confusion[(size_t)i * (size_t)r->n_classes + (size_t)j];
}

double tren_support_of(const tren_eval_result *r, int i) {
    double sum = 0;
    for (int j = 0; j < r->n_classes; j++) sum += cell(r, i, j);
    return sum;
}

double tren_precision_of(const tren_eval_result *r, int i) {
    double taken = 0;
    for (int j = 0; j < r->n_classes; j++) taken += cell(r, j, i);
    return cell(r, i, i) / taken;
}

double tren_recall_of(const tren_eval_result *r, int i) {
    return cell(r, i, i) / tren_support_of(r, i);
}

/* 0 where nothing was found, NaN where there was nothing to find and nothing was taken for it. */
double tren_f1(double precision, double recall) {
    if (isnan(precision) || isnan(recall)) return isnan(precision) && isnan(recall) ? NAN : 0;
    return precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;
}
