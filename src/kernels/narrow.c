/* Products with a narrow side, the output layer's: at most 16 units, where a library's packing
 * costs more than the product. Each element is one chain of fused multiply-adds in the order of its
 * sum, whatever the number of rows, so rows may be stacked freely. */
#include "kernels/product_tile.h"

#include <string.h>

enum { UNITS = TREN_NARROW, WEIGHT_UNITS = 5, WEIGHT_WIDE = VB == 64 ? 4 : 2 };
enum { INPUT_ROWS = VB == 64 ? 8 : 4, INPUT_WIDE = VB == 64 ? 2 : 3 };
/* Forward, rows lie in lanes, WIDE vectors of them, so that none is wasted on 10 units. TERMS of
 * their inputs are transposed at a time. Sums of MOST units fill the registers. */
enum { WIDE = 2, ROWS = WIDE * VL, TERMS = 64, MOST = VB == 64 ? 10 : 6, HALF = VB == 64 ? 8 : 4 };

/* sum [units, ROWS] += w [units, k] x^T, x [k, wide VL]. Constant numbers of units and of vectors
 * keep the sums in registers. */
ALWAYS_INLINE void forward_tile(real *sum, const real *w, ptrdiff_t ld, const real *x, int k,
                                const int units, const int wide) {
    vec s[MOST][WIDE];
    for (int o = 0; o < units; o++)
        for (int v = 0; v < wide; v++) s[o][v] = load(sum + o * ROWS + v * VL);
    for (int i = 0; i < k; i++) {
        vec a[WIDE];
        for (int v = 0; v < wide; v++) a[v] = load(x + (i * wide + v) * VL);
        for (int o = 0; o < units; o++) {
            vec b = SPLAT(w[o * ld + i]);
            for (int v = 0; v < wide; v++) s[o][v] = FMA(a[v], b, s[o][v]);
        }
    }
    for (int o = 0; o < units; o++)
        for (int v = 0; v < wide; v++) store(sum + o * ROWS + v * VL, s[o][v]);
}

/* All units, some at a time: 16 in equal parts. */
ALWAYS_INLINE void forward_units(real *sum, const real *w, ptrdiff_t ld, const real *x, int k,
                                 int units, const int wide) {
    for (int o = 0, n = 0; o < units; o += n) {
        int left = units - o;
        real *to = sum + o * ROWS;
        const real *from = w + o * ld;
        if (left >= MOST && left < 16)
            forward_tile(to, from, ld, x, k, n = MOST, wide);
        else if (left >= HALF)
            forward_tile(to, from, ld, x, k, n = HALF, wide);
        else if (left >= 4)
            forward_tile(to, from, ld, x, k, n = 4, wide);
        else if (left >= 2)
            forward_tile(to, from, ld, x, k, n = 2, wide);
        else
            forward_tile(to, from, ld, x, k, n = 1, wide);
    }
}

/* y of n <= wide VL rows. */
ALWAYS_INLINE void forward_rows(real *y, const real *x, const real *w, int n, tren_narrow_shape s,
                                const int wide) {
    _Alignas(VB) real turned[TERMS * ROWS + VL], sum[UNITS * ROWS] = {0}, rows[UNITS * ROWS + VL];
    for (int k = 0; k < s.in; k += TERMS) {
        int terms = s.in - k < TERMS ? s.in - k : TERMS;
        product_pack_rows(turned, &(product_rows){x + k, s.in, 1}, n, wide * VL, terms);
        forward_units(sum, w + k, s.in, turned, terms, s.out, wide);
    }
    product_pack_rows(rows, &(product_rows){sum, ROWS, 1}, s.out, s.out, n);
    memcpy(y, rows, (size_t)n * s.out * sizeof *y);
}

void LEVEL(narrow_forward)(real *restrict y, const real *restrict x, const real *restrict w,
                           tren_narrow_shape s) {
    for (int i = 0; i < s.n; i += ROWS) {
        int n = s.n - i < ROWS ? s.n - i : ROWS;
        real *to = y + (size_t)i * s.out;
        const real *from = x + (size_t)i * s.in;
        if (n > VL)
            forward_rows(to, from, w, n, s, WIDE);
        else
            forward_rows(to, from, w, n, s, 1);
    }
}

ALWAYS_INLINE void input_tile(real *dx, const real *dy, const real *w, tren_narrow_shape s,
                              const int rows, const int wide) {
    vec sum[INPUT_ROWS][INPUT_WIDE] = {{{0}}};
    for (int o = 0; o < s.out; o++) {
        vec b[INPUT_WIDE];
        for (int v = 0; v < wide; v++) b[v] = load_anywhere(w + (size_t)o * s.in + v * VL);
        for (int r = 0; r < rows; r++) {
            vec d = SPLAT(dy[r * s.out + o]);
            for (int v = 0; v < wide; v++) sum[r][v] = FMA(b[v], d, sum[r][v]);
        }
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < wide; v++) store_anywhere(dx + (size_t)r * s.in + v * VL, sum[r][v]);
}

/* What is left beyond whole vectors is covered by one that ends with the row: computing an element
 * again gives it the same bits. */
ALWAYS_INLINE void input_rows(real *dx, const real *dy, const real *w, tren_narrow_shape s,
                              const int rows) {
    int k = 0;
    for (; k + INPUT_WIDE * VL <= s.in; k += INPUT_WIDE * VL)
        input_tile(dx + k, dy, w + k, s, rows, INPUT_WIDE);
    for (; k + VL <= s.in; k += VL) input_tile(dx + k, dy, w + k, s, rows, 1);
    if (k == s.in) return;
    if (s.in >= VL) {
        input_tile(dx + s.in - VL, dy, w + s.in - VL, s, rows, 1);
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
