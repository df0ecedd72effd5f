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

static double accuracy(const tren_table *points, double rows, int which) {
    return tren_table_mean(points, "accuracy", TREN_WHERE({"rows", rows}, {"kind", which}));
}

static void judge_size(const tren_table *points, tren_verdict *v, double rows) {
    double gain[N_KINDS];
    for (int k = 0; k < N_KINDS; k++)
        gain[k] = 100 * (accuracy(points, rows, k) - accuracy(points, rows, NONE));
    tren_verdict_tell(
        v,
        "with %.0f images, %.1f %% without: rotation %+.1f points, translation %+.1f, reflection "
        "%+.1f, zoom %+.1f, noise %+.1f, all %+.1f",
        "con %.0f imágenes, %.1f %% sin aumento: rotación %+.1f puntos, traslación %+.1f, "
        "reflexión "
        "%+.1f, zoom %+.1f, ruido %+.1f, todos %+.1f",
        rows, 100 * accuracy(points, rows, NONE), gain[1], gain[2], gain[3], gain[4], gain[5],
        gain[6]);
}

/* The most that one kind alone gains in a row of the curve. */
static double best_alone(const tren_table *curve, int row) {
    double best = -INFINITY;
    for (int k = ROTATION; k < ALL; k++) best = fmax(best, tren_table_get(curve, row, kind[k]));
    return best;
}

static void judge_gains(const tren_table *curve, tren_verdict *v) {
    double few = best_alone(curve, 0), many = best_alone(curve, curve->n_rows - 1),
           all = tren_table_get(curve, 0, "all");
    tren_verdict_add(v, few >= 1,
                     "with the fewest images the best kind alone gains %+.1f points (asked: 1.0)",
                     "con menos imágenes, el mejor tipo por sí solo gana %+.1f puntos (se pide: "
                     "1.0)",
                     few);
    tren_verdict_add(v, all < few,
                     "all five together gain less there, in the same number of steps: %+.1f",
                     "los cinco juntos ganan allí menos, con el mismo número de pasos: %+.1f", all);
    tren_verdict_add(v, few > many,
                     "the more images, the less is gained: the best kind alone gains %+.1f points "
                     "with the most",
                     "cuantas más imágenes, menos se gana: el mejor tipo por sí solo gana %+.1f "
                     "puntos con más imágenes",
                     many);
}

static tren_status judge(const tren_lab *lab, const tren_table *points, tren_table *curve,
                         tren_verdict *v) {
    const tren_lab_values *rows = tren_lab_list(lab, "rows");
    for (int i = 0; i < rows->n; i++) {
        double row[1 + N_KINDS] = {rows->at[i]};
        for (int k = 0; k < N_KINDS; k++)
            row[1 + k] =
                100 * (accuracy(points, rows->at[i], k) - accuracy(points, rows->at[i], NONE));
        TREN_TRY(tren_table_add(curve, row));
        judge_size(points, v, rows->at[i]);
    }
    judge_gains(curve, v);
    return TREN_OK;
}

const tren_experiment tren_lab_a1 = {
    .name = "A1",
    .figure = {"Data augmentation", "Aumento de datos"},
    .title = {"Augmentation: what each kind buys", "Aumento de datos: qué aporta cada tipo"},
    .question = {"Which of rotation, translation, reflection, zoom and noise make a small set of "
                 "images worth more, and is all of them together the best?",
                 "¿Cuáles de rotación, traslación, reflexión, zoom y ruido hacen que un conjunto "
                 "pequeño de imágenes valga más, y es lo mejor usarlos todos a la vez?"},
    .setting =
        {"{rows} images of Fashion-MNIST, averaged to 14 x 14, {test_rows} others to test; a "
         "network "
         "of two stages of convolution, with 16 and 32 channels, and 64 hidden units; SGD with "
         "learning rate {rate}, momentum 0.9 and a cosine, {steps} steps of 64 images for each "
         "number of images. Augmentation, drawn anew for each image and epoch: rotation by at most "
         "{rotation} degrees, translation by at most {translation} pixels, reflection of left and "
         "right, zoom by at most a share of {zoom}, noise of {noise} of the range of a pixel; "
         "means "
         "over {seeds} seeds.",
         "{rows} imágenes de Fashion-MNIST, promediadas a 14 x 14, y otras {test_rows} de test; "
         "una "
         "red con dos etapas de convolución, de 16 y 32 canales, y 64 unidades ocultas; SGD con "
         "tasa "
         "de aprendizaje {rate}, momento 0.9 y coseno, {steps} pasos de 64 imágenes con cada "
         "número "
         "de imágenes. Aumento, sorteado de nuevo para cada imagen y época: rotación de {rotation} "
         "grados a lo sumo, traslación de {translation} píxeles a lo sumo, reflexión entre "
         "izquierda "
         "y derecha, zoom de una proporción {zoom} a lo sumo, ruido de {noise} del rango de un "
         "píxel; medias sobre {seeds} semillas."},
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
               .what = {"degrees of rotation, at most", "grados de rotación, a lo sumo"},
               .full = TREN_LAB_VALUES_OF(10),
               .low = 0,
               .high = 180},
              {.name = "translation",
               .what = {"pixels of translation, at most", "píxeles de traslación, a lo sumo"},
               .full = TREN_LAB_VALUES_OF(1),
               .low = 0,
               .high = 14},
              {.name = "zoom",
               .what = {"zoom, at most", "zoom, a lo sumo"},
               .full = TREN_LAB_VALUES_OF(0.1),
               .low = 0,
               .high = 0.9},
              {.name = "noise",
               .what = {"noise as a share of the range of a pixel",
                        "ruido como proporción del rango de un píxel"},
               .full = TREN_LAB_VALUES_OF(0.1),
               .low = 0,
               .high = 10},
              {.name = "rate",
               .what = {"first learning rate", "primera tasa de aprendizaje"},
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
        {"With few images each kind alone buys something, as it makes images that could have "
         "been taken: a shirt in a mirror is a shirt. With more images it buys less. All "
         "five together make a harder task, which takes more steps than are given here.",
         "Con pocas imágenes cada tipo por sí solo aporta algo, porque produce imágenes que "
         "podrían haberse tomado: una camisa en un espejo es una camisa. Con más imágenes "
         "aporta menos. Los cinco juntos dan una tarea más difícil, que requiere más pasos "
         "de los que aquí se dan."},
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
    .curve = "rows,none,rotation,translation,reflection,zoom,noise,all",
    .panel = {{.title = {"What each kind gains", "Lo que gana cada tipo"},
               .x = {"training images", "imágenes de entrenamiento"},
               .y = {"points of test accuracy", "puntos de exactitud de test"},
               .log_x = true,
               .series = {{"rows", "rotation", .label = {"rotation", "rotación"}, .colour = 0},
                          {"rows", "translation", .label = {"translation", "traslación"},
                           .colour = 1},
                          {"rows", "reflection", .label = {"reflection", "reflexión"}, .colour = 2},
                          {"rows", "zoom", .label = {"zoom", "zoom"}, .colour = 3},
                          {"rows", "noise", .label = {"noise", "ruido"}, .colour = 4},
                          {"rows", "all", .label = {"all five", "los cinco"}, .colour = 5}}}},
};
