/* W3 and S1: random Fourier features with least squares of smallest norm on Fashion-MNIST, over the
 * number of features and for two numbers of rows (M. Belkin et al., "Reconciling modern
 * machine-learning practice and the classical bias-variance trade-off", PNAS 116, 2019; P. Nakkiran
 * et al., 2019, appendix D). */
#include "lab/experiments.h"
#include "lab/features.h"
#include "lab/training.h"

#include <math.h>

enum { W3_ROWS = 1000, S1_FEW = 500, S1_MANY = 2250, TEST_ROWS = 10000, QUICK_TEST = 2000 };

static const int w3_features[] = {50,   100,  200,  400,  600,  800,  900,  950,
                                  1000, 1050, 1100, 1250, 1500, 2000, 4000, 10000};
static const int w3_quick[] = {50, 200, 600, 900, 1000, 1100, 2000, 10000};
static const int s1_features[] = {50,   100,  200,  300,  400,  500,  600,   1000,
                                  1500, 2000, 2250, 2500, 3000, 5000, 10000, 30000};
static const int s1_quick[] = {100, 300, 500, 1000, 2250, 10000};
#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

static int test_rows(const tren_lab *lab) {
    return lab->options->quick ? QUICK_TEST : TEST_ROWS;
}

/* In multiplications, about. */
static double cost_of(double n, double d, double test) {
    double m = fmin(n, d);
    return (n + test) * d * 784 + n * d * m + 12 * m * m * m;
}

static tren_status plan_size(tren_lab *lab, int n, const int *list, int count) {
    for (int s = 0; s < lab->options->seeds; s++)
        for (int i = 0; i < count; i++) {
            uint64_t seed = lab->options->first_seed + (uint64_t)s;
            TREN_TRY(tren_lab_add(lab, seed, cost_of(n, list[i], test_rows(lab)),
                                  (const double[4]){n, list[i]}, "rows%d-features%05d-seed%llu", n,
                                  list[i], (unsigned long long)seed));
        }
    return TREN_OK;
}

static tren_status make_data(const tren_lab *lab, int n, double noise) {
    for (int s = 0; s < lab->options->seeds; s++) {
        char path[TREN_MAX_PATH];
        uint64_t seed = lab->options->first_seed + (uint64_t)s;
        lab_subset subset = {.train = (size_t)n,
                             .test = (size_t)test_rows(lab),
                             .pool = 1,
                             .label_noise = noise,
                             .noise_kind = TREN_NOISE_ANY,
                             .seed = seed};
        lab_data_path(path, lab, "n%d-s%llu", n, (unsigned long long)seed);
        TREN_TRY(lab_make_subset(path, lab->options->data, &subset));
    }
    return TREN_OK;
}

static tren_status point(const tren_lab *lab, tren_comm *group, const tren_lab_point *p,
                         tren_table *rows) {
    char path[TREN_MAX_PATH];
    lab_images images;
    lab_fit fit = {0};
    lab_data_path(path, lab, "n%d-s%llu", (int)p->at[0], (unsigned long long)p->seed);
    tren_status st = tren_comm_agree(group, lab_images_open(&images, path));
    if (st == TREN_OK) st = lab_fit_features(&fit, group, &images, (int)p->at[1], p->seed);
    lab_images_close(&images);
    if (st != TREN_OK) return st;
    return tren_table_add(rows,
                          (const double[]){p->at[0], p->at[1], (double)p->seed, fit.test_error,
                                           fit.test_loss, fit.train_error, fit.train_loss});
}

static double median(const tren_table *points, const char *column, int n, int d) {
    return tren_table_quantile(points, column, TREN_WHERE({"rows", n}, {"features", d}), 0.5);
}

/* ---- W3 -------------------------------------------------------------------------------------- */

static tren_status plan_w3(tren_lab *lab) {
    return lab->options->quick ? plan_size(lab, W3_ROWS, w3_quick, COUNT(w3_quick))
                               : plan_size(lab, W3_ROWS, w3_features, COUNT(w3_features));
}

static tren_status prepare_w3(const tren_lab *lab) {
    return make_data(lab, W3_ROWS, 0.2);
}

static tren_status judge_w3(const tren_lab *lab, const tren_table *points, tren_table *curve,
                            tren_verdict *v) {
    (void)lab;
    for (int i = 0; i < COUNT(w3_features); i++) {
        int d = w3_features[i];
        if (tren_table_count(points, "features", TREN_WHERE({"features", d})) == 0) continue;
        TREN_TRY(tren_table_add(curve, (const double[]){d, median(points, "test_error", W3_ROWS, d),
                                                        median(points, "train_error", W3_ROWS, d),
                                                        median(points, "test_loss", W3_ROWS, d)}));
    }
    double loss =
        median(points, "test_loss", W3_ROWS, 1000) / median(points, "test_loss", W3_ROWS, 10000);
    double error =
        median(points, "test_error", W3_ROWS, 1000) / median(points, "test_error", W3_ROWS, 10000);
    tren_verdict_add(v, loss >= 10,
                     "squared test loss with as many features as rows: x %.3g of that with ten "
                     "times as many (asked: 10)",
                     "pérdida cuadrática de test con tantas características como muestras: x %.3g "
                     "la que hay con diez veces más (se pide: 10)",
                     loss);
    tren_verdict_add(v, error >= 1.5, "test error there: x %.2f of it (asked: 1.5)",
                     "error de test allí: x %.2f (se pide: 1.5)", error);
    return TREN_OK;
}

#define FEATURES_AXIS                                                                              \
    { "random features D", "características aleatorias D" }
#define ERROR_AXIS                                                                                 \
    { "share of wrong answers", "proporción de respuestas erróneas" }

const tren_experiment tren_lab_w3 = {
    .name = "W3",
    .figure = {"Fig. 9.9", "Fig. 9.9"},
    .title = {"Double descent over model size: random features",
              "Doble descenso según el tamaño del modelo: características aleatorias"},
    .question = {"What does the peak look like where only the last layer learns, and learns "
                 "exactly?",
                 "¿Cómo es el pico si solo aprende la última capa, y lo hace exactamente?"},
    .setting = {"1000 images of Fashion-MNIST, 20 % of the labels drawn anew; D random Fourier "
                "features of the pixels; least squares of smallest norm; 10,000 test images; "
                "medians over the seeds.",
                "1000 imágenes de Fashion-MNIST, el 20 % de las etiquetas sorteadas de nuevo; D "
                "características de Fourier aleatorias de los píxeles; mínimos cuadrados de norma "
                "mínima; 10.000 imágenes de test; medianas sobre las semillas."},
    .look_for = {"At D = 1000, one parameter a row for each class, the weights explode. With ten "
                 "times as many features the fit is as exact and far smoother.",
                 "En D = 1000, un parámetro por muestra y clase, los pesos se disparan. Con diez "
                 "veces más características el ajuste es igual de exacto y mucho más suave."},
    .wants_double = true,
    .wants_data = true,
    .max_ranks = LAB_SHARDS,
    .seeds = 5,
    .quick_seeds = 1,
    .seconds = 60,
    .quick_seconds = 10,
    .columns = "rows,features,seed,test_error,test_loss,train_error,train_loss",
    .plan = plan_w3,
    .prepare = prepare_w3,
    .point = point,
    .judge = judge_w3,
    .curve = "features,test_error,train_error,test_loss",
    .panel = {{.title = {"Error", "Error"},
               .x = FEATURES_AXIS,
               .y = ERROR_AXIS,
               .log_x = true,
               .series = {{"features", "test_error", .label = {"test", "test"}, .colour = 0},
                          {"features", "train_error", .label = {"training", "entrenamiento"},
                           .colour = 1}}},
              {.title = {"Squared loss on the test part", "Pérdida cuadrática en el test"},
               .x = FEATURES_AXIS,
               .y = {"squared error", "error cuadrático"},
               .log_x = true,
               .log_y = true,
               .series = {{"features", "test_loss", .label = {"test", "test"}, .colour = 0}}}},
};

/* ---- S1 -------------------------------------------------------------------------------------- */

static tren_status plan_s1(tren_lab *lab) {
    static const int size[] = {S1_FEW, S1_MANY};
    for (int k = 0; k < 2; k++)
        TREN_TRY(lab->options->quick ? plan_size(lab, size[k], s1_quick, COUNT(s1_quick))
                                     : plan_size(lab, size[k], s1_features, COUNT(s1_features)));
    return TREN_OK;
}

static tren_status prepare_s1(const tren_lab *lab) {
    TREN_TRY(make_data(lab, S1_FEW, 0));
    return make_data(lab, S1_MANY, 0);
}

static tren_status judge_s1(const tren_lab *lab, const tren_table *points, tren_table *curve,
                            tren_verdict *v) {
    (void)lab;
    double most = 0, at = 0, few[3] = {NAN, NAN, NAN};
    for (int i = 0; i < COUNT(s1_features); i++) {
        int d = s1_features[i];
        if (tren_table_count(points, "features", TREN_WHERE({"features", d})) == 0) continue;
        double a = median(points, "test_error", S1_FEW, d),
               b = median(points, "test_error", S1_MANY, d);
        TREN_TRY(tren_table_add(curve, (const double[]){d, a, b}));
        bool near = d >= 0.8 * S1_MANY && d <= 1.3 * S1_MANY;
        if (near && b / a > most) {
            most = b / a;
            at = d;
        }
        if (d == 300) few[0] = b / a;
        if (d == 10000) few[1] = b / a;
        if (d == 30000) few[2] = b / a;
    }
    tren_verdict_add(v, most >= 1.1,
                     "4.5 times the rows are worse where the larger set is just fitted: x %.2f in "
                     "error at D = %.0f (asked: 1.1)",
                     "4.5 veces más muestras son peores donde el conjunto mayor se ajusta justo: x "
                     "%.2f en error con D = %.0f (se pide: 1.1)",
                     most, at);
    tren_verdict_add(v, few[0] < 1, "and better where both have few features: x %.2f at D = 300",
                     "y mejores donde ambos tienen pocas características: x %.2f con D = 300",
                     few[0]);
    tren_verdict_add(v, few[1] < 1, "and where both have many: x %.2f at D = 10,000",
                     "y donde ambos tienen muchas: x %.2f con D = 10.000", few[1]);
    if (!isnan(few[2]))
        tren_verdict_tell(v, "at D = 30,000: x %.2f", "con D = 30.000: x %.2f", few[2]);
    return TREN_OK;
}

const tren_experiment tren_lab_s1 = {
    .name = "S1",
    .figure = {"Fig. 9.11", "Fig. 9.11"},
    .title = {"More data can hurt: random features", "Más datos pueden perjudicar: "
                                                     "características aleatorias"},
    .question = {"Can 2250 rows give a worse classifier than 500 of them?",
                 "¿Pueden 2250 muestras dar un clasificador peor que 500 de ellas?"},
    .setting =
        {"W3 with 500 and with 2250 rows, 4.5 times as many, and without label noise, as in the "
         "figure of the lecture.",
         "W3 con 500 y con 2250 muestras, 4.5 veces más, y sin ruido en las etiquetas, como en la "
         "figura de la clase."},
    .look_for =
        {"Each curve has its peak at its own number of rows. At D = 2250 the larger set is "
         "at its worst, while the smaller one is far beyond its peak: the curves cross.",
         "Cada curva tiene su pico en su propio número de muestras. En D = 2250 el conjunto "
         "mayor está en lo peor y el menor mucho más allá del suyo: las curvas se cruzan."},
    .wants_double = true,
    .wants_data = true,
    .max_ranks = LAB_SHARDS,
    .seeds = 3,
    .quick_seeds = 1,
    .seconds = 120,
    .quick_seconds = 25,
    .columns = "rows,features,seed,test_error,test_loss,train_error,train_loss",
    .plan = plan_s1,
    .prepare = prepare_s1,
    .point = point,
    .judge = judge_s1,
    .curve = "features,error500,error2250",
    .panel = {{.title = {"Error on the test part", "Error en el conjunto de test"},
               .x = FEATURES_AXIS,
               .y = ERROR_AXIS,
               .log_x = true,
               .series = {{"features", "error500", .label = {"500 rows", "500 muestras"},
                           .colour = 1},
                          {"features", "error2250", .label = {"2250 rows", "2250 muestras"},
                           .colour = 0}}}},
};
