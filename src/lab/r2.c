/* R2: each regularizer takes the peak of W1 down. */
#include "lab/experiments.h"
#include "lab/mnist1d.h"

#include <math.h>

enum { MOST = 7, N_KINDS = 3 };
enum { DECAY, DROPOUT, NOISE };

static const struct {
    const char *name;
    tren_phrase say;
    double strength[MOST]; /* ascending; the first is none */
    int n;
} kind[N_KINDS] = {
    {"decay",
     {"weight decay (lambda/m)", "weight decay (lambda/m)"},
     {0, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2},
     7},
    {"dropout", {"dropout", "dropout"}, {0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5}, 7},
    {"noise",
     {"noise on the inputs", "ruido en las entradas"},
     {0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2},
     7},
};

static tren_status plan(tren_lab *lab) {
    for (int s = 0; s < lab->options->seeds; s++)
        for (int k = 0; k < N_KINDS; k++)
            for (int i = 0; i < kind[k].n; i++) {
                uint64_t seed = lab->options->first_seed + (uint64_t)s;
                TREN_TRY(tren_lab_add(lab, seed, k == NOISE ? 2 : 1,
                                      (const double[4]){k, kind[k].strength[i]}, "%s-%g-seed%llu",
                                      kind[k].name, kind[k].strength[i], (unsigned long long)seed));
            }
    return TREN_OK;
}

static tren_status prepare(const tren_lab *lab) {
    return lab_mnist1d_make(lab, tren_lab_int(lab, "rows"));
}

static void regularize(tren_config *config, int which, double strength) {
    if (which == DECAY) config->optimizer.weight_decay = strength;
    if (which == DROPOUT && strength > 0)
        config->dropout = (tren_real_list){.n = 3, .at = {0, strength, strength}};
    if (which == NOISE) config->augment.noise = strength;
}

static tren_status point(const tren_lab *lab, tren_comm *group, const tren_lab_point *p,
                         tren_table *rows) {
    tren_config config;
    lab_outcome out;
    int which = (int)p->at[0];
    TREN_TRY(lab_mnist1d_config(&config, lab, p->seed, tren_lab_int(lab, "rows"),
                                tren_lab_int(lab, "width"), tren_lab_int(lab, "epochs")));
    regularize(&config, which, p->at[1]);
    TREN_TRY(lab_train(&out, lab, group, &config, NULL));
    return tren_table_add(rows, (const double[]){which, p->at[1], (double)p->seed, out.test_error,
                                                 out.test_loss, out.train_error});
}

static tren_status judge(const tren_lab *lab, const tren_table *points, tren_table *curve,
                         tren_verdict *v) {
    double asked = 0.15;
    (void)lab;
    for (int k = 0; k < N_KINDS; k++) {
        double none = NAN, best = INFINITY, at = 0;
        for (int i = 0; i < kind[k].n; i++) {
            const tren_where *here = TREN_WHERE({"kind", k}, {"strength", kind[k].strength[i]});
            double error = tren_table_mean(points, "test_error", here);
            double row[4] = {i, NAN, NAN, NAN};
            row[1 + k] = error;
            TREN_TRY(tren_table_add(curve, row));
            if (i == 0) none = error;
            if (!(error < best)) continue;
            best = error;
            at = kind[k].strength[i];
        }
        char text[2][TREN_CLAIM_TEXT];
        double cut = 1 - best / none;
        snprintf(text[0], TREN_CLAIM_TEXT,
                 "%s: error %.3f instead of %.3f, with strength %g: %.0f %% less (threshold: at "
                 "least %.0f %%)",
                 kind[k].say.en, best, none, at, 100 * cut, 100 * asked);
        snprintf(text[1], TREN_CLAIM_TEXT,
                 "%s: error de %.3f en lugar de %.3f, con intensidad %g: un %.0f %% menos (umbral: "
                 "al menos un %.0f %%)",
                 kind[k].say.es, best, none, at, 100 * cut, 100 * asked);
        tren_verdict_add_text(v, cut >= asked, text[0], text[1]);
    }
    return TREN_OK;
}

const tren_experiment tren_lab_r2 = {
    .name = "R2",
    .figure = {"Regularization", "Regularización"},
    .title = {"Regularization and the peak", "La regularización y el pico"},
    .question = {"Does a network with regularization show the peak of double descent too?",
                 "¿Aparece también el pico del doble descenso en una red con regularización?"},
    .setting =
        {"W1 at its peak: a network 40-h-h-10 with h = {width}, {rows} training rows, {epochs} "
         "epochs, {test_rows} test rows; {noise%} of the training labels were replaced at random. "
         "One regularizer is used at a time, in several strengths: weight decay, dropout in both "
         "hidden layers, or noise on the inputs, drawn again in every epoch. Means over {seeds}.",
         "W1 en su pico: una red 40-h-h-10 con h = {width}, {rows} muestras de entrenamiento, "
         "{epochs} épocas y {test_rows} muestras de test; el {noise%} de las etiquetas de "
         "entrenamiento se ha reasignado al azar. Se usa un regularizador cada vez, con varias "
         "intensidades: weight decay, dropout en ambas capas ocultas, o ruido en las entradas, "
         "distinto en cada época. Medias sobre {seeds}."},
    .param = {{.name = "width",
               .what = {"width h of both hidden layers", "anchura h de ambas capas ocultas"},
               .full = TREN_LAB_VALUES_OF(54),
               .low = 1,
               .high = 5000,
               .whole = true},
              {.name = "epochs",
               .what = {"epochs of each training", "épocas de cada entrenamiento"},
               .full = TREN_LAB_VALUES_OF(500),
               .quick = TREN_LAB_VALUES_OF(150),
               .low = 1,
               .high = 1e6,
               .whole = true},
              {.name = "rows",
               .what = {"training rows", "muestras de entrenamiento"},
               .full = TREN_LAB_VALUES_OF(4000),
               .low = 10,
               .high = 1000000.0,
               .whole = true},
              LAB_MNIST1D_PARAMS},
    .look_for =
        {"Each regularizer keeps the network from fitting the wrong labels exactly, and the error "
         "at the peak falls. If the regularization is too strong, the error rises again.",
         "Cada regularizador impide que la red ajuste exactamente las etiquetas erróneas, y el "
         "error en el pico baja. Si la regularización es demasiado fuerte, el error vuelve a "
         "subir."},
    .max_ranks = 1,
    .seeds = 3,
    .quick_seeds = 1,
    .seconds = 50,
    .quick_seconds = 6,
    .columns = "kind,strength,seed,test_error,test_loss,train_error",
    .plan = plan,
    .prepare = prepare,
    .point = point,
    .judge = judge,
    .curve = "step,decay,dropout,noise",
    .panel =
        {{.title = {"Test error at the peak", "Error de test en el pico"},
          .x = {"strength, from none to the largest", "intensidad, de ninguna a la mayor"},
          .y = {"share of wrong answers", "proporción de respuestas erróneas"},
          .series = {{"step", "decay",
                      .label = {"weight decay 0, 1e-4 ... 0.03", "weight decay 0, 1e-4 ... 0.03"},
                      .colour = 0},
                     {"step", "dropout",
                      .label = {"dropout 0, 0.05 ... 0.5", "dropout 0, 0.05 ... 0.5"}, .colour = 1},
                     {"step", "noise", .label = {"noise 0, 0.01 ... 0.2", "ruido 0, 0.01 ... 0.2"},
                      .colour = 2}}}},
};
