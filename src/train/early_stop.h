/* Private to train: the rules of early stopping, on the history of validation losses. */
#ifndef TREN_TRAIN_EARLY_STOP_H
#define TREN_TRAIN_EARLY_STOP_H

#include "tren/config.h"

/* loss [n]: validation losses of epochs 1..n. A rule is a function of them alone, so a resumed run
 * stops where an undisturbed one does. Not before start_epoch is complete. Prechelt 1998: GL stops
 * when 100 (loss / lowest - 1) > alpha; UP_s stops when the loss rose over s successive strips of k
 * epochs, judged at the end of a strip. */
bool tren_early_stop(const tren_config *config, const double *loss, size_t n);

/* What patience counts: epochs since the last reset. An epoch resets the count when its loss is
 * finite and lower than the loss of the last reset by more than min_delta. Small improvements that
 * do not reset add up until one does. */
int64_t tren_bad_epochs(const double *loss, size_t n, double min_delta);

#endif
