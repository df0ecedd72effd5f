/* Elementary functions: within their errors of the C library's, in its longest type; and bit for
 * bit what they were on the machine that this table is from. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/series.h"
#include "kernels/vmath.h"
#include "tren/base.h"

enum { N = 20000 };

typedef struct function {
    const char *name;
    double (*at)(double x);
    long double (*exact)(long double x);
    double least, most; /* of x */
    double error;       /* in units of the last place */
    uint64_t digest;    /* of the values at N places */
} function;

/* An even grid with a little noise, so that low bits of x are used. */
static double place(const function *f, int i) {
    tren_rng rng = tren_rng_open(11, TREN_RNG_MAKE, 0, 0, (uint32_t)i);
    return f->least + (f->most - f->least) * ((double)i + tren_rng_uniform(&rng, 0)) / N;
}

static double error_of(double y, long double exact) {
    double nearest = fabs((double)exact);
    double unit = nextafter(nearest, INFINITY) - nearest;
    return (double)fabsl(((long double)y - exact) / (long double)unit);
}

static const function functions[] = {
    {"exp", series_exp, expl, -740, 709, 1, 0x2433cbaa849bc827},
    {"exp near 0", series_exp, expl, -1, 1, 1, 0x514126ab4f0d021b},
    {"log", series_log, logl, 0x1p-54, 4, 1, 0xd5fc51d5ad5da538},
    {"log of large numbers", series_log, logl, 1, 1e300, 1, 0x8fd1cfb452ae3aee},
    {"sin", series_sin, sinl, -7, 7, 1, 0xbebbf7b833a5b967},
    {"cos", series_cos, cosl, -7, 7, 1, 0x81d71b442608e5dd},
    {"sin of many turns", series_sin, sinl, -1e6, 1e6, 1, 0x22f2216497a45e37},
    {"cos of many turns", series_cos, cosl, -1e6, 1e6, 1, 0x0ee749488d4ff244},
    {"tanh", series_tanh, tanhl, -20, 20, 2, 0x7fad447c9222eabd},
    {"tanh near 0", series_tanh, tanhl, -1, 1, 2, 0xd5c9983f36382bd2},
    {"erf", series_erf, erfl, -7, 7, 2, 0x4cc365133601de40},
    {"erf near 0", series_erf, erfl, -1.5, 1.5, 2, 0x9850ffc1b729c83e},
    {"expm1", series_expm1, expm1l, -40, 0, 2, 0x2c96ab6dc238d0c7},
    {"log1p", series_log1p, log1pl, 0, 1, 2, 0x5b69d13e25a6ac41},
};
enum { N_FUNCTIONS = sizeof functions / sizeof *functions };

Test(series, errors_are_what_the_header_says) {
    for (int k = 0; k < N_FUNCTIONS; k++) {
        const function *f = &functions[k];
        double most = 0, where = 0;
        for (int i = 0; i < N; i++) {
            double x = place(f, i), error = error_of(f->at(x), f->exact((long double)x));
            if (error > most) most = error, where = x;
        }
        cr_expect(most < f->error, "%s: %g units at %a", f->name, most, where);
    }
}

Test(series, bits_are_those_of_the_table) {
    static double y[N];
    for (int k = 0; k < N_FUNCTIONS; k++) {
        const function *f = &functions[k];
        for (int i = 0; i < N; i++) y[i] = f->at(place(f, i));
        uint64_t digest = tren_digest(y, sizeof y);
        cr_expect_eq(digest, f->digest, "%s: 0x%016llx", f->name, (unsigned long long)digest);
    }
}

/* One by one, so that a difference is seen where it is. */
Test(series, some_values) {
    cr_expect_eq(series_exp(1), 0x1.5bf0a8b14576ap+1, "%a", series_exp(1));
    cr_expect_eq(series_exp(0), 1);
    cr_expect_eq(series_log(1), 0);
    cr_expect_eq(series_log(10), 0x1.26bb1bbb55516p+1, "%a", series_log(10));
    cr_expect_eq(series_sin(1), 0x1.aed548f090ceep-1, "%a", series_sin(1));
    cr_expect_eq(series_cos(1), 0x1.14a280fb5068cp-1, "%a", series_cos(1));
    cr_expect_eq(series_tanh(1), 0x1.85efab514f394p-1, "%a", series_tanh(1));
    cr_expect_eq(series_erf(0.5), 0x1.0a7ef5c18edd2p-1, "%a", series_erf(0.5));
    cr_expect_eq(series_power(0.999, 1000), 0x1.788526411ed72p-2, "%a", series_power(0.999, 1000));
}

Test(series, ends_of_the_range) {
    cr_expect_eq(series_exp(-INFINITY), 0);
    cr_expect_eq(series_exp(-1e300), 0);
    cr_expect_eq(series_exp(INFINITY), INFINITY);
    cr_expect_eq(series_exp(-745), 0x1p-1074);
    cr_expect_eq(series_tanh(INFINITY), 1);
    cr_expect_eq(series_tanh(-INFINITY), -1);
    cr_expect_eq(series_erf(INFINITY), 1);
    cr_expect_eq(series_erf(-INFINITY), -1);
    cr_expect(isnan(series_exp(NAN)) && isnan(series_tanh(NAN)) && isnan(series_erf(NAN)));
}

/* The bias corrections of Adam over a long training. */
Test(series, power_is_the_nearest_number) {
    const double base[] = {0.9, 0.999, 0.99999, 0.5, -0.7, 1, 0};
    for (size_t b = 0; b < sizeof base / sizeof *base; b++)
        for (uint64_t n = 1; n < 70000; n = n * 5 / 4 + 1) {
            double y = series_power(base[b], n);
            long double exact = powl((long double)base[b], (long double)n);
            if (fabsl(exact) < 0x1p-960L) continue; /* low parts vanish */
            cr_expect(exact == 0 ? y == 0 : error_of(y, exact) < 0.6, "%g^%d: %a, not %La", base[b],
                      (int)n, y, exact);
        }
    cr_expect_eq(series_power(0, 0), 1);
}

/* What a training takes in its own precision, and its normal draws. */
Test(series, bits_of_activations_and_draws) {
    static real y[4 * N];
    static double draw[N];
    const function *wide = &functions[8];
    tren_rng rng = tren_rng_open(3, TREN_RNG_INIT, 0, 0, 0);
    for (int i = 0; i < N; i++) {
        real x = (real)place(wide, i);
        y[i] = vexp(x);
        y[N + i] = vtanh(x);
        y[2 * N + i] = verf(x);
        y[3 * N + i] = vexp(x * (real)5);
        draw[i] = tren_rng_normal(&rng, (uint32_t)i);
    }
    uint64_t digest = tren_digest(y, sizeof y), normal = tren_digest(draw, sizeof draw);
#ifdef TREN_DOUBLE
    const uint64_t expected = 0x8fc4290d33e7709d;
#else
    const uint64_t expected = 0xb8d75e53f2b1c5a9;
#endif
    cr_expect_eq(digest, expected, "0x%016llx", (unsigned long long)digest);
    cr_expect_eq(normal, 0xdc82b7636cd1e6e8, "0x%016llx", (unsigned long long)normal);
}
