/* The layers of the language, in the order in which docs show them: each is `tren_kind_NAME` in
 * some file of this folder, and a line here. */
#include "models/layers.h"

/* clang-format off */
#define KINDS(X)                                                                                   \
    X(dense) X(conv)                                                                               \
    X(batch_norm) X(layer_norm) X(group_norm)                                                      \
    X(relu) X(leaky_relu) X(elu) X(silu) X(gelu) X(tanh) X(sigmoid) X(softplus) X(identity)        \
    X(dropout)                                                                                     \
    X(max_pool) X(average_pool) X(global_max_pool) X(global_average_pool) X(flatten)               \
    X(embedding) X(positions) X(attention) X(feed_forward) X(transformer) X(token_mean)            \
    X(residual) X(concat) X(layers)
/* clang-format on */

#define DECLARE(name) extern const tren_layer_kind tren_kind_##name;
KINDS(DECLARE)

#define ADDRESS(name) &tren_kind_##name,
const tren_layer_kind *const tren_layer_kinds[] = {KINDS(ADDRESS) NULL};
