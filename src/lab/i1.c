/* I1: inductive bias: what an overparameterized network makes of the gaps between twelve points
 * that it interpolates (after J. Fernandez-Villaverde, "Deep learning for solving economic models",
 * NBER WP 34250, 2025; the smoothest interpolant is a connect-the-dots spline: P. Savarese et al.,
 * COLT 2019). */
#include "lab/experiments.h"
#include "lab/one_layer.h"
#include "lab/training.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RANGE     5.0
#define STOP_LOSS 5e-9 /* half of the mean square */
enum { ROWS = 12, GRID = 401, DATA_SEED = 13 };

static const char recipe[] = "model: {name: mlp, activation: relu, init: pytorch}\n"
                             "optimizer: {name: adam, learning_rate: 0.001}\n"
                             "schedule: {name: step, period: 100, gamma: 0.99}\n";

static const int full_width[] = {1, 2, 5, 10, 20, 50, 100, 200, 400, 800, 2000, 4000, 8000};
static const int quick_width[] = {2, 10, 50, 200, 800, 4000};

static const int *widths(int *n, const tren_lab *lab) {
    *n = lab->options->quick ? (int)(sizeof quick_width / sizeof *quick_width)
                             : (int)(sizeof full_width / sizeof *full_width);
    return lab->options->quick ? quick_width : full_width;
}

static double truth(double x) {
    return 2 * (1 - exp(-fabs(x + sin(x))));
}

static double place(int i) {
    return RANGE * (2.0 * i / (GRID - 1) - 1);
}

/* ---- the points, and what is compared with ----------------------------------------------------
 */

typedef struct dots {
    double x[ROWS], y[ROWS]; /* ascending in x */
} dots;

static int by_place(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static tren_status read_dots(dots *d, const tren_lab *lab) {
    char path[TREN_MAX_PATH];
    tren_dataset *dataset;
    tren_rows rows = {0};
    lab_data_path(path, lab, "points");
    TREN_TRY(tren_dataset_open(&dataset, path));
    tren_status st = tren_rows_read(&rows, dataset, TREN_TRAIN, 0, ROWS);
    if (st == TREN_OK) memcpy(d->x, rows.x, sizeof d->x);
    qsort(d->x, ROWS, sizeof *d->x, by_place);
    for (int i = 0; i < ROWS; i++) d->y[i] = truth(d->x[i]);
    tren_rows_close(&rows);
    tren_dataset_close(dataset);
    return st;
}

/* Straight lines between the points, and on beyond the outer ones. */
static double spline(const dots *d, double x) {
    int k = 0;
    while (k < ROWS - 2 && x > d->x[k + 1]) k++;
    return d->y[k] + (x - d->x[k]) * (d->y[k + 1] - d->y[k]) / (d->x[k + 1] - d->x[k]);
}

/* The polynomial of degree 11 through all of them (Lagrange). */
static double polynomial(const dots *d, double x) {
    double sum = 0;
    for (int i = 0; i < ROWS; i++) {
        double term = d->y[i];
        for (int j = 0; j < ROWS; j++)
            if (j != i) term *= (x - d->x[j]) / (d->x[i] - d->x[j]);
        sum += term;
    }
    return sum;
}

/* ---- a trained network ------------------------------------------------------------------------
 */

typedef struct view {
    const dots *dots;
    double y[GRID];
    double mse, to_truth, to_spline, roughness; /* L2 between the outer points */
} view;

typedef struct kink {
    double x, jump; /* of the slope */
} kink;

static int by_kink(const void *a, const void *b) {
    return by_place(&((const kink *)a)->x, &((const kink *)b)->x);
}

/* The total variation of the slope between the outer points: the sum of its jumps at the kinks of
 * the units, those at one place taken together. */
static double roughness(const lab_one_layer *net, const dots *d) {
    kink *at = malloc((size_t)net->m * sizeof *at);
    double sum = 0, here = 0;
    int n = 0;
    for (int i = 0; at && i < net->m; i++) {
        double w = (double)net->w[i], x = -(double)net->b[i] / w;
        if (w == 0 || !(x > d->x[0] && x < d->x[ROWS - 1])) continue;
        at[n++] = (kink){x, (double)net->v[i] * fabs(w)};
    }
    if (at) qsort(at, (size_t)n, sizeof *at, by_kink);
    for (int i = 0; i < n; i++) {
        here += at[i].jump;
        if (i + 1 < n && at[i + 1].x - at[i].x < 1e-9) continue;
        sum += fabs(here);
        here = 0;
    }
    free(at);
    return sum;
}

static void look(void *ctx, const tren_graph *graph, const real *value) {
    view *v = ctx;
    const dots *d = v->dots;
    lab_one_layer net = lab_one_layer_of(graph, value, true);
    int n = 0;
    v->mse = v->to_truth = v->to_spline = 0;
    for (int i = 0; i < ROWS; i++)
        v->mse += pow(lab_one_layer_at(&net, d->x[i]) - d->y[i], 2) / ROWS;
    for (int i = 0; i < GRID; i++) {
        double x = place(i);
        v->y[i] = lab_one_layer_at(&net, x);
        if (x < d->x[0] || x > d->x[ROWS - 1]) continue;
        v->to_truth += pow(v->y[i] - truth(x), 2);
        v->to_spline += pow(v->y[i] - spline(d, x), 2);
        n++;
    }
    v->to_truth = sqrt(v->to_truth / n);
    v->to_spline = sqrt(v->to_spline / n);
    v->roughness = roughness(&net, d);
}

/* ---- the experiment ---------------------------------------------------------------------------
 */

static tren_status plan(tren_lab *lab) {
    int n;
    const int *width = widths(&n, lab);
    for (int s = 0; s < lab->options->seeds; s++)
        for (int i = 0; i < n; i++) {
            uint64_t seed = lab->options->first_seed + (uint64_t)s;
            TREN_TRY(tren_lab_add(lab, seed, 300 + width[i], (const double[4]){width[i]},
                                  "units%04d-seed%llu", width[i], (unsigned long long)seed));
        }
    return TREN_OK;
}

/* The same twelve points for all. */
static tren_status prepare(const tren_lab *lab) {
    char path[TREN_MAX_PATH];
    const lab_setting setting[] = {{"n", ROWS}, {"range", RANGE}, {NULL, 0}};
    tren_split split = {.percent = {100, 0, 0}, .as_is = true, .seed = DATA_SEED};
    lab_data_path(path, lab, "points");
    return lab_make(path, "interpolation-12", setting, &split);
}

static bool is_drawn(int m) {
    return m == 10 || m == 800 || m == 4000;
}

static tren_status point(const tren_lab *lab, tren_comm *group, const tren_lab_point *p,
                         tren_table *rows) {
    tren_config config;
    lab_outcome out;
    dots d;
    view v = {.dots = &d};
    lab_watch watch = {.finished = look, .ctx = &v};
    int m = (int)p->at[0];
    TREN_TRY(tren_comm_agree(group, read_dots(&d, lab)));
    TREN_TRY(lab_config(&config, lab, recipe));
    lab_data_path(config.data, lab, "points");
    config.model.hidden = (tren_int_list){.n = 1, .at = {m}};
    config.seed = p->seed;
    config.batch_size = ROWS;
    config.epochs = lab->options->quick ? 20000 : 50000;
    config.stop_loss = STOP_LOSS;
    TREN_TRY(lab_train(&out, lab, group, &config, &watch));
    double seed = (double)p->seed;
    TREN_TRY(tren_table_add(rows, (const double[]){m, seed, v.mse, v.to_truth, v.to_spline,
                                                   v.roughness, out.epochs, NAN, NAN}));
    for (int i = 0; i < GRID && is_drawn(m); i++)
        TREN_TRY(
            tren_table_add(rows, (const double[]){m, seed, NAN, NAN, NAN, NAN, NAN, i, v.y[i]}));
    return TREN_OK;
}

static double median(const tren_table *points, const char *column, int m, double q) {
    return tren_table_quantile(points, column, TREN_WHERE({"units", m}), q);
}

/* Functions first, then the numbers by width. */
static tren_status draw(const tren_lab *lab, const tren_table *points, tren_table *curve,
                        const dots *d) {
    int n;
    const int *width = widths(&n, lab);
    for (int i = 0; i < GRID; i++) {
        double x = place(i),
               row[11] = {x, truth(x), spline(d, x), NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
        bool within = x >= d->x[0] && x <= d->x[ROWS - 1];
        if (within) row[10] = polynomial(d, x);
        for (int k = 0; k < 3; k++)
            row[3 + k] = tren_table_quantile(
                points, "y", TREN_WHERE({"units", (double[]){10, 800, 4000}[k]}, {"cell", i}), 0.5);
        TREN_TRY(tren_table_add(curve, row));
    }
    for (int i = 0; i < ROWS; i++)
        TREN_TRY(tren_table_add(curve, (const double[]){d->x[i], NAN, NAN, NAN, NAN, NAN, d->y[i],
                                                        NAN, NAN, NAN, NAN}));
    for (int i = 0; i < n; i++)
        TREN_TRY(tren_table_add(curve,
                                (const double[]){NAN, NAN, NAN, NAN, NAN, NAN, NAN, width[i],
                                                 median(points, "to_truth", width[i], 0.5),
                                                 median(points, "roughness", width[i], 0.5), NAN}));
    return TREN_OK;
}

/* The first width whose runs all interpolate. */
static int first_interpolating(const tren_lab *lab, const tren_table *points) {
    int n;
    const int *width = widths(&n, lab);
    for (int i = 0; i < n; i++)
        if (median(points, "mse", width[i], 1) < 1e-6) return width[i];
    return 0;
}

static double spread(const tren_table *points, int m) {
    return median(points, "to_truth", m, 0.75) - median(points, "to_truth", m, 0.25);
}

static void judge_widths(const tren_lab *lab, const tren_table *points, tren_verdict *v) {
    double small = median(points, "mse", 10, 0.5), wide = 0;
    int first = first_interpolating(lab, points);
    for (int m = 800; m <= 8000; m++)
        if (tren_table_count(points, "mse", TREN_WHERE({"units", m})) > 0)
            wide = fmax(wide, median(points, "mse", m, 1));
    tren_verdict_add(
        v, small > 1e-5,
        "ten units (31 parameters) do not interpolate: median mean square %.2g (asked: "
        "more than 1e-5)",
        "diez unidades (31 parámetros) no interpolan: error cuadrático medio mediano "
        "%.2g (se pide: más de 1e-5)",
        small);
    tren_verdict_add(v, wide < 1e-6, "from 800 units on every run does: at most %.2g (asked: 1e-6)",
                     "desde 800 unidades todas lo hacen: a lo sumo %.2g (se pide: 1e-6)", wide);
    double error = median(points, "to_truth", 4000, 0.5) / median(points, "to_truth", first, 0.5);
    tren_verdict_add(v, error <= 0.8,
                     "4000 units are nearer to the true function than %d, the first that "
                     "interpolate: x %.2f (asked: 0.8)",
                     "4000 unidades están más cerca de la función verdadera que %d, las primeras "
                     "que interpolan: x %.2f (se pide: 0.8)",
                     first, error);
    double rough = median(points, "roughness", 4000, 0.5) / median(points, "roughness", first, 0.5);
    tren_verdict_add(v, rough <= 0.7, "and smoother: roughness x %.2f (asked: 0.7)",
                     "y son más suaves: rugosidad x %.2f (se pide: 0.7)", rough);
    double iqr = spread(points, 4000) / spread(points, first);
    tren_verdict_add(v, iqr <= 0.5, "and less a matter of the seed: spread x %.2f (asked: 0.5)",
                     "y dependen menos de la semilla: dispersión x %.2f (se pide: 0.5)", iqr);
}

static tren_status judge(const tren_lab *lab, const tren_table *points, tren_table *curve,
                         tren_verdict *v) {
    dots d;
    TREN_TRY(read_dots(&d, lab));
    TREN_TRY(draw(lab, points, curve, &d));
    judge_widths(lab, points, v);
    double off = 0, poly = 0;
    for (int i = 0; i < GRID; i++) {
        double x = place(i);
        if (x < d.x[0] || x > d.x[ROWS - 1]) continue;
        poly = fmax(poly, fabs(polynomial(&d, x) - truth(x)));
        off = fmax(off, fabs(tren_table_get(curve, i, "m4000") - truth(x)));
    }
    tren_verdict_add(
        v, poly >= 3 * off,
        "the polynomial of degree 11 through the same points is off by up to %.3g, the "
        "network by %.3g (asked: x 3)",
        "el polinomio de grado 11 por los mismos puntos se aleja hasta %.3g, la red "
        "%.3g (se pide: x 3)",
        poly, off);
    return TREN_OK;
}

const tren_experiment tren_lab_i1 = {
    .name = "I1",
    .figure = {"Figure 13", "Figura 13"},
    .title = {"Inductive bias: interpolating twelve points",
              "Sesgo inductivo: interpolar doce puntos"},
    .question =
        {"Infinitely many functions pass through twelve points. Which one does a network of "
         "12,001 parameters choose?",
         "Por doce puntos pasan infinitas funciones. ¿Cuál elige una red con 12.001 "
         "parámetros?"},
    .setting =
        {"Twelve points of 2 (1 - exp(-|x + sin x|)) at random places in [-5, 5], without "
         "noise; 1-m-1 with ReLU and default initial weights; Adam 0.001 on all points, at "
         "most 50,000 steps or until the mean square is 1e-8; medians over the seeds.",
         "Doce puntos de 2 (1 - exp(-|x + sen x|)) en lugares al azar de [-5, 5], sin ruido; "
         "1-m-1 con ReLU y pesos iniciales usuales; Adam 0.001 con todos los puntos, a lo "
         "sumo 50.000 pasos o hasta un error cuadrático medio de 1e-8; medianas sobre las "
         "semillas."},
    .look_for =
        {"Ten units miss points. Some hundred hit them all, with bends of their own. "
         "Thousands hit them too, and come close to straight lines from point to point: "
         "training prefers the smooth interpolant.",
         "Diez unidades no llegan a todos los puntos. Unos cientos los aciertan, con sus "
         "propias curvas. Miles los aciertan también y casi trazan rectas de punto a punto: "
         "el entrenamiento prefiere el interpolante suave."},
    .max_ranks = 1,
    .seeds = 20,
    .quick_seeds = 4,
    .seconds = 300,
    .quick_seconds = 30,
    .columns = "units,seed,mse,to_truth,to_spline,roughness,epochs,cell,y",
    .plan = plan,
    .prepare = prepare,
    .point = point,
    .judge = judge,
    .curve = "x,truth,spline,m10,m800,m4000,dots,units,to_truth,roughness,polynomial",
    .panel =
        {{.title = {"What is learned", "Lo que se aprende"},
          .x = {"x", "x"},
          .y = {"y", "y"},
          .y_low = -1,
          .y_high = 3,
          .series = {{"x", "truth", .label = {"true", "verdadera"}, .mark = TREN_MARK_DASHED,
                      .colour = 5},
                     {"x", "m10", .label = {"10 units", "10 unidades"}, .mark = TREN_MARK_CURVE,
                      .colour = 2},
                     {"x", "m800", .label = {"800", "800"}, .mark = TREN_MARK_CURVE, .colour = 1},
                     {"x", "m4000", .label = {"4000", "4000"}, .mark = TREN_MARK_CURVE,
                      .colour = 0},
                     {"x", "polynomial", .label = {"polynomial", "polinomio"},
                      .mark = TREN_MARK_DASHED, .colour = 6},
                     {"x", "dots", .mark = TREN_MARK_CIRCLES, .colour = 5}}},
         {.title = {"Distance to the true function", "Distancia a la función verdadera"},
          .x = {"hidden units m", "unidades ocultas m"},
          .y = {"root mean square, median", "raíz del error cuadrático medio, mediana"},
          .log_x = true,
          .series = {{"units", "to_truth", .colour = 0}}},
         {.title = {"Roughness", "Rugosidad"},
          .x = {"hidden units m", "unidades ocultas m"},
          .y = {"total variation of the slope, median", "variación total de la pendiente, mediana"},
          .log_x = true,
          .series = {{"units", "roughness", .colour = 3}}}},
};
