#include "cli/plot_script.h"
#include "base/text.h"
#include "cli/console.h"

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
    for (const char *c = tren_cli_shown(text); *c; c++) {
        if (*c == '\'') fputc('\'', out);
        fputc(*c, out);
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
    bool points = plot->kind != TREN_PICTURE_SVG;
    tren_picture_begin(out, plot->kind, p->width, p->height);
    for (int i = 0; i < plot->n_runs; i++) put_data(out, &plot->run[i].metrics, i);
    fputs("set border 3 lw 1 lc rgb '" FAINT "'\n"
          "set tics nomirror scale 0.5 tc rgb '" INK "'\n"
          "set grid back lt 1 lw 1 lc rgb '" GRID "'\n"
          "set key off\n"
          "set multiplot\n",
          out);
    put_label(p, title, 26, points ? 14 : 19, INK);
    if (*subtitle) put_label(p, subtitle, 50, points ? 9 : 12, FAINT);
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
    fputs("unset logscale\nunset y2tics\nunset y2label\nset ylabel\nset format y '%g'\n"
          "set format y2 '%g'\nset border 3\nset key off\nset title ",
          p->out);
    tren_plot_text(p->out, title);
    fputs(" offset 0,-0.4 tc rgb '" INK "'\nset xlabel ", p->out);
    tren_plot_text(p->out, x_label);
    fputs(" offset 0,0.3 tc rgb '" INK "'\n", p->out);
}

/* The least of 1, 2, 5 times a power of ten that cuts the span into at most `most` pieces. */
static double nice_step(double span, int most, double least) {
    static const double nice[] = {1, 2, 5};
    double power = pow(10, floor(log10(span / most)));
    for (;; power *= 10)
        for (size_t i = 0; i < sizeof nice / sizeof *nice; i++) {
            double step = nice[i] * power;
            if (step >= least && span / step <= most) return step;
        }
}

void tren_plot_log_tics(FILE *out, const char *axis, tren_plot_range r, double least) {
    static const double within[] = {1, 2, 5};
    bool first = true;
    double decades = log10(r.high / r.low);
    fprintf(out, "set %stics (", axis);
    if (decades < 1 && least == 0) {
        double step = nice_step(r.high - r.low, 8, 0);
        for (double x = ceil(r.low / step) * step; x <= r.high; x += step, first = false)
            fprintf(out, "%s%.9g", first ? "" : ", ", x);
    } else {
        for (double power = pow(10, floor(log10(r.low))); power <= r.high; power *= 10)
            for (int i = 0; i < (decades < 4 ? 3 : 1); i++) {
                double x = within[i] * power;
                if (x < r.low || x > r.high || x < least) continue;
                fprintf(out, "%s%.9g", first ? "" : ", ", x);
                first = false;
            }
    }
    fputs(") nomirror\n", out);
}

void tren_plot_epochs(const tren_plot_page *p, tren_plot_range x) {
    if (p->log_x) {
        tren_plot_range r = {x.low / 1.03, x.high > x.low ? x.high * 1.03 : x.high * 2};
        fprintf(p->out, "set logscale x\nset xrange [%g:%g]\n", r.low, r.high);
        tren_plot_log_tics(p->out, "x", r, 1);
        return;
    }
    double pad = x.high > x.low ? 0.015 * (x.high - x.low) : 0.5;
    fprintf(p->out, "set xrange [%g:%g]\nset xtics %g nomirror\n", x.low - pad, x.high + pad,
            nice_step(x.high - x.low + 2 * pad, 8, 1));
}

void tren_plot_seconds(const tren_plot_page *p, double high) {
    fprintf(p->out, "set xrange [0:%g]\nset xtics %g nomirror\n", high, nice_step(high, 5, 0));
}

static void set_log_range(FILE *out, const char *axis, tren_plot_range r) {
    double factor = pow(r.high / r.low, 0.06);
    if (factor < 1.001) factor = 1.5;
    r.low /= factor;
    r.high *= factor;
    fprintf(out, "set logscale %s\nset %srange [%.9g:%.9g]\n", axis, axis, r.low, r.high);
    tren_plot_log_tics(out, axis, r, 0);
}

void tren_plot_set_range(const tren_plot_page *p, const char *axis, tren_plot_range r, bool log) {
    if (r.low > r.high) r = (tren_plot_range){log ? 0.1 : 0, 1};
    if (log) {
        set_log_range(p->out, axis, r);
        return;
    }
    double pad = 0.06 * (r.high - r.low);
    if (pad < 1e-6 * fabs(r.high)) pad = 0.1 * fabs(r.high);
    if (pad == 0) pad = 1;
    if (r.low >= 0 && r.low < pad) r.low = pad; /* nothing here is below zero */
    r.low -= pad;
    r.high += pad;
    fprintf(p->out, "set %srange [%.9g:%.9g]\nset %stics %.9g nomirror\n", axis, r.low, r.high,
            axis, nice_step(r.high - r.low, 8, 0));
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
    if (m->n_rows <= 3) return "linespoints pt 7 ps 0.8";
    return m->n_rows <= 40 ? "linespoints pt 7 ps 0.35" : "lines";
}

void tren_plot_words(char *out, size_t n, const char *column) {
    bool training = tren_text_starts(column, "train_");
    snprintf(out, n, "%s%s", training ? "training " : "", column + (training ? 6 : 0));
    for (char *c = out; *c; c++)
        if (*c == '_') *c = ' ';
}

int tren_plot_best(const tren_metrics *m) {
    int best = -1;
    for (int i = 0; i < m->n_rows; i++)
        if (tren_metrics_at(m, i, "best") == 1) best = i;
    return best;
}

void tren_plot_point(FILE *out, const char *name, double x, double y) {
    fprintf(out, "$%s << EOD\n%.9g %.9g\nEOD\n", name, x, y);
}
