#include "cli/bench_roofline.h"
#include "cli/gnuplot.h"
#include "cli/out_file.h"
#include "cli/plot_script.h"
#include "base/why.h"

#include <errno.h>
#include <math.h>
#include <string.h>

enum { WIDTH = 980, HEIGHT = 600, LEFT = 78, RIGHT = 300, TOP = 84, BOTTOM = 62 };
enum { KEY_LEFT = WIDTH - RIGHT + 24, KEY_TOP = 96, KEY_LINE = 18 };
#define PI 3.14159265358979323846

/* Filled: directly or unfolded; hollow: by Winograd's way. */
static const struct {
    const char *name, *colour;
    int filled, hollow;
} mark[BENCH_N_PASSES] = {{"forward", "#1f6fb4", 7, 6},
                          {"weight gradient", "#d1571b", 5, 4},
                          {"data gradient", "#2f8f4e", 9, 8}};

typedef struct roofline {
    FILE *out; /* the script */
    const bench_layers *layers;
    const bench_ceilings *ceilings;
    tren_plot_range x, y;
    tren_picture_kind kind;
} roofline;

static double intensity(const bench_row *r) {
    return r->flop / r->bytes;
}
static double gflops(const bench_row *r) {
    return r->flop / r->seconds * 1e-9;
}
static bool is_drawn(const bench_row *r) {
    return r->flop > 0;
}

/* ---- ranges and places ----------------------------------------------------------------------- */

static void extend(tren_plot_range *r, double value) {
    if (value < r->low) r->low = value;
    if (value > r->high) r->high = value;
}

static void find_ranges(roofline *p) {
    p->x = p->y = tren_plot_empty;
    for (int i = 0; i < p->layers->n_rows; i++) {
        const bench_row *r = &p->layers->row[i];
        if (!is_drawn(r)) continue;
        extend(&p->x, intensity(r));
        extend(&p->y, gflops(r));
    }
    for (int i = 0; i < BENCH_N_MEMORIES; i++) /* where the roofs bend */
        extend(&p->x, p->ceilings->peak / p->ceilings->memory[i].gbytes);
    extend(&p->y, p->ceilings->peak);
    p->x = (tren_plot_range){p->x.low / 2.2, p->x.high * 1.8};
    p->y = (tren_plot_range){p->y.low / 1.8, p->y.high * 1.8};
}

/* The angle at which a line of slope 1 is seen. */
static double slope_angle(const roofline *p) {
    double across = (WIDTH - LEFT - RIGHT) / log10(p->x.high / p->x.low);
    double along = (HEIGHT - TOP - BOTTOM) / log10(p->y.high / p->y.low);
    return atan2(along, across) * 180 / PI;
}

static void put_text_at(const roofline *p, const char *text, int left, int top, int size) {
    fputs("set label ", p->out);
    tren_plot_text(p->out, text);
    fprintf(p->out, " at screen %.5f,%.5f left font ',%d' tc rgb '#333333' front\n",
            (double)left / WIDTH, 1 - (double)top / HEIGHT, size);
}

/* ---- roofs ----------------------------------------------------------------------------------- */

static void put_roofs(const roofline *p) {
    double peak = p->ceilings->peak;
    for (int i = 0; i < BENCH_N_MEMORIES; i++) {
        double speed = p->ceilings->memory[i].gbytes, low = p->x.low;
        if (low * speed < p->y.low) low = p->y.low / speed;
        fprintf(p->out, "$roof%d << EOD\n%.6g %.6g\n%.6g %.6g\nEOD\n", i, low, low * speed,
                peak / speed, peak);
        fprintf(p->out,
                "set label '%s %.0f GB/s' at %.6g,%.6g left rotate by %.2f offset 0.6,0.9 "
                "font ',10' tc rgb '#777777'\n",
                p->ceilings->memory[i].name, speed, low, low * speed, slope_angle(p));
    }
    double first = peak / p->ceilings->memory[0].gbytes;
    fprintf(p->out, "$peak << EOD\n%.6g %.6g\n%.6g %.6g\nEOD\n", first, peak, p->x.high, peak);
    fprintf(p->out,
            "set label '%.0f GFLOP/s of multiply-adds' at %.6g,%.6g left offset 1,0.7 font ',10' "
            "tc rgb '#777777'\n",
            peak, first, peak);
}

/* ---- points ---------------------------------------------------------------------------------- */

static bool is_winograd(const bench_row *r) {
    return strcmp(bench_row_way(r), "Winograd") == 0;
}

static int put_points(const roofline *p, int pass, bool winograd) {
    int n = 0;
    fprintf(p->out, "$points%d%d << EOD\n", pass, winograd);
    for (int i = 0; i < p->layers->n_rows; i++) {
        const bench_row *r = &p->layers->row[i];
        if (!is_drawn(r) || (int)r->pass != pass || is_winograd(r) != winograd) continue;
        fprintf(p->out, "%.6g %.6g\n", intensity(r), gflops(r));
        n++;
    }
    fputs("EOD\n", p->out);
    return n;
}

/* Most passes of a kind have one intensity: its number stands above the highest of them. */
static bool has_number(const bench_row *row, const bench_row *of_kind, int n) {
    for (int i = 0; i < n; i++) {
        double apart = intensity(&of_kind[i]) / intensity(row);
        if (apart > 0.98 && apart < 1.02 && gflops(&of_kind[i]) > gflops(row)) return false;
    }
    return true;
}

static void put_kind(const roofline *p, const bench_row *row, int n, int number) {
    char name[64], line[112], times[24] = "";
    for (int i = 0; i < n; i++)
        if (has_number(&row[i], row, n))
            fprintf(p->out,
                    "set label '%d' at %.6g,%.6g center offset 0,0.8 font ',10' tc rgb '#333333' "
                    "front\n",
                    number, intensity(&row[i]), gflops(&row[i]));
    if (row->n_layers > 1) snprintf(times, sizeof times, " (%d times)", row->n_layers);
    bench_layer_name(name, sizeof name, row->layer);
    snprintf(line, sizeof line, "%d   %s%s", number, name, times);
    put_text_at(p, line, KEY_LEFT, KEY_TOP + (BENCH_N_PASSES + 2 + number) * KEY_LINE,
                p->kind != TREN_PICTURE_SVG ? 9 : 12);
}

static void put_kinds(const roofline *p) {
    const bench_row *row = p->layers->row;
    for (int i = 0, n, number = 1; i < p->layers->n_rows; i += n) {
        for (n = 1; i + n < p->layers->n_rows && row[i + n].layer == row[i].layer;) n++;
        if (is_drawn(&row[i])) put_kind(p, &row[i], n, number++);
    }
}

/* ---- the picture ----------------------------------------------------------------------------- */

static void put_head(const roofline *p, const char *subtitle) {
    tren_picture_begin(p->out, p->kind, WIDTH, HEIGHT);
    fputs("set border 3 lw 1 lc rgb '#777777'\nset tics nomirror scale 0.5 tc rgb '#333333'\n"
          "set grid back lt 1 lw 1 lc rgb '#e6e6e6'\nset logscale xy\n",
          p->out);
    fprintf(p->out, "set lmargin at screen %.5f\nset rmargin at screen %.5f\n",
            (double)LEFT / WIDTH, (double)(WIDTH - RIGHT) / WIDTH);
    fprintf(p->out, "set tmargin at screen %.5f\nset bmargin at screen %.5f\n",
            1 - (double)TOP / HEIGHT, (double)BOTTOM / HEIGHT);
    fprintf(p->out, "set xrange [%.6g:%.6g]\nset yrange [%.6g:%.6g]\n", p->x.low, p->x.high,
            p->y.low, p->y.high);
    tren_plot_log_tics(p->out, "x", p->x, 0);
    tren_plot_log_tics(p->out, "y", p->y, 0);
    fprintf(p->out,
            "set key at screen %.5f,%.5f left top Left reverse samplen 1 spacing 1.25 font ',%d'\n",
            (double)(KEY_LEFT - 12) / WIDTH, 1 - (double)(KEY_TOP - 10) / HEIGHT,
            p->kind != TREN_PICTURE_SVG ? 9 : 12);
    fputs("set xlabel 'arithmetic intensity, FLOP for a byte that must be read or written'\n"
          "set ylabel 'GFLOP/s, plain count'\n",
          p->out);
    put_text_at(p, "What bounds each layer", 28, 28, p->kind != TREN_PICTURE_SVG ? 14 : 19);
    put_text_at(p, subtitle, 28, 54, p->kind != TREN_PICTURE_SVG ? 9 : 12);
}

static void put_script(const roofline *p, const char *subtitle) {
    int n[BENCH_N_PASSES][2];
    put_head(p, subtitle);
    put_roofs(p);
    for (int pass = 0; pass < BENCH_N_PASSES; pass++)
        for (int way = 0; way < 2; way++) n[pass][way] = put_points(p, pass, way);
    put_kinds(p);
    fputs("plot $peak using 1:2 with lines lw 1.5 lc rgb '#777777' notitle", p->out);
    for (int i = 0; i < BENCH_N_MEMORIES; i++)
        fprintf(p->out, ", $roof%d using 1:2 with lines lw 1.5 lc rgb '#777777' notitle", i);
    for (int pass = 0; pass < BENCH_N_PASSES; pass++) {
        for (int way = 0; way < 2; way++)
            if (n[pass][way] > 0)
                fprintf(p->out,
                        ", $points%d%d using 1:2 with points pt %d ps 0.9 lc rgb '%s' notitle",
                        pass, way, way ? mark[pass].hollow : mark[pass].filled, mark[pass].colour);
        fprintf(p->out, ", NaN with points pt %d ps 0.9 lc rgb '%s' title '%s'", mark[pass].filled,
                mark[pass].colour, mark[pass].name);
    }
    fputs(", NaN with points pt 6 ps 0.9 lc rgb '#333333' title 'hollow: Winograd'\n", p->out);
}

tren_status bench_roofline_check(const char *path, bool force) {
    tren_out_file file;
    TREN_TRY(tren_picture_check_ending("--plot", path));
    return tren_out_check(&file, path, force);
}

tren_status bench_roofline_draw(const char *path, bool force, const bench_layers *layers,
                                const bench_ceilings *ceilings, const char *subtitle) {
    char notes[1024];
    roofline p = {.layers = layers, .ceilings = ceilings, .kind = tren_picture_kind_of(path)};
    p.out = tmpfile();
    if (!p.out)
        return tren_fail(TREN_ERR_ENV, "cannot write a temporary file: %s", tren_why(errno));
    find_ranges(&p);
    put_script(&p, subtitle);
    tren_status st = tren_picture_draw(p.out, path, force, notes, sizeof notes);
    if (st == TREN_OK && notes[0])
        st = tren_fail(TREN_ERR_ENV,
                       "gnuplot warns: %s; install another version of gnuplot, or remove --plot",
                       notes);
    fclose(p.out);
    return st;
}
