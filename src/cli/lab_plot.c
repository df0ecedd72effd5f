#include "cli/lab_plot.h"
#include "cli/gnuplot.h"
#include "cli/out_file.h"
#include "cli/plot_script.h"
#include "base/why.h"

#include <errno.h>
#include <math.h>
#include <string.h>

enum { PANEL_WIDTH = 520, HEIGHT = 420, LEFT = 74, RIGHT = 26, TOP = 76, BOTTOM = 60 };

static const char *const palette[] = {"#1f6fb4", "#d1571b", "#2f8f4e", "#8a4fb0",
                                      "#b0892b", "#4a4a4a", "#c2407e", "#3aa0a8"};
enum { N_COLOURS = sizeof palette / sizeof *palette };

typedef struct picture {
    FILE *out; /* the script */
    tren_table curve, points;
    tren_language language;
    bool png;
    int n_panels;
} picture;

static const tren_table *table_of(const picture *p, const tren_series *s) {
    return s->from_points ? &p->points : &p->curve;
}

static void put_value(FILE *out, double x) {
    fprintf(out, isfinite(x) ? " %.9g" : " NaN", x);
}

/* A series as a block of data of its own, in the order of its table, without what is missing. */
static void put_series(const picture *p, const tren_series *s, int panel, int i) {
    const tren_table *t = table_of(p, s);
    fprintf(p->out, "$p%ds%d << EOD\n", panel, i);
    for (int row = 0; row < t->n_rows; row++) {
        double y = tren_table_get(t, row, s->y);
        if (!isfinite(y)) continue;
        put_value(p->out, tren_table_get(t, row, s->x));
        put_value(p->out, y);
        put_value(p->out, s->y2 ? tren_table_get(t, row, s->y2) : y);
        fputc('\n', p->out);
    }
    fputs("EOD\n", p->out);
}

static bool has_values(const picture *p, const tren_series *s) {
    return tren_table_count(table_of(p, s), s->y, NULL) > 0;
}

static void put_style(FILE *out, const tren_series *s) {
    const char *colour = palette[s->colour % N_COLOURS];
    switch (s->mark) {
    case TREN_MARK_LINE:
        fprintf(out, "with linespoints lw 2 pt 7 ps 0.5 lc rgb '%s'", colour);
        break;
    case TREN_MARK_CURVE:
        fprintf(out, "with lines lw 2 lc rgb '%s'", colour);
        break;
    case TREN_MARK_DASHED:
        fprintf(out, "with lines lw 1.5 dt 2 lc rgb '%s'", colour);
        break;
    case TREN_MARK_POINTS:
        fprintf(out, "with points pt 7 ps 0.3 lc rgb '%s'", colour);
        break;
    case TREN_MARK_CIRCLES:
        fprintf(out, "with points pt 6 ps 1 lw 1.5 lc rgb '%s'", colour);
        break;
    case TREN_MARK_BAND:
        fprintf(out, "with filledcurves fs transparent solid 0.15 noborder lc rgb '%s'", colour);
        break;
    }
}

static void put_plot(const picture *p, const tren_panel *panel, int index) {
    const char *between = "plot ";
    for (int i = 0; i < TREN_MAX_SERIES && panel->series[i].y; i++) {
        const tren_series *s = &panel->series[i];
        if (!has_values(p, s)) continue;
        fprintf(p->out, "%s$p%ds%d using %s ", between, index, i,
                s->mark == TREN_MARK_BAND ? "1:2:3" : "1:2");
        put_style(p->out, s);
        fputs(" title ", p->out);
        tren_plot_text(p->out, s->label.en ? tren_say_in(p->language, s->label) : "");
        between = ", \\\n     ";
    }
    fputs(*between == 'p' ? "plot [1:2][1:2] NaN notitle\n" : "\n", p->out);
}

static void put_panel(const picture *p, const tren_panel *panel, int index) {
    FILE *out = p->out;
    double width = (double)PANEL_WIDTH * p->n_panels, left = (double)PANEL_WIDTH * index + LEFT;
    fprintf(out, "set lmargin at screen %.5f\nset rmargin at screen %.5f\n", left / width,
            (left + PANEL_WIDTH - LEFT - RIGHT) / width);
    fprintf(out, "unset logscale\nset autoscale\nset format '%%g'\n");
    if (panel->log_x) fputs("set logscale x\n", out);
    if (panel->log_y) fputs("set logscale y\n", out);
    if (panel->y_high > panel->y_low)
        fprintf(out, "set yrange [%g:%g]\n", panel->y_low, panel->y_high);
    fputs("set title ", out);
    tren_plot_text(out, tren_say_in(p->language, panel->title));
    fputs(" offset 0,-0.4\nset xlabel ", out);
    tren_plot_text(out, tren_say_in(p->language, panel->x));
    fputs("\nset ylabel ", out);
    tren_plot_text(out, tren_say_in(p->language, panel->y));
    fputs(" offset 1,0\n", out);
    put_plot(p, panel, index);
}

static void put_script(const picture *p, const tren_experiment *e) {
    FILE *out = p->out;
    int width = PANEL_WIDTH * p->n_panels;
    fputs("set encoding utf8\n", out);
    fprintf(out,
            p->png ? "set term pngcairo noenhanced size %d,%d font 'Sans,10' background '#ffffff'\n"
                   : "set term svg noenhanced size %d,%d dynamic font 'Arial,13' background "
                     "'#ffffff'\n",
            width, HEIGHT);
    for (int k = 0; k < p->n_panels; k++)
        for (int i = 0; i < TREN_MAX_SERIES && e->panel[k].series[i].y; i++)
            put_series(p, &e->panel[k].series[i], k, i);
    fputs("set border 3 lw 1 lc rgb '#777777'\nset tics nomirror scale 0.5\n"
          "set grid back lt 1 lw 1 lc rgb '#e6e6e6'\n"
          "set key top right samplen 2 spacing 1.1 font ',10'\nset multiplot\n",
          out);
    fprintf(out, "set tmargin at screen %.5f\nset bmargin at screen %.5f\nset label ",
            1 - (double)TOP / HEIGHT, (double)BOTTOM / HEIGHT);
    char title[512];
    snprintf(title, sizeof title, "%s  %s", e->name, tren_say_in(p->language, e->title));
    tren_plot_text(out, title);
    fprintf(out, " at screen %.5f,%.5f left font ',%d' front\n", 24.0 / width, 1 - 24.0 / HEIGHT,
            p->png ? 13 : 17);
    for (int k = 0; k < p->n_panels; k++) {
        put_panel(p, &e->panel[k], k);
        fputs("unset label\n", out);
    }
    fputs("unset multiplot\n", out);
}

static tren_status read_tables(picture *p, const tren_experiment *e, const char *out) {
    char path[TREN_MAX_PATH];
    snprintf(path, sizeof path, "%s/%s/curve.csv", out, e->name);
    TREN_TRY(tren_table_read(&p->curve, path));
    snprintf(path, sizeof path, "%s/%s/points.csv", out, e->name);
    return tren_table_read(&p->points, path);
}

static tren_status run_gnuplot(picture *p, const char *path) {
    char notes[1024];
    tren_out_file file;
    TREN_TRY(tren_out_check(&file, path, true));
    tren_status st = tren_out_open_text(&file);
    if (st == TREN_OK) st = tren_gnuplot(p->out, file.text, notes, sizeof notes);
    if (st == TREN_OK) st = tren_gnuplot_check(&file);
    if (st == TREN_OK) st = tren_out_finish(&file);
    tren_out_close(&file);
    return st;
}

tren_status tren_lab_draw(const tren_experiment *e, const char *out, const char *path,
                          tren_language language) {
    picture p = {.out = tmpfile(), .language = language, .png = tren_path_ends(path, ".png")};
    if (!p.out)
        return tren_fail(TREN_ERR_ENV, "cannot write a temporary file: %s", tren_why(errno));
    while (p.n_panels < TREN_MAX_PANELS && e->panel[p.n_panels].series[0].y) p.n_panels++;
    tren_status st = read_tables(&p, e, out);
    if (st == TREN_OK) {
        put_script(&p, e);
        st = run_gnuplot(&p, path);
    }
    fclose(p.out);
    tren_table_close(&p.curve);
    tren_table_close(&p.points);
    return st;
}
