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

/* ---- by a function of one number --------------------------------------------------------------
 */

typedef real (*function)(real v);

ALWAYS_INLINE void forward_by(function f, real *y, real *z, const real *b, int n, int m) {
    if (b) add_bias(z, b, n, m);
    size_t size = (size_t)n * m;
    IVDEP
    for (size_t i = 0; i < size; i++) y[i] = f(z[i]);
}

/* `at` is y or z. */
ALWAYS_INLINE void backward_by(function slope, real *dy, const real *at, size_t size) {
    IVDEP
    for (size_t i = 0; i < size; i++) dy[i] *= slope(at[i]);
}

static const real leak = (real)0.01;

ALWAYS_INLINE real leaky_relu(real z) {
    return z < 0 ? leak * z : z;
}
ALWAYS_INLINE real leaky_relu_slope(real y) {
    return y > 0 ? 1 : leak;
}
static void leaky_relu_forward(real *y, real *z, const real *b, int n, int m) {
    forward_by(leaky_relu, y, z, b, n, m);
}
static void leaky_relu_backward(real *dy, const real *y, const real *z, size_t size) {
    (void)z;
    backward_by(leaky_relu_slope, dy, y, size);
}

ALWAYS_INLINE real elu(real z) {
    real below = vexpm1(z < 0 ? z : 0);
    return z < 0 ? below : z;
}
ALWAYS_INLINE real elu_slope(real y) {
    return y > 0 ? 1 : y + 1;
}
static void elu_forward(real *y, real *z, const real *b, int n, int m) {
    forward_by(elu, y, z, b, n, m);
}
static void elu_backward(real *dy, const real *y, const real *z, size_t size) {
    (void)z;
    backward_by(elu_slope, dy, y, size);
}

ALWAYS_INLINE real sigmoid(real z) {
    return 1 / (1 + vexp(-z));
}
ALWAYS_INLINE real sigmoid_slope(real y) {
    return y * (1 - y);
}
static void sigmoid_forward(real *y, real *z, const real *b, int n, int m) {
    forward_by(sigmoid, y, z, b, n, m);
}
static void sigmoid_backward(real *dy, const real *y, const real *z, size_t size) {
    (void)z;
    backward_by(sigmoid_slope, dy, y, size);
}

ALWAYS_INLINE real silu(real z) {
    return z * sigmoid(z);
}
/* s (1 + z (1 - s)), where 1 - s is the sigmoid of -z: by subtraction it would lose its digits. */
ALWAYS_INLINE real silu_slope(real z) {
    real e = vexp(z < 0 ? z : -z), large = 1 / (1 + e), small = e * large;
    return z < 0 ? small * (1 + z * large) : large * (1 + z * small);
}
static void silu_forward(real *y, real *z, const real *b, int n, int m) {
    forward_by(silu, y, z, b, n, m);
}
static void silu_backward(real *dy, const real *y, const real *z, size_t size) {
    (void)y;
    backward_by(silu_slope, dy, z, size);
}

/* log(1 + e^z), so that no exponential overflows. */
ALWAYS_INLINE real softplus(real z) {
    real distance = z < 0 ? z : -z;
    return (z < 0 ? 0 : z) + vlog1p(vexp(distance));
}
static void softplus_forward(real *y, real *z, const real *b, int n, int m) {
    forward_by(softplus, y, z, b, n, m);
}
static void softplus_backward(real *dy, const real *y, const real *z, size_t size) {
    (void)y;
    backward_by(sigmoid, dy, z, size);
}

const tren_activation_kernels LEVEL(activations)[TREN_N_ACTIVATIONS] = {
    [TREN_ACTIVATION_IDENTITY] = {identity_forward, identity_backward, NULL},
    [TREN_ACTIVATION_RELU] = {relu_forward, relu_backward, NULL},
    [TREN_ACTIVATION_TANH] = {tanh_forward, tanh_backward, NULL},
    [TREN_ACTIVATION_GELU] = {gelu_forward, gelu_backward, gelu_forward_slope},
    [TREN_ACTIVATION_LEAKY_RELU] = {leaky_relu_forward, leaky_relu_backward, NULL},
    [TREN_ACTIVATION_ELU] = {elu_forward, elu_backward, NULL},
    [TREN_ACTIVATION_SILU] = {silu_forward, silu_backward, NULL},
    [TREN_ACTIVATION_SIGMOID] = {sigmoid_forward, sigmoid_backward, NULL},
    [TREN_ACTIVATION_SOFTPLUS] = {softplus_forward, softplus_backward, NULL},
};
