/* B1: bias and variance of two-layer networks on a noisy sinusoid (C. M. Bishop, "Pattern
 * Recognition and Machine Learning", 2006, figure 5.9), in the mean over many draws of the noise.
 */
#include "lab/experiments.h"
#include "lab/sinusoid.h"

#include <math.h>

enum { N_SIZES = 3 };
static const int units_of[N_SIZES] = {1, 3, 10};

/* Each draw of a seed has data of its own. */
static uint64_t data_seed(uint64_t seed, int draw) {
    return seed * 1000 + (uint64_t)draw;
}

static tren_status plan(tren_lab *lab) {
    for (int s = 0; s < lab->options->seeds; s++)
        for (int i = 0; i < N_SIZES; i++) {
            uint64_t seed = lab->options->first_seed + (uint64_t)s;
            TREN_TRY(tren_lab_add(lab, seed, 3 + units_of[i], (const double[4]){units_of[i]},
                                  "units%02d-seed%llu", units_of[i], (unsigned long long)seed));
        }
    return TREN_OK;
}

static tren_status prepare(const tren_lab *lab) {
    for (int s = 0; s < lab->options->seeds; s++)
        for (int d = 0; d < tren_lab_int(lab, "draws"); d++)
            TREN_TRY(
                lab_sinusoid_make(lab, data_seed(lab->options->first_seed + (uint64_t)s, d), 0));
    return TREN_OK;
}

/* The start that fits the points best, of those that are tried. */
static tren_status fit_draw(lab_sinusoid_fit *best, double *least, const tren_lab *lab,
                            tren_comm *group, uint64_t data, int units) {
    lab_sinusoid_fit now = {0};
    *least = INFINITY;
    for (int start = 0; start < tren_lab_int(lab, "starts"); start++) {
        lab_outcome out;
        TREN_TRY(lab_sinusoid_train(&out, &now, lab, group, (lab_sinusoid){data, units, start}));
        if (start > 0 && !(out.train_loss < *least)) continue;
        *least = out.train_loss;
        *best = now;
    }
    return TREN_OK;
}

/* A row for each draw, and the functions of the first ones. */
enum { SHOWN = 1 };
static tren_status point(const tren_lab *lab, tren_comm *group, const tren_lab_point *p,
                         tren_table *rows) {
    double units = p->at[0], seed = (double)p->seed, points = tren_lab_number(lab, "rows");
    for (int d = 0; d < tren_lab_int(lab, "draws"); d++) {
        lab_sinusoid_fit best = {0};
        double least;
        TREN_TRY(fit_draw(&best, &least, lab, group, data_seed(p->seed, d), (int)units));
        TREN_TRY(tren_table_add(rows, (const double[]){units, seed, d, sqrt(2 * least),
                                                       2 * points * least, best.rms,
                                                       best.rms * best.rms, NAN, NAN}));
        bool shown = p->seed == lab->options->first_seed && d < SHOWN;
        for (int i = 0; i < LAB_SINUSOID_GRID && shown; i++)
            TREN_TRY(tren_table_add(rows, (const double[]){units, seed, d, NAN, NAN, NAN, NAN,
                                                           (double)i / (LAB_SINUSOID_GRID - 1),
                                                           best.y[i]}));
    }
    return TREN_OK;
}

static tren_status draw_points(const tren_lab *lab, tren_table *curve) {
    char path[TREN_MAX_PATH];
    tren_dataset *dataset;
    tren_rows rows = {0};
    size_t n = (size_t)tren_lab_int(lab, "rows");
    lab_sinusoid_path(path, lab, data_seed(lab->options->first_seed, 0));
    TREN_TRY(tren_dataset_open(&dataset, path));
    tren_status st = tren_rows_read(&rows, dataset, TREN_TRAIN, 0, n);
    for (size_t i = 0; i < n && st == TREN_OK; i++)
        st = tren_table_add(curve, (const double[]){((const double *)rows.x)[i], NAN, NAN, NAN, NAN,
                                                    rows.target[i]});
    tren_rows_close(&rows);
    tren_dataset_close(dataset);
    return st;
}

static tren_status draw_functions(const tren_lab *lab, const tren_table *points,
                                  tren_table *curve) {
    for (int i = 0; i < LAB_SINUSOID_GRID; i++) {
        double x = (double)i / (LAB_SINUSOID_GRID - 1),
               row[] = {x, lab_sinusoid_truth(x), NAN, NAN, NAN, NAN};
        for (int k = 0; k < N_SIZES; k++)
            row[2 + k] = tren_table_mean(points, "y", TREN_WHERE({"units", units_of[k]}, {"x", x}));
        TREN_TRY(tren_table_add(curve, row));
    }
    return draw_points(lab, curve);
}

/* In how many of the draws ten units have less than a twentieth of the training error of three. */
static int count_fitted(const tren_lab *lab, const tren_table *points, int *draws) {
    int fitted = 0;
    *draws = 0;
    for (int s = 0; s < lab->options->seeds; s++)
        for (int d = 0; d < tren_lab_int(lab, "draws"); d++, (*draws)++) {
            double seed = (double)(lab->options->first_seed + (uint64_t)s), sse[N_SIZES];
            for (int k = 0; k < N_SIZES; k++)
                sse[k] = tren_table_mean(
                    points, "sse", TREN_WHERE({"units", units_of[k]}, {"seed", seed}, {"draw", d}));
            fitted += sse[2] <= 0.05 * sse[1];
        }
    return fitted;
}

static tren_status judge(const tren_lab *lab, const tren_table *points, tren_table *curve,
                         tren_verdict *v) {
    double rms[N_SIZES], median[N_SIZES];
    int draws, fitted = count_fitted(lab, points, &draws);
    TREN_TRY(draw_functions(lab, points, curve));
    for (int k = 0; k < N_SIZES; k++) {
        const tren_where *here = TREN_WHERE({"units", units_of[k]});
        rms[k] = sqrt(tren_table_mean(points, "square", here));
        median[k] = tren_table_quantile(points, "rms", here, 0.5);
    }
    tren_verdict_add(
        v, rms[1] <= 0.6 * rms[0],
        "bias: over all draws, the root mean square distance from the true sinusoid is %.3f with "
        "one unit and %.3f with three units: %.2f times as large (threshold: at most 0.6)",
        "sesgo: en el conjunto de los sorteos, la distancia a la sinusoide verdadera (raíz del "
        "error cuadrático medio) es de %.3f con una unidad y de %.3f con tres: %.2f veces la "
        "primera "
        "(umbral: 0.6 como máximo)",
        rms[0], rms[1], rms[1] / rms[0]);
    tren_verdict_add(
        v, fitted >= 0.7 * draws,
        "ten units fit the points and their noise: in %d of %d draws the training sum of squares "
        "is below 5 %% of that of three units (threshold: in 70 %% of the draws)",
        "diez unidades ajustan los puntos con su ruido: en %d de %d sorteos la suma de cuadrados "
        "de entrenamiento es menor que el 5 %% de la de tres unidades (umbral: en el 70 %% de los "
        "sorteos)",
        fitted, draws);
    tren_verdict_add(v, rms[2] >= 1.5 * rms[1],
                     "variance: with ten units the distance from the true sinusoid is %.3f, %.2f "
                     "times that of three units (threshold: at least 1.5)",
                     "varianza: con diez unidades la distancia a la sinusoide verdadera es de "
                     "%.3f, %.2f veces la de tres unidades (umbral: al menos 1.5)",
                     rms[2], rms[2] / rms[1]);
    tren_verdict_tell(
        v, "median distance over the draws, for one, three and ten units: %.3f, %.3f, %.3f",
        "mediana de la distancia en los sorteos, con una, tres y diez unidades: %.3f, %.3f, %.3f",
        median[0], median[1], median[2]);
    return TREN_OK;
}

#define X_AXIS                                                                                     \
    { "x", "x" }
#define T_AXIS                                                                                     \
    { "t", "t" }
#define B1_PANEL(units, column)                                                                    \
    {                                                                                              \
        .title = {"M = " units, "M = " units}, .x = X_AXIS, .y = T_AXIS, .y_low = -1.8,            \
        .y_high = 1.8, .series = {                                                                 \
            {"x", "truth", .label = {"true function", "función verdadera"},                        \
             .mark = TREN_MARK_DASHED, .colour = 2},                                               \
            {"x", column, .label = {"network", "red"}, .mark = TREN_MARK_CURVE, .colour = 1},      \
            {"x", "t", .label = {"training points", "puntos de entrenamiento"},                    \
             .mark = TREN_MARK_CIRCLES, .colour = 0}                                               \
        }                                                                                          \
    }

const tren_experiment tren_lab_b1 = {
    .name = "B1",
    .figure = {"PRML 5.9", "PRML 5.9"},
    .title = {"Bias and variance: one, three and ten hidden units",
              "Sesgo y varianza: una, tres y diez unidades ocultas"},
    .question =
        {"How do a network that is too small and one that is too large fit noisy points?",
         "¿Cómo ajustan unos puntos con ruido una red demasiado pequeña y otra demasiado grande?"},
    .setting = {"{rows} points of a sinusoid, with noise of standard deviation {noise}. For each "
                "seed ({seeds}), {draws} sets of points are drawn. The networks are 1-M-1 with "
                "tanh and M = 1, 3, 10; their initial weights are drawn from N(0, {variance}). The "
                "sum of squares is minimized by scaled conjugate gradients, {iterations} "
                "iterations, without regularization. Each training is repeated from {starts} "
                "random starts, and the start with the smallest training error is kept. The figure "
                "shows the first set of points; the claims are about all of them.",
                "{rows} puntos de una sinusoide, con ruido de desviación típica {noise}. Con cada "
                "semilla ({seeds}) se sortean {draws} conjuntos de puntos. Las redes son 1-M-1 con "
                "tanh y M = 1, 3, 10; sus pesos iniciales se sortean de N(0, {variance}). La suma "
                "de cuadrados se minimiza por gradientes conjugados escalados, con {iterations} "
                "iteraciones y sin regularización. Cada entrenamiento se repite desde {starts} "
                "inicios al azar y se conserva el de menor error de entrenamiento. La figura "
                "muestra el primer conjunto de puntos; las afirmaciones se refieren a todos."},
    .param = {{.name = "noise",
               .what = {"standard deviation of the noise", "desviación típica del ruido"},
               .full = TREN_LAB_VALUES_OF(0.1),
               .low = 0,
               .high = 10},
              {.name = "variance",
               .what = {"variance of the initial weights", "varianza de los pesos iniciales"},
               .full = TREN_LAB_VALUES_OF(100),
               .low = 0,
               .high = 100},
              {.name = "iterations",
               .what = {"iterations of scaled conjugate gradients",
                        "iteraciones de gradientes conjugados escalados"},
               .full = TREN_LAB_VALUES_OF(3000),
               .low = 1,
               .high = 1000000.0,
               .whole = true},
              {.name = "starts",
               .what = {"random starts of each training", "inicios al azar de cada entrenamiento"},
               .full = TREN_LAB_VALUES_OF(10),
               .low = 1,
               .high = 99,
               .whole = true},
              {.name = "rows",
               .what = {"training points", "puntos de entrenamiento"},
               .full = TREN_LAB_VALUES_OF(10),
               .low = 4,
               .high = 1000,
               .whole = true},
              {.name = "draws",
               .what = {"sets of points drawn for each seed",
                        "conjuntos de puntos sorteados con cada semilla"},
               .full = TREN_LAB_VALUES_OF(10),
               .low = 1,
               .high = 200,
               .whole = true}},
    .look_for =
        {"One unit cannot follow the curve: this is bias. Three units can. Ten units pass through "
         "every point, noise included, and swing between the points: this is variance.",
         "Una unidad no puede seguir la curva: eso es el sesgo. Tres unidades sí pueden. Diez "
         "unidades pasan por todos los puntos, con su ruido, y oscilan entre ellos: eso es la "
         "varianza."},
    .wants_double = true,
    .max_ranks = 1,
    .seeds = 5,
    .quick_seeds = 1,
    .seconds = 15,
    .quick_seconds = 3,
    .columns = "units,seed,draw,train_rms,sse,rms,square,x,y",
    .plan = plan,
    .prepare = prepare,
    .point = point,
    .judge = judge,
    .curve = "x,truth,m1,m3,m10,t",
    .panel = {B1_PANEL("1", "m1"), B1_PANEL("3", "m3"), B1_PANEL("10", "m10")},
};
