/* The gnuplot script of a picture. Not collective. */
#ifndef TREN_CLI_PLOT_SCRIPT_H
#define TREN_CLI_PLOT_SCRIPT_H

#include "cli/plot.h"

/* What all pictures share: plot_script.c. */

/* Where a panel lies, in pixels from the upper left corner; without what stands around its axes. */
typedef struct tren_plot_box {
    int left, top, width, height;
} tren_plot_box;

typedef struct tren_plot_page {
    FILE *out; /* not owned */
    int width, height;
    bool log_x, log_y;
} tren_plot_page;

typedef struct tren_plot_range {
    double low, high; /* low > high: empty */
} tren_plot_range;

/* Terminal, data of the runs, title and what follows under it. */
void tren_plot_begin(const tren_plot_page *page, const tren_plot *plot, const char *title,
                     const char *subtitle);
void tren_plot_end(const tren_plot_page *page);
/* Axes, grid and title of the next panel. */
void tren_plot_panel(const tren_plot_page *page, tren_plot_box box, const char *title,
                     const char *x_label);
/* Epochs along x, with whole numbers. */
void tren_plot_epochs(const tren_plot_page *page, tren_plot_range x);
/* Seconds along x, from 0. */
void tren_plot_seconds(const tren_plot_page *page, double high);
/* Range and tics, with room above and below, for y, or "y2". */
void tren_plot_set_range(const tren_plot_page *page, const char *axis, tren_plot_range range,
                         bool log);
/* Tics of a logarithmic axis, from `least` on: gnuplot alone would have none within a decade. */
void tren_plot_log_tics(FILE *out, const char *axis, tren_plot_range range, double least);
/* Adds the finite values of a column, of a log axis the positive ones. */
void tren_plot_extend(tren_plot_range *range, const tren_metrics *metrics, const char *name,
                      bool log);
/* 'text', quoted for gnuplot. */
void tren_plot_text(FILE *out, const char *text);
/* The column's gnuplot number. */
int tren_plot_column(const tren_metrics *metrics, const char *name);
/* "lines" of many epochs, "linespoints" of few. */
const char *tren_plot_style(const tren_metrics *metrics);
/* "validation_loss" as people write it. */
void tren_plot_words(char *out, size_t n, const char *column);
/* The row of the best epoch; -1: none. */
int tren_plot_best(const tren_metrics *metrics);
/* One point, as data with this name. */
void tren_plot_point(FILE *out, const char *name, double x, double y);
extern const tren_plot_range tren_plot_empty;

/* One run: plot_run.c. Several, or chosen columns: plot_overlay.c. */
void tren_plot_one(FILE *out, const tren_plot *plot);
void tren_plot_overlay(FILE *out, const tren_plot *plot);

#endif
