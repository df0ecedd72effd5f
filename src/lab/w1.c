/* W1: double descent over the width of a network of two hidden layers, on MNIST-1D with noisy
 * labels. Settings and published numbers: S. Greydanus and D. Kobak, "Scaling down deep learning
 * with MNIST-1D", 2020-2024, the notebook deep-double-descent. */
#include "lab/experiments.h"
#include "lab/mnist1d.h"

#include <math.h>

/* Percent of errors and cross-entropy that the notebook shows (one seed); NaN where it has none. */
typedef struct published {
    int width;
    double test_error, train_error, test_loss;
} published;

static const published notebook[] = {
    {2, 69.6, 71.7, 1.76},  {4, 62.6, 62.8, 1.65},  {9, 49.0, 47.5, 1.34},  {12, 50.3, 46.5, 1.37},
    {16, 47.2, 39.7, 1.32}, {21, 50.8, 38.1, 1.53}, {27, 50.7, 29.6, 1.66}, {36, 52.8, 19.0, 2.50},
    {47, 54.1, 5.5, 5.70},  {61, 54.0, 0, 5.79},    {80, 52.1, 0, 4.72},    {104, 50.2, 0, 3.92},
    {135, 48.4, 0, 3.49},   {177, 47.9, 0, 3.12},   {230, 46.5, 0, 2.89},   {300, 45.5, 0, 2.63},
};

/* What the notebook has of a width, in the setting that is its. */
static published published_of(const tren_lab *lab, double width) {
    for (size_t i = 0; i < sizeof notebook / sizeof *notebook; i++)
        if (lab->setting.form == TREN_LAB_JUDGED && notebook[i].width == width) return notebook[i];
    return (published){0, NAN, NAN, NAN};
}

static tren_status plan(tren_lab *lab) {
    const tren_lab_options *o = lab->options;
    const tren_lab_values *widths = tren_lab_list(lab, "widths");
    int rows = tren_lab_int(lab, "rows"), epochs = tren_lab_int(lab, "epochs");
    for (int s = 0; s < o->seeds; s++)
        for (int i = 0; i < widths->n; i++) {
            int h = (int)widths->at[i];
            uint64_t seed = o->first_seed + (uint64_t)s;
            TREN_TRY(tren_lab_add(lab, seed, lab_mnist1d_cost(rows, h, epochs),
                                  (const double[4]){h}, "width%03d-seed%llu", h,
                                  (unsigned long long)seed));
        }
    return TREN_OK;
}

static tren_status prepare(const tren_lab *lab) {
    return lab_mnist1d_make(lab, tren_lab_int(lab, "rows"));
}

static tren_status point(const tren_lab *lab, tren_comm *group, const tren_lab_point *p,
                         tren_table *rows) {
    tren_config config;
    lab_outcome out;
    int h = (int)p->at[0];
    TREN_TRY(lab_mnist1d_config(&config, lab, p->seed, tren_lab_int(lab, "rows"), h,
                                tren_lab_int(lab, "epochs")));
    TREN_TRY(lab_train(&out, lab, group, &config, NULL));
    return tren_table_add(rows, (const double[]){h, (double)p->seed, out.test_error, out.test_loss,
                                                 out.train_error, out.train_loss});
}

static tren_status draw(const tren_lab *lab, const tren_table *points, tren_table *curve) {
    const tren_lab_values *widths = tren_lab_list(lab, "widths");
    for (int i = 0; i < widths->n; i++) {
        double h = widths->at[i];
        const tren_where *here = TREN_WHERE({"width", h});
        published p = published_of(lab, h);
        double row[] = {h,
                        tren_table_mean(points, "test_error", here),
                        tren_table_sd(points, "test_error", here),
                        tren_table_mean(points, "train_error", here),
                        tren_table_mean(points, "test_loss", here),
                        p.test_error / 100,
                        p.train_error / 100,
                        p.test_loss};
        TREN_TRY(tren_table_add(curve, row));
    }
    return TREN_OK;
}

/* The published numbers are of one seed: 3 points, 6 for the smallest widths. */
static void compare(const tren_table *curve, tren_verdict *v) {
    double worst = 0;
    int at = 0, outside = 0;
    for (int i = 0; i < curve->n_rows; i++) {
        int h = (int)tren_table_get(curve, i, "width");
        double off = fabs(tren_table_get(curve, i, "test_error") -
                          tren_table_get(curve, i, "published_test_error"));
        if (isnan(off)) continue;
        outside += off > (h >= 9 ? 0.03 : 0.06);
        if (off <= worst) continue;
        worst = off;
        at = h;
    }
    tren_verdict_add(
        v, outside == 0,
        "the test error is within 3 points of the published one (6 points below width 9); "
        "widths outside: %d; the largest difference is %.1f points, at width %d",
        "el error de test difiere en menos de 3 puntos del publicado (6 puntos por debajo de "
        "anchura 9); anchuras que quedan fuera: %d; la mayor diferencia es de %.1f puntos, con la "
        "anchura %d",
        outside, 100 * worst, at);
}

/* The first width from which on all training labels are fitted. */
static void judge_threshold(const tren_table *curve, tren_verdict *v) {
    double from = NAN;
    for (int i = curve->n_rows - 1; i >= 0; i--) {
        if (tren_table_get(curve, i, "train_error") > 0.005) break;
        from = tren_table_get(curve, i, "width");
    }
    tren_verdict_add(
        v, from <= 80,
        "the training error is 0 from width %.0f on (published: 61; threshold: at most 80)",
        "el error de entrenamiento es 0 desde la anchura %.0f (publicado: 61; umbral: 80 como "
        "máximo)",
        from);
}

static void judge_shape(const tren_table *curve, tren_verdict *v) {
    lab_peak peak = lab_find_peak(curve, "width", "test_error", 20, 150);
    lab_peak left = lab_find_least(curve, "width", "test_error", 0, peak.x);
    double last = tren_table_get(curve, curve->n_rows - 1, "test_error");
    double ratio = peak.y / last, asked = 1.15;
    tren_verdict_add(
        v, ratio >= asked,
        "the test error has a peak: %.3f at width %.0f, %.2f times that of the widest "
        "network (threshold: at least %.2f)",
        "el error de test tiene un pico: %.3f con la anchura %.0f, %.2f veces el de la "
        "red más ancha (umbral: al menos %.2f)",
        peak.y, peak.x, ratio, asked);
    tren_verdict_add(v, peak.x >= 36 && peak.x <= 80,
                     "the peak lies between widths 36 and 80: at width %.0f",
                     "el pico está entre las anchuras 36 y 80: en %.0f", peak.x);
    tren_verdict_add(
        v, left.x >= 9 && left.x <= 21,
        "the minimum before the peak lies between widths 9 and 21: %.3f at width %.0f",
        "el mínimo anterior al pico está entre las anchuras 9 y 21: %.3f con la anchura %.0f",
        left.y, left.x);
    lab_peak loss = lab_find_peak(curve, "width", "test_loss", 20, 150);
    double end = tren_table_get(curve, curve->n_rows - 1, "test_loss");
    tren_verdict_add(v, loss.y >= 1.8 * end,
                     "the test cross-entropy has a peak: %.2f, %.2f times that of the widest "
                     "network (threshold: at least 1.8)",
                     "la entropía cruzada de test tiene un pico: %.2f, %.2f veces la de la red más "
                     "ancha (umbral: al menos 1.8)",
                     loss.y, loss.y / end);
}

static tren_status judge(const tren_lab *lab, const tren_table *points, tren_table *curve,
                         tren_verdict *verdict) {
    TREN_TRY(draw(lab, points, curve));
    judge_shape(curve, verdict);
    judge_threshold(curve, verdict);
    if (lab->setting.form == TREN_LAB_JUDGED) compare(curve, verdict);
    return TREN_OK;
}

const tren_experiment tren_lab_w1 = {
    .name = "W1",
    .figure = {"Fig. 9.9", "Fig. 9.9"},
    .title = {"Double descent over model size: MNIST-1D",
              "Doble descenso según el tamaño del modelo: MNIST-1D"},
    .question = {"Does a network become worse when it is just large enough to fit every label, "
                 "including the wrong ones, and better again when it is larger still?",
                 "¿Empeora una red cuando es justo lo bastante grande para ajustar todas las "
                 "etiquetas, incluidas las erróneas, y mejora de nuevo cuando es aún mayor?"},
    .setting =
        {"{rows} training rows of MNIST-1D; {noise%} of their labels were replaced at random. "
         "{test_rows} test rows have their true labels. Networks 40-h-h-10 with ReLU and h = "
         "{widths}; SGD with learning rate {rate} and momentum 0.9, batches of 100, {epochs} "
         "epochs, no regularization. Means over {seeds}.",
         "{rows} muestras de entrenamiento de MNIST-1D; el {noise%} de sus etiquetas se ha "
         "reasignado al azar. {test_rows} muestras de test tienen sus etiquetas verdaderas. Redes "
         "40-h-h-10 con ReLU y h = {widths}; SGD con tasa de aprendizaje {rate} y momento 0.9, "
         "lotes de 100, {epochs} épocas, sin regularización. Medias sobre {seeds}."},
    .param = {{.name = "widths",
               .what = {"widths h of both hidden layers", "anchuras h de ambas capas ocultas"},
               .full = TREN_LAB_VALUES_OF(2, 4, 6, 9, 12, 16, 21, 27, 31, 36, 47, 54, 61, 80, 104,
                                          135, 177, 230, 300),
               .quick = TREN_LAB_VALUES_OF(4, 12, 27, 47, 61, 177),
               .low = 1,
               .high = 5000,
               .whole = true,
               .list = true},
              {.name = "epochs",
               .what = {"epochs of each training", "épocas de cada entrenamiento"},
               .full = TREN_LAB_VALUES_OF(500),
               .quick = TREN_LAB_VALUES_OF(150),
               .low = 1,
               .high = 1e6,
               .whole = true},
              {.name = "rows",
               .what = {"training rows", "muestras de entrenamiento"},
               .full = TREN_LAB_VALUES_OF(4000),
               .low = 10,
               .high = 1000000.0,
               .whole = true},
              LAB_MNIST1D_PARAMS},
    .look_for =
        {"The test error has its peak where the training error reaches zero. To the right of the "
         "peak more parameters help again, and the widest network is the best of all.",
         "El error de test tiene su pico donde el de entrenamiento llega a cero. A la derecha del "
         "pico más parámetros vuelven a ayudar, y la red más ancha es la mejor de todas."},
    .max_ranks = 1,
    .seeds = 5,
    .quick_seeds = 1,
    .seconds = 55,
    .quick_seconds = 2,
    .columns = "width,seed,test_error,test_loss,train_error,train_loss",
    .plan = plan,
    .prepare = prepare,
    .point = point,
    .judge = judge,
    .curve = "width,test_error,test_error_sd,train_error,test_loss,published_test_error,"
             "published_train_error,published_test_loss",
    .panel = {{.title = {"Error", "Error"},
               .x = {"width h of both hidden layers", "anchura h de ambas capas ocultas"},
               .y = {"share of wrong answers", "proporción de respuestas erróneas"},
               .log_x = true,
               .series = {{.x = "width", .y = "test_error", .label = {"test", "test"}, .colour = 0},
                          {.x = "width",
                           .y = "train_error",
                           .label = {"training", "entrenamiento"},
                           .colour = 1},
                          {.x = "width",
                           .y = "published_test_error",
                           .label = {"test, published", "test, publicado"},
                           .mark = TREN_MARK_DASHED,
                           .colour = 0},
                          {.x = "width",
                           .y = "published_train_error",
                           .label = {"training, published", "entrenamiento, publicado"},
                           .mark = TREN_MARK_DASHED,
                           .colour = 1},
                          {.x = "width",
                           .y = "test_error",
                           .mark = TREN_MARK_POINTS,
                           .colour = 0,
                           .from_points = true}}},
              {.title = {"Cross-entropy on the test part",
                         "Entropía cruzada en el conjunto de test"},
               .x = {"width h of both hidden layers", "anchura h de ambas capas ocultas"},
               .y = {"nats", "nats"},
               .log_x = true,
               .series = {{.x = "width", .y = "test_loss", .label = {"test", "test"}, .colour = 0},
                          {.x = "width",
                           .y = "published_test_loss",
                           .label = {"published", "publicado"},
                           .mark = TREN_MARK_DASHED,
                           .colour = 0}}}},
};
