/* Elementary functions in double by series of our own: those of a C library differ from one
 * version, CPU and vendor to the next. Plain additions, multiplications and divisions, in the order
 * written, without branches, so that loops over them become vectors and their bits are the same
 * everywhere. Errors, in units of the last place (tests/unit/test_series.c measures them): exp,
 * log, sin, cos and power below 1, tanh, erf, expm1 and log1p below 2. */
#ifndef TREN_BASE_SERIES_H
#define TREN_BASE_SERIES_H

#include <stdint.h>
#include <string.h>

/* Added and subtracted again, it rounds a double below 2^51 to the nearest whole number, which is
 * then in the low bits of the sum. */
#define SERIES_ROUND 0x1.8p52

/* 2^k of the whole number in `shifted` = k + SERIES_ROUND, |k| < 1023. */
static inline double series_scale(double shifted) {
    uint64_t bits;
    double scale;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 1023) << 52;
    memcpy(&scale, &bits, sizeof scale);
    return scale;
}

/* e^x = 2^k e^r with |r| <= ln(2)/2, by Taylor's series. Scaled in two steps, so that infinity, 0
 * and what lies just above it come out as they should; NaN stays. */
static inline double series_exp(double x) {
    x = x < -750 ? -750 : x;
    x = x > 712 ? 712 : x;
    double k = (x * 0x1.71547652b82fep+0 + SERIES_ROUND) - SERIES_ROUND;
    double high = x - k * 0x1.62e42feep-1, low = k * 0x1.a39ef35793c76p-33, r = high - low;
    double p = 1.0 / 6227020800;
    p = p * r + 1.0 / 479001600;
    p = p * r + 1.0 / 39916800;
    p = p * r + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    double y = 1 + (high + (p * (r * r) - low));
    double half = k * 0.5 + SERIES_ROUND, rest = (k - (half - SERIES_ROUND)) + SERIES_ROUND;
    return y * series_scale(half) * series_scale(rest);
}

/* log(x) of a normal x > 0: x = 2^k (1 + f) with 1 + f from sqrt(1/2) to sqrt(2), and log(1 + f) =
 * 2 atanh(s), s = f/(2 + f), arranged so that only the last addition rounds to its full extent. */
static inline double series_log(double x) {
    uint64_t bits, root = 0x3fe6a09e667f3bcdu; /* of sqrt(1/2) */
    memcpy(&bits, &x, sizeof bits);
    uint64_t exponent = (bits - root + (1023ull << 52)) >> 52;
    bits -= (exponent - 1023) << 52;
    double m, k = (double)(int32_t)exponent - 1023;
    memcpy(&m, &bits, sizeof m);
    double f = m - 1, s = f / (2 + f), z = s * s;
    double p = 2.0 / 23;
    p = p * z + 2.0 / 21;
    p = p * z + 2.0 / 19;
    p = p * z + 2.0 / 17;
    p = p * z + 2.0 / 15;
    p = p * z + 2.0 / 13;
    p = p * z + 2.0 / 11;
    p = p * z + 2.0 / 9;
    p = p * z + 2.0 / 7;
    p = p * z + 2.0 / 5;
    p = p * z + 2.0 / 3;
    double square = 0.5 * f * f;
    double rest = s * (square + p * z) + k * 0x1.a39ef35793c76p-33;
    return k * 0x1.62e42feep-1 - ((square - rest) - f);
}

/* e^x - 1 for x <= 0: above -0.34 by Taylor's series without its 1, below by subtraction. */
static inline double series_expm1(double x) {
    double p = 1.0 / 6227020800;
    p = p * x + 1.0 / 479001600;
    p = p * x + 1.0 / 39916800;
    p = p * x + 1.0 / 3628800;
    p = p * x + 1.0 / 362880;
    p = p * x + 1.0 / 40320;
    p = p * x + 1.0 / 5040;
    p = p * x + 1.0 / 720;
    p = p * x + 1.0 / 120;
    p = p * x + 1.0 / 24;
    p = p * x + 1.0 / 6;
    p = p * x + 0.5;
    double small = p * (x * x) + x, big = series_exp(x) - 1;
    return x > -0.34 ? small : big;
}

/* log(1 + x) for 0 <= x <= 1: 2 atanh(s) with s = x/(2 + x). */
static inline double series_log1p(double x) {
    double s = x / (2 + x), z = s * s, p = 1.0 / 35;
    p = p * z + 1.0 / 33;
    p = p * z + 1.0 / 31;
    p = p * z + 1.0 / 29;
    p = p * z + 1.0 / 27;
    p = p * z + 1.0 / 25;
    p = p * z + 1.0 / 23;
    p = p * z + 1.0 / 21;
    p = p * z + 1.0 / 19;
    p = p * z + 1.0 / 17;
    p = p * z + 1.0 / 15;
    p = p * z + 1.0 / 13;
    p = p * z + 1.0 / 11;
    p = p * z + 1.0 / 9;
    p = p * z + 1.0 / 7;
    p = p * z + 1.0 / 5;
    p = p * z + 1.0 / 3;
    return 2 * (s + s * z * p);
}

/* x less k quarters of a turn, in two parts, the second below half a unit in the last place of the
 * first; |x| < 2^20. Returns k modulo 4. */
static inline int series_quarter(double *high, double *low, double x) {
    double shifted = x * 0x1.45f306dc9c883p-1 + SERIES_ROUND, k = shifted - SERIES_ROUND;
    double a = x - k * 0x1.921fb544p+0, b = k * 0x1.0b4611a6p-34, c = k * 0x1.3198a2e037073p-69;
    double d = a - b, error = (a - d) - b; /* pi/2 in three parts; the products are exact but c */
    *high = d + (error - c);
    *low = (d - *high) + (error - c);
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    return (int)(bits & 3);
}

/* Taylor's series for |x| <= pi/4, at x + y. */
static inline double series_sin_near_0(double x, double y) {
    double z = x * x, p = 1.0 / 355687428096000;
    p = p * z - 1.0 / 1307674368000;
    p = p * z + 1.0 / 6227020800;
    p = p * z - 1.0 / 39916800;
    p = p * z + 1.0 / 362880;
    p = p * z - 1.0 / 5040;
    p = p * z + 1.0 / 120;
    return x - ((z * (0.5 * y - p * z * x) - y) + z * x * (1.0 / 6));
}
static inline double series_cos_near_0(double x, double y) {
    double z = x * x, p = 1.0 / 20922789888000;
    p = p * z - 1.0 / 87178291200;
    p = p * z + 1.0 / 479001600;
    p = p * z - 1.0 / 3628800;
    p = p * z + 1.0 / 40320;
    p = p * z - 1.0 / 720;
    p = p * z + 1.0 / 24;
    double half = 0.5 * z, near = 1 - half;
    return near + (((1 - near) - half) + (z * z * p - x * y));
}

static inline double series_sin(double x) {
    double high, low;
    int quarter = series_quarter(&high, &low, x);
    double y = quarter & 1 ? series_cos_near_0(high, low) : series_sin_near_0(high, low);
    return quarter & 2 ? -y : y;
}
static inline double series_cos(double x) {
    double high, low;
    int quarter = series_quarter(&high, &low, x);
    double y = quarter & 1 ? series_sin_near_0(high, low) : series_cos_near_0(high, low);
    return (quarter + 1) & 2 ? -y : y;
}

/* Cephes' tanh: an odd rational function below 0.625, 1 - 2/(e^2x + 1) above. */
static inline double series_tanh(double x) {
    double a = x < 0 ? -x : x, z = x * x;
    double big = 1 - 2 / (series_exp(2 * a) + 1);
    double p = -9.64399179425052238628e-1;
    p = p * z - 9.92877231001918586564e1;
    p = p * z - 1.61468768441708447952e3;
    double q = z + 1.12811678491632931402e2;
    q = q * z + 2.23548839060100448583e3;
    q = q * z + 4.84406305325125486048e3;
    double small = x + x * (z * (p / q));
    big = x < 0 ? -big : big;
    return a < 0.625 ? small : big;
}

/* Cephes' erf: an odd rational function below 1, 1 - e^(-x^2) P/Q above. */
static inline double series_erf(double x) {
    double a = x < 0 ? -x : x, z = x * x;
    double d = -z - 23.95674042487979357721; /* numerator less denominator: y = x + x d/u */
    d = d * z - 431.3319300597684108733;
    d = d * z - 2362.31848376295808761;
    d = d * z - 15625.67492026104266987;
    d = d * z + 6324.9070401759041682;
    double u = z + 3.35617141647503099647e1;
    u = u * z + 5.21357949780152679795e2;
    u = u * z + 4.59432382970980127987e3;
    u = u * z + 2.26290000613890934246e4;
    u = u * z + 4.92673942608635921086e4;
    double small = x + x * (d / u), b = a > 7 ? 7 : a;
    double p = 2.46196981473530512524e-10;
    p = p * b + 5.64189564831068821977e-1;
    p = p * b + 7.46321056442269912687e0;
    p = p * b + 4.86371970985681366614e1;
    p = p * b + 1.96520832956077098242e2;
    p = p * b + 5.26445194995477358631e2;
    p = p * b + 9.34528527171957607540e2;
    p = p * b + 1.02755188689515710272e3;
    p = p * b + 5.57535335369399327526e2;
    double q = b + 1.32281951154744992508e1;
    q = q * b + 8.67072140885989742329e1;
    q = q * b + 3.54937778887819891062e2;
    q = q * b + 9.75708501743205489753e2;
    q = q * b + 1.82390916687909736289e3;
    q = q * b + 2.24633760818710981792e3;
    q = q * b + 1.65666309194161350182e3;
    q = q * b + 5.57535340817727675546e2;
    double big = 1 - series_exp(-b * b) * (p / q);
    big = x < 0 ? -big : big;
    return a < 1 ? small : big;
}

/* x^n by squaring, in double-double arithmetic (Dekker 1971), so that a billion squarings of
 * roundings do not add up. */
double series_power(double x, uint64_t n);

#endif
