/* Every level of the CPU gives the same bits: fused multiply-adds where there is no instruction for
 * them, and kernels that walk over blocks of images. Convolution: test_conv.c; narrow products:
 * test_narrow.c. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "support/net.h"
#include "tren/kernels.h"

enum { C = 3, SIDE = 7, AREA = SIDE * SIDE, BLOCKS = 2, N = BLOCKS * C * AREA * TREN_LANES };

typedef struct outputs {
    _Alignas(64) real y[N], dx[N], pooled[N], back[N], bias[C];
    double mean, m2, sum[2];
} outputs;

static void run(outputs *o, const tren_kernels *k, const real *x, const real *dy) {
    tren_norm_span span = {
        .n_images = 2 * TREN_LANES - 5, .area = AREA, .stride = (size_t)C * AREA * TREN_LANES};
    tren_norm_backward b = {.a = (real)1.1,
                            .b = (real)-0.3,
                            .relu = true,
                            .mean = (real)0.07,
                            .slope = (real)0.013,
                            .offset = (real)-0.002};
    tren_pool_shape pool = {
        .c = C, .h = SIDE, .w = SIDE, .oh = 3, .ow = 3, .kh = 3, .kw = 3, .stride = 2};
    memset(o, 0, sizeof *o);
    k->norm_statistics(&o->mean, &o->m2, x, span);
    k->norm_forward(o->y, x, span, b.a, b.b, true);
    k->norm_sums(o->sum, dy, x, span, &b);
    k->norm_input(o->dx, dy, x, span, &b);
    k->pool_max(o->pooled, x, &pool);
    k->pool_max_input(o->back, dy, x, o->pooled, &pool);
    k->pool_average(o->pooled + N / 2, x, &pool);
    k->pool_average_input(o->back, dy, &pool);
    k->lanes_bias(o->bias, dy, BLOCKS, C, AREA);
}

Test(levels, batch_norm_and_pools_have_the_same_bits) {
    static outputs best, other;
    static _Alignas(64) real x[N], dy[N];
    const tren_kernels *k;
    test_fill(x, N, 1);
    test_fill(dy, N, 2);
    run(&best, tren_kernels_best(), x, dy);
    for (int i = 0; (k = tren_kernels_at(i)); i++) {
        if (!tren_kernels_run_here(k)) continue;
        run(&other, k, x, dy);
        cr_expect_arr_eq(&other, &best, sizeof best, "level %s", k->level);
    }
}

/* Everything that works on elements, at an odd address and length. */
enum { FLAT = 333, ROWS = 9, CLASSES = 37 };
typedef struct elements {
    real y[4][2][FLAT], loss[FLAT], p[FLAT], w[5][FLAT], v[5][FLAT], sums[CLASSES], row[7][FLAT],
        norm[4][FLAT];
    uint8_t mask[FLAT];
    double number[8];
} elements;

static void run_layers(elements *o, const tren_kernels *k, const real *x, const real *dy) {
    static const uint32_t sample[ROWS] = {5, 3, 8, 1, 0, 7, 6, 2, 4};
    static const int32_t label[ROWS] = {5, 3, 8, 1, 0, 7, 6, 2, 4};
    const tren_dropout_key key = {.seed = 3, .layer = 1, .epoch = 2, .rate = 0.3};
    for (int a = 0; a < TREN_N_ACTIVATIONS; a++) {
        real z[FLAT];
        memcpy(z, x, sizeof z);
        memcpy(o->y[a][1], dy, sizeof z);
        k->activation[a].forward(o->y[a][0], z, dy, ROWS, CLASSES);
        k->activation[a].backward(o->y[a][1], o->y[a][0], z, FLAT);
    }
    memcpy(o->loss, x, sizeof o->loss);
    k->softmax_cross_entropy(o->loss, &o->number[0], &o->number[1], label, ROWS, CLASSES, (real)0.1,
                             (real)0.3);
    memcpy(o->p, x, sizeof o->p);
    k->softmax(o->p, ROWS, CLASSES);
    k->half_squares(o->p, &o->number[2], dy, ROWS, CLASSES, (real)0.7);
    k->dropout_forward(o->row[0], o->mask, x, sample, ROWS, CLASSES, &key);
    k->dropout_backward(o->row[1], dy, o->mask, FLAT, (real)1.25);
    k->column_sums(o->sums, x, ROWS, CLASSES);
    k->layer_norm_forward(o->norm[0], o->norm[1], x, dy, dy, ROWS, CLASSES);
    k->layer_norm_input(o->norm[2], dy, x, dy, o->norm[1], ROWS, CLASSES, true);
    k->layer_norm_weight(o->norm[3], dy, x, o->norm[1], ROWS, CLASSES);
}

static void run_flat(elements *o, const tren_kernels *k, const real *x, const real *dy) {
    const tren_momentum_step step = {(real)0.1, (real)0.01, (real)0.9, (real)0.5};
    const tren_adam_step adam = {(real)0.99,  (real)0.01, (real)0.9, (real)0.999,   (real)0.1,
                                 (real)0.001, (real)0.1,  (real)1.5, (real)0.00001, (real)0.5};
    real square[FLAT] = {0};
    const tren_rng rng = tren_rng_open(9, TREN_RNG_AUGMENT, 1, 2, 3);
    for (int i = 0; i < 5; i++) memcpy(o->w[i], x, sizeof o->w[i]);
    k->update_sgd(o->w[0], dy, (real)0.9, (real)0.1, FLAT);
    k->update_momentum(o->w[1], o->v[1], dy, &step, FLAT);
    k->update_nesterov(o->w[2], o->v[2], dy, &step, FLAT);
    k->update_settle(o->w[3], o->v[3], &step, FLAT);
    k->update_adam(o->w[4], o->v[4], square, dy, &adam, FLAT);
    k->gaussian_add(o->row[2], x, (real)0.3, &rng, FLAT);
    k->sum(o->row[3], x, dy, FLAT);
    k->walk(o->row[4], x, dy, (real)0.3, FLAT);
    o->number[3] = k->dot(x, dy, FLAT);
    o->number[4] = k->dot_difference(x, dy, x, FLAT);
    o->number[5] = k->sum_squares(x, FLAT) + k->sum_abs(dy, FLAT);
    o->number[6] = k->max_abs(x, FLAT);
}

Test(levels, kernels_on_elements_have_the_same_bits) {
    static elements best, other;
    static real x[FLAT + 1], dy[FLAT + 1];
    const tren_kernels *k;
    test_fill(x, FLAT + 1, 3);
    test_fill(dy, FLAT + 1, 4);
    for (int i = 0; (k = tren_kernels_at(i)); i++) {
        if (!tren_kernels_run_here(k)) continue;
        elements *o = k == tren_kernels_best() ? &best : &other;
        memset(o, 0, sizeof *o);
        run_layers(o, k, x + 1, dy + 1);
        run_flat(o, k, x + 1, dy + 1);
        if (o == &other) cr_expect(memcmp(&other, &best, sizeof best) == 0, "level %s", k->level);
    }
}

/* One vector of chains sum = sum a + b, of numbers whose products need every bit, against fma(). */
Test(levels, a_fused_multiply_add_rounds_once) {
    const tren_kernels *k;
    for (int i = 0; (k = tren_kernels_at(i)); i++) {
        if (!tren_kernels_run_here(k)) continue;
        int lanes = k->vector_bytes / (int)sizeof(real);
        for (uint32_t seed = 1; seed <= 2000; seed++) {
            _Alignas(64) real a[16], b[16], out[16];
            test_fill(a, 16, seed);
            test_fill(b, 16, seed + 5000);
            for (int l = 0; l < 16; l++) b[l] = (real)ldexp((double)b[l], (int)(seed % 64) - 40);
            k->fma_chains(out, a, b, 1, true);
            for (int l = 0; l < lanes; l++) {
                real sum[TREN_FMA_CHAINS / 2], total = 0;
                for (int c = 0; c < TREN_FMA_CHAINS / 2; c++) sum[c] = a[l] * (real)c;
                for (int c = 0; c < TREN_FMA_CHAINS / 2; c++)
#ifdef TREN_DOUBLE
                    total += fma(sum[c], a[l], b[l]);
#else
                    total += fmaf(sum[c], a[l], b[l]);
#endif
                cr_assert(memcmp(&out[l], &total, sizeof total) == 0, "%s: %a %a: %a, not %a",
                          k->level, (double)a[l], (double)b[l], (double)out[l], (double)total);
            }
        }
    }
}

Test(levels, one_that_is_not_there_is_refused) {
    const tren_kernels *k;
    cr_expect_eq(tren_kernels_choose(&k, "auto"), TREN_OK);
    cr_expect_eq(k, tren_kernels_best());
    cr_expect_eq(tren_kernels_choose(&k, "v9"), TREN_ERR_ENV);
    cr_expect(strstr(tren_error_text(), k->level), "%s", tren_error_text());
    for (int i = 0; (k = tren_kernels_at(i)); i++) {
        const tren_kernels *chosen;
        bool runs = tren_kernels_run_here(k);
        cr_expect_eq(tren_kernels_choose(&chosen, k->level), runs ? TREN_OK : TREN_ERR_ENV);
        cr_expect_eq(chosen, runs ? k : tren_kernels_best());
    }
}
