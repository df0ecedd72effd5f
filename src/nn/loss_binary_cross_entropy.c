/* Of targets t from 0 to 1, each by itself: -weight_j t log p - (1-t) log(1-p), p = 1/(1 + e^-y).
 * -log p = log(1 + e^-|y|) + max(-y, 0), and -log(1-p) is y more. */
#include "nn/loss.h"
#include "base/series.h"

static double of_one(const tren_loss_options *options, tren_loss_point at, double *slope) {
    const tren_real_list *list = &options->positive_weights;
    double weight = list->n == 0 ? 1 : (double)(real)list->at[list->n > 1 ? at.column : 0];
    double z = at.y, e = series_exp(z < 0 ? z : -z), p = (z < 0 ? e : 1) / (1 + e);
    double yes = series_log(1 + e) + (z < 0 ? -z : 0), w = weight * at.t, no = 1 - at.t;
    *slope = no * p - w * (1 - p);
    return w * yes + no * (yes + z);
}

static void rows(const tren_loss_rows *x) {
    loss_of_numbers(x, of_one);
}

static void check(tren_graph *graph, int columns, const tren_loss_options *options) {
    int n = options->positive_weights.n;
    if (n > 1 && n != columns)
        tren_graph_fail(graph,
                        "loss.positive_weights: %d weights for %d columns of targets; give none, "
                        "one for all, or one for each",
                        n, columns);
}

const tren_loss tren_loss_binary_cross_entropy = {.name = "binary_cross_entropy",
                                                  .takes = TREN_TAKES_SHARES,
                                                  .rows = rows,
                                                  .of_one = of_one,
                                                  .check = check};
