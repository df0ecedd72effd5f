#include "train/early_stop.h"

#include <math.h>

int64_t tren_bad_epochs(const double *loss, size_t n, double min_delta) {
    double reset = INFINITY;
    int64_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        bool improved = isfinite(loss[i]) && loss[i] < reset - min_delta;
        if (improved) reset = loss[i];
        bad = improved ? 0 : bad + 1;
    }
    return bad;
}

static double best_of(const double *loss, size_t n) {
    double best = INFINITY;
    for (size_t i = 0; i < n; i++)
        if (isfinite(loss[i])) best = fmin(best, loss[i]);
    return best;
}

static bool rose_over_strips(const double *loss, size_t n, int strips, int strip_epochs) {
    size_t k = (size_t)strip_epochs;
    if (n % k != 0 || n < k * (size_t)(strips + 1)) return false;
    for (int s = 0; s < strips; s++) {
        size_t end = n - k * (size_t)s;
        if (!(loss[end - 1] > loss[end - 1 - k])) return false;
    }
    return true;
}

bool tren_early_stop(const tren_config *config, const double *loss, size_t n) {
    if (n == 0 || n < (size_t)config->early_stopping.start_epoch) return false;
    switch ((tren_stop_rule)config->early_stopping.rule) {
    case TREN_STOP_PATIENCE:
        return tren_bad_epochs(loss, n, config->early_stopping.min_delta) >=
               config->early_stopping.patience;
    case TREN_STOP_GL:
        return 100 * (loss[n - 1] / best_of(loss, n) - 1) > config->early_stopping.gl_alpha;
    case TREN_STOP_UP:
        return rose_over_strips(loss, n, config->early_stopping.up_strips,
                                config->early_stopping.strip_epochs);
    case TREN_STOP_NONE:
        break;
    }
    return false;
}
