#include "cli/plot_script.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define INK   "#333333"
#define FAINT "#777777"
#define GRID  "#e6e6e6"

const tren_plot_range tren_plot_empty = {.low = DBL_MAX, .high = -DBL_MAX};

/* In single quotes gnuplot takes everything as it stands, backquotes too. */
void tren_plot_text(FILE *out, const char *text) {
    fputc('\'', out);
    for (; *text; text++) {
        if (*text == '\'') fputc('\'', out);
        fputc((unsigned char)*text < 0x20 ? ' ' : *text, out);
    }
    fputc('\'', out);
}

static void put_data(FILE *out, const tren_metrics *m, int run) {
    fprintf(out, "$run%d << EOD\n", run);
    for (int i = 0; i < m->n_rows; i++)
        for (int j = 0; j < m->n_columns; j++) {
            double x = m->value[(size_t)i * (size_t)m->n_columns + (size_t)j];
            fprintf(out, isfinite(x) ? "%.9g" : "NaN", x);
            fputc(j + 1 < m->n_columns ? ' ' : '\n', out);
        }
    fputs("EOD\n", out);
}

static void put_label(const tren_plot_page *p, const char *text, int top, int size,
                      const char *colour) {
    fputs("set label ", p->out);
    tren_plot_text(p->out, text);
    fprintf(p->out, " at screen %.5f,%.5f left font ',%d' tc rgb '%s' front\n", 28.0 / p->width,
            1 - (double)top / p->height, size, colour);
}

void tren_plot_begin(const tren_plot_page *p, const tren_plot *plot, const char *title,
                     const char *subtitle) {
    FILE *out = p->out;
    fputs("set encoding utf8\n", out);
    if (plot->png)
        fprintf(out,
                "set term pngcairo noenhanced size %d,%d font 'Sans,10' background '#ffffff'\n",
                p->width, p->height);
    else
        fprintf(out,
                "set term svg noenhanced size %d,%d dynamic font 'Arial,13' background '#ffffff'\n",
                p->width, p->height);
    for (int i = 0; i < plot->n_runs; i++) put_data(out, &plot->run[i].metrics, i);
    fputs("set border 3 lw 1 lc rgb '" FAINT "'\n"
          "set tics nomirror scale 0.5 tc rgb '" INK "'\n"
          "set grid back lt 1 lw 1 lc rgb '" GRID "'\n"
          "set key off\n"
          "set multiplot\n",
          out);
    put_label(p, title, 26, plot->png ? 14 : 19, INK);
    if (*subtitle) put_label(p, subtitle, 50, plot->png ? 9 : 12, FAINT);
}

void tren_plot_end(const tren_plot_page *p) {
    fputs("unset multiplot\n", p->out);
}

void tren_plot_panel(const tren_plot_page *p, tren_plot_box box, const char *title,
                     const char *x_label) {
    fprintf(p->out, "set lmargin at screen %.5f\nset rmargin at screen %.5f\n",
            (double)box.left / p->width, (double)(box.left + box.width) / p->width);
    fprintf(p->out, "set tmargin at screen %.5f\nset bmargin at screen %.5f\n",
            1 - (double)box.top / p->height, 1 - (double)(box.top + box.height) / p->height);
    fputs("unset logscale\nunset y2tics\nunset y2label\nset ytics auto nomirror\nset ylabel\n"
          "set format y '%g'\nset format y2 '%g'\nset border 3\nset key off\nset title ",
          p->out);
    tren_plot_text(p->out, title);
    fputs(" offset 0,-0.4 tc rgb '" INK "'\nset xlabel ", p->out);
    tren_plot_text(p->out, x_label);
    fputs(" offset 0,0.3 tc rgb '" INK "'\n", p->out);
}

/* 1, 2, 5, 10, 20 ...: at most eight tics. */
static double epoch_step(double span) {
    static const double nice[] = {1, 2, 5};
    for (double power = 1;; power *= 10)
        for (size_t i = 0; i < sizeof nice / sizeof *nice; i++)
            if (span / (nice[i] * power) <= 8) return nice[i] * power;
}

void tren_plot_epochs(const tren_plot_page *p, tren_plot_range x) {
    double low = x.low, high = x.high;
    if (low >= high) {
        low -= 0.5;
        high += 0.5;
    }
    if (p->log_x) {
        fprintf(p->out, "set logscale x\nset xtics auto\nset xrange [%g:%g]\n", low, high);
        return;
    }
    fprintf(p->out, "set xrange [%g:%g]\nset xtics %g\n", low, high, epoch_step(high - low));
}

void tren_plot_set_range(const tren_plot_page *p, const char *axis, tren_plot_range r, bool log) {
    if (r.low > r.high) r = (tren_plot_range){log ? 0.1 : 0, 1};
    double pad = 0.06 * (r.high - r.low);
    if (pad < 1e-6 * fabs(r.high)) pad = 0.1 * fabs(r.high);
    if (pad == 0) pad = 1;
    if (log) {
        double factor = pow(r.high / r.low, 0.06);
        if (factor < 1.02) factor = 1.5;
        fprintf(p->out, "set logscale %s\nset %srange [%g:%g]\n", axis, axis, r.low / factor,
                r.high * factor);
        return;
    }
    double low = r.low >= 0 && r.low < pad ? 0 : r.low - pad; /* nothing here is below zero */
    fprintf(p->out, "set %srange [%.9g:%.9g]\n", axis, low, r.high + pad);
}

void tren_plot_extend(tren_plot_range *r, const tren_metrics *m, const char *name, bool log) {
    for (int i = 0; i < m->n_rows; i++) {
        double x = tren_metrics_at(m, i, name);
        if (!isfinite(x) || (log && x <= 0)) continue;
        if (x < r->low) r->low = x;
        if (x > r->high) r->high = x;
    }
}

int tren_plot_column(const tren_metrics *m, const char *name) {
    return tren_metrics_column(m, name) + 1;
}

const char *tren_plot_style(const tren_metrics *m) {
    return m->n_rows <= 40 ? "linespoints pt 7 ps 0.35" : "lines";
}

void tren_plot_words(char *out, size_t n, const char *column) {
    snprintf(out, n, "%s", column);
    for (char *c = out; *c; c++)
        if (*c == '_') *c = ' ';
}
