/* Private to train: a thread that ends a rank which makes no progress, saying what it waits for. */
#ifndef TREN_TRAIN_WATCHDOG_H
#define TREN_TRAIN_WATCHDOG_H

#include "tren/comm.h"

typedef struct tren_watchdog tren_watchdog;
/* timeout: seconds; 0: none, *dog = NULL. watch must outlive the dog. */
tren_status tren_watchdog_open(tren_watchdog **dog, const tren_watch *watch, int rank,
                               double timeout);
/* From now on there is a checkpoint to go on from, of which the message tells. Accepts NULL. */
void tren_watchdog_saved(tren_watchdog *dog);
void tren_watchdog_close(tren_watchdog *dog); /* accepts NULL */

#endif
