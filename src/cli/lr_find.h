/* The curve of a learning-rate range test, and what it suggests. Not collective. */
#ifndef TREN_CLI_LR_FIND_H
#define TREN_CLI_LR_FIND_H

#include "tren/base.h"

typedef struct tren_lr_step {
    double rate, loss, smooth; /* smooth: see tren_lr_curve_add */
} tren_lr_step;

typedef struct tren_lr_curve {
    tren_lr_step *at; /* [room] owned */
    int n, room;
    double average, best; /* of the smoothed loss */
    bool diverged; /* the last step's smoothed loss is beyond 4 times the best, or not finite */
} tren_lr_curve;

tren_status tren_lr_curve_open(tren_lr_curve *curve, int room);
void tren_lr_curve_close(tren_lr_curve *curve); /* accepts the empty value */
/* A step's mean loss at its learning rate. Smoothed by an exponential average with share 0.95 of
 * what was before, without its bias to 0 (Gugger 2018). */
void tren_lr_curve_add(tren_lr_curve *curve, double rate, double loss);

typedef struct tren_lr_advice {
    double rate;     /* NaN: the loss never fell */
    bool by_tenth;   /* a tenth of where it diverged, as that is lower than the steepest */
    double steepest; /* where the smoothed loss falls fastest over log(rate), before its minimum */
    double minimum;  /* where it is lowest */
    double limit;    /* where it diverged; NaN: it did not */
} tren_lr_advice;
/* The steepest descent (Smith 2017 reads it off the curve), but at most a tenth of the rate at
 * which the loss diverged. */
tren_lr_advice tren_lr_advise(const tren_lr_curve *curve);

#endif
