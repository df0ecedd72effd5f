/* The picture of a sweep. Not collective; never within MPI. */
#ifndef TREN_CLI_SWEEP_PLOT_H
#define TREN_CLI_SWEEP_PLOT_H

#include "tren/lab.h"

typedef struct tren_sweep_axes {
    const char *x, *y;  /* a key of the grid, a column; NULL: chosen */
    bool log_x, log_y;  /* also where the values do not span a decade */
    const char *by;     /* what settings are ranked by; NULL: by validation */
    FILE *said;         /* where it is said what was drawn */
    const char *format; /* list of picture formats */
} tren_sweep_axes;

/* TREN_ERR_USAGE: x is no key of the grid, y or by no column. */
tren_status tren_sweep_check_axes(const tren_grid_sweep *sweep, const tren_sweep_axes *axes);
/* Draws DIR/sweep.svg, or in other formats, from DIR/sweep.csv; says where it is, or warns. Seeds
 * are error bars, values that are no numbers categories, and an axis is logarithmic where its
 * values span more than a decade. */
void tren_sweep_plot(const tren_grid_sweep *sweep, const tren_sweep_axes *axes);

#endif
