/* W5: the best penalty removes double descent over model size (P. Nakkiran, P. Venkat, S. Kakade
 * and T. Ma, "Optimal regularization can mitigate double descent", arXiv 2003.01897, 2020). */
#include "lab/experiments.h"
#include "lab/regression.h"
#include "lab/training.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FEATURES = 400 };

static lab_regression problem(const tren_lab *lab, double p) {
    return (lab_regression){.n = tren_lab_int(lab, "rows"),
                            .d = FEATURES,
                            .p = (int)p,
                            .s2 = tren_lab_number(lab, "variance")};
}

/* What is not used acts as noise: the ridge for weights of variance 1/d and noise of variance s2 +
 * (1 - p/d) is lambda = d (s2 + 1 - p/d), the ratio of the two. */
static double best_lambda(const lab_regression *q) {
    return q->d * (q->s2 + 1 - (double)q->p / q->d);
}

typedef struct ridge {
    lab_regression q;
    double *x, *y, *gram, *copy, *alpha, *w;
} ridge;

static void close_ridge(ridge *r) {
    double *const all[] = {r->x, r->y, r->gram, r->copy, r->alpha, r->w};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

static tren_status open_ridge(ridge *r) {
    size_t n = (size_t)r->q.n, p = (size_t)r->q.p;
    TREN_TRY(tren_alloc(&r->x, n * p, sizeof *r->x, "a regression"));
    TREN_TRY(tren_alloc(&r->y, n, sizeof *r->y, "a regression"));
    TREN_TRY(tren_alloc(&r->gram, n * n, sizeof *r->gram, "a regression"));
    TREN_TRY(tren_alloc(&r->copy, n * n, sizeof *r->copy, "a regression"));
    TREN_TRY(tren_alloc(&r->alpha, n, sizeof *r->alpha, "a regression"));
    return tren_alloc(&r->w, p, sizeof *r->w, "a regression");
}

static void draw(ridge *r, uint64_t seed, int number) {
    int n = r->q.n, p = r->q.p;
    lab_regression_draw(r->x, r->y, &r->q, seed, (uint32_t)number);
    tren_dgemm(r->gram, r->x, r->x, (tren_gemm_shape){.m = n, .n = n, .k = p, .tb = true}, 1, 0);
}

/* w = x^T (x x^T + lambda)^-1 y; of smallest norm for lambda 0. */
static tren_status solve(double *risk, ridge *r, double lambda) {
    int n = r->q.n, p = r->q.p;
    memcpy(r->copy, r->gram, (size_t)n * n * sizeof *r->copy);
    for (int i = 0; i < n; i++) r->copy[(size_t)i * n + i] += lambda;
    TREN_TRY(tren_symmetric_solve(r->alpha, r->copy, r->y, n, 1, 1e-10));
    tren_dgemm(r->w, r->x, r->alpha, (tren_gemm_shape){.m = p, .n = 1, .k = n, .ta = true}, 1, 0);
    *risk = lab_regression_excess(r->w, &r->q) + r->q.s2;
    return TREN_OK;
}

/* The mean risk of each lambda of the list, and behind them of the best. */
static tren_status run_trials(double *mean, const tren_lab *lab, double p, uint64_t seed) {
    const tren_lab_values *lambda = tren_lab_list(lab, "lambdas");
    ridge r = {.q = problem(lab, p)};
    int trials = tren_lab_int(lab, "trials");
    tren_status st = open_ridge(&r);
    for (int t = 0; t < trials && st == TREN_OK; t++) {
        draw(&r, seed, t);
        for (int k = 0; k <= lambda->n && st == TREN_OK; k++) {
            double risk = 0;
            st = solve(&risk, &r, k < lambda->n ? lambda->at[k] : best_lambda(&r.q));
            mean[k] += risk / trials;
        }
    }
    close_ridge(&r);
    return st;
}

static tren_status plan(tren_lab *lab) {
    const tren_lab_values *p = tren_lab_list(lab, "features");
    for (int s = 0; s < lab->options->seeds; s++)
        for (int i = 0; i < p->n; i++) {
            uint64_t seed = lab->options->first_seed + (uint64_t)s;
            TREN_TRY(tren_lab_add(lab, seed, 100 + p->at[i], (const double[4]){p->at[i]},
                                  "features%04.0f-seed%llu", p->at[i], (unsigned long long)seed));
        }
    return TREN_OK;
}

enum { MOST_SHOWN = 4 }; /* of the lambdas, beside the best */

static tren_status point(const tren_lab *lab, tren_comm *group, const tren_lab_point *p,
                         tren_table *rows) {
    const tren_lab_values *lambda = tren_lab_list(lab, "lambdas");
    double mean[TREN_LAB_VALUES + 1] = {0};
    TREN_TRY(tren_comm_agree(group, run_trials(mean, lab, p->at[0], p->seed)));
    lab_regression q = problem(lab, p->at[0]);
    for (int k = 0; k <= lambda->n; k++)
        TREN_TRY(tren_table_add(
            rows, (const double[]){p->at[0], (double)p->seed, k,
                                   k < lambda->n ? lambda->at[k] : best_lambda(&q), mean[k]}));
    return TREN_OK;
}

/* The largest rise of a column from one number of features to the next, as a share. */
static lab_peak largest_rise(const tren_table *curve, const char *name) {
    lab_peak most = {NAN, 0};
    for (int i = 1; i < curve->n_rows; i++) {
        double rise = tren_table_get(curve, i, name) / tren_table_get(curve, i - 1, name) - 1;
        if (rise > most.y) most = (lab_peak){tren_table_get(curve, i, "features"), rise};
    }
    return most;
}

static void judge_best(const tren_lab *lab, const tren_table *curve, tren_verdict *v) {
    double n = tren_lab_number(lab, "rows");
    double none = lab_find_peak(curve, "features", "lambda0", n, n).y,
           best = lab_find_peak(curve, "features", "best", n, n).y;
    lab_peak rise = largest_rise(curve, "best"), fixed = largest_rise(curve, "lambda1");
    tren_verdict_add(v, none >= 10 * best,
                     "without a penalty, the risk with as many features as rows is %.1f times that "
                     "with the best lambda, %.3f (threshold: at least 10)",
                     "sin penalización, el riesgo con tantas características como muestras es %.1f "
                     "veces el que hay con la mejor lambda, %.3f (umbral: al menos 10)",
                     none / best, best);
    tren_verdict_add(v, rise.y <= 0.01,
                     "with the best lambda the risk does not rise as features are added: the "
                     "largest rise is %.2f %% (threshold: at most 1 %%)",
                     "con la mejor lambda el riesgo no sube al añadir características: la mayor "
                     "subida es del %.2f %% (umbral: 1 %% como máximo)",
                     100 * rise.y);
    tren_verdict_add(v, fixed.y >= 0.05,
                     "a lambda that is too small, %g, leaves a rise of %.0f %% in one step, to "
                     "%.0f features (threshold: at least 5 %%)",
                     "una lambda demasiado pequeña, %g, deja una subida del %.0f %% en un paso, "
                     "hasta %.0f características (umbral: al menos 5 %%)",
                     tren_lab_list(lab, "lambdas")->at[1], 100 * fixed.y, fixed.x);
}

static tren_status judge(const tren_lab *lab, const tren_table *points, tren_table *curve,
                         tren_verdict *v) {
    const tren_lab_values *p = tren_lab_list(lab, "features");
    int n = tren_lab_list(lab, "lambdas")->n;
    for (int i = 0; i < p->n; i++) {
        double row[2 + MOST_SHOWN] = {p->at[i], NAN, NAN, NAN, NAN, NAN};
        for (int k = 0; k <= n; k++)
            row[k < n ? 1 + k : 1 + MOST_SHOWN] = tren_table_quantile(
                points, "risk", TREN_WHERE({"features", p->at[i]}, {"which", k}), 0.5);
        TREN_TRY(tren_table_add(curve, row));
    }
    judge_best(lab, curve, v);
    return TREN_OK;
}

const tren_experiment tren_lab_w5 = {
    .name = "W5",
    .figure = {"Fig. 9.9 and weight decay", "Fig. 9.9 y weight decay"},
    .title = {"Weight decay and double descent", "Weight decay y doble descenso"},
    .question =
        {"Is there double descent when every model has the weight decay that suits it best?",
         "¿Hay doble descenso si cada modelo tiene el weight decay que más le conviene?"},
    .setting = {"The regression of W4: {rows} training rows with 400 independent normal features, "
                "of which the first p are used, p = {features}; noise of variance {variance}. "
                "Ridge regression minimizes the sum of squares plus lambda ||w||^2, with lambda = "
                "{lambdas} and with the best value, lambda = 400 ({variance} + 1 - p/400): the "
                "variance of all that acts as noise, divided by the variance of a weight. {trials} "
                "trials for each seed ({seeds}).",
                "La regresión de W4: {rows} muestras de entrenamiento con 400 características "
                "normales independientes, de las que se usan las p primeras, p = {features}; ruido "
                "de varianza {variance}. La regresión ridge minimiza la suma de cuadrados más "
                "lambda ||w||^2, con lambda = {lambdas} y con el mejor valor, lambda = 400 "
                "({variance} + 1 - p/400): la varianza de todo lo que actúa como ruido, dividida "
                "por la de un peso. {trials} ensayos con cada semilla ({seeds})."},
    .param = {{.name = "features",
               .what = {"number p of features used", "número p de características usadas"},
               .full = TREN_LAB_VALUES_OF(2, 5, 10, 15, 20, 25, 30, 35, 38, 40, 42, 45, 50, 60, 80,
                                          100, 150, 200, 300, 400),
               .low = 1,
               .high = 400,
               .whole = true,
               .list = true},
              {.name = "lambdas",
               .what = {"penalties lambda to compare with the best one, two to four",
                        "penalizaciones lambda que se comparan con la mejor, de dos a cuatro"},
               .full = TREN_LAB_VALUES_OF(0, 1, 10, 100),
               .low = 0,
               .high = 1e6,
               .list = true,
               .at_least = 2,
               .at_most = MOST_SHOWN},
              {.name = "rows",
               .what = {"training rows", "muestras de entrenamiento"},
               .full = TREN_LAB_VALUES_OF(40),
               .low = 3,
               .high = 300,
               .whole = true},
              {.name = "variance",
               .what = {"variance of the noise", "varianza del ruido"},
               .full = TREN_LAB_VALUES_OF(0.04),
               .low = 0,
               .high = 100},
              {.name = "trials",
               .what = {"trials for each seed", "ensayos con cada semilla"},
               .full = TREN_LAB_VALUES_OF(100),
               .quick = TREN_LAB_VALUES_OF(20),
               .low = 1,
               .high = 10000,
               .whole = true}},
    .look_for = {"Without a penalty the risk has its peak at {rows} features, as many as rows. "
                 "With the best lambda the risk only falls: each further feature helps, or does no "
                 "harm. A lambda that is too small leaves a part of the peak. So double descent "
                 "appears in models that are not regularized enough.",
                 "Sin penalización el riesgo tiene su pico en {rows} características, tantas como "
                 "muestras. Con la mejor lambda el riesgo solo baja: cada característica más "
                 "ayuda, o no perjudica. Una lambda demasiado pequeña deja una parte del pico. El "
                 "doble descenso aparece, pues, en modelos sin la regularización suficiente."},
    .wants_double = true,
    .max_ranks = 1,
    .seeds = 5,
    .quick_seeds = 1,
    .seconds = 20,
    .quick_seconds = 3,
    .columns = "features,seed,which,lambda,risk",
    .plan = plan,
    .point = point,
    .judge = judge,
    .curve = "features,lambda0,lambda1,lambda2,lambda3,best",
    .panel = {{.title = {"Test risk", "Riesgo de test"},
               .x = {"number p of features used", "número p de características usadas"},
               .y = {"expected squared error", "error cuadrático esperado"},
               .log_x = true,
               .log_y = true,
               .y_low = 0.8,
               .y_high = 20,
               .series = {{"features", "lambda0",
                           .label = {"lambda = {lambdas[0]}", "lambda = {lambdas[0]}"},
                           .colour = 0},
                          {"features", "lambda1",
                           .label = {"lambda = {lambdas[1]}", "lambda = {lambdas[1]}"},
                           .colour = 1},
                          {"features", "lambda2",
                           .label = {"lambda = {lambdas[2]}", "lambda = {lambdas[2]}"},
                           .colour = 4},
                          {"features", "lambda3",
                           .label = {"lambda = {lambdas[3]}", "lambda = {lambdas[3]}"},
                           .colour = 3},
                          {"features", "best", .label = {"the best lambda", "la mejor lambda"},
                           .colour = 2}}}},
};
