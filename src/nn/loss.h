/* Private to nn: what a loss computes. */
#ifndef TREN_NN_LOSS_H
#define TREN_NN_LOSS_H

#include "tren/nn.h"

/* Rows of one microbatch, which are all counted. */
struct tren_loss_rows {
    const tren_kernels *kernels;
    const tren_loss_options *options;
    bool train;
    int n, m;
    real scale;               /* of the gradient */
    real *y;                  /* [n,m] the outputs, which become the gradient */
    const real *target;       /* [n,m] */
    const int32_t *label;     /* [n], from 0 to m - 1 */
    const real *class_weight; /* [m] of labels; NULL: 1 */
    double *loss, *correct;   /* are added to */
};

/* Of a loss that is a sum over the numbers of its rows, in order, in double: the whole of its
 * `rows`, where of_one is compiled into the loop. */
static inline __attribute__((always_inline)) void loss_of_numbers(const tren_loss_rows *x,
                                                                  tren_loss_of_one *of_one) {
    double sum = 0, slope;
    for (int i = 0; i < x->n; i++)
        for (int j = 0; j < x->m; j++) {
            real *y = &x->y[(size_t)i * x->m + j];
            double t = (double)x->target[(size_t)i * x->m + j];
            sum += of_one(x->options, (tren_loss_point){(double)*y, t, 1, j}, &slope);
            *y = x->scale * (real)slope;
        }
    *x->loss += sum;
}

#endif
