/* A sinusoid with noise: t = sin(2 pi x) + e, x uniform on [0,1), e ~ N(0, sd^2) (C. M. Bishop,
 * "Pattern Recognition and Machine Learning", 2006, section 1.1). */
#include "data/source.h"
#include "base/series.h"
#include "base/text.h"
#include <math.h>
#include <string.h>

typedef struct settings {
    int n;
    double sd;
} settings;

/* Which draw of a sample's stream is which: a normal one takes a block of its own. */
enum { DRAW_X = 0, DRAW_NOISE = 1 };

static void make_sample(double *x, double *t, uint64_t seed, uint32_t i, double sd) {
    tren_rng rng = tren_rng_open(seed, TREN_RNG_MAKE, 0, 0, i);
    *x = tren_rng_uniform(&rng, DRAW_X);
    *t = series_sin(2 * M_PI * *x) + sd * tren_rng_normal(&rng, DRAW_NOISE);
}

static tren_status make(tren_source *source, const void *context, uint64_t seed) {
    const settings *want = context;
    size_t n = (size_t)want->n;
    double *x, *t;
    TREN_TRY(tren_alloc(&x, n, sizeof *x, "a synthetic source"));
    source->x = x;
    TREN_TRY(tren_alloc(&t, n, sizeof *t, "a synthetic source"));
    source->y = t;
    for (size_t i = 0; i < n; i++) make_sample(&x[i], &t[i], seed, (uint32_t)i, want->sd);
    source->n = n;
    source->shape = (tren_shape){1, 1, 1};
    source->n_targets = 1;
    source->x_type = source->y_type = TREN_F64;
    char sd[40];
    tren_text_from_real(sd, sizeof sd, want->sd);
    snprintf(source->origin, sizeof source->origin, "sinusoid n=%d sd=%s seed=%llu", want->n, sd,
             (unsigned long long)seed);
    source->digest = tren_digest(source->origin, strlen(source->origin));
    return TREN_OK;
}

static const tren_setting settings_table[] = {
    {"n", TREN_SETTING_INT, offsetof(settings, n), "N", .help = "Number of samples; default: 1000.",
     .fallback.integer = 1000, .min = 1, .max = INT32_MAX},
    {"sd", TREN_SETTING_REAL, offsetof(settings, sd), "X",
     .help = "Standard deviation of the noise; default: 0.1.", .fallback.number = 0.1, .max = 1e6},
};

const tren_source_kind tren_source_sinusoid = {
    .name = "sinusoid",
    .summary = "x uniform on [0,1), target sin(2 pi x) + N(0, sd^2)",
    .is_maker = true,
    .setting = settings_table,
    .n_settings = TREN_SETTING_COUNT(settings_table),
    .settings_size = sizeof(settings),
    .read = make,
};
