/* Private to data: /train/weights. */
#ifndef TREN_DATA_WEIGHTS_H
#define TREN_DATA_WEIGHTS_H

#include "data/schema.h"

/* weight [n] of training rows [first, first + n), verified; each is finite and not negative, else
 * TREN_ERR_DATA. Only where there are some. */
tren_status tren_weights_read(double *weight, const tren_dataset *dataset, size_t first, size_t n);
#endif
