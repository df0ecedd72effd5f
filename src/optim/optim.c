#include "tren/optim.h"

extern const tren_optimizer tren_optimizer_sgd, tren_optimizer_momentum, tren_optimizer_nesterov,
    tren_optimizer_adam, tren_optimizer_adamw, tren_optimizer_scg;

const tren_optimizer *const tren_optimizers[] = {&tren_optimizer_sgd,
                                                 &tren_optimizer_momentum,
                                                 &tren_optimizer_nesterov,
                                                 &tren_optimizer_adam,
                                                 &tren_optimizer_adamw,
                                                 &tren_optimizer_scg,
                                                 NULL};

const tren_optimizer *tren_optimizer_find(const tren_config *config) {
    switch ((tren_optimizer_id)config->optimizer.name) {
    case TREN_ADAM:
        return &tren_optimizer_adam;
    case TREN_ADAMW:
        return &tren_optimizer_adamw;
    case TREN_SCG:
        return &tren_optimizer_scg;
    case TREN_SGD:
        break;
    }
    if (config->optimizer.momentum == 0) return &tren_optimizer_sgd;
    return config->optimizer.nesterov ? &tren_optimizer_nesterov : &tren_optimizer_momentum;
}

double tren_clip_scale(double clip, double norm) {
    if (clip == 0) return 1;
    double scale = clip / (norm + 1e-6);
    return scale < 1 ? scale : 1;
}
