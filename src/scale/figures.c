/* The pictures of a report. */
#include "scale/report.h"
#include "scale/svg.h"

#include <math.h>

#define MEASURED "#0072b2"
#define IDEAL    "#888888"
#define AMDAHL   "#cc79a7"
#define MESSAGES "#e69f00"

/* The rows of a mode that have launches. */
typedef struct rows_of {
    const tren_scale_row *row[TREN_SCALE_POINTS];
    int n;
    double ranks[TREN_SCALE_POINTS];
} rows_of;

static rows_of choose(const tren_scale_summary *s, tren_scale_mode mode) {
    rows_of r = {.n = 0};
    for (int i = 0; i < s->n_rows; i++) {
        if (s->row[i].point->mode != mode || s->row[i].n == 0) continue;
        r.ranks[r.n] = s->row[i].point->ranks;
        r.row[r.n++] = &s->row[i];
    }
    return r;
}

static void tick_ranks(const tren_svg *svg, const rows_of *r) {
    char text[16];
    for (int i = 0; i < r->n; i++) {
        snprintf(text, sizeof text, "%.0f", r->ranks[i]);
        svg_tick_x(svg, r->ranks[i], text);
    }
}

static void set_ranks(tren_svg *svg, const rows_of *r) {
    svg->x = (tren_axis_of){r->ranks[0] * 0.85, r->ranks[r->n - 1] * 1.18, true};
}

/* ---- speed-up of strong scaling, efficiency of weak scaling -----------------------------------
 */

/* What `seconds` would be on the axis: the speed-up, or of weak scaling the efficiency. */
static double on_axis(const tren_scale_row *first, double seconds) {
    return first->step.median / seconds;
}

static double largest(const rows_of *r) {
    double most = 1;
    for (int i = 0; i < r->n; i++) {
        for (int k = 0; k < r->row[i]->n; k++)
            most = fmax(most, on_axis(r->row[0], r->row[i]->launch[k]));
        most = fmax(most, on_axis(r->row[0], r->row[i]->ideal));
    }
    return most;
}

static double smallest(const rows_of *r) {
    double least = 1;
    for (int i = 0; i < r->n; i++)
        for (int k = 0; k < r->row[i]->n; k++)
            least = fmin(least, on_axis(r->row[0], r->row[i]->launch[k]));
    return least;
}

static void draw_bounds(const tren_svg *svg, const rows_of *r, bool amdahl) {
    double ideal[TREN_SCALE_POINTS], law[TREN_SCALE_POINTS], hidden[TREN_SCALE_POINTS],
        exposed[TREN_SCALE_POINTS];
    for (int i = 0; i < r->n; i++) {
        ideal[i] = on_axis(r->row[0], r->row[i]->ideal);
        law[i] = on_axis(r->row[0], r->row[i]->amdahl);
        hidden[i] = on_axis(r->row[0], r->row[i]->hidden);
        exposed[i] = on_axis(r->row[0], r->row[i]->exposed);
    }
    svg_band(svg, r->ranks, hidden, exposed, r->n,
             "fill='" MESSAGES "' fill-opacity='0.3' stroke='" MESSAGES "'");
    svg_line(svg, r->ranks, ideal, r->n, "stroke='" IDEAL "' stroke-dasharray='6 4'");
    if (amdahl) svg_line(svg, r->ranks, law, r->n, "stroke='" AMDAHL "' stroke-width='1.5'");
}

static void draw_launches(const tren_svg *svg, const rows_of *r) {
    for (int i = 0; i < r->n; i++) {
        const tren_scale_row *row = r->row[i], *first = r->row[0];
        for (int k = 0; k < row->n; k++)
            svg_dot(svg, r->ranks[i] * (1 + 0.012 * (k % 5 - 2)), on_axis(first, row->launch[k]),
                    2.5, "fill='" MEASURED "' fill-opacity='0.35'");
        svg_whisker(svg, r->ranks[i], on_axis(first, row->step.hi), on_axis(first, row->step.lo),
                    "stroke='" MEASURED "' stroke-width='1.5'");
        svg_dot(svg, r->ranks[i], on_axis(first, row->step.median), 4.5,
                "fill='white' stroke='" MEASURED "' stroke-width='2'");
    }
}

static void put_key(const tren_svg *svg, const tren_scale_summary *s, bool amdahl) {
    char law[48];
    svg_key(svg, 0, "fill='" MEASURED "' fill-opacity='0.35'", "a launch");
    svg_key(svg, 1, "fill='white' stroke='" MEASURED "' stroke-width='2'", "median, 95 % interval");
    svg_key(svg, 2, "fill='" IDEAL "'", "ideal");
    svg_key(svg, 3, "fill='" MESSAGES "' fill-opacity='0.4'", "alpha-beta: hidden...not");
    snprintf(law, sizeof law, "Amdahl, %.1f %% serial", 100 * s->serial);
    if (amdahl) svg_key(svg, 4, "fill='" AMDAHL "'", law);
}

static void put_scaling(FILE *out, const tren_scale_summary *s, tren_scale_mode mode) {
    rows_of r = choose(s, mode);
    tren_svg svg;
    bool strong = mode == TREN_SCALE_STRONG, amdahl = strong && isfinite(s->serial);
    if (r.n < 1) return;
    svg_open(&svg, out,
             strong ? "Strong scaling: speed-up over ranks"
                    : "Weak scaling: efficiency over ranks");
    set_ranks(&svg, &r);
    svg.y = strong ? (tren_axis_of){0.85 * smallest(&r), 1.15 * largest(&r), true}
                   : (tren_axis_of){0, 1.1 * largest(&r), false};
    svg_ticks_y(&svg);
    tick_ranks(&svg, &r);
    draw_bounds(&svg, &r, amdahl);
    draw_launches(&svg, &r);
    svg_axes(&svg, "ranks", strong ? "speed-up" : "efficiency");
    put_key(&svg, s, amdahl);
    svg_close(&svg);
}

void scale_put_strong(FILE *out, const tren_scale_summary *s) {
    put_scaling(out, s, TREN_SCALE_STRONG);
}
void scale_put_weak(FILE *out, const tren_scale_summary *s) {
    put_scaling(out, s, TREN_SCALE_WEAK);
}

/* ---- where the time goes, and how it is spread ------------------------------------------------
 */

static const char *const colour[TREN_N_PHASES] = {"#bbbbbb", "#999999", "#0072b2", "#56b4e9",
                                                  "#d55e00", "#e69f00", "#009e73", "#cc79a7"};

/* One column for each row that has launches. */
static int set_columns(tren_svg *svg, const tren_scale_summary *s, double most) {
    int n = 0;
    for (int i = 0; i < s->n_rows; i++) n += s->row[i].n > 0;
    svg->x = (tren_axis_of){0, n, false};
    svg->y = (tren_axis_of){0, 1.05 * most, false};
    return n;
}

static void tick_row(const tren_svg *svg, const tren_scale_row *row, int column) {
    char text[32];
    snprintf(text, sizeof text, "%s %d", tren_scale_mode_name[row->point->mode], row->point->ranks);
    svg_tick_x(svg, column + 0.5, text);
}

static double sum_of(const tren_scale_phases *phase) {
    double sum = 0;
    for (int i = 0; i < TREN_N_PHASES; i++) sum += phase->at[i];
    return sum;
}

void scale_put_split(FILE *out, const tren_scale_summary *s) {
    tren_svg svg;
    double most = 0;
    int column = 0;
    for (int i = 0; i < s->n_rows; i++)
        if (s->row[i].n > 0) most = fmax(most, 1e3 * sum_of(&s->row[i].phase));
    if (most == 0) return;
    svg_open(&svg, out, "Where the time of a step goes");
    int n = set_columns(&svg, s, most);
    double wide = fmin(40, 0.6 * svg.width / n);
    svg_ticks_y(&svg);
    for (int i = 0; i < s->n_rows; i++) {
        double at = 0;
        if (s->row[i].n == 0) continue;
        tick_row(&svg, &s->row[i], column);
        for (int k = 0; k < TREN_N_PHASES; k++) {
            char style[32];
            double end = at + 1e3 * s->row[i].phase.at[k];
            snprintf(style, sizeof style, "fill='%s'", colour[k]);
            svg_bar(&svg, column + 0.5, wide, at, end, style);
            at = end;
        }
        column++;
    }
    svg_axes(&svg, "point", "ms a step, mean over ranks");
    for (int k = TREN_PHASE_DATA; k <= TREN_PHASE_UPDATE; k++) {
        char style[32];
        snprintf(style, sizeof style, "fill='%s'", colour[k]);
        svg_key(&svg, TREN_PHASE_UPDATE - k, style, tren_phase_name[k]);
    }
    svg_close(&svg);
}

void scale_put_steps(FILE *out, const tren_scale_summary *s) {
    tren_svg svg;
    double most = 0;
    int column = 0;
    for (int i = 0; i < s->n_rows; i++)
        if (s->row[i].n > 0) most = fmax(most, fmin(s->row[i].most, 4 * s->row[i].p95));
    if (most == 0) return;
    svg_open(&svg, out, "The times of single steps");
    int n = set_columns(&svg, s, 1e3 * most);
    double wide = fmin(40, 0.6 * svg.width / n);
    svg_ticks_y(&svg);
    for (int i = 0; i < s->n_rows; i++) {
        const tren_scale_row *row = &s->row[i];
        if (row->n == 0) continue;
        double x = column++ + 0.5;
        tick_row(&svg, row, column - 1);
        svg_bar(&svg, x, wide, 1e3 * row->p50, 1e3 * row->p95, "fill='#56b4e9'");
        svg_whisker(&svg, x, 1e3 * row->p95, 1e3 * row->most, "stroke='#56b4e9'");
        for (int k = 0; k < row->n; k++)
            svg_dot(&svg, x + 0.04 * (k % 5 - 2), 1e3 * row->launch[k], 2.5,
                    "fill='" MEASURED "' fill-opacity='0.5'");
    }
    svg_axes(&svg, "point", "ms a step");
    svg_key(&svg, 0, "fill='#56b4e9'", "p50 to p95; line: max");
    svg_key(&svg, 1, "fill='" MEASURED "' fill-opacity='0.5'", "mean step of a launch");
    svg_close(&svg);
}
