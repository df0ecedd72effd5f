/* Loops at the limits of a core. */
#include "kernels/level.h"

/* out [VL] */
ALWAYS_INLINE void run_chains(real *out, const real *a, const real *b, int n, const int chains) {
    vec sum[TREN_FMA_CHAINS], x = load(a), y = load(b), total = {0};
    for (int k = 0; k < chains; k++) sum[k] = x * (real)k;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < chains; k++) sum[k] = FMA(sum[k], x, y);
    for (int k = 0; k < chains; k++) total += sum[k];
    store(out, total);
}

void LEVEL(fma_chains)(real *restrict out, const real *restrict a, const real *restrict b, int n,
                       bool half) {
    if (half)
        run_chains(out, a, b, n, TREN_FMA_CHAINS / 2);
    else
        run_chains(out, a, b, n, TREN_FMA_CHAINS);
}

void LEVEL(triad)(real *restrict a, const real *restrict b, const real *restrict c, real s,
                  size_t n) {
    for (size_t i = 0; i < n; i++) a[i] = b[i] + s * c[i];
}
