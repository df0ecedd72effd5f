#include "train/early_stop.h"

#include <math.h>

/* A part of one row has no standard error: then any improvement counts. */
static double margin_of(const tren_config *config, tren_judged judged, size_t i) {
    if (config->early_stopping.rule != TREN_STOP_STANDARD_ERROR)
        return config->early_stopping.min_delta;
    return isfinite(judged.se[i]) ? judged.se[i] : 0;
}

int64_t tren_bad_epochs(const tren_config *config, tren_judged judged) {
    double reset = INFINITY, margin = 0;
    int64_t bad = 0;
    for (size_t i = 0; i < judged.n; i++) {
        bool improved = isfinite(judged.value[i]) && judged.value[i] < reset - margin;
        if (improved) reset = judged.value[i], margin = margin_of(config, judged, i);
        bad = improved ? 0 : bad + 1;
    }
    return bad;
}

size_t tren_best_epoch(tren_judged judged) {
    size_t best = 0;
    for (size_t i = 0; i < judged.n; i++)
        if (isfinite(judged.value[i]) && (best == 0 || judged.value[i] < judged.value[best - 1]))
            best = i + 1;
    return best;
}

static bool far_above_best(tren_judged judged, double percent) {
    size_t best = tren_best_epoch(judged);
    double lowest = best > 0 ? judged.value[best - 1] : INFINITY;
    return 100 * (judged.value[judged.n - 1] / lowest - 1) > percent;
}

static bool rose_over_strips(tren_judged judged, int strips, int strip_epochs) {
    size_t k = (size_t)strip_epochs, n = judged.n;
    if (n % k != 0 || n < k * (size_t)(strips + 1)) return false;
    for (int s = 0; s < strips; s++) {
        size_t end = n - k * (size_t)s;
        if (!(judged.value[end - 1] > judged.value[end - 1 - k])) return false;
    }
    return true;
}

bool tren_early_stop(const tren_config *config, tren_judged judged) {
    if (judged.n == 0 || judged.n < (size_t)config->early_stopping.start_epoch) return false;
    switch ((tren_stop_rule)config->early_stopping.rule) {
    case TREN_STOP_PATIENCE:
    case TREN_STOP_STANDARD_ERROR:
        return tren_bad_epochs(config, judged) >= config->early_stopping.patience;
    case TREN_STOP_GL:
        return far_above_best(judged, config->early_stopping.gl_alpha);
    case TREN_STOP_UP:
        return rose_over_strips(judged, config->early_stopping.up_strips,
                                config->early_stopping.strip_epochs);
    case TREN_STOP_NONE:
        break;
    }
    return false;
}
