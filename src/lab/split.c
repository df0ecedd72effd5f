/* split: 70/15/15 against 96/2/2 on the same data: what a larger training part brings, and what a
 * smaller test part can tell. */
#include "lab/experiments.h"
#include "lab/training.h"

#include <math.h>

static const char recipe[] = "model: {name: mlp, hidden: [128], activation: relu}\n"
                             "batch_size: 128\n"
                             "optimizer: {name: sgd, learning_rate: 0.05, momentum: 0.9}\n"
                             "schedule: {name: cosine}\n";

enum { N_SPLITS = 2, ALL_ROWS = 70000 };

static const struct {
    const char *name;
    double train, held; /* shares: of training, and of validation and test each */
} split_of[N_SPLITS] = {{"70-15-15", 0.70, 0.15}, {"96-2-2", 0.96, 0.02}};

static size_t rows_of(const tren_lab *lab) {
    return (size_t)tren_lab_int(lab, "rows");
}

static size_t held_of(const tren_lab *lab, int split) {
    return (size_t)lround(split_of[split].held * (double)rows_of(lab));
}

static tren_status plan(tren_lab *lab) {
    for (int s = 0; s < lab->options->seeds; s++)
        for (int i = 0; i < N_SPLITS; i++) {
            uint64_t seed = lab->options->first_seed + (uint64_t)s;
            TREN_TRY(tren_lab_add(lab, seed, split_of[i].train, (const double[4]){i}, "%s-seed%llu",
                                  split_of[i].name, (unsigned long long)seed));
        }
    return TREN_OK;
}

static void data_path(char path[TREN_MAX_PATH], const tren_lab *lab, int split, uint64_t seed) {
    lab_data_path(path, lab, "%s-s%llu", split_of[split].name, (unsigned long long)seed);
}

static tren_status prepare(const tren_lab *lab) {
    for (int s = 0; s < lab->options->seeds; s++)
        for (int i = 0; i < N_SPLITS; i++) {
            char path[TREN_MAX_PATH];
            size_t held = held_of(lab, i);
            lab_subset subset = {.train = rows_of(lab) - 2 * held,
                                 .validation = held,
                                 .test = held,
                                 .of = rows_of(lab),
                                 .pool = 1,
                                 .seed = lab->options->first_seed + (uint64_t)s};
            data_path(path, lab, i, subset.seed);
            TREN_TRY(lab_make_subset(path, lab->options->data, &subset));
        }
    return TREN_OK;
}

static tren_status point(const tren_lab *lab, tren_comm *group, const tren_lab_point *p,
                         tren_table *rows) {
    tren_config config;
    lab_outcome out;
    int split = (int)p->at[0];
    TREN_TRY(lab_config(&config, lab, recipe));
    data_path(config.data, lab, split, p->seed);
    config.seed = p->seed;
    config.epochs = tren_lab_int(lab, "epochs");
    config.model.hidden = (tren_int_list){.n = 1, .at = {tren_lab_int(lab, "width")}};
    TREN_TRY(lab_train(&out, lab, group, &config, NULL));
    double accuracy = 1 - out.test_error, n = (double)held_of(lab, split);
    double error = sqrt(accuracy * (1 - accuracy) / n);
    return tren_table_add(rows, (const double[]){split, (double)p->seed, n, accuracy, error,
                                                 (double)p->seed + 0.2 * split,
                                                 split == 0 ? accuracy : NAN,
                                                 split == 1 ? accuracy : NAN});
}

static tren_status judge(const tren_lab *lab, const tren_table *points, tren_table *curve,
                         tren_verdict *v) {
    double mean[N_SPLITS], sd[N_SPLITS], error[N_SPLITS];
    for (int i = 0; i < N_SPLITS; i++) {
        const tren_where *here = TREN_WHERE({"split", i});
        mean[i] = tren_table_mean(points, "accuracy", here);
        sd[i] = tren_table_sd(points, "accuracy", here);
        error[i] = tren_table_mean(points, "standard_error", here);
        double last = (double)(lab->options->first_seed + (uint64_t)lab->options->seeds);
        for (int end = 0; end < 2; end++)
            TREN_TRY(tren_table_add(
                curve,
                (const double[]){i, end ? last : (double)lab->options->first_seed - 0.5, mean[i],
                                 sd[i], error[i], i == 0 ? mean[0] - 2 * error[0] : NAN,
                                 i == 0 ? mean[0] + 2 * error[0] : NAN,
                                 i == 1 ? mean[1] - 2 * error[1] : NAN,
                                 i == 1 ? mean[1] + 2 * error[1] : NAN}));
    }
    double all[N_SPLITS];
    for (int i = 0; i < N_SPLITS; i++)
        all[i] = sqrt(mean[i] * (1 - mean[i]) / (split_of[i].held * ALL_ROWS));
    tren_verdict_add(v, error[1] > 2 * error[0],
                     "standard error of a test accuracy: %.2f points with 70/15/15, %.2f with "
                     "96/2/2 (theory: 2.74 times as large; threshold: more than 2 times)",
                     "error típico de una exactitud de test: %.2f puntos con 70/15/15, %.2f con "
                     "96/2/2 (teoría: 2.74 veces; umbral: más de 2 veces)",
                     100 * error[0], 100 * error[1]);
    tren_verdict_add(v, sd[1] > 1.3 * sd[0],
                     "standard deviation of the accuracies over the seeds: %.2f points with "
                     "70/15/15, %.2f with 96/2/2 (threshold: more than 1.3 times)",
                     "desviación típica de las exactitudes entre semillas: %.2f puntos con "
                     "70/15/15, %.2f con 96/2/2 (umbral: más de 1.3 veces)",
                     100 * sd[0], 100 * sd[1]);
    tren_verdict_tell(v,
                      "training on 96 %% instead of 70 %% of the images changes the test accuracy "
                      "by %+.2f points on average",
                      "entrenar con el 96 %% de las imágenes en lugar del 70 %% cambia la "
                      "exactitud de test en %+.2f puntos de media",
                      100 * (mean[1] - mean[0]));
    tren_verdict_tell(
        v,
        "with all 70,000 images the standard errors would be %.2f and %.2f points: with 96/2/2, "
        "two models can only be told apart if they differ by at least about %.1f points",
        "con las 70\u202f000 imágenes los errores típicos serían de %.2f y %.2f puntos: con "
        "96/2/2, dos modelos solo pueden distinguirse si difieren al menos en unos %.1f puntos",
        100 * all[0], 100 * all[1], 100 * 2 * sqrt(2) * all[1]);
    return TREN_OK;
}

const tren_experiment tren_lab_split = {
    .name = "split",
    .figure = {"Training: data", "Entrenamiento: datos"},
    .title = {"70/15/15 or 96/2/2", "70/15/15 o 96/2/2"},
    .question =
        {"What is gained and what is lost when only 2 % of the data is kept for the test?",
         "¿Qué se gana y qué se pierde si solo se guarda un 2 % de los datos para el test?"},
    .setting =
        {"The same {rows} images of Fashion-MNIST, split at random in both proportions for each "
         "seed ({seeds}). A network 784-{width}-10 is trained for {epochs} epochs.",
         "Las mismas {rows} imágenes de Fashion-MNIST, repartidas al azar en ambas proporciones "
         "con cada semilla ({seeds}). Se entrena una red 784-{width}-10 durante {epochs} épocas."},
    .param = {{.name = "rows",
               .what = {"images to be split", "imágenes que se reparten"},
               .full = TREN_LAB_VALUES_OF(20000),
               .quick = TREN_LAB_VALUES_OF(6000),
               .low = 500,
               .high = 58000,
               .whole = true},
              {.name = "epochs",
               .what = {"epochs of each training", "épocas de cada entrenamiento"},
               .full = TREN_LAB_VALUES_OF(8),
               .low = 1,
               .high = 1000,
               .whole = true},
              {.name = "width",
               .what = {"hidden units", "unidades ocultas"},
               .full = TREN_LAB_VALUES_OF(128),
               .low = 1,
               .high = 5000,
               .whole = true}},
    .look_for =
        {"More training images help a little. But with a small test part the measured accuracy has "
         "a large random error. So 96/2/2 needs a large dataset to tell two good models apart.",
         "Más imágenes de entrenamiento ayudan un poco. Pero con un test pequeño la exactitud "
         "medida tiene un error aleatorio grande. Por eso, con 96/2/2 hace falta un conjunto de "
         "datos grande para distinguir dos buenos modelos."},
    .wants_data = true,
    .max_ranks = 1,
    .seeds = 10,
    .quick_seeds = 10,
    .seconds = 20,
    .quick_seconds = 8,
    .columns = "split,seed,test_rows,accuracy,standard_error,place,accuracy70,accuracy96",
    .plan = plan,
    .prepare = prepare,
    .point = point,
    .judge = judge,
    .curve = "split,place,mean,sd,standard_error,low70,high70,low96,high96",
    .panel = {{.title = {"Test accuracy, and two standard errors around the mean",
                         "Exactitud de test, y dos errores típicos en torno a la media"},
               .x = {"seed of the split", "semilla del reparto"},
               .y = {"share of right answers", "proporción de aciertos"},
               .series = {{"place", "low96", "high96", .mark = TREN_MARK_BAND, .colour = 1},
                          {"place", "low70", "high70", .mark = TREN_MARK_BAND, .colour = 0},
                          {"place", "accuracy96", .label = {"96/2/2", "96/2/2"},
                           .mark = TREN_MARK_CIRCLES, .colour = 1, .from_points = true},
                          {"place", "accuracy70", .label = {"70/15/15", "70/15/15"},
                           .mark = TREN_MARK_CIRCLES, .colour = 0, .from_points = true}}}},
};
