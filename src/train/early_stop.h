/* Private to train: the rules of early stopping, on the history of what is judged. */
#ifndef TREN_TRAIN_EARLY_STOP_H
#define TREN_TRAIN_EARLY_STOP_H

#include "tren/config.h"

/* Of epochs 1..n the validation loss, or a metric by which lower is better: its negative where more
 * is. */
typedef struct tren_judged {
    const double *value; /* [n] not owned */
    const double *se;    /* [n] standard errors of the losses; not owned; NULL: not asked for */
    size_t n;
} tren_judged;

/* A rule is a function of the history alone, so a resumed run stops where an undisturbed one does.
 * Not before start_epoch is complete. Prechelt 1998: GL stops when 100 (loss / lowest - 1) > alpha;
 * UP_s stops when the loss rose over s successive strips of k epochs, judged at the end of a strip.
 */
bool tren_early_stop(const tren_config *config, tren_judged judged);

/* What patience counts: epochs since the last reset. An epoch resets the count when its value is
 * finite and lower than the value of the last reset by more than min_delta; by the rule
 * standard_error, by more than the standard error that the last reset had. Small improvements that
 * do not reset add up until one does. */
int64_t tren_bad_epochs(const tren_config *config, tren_judged judged);

/* The first epoch of the lowest finite value, counted from 1; 0: there is none. */
size_t tren_best_epoch(tren_judged judged);

#endif
