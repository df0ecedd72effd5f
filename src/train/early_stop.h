/* Private to train: the rules of early stopping, on the history of validation losses. */
#ifndef TREN_TRAIN_EARLY_STOP_H
#define TREN_TRAIN_EARLY_STOP_H

#include "tren/config.h"

/* loss [n]: validation losses of epochs 1..n. best: of the best epoch so far, this one included;
 * bad: epochs since the last improvement by more than min_delta. Prechelt 1998: GL stops when 100
 * (loss/best - 1) > alpha; UP_s stops when the loss rose over s successive strips of k epochs,
 * judged at the end of a strip. */
bool tren_early_stop(const tren_config *config, const double *loss, size_t n, double best,
                     int64_t bad);

#endif
