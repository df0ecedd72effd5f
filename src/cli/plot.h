/* Pictures of runs, by gnuplot. Not collective; after MPI_Finalize or without MPI. */
#ifndef TREN_CLI_PLOT_H
#define TREN_CLI_PLOT_H

#include "tren/base.h"

/* curves.svg in a run folder; says where it is, or warns when there is no gnuplot. */
void tren_plot_after_training(const char *run_dir);

#endif
