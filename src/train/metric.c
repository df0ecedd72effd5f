/* The table of metrics: a line each, and what the lines call. */
#include "tren/train.h"
#include "base/quote.h"
#include "base/series.h"

#include <math.h>
#include <string.h>

int tren_argmax(const real *x, int n) {
    int best = 0;
    for (int j = 1; j < n; j++)
        if (x[j] > x[best]) best = j;
    return best;
}

/* ---- of each label by itself ------------------------------------------------------------------
 */

static double is_first(const real *z, int n, int label) {
    return tren_argmax(z, n) == label;
}

/* Of equal ones the first comes first, as in tren_argmax. */
static double is_among_five(const real *z, int n, int label) {
    int before = 0;
    for (int j = 0; j < n; j++) before += z[j] > z[label] || (z[j] == z[label] && j < label);
    return before < 5;
}

/* ---- of classes ------------------------------------------------------------------------------ */

double tren_precision_of(const tren_class_tally *of) {
    return of->right / of->taken;
}
double tren_recall_of(const tren_class_tally *of) {
    return of->right / of->rows;
}
double tren_f1_of(const tren_class_tally *of) {
    return 2 * of->right / (of->rows + of->taken);
}
static double area_of(const tren_class_tally *of) {
    return of->area;
}

/* The mean over the classes that have rows or were taken for one, which count 0 where `of` has no
 * value. */
static double macro(const tren_tally *t, double (*of)(const tren_class_tally *)) {
    double sum = 0, n = 0;
    for (int k = 0; k < t->n_classes; k++) {
        const tren_class_tally *class = &t->of_class[k];
        double value = of(class);
        if (class->rows + class->taken == 0) continue;
        if (!isnan(value)) sum += value;
        n++;
    }
    return sum / n;
}
static double precision(const tren_tally *t) {
    return macro(t, tren_precision_of);
}
static double recall(const tren_tally *t) {
    return macro(t, tren_recall_of);
}
static double f1(const tren_tally *t) {
    return macro(t, tren_f1_of);
}

/* Over the classes that have an area. */
static double auc(const tren_tally *t) {
    double sum = 0, n = 0;
    for (int k = 0; k < t->n_classes; k++) {
        if (isnan(area_of(&t->of_class[k]))) continue;
        sum += area_of(&t->of_class[k]);
        n++;
    }
    return sum / n;
}

/* ---- of targets, and of the loss --------------------------------------------------------------
 */

/* The mean over targets, each of which counts alike; one that does not vary has none. */
static double r2(const tren_tally *t) {
    double sum = 0, n = 0;
    for (int k = 0; k < t->n_targets; k++) {
        if (!(t->of_target[k].variance > 0)) continue;
        sum += 1 - t->of_target[k].squares / t->of_target[k].variance;
        n++;
    }
    return sum / n;
}
static double mae(const tren_tally *t) {
    double sum = 0;
    for (int k = 0; k < t->n_targets; k++) sum += t->of_target[k].absolute;
    return sum / t->n_targets;
}
static double perplexity(const tren_tally *t) {
    return series_exp(t->loss);
}
static double loss_se(const tren_tally *t) {
    return t->loss_se;
}

/* ---- the table --------------------------------------------------------------------------------
 */

#define ANY     (TREN_OF_CLASSES | TREN_OF_TOKENS | TREN_OF_TARGETS | TREN_OF_COLUMNS)
#define LABELS  (TREN_OF_CLASSES | TREN_OF_TOKENS)
#define CLASSES (TREN_OF_CLASSES | TREN_OF_COLUMNS)
/* clang-format off */
const tren_metric tren_metric_table[TREN_N_METRICS] = {
    [TREN_METRIC_LOSS_SE]    = {.suits = ANY, .value = loss_se},
    [TREN_METRIC_ACCURACY]   = {.suits = LABELS, .larger = true, .share = true, .row = is_first},
    [TREN_METRIC_TOP5]       = {.suits = LABELS, .larger = true, .share = true, .row = is_among_five, .least_classes = 6},
    [TREN_METRIC_PRECISION]  = {.suits = CLASSES, .larger = true, .value = precision},
    [TREN_METRIC_RECALL]     = {.suits = CLASSES, .larger = true, .value = recall},
    [TREN_METRIC_F1]         = {.suits = CLASSES, .larger = true, .value = f1},
    [TREN_METRIC_AUC]        = {.suits = CLASSES, .larger = true, .varied = true, .areas = true, .value = auc},
    [TREN_METRIC_R2]         = {.suits = TREN_OF_TARGETS, .larger = true, .varied = true, .value = r2},
    [TREN_METRIC_MAE]        = {.suits = TREN_OF_TARGETS, .value = mae},
    [TREN_METRIC_PERPLEXITY] = {.suits = TREN_OF_TOKENS, .value = perplexity},
};
/* clang-format on */

/* ---- which of them suit ------------------------------------------------------------------------
 */

static unsigned kind_of(const tren_graph *graph, const tren_dataset_info *info) {
    static const unsigned kind[] = {TREN_OF_CLASSES, TREN_OF_TARGETS, TREN_OF_COLUMNS};
    return info->label_axis > 0 ? TREN_OF_TOKENS : kind[graph->loss->takes];
}

unsigned tren_metrics_of(const tren_graph *graph, const tren_dataset_info *info, unsigned wanted) {
    unsigned suit = 0, kind = kind_of(graph, info);
    for (int i = 0; i < TREN_N_METRICS; i++)
        if (tren_metric_table[i].suits & kind &&
            tren_metric_table[i].least_classes <= info->n_classes)
            suit |= 1u << i;
    return suit & wanted;
}

tren_status tren_metric_check(int metric, const tren_graph *graph, const tren_dataset_info *info,
                              const char *key, const char *data) {
    static const char *const what[] = {[TREN_OF_CLASSES] = "labels of classes",
                                       [TREN_OF_TOKENS] = "text, of which tokens are predicted",
                                       [TREN_OF_TARGETS] = "real targets",
                                       [TREN_OF_COLUMNS] = "columns of yes and no"};
    char suited[256] = "", few[48] = "";
    unsigned suit = tren_metrics_of(graph, info, TREN_ALL_METRICS);
    if (suit & 1u << metric) return TREN_OK;
    for (int i = 0; i < TREN_N_METRICS; i++)
        if (suit & 1u << i)
            snprintf(suited + strlen(suited), sizeof suited - strlen(suited), "%s%s",
                     suited[0] ? ", " : "", tren_metric_name[i]);
    if (tren_metric_table[metric].suits & kind_of(graph, info))
        snprintf(few, sizeof few, " (%d, and it needs %d)", info->n_classes,
                 tren_metric_table[metric].least_classes);
    return tren_fail(TREN_ERR_USAGE,
                     "%s: the metric %s does not apply to %s, which holds %s%s; give %s", key,
                     tren_metric_name[metric], data, what[kind_of(graph, info)], few, suited);
}

void tren_wilson(double *low, double *high, double share, double n) {
    const double z = 1.959963984540054;
    double centre = share + z * z / (2 * n);
    double half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n));
    *low = (centre - half) / (1 + z * z / n);
    *high = (centre + half) / (1 + z * z / n);
}
