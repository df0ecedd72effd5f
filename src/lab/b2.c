/* B2: local minima of two-layer networks on a noisy sinusoid (C. M. Bishop, "Pattern Recognition
 * and Machine Learning", 2006, figure 5.10). */
#include "lab/experiments.h"
#include "lab/sinusoid.h"

#include <math.h>

enum { TEST_ROWS = 1000 };

/* ---- B2: local minima ------------------------------------------------------------------------ */

enum { MOST_UNITS = 10 };

static tren_status plan_b2(tren_lab *lab) {
    for (int s = 0; s < lab->options->seeds; s++)
        for (int m = 1; m <= MOST_UNITS; m++)
            for (int start = 0; start < tren_lab_int(lab, "starts"); start++) {
                uint64_t seed = lab->options->first_seed + (uint64_t)s;
                TREN_TRY(tren_lab_add(lab, seed, 3 + m, (const double[4]){m, start},
                                      "units%02d-start%02d-seed%llu", m, start,
                                      (unsigned long long)seed));
            }
    return TREN_OK;
}

static tren_status prepare_b2(const tren_lab *lab) {
    for (int s = 0; s < lab->options->seeds; s++)
        TREN_TRY(lab_sinusoid_make(lab, lab->options->first_seed + (uint64_t)s, TEST_ROWS));
    return TREN_OK;
}

static tren_status point_b2(const tren_lab *lab, tren_comm *group, const tren_lab_point *p,
                            tren_table *rows) {
    lab_outcome out;
    lab_sinusoid_fit ignored;
    TREN_TRY(lab_sinusoid_train(&out, &ignored, lab, group,
                                (lab_sinusoid){p->seed, (int)p->at[0], (int)p->at[1]}));
    return tren_table_add(
        rows, (const double[]){p->at[0], p->at[1], (double)p->seed, 2 * TEST_ROWS * out.test_loss,
                               sqrt(2 * out.test_loss), sqrt(2 * out.train_loss)});
}

/* Of a size, over starts and averaged over seeds: q = 0 the best, 1 the worst. */
static double over_starts(const tren_lab *lab, const tren_table *points, int m, double q) {
    double sum = 0;
    for (int s = 0; s < lab->options->seeds; s++) {
        double seed = (double)(lab->options->first_seed + (uint64_t)s);
        sum += tren_table_quantile(points, "test_sse", TREN_WHERE({"units", m}, {"seed", seed}), q);
    }
    return sum / lab->options->seeds;
}

static tren_status judge_b2(const tren_lab *lab, const tren_table *points, tren_table *curve,
                            tren_verdict *v) {
    double best[MOST_UNITS + 1], least = INFINITY;
    int at = 0, spread = 0;
    for (int m = 1; m <= MOST_UNITS; m++) {
        double worst = over_starts(lab, points, m, 1);
        best[m] = over_starts(lab, points, m, 0);
        TREN_TRY(
            tren_table_add(curve, (const double[]){m, best[m], over_starts(lab, points, m, 0.5)}));
        spread += m >= 2 && m <= 6 && worst / best[m] >= 1.5;
        if (!(best[m] < least)) continue;
        least = best[m];
        at = m;
    }
    double two = INFINITY;
    for (int m = 2; m <= MOST_UNITS; m++) two = fmin(two, best[m]);
    tren_verdict_add(
        v, two <= 0.8 * best[1],
        "test error of the best start: %.1f with two units or more, %.1f with one "
        "(asked: x 0.8)",
        "error de test del mejor inicio: %.1f con dos unidades o más, %.1f con una (se "
        "pide: x 0.8)",
        two, best[1]);
    tren_verdict_add(
        v, spread >= 3,
        "local minima: for %d of the sizes 2 to 6 the worst start has at least 1.5 "
        "times the error of the best (asked: 3)",
        "mínimos locales: en %d de los tamaños 2 a 6 el peor inicio tiene al menos 1.5 "
        "veces el error del mejor (se pide: 3)",
        spread);
    tren_verdict_add(v, at >= 2, "the best of all has %d units (Bishop's figure: 8)",
                     "el mejor de todos tiene %d unidades (figura de Bishop: 8)", at);
    return TREN_OK;
}

const tren_experiment tren_lab_b2 = {
    .name = "B2",
    .figure = {"PRML 5.10", "PRML 5.10"},
    .title = {"Local minima: thirty starts for every size",
              "Mínimos locales: treinta inicios por tamaño"},
    .question = {"Is the test error a simple function of the number of hidden units?",
                 "¿Es el error de test una función simple del número de unidades ocultas?"},
    .setting =
        {"{rows} points of the sinusoid of B1 with noise of standard deviation {noise}, 1000 to "
         "test; 1-M-1 with tanh, M = 1 to 10, {starts} starts each with all weights from N(0, "
         "{variance}); scaled conjugate gradients, {iterations} iterations; means over {seeds} "
         "seeds.",
         "{rows} puntos de la sinusoide de B1, con ruido de desviación típica {noise}, y 1000 de "
         "test; 1-M-1 con tanh, M = 1 a 10, {starts} inicios de cada una con todos los pesos de "
         "N(0, {variance}); gradientes conjugados escalados, {iterations} iteraciones; medias "
         "sobre "
         "{seeds} semillas."},
    .param = {{.name = "rows",
               .what = {"training points", "puntos de entrenamiento"},
               .full = TREN_LAB_VALUES_OF(15),
               .low = 2,
               .high = 1000,
               .whole = true},
              {.name = "noise",
               .what = {"standard deviation of the noise", "desviación típica del ruido"},
               .full = TREN_LAB_VALUES_OF(0.3),
               .low = 0,
               .high = 10},
              {.name = "iterations",
               .what = {"iterations of scaled conjugate gradients",
                        "iteraciones de gradientes conjugados escalados"},
               .full = TREN_LAB_VALUES_OF(3000),
               .low = 1,
               .high = 1000000.0,
               .whole = true},
              {.name = "starts",
               .what = {"starts of each size", "inicios de cada tamaño"},
               .full = TREN_LAB_VALUES_OF(30),
               .quick = TREN_LAB_VALUES_OF(10),
               .low = 1,
               .high = 99,
               .whole = true},
              {.name = "variance",
               .what = {"variance of the initial weights", "varianza de los pesos iniciales"},
               .full = TREN_LAB_VALUES_OF(10),
               .low = 0,
               .high = 100}},
    .look_for =
        {"For one and the same size the starts end far apart: the error is no simple "
         "function of M. Try many starts, and choose by validation.",
         "Con un mismo tamaño los inicios acaban muy lejos unos de otros: el error no es una "
         "función simple de M. Pruebe muchos inicios y elija por validación."},
    .wants_double = true,
    .max_ranks = 1,
    .seeds = 5,
    .quick_seeds = 1,
    .seconds = 25,
    .quick_seconds = 8,
    .columns = "units,start,seed,test_sse,test_rms,train_rms",
    .plan = plan_b2,
    .prepare = prepare_b2,
    .point = point_b2,
    .judge = judge_b2,
    .curve = "units,best,median",
    .panel = {{.title = {"Test error, 1000 points", "Error de test, 1000 puntos"},
               .x = {"hidden units M", "unidades ocultas M"},
               .y = {"sum of squares", "suma de cuadrados"},
               .y_low = 80,
               .y_high = 400,
               .series = {{"units", "test_sse", .label = {"each start", "cada inicio"},
                           .mark = TREN_MARK_POINTS, .colour = 0, .from_points = true},
                          {"units", "best",
                           .label = {"best start, mean over seeds", "mejor inicio, media"},
                           .colour = 1},
                          {"units", "median", .label = {"median start", "inicio mediano"},
                           .mark = TREN_MARK_DASHED, .colour = 1}}}},
};
