/* Private to lab: networks of one hidden layer and one input as functions that can be looked at. */
#ifndef TREN_LAB_ONE_LAYER_H
#define TREN_LAB_ONE_LAYER_H

#include "tren/lab.h"

/* y = sum_i v_i f(w_i x + b_i) + c, f tanh or relu. */
typedef struct lab_one_layer {
    int m;
    bool relu;
    const real *w, *b, *v; /* [m] not owned: in the values of a 1-m-1 network */
    double c;
} lab_one_layer;
lab_one_layer lab_one_layer_of(const tren_graph *graph, const real *value, bool relu);
double lab_one_layer_at(const lab_one_layer *net, double x);

#endif
