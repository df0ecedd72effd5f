/* What the machine would allow at best. */
#include "tren/scale.h"

#include <math.h>

/* Messages of the deepest path of a tree over n. */
static int rounds(int n) {
    int k = 0;
    while (1 << k < n) k++;
    return k;
}

static double along(const tren_link *link, int parties, double bytes) {
    if (parties < 2) return 0;
    double p = parties;
    return 2 * rounds(parties) * link->latency + 2 * (p - 1) / p * bytes * link->per_byte;
}

/* A node's ranks share its card: the values cross it once each way, however many ranks there are.
 */
double tren_scale_reduce_bound(double values, int ranks, int nodes, const tren_link *node,
                               const tren_link *network) {
    double bytes = values * sizeof(real);
    int local = (ranks + nodes - 1) / nodes;
    return along(node, local, bytes) + along(network, nodes, bytes);
}

double tren_scale_amdahl(const int *ranks, const double *seconds, int n) {
    double above = 0, below = 0;
    if (n < 2) return NAN;
    for (int i = 1; i < n; i++) {
        double p = (double)ranks[i] / ranks[0], y = seconds[i] / seconds[0];
        double a = 1 - 1 / p, w = 1 / (y * y);
        above += w * a * (y - 1 / p);
        below += w * a * a;
    }
    return fmin(1, fmax(0, above / below));
}
