/* exp, tanh and erf that the compiler vectorises: a few ulp in float, in double those of
 * base/series.h. */
#ifndef TREN_KERNELS_VMATH_H
#define TREN_KERNELS_VMATH_H

#include "tren/base.h"

#include <string.h>

#ifdef TREN_DOUBLE

#include "base/series.h"

#define vexp  series_exp
#define vtanh series_tanh
#define verf  series_erf

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

#endif
#endif
