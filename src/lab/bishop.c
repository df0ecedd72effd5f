/* B1 and B2: bias, variance and local minima of two-layer networks on a noisy sinusoid (C. M.
 * Bishop, "Pattern Recognition and Machine Learning", 2006, figures 5.9 and 5.10). */
#include "lab/experiments.h"
#include "base/series.h"
#include "lab/one_layer.h"
#include "lab/training.h"

#include <math.h>

#define NOISE 0.3
enum { GRID = 101, ITERATIONS = 3000, TEST_ROWS = 1000 };

static const char recipe[] = "model: {name: mlp, activation: tanh, init: gaussian}\n"
                             "optimizer: {name: scg, tolerance_x: 1e-8, tolerance_f: 1e-12}\n";

static tren_status make_data(const tren_lab *lab, int n, int n_test) {
    const lab_setting setting[] = {{"n", n}, {"n-test", n_test}, {"sd", NOISE}, {NULL, 0}};
    for (int s = 0; s < lab->options->seeds; s++) {
        char path[TREN_MAX_PATH];
        uint64_t seed = lab->options->first_seed + (uint64_t)s;
        tren_split split = {
            .percent = {100, 0, 0}, .keep_test = n_test > 0, .as_is = true, .seed = seed};
        lab_data_path(path, lab, "sinusoid-s%llu", (unsigned long long)seed);
        TREN_TRY(lab_make(path, "bishop-sinusoid", setting, &split));
    }
    return TREN_OK;
}

static double truth(double x) {
    return series_sin(2 * M_PI * x);
}

/* A trained network on an even grid. */
typedef struct fit {
    double y[GRID], rms; /* against the sinusoid itself */
} fit;

static void look(void *ctx, const tren_graph *graph, const real *value) {
    fit *f = ctx;
    lab_one_layer net = lab_one_layer_of(graph, value, false);
    double sum = 0;
    for (int i = 0; i < GRID; i++) {
        double x = (double)i / (GRID - 1);
        f->y[i] = lab_one_layer_at(&net, x);
        sum += (f->y[i] - truth(x)) * (f->y[i] - truth(x));
    }
    f->rms = sqrt(sum / GRID);
}

typedef struct trial {
    const tren_lab *lab;
    const tren_lab_point *point;
    int start, rows;
    double variance; /* of all initial weights */
} trial;

static tren_status train(lab_outcome *out, fit *f, tren_comm *group, const trial *t) {
    const tren_lab *lab = t->lab;
    const tren_lab_point *p = t->point;
    tren_config config;
    lab_watch watch = {.finished = look, .ctx = f};
    TREN_TRY(lab_config(&config, lab, recipe));
    lab_data_path(config.data, lab, "sinusoid-s%llu", (unsigned long long)p->seed);
    config.model.hidden = (tren_int_list){.n = 1, .at = {(int)p->at[0]}};
    config.model.init_variance = t->variance;
    config.seed = p->seed * 1000 + (uint64_t)t->start;
    config.batch_size = t->rows;
    config.epochs = ITERATIONS;
    return lab_train(out, lab, group, &config, &watch);
}

/* ---- B1: under- and overfitting -------------------------------------------------------------- */

enum { B1_ROWS = 10, B1_STARTS = 10, N_SIZES = 3 };
static const int b1_units[N_SIZES] = {1, 3, 10};

static tren_status plan_b1(tren_lab *lab) {
    for (int s = 0; s < lab->options->seeds; s++)
        for (int i = 0; i < N_SIZES; i++) {
            uint64_t seed = lab->options->first_seed + (uint64_t)s;
            TREN_TRY(tren_lab_add(lab, seed, 3 + b1_units[i], (const double[4]){b1_units[i]},
                                  "units%02d-draw%llu", b1_units[i], (unsigned long long)seed));
        }
    return TREN_OK;
}

static tren_status prepare_b1(const tren_lab *lab) {
    return make_data(lab, B1_ROWS, 0);
}

/* One row for the best of the starts; of the first draw its function too. */
static tren_status point_b1(const tren_lab *lab, tren_comm *group, const tren_lab_point *p,
                            tren_table *rows) {
    fit best = {0}, now = {0};
    double least = INFINITY;
    for (int start = 0; start < B1_STARTS; start++) {
        lab_outcome out;
        TREN_TRY(train(&out, &now, group, &(trial){lab, p, start, B1_ROWS, 1}));
        if (!(out.train_loss < least)) continue;
        least = out.train_loss;
        best = now;
    }
    double units = p->at[0], draw = (double)p->seed, sse = 2 * B1_ROWS * least;
    TREN_TRY(tren_table_add(rows, (const double[]){units, draw, sse, best.rms, NAN, NAN}));
    for (int i = 0; i < GRID && p->seed == lab->options->first_seed; i++)
        TREN_TRY(tren_table_add(
            rows, (const double[]){units, draw, NAN, NAN, (double)i / (GRID - 1), best.y[i]}));
    return TREN_OK;
}

static tren_status draw_b1(const tren_lab *lab, const tren_table *points, tren_table *curve) {
    char path[TREN_MAX_PATH];
    tren_dataset *dataset;
    tren_rows rows = {0};
    for (int i = 0; i < GRID; i++) {
        double x = (double)i / (GRID - 1), row[] = {x, truth(x), NAN, NAN, NAN, NAN};
        for (int k = 0; k < N_SIZES; k++)
            row[2 + k] = tren_table_mean(points, "y", TREN_WHERE({"units", b1_units[k]}, {"x", x}));
        TREN_TRY(tren_table_add(curve, row));
    }
    lab_data_path(path, lab, "sinusoid-s%llu", (unsigned long long)lab->options->first_seed);
    TREN_TRY(tren_dataset_open(&dataset, path));
    tren_status st = tren_rows_read(&rows, dataset, TREN_TRAIN, 0, B1_ROWS);
    for (int i = 0; i < B1_ROWS && st == TREN_OK; i++)
        st = tren_table_add(curve, (const double[]){((const double *)rows.x)[i], NAN, NAN, NAN, NAN,
                                                    (double)rows.target[i]});
    tren_rows_close(&rows);
    tren_dataset_close(dataset);
    return st;
}

static tren_status judge_b1(const tren_lab *lab, const tren_table *points, tren_table *curve,
                            tren_verdict *v) {
    double rms[N_SIZES];
    int fitted = 0, draws = lab->options->seeds;
    TREN_TRY(draw_b1(lab, points, curve));
    for (int k = 0; k < N_SIZES; k++)
        rms[k] = tren_table_quantile(points, "rms", TREN_WHERE({"units", b1_units[k]}), 0.5);
    for (int s = 0; s < draws; s++) {
        double draw = (double)(lab->options->first_seed + (uint64_t)s);
        double three = tren_table_mean(points, "sse", TREN_WHERE({"units", 3}, {"draw", draw}));
        double ten = tren_table_mean(points, "sse", TREN_WHERE({"units", 10}, {"draw", draw}));
        fitted += ten <= 0.05 * three;
    }
    tren_verdict_add(v, fitted >= 0.8 * draws,
                     "ten units fit the ten points: in %d of %d draws the training error is below "
                     "5 %% of that of three units (asked: 80 %%)",
                     "diez unidades ajustan los diez puntos: en %d de %d sorteos el error de "
                     "entrenamiento es menos del 5 %% del de tres unidades (se pide: 80 %%)",
                     fitted, draws);
    tren_verdict_add(v, rms[1] <= 0.8 * rms[0],
                     "bias: against the true sinusoid three units are off by %.3f, one by %.3f "
                     "(medians; asked: x 0.8)",
                     "sesgo: respecto a la sinusoide verdadera tres unidades distan %.3f y una "
                     "%.3f (medianas; se pide: x 0.8)",
                     rms[1], rms[0]);
    tren_verdict_add(v, rms[2] >= 1.1 * rms[1],
                     "variance: ten units are off by %.3f, x %.2f of three (asked: 1.1)",
                     "varianza: diez unidades distan %.3f, x %.2f lo de tres (se pide: 1.1)",
                     rms[2], rms[2] / rms[1]);
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
            {"x", "truth", .mark = TREN_MARK_DASHED, .colour = 2},                                 \
            {"x", column, .mark = TREN_MARK_CURVE, .colour = 1},                                   \
            {"x", "t", .mark = TREN_MARK_CIRCLES, .colour = 0}                                     \
        }                                                                                          \
    }

const tren_experiment tren_lab_b1 = {
    .name = "B1",
    .figure = {"PRML 5.9", "PRML 5.9"},
    .title = {"Bias and variance: one, three and ten hidden units",
              "Sesgo y varianza: una, tres y diez unidades ocultas"},
    .question = {"What do too small and too large a network make of ten noisy points?",
                 "¿Qué hacen con diez puntos ruidosos una red demasiado pequeña y otra demasiado "
                 "grande?"},
    .setting =
        {"Ten points of a sinusoid with noise of standard deviation 0.3, 20 draws; 1-M-1 with "
         "tanh, sum of squares, scaled conjugate gradients with 3000 iterations, the best of "
         "ten starts by training error; no regularization.",
         "Diez puntos de una sinusoide con ruido de desviación típica 0.3, 20 sorteos; 1-M-1 "
         "con tanh, suma de cuadrados, gradientes conjugados escalados con 3000 iteraciones, "
         "el mejor de diez inicios por error de entrenamiento; sin regularización."},
    .look_for = {"One unit cannot follow the curve (bias). Three can. Ten go through every point, "
                 "noise included (variance).",
                 "Una unidad no puede seguir la curva (sesgo). Tres sí. Diez pasan por todos los "
                 "puntos, con su ruido (varianza)."},
    .wants_double = true,
    .max_ranks = 1,
    .seeds = 20,
    .quick_seeds = 20,
    .seconds = 10,
    .quick_seconds = 10,
    .columns = "units,draw,sse,rms,x,y",
    .plan = plan_b1,
    .prepare = prepare_b1,
    .point = point_b1,
    .judge = judge_b1,
    .curve = "x,truth,m1,m3,m10,t",
    .panel = {B1_PANEL("1", "m1"), B1_PANEL("3", "m3"), B1_PANEL("10", "m10")},
};

/* ---- B2: local minima ------------------------------------------------------------------------ */

enum { B2_ROWS = 15, B2_STARTS = 30, MOST_UNITS = 10 };

static int starts_of(const tren_lab *lab) {
    return lab->options->quick ? 10 : B2_STARTS;
}

static tren_status plan_b2(tren_lab *lab) {
    for (int s = 0; s < lab->options->seeds; s++)
        for (int m = 1; m <= MOST_UNITS; m++)
            for (int start = 0; start < starts_of(lab); start++) {
                uint64_t seed = lab->options->first_seed + (uint64_t)s;
                TREN_TRY(tren_lab_add(lab, seed, 3 + m, (const double[4]){m, start},
                                      "units%02d-start%02d-seed%llu", m, start,
                                      (unsigned long long)seed));
            }
    return TREN_OK;
}

static tren_status prepare_b2(const tren_lab *lab) {
    return make_data(lab, B2_ROWS, TEST_ROWS);
}

static tren_status point_b2(const tren_lab *lab, tren_comm *group, const tren_lab_point *p,
                            tren_table *rows) {
    lab_outcome out;
    fit ignored;
    TREN_TRY(train(&out, &ignored, group, &(trial){lab, p, (int)p->at[1], B2_ROWS, 10}));
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
        {"15 points of the sinusoid of B1, 1000 to test; 1-M-1 with tanh, M = 1 to 10, 30 "
         "starts each with all weights from N(0, 10); scaled conjugate gradients, 3000 "
         "iterations.",
         "15 puntos de la sinusoide de B1 y 1000 de test; 1-M-1 con tanh, M = 1 a 10, 30 "
         "inicios cada una con todos los pesos de N(0, 10); gradientes conjugados escalados, "
         "3000 iteraciones."},
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
