/* The layers of the language, in the order in which docs show them. */
#include "models/layers.h"

extern const tren_layer_kind tren_kind_dense, tren_kind_conv;
extern const tren_layer_kind tren_kind_batch_norm, tren_kind_layer_norm, tren_kind_group_norm;
extern const tren_layer_kind tren_kind_dropout, tren_kind_flatten;
extern const tren_layer_kind tren_kind_max_pool, tren_kind_average_pool, tren_kind_global_max_pool,
    tren_kind_global_average_pool;
extern const tren_layer_kind tren_kind_residual, tren_kind_concat, tren_kind_layers;
extern const tren_layer_kind tren_kind_relu, tren_kind_leaky_relu, tren_kind_elu, tren_kind_silu,
    tren_kind_gelu, tren_kind_tanh, tren_kind_sigmoid, tren_kind_softplus, tren_kind_identity;

const tren_layer_kind *const tren_layer_kinds[] = {
    &tren_kind_dense,        &tren_kind_conv,
    &tren_kind_batch_norm,   &tren_kind_layer_norm,
    &tren_kind_group_norm,   &tren_kind_relu,
    &tren_kind_leaky_relu,   &tren_kind_elu,
    &tren_kind_silu,         &tren_kind_gelu,
    &tren_kind_tanh,         &tren_kind_sigmoid,
    &tren_kind_softplus,     &tren_kind_identity,
    &tren_kind_dropout,      &tren_kind_max_pool,
    &tren_kind_average_pool, &tren_kind_global_max_pool,
    &tren_kind_flatten,      &tren_kind_global_average_pool,
    &tren_kind_residual,     &tren_kind_concat,
    &tren_kind_layers,       NULL};
