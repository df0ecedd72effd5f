/* Vectors of images: one image a lane. Files that include this are compiled with contraction. */
#ifndef TREN_KERNELS_LANES_H
#define TREN_KERNELS_LANES_H

#include "kernels/clones.h"
#include "tren/kernels.h"

typedef real lanes __attribute__((vector_size(TREN_LANES * sizeof(real)), may_alias));
#ifdef TREN_DOUBLE
typedef int64_t lane_mask __attribute__((vector_size(TREN_LANES * sizeof(real)), may_alias));
#else
typedef int32_t lane_mask __attribute__((vector_size(TREN_LANES * sizeof(real)), may_alias));
#endif

/* Blocks are aligned. Macros, as vectors cannot be passed before the instruction set is known. */
#define LANES_LOAD(x)     (*(const lanes *)(x))
#define LANES_STORE(x, v) (*(lanes *)(x) = (v))

/* v where the comparison `mask` holds, else 0; a or b. */
#define LANES_WHERE(mask, v)        ((lanes)((lane_mask)(mask) & (lane_mask)(v)))
#define LANES_SELECT(mask, a, b)                                                                   \
    ((lanes)(((lane_mask)(mask) & (lane_mask)(a)) | (~(lane_mask)(mask) & (lane_mask)(b))))

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* The sum of the lanes, folded in halves. */
#define LANES_SUM(out, v)                                                                          \
    do {                                                                                           \
        lanes lanes_sum_v = (v);                                                                   \
        real lanes_sum_at[TREN_LANES];                                                             \
        __builtin_memcpy(lanes_sum_at, &lanes_sum_v, sizeof lanes_sum_at);                         \
        for (int width = TREN_LANES / 2; width > 0; width /= 2)                                    \
            for (int lane = 0; lane < width; lane++)                                               \
                lanes_sum_at[lane] += lanes_sum_at[lane + width];                                  \
        (out) = lanes_sum_at[0];                                                                   \
    } while (0)

#endif
