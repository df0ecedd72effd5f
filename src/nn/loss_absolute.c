/* |d|, d = y - t, whose gradient is 0 at d = 0. */
#include "nn/loss.h"

static double of_one(const tren_loss_options *options, tren_loss_point p, double *slope) {
    (void)options;
    double d = p.unit * (p.y - p.t);
    *slope = d < 0 ? -1 : d > 0;
    return d < 0 ? -d : d;
}

static void rows(const tren_loss_rows *x) {
    loss_of_numbers(x, of_one);
}

const tren_loss tren_loss_absolute = {
    .name = "absolute", .takes = TREN_TAKES_TARGETS, .rows = rows, .of_one = of_one};
