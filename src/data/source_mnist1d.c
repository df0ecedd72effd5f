/* MNIST-1D: forty-point signals in the shapes of ten digits, moved, bent and buried in noise
 * (S. Greydanus and D. Kobak, "Scaling down deep learning with MNIST-1D", ICML 2024; its generator,
 * with draws of our own). */
#include "base/text.h"
#include "base/series.h"
#include "data/source.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES = 10, KNOTS = 12, LONG = 72, POINTS = 40, PAD_LEAST = 36, PAD_MOST = 60 };
enum { MOST_SHIFT = 48, RADIUS = 8 };

typedef struct settings {
    int n, n_test;
    double scale, shear, background, noise;
} settings;

static const double shape[CLASSES][KNOTS] = {
    {5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5},
    {5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5},
    {5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5},
    {5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5},
    {5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5},
    {5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5},
    {5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5},
    {5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5},
    {5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5},
    {5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5},
};

/* Which draw of a sample's stream is which: uniform ones share the first blocks; a normal one takes
 * a block of its own. */
enum { DRAW_PAD, DRAW_SCALE, DRAW_SHIFT, DRAW_SHEAR, DRAW_BACKGROUND = 8, DRAW_NOISE = 128 };

/* Begins at 0, as the zeros after it go on; of the size 1/6 of a standard deviation. */
static void template_of(double out[KNOTS], int class) {
    double mean = 0, square = 0;
    for (int i = 0; i < KNOTS; i++) mean += shape[class][i] / KNOTS;
    for (int i = 0; i < KNOTS; i++)
        square += (shape[class][i] - mean) * (shape[class][i] - mean) / KNOTS;
    for (int i = 0; i < KNOTS; i++)
        out[i] = (shape[class][i] - shape[class][0]) / sqrt(square) / 6 + 1e-8;
}

/* y [m] from x [n], both over the same interval, linearly. */
static void interpolate(double *y, int m, const double *x, int n) {
    for (int i = 0; i < m; i++) {
        double at = (double)i * (n - 1) / (m - 1);
        int k = (int)at < n - 1 ? (int)at : n - 2;
        y[i] = x[k] + (at - k) * (x[k + 1] - x[k]);
    }
}

/* Gaussian filter of standard deviation 2, mirrored at the borders. */
static void smooth(double *y, const double *x) {
    double weight[RADIUS + 1], sum = 0;
    for (int k = 0; k <= RADIUS; k++) {
        weight[k] = series_exp(-0.125 * k * k);
        sum += k ? 2 * weight[k] : weight[k];
    }
    for (int i = 0; i < LONG; i++) {
        y[i] = 0;
        for (int k = -RADIUS; k <= RADIUS; k++) {
            int j = i + k;
            j = j < 0 ? -1 - j : j >= LONG ? 2 * LONG - 1 - j : j;
            y[i] += weight[abs(k)] / sum * x[j];
        }
    }
}

static void shift(double *y, const double *x, int by) {
    for (int i = 0; i < LONG; i++) y[(i + by) % LONG] = x[i];
}

/* Where nothing is drawn there is smooth noise instead, and a little of another everywhere. */
static void add_noise(double *x, const tren_rng *rng, const settings *want) {
    double raw[LONG], background[LONG];
    for (int i = 0; i < LONG; i++) raw[i] = tren_rng_normal(rng, (uint32_t)(DRAW_BACKGROUND + i));
    smooth(background, raw);
    for (int i = 0; i < LONG; i++) {
        if (x[i] == 0) x[i] = want->background * background[i];
        x[i] += want->noise * tren_rng_normal(rng, (uint32_t)(DRAW_NOISE + i));
    }
}

static void make_sample(float *out, int class, const tren_rng *rng, const settings *want) {
    double padded[KNOTS + PAD_MOST] = {0}, x[LONG], moved[LONG], y[POINTS];
    int pad = PAD_LEAST + (int)(tren_rng_uniform(rng, DRAW_PAD) * (PAD_MOST - PAD_LEAST + 1));
    template_of(padded, class);
    interpolate(x, LONG, padded, KNOTS + pad);
    double scale = 1 + want->scale * (tren_rng_uniform(rng, DRAW_SCALE) - 0.5);
    for (int i = 0; i < LONG; i++) x[i] *= scale;
    shift(moved, x, (int)(tren_rng_uniform(rng, DRAW_SHIFT) * MOST_SHIFT));
    add_noise(moved, rng, want);
    double slope = want->shear * (tren_rng_uniform(rng, DRAW_SHEAR) - 0.5);
    for (int i = 0; i < LONG; i++) moved[i] -= slope * ((double)i / (LONG - 1) - 0.5);
    interpolate(y, POINTS, moved, LONG);
    for (int i = 0; i < POINTS; i++) out[i] = (float)y[i];
}

static tren_status make(tren_source *source, const void *context, uint64_t seed) {
    const settings *want = context;
    size_t n = (size_t)want->n + (size_t)want->n_test;
    float *x;
    uint8_t *y;
    TREN_TRY(tren_alloc(&x, n * POINTS, sizeof *x, "a synthetic source"));
    source->x = x;
    TREN_TRY(tren_alloc(&y, n, sizeof *y, "a synthetic source"));
    source->y = y;
    for (size_t i = 0; i < n; i++) {
        bool test = i >= (size_t)want->n;
        uint32_t at = (uint32_t)(test ? i - (size_t)want->n : i);
        tren_rng rng = tren_rng_open(seed, TREN_RNG_MAKE, 0, test, at);
        y[i] = (uint8_t)(at % CLASSES);
        make_sample(x + i * POINTS, y[i], &rng, want);
    }
    source->n = (size_t)want->n;
    source->n_test = (size_t)want->n_test;
    source->shape = (tren_shape){1, 1, POINTS};
    source->is_image = true; /* one mean and one standard deviation for all points */
    source->n_classes = CLASSES;
    source->n_targets = 1;
    source->x_type = TREN_F32;
    source->y_type = TREN_U8;
    snprintf(source->origin, sizeof source->origin,
             "mnist1d n=%d n-test=%d scale=%g shear=%g background=%g noise=%g seed=%llu", want->n,
             want->n_test, want->scale, want->shear, want->background, want->noise,
             (unsigned long long)seed);
    source->digest = tren_digest(source->origin, strlen(source->origin));
    return TREN_OK;
}

static const tren_setting settings_table[] = {
    {"n", TREN_SETTING_INT, offsetof(settings, n), "N",
     .help = "Number of samples, equally many of each class; default: 4000.",
     .fallback.integer = 4000, .min = 1, .max = INT32_MAX},
    {"n-test", TREN_SETTING_INT, offsetof(settings, n_test), "N",
     .help = "Number of samples in an additional test part, for --keep-test; default: 0.",
     .max = INT32_MAX},
    {"scale", TREN_SETTING_REAL, offsetof(settings, scale), "X",
     .help = "Range of the random factor on the height of the signal, around 1; default: 0.4.",
     .fallback.number = 0.4, .max = 2},
    {"shear", TREN_SETTING_REAL, offsetof(settings, shear), "X",
     .help = "Range of the random slope that is subtracted; default: 0.75.",
     .fallback.number = 0.75, .max = 1e3},
    {"background", TREN_SETTING_REAL, offsetof(settings, background), "X",
     .help = "Size of the smooth noise outside the signal; default: 0.25.", .fallback.number = 0.25,
     .max = 1e3},
    {"noise", TREN_SETTING_REAL, offsetof(settings, noise), "X",
     .help = "Standard deviation of the noise everywhere; default: 0.02.", .fallback.number = 0.02,
     .max = 1e3},
};

const tren_source_kind tren_source_mnist1d = {
    .name = "mnist1d",
    .summary = "MNIST-1D: signals of 40 points in the shapes of ten digits",
    .is_maker = true,
    .setting = settings_table,
    .n_settings = TREN_SETTING_COUNT(settings_table),
    .settings_size = sizeof(settings),
    .read = make,
};
