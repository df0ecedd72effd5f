/* Products with a narrow side, the output layer's: at most 16 units, where a library's packing
 * costs more than the product. Each element is one chain of fused multiply-adds in the order of its
 * sum, whatever the number of rows, so rows may be stacked freely. Compiled with contraction,
 * unlike the rest: like a BLAS's, these bits belong to CPUs with FMA. */
#include "tren/kernels.h"
#include "kernels/clones.h"

#include <string.h>

enum { LANES = TREN_NARROW, ROWS = 8, BLOCK = 256, UNITS = 5, WIDE = 4 };
typedef real lanes __attribute__((vector_size(LANES * sizeof(real))));
typedef real lanes_in_memory
    __attribute__((vector_size(LANES * sizeof(real)), aligned(sizeof(real)), may_alias));

/* Unaligned vectors; macros, as vectors cannot be passed before the instruction set is known. */
#define LOAD(x)     (*(const lanes_in_memory *)(x))
#define STORE(x, v) (*(lanes_in_memory *)(x) = (v))

/* A constant number of rows keeps the sums in registers. */
static inline __attribute__((always_inline)) void forward_rows(real *y, const real *x,
                                                               const real *wt, int block,
                                                               tren_narrow_shape s, const int rows,
                                                               bool first) {
    lanes sum[ROWS] = {{0}};
    for (int r = 0; r < rows && !first; r++)
        for (int o = 0; o < s.out; o++) sum[r][o] = y[r * s.out + o];
    for (int k = 0; k < block; k++) {
        lanes w = LOAD(wt + k * LANES);
        for (int r = 0; r < rows; r++) sum[r] += w * x[(size_t)r * s.in + k];
    }
    for (int r = 0; r < rows; r++)
        for (int o = 0; o < s.out; o++) y[r * s.out + o] = sum[r][o];
}

TREN_KERNEL void tren_narrow_forward(real *restrict y, const real *restrict x,
                                     const real *restrict w, tren_narrow_shape s) {
    real wt[BLOCK * LANES]; /* [k, unit], 0 where there is no unit */
    memset(wt, 0, (size_t)(s.in < BLOCK ? s.in : BLOCK) * LANES * sizeof *wt);
    for (int k0 = 0; k0 < s.in; k0 += BLOCK) {
        int block = s.in - k0 < BLOCK ? s.in - k0 : BLOCK, i = 0;
        for (int o = 0; o < s.out; o++)
            for (int k = 0; k < block; k++) wt[k * LANES + o] = w[(size_t)o * s.in + k0 + k];
        for (; i + ROWS <= s.n; i += ROWS)
            forward_rows(y + (size_t)i * s.out, x + (size_t)i * s.in + k0, wt, block, s, ROWS,
                         k0 == 0);
        for (; i < s.n; i++)
            forward_rows(y + (size_t)i * s.out, x + (size_t)i * s.in + k0, wt, block, s, 1,
                         k0 == 0);
    }
}

static inline __attribute__((always_inline)) void input_tile(real *dx, const real *dy,
                                                             const real *w, tren_narrow_shape s,
                                                             const int rows) {
    lanes sum[ROWS] = {{0}};
    for (int o = 0; o < s.out; o++) {
        lanes b = LOAD(w + (size_t)o * s.in);
        for (int r = 0; r < rows; r++) sum[r] += b * dy[r * s.out + o];
    }
    for (int r = 0; r < rows; r++) STORE(dx + (size_t)r * s.in, sum[r]);
}

/* What is left beyond whole vectors is covered by one that ends with the row: computing an element
 * again gives it the same bits. */
static inline __attribute__((always_inline)) void input_rows(real *dx, const real *dy,
                                                             const real *w, tren_narrow_shape s,
                                                             const int rows) {
    int k = 0;
    for (; k + LANES <= s.in; k += LANES) input_tile(dx + k, dy, w + k, s, rows);
    if (k == s.in) return;
    if (s.in >= LANES) {
        input_tile(dx + s.in - LANES, dy, w + s.in - LANES, s, rows);
        return;
    }
    for (; k < s.in; k++)
        for (int r = 0; r < rows; r++) {
            real sum = 0;
            for (int o = 0; o < s.out; o++) sum += w[(size_t)o * s.in + k] * dy[r * s.out + o];
            dx[(size_t)r * s.in + k] = sum;
        }
}

TREN_KERNEL void tren_narrow_input(real *restrict dx, const real *restrict dy,
                                   const real *restrict w, tren_narrow_shape s) {
    int i = 0;
    for (; i + ROWS <= s.n; i += ROWS)
        input_rows(dx + (size_t)i * s.in, dy + (size_t)i * s.out, w, s, ROWS);
    for (; i < s.n; i++) input_rows(dx + (size_t)i * s.in, dy + (size_t)i * s.out, w, s, 1);
}

/* dw of `units` units and `wide` vectors of inputs; of the first vector, lanes below `skip` are
 * left alone. */
static inline __attribute__((always_inline)) void weight_tile(real *dw, const real *dy,
                                                              const real *x, tren_narrow_shape s,
                                                              const int units, const int wide,
                                                              int skip, bool accumulate) {
    lanes sum[UNITS][WIDE] = {{{0}}};
    for (int i = 0; i < s.n; i++) {
        const real *row = x + (size_t)i * s.in;
        for (int v = 0; v < wide; v++) {
            lanes a = LOAD(row + v * LANES);
            for (int o = 0; o < units; o++) sum[o][v] += a * dy[(size_t)i * s.out + o];
        }
    }
    for (int o = 0; o < units; o++)
        for (int v = 0; v < wide; v++) {
            real *at = dw + (size_t)o * s.in + v * LANES;
            if (accumulate) sum[o][v] += LOAD(at);
            if (skip == 0)
                STORE(at, sum[o][v]);
            else
                for (int l = skip; l < LANES; l++) at[l] = sum[o][v][l];
        }
}

static inline __attribute__((always_inline)) void weight_strip(real *dw, const real *dy,
                                                               const real *x, tren_narrow_shape s,
                                                               const int wide, int skip,
                                                               bool accumulate) {
    for (int o = 0; o < s.out; o += UNITS) {
        real *at = dw + (size_t)o * s.in;
        switch (s.out - o) {
        case 1:
            weight_tile(at, dy + o, x, s, 1, wide, skip, accumulate);
            break;
        case 2:
            weight_tile(at, dy + o, x, s, 2, wide, skip, accumulate);
            break;
        case 3:
            weight_tile(at, dy + o, x, s, 3, wide, skip, accumulate);
            break;
        case 4:
            weight_tile(at, dy + o, x, s, 4, wide, skip, accumulate);
            break;
        default:
            weight_tile(at, dy + o, x, s, UNITS, wide, skip, accumulate);
            break;
        }
    }
}

static void weight_scalar(real *dw, const real *dy, const real *x, tren_narrow_shape s,
                          bool accumulate) {
    for (int o = 0; o < s.out; o++)
        for (int k = 0; k < s.in; k++) {
            real sum = 0, *at = dw + (size_t)o * s.in + k;
            for (int i = 0; i < s.n; i++)
                sum += x[(size_t)i * s.in + k] * dy[(size_t)i * s.out + o];
            *at = accumulate ? *at + sum : sum;
        }
}

TREN_KERNEL void tren_narrow_weight(real *restrict dw, const real *restrict dy,
                                    const real *restrict x, tren_narrow_shape s, bool accumulate) {
    int k = 0, end = s.in - LANES;
    for (; k + WIDE * LANES <= s.in; k += WIDE * LANES)
        weight_strip(dw + k, dy, x + k, s, WIDE, 0, accumulate);
    for (; k + LANES <= s.in; k += LANES) weight_strip(dw + k, dy, x + k, s, 1, 0, accumulate);
    if (k == s.in) return;
    if (end >= 0)
        weight_strip(dw + end, dy, x + end, s, 1, k - end, accumulate);
    else
        weight_scalar(dw, dy, x, s, accumulate);
}
