#include "tren/optim.h"

#include <string.h>

#define DECLARE(id, name, keys) extern const tren_optimizer *const tren_optimizer_##name[];
TREN_OPTIMIZERS(DECLARE)
#undef DECLARE

const tren_optimizer *const *const tren_optimizers[] = {
#define LIST(id, name, keys) [id] = tren_optimizer_##name,
    TREN_OPTIMIZERS(LIST)
#undef LIST
};

const tren_optimizer *tren_optimizer_find(const tren_config *config) {
    const tren_optimizer *const *o = tren_optimizers[config->optimizer.name];
    while ((*o)->serves && !(*o)->serves(&config->optimizer)) o++;
    return *o;
}

const tren_optimizer *tren_optimizer_named(const char *name) {
    for (int i = 0; i < TREN_N_OPTIMIZERS; i++)
        for (const tren_optimizer *const *o = tren_optimizers[i]; *o; o++)
            if (strcmp((*o)->name, name) == 0) return *o;
    return NULL;
}

double tren_clip_scale(double clip, double norm) {
    if (clip == 0) return 1;
    double scale = clip / (norm + 1e-6);
    return scale < 1 ? scale : 1;
}
