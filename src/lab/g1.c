/* G1: grokking: a network that has memorised part of an addition table learns the rule much later,
 * if its weights are penalised (A. Power et al., "Grokking: generalization beyond overfitting on
 * small algorithmic datasets", arXiv 2201.02177, 2022; for such networks A. Gromov, "Grokking
 * modular arithmetic", arXiv 2301.02679, 2023). */
#include "lab/experiments.h"
#include "lab/training.h"

#include <math.h>
#include <unistd.h>

enum { N_DECAYS = 2 };
static const double decay_of[N_DECAYS] = {0, 1};
static const double memorised = 0.01, learned = 0.5; /* errors: at most, below */

static const char recipe[] = "model: {name: mlp, activation: relu, init: he}\n"
                             "optimizer: {name: adamw}\n";

static tren_status plan(tren_lab *lab) {
    for (int s = 0; s < lab->options->seeds; s++)
        for (int i = 0; i < N_DECAYS; i++) {
            uint64_t seed = lab->options->first_seed + (uint64_t)s;
            TREN_TRY(tren_lab_add(lab, seed, 1, (const double[4]){decay_of[i]},
                                  "decay%.0f-seed%llu", decay_of[i], (unsigned long long)seed));
        }
    return TREN_OK;
}

/* Row (a, b) has a one at a and one at p + b; its class is a + b modulo p. */
static tren_status make_table(tren_source *source, size_t p) {
    uint8_t *x, *y;
    TREN_TRY(tren_alloc(&x, p * p * 2 * p, 1, "a table of sums"));
    source->x = x;
    TREN_TRY(tren_alloc(&y, p * p, 1, "a table of sums"));
    source->y = y;
    for (size_t i = 0; i < p * p; i++) {
        x[i * 2 * p + i / p] = 1;
        x[i * 2 * p + p + i % p] = 1;
        y[i] = (uint8_t)((i / p + i % p) % p);
    }
    source->n = p * p;
    source->n_classes = (int)p;
    source->n_targets = 1;
    source->shape = (tren_shape){(int)(2 * p), 1, 1};
    source->x_type = source->y_type = TREN_U8;
    source->digest = p;
    snprintf(source->origin, sizeof source->origin, "sums modulo %zu", p);
    return TREN_OK;
}

/* What scores every epoch is the validation part. */
static tren_status make(const tren_lab *lab, uint64_t seed) {
    char path[TREN_MAX_PATH];
    double share = 100 * tren_lab_number(lab, "share");
    tren_split split = {
        .percent = {share, 100 - share, 0}, .shuffle = true, .as_is = true, .seed = seed};
    tren_source source = {0};
    lab_data_path(path, lab, "sums-s%llu", (unsigned long long)seed);
    if (access(path, R_OK) == 0) return TREN_OK;
    tren_status st = make_table(&source, (size_t)tren_lab_int(lab, "modulus"));
    if (st == TREN_OK) st = tren_dataset_write(path, &source, &split, false);
    tren_source_close(&source);
    return st;
}

static tren_status prepare(const tren_lab *lab) {
    for (int s = 0; s < lab->options->seeds; s++)
        TREN_TRY(make(lab, lab->options->first_seed + (uint64_t)s));
    return TREN_OK;
}

typedef struct history {
    tren_table *rows;
    const tren_lab_point *point;
    int next;
    tren_status st;
} history;

static void keep(void *ctx, const tren_progress *p) {
    history *h = ctx;
    int epoch = p->epoch + 1;
    if (epoch != h->next || h->st != TREN_OK) return;
    h->next = lab_next_epoch(epoch);
    h->st = tren_table_add(h->rows,
                           (const double[]){h->point->at[0], (double)h->point->seed, epoch,
                                            1 - p->validation_accuracy, 1 - p->train_accuracy});
}

static tren_status point(const tren_lab *lab, tren_comm *group, const tren_lab_point *p,
                         tren_table *rows) {
    tren_config config;
    lab_outcome out;
    history h = {.rows = rows, .point = p, .next = 1};
    lab_watch watch = {.epoch = keep, .ctx = &h};
    int modulus = tren_lab_int(lab, "modulus");
    TREN_TRY(lab_config(&config, lab, recipe));
    lab_data_path(config.data, lab, "sums-s%llu", (unsigned long long)p->seed);
    config.seed = p->seed;
    config.batch_size = modulus * modulus; /* all rows in each step */
    config.epochs = tren_lab_int(lab, "epochs");
    config.model.hidden = (tren_int_list){.n = 1, .at = {tren_lab_int(lab, "hidden")}};
    config.optimizer.learning_rate = tren_lab_number(lab, "rate");
    config.optimizer.weight_decay = p->at[0] * tren_lab_number(lab, "decay");
    TREN_TRY(lab_train(&out, lab, group, &config, &watch));
    return h.st;
}

/* The first row of the curve where the column is at most `most`; -1: none. */
static int first_row(const tren_table *curve, const char *column, double most) {
    for (int i = 0; i < curve->n_rows; i++)
        if (tren_table_get(curve, i, column) <= most) return i;
    return -1;
}

static double at(const tren_table *curve, int row, const char *column) {
    return row < 0 ? NAN : tren_table_get(curve, row, column);
}

static tren_status judge(const tren_lab *lab, const tren_table *points, tren_table *curve,
                         tren_verdict *v) {
    TREN_TRY(
        lab_draw_epochs(curve, points, "decay", decay_of, N_DECAYS, tren_lab_int(lab, "epochs")));
    int early = first_row(curve, "train1", memorised), late = first_row(curve, "test1", learned),
        last = curve->n_rows - 1;
    double from = at(curve, early, "epoch"), to = at(curve, late, "epoch");
    tren_verdict_add(v, at(curve, early, "test1") >= 0.8,
                     "the network memorises first: from epoch %.0f on the training error is at "
                     "most 1 %%, and the test error is still %.3f there (threshold: at least 0.8)",
                     "la red primero memoriza: desde la época %.0f el error de entrenamiento es "
                     "del 1 %% como máximo, y el de test es aún %.3f (umbral: al menos 0.8)",
                     from, at(curve, early, "test1"));
    tren_verdict_add(v, to >= 5 * from,
                     "it learns the rule much later: the test error falls below 0.5 at epoch "
                     "%.0f, %.0f times as late (threshold: at least 5)",
                     "la regla la aprende mucho después: el error de test baja de 0.5 en la época "
                     "%.0f, %.0f veces más tarde (umbral: al menos 5)",
                     to, to / from);
    tren_verdict_add(v, at(curve, last, "test1") <= 0.2 && at(curve, last, "test0") >= 0.8,
                     "at the end the test error is %.3f with weight decay and %.3f without it "
                     "(threshold: at most 0.2 and at least 0.8)",
                     "al final el error de test es %.3f con weight decay y %.3f sin él (umbral: "
                     "0.2 como máximo y 0.8 como mínimo)",
                     at(curve, last, "test1"), at(curve, last, "test0"));
    return TREN_OK;
}

const tren_experiment tren_lab_g1 = {
    .name = "G1",
    .figure = {"Fig. 9.10 and grokking", "Fig. 9.10 y grokking"},
    .title = {"After memorising: sums modulo a number",
              "Después de memorizar: sumas módulo un número"},
    .question =
        {"A network has learned its training sums by heart, and fails on all others. Is it worth "
         "training it further?",
         "Una red se ha aprendido de memoria las sumas de entrenamiento y falla en todas las "
         "demás. ¿Vale la pena seguir entrenándola?"},
    .setting =
        {"All sums a + b modulo {modulus}, with a and b as one-hot inputs; {share%} of them for "
         "training, the others for the test. One hidden layer of {hidden} units with ReLU. AdamW "
         "with learning rate {rate} on all training sums in each step, with weight decay {decay} "
         "and without it, {epochs} epochs. Means over {seeds}.",
         "Todas las sumas a + b módulo {modulus}, con a y b en codificación one-hot; el {share%} "
         "para entrenar y el resto para el test. Una capa oculta de {hidden} unidades con ReLU. "
         "AdamW con tasa de aprendizaje {rate} y todas las sumas de entrenamiento en cada paso, "
         "con weight decay {decay} y sin él, {epochs} épocas. Medias sobre {seeds}."},
    .param = {{.name = "modulus",
               .what = {"modulus", "módulo"},
               .full = TREN_LAB_VALUES_OF(47),
               .low = 5,
               .high = 127,
               .whole = true},
              {.name = "epochs",
               .what = {"epochs of each training", "épocas de cada entrenamiento"},
               .full = TREN_LAB_VALUES_OF(2500),
               .quick = TREN_LAB_VALUES_OF(1000),
               .low = 1,
               .high = 1e6,
               .whole = true},
              {.name = "share",
               .what = {"share of the sums for training", "proporción de sumas para entrenar"},
               .full = TREN_LAB_VALUES_OF(0.5),
               .low = 0.1,
               .high = 0.9},
              {.name = "hidden",
               .what = {"hidden units", "unidades ocultas"},
               .full = TREN_LAB_VALUES_OF(256),
               .low = 1,
               .high = 10000,
               .whole = true},
              {.name = "decay",
               .what = {"weight decay", "weight decay"},
               .full = TREN_LAB_VALUES_OF(1),
               .low = 1e-6,
               .high = 100},
              {.name = "rate",
               .what = {"learning rate", "tasa de aprendizaje"},
               .full = TREN_LAB_VALUES_OF(0.01),
               .low = 1e-6,
               .high = 10}},
    .look_for =
        {"Both networks know their training sums after some tens of epochs, and are no better than "
         "chance on the others. Without weight decay this stays so. With it the test error falls "
         "long after the training error is zero: weight decay slowly replaces the memorised sums "
         "by smaller weights, and the rule needs smaller weights than the list. Early stopping "
         "would have ended the training before.",
         "Ambas redes conocen las sumas de entrenamiento tras unas decenas de épocas, y en las "
         "demás no son mejores que el azar. Sin weight decay, eso no cambia. Con él, el error de "
         "test baja mucho después de que el de entrenamiento sea cero: weight decay sustituye poco "
         "a poco las sumas memorizadas por pesos menores, y la regla necesita pesos menores que la "
         "lista. La parada temprana habría terminado antes el entrenamiento."},
    .max_ranks = 1,
    .seeds = 5,
    .quick_seeds = 1,
    .seconds = 60,
    .quick_seconds = 5,
    .columns = "decay,seed,epoch,test_error,train_error",
    .plan = plan,
    .prepare = prepare,
    .point = point,
    .judge = judge,
    .curve = "epoch,test0,test1,train0,train1",
    .panel =
        {{.title = {"Error", "Error"},
          .x = {"epochs", "épocas"},
          .y = {"share of wrong answers", "proporción de respuestas erróneas"},
          .log_x = true,
          .series = {{"epoch", "test1",
                      .label = {"with weight decay, test", "con weight decay, test"},
                      .mark = TREN_MARK_CURVE, .colour = 0},
                     {"epoch", "train1",
                      .label = {"with weight decay, training", "con weight decay, entrenamiento"},
                      .mark = TREN_MARK_DASHED, .colour = 0},
                     {"epoch", "test0", .label = {"without it, test", "sin él, test"},
                      .mark = TREN_MARK_CURVE, .colour = 1},
                     {"epoch", "train0", .label = {"without it, training", "sin él, entrenamiento"},
                      .mark = TREN_MARK_DASHED, .colour = 1}}}},
};
