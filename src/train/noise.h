/* Private to train: the noise of gradients, from the gradient of one shard and that of all of them
 * (McCandlish et al. 2018, "An Empirical Model of Large-Batch Training", appendix A.1). */
#ifndef TREN_TRAIN_NOISE_H
#define TREN_TRAIN_NOISE_H

#include "train/run.h"

typedef struct tren_noise {
    double square; /* |G|^2 of the gradient of all data; may come out below 0 */
    double trace;  /* of the covariance of the gradient of one row */
} tren_noise;
/* small, big: squared norms of the mean gradients of b and of all rows of a step, b < all. */
tren_noise noise_estimate(double small, double b, double big, double all);
/* Rows of a step beyond which more of them save few steps: trace / |G|^2. NaN: not known. */
double noise_rows(tren_noise noise);

/* Whether this step is measured: one of gradient_noise; not where one shard has all rows. */
bool noise_is_due(const tren_run *run, const tren_position *at);
/* Before a step that is due: the gradient of one shard, which take turns; it costs at most as much
 * as a step, and nothing but the place of the gradients changes. Collective */
void noise_measure(tren_run *run, const tren_position *at);
/* After it: squares is that of the whole gradient. Adds to what the epoch has. */
void noise_add(const tren_run *run, tren_position *at, double squares);
/* Of the epoch so far. NaN: nothing was measured. */
tren_noise noise_of_epoch(const tren_position *at);

#endif
