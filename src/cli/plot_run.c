/* One run: losses and accuracy above; learning rate, norms and where the time goes below. */
#include "cli/plot_script.h"
#include "tren/comm.h"

#include <math.h>
#include <string.h>

#define TRAINING   "#4c78a8"
#define VALIDATION "#e4572e"
#define RATE       "#3a9d5d"
#define NORM       "#7b5ea7"
#define MEAN_Z     "#c98a1b"

enum { WIDTH = 1200, HEIGHT = 780, TOP = 104, LEFT = 76, RIGHT = 28, UPPER = 268, LOWER = 230 };

typedef struct sheet {
    tren_plot_page page;
    const tren_metrics *m;
    tren_plot_range epochs;
    int best; /* row of the best epoch; -1: none */
} sheet;

/* ---- loss and accuracy ----------------------------------------------------------------------- */

/* A line through the best epoch, a ring around its validation value, and what that is. */
static void mark_best(const sheet *s, const char *column) {
    double value = s->best < 0 ? NAN : tren_metrics_at(s->m, s->best, column);
    if (!isfinite(value)) return;
    double epoch = tren_metrics_at(s->m, s->best, "epoch");
    fprintf(s->page.out,
            "set arrow 1 from %g,graph 0 to %g,graph 1 nohead dt 3 lw 1.2 lc rgb "
            "'#999999' back\n",
            epoch, epoch);
    tren_plot_point(s->page.out, "best", epoch, value);
}

static void put_curve(const sheet *s, const char *column, const char *title, const char *colour,
                      bool first) {
    fprintf(s->page.out, "%s $run0 using 1:%d with %s lw 2 lc rgb '%s' title ",
            first ? "plot" : ",", tren_plot_column(s->m, column), tren_plot_style(s->m), colour);
    tren_plot_text(s->page.out, title);
}

static void put_pair(const sheet *s, tren_plot_box box, const char *what, bool high_is_good) {
    char title[64], train[64], validation[64], best[64];
    FILE *out = s->page.out;
    snprintf(train, sizeof train, "train_%s", what);
    snprintf(validation, sizeof validation, "validation_%s", what);
    snprintf(title, sizeof title, "%s", what);
    tren_plot_range y = tren_plot_empty;
    tren_plot_extend(&y, s->m, train, s->page.log_y);
    tren_plot_extend(&y, s->m, validation, s->page.log_y);
    tren_plot_panel(&s->page, box, title, "epoch");
    tren_plot_epochs(&s->page, s->epochs);
    tren_plot_set_range(&s->page, "y", y, s->page.log_y);
    fprintf(out, "set key %s right reverse Left samplen 2 spacing 1.15 tc rgb '#333333'\n",
            high_is_good ? "bottom" : "top");
    mark_best(s, validation);
    put_curve(s, train, "training", TRAINING, true);
    double value = s->best < 0 ? NAN : tren_metrics_at(s->m, s->best, validation);
    if (tren_metrics_has(s->m, validation))
        put_curve(s, validation, "validation", VALIDATION, false);
    if (isfinite(value)) {
        snprintf(best, sizeof best, "best: epoch %g, %.4g", tren_metrics_at(s->m, s->best, "epoch"),
                 value);
        fputs(", $best using 1:2 with points pt 6 ps 1.3 lw 2 lc rgb '" VALIDATION "' title ", out);
        tren_plot_text(out, best);
    }
    fputs("\nunset arrow\n", out);
}

/* ---- learning rate, norms -------------------------------------------------------------------- */

static void put_rate(const sheet *s, tren_plot_box box) {
    tren_plot_range y = tren_plot_empty;
    tren_plot_extend(&y, s->m, "learning_rate", s->page.log_y);
    tren_plot_panel(&s->page, box, "learning rate, at the end of each epoch", "epoch");
    tren_plot_epochs(&s->page, s->epochs);
    tren_plot_set_range(&s->page, "y", y, s->page.log_y);
    put_curve(s, "learning_rate", "", RATE, true);
    fputc('\n', s->page.out);
}

/* Two scales: ||W|| on the left, mean |z| on the right, each in its curve's colour. */
static void put_norms(const sheet *s, tren_plot_box box) {
    FILE *out = s->page.out;
    tren_plot_range norm = tren_plot_empty, z = tren_plot_empty;
    tren_plot_extend(&norm, s->m, "weight_norm", false);
    tren_plot_extend(&z, s->m, "mean_abs_z", false);
    tren_plot_panel(&s->page, box, "weights and hidden units", "epoch");
    tren_plot_epochs(&s->page, s->epochs);
    tren_plot_set_range(&s->page, "y", norm, false);
    tren_plot_set_range(&s->page, "y2", z, false);
    fputs("set border 11\nset ytics tc rgb '" NORM "'\nset y2tics tc rgb '" MEAN_Z "'\n"
          "set ylabel '‖W‖' tc rgb '" NORM "' offset 0,0\n"
          "set y2label 'mean |z|' tc rgb '" MEAN_Z "' offset 0,0\n",
          out);
    put_curve(s, "weight_norm", "", NORM, true);
    if (tren_metrics_has(s->m, "mean_abs_z"))
        fprintf(out, ", $run0 using 1:%d axes x1y2 with %s lw 2 lc rgb '" MEAN_Z "'",
                tren_plot_column(s->m, "mean_abs_z"), tren_plot_style(s->m));
    fputs("\nset ytics tc rgb '#333333'\nunset y2tics\nunset y2label\nset border 3\n", out);
}

/* ---- where the time goes --------------------------------------------------------------------- */

static double phase_seconds(const tren_metrics *m, int phase) {
    char column[64];
    double sum = 0;
    snprintf(column, sizeof column, "%s_seconds", tren_phase_name[phase]);
    for (int i = 0; i < m->n_rows; i++) {
        double x = tren_metrics_at(m, i, column);
        if (isfinite(x)) sum += x;
    }
    return sum;
}

/* A bar for each phase that took any time, from the top down. Returns the bars. */
static int put_bars(const sheet *s, double *longest, double *total) {
    static const char *const colour[TREN_N_PHASES] = {"#9d9d9d", "#4ba3a0", "#4c78a8", "#f28e2b",
                                                      "#e4572e", "#3a9d5d", "#b279a2", "#d4b106"};
    double seconds[TREN_N_PHASES];
    int bars = 0;
    *longest = *total = 0;
    for (int i = 0; i < TREN_N_PHASES; i++) {
        *total += seconds[i] = phase_seconds(s->m, i);
        if (seconds[i] > *longest) *longest = seconds[i];
    }
    fputs("$phase << EOD\n", s->page.out);
    for (int i = 0; i < TREN_N_PHASES; i++)
        if (seconds[i] > 0)
            fprintf(s->page.out, "%d %.6g 0x%s \"%s\" \"%.3g s, %.1f %%\"\n", -bars++, seconds[i],
                    colour[i] + 1, tren_phase_name[i], seconds[i], 100 * seconds[i] / *total);
    fputs("EOD\n", s->page.out);
    return bars;
}

static void put_time(const sheet *s, tren_plot_box box) {
    FILE *out = s->page.out;
    double longest, total;
    char title[96];
    int bars = put_bars(s, &longest, &total);
    if (bars == 0) return;
    snprintf(title, sizeof title, "where the time goes: %.3g s in %d epoch%s", total, s->m->n_rows,
             s->m->n_rows == 1 ? "" : "s");
    tren_plot_panel(&s->page, box, title, "seconds");
    tren_plot_seconds(&s->page, longest * 1.85);
    fprintf(out, "set yrange [%g:0.6]\n", 0.4 - bars);
    fputs("set border 1\nunset grid\nset grid x back lt 1 lw 1 lc rgb '#e6e6e6'\n"
          "plot $phase using (0):1:(0):2:($1-0.36):($1+0.36):3:ytic(4) with boxxy fs solid 0.85 "
          "noborder lc rgb var, "
          "$phase using 2:1:5 with labels left offset 0.6,0 tc rgb '#333333'\n",
          out);
}

/* ---- the sheet ------------------------------------------------------------------------------- */

void tren_plot_one(FILE *out, const tren_plot *plot) {
    const tren_plot_run *run = plot->run;
    sheet s = {.page = {.out = out,
                        .width = WIDTH,
                        .height = HEIGHT,
                        .log_x = plot->log_x,
                        .log_y = plot->log_y},
               .m = &run->metrics,
               .epochs = tren_plot_empty,
               .best = tren_plot_best(&run->metrics)};
    bool accuracy = tren_metrics_has(s.m, "train_accuracy");
    int inner = WIDTH - LEFT - RIGHT, half = (inner - LEFT) / 2, third = (inner - 2 * 100) / 3;
    int below = TOP + UPPER + 110;
    tren_plot_extend(&s.epochs, s.m, "epoch", false);
    tren_plot_begin(&s.page, plot, run->name, run->caption);
    put_pair(&s, (tren_plot_box){LEFT, TOP, accuracy ? half : inner, UPPER}, "loss", false);
    fputs("unset label\n", out);
    if (accuracy)
        put_pair(&s, (tren_plot_box){LEFT + half + LEFT, TOP, half, UPPER}, "accuracy", true);
    put_rate(&s, (tren_plot_box){LEFT, below, third, LOWER});
    put_norms(&s, (tren_plot_box){LEFT + third + 80, below, third, LOWER});
    put_time(&s, (tren_plot_box){WIDTH - RIGHT - third + 36, below, third - 36, LOWER});
    tren_plot_end(&s.page);
}
