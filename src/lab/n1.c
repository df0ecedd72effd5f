/* N1: ensembles against one network of the same size, near the peak of W1. What is at the peak is
 * mostly variance, which averaging takes away (M. Geiger et al., "Scaling description of
 * generalization with number of parameters in deep learning", 2020). */
#include "lab/experiments.h"
#include "lab/mnist1d.h"

#include <math.h>
#include <stdlib.h>

enum { ENSEMBLE, ONE }; /* members of width h; one network of as many parameters as all of them */

static double parameters(double h) {
    return h * h + 52 * h + 10;
}

/* The width whose network has as many parameters as `members` of width h. */
static int width_of_one(double h, int members) {
    return (int)round(sqrt(26.0 * 26 + members * parameters(h) - 10) - 26);
}

static tren_status plan(tren_lab *lab) {
    const tren_lab_values *widths = tren_lab_list(lab, "widths");
    int rows = tren_lab_int(lab, "rows"), epochs = tren_lab_int(lab, "epochs"),
        members = tren_lab_int(lab, "members");
    for (int s = 0; s < lab->options->seeds; s++)
        for (int i = 0; i < widths->n; i++)
            for (int k = ENSEMBLE; k <= ONE; k++) {
                uint64_t seed = lab->options->first_seed + (uint64_t)s;
                double h = widths->at[i];
                int width = k == ONE ? width_of_one(h, members) : (int)h;
                TREN_TRY(tren_lab_add(
                    lab, seed, (k == ONE ? 1 : members) * lab_mnist1d_cost(rows, width, epochs),
                    (const double[4]){h, k, width}, "width%03.0f-%s-seed%llu", h,
                    k == ONE ? "one" : "ensemble", (unsigned long long)seed));
            }
    return TREN_OK;
}

static tren_status prepare(const tren_lab *lab) {
    return lab_mnist1d_make(lab, tren_lab_int(lab, "rows"));
}

typedef struct together {
    double *sum;
    const char *data;
    tren_status status;
} together;

static void add(void *ctx, const tren_graph *graph, const real *value) {
    together *t = ctx;
    t->status = lab_add_probabilities(t->sum, t->data, TREN_TEST, graph, value);
}

/* A row after each member: the error of all so far together, and of this one alone. */
static tren_status train_members(const tren_lab *lab, tren_comm *group, const tren_lab_point *p,
                                 tren_table *rows, double *sum) {
    int n = p->at[1] == ONE ? 1 : tren_lab_int(lab, "members");
    for (int m = 0; m < n; m++) {
        tren_config config;
        lab_outcome out;
        double error = NAN;
        TREN_TRY(lab_mnist1d_config(&config, lab, p->seed, tren_lab_int(lab, "rows"), (int)p->at[2],
                                    tren_lab_int(lab, "epochs")));
        config.seed = p->seed + 1000 * (uint64_t)m;
        together t = {.sum = sum, .data = config.data};
        lab_watch watch = {.finished = add, .ctx = &t};
        TREN_TRY(lab_train(&out, lab, group, &config, &watch));
        if (t.status == TREN_OK && group->rank == 0)
            t.status = lab_error_of(&error, sum, config.data, TREN_TEST);
        TREN_TRY(tren_comm_agree(group, t.status));
        TREN_TRY(
            tren_table_add(rows, (const double[]){p->at[0], p->at[1], p->at[2], (double)p->seed,
                                                  m + 1, error, out.test_error}));
    }
    return TREN_OK;
}

static tren_status point(const tren_lab *lab, tren_comm *group, const tren_lab_point *p,
                         tren_table *rows) {
    enum { CLASSES = 10 };
    double *sum;
    size_t n = (size_t)tren_lab_int(lab, "test_rows") * CLASSES;
    TREN_TRY(tren_comm_agree(group, tren_alloc(&sum, n, sizeof *sum, "an ensemble")));
    tren_status st = train_members(lab, group, p, rows, sum);
    free(sum);
    return st;
}

/* Where one network is worst. */
static double peak_width(const tren_table *curve) {
    return lab_find_peak(curve, "width", "alone", 20, 150).x;
}

static tren_status judge(const tren_lab *lab, const tren_table *points, tren_table *curve,
                         tren_verdict *v) {
    const tren_lab_values *widths = tren_lab_list(lab, "widths");
    int n = tren_lab_int(lab, "members");
    for (int i = 0; i < widths->n; i++) {
        double h = widths->at[i];
        TREN_TRY(tren_table_add(
            curve,
            (const double[]){
                h, tren_table_mean(points, "alone", TREN_WHERE({"width", h}, {"kind", ENSEMBLE})),
                tren_table_mean(points, "together",
                                TREN_WHERE({"width", h}, {"kind", ENSEMBLE}, {"members", n})),
                tren_table_mean(points, "alone", TREN_WHERE({"width", h}, {"kind", ONE}))}));
    }
    double h = peak_width(curve), alone = lab_find_peak(curve, "width", "alone", h, h).y,
           voting = lab_find_peak(curve, "width", "together", h, h).y,
           one = lab_find_peak(curve, "width", "one", h, h).y;
    tren_verdict_add(v, voting <= 0.9 * alone,
                     "at the peak, width %.0f, %d networks together have an error of %.3f and one "
                     "of them alone %.3f: %.2f times (threshold: at most 0.90)",
                     "en el pico, anchura %.0f, %d redes juntas tienen un error de %.3f y una sola "
                     "de ellas de %.3f: %.2f veces (umbral: 0.90 como máximo)",
                     h, n, voting, alone, voting / alone);
    tren_verdict_add(
        v, voting <= one,
        "together they are at least as good as one network with as many parameters, of width %d: "
        "%.3f",
        "juntas no son peores que una sola red con tantos parámetros, de anchura %d: %.3f",
        width_of_one(h, n), one);
    return TREN_OK;
}

const tren_experiment tren_lab_n1 = {
    .name = "N1",
    .figure = {"Fig. 9.9 and ensembles", "Fig. 9.9 y ensembles"},
    .title = {"Several networks together, or one as large as all of them",
              "Varias redes juntas, o una tan grande como todas ellas"},
    .question = {"At the peak of double descent, is it better to enlarge the network, or to train "
                 "several networks and average their answers?",
                 "En el pico del doble descenso, ¿es mejor agrandar la red o entrenar varias y "
                 "promediar sus respuestas?"},
    .setting = {"The networks of W1, h = {widths}. For each width {members} networks are trained "
                "on the same {rows} training rows, with different initial weights and the rows in "
                "a different order; {noise%} of the labels were replaced at random; {epochs} "
                "epochs, learning rate {rate}, {test_rows} test rows. The probabilities of the "
                "networks are averaged. They are compared with one network that has as many "
                "parameters as all of them. Means over {seeds}.",
                "Las redes de W1, h = {widths}. Con cada anchura se entrenan {members} redes sobre "
                "las mismas {rows} muestras de entrenamiento, con otros pesos iniciales y las "
                "muestras en otro orden; el {noise%} de las etiquetas se ha reasignado al azar; "
                "{epochs} épocas, tasa de aprendizaje {rate}, {test_rows} muestras de test. Se "
                "promedian las probabilidades de las redes. Se comparan con una sola red que tiene "
                "tantos parámetros como todas ellas. Medias sobre {seeds}."},
    .param = {{.name = "widths",
               .what = {"widths h of both hidden layers", "anchuras h de ambas capas ocultas"},
               .full = TREN_LAB_VALUES_OF(12, 27, 47, 80),
               .quick = TREN_LAB_VALUES_OF(27, 47),
               .low = 1,
               .high = 1000,
               .whole = true,
               .list = true},
              {.name = "members",
               .what = {"networks in an ensemble", "redes de un ensemble"},
               .full = TREN_LAB_VALUES_OF(8),
               .quick = TREN_LAB_VALUES_OF(4),
               .low = 1,
               .high = 64,
               .whole = true},
              {.name = "epochs",
               .what = {"epochs of each training", "épocas de cada entrenamiento"},
               .full = TREN_LAB_VALUES_OF(500),
               .quick = TREN_LAB_VALUES_OF(100),
               .low = 1,
               .high = 1e6,
               .whole = true},
              {.name = "rows",
               .what = {"training rows", "muestras de entrenamiento"},
               .full = TREN_LAB_VALUES_OF(4000),
               .low = 10,
               .high = 1000000,
               .whole = true},
              LAB_MNIST1D_PARAMS},
    .look_for =
        {"Networks at the peak have memorized the wrong labels, each in its own way. Their errors "
         "differ by chance, so the average removes many of them: the peak is mostly variance.",
         "Las redes en el pico han memorizado las etiquetas erróneas, cada una a su manera. Sus "
         "errores difieren por azar, y el promedio elimina muchos de ellos: el pico es sobre todo "
         "varianza."},
    .max_ranks = 1,
    .seeds = 5,
    .quick_seeds = 1,
    .seconds = 90,
    .quick_seconds = 5,
    .columns = "width,kind,trained_width,seed,members,together,alone",
    .plan = plan,
    .prepare = prepare,
    .point = point,
    .judge = judge,
    .curve = "width,alone,together,one",
    .panel =
        {{.title = {"Error on the test part", "Error en el conjunto de test"},
          .x = {"width h of both hidden layers", "anchura h de ambas capas ocultas"},
          .y = {"share of wrong answers", "proporción de respuestas erróneas"},
          .log_x = true,
          .series = {{"width", "alone", .label = {"one network", "una red"}, .colour = 0},
                     {"width", "together", .label = {"all together", "todas juntas"}, .colour = 2},
                     {"width", "one", .label = {"one as large as all", "una tan grande como todas"},
                      .colour = 1}}}},
};
