#include "train/tally.h"
#include "base/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of a block: moments of the losses about the block's mean, sums of the metrics that are means, and
 * of each target the next enum. */
enum {
    LOSS_SQUARES,
    LOSS_LABELS,
    LABEL_SQUARES,
    ROW_METRICS,
    BLOCK_LEAF = ROW_METRICS + TREN_N_METRICS
};
enum { SQUARES, ABSOLUTE, TARGETS, SPREAD, TARGET_LEAF };
enum { ROWS, TAKEN, RIGHT, CLASS_COUNTS };

static bool asks_for_areas(unsigned metrics) {
    for (int i = 0; i < TREN_N_METRICS; i++)
        if (metrics & 1u << i && tren_metric_table[i].areas) return true;
    return false;
}

static tren_status open_counts(tally *t) {
    size_t n = (size_t)t->told.n_classes, cells = t->confusion ? n * n : 0;
    t->n_whole = n * CLASS_COUNTS + cells;
    t->n_areas = t->areas ? t->told.n_classes : 0;
    TREN_TRY(tren_alloc(&t->whole, t->n_whole, sizeof *t->whole, "the confusion matrix"));
    TREN_TRY(tren_alloc(&t->told.of_class, n, sizeof *t->told.of_class, "metrics"));
    TREN_TRY(tren_alloc(&t->told.of_target, (size_t)t->told.n_targets, sizeof *t->told.of_target,
                        "metrics"));
    if (cells > 0)
        TREN_TRY(tren_alloc(&t->told.confusion, cells, sizeof *t->told.confusion,
                            "the confusion matrix"));
    size_t scores = (size_t)t->n_areas * t->mine;
    TREN_TRY(tren_alloc(&t->score, scores, sizeof *t->score, "scores of rows"));
    return tren_alloc(&t->positive, scores, sizeof *t->positive, "scores of rows");
}

tren_status tally_open(tally *t, const tren_eval_spec *spec, size_t mine, size_t block_labels) {
    const tren_dataset_info *info = tren_dataset_info_of(spec->dataset);
    t->metrics = tren_metrics_of(spec->graph, info, spec->metrics);
    t->wanted = spec->tally || t->metrics;
    if (!t->wanted) return TREN_OK;
    t->mine = mine;
    t->outputs = tren_tensor_width(spec->graph->layer[spec->graph->n_layers - 1]->in);
    t->classes = info->n_classes > 0 && info->label_axis == 0;
    t->columns = spec->graph->loss->takes == TREN_TAKES_SHARES;
    t->areas = asks_for_areas(t->metrics);
    t->confusion = spec->tally && t->classes;
    t->told.n_classes = t->classes ? info->n_classes : t->columns ? info->n_targets : 0;
    t->told.n_targets = info->n_classes > 0 || t->columns ? 0 : info->n_targets;
    t->n_leaf = BLOCK_LEAF + TARGET_LEAF * t->told.n_targets;
    TREN_TRY(open_counts(t));
    return tren_alloc(&t->row_loss, block_labels, sizeof *t->row_loss, "losses of rows");
}

void tally_close(tally *t) {
    free(t->told.of_class);
    free(t->told.of_target);
    free(t->told.confusion);
    free(t->whole);
    free(t->score);
    free(t->positive);
    free(t->row_loss);
}

void tally_begin(tally *t) {
    if (t->wanted) memset(t->whole, 0, t->n_whole * sizeof *t->whole);
}

/* ---- one block ------------------------------------------------------------------------------- */

static int labels_of(const tally_block *b) {
    int n = 0;
    for (int i = 0; i < b->rows; i++) n += b->length ? b->length[i] : 1;
    return n;
}

static void add_row_metrics(const tally *t, const real *output) {
    const tally_block *b = &t->now;
    int labels = labels_of(b);
    for (int k = 0; k < TREN_N_METRICS; k++) {
        if (!(t->metrics & 1u << k) || !tren_metric_table[k].row) continue;
        for (int i = 0; i < labels; i++)
            if (b->label[i] >= 0)
                b->leaf[ROW_METRICS + k] += tren_metric_table[k].row(
                    output + (size_t)i * (size_t)t->outputs, t->outputs, b->label[i]);
    }
}

/* log p/(1 - p) of class k by softmax: where p itself would be 1 for many rows. */
static double log_odds(const real *z, int k, int n) {
    int top = k == 0;
    double sum = 0;
    for (int j = 0; j < n; j++)
        if (j != k && z[j] > z[top]) top = j;
    for (int j = 0; j < n; j++)
        if (j != k) sum += series_exp((double)z[j] - (double)z[top]);
    return (double)z[k] - (double)z[top] - series_log(sum);
}

/* The same of every class, with one sum for all but the largest. */
static void put_log_odds(tally *t, size_t row, const real *z) {
    int n = t->outputs, best = tren_argmax(z, n);
    double top = (double)z[best], sum = 0;
    for (int j = 0; j < n; j++) sum += series_exp((double)z[j] - top);
    for (int k = 0; k < n; k++) {
        double *score = &t->score[(size_t)k * t->mine + row], own = (double)z[k] - top;
        *score = n <= 2 || k == best ? log_odds(z, k, n) : own - series_log(sum - series_exp(own));
    }
}

static void count_class(tally *t, size_t row, const real *z, int label) {
    int taken = tren_argmax(z, t->outputs);
    size_t n = (size_t)t->told.n_classes;
    t->whole[(size_t)label * CLASS_COUNTS + ROWS]++;
    t->whole[(size_t)taken * CLASS_COUNTS + TAKEN]++;
    t->whole[(size_t)label * CLASS_COUNTS + RIGHT] += taken == label;
    if (t->confusion) t->whole[n * CLASS_COUNTS + (size_t)label * n + (size_t)taken]++;
    if (!t->areas) return;
    put_log_odds(t, row, z);
    for (size_t k = 0; k < n; k++) t->positive[k * t->mine + row] = (size_t)label == k;
}

/* Yes is what the network thinks more likely than no, or the data more than half. */
static void count_columns(tally *t, size_t row, const real *z, const double *target) {
    for (int k = 0; k < t->told.n_classes; k++) {
        bool yes = target[k] > 0.5, taken = z[k] > 0;
        double *of = t->whole + (size_t)k * CLASS_COUNTS;
        of[ROWS] += yes;
        of[TAKEN] += taken;
        of[RIGHT] += yes && taken;
        if (!t->areas) continue;
        t->score[(size_t)k * t->mine + row] = (double)z[k];
        t->positive[(size_t)k * t->mine + row] = yes;
    }
}

/* Output k in the units of the data. */
static double in_units(const tally_block *b, double output, int k) {
    const tren_target_scale *scale = b->targets;
    return scale && scale->n > 0 ? output * scale->sd[k] + scale->mean[k] : output;
}

static void add_target(const tally *t, int k, const real *output) {
    const tally_block *b = &t->now;
    double *leaf = b->leaf + BLOCK_LEAF + (size_t)k * TARGET_LEAF;
    size_t width = (size_t)t->outputs;
    for (int i = 0; i < b->rows; i++) {
        double is = b->target[(size_t)i * width + (size_t)k];
        double error = in_units(b, (double)output[(size_t)i * width + (size_t)k], k) - is;
        leaf[SQUARES] += error * error;
        leaf[ABSOLUTE] += fabs(error);
        leaf[TARGETS] += is;
    }
    for (int i = 0; i < b->rows; i++) {
        double off = b->target[(size_t)i * width + (size_t)k] - leaf[TARGETS] / b->rows;
        leaf[SPREAD] += off * off;
    }
}

void tally_look(void *ctx, const real *output) {
    tally *t = ctx;
    const tally_block *b = &t->now;
    size_t width = (size_t)t->outputs;
    memset(b->leaf, 0, (size_t)t->n_leaf * sizeof *b->leaf);
    if (b->label) add_row_metrics(t, output);
    for (int i = 0; t->classes && i < b->rows; i++)
        count_class(t, b->first + (size_t)i, output + (size_t)i * width, b->label[i]);
    for (int i = 0; t->columns && i < b->rows; i++)
        count_columns(t, b->first + (size_t)i, output + (size_t)i * width,
                      b->target + (size_t)i * width);
    for (int k = 0; k < t->told.n_targets; k++) add_target(t, k, output);
}

/* Labels of row i that count; *loss: their sum. `from`: its first label. */
static int row_sum(double *loss, const tally *t, int i, int from) {
    const tally_block *b = &t->now;
    int n = b->length ? b->length[i] : 1, counted = 0;
    *loss = 0;
    for (int j = from; j < from + n; j++) {
        *loss += t->row_loss[j];
        counted += !b->label || b->label[j] >= 0;
    }
    return counted;
}

void tally_end_block(tally *t) {
    const tally_block *b = &t->now;
    double sum = 0, labels = 0, loss;
    for (int i = 0, at = 0; i < b->rows; at += b->length ? b->length[i] : 1, i++) {
        labels += row_sum(&loss, t, i, at);
        sum += loss;
    }
    double mean = labels > 0 ? sum / labels : 0;
    for (int i = 0, at = 0; i < b->rows; at += b->length ? b->length[i] : 1, i++) {
        double n = row_sum(&loss, t, i, at), off = loss - mean * n;
        b->leaf[LOSS_SQUARES] += off * off;
        b->leaf[LOSS_LABELS] += off * n;
        b->leaf[LABEL_SQUARES] += n * n;
    }
}

/* ---- all of them ------------------------------------------------------------------------------
 */

/* Rank 0's x [n] = the sum over ranks of whole numbers, in slices, so that many classes on many
 * ranks fit. */
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

/* One class after the other, as rank 0 has room for one. */
static tren_status find_areas(tally *t, const tren_comm *comm, const int *first) {
    double *score = NULL, *positive = NULL;
    tren_scored_row *row = NULL;
    size_t n = comm->rank == 0 ? (size_t)first[comm->size] : 0;
    tren_status st = tren_alloc(&score, n, sizeof *score, "scores of rows");
    if (st == TREN_OK) st = tren_alloc(&positive, n, sizeof *positive, "scores of rows");
    if (st == TREN_OK) st = tren_alloc(&row, n, sizeof *row, "scores of rows");
    st = tren_comm_agree(comm, st);
    for (int k = 0; st == TREN_OK && k < t->n_areas; k++) {
        tren_comm_gather(comm, score, t->score + (size_t)k * t->mine, first);
        tren_comm_gather(comm, positive, t->positive + (size_t)k * t->mine, first);
        for (size_t i = 0; i < n; i++) row[i] = (tren_scored_row){score[i], positive[i] > 0};
        if (comm->rank == 0) t->told.of_class[k].area = tren_area_under_curve(row, n);
    }
    free(score);
    free(positive);
    free(row);
    return st;
}

static double leaf_of(const tally_leaves *l, int block, int i) {
    return l->all[(size_t)block * (size_t)l->stride + (size_t)(l->at + i)];
}

static double sum_of(const tally_leaves *l, int i) {
    for (int b = 0; b < l->n_blocks; b++) l->column[b] = leaf_of(l, b, i);
    return tren_tree_sum(l->column, l->n_blocks);
}

static double rows_of_block(const tally_leaves *l, int block) {
    size_t left = l->n - (size_t)block * (size_t)l->block;
    return left < (size_t)l->block ? (double)left : l->block;
}

/* Deviations from the mean of all, from those from the means of blocks (Chan, Golub, LeVeque 1983).
 */
static double variance_of(const tally_leaves *l, int at) {
    double n = (double)l->n, mean = sum_of(l, at + TARGETS) / n;
    for (int b = 0; b < l->n_blocks; b++) {
        double rows = rows_of_block(l, b), off = leaf_of(l, b, at + TARGETS) / rows - mean;
        l->column[b] = leaf_of(l, b, at + SPREAD) + rows * off * off;
    }
    return tren_tree_sum(l->column, l->n_blocks) / n;
}

/* Of the mean over labels, whose rows are independent (a ratio of two means: Cochran 1977, 6.3).
 * The first leaves of a block are its loss and labels. */
static double standard_error(const tally *t, const tally_leaves *l, double labels) {
    double n = (double)l->n;
    if (l->n < 2) return NAN;
    for (int b = 0; b < l->n_blocks; b++) {
        const double *block = l->all + (size_t)b * (size_t)l->stride;
        double off = block[1] > 0 ? block[0] / block[1] - t->told.loss : 0;
        l->column[b] = leaf_of(l, b, LOSS_SQUARES) + 2 * off * leaf_of(l, b, LOSS_LABELS) +
                       off * off * leaf_of(l, b, LABEL_SQUARES);
    }
    return sqrt(tren_tree_sum(l->column, l->n_blocks) * n / (n - 1)) / labels;
}

void tally_tell(tally *t, const tally_leaves *l, double loss, double labels) {
    tren_tally *told = &t->told;
    told->labels = labels;
    told->loss = loss;
    told->loss_se = standard_error(t, l, labels);
    for (int k = 0; k < TREN_N_METRICS; k++)
        told->row_mean[k] = tren_metric_table[k].row ? sum_of(l, ROW_METRICS + k) / labels : NAN;
    for (int k = 0; k < told->n_classes; k++) {
        const double *of = t->whole + (size_t)k * CLASS_COUNTS;
        told->of_class[k] = (tren_class_tally){of[ROWS], of[TAKEN], of[RIGHT], NAN};
    }
    for (int k = 0; k < told->n_targets; k++) {
        int at = BLOCK_LEAF + k * TARGET_LEAF;
        told->of_target[k] =
            (tren_target_tally){sum_of(l, at + SQUARES) / (double)l->n,
                                sum_of(l, at + ABSOLUTE) / (double)l->n, variance_of(l, at)};
    }
    size_t n = (size_t)told->n_classes;
    if (t->confusion)
        memcpy(told->confusion, t->whole + n * CLASS_COUNTS, n * n * sizeof *told->confusion);
}

tren_status tally_finish(tally *t, const tren_comm *comm, const tally_leaves *l, const int *first,
                         const tren_scores *scores) {
    if (!t->wanted) return TREN_OK;
    TREN_TRY(sum_on_first(comm, t->whole, t->n_whole));
    if (comm->rank == 0) tally_tell(t, l, scores->loss, scores->labels);
    return t->areas ? find_areas(t, comm, first) : TREN_OK;
}
