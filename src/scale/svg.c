#include "scale/svg.h"
#include "base/quote.h"
#include "base/series.h"

#include <math.h>

static double place(const tren_axis_of *axis, double v) {
    if (!axis->log) return (v - axis->lo) / (axis->hi - axis->lo);
    return series_log(v / axis->lo) / series_log(axis->hi / axis->lo);
}

double svg_x(const tren_svg *svg, double x) {
    return svg->left + svg->width * place(&svg->x, x);
}
double svg_y(const tren_svg *svg, double y) {
    double at = svg->y.log && y < svg->y.lo ? 0 : place(&svg->y, y);
    return svg->top + svg->height * (1 - fmin(1.02, fmax(0, at)));
}

void svg_open(tren_svg *svg, FILE *out, const char *label) {
    svg->out = out;
    svg->left = 70;
    svg->top = 15;
    svg->width = SVG_WIDTH - 70 - 200;
    svg->height = SVG_HEIGHT - 15 - 50;
    fprintf(
        out,
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' role='img' aria-label='%s'>\n",
        SVG_WIDTH, SVG_HEIGHT, label);
}

void svg_close(const tren_svg *svg) {
    fputs("</svg>\n", svg->out);
}

void svg_text(const tren_svg *svg, double px, double py, const char *anchor, const char *text) {
    fprintf(svg->out, "<text x='%.1f' y='%.1f' text-anchor='%s'>", px, py, anchor);
    tren_put_html(svg->out, text);
    fputs("</text>\n", svg->out);
}

void svg_axes(const tren_svg *svg, const char *x_name, const char *y_name) {
    double bottom = svg->top + svg->height;
    fprintf(svg->out,
            "<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' fill='none' stroke='#444'/>\n",
            svg->left, svg->top, svg->width, svg->height);
    svg_text(svg, svg->left + svg->width / 2, bottom + 40, "middle", x_name);
    fprintf(svg->out,
            "<text transform='translate(16 %.1f) rotate(-90)' text-anchor='middle'>%s"
            "</text>\n",
            svg->top + svg->height / 2, y_name);
}

static void grid_line(const tren_svg *svg, double x1, double y1, double x2, double y2) {
    fprintf(svg->out, "<line x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f' stroke='#ddd'/>\n", x1, y1, x2,
            y2);
}

void svg_tick_x(const tren_svg *svg, double x, const char *text) {
    double px = svg_x(svg, x), bottom = svg->top + svg->height;
    grid_line(svg, px, svg->top, px, bottom);
    svg_text(svg, px, bottom + 18, "middle", text);
}

static void tick_y(const tren_svg *svg, double y) {
    char text[32];
    double py = svg_y(svg, y);
    snprintf(text, sizeof text, "%.4g", y);
    grid_line(svg, svg->left, py, svg->left + svg->width, py);
    svg_text(svg, svg->left - 6, py + 4, "end", text);
}

/* 1, 2 or 5 times a power of ten, so that there are 4 to 10 of them. */
static double nice_step(double range) {
    static const double factor[] = {1, 2, 5};
    double ten = 1;
    while (ten > range) ten /= 10;
    while (ten * 10 < range) ten *= 10;
    ten /= 10;
    for (;; ten *= 10)
        for (int i = 0; i < 3; i++)
            if (range / (factor[i] * ten) <= 8) return factor[i] * ten;
}

void svg_ticks_y(const tren_svg *svg) {
    if (svg->y.log) {
        double y = 1;
        while (y > svg->y.lo) y /= 2;
        for (; y <= svg->y.hi; y *= 2)
            if (y >= svg->y.lo) tick_y(svg, y);
        return;
    }
    double step = nice_step(svg->y.hi - svg->y.lo);
    for (int k = 0; svg->y.lo + k * step <= svg->y.hi * 1.0001; k++)
        tick_y(svg, svg->y.lo + k * step);
}

static bool is_point(const tren_svg *svg, double x, double y) {
    return isfinite(x) && isfinite(y) && (!svg->y.log || y > 0);
}

void svg_line(const tren_svg *svg, const double *x, const double *y, int n, const char *style) {
    fprintf(svg->out, "<polyline fill='none' %s points='", style);
    for (int i = 0; i < n; i++)
        if (is_point(svg, x[i], y[i]))
            fprintf(svg->out, "%.1f,%.1f ", svg_x(svg, x[i]), svg_y(svg, y[i]));
    fputs("'/>\n", svg->out);
}

void svg_band(const tren_svg *svg, const double *x, const double *y, const double *z, int n,
              const char *style) {
    fprintf(svg->out, "<polygon %s points='", style);
    for (int i = 0; i < n; i++)
        if (is_point(svg, x[i], y[i]))
            fprintf(svg->out, "%.1f,%.1f ", svg_x(svg, x[i]), svg_y(svg, y[i]));
    for (int i = n - 1; i >= 0; i--)
        if (is_point(svg, x[i], z[i]))
            fprintf(svg->out, "%.1f,%.1f ", svg_x(svg, x[i]), svg_y(svg, z[i]));
    fputs("'/>\n", svg->out);
}

void svg_dot(const tren_svg *svg, double x, double y, double radius, const char *style) {
    if (is_point(svg, x, y))
        fprintf(svg->out, "<circle cx='%.1f' cy='%.1f' r='%.1f' %s/>\n", svg_x(svg, x),
                svg_y(svg, y), radius, style);
}

void svg_whisker(const tren_svg *svg, double x, double lo, double hi, const char *style) {
    if (!is_point(svg, x, lo) || !is_point(svg, x, hi)) return;
    double px = svg_x(svg, x), a = svg_y(svg, lo), b = svg_y(svg, hi);
    fprintf(svg->out, "<path d='M%.1f %.1fH%.1fM%.1f %.1fV%.1fM%.1f %.1fH%.1f' fill='none' %s/>\n",
            px - 6, a, px + 6, px, a, b, px - 6, b, px + 6, style);
}

void svg_bar(const tren_svg *svg, double x, double wide, double lo, double hi, const char *style) {
    if (!is_point(svg, x, lo) || !is_point(svg, x, hi) || hi <= lo) return;
    double top = svg_y(svg, hi);
    fprintf(svg->out, "<rect x='%.1f' y='%.1f' width='%.1f' height='%.2f' %s/>\n",
            svg_x(svg, x) - wide / 2, top, wide, svg_y(svg, lo) - top, style);
}

void svg_key(const tren_svg *svg, int k, const char *style, const char *text) {
    double x = svg->left + svg->width + 12, y = svg->top + 10 + 20 * k;
    fprintf(svg->out, "<rect x='%.1f' y='%.1f' width='14' height='10' %s/>\n", x, y - 9, style);
    svg_text(svg, x + 20, y, "start", text);
}
