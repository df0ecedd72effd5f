/* Axes of the laboratory's figures: ranges of the data, and tics that read well. Not collective. */
#ifndef TREN_CLI_LAB_AXES_H
#define TREN_CLI_LAB_AXES_H

#include "tren/lab.h"

typedef struct tren_lab_axis {
    double low, high; /* of the data; low > high: none */
    bool log;
} tren_lab_axis;

void tren_lab_axis_extend(tren_lab_axis *axis, double value);
/* Range and tics of axis "x" or "y": of a logarithmic one plain numbers from 0.001 to 10,000, and
 * powers of ten such as 10⁶ beyond. fixed: the range as it is. */
void tren_lab_axis_put(FILE *out, const char *name, tren_lab_axis axis, bool fixed,
                       tren_language language);

#endif
