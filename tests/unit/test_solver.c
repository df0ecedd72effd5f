/* Least squares of smallest norm, in double whatever the build. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "lab/least_squares.h"

static double draw(uint32_t i) {
    tren_rng rng = tren_rng_open(5, TREN_RNG_TEST, 0, 0, 0);
    return tren_rng_normal(&rng, i);
}

Test(solver, a_regular_system_has_its_solution) {
    double a[9] = {4, 1, 0, 1, 3, 1, 0, 1, 2}, x[3];
    const double b[3] = {6, 10, 8}; /* a (1, 2, 3) */
    cr_assert_eq(tren_symmetric_solve(x, a, b, 3, 1, 1e-12), TREN_OK);
    for (int i = 0; i < 3; i++) cr_assert_float_eq(x[i], i + 1, 1e-12);
}

/* a = u u^T: of all x with u.x = u.u the shortest is u. */
Test(solver, a_singular_system_has_the_shortest_solution) {
    const double u[3] = {1, 2, -2};
    double a[9], b[3], x[3];
    for (int i = 0; i < 9; i++) a[i] = u[i / 3] * u[i % 3];
    for (int i = 0; i < 3; i++) b[i] = 9 * u[i];
    cr_assert_eq(tren_symmetric_solve(x, a, b, 3, 1, 1e-10), TREN_OK);
    for (int i = 0; i < 3; i++) cr_assert_float_eq(x[i], u[i], 1e-12);
}

enum { N = 12, D = 30, COLUMNS = 2 };

/* More unknowns than equations: all of them hold, and the solution lies in the span of the rows,
 * which is what makes it the shortest. */
Test(solver, wide_problems_are_fitted_by_the_shortest_weights) {
    double phi[N * D], y[N * COLUMNS], w[D * COLUMNS];
    for (uint32_t i = 0; i < N * D; i++) phi[i] = draw(i);
    for (uint32_t i = 0; i < N * COLUMNS; i++) y[i] = draw(1000 + i);
    cr_assert_eq(lab_min_norm(w, phi, y, N, D, COLUMNS), TREN_OK);
    double off = 0;
    for (int i = 0; i < N; i++)
        for (int c = 0; c < COLUMNS; c++) {
            double sum = -y[i * COLUMNS + c];
            for (int k = 0; k < D; k++) sum += phi[i * D + k] * w[k * COLUMNS + c];
            off = fmax(off, fabs(sum));
        }
    cr_assert_lt(off, 1e-10);
    /* what is orthogonal to all rows must be so to w: take a vector, subtract its best fit by rows
     */
    double v[D], alpha[N], gram[N * N], right[N] = {0};
    for (uint32_t k = 0; k < D; k++) v[k] = draw(2000 + k);
    tren_dgemm(gram, phi, phi, (tren_gemm_shape){.m = N, .n = N, .k = D, .tb = true}, 1, 0);
    for (int i = 0; i < N; i++)
        for (int k = 0; k < D; k++) right[i] += phi[i * D + k] * v[k];
    cr_assert_eq(tren_symmetric_solve(alpha, gram, right, N, 1, 1e-12), TREN_OK);
    for (int i = 0; i < N; i++)
        for (int k = 0; k < D; k++) v[k] -= alpha[i] * phi[i * D + k];
    double dot = 0;
    for (int k = 0; k < D; k++) dot += v[k] * w[k * COLUMNS];
    cr_assert_lt(fabs(dot), 1e-10);
}

/* Fewer: the residual is orthogonal to every column. */
Test(solver, tall_problems_leave_an_orthogonal_residual) {
    enum { ROWS = 30, COLS = 7 };
    double phi[ROWS * COLS], y[ROWS], w[COLS], dot[COLS] = {0};
    for (uint32_t i = 0; i < ROWS * COLS; i++) phi[i] = draw(i);
    for (uint32_t i = 0; i < ROWS; i++) y[i] = draw(3000 + i);
    cr_assert_eq(lab_min_norm(w, phi, y, ROWS, COLS, 1), TREN_OK);
    for (int i = 0; i < ROWS; i++) {
        double r = y[i];
        for (int k = 0; k < COLS; k++) r -= phi[i * COLS + k] * w[k];
        for (int k = 0; k < COLS; k++) dot[k] += r * phi[i * COLS + k];
    }
    for (int k = 0; k < COLS; k++) cr_assert_lt(fabs(dot[k]), 1e-10);
}
