/* E2: double descent over epochs of a ResNet18 on few images with wrong labels (P. Nakkiran et al.,
 * "Deep double descent", 2019, in the small, with that paper's schedule for SGD). */
#include "lab/experiments.h"
#include "lab/training.h"

#include <math.h>
#include <stdlib.h>

enum { N_WIDTHS = 2 };
static const double width[N_WIDTHS] = {2, 16};

static const char recipe[] = "model: {name: resnet18, init: pytorch}\n"
                             "batch_size: 128\n"
                             "augment: {flip_horizontal: true, crop_padding: 2}\n"
                             "optimizer: {learning_rate: 0.1}\n"
                             "schedule: {name: sqrt, period: 512}\n";

static int epochs_of(const tren_lab *lab) {
    return tren_lab_int(lab, "epochs");
}

static tren_status plan(tren_lab *lab) {
    for (int s = 0; s < lab->options->seeds; s++)
        for (int i = 0; i < N_WIDTHS; i++) {
            uint64_t seed = lab->options->first_seed + (uint64_t)s;
            TREN_TRY(tren_lab_add(lab, seed, width[i] * width[i], (const double[4]){width[i]},
                                  "width%.0f-seed%llu", width[i], (unsigned long long)seed));
        }
    return TREN_OK;
}

/* What scores every epoch is the validation part, with true labels. */
static tren_status prepare(const tren_lab *lab) {
    for (int s = 0; s < lab->options->seeds; s++) {
        char path[TREN_MAX_PATH];
        lab_subset subset = {.train = (size_t)tren_lab_int(lab, "rows"),
                             .validation = (size_t)tren_lab_int(lab, "scored_rows"),
                             .pool = 2,
                             .label_noise = tren_lab_number(lab, "noise"),
                             .noise_kind = TREN_NOISE_INCORRECT,
                             .seed = lab->options->first_seed + (uint64_t)s};
        lab_data_path(path, lab, "small-s%llu", (unsigned long long)subset.seed);
        TREN_TRY(lab_make_subset(path, lab->options->data, &subset));
    }
    return TREN_OK;
}

typedef struct history {
    double *error, *train; /* [epochs] */
} history;

static void keep(void *ctx, const tren_progress *p) {
    history *h = ctx;
    h->error[p->epoch] = 1 - p->validation_accuracy;
    h->train[p->epoch] = 1 - p->train_accuracy;
}

/* The mean over epochs within a tenth of this one. */
static double smooth(const double *x, int n, int epoch) {
    int half = epoch / 10, lo = epoch - half < 1 ? 1 : epoch - half,
        hi = epoch + half > n ? n : epoch + half;
    double sum = 0;
    for (int e = lo; e <= hi; e++) sum += x[e - 1];
    return sum / (hi - lo + 1);
}

static tren_status train(history *h, const tren_lab *lab, tren_comm *group,
                         const tren_lab_point *p) {
    tren_config config;
    lab_outcome out;
    lab_watch watch = {.epoch = keep, .ctx = h};
    TREN_TRY(lab_config(&config, lab, recipe));
    lab_data_path(config.data, lab, "small-s%llu", (unsigned long long)p->seed);
    config.model.width = (int)p->at[0];
    config.seed = p->seed;
    config.epochs = epochs_of(lab);
    config.optimizer.learning_rate = tren_lab_number(lab, "rate");
    return lab_train(&out, lab, group, &config, &watch);
}

static tren_status point(const tren_lab *lab, tren_comm *group, const tren_lab_point *p,
                         tren_table *rows) {
    history h = {0};
    int n = epochs_of(lab);
    tren_status st = TREN_OK;
    TREN_GOTO(tren_alloc(&h.error, (size_t)n, sizeof *h.error, "an error curve"));
    TREN_GOTO(tren_alloc(&h.train, (size_t)n, sizeof *h.train, "an error curve"));
    TREN_GOTO(train(&h, lab, group, p));
    for (int e = 1; e <= n; e = lab_next_epoch(e))
        TREN_GOTO(
            tren_table_add(rows, (const double[]){p->at[0], (double)p->seed, e,
                                                  smooth(h.error, n, e), smooth(h.train, n, e)}));
done:
    free(h.error);
    free(h.train);
    return st;
}

static tren_status judge(const tren_lab *lab, const tren_table *points, tren_table *curve,
                         tren_verdict *v) {
    TREN_TRY(lab_draw_epochs(curve, points, "width", width, N_WIDTHS, epochs_of(lab)));
    double last = tren_table_get(curve, curve->n_rows - 1, "test16");
    /* The first tenth, with the largest learning rates, jumps. */
    lab_peak peak = lab_find_peak(curve, "epoch", "test16", epochs_of(lab) / 10, 1e9);
    lab_peak first = lab_find_least(curve, "epoch", "test16", 0, peak.x);
    tren_verdict_add(v, peak.y - first.y >= 0.03,
                     "width 16: after its first minimum (%.3f at epoch %.0f) the test error rises "
                     "to %.3f at epoch %.0f (threshold: at least 3 points)",
                     "anchura 16: tras el primer mínimo (%.3f en la época %.0f) el error de test "
                     "sube a %.3f en la época %.0f (umbral: al menos 3 puntos)",
                     first.y, first.x, peak.y, peak.x);
    tren_verdict_add(v, peak.y - last >= 0.015,
                     "width 16: the test error then falls again, to %.3f at the end, by %.1f "
                     "points (threshold: at least 1.5)",
                     "anchura 16: el error de test vuelve a bajar después, hasta %.3f al final, en "
                     "%.1f puntos (umbral: al menos 1.5)",
                     last, 100 * (peak.y - last));
    lab_peak narrow = lab_find_least(curve, "epoch", "test2", 0, 1e9);
    tren_verdict_tell(v,
                      "width 2: the smallest test error is %.3f, at epoch %.0f; at the end it is "
                      "%.3f, and %.0f %% of the training labels are still predicted wrongly",
                      "anchura 2: el menor error de test es %.3f, en la época %.0f; al final es "
                      "%.3f, y aún se predice mal el %.0f %% de las etiquetas de entrenamiento",
                      narrow.y, narrow.x, tren_table_get(curve, curve->n_rows - 1, "test2"),
                      100 * tren_table_get(curve, curve->n_rows - 1, "train2"));
    return TREN_OK;
}

const tren_experiment tren_lab_e2 = {
    .name = "E2",
    .figure = {"Fig. 9.10", "Fig. 9.10"},
    .title = {"Double descent over epochs: ResNet18", "Doble descenso según las épocas: ResNet18"},
    .question =
        {"Longer training has caused overfitting. Can even longer training undo it?",
         "Entrenar más tiempo ha producido sobreajuste. ¿Puede deshacerse entrenando aún más?"},
    .setting =
        {"{rows} images of Fashion-MNIST, reduced to 14 x 14 pixels by averaging; {noise%} of the "
         "labels are wrong. Pre-activation ResNet18 of widths 2 and 16; SGD without momentum in "
         "batches of 128, learning rate {rate}/sqrt(1 + floor(step/512)), random crops and flips, "
         "{epochs} epochs. After each epoch the error is measured on {scored_rows} images with "
         "true labels. Each curve is smoothed by averaging the neighbouring epochs (up to 10 % "
         "before and after), and averaged over {seeds}.",
         "{rows} imágenes de Fashion-MNIST, reducidas a 14 x 14 píxeles por promedio; el {noise%} "
         "de las etiquetas son erróneas. ResNet18 con preactivación, de anchuras 2 y 16; SGD sin "
         "momento con lotes de 128, tasa de aprendizaje {rate}/raíz(1 + parte entera(paso/512)), "
         "recortes y reflejos al azar, {epochs} épocas. Tras cada época se mide el error con "
         "{scored_rows} imágenes con sus etiquetas verdaderas. Cada curva se suaviza promediando "
         "las épocas vecinas (hasta un 10 % antes y después) y se promedia sobre {seeds}."},
    .param = {{.name = "epochs",
               .what = {"epochs of each training", "épocas de cada entrenamiento"},
               .full = TREN_LAB_VALUES_OF(600),
               .quick = TREN_LAB_VALUES_OF(10),
               .low = 1,
               .high = 1e6,
               .whole = true},
              {.name = "rows",
               .what = {"training images", "imágenes de entrenamiento"},
               .full = TREN_LAB_VALUES_OF(4000),
               .quick = TREN_LAB_VALUES_OF(1000),
               .low = 100,
               .high = 50000,
               .whole = true},
              {.name = "scored_rows",
               .what = {"images for the test after each epoch",
                        "imágenes para el test tras cada época"},
               .full = TREN_LAB_VALUES_OF(2000),
               .low = 100,
               .high = 20000,
               .whole = true},
              {.name = "noise",
               .what = {"share of wrong labels", "proporción de etiquetas erróneas"},
               .full = TREN_LAB_VALUES_OF(0.2),
               .low = 0,
               .high = 1},
              {.name = "rate",
               .what = {"initial learning rate", "tasa de aprendizaje inicial"},
               .full = TREN_LAB_VALUES_OF(0.1),
               .low = 1e-06,
               .high = 10}},
    .look_for =
        {"The test error of the narrow network falls and does not rise again. That of the wide "
         "network falls, rises while the network learns the wrong labels, and falls again when "
         "nearly all of them are learned. Stopping at the first minimum would still have been "
         "best.",
         "El error de test de la red estrecha baja y no vuelve a subir. El de la red ancha baja, "
         "sube mientras la red aprende las etiquetas erróneas y vuelve a bajar cuando las ha "
         "aprendido casi todas. Aun así, lo mejor habría sido parar en el primer mínimo."},
    .wants_data = true,
    .max_ranks = 1,
    .seeds = 3,
    .quick_seeds = 1,
    .seconds = 1200,
    .quick_seconds = 6,
    .columns = "width,seed,epoch,test_error,train_error",
    .plan = plan,
    .prepare = prepare,
    .point = point,
    .judge = judge,
    .curve = "epoch,test2,test16,train2,train16",
    .panel = {{.title = {"Error", "Error"},
               .x = {"epochs", "épocas"},
               .y = {"share of wrong answers", "proporción de respuestas erróneas"},
               .log_x = true,
               .series = {{"epoch", "test2", .label = {"width 2, test", "anchura 2, test"},
                           .mark = TREN_MARK_CURVE, .colour = 1},
                          {"epoch", "test16", .label = {"width 16, test", "anchura 16, test"},
                           .mark = TREN_MARK_CURVE, .colour = 0},
                          {"epoch", "train2",
                           .label = {"width 2, training", "anchura 2, entrenamiento"},
                           .mark = TREN_MARK_DASHED, .colour = 1},
                          {"epoch", "train16",
                           .label = {"width 16, training", "anchura 16, entrenamiento"},
                           .mark = TREN_MARK_DASHED, .colour = 0}}}},
};
