/* Kernels: accuracy of the vectorised functions, sums in their stated order, dropout masks by their
 * scalar definition, losses at their edges. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/vmath.h"
#include "support/net.h"
#include "tren/kernels.h"

/* ---- functions ------------------------------------------------------------------------------- */

#ifdef TREN_DOUBLE
#define NEXT nextafter
#else
#define NEXT nextafterf
#endif

/* In units of the last place of the right answer. */
static double ulps(real y, double right) {
    real size = (real)fabs(right);
    double spacing = (double)NEXT(size, (real)INFINITY) - (double)size;
    return fabs((double)y - right) / spacing;
}

typedef struct function_case {
    const char *name;
    real (*f)(real);
    double (*right)(double);
    double from, to, most; /* ulps */
} function_case;

static void check_function(const function_case *c) {
    double worst = 0, at = 0;
    for (int i = 0; i <= 400000; i++) {
        real x = (real)(c->from + (c->to - c->from) * i / 400000.0);
        double off = ulps(c->f(x), c->right((double)x));
        if (!(off <= worst)) {
            worst = off;
            at = (double)x;
        }
    }
    cr_expect(worst <= c->most, "%s is off by %.2f ulp at %g", c->name, worst, at);
}

Test(vmath, exp_tanh_and_erf_are_within_a_few_ulp) {
    check_function(&(function_case){"exp", vexp, exp, -87, 88, 1.01});
    /* 2 in double: 1.3, and what the C library's is off by itself */
    check_function(&(function_case){"tanh", vtanh, tanh, -12, 12, sizeof(real) == 8 ? 2.01 : 1.5});
    check_function(&(function_case){"erf", verf, erf, -6, 6, 4});
}

Test(vmath, extremes_saturate_and_nan_stays) {
    cr_expect(vexp(-1e4) < 1e-37);
    cr_expect_eq(vtanh(50), 1);
    cr_expect_eq(vtanh(-50), -1);
    cr_expect_eq(verf(20), 1);
    cr_expect_eq(verf(-20), -1);
    cr_expect(isnan(vexp((real)NAN)) && isnan(vtanh((real)NAN)) && isnan(verf((real)NAN)));
}

/* ---- activations ----------------------------------------------------------------------------- */

static const tren_activation_kernels *of(size_t a) {
    return &tren_kernels_best()->activation[a];
}

enum { ROWS = 5, COLUMNS = 37 };

/* A rank has other rows than another one: an element must not feel where in the array it lies. */
Test(activation, bits_do_not_depend_on_the_place) {
    for (size_t a = 0; a < TREN_N_ACTIVATIONS; a++)
        for (size_t shift = 0; shift < 17; shift++) {
            real z[ROWS * COLUMNS], y[ROWS * COLUMNS], one, dy[ROWS * COLUMNS], d;
            size_t n = ROWS * COLUMNS - shift;
            test_fill(z, n, 1);
            test_fill(dy, n, 2);
            real z0[ROWS * COLUMNS], dy0[ROWS * COLUMNS];
            memcpy(z0, z, sizeof z0);
            memcpy(dy0, dy, sizeof dy0);
            of(a)->forward(y, z, NULL, 1, (int)n);
            of(a)->backward(dy, y, z, n);
            for (size_t i = 0; i < n; i++) {
                of(a)->forward(&one, &z0[i], NULL, 1, 1);
                d = dy0[i];
                of(a)->backward(&d, &one, &z0[i], 1);
                cr_expect_eq(memcmp(&one, &y[i], sizeof one), 0, "%s", tren_activations[a]->name);
                cr_expect_eq(memcmp(&d, &dy[i], sizeof d), 0, "%s", tren_activations[a]->name);
            }
        }
}

/* A relu that made it 0 would hide that a training has diverged. Every width of vector and its rest
 * is met. */
Test(activation, not_a_number_stays_so) {
    for (size_t a = 0; a < TREN_N_ACTIVATIONS; a++)
        for (int m = 1; m <= COLUMNS; m++)
            for (int with_bias = 0; with_bias < 2; with_bias++) {
                real z[COLUMNS] = {0}, b[COLUMNS] = {0}, y[COLUMNS];
                z[m - 1] = (real)NAN;
                of(a)->forward(y, z, with_bias ? b : NULL, 1, m);
                cr_expect(isnan(y[m - 1]), "%s, %d columns", tren_activations[a]->name, m);
            }
}

Test(batch_norm, not_a_number_stays_so) {
    real x[2 * TREN_LANES] __attribute__((aligned(64))) = {0},
                           y[2 * TREN_LANES] __attribute__((aligned(64)));
    const tren_kernels *k = tren_kernels_best();
    tren_norm_span span = {.n_images = TREN_LANES, .area = 2};
    x[TREN_LANES + 3] = (real)NAN;
    k->norm_forward(y, x, span, 1, 0, true);
    cr_expect(isnan(y[TREN_LANES + 3]) && y[0] == 0);
    k->norm_forward(y, x, span, (real)NAN, (real)NAN, true); /* of a channel without a variance */
    for (int i = 0; i < 2 * TREN_LANES; i++) cr_expect(isnan(y[i]));
}

typedef struct definition {
    tren_activation_kind kind;
    double (*at)(double z), (*slope)(double z);
} definition;

static double leaky_at(double z) {
    return z < 0 ? 0.01 * z : z;
}
static double leaky_slope(double z) {
    return z > 0 ? 1 : 0.01;
}
static double elu_at(double z) {
    return z < 0 ? expm1(z) : z;
}
static double elu_slope(double z) {
    return z < 0 ? exp(z) : 1;
}
static double sigmoid_at(double z) {
    return 1 / (1 + exp(-z));
}
static double sigmoid_slope(double z) {
    return sigmoid_at(z) * sigmoid_at(-z);
}
static double silu_at(double z) {
    return z * sigmoid_at(z);
}
static double silu_slope(double z) {
    return sigmoid_at(z) * (1 + z * sigmoid_at(-z));
}
static double softplus_at(double z) {
    return fmax(z, 0) + log1p(exp(-fabs(z)));
}

static const definition definitions[] = {
    {TREN_ACTIVATION_LEAKY_RELU, leaky_at, leaky_slope},
    {TREN_ACTIVATION_ELU, elu_at, elu_slope},
    {TREN_ACTIVATION_SILU, silu_at, silu_slope},
    {TREN_ACTIVATION_SIGMOID, sigmoid_at, sigmoid_slope},
    {TREN_ACTIVATION_SOFTPLUS, softplus_at, sigmoid_at},
};

Test(activation, values_and_slopes_are_those_of_their_definition) {
    const double unit = sizeof(real) == sizeof(float) ? 0x1p-23 : 0x1p-52;
    for (size_t k = 0; k < sizeof definitions / sizeof *definitions; k++)
        for (int i = -2001; i <= 2001; i++) {
            const definition *d = &definitions[k];
            real z = (real)(i / 100.0), y, dy = 1;
            double exact = d->at((double)z), slope = d->slope((double)z);
            of(d->kind)->forward(&y, &z, NULL, 1, 1);
            of(d->kind)->backward(&dy, &y, &z, 1);
            cr_expect(fabs((double)y - exact) <= 8 * unit * fabs(exact), "%s(%g) = %.9g, not %.9g",
                      tren_activations[d->kind]->name, (double)z, (double)y, exact);
            cr_expect(fabs((double)dy - slope) <= 8 * unit, "%s'(%g) = %.9g, not %.9g",
                      tren_activations[d->kind]->name, (double)z, (double)dy, slope);
        }
}

Test(activation, the_bias_is_added_to_every_row) {
    for (size_t a = 0; a < TREN_N_ACTIVATIONS; a++) {
        real z[ROWS * COLUMNS], sum[ROWS * COLUMNS], b[COLUMNS], y[ROWS * COLUMNS],
            y1[ROWS * COLUMNS];
        test_fill(z, ROWS * COLUMNS, 1);
        test_fill(b, COLUMNS, 2);
        for (int i = 0; i < ROWS * COLUMNS; i++) sum[i] = z[i] + b[i % COLUMNS];
        of(a)->forward(y, z, b, ROWS, COLUMNS);
        of(a)->forward(y1, sum, NULL, ROWS, COLUMNS);
        cr_expect_eq(memcmp(y, y1, sizeof y), 0, "%s", tren_activations[a]->name);
        if (tren_activations[a]->needs_z) cr_expect_eq(memcmp(z, sum, sizeof z), 0);
    }
}

/* ---- flat arrays ----------------------------------------------------------------------------- */

/* The order that the header promises: 16 lanes, folded in halves, chunks one after the other. */
static double lanes_of(const real *x, size_t n, bool squares) {
    double total = 0;
    for (size_t at = 0; at < n; at += TREN_CHUNK) {
        double lane[16] = {0};
        size_t len = n - at < TREN_CHUNK ? n - at : TREN_CHUNK;
        for (size_t i = 0; i < len; i++) {
            double v = (double)x[at + i];
            lane[i % 16] += squares ? v * v : fabs(v);
        }
        for (int width = 8; width > 0; width /= 2)
            for (int i = 0; i < width; i++) lane[i] += lane[i + width];
        total += lane[0];
    }
    return total;
}

Test(flat, sums_are_in_the_stated_order) {
    enum { MOST = 3 * TREN_CHUNK + 100 };
    real *x = calloc(MOST, sizeof *x);
    test_fill(x, MOST, 3);
    for (size_t n = 0; n <= MOST; n += n < 50 ? 1 : 1237) {
        cr_expect_eq(tren_kernels_best()->sum_squares(x, n), lanes_of(x, n, true), "%zu", n);
        cr_expect_eq(tren_kernels_best()->sum_abs(x, n), lanes_of(x, n, false), "%zu", n);
    }
    free(x);
}

Test(flat, column_sums_add_the_rows_in_order) {
    real x[ROWS * COLUMNS], y[COLUMNS];
    test_fill(x, ROWS * COLUMNS, 4);
    tren_kernels_best()->column_sums(y, x, ROWS, COLUMNS);
    for (int j = 0; j < COLUMNS; j++) {
        real sum = 0;
        for (int i = 0; i < ROWS; i++) sum += x[i * COLUMNS + j];
        cr_expect_eq(y[j], sum);
    }
}

Test(flat, one_bad_value_is_not_finite) {
    real x[100];
    test_fill(x, 100, 5);
    cr_expect(tren_kernels_best()->all_finite(x, 100));
    cr_expect(tren_kernels_best()->all_finite(x, 0));
    const real bad[] = {(real)INFINITY, (real)-INFINITY, (real)NAN};
    for (int b = 0; b < 3; b++)
        for (int i = 0; i < 100; i++) {
            real before = x[i];
            x[i] = bad[b];
            cr_expect(!tren_kernels_best()->all_finite(x, 100), "%g at %d", (double)bad[b], i);
            x[i] = before;
        }
}

/* ---- matrix products ------------------------------------------------------------------------- */

static void check_gemm(tren_gemm_shape s) {
    real a[7 * 5], b[5 * 6], c[7 * 6];
    test_fill(a, 35, 1);
    test_fill(b, 30, 2);
    test_fill(c, 42, 3);
    for (int i = 0; i < s.m; i++)
        for (int j = 0; j < s.n; j++) {
            real one = c[i * s.n + j], whole[42];
            double sum = 0.5 * (double)one;
            for (int k = 0; k < s.k; k++)
                sum += 2.0 * (double)a[s.ta ? k * s.m + i : i * s.k + k] *
                       (double)b[s.tb ? j * s.k + k : k * s.n + j];
            memcpy(whole, c, sizeof whole);
            tren_gemm(whole, a, b, s, 2, (real)0.5);
            cr_expect_float_eq(whole[i * s.n + j], sum, 1e-5);
        }
}

Test(gemm, multiplies_row_major_and_transposed) {
    for (int t = 0; t < 4; t++)
        check_gemm((tren_gemm_shape){.m = 7, .n = 6, .k = 5, .ta = t & 1, .tb = t & 2});
}

/* ---- dropout --------------------------------------------------------------------------------- */

/* Unit u of a sample: half h of word w of block (u / 128) * 16 + u % 16, (2w + h) = u / 16 % 8. */
static bool is_kept(const tren_dropout_key *key, uint32_t sample, int u) {
    uint32_t word[4], half = (uint32_t)(u / 16 % 8);
    tren_rng rng = tren_rng_open(key->seed, TREN_RNG_DROPOUT, key->layer, key->epoch, sample);
    tren_rng_words(word, &rng, (uint32_t)(u / 128 * 16 + u % 16));
    uint32_t draw = half % 2 ? word[half / 2] >> 16 : word[half / 2] & 0xffff;
    return draw >= (uint32_t)lround(key->rate * 65536);
}

Test(dropout, masks_are_those_of_the_scalar_definition) {
    static const int width[] = {1, 10, 16, 127, 128, 129, 500};
    tren_dropout_key key = {.seed = 0x123456789abcdefull, .layer = 3, .epoch = 17, .rate = 0.3};
    const uint32_t sample[ROWS] = {0, 1, 77, 4000000000u, 5};
    real x[ROWS * 500], y[ROWS * 500], dx[ROWS * 500];
    uint8_t mask[ROWS * 500];
    test_fill(x, ROWS * 500, 1);
    for (size_t k = 0; k < sizeof width / sizeof *width; k++) {
        int m = width[k];
        real scale = (real)(1 / (1 - key.rate));
        tren_kernels_best()->dropout_forward(y, mask, x, sample, ROWS, m, &key);
        tren_kernels_best()->dropout_backward(dx, x, mask, (size_t)(ROWS * m), scale);
        for (int i = 0; i < ROWS * m; i++) {
            bool kept = is_kept(&key, sample[i / m], i % m);
            cr_assert_eq(mask[i], kept, "width %d, row %d, unit %d", m, i / m, i % m);
            cr_assert_eq(y[i], kept ? x[i] * scale : 0);
            cr_assert_eq(dx[i], kept ? x[i] * scale : 0);
        }
    }
}

static size_t count_dropped(const tren_dropout_key *key, uint8_t *mask, int n, int m) {
    real *x = calloc((size_t)(n * m), sizeof *x), *y = calloc((size_t)(n * m), sizeof *y);
    uint32_t *sample = calloc((size_t)n, sizeof *sample);
    for (int i = 0; i < n; i++) sample[i] = (uint32_t)i;
    tren_kernels_best()->dropout_forward(y, mask, x, sample, n, m, key);
    size_t dropped = 0;
    for (int i = 0; i < n * m; i++) dropped += !mask[i];
    free(x);
    free(y);
    free(sample);
    return dropped;
}

Test(dropout, drops_at_its_rate) {
    enum { N = 100, M = 400, LAYERS = 25 };
    uint8_t *mask = calloc(N * M, 1);
    static const double rate[] = {0.01, 0.1, 0.5, 0.9};
    for (size_t r = 0; r < 4; r++) {
        size_t dropped = 0;
        for (uint32_t layer = 1; layer <= LAYERS; layer++)
            dropped += count_dropped(
                &(tren_dropout_key){.seed = 1, .layer = layer, .rate = rate[r]}, mask, N, M);
        double draws = (double)N * M * LAYERS, exact = (double)lround(rate[r] * 65536) / 65536;
        double share = (double)dropped / draws, error = sqrt(exact * (1 - exact) / draws);
        cr_expect(fabs(share - exact) < 3 * error, "rate %g: %g dropped, standard error %g",
                  rate[r], share, error);
    }
    free(mask);
}

Test(dropout, layers_epochs_and_seeds_draw_apart) {
    enum { N = 100, M = 100 };
    uint8_t *first = calloc(N * M, 1), *other = calloc(N * M, 1);
    const tren_dropout_key key = {.seed = 1, .layer = 1, .epoch = 1, .rate = 0.5};
    count_dropped(&key, first, N, M);
    for (int k = 0; k < 3; k++) {
        tren_dropout_key changed = key;
        if (k == 0) changed.seed++;
        if (k == 1) changed.layer++;
        if (k == 2) changed.epoch++;
        count_dropped(&changed, other, N, M);
        int same = 0;
        for (int i = 0; i < N * M; i++) same += first[i] == other[i];
        cr_expect(abs(same - N * M / 2) < 200, "%d of %d units agree", same, N * M); /* 4 SE */
    }
    free(first);
    free(other);
}

/* ---- losses ---------------------------------------------------------------------------------- */

Test(loss, huge_logits_do_not_overflow) {
    real z[] = {1000, 0, -1000, 1000, 0, -1000};
    const int32_t label[] = {0, 1};
    double loss = 0, correct = 0;
    tren_kernels_best()->softmax_cross_entropy(z, &loss, &correct, label, 2, 3, 0, 1);
    cr_expect_float_eq(loss, 1000, 1e-3);
    cr_expect_eq(correct, 1);
    cr_expect(tren_kernels_best()->all_finite(z, 6));
    cr_expect_float_eq(z[3], 1, 1e-6);
    cr_expect_float_eq(z[4], -1, 1e-6);
}

Test(loss, the_first_of_equal_logits_counts) {
    real z[] = {1, 2, 2, 1, 2, 2};
    double loss = 0, correct = 0;
    tren_kernels_best()->softmax_cross_entropy(z, &loss, &correct, (const int32_t[]){1, 2}, 2, 3, 0,
                                               1);
    cr_expect_eq(correct, 1);
}

Test(loss, losses_are_added_to_what_was_there) {
    real z[] = {0, 0};
    double loss = 10, correct = 5;
    tren_kernels_best()->softmax_cross_entropy(z, &loss, &correct, (const int32_t[]){0}, 1, 2, 0,
                                               1);
    cr_expect_float_eq(loss, 10 + log(2), 1e-6);
    cr_expect_eq(correct, 6);
}

/* Longer than a block of rows, so that the seam is crossed. */
Test(loss, many_rows_are_as_good_as_one_at_a_time) {
    enum { N = 150, M = 7 };
    real z[N * M], one[N * M];
    int32_t label[N];
    double loss = 0, correct = 0, loss1 = 0, correct1 = 0;
    test_fill(z, N * M, 9);
    memcpy(one, z, sizeof one);
    for (uint32_t i = 0; i < N; i++) label[i] = test_pick(8, i, 0, M - 1);
    tren_kernels_best()->softmax_cross_entropy(z, &loss, &correct, label, N, M, (real)0.1,
                                               (real)0.01);
    for (int i = 0; i < N; i++)
        tren_kernels_best()->softmax_cross_entropy(one + i * M, &loss1, &correct1, label + i, 1, M,
                                                   (real)0.1, (real)0.01);
    cr_expect_eq(loss, loss1);
    cr_expect_eq(correct, correct1);
    cr_expect_eq(memcmp(z, one, sizeof z), 0);
}

Test(loss, softmax_sums_to_one) {
    real z[4 * 9];
    test_fill(z, 36, 2);
    tren_kernels_best()->softmax(z, 4, 9);
    for (int i = 0; i < 4; i++) {
        double sum = 0;
        for (int j = 0; j < 9; j++) sum += (double)z[i * 9 + j];
        cr_expect_float_eq(sum, 1, 1e-6);
    }
}
