/* d^2/2, d = y - t. */
#include "nn/loss.h"

static double of_one(const tren_loss_options *options, tren_loss_point p, double *slope) {
    (void)options;
    double d = p.unit * (p.y - p.t);
    *slope = p.y - p.t;
    return 0.5 * d * d;
}

static void rows(const tren_loss_rows *x) {
    loss_of_numbers(x, of_one);
}

const tren_loss tren_loss_half_squares = {
    .name = "half_squares", .takes = TREN_TAKES_TARGETS, .rows = rows, .of_one = of_one};
