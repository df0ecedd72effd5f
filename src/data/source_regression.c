/* Small regression problems of which the theory is known, or was drawn on a blackboard. x and the
 * targets are meant as they are: write them with --no-normalize. */
#include "data/source.h"
#include "base/series.h"

#include <math.h>
#include <string.h>

/* A table of n + n_test rows of d columns with one target, all zero. */
static tren_status open_table(tren_source *source, int n, int n_test, int d) {
    double *x, *y;
    size_t rows = (size_t)n + (size_t)n_test;
    TREN_TRY(tren_alloc(&x, rows * (size_t)d, sizeof *x, "a synthetic source"));
    source->x = x;
    TREN_TRY(tren_alloc(&y, rows, sizeof *y, "a synthetic source"));
    source->y = y;
    source->n = (size_t)n;
    source->n_test = (size_t)n_test;
    source->shape = (tren_shape){d, 1, 1};
    source->n_targets = 1;
    source->x_type = source->y_type = TREN_F64;
    return TREN_OK;
}

static tren_status sign(tren_source *source) {
    source->digest = tren_digest(source->origin, strlen(source->origin));
    return TREN_OK;
}

static tren_rng rng_of(uint64_t seed, bool test, uint32_t row) {
    return tren_rng_open(seed, TREN_RNG_MAKE, 0, test, row);
}

/* ---- the sinusoid of the textbook ------------------------------------------------------------ */

typedef struct sinusoid {
    int n, n_test;
    double sd;
} sinusoid;

static tren_status make_sinusoid(tren_source *source, const void *context, uint64_t seed) {
    const sinusoid *want = context;
    TREN_TRY(open_table(source, want->n, want->n_test, 1));
    double *x = source->x, *t = source->y;
    for (int i = 0; i < want->n + want->n_test; i++) {
        bool test = i >= want->n;
        tren_rng rng = rng_of(seed, test, (uint32_t)(test ? i - want->n : i));
        double spaced = want->n > 1 ? (double)i / (want->n - 1) : 0.5;
        x[i] = test ? tren_rng_uniform(&rng, 0) : spaced;
        t[i] = series_sin(2 * M_PI * x[i]) + want->sd * tren_rng_normal(&rng, 1);
    }
    snprintf(source->origin, sizeof source->origin,
             "bishop-sinusoid n=%d n-test=%d sd=%g seed=%llu", want->n, want->n_test, want->sd,
             (unsigned long long)seed);
    return sign(source);
}

static const tren_setting sinusoid_settings[] = {
    {"n", TREN_SETTING_INT, offsetof(sinusoid, n), "N", .help = "Number of points; default: 10.",
     .fallback.integer = 10, .min = 1, .max = INT32_MAX},
    {"n-test", TREN_SETTING_INT, offsetof(sinusoid, n_test), "N",
     .help = "Number of points in an additional test part, at random places, for --keep-test; "
             "default: 0.",
     .max = INT32_MAX},
    {"sd", TREN_SETTING_REAL, offsetof(sinusoid, sd), "X",
     .help = "Standard deviation of the noise; default: 0.3.", .fallback.number = 0.3, .max = 1e6},
};

const tren_source_kind tren_source_bishop_sinusoid = {
    .name = "bishop-sinusoid",
    .summary = "x evenly spaced on [0,1], target sin(2 pi x) + N(0, sd^2)",
    .is_maker = true,
    .setting = sinusoid_settings,
    .n_settings = TREN_SETTING_COUNT(sinusoid_settings),
    .settings_size = sizeof(sinusoid),
    .read = make_sinusoid,
};

/* ---- twelve points to interpolate ------------------------------------------------------------ */

typedef struct interpolation {
    int n, grid;
    double range;
} interpolation;

static double bumpy(double x) {
    return 2 * (1 - series_exp(-fabs(x + series_sin(x))));
}

static tren_status make_interpolation(tren_source *source, const void *context, uint64_t seed) {
    const interpolation *want = context;
    TREN_TRY(open_table(source, want->n, want->grid, 1));
    double *x = source->x, *y = source->y;
    for (int i = 0; i < want->n + want->grid; i++) {
        tren_rng rng = rng_of(seed, false, (uint32_t)i);
        double u = i < want->n      ? tren_rng_uniform(&rng, 0)
                   : want->grid > 1 ? (double)(i - want->n) / (want->grid - 1)
                                    : 0.5;
        x[i] = want->range * (2 * u - 1);
        y[i] = bumpy(x[i]);
    }
    snprintf(source->origin, sizeof source->origin,
             "interpolation-12 n=%d grid=%d range=%g seed=%llu", want->n, want->grid, want->range,
             (unsigned long long)seed);
    return sign(source);
}

static const tren_setting interpolation_settings[] = {
    {"n", TREN_SETTING_INT, offsetof(interpolation, n), "N",
     .help = "Number of points; default: 12.", .fallback.integer = 12, .min = 1, .max = INT32_MAX},
    {"grid", TREN_SETTING_INT, offsetof(interpolation, grid), "N",
     .help = "Number of points on an even grid as a test part, for --keep-test; default: 0.",
     .max = INT32_MAX},
    {"range", TREN_SETTING_REAL, offsetof(interpolation, range), "X",
     .help = "x lies between -X and X; default: 5.", .fallback.number = 5, .min = 1e-6, .max = 1e6},
};

const tren_source_kind tren_source_interpolation = {
    .name = "interpolation-12",
    .summary = "a few points of 2 (1 - exp(-|x + sin x|)), without noise",
    .is_maker = true,
    .setting = interpolation_settings,
    .n_settings = TREN_SETTING_COUNT(interpolation_settings),
    .settings_size = sizeof(interpolation),
    .read = make_interpolation,
};

/* ---- linear models --------------------------------------------------------------------------- */

typedef struct linear {
    int n, n_test, d, slow;
    double sd, norm, slow_scale, fast_target, slow_target;
} linear;

/* y = x . b + noise, column j of x with standard deviation scale(j); the last `slow` columns are
 * slow. Test targets have no noise. */
static tren_status make_linear(tren_source *source, const linear *want, uint64_t seed) {
    TREN_TRY(open_table(source, want->n, want->n_test, want->d));
    double *x = source->x, *y = source->y;
    for (int i = 0; i < want->n + want->n_test; i++) {
        bool test = i >= want->n;
        tren_rng rng = rng_of(seed, test, (uint32_t)(test ? i - want->n : i));
        for (int j = 0; j < want->d; j++) {
            bool slow = j >= want->d - want->slow;
            double b = slow ? want->slow_target : want->fast_target;
            double *at = &x[(size_t)i * (size_t)want->d + (size_t)j];
            *at = (slow ? want->slow_scale : 1) * tren_rng_normal(&rng, (uint32_t)j);
            y[i] += b * *at;
        }
        if (!test) y[i] += want->sd * tren_rng_normal(&rng, (uint32_t)want->d);
    }
    return TREN_OK;
}

static tren_status make_isotropic(tren_source *source, const void *context, uint64_t seed) {
    linear want = *(const linear *)context;
    want.fast_target = want.norm / sqrt(want.d);
    want.slow = 0;
    TREN_TRY(make_linear(source, &want, seed));
    snprintf(source->origin, sizeof source->origin,
             "isotropic-linear n=%d n-test=%d d=%d norm=%g sd=%g seed=%llu", want.n, want.n_test,
             want.d, want.norm, want.sd, (unsigned long long)seed);
    return sign(source);
}

static tren_status make_two_scales(tren_source *source, const void *context, uint64_t seed) {
    linear want = *(const linear *)context;
    want.d += want.slow;
    TREN_TRY(make_linear(source, &want, seed));
    snprintf(source->origin, sizeof source->origin,
             "two-time-scale n=%d n-test=%d fast=%d slow=%d sd=%g slow-scale=%g fast-target=%g "
             "slow-target=%g seed=%llu",
             want.n, want.n_test, want.d - want.slow, want.slow, want.sd, want.slow_scale,
             want.fast_target, want.slow_target, (unsigned long long)seed);
    return sign(source);
}

#define TEST_SETTING                                                                               \
    {                                                                                              \
        "n-test", TREN_SETTING_INT, offsetof(linear, n_test), "N",                                 \
            .help = "Number of rows in a test part without noise, for --keep-test; default: 0.",   \
            .max = INT32_MAX                                                                       \
    }

static const tren_setting isotropic_settings[] = {
    {"n", TREN_SETTING_INT, offsetof(linear, n), "N", .help = "Number of rows; default: 100.",
     .fallback.integer = 100, .min = 1, .max = INT32_MAX},
    TEST_SETTING,
    {"d", TREN_SETTING_INT, offsetof(linear, d), "N",
     .help = "Number of columns, all equally important; default: 200.", .fallback.integer = 200,
     .min = 1, .max = 1000000},
    {"norm", TREN_SETTING_REAL, offsetof(linear, norm), "X",
     .help = "Length of the vector of true weights; default: 1.", .fallback.number = 1, .max = 1e6},
    {"sd", TREN_SETTING_REAL, offsetof(linear, sd), "X",
     .help = "Standard deviation of the noise; default: 0.5.", .fallback.number = 0.5, .max = 1e6},
};

const tren_source_kind tren_source_isotropic = {
    .name = "isotropic-linear",
    .summary = "independent normal columns, target linear in them, with noise",
    .is_maker = true,
    .setting = isotropic_settings,
    .n_settings = TREN_SETTING_COUNT(isotropic_settings),
    .settings_size = sizeof(linear),
    .read = make_isotropic,
};

static const tren_setting two_scales_settings[] = {
    {"n", TREN_SETTING_INT, offsetof(linear, n), "N", .help = "Number of rows; default: 400.",
     .fallback.integer = 400, .min = 1, .max = INT32_MAX},
    TEST_SETTING,
    {"fast", TREN_SETTING_INT, offsetof(linear, d), "N",
     .help = "Number of columns of scale 1; default: 40.", .fallback.integer = 40, .min = 1,
     .max = 1000000},
    {"slow", TREN_SETTING_INT, offsetof(linear, slow), "N",
     .help = "Number of columns of a small scale; default: 5.", .fallback.integer = 5,
     .max = 1000000},
    {"slow-scale", TREN_SETTING_REAL, offsetof(linear, slow_scale), "X",
     .help = "Standard deviation of these columns; default: 0.05.", .fallback.number = 0.05,
     .max = 1e6},
    {"fast-target", TREN_SETTING_REAL, offsetof(linear, fast_target), "X",
     .help = "True weight of a column of scale 1; default: 0.0707.", .fallback.number = 0.0707,
     .min = -1e6, .max = 1e6},
    {"slow-target", TREN_SETTING_REAL, offsetof(linear, slow_target), "X",
     .help = "True weight of a column of a small scale; default: 6.93.", .fallback.number = 6.93,
     .min = -1e6, .max = 1e6},
    {"sd", TREN_SETTING_REAL, offsetof(linear, sd), "X",
     .help = "Standard deviation of the noise; default: 2.", .fallback.number = 2, .max = 1e6},
};

const tren_source_kind tren_source_two_scales = {
    .name = "two-time-scale",
    .summary = "a linear model with features that are learned at two speeds",
    .is_maker = true,
    .setting = two_scales_settings,
    .n_settings = TREN_SETTING_COUNT(two_scales_settings),
    .settings_size = sizeof(linear),
    .read = make_two_scales,
};
