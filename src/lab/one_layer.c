#include "lab/one_layer.h"
#include "base/series.h"

#include <math.h>

lab_one_layer lab_one_layer_of(const tren_graph *graph, const real *value, bool relu) {
    const tren_param *p = graph->param;
    return (lab_one_layer){.m = p[0].dim[0],
                           .relu = relu,
                           .w = value + p[0].at.off,
                           .b = value + p[1].at.off,
                           .v = value + p[2].at.off,
                           .c = (double)value[p[3].at.off]};
}

double lab_one_layer_at(const lab_one_layer *net, double x) {
    double y = net->c;
    for (int i = 0; i < net->m; i++) {
        double z = (double)net->w[i] * x + (double)net->b[i];
        y += (double)net->v[i] * (net->relu ? fmax(z, 0) : series_tanh(z));
    }
    return y;
}
