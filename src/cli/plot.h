/* Pictures of runs, by gnuplot. Not collective; after MPI_Finalize or without MPI. */
#ifndef TREN_CLI_PLOT_H
#define TREN_CLI_PLOT_H

#include "cli/gnuplot.h"
#include "cli/run_files.h"

enum { TREN_PLOT_MAX_RUNS = 64, TREN_PLOT_MAX_PANELS = 16 };

typedef struct tren_plot_run {
    char name[128];    /* of its folder */
    char caption[512]; /* what was trained, how it ended; "" when unknown */
    tren_metrics metrics;
} tren_plot_run;

typedef struct tren_plot {
    tren_plot_run *run; /* [n_runs] owned */
    int n_runs;
    const char *column[TREN_PLOT_MAX_PANELS]; /* one panel each; none: one run's panels, or */
    int n_columns;                            /* validation loss and accuracy of several */
    bool log_x, log_y;
    tren_picture_kind kind;
} tren_plot;

/* Reads the runs. Close in any case. */
tren_status tren_plot_open(tren_plot *plot, const char *const *run_dir, int n);
void tren_plot_close(tren_plot *plot); /* accepts the empty value */
/* Draws into the file, by way of a temporary one. */
tren_status tren_plot_draw(const tren_plot *plot, const char *path);

/* curves.svg in a run folder; says where it is, or warns when there is no gnuplot. */
void tren_plot_after_training(const char *run_dir);

#endif
