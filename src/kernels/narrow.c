/* Products with a narrow side, the output layer's: at most 16 units, where a library's packing
 * costs more than the product. Each element is one chain of fused multiply-adds in the order of its
 * sum, whatever the number of rows, so rows may be stacked freely. */
#include "kernels/level.h"

#include <string.h>

/* UNITS of a layer are as many vectors as they need, at most WIDTH; rows and vectors of a tile fill
 * the registers, of which 64-byte ones are twice as many. */
enum { UNITS = TREN_NARROW, WIDTH = UNITS * sizeof(real) / VB, BLOCK = 256 };
enum { REGISTERS = VB == 64 ? 24 : 12, INPUT_ROWS = 8 };
enum { ROWS = REGISTERS / WIDTH > 8 ? 8 : REGISTERS / WIDTH };
enum { WEIGHT_UNITS = 5, WEIGHT_WIDE = VB == 64 ? 4 : 2 };

/* A constant number of rows and of vectors keeps the sums in registers. */
ALWAYS_INLINE void forward_rows(real *y, const real *x, const real *wt, int block,
                                tren_narrow_shape s, const int rows, const int width, bool first) {
    vec sum[ROWS][WIDTH];
    real unit[UNITS] __attribute__((aligned(VB)));
    for (int r = 0; r < rows; r++) {
        memset(unit, 0, sizeof unit);
        if (!first) memcpy(unit, y + r * s.out, (size_t)s.out * sizeof *unit);
        for (int v = 0; v < width; v++) sum[r][v] = load(unit + v * VL);
    }
    for (int k = 0; k < block; k++) {
        vec w[WIDTH];
        for (int v = 0; v < width; v++) w[v] = load(wt + k * UNITS + v * VL);
        for (int r = 0; r < rows; r++) {
            vec a = SPLAT(x[(size_t)r * s.in + k]);
            for (int v = 0; v < width; v++) sum[r][v] = FMA(w[v], a, sum[r][v]);
        }
    }
    for (int r = 0; r < rows; r++) {
        for (int v = 0; v < width; v++) store(unit + v * VL, sum[r][v]);
        memcpy(y + r * s.out, unit, (size_t)s.out * sizeof *unit);
    }
}

ALWAYS_INLINE void forward_block(real *y, const real *x, const real *wt, int block,
                                 tren_narrow_shape s, const int width, bool first) {
    int i = 0;
    for (; i + ROWS <= s.n; i += ROWS)
        forward_rows(y + (size_t)i * s.out, x + (size_t)i * s.in, wt, block, s, ROWS, width, first);
    for (; i < s.n; i++)
        forward_rows(y + (size_t)i * s.out, x + (size_t)i * s.in, wt, block, s, 1, width, first);
}

void LEVEL(narrow_forward)(real *restrict y, const real *restrict x, const real *restrict w,
                           tren_narrow_shape s) {
    real wt[BLOCK * UNITS] __attribute__((aligned(VB))); /* [k, unit], 0 where there is no unit */
    memset(wt, 0, (size_t)(s.in < BLOCK ? s.in : BLOCK) * UNITS * sizeof *wt);
    for (int k0 = 0; k0 < s.in; k0 += BLOCK) {
        int block = s.in - k0 < BLOCK ? s.in - k0 : BLOCK;
        for (int o = 0; o < s.out; o++)
            for (int k = 0; k < block; k++) wt[k * UNITS + o] = w[(size_t)o * s.in + k0 + k];
        if (WIDTH == 1 || s.out <= VL)
            forward_block(y, x + k0, wt, block, s, 1, k0 == 0);
        else
            forward_block(y, x + k0, wt, block, s, WIDTH, k0 == 0);
    }
}

ALWAYS_INLINE void input_tile(real *dx, const real *dy, const real *w, tren_narrow_shape s,
                              const int rows) {
    vec sum[INPUT_ROWS] = {{0}};
    for (int o = 0; o < s.out; o++) {
        vec b = load_anywhere(w + (size_t)o * s.in);
        for (int r = 0; r < rows; r++) sum[r] = FMA(b, SPLAT(dy[r * s.out + o]), sum[r]);
    }
    for (int r = 0; r < rows; r++) store_anywhere(dx + (size_t)r * s.in, sum[r]);
}

/* What is left beyond whole vectors is covered by one that ends with the row: computing an element
 * again gives it the same bits. */
ALWAYS_INLINE void input_rows(real *dx, const real *dy, const real *w, tren_narrow_shape s,
                              const int rows) {
    int k = 0;
    for (; k + VL <= s.in; k += VL) input_tile(dx + k, dy, w + k, s, rows);
    if (k == s.in) return;
    if (s.in >= VL) {
        input_tile(dx + s.in - VL, dy, w + s.in - VL, s, rows);
        return;
    }
    for (; k < s.in; k++)
        for (int r = 0; r < rows; r++) {
            real sum = 0;
            for (int o = 0; o < s.out; o++)
                sum = FMA1(w[(size_t)o * s.in + k], dy[r * s.out + o], sum);
            dx[(size_t)r * s.in + k] = sum;
        }
}

void LEVEL(narrow_input)(real *restrict dx, const real *restrict dy, const real *restrict w,
                         tren_narrow_shape s) {
    int i = 0;
    for (; i + INPUT_ROWS <= s.n; i += INPUT_ROWS)
        input_rows(dx + (size_t)i * s.in, dy + (size_t)i * s.out, w, s, INPUT_ROWS);
    for (; i < s.n; i++) input_rows(dx + (size_t)i * s.in, dy + (size_t)i * s.out, w, s, 1);
}

/* dw of `units` units and `wide` vectors of inputs; of the first vector, lanes below `skip` are
 * left alone. */
ALWAYS_INLINE void weight_tile(real *dw, const real *dy, const real *x, tren_narrow_shape s,
                               const int units, const int wide, int skip, bool accumulate) {
    vec sum[WEIGHT_UNITS][WEIGHT_WIDE] = {{{0}}};
    for (int i = 0; i < s.n; i++) {
        const real *row = x + (size_t)i * s.in;
        vec a[WEIGHT_WIDE];
        for (int v = 0; v < wide; v++) a[v] = load_anywhere(row + v * VL);
        for (int o = 0; o < units; o++) {
            vec d = SPLAT(dy[(size_t)i * s.out + o]);
            for (int v = 0; v < wide; v++) sum[o][v] = FMA(a[v], d, sum[o][v]);
        }
    }
    for (int o = 0; o < units; o++)
        for (int v = 0; v < wide; v++) {
            real *at = dw + (size_t)o * s.in + v * VL;
            if (accumulate) sum[o][v] += load_anywhere(at);
            if (skip == 0)
                store_anywhere(at, sum[o][v]);
            else
                for (int l = skip; l < VL; l++) at[l] = sum[o][v][l];
        }
}

ALWAYS_INLINE void weight_strip(real *dw, const real *dy, const real *x, tren_narrow_shape s,
                                const int wide, int skip, bool accumulate) {
    for (int o = 0; o < s.out; o += WEIGHT_UNITS) {
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
            weight_tile(at, dy + o, x, s, WEIGHT_UNITS, wide, skip, accumulate);
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
                sum = FMA1(x[(size_t)i * s.in + k], dy[(size_t)i * s.out + o], sum);
            *at = accumulate ? *at + sum : sum;
        }
}

void LEVEL(narrow_weight)(real *restrict dw, const real *restrict dy, const real *restrict x,
                          tren_narrow_shape s, bool accumulate) {
    int k = 0, end = s.in - VL;
    for (; k + WEIGHT_WIDE * VL <= s.in; k += WEIGHT_WIDE * VL)
        weight_strip(dw + k, dy, x + k, s, WEIGHT_WIDE, 0, accumulate);
    for (; k + VL <= s.in; k += VL) weight_strip(dw + k, dy, x + k, s, 1, 0, accumulate);
    if (k == s.in) return;
    if (end >= 0)
        weight_strip(dw + end, dy, x + end, s, 1, k - end, accumulate);
    else
        weight_scalar(dw, dy, x, s, accumulate);
}
