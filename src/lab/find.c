#include "lab/training.h"

#include <math.h>

static lab_peak find(const tren_table *curve, const char *x, const char *y, double low, double high,
                     double sign) {
    lab_peak best = {NAN, NAN};
    for (int i = 0; i < curve->n_rows; i++) {
        lab_peak here = {tren_table_get(curve, i, x), tren_table_get(curve, i, y)};
        if (!isfinite(here.y) || !(here.x >= low && here.x <= high)) continue;
        if (isnan(best.y) || sign * here.y > sign * best.y) best = here;
    }
    return best;
}

lab_peak lab_find_peak(const tren_table *curve, const char *x, const char *y, double low,
                       double high) {
    return find(curve, x, y, low, high, 1);
}

lab_peak lab_find_least(const tren_table *curve, const char *x, const char *y, double low,
                        double high) {
    return find(curve, x, y, low, high, -1);
}
