/* exp, tanh, erf, expm1 (of x <= 0) and log1p (of x from 0 to 1) that the compiler vectorises: a
 * few ulp in float, in double those of base/series.h. */
#ifndef TREN_KERNELS_VMATH_H
#define TREN_KERNELS_VMATH_H

#include "tren/base.h"

#include <string.h>

#ifdef TREN_DOUBLE

#include "base/series.h"

#define vexp   series_exp
#define vtanh  series_tanh
#define verf   series_erf
#define vexpm1 series_expm1
#define vlog1p series_log1p

#else

/* exp(x) = 2^k e^r, |r| <= ln(2)/2, by the degree-6 polynomial of Cephes' expf; clamped to
 * [-87.3, 88.3]. */
static inline float vexp(float x) {
    x = x < -87.3f ? -87.3f : x;
    x = x > 88.3f ? 88.3f : x;
    float shifted =
        x * 1.44269504f + 12582912.0f; /* rounds to an integer in the low mantissa bits */
    float k = shifted - 12582912.0f;
    float r = x - k * 0.693359375f;
    r = r - k * -2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    float y = p * (r * r) + r + 1.0f;
    uint32_t bits; /* k lies in the low bits of `shifted`, whatever x was, NaN too */
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 127) << 23;
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return y * scale;
}

/* Cephes' tanhf: an odd polynomial below 0.625, 1 - 2/(e^2x + 1) above. */
static inline float vtanh(float x) {
    float a = x < 0 ? -x : x;
    float big = 1.0f - 2.0f / (vexp(2.0f * a) + 1.0f);
    big = x < 0 ? -big : big;
    float s = x * x;
    float p = -5.70498872745e-3f;
    p = p * s + 2.06390887954e-2f;
    p = p * s - 5.37397155531e-2f;
    p = p * s + 1.33314422036e-1f;
    p = p * s - 3.33332819422e-1f;
    float small = p * s * x + x;
    return a < 0.625f ? small : big;
}

/* Cephes' erff below 1 (odd polynomial); above, 1 - erfc by Abramowitz & Stegun 7.1.26 refined:
 * error < 2e-7. */
static inline float verf(float x) {
    float a = x < 0 ? -x : x;
    float s = x * x;
    float p = 7.853861353153693e-5f;
    p = p * s - 8.010193625184903e-4f;
    p = p * s + 5.188327685732524e-3f;
    p = p * s - 2.685381193529856e-2f;
    p = p * s + 1.128358514861418e-1f;
    p = p * s - 3.761262582423300e-1f;
    p = p * s + 1.128379165726710e+0f;
    float small = x * p;
    float t = 1.0f / (1.0f + 0.3275911f * a);
    float q = 1.061405429f;
    q = q * t - 1.453152027f;
    q = q * t + 1.421413741f;
    q = q * t - 0.284496736f;
    q = q * t + 0.254829592f;
    float big = 1.0f - q * t * vexp(-s);
    big = x < 0 ? -big : big;
    return a < 1.0f ? small : big;
}

/* The polynomial of vexp without its 1 above -0.34. */
static inline float vexpm1(float x) {
    float p = 1.9875691500e-4f;
    p = p * x + 1.3981999507e-3f;
    p = p * x + 8.3334519073e-3f;
    p = p * x + 4.1665795894e-2f;
    p = p * x + 1.6666665459e-1f;
    p = p * x + 5.0000001201e-1f;
    float small = p * (x * x) + x, big = vexp(x) - 1.0f;
    return x > -0.34f ? small : big;
}

/* 2 atanh(s), s = x/(2 + x), by its Taylor series. */
static inline float vlog1p(float x) {
    float s = x / (2.0f + x), z = s * s, p = 6.6666667e-2f;
    p = p * z + 7.6923077e-2f;
    p = p * z + 9.0909091e-2f;
    p = p * z + 1.1111111e-1f;
    p = p * z + 1.4285714e-1f;
    p = p * z + 2.0e-1f;
    p = p * z + 3.3333333e-1f;
    return 2.0f * (s + s * z * p);
}

#endif
#endif
