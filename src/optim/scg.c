/* Names of scalars are those of Netlab's scg.m and of Moller's paper. */
#include "tren/optim.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const double sigma0 = 1e-4, beta_first = 1, beta_min = 1e-15, beta_max = 1e100;

static void head_downhill(tren_scg *s) {
    for (size_t i = 0; i < s->n; i++) s->d[i] = -s->g[i];
}

void tren_scg_reset(tren_scg *s) {
    s->stage = TREN_SCG_START;
    s->f = s->mu = s->kappa = s->theta = 0;
    s->beta = beta_first;
    s->n_success = 0;
    s->converged = false;
}

/* How far to go by the quadratic model, made positive definite where it is not. */
static double step_length(tren_scg *s) {
    double delta = s->theta + s->beta * s->kappa;
    if (delta <= 0) {
        delta = s->beta * s->kappa;
        s->beta -= s->theta / s->kappa;
    }
    return -s->mu / delta;
}

static void choose_point(tren_scg *s) {
    switch (s->stage) {
    case TREN_SCG_START:
        memcpy(s->point, s->x, s->n * sizeof *s->x);
        break;
    case TREN_SCG_CURVATURE:
        s->sigma = sigma0 / sqrt(s->kappa);
        s->kernels->walk(s->point, s->x, s->d, (real)s->sigma, s->n);
        break;
    case TREN_SCG_TRIAL:
        s->alpha = step_length(s);
        s->kernels->walk(s->point, s->x, s->d, (real)s->alpha, s->n);
        break;
    }
}

void tren_scg_begin(tren_scg *s) {
    s->alpha = 0;
    s->accepted = false;
    if (!s->converged) choose_point(s);
}

/* Slope and length of a new direction; one that leads uphill is given up. */
static void measure_direction(tren_scg *s) {
    s->mu = s->kernels->dot(s->d, s->g, s->n);
    if (!(s->mu < 0)) {
        head_downhill(s);
        s->mu = s->kernels->dot(s->d, s->g, s->n);
    }
    s->kappa = s->kernels->dot(s->d, s->d, s->n);
    s->converged = s->converged || s->kappa < DBL_EPSILON;
}

static void start(tren_scg *s, double f, const real *gradient) {
    s->f = f;
    s->accepted = true;
    memcpy(s->g, gradient, s->n * sizeof *s->g);
    head_downhill(s);
    measure_direction(s);
}

/* Polak and Ribiere's direction, and -g again after n successes. */
static void change_direction(tren_scg *s, const real *gradient) {
    double gamma = s->kernels->dot_difference(gradient, s->g, gradient, s->n) / s->mu;
    memcpy(s->g, gradient, s->n * sizeof *s->g);
    if (++s->n_success == (int64_t)s->n) {
        head_downhill(s);
        s->n_success = 0;
    } else {
        s->kernels->turn(s->d, s->g, (real)gamma, s->n);
    }
    measure_direction(s);
}

static void accept(tren_scg *s, double f, const real *gradient, double squares) {
    double step = s->alpha * s->kernels->max_abs(s->d, s->n), change = fabs(f - s->f);
    s->converged = squares == 0 || (step < s->tolerance_x && change < s->tolerance_f);
    s->f = f;
    memcpy(s->x, s->point, s->n * sizeof *s->x);
    change_direction(s, gradient);
}

/* By the ratio of what f fell to what the model said. One that is not a number counts as the
 * worst. */
static void judge(tren_scg *s, double f, const real *gradient) {
    double squares = s->kernels->sum_squares(gradient, s->n);
    double ratio = isfinite(squares) ? 2 * (f - s->f) / (s->alpha * s->mu) : NAN;
    s->accepted = ratio >= 0;
    if (s->accepted) accept(s, f, gradient, squares);
    if (!(ratio >= 0.25)) s->beta = fmin(4 * s->beta, beta_max);
    if (ratio > 0.75) s->beta = fmax(s->beta / 2, beta_min);
}

bool tren_scg_tell(tren_scg *s, double f, const real *gradient) {
    switch (s->stage) {
    case TREN_SCG_START:
        start(s, f, gradient);
        if (s->converged) return true;
        s->stage = TREN_SCG_CURVATURE;
        break;
    case TREN_SCG_CURVATURE:
        s->theta = s->kernels->dot_difference(s->d, gradient, s->g, s->n) / s->sigma;
        s->accepted = false;
        s->stage = TREN_SCG_TRIAL;
        break;
    case TREN_SCG_TRIAL:
        judge(s, f, gradient);
        if (s->accepted) s->stage = TREN_SCG_CURVATURE;
        return true;
    }
    choose_point(s);
    return false;
}

void tren_scg_put(double scalar[TREN_SCG_SCALARS], const tren_scg *s) {
    double value[TREN_SCG_SCALARS] = {
        s->stage, s->f, s->beta, s->mu, s->kappa, s->theta, (double)s->n_success, s->converged};
    memcpy(scalar, value, sizeof value);
}

static bool valid(const double *scalar) {
    double stage = scalar[0], n_success = scalar[6], converged = scalar[7];
    for (int i = 0; i < TREN_SCG_SCALARS; i++)
        if (!isfinite(scalar[i])) return false;
    return (stage == TREN_SCG_START || stage == TREN_SCG_CURVATURE || stage == TREN_SCG_TRIAL) &&
           n_success >= 0 && n_success <= 0x1p53 && (converged == 0 || converged == 1);
}

void tren_scg_get(tren_scg *s, const double scalar[TREN_SCG_SCALARS]) {
    s->stage = (tren_scg_stage)scalar[0];
    s->f = scalar[1];
    s->beta = scalar[2];
    s->mu = scalar[3];
    s->kappa = scalar[4];
    s->theta = scalar[5];
    s->n_success = (int64_t)scalar[6];
    s->converged = scalar[7] != 0;
}

static const tren_optimizer scg = {.name = "scg",
                                   .n_states = 2,
                                   .state_name = {"gradient", "direction"},
                                   .n_scalars = TREN_SCG_SCALARS,
                                   .valid = valid};

const tren_optimizer *const tren_optimizer_scg[] = {&scg, NULL};
