/* T1: the transformer of figure 9.11, which learns to translate from few and from many pairs of
 * sentences (P. Nakkiran et al., "Deep double descent", 2019, figure 3, in the small). */
#include "lab/experiments.h"
#include "lab/training.h"

#include <math.h>

static const char recipe[] = "model: {name: seq2seq, heads: 4, init: glorot}\n"
                             "loss: {label_smoothing: 0.1}\n"
                             "optimizer: {name: adam, beta2: 0.98}\n"
                             "schedule: {name: inverse_sqrt}\n"
                             "gemm: portable\n";

static tren_status plan(tren_lab *lab) {
    const tren_lab_values *pairs = tren_lab_list(lab, "pairs"), *d = tren_lab_list(lab, "widths");
    for (int s = 0; s < lab->options->seeds; s++)
        for (int k = 0; k < pairs->n; k++)
            for (int i = 0; i < d->n; i++) {
                uint64_t seed = lab->options->first_seed + (uint64_t)s;
                TREN_TRY(tren_lab_add(lab, seed, d->at[i] * (d->at[i] + 400),
                                      (const double[4]){pairs->at[k], d->at[i]},
                                      "pairs%.0f-width%03.0f-seed%llu", pairs->at[k], d->at[i],
                                      (unsigned long long)seed));
            }
    return TREN_OK;
}

static void data_path(char path[TREN_MAX_PATH], const tren_lab *lab, double pairs, uint64_t seed) {
    lab_data_path(path, lab, "pairs%.0f-s%llu", pairs, (unsigned long long)seed);
}

static tren_status prepare(const tren_lab *lab) {
    const tren_lab_values *pairs = tren_lab_list(lab, "pairs");
    for (int s = 0; s < lab->options->seeds; s++)
        for (int k = 0; k < pairs->n; k++) {
            char path[TREN_MAX_PATH];
            lab_subset subset = {.train = (size_t)pairs->at[k],
                                 .test = (size_t)tren_lab_int(lab, "test_pairs"),
                                 .seed = lab->options->first_seed + (uint64_t)s};
            data_path(path, lab, pairs->at[k], subset.seed);
            TREN_TRY(lab_make_pairs(path, lab->options->data, &subset));
        }
    return TREN_OK;
}

/* So many steps for every number of pairs, as in the figure. */
static tren_status configure(tren_config *config, const tren_lab *lab, const tren_lab_point *p) {
    int steps = tren_lab_int(lab, "steps"), batch = tren_lab_int(lab, "batch");
    TREN_TRY(lab_config(config, lab, recipe));
    data_path(config->data, lab, p->at[0], p->seed);
    config->seed = p->seed;
    config->batch_size = batch;
    config->model.width = (int)p->at[1];
    config->model.depth = tren_lab_int(lab, "depth");
    config->optimizer.learning_rate = tren_lab_number(lab, "rate");
    config->schedule.warmup_steps = steps / 10;
    config->epochs = (int)ceil(steps * (double)batch / p->at[0]) + 1;
    config->max_steps = steps;
    return TREN_OK;
}

static tren_status point(const tren_lab *lab, tren_comm *group, const tren_lab_point *p,
                         tren_table *rows) {
    tren_config config;
    lab_outcome out;
    TREN_TRY(configure(&config, lab, p));
    TREN_TRY(lab_train(&out, lab, group, &config, NULL));
    return tren_table_add(rows, (const double[]){p->at[0], p->at[1], (double)p->seed, out.test_loss,
                                                 out.test_error, out.train_loss, out.train_error});
}

static double mean(const tren_table *points, const char *column, double pairs, double d) {
    return tren_table_mean(points, column, TREN_WHERE({"pairs", pairs}, {"width", d}));
}

/* How much more pairs make of the loss of few, at most and at least, and where. */
static void judge_more(const tren_table *curve, tren_verdict *v) {
    double worst = -INFINITY, at = NAN;
    int above = 0;
    for (int i = 0; i < curve->n_rows; i++) {
        double ratio = tren_table_get(curve, i, "many") / tren_table_get(curve, i, "few");
        above += ratio >= 1;
        if (!(ratio > worst)) continue;
        worst = ratio;
        at = tren_table_get(curve, i, "width");
    }
    tren_verdict_add(v, worst < 1,
                     "more pairs are better at every d: the loss with the larger set is at most "
                     "%.3f times that with the smaller one, at d = %.0f (threshold: below 1)",
                     "más pares son mejores con toda d: la pérdida con el conjunto mayor es como "
                     "máximo %.3f veces la del menor, con d = %.0f (umbral: menos de 1)",
                     worst, at);
    tren_verdict_tell(
        v, "more pairs are worse, as in the published figure, for %d of %d values of d",
        "más pares son peores, como en la figura publicada, con %d de %d valores de d", above,
        curve->n_rows);
}

/* The loss of few pairs has a minimum, then a peak, and to the right of it falls below that
 * minimum. */
static void judge_few(const tren_table *curve, tren_verdict *v) {
    enum { RISE = 115, AFTER = 95 }; /* percent of the minimum */
    lab_peak peak = lab_find_peak(curve, "width", "few", 0, 1e9);
    lab_peak least = lab_find_least(curve, "width", "few", 0, peak.x);
    lab_peak after = lab_find_least(curve, "width", "few", peak.x, 1e9);
    double first = tren_table_get(curve, 0, "width"),
           last = tren_table_get(curve, curve->n_rows - 1, "width");
    tren_verdict_add(
        v, least.x > first && peak.x < last && peak.y >= RISE / 100.0 * least.y,
        "with few pairs the loss rises from %.3f at d = %.0f to %.3f at d = %.0f, %.3f times "
        "(threshold: at least %.2f, both inside the range of d)",
        "con pocos pares la pérdida sube de %.3f con d = %.0f a %.3f con d = %.0f, %.3f veces "
        "(umbral: al menos %.2f, ambas en el interior del intervalo de d)",
        least.y, least.x, peak.y, peak.x, peak.y / least.y, RISE / 100.0);
    tren_verdict_add(
        v, after.y <= AFTER / 100.0 * least.y,
        "to the right of the peak it falls below that minimum: to %.3f at d = %.0f, %.3f times "
        "(threshold: "
        "at most %.2f)",
        "a la derecha del pico baja por debajo de ese mínimo: hasta %.3f con d = %.0f, %.3f veces "
        "(umbral: como máximo %.2f)",
        after.y, after.x, after.y / least.y, AFTER / 100.0);
}

static tren_status judge(const tren_lab *lab, const tren_table *points, tren_table *curve,
                         tren_verdict *v) {
    const tren_lab_values *pairs = tren_lab_list(lab, "pairs"), *d = tren_lab_list(lab, "widths");
    double few = pairs->at[0], many = pairs->at[pairs->n - 1];
    for (int i = 0; i < d->n; i++) {
        double w = d->at[i];
        TREN_TRY(tren_table_add(curve, (const double[]){w, mean(points, "test_loss", few, w),
                                                        mean(points, "test_loss", many, w),
                                                        mean(points, "train_loss", few, w),
                                                        mean(points, "train_loss", many, w)}));
    }
    judge_more(curve, v);
    judge_few(curve, v);
    return TREN_OK;
}

#define WIDTH_AXIS                                                                                 \
    { "embedding dimension d", "dimensión d de los embeddings" }

const tren_experiment tren_lab_t1 = {
    .name = "T1",
    .figure = {"Fig. 9.11", "Fig. 9.11"},
    .title = {"Double descent over examples: a transformer",
              "Doble descenso según los ejemplos: un transformer"},
    .question =
        {"A transformer learns to translate from few and from many pairs of sentences. Which "
         "network size is best in each case, and can more pairs make the result worse?",
         "Un transformer aprende a traducir con pocos y con muchos pares de frases. ¿Qué tamaño de "
         "red es mejor en cada caso? ¿Puede empeorar el resultado con más pares?"},
    .setting =
        {"Program messages in German and English: {pairs} pairs for training and {test_pairs} "
         "others for the test. Encoder and decoder have {depth} layers each, 4 heads, d = "
         "{widths}, and feed-forward blocks of 4 d units; label smoothing 0.1, no dropout. Adam; "
         "the learning rate rises to {rate} in the first tenth of the steps and then falls as "
         "1/sqrt(step); {steps} steps of {batch} pairs, for every number of pairs. Means over "
         "{seeds}. The loss is the cross-entropy per token, without smoothing. The published "
         "experiment has 6 + 6 layers and 80,000 steps.",
         "Mensajes de programas en alemán e inglés: {pairs} pares para entrenar y otros "
         "{test_pairs} de test. El codificador y el decodificador tienen {depth} capas cada uno, 4 "
         "cabezas, d = {widths} y bloques feed-forward de 4 d unidades; suavizado de etiquetas de "
         "0.1, sin dropout. Adam; la tasa de aprendizaje sube hasta {rate} en la primera décima "
         "parte de los pasos y después baja como 1/raíz(paso); {steps} pasos de {batch} pares, sea "
         "cual sea el número de pares. Medias sobre {seeds}. La pérdida es la entropía cruzada por "
         "token, sin suavizado. El experimento publicado tiene 6 + 6 capas y 80\u202f000 pasos."},
    .param = {{.name = "widths",
               .what = {"embedding dimensions d, multiples of 4",
                        "dimensiones d de los embeddings, múltiplos de 4"},
               .full = TREN_LAB_VALUES_OF(8, 16, 24, 32, 48, 64, 96, 128, 192, 256),
               .quick = TREN_LAB_VALUES_OF(8, 32, 64),
               .low = 4,
               .high = 1024,
               .whole = true,
               .list = true},
              {.name = "pairs",
               .what = {"training pairs", "pares de entrenamiento"},
               .full = TREN_LAB_VALUES_OF(4000, 18000),
               .quick = TREN_LAB_VALUES_OF(500, 2250),
               .low = 10,
               .high = 1000000,
               .whole = true,
               .list = true},
              {.name = "steps",
               .what = {"steps of each training", "pasos de cada entrenamiento"},
               .full = TREN_LAB_VALUES_OF(4000),
               .quick = TREN_LAB_VALUES_OF(800),
               .low = 10,
               .high = 1000000,
               .whole = true},
              {.name = "batch",
               .what = {"pairs in a step", "pares en un paso"},
               .full = TREN_LAB_VALUES_OF(64),
               .quick = TREN_LAB_VALUES_OF(32),
               .low = 1,
               .high = 4096,
               .whole = true},
              {.name = "depth",
               .what = {"layers of the encoder, and of the decoder",
                        "capas del codificador, y del decodificador"},
               .full = TREN_LAB_VALUES_OF(2),
               .quick = TREN_LAB_VALUES_OF(1),
               .low = 1,
               .high = 12,
               .whole = true},
              {.name = "rate",
               .what = {"largest learning rate", "mayor tasa de aprendizaje"},
               .full = TREN_LAB_VALUES_OF(0.002),
               .low = 1e-06,
               .high = 1},
              {.name = "test_pairs",
               .what = {"test pairs", "pares de test"},
               .full = TREN_LAB_VALUES_OF(2000),
               .quick = TREN_LAB_VALUES_OF(500),
               .low = 10,
               .high = 100000,
               .whole = true}},
    .look_for =
        {"With few pairs the test loss has a minimum at a small d. It rises to a peak "
         "where the network is just large enough to learn its training pairs by heart (see "
         "the training loss), and then it falls again: double descent. With many pairs "
         "this size lies further to the right. In the published figure the curve of 18,000 "
         "pairs lies above that of 4000 pairs for some d. An independent repetition did "
         "not find this; here the result is shown, but it is not one of the claims.",
         "Con pocos pares, la pérdida de test tiene un mínimo con una d pequeña. Sube hasta "
         "un pico donde la red es justo lo bastante grande para memorizar sus pares de "
         "entrenamiento (véase la pérdida de entrenamiento) y después vuelve a bajar: doble "
         "descenso. Con muchos pares, ese tamaño está más a la derecha. En la figura "
         "publicada, la curva de 18\u202f000 pares queda por encima de la de 4000 pares "
         "para algunas d. Una repetición independiente no lo encontró; aquí se muestra el "
         "resultado, pero no es una de las afirmaciones."},
    .wants_data = true,
    .wants_pairs = true,
    .max_ranks = 1,
    .seeds = 2,
    .quick_seeds = 1,
    .seconds = 6000,
    .quick_seconds = 120,
    .columns = "pairs,width,seed,test_loss,test_error,train_loss,train_error",
    .plan = plan,
    .prepare = prepare,
    .point = point,
    .judge = judge,
    .curve = "width,few,many,train_few,train_many",
    .panel =
        {{.title = {"Cross-entropy of a test token", "Entropía cruzada de un token de test"},
          .x = WIDTH_AXIS,
          .y = {"nats", "nats"},
          .log_x = true,
          .series = {{"width", "few", .label = {"few pairs", "pocos pares"}, .colour = 1},
                     {"width", "many", .label = {"many pairs", "muchos pares"}, .colour = 0}}},
         {.title = {"Training loss, with smoothing", "Pérdida de entrenamiento, con suavizado"},
          .x = WIDTH_AXIS,
          .y = {"nats", "nats"},
          .log_x = true,
          .series = {{"width", "train_few", .label = {"few pairs", "pocos pares"}, .colour = 1},
                     {"width", "train_many", .label = {"many pairs", "muchos pares"},
                      .colour = 0}}}},
};
