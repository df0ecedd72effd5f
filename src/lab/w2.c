/* W2: double descent over the width of a network of one hidden layer, on a small part of
 * Fashion-MNIST with noisy labels. Settings and published numbers, of handwritten digits: the
 * repository Yufei-Gu-451/parameter-wise-double-descent. At a quarter of its pixels, as the peak
 * has a minimum before it only where networks that are too small to learn every label see the
 * classes apart. */
#include "lab/w2.h"
#include "lab/experiments.h"

#include <math.h>

enum { POOL = 2, PIXELS = 14 * 14, CLASSES = 10 };

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

double lab_w2_parameters(int width) {
    return (PIXELS + 1.0 + CLASSES) * width + CLASSES;
}

/* ---- the points ------------------------------------------------------------------------------ */

static double cost_of(const tren_lab *lab, int width) {
    double small = 2e4; /* what a row costs besides */
    return (6 * lab_w2_parameters(width) + small) * tren_lab_number(lab, "rows") *
           tren_lab_number(lab, "epochs");
}

static tren_status plan(tren_lab *lab) {
    const tren_lab_options *o = lab->options;
    const tren_lab_values *widths = tren_lab_list(lab, "widths");
    for (int s = 0; s < o->seeds; s++)
        for (int i = 0; i < widths->n; i++) {
            int h = (int)widths->at[i];
            uint64_t seed = o->first_seed + (uint64_t)s;
            TREN_TRY(tren_lab_add(lab, seed, cost_of(lab, h), (const double[4]){h},
                                  "width%03d-seed%llu", h, (unsigned long long)seed));
        }
    return TREN_OK;
}

static void data_path(char path[TREN_MAX_PATH], const tren_lab *lab, uint64_t seed) {
    lab_data_path(path, lab, "images-s%llu", (unsigned long long)seed);
}

static tren_status prepare(const tren_lab *lab) {
    for (int s = 0; s < lab->options->seeds; s++) {
        char path[TREN_MAX_PATH];
        lab_subset subset = {.train = (size_t)tren_lab_int(lab, "rows"),
                             .validation = (size_t)tren_lab_int(lab, "validation_rows"),
                             .test = (size_t)tren_lab_int(lab, "test_rows"),
                             .pool = POOL,
                             .label_noise = tren_lab_number(lab, "noise"),
                             .noise_kind = TREN_NOISE_ANY,
                             .seed = lab->options->first_seed + (uint64_t)s};
        data_path(path, lab, subset.seed);
        TREN_TRY(lab_make_subset(path, lab->options->data, &subset));
    }
    return TREN_OK;
}

/* The learning rate falls every 50 epochs of 63 steps. */
static const char recipe[] = "model: {name: mlp, activation: relu, init: gaussian, "
                             "init_variance: 0.01}\n"
                             "batch_size: 64\n"
                             "optimizer: {name: sgd, learning_rate: 0.05}\n"
                             "schedule: {name: sqrt, period: 3150}\n";

static tren_status configure(tren_config *config, const tren_lab *lab, const tren_lab_point *p) {
    TREN_TRY(lab_config(config, lab, recipe));
    data_path(config->data, lab, p->seed);
    config->seed = p->seed;
    config->epochs = tren_lab_int(lab, "epochs");
    config->optimizer.learning_rate = tren_lab_number(lab, "rate");
    config->model.hidden = (tren_int_list){.n = 1, .at = {(int)p->at[0]}};
    return TREN_OK;
}

typedef struct last_weights {
    const char *data;
    tren_scores test;
    tren_status status;
} last_weights;

static void score_last(void *ctx, const tren_graph *graph, const real *value) {
    last_weights *last = ctx;
    last->status = lab_score(&last->test, last->data, TREN_TEST, graph, value);
}

/* Validation only watches: it chooses the weights that are tested beside the last ones. */
static tren_status point(const tren_lab *lab, tren_comm *group, const tren_lab_point *p,
                         tren_table *rows) {
    tren_config config;
    lab_outcome out;
    TREN_TRY(configure(&config, lab, p));
    last_weights last = {.data = config.data, .test = {.loss = NAN, .accuracy = NAN}};
    lab_watch watch = {.finished = score_last, .ctx = &last};
    TREN_TRY(lab_train(&out, lab, group, &config, &watch));
    TREN_TRY(tren_comm_agree(group, last.status));
    int h = (int)p->at[0];
    return tren_table_add(rows, (const double[]){h, lab_w2_parameters(h), (double)p->seed,
                                                 1 - last.test.accuracy, last.test.loss,
                                                 out.train_error, out.train_loss, out.best_epoch,
                                                 out.test_error, out.test_loss});
}

/* ---- the curve ------------------------------------------------------------------------------- */

/* The digits at 28 x 28 pixels after 4000 epochs: percent of errors and cross-entropy. */
typedef struct published {
    int width;
    double test_error, test_loss;
} published;
static const published digits[] = {
    {2, 44.9, 1.33},  {4, 31.6, 1.07},  {6, 33.5, 1.29},   {8, 35.6, 1.67},  {10, 36.3, 2.28},
    {12, 35.3, 2.22}, {14, 35.2, 2.39}, {16, 34.2, 2.43},  {20, 32.2, 2.17}, {25, 30.5, 1.94},
    {30, 28.7, 1.68}, {40, 25.9, 1.45}, {50, 24.8, 1.28},  {70, 22.6, 1.09}, {150, 19.0, 0.79},
    {200, 17.5, 0.7}, {400, 16.5, .63}, {1000, 14.2, 0.52}};

/* Rows of their own: they have other widths, and are compared by their number of parameters. */
static tren_status draw_digits(tren_table *curve) {
    for (int i = 0; i < COUNT(digits); i++) {
        double parameters = (28 * 28 + 1.0 + CLASSES) * digits[i].width + CLASSES;
        double row[] = {
            NAN, parameters, NAN, NAN, NAN, NAN, digits[i].test_error / 100, digits[i].test_loss};
        TREN_TRY(tren_table_add(curve, row));
    }
    return TREN_OK;
}

static tren_status draw(const tren_lab *lab, const tren_table *points, tren_table *curve) {
    const tren_lab_values *widths = tren_lab_list(lab, "widths");
    for (int i = 0; i < widths->n; i++) {
        double h = widths->at[i];
        const tren_where *here = TREN_WHERE({"width", h});
        double row[] = {h,
                        lab_w2_parameters((int)h),
                        tren_table_mean(points, "test_error", here),
                        tren_table_sd(points, "test_error", here),
                        tren_table_mean(points, "train_error", here),
                        tren_table_mean(points, "test_loss", here),
                        NAN,
                        NAN};
        TREN_TRY(tren_table_add(curve, row));
    }
    return lab->setting.form == TREN_LAB_JUDGED ? draw_digits(curve) : TREN_OK;
}

/* ---- the verdict ----------------------------------------------------------------------------- */

enum { PEAK_FROM = 12, PEAK_TO = 150, WIDEST = 1 << 20 };

lab_w2_shape lab_w2_find(const tren_table *curve, const char *column) {
    lab_w2_shape s = {.peak = lab_find_peak(curve, "width", column, PEAK_FROM, PEAK_TO)};
    double widest = lab_find_peak(curve, "width", "width", 0, WIDEST).x;
    s.left = lab_find_least(curve, "width", column, 0, s.peak.x);
    s.right = lab_find_peak(curve, "width", column, widest, widest);
    return s;
}

static void judge_error(const tren_table *curve, tren_verdict *v, double of_right, double of_left) {
    lab_w2_shape s = lab_w2_find(curve, "test_error");
    tren_verdict_add(
        v, s.peak.y >= of_right * s.right.y,
        "the test error has a peak: %.3f at width %.0f, %.2f times that of the widest "
        "network, %.3f (threshold: at least %.2f)",
        "el error de test tiene un pico: %.3f con la anchura %.0f, %.2f veces el de la "
        "red más ancha, %.3f (umbral: al menos %.2f)",
        s.peak.y, s.peak.x, s.peak.y / s.right.y, s.right.y, of_right);
    tren_verdict_add(v, s.peak.y >= of_left * s.left.y,
                     "the peak is %.2f times the smallest error before it, %.3f at width %.0f "
                     "(threshold: at least %.2f)",
                     "el pico es %.2f veces el menor error anterior, %.3f con la anchura %.0f "
                     "(umbral: al menos %.2f)",
                     s.peak.y / s.left.y, s.left.y, s.left.x, of_left);
}

static void judge_loss(const tren_table *curve, tren_verdict *v, double asked) {
    lab_w2_shape s = lab_w2_find(curve, "test_loss");
    tren_verdict_add(
        v, s.peak.y >= asked * s.right.y,
        "the test cross-entropy has a peak: %.2f at width %.0f, %.2f times that of "
        "the widest network (threshold: at least %.2f)",
        "la entropía cruzada de test tiene un pico: %.2f con la anchura %.0f, %.2f veces "
        "la de la red más ancha (umbral: al menos %.2f)",
        s.peak.y, s.peak.x, s.peak.y / s.right.y, asked);
}

/* The least width that has learned all but 1 % of the training labels, the wrong ones too. */
static void tell_threshold(const tren_table *curve, tren_verdict *v) {
    double from = NAN;
    for (int i = curve->n_rows - 1; i >= 0; i--)
        if (tren_table_get(curve, i, "train_error") < 0.01)
            from = tren_table_get(curve, i, "width");
    tren_verdict_tell(v, "the training error is below 1 %% from width %.0f on",
                      "el error de entrenamiento es inferior al 1 %% desde la anchura %.0f", from);
}

static tren_status judge(const tren_lab *lab, const tren_table *points, tren_table *curve,
                         tren_verdict *v) {
    TREN_TRY(draw(lab, points, curve));
    judge_error(curve, v, 1.5, 1.08);
    judge_loss(curve, v, 2);
    tell_threshold(curve, v);
    if (lab->setting.form == TREN_LAB_JUDGED)
        tren_verdict_tell(
            v,
            "published for digits of 28 x 28 pixels: error 0.316 before the peak, "
            "0.363 at the peak and 0.175 at width 200; the cross-entropy at the peak "
            "is 3.5 times that at width 200",
            "publicado para dígitos de 28 x 28 píxeles: error de 0.316 antes del "
            "pico, 0.363 en el pico y 0.175 con la anchura 200; la entropía cruzada en "
            "el pico es 3.5 veces la de anchura 200");
    return TREN_OK;
}

#define PARAMETERS_AXIS                                                                            \
    { "parameters, 207 H + 10", "parámetros, 207 H + 10" }

const tren_experiment tren_lab_w2 = {
    .name = "W2",
    .figure = {"Fig. 9.9", "Fig. 9.9"},
    .title = {"Double descent over model size: Fashion-MNIST",
              "Doble descenso según el tamaño del modelo: Fashion-MNIST"},
    .question =
        {"Does the peak also appear with images? And which networks are better: those much "
         "smaller, or those much larger than the network that can just learn every label?",
         "¿Aparece también el pico con imágenes? ¿Y qué redes son mejores: las mucho menores o las "
         "mucho mayores que la que puede aprender justo todas las etiquetas?"},
    .setting =
        {"{rows} images of Fashion-MNIST, reduced to 14 x 14 pixels by averaging; {noise%} of the "
         "labels were replaced by labels drawn at random from all classes. {test_rows} other "
         "images with true labels for the test. Networks 196-H-10 with ReLU and H = {widths}; "
         "cross-entropy, SGD in batches of 64, learning rate {rate}/sqrt(1 + floor(epoch/50)), "
         "{epochs} epochs, no regularization. Means over {seeds}.",
         "{rows} imágenes de Fashion-MNIST, reducidas a 14 x 14 píxeles por promedio; el {noise%} "
         "de las etiquetas se ha sustituido por otras sorteadas entre todas las clases. Otras "
         "{test_rows} imágenes, con sus etiquetas verdaderas, sirven de test. Redes 196-H-10 con "
         "ReLU y H = {widths}; entropía cruzada, SGD con lotes de 64, tasa de aprendizaje "
         "{rate}/raíz(1 + parte entera(época/50)), {epochs} épocas, sin regularización. Medias "
         "sobre {seeds}."},
    .param = {{.name = "widths",
               .what = {"widths H of the hidden layer", "anchuras H de la capa oculta"},
               .full = TREN_LAB_VALUES_OF(2, 4, 8, 16, 24, 32, 48, 64, 100, 200, 400, 800),
               .quick = TREN_LAB_VALUES_OF(2, 8, 24, 48, 100, 300),
               .low = 1,
               .high = 5000,
               .whole = true,
               .list = true},
              {.name = "epochs",
               .what = {"epochs of each training", "épocas de cada entrenamiento"},
               .full = TREN_LAB_VALUES_OF(4000),
               .quick = TREN_LAB_VALUES_OF(1000),
               .low = 1,
               .high = 1e6,
               .whole = true},
              {.name = "rows",
               .what = {"training images", "imágenes de entrenamiento"},
               .full = TREN_LAB_VALUES_OF(4000),
               .low = 10,
               .high = 50000,
               .whole = true},
              {.name = "validation_rows",
               .what = {"validation images", "imágenes de validación"},
               .full = TREN_LAB_VALUES_OF(2000),
               .low = 100,
               .high = 20000,
               .whole = true},
              {.name = "test_rows",
               .what = {"test images", "imágenes de test"},
               .full = TREN_LAB_VALUES_OF(10000),
               .low = 100,
               .high = 50000,
               .whole = true},
              {.name = "noise",
               .what = {"share of labels replaced at random",
                        "proporción de etiquetas reasignadas al azar"},
               .full = TREN_LAB_VALUES_OF(0.2),
               .low = 0,
               .high = 1},
              {.name = "rate",
               .what = {"initial learning rate", "tasa de aprendizaje inicial"},
               .full = TREN_LAB_VALUES_OF(0.05),
               .low = 1e-06,
               .high = 10}},
    .look_for =
        {"Small networks cannot memorize the wrong labels, and for this reason they do well. Where "
         "the training error reaches zero, the test error and the test cross-entropy are largest. "
         "The widest networks, with many more parameters than images, are the best of all.",
         "Las redes pequeñas no pueden memorizar las etiquetas erróneas, y por eso funcionan bien. "
         "Donde el error de entrenamiento llega a cero, el error y la entropía cruzada de test son "
         "máximos. Las redes más anchas, con muchos más parámetros que imágenes, son las mejores "
         "de todas."},
    .wants_data = true,
    .max_ranks = 1,
    .seconds = 300,
    .quick_seconds = 10,
    .columns = LAB_W2_COLUMNS,
    .plan = plan,
    .prepare = prepare,
    .point = point,
    .judge = judge,
    .curve = "width,parameters,test_error,test_error_sd,train_error,test_loss,"
             "published_test_error,published_test_loss",
    .panel =
        {{.title = {"Error", "Error"},
          .x = PARAMETERS_AXIS,
          .y = {"share of wrong answers", "proporción de respuestas erróneas"},
          .log_x = true,
          .series = {{.x = "parameters", .y = "test_error", .label = {"test", "test"}, .colour = 0},
                     {.x = "parameters",
                      .y = "train_error",
                      .label = {"training", "entrenamiento"},
                      .colour = 1},
                     {.x = "parameters",
                      .y = "published_test_error",
                      .label = {"test, digits, published", "test, dígitos, publicado"},
                      .mark = TREN_MARK_DASHED,
                      .colour = 5},
                     {.x = "parameters",
                      .y = "test_error",
                      .mark = TREN_MARK_POINTS,
                      .colour = 0,
                      .from_points = true}}},
         {.title = {"Cross-entropy on the test part", "Entropía cruzada en el conjunto de test"},
          .x = PARAMETERS_AXIS,
          .y = {"nats", "nats"},
          .log_x = true,
          .series = {{.x = "parameters", .y = "test_loss", .label = {"test", "test"}, .colour = 0},
                     {.x = "parameters",
                      .y = "published_test_loss",
                      .label = {"digits, published", "dígitos, publicado"},
                      .mark = TREN_MARK_DASHED,
                      .colour = 5},
                     {.x = "parameters",
                      .y = "test_loss",
                      .mark = TREN_MARK_POINTS,
                      .colour = 0,
                      .from_points = true}}}},
};
