#include "base/series.h"

typedef struct pair {
    double high, low;
} pair;

/* The product and its rounding error, by halves of 26 bits. */
static pair exact_product(double a, double b) {
    const double splitter = 0x1p27 + 1;
    double s = splitter * a, a1 = s - (s - a), a2 = a - a1;
    double t = splitter * b, b1 = t - (t - b), b2 = b - b1;
    double p = a * b;
    return (pair){p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2};
}

static pair product(pair a, pair b) {
    pair p = exact_product(a.high, b.high);
    double low = p.low + (a.high * b.low + a.low * b.high), sum = p.high + low;
    return (pair){sum, low - (sum - p.high)};
}

double series_power(double x, uint64_t n) {
    pair y = {1, 0}, square = {x, 0};
    for (; n > 0; n >>= 1) {
        if (n & 1) y = product(y, square);
        if (n > 1) square = product(square, square);
    }
    return y.high;
}
