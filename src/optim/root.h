/* Private to optim: the square root of a real, exactly rounded. */
#ifndef TREN_OPTIM_ROOT_H
#define TREN_OPTIM_ROOT_H

#include <math.h>

#ifdef TREN_DOUBLE
#define root sqrt
#else
#define root sqrtf
#endif

#endif
