/* Pictures of experiments, by gnuplot. Not collective; never within MPI. */
#ifndef TREN_CLI_LAB_PLOT_H
#define TREN_CLI_LAB_PLOT_H

#include "tren/lab.h"

/* Draws the panels of an experiment from DIR/NAME/curve.csv and points.csv into a file, SVG or PNG
 * by its ending. TREN_ERR_ENV: no gnuplot. */
tren_status tren_lab_draw(const tren_experiment *experiment, const char *out, const char *path,
                          tren_language language);

#endif
