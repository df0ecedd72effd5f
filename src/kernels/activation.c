#include "kernels/level.h"
#include "kernels/table.h"
#include "kernels/vmath.h"

/* Forward loops run over whole rows; y and z are either the same array or disjoint, which ivdep
 * tells. */

static void add_bias(real *z, const real *b, int n, int m) {
    for (int i = 0; i < n; i++)
        for (int j = 0; j < m; j++) z[(size_t)i * m + j] += b[j];
}

static void identity_forward(real *y, real *z, const real *b, int n, int m) {
    if (b) add_bias(z, b, n, m);
    if (y != z) memcpy(y, z, (size_t)n * m * sizeof *y);
}

static void identity_backward(real *dy, const real *y, const real *z, size_t size) {
    (void)dy, (void)y, (void)z, (void)size;
}

/* Not a number stays so: a relu that made it 0 would hide that a training has diverged. */
static void bias_relu(real *y, const real *z, const real *b, int n, int m) {
    for (int i = 0; i < n; i++) {
        size_t row = (size_t)i * m;
        IVDEP
        for (int j = 0; j < m; j++) {
            real v = z[row + j] + b[j];
            y[row + j] = v < 0 ? 0 : v;
        }
    }
}

static void relu_plain(real *y, const real *z, size_t size) {
    IVDEP
    for (size_t i = 0; i < size; i++) y[i] = z[i] < 0 ? 0 : z[i];
}

static void relu_forward(real *y, real *z, const real *b, int n, int m) {
    if (b)
        bias_relu(y, z, b, n, m);
    else
        relu_plain(y, z, (size_t)n * m);
}

static void relu_backward(real *dy, const real *y, const real *z, size_t size) {
    (void)z;
    IVDEP
    for (size_t i = 0; i < size; i++) dy[i] = y[i] > 0 ? dy[i] : 0;
}

static void map_tanh(real *y, const real *z, size_t size) {
    IVDEP
    for (size_t i = 0; i < size; i++) y[i] = vtanh(z[i]);
}

static void tanh_forward(real *y, real *z, const real *b, int n, int m) {
    if (b) add_bias(z, b, n, m);
    map_tanh(y, z, (size_t)n * m);
}

static void tanh_backward(real *dy, const real *y, const real *z, size_t size) {
    (void)z;
    IVDEP
    for (size_t i = 0; i < size; i++) dy[i] *= 1 - y[i] * y[i];
}

static const real sqrt_half = (real)0.70710678118654752440;
static const real inv_sqrt_2pi = (real)0.39894228040143267794;

static void map_gelu(real *y, const real *z, size_t size) {
    IVDEP
    for (size_t i = 0; i < size; i++) {
        real v = z[i];
        y[i] = v * ((real)0.5 * (1 + verf(v * sqrt_half)));
    }
}

/* gelu(z) = z Phi(z), Hendrycks & Gimpel 2016. */
static void gelu_forward(real *y, real *z, const real *b, int n, int m) {
    if (b) add_bias(z, b, n, m);
    map_gelu(y, z, (size_t)n * m);
}

static inline real gelu_slope(real v, real cdf) {
    return cdf + v * (inv_sqrt_2pi * vexp((real)-0.5 * v * v));
}

static void gelu_backward(real *dy, const real *y, const real *z, size_t size) {
    (void)y;
    IVDEP
    for (size_t i = 0; i < size; i++)
        dy[i] *= gelu_slope(z[i], (real)0.5 * (1 + verf(z[i] * sqrt_half)));
}

static void gelu_forward_slope(real *y, real *z, const real *b, int n, int m) {
    for (int i = 0; i < n; i++, y += m, z += m) {
        IVDEP
        for (int j = 0; j < m; j++) {
            real v = z[j] + b[j], cdf = (real)0.5 * (1 + verf(v * sqrt_half));
            y[j] = v * cdf;
            z[j] = gelu_slope(v, cdf);
        }
    }
}

const tren_activation_kernels LEVEL(activations)[TREN_N_ACTIVATIONS] = {
    [TREN_ACTIVATION_IDENTITY] = {identity_forward, identity_backward, NULL},
    [TREN_ACTIVATION_RELU] = {relu_forward, relu_backward, NULL},
    [TREN_ACTIVATION_TANH] = {tanh_forward, tanh_backward, NULL},
    [TREN_ACTIVATION_GELU] = {gelu_forward, gelu_backward, gelu_forward_slope},
};
