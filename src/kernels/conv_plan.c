/* Which way a convolution goes: decided here, once, by its shape alone. Never by the level or by a
 * measurement, which would change bits from CPU to CPU or from run to run. */
#include "kernels/conv_ways.h"

enum { TILE = 4, POINTS = 36 }; /* of Winograd's F(4x4, 3x3) */

static bool winograd_pays(const tren_conv_shape *s) {
    if (s->kernel != 3 || s->stride != 1 || s->pad != 1 || s->h < TILE || s->w < TILE) return false;
    double tiles = (double)((s->h + TILE - 1) / TILE) * ((s->w + TILE - 1) / TILE);
    double direct = 9.0 * s->h * s->w * s->ci * s->co;
    /* What the transforms of a channel's tile cost, in multiplications: measured. */
    double winograd = tiles * POINTS * ((double)s->ci * s->co + 14.0 * (s->ci + s->co));
    return winograd < direct;
}

/* Both measured. */
static tren_conv_way weight_way(const tren_conv_shape *s) {
    if (winograd_pays(s) && s->ci >= 16 && s->co >= 16) return TREN_CONV_WINOGRAD;
    if (s->stride > 1 && s->co >= 16 && s->ci >= (s->kernel > 1 ? 32 : 8))
        return TREN_CONV_UNFOLDED;
    return TREN_CONV_DIRECT;
}

static size_t most(size_t a, size_t b) {
    return a > b ? a : b;
}

void LEVEL(conv_plan)(tren_conv_plan *plan, const tren_conv_shape *s, bool portable) {
    bool winograd = winograd_pays(s);
    *plan = (tren_conv_plan){.shape = *s, .portable = portable};
    if (winograd) plan->way[0] = plan->way[1] = TREN_CONV_WINOGRAD;
    plan->way[2] = weight_way(s);
    for (int which = 0; which < 2; which++) {
        int in = which == 0 ? s->ci : s->co, out = which == 0 ? s->co : s->ci;
        plan->packed[which] = winograd ? winograd_packed(in, out) : direct_packed(s, which);
    }
    static size_t (*const weight_scratch[])(const tren_conv_shape *) = {
        direct_weight_scratch, winograd_weight_scratch, unfold_scratch};
    plan->scratch =
        most(winograd ? winograd_scratch(s) : direct_scratch(s), weight_scratch[plan->way[2]](s));
    plan->scratch = (plan->scratch + TREN_LANES - 1) / TREN_LANES * TREN_LANES;
    if (portable) plan->scratch += tren_product_scratch(NULL); /* behind the rest */
}

void LEVEL(conv_pack)(real *restrict packed, const real *restrict w, const tren_conv_plan *plan,
                      int which) {
    if (plan->way[which] == TREN_CONV_WINOGRAD)
        winograd_pack(packed, w, &plan->shape, which);
    else
        direct_pack(packed, w, &plan->shape, which);
}

void LEVEL(conv_forward)(const tren_conv_call *call, const real *b) {
    if (call->plan->way[0] == TREN_CONV_WINOGRAD)
        winograd_run(call, 0, b, false);
    else
        direct_forward(call, b);
}

void LEVEL(conv_input)(const tren_conv_call *call, bool add) {
    if (call->plan->way[1] == TREN_CONV_WINOGRAD)
        winograd_run(call, 1, NULL, add);
    else
        direct_input(call, add);
}

void LEVEL(conv_weight)(real *restrict dw, const tren_conv_gradient *call) {
    static void (*const run[])(real *restrict, const tren_conv_gradient *) = {
        direct_weight, winograd_weight, unfold_weight};
    run[call->plan->way[2]](dw, call);
}
