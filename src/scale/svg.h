/* Private to scale: pictures as SVG, drawn into a page. Lengths in pixels of the picture. */
#ifndef TREN_SCALE_SVG_H
#define TREN_SCALE_SVG_H

#include "tren/base.h"

typedef struct tren_axis_of {
    double lo, hi;
    bool log; /* lo > 0 */
} tren_axis_of;

/* A frame with two axes; points are given in their units. */
typedef struct tren_svg {
    FILE *out; /* not owned */
    double left, top, width, height;
    tren_axis_of x, y;
} tren_svg;

enum { SVG_WIDTH = 760, SVG_HEIGHT = 360 };

/* Opens the picture, for readers that do not see it with `label`, and sets the frame. */
void svg_open(tren_svg *svg, FILE *out, const char *label);
void svg_close(const tren_svg *svg);
void svg_text(const tren_svg *svg, double px, double py, const char *anchor, const char *text);
/* The frame, a grid and the names of the axes. */
void svg_axes(const tren_svg *svg, const char *x_name, const char *y_name);
void svg_tick_x(const tren_svg *svg, double x, const char *text);
void svg_ticks_y(const tren_svg *svg); /* numbers that people like */
double svg_x(const tren_svg *svg, double x);
double svg_y(const tren_svg *svg, double y);
/* style: SVG attributes, such as "stroke='#888'". What is not finite is left out. */
void svg_line(const tren_svg *svg, const double *x, const double *y, int n, const char *style);
/* Between y and z. */
void svg_band(const tren_svg *svg, const double *x, const double *y, const double *z, int n,
              const char *style);
void svg_dot(const tren_svg *svg, double x, double y, double radius, const char *style);
void svg_whisker(const tren_svg *svg, double x, double lo, double hi, const char *style);
/* A rectangle from y = lo to hi, `wide` pixels about x. */
void svg_bar(const tren_svg *svg, double x, double wide, double lo, double hi, const char *style);
/* The k-th entry of the key to the right of the frame. */
void svg_key(const tren_svg *svg, int k, const char *style, const char *text);

#endif
