/* S3: more data moves the peak of W1 to the right, so that near it more data help little or not at
 * all (Nakkiran et al. 2019, section 7, in the small). */
#include "lab/experiments.h"
#include "lab/mnist1d.h"

#include <math.h>

enum { N_SIZES = 3 };
static const int rows_of[N_SIZES] = {1000, 2000, 4000};

/* The same number of steps for all: more rows mean fewer epochs. */
static int epochs_of(const tren_lab *lab, int n) {
    return tren_lab_int(lab, "epochs") * (4000 / n);
}

static tren_status plan(tren_lab *lab) {
    const tren_lab_options *o = lab->options;
    const tren_lab_values *widths = tren_lab_list(lab, "widths");
    for (int s = 0; s < o->seeds; s++)
        for (int k = 0; k < N_SIZES; k++)
            for (int i = 0; i < widths->n; i++) {
                int h = (int)widths->at[i], n = rows_of[k];
                uint64_t seed = o->first_seed + (uint64_t)s;
                TREN_TRY(tren_lab_add(lab, seed, lab_mnist1d_cost(n, h, epochs_of(lab, n)),
                                      (const double[4]){h, n}, "rows%d-width%03d-seed%llu", n, h,
                                      (unsigned long long)seed));
            }
    return TREN_OK;
}

static tren_status prepare(const tren_lab *lab) {
    for (int k = 0; k < N_SIZES; k++) TREN_TRY(lab_mnist1d_make(lab, rows_of[k]));
    return TREN_OK;
}

static tren_status point(const tren_lab *lab, tren_comm *group, const tren_lab_point *p,
                         tren_table *rows) {
    tren_config config;
    lab_outcome out;
    int h = (int)p->at[0], n = (int)p->at[1];
    TREN_TRY(lab_mnist1d_config(&config, lab, p->seed, n, h, epochs_of(lab, n)));
    TREN_TRY(lab_train(&out, lab, group, &config, NULL));
    return tren_table_add(rows, (const double[]){n, h, (double)p->seed, out.test_error,
                                                 out.test_loss, out.train_error});
}

static tren_status draw(const tren_lab *lab, const tren_table *points, tren_table *curve) {
    const tren_lab_values *widths = tren_lab_list(lab, "widths");
    for (int i = 0; i < widths->n; i++) {
        double h = widths->at[i], row[1 + 2 * N_SIZES] = {h};
        for (int k = 0; k < N_SIZES; k++) {
            const tren_where *here = TREN_WHERE({"width", h}, {"rows", rows_of[k]});
            row[1 + k] = tren_table_mean(points, "test_error", here);
            row[1 + N_SIZES + k] = tren_table_mean(points, "test_loss", here);
        }
        TREN_TRY(tren_table_add(curve, row));
    }
    return TREN_OK;
}

static const char *const loss_name[N_SIZES] = {"loss1000", "loss2000", "loss4000"};

/* The peak of the test loss is sharper than that of the error, and lies at the same width. */
static void judge_shift(const tren_table *curve, tren_verdict *v) {
    double at[N_SIZES];
    for (int k = 0; k < N_SIZES; k++) at[k] = lab_find_peak(curve, "width", loss_name[k], 0, 1e9).x;
    for (int k = 1; k < N_SIZES; k++)
        tren_verdict_add(v, at[k] >= 1.4 * at[k - 1],
                         "twice the rows, %d instead of %d: the peak of the test loss moves from "
                         "width %.0f to %.0f, %.2f times (threshold: at least 1.4)",
                         "el doble de muestras, %d en lugar de %d: el pico de la pérdida de test "
                         "pasa de la anchura %.0f a la %.0f, %.2f veces (umbral: al menos 1.4)",
                         rows_of[k], rows_of[k - 1], at[k - 1], at[k], at[k] / at[k - 1]);
}

/* What twice the rows bring, far from any peak and at the larger size's own. */
static void judge_gap(const tren_table *curve, tren_verdict *v) {
    double peak = lab_find_peak(curve, "width", "loss4000", 0, 1e9).x, near = NAN, most = 0;
    for (int i = 0; i < curve->n_rows; i++) {
        double gap = tren_table_get(curve, i, "error2000") - tren_table_get(curve, i, "error4000");
        if (tren_table_get(curve, i, "width") == peak) near = gap;
        if (gap > most) most = gap;
    }
    tren_verdict_add(
        v, near <= 0.7 * most,
        "4000 rows instead of 2000 reduce the error by up to %.1f points, and by %.1f at width "
        "%.0f, where the loss with 4000 rows has its peak (threshold: at least 30 %% less)",
        "4000 muestras en lugar de 2000 reducen el error hasta en %.1f puntos, y en %.1f con "
        "anchura %.0f, donde la pérdida con 4000 muestras tiene su pico (umbral: al menos un 30 %% "
        "menos)",
        100 * most, 100 * near, peak);
}

static tren_status judge(const tren_lab *lab, const tren_table *points, tren_table *curve,
                         tren_verdict *verdict) {
    TREN_TRY(draw(lab, points, curve));
    judge_shift(curve, verdict);
    judge_gap(curve, verdict);
    return TREN_OK;
}

#define WIDTH_AXIS                                                                                 \
    { "width h of both hidden layers", "anchura h de ambas capas ocultas" }

const tren_experiment tren_lab_s3 = {
    .name = "S3",
    .figure = {"Fig. 9.11", "Fig. 9.11"},
    .title = {"Double descent over examples: MNIST-1D",
              "Doble descenso según los ejemplos: MNIST-1D"},
    .question = {"Do more data always make a network better?",
                 "¿Mejora siempre una red con más datos?"},
    .setting =
        {"The networks of W1, h = {widths}, with 1000, 2000 and 4000 training rows; {noise%} of "
         "the labels were replaced at random. With 4000 rows a network is trained for {epochs} "
         "epochs, with fewer rows for more epochs: the number of steps is the same. SGD with "
         "learning rate {rate}, {test_rows} test rows. Means over {seeds}.",
         "Las redes de W1, h = {widths}, con 1000, 2000 y 4000 muestras de entrenamiento; el "
         "{noise%} de las etiquetas se ha reasignado al azar. Con 4000 muestras la red se entrena "
         "durante {epochs} épocas, y con menos muestras durante más épocas: el número de pasos es "
         "el mismo. SGD con tasa de aprendizaje {rate}, {test_rows} muestras de test. Medias sobre "
         "{seeds}."},
    .param = {{.name = "widths",
               .what = {"widths h of both hidden layers", "anchuras h de ambas capas ocultas"},
               .full = TREN_LAB_VALUES_OF(4, 6, 9, 12, 16, 21, 27, 31, 36, 41, 47, 61, 80, 104, 177,
                                          300),
               .quick = TREN_LAB_VALUES_OF(6, 12, 21, 36, 61, 177),
               .low = 1,
               .high = 5000,
               .whole = true,
               .list = true},
              {.name = "epochs",
               .what = {"epochs with 4000 rows", "épocas con 4000 muestras"},
               .full = TREN_LAB_VALUES_OF(500),
               .quick = TREN_LAB_VALUES_OF(150),
               .low = 1,
               .high = 1e6,
               .whole = true},
              LAB_MNIST1D_PARAMS},
    .look_for = {"With more rows, it takes a larger network to fit all labels: the peak moves to "
                 "the right. At the peak of the larger set the curves come close, because the "
                 "smaller set has already passed its own peak.",
                 "Con más muestras hace falta una red mayor para ajustar todas las etiquetas: el "
                 "pico se desplaza a la derecha. En el pico del conjunto mayor las curvas se "
                 "acercan, porque el conjunto menor ya ha pasado el suyo."},
    .max_ranks = 1,
    .seeds = 3,
    .quick_seeds = 1,
    .seconds = 70,
    .quick_seconds = 6,
    .columns = "rows,width,seed,test_error,test_loss,train_error",
    .plan = plan,
    .prepare = prepare,
    .point = point,
    .judge = judge,
    .curve = "width,error1000,error2000,error4000,loss1000,loss2000,loss4000",
    .panel =
        {{.title = {"Error on the test part", "Error en el conjunto de test"},
          .x = WIDTH_AXIS,
          .y = {"share of wrong answers", "proporción de respuestas erróneas"},
          .log_x = true,
          .series = {{"width", "error1000", .label = {"1000 rows", "1000 muestras"}, .colour = 2},
                     {"width", "error2000", .label = {"2000 rows", "2000 muestras"}, .colour = 1},
                     {"width", "error4000", .label = {"4000 rows", "4000 muestras"}, .colour = 0}}},
         {.title = {"Cross-entropy on the test part", "Entropía cruzada en el conjunto de test"},
          .x = WIDTH_AXIS,
          .y = {"nats", "nats"},
          .log_x = true,
          .series = {{"width", "loss1000", .label = {"1000 rows", "1000 muestras"}, .colour = 2},
                     {"width", "loss2000", .label = {"2000 rows", "2000 muestras"}, .colour = 1},
                     {"width", "loss4000", .label = {"4000 rows", "4000 muestras"}, .colour = 0}}}},
};
