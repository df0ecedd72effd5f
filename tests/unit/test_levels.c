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
