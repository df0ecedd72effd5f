/* I1: inductive bias: what an overparameterized network makes of the gaps between twelve points
 * that it interpolates (after J. Fernandez-Villaverde, "Deep learning for solving economic models",
 * NBER WP 34250, 2025; the smoothest interpolant is a connect-the-dots spline: P. Savarese et al.,
 * COLT 2019). And what it makes of them from large initial weights, when training hardly moves them
 * (L. Chizat et al., "On lazy training", NeurIPS 2019). */
#include "lab/dots.h"
#include "lab/experiments.h"
#include "lab/one_layer.h"
#include "lab/training.h"

#include <math.h>
#include <stdlib.h>

#define STOP_LOSS 5e-9 /* the loss is half of the mean square */
/* Of the seeds from 101 on, the first whose points all lie at least 0.25 apart: two that nearly
 * coincide take all the time of the training. */
enum { DATA_SEED = 136, DRAWN = 401, EVERY = (LAB_DOTS_GRID - 1) / (DRAWN - 1) };

/* Initial weights: PyTorch's, or N(0, 1) for all of them. */
enum { USUAL, LARGE, N_STARTS };
static const char *const init[N_STARTS] = {"pytorch", "gaussian, init_variance: 1"};

static const char recipe[] = "model: {name: mlp, activation: relu, init: %s}\n"
                             "optimizer: {name: adam, learning_rate: 0.001}\n"
                             "schedule: {name: step, period: 100, gamma: 0.99}\n";

static const tren_lab_values *widths_of(const tren_lab *lab, int start) {
    return tren_lab_list(lab, start == USUAL ? "units" : "units_large");
}

static tren_status read_dots(lab_dots *dots, const tren_lab *lab) {
    char path[TREN_MAX_PATH];
    lab_data_path(path, lab, "points");
    return lab_dots_read(dots, path);
}

/* ---- the experiment ---- */

static tren_status plan(tren_lab *lab) {
    static const char *const name[N_STARTS] = {"usual", "large"};
    for (int s = 0; s < lab->options->seeds; s++)
        for (int start = 0; start < N_STARTS; start++)
            for (int i = 0; i < widths_of(lab, start)->n; i++) {
                int m = (int)widths_of(lab, start)->at[i];
                uint64_t seed = lab->options->first_seed + (uint64_t)s;
                TREN_TRY(tren_lab_add(lab, seed, 1000 + m, (const double[4]){start, m},
                                      "%s%04d-seed%llu", name[start], m, (unsigned long long)seed));
            }
    return TREN_OK;
}

/* The same twelve points for all. */
static tren_status prepare(const tren_lab *lab) {
    char path[TREN_MAX_PATH];
    const lab_setting setting[] = {{"n", LAB_DOTS}, {"range", LAB_DOTS_RANGE}, {NULL, 0}};
    tren_split split = {.percent = {100, 0, 0}, .as_is = true, .seed = DATA_SEED};
    lab_data_path(path, lab, "points");
    return lab_make(path, "interpolation-12", setting, &split);
}

static void look(void *ctx, const tren_graph *graph, const real *value) {
    lab_one_layer net = lab_one_layer_of(graph, value, true);
    lab_fit_look(ctx, &net);
}

static tren_status train(lab_outcome *out, lab_fit *fit, const tren_lab *lab, tren_comm *group,
                         const tren_lab_point *p) {
    char text[sizeof recipe + 64];
    tren_config config;
    lab_watch watch = {.finished = look, .ctx = fit};
    snprintf(text, sizeof text, recipe, init[(int)p->at[0]]);
    TREN_TRY(lab_config(&config, lab, text));
    lab_data_path(config.data, lab, "points");
    config.model.hidden = (tren_int_list){.n = 1, .at = {(int)p->at[1]}};
    config.seed = p->seed;
    config.batch_size = LAB_DOTS;
    config.epochs = tren_lab_int(lab, "steps");
    config.stop_loss = STOP_LOSS;
    return lab_train(out, lab, group, &config, &watch);
}

/* Which functions the figure shows: the first seed's, as medians of several have bends of none. */
static bool is_drawn(const tren_lab *lab, const tren_lab_point *p) {
    int m = (int)p->at[1];
    bool shown = p->at[0] == LARGE ? m == 800 : m == 10 || m == 800 || m == 4000;
    return shown && p->seed == lab->options->first_seed;
}

static tren_status point(const tren_lab *lab, tren_comm *group, const tren_lab_point *p,
                         tren_table *rows) {
    lab_outcome out;
    lab_dots d;
    lab_fit fit = {.dots = &d};
    double start = p->at[0], m = p->at[1], seed = (double)p->seed;
    TREN_TRY(tren_comm_agree(group, read_dots(&d, lab)));
    TREN_TRY(train(&out, &fit, lab, group, p));
    TREN_TRY(tren_table_add(rows, (const double[]){start, m, seed, fit.mse, fit.to_truth,
                                                   fit.to_spline, fit.largest, fit.roughness,
                                                   fit.seen, out.epochs, NAN, NAN}));
    for (int i = 0; i < DRAWN && is_drawn(lab, p); i++)
        TREN_TRY(tren_table_add(rows, (const double[]){start, m, seed, NAN, NAN, NAN, NAN, NAN, NAN,
                                                       NAN, i, fit.y[i * EVERY]}));
    return TREN_OK;
}

/* ---- the figure and the claims ---- */

static double quantile(const tren_table *points, const char *column, int start, int m, double q) {
    return tren_table_quantile(points, column, TREN_WHERE({"start", start}, {"units", m}), q);
}

static double median(const tren_table *points, const char *column, int start, int m) {
    return quantile(points, column, start, m, 0.5);
}
/* In the order of .curve. */
enum {
    X,
    TRUTH,
    SPLINE,
    POLYNOMIAL,
    M10,
    M800,
    M4000,
    LARGE800,
    DOTS,
    UNITS,
    TO_TRUTH,
    TO_TRUTH_LARGE,
    SEEN_USUAL,
    SEEN_LARGE,
    EXACT,
    LEAST,
    N_CURVE
};

static void clear(double row[N_CURVE]) {
    for (int i = 0; i < N_CURVE; i++) row[i] = NAN;
}

static double drawn(const tren_table *points, int start, int m, int cell) {
    return tren_table_mean(points, "y", TREN_WHERE({"start", start}, {"units", m}, {"cell", cell}));
}

static tren_status draw_functions(const tren_table *points, tren_table *curve, const lab_dots *d) {
    double row[N_CURVE];
    for (int i = 0; i < DRAWN; i++) {
        clear(row);
        double x = row[X] = lab_dots_place(i * EVERY);
        row[TRUTH] = lab_dots_truth(x);
        if (lab_dots_within(d, x)) {
            row[SPLINE] = lab_dots_spline(d, x);
            row[POLYNOMIAL] = lab_dots_polynomial(d, x);
        }
        row[M10] = drawn(points, USUAL, 10, i);
        row[M800] = drawn(points, USUAL, 800, i);
        row[M4000] = drawn(points, USUAL, 4000, i);
        row[LARGE800] = drawn(points, LARGE, 800, i);
        TREN_TRY(tren_table_add(curve, row));
    }
    for (int i = 0; i < LAB_DOTS; i++) {
        clear(row);
        row[X] = d->x[i];
        row[DOTS] = d->y[i];
        TREN_TRY(tren_table_add(curve, row));
    }
    return TREN_OK;
}

static tren_status draw_widths(const tren_lab *lab, const tren_table *points, tren_table *curve,
                               const lab_dots *d) {
    const tren_lab_values *w = widths_of(lab, USUAL);
    for (int i = 0; i < w->n; i++) {
        double row[N_CURVE];
        int m = (int)w->at[i];
        clear(row);
        row[UNITS] = m;
        row[TO_TRUTH] = median(points, "to_truth", USUAL, m);
        row[TO_TRUTH_LARGE] = median(points, "to_truth", LARGE, m);
        row[SEEN_USUAL] = median(points, "seen", USUAL, m);
        row[SEEN_LARGE] = median(points, "seen", LARGE, m);
        row[EXACT] = median(points, "roughness", USUAL, m);
        row[LEAST] = lab_dots_least_roughness(d);
        TREN_TRY(tren_table_add(curve, row));
    }
    return TREN_OK;
}

static void judge_fit(const tren_lab *lab, const tren_table *points, tren_verdict *v) {
    double small = median(points, "mse", USUAL, 10), wide = NAN;
    const tren_lab_values *w = widths_of(lab, USUAL);
    for (int i = 0; i < w->n; i++)
        if (w->at[i] >= 800) wide = fmax(wide, quantile(points, "mse", USUAL, (int)w->at[i], 1));
    tren_verdict_add(v, small > 1e-5,
                     "ten units (31 parameters) do not interpolate: median of the mean squared "
                     "error %.2g (threshold: more than 1e-5)",
                     "diez unidades (31 parámetros) no interpolan: mediana del error cuadrático "
                     "medio %.2g (umbral: más de 1e-5)",
                     small);
    tren_verdict_add(v, wide < 1e-6,
                     "with 800 units or more, every run interpolates: largest mean squared error "
                     "%.2g (threshold: less than 1e-6)",
                     "con 800 unidades o más, todas las ejecuciones interpolan: mayor error "
                     "cuadrático medio %.2g (umbral: menos de 1e-6)",
                     wide);
}

static double spread(const tren_table *points, int m) {
    return quantile(points, "to_truth", USUAL, m, 0.75) -
           quantile(points, "to_truth", USUAL, m, 0.25);
}

static void judge_smoothness(const tren_table *points, tren_verdict *v, const lab_dots *d) {
    double straight = lab_dots_seen_roughness(d), seen = median(points, "seen", USUAL, 4000);
    tren_verdict_add(v, seen <= 1.25 * straight,
                     "the function of 4000 units is hardly rougher than straight lines from point "
                     "to point, the smoothest interpolant: roughness %.2f, %.2f times that of the "
                     "lines (threshold: at most 1.25)",
                     "la función de 4000 unidades apenas es más rugosa que los segmentos rectos de "
                     "punto a punto, el interpolante menos rugoso: rugosidad %.2f, %.2f veces la "
                     "de los segmentos (umbral: 1.25 como máximo)",
                     seen, seen / straight);
    double iqr = spread(points, 4000) / spread(points, 10);
    tren_verdict_add(v, iqr <= 0.5,
                     "with 4000 units the learned function depends less on the seed than with ten: "
                     "the interquartile range of its distance to the true function is %.2f times "
                     "as large (threshold: at most 0.5)",
                     "con 4000 unidades la función aprendida depende menos de la semilla que con "
                     "diez: el rango intercuartílico de su distancia a la función verdadera es "
                     "%.2f veces el de diez (umbral: 0.5 como máximo)",
                     iqr);
}

/* The same 800 units through the same points, from other weights. */
static void judge_large(const tren_table *points, tren_verdict *v) {
    double mse = median(points, "mse", LARGE, 800);
    double rough = median(points, "seen", LARGE, 800) / median(points, "seen", USUAL, 800);
    double far = median(points, "to_truth", LARGE, 800) / median(points, "to_truth", USUAL, 800);
    tren_verdict_add(
        v, mse < 1e-6 && rough >= 5 && far >= 3,
        "800 units with initial weights from N(0, 1) interpolate too (median of the mean squared "
        "error %.2g), but with %.1f times the roughness and %.1f times the distance to the true "
        "function, compared with usual initial weights (threshold: at least 5 and 3)",
        "800 unidades con pesos iniciales N(0, 1) también interpolan (mediana del error cuadrático "
        "medio %.2g), pero con %.1f veces la rugosidad y %.1f veces la distancia a la función "
        "verdadera que con los pesos iniciales usuales (umbral: al menos 5 y 3)",
        mse, rough, far);
}

static void judge_polynomial(const tren_table *points, tren_verdict *v, const lab_dots *d) {
    double off = median(points, "largest", USUAL, 4000), poly = lab_dots_polynomial_off(d);
    tren_verdict_add(v, poly >= 3 * off,
                     "the polynomial of degree 11 through the same points has an error of up to "
                     "%.3g, the network of 4000 units of up to %.3g (threshold: at least 3 times)",
                     "el polinomio de grado 11 por los mismos puntos tiene un error de hasta %.3g, "
                     "y la red de 4000 unidades de hasta %.3g (umbral: al menos 3 veces)",
                     poly, off);
}

/* The first width whose runs all interpolate. */
static int first_interpolating(const tren_lab *lab, const tren_table *points) {
    const tren_lab_values *w = widths_of(lab, USUAL);
    for (int i = 0; i < w->n; i++)
        if (quantile(points, "mse", USUAL, (int)w->at[i], 1) < 1e-6) return (int)w->at[i];
    return 0;
}

/* What was guessed at first, and is not so: those that just interpolate are as smooth already. */
static void tell_guesses(const tren_lab *lab, const tren_table *points, tren_verdict *v) {
    int first = first_interpolating(lab, points);
    double near = median(points, "to_truth", USUAL, 4000);
    near /= median(points, "to_truth", USUAL, first);
    double rough = median(points, "seen", USUAL, 4000) / median(points, "seen", USUAL, first);
    tren_verdict_tell(
        v,
        "4000 units compared with %d, the smallest number that always interpolates: distance to "
        "the true function %.2f times, roughness %.2f times, interquartile range %.2f times "
        "(expected before the first run: 0.8, 0.7, 0.5)",
        "4000 unidades frente a %d, el menor número que siempre interpola: distancia a la función "
        "verdadera %.2f veces, rugosidad %.2f veces, rango intercuartílico %.2f veces (se esperaba "
        "antes de la primera ejecución: 0.8, 0.7, 0.5)",
        first, near, rough, spread(points, 4000) / spread(points, first));
}

static tren_status judge(const tren_lab *lab, const tren_table *points, tren_table *curve,
                         tren_verdict *v) {
    lab_dots d;
    TREN_TRY(read_dots(&d, lab));
    TREN_TRY(draw_functions(points, curve, &d));
    TREN_TRY(draw_widths(lab, points, curve, &d));
    judge_fit(lab, points, v);
    judge_smoothness(points, v, &d);
    judge_large(points, v);
    judge_polynomial(points, v, &d);
    tell_guesses(lab, points, v);
    return TREN_OK;
}

const tren_experiment tren_lab_i1 = {
    .name = "I1",
    .figure = {"Figure 13", "Figura 13"},
    .title = {"Inductive bias: interpolating twelve points",
              "Sesgo inductivo: interpolar doce puntos"},
    .question = {"Infinitely many functions pass through twelve points. Which one does a network "
                 "with thousands of parameters choose, and why?",
                 "Por doce puntos pasan infinitas funciones. ¿Cuál elige una red con miles de "
                 "parámetros, y por qué?"},
    .setting =
        {"Twelve points of the function 2 (1 - exp(-|x + sin x|)) at random places in [-5, 5], "
         "without noise. Networks 1-m-1 with ReLU, with PyTorch's usual initial weights (m = "
         "{units}) and with initial weights from N(0, 1) (m = {units_large}). Adam with learning "
         "rate 0.001, multiplied by 0.99 every 100 steps, on all points, until the mean squared "
         "error is 1e-8 or for {steps} steps at most; {seeds}. Roughness is the total variation of "
         "the slope, measured in steps of 0.25.",
         "Doce puntos de la función 2 (1 - exp(-|x + sen x|)) en lugares al azar de [-5, 5], sin "
         "ruido. Redes 1-m-1 con ReLU, con los pesos iniciales usuales de PyTorch (m = {units}) y "
         "con pesos iniciales N(0, 1) (m = {units_large}). Adam con tasa de aprendizaje 0.001, "
         "multiplicada por 0.99 cada 100 pasos, con todos los puntos, hasta un error cuadrático "
         "medio de 1e-8 o durante {steps} pasos como máximo; {seeds}. La rugosidad es la variación "
         "total de la pendiente, medida en pasos de 0.25."},
    .param = {{.name = "units",
               .what = {"hidden units m", "unidades ocultas m"},
               .full =
                   TREN_LAB_VALUES_OF(1, 2, 5, 10, 20, 50, 100, 200, 400, 800, 2000, 4000, 8000),
               .quick = TREN_LAB_VALUES_OF(2, 10, 50, 200, 800, 4000),
               .low = 1,
               .high = 20000,
               .whole = true,
               .list = true},
              {.name = "units_large",
               .what = {"hidden units m of the networks with initial weights from N(0, 1)",
                        "unidades ocultas m de las redes con pesos iniciales N(0, 1)"},
               .full = TREN_LAB_VALUES_OF(50, 200, 800, 2000, 4000),
               .quick = TREN_LAB_VALUES_OF(200, 800),
               .low = 1,
               .high = 20000,
               .whole = true,
               .list = true},
              {.name = "steps",
               .what = {"largest number of steps of each training",
                        "número máximo de pasos de cada entrenamiento"},
               .full = TREN_LAB_VALUES_OF(50000),
               .quick = TREN_LAB_VALUES_OF(20000),
               .low = 1,
               .high = 1000000.0,
               .whole = true}},
    .look_for =
        {"Networks with few units miss some points. Networks with hundreds or thousands of units "
         "pass through all of them, and all give nearly the same function: straight lines from "
         "point to point, the smoothest interpolant. With large initial weights, the same network "
         "also passes through all points, but with a very different function. So neither the data "
         "nor the number of parameters determines the function. It depends on the way that the "
         "training takes from the initial weights.",
         "Las redes con pocas unidades no llegan a todos los puntos. Las de cientos o miles de "
         "unidades pasan por todos, y todas dan casi la misma función: segmentos rectos de punto a "
         "punto, el interpolante menos rugoso. Con pesos iniciales grandes, la misma red también "
         "pasa por todos los puntos, pero con una función muy distinta. La función no la "
         "determinan, pues, ni los datos ni el número de parámetros: depende del camino que sigue "
         "el entrenamiento desde los pesos iniciales."},
    .max_ranks = 1,
    .seeds = 20,
    .quick_seeds = 4,
    .seconds = 40,
    .quick_seconds = 3,
    .columns = "start,units,seed,mse,to_truth,to_spline,largest,roughness,seen,epochs,cell,y",
    .plan = plan,
    .prepare = prepare,
    .point = point,
    .judge = judge,
    .curve = "x,truth,spline,polynomial,m10,m800,m4000,large800,dots,units,to_truth,"
             "to_truth_large,seen,seen_large,roughness,least",
    .panel =
        {{.title = {"Learned functions", "Funciones aprendidas"},
          .x = {"x", "x"},
          .y = {"y", "y"},
          .y_low = -1,
          .y_high = 5,
          .series = {{"x", "large800", .label = {"800, weights N(0, 1)", "800, pesos N(0, 1)"},
                      .mark = TREN_MARK_CURVE, .colour = 3},
                     {"x", "polynomial", .label = {"polynomial", "polinomio"},
                      .mark = TREN_MARK_DASHED, .colour = 6},
                     {"x", "truth", .label = {"true", "verdadera"}, .mark = TREN_MARK_DASHED,
                      .colour = 5},
                     {"x", "m10", .label = {"10 units", "10 unidades"}, .mark = TREN_MARK_CURVE,
                      .colour = 2},
                     {"x", "m800", .label = {"800", "800"}, .mark = TREN_MARK_CURVE, .colour = 1},
                     {"x", "m4000", .label = {"4000", "4000"}, .mark = TREN_MARK_CURVE,
                      .colour = 0},
                     {"x", "dots", .mark = TREN_MARK_CIRCLES, .colour = 5}}},
         {.title = {"Distance to the true function", "Distancia a la función verdadera"},
          .x = {"hidden units m", "unidades ocultas m"},
          .y = {"root mean square distance, median",
                "raíz de la distancia cuadrática media, mediana"},
          .log_x = true,
          .log_y = true,
          .series = {{"units", "to_truth", .label = {"usual weights", "pesos usuales"},
                      .colour = 0},
                     {"units", "to_truth_large", .label = {"N(0, 1)", "N(0, 1)"}, .colour = 3}}},
         {.title = {"Roughness", "Rugosidad"},
          .x = {"hidden units m", "unidades ocultas m"},
          .y = {"total variation of the slope, median", "variación total de la pendiente, mediana"},
          .log_x = true,
          .log_y = true,
          .y_low = 0.3,
          .y_high = 3000,
          .series = {{"units", "seen", .label = {"in steps of 0.25", "en pasos de 0.25"},
                      .colour = 0},
                     {"units", "seen_large",
                      .label = {"in steps of 0.25, N(0, 1)", "en pasos de 0.25, N(0, 1)"},
                      .colour = 3},
                     {"units", "roughness", .label = {"exact, every kink", "exacta, cada quiebro"},
                      .colour = 1},
                     {"units", "least", .label = {"smallest possible", "mínima posible"},
                      .mark = TREN_MARK_DASHED, .colour = 5}}}},
};
