/* R1: what early stopping leaves of W2's double descent. It judges the points of W2, where each run
 * has tested its last weights and those with the lowest validation loss. */
#include "lab/experiments.h"
#include "lab/w2.h"

#include <math.h>

static tren_status draw(const tren_lab *lab, const tren_table *points, tren_table *curve) {
    const tren_lab_values *widths = tren_lab_list(lab, "widths");
    for (int i = 0; i < widths->n; i++) {
        double h = widths->at[i];
        const tren_where *here = TREN_WHERE({"width", h});
        double row[] = {h,
                        lab_w2_parameters((int)h),
                        tren_table_mean(points, "test_error", here),
                        tren_table_mean(points, "stopped_error", here),
                        tren_table_sd(points, "stopped_error", here),
                        tren_table_mean(points, "test_loss", here),
                        tren_table_mean(points, "stopped_loss", here),
                        tren_table_quantile(points, "best_epoch", here, 0.5)};
        TREN_TRY(tren_table_add(curve, row));
    }
    return TREN_OK;
}

enum { FROM = 10 }; /* smaller networks lack units, whenever they stop */

/* The largest rise above the least error of a narrower network. */
static lab_peak largest_rise(const tren_table *curve, const char *column) {
    double least = INFINITY;
    lab_peak rise = {NAN, 0};
    for (int i = 0; i < curve->n_rows; i++) {
        double x = tren_table_get(curve, i, "width"), y = tren_table_get(curve, i, column);
        if (x < FROM || isnan(y)) continue;
        if (y - least > rise.y) rise = (lab_peak){x, y - least};
        least = fmin(least, y);
    }
    return rise;
}

static void judge_stopped(const tren_table *curve, tren_verdict *v) {
    lab_peak stopped = largest_rise(curve, "stopped_error");
    tren_verdict_add(
        v, stopped.y <= 0.02,
        "when stopped at the lowest validation loss, networks of width %d and more have no peak: "
        "none is more than %.1f points above a narrower one (threshold: at most 2.0)",
        "detenidas en la menor pérdida de validación, las redes de anchura %d o más no tienen "
        "pico: ninguna supera a otra más estrecha en más de %.1f puntos de error (umbral: 2.0 como "
        "máximo)",
        FROM, 100 * stopped.y);
}

static void judge_gain(const tren_table *curve, tren_verdict *v) {
    lab_w2_shape last = lab_w2_find(curve, "test_error");
    double of_right = 1.5, asked = 8;
    tren_verdict_add(
        v, last.peak.y >= of_right * last.right.y && last.peak.y >= 1.08 * last.left.y,
        "the last weights of the same runs do have a peak: error %.3f at width %.0f, between %.3f "
        "before it and %.3f for the widest network (threshold: at least 1.08 and %.2f times)",
        "los últimos pesos de las mismas ejecuciones sí tienen un pico: error de %.3f con la "
        "anchura "
        "%.0f, entre %.3f antes y %.3f en la red más ancha (umbral: al menos 1.08 y %.2f veces)",
        last.peak.y, last.peak.x, last.left.y, last.right.y, of_right);
    double stopped = lab_find_peak(curve, "width", "stopped_error", last.peak.x, last.peak.x).y;
    tren_verdict_add(v, 100 * (last.peak.y - stopped) >= asked,
                     "at that width, stopping early reduces the error by %.1f points, to %.3f "
                     "(threshold: at least %.1f)",
                     "con esa anchura, parar a tiempo reduce el error en %.1f puntos, hasta %.3f "
                     "(umbral: al menos %.1f)",
                     100 * (last.peak.y - stopped), stopped, asked);
}

static void tell_epochs(const tren_table *curve, tren_verdict *v) {
    lab_w2_shape last = lab_w2_find(curve, "test_error");
    lab_peak here = lab_find_peak(curve, "width", "best_epoch", last.peak.x, last.peak.x),
             right = lab_find_peak(curve, "width", "best_epoch", last.right.x, last.right.x);
    tren_verdict_tell(
        v, "epoch of the lowest validation loss (median): %.0f at width %.0f, %.0f at width %.0f",
        "época de la menor pérdida de validación (mediana): la %.0f con la anchura %.0f, la %.0f "
        "con la "
        "anchura %.0f",
        here.y, here.x, right.y, right.x);
}

static tren_status judge(const tren_lab *lab, const tren_table *points, tren_table *curve,
                         tren_verdict *v) {
    TREN_TRY(draw(lab, points, curve));
    judge_stopped(curve, v);
    judge_gain(curve, v);
    tell_epochs(curve, v);
    return TREN_OK;
}

#define WIDTH_AXIS                                                                                 \
    { "width H of the hidden layer", "anchura H de la capa oculta" }

const tren_experiment tren_lab_r1 = {
    .name = "R1",
    .figure = {"Early stopping", "Parada temprana"},
    .title = {"Early stopping and the peak", "La parada temprana y el pico"},
    .question =
        {"What is left of double descent when each network is stopped at its lowest validation "
         "loss?",
         "¿Qué queda del doble descenso si cada red se detiene en su menor pérdida de validación?"},
    .setting = {"The runs of W2: {rows} images, H = {widths}, {epochs} epochs, {seeds}. "
                "{validation_rows} further images with true labels are used for validation only. "
                "Each run is tested twice: with its last weights, and with the weights of the "
                "epoch that has the lowest validation loss.",
                "Las ejecuciones de W2: {rows} imágenes, H = {widths}, {epochs} épocas, {seeds}. "
                "Otras {validation_rows} imágenes, con sus etiquetas verdaderas, sirven solo de "
                "validación. Cada ejecución se prueba dos veces: con sus últimos pesos y con los "
                "de la época de menor pérdida de validación."},
    .look_for =
        {"The peak appears because the network memorizes wrong labels, and this takes many epochs. "
         "Networks that stop early do not memorize them: then wide networks are no worse than "
         "narrow ones. Early stopping has two costs: the validation images cannot be used for "
         "training, and minimizing the loss is no longer separate from avoiding overfitting.",
         "El pico aparece porque la red memoriza las etiquetas erróneas, y eso lleva muchas "
         "épocas. Las redes que se detienen pronto no las memorizan: entonces las anchas no son "
         "peores que las estrechas. La parada temprana tiene dos costes: las imágenes de "
         "validación no se usan para entrenar, y minimizar la pérdida deja de estar separado de "
         "evitar el sobreajuste."},
    .points_of = &tren_lab_w2,
    .wants_data = true,
    .max_ranks = 1,
    .seconds = 300,
    .quick_seconds = 10,
    .judge = judge,
    .curve = "width,parameters,test_error,stopped_error,stopped_error_sd,test_loss,stopped_loss,"
             "best_epoch",
    .panel =
        {{.title = {"Error on the test part", "Error en el conjunto de test"},
          .x = WIDTH_AXIS,
          .y = {"share of wrong answers", "proporción de respuestas erróneas"},
          .log_x = true,
          .series = {{.x = "width",
                      .y = "test_error",
                      .label = {"after the last epoch", "tras la última época"},
                      .colour = 0},
                     {.x = "width",
                      .y = "stopped_error",
                      .label = {"lowest validation loss", "menor pérdida de validación"},
                      .colour = 2},
                     {.x = "width",
                      .y = "test_error",
                      .mark = TREN_MARK_POINTS,
                      .colour = 0,
                      .from_points = true},
                     {.x = "width",
                      .y = "stopped_error",
                      .mark = TREN_MARK_POINTS,
                      .colour = 2,
                      .from_points = true}}},
         {.title = {"Epoch with the lowest validation loss",
                    "Época con la menor pérdida de validación"},
          .x = WIDTH_AXIS,
          .y = {"epoch", "época"},
          .log_x = true,
          .log_y = true,
          .series = {{.x = "width", .y = "best_epoch", .label = {"median", "mediana"}, .colour = 2},
                     {.x = "width",
                      .y = "best_epoch",
                      .mark = TREN_MARK_POINTS,
                      .colour = 2,
                      .from_points = true}}}},
};
