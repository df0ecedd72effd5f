/* Pictures of experiments, by gnuplot. Not collective; never within MPI. */
#ifndef TREN_CLI_LAB_PLOT_H
#define TREN_CLI_LAB_PLOT_H

#include "tren/lab.h"

int tren_lab_panels(const tren_experiment *experiment);
/* Draws the panels of an experiment from DIR/NAME/curve.csv and points.csv into a file, SVG, PNG or
 * PDF by its ending: all side by side under its title, or one of them alone (panel 0, 1, ...; -1:
 * all). TREN_ERR_ENV: no gnuplot, or one without that format. */
tren_status tren_lab_draw(const tren_experiment *experiment, const char *out, const char *path,
                          tren_language language, int panel);

#endif
