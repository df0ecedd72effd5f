/* W3 and S1: random Fourier features with least squares of smallest norm on Fashion-MNIST, over the
 * number of features and for two numbers of rows (M. Belkin et al., "Reconciling modern
 * machine-learning practice and the classical bias-variance trade-off", PNAS 116, 2019; P. Nakkiran
 * et al., 2019, appendix D). */
#include "lab/experiments.h"
#include "lab/features.h"
#include "lab/training.h"

#include <math.h>

static int test_rows(const tren_lab *lab) {
    return tren_lab_int(lab, "test_rows");
}

/* In multiplications, about. */
static double cost_of(double n, double d, double test) {
    double m = fmin(n, d);
    return (n + test) * d * 784 + n * d * m + 12 * m * m * m;
}

/* Every number of rows with every number of features. */
static tren_status plan(tren_lab *lab) {
    const tren_lab_values *sizes = tren_lab_list(lab, "rows"), *d = tren_lab_list(lab, "features");
    for (int k = 0; k < sizes->n; k++)
        for (int s = 0; s < lab->options->seeds; s++)
            for (int i = 0; i < d->n; i++) {
                int n = (int)sizes->at[k], features = (int)d->at[i];
                uint64_t seed = lab->options->first_seed + (uint64_t)s;
                TREN_TRY(tren_lab_add(
                    lab, seed, cost_of(n, features, test_rows(lab)), (const double[4]){n, features},
                    "rows%d-features%05d-seed%llu", n, features, (unsigned long long)seed));
            }
    return TREN_OK;
}

static tren_status make_data(const tren_lab *lab, int n) {
    for (int s = 0; s < lab->options->seeds; s++) {
        char path[TREN_MAX_PATH];
        uint64_t seed = lab->options->first_seed + (uint64_t)s;
        lab_subset subset = {.train = (size_t)n,
                             .test = (size_t)test_rows(lab),
                             .pool = 1,
                             .label_noise = tren_lab_number(lab, "noise"),
                             .noise_kind = TREN_NOISE_ANY,
                             .seed = seed};
        lab_data_path(path, lab, "n%d-s%llu", n, (unsigned long long)seed);
        TREN_TRY(lab_make_subset(path, lab->options->data, &subset));
    }
    return TREN_OK;
}

static tren_status prepare(const tren_lab *lab) {
    const tren_lab_values *sizes = tren_lab_list(lab, "rows");
    for (int k = 0; k < sizes->n; k++) TREN_TRY(make_data(lab, (int)sizes->at[k]));
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

static double median(const tren_table *points, const char *column, double n, double d) {
    return tren_table_quantile(points, column, TREN_WHERE({"rows", n}, {"features", d}), 0.5);
}

/* ---- W3 -------------------------------------------------------------------------------------- */

static tren_status judge_w3(const tren_lab *lab, const tren_table *points, tren_table *curve,
                            tren_verdict *v) {
    const tren_lab_values *features = tren_lab_list(lab, "features");
    double n = tren_lab_number(lab, "rows");
    for (int i = 0; i < features->n; i++) {
        double d = features->at[i];
        TREN_TRY(tren_table_add(curve, (const double[]){d, median(points, "test_error", n, d),
                                                        median(points, "train_error", n, d),
                                                        median(points, "test_loss", n, d)}));
    }
    double loss = median(points, "test_loss", n, n) / median(points, "test_loss", n, 10 * n);
    double error = median(points, "test_error", n, n) / median(points, "test_error", n, 10 * n);
    tren_verdict_add(
        v, loss >= 10,
        "the squared test loss with as many features as rows is %.1f times that with ten times as "
        "many features (threshold: at least 10)",
        "la pérdida cuadrática de test con tantas características como muestras es %.1f veces la "
        "que hay con diez veces más características (umbral: al menos 10)",
        loss);
    tren_verdict_add(v, error >= 1.5,
                     "the test error with as many features as rows is %.2f times that with ten "
                     "times as many features (threshold: at least 1.5)",
                     "el error de test con tantas características como muestras es %.2f veces el "
                     "que hay con diez veces más características (umbral: al menos 1.5)",
                     error);
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
    .question =
        {"What does the peak look like when only the last layer learns, and its exact solution is "
         "computed?",
         "¿Cómo es el pico si solo aprende la última capa y se calcula su solución exacta?"},
    .setting = {"{rows} images of Fashion-MNIST; {noise%} of the labels were replaced at random. "
                "The inputs are D random Fourier features of the pixels, D = {features}; least "
                "squares with the smallest norm; {test_rows} test images. Medians over {seeds}.",
                "{rows} imágenes de Fashion-MNIST; el {noise%} de las etiquetas se ha reasignado "
                "al azar. Las entradas son D características de Fourier aleatorias de los píxeles, "
                "D = {features}; mínimos cuadrados de norma mínima; {test_rows} imágenes de test. "
                "Medianas sobre {seeds}."},
    .param = {{.name = "features",
               .what = {"random features D", "características aleatorias D"},
               .full = TREN_LAB_VALUES_OF(50, 100, 200, 400, 600, 800, 900, 950, 1000, 1050, 1100,
                                          1250, 1500, 2000, 4000, 10000),
               .quick = TREN_LAB_VALUES_OF(50, 200, 600, 900, 1000, 1100, 2000, 10000),
               .low = 1,
               .high = 50000,
               .whole = true,
               .list = true},
              {.name = "rows",
               .what = {"training images", "imágenes de entrenamiento"},
               .full = TREN_LAB_VALUES_OF(1000),
               .low = 10,
               .high = 10000,
               .whole = true},
              {.name = "noise",
               .what = {"share of labels replaced at random",
                        "proporción de etiquetas reasignadas al azar"},
               .full = TREN_LAB_VALUES_OF(0.2),
               .low = 0,
               .high = 1},
              {.name = "test_rows",
               .what = {"test images", "imágenes de test"},
               .full = TREN_LAB_VALUES_OF(10000),
               .quick = TREN_LAB_VALUES_OF(2000),
               .low = 100,
               .high = 50000,
               .whole = true}},
    .look_for = {"Where D equals the number of images, {rows}, there is one parameter per image "
                 "for each class, and the weights become very large. With ten times as many "
                 "features the fit is just as exact, but much smoother.",
                 "Donde D es igual al número de imágenes, {rows}, hay un parámetro por imagen para "
                 "cada clase y los pesos se hacen enormes. Con diez veces más características el "
                 "ajuste es igual de exacto, pero mucho más suave."},
    .wants_double = true,
    .wants_data = true,
    .max_ranks = LAB_SHARDS,
    .seeds = 5,
    .quick_seeds = 1,
    .seconds = 60,
    .quick_seconds = 10,
    .columns = "rows,features,seed,test_error,test_loss,train_error,train_loss",
    .plan = plan,
    .prepare = prepare,
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

static tren_status judge_s1(const tren_lab *lab, const tren_table *points, tren_table *curve,
                            tren_verdict *v) {
    const tren_lab_values *features = tren_lab_list(lab, "features"),
                          *rows = tren_lab_list(lab, "rows");
    double many = rows->at[rows->n - 1], most = NAN, at = 0, few[3] = {NAN, NAN, NAN};
    for (int i = 0; i < features->n; i++) {
        double d = features->at[i], a = median(points, "test_error", rows->at[0], d),
               b = median(points, "test_error", many, d);
        TREN_TRY(tren_table_add(curve, (const double[]){d, a, b}));
        bool near = d >= 0.8 * many && d <= 1.3 * many;
        if (near && !(b / a <= most)) {
            most = b / a;
            at = d;
        }
        if (d == 300) few[0] = b / a;
        if (d == 10000) few[1] = b / a;
        if (d == 30000) few[2] = b / a;
    }
    tren_verdict_add(v, most >= 1.1,
                     "where the larger set is just fitted, it has %.2f times the error of the "
                     "smaller one, at D = %.0f (threshold: at least 1.1)",
                     "donde el conjunto mayor se ajusta justo, tiene %.2f veces el error del "
                     "menor, con D = %.0f (umbral: al menos 1.1)",
                     most, at);
    tren_verdict_add(v, few[0] < 1,
                     "with few features the larger set is better: %.2f times the error at D = 300 "
                     "(threshold: below 1)",
                     "con pocas características el conjunto mayor es mejor: %.2f veces el error "
                     "con D = 300 (umbral: menos de 1)",
                     few[0]);
    tren_verdict_add(v, few[1] < 1,
                     "with many features the larger set is better, too: %.2f times the error at D "
                     "= 10,000 (threshold: below 1)",
                     "con muchas características el conjunto mayor también es mejor: %.2f veces el "
                     "error con D = 10\u202f000 (umbral: menos de 1)",
                     few[1]);
    if (!isnan(few[2]))
        tren_verdict_tell(v, "at D = 30,000 the larger set has %.2f times the error",
                          "con D = 30\u202f000 el conjunto mayor tiene %.2f veces el error",
                          few[2]);
    return TREN_OK;
}

const tren_experiment tren_lab_s1 = {
    .name = "S1",
    .figure = {"Fig. 9.11", "Fig. 9.11"},
    .title = {"Double descent over examples: random features",
              "Doble descenso según los ejemplos: características aleatorias"},
    .question = {"Can a larger training set give a worse classifier?",
                 "¿Puede un conjunto de entrenamiento mayor dar un clasificador peor?"},
    .setting =
        {"The random features of W3 with {rows} images. Share of labels replaced at "
         "random: {noise%} (the figure of the lecture has no such labels). D = {features}, "
         "{test_rows} test images. Medians over {seeds}.",
         "Las características aleatorias de W3 con {rows} imágenes. Proporción de "
         "etiquetas reasignadas al azar: {noise%} (la figura de la clase no tiene ninguna). D = "
         "{features}, {test_rows} imágenes de test. Medianas sobre {seeds}."},
    .param = {{.name = "features",
               .what = {"random features D", "características aleatorias D"},
               .full = TREN_LAB_VALUES_OF(50, 100, 200, 300, 400, 500, 600, 1000, 1500, 2000, 2250,
                                          2500, 3000, 5000, 10000, 30000),
               .quick = TREN_LAB_VALUES_OF(100, 300, 500, 1000, 2250, 10000),
               .low = 1,
               .high = 50000,
               .whole = true,
               .list = true},
              {.name = "rows",
               .what = {"training images", "imágenes de entrenamiento"},
               .full = TREN_LAB_VALUES_OF(500, 2250),
               .low = 10,
               .high = 10000,
               .whole = true,
               .list = true},
              {.name = "noise",
               .what = {"share of labels replaced at random",
                        "proporción de etiquetas reasignadas al azar"},
               .full = TREN_LAB_VALUES_OF(0),
               .low = 0,
               .high = 1},
              {.name = "test_rows",
               .what = {"test images", "imágenes de test"},
               .full = TREN_LAB_VALUES_OF(10000),
               .quick = TREN_LAB_VALUES_OF(2000),
               .low = 100,
               .high = 50000,
               .whole = true}},
    .look_for =
        {"Each curve has its peak where there are as many features as images. At the peak of the "
         "larger set, the smaller set is already far beyond its own peak: the curves cross.",
         "Cada curva tiene su pico donde hay tantas características como imágenes. En el pico del "
         "conjunto mayor, el conjunto menor ya está mucho más allá del suyo: las curvas se "
         "cruzan."},
    .wants_double = true,
    .wants_data = true,
    .max_ranks = LAB_SHARDS,
    .seeds = 3,
    .quick_seeds = 1,
    .seconds = 120,
    .quick_seconds = 25,
    .columns = "rows,features,seed,test_error,test_loss,train_error,train_loss",
    .plan = plan,
    .prepare = prepare,
    .point = point,
    .judge = judge_s1,
    .curve = "features,error_few,error_many",
    .panel = {{.title = {"Error on the test part", "Error en el conjunto de test"},
               .x = FEATURES_AXIS,
               .y = ERROR_AXIS,
               .log_x = true,
               .series = {{"features", "error_few",
                           .label = {"the smaller set", "el conjunto menor"}, .colour = 1},
                          {"features", "error_many",
                           .label = {"the larger set", "el conjunto mayor"}, .colour = 0}}}},
};
