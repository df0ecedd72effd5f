#include "tren/optim.h"
#include "base/series.h"

#include <math.h>

static double cosine(double done, double final_factor) {
    if (done > 1) done = 1;
    return final_factor +
           (1 - final_factor) * 0.5 * (1 + series_cos(3.14159265358979323846 * done));
}

static double factor(const tren_config *c, int64_t t, int epoch, int64_t total) {
    int64_t warmup = c->schedule.warmup_steps;
    switch ((tren_schedule_id)c->schedule.name) {
    case TREN_SCHEDULE_STEP:
        return series_power(c->schedule.gamma, (uint64_t)(epoch / c->schedule.period));
    case TREN_SCHEDULE_COSINE:
        return total > warmup ? cosine((double)(t - warmup) / (double)(total - warmup),
                                       c->schedule.final_factor)
                              : 1;
    case TREN_SCHEDULE_SQRT:
        return 1 / sqrt(1 + (double)(t / c->schedule.period));
    case TREN_SCHEDULE_INVERSE_SQRT:
        return sqrt((double)(warmup > 0 ? warmup : 1) / (double)(t + 1));
    case TREN_SCHEDULE_CONSTANT:
        break;
    }
    return 1;
}

double tren_learning_rate(const tren_config *c, int64_t t, int epoch, int64_t total) {
    int64_t warmup = c->schedule.warmup_steps;
    double rate = c->optimizer.learning_rate;
    if (t < warmup) return rate * (double)(t + 1) / (double)warmup;
    return rate * factor(c, t, epoch, total);
}
