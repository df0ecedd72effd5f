/* d^2/2 where |d| <= delta, else delta (|d| - delta/2), d = y - t (Huber 1964). delta is in the
 * units of the network. */
#include "nn/loss.h"

static double of_one(const tren_loss_options *options, tren_loss_point p, double *slope) {
    double d = p.y - p.t, size = d < 0 ? -d : d, most = (double)(real)options->huber_delta;
    *slope = size <= most ? d : d < 0 ? -most : most;
    return p.unit * p.unit * (size <= most ? 0.5 * d * d : most * (size - 0.5 * most));
}

static void rows(const tren_loss_rows *x) {
    loss_of_numbers(x, of_one);
}

const tren_loss tren_loss_huber = {
    .name = "huber", .takes = TREN_TAKES_TARGETS, .rows = rows, .of_one = of_one};
