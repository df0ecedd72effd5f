#include "kernels/conv_sweep.h"
#include "kernels/winograd.h"

const char *tren_conv_way(const tren_conv_shape *s, int which) {
    bool winograd = which == 2 ? tren_winograd_weight_pays(s) : tren_winograd_pays(s);
    if (winograd) return "Winograd";
    return which == 2 && tren_conv_unfold_pays(s) ? "unfolded" : "direct";
}
