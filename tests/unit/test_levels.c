/* Every kernel of the table gives the same bits on every level of the CPU. More shapes of
 * convolutions, narrow products and the product: test_conv.c, test_narrow.c, test_product.c. */
#include <criterion/criterion.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "support/net.h"
#include "tren/kernels.h"

/* Images: blocks of C channels; elements: an odd length, and an odd address where it may be one. */
enum { C = 3, SIDE = 7, AREA = SIDE * SIDE, BLOCKS = 2, N = 40000 };
enum { FLAT = 333, ROWS = 9, CLASSES = 37, NUMBERS = 8 };

/* What a check of a level writes; what all of them read. */
typedef struct room {
    _Alignas(64) real a[N], b[N];
    double number[NUMBERS];
    uint8_t mask[FLAT];
} room;

static _Alignas(64) real image_x[N], image_dy[N];
static real *const x = image_x + 1, *const dy = image_dy + 1;
static real scale[FLAT];
static uint8_t x_u8[FLAT];
static float x_f32[FLAT];
static double x_f64[FLAT], sd[FLAT];
static const uint32_t sample[ROWS] = {5, 3, 8, 1, 0, 7, 6, 2, 4};
static const int32_t label[ROWS] = {5, 3, 8, 1, 0, 7, 6, 2, 4};

static void fill_inputs(void) {
    test_fill(image_x, N, 1);
    test_fill(image_dy, N, 2);
    test_fill(scale, FLAT, 3);
    for (int i = 0; i < FLAT; i++) {
        x_u8[i] = (uint8_t)test_pick(4, (uint32_t)i, 0, 255);
        x_f64[i] = (double)x[i] + 1e-9 * i;
        x_f32[i] = (float)x_f64[i];
        sd[i] = 1 + 0.01 * i;
    }
}

/* ---- flat arrays, layers, losses --------------------------------------------------------------
 */

static void sums(const tren_kernels *k, room *o) {
    enum { LONG = 2 * TREN_CHUNK + 37 };
    memcpy(o->a + 1, x, FLAT * sizeof *x);
    k->add(o->a + 1, dy, FLAT);
    k->sum(o->b + 1, x, dy, FLAT);
    memcpy(o->b + FLAT + 1, x, FLAT * sizeof *x);
    k->multiply(o->b + FLAT + 1, dy, FLAT);
    k->column_sums(o->b + N / 2, x, ROWS, CLASSES);
    o->number[0] = k->dot(x, dy, LONG);
    o->number[1] = k->dot_difference(x, dy, x, LONG);
    o->number[2] = k->sum_squares(x, LONG);
    o->number[3] = k->sum_abs(dy, LONG);
    o->number[4] = k->max_abs(x, LONG);
    o->number[5] = k->all_finite(x, LONG);
    o->a[0] = (real)NAN;
    o->number[6] = k->all_finite(o->a, LONG);
    o->a[0] = 0;
}

static void activations(const tren_kernels *k, room *o) {
    for (int a = 0; a < TREN_N_ACTIVATIONS; a++) {
        real z[FLAT], *y = o->a + a * FLAT + 1, *back = o->b + a * FLAT + 1;
        memcpy(z, x, sizeof z);
        memcpy(back, dy, sizeof z);
        k->activation[a].forward(y, z, dy, ROWS, CLASSES);
        k->activation[a].backward(back, y, z, FLAT);
        real *slope = o->b + (TREN_N_ACTIVATIONS + a) * FLAT + 1;
        memcpy(slope, x, sizeof z);
        if (!k->activation[a].forward_slope) continue;
        k->activation[a].forward_slope(z, slope, dy, ROWS, CLASSES);
        k->multiply(slope, dy, FLAT);
        cr_expect_eq(memcmp(z, y, sizeof z), 0);
        cr_expect_eq(memcmp(slope, back, sizeof z), 0);
    }
}

static void losses(const tren_kernels *k, room *o) {
    for (int i = 0; i < 3; i++) memcpy(o->a + i * FLAT + 1, x, FLAT * sizeof *x);
    k->softmax_cross_entropy(o->a + 1, &o->number[0], &o->number[1], label, ROWS, CLASSES,
                             (real)0.1, (real)0.3);
    k->softmax(o->a + FLAT + 1, ROWS, CLASSES);
    k->weighted_cross_entropy(o->a + 2 * FLAT + 1, &o->number[2], &o->number[3], label, dy, ROWS,
                              CLASSES, (real)0.1, (real)0.3);
}

static void layer_norm(const tren_kernels *k, room *o) {
    real *y = o->a + 1, *kept = o->a + FLAT + 1, *dx = o->b + 1, *dw = o->b + FLAT + 1;
    memcpy(dx, x, FLAT * sizeof *x);
    k->layer_norm_forward(y, kept, x, dy, dy, ROWS, CLASSES);
    k->layer_norm_input(dx, dy, x, dy, kept, ROWS, CLASSES, true);
    k->layer_norm_weight(dw, dy, x, kept, ROWS, CLASSES);
}

static void attend(const tren_kernels *k, room *o, const tren_attention_shape *s) {
    static _Alignas(64) real scratch[N];
    int d = s->q_ld / 3;
    real *y = o->a + 1, *kept = o->a + N / 2, *dx = o->b + 1;
    tren_attention_arrays given = {x, x + d, x + (ptrdiff_t)2 * d, y, kept, dy};
    cr_assert_leq(k->attention_scratch(s), N);
    k->attention_forward(y, kept, x, x + d, x + (ptrdiff_t)2 * d, s, scratch);
    k->attention_input(dx, dx + d, dx + (ptrdiff_t)2 * d, &given, s, scratch);
}

static void attention(const tren_kernels *k, room *o) {
    enum { D = 29 };
    tren_attention_shape s = {
        .queries = 70, .keys = 70, .width = D, .q_ld = 3 * D, .kv_ld = 3 * D, .y_ld = D};
    s.scale = (real)0.2;
    s.causal = true;
    attend(k, o, &s);
    for (int i = 0; i < 4; i++) o->number[i] = o->a[(size_t)i * 600 + 1];
    s.causal = false;
    s.keys = 131;
    attend(k, o, &s);
}

static void scaling(const tren_kernels *k, room *o) {
    k->scale_add(o->a + 1, x, (real)0.3, dy, FLAT);
    k->scale(o->b + 1, x, (real)0.3, FLAT);
}

static void dropout(const tren_kernels *k, room *o) {
    const tren_dropout_key key = {.seed = 3, .layer = 1, .epoch = 2, .rate = 0.3};
    k->dropout_forward(o->a + 1, o->mask, x, sample, ROWS, CLASSES, &key);
    k->dropout_backward(o->b + 1, dy, o->mask, FLAT, (real)1.25);
}

static void updates(const tren_kernels *k, room *o) {
    const tren_momentum_step step = {(real)0.1, (real)0.01, (real)0.9, (real)0.5};
    const tren_adam_step adam = {(real)0.99,  (real)0.01, (real)0.9, (real)0.999,   (real)0.1,
                                 (real)0.001, (real)0.1,  (real)1.5, (real)0.00001, (real)0.5};
    real *w[6], *v[6];
    for (int i = 0; i < 6; i++) {
        w[i] = o->a + i * FLAT + 1;
        v[i] = o->b + i * FLAT + 1;
        memcpy(w[i], x, FLAT * sizeof *x);
    }
    k->update_sgd(w[0], dy, (real)0.9, (real)0.1, FLAT);
    k->update_momentum(w[1], v[1], dy, &step, FLAT);
    k->update_nesterov(w[2], v[2], dy, &step, FLAT);
    k->update_settle(w[3], v[3], &step, FLAT);
    k->update_adam(w[4], v[4], v[0], dy, &adam, FLAT);
    k->turn(w[5], dy, (real)0.3, FLAT);
    k->walk(v[5], x, dy, (real)0.3, FLAT);
}

/* ---- rows of a dataset ------------------------------------------------------------------------
 */

static void conversions(const tren_kernels *k, room *o) {
    k->affine_from_u8(o->a + 1, x_u8, scale, dy, FLAT);
    k->affine_from_f32(o->a + FLAT + 1, x_f32, scale, dy, FLAT);
    k->affine_from_f64(o->a + 2 * FLAT + 1, x_f64, scale, dy, FLAT);
    k->centred_from_u8(o->b + 1, x_u8, x_f64, sd, FLAT);
    k->centred_from_f32(o->b + FLAT + 1, x_f32, sd, sd, FLAT);
    k->centred_from_f64(o->b + 2 * FLAT + 1, x_f64, sd, sd, FLAT);
}

static void noise(const tren_kernels *k, room *o) {
    const tren_rng rng = tren_rng_open(9, TREN_RNG_AUGMENT, 1, 2, 3);
    k->gaussian_add(o->a + 1, scale, (real)0.3, &rng, FLAT);
}

static void warps(const tren_kernels *k, room *o) {
    const tren_shape shape = {2, 11, 13};
    const tren_warp turn = {0.9, 0.2, -1.3, -0.3, 1.1, 0.7}, shift = {-1, 0, 9, 0, 1, 2};
    real *y = o->a + 1;
    for (int i = 0; i < 3; i++) {
        real *from = o->b + (size_t)i * tren_warp_room(shape) + 1;
        if (i == 0) k->warp_put_u8(from, x_u8, shape);
        if (i == 1) k->warp_put_f32(from, x_f32, shape);
        if (i == 2) k->warp_put_f64(from, x_f64, shape);
        k->warp_bilinear(y + 2 * i * FLAT, from, &turn, shape, scale, dy);
        k->warp_whole(y + (2 * i + 1) * FLAT, from, &shift, shape, scale, dy);
    }
}

/* ---- products, convolutions, images in lanes --------------------------------------------------
 */

static void narrow(const tren_kernels *k, room *o) {
    const tren_narrow_shape s = {.n = 9, .in = 35, .out = 10};
    k->narrow_forward(o->a + 1, x, dy, s);
    k->narrow_input(o->a + N / 2, x, dy, s);
    k->narrow_weight(o->b + 1, dy, x, s, false);
    k->narrow_weight(o->b + 1, x, dy, s, true);
}

static real *scratch_of(size_t n) {
    return aligned_alloc(64, (n * sizeof(real) + 127) / 64 * 64);
}

static void product(const tren_kernels *k, room *o) {
    const tren_product p = {.m = 13, .n = 37, .k = 300, .tb = true, .alpha = 1};
    real *scratch = scratch_of(k->product_scratch(&p));
    k->product_run(o->a + 1, x, dy, &p, scratch);
    free(scratch);
}

/* One of each way. */
static void convolutions(const tren_kernels *k, room *o) {
    static const tren_conv_shape shape[] = {
        {5, 6, 6, 7, 6, 6, 3, 1, 1}, {16, 8, 8, 17, 8, 8, 3, 1, 1}, {8, 5, 5, 16, 3, 3, 1, 2, 0}};
    real *y = o->a, *dx = o->b, *dw = o->a + N - 4000;
    for (int i = 0; i < 3; i++) {
        const tren_conv_shape *s = &shape[i];
        tren_conv_plan plan;
        k->conv_plan(&plan, s, true);
        cr_assert_eq(plan.way[2], (tren_conv_way)i);
        real *packed[2] = {scratch_of(plan.packed[0]), scratch_of(plan.packed[1])};
        real *scratch = scratch_of(plan.scratch);
        for (int which = 0; which < 2; which++) k->conv_pack(packed[which], dy, &plan, which);
        k->conv_forward(&(tren_conv_call){y, image_x, packed[0], &plan, scratch, 1}, dy);
        k->conv_input(&(tren_conv_call){dx, image_dy, packed[1], &plan, scratch, 1}, true);
        k->conv_weight(dw, &(tren_conv_gradient){image_dy, image_x, &plan, scratch, 1});
        for (int which = 0; which < 2; which++) free(packed[which]);
        free(scratch);
        y += s->co * s->oh * s->ow * TREN_LANES;
        dx += s->ci * s->h * s->w * TREN_LANES;
        dw += s->co * s->ci * s->kernel * s->kernel;
    }
}

static void lanes(const tren_kernels *k, room *o) {
    k->lanes_pack(o->a, x, TREN_LANES - 3, AREA);
    k->lanes_unpack(o->b + 1, image_x, TREN_LANES - 3, AREA);
    k->lanes_bias(o->b + N / 2, image_dy, BLOCKS, C, AREA);
}

static void norms(const tren_kernels *k, room *o) {
    const tren_norm_span span = {
        .n_images = 2 * TREN_LANES - 5, .area = AREA, .stride = (size_t)C * AREA * TREN_LANES};
    const tren_norm_backward b = {.a = (real)1.1,
                                  .b = (real)-0.3,
                                  .relu = true,
                                  .mean = (real)0.07,
                                  .slope = (real)0.013,
                                  .offset = (real)-0.002};
    k->norm_statistics(&o->number[0], &o->number[1], image_x, span);
    k->norm_forward(o->a, image_x, span, b.a, b.b, true);
    k->norm_sums(&o->number[2], image_dy, image_x, span, &b);
    k->norm_input(o->b, image_dy, image_x, span, &b);
}

static void pools(const tren_kernels *k, room *o) {
    const tren_pool_shape pool = {
        .c = C, .h = SIDE, .w = SIDE, .oh = 3, .ow = 3, .kh = 3, .kw = 3, .stride = 2};
    k->pool_max(o->a, image_x, &pool);
    k->pool_max_input(o->b, image_dy, image_x, o->a, &pool);
    k->pool_average(o->a + N / 2, image_x, &pool);
    k->pool_average_input(o->b, image_dy, &pool);
}

/* The chains are compared below: a level's vector is as long as its registers. */
static void ceilings(const tren_kernels *k, room *o) {
    _Alignas(64) real out[64 / sizeof(real)];
    k->fma_chains(out, image_x, image_dy, 3, false);
    o->a[0] = out[0];
    k->triad(o->b + 1, x, dy, (real)0.3, FLAT);
}

/* ---- the table --------------------------------------------------------------------------------
 */

#define ENTRY(name) #name, offsetof(tren_kernels, name)

static const struct {
    const char *name;
    size_t at;
    void (*run)(const tren_kernels *k, room *o);
} check[] = {
    {ENTRY(add), sums},
    {ENTRY(sum), sums},
    {ENTRY(multiply), sums},
    {ENTRY(sum_squares), sums},
    {ENTRY(sum_abs), sums},
    {ENTRY(dot), sums},
    {ENTRY(dot_difference), sums},
    {ENTRY(max_abs), sums},
    {ENTRY(all_finite), sums},
    {ENTRY(column_sums), sums},
    {ENTRY(activation), activations},
    {ENTRY(dropout_forward), dropout},
    {ENTRY(dropout_backward), dropout},
    {ENTRY(softmax_cross_entropy), losses},
    {ENTRY(weighted_cross_entropy), losses},
    {ENTRY(softmax), losses},
    {ENTRY(layer_norm_forward), layer_norm},
    {ENTRY(layer_norm_input), layer_norm},
    {ENTRY(layer_norm_weight), layer_norm},
    {ENTRY(attention_scratch), attention},
    {ENTRY(attention_forward), attention},
    {ENTRY(attention_input), attention},
    {ENTRY(scale_add), scaling},
    {ENTRY(scale), scaling},
    {ENTRY(update_sgd), updates},
    {ENTRY(update_momentum), updates},
    {ENTRY(update_settle), updates},
    {ENTRY(update_nesterov), updates},
    {ENTRY(update_adam), updates},
    {ENTRY(walk), updates},
    {ENTRY(turn), updates},
    {ENTRY(affine_from_u8), conversions},
    {ENTRY(affine_from_f32), conversions},
    {ENTRY(affine_from_f64), conversions},
    {ENTRY(centred_from_u8), conversions},
    {ENTRY(centred_from_f32), conversions},
    {ENTRY(centred_from_f64), conversions},
    {ENTRY(gaussian_add), noise},
    {ENTRY(warp_put_u8), warps},
    {ENTRY(warp_put_f32), warps},
    {ENTRY(warp_put_f64), warps},
    {ENTRY(warp_bilinear), warps},
    {ENTRY(warp_whole), warps},
    {ENTRY(narrow_forward), narrow},
    {ENTRY(narrow_input), narrow},
    {ENTRY(narrow_weight), narrow},
    {ENTRY(product_scratch), product},
    {ENTRY(product_run), product},
    {ENTRY(lanes_pack), lanes},
    {ENTRY(lanes_unpack), lanes},
    {ENTRY(lanes_bias), lanes},
    {ENTRY(conv_plan), convolutions},
    {ENTRY(conv_pack), convolutions},
    {ENTRY(conv_forward), convolutions},
    {ENTRY(conv_input), convolutions},
    {ENTRY(conv_weight), convolutions},
    {ENTRY(norm_statistics), norms},
    {ENTRY(norm_forward), norms},
    {ENTRY(norm_sums), norms},
    {ENTRY(norm_input), norms},
    {ENTRY(pool_max), pools},
    {ENTRY(pool_average), pools},
    {ENTRY(pool_max_input), pools},
    {ENTRY(pool_average_input), pools},
    {ENTRY(fma_chains), ceilings},
    {ENTRY(triad), ceilings},
};
enum { N_CHECKS = sizeof check / sizeof *check };

Test(levels, each_kernel_of_the_table_has_its_check) {
    const size_t first = offsetof(tren_kernels, add), each = sizeof(void (*)(void));
    for (size_t i = 0; i < N_CHECKS; i++)
        cr_expect_eq(check[i].at, first + i * each, "before %s one is missing", check[i].name);
    cr_expect_eq(first + N_CHECKS * each, sizeof(tren_kernels), "the last ones are missing");
}

Test(levels, each_kernel_has_the_same_bits) {
    static room best, other;
    const tren_kernels *k;
    fill_inputs();
    for (int c = 0; c < N_CHECKS; c++) {
        memset(&best, 0, sizeof best);
        check[c].run(tren_kernels_best(), &best);
        for (int i = 0; (k = tren_kernels_at(i)); i++) {
            if (!tren_kernels_run_here(k)) continue;
            memset(&other, 0, sizeof other);
            check[c].run(k, &other);
            cr_expect(memcmp(&other, &best, sizeof best) == 0, "%s: level %s", check[c].name,
                      k->level);
        }
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
