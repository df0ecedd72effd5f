/* Vector kernels are compiled once for each instruction set, their level: CMake gives each object
 * TREN_LEVEL (its name) and TREN_LEVEL_VB (bytes of a vector register). The number of images that
 * lie side by side, TREN_LANES, is the same on every level: where registers are narrower, a kernel
 * does a block of images in parts. Multiplications and additions that are fused say so by FMA, and
 * nothing else is fused: the bits of a kernel are the same on every level. */
#ifndef TREN_KERNELS_LEVEL_H
#define TREN_KERNELS_LEVEL_H

#include "tren/kernels.h"

#include <math.h>

#define LEVEL_JOIN(a, b)  a##_##b
#define LEVEL_JOIN2(a, b) LEVEL_JOIN(a, b)
/* The name of a function of this level: tren_conv_forward_v3. */
#define LEVEL(name) LEVEL_JOIN2(tren_##name, TREN_LEVEL)

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Before a loop whose arrays are either the same or disjoint. */
#ifdef __clang__
#define IVDEP _Pragma("clang loop vectorize(assume_safety)")
#else
#define IVDEP _Pragma("GCC ivdep")
#endif

/* Before a loop over the vectors of a tile: it must be gone, or its sums are not in registers. */
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

enum { VB = TREN_LEVEL_VB, VL = VB / sizeof(real) }; /* bytes and elements of a register */
/* Parts of a block of images, `PART` elements from one to the next. */
enum { PARTS = TREN_LANES / VL };
#define EACH_PART(part)                                                                            \
    (size_t part = 0; part < TREN_LANES; part += VL) /* NOLINT(bugprone-macro-parentheses) */

typedef real vec __attribute__((vector_size(TREN_LEVEL_VB), may_alias));
typedef real vec_anywhere
    __attribute__((vector_size(TREN_LEVEL_VB), may_alias, aligned(sizeof(real))));
#ifdef TREN_DOUBLE
typedef int64_t vec_mask __attribute__((vector_size(TREN_LEVEL_VB), may_alias));
#else
typedef int32_t vec_mask __attribute__((vector_size(TREN_LEVEL_VB), may_alias));
#endif

/* Aligned to a register, as blocks of images are; and anywhere. */
ALWAYS_INLINE vec load(const real *x) {
    return *(const vec *)x;
}
ALWAYS_INLINE void store(real *x, vec v) {
    *(vec *)x = v;
}
ALWAYS_INLINE vec load_anywhere(const real *x) {
    return (vec) * (const vec_anywhere *)x;
}
ALWAYS_INLINE void store_anywhere(real *x, vec v) {
    *(vec_anywhere *)x = (vec_anywhere)v;
}

/* v where the comparison `mask` holds, else 0. */
ALWAYS_INLINE vec where(vec_mask mask, vec v) {
    return (vec)(mask & (vec_mask)v);
}
ALWAYS_INLINE vec choose(vec_mask mask, vec a, vec b) {
    return (vec)((mask & (vec_mask)a) | (~mask & (vec_mask)b));
}

/* ---- a b + c in one rounding, and all elements = s ---------------------------------------------
 */

#if defined(__AVX512F__) && TREN_LEVEL_VB == 64
#include <immintrin.h>
#ifdef TREN_DOUBLE
#define FMA(a, b, c) ((vec)_mm512_fmadd_pd((__m512d)(a), (__m512d)(b), (__m512d)(c)))
#define SPLAT(s)     ((vec)_mm512_set1_pd(s))
#else
#define FMA(a, b, c) ((vec)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define SPLAT(s)     ((vec)_mm512_set1_ps(s))
#endif
#elif defined(__FMA__) && TREN_LEVEL_VB == 32
#include <immintrin.h>
#ifdef TREN_DOUBLE
#define FMA(a, b, c) ((vec)_mm256_fmadd_pd((__m256d)(a), (__m256d)(b), (__m256d)(c)))
#define SPLAT(s)     ((vec)_mm256_set1_pd(s))
#else
#define FMA(a, b, c) ((vec)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define SPLAT(s)     ((vec)_mm256_set1_ps(s))
#endif
#elif defined(__ARM_NEON) && TREN_LEVEL_VB == 16
#include <arm_neon.h>
#ifdef TREN_DOUBLE
#define FMA(a, b, c) ((vec)vfmaq_f64((float64x2_t)(c), (float64x2_t)(a), (float64x2_t)(b)))
#define SPLAT(s)     ((vec)vdupq_n_f64(s))
#else
#define FMA(a, b, c) ((vec)vfmaq_f32((float32x4_t)(c), (float32x4_t)(a), (float32x4_t)(b)))
#define SPLAT(s)     ((vec)vdupq_n_f32(s))
#endif
#elif defined(TREN_DOUBLE) /* no such instruction: the C library's is exact */
/* NOLINTNEXTLINE(readability-identifier-naming): elsewhere a macro */
ALWAYS_INLINE vec FMA(vec a, vec b, vec c) {
    vec out;
    for (int l = 0; l < VL; l++) out[l] = fma(a[l], b[l], c[l]);
    return out;
}
/* NOLINTNEXTLINE(readability-identifier-naming) */
ALWAYS_INLINE vec SPLAT(real s) {
    return s - (vec){0};
}
#else
/* In double the product is exact. The sum is rounded to odd (Boldo & Melquiond 2008): where it is
 * not exact, the neighbour with an odd last bit is taken, so that rounding it once more, to float,
 * gives what one rounding would have given. */
typedef double doubles __attribute__((vector_size(4 * sizeof(double))));
typedef int64_t double_bits __attribute__((vector_size(4 * sizeof(double))));
/* NOLINTNEXTLINE(readability-identifier-naming): elsewhere a macro */
ALWAYS_INLINE vec FMA(vec a, vec b, vec c) {
    doubles product = __builtin_convertvector(a, doubles) * __builtin_convertvector(b, doubles);
    doubles addend = __builtin_convertvector(c, doubles), sum = product + addend;
    doubles back = sum - product, error = (product - (sum - back)) + (addend - back);
    double_bits bits = (double_bits)sum, inexact = (error < 0) | (error > 0);
    double_bits even = (bits & 1) - 1; /* all ones: even */
    double_bits outward = ((error > 0) ^ (sum < 0)) & 1, step = 2 * outward - 1;
    bits += step & inexact & even;
    return __builtin_convertvector((doubles)bits, vec);
}
/* NOLINTNEXTLINE(readability-identifier-naming) */
ALWAYS_INLINE vec SPLAT(real s) {
    return s - (vec){0};
}
#endif

/* The same of one number. */
#ifdef TREN_DOUBLE
#define FMA1(a, b, c) __builtin_fma(a, b, c)
#else
#define FMA1(a, b, c) __builtin_fmaf(a, b, c)
#endif

/* ---- the sum of the lanes, folded in halves: lane l + lane l + 8 of 16, and so on --------------
 */

ALWAYS_INLINE real lanes_sum(const vec part[PARTS]) {
    vec fold[PARTS], v;
    for (int p = 0; p < PARTS; p++) fold[p] = part[p];
    for (int half = PARTS / 2; half > 0; half /= 2)
        for (int p = 0; p < half; p++) fold[p] += fold[p + half];
    v = fold[0];
    real lane[VL];
    store_anywhere(lane, v);
    for (int half = VL / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++) lane[l] += lane[l + half];
    return lane[0];
}

#endif
