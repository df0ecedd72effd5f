#include "cli/lab_plot.h"
#include "base/text.h"
#include "cli/gnuplot.h"
#include "cli/lab_axes.h"
#include "cli/out_file.h"
#include "cli/plot_script.h"
#include "base/why.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* The key stands below the axes, in rows of two. */
enum { PANEL_WIDTH = 460, PLOT_HEIGHT = 300, LEFT = 78, RIGHT = 18, BELOW = 58, KEY_ROW = 21 };
enum { ABOVE = 40, TITLE = 34 };

/* M. Okabe and K. Ito, "Color universal design", 2008: told apart by colour-blind readers too. */
static const char *const palette[] = {"#0072B2", "#D55E00", "#009E73", "#AA4499",
                                      "#B07D00", "#000000", "#56B4E9"};
static const int point_of[] = {7, 5, 9, 13, 11, 6, 15}; /* gnuplot's marks, one for each colour */
enum { N_COLOURS = sizeof palette / sizeof *palette };

typedef struct picture {
    FILE *out; /* the script */
    tren_table curve, points;
    tren_language language;
    const tren_experiment *experiment;
    tren_lab_setting setting;
    tren_picture_kind kind;
    int first, n_panels;
    bool titled; /* the experiment's name and title above */
    int height, key_rows;
} picture;

static const tren_table *table_of(const picture *p, const tren_series *s) {
    return s->from_points ? &p->points : &p->curve;
}

static void put_value(FILE *out, double x) {
    fprintf(out, isfinite(x) ? " %.9g" : " NaN", x);
}

/* A series as a block of data of its own, in the order of its table, without what is missing; a
 * curve without marks has a gap there. */
static void put_series(const picture *p, const tren_series *s, int panel, int i) {
    const tren_table *t = table_of(p, s);
    fprintf(p->out, "$p%ds%d << EOD\n", panel, i);
    for (int row = 0; row < t->n_rows; row++) {
        double y = tren_table_get(t, row, s->y);
        if (!isfinite(y)) {
            if (s->mark == TREN_MARK_CURVE) fputc('\n', p->out);
            continue;
        }
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
    int k = s->colour % N_COLOURS;
    const char *colour = palette[k];
    switch (s->mark) {
    case TREN_MARK_LINE:
        fprintf(out, "with linespoints lw 2 pt %d ps 0.6 lc rgb '%s'", point_of[k], colour);
        break;
    case TREN_MARK_CURVE:
        fprintf(out, "with lines lw 2.2 lc rgb '%s'", colour);
        break;
    case TREN_MARK_DASHED:
        fprintf(out, "with lines lw 2 dt (8,5) lc rgb '%s'", colour);
        break;
    case TREN_MARK_POINTS:
        fprintf(out, "with points pt 7 ps 0.3 lc rgb '%s'", colour);
        break;
    case TREN_MARK_CIRCLES:
        fprintf(out, "with points pt %d ps 0.9 lw 1.5 lc rgb '%s'",
                k == 0   ? 6
                : k == 1 ? 4
                         : 8,
                colour);
        break;
    case TREN_MARK_BAND:
        fprintf(out, "with filledcurves fs transparent solid 0.15 noborder lc rgb '%s'", colour);
        break;
    }
}

static void put_words(const picture *p, tren_phrase phrase) {
    char text[TREN_LAB_TEXT];
    tren_plot_text(p->out, tren_lab_say(text, p->experiment, &p->setting, phrase, p->language));
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
        put_words(p, s->label.en ? s->label : (tren_phrase){"", ""});
        between = ", \\\n     ";
    }
    fputs(*between == 'p' ? "plot [1:2][1:2] NaN notitle\n" : "\n", p->out);
}

/* What a series shows belongs into the axes. */
static void extend(const picture *p, const tren_series *s, tren_lab_axis *x, tren_lab_axis *y) {
    const tren_table *t = table_of(p, s);
    for (int row = 0; row < t->n_rows; row++) {
        double at = tren_table_get(t, row, s->x), value = tren_table_get(t, row, s->y);
        if (!isfinite(at) || !isfinite(value)) continue;
        tren_lab_axis_extend(x, at);
        tren_lab_axis_extend(y, value);
        if (s->y2) tren_lab_axis_extend(y, tren_table_get(t, row, s->y2));
    }
}

static void put_axes(const picture *p, const tren_panel *panel) {
    tren_lab_axis x = {INFINITY, -INFINITY, panel->log_x}, y = {INFINITY, -INFINITY, panel->log_y};
    bool fixed = panel->y_high > panel->y_low;
    for (int i = 0; i < TREN_MAX_SERIES && panel->series[i].y; i++)
        extend(p, &panel->series[i], &x, &y);
    if (fixed) y = (tren_lab_axis){panel->y_low, panel->y_high, panel->log_y};
    tren_lab_axis_put(p->out, "x", x, false, p->language);
    tren_lab_axis_put(p->out, "y", y, fixed, p->language);
}

/* Two columns, where all labels of the panel are short. */
static int columns_of(const picture *p, const tren_panel *panel) {
    enum { SHORT = 12 };
    for (int i = 0; i < TREN_MAX_SERIES && panel->series[i].y; i++) {
        const tren_series *s = &panel->series[i];
        char label[TREN_LAB_TEXT] = "";
        if (s->label.en) tren_lab_say(label, p->experiment, &p->setting, s->label, p->language);
        if (tren_text_columns(label, strlen(label)) > SHORT && has_values(p, s)) return 1;
    }
    return 2;
}

static void put_panel(const picture *p, int index) {
    FILE *out = p->out;
    const tren_panel *panel = &p->experiment->panel[p->first + index];
    double width = (double)PANEL_WIDTH * p->n_panels, left = (double)PANEL_WIDTH * index + LEFT;
    fprintf(out, "set lmargin at screen %.5f\nset rmargin at screen %.5f\n", left / width,
            (left + PANEL_WIDTH - LEFT - RIGHT) / width);
    put_axes(p, panel);
    fprintf(
        out,
        "set key at screen %.5f,%.5f left bottom horizontal Left reverse maxcols %d samplen 2.5 "
        "spacing 1.1 width 1 font ',11'\n",
        ((double)PANEL_WIDTH * index + 14) / width, 6.0 / p->height, columns_of(p, panel));
    fputs("set title ", out);
    put_words(p, panel->title);
    fputs(" offset 0,-0.3\nset xlabel ", out);
    put_words(p, panel->x);
    fputs("\nset ylabel ", out);
    put_words(p, panel->y);
    fputs(" offset 0.5,0\n", out);
    put_plot(p, panel, index);
}

static void put_terminal(const picture *p, int width) {
    tren_picture_begin(p->out, p->kind, width, p->height);
    fprintf(p->out, "set decimalsign '%s'\n", p->language == TREN_SPANISH ? "," : ".");
}

static void put_title(const picture *p, int width) {
    char title[512];
    snprintf(title, sizeof title, "%s  %s", p->experiment->name,
             tren_say_in(p->language, p->experiment->title));
    /* A letter is about 0.56 of its font's size wide, which svg takes in pixels, the others in
     * points. */
    double pixels = p->kind == TREN_PICTURE_SVG ? 1 : 96.0 / 72;
    double fits = (width - 32) / (0.56 * pixels * tren_text_columns(title, strlen(title)));
    fputs("set label ", p->out);
    tren_plot_text(p->out, title);
    fprintf(p->out, " at screen %.5f,%.5f left font ',%.1f' front\n", 16.0 / width,
            1 - 20.0 / p->height, fmin(16 / pixels, fits));
}

static int rows_of_key(const picture *p, const tren_panel *panel) {
    int n = 0, columns = columns_of(p, panel);
    for (int i = 0; i < TREN_MAX_SERIES && panel->series[i].y; i++)
        n += panel->series[i].label.en && has_values(p, &panel->series[i]);
    return (n + columns - 1) / columns;
}

static void measure(picture *p) {
    for (int k = 0; k < p->n_panels; k++) {
        int rows = rows_of_key(p, &p->experiment->panel[p->first + k]);
        if (rows > p->key_rows) p->key_rows = rows;
    }
    p->height = (p->titled ? TITLE : 0) + ABOVE + PLOT_HEIGHT + BELOW + KEY_ROW * p->key_rows;
}

static void put_script(picture *p) {
    FILE *out = p->out;
    int width = PANEL_WIDTH * p->n_panels;
    measure(p);
    put_terminal(p, width);
    for (int k = 0; k < p->n_panels; k++) {
        const tren_panel *panel = &p->experiment->panel[p->first + k];
        for (int i = 0; i < TREN_MAX_SERIES && panel->series[i].y; i++)
            put_series(p, &panel->series[i], k, i);
    }
    fputs("set border 3 lw 1 lc rgb '#555555'\nset tics nomirror scale 0.5\n"
          "set grid back lt 1 lw 1 lc rgb '#e6e6e6'\nset multiplot\n",
          out);
    double top = (p->titled ? TITLE : 0) + ABOVE, bottom = BELOW + KEY_ROW * p->key_rows;
    fprintf(out, "set tmargin at screen %.5f\nset bmargin at screen %.5f\n", 1 - top / p->height,
            bottom / p->height);
    if (p->titled) put_title(p, width);
    for (int k = 0; k < p->n_panels; k++) {
        put_panel(p, k);
        fputs("unset label\n", out);
    }
    fputs("unset multiplot\n", out);
}

static tren_status read_result(picture *p, const tren_experiment *e, const char *out) {
    char path[TREN_MAX_PATH];
    tren_lab_state state;
    TREN_TRY(tren_lab_look(&state, e, out));
    p->setting = state.setting;
    snprintf(path, sizeof path, "%s/%s/curve.csv", out, e->name);
    TREN_TRY(tren_table_read(&p->curve, path));
    snprintf(path, sizeof path, "%s/%s/points.csv", out, e->name);
    return tren_table_read(&p->points, path);
}

int tren_lab_panels(const tren_experiment *e) {
    int n = 0;
    while (n < TREN_MAX_PANELS && e->panel[n].series[0].y) n++;
    return n;
}

tren_status tren_lab_draw(const tren_experiment *e, const char *out, const char *path,
                          tren_language language, int panel) {
    char notes[1024];
    picture p = {.out = tmpfile(),
                 .language = language,
                 .experiment = e,
                 .kind = tren_picture_kind_of(path)};
    if (!p.out)
        return tren_fail(TREN_ERR_ENV, "cannot write a temporary file: %s", tren_why(errno));
    p.titled = panel < 0;
    p.first = panel < 0 ? 0 : panel;
    p.n_panels = panel < 0 ? tren_lab_panels(e) : 1;
    tren_status st = read_result(&p, e, out);
    if (st == TREN_OK) {
        put_script(&p);
        st = tren_picture_draw(p.out, path, true, notes, sizeof notes);
    }
    fclose(p.out);
    tren_table_close(&p.curve);
    tren_table_close(&p.points);
    return st;
}
