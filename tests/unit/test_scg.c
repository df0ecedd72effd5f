/* Scaled conjugate gradients on functions whose minimum is known. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "tren/kernels.h"
#include "tren/optim.h"

#ifdef TREN_DOUBLE
static const double small = 1e-14;
#else
static const double small = 1e-10; /* the gradient near x has four digits left of seven */
#endif

enum { MOST = 20 };

typedef struct problem {
    double (*evaluate)(double *g, const double *x, size_t n);
    size_t n;
    real x[MOST], g[MOST], d[MOST], point[MOST];
    tren_scg scg;
    int evaluations;
} problem;

/* f = x'Dx/2, D diagonal: from 1 to 100, evenly in the logarithm. */
static double quadratic(double *g, const double *x, size_t n) {
    double f = 0;
    for (size_t i = 0; i < n; i++) {
        double curvature = pow(100, (double)i / (double)(n - 1));
        g[i] = curvature * x[i];
        f += 0.5 * curvature * x[i] * x[i];
    }
    return f;
}

static double rosenbrock(double *g, const double *x, size_t n) {
    (void)n;
    double a = x[1] - x[0] * x[0], b = 1 - x[0];
    g[0] = -400 * x[0] * a - 2 * b;
    g[1] = 200 * a;
    return 100 * a * a + b * b;
}

static void start(problem *p, double (*evaluate)(double *, const double *, size_t), size_t n,
                  const real *x) {
    *p = (problem){.evaluate = evaluate, .n = n};
    if (x) memcpy(p->x, x, n * sizeof *x);
    for (size_t i = 0; i < n && !x; i++) p->x[i] = 1;
    p->scg = (tren_scg){
        .kernels = tren_kernels_best(), .n = n, .x = p->x, .g = p->g, .d = p->d, .point = p->point};
    tren_scg_reset(&p->scg);
}

static void iterate(problem *p) {
    tren_scg_begin(&p->scg);
    for (bool complete = false; !complete; p->evaluations++) {
        double x[MOST], g[MOST], f;
        real gradient[MOST];
        for (size_t i = 0; i < p->n; i++) x[i] = (double)p->point[i];
        f = p->evaluate(g, x, p->n);
        for (size_t i = 0; i < p->n; i++) gradient[i] = (real)g[i];
        complete = tren_scg_tell(&p->scg, f, gradient);
    }
}

/* Iterations until f < limit, `most` at the most. */
static int iterations_to(problem *p, double limit, int most) {
    int n = 0;
    do iterate(p);
    while (++n < most && p->scg.f >= limit);
    return n;
}

static const real valley[] = {(real)-1.2, 1};

Test(scg, minimises_diagonal_quadratics) {
    static const int n[] = {5, 10, 20}, most[] = {26, 44, 57};
    for (int i = 0; i < 3; i++) {
        problem p;
        start(&p, quadratic, (size_t)n[i], NULL);
        int needed = iterations_to(&p, small, 4 * most[i]);
        cr_expect(p.scg.f < small && needed <= most[i], "n = %d: f = %g after %d iterations", n[i],
                  p.scg.f, needed);
    }
}

Test(scg, minimises_rosenbrocks_function) {
    problem p;
    start(&p, rosenbrock, 2, valley);
    int needed = iterations_to(&p, small * 10, 92);
    cr_expect(p.scg.f < small * 10 && needed <= 50, "f = %g after %d iterations", p.scg.f, needed);
    cr_expect_float_eq(p.x[0], 1, 1e-3);
    cr_expect_float_eq(p.x[1], 1, 1e-3);
}

#ifdef TREN_DOUBLE
/* f after these iterations of Netlab's algorithm, by a program of its own in Python. */
Test(scg, goes_the_way_of_netlab) {
    static const int at[] = {1, 5, 10, 20, 30, 40};
    static const double f[] = {4.570542776620401,  3.5394848463882784,  1.877597619957499,
                               0.8659965454409074, 0.22995405120464396, 0.00027306977184272};
    problem p;
    start(&p, rosenbrock, 2, valley);
    for (int i = 0, done = 0; i < 6; i++) {
        while (done < at[i]) done++, iterate(&p);
        cr_expect(fabs(p.scg.f - f[i]) <= 1e-5 * f[i], "iteration %d: %.15g, not %.15g", at[i],
                  p.scg.f, f[i]);
    }
}
#endif

Test(scg, never_increases_over_accepted_steps) {
    int rejected = 0;
    for (size_t n = 2; n <= MOST; n += 6) {
        problem p;
        start(&p, n == 2 ? rosenbrock : quadratic, n, n == 2 ? valley : NULL);
        iterate(&p);
        for (int i = 0; i < 60 && !p.scg.converged; i++) {
            double before = p.scg.f;
            real x[MOST];
            memcpy(x, p.x, sizeof x);
            iterate(&p);
            cr_expect(p.scg.f <= before, "n = %zu: f rose from %g to %g", n, before, p.scg.f);
            if (p.scg.accepted) continue;
            rejected++;
            cr_expect_eq(memcmp(x, p.x, sizeof x), 0, "a rejected step has moved x");
            cr_expect_eq(p.scg.f, before);
        }
    }
    cr_expect_gt(rejected, 0, "no step was rejected: nothing was tested");
}

Test(scg, evaluates_once_after_a_failure_and_twice_after_a_success) {
    problem p;
    start(&p, rosenbrock, 2, valley);
    iterate(&p);
    cr_expect_eq(p.evaluations, 3);
    for (int i = 0; i < 30; i++) {
        int before = p.evaluations, expected = p.scg.accepted ? 2 : 1;
        iterate(&p);
        cr_expect_eq(p.evaluations - before, expected, "iteration %d", i + 2);
    }
}

/* Moving less than both tolerances ends it; the small length of the gradient does so alone. */
Test(scg, ends_by_its_tolerances) {
    problem loose, tight;
    start(&loose, rosenbrock, 2, valley);
    loose.scg.tolerance_x = 1e-2;
    loose.scg.tolerance_f = 1e-3;
    start(&tight, rosenbrock, 2, valley);
    tight.scg.tolerance_x = 1e-2; /* and tolerance_f 0: never */
    int n = 0;
    while (!loose.scg.converged && n++ < 200) {
        iterate(&loose);
        iterate(&tight);
        cr_expect_eq(loose.scg.f, tight.scg.f);
    }
    cr_expect(loose.scg.converged && !tight.scg.converged);
    cr_expect(loose.scg.f > 1e-8 && loose.scg.f < 1, "f = %g at the end", loose.scg.f);
    while (!tight.scg.converged && n++ < 400) iterate(&tight);
    cr_expect(tight.scg.f < 1e-8, "f = %g at the end", tight.scg.f);
#ifdef TREN_DOUBLE /* in float the gradient does not become that short */
    cr_expect(tight.scg.converged);
#endif
}

Test(scg, ends_where_the_gradient_is_zero) {
    static const real minimum[] = {1, 1};
    problem p;
    start(&p, rosenbrock, 2, minimum);
    iterate(&p);
    cr_expect(p.scg.converged && p.evaluations == 1);
    cr_expect(p.scg.accepted && p.scg.f == 0);
    tren_scg_begin(&p.scg); /* does nothing */
    cr_expect(p.scg.converged);
}

/* The state is x, g, d and the scalars: whoever goes on with them goes the same way. */
Test(scg, goes_on_from_its_scalars_with_the_same_bits) {
    for (int cut = 0; cut < 40; cut++) {
        problem whole, part;
        start(&whole, rosenbrock, 2, valley);
        for (int i = 0; i < cut; i++) iterate(&whole);
        double scalar[TREN_SCG_SCALARS];
        tren_scg_put(scalar, &whole.scg);
        start(&part, rosenbrock, 2, whole.x);
        memcpy(part.g, whole.g, sizeof part.g);
        memcpy(part.d, whole.d, sizeof part.d);
        tren_scg_get(&part.scg, scalar);
        for (int i = 0; i < 5; i++) {
            iterate(&whole);
            iterate(&part);
        }
        cr_expect_eq(memcmp(whole.x, part.x, sizeof whole.x), 0, "cut after %d iterations", cut);
        cr_expect_eq(memcmp(&whole.scg.f, &part.scg.f, sizeof(double)), 0);
    }
}

/* f = sum of x - log x - 1, which is not a number where an x is negative. */
static double walled(double *g, const double *x, size_t n) {
    double f = 0;
    for (size_t i = 0; i < n; i++) {
        g[i] = 1 - 1 / x[i];
        f += x[i] - log(x[i]) - 1;
    }
    return f;
}

Test(scg, steps_back_from_where_f_is_not_a_number) {
    static const real far_away[] = {30, 20};
    problem p;
    start(&p, walled, 2, far_away);
    int fails = 0;
    for (int i = 0; i < 200 && !p.scg.converged && !(i > 0 && p.scg.f < small); i++) {
        iterate(&p);
        fails += isnan(p.point[0]) || p.point[0] <= 0 || p.point[1] <= 0;
        cr_assert(isfinite(p.scg.f) && p.x[0] > 0 && p.x[1] > 0);
    }
    cr_expect(p.scg.f < small * 10, "f = %g", p.scg.f);
    cr_expect_gt(fails, 0, "no trial was beyond the wall: nothing was tested");
}

/* ---- the sums it is made of ------------------------------------------------------------------ */

Test(scg, sums_are_those_of_the_definition) {
    enum { N = 2 * TREN_CHUNK + 37 };
    static real x[N], a[N], b[N];
    double dot = 0, difference = 0, most = 0;
    tren_rng rng = tren_rng_open(3, TREN_RNG_TEST, 0, 0, 0);
    for (int i = 0; i < N; i++) {
        x[i] = (real)tren_rng_normal(&rng, (uint32_t)i);
        a[i] = (real)tren_rng_normal(&rng, (uint32_t)(i + N));
        b[i] = a[i] + (real)1e-3 * x[i];
        dot += (double)x[i] * (double)a[i];
        difference += (double)x[i] * ((double)b[i] - (double)a[i]);
        most = fmax(most, fabs((double)x[i]));
    }
    cr_expect_float_eq(tren_kernels_best()->dot(x, a, N), dot, 1e-9);
    cr_expect_float_eq(tren_kernels_best()->dot_difference(x, b, a, N), difference, 1e-9);
    cr_expect_eq(tren_kernels_best()->max_abs(x, N), most);
    cr_expect_eq(tren_kernels_best()->dot(x, a, 0), 0);
}
