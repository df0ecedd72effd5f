/* decay: what the penalty lambda/(2m) sum ||W||^2 does to weights and pre-activations. */
#include "lab/experiments.h"
#include "lab/training.h"

#include <math.h>

static const char recipe[] =
    "model: {name: mlp, hidden: [128, 64], activation: tanh, init: glorot}\n"
    "batch_size: 64\n"
    "optimizer: {name: sgd, learning_rate: 0.05, momentum: 0.9}\n";

#define AS_ZERO 0.03
enum { TEST_ROWS = 4000 };

static tren_status plan(tren_lab *lab) {
    const tren_lab_values *grid = tren_lab_list(lab, "lambdas");
    for (int s = 0; s < lab->options->seeds; s++)
        for (int i = 0; i < grid->n; i++) {
            uint64_t seed = lab->options->first_seed + (uint64_t)s;
            TREN_TRY(tren_lab_add(lab, seed, 1, (const double[4]){grid->at[i]}, "lambda%g-seed%llu",
                                  grid->at[i], (unsigned long long)seed));
        }
    return TREN_OK;
}

static tren_status prepare(const tren_lab *lab) {
    for (int s = 0; s < lab->options->seeds; s++) {
        char path[TREN_MAX_PATH];
        lab_subset subset = {.train = (size_t)tren_lab_int(lab, "rows"),
                             .validation = (size_t)tren_lab_int(lab, "validation_rows"),
                             .test = TEST_ROWS,
                             .pool = 1,
                             .seed = lab->options->first_seed + (uint64_t)s};
        lab_data_path(path, lab, "images-s%llu", (unsigned long long)subset.seed);
        TREN_TRY(lab_make_subset(path, lab->options->data, &subset));
    }
    return TREN_OK;
}

static void keep_last(void *ctx, const tren_progress *progress) {
    *(tren_progress *)ctx = *progress;
}

static tren_status point(const tren_lab *lab, tren_comm *group, const tren_lab_point *p,
                         tren_table *rows) {
    tren_config config;
    lab_outcome out;
    tren_progress last = {0};
    lab_watch watch = {.epoch = keep_last, .ctx = &last};
    TREN_TRY(lab_config(&config, lab, recipe));
    lab_data_path(config.data, lab, "images-s%llu", (unsigned long long)p->seed);
    config.seed = p->seed;
    config.epochs = tren_lab_int(lab, "epochs");
    config.optimizer.learning_rate = tren_lab_number(lab, "rate");
    config.optimizer.lambda = p->at[0];
    TREN_TRY(lab_train(&out, lab, group, &config, &watch));
    return tren_table_add(rows,
                          (const double[]){p->at[0], (double)p->seed, last.weight_norm,
                                           last.mean_abs_z, out.train_error,
                                           1 - last.validation_accuracy, last.validation_loss});
}

static bool falls(const tren_table *curve, const char *column) {
    for (int i = 1; i < curve->n_rows; i++)
        if (tren_table_get(curve, i, column) > tren_table_get(curve, i - 1, column)) return false;
    return true;
}

static tren_status judge(const tren_lab *lab, const tren_table *points, tren_table *curve,
                         tren_verdict *v) {
    const tren_lab_values *grid = tren_lab_list(lab, "lambdas");
    static const char *const column[] = {"weight_norm", "mean_abs_z", "train_error",
                                         "validation_error", "validation_loss"};
    for (int i = 0; i < grid->n; i++) {
        /* 0 stands where a logarithmic axis has room for it. */
        double row[6] = {grid->at[i] > 0 ? grid->at[i] : AS_ZERO};
        for (int k = 0; k < 5; k++)
            row[1 + k] = tren_table_mean(points, column[k], TREN_WHERE({"lambda", grid->at[i]}));
        TREN_TRY(tren_table_add(curve, row));
    }
    int last = grid->n - 1;
    tren_verdict_add(
        v, falls(curve, "weight_norm"),
        "||W|| falls with every increase of lambda: from %.1f with the smallest to %.1f with "
        "lambda = %g",
        "||W|| baja con cada aumento de lambda: de %.1f con la menor a %.1f con lambda = %g",
        tren_table_get(curve, 0, "weight_norm"), tren_table_get(curve, last, "weight_norm"),
        grid->at[last]);
    tren_verdict_add(v, falls(curve, "mean_abs_z"),
                     "the mean |z| of the hidden units falls in the same way, from %.2f to %.2f: "
                     "tanh becomes nearly linear",
                     "la media de |z| de las unidades ocultas baja del mismo modo, de %.2f a %.2f: "
                     "tanh se vuelve casi lineal",
                     tren_table_get(curve, 0, "mean_abs_z"),
                     tren_table_get(curve, last, "mean_abs_z"));
    lab_peak best = lab_find_least(curve, "lambda", "validation_loss", 0, 1e9);
    tren_verdict_add(v, best.x > AS_ZERO &&
                                best.x<grid->at[last],
                                       "the best validation loss, %.3f, is at lambda = %g: neither "
                                       "without weight decay nor with the largest lambda",
                                       "la mejor pérdida de validación, %.3f, está en lambda = %g: "
                                       "ni sin weight decay ni con la mayor lambda",
                                       best.y, best.x>
                                    AS_ZERO
                            ? best.x
                            : 0);
    return TREN_OK;
}

#define LAMBDA_AXIS                                                                                \
    { "lambda (0 at the left end)", "lambda (0 en el extremo izquierdo)" }

const tren_experiment tren_lab_decay = {
    .name = "decay",
    .figure = {"Weight decay", "Weight decay"},
    .title = {"Weight decay, weights and activations", "Weight decay, pesos y activaciones"},
    .question = {"What does the penalty on the weights change inside the network?",
                 "¿Qué cambia dentro de la red la penalización de los pesos?"},
    .setting =
        {"{rows} images of Fashion-MNIST for training and {validation_rows} others for validation. "
         "A network 784-128-64-10 with tanh is trained by SGD with learning rate {rate} and "
         "momentum 0.9 for {epochs} epochs. The cost is J_R = J + lambda/(2m) sum ||W||^2 with m = "
         "{rows} and lambda = {lambdas}. Means over {seeds}.",
         "{rows} imágenes de Fashion-MNIST para entrenar y otras {validation_rows} de validación. "
         "Una red 784-128-64-10 con tanh se entrena por SGD con tasa de aprendizaje {rate} y "
         "momento 0.9 durante {epochs} épocas. El coste es J_R = J + lambda/(2m) suma ||W||^2 con "
         "m = {rows} y lambda = {lambdas}. Medias sobre {seeds}."},
    .param = {{.name = "lambdas",
               .what = {"values of the penalty lambda", "valores de la penalización lambda"},
               .full = TREN_LAB_VALUES_OF(0, 0.1, 0.3, 1, 3, 10, 30, 100, 300),
               .low = 0,
               .high = 1000000.0,
               .list = true},
              {.name = "epochs",
               .what = {"epochs of each training", "épocas de cada entrenamiento"},
               .full = TREN_LAB_VALUES_OF(60),
               .quick = TREN_LAB_VALUES_OF(10),
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
               .high = 8000,
               .whole = true},
              {.name = "rate",
               .what = {"learning rate", "tasa de aprendizaje"},
               .full = TREN_LAB_VALUES_OF(0.05),
               .low = 1e-06,
               .high = 10}},
    .look_for = {"A larger lambda makes ||W|| smaller. Then z = Wa + b is smaller too, and tanh "
                 "works in the range where it is almost a straight line. A small penalty reduces "
                 "overfitting; a penalty that is too large makes the network too simple.",
                 "Una lambda mayor hace menor ||W||. Entonces también es menor z = Wa + b, y tanh "
                 "trabaja en la zona donde es casi una recta. Una penalización pequeña reduce el "
                 "sobreajuste; una demasiado grande hace la red demasiado simple."},
    .wants_data = true,
    .max_ranks = 1,
    .seeds = 10,
    .quick_seeds = 1,
    .seconds = 50,
    .quick_seconds = 5,
    .columns = "lambda,seed,weight_norm,mean_abs_z,train_error,validation_error,validation_loss",
    .plan = plan,
    .prepare = prepare,
    .point = point,
    .judge = judge,
    .curve = "lambda,weight_norm,mean_abs_z,train_error,validation_error,validation_loss",
    .panel = {{.title = {"||W||", "||W||"},
               .x = LAMBDA_AXIS,
               .y = {"Frobenius norm of all weights", "norma de Frobenius de todos los pesos"},
               .log_x = true,
               .series = {{"lambda", "weight_norm", .colour = 0}}},
              {.title = {"Mean |z| of the hidden units", "Media de |z| de las unidades ocultas"},
               .x = LAMBDA_AXIS,
               .y = {"mean |z|", "media de |z|"},
               .log_x = true,
               .series = {{"lambda", "mean_abs_z", .colour = 3}}},
              {.title = {"Error", "Error"},
               .x = LAMBDA_AXIS,
               .y = {"share of wrong answers", "proporción de respuestas erróneas"},
               .log_x = true,
               .series = {{"lambda", "validation_error", .label = {"validation", "validación"},
                           .colour = 0},
                          {"lambda", "train_error", .label = {"training", "entrenamiento"},
                           .colour = 1}}}},
};
