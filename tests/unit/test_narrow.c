/* Products of narrow layers: right to rounding, and of bits that do not depend on the rows beside.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "support/net.h"
#include "tren/kernels.h"

typedef struct narrow_case {
    tren_narrow_shape s;
    real x[23 * 130], w[16 * 130], dy[23 * 16]; /* in */
    real y[23 * 16], dx[23 * 130], dw[16 * 130];
} narrow_case;

static void run_narrow(narrow_case *c, tren_narrow_shape s, const tren_kernels *k) {
    c->s = s;
    test_fill(c->x, (size_t)(s.n * s.in), 1);
    test_fill(c->w, (size_t)(s.out * s.in), 2);
    test_fill(c->dy, (size_t)(s.n * s.out), 3);
    k->narrow_forward(c->y, c->x, c->w, s);
    k->narrow_input(c->dx, c->dy, c->w, s);
    k->narrow_weight(c->dw, c->dy, c->x, s, false);
}

static void expect_near(real got, double right, const narrow_case *c, const char *what) {
    cr_assert_float_eq(got, right, 1e-4, "%s of %d x %d x %d: %g, not %g", what, c->s.n, c->s.in,
                       c->s.out, (double)got, right);
}

static void check_narrow_values(const narrow_case *c) {
    int n = c->s.n, in = c->s.in, out = c->s.out;
    for (int i = 0; i < n; i++)
        for (int o = 0; o < out; o++) {
            double sum = 0;
            for (int k = 0; k < in; k++) sum += (double)c->x[i * in + k] * (double)c->w[o * in + k];
            expect_near(c->y[i * out + o], sum, c, "y");
        }
    for (int i = 0; i < n; i++)
        for (int k = 0; k < in; k++) {
            double sum = 0;
            for (int o = 0; o < out; o++)
                sum += (double)c->dy[i * out + o] * (double)c->w[o * in + k];
            expect_near(c->dx[i * in + k], sum, c, "dx");
        }
    for (int o = 0; o < out; o++)
        for (int k = 0; k < in; k++) {
            double sum = 0;
            for (int i = 0; i < n; i++)
                sum += (double)c->dy[i * out + o] * (double)c->x[i * in + k];
            expect_near(c->dw[o * in + k], sum, c, "dw");
        }
}

/* Rows by themselves, and dw onto what was there, have the bits of all at once and a sum. */
static void check_narrow_bits(const narrow_case *c) {
    const tren_kernels *k = tren_kernels_best();
    tren_narrow_shape s = c->s, row = {1, s.in, s.out};
    real y[16], dx[130], onto[16 * 130], sum[16 * 130];
    for (int i = 0; i < s.n; i++) {
        k->narrow_forward(y, c->x + i * s.in, c->w, row);
        k->narrow_input(dx, c->dy + i * s.out, c->w, row);
        cr_assert_arr_eq(y, c->y + i * s.out, (size_t)s.out * sizeof *y);
        cr_assert_arr_eq(dx, c->dx + i * s.in, (size_t)s.in * sizeof *dx);
    }
    size_t n = (size_t)(s.out * s.in);
    test_fill(onto, n, 4);
    memcpy(sum, onto, n * sizeof *sum);
    tren_kernels_best()->add(sum, c->dw, n);
    k->narrow_weight(onto, c->dy, c->x, s, true);
    cr_assert_arr_eq(onto, sum, n * sizeof *sum);
}

Test(narrow, products_are_right_and_rows_may_be_stacked) {
    static narrow_case c;
    for (int n = 1; n <= 23; n += n < 10 ? 1 : 13)
        for (int in = 1; in <= 130; in += in < 18 ? 1 : 16)
            for (int out = 1; out <= TREN_NARROW; out++) {
                run_narrow(&c, (tren_narrow_shape){n, in, out}, tren_kernels_best());
                check_narrow_values(&c);
                check_narrow_bits(&c);
            }
}

Test(narrow, every_level_has_the_same_bits) {
    static narrow_case best, other;
    const tren_kernels *k;
    for (int level = 0; (k = tren_kernels_at(level)); level++)
        for (int n = 1; n <= 23 && tren_kernels_run_here(k); n += 11)
            for (int in = 1; in <= 130; in += in < 18 ? 1 : 16)
                for (int out = 1; out <= TREN_NARROW; out++) {
                    tren_narrow_shape s = {n, in, out};
                    run_narrow(&best, s, tren_kernels_best());
                    run_narrow(&other, s, k);
                    cr_assert_arr_eq(best.y, other.y, (size_t)(n * out) * sizeof(real));
                    cr_assert_arr_eq(best.dx, other.dx, (size_t)(n * in) * sizeof(real));
                    cr_assert_arr_eq(best.dw, other.dw, (size_t)(in * out) * sizeof(real));
                }
}
