/* Updates of weights, element by element. */
#include "kernels/level.h"
#include "kernels/table.h"

#ifdef TREN_DOUBLE
#define root sqrt
#else
#define root sqrtf
#endif

void LEVEL(update_sgd)(real *w, const real *g, real keep, real rate, size_t n) {
    IVDEP
    for (size_t i = 0; i < n; i++) w[i] = keep * w[i] - rate * g[i];
}

void LEVEL(update_momentum)(real *w, real *v, const real *g, const tren_momentum_step *step,
                            size_t n) {
    tren_momentum_step s = *step;
    IVDEP
    for (size_t i = 0; i < n; i++) {
        v[i] = s.mu * v[i] + (s.scale * g[i] + s.decay * w[i]);
        w[i] -= s.rate * v[i];
    }
}

void LEVEL(update_settle)(real *w, real *v, const tren_momentum_step *step, size_t n) {
    tren_momentum_step s = *step;
    IVDEP
    for (size_t i = 0; i < n; i++) {
        v[i] += s.decay * w[i];
        w[i] -= s.rate * v[i];
    }
}

void LEVEL(update_nesterov)(real *w, real *v, const real *g, const tren_momentum_step *step,
                            size_t n) {
    tren_momentum_step s = *step;
    IVDEP
    for (size_t i = 0; i < n; i++) {
        real d = s.scale * g[i] + s.decay * w[i];
        v[i] = s.mu * v[i] + d;
        w[i] -= s.rate * (d + s.mu * v[i]);
    }
}

void LEVEL(update_adam)(real *w, real *m, real *v, const real *g, const tren_adam_step *step,
                        size_t n) {
    tren_adam_step s = *step;
    IVDEP
    for (size_t i = 0; i < n; i++) {
        real d = s.scale * g[i] + s.l2 * w[i];
        m[i] = s.beta1 * m[i] + s.one_less1 * d;
        v[i] = s.beta2 * v[i] + s.one_less2 * (d * d);
        w[i] = s.keep * w[i] - s.rate * (m[i] / (root(v[i]) * s.root_correction + s.epsilon));
    }
}

void LEVEL(walk)(real *restrict point, const real *restrict x, const real *restrict d, real step,
                 size_t n) {
    for (size_t i = 0; i < n; i++) point[i] = x[i] + step * d[i];
}

void LEVEL(turn)(real *restrict d, const real *restrict g, real gamma, size_t n) {
    for (size_t i = 0; i < n; i++) d[i] = gamma * d[i] - g[i];
}
