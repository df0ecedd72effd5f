/* The kernels of one level. */
#include "kernels/level.h"
#include "kernels/product.h"
#include "kernels/table.h"

#define TEXT_OF(name)  #name
#define TEXT_OF2(name) TEXT_OF(name)

const tren_kernels LEVEL(kernels) = {
    .level = TEXT_OF2(TREN_LEVEL),
    .vector_bytes = VB,
    .narrow_forward = LEVEL(narrow_forward),
    .narrow_input = LEVEL(narrow_input),
    .narrow_weight = LEVEL(narrow_weight),
    .product_scratch = tren_product_scratch,
    .product_run = tren_product_run,
    .lanes_pack = LEVEL(lanes_pack),
    .lanes_unpack = LEVEL(lanes_unpack),
    .lanes_bias = LEVEL(lanes_bias),
    .conv_plan = LEVEL(conv_plan),
    .conv_pack = LEVEL(conv_pack),
    .conv_forward = LEVEL(conv_forward),
    .conv_input = LEVEL(conv_input),
    .conv_weight = LEVEL(conv_weight),
    .norm_statistics = LEVEL(norm_statistics),
    .norm_forward = LEVEL(norm_forward),
    .norm_sums = LEVEL(norm_sums),
    .norm_input = LEVEL(norm_input),
    .pool_max = LEVEL(pool_max),
    .pool_average = LEVEL(pool_average),
    .pool_max_input = LEVEL(pool_max_input),
    .pool_average_input = LEVEL(pool_average_input),
    .fma_chains = LEVEL(fma_chains),
    .triad = LEVEL(triad),
};
