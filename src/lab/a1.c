/* A1: the five kinds of data augmentation of the lecture, each alone and all together, on few and
 * on many images. */
#include "lab/experiments.h"
#include "lab/training.h"

#include <math.h>

enum { NONE, ROTATION, TRANSLATION, REFLECTION, ZOOM, NOISE, ALL, N_KINDS };
static const char *const kind[N_KINDS] = {"none", "rotation", "translation", "reflection",
                                          "zoom", "noise",    "all"};

static const char recipe[] = "model: {name: cnn, channels: [16, 32], kernel: 3, hidden: [64]}\n"
                             "batch_size: 64\n"
                             "optimizer: {name: sgd, momentum: 0.9}\n"
                             "schedule: {name: cosine}\n";

static tren_status plan(tren_lab *lab) {
    const tren_lab_values *rows = tren_lab_list(lab, "rows");
    for (int s = 0; s < lab->options->seeds; s++)
        for (int i = 0; i < rows->n; i++)
            for (int k = 0; k < N_KINDS; k++) {
                uint64_t seed = lab->options->first_seed + (uint64_t)s;
                TREN_TRY(tren_lab_add(lab, seed, k == NONE ? 1 : 2,
                                      (const double[4]){rows->at[i], k}, "rows%.0f-%s-seed%llu",
                                      rows->at[i], kind[k], (unsigned long long)seed));
            }
    return TREN_OK;
}

static tren_status prepare(const tren_lab *lab) {
    const tren_lab_values *rows = tren_lab_list(lab, "rows");
    for (int s = 0; s < lab->options->seeds; s++)
        for (int i = 0; i < rows->n; i++) {
            char path[TREN_MAX_PATH];
            lab_subset subset = {.train = (size_t)rows->at[i],
                                 .test = (size_t)tren_lab_int(lab, "test_rows"),
                                 .pool = 2,
                                 .seed = lab->options->first_seed + (uint64_t)s};
            lab_data_path(path, lab, "n%.0f-s%llu", rows->at[i], (unsigned long long)subset.seed);
            TREN_TRY(lab_make_subset(path, lab->options->data, &subset));
        }
    return TREN_OK;
}

/* At 14 x 14 pixels. */
static void augment(tren_config *config, const tren_lab *lab, int which) {
    bool all = which == ALL;
    double zoom = tren_lab_number(lab, "zoom");
    if (all || which == ROTATION) config->augment.rotation = tren_lab_number(lab, "rotation");
    if (all || which == TRANSLATION)
        config->augment.translation = tren_lab_number(lab, "translation");
    if (all || which == REFLECTION) config->augment.flip_horizontal = true;
    if (all || which == ZOOM)
        config->augment.zoom = (tren_real_list){.n = 2, .at = {1 - zoom, 1 + zoom}};
    if (all || which == NOISE) config->augment.noise = tren_lab_number(lab, "noise");
}

static tren_status point(const tren_lab *lab, tren_comm *group, const tren_lab_point *p,
                         tren_table *rows) {
    tren_config config;
    lab_outcome out;
    int which = (int)p->at[1], steps = tren_lab_int(lab, "steps");
    TREN_TRY(lab_config(&config, lab, recipe));
    lab_data_path(config.data, lab, "n%.0f-s%llu", p->at[0], (unsigned long long)p->seed);
    config.seed = p->seed;
    config.optimizer.learning_rate = tren_lab_number(lab, "rate");
    config.epochs = (int)fmax(1, round(steps * 64 / p->at[0]));
    augment(&config, lab, which);
    TREN_TRY(lab_train(&out, lab, group, &config, NULL));
    return tren_table_add(rows,
                          (const double[]){p->at[0], which, (double)p->seed, 1 - out.test_error,
                                           out.test_loss, out.train_error});
}

static double mean(const tren_table *points, const char *column, double rows, int which) {
    return tren_table_mean(points, column, TREN_WHERE({"rows", rows}, {"kind", which}));
}

/* In points of accuracy. */
static double gain(const tren_table *points, double rows, int which) {
    return 100 * (mean(points, "accuracy", rows, which) - mean(points, "accuracy", rows, NONE));
}

static void tell_size(const tren_table *points, tren_verdict *v, double rows) {
    double by[N_KINDS];
    for (int k = 0; k < N_KINDS; k++) by[k] = gain(points, rows, k);
    tren_verdict_tell(v,
                      "with %.0f images the accuracy is %.1f %% without augmentation; change with "
                      "each kind, in points: rotation %+.1f, translation %+.1f, reflection %+.1f, "
                      "zoom %+.1f, noise %+.1f, all five %+.1f",
                      "con %.0f imágenes la exactitud es del %.1f %% sin aumento; cambio con cada "
                      "tipo, en puntos: rotación %+.1f, traslación %+.1f, reflexión %+.1f, zoom "
                      "%+.1f, ruido %+.1f, los cinco juntos %+.1f",
                      rows, 100 * mean(points, "accuracy", rows, NONE), by[1], by[2], by[3], by[4],
                      by[5], by[6]);
}

static void judge_gains(const tren_table *points, tren_verdict *v, double few, double many) {
    double none = mean(points, "test_loss", few, NONE), all = mean(points, "test_loss", few, ALL),
           best = -INFINITY;
    for (int k = ROTATION; k < ALL; k++) best = fmax(best, gain(points, few, k));
    tren_verdict_add(v, all <= 0.8 * none,
                     "with %.0f images, all five kinds together reduce the test cross-entropy from "
                     "%.3f to %.3f, %.2f times (threshold: at most 0.80)",
                     "con %.0f imágenes, los cinco tipos juntos reducen la entropía cruzada de "
                     "test de %.3f a %.3f, %.2f veces (umbral: 0.80 como máximo)",
                     few, none, all, all / none);
    tren_verdict_add(v, gain(points, few, ALL) < best,
                     "with %.0f images, the accuracy changes by %+.1f points with the best single "
                     "kind, and by %+.1f with all five together (threshold: less)",
                     "con %.0f imágenes, la exactitud cambia %+.1f puntos con el mejor tipo por sí "
                     "solo, y %+.1f con los cinco juntos (umbral: menos)",
                     few, best, gain(points, few, ALL));
    tren_verdict_add(
        v, gain(points, many, ALL) <= gain(points, few, ALL) - 2,
        "in the same number of steps, all five together cost more accuracy with %.0f images, %+.1f "
        "points (threshold: 2 points more than with %.0f)",
        "con el mismo número de pasos, los cinco juntos cuestan más exactitud con %.0f imágenes, "
        "%+.1f puntos (umbral: 2 puntos más que con %.0f)",
        many, gain(points, many, ALL), few);
}

static tren_status judge(const tren_lab *lab, const tren_table *points, tren_table *curve,
                         tren_verdict *v) {
    const tren_lab_values *rows = tren_lab_list(lab, "rows");
    for (int i = 0; i < rows->n; i++) {
        double row[1 + 2 * N_KINDS] = {rows->at[i]};
        for (int k = 0; k < N_KINDS; k++) {
            row[1 + k] = gain(points, rows->at[i], k);
            row[1 + N_KINDS + k] = mean(points, "test_loss", rows->at[i], k);
        }
        TREN_TRY(tren_table_add(curve, row));
        tell_size(points, v, rows->at[i]);
    }
    judge_gains(points, v, rows->at[0], rows->at[rows->n - 1]);
    return TREN_OK;
}

const tren_experiment tren_lab_a1 = {
    .name = "A1",
    .figure = {"Data augmentation", "Aumento de datos"},
    .title = {"Augmentation: what each kind gains", "Aumento de datos: qué aporta cada tipo"},
    .question = {"Rotation, translation, reflection, zoom and noise: which of them help when there "
                 "are few images, and is it best to use all of them together?",
                 "Rotación, traslación, reflexión, zoom y ruido: ¿cuáles ayudan cuando hay pocas "
                 "imágenes? ¿Es mejor usarlos todos a la vez?"},
    .setting =
        {"Training sets of {rows} images of Fashion-MNIST, reduced to 14 x 14 pixels by "
         "averaging; {test_rows} other images for the test. The network has two convolution "
         "stages, with 16 and 32 channels, and a layer of 64 hidden units. SGD with "
         "learning rate {rate}, momentum 0.9 and a cosine schedule; {steps} steps of 64 "
         "images, for every number of images. The augmentation is drawn at random for each "
         "image in each epoch: rotation (at most {rotation} degrees), translation (in "
         "pixels, at most {translation}), left-right reflection, zoom by at most {zoom%}, "
         "noise of {noise%} of the range of pixel values. Means over {seeds}.",
         "Conjuntos de entrenamiento de {rows} imágenes de Fashion-MNIST, reducidas a 14 x "
         "14 píxeles por promedio; otras {test_rows} imágenes para el test. La red tiene "
         "dos etapas de convolución, de 16 y 32 canales, y una capa de 64 unidades ocultas. "
         "SGD con tasa de aprendizaje {rate}, momento 0.9 y decaimiento coseno; {steps} "
         "pasos de 64 imágenes, sea cual sea el número de imágenes. Para cada imagen y cada "
         "época se sortea el aumento: rotación (como máximo, {rotation} grados), traslación "
         "(en píxeles, como máximo {translation}), reflexión horizontal, zoom del {zoom%} como "
         "máximo y ruido del {noise%} del rango de los píxeles. Medias sobre {seeds}."},
    .param = {{.name = "rows",
               .what = {"training images", "imágenes de entrenamiento"},
               .full = TREN_LAB_VALUES_OF(500, 2000, 10000),
               .quick = TREN_LAB_VALUES_OF(500, 2000),
               .low = 10,
               .high = 40000,
               .whole = true,
               .list = true},
              {.name = "steps",
               .what = {"steps of each training", "pasos de cada entrenamiento"},
               .full = TREN_LAB_VALUES_OF(2000),
               .quick = TREN_LAB_VALUES_OF(300),
               .low = 1,
               .high = 1000000,
               .whole = true},
              {.name = "rotation",
               .what = {"largest rotation, in degrees", "rotación máxima, en grados"},
               .full = TREN_LAB_VALUES_OF(10),
               .low = 0,
               .high = 180},
              {.name = "translation",
               .what = {"largest translation, in pixels", "traslación máxima, en píxeles"},
               .full = TREN_LAB_VALUES_OF(1),
               .low = 0,
               .high = 14},
              {.name = "zoom",
               .what = {"largest zoom, as a fraction", "zoom máximo, como fracción"},
               .full = TREN_LAB_VALUES_OF(0.1),
               .low = 0,
               .high = 0.9},
              {.name = "noise",
               .what = {"noise, as a fraction of the range of pixel values",
                        "ruido, como fracción del rango de los píxeles"},
               .full = TREN_LAB_VALUES_OF(0.1),
               .low = 0,
               .high = 10},
              {.name = "rate",
               .what = {"initial learning rate", "tasa de aprendizaje inicial"},
               .full = TREN_LAB_VALUES_OF(0.05),
               .low = 1e-06,
               .high = 10},
              {.name = "test_rows",
               .what = {"test images", "imágenes de test"},
               .full = TREN_LAB_VALUES_OF(10000),
               .quick = TREN_LAB_VALUES_OF(2000),
               .low = 100,
               .high = 50000,
               .whole = true}},
    .look_for =
        {"With few images the network is certain of wrong answers. Images that are always new make "
         "it less certain, and the test cross-entropy falls. The accuracy hardly changes: the test "
         "images are upright, centred and sharp, and tell nothing about the changes that the "
         "network has learned to ignore. All five kinds together make the task harder, and the "
         "more images there are, the more steps the network would need.",
         "Con pocas imágenes la red está segura de respuestas erróneas. Con imágenes siempre "
         "nuevas está menos segura, y la entropía cruzada de test baja. La exactitud apenas "
         "cambia: las imágenes de test están derechas, centradas y nítidas, y no muestran los "
         "cambios que la red ha aprendido a ignorar. Los cinco tipos juntos hacen la tarea más "
         "difícil, y cuantas más imágenes hay, más pasos necesitaría la red."},
    .wants_data = true,
    .max_ranks = 1,
    .seeds = 5,
    .quick_seeds = 1,
    .seconds = 600,
    .quick_seconds = 20,
    .columns = "rows,kind,seed,accuracy,test_loss,train_error",
    .plan = plan,
    .prepare = prepare,
    .point = point,
    .judge = judge,
    .curve = "rows,none,rotation,translation,reflection,zoom,noise,all,loss_none,loss_rotation,"
             "loss_translation,loss_reflection,loss_zoom,loss_noise,loss_all",
    .panel =
        {{.title = {"Gain of each kind", "Ganancia de cada tipo"},
          .x = {"training images", "imágenes de entrenamiento"},
          .y = {"points of test accuracy", "puntos de exactitud de test"},
          .log_x = true,
          .series = {{"rows", "rotation", .label = {"rotation", "rotación"}, .colour = 0},
                     {"rows", "translation", .label = {"translation", "traslación"}, .colour = 1},
                     {"rows", "reflection", .label = {"reflection", "reflexión"}, .colour = 2},
                     {"rows", "zoom", .label = {"zoom", "zoom"}, .colour = 3},
                     {"rows", "noise", .label = {"noise", "ruido"}, .colour = 4},
                     {"rows", "all", .label = {"all five", "los cinco"}, .colour = 5}}},
         {.title = {"Test cross-entropy", "Entropía cruzada de test"},
          .x = {"training images", "imágenes de entrenamiento"},
          .y = {"nats per test image", "nats por imagen de test"},
          .log_x = true,
          .series = {{"rows", "loss_rotation", .label = {"rotation", "rotación"}, .colour = 0},
                     {"rows", "loss_translation", .label = {"translation", "traslación"},
                      .colour = 1},
                     {"rows", "loss_reflection", .label = {"reflection", "reflexión"}, .colour = 2},
                     {"rows", "loss_zoom", .label = {"zoom", "zoom"}, .colour = 3},
                     {"rows", "loss_noise", .label = {"noise", "ruido"}, .colour = 4},
                     {"rows", "loss_all", .label = {"all five", "los cinco"}, .colour = 5},
                     {"rows", "loss_none", .label = {"none", "ninguno"}, .colour = 6}}}},
};
