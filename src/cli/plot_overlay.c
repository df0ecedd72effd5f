/* Several runs, or chosen columns: one panel for each column, one colour for each run. */
#include "cli/plot_script.h"

#include <math.h>
#include <string.h>

enum { PANEL_WIDTH = 480, PANEL_HEIGHT = 320, TOP = 76, LEFT = 76, GAP = 84, BELOW = 76 };

/* Colours first, then dashes. */
static const char *const colours[] = {"#4c78a8", "#e4572e", "#3a9d5d", "#7b5ea7", "#c98a1b",
                                      "#4ba3a0", "#d6619e", "#8c6d4f", "#7f7f7f", "#9cad2d"};
enum { N_COLOURS = sizeof colours / sizeof *colours };

static void put_line(FILE *out, const tren_plot_run *run, int i) {
    fprintf(out, "with %s lw 2 dt %d lc rgb '%s' title ", tren_plot_style(&run->metrics),
            i / N_COLOURS % 4 + 1, colours[i % N_COLOURS]);
    tren_plot_text(out, run->name);
}

/* Where the best weights of each run lie. */
static void put_best_points(FILE *out, const tren_plot *plot, const char *column) {
    for (int i = 0; i < plot->n_runs; i++) {
        const tren_metrics *m = &plot->run[i].metrics;
        int best = tren_plot_best(m);
        double y = best < 0 ? NAN : tren_metrics_at(m, best, column);
        char name[32];
        snprintf(name, sizeof name, "best%d", i);
        if (isfinite(y)) tren_plot_point(out, name, tren_metrics_at(m, best, "epoch"), y);
    }
}

static void put_ring(FILE *out, const tren_plot_run *run, int i, const char *column) {
    int best = tren_plot_best(&run->metrics);
    if (best < 0 || !isfinite(tren_metrics_at(&run->metrics, best, column))) return;
    fprintf(out, ", $best%d using 1:2 with points pt 6 ps 1.2 lw 2 lc rgb '%s' notitle", i,
            colours[i % N_COLOURS]);
}

static int columns_across(int n) {
    return n <= 1 ? 1 : (n == 3 || n > 4) ? 3 : 2;
}

/* Pixels that the legend needs beside the panels. */
static int legend_width(const tren_plot *plot) {
    size_t longest = 0;
    for (int i = 0; i < plot->n_runs; i++)
        if (strlen(plot->run[i].name) > longest) longest = strlen(plot->run[i].name);
    return 80 + 8 * (int)longest;
}

static void put_panel(const tren_plot_page *page, const tren_plot *plot, const char *column,
                      tren_plot_box box, tren_plot_range epochs) {
    char title[128];
    tren_plot_range y = tren_plot_empty;
    bool first = true;
    for (int i = 0; i < plot->n_runs; i++)
        tren_plot_extend(&y, &plot->run[i].metrics, column, page->log_y);
    tren_plot_words(title, sizeof title, column);
    tren_plot_panel(page, box, title, "epoch");
    tren_plot_epochs(page, epochs);
    tren_plot_set_range(page, "y", y, page->log_y);
    put_best_points(page->out, plot, column);
    if (box.left == LEFT && box.top == TOP)
        fprintf(page->out,
                "set key at screen %.5f,%.5f right top reverse Left samplen 2 spacing 1.3 tc rgb "
                "'#333333'\n",
                1 - 16.0 / page->width, 1 - (double)TOP / page->height);
    for (int i = 0; i < plot->n_runs; i++) {
        const tren_plot_run *run = &plot->run[i];
        if (!tren_metrics_has(&run->metrics, column)) continue;
        fprintf(page->out, "%s $run%d using 1:%d ", first ? "plot" : ",", i,
                tren_plot_column(&run->metrics, column));
        put_line(page->out, run, i);
        put_ring(page->out, run, i, column);
        first = false;
    }
    fputs("\nunset label\n", page->out);
}

void tren_plot_overlay(FILE *out, const tren_plot *plot) {
    int across = columns_across(plot->n_columns), rows = (plot->n_columns + across - 1) / across;
    int panels = across * PANEL_WIDTH + (across - 1) * GAP;
    tren_plot_page page = {.out = out,
                           .width = LEFT + panels + legend_width(plot),
                           .height = TOP + rows * (PANEL_HEIGHT + BELOW),
                           .log_x = plot->log_x,
                           .log_y = plot->log_y};
    tren_plot_range epochs = tren_plot_empty;
    char title[160];
    for (int i = 0; i < plot->n_runs; i++)
        tren_plot_extend(&epochs, &plot->run[i].metrics, "epoch", false);
    if (plot->n_runs == 1)
        snprintf(title, sizeof title, "%s", plot->run[0].name);
    else
        snprintf(title, sizeof title, "%d runs, best epochs circled", plot->n_runs);
    tren_plot_begin(&page, plot, title, "");
    for (int k = 0; k < plot->n_columns; k++) {
        tren_plot_box box = {.left = LEFT + k % across * (PANEL_WIDTH + GAP),
                             .top = TOP + k / across * (PANEL_HEIGHT + BELOW),
                             .width = PANEL_WIDTH,
                             .height = PANEL_HEIGHT};
        put_panel(&page, plot, plot->column[k], box, epochs);
    }
    tren_plot_end(&page);
}
