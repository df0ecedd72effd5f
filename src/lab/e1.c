/* E1: double descent over epochs of a linear model with fast and slow features, after R. Heckel and
 * F. F. Yilmaz, "Early stopping in deep networks: double descent and how to eliminate it" (arXiv
 * 2007.10099). */
#include "lab/experiments.h"
#include "base/series.h"
#include "lab/training.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FAST = 40, SLOW = 5, N = FAST + SLOW };

typedef struct model {
    int rows, trials, steps;
    double rate, sigma, slow; /* the scale of the slow features */
} model;

static model model_of(const tren_lab *lab) {
    return (model){.rows = tren_lab_int(lab, "rows"),
                   .trials = tren_lab_int(lab, "trials"),
                   .steps = tren_lab_int(lab, "steps"),
                   .rate = tren_lab_number(lab, "rate"),
                   .sigma = tren_lab_number(lab, "noise"),
                   .slow = tren_lab_number(lab, "slow")};
}

static double scale_of(const model *m, int i) {
    return i < FAST ? 1 : m->slow;
}
static double target_of(int i) {
    return i < FAST ? 0.0707 : 6.93;
}

enum { ORTHOGONAL, GAUSSIAN, N_DESIGNS };

/* The normal equations of a trial: H = X^T X / n and c = X^T y / n. Of an orthogonal design H is
 * diagonal and X^T e / n has independent normal elements: they are drawn as such. */
static void draw_orthogonal(double *h, double *c, const model *m, const tren_rng *rng) {
    memset(h, 0, (size_t)N * N * sizeof *h);
    for (int i = 0; i < N; i++) {
        double s = scale_of(m, i),
               noise = s * m->sigma / sqrt(m->rows) * tren_rng_normal(rng, (uint32_t)i);
        h[i * N + i] = s * s;
        c[i] = s * s * target_of(i) + noise;
    }
}

static void draw_gaussian(double *h, double *c, double *x, const model *m, const tren_rng *rng) {
    memset(c, 0, N * sizeof *c);
    for (int r = 0; r < m->rows; r++) {
        uint32_t first = (uint32_t)(r * (N + 1));
        double y = m->sigma * tren_rng_normal(rng, first + N);
        for (int i = 0; i < N; i++) {
            x[r * N + i] = scale_of(m, i) * tren_rng_normal(rng, first + (uint32_t)i);
            y += x[r * N + i] * target_of(i);
        }
        for (int i = 0; i < N; i++) c[i] += x[r * N + i] * y / m->rows;
    }
    tren_dgemm(h, x, x, (tren_gemm_shape){.m = N, .n = N, .k = m->rows, .ta = true}, 1.0 / m->rows,
               0);
}

static double excess(const double *w, const model *m) {
    double sum = 0;
    for (int i = 0; i < N; i++) {
        double off = scale_of(m, i) * (w[i] - target_of(i));
        sum += off * off;
    }
    return sum;
}

static void descend(double *w, const double *h, const double *c, double rate) {
    double gradient[N];
    for (int i = 0; i < N; i++) {
        double sum = -c[i];
        for (int j = 0; j < N; j++) sum += h[i * N + j] * w[j];
        gradient[i] = sum;
    }
    for (int i = 0; i < N; i++) w[i] -= rate * gradient[i];
}

/* The steps that are recorded: every one to 20, then about 25 a decade. */
static int next_record(int k) {
    int more = (int)(k * 1.1);
    return k < 20 || more == k ? k + 1 : more;
}

static double closed_form(const model *m, uint64_t k) {
    double sum = 0;
    for (int i = 0; i < N; i++) {
        double s2 = scale_of(m, i) * scale_of(m, i), t = target_of(i),
               left = series_power(1 - m->rate * s2, k);
        sum += s2 * t * t * left * left + m->sigma * m->sigma / m->rows * (1 - left) * (1 - left);
    }
    return sum;
}

enum { MAX_RECORDS = 512 };

static tren_status run_trials(double *mean, const model *m, int design, uint64_t seed) {
    double *h = NULL, *x = NULL, c[N];
    tren_status st = TREN_OK;
    TREN_GOTO(tren_alloc(&h, (size_t)N * N, sizeof *h, "a regression"));
    TREN_GOTO(tren_alloc(&x, (size_t)m->rows * N, sizeof *x, "a regression"));
    for (int t = 0; t < m->trials; t++) {
        tren_rng rng = tren_rng_open(seed, TREN_RNG_MAKE, 0, (uint32_t)design, (uint32_t)t);
        if (design == ORTHOGONAL)
            draw_orthogonal(h, c, m, &rng);
        else
            draw_gaussian(h, c, x, m, &rng);
        double w[N] = {0};
        for (int k = 0, record = 0, i = 0; k <= m->steps && i < MAX_RECORDS; k++) {
            if (k == record) {
                mean[i++] += excess(w, m) / m->trials;
                record = next_record(k);
            }
            descend(w, h, c, m->rate);
        }
    }
done:
    free(h);
    free(x);
    return st;
}

static tren_status plan(tren_lab *lab) {
    static const char *const name[] = {"orthogonal", "gaussian"};
    for (int s = 0; s < lab->options->seeds; s++)
        for (int d = 0; d < N_DESIGNS; d++) {
            uint64_t seed = lab->options->first_seed + (uint64_t)s;
            TREN_TRY(tren_lab_add(lab, seed, 1, (const double[4]){d}, "%s-seed%llu", name[d],
                                  (unsigned long long)seed));
        }
    return TREN_OK;
}

static tren_status point(const tren_lab *lab, tren_comm *group, const tren_lab_point *p,
                         tren_table *rows) {
    double mean[MAX_RECORDS] = {0};
    model m = model_of(lab);
    TREN_TRY(tren_comm_agree(group, run_trials(mean, &m, (int)p->at[0], p->seed)));
    for (int k = 0, i = 0; k <= m.steps; k = next_record(k), i++)
        TREN_TRY(tren_table_add(rows, (const double[]){p->at[0], (double)p->seed, k, mean[i]}));
    return TREN_OK;
}

/* A curve falls, rises and falls again: its extremes. */
typedef struct extremes {
    lab_peak first, peak, last;
} extremes;

static extremes extremes_of(const tren_table *curve, const char *column) {
    return (extremes){lab_find_least(curve, "step", column, 0, 20),
                      lab_find_peak(curve, "step", column, 10, 1000),
                      lab_find_least(curve, "step", column, 1000, 1e9)};
}

static void judge_at(tren_verdict *v, const tren_table *curve, const char *column, double allowed,
                     const char *en, const char *es) {
    extremes c = extremes_of(curve, column), theory = extremes_of(curve, "closed_form");
    lab_peak first = c.first, peak = c.peak, last = c.last;
    bool close = fabs(first.y / theory.first.y - 1) <= allowed &&
                 fabs(peak.y / theory.peak.y - 1) <= allowed &&
                 fabs(last.y / theory.last.y - 1) <= allowed;
    char text[2][TREN_CLAIM_TEXT];
    snprintf(text[0], TREN_CLAIM_TEXT,
             "%s: smallest risk in the first 20 steps: %.3f (step %.0f); largest between steps 10 "
             "and 1000: %.3f (step %.0f); smallest after step 1000: %.3f (step %.0f). Theory: "
             "%.3f, %.3f, %.3f; threshold: within %.0f %%",
             en, first.y, first.x, peak.y, peak.x, last.y, last.x, theory.first.y, theory.peak.y,
             theory.last.y, 100 * allowed);
    snprintf(text[1], TREN_CLAIM_TEXT,
             "%s: menor riesgo en los 20 primeros pasos: %.3f (paso %.0f); mayor entre los pasos "
             "10 y 1000: %.3f (paso %.0f); menor después del paso 1000: %.3f (paso %.0f). Teoría: "
             "%.3f, %.3f, %.3f; umbral: diferencia del %.0f %% como máximo",
             es, first.y, first.x, peak.y, peak.x, last.y, last.x, theory.first.y, theory.peak.y,
             theory.last.y, 100 * allowed);
    tren_verdict_add_text(v, close, text[0], text[1]);
}

static tren_status judge(const tren_lab *lab, const tren_table *points, tren_table *curve,
                         tren_verdict *v) {
    (void)lab;
    model m = model_of(lab);
    for (int k = 0; k <= m.steps; k = next_record(k)) {
        double row[] = {k, NAN, NAN, closed_form(&m, (uint64_t)k)};
        for (int d = 0; d < N_DESIGNS; d++)
            row[1 + d] = tren_table_mean(points, "risk", TREN_WHERE({"design", d}, {"step", k}));
        TREN_TRY(tren_table_add(curve, row));
    }
    judge_at(v, curve, "orthogonal", 0.1, "orthogonal design", "diseño ortogonal");
    judge_at(v, curve, "gaussian", 0.25, "Gaussian design", "diseño gaussiano");
    return TREN_OK;
}

const tren_experiment tren_lab_e1 = {
    .name = "E1",
    .figure = {"Fig. 9.10", "Fig. 9.10"},
    .title = {"Double descent over epochs: linear regression",
              "Doble descenso según las épocas: regresión lineal"},
    .question = {"Why can the test error fall, rise and fall again during one training?",
                 "¿Por qué puede el error de test bajar, subir y volver a bajar en un mismo "
                 "entrenamiento?"},
    .setting =
        {"Gradient descent on a linear model with {rows} training rows and noise of standard "
         "deviation {noise}. 40 features have scale 1 and a small weight in the target; 5 features "
         "have scale {slow} and a large weight. Learning rate {rate}, {steps} steps; {trials} "
         "trials for each seed ({seeds}).",
         "Descenso de gradiente en un modelo lineal con {rows} muestras de entrenamiento y ruido "
         "de desviación típica {noise}. 40 características tienen escala 1 y un peso pequeño en la "
         "respuesta; 5 características tienen escala {slow} y un peso grande. Tasa de aprendizaje "
         "{rate}, {steps} pasos; {trials} ensayos con cada semilla ({seeds})."},
    .param = {{.name = "noise",
               .what = {"standard deviation of the noise", "desviación típica del ruido"},
               .full = TREN_LAB_VALUES_OF(2),
               .low = 0,
               .high = 100},
              {.name = "slow",
               .what = {"scale of the slow features", "escala de las características lentas"},
               .full = TREN_LAB_VALUES_OF(0.05),
               .low = 0.001,
               .high = 1},
              {.name = "rate",
               .what = {"learning rate", "tasa de aprendizaje"},
               .full = TREN_LAB_VALUES_OF(0.1),
               .low = 0.0001,
               .high = 1},
              {.name = "steps",
               .what = {"steps of gradient descent", "pasos de descenso de gradiente"},
               .full = TREN_LAB_VALUES_OF(30000),
               .low = 100,
               .high = 1000000.0,
               .whole = true},
              {.name = "rows",
               .what = {"training rows", "muestras de entrenamiento"},
               .full = TREN_LAB_VALUES_OF(400),
               .low = 50,
               .high = 10000.0,
               .whole = true},
              {.name = "trials",
               .what = {"trials for each seed", "ensayos con cada semilla"},
               .full = TREN_LAB_VALUES_OF(100),
               .low = 1,
               .high = 10000.0,
               .whole = true}},
    .look_for = {"The fast features first learn the signal and then the noise: this gives the "
                 "first minimum and the rise. The slow features need many more steps; when they "
                 "are learned, the risk falls a second time.",
                 "Las características rápidas aprenden primero la señal y luego el ruido: de ahí "
                 "el primer mínimo y la subida. Las lentas necesitan muchos más pasos; cuando se "
                 "aprenden, el riesgo baja por segunda vez."},
    .wants_double = true,
    .max_ranks = 1,
    .seeds = 3,
    .quick_seeds = 1,
    .seconds = 15,
    .quick_seconds = 5,
    .columns = "design,seed,step,risk",
    .plan = plan,
    .point = point,
    .judge = judge,
    .curve = "step,orthogonal,gaussian,closed_form",
    .panel = {{.title = {"Excess test risk", "Exceso de riesgo de test"},
               .x = {"steps of gradient descent", "pasos de descenso de gradiente"},
               .y = {"expected squared error without the noise",
                     "error cuadrático esperado, sin el ruido"},
               .log_x = true,
               .series = {{"step", "orthogonal", .label = {"orthogonal design", "diseño ortogonal"},
                           .mark = TREN_MARK_CURVE, .colour = 0},
                          {"step", "gaussian", .label = {"Gaussian design", "diseño gaussiano"},
                           .mark = TREN_MARK_CURVE, .colour = 1},
                          {"step", "closed_form", .label = {"closed form", "fórmula cerrada"},
                           .mark = TREN_MARK_DASHED, .colour = 5}}}},
};
