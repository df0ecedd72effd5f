/* P1: what makes the peak of double descent: small singular values of the training rows, test
 * points outside of what those rows span well, and noise in the targets. Without any one of them
 * there is none (R. Schaeffer et al., "Double descent demystified", arXiv 2303.14151, 2023). */
#include "lab/experiments.h"
#include "lab/least_squares.h"
#include "lab/regression.h"
#include "lab/training.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PLAIN, TRUNCATED, PROJECTED, NOISELESS, N_KINDS };
static const char *const column[N_KINDS] = {"plain", "truncated", "projected", "noiseless"};

/* Room for a trial of n rows and d features. */
typedef struct trial {
    lab_regression q;
    double cutoff; /* of the eigenvalues of x^T x, of the largest */
    double *x, *y, *gram, *copy, *right, *w;
} trial;

static void close_trial(trial *t) {
    double *const all[] = {t->x, t->y, t->gram, t->copy, t->right, t->w};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

static tren_status open_trial(trial *t) {
    size_t n = (size_t)t->q.n, d = (size_t)t->q.d;
    TREN_TRY(tren_alloc(&t->x, n * d, sizeof *t->x, "a regression"));
    TREN_TRY(tren_alloc(&t->y, n, sizeof *t->y, "a regression"));
    TREN_TRY(tren_alloc(&t->gram, d * d, sizeof *t->gram, "a regression"));
    TREN_TRY(tren_alloc(&t->copy, d * d, sizeof *t->copy, "a regression"));
    TREN_TRY(tren_alloc(&t->right, d, sizeof *t->right, "a regression"));
    return tren_alloc(&t->w, d, sizeof *t->w, "a regression");
}

static tren_status solve(trial *t, double cutoff) {
    int d = t->q.d;
    memcpy(t->copy, t->gram, (size_t)d * d * sizeof *t->copy);
    return tren_symmetric_solve(t->w, t->copy, t->right, d, 1, cutoff);
}

/* x^T x and x^T y of the trial's rows. */
static void draw(trial *t, uint64_t seed, int number) {
    int n = t->q.n, d = t->q.d;
    lab_regression_draw(t->x, t->y, &t->q, seed, (uint32_t)number);
    tren_dgemm(t->gram, t->x, t->x, (tren_gemm_shape){.m = d, .n = d, .k = n, .ta = true}, 1, 0);
    tren_dgemm(t->right, t->x, t->y, (tren_gemm_shape){.m = d, .n = 1, .k = n, .ta = true}, 1, 0);
}

/* The part of w - b that test points see which lie in the span of the leading singular vectors:
 * with A = x^T x it is A+ A (w - b), A+ without the small eigenvalues. */
static tren_status project(double *risk, trial *t) {
    int d = t->q.d;
    double b = 1 / sqrt(d), sum = 0;
    for (int j = 0; j < d; j++) t->w[j] -= b;
    tren_dgemm(t->right, t->gram, t->w, (tren_gemm_shape){.m = d, .n = 1, .k = d}, 1, 0);
    TREN_TRY(solve(t, t->cutoff));
    for (int j = 0; j < d; j++) sum += t->w[j] * t->w[j];
    *risk = sum;
    return TREN_OK;
}

static tren_status run_trial(double risk[N_KINDS], trial *t, uint64_t seed, int number) {
    double s2 = t->q.s2;
    draw(t, seed, number);
    TREN_TRY(solve(t, t->cutoff));
    risk[TRUNCATED] = lab_regression_excess(t->w, &t->q);
    TREN_TRY(solve(t, LAB_CUTOFF));
    risk[PLAIN] = lab_regression_excess(t->w, &t->q);
    TREN_TRY(project(&risk[PROJECTED], t));
    t->q.s2 = 0;
    draw(t, seed, number);
    t->q.s2 = s2;
    TREN_TRY(solve(t, LAB_CUTOFF));
    risk[NOISELESS] = lab_regression_excess(t->w, &t->q);
    return TREN_OK;
}

static tren_status run_trials(double mean[N_KINDS], const tren_lab *lab, int n, uint64_t seed) {
    int d = tren_lab_int(lab, "features"), trials = tren_lab_int(lab, "trials");
    double noise = tren_lab_number(lab, "noise"), small = tren_lab_number(lab, "cutoff");
    trial t = {.q = {.n = n, .d = d, .p = d, .s2 = noise * noise}, .cutoff = small * small};
    tren_status st = open_trial(&t);
    for (int k = 0; k < N_KINDS; k++) mean[k] = 0;
    for (int i = 0; i < trials && st == TREN_OK; i++) {
        double risk[N_KINDS] = {0};
        st = run_trial(risk, &t, seed, i);
        for (int k = 0; k < N_KINDS; k++) mean[k] += risk[k] / trials;
    }
    close_trial(&t);
    return st;
}

static tren_status plan(tren_lab *lab) {
    const tren_lab_values *rows = tren_lab_list(lab, "rows");
    for (int s = 0; s < lab->options->seeds; s++)
        for (int i = 0; i < rows->n; i++) {
            uint64_t seed = lab->options->first_seed + (uint64_t)s;
            TREN_TRY(tren_lab_add(lab, seed, 100 + rows->at[i], (const double[4]){rows->at[i]},
                                  "rows%04.0f-seed%llu", rows->at[i], (unsigned long long)seed));
        }
    return TREN_OK;
}

static tren_status point(const tren_lab *lab, tren_comm *group, const tren_lab_point *p,
                         tren_table *rows) {
    double risk[N_KINDS];
    TREN_TRY(tren_comm_agree(group, run_trials(risk, lab, (int)p->at[0], p->seed)));
    return tren_table_add(
        rows, (const double[]){p->at[0], (double)p->seed, risk[0], risk[1], risk[2], risk[3]});
}

/* At as many rows as features, over the larger of half and of twice as many rows. */
static double height(const tren_table *curve, const char *name, double d) {
    double at = lab_find_peak(curve, "rows", name, d, d).y,
           left = lab_find_peak(curve, "rows", name, d / 2, d / 2).y,
           right = lab_find_peak(curve, "rows", name, 2 * d, 2 * d).y;
    return at / (left + right - fmin(left, right));
}

static tren_status judge(const tren_lab *lab, const tren_table *points, tren_table *curve,
                         tren_verdict *v) {
    const tren_lab_values *rows = tren_lab_list(lab, "rows");
    double d = tren_lab_number(lab, "features");
    for (int i = 0; i < rows->n; i++) {
        double row[1 + N_KINDS] = {rows->at[i]};
        for (int k = 0; k < N_KINDS; k++)
            row[1 + k] =
                tren_table_quantile(points, column[k], TREN_WHERE({"rows", rows->at[i]}), 0.5);
        TREN_TRY(tren_table_add(curve, row));
    }
    double h[N_KINDS];
    for (int k = 0; k < N_KINDS; k++) h[k] = height(curve, column[k], d);
    tren_verdict_add(
        v, h[PLAIN] >= 10,
        "there is a peak where there are as many rows as features: %.1f times the risk with half "
        "and with twice as many rows (the larger of the two; threshold: at least 10)",
        "hay un pico donde hay tantas muestras como características: %.1f veces el riesgo con la "
        "mitad y con el doble de muestras (el mayor de los dos; umbral: al menos 10)",
        h[PLAIN]);
    tren_verdict_add(v, h[TRUNCATED] <= 1.2,
                     "without the small singular values of the training rows: %.2f times "
                     "(threshold: at most 1.2)",
                     "sin los valores singulares pequeños de las muestras de entrenamiento: %.2f "
                     "veces (umbral: 1.2 como máximo)",
                     h[TRUNCATED]);
    tren_verdict_add(v, h[PROJECTED] <= 1.2,
                     "with test points only in the span of the other singular vectors: %.2f times "
                     "(threshold: at most 1.2)",
                     "con puntos de test solo en el espacio generado por los demás vectores "
                     "singulares: %.2f veces (umbral: 1.2 como máximo)",
                     h[PROJECTED]);
    tren_verdict_add(
        v, h[NOISELESS] <= 1.2, "without noise in the targets: %.2f times (threshold: at most 1.2)",
        "sin ruido en las respuestas: %.2f veces (umbral: 1.2 como máximo)", h[NOISELESS]);
    return TREN_OK;
}

const tren_experiment tren_lab_p1 = {
    .name = "P1",
    .figure = {"Fig. 9.9 and its causes", "Fig. 9.9 y sus causas"},
    .title = {"The causes of the peak", "Las causas del pico"},
    .question = {"The peak of double descent has three causes. Which of them must be removed to "
                 "remove the peak?",
                 "El pico del doble descenso tiene tres causas. ¿Cuáles hay que quitar para que "
                 "desaparezca?"},
    .setting =
        {"Least squares with the smallest norm on {features} independent normal features, with "
         "noise of standard deviation {noise} and n training rows, n = {rows}; {trials} trials for "
         "each seed ({seeds}). In each of three variants one cause is removed: (1) singular values "
         "below {cutoff%} of the largest are dropped; (2) the test points are projected onto the "
         "span of the singular vectors that (1) keeps; (3) the targets have no noise.",
         "Mínimos cuadrados de norma mínima con {features} características normales "
         "independientes, ruido de desviación típica {noise} y n muestras de entrenamiento, n = "
         "{rows}; {trials} ensayos con cada semilla ({seeds}). En cada una de tres variantes se "
         "quita una causa: (1) se descartan los valores singulares inferiores al {cutoff%} del "
         "mayor; (2) los puntos de test se proyectan sobre el espacio generado por los vectores "
         "singulares que conserva (1); (3) las respuestas no tienen ruido."},
    .param = {{.name = "rows",
               .what = {"training rows n", "muestras de entrenamiento n"},
               .full = TREN_LAB_VALUES_OF(5, 10, 15, 20, 25, 30, 35, 38, 40, 42, 45, 48, 50, 52, 55,
                                          58, 60, 65, 70, 80, 100, 150, 200),
               .low = 2,
               .high = 2000,
               .whole = true,
               .list = true},
              {.name = "features",
               .what = {"features", "características"},
               .full = TREN_LAB_VALUES_OF(50),
               .low = 2,
               .high = 500,
               .whole = true},
              {.name = "noise",
               .what = {"standard deviation of the noise", "desviación típica del ruido"},
               .full = TREN_LAB_VALUES_OF(0.5),
               .low = 0,
               .high = 100},
              {.name = "cutoff",
               .what = {"limit for singular values, as a fraction of the largest",
                        "límite de los valores singulares, como fracción del mayor"},
               .full = TREN_LAB_VALUES_OF(0.3),
               .low = 0,
               .high = 1},
              {.name = "trials",
               .what = {"trials for each seed", "ensayos con cada semilla"},
               .full = TREN_LAB_VALUES_OF(50),
               .quick = TREN_LAB_VALUES_OF(20),
               .low = 1,
               .high = 10000,
               .whole = true}},
    .look_for =
        {"All three causes are necessary. Where there are as many rows as features, the training "
         "rows hardly contain some direction: its singular value is small. The noise in the "
         "targets is divided by this singular value, which gives a very large weight. A test point "
         "with a component in that direction then gets a very wrong answer. If any one of the "
         "three is removed, the peak disappears.",
         "Las tres causas son necesarias. Donde hay tantas muestras como características, alguna "
         "dirección apenas aparece en las muestras de entrenamiento: su valor singular es pequeño. "
         "El ruido de las respuestas se divide por ese valor singular y da un peso muy grande. Un "
         "punto de test con una componente en esa dirección recibe entonces una respuesta muy "
         "errónea. Si se quita cualquiera de las tres causas, el pico desaparece."},
    .wants_double = true,
    .max_ranks = 1,
    .seeds = 5,
    .quick_seeds = 1,
    .seconds = 20,
    .quick_seconds = 3,
    .columns = "rows,seed,plain,truncated,projected,noiseless",
    .plan = plan,
    .point = point,
    .judge = judge,
    .curve = "rows,plain,truncated,projected,noiseless",
    .panel =
        {{.title = {"Excess test risk", "Exceso de riesgo de test"},
          .x = {"training rows n", "muestras de entrenamiento n"},
          .y = {"expected squared error without the noise",
                "error cuadrático esperado, sin el ruido"},
          .log_y =
              true,
          .y_low =
              0.01,
          .y_high = 1000,
          .series =
              {{"rows", "plain", .label = {"nothing removed", "sin quitar nada"}, .colour = 0},
               {"rows", "truncated", .label = {"no small singular values", "sin valores pequeños"},
                .colour = 1},
               {"rows",
                "projected", .label = {"test points projected", "puntos de test proyectados"},
                .colour = 2},
               {"rows", "noiseless", .label = {"no noise", "sin ruido"}, .colour = 3}}}},
};
