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
    tren_verdict_add(v, two <= 0.8 * best[1],
                     "smallest test error over the starts: %.1f with two units or more, %.1f with "
                     "one unit (threshold: at most 0.8 times)",
                     "menor error de test entre los inicios: %.1f con dos unidades o más, %.1f con "
                     "una (umbral: 0.8 veces como máximo)",
                     two, best[1]);
    tren_verdict_add(v, spread >= 3,
                     "local minima: for %d of the sizes 2 to 6, the worst start has at least 1.5 "
                     "times the error of the best (threshold: at least 3 sizes)",
                     "mínimos locales: en %d de los tamaños 2 a 6, el peor inicio tiene al menos "
                     "1.5 veces el error del mejor (umbral: al menos 3 tamaños)",
                     spread);
    tren_verdict_add(v, at >= 2, "the best network of all has %d units (in Bishop's figure: 8)",
                     "la mejor red de todas tiene %d unidades (en la figura de Bishop: 8)", at);
    return TREN_OK;
}

const tren_experiment tren_lab_b2 = {
    .name = "B2",
    .figure = {"PRML 5.10", "PRML 5.10"},
    .title = {"Local minima: many random starts for each size",
              "Mínimos locales: muchos inicios al azar para cada tamaño"},
    .question = {"Is the test error a simple function of the number of hidden units?",
                 "¿Depende el error de test de forma sencilla del número de unidades ocultas?"},
    .setting =
        {"{rows} points of the sinusoid of B1, with noise of standard deviation {noise}, and 1000 "
         "points for the test. The networks are 1-M-1 with tanh, M = 1 to 10. Each is trained from "
         "{starts} random starts, with all weights drawn from N(0, {variance}), by scaled "
         "conjugate gradients, {iterations} iterations. Means over {seeds}.",
         "{rows} puntos de la sinusoide de B1, con ruido de desviación típica {noise}, y 1000 "
         "puntos de test. Las redes son 1-M-1 con tanh, M = 1 a 10. Cada una se entrena desde "
         "{starts} inicios al azar, con todos los pesos sorteados de N(0, {variance}), por "
         "gradientes conjugados escalados, con {iterations} iteraciones. Medias sobre {seeds}."},
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
               .what = {"random starts for each size", "inicios al azar de cada tamaño"},
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
    .look_for = {"Networks of the same size that start from different random weights end with very "
                 "different errors: the test error is not a simple function of M. Try many starts, "
                 "and choose among them with a validation set.",
                 "Redes del mismo tamaño que parten de pesos distintos terminan con errores muy "
                 "diferentes: el error de test no depende de M de forma sencilla. Pruebe muchos "
                 "inicios y elija entre ellos con un conjunto de validación."},
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
