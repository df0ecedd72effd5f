/* W4 and S2: linear regression on isotropic features, whose double descent has closed forms: over
 * the number of features that are used (M. Belkin, D. Hsu, J. Xu, "Two models of double descent for
 * weak features", 2020) and over the number of samples (P. Nakkiran, "More data can hurt for linear
 * regression", arXiv 1912.07242). */
#include "lab/experiments.h"
#include "lab/least_squares.h"
#include "lab/regression.h"
#include "lab/training.h"

#include <math.h>
#include <stdlib.h>

static tren_status mean_excess(double *mean, const lab_regression *q, uint64_t seed, int trials) {
    double *x = NULL, *y = NULL, *w = NULL, *each = NULL;
    tren_status st = TREN_OK;
    TREN_GOTO(tren_alloc(&x, (size_t)q->n * q->p, sizeof *x, "a regression"));
    TREN_GOTO(tren_alloc(&y, (size_t)q->n, sizeof *y, "a regression"));
    TREN_GOTO(tren_alloc(&w, (size_t)q->p, sizeof *w, "a regression"));
    TREN_GOTO(tren_alloc(&each, (size_t)trials, sizeof *each, "a regression"));
    for (int t = 0; t < trials; t++) {
        lab_regression_draw(x, y, q, seed, (uint32_t)t);
        TREN_GOTO(lab_min_norm(w, x, y, q->n, q->p, 1));
        each[t] = lab_regression_excess(w, q);
    }
    *mean = tren_tree_sum(each, trials) / trials;
done:
    free(x);
    free(y);
    free(w);
    free(each);
    return st;
}

/* The same in expectation; infinite near p = n. */
static double closed_form(const lab_regression *q) {
    double used = (double)q->p / q->d, rest = 1 - used + q->s2;
    int n = q->n, p = q->p;
    if (p <= n - 2) return rest * (1 + (double)p / (n - p - 1)) - q->s2;
    if (p >= n + 2)
        return used * (1 - (double)n / p) + rest * (1 + (double)n / (p - n - 1)) - q->s2;
    return NAN;
}

/* ---- W4: over the features ------------------------------------------------------------------- */

enum { FEATURES = 400 };

static lab_regression problem_w4(const tren_lab *lab, double p) {
    return (lab_regression){.n = tren_lab_int(lab, "rows"),
                            .d = FEATURES,
                            .p = (int)p,
                            .s2 = tren_lab_number(lab, "variance")};
}

static tren_status plan_list(tren_lab *lab, const char *what) {
    const tren_lab_values *list = tren_lab_list(lab, what);
    for (int s = 0; s < lab->options->seeds; s++)
        for (int i = 0; i < list->n; i++) {
            uint64_t seed = lab->options->first_seed + (uint64_t)s;
            double m = fmin(list->at[i], 200);
            TREN_TRY(tren_lab_add(lab, seed, m * m * m + 1e6, (const double[4]){list->at[i]},
                                  "%s%04.0f-seed%llu", what, list->at[i],
                                  (unsigned long long)seed));
        }
    return TREN_OK;
}

static tren_status plan_w4(tren_lab *lab) {
    return plan_list(lab, "features");
}

static tren_status point_w4(const tren_lab *lab, tren_comm *group, const tren_lab_point *p,
                            tren_table *rows) {
    lab_regression q = problem_w4(lab, p->at[0]);
    double mean = NAN;
    int trials = tren_lab_int(lab, "trials");
    TREN_TRY(tren_comm_agree(group, mean_excess(&mean, &q, p->seed, trials)));
    return tren_table_add(rows, (const double[]){q.p, (double)p->seed, mean + q.s2});
}

/* Away from the threshold by at least `away` of n, where 200 trials know the mean. */
static void judge_fit(const tren_table *curve, tren_verdict *v, const char *x, int threshold,
                      double away) {
    double worst = 0, at = 0;
    for (int i = 0; i < curve->n_rows; i++) {
        double here = tren_table_get(curve, i, x), seen = tren_table_get(curve, i, "risk");
        double off = fabs(seen / tren_table_get(curve, i, "closed_form") - 1);
        if (fabs(here - threshold) < away * threshold || !(off > worst)) continue;
        worst = off;
        at = here;
    }
    tren_verdict_add(v, worst <= 0.1,
                     "the simulation agrees with the closed form: away from the peak the largest "
                     "difference is %.1f %%, at %.0f (threshold: at most 10 %%)",
                     "la simulación coincide con la fórmula cerrada: lejos del pico la mayor "
                     "diferencia es del %.1f %%, en %.0f (umbral: 10 %% como máximo)",
                     100 * worst, at);
}

static tren_status judge_w4(const tren_lab *lab, const tren_table *points, tren_table *curve,
                            tren_verdict *v) {
    const tren_lab_values *used = tren_lab_list(lab, "features");
    int rows = tren_lab_int(lab, "rows");
    for (int i = 0; i < used->n; i++) {
        lab_regression q = problem_w4(lab, used->at[i]);
        double mean = tren_table_mean(points, "risk", TREN_WHERE({"features", q.p}));
        TREN_TRY(tren_table_add(curve, (const double[]){q.p, mean, closed_form(&q) + q.s2}));
    }
    judge_fit(curve, v, "features", rows, 0.2);
    lab_peak peak = lab_find_peak(curve, "features", "risk", 0, 1e9);
    double all = tren_table_get(curve, curve->n_rows - 1, "risk");
    lab_peak left = lab_find_least(curve, "features", "risk", 0, rows);
    tren_verdict_add(v, peak.x == rows && peak.y > 10 * all,
                     "the peak is at %.0f features, for %d rows: the risk is %.1f there and %.3f "
                     "with all features (threshold: at as many features as rows, 10 times)",
                     "el pico está en %.0f características, para %d muestras: el riesgo es de %.1f "
                     "allí y de %.3f con todas las características (umbral: tantas características "
                     "como muestras, 10 veces)",
                     peak.x, rows, peak.y, all);
    tren_verdict_add(
        v, all < left.y,
        "the risk with all features (%.3f) is below the smallest risk before the peak (%.3f)",
        "el riesgo con todas las características (%.3f) es menor que el mínimo anterior al pico "
        "(%.3f)",
        all, left.y);
    return TREN_OK;
}

const tren_experiment tren_lab_w4 = {
    .name = "W4",
    .figure = {"Fig. 9.9", "Fig. 9.9"},
    .title = {"Double descent over model size: linear regression",
              "Doble descenso según el tamaño del modelo: regresión lineal"},
    .question = {"Does double descent need a neural network?",
                 "¿Hace falta una red neuronal para que haya doble descenso?"},
    .setting =
        {"{rows} training rows with 400 independent normal features, all equally important. Only "
         "the first p features are used, p = {features}, by least squares with the smallest norm; "
         "noise of variance {variance}; {trials} trials for each seed ({seeds}).",
         "{rows} muestras de entrenamiento con 400 características normales independientes, todas "
         "igual de importantes. Solo se usan las p primeras, p = {features}, por mínimos cuadrados "
         "de norma mínima; ruido de varianza {variance}; {trials} ensayos con cada semilla "
         "({seeds})."},
    .param = {{.name = "features",
               .what = {"number p of features used", "número p de características usadas"},
               .full = TREN_LAB_VALUES_OF(2, 5, 10, 15, 20, 25, 30, 32, 34, 36, 38, 40, 42, 44, 46,
                                          48, 50, 55, 60, 70, 80, 100, 150, 200, 300, 400),
               .low = 1,
               .high = 400,
               .whole = true,
               .list = true},
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
               .full = TREN_LAB_VALUES_OF(200),
               .low = 1,
               .high = 100000.0,
               .whole = true}},
    .look_for =
        {"There is no network and no training here, but the risk still falls twice, with a peak "
         "where there are as many parameters as rows. The formula agrees with the simulation.",
         "Aquí no hay red ni entrenamiento, y aun así el riesgo baja dos veces, con un pico donde "
         "hay tantos parámetros como muestras. La fórmula coincide con la simulación."},
    .wants_double = true,
    .max_ranks = 1,
    .seeds = 3,
    .quick_seeds = 1,
    .seconds = 10,
    .quick_seconds = 4,
    .columns = "features,seed,risk",
    .plan = plan_w4,
    .point = point_w4,
    .judge = judge_w4,
    .curve = "features,risk,closed_form",
    .panel = {{.title = {"Test risk", "Riesgo de test"},
               .x = {"number p of features used", "número p de características usadas"},
               .y = {"expected squared error", "error cuadrático esperado"},
               .log_x = true,
               .log_y = true,
               .series = {{"features", "risk", .label = {"simulation", "simulación"},
                           .mark = TREN_MARK_CIRCLES, .colour = 0},
                          {"features", "closed_form", .label = {"closed form", "fórmula cerrada"},
                           .mark = TREN_MARK_CURVE, .colour = 1}}}},
};

/* ---- S2: over the rows ----------------------------------------------------------------------- */

static lab_regression problem_s2(const tren_lab *lab, double n) {
    int d = tren_lab_int(lab, "features");
    double sd = tren_lab_number(lab, "noise");
    return (lab_regression){.n = (int)n, .d = d, .p = d, .s2 = sd * sd};
}

static tren_status plan_s2(tren_lab *lab) {
    return plan_list(lab, "rows");
}

static tren_status point_s2(const tren_lab *lab, tren_comm *group, const tren_lab_point *p,
                            tren_table *rows) {
    lab_regression q = problem_s2(lab, p->at[0]);
    double mean = NAN;
    int trials = tren_lab_int(lab, "trials");
    TREN_TRY(tren_comm_agree(group, mean_excess(&mean, &q, p->seed, trials)));
    return tren_table_add(rows, (const double[]){q.n, (double)p->seed, mean});
}

static tren_status judge_s2(const tren_lab *lab, const tren_table *points, tren_table *curve,
                            tren_verdict *v) {
    const tren_lab_values *list = tren_lab_list(lab, "rows");
    int width = tren_lab_int(lab, "features");
    for (int i = 0; i < list->n; i++) {
        lab_regression q = problem_s2(lab, list->at[i]);
        double mean = tren_table_mean(points, "risk", TREN_WHERE({"rows", q.n}));
        TREN_TRY(tren_table_add(curve, (const double[]){q.n, mean, closed_form(&q)}));
    }
    judge_fit(curve, v, "rows", width, 0.099);
    lab_peak least = lab_find_least(curve, "rows", "risk", 0, width - 1);
    double near = 0.9 * width, later = lab_find_peak(curve, "rows", "risk", near, near).y;
    tren_verdict_add(v, later > 2 * least.y,
                     "more data hurt: the risk is %.2f with %.0f rows and %.2f with %.0f "
                     "(threshold: more than 2 times)",
                     "más datos perjudican: el riesgo es de %.2f con %.0f muestras y de %.2f con "
                     "%.0f (umbral: más de 2 veces)",
                     least.y, least.x, later, near);
    lab_peak peak = lab_find_peak(curve, "rows", "risk", 0, 1e9);
    tren_verdict_add(v, peak.x == width,
                     "the peak is at %.0f rows, for %d features (threshold: as many)",
                     "el pico está en %.0f muestras, para %d características (umbral: las mismas)",
                     peak.x, width);
    return TREN_OK;
}

const tren_experiment tren_lab_s2 = {
    .name = "S2",
    .figure = {"Fig. 9.11", "Fig. 9.11"},
    .title = {"Double descent over examples: linear regression",
              "Doble descenso según los ejemplos: regresión lineal"},
    .question = {"Can the same model become worse with more data?",
                 "¿Puede un mismo modelo empeorar con más datos?"},
    .setting = {"Least squares with the smallest norm on {features} independent normal features, "
                "with noise of standard deviation {noise} and n training rows, n = {rows}; "
                "{trials} trials for each seed ({seeds}).",
                "Mínimos cuadrados de norma mínima con {features} características normales "
                "independientes, ruido de desviación típica {noise} y n muestras de entrenamiento, "
                "n = {rows}; {trials} ensayos con cada semilla ({seeds})."},
    .param = {{.name = "rows",
               .what = {"training rows n", "muestras de entrenamiento n"},
               .full = TREN_LAB_VALUES_OF(20, 50, 75, 100, 120, 140, 150, 160, 170, 180, 190, 200,
                                          210, 220, 230, 250, 300, 400, 600),
               .low = 2,
               .high = 2000,
               .whole = true,
               .list = true},
              {.name = "features",
               .what = {"features", "características"},
               .full = TREN_LAB_VALUES_OF(200),
               .low = 2,
               .high = 1000,
               .whole = true},
              {.name = "noise",
               .what = {"standard deviation of the noise", "desviación típica del ruido"},
               .full = TREN_LAB_VALUES_OF(0.5),
               .low = 0,
               .high = 100},
              {.name = "trials",
               .what = {"trials for each seed", "ensayos con cada semilla"},
               .full = TREN_LAB_VALUES_OF(50),
               .quick = TREN_LAB_VALUES_OF(25),
               .low = 1,
               .high = 100000.0,
               .whole = true}},
    .look_for = {"As the number of rows approaches the number of features, each further row makes "
                 "the risk larger. Beyond that number, more data help again.",
                 "Cuando el número de muestras se acerca al de características, cada muestra más "
                 "aumenta el riesgo. Superado ese número, más datos vuelven a ayudar."},
    .wants_double = true,
    .max_ranks = 1,
    .seeds = 3,
    .quick_seeds = 1,
    .seconds = 20,
    .quick_seconds = 5,
    .columns = "rows,seed,risk",
    .plan = plan_s2,
    .point = point_s2,
    .judge = judge_s2,
    .curve = "rows,risk,closed_form",
    .panel = {{.title = {"Excess test risk", "Exceso de riesgo de test"},
               .x = {"training rows n", "muestras de entrenamiento n"},
               .y = {"expected squared error without the noise",
                     "error cuadrático esperado, sin el ruido"},
               .log_y = true,
               .series = {{"rows", "risk", .label = {"simulation", "simulación"},
                           .mark = TREN_MARK_CIRCLES, .colour = 0},
                          {"rows", "closed_form", .label = {"closed form", "fórmula cerrada"},
                           .mark = TREN_MARK_CURVE, .colour = 1}}}},
};
