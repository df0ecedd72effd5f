/* Private to lab: the twelve points of I1, what interpolates them, and how far from them a network
 * is. */
#ifndef TREN_LAB_DOTS_H
#define TREN_LAB_DOTS_H

#include "lab/one_layer.h"

enum { LAB_DOTS = 12, LAB_DOTS_GRID = 2001 };
#define LAB_DOTS_RANGE 5.0 /* x lies between -5 and 5 */

typedef struct lab_dots {
    double x[LAB_DOTS], y[LAB_DOTS]; /* ascending in x */
} lab_dots;

/* 2 (1 - exp(-|x + sin x|)). */
double lab_dots_truth(double x);
/* From the training part of a dataset that holds so many rows of one column. */
tren_status lab_dots_read(lab_dots *dots, const char *path);
static inline bool lab_dots_within(const lab_dots *d, double x) {
    return x >= d->x[0] && x <= d->x[LAB_DOTS - 1];
}
/* Place i of an even grid over the whole range. */
static inline double lab_dots_place(int i) {
    return LAB_DOTS_RANGE * (2.0 * i / (LAB_DOTS_GRID - 1) - 1);
}

/* Straight lines between the points, and on beyond the outer ones. */
double lab_dots_spline(const lab_dots *dots, double x);
/* The polynomial of degree 11 through all of them (Lagrange). */
double lab_dots_polynomial(const lab_dots *dots, double x);
/* Its largest distance from the true function, at places of the grid between the outer points. */
double lab_dots_polynomial_off(const lab_dots *dots);

/* Roughness is the total variation of the slope between the outer points. The spline's: no function
 * through the points has less, as by the mean value theorem its slope takes each of the spline's in
 * turn. */
double lab_dots_least_roughness(const lab_dots *dots);
/* Roughness as the eye sees it, of secants over a fortieth of the range: never more than the exact
 * one. The spline's. */
double lab_dots_seen_roughness(const lab_dots *dots);

typedef struct lab_fit {
    const lab_dots *dots; /* not owned */
    double y[LAB_DOTS_GRID];
    double mse;                          /* at the points */
    double to_truth, to_spline, largest; /* root mean squares between the outer points; the largest
                                            distance from the true function */
    double roughness, seen;              /* exact, from the kinks of the units; as the eye has it */
} lab_fit;
/* Fills all but the dots. The network's units are relu. */
void lab_fit_look(lab_fit *fit, const lab_one_layer *net);

#endif
